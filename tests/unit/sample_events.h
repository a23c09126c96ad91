// SPDX-License-Identifier: Apache-2.0
// One event of many kinds, each with a name, for tables of what meets a filter.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "unit/made_event.h"

namespace whodid::test {

class SampleEvents : public Maker {
public:
    SampleEvents() {
        add_processes();
        add_files();
        add_network();
        add_the_rest();
    }

    const std::vector<std::pair<std::string, Event>>& all() const { return events_; }

private:
    void add(const std::string& name, Event event) { events_.emplace_back(name, std::move(event)); }

    void add_processes() {
        add("exec", exec({"bash", "-c", "echo hi"}, alice()));
        Event known = exec({"curl", "-s", "http://203.0.113.9/x"}, alice(0, "/usr/bin/curl"));
        known.is_first_run = true;
        add("root_exec", std::move(known));
        Event again = exec({"cc1", "-quiet"}, daemon("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", 33));
        again.is_first_run = false;
        add("daemon_exec", std::move(again));
        add("failed_exec", exec({"/opt/x"}, alice(), -EACCES));

        auto preloaded = record<rec_exec>(REC_PROCESS_EXEC);
        preloaded.text(&rec_exec::env, std::string("LD_PRELOAD=/tmp/evil.so\0LD_LIBRARY_PATH=/tmp\0", 45));
        add("preload", event(std::move(preloaded), alice()));
        auto fileless = record<rec_exec>(REC_PROCESS_EXEC);
        fileless->exe.flags = REC_PATH_PSEUDO;
        add("fileless", event(std::move(fileless), alice(1004, "/memfd:x (deleted)")));

        add("fork", event(record<rec_fork>(REC_PROCESS_FORK), alice()));
        auto ended = record<rec_exit>(REC_PROCESS_EXIT);
        ended->code = 3;
        ended->signal = 9;
        ended->h.task.start_ns = kBootNs - 6'084'000'000;
        add("exit", event(std::move(ended), alice()));
    }

    void add_files() {
        add("read", file(REC_FILE_OPEN, "/etc/passwd", alice()));
        add("write", file(REC_FILE_OPEN, "/etc/ssh/sshd_config", alice(0, "/usr/bin/vim.basic"), 0,
                          O_WRONLY | O_CREAT));
        add("library", file(REC_FILE_OPEN, "/usr/lib/x.so", daemon("/usr/lib/y")));
        add("refused", file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES));
        add("odd_name", file(REC_FILE_UNLINK, "/tmp/a\nb\xff", alice()));
        Event renamed = file(REC_FILE_RENAME, "/tmp/Report.TXT", alice());
        renamed.target_path = keep("/srv/report.txt");
        add("rename", std::move(renamed));
        add("chmod", file(REC_FILE_CHMOD, "/srv/x", alice()));
    }

    Event connect_v6(const char* peer, std::uint16_t port) {
        auto made = record<rec_net>(REC_NETWORK_CONNECT);
        made->family = AF_INET6;
        made->protocol = IPPROTO_TCP;
        ::inet_pton(AF_INET6, peer, made->peer);
        made->peer_port = port;
        made->since_ns = kBootNs - 250'000'000;
        return event(std::move(made), alice());
    }

    void add_network() {
        add("web", net(REC_NETWORK_CONNECT, alice()));
        add("ssh", net(REC_NETWORK_CONNECT, alice(0, "/usr/bin/ssh"), 0, 22));
        add("mapped", connect_v6("::ffff:10.1.2.3", 3306));
        add("six", connect_v6("2001:db8::9", 443));
        add("socket", unix_socket("/run/docker.sock", alice()));
        Event asked = net(REC_NETWORK_DNS, daemon("/usr/bin/x"), 0, 53, IPPROTO_UDP);
        asked.name = keep("Files.example");
        add("dns", std::move(asked));
    }

    void add_the_rest() {
        add("login", session_event(REC_SESSION_START, "sshd", alice()));
        add("logout", session_event(REC_SESSION_END, "sshd", alice()));
        add("bad_login", auth({.service = "sshd",
                               .method = "password",
                               .account = "bob",
                               .address = "203.0.113.50",
                               .result = -EACCES},
                              daemon("/usr/sbin/sshd")));
        add("identity", identity("sudo", alice(0)));
        add("tamper", sensor(REC_SENSOR_TAMPER, "signal 9"));
    }

    std::vector<std::pair<std::string, Event>> events_;
};

}  // namespace whodid::test
