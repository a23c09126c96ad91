// SPDX-License-Identifier: Apache-2.0
// How much of a stream a sink is given.
#include "filter/profile.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>

#include "filter/filter.h"
#include "made_event.h"

namespace whodid {
namespace {

struct ProfileTest : testing::Test, test::Maker {
    std::map<std::uint32_t, std::shared_ptr<const Process>> by_pid;
    Lineage lineage{{}, [this](const Process& p) -> std::shared_ptr<const Process> {
                        const auto found = by_pid.find(p.parent_pid);
                        return found == by_pid.end() ? nullptr : found->second;
                    }};
    ProfileRules quiet{Profile::kQuiet, lineage};
    std::uint64_t next_seq = 100;

    std::shared_ptr<Process> put(std::uint32_t pid, std::uint32_t parent, const std::string& exe) {
        auto p = alice(1004, exe);
        p->pid = pid;
        p->parent_pid = parent;
        p->entity = {pid, pid};
        by_pid[pid] = p;
        return p;
    }
    Event started(const std::vector<std::string>& args, const std::shared_ptr<const Process>& p,
                  const std::string& tty = "pts0", std::uint32_t session_leader = 1) {
        auto made = record<rec_exec>(REC_PROCESS_EXEC);
        std::string block;
        for (const std::string& arg : args) block.append(arg).push_back('\0');
        made->h.task.session_leader = session_leader;
        made.text(&rec_exec::argv, block).text(&rec_exec::tty, tty);
        return event(std::move(made), p);
    }
    Event connected(const std::shared_ptr<const Process>& p, std::uint8_t last = 9,
                    std::uint16_t port = 443) {
        auto made = record<rec_net>(REC_NETWORK_CONNECT);
        made->h.seq = next_seq++;
        made->family = AF_INET;
        made->type = SOCK_STREAM;
        made->protocol = IPPROTO_TCP;
        set_v4(made->peer, {203, 0, 113, last});
        made->peer_port = port;
        return event(std::move(made), p);
    }
    Event written(const std::string& path, std::string_view tag, int flags = O_WRONLY) {
        Event e = file(REC_FILE_OPEN, path, alice(), 0, static_cast<std::uint32_t>(flags));
        e.tags = tag;
        return e;
    }
};

TEST_F(ProfileTest, QuietTellsWhatIsTyped) {
    put(10, 1, "/usr/sbin/sshd");
    const auto shell = put(11, 10, "/usr/bin/bash");
    EXPECT_TRUE(quiet.keeps(started({"-bash"}, shell))) << "the login's shell";
    const auto make = put(12, 11, "/usr/bin/make");
    EXPECT_TRUE(quiet.keeps(started({"make"}, make)));
    EXPECT_FALSE(quiet.keeps(started({"cc", "x.c"}, put(13, 12, "/usr/bin/cc")))) << "make's";
    const auto script = put(14, 11, "/usr/bin/bash");
    EXPECT_TRUE(quiet.keeps(started({"bash", "./configure"}, script)));
    EXPECT_FALSE(quiet.keeps(started({"sed"}, put(15, 14, "/usr/bin/sed")))) << "the script's";
    const auto nested = put(16, 11, "/usr/bin/zsh");
    EXPECT_TRUE(quiet.keeps(started({"zsh", "-i"}, nested)));
    EXPECT_TRUE(quiet.keeps(started({"id"}, put(17, 16, "/usr/bin/id")))) << "in a shell within the shell";
    const auto command = put(18, 11, "/usr/bin/sh");
    EXPECT_TRUE(quiet.keeps(started({"sh", "-c", "id; ls"}, command)));
    EXPECT_FALSE(quiet.keeps(started({"id"}, put(19, 18, "/usr/bin/id"))));
}

TEST_F(ProfileTest, QuietTellsWhatRightsAreUsedFor) {
    put(10, 1, "/usr/bin/make");
    put(11, 10, "/usr/bin/sudo");
    EXPECT_TRUE(quiet.keeps(started({"cat", "/etc/shadow"}, put(12, 11, "/usr/bin/cat"))));
    put(13, 10, "/tmp/sudo");
    EXPECT_FALSE(quiet.keeps(started({"cat"}, put(14, 13, "/usr/bin/cat")))) << "a copy lends none";
}

TEST_F(ProfileTest, QuietDoesNotTellWhatPreparesALogin) {
    const auto sshd = put(10, 1, "/usr/sbin/sshd");
    sshd->credentials.euid = 0;
    const auto motd = put(11, 10, "/usr/bin/dash");
    motd->credentials.euid = 0;
    EXPECT_FALSE(quiet.keeps(started({"sh", "-c", "run-parts /etc/update-motd.d"}, motd)));
}

TEST_F(ProfileTest, QuietDoesNotTellWhatTimersRun) {
    session->origin_type = "cron";
    put(10, 1, "/usr/sbin/cron");
    EXPECT_FALSE(quiet.keeps(started({"sh", "-c", "x"}, put(11, 10, "/usr/bin/dash"), "", 11)));
    EXPECT_FALSE(quiet.keeps(started({"x"}, put(12, 11, "/usr/local/bin/x"), "", 11)));
}

TEST_F(ProfileTest, QuietTellsTheFirstShellOfAService) {
    const auto in_service = [&](const std::string& exe, const std::string& cgroup) {
        auto p = daemon(exe, 33);
        p->cgroup = cgroup;
        return p;
    };
    const std::string nginx = "/system.slice/nginx.service";
    EXPECT_FALSE(quiet.keeps(started({"nginx"}, in_service("/usr/sbin/nginx", nginx), "")));
    EXPECT_TRUE(quiet.keeps(started({"sh", "-c", "id"}, in_service("/usr/bin/dash", nginx), "")));
    EXPECT_TRUE(quiet.keeps(started({"curl"}, in_service("/usr/bin/curl", nginx), "")));
    Event unseen = started({"x"}, in_service("/tmp/x", nginx), "");
    unseen.is_first_run = true;
    EXPECT_TRUE(quiet.keeps(unseen));
    EXPECT_TRUE(quiet.keeps(started({"sh"}, in_service("/usr/bin/dash", "/system.slice/x.service"), "")));
    Event again = started({"sh"}, in_service("/usr/bin/dash", nginx), "");
    const_cast<rec_hdr*>(again.record)->seq = 99;
    EXPECT_FALSE(quiet.keeps(again));
}

TEST_F(ProfileTest, QuietTellsNewPeersOnce) {
    const auto curl = alice(1004, "/usr/bin/curl"), wget = alice(1004, "/usr/bin/wget");
    const Event first = connected(curl);
    EXPECT_TRUE(quiet.keeps(first));
    EXPECT_FALSE(quiet.keeps(connected(curl)));
    EXPECT_TRUE(quiet.keeps(connected(curl, 10)));
    EXPECT_TRUE(quiet.keeps(connected(curl, 9, 80)));
    EXPECT_TRUE(quiet.keeps(connected(wget)));
    Event closing = first;
    closing.closes_fold = true;
    closing.count = 12;
    EXPECT_TRUE(quiet.keeps(closing)) << "how often, for what was told";
    Event loopback = connected(curl, 1);
    const_cast<rec_net&>(loopback.as<rec_net>()).peer[0] = 127;
    EXPECT_FALSE(quiet.keeps(loopback));
}

TEST_F(ProfileTest, QuietTellsChangesOfWhatIsWatched) {
    constexpr std::string_view kTag("credentials\0", 12);
    EXPECT_TRUE(quiet.keeps(written("/etc/shadow", kTag)));
    EXPECT_FALSE(quiet.keeps(written("/etc/shadow", kTag, O_RDONLY)));
    EXPECT_FALSE(quiet.keeps(written("/home/alice/x", {})));
    Event renamed = file(REC_FILE_RENAME, "/etc/shadow", alice());
    renamed.tags = kTag;
    EXPECT_TRUE(quiet.keeps(renamed));
    renamed.tags = {};
    EXPECT_FALSE(quiet.keeps(renamed));
}

TEST_F(ProfileTest, QuietTellsLoginsAndRights) {
    EXPECT_TRUE(quiet.keeps(session_event(REC_SESSION_START, "sshd", alice())));
    EXPECT_TRUE(quiet.keeps(auth({.service = "sudo", .account = "alice"}, alice(0))));
    EXPECT_TRUE(quiet.keeps(identity("setuid", alice())));
    EXPECT_TRUE(quiet.keeps(event(record<rec_module>(REC_KERNEL_MODULE), alice(0))));
    EXPECT_TRUE(quiet.keeps(event(record<rec_account>(REC_AUTH_ACCOUNT), alice(0))));
    EXPECT_FALSE(quiet.keeps(session_event(REC_SESSION_START, "cron", alice())));
    for (const std::uint16_t kind :
         {REC_NETWORK_ACCEPT, REC_NETWORK_CLOSE, REC_NETWORK_DNS, REC_NETWORK_LISTEN})
        EXPECT_FALSE(quiet.keeps(net(kind, alice()))) << kind;
}

TEST_F(ProfileTest, StandardIsWhatTraceShowsAndForensicEverything) {
    ProfileRules standard{Profile::kStandard, lineage}, forensic{Profile::kForensic, lineage};
    const Event reading = file(REC_FILE_OPEN, "/usr/lib/x.so", alice());
    const Event writing = file(REC_FILE_OPEN, "/srv/x", alice(), 0, O_WRONLY);
    EXPECT_FALSE(standard.keeps(reading));
    EXPECT_TRUE(standard.keeps(writing));
    EXPECT_TRUE(forensic.keeps(reading));
}

TEST_F(ProfileTest, WhatAFilterKeepsGoesThroughIt) {
    FilterOptions options;
    options.everything = true;
    options.profile = Profile::kQuiet;
    auto filter = Filter::compile(options, lineage);
    ASSERT_TRUE(filter);
    EXPECT_FALSE(filter->keeps(file(REC_FILE_OPEN, "/usr/lib/x.so", alice())));
    EXPECT_EQ(filter->kept_back(REC_FILE_OPEN), 1u);
    for (const std::uint16_t kind : {REC_SENSOR_LOSS, REC_SENSOR_TAMPER, REC_SENSOR_BUDGET, REC_SENSOR_START})
        EXPECT_TRUE(filter->keeps(sensor(kind, "x"))) << kind;
    EXPECT_TRUE(filter->keeps(event(record<rec_heartbeat>(REC_SENSOR_HEARTBEAT), nullptr)));
    filter->use(Profile::kForensic);
    EXPECT_TRUE(filter->keeps(file(REC_FILE_OPEN, "/usr/lib/x.so", alice())));
}

TEST(FirstTimes, RemembersAsManyAsItSays) {
    FirstTimes times(100);
    for (std::uint64_t key = 0; key < 1000; ++key) times.put(key);
    for (std::uint64_t key = 900; key < 1000; ++key) EXPECT_TRUE(times.has(key)) << key;
    EXPECT_FALSE(times.has(1));
}

TEST(FirstTimes, KeepsWhatIsAskedFor) {
    FirstTimes times(100);
    times.put(7);
    for (std::uint64_t key = 1000; key < 3000; ++key) {
        times.put(key);
        EXPECT_TRUE(times.has(7)) << key;
    }
}

}  // namespace
}  // namespace whodid
