// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_command.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "enrich/mask_line.h"
#include "enrich/mask_values.h"

namespace whodid::mask_engine {
namespace {

using rules::any_of;

// "impacket-psexec", "psexec.py", "python3.11" and "gpg2" are known by shorter names.
const rules::Tool* find_program(string_view typed, std::string& name) {
    name = rules::canonical_name(base_name(typed));
    if (const rules::Tool* tool = rules::find_tool(name)) return tool;
    for (string_view prefix : {"impacket-", "pth-"})
        if (string_view(name).starts_with(prefix)) name.erase(0, prefix.size());
    for (string_view ending : {".py", ".exe", ".pl", ".sh", ".bin", ".cmd"})
        if (string_view(name).ends_with(ending)) name.erase(name.size() - ending.size());
    if (const rules::Tool* tool = rules::find_tool(name)) return tool;
    name.erase(name.find_last_not_of("0123456789.-") + 1);
    return rules::find_tool(name);
}

// NAME=value in front of a command.
bool is_environment(string_view text) {
    size_t equals = text.find('=');
    return equals != kNpos && equals > 0 && !is_digit(text[0]) &&
           std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(equals), is_variable_byte);
}

// One command, without the command it may run in turn.
class CommandMasker {
public:
    CommandMasker(Words words, int depth, bool flat) : words_(words), depth_(depth), flat_(flat) {}

    // Marks the secrets; returns the words of the command this one runs, if any.
    Words run() {
        skip_schedule();
        while (!words_.empty() && is_environment(words_[0]->text)) words_ = words_.subspan(1);
        if (words_.empty()) return {};
        size_t first = is_option(words_[0]->text) ? 0 : 1;
        if (first) identify();
        for (size_t i = first; i < words_.size() && inner_ == kNpos;) i += std::max<size_t>(step(i), 1);
        for (const rules::Tool* tool : chain_)
            for (const rules::OperandRule* rule : tool->operands) apply(*rule);
        return inner_ == kNpos ? Words() : words_.subspan(inner_);
    }

private:
    string_view text(size_t i) const { return words_[i]->text; }
    bool has_next(size_t i) const { return i + 1 < words_.size(); }

    // "0 3 * * * command" of a crontab
    void skip_schedule() {
        auto is_time = [](const Word* word) {
            return word->text.find_first_not_of("0123456789*/,-") == kNpos;
        };
        if (words_.size() > 5 && std::all_of(words_.begin(), words_.begin() + 5, is_time))
            words_ = words_.subspan(5);
    }

    void identify() {
        if (has_blank(text(0))) mask_shell_line(*words_[0], 0, depth_, flat_);
        if (const rules::Tool* tool = find_program(text(0), name_))
            chain_.push_back(tool);
        else
            name_ = base_name(text(0));
        if (command_after() != rules::kSearches) return;
        for (Word* word : words_.subspan(1)) {
            word->is_pattern = true;
            bool substitutes = word->text.size() > 2 && word->text[0] == 's' && !is_alnum(word->text[1]);
            if (name_.ends_with("sed") && substitutes) word->stop = word->text[1];
        }
    }

    // The most specific row that says how the words are read.
    const rules::Program* program() const {
        for (auto tool = chain_.rbegin(); tool != chain_.rend(); ++tool)
            if ((*tool)->program) return (*tool)->program;
        return nullptr;
    }
    int command_after() const { return program() ? program()->command_after : rules::kNoCommand; }

    size_t step(size_t i) {
        if (text(i) == "--" && !only_operands_) {
            only_operands_ = true;
            return 1;
        }
        if (size_t used = prefixed(i)) return used;
        if (!is_option(text(i))) return operand(i);
        if (!only_operands_) return option(i);
        size_t used = named_option(i);  // start-stop-daemon ... -- --secret-key SECRET
        return used ? used : operand(i);
    }

    size_t operand(size_t i) {
        if (descend(i)) return 1;
        if (command_after() == static_cast<int>(operands_.size())) {
            inner_ = i;
            return 1;
        }
        if (entrypoint_ && operands_.empty()) return run_entrypoint(i);
        if (command_after() < 0 && has_blank(text(i)) && runs_operands())
            mask_shell_line(*words_[i], 0, depth_, flat_);
        operands_.push_back(i);
        return 1;
    }

    // docker run --entrypoint PROGRAM image arguments
    size_t run_entrypoint(size_t image) {
        std::vector<Word*> command(words_.begin() + static_cast<ptrdiff_t>(image), words_.end());
        command[0] = entrypoint_;
        mask_command(command, depth_ + 1, flat_);
        return words_.size();
    }

    bool runs_operands() const { return name_ == "tmux" || name_ == "screen" || name_ == "deluge-console"; }

    // "docker" then "login": from here on the rules of both apply.
    bool descend(size_t i) {
        if (chain_.empty() || !operands_.empty() || only_operands_) return false;
        std::string longer = name_ + " ";
        longer.append(text(i).substr(0, kMaxName));
        const rules::Tool* tool = rules::find_tool(longer);
        if (!tool) return false;
        chain_.push_back(tool);
        name_ = std::move(longer);
        return true;
    }

    // ---- options

    const rules::OptionRule* find_rule(string_view option) const {
        for (auto tool = chain_.rbegin(); tool != chain_.rend(); ++tool)
            for (const rules::OptionRule* rule : (*tool)->options)
                if (rules::lists(rule->options, ' ', option)) return rule;
        return nullptr;
    }

    // "/p:secret", "userid=scott/tiger", "-hpSECRET" of rar
    size_t prefixed(size_t i) {
        for (const rules::Tool* tool : chain_)
            for (const rules::OptionRule* rule : tool->options)
                if (size_t length = prefix_length(*rule, text(i))) return apply(*rule, i, length);
        return 0;
    }
    static size_t prefix_length(const rules::OptionRule& rule, string_view text) {
        size_t length = 0;
        any_of(rule.options, ' ', [&](string_view name) {
            bool attached = rule.take == rules::kAttached && name.size() > 2 && name[1] != '-';
            bool prefix = attached || has(":=>", name.back());
            if (prefix && text.starts_with(name)) length = name.size();
            return length > 0;
        });
        return length;
    }

    size_t option(size_t i) {
        size_t equals = std::min(text(i).find('='), text(i).size());
        if (equals > 2 || equals == text(i).size())
            if (const rules::OptionRule* rule = find_rule(text(i).substr(0, equals)))
                return apply(*rule, i, equals + 1);
        if (text(i)[1] != '-')
            if (size_t used = bundle(i)) return used;
        if (text(i) == "--entrypoint" && has_next(i)) entrypoint_ = words_[i + 1];
        if (size_t used = named_option(i)) return used;
        if (size_t used = option_beside_user(i)) return used;
        return takes_value(text(i)) && has_next(i) ? 2 : 1;
    }

    // -xzPsecret: which letter is the one with the value?
    size_t bundle(size_t i) {
        char letter[] = {'-', ' '};
        for (size_t at = 1; at < text(i).size(); ++at) {
            letter[1] = text(i)[at];
            if (!is_alnum(letter[1])) return 0;
            string_view option(letter, 2);
            const rules::OptionRule* rule = find_rule(option);
            if (!program() && rule && rule->take == rules::kNext && text(i).size() > 2)
                return 0;  // openssl -key
            if (rule) return apply(*rule, i, at + 1);
            if (!program()) return 0;
            if (!takes_value(option)) continue;
            if (at + 1 == text(i).size()) return at > 1 ? 2 : 0;
            // "-token x" of a program that also has "-t": a long name that means a secret wins.
            return rules::names_secret(without_dashes(text(i).substr(0, kMaxName))) ? 0 : 1;
        }
        return 0;
    }

    bool takes_value(string_view option) const {
        if (!program() || option.find('=') != kNpos) return false;
        string_view list = program()->valued;
        bool inverted = list.starts_with('!');
        if (inverted) list.remove_prefix(1);
        if (inverted && option.size() > 2 && option[1] != '-') return false;  // -it
        return rules::lists(list, ' ', option) != inverted;
    }

    // `at`: where the attached value begins, beyond the end if there is none.
    size_t apply(const rules::OptionRule& rule, size_t i, size_t at) {
        if (rule.secret == Secret::kNone) return keep_value(rule, i, at);
        if (at < text(i).size() && (rule.take & rules::kAttached)) {
            bool short_equals = text(i)[at] == '=' && at == 2;
            mask_value(rule.secret, i, at + short_equals);
            return 1;
        }
        if (!(rule.take & rules::kNext) || !has_next(i)) return 1;
        if (rule.take == rules::kMaybe && is_option(text(i + 1))) return 1;
        return 1 + mask_value(rule.secret, i + 1, 0);
    }

    size_t keep_value(const rules::OptionRule& rule, size_t i, size_t at) {
        bool attached = at < text(i).size();
        bool next = !attached && (rule.take & rules::kNext) && has_next(i);
        if (attached || next) words_[i + next]->is_done = true;
        return 1 + next;
    }

    // Returns how many words the value is.
    size_t mask_value(Secret secret, size_t i, size_t at) {
        switch (secret) {
            case Secret::kLine:
                return mask_line_value(i, at);
            case Secret::kCommand:
                return mask_command_value(i);
            case Secret::kNamedNext:
                return mask_named_value(i);
            case Secret::kTwo:
                return mask_two_values(i);
            default:
                mark_secret(*words_[i], at, secret);
                return 1;
        }
    }

    size_t mask_line_value(size_t i, size_t at) {
        if (has_blank(text(i).substr(at)))
            mask_shell_line(*words_[i], at, depth_, flat_);
        else if (flat_ && at == 0)
            inner_ = i;  // the quotes are lost: what follows is the line
        return 1;
    }

    // find -exec command ... ;
    size_t mask_command_value(size_t i) {
        size_t end = i;
        while (end < words_.size() && text(end) != ";" && text(end) != "+") ++end;
        mask_command(words_.subspan(i, end - i), depth_ + 1, flat_);
        return std::max<size_t>(end - i, 1);
    }

    size_t mask_two_values(size_t i) {
        size_t end = std::min(i + 2, words_.size());
        for (size_t k = i; k < end; ++k) mark_certain(*words_[k], 0, kNpos);
        return end - i;
    }

    size_t mask_named_value(size_t i) {
        if (!has_next(i)) return 1;
        if (rules::names_secret(text(i))) mark_certain(*words_[i + 1], 0, kNpos);
        return 2;
    }

    // --db-password SECRET of a program without a row.
    size_t named_option(size_t i) {
        if (command_after() == rules::kSearches) return 0;
        string_view name = text(i).substr(0, text(i).find('='));
        bool attached = name.size() < text(i).size();
        name = without_dashes(name);
        bool usable = name.size() > 2 || name == "v";
        if (!usable || attached || !has_next(i) || is_option(text(i + 1))) return 0;
        if (rules::names_login(name)) {
            if (is_login(text(i + 1))) mark_secret(*words_[i + 1], 0, Secret::kUserColon);
            return 2;
        }
        if (!rules::names_secret(name) && !follows_secret_name(name, i)) return 0;
        if (name.ends_with("pass") && text(i + 1).size() == 1) return 0;  // --pass 2 of a video encoder
        mark_likely(*words_[i + 1], 0, kNpos);
        return 2;
    }

    // --name db_password --value SECRET
    bool follows_secret_name(string_view name, size_t i) const {
        if (i < 3 || !is_option(text(i - 2)) || !rules::names_secret(text(i - 1))) return false;
        for (char c : text(i - 1))
            if (!is_name_byte(c) && c != '/') return false;
        return name == "v" || name == "value" || name == "data" || name == "body";
    }

    // "-u bob -p SECRET" of a program that no table knows "-p" of.
    size_t option_beside_user(size_t i) {
        if ((text(i) != "-p" && text(i) != "-P") || !has_next(i) || is_option(text(i + 1))) return 0;
        if (takes_value(text(i)) || rules::keeps_p_plain(name_) ||
            text(i + 1).find_first_not_of("0123456789:,-") == kNpos)
            return 0;
        size_t from = i >= 8 ? i - 8 : 1;
        for (size_t k = from; k + 1 < std::min(words_.size(), i + 8); ++k) {
            if (text(k) != "-u" && text(k) != "-U" && text(k) != "--user" && text(k) != "--username")
                continue;
            if (!is_option(text(k + 1)) && is_user(text(k + 1)))
                return mark_likely(*words_[i + 1], 0, kNpos), 2;
        }
        return 0;
    }

    // ---- operands

    void apply(const rules::OperandRule& rule) {
        if (!rule.needs.empty() && !needs_met(rule.needs)) return;
        std::array<string_view, 12> tokens;
        size_t count = 0;
        any_of(rule.pattern, ' ',
               [&](string_view token) { return tokens[count++] = token, count == tokens.size(); });
        std::span<const string_view> pattern(tokens.data(), count);
        if (pattern[0] != "...") return void(match(pattern, 0, rule.secret));
        for (size_t start = 0; start < operands_.size(); ++start)
            match(pattern.subspan(1), start, rule.secret);
    }

    bool needs_met(string_view needs) const {
        bool letter = needs.size() == 2 && needs[0] == '-';  // may be one of a bundle
        if (letter) needs.remove_prefix(1);
        for (const Word* word : words_.subspan(1)) {
            bool usable = !letter || (is_option(word->text) && word->text[1] != '-');
            if (usable && word->text.find(needs) != kNpos) return true;
        }
        return false;
    }

    void match(std::span<const string_view> pattern, size_t start, Secret secret) {
        std::optional<size_t> found;
        size_t at = start;
        for (string_view token : pattern) {
            if (token == "...") break;
            if (token == "$") {
                if (at != operands_.size()) return;
                break;
            }
            if (at >= operands_.size() || !token_matches(token, text(operands_[at]))) return;
            if (token == "*...") return mask_from(at, secret);
            if (token == "*") found = at;
            ++at;
        }
        if (!found) return;
        if (std::find(pattern.begin(), pattern.end(), "?") != pattern.end())
            mark_likely(*words_[operands_[*found]], 0, kNpos);
        else
            mask_value(secret, operands_[*found], 0);
    }

    static bool token_matches(string_view token, string_view text) {
        if (token == "_" || token == "*" || token == "*...") return true;
        if (token == "?")
            return rules::names_secret(text) && (text.starts_with("//") || !text.starts_with('/'));
        if (token.starts_with('!')) return !token_matches(token.substr(1), text);
        return any_of(token, '|', [&](string_view name) { return equal_ignoring_case(name, text); });
    }

    void mask_from(size_t at, Secret secret) {
        for (; at < operands_.size(); ++at) mask_value(secret, operands_[at], 0);
    }

    Words words_;
    int depth_;
    bool flat_;
    std::string name_;
    std::vector<const rules::Tool*> chain_;
    std::vector<size_t> operands_;
    size_t inner_ = kNpos;
    bool only_operands_ = false;
    Word* entrypoint_ = nullptr;
};

}  // namespace

string_view base_name(string_view path) {
    string_view name = path.substr(path.rfind('/') + 1);
    if (name.starts_with('-') && name.size() > 1) name.remove_prefix(1);  // a login shell
    return name;
}

bool is_option(string_view text) { return text.size() > 1 && text[0] == '-'; }

void mask_command(Words words, int depth, bool flat) {
    if (depth > kMaxDepth) return;
    while (!words.empty()) words = CommandMasker(words, depth, flat).run();
}

}  // namespace whodid::mask_engine
