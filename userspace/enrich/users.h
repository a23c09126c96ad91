// SPDX-License-Identifier: Apache-2.0
// Users: names for the host's uids and gids, as they were when something happened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/host.h"
#include "base/table_size.h"
#include "base/worker.h"

namespace whodid {

/// The name service (LDAP, SSSD, systemd-userdb) may block.
struct NameQuestion {
    bool group;
    std::uint32_t id;
};
struct NameAnswer {
    bool group;
    std::uint32_t id;
    std::string name;  // empty: there is none
};
using NameResolver = Worker<NameQuestion, NameAnswer>;

/// Names of services are no secret, nor likely to be typed as a password by mistake.
bool is_well_known_account(std::string_view name);

class Users {
public:
    explicit Users(const Host& host);

    /// What a login message said: the best source, also where the account is in no file.
    void learn(std::uint32_t uid, std::string_view name);

    /// Empty when not known (yet). Never blocks.
    const std::string& name(std::uint32_t uid);
    const std::string& group(std::uint32_t gid);
    /// Whether an account of that name exists, as far as the login messages and /etc/passwd tell.
    bool exists(std::string_view name) const;

    /// Takes in what the resolver has found, and /etc/passwd when it changed. Call now and then.
    /// True: names have changed.
    bool refresh();

    /// That the files do not have.
    TableSize table_size() const {
        return {"names", login_.size() + service_users_.size() + service_groups_.size(), 0, 0};
    }

private:
    using Names = std::unordered_map<std::uint32_t, std::string>;
    const std::string& look_up(const Names& login, const Names& file, Names& service, bool group,
                               std::uint32_t id);
    void read_files();

    const Host& host_;
    std::string passwd_text_, group_text_;
    Names login_, users_, groups_, service_users_, service_groups_;
    std::unique_ptr<NameResolver> resolver_;  // on a live host only
};

}  // namespace whodid
