// SPDX-License-Identifier: Apache-2.0
// auditctl's command line, as rules files have it.
#include "filter/audit_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/escape.h"
#include "filter/watch_file.h"

namespace whodid {

namespace {

bool parts_words(char c) { return c == ' ' || c == '\t' || c == '\r'; }

Error refused(std::string message) { return Error{std::move(message), EINVAL}; }

/// As auditctl parts a line: at blanks, but for one behind a \, which is a \ itself behind a \. Quotes mean
/// nothing. A comment is a line of its own.
Result<std::vector<std::string>> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\0') return refused("a NUL in the line");
        if (parts_words(line[i])) {
            in_word = false;
            continue;
        }
        if (words.empty() && line[i] == '#') break;
        if (!std::exchange(in_word, true)) words.emplace_back();
        const std::string_view pair = line.substr(i, 2);
        words.back() += line[pair == "\\ " || pair == "\\\\" ? ++i : i];
    }
    return words;
}

/// "exit,always" as well as "always,exit".
Result<void> take_list(std::string_view text, AuditRule& rule) {
    constexpr std::string_view kActions[] = {"always", "never", "possible"};
    constexpr std::string_view kLists[] = {"exit", "task", "user", "exclude", "filesystem", "io_uring"};
    const auto is_one = [](const auto& of, std::string_view word) {
        return std::ranges::find(of, word) != std::end(of);
    };
    const std::size_t comma = text.find(',');
    std::string_view action = text.substr(0, comma);
    std::string_view list = comma == text.npos ? std::string_view() : text.substr(comma + 1);
    if (is_one(kLists, action)) std::swap(action, list);
    if (!is_one(kActions, action) || !is_one(kLists, list))
        return refused(quote_for_terminal(text) + " is no action and list: always,exit");
    rule.action = action;
    rule.list = list;
    return {};
}

Result<AuditField> read_field(std::string_view text) {
    constexpr std::string_view kOperators = "=!<>&";
    const std::size_t name = std::min(text.find_first_of(kOperators), text.size());
    const std::size_t value = std::min(text.find_first_not_of(kOperators, name), text.size());
    AuditField field{std::string(text.substr(0, name)), std::string(text.substr(name, value - name)),
                     std::string(text.substr(value))};
    constexpr std::string_view kKnown[] = {"=", "!=", "<", "<=", ">", ">=", "&", "&="};
    if (field.name.empty() || field.value.empty() || std::ranges::find(kKnown, field.op) == std::end(kKnown))
        return refused(quote_for_terminal(text) + " is no field, operator and value: auid>=1000");
    return field;
}

Result<void> take_perms(std::string_view text, AuditRule& rule) {
    const auto perms = parse_accesses(text);
    if (!perms) return refused(quote_for_terminal(text) + " is not made of r, w, x and a");
    rule.perms = *perms;
    return {};
}

Result<void> take_path(std::string_view text, std::string& to) {
    if (!text.starts_with('/')) return refused(quote_for_terminal(text) + " is no absolute path");
    if (!to.empty()) return refused("a second path in one rule");
    to = text;
    return {};
}

Result<void> take_field(std::string_view text, AuditRule& rule) {
    auto field = read_field(text);
    if (!field) return field.error();
    const bool is_of_path = field->name == "path" || field->name == "dir";
    if (field->op != "=" && (is_of_path || field->name == "perm" || field->name == "key"))
        return refused(fmt::format("{} goes with = alone", field->name));
    if (is_of_path) return take_path(field->value, field->name == "path" ? rule.path : rule.directory);
    if (field->name == "perm") return take_perms(field->value, rule);
    if (field->name == "key")
        rule.keys.push_back(std::move(field->value));
    else
        rule.fields.push_back(std::move(*field));
    return {};
}

Result<void> take_calls(std::string_view text, AuditRule& rule) {
    while (!text.empty()) {
        const std::string_view call = text.substr(0, text.find(','));
        if (!call.empty()) rule.calls.emplace_back(call);
        text.remove_prefix(std::min(call.size() + 1, text.size()));
    }
    return {};
}

struct Option {
    std::string_view name;
    Result<void> (*take)(std::string_view, AuditRule&);
};
// clang-format off
constexpr Option kOptions[] = {
    {"-a", take_list},
    {"-A", take_list},
    {"-w", [](std::string_view text, AuditRule& rule) {
        rule.is_watch = true;
        rule.list = "exit";
        rule.action = "always";
        return take_path(text, rule.path);
    }},
    {"-p", take_perms},
    {"-F", take_field},
    {"-S", take_calls},
    {"-k", [](std::string_view text, AuditRule& rule) {
        rule.keys.emplace_back(text);
        return Result<void>();
    }},
    {"-C", [](std::string_view text, AuditRule& rule) {
        rule.comparisons.emplace_back(text);
        return Result<void>();
    }},
};
// clang-format on

constexpr std::string_view kSettings[] = {"-D",
                                          "-b",
                                          "-c",
                                          "-e",
                                          "-f",
                                          "-h",
                                          "-i",
                                          "-l",
                                          "-m",
                                          "-q",
                                          "-r",
                                          "-s",
                                          "-t",
                                          "-v",
                                          "--backlog_wait_time",
                                          "--loginuid-immutable",
                                          "--reset-lost",
                                          "--reset_backlog_wait_time_actual",
                                          "--signal"};

Result<void> take_option(const std::vector<std::string>& words, std::size_t& at, AuditRule& rule) {
    const std::string& name = words[at];
    const auto option = std::ranges::find(kOptions, name, &Option::name);
    if (option == std::end(kOptions))
        return refused("auditctl has no " + quote_for_terminal(name) + " in a rule");
    if (++at == words.size()) return refused(name + " wants a value");
    return option->take(words[at++], rule);
}

}  // namespace

Result<AuditRule> parse_audit_rule(std::string_view line) {
    const auto words = words_of(line);
    if (!words) return words.error();
    AuditRule rule;
    if (words->empty()) return rule;
    const auto has = [&](std::string_view word) { return std::ranges::find(*words, word) != words->end(); };
    const std::string& first = words->front();
    if (has("-W") || has("-d")) {
        rule.sort = AuditRule::Sort::kRemoval;
        rule.setting = has("-W") ? "-W" : "-d";
        return rule;
    }
    if (std::ranges::find(kSettings, first) != std::end(kSettings)) {
        rule.sort = AuditRule::Sort::kSetting;
        rule.setting = first;
        return rule;
    }
    if (first == "-R") return refused("reads rules from another file: import that one, too");
    rule.sort = AuditRule::Sort::kRule;
    for (std::size_t at = 0; at < words->size();)
        if (auto taken = take_option(*words, at, rule); !taken) return taken.error();
    if (rule.action.empty()) return refused("neither -w nor -a: no rule");
    if (!rule.path.empty() && !rule.directory.empty()) return refused("both path and dir");
    return rule;
}

}  // namespace whodid
