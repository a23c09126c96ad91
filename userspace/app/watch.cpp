// SPDX-License-Identifier: Apache-2.0
// Watch lists and rules files on disk.
#include "app/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/exit_code.h"
#include "app/say.h"
#include "base/escape.h"
#include "base/host.h"
#include "filter/audit_import.h"
#include "filter/watch_file.h"

namespace whodid {

namespace {

constexpr std::size_t kFileMax = 1 << 20;

/// Half a list would be a watch that somebody believes in.
Result<std::string> read_whole(const std::string& path) {
    auto text = read_regular_file(path, kFileMax + 1);
    if (text && text->size() > kFileMax)
        return Error{fmt::format("cannot read {}: more than {} bytes; split it", path, kFileMax), EFBIG};
    return text;
}

std::string page_of(std::span<const WatchEntry> entries) {
    std::string page;
    for (const WatchEntry& entry : entries) page += watch_line(entry) + "\n";
    return page;
}

bool is_directory(const std::string& path) {
    std::error_code failed;
    return std::filesystem::is_directory(path, failed);
}

void say_remarks(const std::string& path, const AuditImport& import) {
    std::string remarks;
    for (const AuditRemark& remark : import.remarks) {
        const std::string_view fate = remark.fate == AuditRemark::Fate::kWider  ? "wider: "
                                      : remark.fate == AuditRemark::Fate::kLost ? "NOT CONVERTED: "
                                                                                : "";
        remarks += fmt::format("{}:{}: {}{}\n", escape_for_terminal(path), remark.line, fate, remark.reason);
    }
    say(remarks);
}

}  // namespace

Result<WatchList> read_watch_list(const std::vector<std::string>& names) {
    const bool has_none = std::ranges::find(names, kNoBuiltInWatches) != names.end();
    WatchList list = has_none ? WatchList() : built_in_watch_list();
    for (const std::string& name : names) {
        if (name == kNoBuiltInWatches) continue;
        const auto text = read_whole(name);
        if (!text) return Error{"--watch: " + text.error().message, text.error().code};
        const auto added = parse_watch_file(*text, name);
        if (!added) return Error{"--watch: " + added.error().message, EINVAL};
        list.add(*added);
    }
    return list;
}

int watch_list(const std::vector<std::string>& names) {
    auto list = read_watch_list(names);
    if (!list) return list.error().code == EINVAL ? fail_usage(list.error()) : fail(list.error());
    list->follow_links(LiveHost());
    return print_page(page_of(list->entries()));
}

int watch_import(const std::vector<std::string>& paths) {
    WatchList seen;
    std::string page;
    std::size_t lost = 0;
    for (const std::string& path : paths) {
        const auto text = read_whole(path);
        if (!text) return fail(text.error());
        const AuditImport import = import_audit_rules(*text, is_directory);
        say_remarks(path, import);
        lost += import.count(AuditRemark::Fate::kLost);
        const std::size_t before = seen.entries().size();
        for (const WatchEntry& entry : import.entries) seen.add(entry);
        page +=
            fmt::format("# From {}\n", escape_for_terminal(path)) + page_of(seen.entries().subspan(before));
    }
    const int printed = print_page(page);
    return printed == kOk && lost != 0 ? kIncomplete : printed;
}

}  // namespace whodid
