// SPDX-License-Identifier: Apache-2.0
// Many acts told as one: which are, and that none is counted twice or not at all.
#include "fold/summaries.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <list>
#include <map>
#include <set>

#include "made_event.h"

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000, kEnd = ~std::uint64_t{0};

struct SummariesTest : testing::Test, test::Maker {
    std::set<std::uint32_t> typed;  // by pid
    Summaries summaries{[this](const Event& e) { return typed.contains(e.process->pid); }};
    std::map<std::uint32_t, std::shared_ptr<Process>> processes;
    std::uint64_t now = kBootNs, seq = 100;
    Arena arena;

    std::shared_ptr<Process> process(std::uint32_t pid, std::uint32_t parent, const std::string& exe) {
        auto p = alice(1004, exe);
        p->pid = pid;
        p->parent_pid = parent;
        p->entity = {pid, pid};
        p->parent_entity = {parent, parent};
        return processes[pid] = p;
    }
    template <class R>
    Event at_now(RecordMaker<R> made, const std::shared_ptr<const Process>& p) {
        made->h.boot_ns = now += 1'000'000;
        made->h.seq = ++seq;
        return event(std::move(made), p);
    }
    bool fork(std::uint32_t pid, std::uint32_t parent) {
        const auto p = process(pid, parent, processes.at(parent)->exe);
        return summaries.take(at_now(record<rec_fork>(REC_PROCESS_FORK), p), false);
    }
    Event started(std::uint32_t pid, std::uint32_t parent, const std::vector<std::string>& args,
                  const std::string& cwd = "/src/x") {
        auto made = record<rec_exec>(REC_PROCESS_EXEC);
        std::string block;
        for (const std::string& arg : args) block.append(arg).push_back('\0');
        made.text(&rec_exec::argv, block);
        Event e = at_now(std::move(made), process(pid, parent, args.front()));
        auto* r = const_cast<rec_exec*>(&e.as<rec_exec>());
        cwds.push_back(cwd);
        // A walked path in the record's tail, as decode leaves it.
        RecordMaker<rec_exec> with(r->h, REC_PROCESS_EXEC);
        with->h = r->h;
        with.text(&rec_exec::argv, block).text(&rec_exec::tty, cwd);
        e.record = with.finish(arena);
        r = const_cast<rec_exec*>(&e.as<rec_exec>());
        r->cwd = {r->tty.off, r->tty.len, REC_PATH_TURNED, 0};
        r->tty = {};
        return e;
    }
    bool exec(std::uint32_t pid, std::uint32_t parent, const std::vector<std::string>& args,
              const std::string& cwd = "/src/x") {
        return summaries.take(started(pid, parent, args, cwd), true);
    }
    bool exit(std::uint32_t pid, std::uint32_t code = 0, std::uint32_t signal = 0) {
        auto made = record<rec_exit>(REC_PROCESS_EXIT);
        made->code = code;
        made->signal = signal;
        made->user_ns = kSecond;
        return summaries.take(at_now(std::move(made), processes.at(pid)), false);
    }
    Event opened(std::uint32_t pid, const std::string& path, int flags, rec_u16 fold = 0) {
        auto made = record<rec_file>(REC_FILE_OPEN);
        made->open_flags = static_cast<std::uint32_t>(flags);
        made->h.task.fold = fold;
        Event e = at_now(std::move(made), processes.at(pid));
        paths.push_back(path);
        e.path = std::string_view(*std::prev(paths.end()));
        return e;
    }
    bool writes(std::uint32_t pid, const std::string& path) {
        return summaries.take(opened(pid, path, O_WRONLY | O_CREAT), true);
    }
    bool reads(std::uint32_t pid, const std::string& path) {
        return summaries.take(opened(pid, path, O_RDONLY), false);
    }

    struct Summary {
        const rec_summary* record;
        std::uint64_t count;
        std::uint64_t events = 0;
        std::string text(rec_str slice) const {
            return {reinterpret_cast<const char*>(record) + slice.off, slice.len};
        }
    };
    std::vector<Summary> told(std::uint64_t until) {
        std::vector<Summary> out;
        summaries.tick(until, arena, [&](const Summaries::Told& t) {
            out.push_back({reinterpret_cast<const rec_summary*>(t.record), t.count});
            for (const auto& [kind, events] : t.of) out.back().events += events;
        });
        return out;
    }

    std::list<std::string> cwds, paths;
};

TEST_F(SummariesTest, ABuildIsOne) {
    typed = {10};
    process(9, 1, "/usr/bin/bash");
    fork(10, 9);
    EXPECT_FALSE(exec(10, 9, {"/usr/bin/make", "-j2"})) << "what begins it is told";
    for (std::uint32_t pid = 11; pid <= 20; ++pid) {
        fork(pid, 10);
        EXPECT_TRUE(exec(pid, 10, {"/usr/bin/x86_64-linux-gnu-gcc-12", "-c"}));
        fork(pid + 100, pid);
        EXPECT_TRUE(exec(pid + 100, pid, {"/usr/lib/gcc/cc1"}));
        EXPECT_FALSE(reads(pid + 100, "/usr/include/stdio.h")) << "not kept anyway";
        EXPECT_TRUE(writes(pid + 100, "/tmp/cc1.s"));
        EXPECT_TRUE(writes(pid, "/src/x/build/a.o"));
        exit(pid + 100);
        exit(pid, pid == 20);
    }
    EXPECT_TRUE(told(now).empty()) << "it is not over";
    exit(10, 2);
    const auto all = told(now);
    ASSERT_EQ(all.size(), 1u);
    const rec_summary& r = *all[0].record;
    EXPECT_EQ(r.h.kind, REC_SUMMARY_BUILD);
    EXPECT_EQ(r.execs, 20u);
    EXPECT_EQ(r.reads, 10u);
    EXPECT_EQ(r.writes, 20u);
    EXPECT_EQ(r.events, 40u);
    EXPECT_EQ(all[0].count, 41u) << "with the first";
    EXPECT_EQ(all[0].events, 40u);
    EXPECT_EQ(r.failures, 2u) << "one gcc, and make itself";
    EXPECT_EQ(r.user_ns, 21 * kSecond);
    EXPECT_TRUE(r.ended);
    EXPECT_EQ(r.code, 2u);
    EXPECT_EQ(all[0].text(r.directory), "/src/x");
    EXPECT_EQ(all[0].text(r.args), std::string("/usr/bin/make\0-j2\0", 18));
    EXPECT_TRUE(all[0].text(r.programs).starts_with(std::string("cc1 10\0", 7)));
    EXPECT_TRUE(told(kEnd).empty()) << "once";
}

TEST_F(SummariesTest, WhatIsNotOrdinaryIsToldByItself) {
    exec(10, 9, {"/usr/bin/make"});
    for (std::uint32_t pid = 11; pid <= 19; ++pid) fork(pid, 10);
    EXPECT_FALSE(exec(11, 10, {"/usr/bin/curl", "http://example.com"})) << "reaches another host";
    Event risen = started(12, 10, {"/usr/bin/passwd"});
    const_cast<rec_exec&>(risen.as<rec_exec>()).secure = 1;
    EXPECT_FALSE(summaries.take(risen, true));
    EXPECT_FALSE(exec(13, 10, {"/home/alice/bin/x"})) << "neither the system's nor the build's";
    EXPECT_TRUE(exec(14, 10, {"/src/x/conftest"}));
    EXPECT_FALSE(writes(15, "/home/alice/.bashrc"));
    EXPECT_FALSE(writes(15, "/src/x/../y")) << "not below it";
    EXPECT_FALSE(writes(15, "/src/xy")) << "another directory";
    Event tagged = opened(15, "/src/x/a", O_WRONLY);
    tagged.tags = std::string_view("keys\0", 5);
    EXPECT_FALSE(summaries.take(tagged, true));
    Event denied = opened(15, "/src/x/a", O_WRONLY);
    const_cast<rec_hdr*>(denied.record)->result = -EACCES;
    EXPECT_FALSE(summaries.take(denied, true));
    Event said = opened(15, "/src/x/link/a", O_WRONLY);
    const_cast<rec_hdr*>(said.record)->flags |= REC_F_USER_SUPPLIED;
    EXPECT_TRUE(summaries.take(said, true)) << "a name in the directory itself, which the kernel told";
    auto root = std::make_shared<Process>(*processes.at(16));
    root->credentials.euid = 0;
    processes[16] = root;
    EXPECT_FALSE(writes(16, "/src/x/a")) << "with other rights";
    const Event connect = net(REC_NETWORK_CONNECT, processes.at(15));
    EXPECT_FALSE(summaries.take(connect, true));
    EXPECT_FALSE(summaries.take(at_now(record<rec_exit>(REC_PROCESS_EXIT), processes.at(17)), false));
    auto crashed = record<rec_exit>(REC_PROCESS_EXIT);
    crashed->signal = SIGSEGV;
    EXPECT_FALSE(summaries.take(at_now(std::move(crashed), processes.at(18)), true));
}

TEST_F(SummariesTest, ProgramsOutsideOfTheTaskAreToldWhereverTheyMayBeWritten) {
    exec(10, 9, {"/usr/bin/make"});
    for (std::uint32_t pid = 11; pid <= 14; ++pid) fork(pid, 10);
    EXPECT_FALSE(exec(11, 10, {"/tmp/x"}));
    EXPECT_FALSE(exec(12, 10, {"/home/alice/.cache/x"}));
    Event audited = started(13, 10, {"/usr/bin/as"});
    auto* r = const_cast<rec_exec*>(&audited.as<rec_exec>());
    RecordMaker<rec_exec> with(r->h, REC_PROCESS_EXEC);
    with->h = r->h;
    with.text(&rec_exec::env, std::string("LD_AUDIT=/tmp/x.so\0", 19));
    audited.record = with.finish(arena);
    EXPECT_FALSE(summaries.take(audited, true));
    Event made = opened(14, "/tmp/s", O_WRONLY | O_CREAT);
    const_cast<rec_file&>(made.as<rec_file>()).mode = 0104755;
    EXPECT_FALSE(summaries.take(made, true)) << "set-id from the first";
    Event chmod = at_now(record<rec_file>(REC_FILE_CHMOD), processes.at(14));
    chmod.path = "/src/x/link";
    const_cast<rec_hdr*>(chmod.record)->flags |= REC_F_USER_SUPPLIED;
    EXPECT_FALSE(summaries.take(chmod, true)) << "may be a link";
}

TEST_F(SummariesTest, AHomeDirectoryIsNoBuildsOwn) {
    exec(10, 9, {"/usr/bin/make"}, "/home/alice");
    EXPECT_FALSE(writes(10, "/home/alice/.profile"));
    EXPECT_FALSE(writes(10, "/home/alice/x"));
    EXPECT_TRUE(writes(10, "/home/alice/.cache/ccache/1"));
    EXPECT_TRUE(writes(10, "/tmp/x"));
}

TEST_F(SummariesTest, OnlyRootsProgramsHaveATrade) {
    exec(10, 9, {"/tmp/make"});
    fork(11, 10);
    EXPECT_FALSE(exec(11, 10, {"/usr/bin/id"}));
}

TEST_F(SummariesTest, PackagesAreWrittenEverywhere) {
    exec(10, 9, {"/usr/bin/apt-get", "install", "x"}, "/root");
    fork(11, 10);
    EXPECT_TRUE(exec(11, 10, {"/usr/bin/dpkg", "--unpack"}));
    EXPECT_TRUE(writes(11, "/usr/bin/x"));
    fork(12, 11);
    EXPECT_TRUE(exec(12, 11, {"/bin/sh", "/var/lib/dpkg/info/x.postinst"}));
    EXPECT_FALSE(writes(12, "/etc/x.conf")) << "a maintainer's script";
    auto made = record<rec_file>(REC_FILE_CHMOD);
    made->new_mode = 04755;
    Event set_id = at_now(std::move(made), processes.at(11));
    set_id.path = "/usr/bin/x";
    EXPECT_FALSE(summaries.take(set_id, true));
    exit(10);
    const auto all = told(now);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].record->h.kind, REC_SUMMARY_PROCESS);
    EXPECT_EQ(all[0].record->of, REC_SUMMARY_OF_PACKAGES);
    EXPECT_EQ(all[0].record->events, 3u);
}

TEST_F(SummariesTest, RepeatsAreCountedForAMinute) {
    process(9, 1, "/usr/bin/bash");
    EXPECT_FALSE(exec(10, 9, {"/usr/bin/grep", "a"})) << "the first";
    for (std::uint32_t pid = 11; pid <= 30; ++pid) {
        fork(pid, 9);
        EXPECT_TRUE(exec(pid, 9, {"/usr/bin/grep", pid % 2 ? "a" : "b"}));
        exit(pid, 1);
    }
    EXPECT_FALSE(exec(31, 8, {"/usr/bin/grep", "a"})) << "somebody else's";
    EXPECT_FALSE(exec(32, 9, {"/usr/bin/sed", "a"})) << "another program";
    EXPECT_TRUE(told(kBootNs + 59 * kSecond).empty());
    const auto all = told(kBootNs + 61 * kSecond);
    ASSERT_EQ(all.size(), 1u);
    const rec_summary& r = *all[0].record;
    EXPECT_EQ(r.of, REC_SUMMARY_OF_REPEATS);
    EXPECT_EQ(r.execs, 20u);
    EXPECT_EQ(r.failures, 20u);
    EXPECT_EQ(all[0].text(r.commands), std::string("/usr/bin/grep a\0/usr/bin/grep b\0", 32));
    now = kBootNs + 62 * kSecond;
    EXPECT_FALSE(exec(33, 9, {"/usr/bin/grep", "a"})) << "the first of another minute";
}

TEST_F(SummariesTest, WhatIsTypedIsToldEachTime) {
    typed = {10, 11, 12};
    for (std::uint32_t pid = 10; pid <= 12; ++pid) EXPECT_FALSE(exec(pid, 9, {"/usr/bin/ls"}));
    EXPECT_TRUE(told(kEnd).empty());
}

TEST_F(SummariesTest, WhoGetsAShellOutOfItIsNoPartOfIt) {
    exec(10, 9, {"/usr/bin/make"});
    fork(11, 10);
    EXPECT_TRUE(exec(11, 10, {"/usr/bin/bash"}));
    fork(12, 11);
    typed = {12};
    EXPECT_FALSE(exec(12, 11, {"/usr/bin/vim", "x"}));
    EXPECT_FALSE(writes(12, "/src/x/a"));
}

TEST_F(SummariesTest, OfAnInterpreterWhatItIsToldToDoCounts) {
    EXPECT_FALSE(exec(10, 9, {"/usr/bin/dash", "-c", "id"}));
    EXPECT_FALSE(exec(11, 9, {"/usr/bin/dash", "-c", "rm -rf /srv"}));
    EXPECT_TRUE(exec(12, 9, {"/usr/bin/dash", "-c", "id"}));
    EXPECT_FALSE(exec(13, 9, {"/usr/bin/timeout", "5", "id"}));
    EXPECT_FALSE(exec(14, 9, {"/usr/bin/timeout", "5", "rm"}));
}

TEST_F(SummariesTest, WhatTheKernelSideCountedBelongsWhereTheFirstDid) {
    exec(10, 9, {"/usr/bin/make"});
    const Event first = opened(10, "/src/x/log", O_WRONLY, 5);
    EXPECT_TRUE(summaries.take(first, true));
    Event read = opened(10, "/usr/include/a.h", O_RDONLY, 6);
    EXPECT_FALSE(summaries.take(read, false));
    exit(10);
    const auto built = told(now);
    ASSERT_EQ(built.size(), 1u);
    EXPECT_EQ(built[0].record->writes, 1u);
    Event closing = first;
    closing.closes_fold = true;
    closing.count = 40;
    EXPECT_TRUE(summaries.take(closing, true)) << "the process has ended, the first of them was not told";
    EXPECT_FALSE(summaries.take(closing, true)) << "once";
    EXPECT_TRUE(told(now + 100 * kSecond).empty());
    const auto later = told(now + 200 * kSecond);
    ASSERT_EQ(later.size(), 1u);
    EXPECT_EQ(later[0].record->part, 2u);
    EXPECT_EQ(later[0].record->writes, 39u);
    EXPECT_EQ(later[0].record->events, 1u);
    EXPECT_EQ(later[0].count, 40u);
}

TEST_F(SummariesTest, WhatTakesLongIsToldInParts) {
    exec(10, 9, {"/usr/bin/make"});
    std::uint64_t execs = 0;
    for (std::uint32_t pid = 11; pid <= 40; ++pid) {
        now += 60 * kSecond;
        fork(pid, 10);
        exec(pid, 10, {"/usr/bin/as"});
        for (const Summary& s : told(now)) {
            execs += s.record->execs;
            EXPECT_FALSE(s.record->ended);
        }
    }
    exit(10);
    const auto last = told(now);
    ASSERT_EQ(last.size(), 1u);
    EXPECT_EQ(last[0].record->part, 4u);
    EXPECT_EQ(execs + last[0].record->execs, 30u);
}

TEST_F(SummariesTest, AnEndThatWasLostEndsAnHourLater) {
    exec(10, 9, {"/usr/bin/make"});
    fork(11, 10);
    exec(11, 10, {"/usr/bin/as"});
    EXPECT_EQ(told(now + 601 * kSecond).size(), 1u);
    EXPECT_TRUE(told(now + 3601 * kSecond).empty()) << "nothing since";
    now += 3602 * kSecond;
    EXPECT_FALSE(exec(11, 10, {"/usr/bin/as"})) << "the first of another";
}

TEST_F(SummariesTest, AtTheEndAllIsTold) {
    exec(10, 9, {"/usr/bin/make"});
    fork(11, 10);
    exec(11, 10, {"/usr/bin/as"});
    exec(12, 8, {"/usr/bin/awk"});
    exec(13, 8, {"/usr/bin/awk"});
    const auto all = told(kEnd);
    ASSERT_EQ(all.size(), 2u);
    for (const Summary& s : all) {
        EXPECT_FALSE(s.record->ended);
        EXPECT_LE(s.record->h.boot_ns, now);
        EXPECT_EQ(s.record->execs, 1u);
    }
}

TEST_F(SummariesTest, ABuildThatDidNothingIsNotTold) {
    exec(10, 9, {"/usr/bin/make", "--version"});
    exit(10);
    EXPECT_TRUE(told(kEnd).empty());
}

}  // namespace
}  // namespace whodid
