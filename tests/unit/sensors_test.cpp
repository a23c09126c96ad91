// SPDX-License-Identifier: Apache-2.0
// Which processes are sensors, and which only say so.
#include "app/sensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "event/decode.h"
#include "world.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;

using test::Actor;
using test::RecordBuilder;

class SensorsTest : public testing::Test {
protected:
    void SetUp() override {
        char made[] = "/tmp/whodid-sensors-XXXXXX";
        ASSERT_TRUE(::mkdtemp(made));
        directory_ = made;
    }
    void TearDown() override { fs::remove_all(directory_); }

    void there_was(const Actor& a) {
        RecordBuilder<rec_process> r(REC_RAW_TASK, a.task);
        r->exe_inode = a.file.inode;
        r->exe_dev = a.file.dev;
        auto bytes = r.path(&rec_process::exe, a.exe).bytes();
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded);
        Event event;
        event.record = decoded->record;
        event.kind = decoded->kind;
        event.stream = &world_.stream;
        processes_.add_existing(event);
    }
    void lists_itself(std::uint32_t pid) const {
        std::ofstream(directory_ / (std::to_string(pid) + ".pid")) << "";
    }
    std::vector<std::uint32_t> guarded() const {
        std::vector<std::uint32_t> pids;
        for (const rec_guard& guard : SensorList(directory_).guards(processes_)) pids.push_back(guard.tgid);
        return pids;
    }
    static Actor sensor(std::uint32_t pid) {
        return Actor::process(pid).runs("/usr/bin/whodid", {254 << 20, 700});
    }

    fs::path directory_;
    test::World world_;
    Users users_{world_.host};
    Sessions sessions_{world_.stream};
    Containers containers_{world_.host};
    Processes processes_{world_.stream, users_, sessions_, containers_};
    const std::uint32_t self_ = static_cast<std::uint32_t>(::getpid());
};

TEST_F(SensorsTest, Trap46_TheListedThatRunTheSameFileAreSensors) {
    there_was(sensor(self_));
    there_was(sensor(500'001));
    there_was(sensor(500'002));
    lists_itself(500'001);
    EXPECT_EQ(guarded(), (std::vector<std::uint32_t>{self_, 500'001}));
}

// Nobody hides by a name, a listed number, or both.
TEST_F(SensorsTest, Trap46_AListedNumberMakesNoSensor) {
    there_was(sensor(self_));
    there_was(
        Actor::process(500'003).runs("/usr/bin/whodid", {254 << 20, 701}));  // another file of that name
    there_was(Actor::process(500'004).runs("/usr/bin/whodid", {255 << 20, 700}));  // that number elsewhere
    for (const std::uint32_t pid : {500'003u, 500'004u, 500'005u, 0u}) lists_itself(pid);
    std::ofstream(directory_ / "500001x.pid") << "";
    std::ofstream(directory_ / "x.pid") << "";
    EXPECT_EQ(guarded(), std::vector<std::uint32_t>{self_});
}

TEST_F(SensorsTest, Trap24_TheStartIsGuardedAlong) {
    there_was(sensor(self_));
    there_was(sensor(500'001));
    lists_itself(500'001);
    Actor again = sensor(500'001);
    again.task.start_ns += 5;
    there_was(again);
    const auto guards = SensorList(directory_).guards(processes_);
    ASSERT_EQ(guards.size(), 2u);
    EXPECT_EQ(guards[0].start_ns, sensor(self_).task.start_ns);
    EXPECT_EQ(guards[1].start_ns, again.task.start_ns);
}

TEST_F(SensorsTest, ThereIsRoomForSoManyAndThisOneFirst) {
    there_was(sensor(self_));
    for (std::uint32_t pid = 500'001; pid < 500'030; ++pid) {
        there_was(sensor(pid));
        lists_itself(pid);
    }
    EXPECT_EQ(guarded().size(), std::size_t{WHODID_GUARDED_MAX});
    EXPECT_EQ(guarded().front(), self_);
}

TEST_F(SensorsTest, LeavesNothingBehind) {
    const std::string own = std::to_string(self_) + ".pid";
    {
        const SensorList list(directory_);
        EXPECT_TRUE(fs::exists(directory_ / own));
    }
    EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(SensorsTest, WithoutADirectoryItKnowsItself) {
    there_was(sensor(self_));
    const auto guards = SensorList("/nonexistent/whodid").guards(processes_);
    ASSERT_EQ(guards.size(), 1u);
    EXPECT_EQ(guards[0].tgid, self_);
}

// ---- how far they came ------------------------------------------------------------------------------------

TEST_F(SensorsTest, WhoDiesLeavesANoteOfHowFarItCame) {
    const fs::path own = SensorList(directory_).file_of(self_), dead = directory_ / "500001.pid";
    {
        SensorList list(directory_);
        EXPECT_EQ(list.take_notes_of_dead(), 0u) << "it has noted nothing";
        list.note_told(5'000);
        list.note_told(6'000);
        EXPECT_EQ(list.take_notes_of_dead(), 0u) << "it lives";
        EXPECT_TRUE(fs::exists(own));
        list.leave_note();
    }
    fs::rename(own, dead);
    SensorList next(directory_);
    next.note_told(7'000);
    EXPECT_EQ(next.take_notes_of_dead(), 6'000u);
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(own));
    EXPECT_EQ(next.take_notes_of_dead(), 0u) << "told once";
}

TEST_F(SensorsTest, WhoEndsLeavesNoNote) {
    SensorList(directory_).note_told(5'000);
    EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(SensorsTest, WhatIsNoNoteIsLeftAlone) {
    lists_itself(500'001);
    std::ofstream(directory_ / "500002.pid") << "words\n";
    std::ofstream(directory_ / "500003.pid") << boot_now_ns() + 1'000'000'000'000 << "\n";  // of another boot
    fs::create_symlink("/proc/uptime", directory_ / "500004.pid");
    fs::create_directory(directory_ / "500005.pid");
    ASSERT_EQ(::mkfifo((directory_ / "500006.pid").c_str(), 0600), 0);
    EXPECT_EQ(SensorList(directory_).take_notes_of_dead(), 0u);
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 6);
}

}  // namespace
}  // namespace whodid
