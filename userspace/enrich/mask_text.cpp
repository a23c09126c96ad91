// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_text.h"

#include <vector>

#include "enrich/mask_assignments.h"
#include "enrich/mask_headers.h"
#include "enrich/mask_shapes.h"
#include "enrich/mask_values.h"

namespace whodid::mask_engine {
namespace {

// The name a quoted string belongs to: password="x", "password": "x", PASSWORD 'x', IDENTIFIED BY 'x'.
string_view name_of_string(string_view text, size_t quote) {
    size_t end = quote > 0 && text[quote - 1] == '\\' ? quote - 1 : quote;
    if (end > 1 && has("bBuUrRfFNnE", text[end - 1]) && has("(=, ", text[end - 2]))
        --end;  // b"x" of Python, N'x' of SQL
    end = skip_blanks_back(text, end);
    char sign = end > 0 && has(":=(", text[end - 1]) ? text[--end] : ' ';
    end = skip_blanks_back(text, end);
    if (sign != ' ' && end > 0 && text[end - 1] == ']') --end;
    if (sign != ' ' && end > 0 && is_quote(text[end - 1])) end -= end > 1 && text[end - 2] == '\\' ? 2 : 1;
    string_view name = name_before(text, end);
    bool plain_call = sign == '(';
    bool only_word = sign == ' ' && (!rules::precedes_string(name) || end == quote);
    return plain_call || only_word ? string_view() : name;
}

bool string_is_secret(string_view text, string_view name) {
    if (equal_ignoring_case(name, "by") || equal_ignoring_case(name, "key")) {
        string_view back = bytes_before(text, offset_in(text, name), 80);
        for (string_view word : {"identified", "IDENTIFIED", "Identified", "pragma", "PRAGMA"})
            if (back.find(word) != kNpos) return true;
        return false;
    }
    if (name == "value") return is_value_of_secret(text, name);
    if (name == "auth" || equal_ignoring_case(name, "ConvertTo-SecureString")) return true;
    return rules::is_secret_header(name) || rules::names_secret(without_dashes(name));
}

size_t end_of_string(string_view text, size_t quote) {
    bool escaped = quote > 0 && text[quote - 1] == '\\';
    for (size_t at = quote + 1; (at = text.find(text[quote], at)) != kNpos; ++at)
        if ((text[at - 1] == '\\') == escaped) return escaped ? at - 1 : at;
    return text.size();
}

// The `number`th quoted string after `at`, within the call's parentheses.
void mark_argument(Word& word, size_t at, int number) {
    string_view text = word.text;
    string_view near = text.substr(0, at + kMaxLookahead);
    size_t close = find_stop(near, ')', at);
    for (; number > 0; --number) {
        size_t quote = near.find_first_of("\"'", at);
        if (quote >= close) return;
        size_t end = end_of_string(text, quote);
        if (number == 1) mark_certain(word, quote + 1, end);
        at = end + 1 + (end < text.size() && text[end] == '\\');
    }
}

// bcrypt("x"), create_superuser("name", "mail", "x")
void mark_calls(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('(', at)) != kNpos; ++at) {
        string_view name = name_before(text, at);
        if (int number = rules::secret_argument(name.substr(name.rfind('.') + 1)))
            mark_argument(word, at + 1, number);
    }
}

void mark_strings(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find_first_of("\"'", at)) != kNpos; ++at) {
        // In getpass("Password: ") the quote after the colon ends a string.
        if (at + 1 == text.size() || has(" ),;]}:", text[at + 1])) continue;
        string_view name = name_of_string(text, at);
        if (name.empty() || !string_is_secret(text, name)) continue;
        size_t end = end_of_string(text, at);
        if (rules::is_secret_header(name))
            mark_credential(word, at + 1, end);
        else
            mark_likely(word, at + 1, end);
        at = end;
    }
}

// The items of a list in parentheses that opens before `at`, at most 16 of them.
std::vector<string_view> list_items(string_view text, size_t at) {
    std::vector<string_view> items;
    size_t begin = at, limit = std::min(text.size(), at + kMaxLookahead);
    for (char quote = 0; at < limit && items.size() < 16; ++at) {
        if (quote ? text[at] == quote : is_quote(text[at])) quote = quote ? 0 : text[at];
        if (quote || (text[at] != ',' && text[at] != ')')) continue;
        items.push_back(text.substr(begin, at - begin));
        begin = at + 1;
        if (text[at] == ')') break;
    }
    return items;
}

// INSERT INTO users (name, password) VALUES ('bob', 'SECRET'): the column says it.
void mark_inserts(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(") ", at)) != kNpos; ++at) {
        if (!equal_ignoring_case(text.substr(at + 2, 6), "values")) continue;
        size_t open = bytes_before(text, at, kMaxLookahead).rfind('(');
        size_t values = text.substr(0, at + 16).find('(', at);
        if (open == kNpos || values == kNpos) continue;
        open += at - std::min(at, kMaxLookahead);
        std::vector<string_view> columns = list_items(text, open + 1), items = list_items(text, values + 1);
        for (size_t i = 0; i < std::min(columns.size(), items.size()); ++i) {
            size_t quote = items[i].find_first_of("\"'");
            if (quote == kNpos || !rules::names_secret(columns[i])) continue;
            quote += offset_in(text, items[i]);
            mark_certain(word, quote + 1, end_of_string(text, quote));
        }
    }
}

// sed s/password_here/SECRET/ and s/^password: .*/password: SECRET/
void mark_substitution(Word& word) {
    string_view text = word.text;
    if (!word.stop) return;
    size_t middle = text.find(word.stop, 2), end = find_stop(text, word.stop, middle + 1);
    if (middle == kNpos) return;
    string_view pattern = text.substr(2, middle - 2), fresh = text.substr(middle + 1, end - middle - 1);
    size_t colon = fresh.find(": ");
    if (colon != kNpos && rules::names_secret(name_before(fresh, colon)))
        return mark_likely(word, middle + colon + 3, end);
    bool placeholder = pattern.ends_with("_here");
    for (string_view sign : {"__", "{{", "${", "@@"}) placeholder |= pattern.find(sign) != kNpos;
    while (!pattern.empty() && !is_alnum(pattern.back())) pattern.remove_suffix(1);
    if (placeholder && rules::names_secret(name_before(pattern, pattern.size())))
        mark_likely(word, middle + 1, end);
}

// {password: x, "pin": 1}: values without quotes.
void mark_bare_fields(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find(':', at)) != kNpos;) {
        size_t end = at++;
        if (end > 0 && is_quote(text[end - 1])) --end;
        string_view name = name_before(text, end);
        size_t before = skip_blanks_back(text, offset_in(text, name));
        bool field =
            before > 0 && (has("{,", text[before - 1]) || (end + 1 != at && is_quote(text[before - 1])));
        if (name.empty() || !field || !rules::names_secret(name)) continue;
        at = skip(text, " ", at);
        if (at == text.size() || is_quote(text[at]) || text[at] == '\\' || text[at] == '{') continue;
        size_t stop = find_stop(text, ",}] \t\n", at);
        mark_likely(word, at, stop);
        at = stop;
    }
}

// <password>x</password>
void mark_elements(Word& word) {
    string_view text = word.text;
    for (size_t at = 0; (at = text.find('>', at)) != kNpos;) {
        string_view name = name_before(text, at++);
        size_t name_at = offset_in(text, name);
        if (name.empty() || name_at == 0 || !has("<:", text[name_at - 1]) || !rules::names_secret(name))
            continue;
        size_t end = find_stop(text, '<', at);
        mark_likely(word, at, end);
        at = end;
    }
}

}  // namespace

void mark_text(Word& word, int depth) {
    mark_urls(word);
    mark_secret_paths(word);
    mark_data_sources(word);
    mark_assignments(word, depth);
    mark_settings(word);
    mark_strings(word);
    mark_calls(word);
    mark_inserts(word);
    mark_substitution(word);
    mark_bare_fields(word);
    mark_anchored_headers(word);
    mark_inner_headers(word);
    mark_schemes(word);
    mark_web_tokens(word);
    mark_tokens(word);
    mark_key_after_id(word);
    mark_private_keys(word);
    mark_elements(word);
}

void mark_texts(Words words, int depth) {
    for (size_t i = 0; i < words.size(); ++i) {
        if (i > 0) mark_key_after_id(*words[i - 1], *words[i]);
        if (!words[i]->is_done) mark_text(*words[i], depth);
    }
}

}  // namespace whodid::mask_engine
