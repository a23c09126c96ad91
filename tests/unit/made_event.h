// SPDX-License-Identifier: Apache-2.0
// Events made by hand: alice, who logged in from 198.51.100.7 as session 118, and what she does.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/kinds.h"
#include "event/make_record.h"

namespace whodid::test {

class Maker {
public:
    /// 2026-11-24T14:02:31.118204411Z
    static constexpr std::uint64_t kWallNs = 1795528951118204411ull;
    static constexpr std::uint64_t kBootNs = 5'000'000'000'000;

    Maker() {
        stream.boot = {0x1111, 0x2222};
        stream.host_name = "web-17";
        stream.host_id = "4c1f0e9b7d5a4f0e8c3b2a1908f7e6d5";
        stream.architecture = "x86_64";
        session = std::make_shared<Session>();
        session->id = "118";
        session->entity = {0x118, 0x118};
        session->audit_session = 118;
        session->login_uid = 1004;
        session->login_user = "alice";
        session->service = "sshd";
        session->origin_type = "ssh";
        session->address = "198.51.100.7";
        session->method = "publickey";
        session->key = "SHA256:nWRh0123456789abcdefghijklmnopqrstuvwxyzAq2";
        session->port = 58932;
        session->origin_basis = Basis::kPam;
        session->method_basis = Basis::kLog;
    }

    Stream stream;
    std::shared_ptr<Session> session;

    /// alice's process; `euid` 0 is root by sudo.
    std::shared_ptr<Process> alice(std::uint32_t euid = 1004, std::string exe = "/usr/bin/bash") const {
        auto p = std::make_shared<Process>();
        p->pid = 4188;
        p->parent_pid = 4140;
        p->start_ns = kBootNs - 1'000'000'000;
        p->entity = {0xaaaa, 0xbbbb};
        p->exe = std::move(exe);
        p->login_uid = 1004;
        p->audit_session = 118;
        p->login_user = "alice";
        p->user_basis = Basis::kKernel;
        p->session = session;
        p->credentials.uid = p->credentials.euid = p->credentials.suid = euid;
        p->credentials.gid = p->credentials.egid = p->credentials.sgid = euid;
        p->effective_user = p->real_user = p->saved_user = euid == 0 ? "root" : "alice";
        p->chain =
            std::make_shared<Chain>(euid == 0 ? Chain{"alice:bash[4102]", "sudo[4131]", "root:bash[4140]"}
                                              : Chain{"alice:bash[4102]"});
        return p;
    }
    /// A daemon that nobody logged in for.
    static std::shared_ptr<Process> daemon(std::string exe, std::uint32_t euid = 0) {
        auto p = std::make_shared<Process>();
        p->pid = 901;
        p->exe = std::move(exe);
        p->credentials.uid = p->credentials.euid = p->credentials.suid = euid;
        p->effective_user = p->real_user = euid == 0 ? "root" : "daemon";
        p->user_basis = Basis::kKernel;
        return p;
    }

    template <class R>
    static RecordMaker<R> record(std::uint16_t kind, int result = 0) {
        rec_hdr cause{};
        cause.boot_ns = kBootNs;
        cause.seq = 7;
        cause.task.tgid = cause.task.tid = 4188;
        cause.task.loginuid = cause.task.sessionid = REC_UNSET;
        RecordMaker<R> made(cause, kind);
        made->h.result = result;
        return made;
    }

    template <class R>
    Event event(RecordMaker<R> made, std::shared_ptr<const Process> process) {
        Event e;
        e.record = made.finish(arena_);
        e.kind = find_kind(e.record->kind);
        e.stream = &stream;
        e.process = std::move(process);
        e.wall_ns = kWallNs;
        e.seq = 88123;
        return e;
    }

    Event exec(const std::vector<std::string>& args, std::shared_ptr<const Process> process, int result = 0) {
        auto made = record<rec_exec>(REC_PROCESS_EXEC, result);
        std::string block;
        for (const std::string& arg : args) block.append(arg).push_back('\0');
        made->argc = made->argv_count = static_cast<rec_u32>(args.size());
        made.text(&rec_exec::argv, block);
        Event e = event(std::move(made), std::move(process));
        if (result < 0 && !args.empty()) e.path = keep(args[0]);
        return e;
    }
    Event file(std::uint16_t kind, const std::string& path, std::shared_ptr<const Process> process,
               int result = 0, std::uint32_t flags = 0, std::uint32_t mode = 0100644) {
        auto made = record<rec_file>(kind, result);
        made->open_flags = flags;
        if (result == 0) {
            made->inode = 4711;
            made->mode = mode;
        }
        made->new_mode = 0600;
        made->new_owner = 33;
        made->new_group = REC_UNSET;
        Event e = event(std::move(made), std::move(process));
        e.path = keep(path);
        return e;
    }
    static void set_v4(std::uint8_t (&to)[16], std::initializer_list<std::uint8_t> bytes) {
        std::memcpy(to, bytes.begin(), bytes.size());
    }
    Event net(std::uint16_t kind, std::shared_ptr<const Process> process, int result = 0,
              std::uint16_t peer_port = 443, std::uint16_t protocol = IPPROTO_TCP) {
        auto made = record<rec_net>(kind, result);
        made->family = AF_INET;
        made->type = SOCK_STREAM;
        made->protocol = protocol;
        set_v4(made->peer, {203, 0, 113, 9});
        set_v4(made->local, {10, 0, 0, 5});
        made->peer_port = peer_port;
        made->local_port = 8080;
        made->since_ns = kBootNs - 84'000'000;
        made->bytes_sent = 1234;
        made->bytes_received = 48'000;
        return event(std::move(made), std::move(process));
    }
    Event unix_socket(const std::string& path, std::shared_ptr<const Process> process, int result = 0) {
        auto made = record<rec_net>(REC_NETWORK_CONNECT, result);
        made->family = AF_UNIX;
        made.text(&rec_net::unix_path, path);
        return event(std::move(made), std::move(process));
    }
    struct Attempt {
        std::string service = {}, method = {}, account = {}, target = {}, command = {}, address = {},
                    key = {}, hash = {};
        int result = 0;
        bool verified = true;
    };
    Event auth(const Attempt& a, std::shared_ptr<const Process> process) {
        auto made = record<rec_auth>(REC_AUTH_ATTEMPT, a.result);
        made->verified = a.verified;
        made->account_length = 7;
        made.text(&rec_auth::service, a.service).text(&rec_auth::method, a.method);
        made.text(&rec_auth::account, a.account).text(&rec_auth::target_user, a.target);
        made.text(&rec_auth::command, a.command)
            .text(&rec_auth::address, a.address)
            .text(&rec_auth::key, a.key);
        made.text(&rec_auth::account_hash, a.hash);
        return event(std::move(made), std::move(process));
    }
    Event session_event(std::uint16_t kind, const std::string& service,
                        std::shared_ptr<const Process> process) {
        auto made = record<rec_session>(kind);
        made->since_ns = kBootNs - 123'000'000'000;
        made->execs = 234;
        made->writes = 3;
        made->bytes_sent = 1234;
        made.text(&rec_session::service, service);
        return event(std::move(made), std::move(process));
    }
    Event identity(const std::string& how, std::shared_ptr<const Process> process) {
        auto made = record<rec_identity>(REC_IDENTITY_CHANGE);
        made->from_uid = made->from_euid = made->from_suid = 1004;
        made.text(&rec_identity::how, how);
        return event(std::move(made), std::move(process));
    }
    Event sensor(std::uint16_t kind, const std::string& text) {
        auto made = record<rec_sensor>(kind);
        made->count = 41;
        made.text(&rec_sensor::text, text)
            .text(&rec_sensor::stage, "kernel_ring")
            .text(&rec_sensor::kind, "file.open");
        return event(std::move(made), nullptr);
    }

    std::string_view keep(const std::string& text) { return arena_.copy(text); }

private:
    Arena arena_;
};

}  // namespace whodid::test
