// SPDX-License-Identifier: Apache-2.0
// Users: names for the host's uids and gids, as they were when something happened.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/host.h"

namespace whodid {

/// Asks the name service (LDAP, SSSD, systemd-userdb), which may block, on a thread of its own.
class NameResolver {
public:
    NameResolver();
    ~NameResolver();
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;

    struct Answer {
        bool group;
        std::uint32_t id;
        std::string name;  // empty: there is none
    };
    /// At most kQueueMax questions wait; more are forgotten and may be asked again.
    void ask(bool group, std::uint32_t id);
    std::vector<Answer> answers();

private:
    static constexpr std::size_t kQueueMax = 256;
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::pair<bool, std::uint32_t>> questions_;
    std::vector<Answer> answers_;
    bool stop_ = false;
    std::thread thread_;
};

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
