// SPDX-License-Identifier: Apache-2.0
// What is done to the sensor itself, and what only looks like it.
#include "enrich/guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/stat.h>

#include <cerrno>

#include "event/decode.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::RecordBuilder;
using test::Seen;

constexpr FileId kProgram{254 << 20, 700}, kOutput{254 << 20, 701};

class GuardTest : public testing::Test, protected test::World {
protected:
    GuardTest() {
        there_was(sensor_);
        there_was(mallory_);
        Guarded guarded;
        guarded.processes = {{sensor_.task.tgid, sensor_.task.start_ns}};
        guarded.files = {{"/usr/bin/whodid", kProgram, GuardedUse::kProgram},
                         {"/var/log/day.json", kOutput, GuardedUse::kOutput}};
        guarded.objects = {{REC_BPF_PROGRAM, 10}, {REC_BPF_MAP, 11}, {REC_BPF_LINK, 12}};
        pipeline().guard().set(guarded);
    }

    static rec_target target_of(const Actor& a) { return {a.task.start_ns, a.task.tgid, a.task.tgid}; }
    RecordBuilder<rec_ptrace> hold_of(const Actor& target, std::uint32_t operation) const {
        RecordBuilder<rec_ptrace> r(REC_PROCESS_PTRACE, mallory_.task);
        r->target = target_of(target);
        r->operation = operation;
        r->path.flags = REC_PATH_ABSENT;
        return r;
    }
    RecordBuilder<rec_bpf> call_of(std::uint32_t command, std::uint32_t object, std::uint32_t id) const {
        RecordBuilder<rec_bpf> r(REC_KERNEL_BPF, mallory_.task);
        r->command = command;
        r->object = object;
        r->id = id;
        r->attach_type = REC_UNSET;
        return r;
    }
    RecordBuilder<rec_file> touch(std::uint16_t kind, std::string_view path, FileId id) const {
        auto r = file_of(mallory_, kind, path);
        r->inode = id.inode;
        r->dev = id.dev;
        return r;
    }
    RecordBuilder<rec_file> open_of(std::string_view path, FileId id, std::uint32_t flags) const {
        auto r = touch(REC_FILE_OPEN, path, id);
        r->open_flags = flags;
        return r;
    }
    /// As the tracepoint backend tells of what worked: by name alone.
    RecordBuilder<rec_file> named(std::uint16_t kind, std::string_view name, int result) const {
        RecordBuilder<rec_file> r(kind, mallory_.task);
        r->h.result = result;
        r->h.flags = REC_F_USER_SUPPLIED;
        r->path.flags = r->base2.flags = REC_PATH_ABSENT;
        r.path(&rec_file::base, "/usr").text(&rec_file::name, name);
        return r;
    }
    template <class R>
    std::string did(RecordBuilder<R> builder) {
        sink.events.clear();
        happens(std::move(builder));
        std::string text;
        for (const Seen& seen : all("sensor.tamper")) text += seen["whodid.sensor.text"];
        EXPECT_TRUE(ledger.imbalances().empty()) << ledger.imbalances().front();
        return text;
    }

    const Actor sensor_ = Actor::process(500).runs("/usr/bin/whodid", kProgram),
                mallory_ = Actor::process(600).login(1004, 118).runs("/usr/bin/python3", {254 << 20, 1});
};

TEST_F(GuardTest, ASignalToTheSensor) {
    RecordBuilder<rec_signal> r(REC_RAW_SIGNAL, mallory_.task);
    r->target = target_of(sensor_);
    r->signal = 9;
    happens(r);
    const Seen tamper = one("sensor.tamper");
    EXPECT_EQ(tamper["whodid.sensor.text"], "SIGKILL to the sensor whodid[500]");
    EXPECT_EQ(tamper["user.name"], "alice");
    EXPECT_EQ(tamper["process.pid"], "600");
    EXPECT_EQ(tamper["event.outcome"], "success");
}

TEST_F(GuardTest, AHoldOnTheSensor) {
    EXPECT_EQ(did(hold_of(sensor_, REC_HOLD_ATTACH)), "attach of the sensor whodid[500]");
    auto refused = hold_of(sensor_, REC_HOLD_WRITE);
    refused->h.result = -EPERM;
    EXPECT_EQ(did(refused), "process_vm_writev of the sensor whodid[500]");
    const auto tampers = all("sensor.tamper");
    ASSERT_FALSE(tampers.empty());
    EXPECT_EQ(tampers.back()["error.type"], "EPERM");
    EXPECT_FALSE(all("process.ptrace").empty());
    EXPECT_EQ(did(hold_of(mallory_, REC_HOLD_ATTACH)), "");
    Actor before = sensor_;
    before.task.start_ns -= 5;
    EXPECT_EQ(did(hold_of(before, REC_HOLD_ATTACH)), "");
}

TEST_F(GuardTest, ItsKernelSide) {
    EXPECT_EQ(did(call_of(BPF_MAP_GET_FD_BY_ID, REC_BPF_MAP, 11)),
              "MAP_GET_FD_BY_ID of the sensor's map 11 ");
    auto link = call_of(BPF_LINK_DETACH, REC_BPF_LINK, 12);
    EXPECT_EQ(did(link.text(&rec_bpf::name, "on_openat")), "LINK_DETACH of the sensor's link 12 on_openat");
    auto refused = call_of(BPF_PROG_GET_FD_BY_ID, 0, 10);  // only the number is told
    refused->h.result = -EPERM;
    EXPECT_EQ(did(refused), "PROG_GET_FD_BY_ID of the sensor's program 10 ");
    auto attached = call_of(BPF_LINK_CREATE, REC_BPF_LINK, 99);
    attached->program_id = 10;
    EXPECT_EQ(did(attached), "LINK_CREATE of the sensor's program 10 ");
    EXPECT_EQ(did(call_of(BPF_MAP_GET_FD_BY_ID, REC_BPF_MAP, 10)), "");  // a program has that number
    EXPECT_EQ(did(call_of(BPF_PROG_LOAD, REC_BPF_PROGRAM, 0)), "");
}

// The kernel side tells of whoever writes into its maps. What a sensor writes there is nobody's event.
TEST_F(GuardTest, WhatIsWrittenIntoItsMaps) {
    EXPECT_EQ(did(call_of(BPF_MAP_UPDATE_ELEM, REC_BPF_MAP, 11)), "MAP_UPDATE_ELEM of the sensor's map 11 ");
    EXPECT_EQ(did(call_of(BPF_MAP_DELETE_BATCH, REC_BPF_MAP, 11)),
              "MAP_DELETE_BATCH of the sensor's map 11 ");
    auto own = call_of(BPF_MAP_UPDATE_ELEM, REC_BPF_MAP, 11);
    own->h.task = sensor_.task;
    bool is_recorded = false;
    pipeline().set_tap([&](const rec_hdr&) { is_recorded = true; });
    EXPECT_EQ(did(own), "");
    EXPECT_TRUE(sink.events.empty());
    EXPECT_FALSE(is_recorded);
}

TEST_F(GuardTest, ItsProgram) {
    EXPECT_EQ(did(touch(REC_FILE_CHMOD, "/usr/bin/whodid", kProgram)),
              "chmod of the sensor's program /usr/bin/whodid");
    EXPECT_EQ(did(touch(REC_FILE_TRUNCATE, "/mnt/whodid", kProgram)),  // by another name
              "truncate of the sensor's program /usr/bin/whodid");
    EXPECT_EQ(did(open_of("/usr/bin/whodid", kProgram, O_RDWR)),
              "write of the sensor's program /usr/bin/whodid");
    EXPECT_EQ(did(open_of("/usr/bin/whodid", kProgram, O_RDONLY)), "");
    EXPECT_EQ(did(touch(REC_FILE_LINK, "/usr/bin/whodid", kProgram)), "");
    EXPECT_EQ(did(touch(REC_FILE_MAP, "/usr/bin/whodid", kProgram)), "");
    // Another file of that name, as in a container.
    EXPECT_EQ(did(touch(REC_FILE_UNLINK, "/usr/bin/whodid", {1 << 20, 700})), "");
}

TEST_F(GuardTest, ItsProgramByName) {
    EXPECT_EQ(did(named(REC_FILE_UNLINK, "bin/./whodid", 0)),
              "unlink of the sensor's program /usr/bin/whodid");
    EXPECT_EQ(did(named(REC_FILE_UNLINK, "bin/whodid", -EACCES)),
              "unlink of the sensor's program /usr/bin/whodid");
    EXPECT_EQ(did(named(REC_FILE_UNLINK, "bin/whodid", -ENOENT)), "");
    EXPECT_EQ(did(named(REC_FILE_UNLINK, "bin/other", 0)), "");
    auto over = named(REC_FILE_RENAME, "bin/other", 0);
    over->base2.flags = 0;
    over.path(&rec_file::base2, "/usr/bin").text(&rec_file::name2, "whodid");
    EXPECT_EQ(did(over), "rename of the sensor's program /usr/bin/whodid");
}

TEST_F(GuardTest, ItsOutput) {
    EXPECT_EQ(did(open_of("/var/log/day.json", kOutput, O_RDONLY)),
              "read of the sensor's output /var/log/day.json");
    EXPECT_EQ(did(open_of("/var/log/day.json", kOutput, O_WRONLY)),
              "write of the sensor's output /var/log/day.json");
    EXPECT_EQ(did(open_of("/var/log/day.json", {33, kOutput.inode}, O_RDONLY)),  // btrfs
              "read of the sensor's output /var/log/day.json");
    EXPECT_EQ(did(open_of("/var/log/other.json", {33, kOutput.inode}, O_RDONLY)), "");
    EXPECT_EQ(did(open_of("/var/log/other.json", {254 << 20, 702}, O_RDONLY)), "");
}

class GuardSettings : public GuardTest {
protected:
    GuardSettings() {
        Guarded guarded;
        guarded.files = {{"/srv/people", {254 << 20, 710}, GuardedUse::kSettings},
                         {"/etc/whodid", {}, GuardedUse::kSettings, true},
                         {"/run/whodid/500.pid", {25, 711}, GuardedUse::kState}};
        pipeline().guard().set(guarded);
    }
};

TEST_F(GuardSettings, MayBeRead) {
    EXPECT_EQ(did(open_of("/srv/people", {254 << 20, 710}, O_RDONLY)), "");
    EXPECT_EQ(did(open_of("/etc/whodid/whodid.conf", {254 << 20, 712}, O_RDONLY)), "");
    EXPECT_EQ(did(open_of("/srv/people", {254 << 20, 710}, O_WRONLY)),
              "write of the sensor's settings /srv/people");
    EXPECT_EQ(did(touch(REC_FILE_UNLINK, "/run/whodid/500.pid", {25, 711})),
              "unlink of the sensor's state /run/whodid/500.pid");
}

// An editor has put another file in its place.
TEST_F(GuardSettings, AreKnownByNameToo) {
    EXPECT_EQ(did(open_of("/srv/people", {254 << 20, 799}, O_WRONLY)),
              "write of the sensor's settings /srv/people");
    EXPECT_EQ(did(touch(REC_FILE_CHMOD, "/mnt/people", {254 << 20, 710})),
              "chmod of the sensor's settings /srv/people");
    EXPECT_EQ(did(touch(REC_FILE_CHMOD, "/mnt/people", {254 << 20, 799})), "");
}

// Whether it is there or not, and by whatever name comes and goes.
TEST_F(GuardSettings, AllThatIsInADirectory) {
    const FileId some{254 << 20, 720};
    EXPECT_EQ(did(touch(REC_FILE_MKDIR, "/etc/whodid", some)), "mkdir of the sensor's settings /etc/whodid");
    EXPECT_EQ(did(touch(REC_FILE_CREATE, "/etc/whodid/whodid.conf", some)),
              "create of the sensor's settings /etc/whodid/whodid.conf");
    EXPECT_EQ(did(touch(REC_FILE_CREATE, "/etc/whodid.conf", some)), "");
    auto into = touch(REC_FILE_RENAME, "/tmp/new", some);
    into->base2.flags = 0;
    into.path(&rec_file::base2, "/etc/whodid/rules").text(&rec_file::name2, "a");
    EXPECT_EQ(did(into), "rename of the sensor's settings /etc/whodid/rules/a");
    EXPECT_EQ(did(touch(REC_FILE_SYMLINK, "/etc/whodid/b", {})),
              "symlink of the sensor's settings /etc/whodid/b");
    auto missing = named(REC_FILE_UNLINK, "../etc/whodid/c", -ENOENT);
    EXPECT_EQ(did(missing), "");
}

// Its predecessor's end is told when nothing else is known of it.
TEST_F(GuardTest, ASignalToAWorkerThatIsNoMore) {
    RecordBuilder<rec_signal> r(REC_RAW_SIGNAL, mallory_.task);
    r->target = {1, 499, 499};
    r->signal = 9;
    EXPECT_EQ(did(r), "SIGKILL to the sensor's process 499");
}

TEST_F(GuardTest, ItsMemory) {
    EXPECT_EQ(did(open_of("/proc/500/mem", {20, 1}, O_RDONLY)), "read of the sensor's memory /proc/500/mem");
    EXPECT_EQ(did(open_of("/proc/500/task/501/mem", {20, 2}, O_RDWR)),
              "write of the sensor's memory /proc/500/task/501/mem");
    EXPECT_EQ(did(open_of("/proc/600/mem", {20, 3}, O_RDONLY)), "");
    EXPECT_EQ(did(open_of("/proc/500/maps", {20, 4}, O_RDONLY)), "");
}

TEST_F(GuardTest, ASensorsOwnActsAreNone) {
    auto own = file_of(sensor_, REC_FILE_CHMOD, "/var/log/day.json");
    own->inode = kOutput.inode;
    own->dev = kOutput.dev;
    EXPECT_EQ(did(own), "");
}

// The filter hides the act, and not what it was done to.
TEST_F(GuardTest, WhatIsFilteredIsToldAllTheSame) {
    test::World quiet;
    quiet.options.filter.everything = false;
    quiet.options.filter.users = {"nobody"};
    quiet.there_was(sensor_);
    quiet.pipeline().guard().set({{{sensor_.task.tgid, sensor_.task.start_ns}}, {}, {}});
    quiet.happens(hold_of(sensor_, REC_HOLD_SEIZE));
    EXPECT_TRUE(quiet.all("process.ptrace").empty());
    EXPECT_EQ(quiet.all("sensor.tamper").size(), 1u);
}

// A replay does not know what was guarded: it has the tampering from the recording.
TEST_F(GuardTest, TamperingIsRecorded) {
    std::vector<std::vector<char>> recorded;
    pipeline().set_tap([&](const rec_hdr& record) {
        const auto* bytes = reinterpret_cast<const char*>(&record);
        recorded.emplace_back(bytes, bytes + record.size);
    });
    happens(hold_of(sensor_, REC_HOLD_SEIZE));
    const Seen live = one("sensor.tamper");
    test::World replay;
    replay.there_was(mallory_);
    for (const auto& record : recorded) replay.happens(record);
    const Seen again = replay.one("sensor.tamper");
    EXPECT_EQ(again["event.id"], live["event.id"]);
    EXPECT_EQ(again["whodid.sensor.text"], live["whodid.sensor.text"]);
    EXPECT_EQ(again["user.name"], "alice");
}

}  // namespace
}  // namespace whodid
