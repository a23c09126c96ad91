// SPDX-License-Identifier: Apache-2.0
// Names for the host's uids and gids.
#include "enrich/users.h"

#include <grp.h>
#include <pwd.h>
#include <whodid/record.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "enrich/passwd.h"

namespace whodid {

namespace {

const std::string kNoName;
constexpr std::size_t kServiceMax = 65536;  // names kept of those asked for

constexpr std::size_t kQueueMax = 256;

NameAnswer ask_name_service(const NameQuestion& asked) {
    NameAnswer answer{asked.group, asked.id, {}};
    std::vector<char> buffer(16384);
    if (asked.group) {
        ::group entry{}, *found = nullptr;
        if (getgrgid_r(asked.id, &entry, buffer.data(), buffer.size(), &found) == 0 && found)
            answer.name = found->gr_name;
        return answer;
    }
    passwd entry{}, *found = nullptr;
    if (getpwuid_r(asked.id, &entry, buffer.data(), buffer.size(), &found) == 0 && found)
        answer.name = found->pw_name;
    return answer;
}

}  // namespace

bool is_well_known_account(std::string_view name) {
    constexpr std::string_view kNames[] = {"root",     "admin",   "administrator", "user",     "test",
                                           "guest",    "ubuntu",  "debian",        "pi",       "oracle",
                                           "postgres", "mysql",   "git",           "ftp",      "www-data",
                                           "nagios",   "jenkins", "deploy",        "ec2-user", "backup"};
    return std::ranges::find(kNames, name) != std::end(kNames);
}

Users::Users(const Host& host) : host_(host) {
    if (host.is_live()) resolver_ = std::make_unique<NameResolver>(ask_name_service, kQueueMax);
    read_files();
}

void Users::learn(std::uint32_t uid, std::string_view name) {
    if (uid != REC_UNSET && !name.empty()) login_[uid] = name;
}

const std::string& Users::name(std::uint32_t uid) {
    return look_up(login_, users_, service_users_, false, uid);
}
const std::string& Users::group(std::uint32_t gid) {
    return look_up({}, groups_, service_groups_, true, gid);
}

const std::string& Users::look_up(const Names& login, const Names& file, Names& service, bool group,
                                  std::uint32_t id) {
    if (id == REC_UNSET) return kNoName;
    for (const Names* names : {&login, &file, static_cast<const Names*>(&service)})
        if (const auto found = names->find(id); found != names->end()) return found->second;
    if (!resolver_) return kNoName;
    if (service.size() >= kServiceMax) service.clear();
    service[id];  // asked: the empty name stands until the answer is here
    resolver_->ask({group, id});
    return kNoName;
}

bool Users::exists(std::string_view name) const {
    for (const Names* names : {&login_, &users_, &service_users_})
        if (std::ranges::any_of(*names, [&](const auto& user) { return user.second == name; })) return true;
    return false;
}

bool Users::refresh() {
    bool changed = false;
    if (resolver_) {
        for (NameAnswer& answer : resolver_->answers()) {
            if (answer.name.empty()) continue;
            (answer.group ? service_groups_ : service_users_)[answer.id] = std::move(answer.name);
            changed = true;
        }
    }
    const auto passwd = host_.read_file("/etc/passwd");
    const auto group = host_.read_file("/etc/group");
    if ((passwd && *passwd != passwd_text_) || (group && *group != group_text_)) {
        read_files();
        changed = true;
    }
    return changed;
}

void Users::read_files() {
    if (auto text = host_.read_file("/etc/passwd"); text) {
        users_.clear();
        for (const auto& user : parse_passwd(*text).entries) users_.try_emplace(user.uid, user.name);
        passwd_text_ = std::move(*text);
    }
    if (auto text = host_.read_file("/etc/group"); text) {
        groups_.clear();
        for (const auto& group : parse_group(*text).entries) groups_.try_emplace(group.gid, group.name);
        group_text_ = std::move(*text);
    }
}

}  // namespace whodid
