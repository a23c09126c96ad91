// SPDX-License-Identifier: Apache-2.0
// Parsers of passwd and group text: one walk over the lines, one reader for each kind of entry.
#include "enrich/passwd.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "enrich/scan.h"

namespace whodid {
namespace {

bool is_account_name(std::string_view name) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    return !name.empty() && std::none_of(name.begin(), name.end(), is_control);
}

// A NIS reference adds or removes names of a network database; it is no account of its own.
bool is_nis(std::string_view line) { return line.starts_with('+') || line.starts_with('-'); }

std::optional<PasswdEntry> read_passwd_line(std::string_view line) {
    PasswdEntry entry;
    entry.name = take_until(line, ':');
    take_until(line, ':');
    const auto uid = parse_id(take_until(line, ':'));
    const auto gid = parse_id(take_until(line, ':'));
    if (!is_account_name(entry.name) || !uid || !gid) return std::nullopt;
    entry.uid = *uid;
    entry.gid = *gid;
    entry.gecos = take_until(line, ':');
    entry.home = take_until(line, ':');
    entry.shell = line;
    return entry;
}

std::optional<GroupEntry> read_group_line(std::string_view line) {
    GroupEntry entry;
    entry.name = take_until(line, ':');
    take_until(line, ':');
    const auto gid = parse_id(take_until(line, ':'));
    if (!is_account_name(entry.name) || !gid) return std::nullopt;
    entry.gid = *gid;
    std::string_view members = take_until(line, ':');
    while (!members.empty()) {
        const std::string_view member = take_until(members, ',');
        if (is_account_name(member)) entry.members.emplace_back(member);
    }
    return entry;
}

template <class Entry>
AccountFile<Entry> parse_lines(std::string_view text, std::optional<Entry> (*read)(std::string_view)) {
    AccountFile<Entry> file;
    while (!text.empty()) {
        const std::string_view line = take_until(text, '\n');
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        std::optional<Entry> entry;
        if (!line.starts_with('#') && !is_nis(line)) entry = read(line);
        if (entry) {
            file.entries.push_back(std::move(*entry));
        } else {
            file.skipped++;
        }
    }
    return file;
}

}  // namespace

AccountFile<PasswdEntry> parse_passwd(std::string_view text) { return parse_lines(text, read_passwd_line); }

std::string format_passwd(const PasswdEntry& entry) {
    return entry.name + ":x:" + std::to_string(entry.uid) + ":" + std::to_string(entry.gid) +
           "::" + entry.home + ":\n";
}

AccountFile<GroupEntry> parse_group(std::string_view text) { return parse_lines(text, read_group_line); }

}  // namespace whodid
