// SPDX-License-Identifier: Apache-2.0
// The people of the stage and the configuration that lets them in. All of it is written below /etc, /home and
// /root of the calling process, which has to be in a world of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stage_process.h"

namespace whodid::live {

struct User {
    const char* name;
    uint32_t uid;
    uint32_t gid;  ///< differs from uid on purpose: sensors have shipped the two swapped
    const char* password;
    const char* home;
};

inline constexpr User kRoot{"root", 0, 0, "Root-of-the-stage-7", "/root"};
/// May become anybody by sudo with her password, and run kNopasswdProgram without one.
inline constexpr User kAlice{"alice", 61001, 61101, "Alice-in-the-stage-7", "/home/alice"};
/// May not use sudo.
inline constexpr User kBob{"bob", 61002, 61102, "Bob-on-the-stage-7", "/home/bob"};

inline constexpr const char* kNopasswdProgram = "/usr/bin/whoami";

/// Private keys, readable for root: one that sshd accepts for alice, one that it accepts for nobody.
inline constexpr const char* kAliceKey = "/root/keys/alice";
inline constexpr const char* kStrangerKey = "/root/keys/stranger";
/// Two that sshd accepts for bob, with certificates for number 7 of "carol@corp": of an authority that sshd
/// trusts, and of one that only bob's authorized_keys names.
inline constexpr const char* kCarolKey = "/root/keys/carol";
inline constexpr const char* kMalloryKey = "/root/keys/mallory";

/// Options to run a program as this user, in their home.
RunOptions as_user(const User& user);

// These throw std::exception saying what could not be written. They need /etc to be a private copy already.
void write_accounts();
void write_sudoers();
void adapt_pam();
void write_ssh_setup(uint16_t port);

/// Writes a file with exactly this mode, owned by the user. Throws.
void write_file(const std::string& path, const std::string& text, unsigned mode = 0644,
                const User& owner = kRoot);
std::string read_file(const std::string& path);
/// Runs a program to its end; throws if it fails.
void run_tool(std::vector<std::string> argv);
/// The id of a group of the machine, 0 if it has no such group.
uint32_t group_id(const std::string& name);

}  // namespace whodid::live
