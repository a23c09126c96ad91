// SPDX-License-Identifier: Apache-2.0
// The words of the screen and of messages: ACT, WHAT and RESULT of each kind. The what_*, act_* and result_*
// are named by kinds.cpp only.
#pragma once

#include <string>
#include <string_view>

#include "event/event.h"

namespace whodid {

/// "alice from 198.51.100.7, as root via sudo, ran vim /etc/ssh/sshd_config"
void append_message(const Event& e, std::string& out);

/// The kind's WHAT, and how often where an event stands for several: "… ×6 in 41s". Raw bytes.
void append_what(const Event& e, std::string& out);

/// Whose rights an act used. The start of a set-id program uses its caller's: what it then does, and the
/// identity.change beside it, has the new ones.
struct Rights {
    std::uint32_t uid = REC_UNSET;
    std::string_view user;  // empty when not known
};
Rights rights_used(const Event& e);  // e.process is set

std::string_view act_open(const Event& e);
std::string_view act_auth(const Event& e);
std::string_view act_summary(const Event& e);

void what_exec(const Event& e, std::string& out);
void what_process(const Event& e, std::string& out);
void what_ptrace(const Event& e, std::string& out);
void what_file(const Event& e, std::string& out);
void what_two_names(const Event& e, std::string& out);
void what_chmod(const Event& e, std::string& out);
void what_chown(const Event& e, std::string& out);
void what_setxattr(const Event& e, std::string& out);
void what_mount(const Event& e, std::string& out);
void what_umount(const Event& e, std::string& out);
void what_peer(const Event& e, std::string& out);
void what_local(const Event& e, std::string& out);
void what_accept(const Event& e, std::string& out);
void what_dns(const Event& e, std::string& out);
void what_auth(const Event& e, std::string& out);
void what_account(const Event& e, std::string& out);
void what_login(const Event& e, std::string& out);
void what_logout(const Event& e, std::string& out);
void what_identity(const Event& e, std::string& out);
void what_module(const Event& e, std::string& out);
void what_bpf(const Event& e, std::string& out);
void what_sensor(const Event& e, std::string& out);
void what_loss(const Event& e, std::string& out);
void what_heartbeat(const Event& e, std::string& out);
void what_summary(const Event& e, std::string& out);

void result_ok(const Event& e, std::string& out);
void result_exit(const Event& e, std::string& out);
void result_connect(const Event& e, std::string& out);
void result_close(const Event& e, std::string& out);
void result_auth(const Event& e, std::string& out);
void result_summary(const Event& e, std::string& out);

}  // namespace whodid
