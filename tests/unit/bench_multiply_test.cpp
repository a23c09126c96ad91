// SPDX-License-Identifier: Apache-2.0
// One process of a recording becomes many.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>
#include <vector>

#include "bench/multiply.h"
#include "event/decode.h"
#include "source/recording.h"
#include "world.h"

namespace whodid::bench {
namespace {

using test::Actor;
using test::RecordBuilder;
using test::World;

class BenchMultiply : public testing::Test {
protected:
    BenchMultiply() {
        char name[] = "/tmp/whodid-multiply.XXXXXX";
        directory_ = ::mkdtemp(name);
        from_ = directory_ + "/from";
        to_ = directory_ + "/to";
    }
    ~BenchMultiply() override { std::filesystem::remove_all(directory_); }

    static void put(RecordingWriter& writer, std::vector<char> bytes, std::uint64_t boot_ns) {
        ASSERT_TRUE(decode(bytes));
        auto& header = *reinterpret_cast<rec_hdr*>(bytes.data());
        header.boot_ns = boot_ns;
        writer.record(header);
    }

    /// A process that lives, and one that only starts.
    void record() const {
        World world;
        RecordingHeader header;
        header.made_by = "whodid 1.0";
        header.stream = world.stream;
        header.sizes = record_sizes();
        header.host = world.host;
        auto writer = RecordingWriter::create(from_, true);
        ASSERT_TRUE(writer);
        ASSERT_TRUE((*writer)->begin(header));
        put(**writer, world.exec_of(Actor::process(7).runs("/usr/bin/vim"), {"vim"}).bytes(), 100);
        auto exec = world.exec_of(Actor::process(8).runs("/opt/nothing"), {"nothing"});
        const rec_task task = exec->h.task;
        put(**writer, RecordBuilder<rec_fork>(REC_PROCESS_FORK, task).bytes(), 200);
        put(**writer, exec.bytes(), 300);
        put(**writer, RecordBuilder<rec_exit>(REC_PROCESS_EXIT, task).bytes(), 400);
        ASSERT_TRUE((*writer)->finish(1, 0));
    }

    struct Lives {
        std::vector<std::uint16_t> kinds;
        std::set<rec_u32> pids;
        std::set<std::uint64_t> starts;
        bool in_order = true;
    };
    /// What stands in the result behind the four records of the original.
    Lives read() const {
        auto reader = RecordingReader::open(to_);
        EXPECT_TRUE(reader);
        Lives lives;
        std::uint64_t last_ns = 0;
        for (int i = 0;; ++i) {
            const auto frame = (*reader)->next();
            EXPECT_TRUE(frame) << frame.error().message;
            if (!frame || *frame != RecordingReader::Frame::kRecord) return lives;
            const auto record = (*reader)->record();
            const auto& header = *reinterpret_cast<const rec_hdr*>(record.data());
            lives.in_order = lives.in_order && header.boot_ns > last_ns;
            last_ns = header.boot_ns;
            if (i < 4) continue;
            lives.kinds.push_back(header.kind);
            lives.pids.insert(header.task.tgid);
            lives.starts.insert(header.task.start_ns);
        }
    }

    std::string directory_, from_, to_;
};

TEST_F(BenchMultiply, EachHasALifeOfItsOwn) {
    record();
    const auto made = multiply_process(from_, to_, "/opt/nothing", 3, true);
    ASSERT_TRUE(made) << made.error().message;
    const Lives lives = read();
    constexpr std::uint16_t kFork = REC_PROCESS_FORK, kExec = REC_PROCESS_EXEC, kExit = REC_PROCESS_EXIT;
    EXPECT_EQ(lives.kinds,
              (std::vector<std::uint16_t>{kFork, kExec, kExit, kFork, kExec, kExit, kFork, kExec, kExit}));
    EXPECT_EQ(lives.pids.size(), 3u);
    EXPECT_EQ(lives.starts.size(), 3u);
    EXPECT_TRUE(lives.in_order);
}

TEST_F(BenchMultiply, WithoutAnEndNoneExits) {
    record();
    ASSERT_TRUE(multiply_process(from_, to_, "/opt/nothing", 2, false));
    const Lives lives = read();
    EXPECT_EQ(lives.kinds.size(), 4u);
    EXPECT_EQ(std::ranges::count(lives.kinds, REC_PROCESS_EXIT), 0);
}

TEST_F(BenchMultiply, AProcessThatIsNotWholeIsRefused) {
    record();
    const auto none = multiply_process(from_, to_, "/opt/other", 2, true);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("/opt/other"), std::string::npos);
    EXPECT_FALSE(multiply_process(from_, to_, "/usr/bin/vim", 2, true));
}

}  // namespace
}  // namespace whodid::bench
