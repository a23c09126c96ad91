// SPDX-License-Identifier: Apache-2.0
// auditd's rules as a watch list.
#include "filter/audit_import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>
#include <utility>

#include "base/escape.h"
#include "event/names.h"
#include "filter/audit_rules.h"
#include "filter/lexer.h"
#include "filter/watch_file.h"

namespace whodid {

namespace {

using Texts = std::vector<std::string>;

void add_once(Texts& texts, std::string text) {
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
}

// ---- system calls -----------------------------------------------------------------------------------------

struct Call {
    std::string_view name;
    WatchAccesses accesses;  // to its path
    std::string_view kind;   // that tells it
};

constexpr WatchAccesses kReadWrite = kWatchRead | kWatchWrite, kBoth = kWatchWrite | kWatchAttributes;

constexpr Call kCalls[] = {
    {"open", kReadWrite, "file.open"},
    {"openat", kReadWrite, "file.open"},
    {"openat2", kReadWrite, "file.open"},
    {"open_by_handle_at", kReadWrite, "file.open"},
    {"creat", kWatchWrite, "file.create"},
    {"truncate", kWatchWrite, "file.truncate"},
    {"ftruncate", kWatchWrite, "file.truncate"},
    {"unlink", kWatchWrite, "file.unlink"},
    {"unlinkat", kWatchWrite, "file.unlink"},
    {"rename", kWatchWrite, "file.rename"},
    {"renameat", kWatchWrite, "file.rename"},
    {"renameat2", kWatchWrite, "file.rename"},
    {"link", kBoth, "file.link"},
    {"linkat", kBoth, "file.link"},
    {"symlink", kWatchWrite, "file.symlink"},
    {"symlinkat", kWatchWrite, "file.symlink"},
    {"mkdir", kWatchWrite, "file.mkdir"},
    {"mkdirat", kWatchWrite, "file.mkdir"},
    {"rmdir", kWatchWrite, "file.rmdir"},
    {"chmod", kWatchAttributes, "file.chmod"},
    {"fchmod", kWatchAttributes, "file.chmod"},
    {"fchmodat", kWatchAttributes, "file.chmod"},
    {"fchmodat2", kWatchAttributes, "file.chmod"},
    {"chown", kWatchAttributes, "file.chown"},
    {"lchown", kWatchAttributes, "file.chown"},
    {"fchown", kWatchAttributes, "file.chown"},
    {"fchownat", kWatchAttributes, "file.chown"},
    {"setxattr", kWatchAttributes, "file.setxattr"},
    {"lsetxattr", kWatchAttributes, "file.setxattr"},
    {"fsetxattr", kWatchAttributes, "file.setxattr"},
    {"mount", kWatchWrite, "file.mount"},
    {"move_mount", kWatchWrite, "file.mount"},
    {"umount", kWatchWrite, "file.umount"},
    {"umount2", kWatchWrite, "file.umount"},
    {"execve", kWatchExecute, "process.exec"},
    {"execveat", kWatchExecute, "process.exec"},
    {"fork", 0, "process.fork"},
    {"vfork", 0, "process.fork"},
    {"clone", 0, "process.fork"},
    {"clone3", 0, "process.fork"},
    {"ptrace", 0, "process.ptrace"},
    {"process_vm_readv", 0, "process.ptrace"},
    {"process_vm_writev", 0, "process.ptrace"},
    {"pidfd_getfd", 0, "process.ptrace"},
    {"connect", 0, "network.connect"},
    {"accept", 0, "network.accept"},
    {"accept4", 0, "network.accept"},
    {"bind", 0, "network.bind"},
    {"listen", 0, "network.listen"},
    {"init_module", 0, "kernel.module"},
    {"finit_module", 0, "kernel.module"},
    {"delete_module", 0, "kernel.module"},
    {"bpf", 0, "kernel.bpf"},
    {"setuid", 0, "identity.change"},
    {"setreuid", 0, "identity.change"},
    {"setresuid", 0, "identity.change"},
    {"setgid", 0, "identity.change"},
    {"setregid", 0, "identity.change"},
    {"setresgid", 0, "identity.change"},
    {"capset", 0, "identity.change"},
};

const Call* find_call(std::string_view name) {
    const auto* found = std::ranges::find(kCalls, name, &Call::name);
    return found == std::end(kCalls) ? nullptr : found;
}

/// `-F a1&03` beside open, `-F a2&03` beside openat: opened for writing. The one test of an argument that
/// rules have for paths.
bool asks_for_writing(const AuditRule& rule, const AuditField& field) {
    if (field.op != "&" || (field.value != "03" && field.value != "3" && field.value != "0x3")) return false;
    const auto takes_flags_there = [&](const std::string& call) {
        return call == "open" ? field.name == "a1"
                              : field.name == "a2" && (call == "openat" || call == "open_by_handle_at");
    };
    return !rule.calls.empty() && std::ranges::all_of(rule.calls, takes_flags_there);
}

// ---- restrictions, as expressions -------------------------------------------------------------------------

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && last == end ? std::optional(number) : std::nullopt;
}

/// As an expression has it; empty where it has none.
std::string operator_of(const AuditField& field) {
    if (field.op == "=") return "==";
    return field.op.starts_with('&') ? "" : field.op;
}

bool is_equality(const AuditField& field) { return field.op == "=" || field.op == "!="; }

std::string login_condition(const AuditField& field) {
    const auto number = number_of(field.value);
    if (field.value == "unset" || number == -1 || number == 0xffffffff) {
        if (field.op == "!=") return "exists user.id";
        return field.op == "=" ? "not exists user.id" : "";
    }
    // A login uid is compared as text: of "from 1000 on", who people are, "not root" is left.
    if (field.op.starts_with('>') && number && *number > 0) return "user.id != 0";
    if (!is_equality(field)) return "";
    if (number && *number >= 0) return fmt::format("user.id {} {}", operator_of(field), *number);
    return number ? "" : fmt::format("user {} {}", operator_of(field), quoted(field.value));
}

/// The real uid of an event is told where it is not the effective one.
std::string uid_condition(const AuditField& field) {
    const auto number = number_of(field.value);
    const std::string op = operator_of(field);
    if (!number || *number < 0 || op.empty()) return "";
    if (field.name == "euid") return fmt::format("euid {} {}", op, *number);
    return fmt::format("(uid {0} {1} or not exists uid and euid {0} {1})", op, *number);
}

std::string exit_condition(const AuditField& field) {
    if (field.name == "success") {
        const bool worked = (field.value == "1" || field.value == "yes") == (field.op == "=");
        return worked ? "outcome == success" : "outcome == failure";
    }
    std::string_view name = field.value;
    if (const auto number = number_of(name); number && *number < 0 && *number > -4096)
        name = errno_name(static_cast<int>(-*number));  // "_OTHER" in events as well
    else if (name.starts_with("-E"))
        name.remove_prefix(1);
    else
        return "";
    return fmt::format("error {} {}", operator_of(field), quoted(name));
}

/// "" where no expression says it.
std::string condition_of(const AuditField& field) {
    if (field.name == "auid" || field.name == "loginuid") return login_condition(field);
    if (field.name == "uid" || field.name == "euid") return uid_condition(field);
    if (is_equality(field) && (field.name == "success" || field.name == "exit")) return exit_condition(field);
    if (is_equality(field) && field.name == "exe")
        return fmt::format("exe {} {}", operator_of(field), quoted(field.value));
    constexpr std::pair<std::string_view, std::string_view> kNumbers[] = {
        {"egid", "egid"}, {"pid", "pid"}, {"ppid", "ppid"}};
    constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
        {"sessionid", "session"}, {"inode", "file.inode"}, {"obj_uid", "file.owner.id"}};
    const auto number = number_of(field.value);
    if (!number || *number < 0 || operator_of(field).empty()) return "";
    for (const auto& [name, alias] : kNumbers)
        if (field.name == name) return fmt::format("{} {} {}", alias, operator_of(field), *number);
    for (const auto& [name, alias] : kTexts)
        if (field.name == name && is_equality(field))
            return fmt::format("{} {} {}", alias, operator_of(field), *number);
    return "";
}

/// Whom and what a rule is about beside its path.
struct Restrictions {
    Texts as_given, conditions, unsaid;

    explicit Restrictions(const AuditRule& rule) {
        for (const AuditField& field : rule.fields) {
            if (field.name == "arch" || asks_for_writing(rule, field)) continue;
            const std::string given = "-F " + field.text();
            as_given.push_back(given);
            std::string condition = condition_of(field);
            condition.empty() ? unsaid.push_back(given) : add_once(conditions, std::move(condition));
        }
        for (const std::string& comparison : rule.comparisons) {
            as_given.push_back("-C " + comparison);
            unsaid.push_back("-C " + comparison);
        }
        const auto implies_login = [](const std::string& c) { return c.starts_with("user"); };
        if (std::ranges::any_of(conditions, implies_login)) std::erase(conditions, "exists user.id");
    }

    bool none() const { return as_given.empty(); }
    std::string given_text() const {
        return escape_for_terminal(fmt::format("{}", fmt::join(as_given, " ")));
    }
    std::string unsaid_text() const {
        if (unsaid.empty()) return "";
        return fmt::format("; no filter says {}",
                           escape_for_terminal(fmt::format("{}", fmt::join(unsaid, ", "))));
    }
};

/// "--filter 'a and b'", for a shell.
std::string filter_option(const Texts& conditions) {
    std::string word;
    for (const char c : fmt::format("{}", fmt::join(conditions, " and ")))
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return "--filter '" + word + "'";
}

// ---- rules ------------------------------------------------------------------------------------------------

std::string clean_path(std::string_view path) {
    std::string clean;
    for (PathNames names(path); !names.done();) clean.append(1, '/').append(escape_pattern(names.take()));
    return clean.empty() ? "/" : clean;
}

bool has_dots(std::string_view path) {
    for (PathNames names(path); !names.done();)
        if (const std::string_view name = names.take(); name == "." || name == "..") return true;
    return false;
}

/// Carries one rule over.
class Importer {
public:
    Importer(AuditImport& import, const std::function<bool(const std::string&)>& is_directory)
        : import_(import), is_directory_(is_directory) {}

    void take(std::size_t line, std::string_view text) {
        using Sort = AuditRule::Sort;
        line_ = line;
        const auto rule = parse_audit_rule(text);
        if (!rule) return remark(Fate::kLost, rule.error().message);
        switch (rule->sort) {
            case Sort::kNone:
                return;
            case Sort::kSetting:
                return remark(Fate::kSetting, rule->setting + " is a setting of auditd");
            case Sort::kRemoval:
                return remark(Fate::kNoWatch,
                              rule->setting + " takes rules away again; take the line out of the watch file");
            case Sort::kRule:
                break;
        }
        if (rule->list != "exit") return other_list(*rule);
        if (rule->action != "always") return leaves_out(*rule);
        if (rule->path.empty() && rule->directory.empty()) return without_path(*rule);
        watch(*rule);
    }

private:
    using Fate = AuditRemark::Fate;

    void remark(Fate fate, std::string reason) {
        import_.remarks.push_back({line_, fate, std::move(reason)});
    }

    void other_list(const AuditRule& rule) {
        const std::string_view what =
            rule.list == "exclude" ? "messages of audit, which whodid does not write"
            : rule.list == "user"  ? "messages that programs send to audit"
            : rule.list == "task"  ? "processes that are made: --filter 'kind == fork'"
            : rule.list == "filesystem"
                ? "file systems, which a watch list leaves out by naming no path there"
                : "io_uring, whose calls are told as any other (whodid.via)";
        remark(Fate::kNoWatch, fmt::format("the list {} is about {}", rule.list, what));
    }

    static void add_path(const AuditRule& rule, Texts& conditions) {
        if (!rule.path.empty()) conditions.push_back("path == " + quoted(rule.path));
        if (!rule.directory.empty())
            conditions.push_back("path startswith " + quoted(clean_path(rule.directory) + "/"));
    }

    void leaves_out(const AuditRule& rule) {
        Restrictions restrictions(rule);
        Texts conditions;
        add_path(rule, conditions);
        add_kinds(rule, conditions);
        std::ranges::move(restrictions.conditions, std::back_inserter(conditions));
        std::string reason = fmt::format("{} leaves something out, a watch list adds", rule.action);
        if (!conditions.empty() && restrictions.unsaid.empty())
            reason += ": " + filter_option({fmt::format("not ({})", fmt::join(conditions, " and "))});
        remark(Fate::kNoWatch, reason + restrictions.unsaid_text());
    }

    /// The kinds that tell a rule's calls, as a condition.
    static void add_kinds(const AuditRule& rule, Texts& conditions) {
        Texts kinds;
        for (const std::string& name : rule.calls)
            if (const Call* call = find_call(name)) add_once(kinds, std::string(call->kind));
        if (kinds.empty() && rule.perms == kWatchExecute) kinds.emplace_back("process.exec");
        if (kinds.size() == 1) conditions.push_back("kind == " + kinds.front());
        if (kinds.size() > 1) conditions.push_back(fmt::format("kind in {{{}}}", fmt::join(kinds, ", ")));
    }

    void without_path(const AuditRule& rule) {
        Restrictions restrictions(rule);
        Texts conditions;
        add_kinds(rule, conditions);
        const bool is_told = !conditions.empty();
        std::ranges::move(restrictions.conditions, std::back_inserter(conditions));
        std::string reason = "names no path";
        if (is_told) reason += "; told without any rule: " + filter_option(conditions);
        if (!is_told && !rule.calls.empty())
            reason += fmt::format("; whodid has no kind for {}",
                                  escape_for_terminal(fmt::format("{}", fmt::join(rule.calls, ", "))));
        remark(Fate::kNoWatch, reason + restrictions.unsaid_text());
    }

    /// Of all that the rule is about; what of it is not told goes into `untold`.
    static WatchAccesses accesses_of(const AuditRule& rule, Texts& untold) {
        const bool all_calls = rule.calls.empty() || std::ranges::find(rule.calls, "all") != rule.calls.end();
        WatchAccesses accesses = all_calls ? kWatchEverything : 0;
        if (!all_calls)
            for (const std::string& name : rule.calls) {
                const Call* call = find_call(name);
                if (call) accesses |= call->accesses;
                if (!call || call->accesses == 0) add_once(untold, name);
            }
        const auto writes = [&](const AuditField& field) { return asks_for_writing(rule, field); };
        if (std::ranges::any_of(rule.fields, writes)) accesses = kWatchWrite;
        return accesses & rule.perms.value_or(kWatchEverything);
    }

    static std::string tags_of(const AuditRule& rule) {
        std::string tags;
        for (const std::string& key : rule.keys)
            if (!key.empty()) tags.append(key).push_back('\0');
        if (tags.empty()) tags.append(kWatchTag).push_back('\0');
        return tags;
    }

    void watch(const AuditRule& rule) {
        const std::string& path = rule.path.empty() ? rule.directory : rule.path;
        if (has_dots(path)) return remark(Fate::kLost, "'.' or '..' in the path; write it without");
        Texts untold;
        WatchEntry entry;
        entry.path = clean_path(path);
        entry.is_tree =
            !rule.directory.empty() || (rule.is_watch && (path.ends_with('/') || is_directory_(path)));
        entry.accesses = accesses_of(rule, untold);
        entry.tags = tags_of(rule);
        if (entry.path.size() + 1 >= PATH_MAX)
            return remark(Fate::kLost, "the path is longer than one can be");
        if (!untold.empty())
            remark(Fate::kLost, fmt::format("not told of a path: {}",
                                            escape_for_terminal(fmt::format("{}", fmt::join(untold, ", ")))));
        if (entry.accesses == 0) {
            if (untold.empty())
                remark(Fate::kLost, "its calls are none of its accesses (perm): nothing is left");
            return;
        }
        if (std::ranges::find(import_.entries, entry) == import_.entries.end())
            import_.entries.push_back(entry);
        say_wider(rule, entry);
    }

    void say_wider(const AuditRule& rule, const WatchEntry& entry) {
        Restrictions restrictions(rule);
        if (restrictions.none()) return;
        const std::string_view tag(entry.tags.data());
        Texts conditions = {"tag == " + quoted(tag)};
        std::ranges::move(restrictions.conditions, std::back_inserter(conditions));
        std::string reason =
            fmt::format("watched for all; the rule is for {} alone", restrictions.given_text());
        if (conditions.size() > 1) reason += ": " + filter_option(conditions);
        remark(Fate::kWider, reason + restrictions.unsaid_text());
    }

    AuditImport& import_;
    const std::function<bool(const std::string&)>& is_directory_;
    std::size_t line_ = 0;
};

}  // namespace

std::size_t AuditImport::count(AuditRemark::Fate fate) const {
    return static_cast<std::size_t>(std::ranges::count(remarks, fate, &AuditRemark::fate));
}

AuditImport import_audit_rules(std::string_view text,
                               const std::function<bool(const std::string&)>& is_directory) {
    AuditImport import;
    Importer importer(import, is_directory);
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = text.find('\n');
        importer.take(line, text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return import;
}

}  // namespace whodid
