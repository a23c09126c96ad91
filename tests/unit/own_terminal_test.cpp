// SPDX-License-Identifier: Apache-2.0
// What belongs to the showing itself, on hosts given as literals.
#include "app/own_terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace whodid {
namespace {

struct OwnTerminal : testing::Test {
    RecordedHost host;

    /// `tty`: number in /dev/pts, -1 for none; `master`: the one whose other end it holds.
    void process(int pid, int parent, const std::string& name, int tty, int master = -1) {
        const std::string at = "/proc/" + std::to_string(pid);
        const int device = tty < 0 ? 0 : 136 << 8 | tty;
        host.files[at + "/stat"] = std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) +
                                   " 1 1 " + std::to_string(device) + " 9 4194304 1 2 3 4 5 6 7 8 20 0 1 0 " +
                                   std::to_string(pid * 10) + " 999 888\n";
        host.files[at + "/fd/0"] = "";
        host.links[at + "/fd/0"] = "/dev/null";
        if (master < 0) return;
        host.files[at + "/fd/7"] = "";
        host.links[at + "/fd/7"] = "/dev/ptmx";
        host.files[at + "/fdinfo/7"] =
            "pos:\t0\nflags:\t02\nmnt_id:\t1\ntty-index:\t" + std::to_string(master) + "\n";
    }
    std::vector<std::uint32_t> pids(std::uint32_t pid, std::vector<std::uint32_t> terminals) {
        std::vector<std::uint32_t> found;
        for (const ProcessStart& p : showing_processes(host, pid, std::move(terminals))) {
            EXPECT_EQ(p.start_ticks, p.pid * 10u);
            found.push_back(p.pid);
        }
        return found;
    }
};

TEST_F(OwnTerminal, SshWithSudo) {
    process(100, 1, "sshd", -1);       // listens: shows nobody anything
    process(110, 100, "sshd", -1, 0);  // its monitor keeps the master too
    process(111, 110, "sshd", -1, 0);
    process(112, 111, "bash", 0);
    process(113, 112, "sudo", 0, 1);
    process(114, 113, "whodid", 1);
    EXPECT_EQ(pids(114, {1}), (std::vector<std::uint32_t>{114, 113, 111, 110}));
}

TEST_F(OwnTerminal, NamesCannotFakeFields) {
    process(50, 1, "tmux: server) S 1 1 1 1", -1, 3);
    process(51, 50, "a) (b", 3);
    process(52, 51, "whodid", 3);
    EXPECT_EQ(pids(52, {3}), (std::vector<std::uint32_t>{52, 50}));
}

TEST_F(OwnTerminal, WithoutATerminalOnlyItself) {
    process(50, 1, "tmux: server", -1, 3);
    process(52, 50, "whodid", -1);
    EXPECT_EQ(pids(52, {}), (std::vector<std::uint32_t>{52}));
    EXPECT_TRUE(pids(99, {}).empty());
}

TEST_F(OwnTerminal, ThisProcess) {
    const auto found = own_showing_processes();
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0].pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_GT(found[0].start_ticks, 0u);
}

}  // namespace
}  // namespace whodid
