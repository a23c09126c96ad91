// SPDX-License-Identifier: Apache-2.0
// Programs are looked at for real: files made here, whose execs are made up.
#include "enrich/programs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <chrono>
#include <thread>

#include "directory.h"
#include "elf_file.h"
#include "record_builder.h"

namespace whodid {
namespace {

using test::Elf64File;
using test::RecordBuilder;

struct stat stat_of(const std::string& path) {
    struct stat st {};
    EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
    return st;
}

FileVersion version_of(const std::string& path) {
    const struct stat st = stat_of(path);
    return {{static_cast<std::uint32_t>(major(st.st_dev) << 20 | minor(st.st_dev)), st.st_ino},
            static_cast<std::uint64_t>(st.st_ctim.tv_sec) * 1'000'000'000 +
                static_cast<std::uint64_t>(st.st_ctim.tv_nsec),
            static_cast<std::uint64_t>(st.st_size)};
}

std::uint32_t file_system_of(const std::string& path) {
    struct statfs fs {};
    EXPECT_EQ(::statfs(path.c_str(), &fs), 0) << path;
    return static_cast<std::uint32_t>(fs.f_type);
}

/// No process has that number.
constexpr std::uint32_t kNobody = 0x7fffffff;

ProgramPlace place_of(const std::string& path) {
    return {version_of(path), file_system_of(path), kNobody, path};
}

/// The kernel's record of this file's start, by a process that is gone.
std::vector<char> exec_of(const std::string& path) {
    rec_task task{};
    task.tgid = kNobody;
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, task);
    const FileVersion version = version_of(path);
    r->exe_dev = version.id.dev;
    r->exe_inode = version.id.inode;
    r->exe_ctime_ns = version.ctime_ns;
    r->exe_size = version.size;
    r->exe_magic = file_system_of(path);
    r.path(&rec_exec::exe, path);
    r->cwd.flags = r->cgroup.flags = r->cgroup_v1.flags = REC_PATH_ABSENT;
    return r.bytes();
}

/// What was known of the program when its record was released.
Event describe(Programs& programs, const std::string& path) {
    std::vector<char> record = exec_of(path);
    programs.expect(record);
    const auto decoded = decode(record);
    EXPECT_TRUE(decoded);
    Event event;
    event.record = decoded->record;
    event.kind = decoded->kind;
    programs.describe(event);
    event.record = nullptr;
    return event;
}

/// Starts it again and again, until that is known of it.
template <class Condition>
std::shared_ptr<const Program> wait_for(Programs& programs, const std::string& path, Condition known) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
        const auto program = describe(programs, path).program;
        if (program && known(*program)) return program;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return nullptr;
}

bool has_hash(const Program& program) { return !program.sha256.empty(); }
bool has_build_id(const Program& program) { return !program.build_id.empty(); }

/// Names in the kernel's cache can be asked for since 5.12.
bool finds_by_path(const test::Directory& directory) {
    return ProgramFile::open(place_of(directory.write("probe", "x"))).has_value();
}

#define SKIP_WITHOUT_CACHED_LOOKUP() \
    if (!finds_by_path(directory_))  \
    GTEST_SKIP() << "this kernel cannot look up cached names only, or /tmp is no local file system"

class ProgramsTest : public testing::Test {
protected:
    test::Directory directory_;
};

// ---- the file ---------------------------------------------------------------------------------------------

TEST_F(ProgramsTest, AFileIsOpenedByItsPath) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const auto file = ProgramFile::open(place_of(directory_.write("a", "some")));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_on_host());
    EXPECT_TRUE(file->is_same());
    char bytes[8] = {};
    EXPECT_EQ(::pread(file->fd(), bytes, sizeof bytes, 0), 4);
    EXPECT_STREQ(bytes, "some");
}

TEST_F(ProgramsTest, AFileIsOpenedByItsProcess) {
    ProgramPlace place = place_of("/proc/self/exe");
    place.pid = static_cast<std::uint32_t>(::getpid());
    place.path = "/elsewhere";
    const auto file = ProgramFile::open(place);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->is_on_host());
}

TEST_F(ProgramsTest, AnotherVersionIsAnotherFile) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string path = directory_.write("a", "some");
    const ProgramPlace before = place_of(path);
    const auto file = ProgramFile::open(before);
    ASSERT_TRUE(file);
    ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
    EXPECT_FALSE(file->is_same());
    EXPECT_FALSE(ProgramFile::open(before));
    EXPECT_TRUE(ProgramFile::open(place_of(path)));
    for (auto change : {+[](FileVersion& v) { ++v.id.inode; }, +[](FileVersion& v) { ++v.id.dev; },
                        +[](FileVersion& v) { ++v.ctime_ns; }, +[](FileVersion& v) { ++v.size; }}) {
        ProgramPlace other = place_of(path);
        change(other.version);
        EXPECT_FALSE(ProgramFile::open(other));
    }
}

TEST_F(ProgramsTest, NothingButARegularFileIsOpened) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string fifo = directory_.path + "/fifo", link = directory_.path + "/link";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_FALSE(ProgramFile::open(place_of(fifo)));
    EXPECT_FALSE(ProgramFile::open(place_of(directory_.path)));
    std::filesystem::create_symlink(directory_.write("a", "some"), link);
    EXPECT_FALSE(ProgramFile::open(place_of(link)));
}

// A server in user space, or another machine, may never answer who reads its files.
TEST_F(ProgramsTest, FileSystemsThatMayNotAnswerAreLeftAlone) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    ProgramPlace place = place_of(directory_.write("a", "some"));
    for (const std::uint32_t file_system : {0x65735546u, static_cast<std::uint32_t>(NFS_SUPER_MAGIC), 0u}) {
        place.file_system = file_system;
        EXPECT_FALSE(ProgramFile::open(place)) << file_system;
    }
}

// ---- what is known of it ----------------------------------------------------------------------------------

TEST_F(ProgramsTest, HaveBuildIdAndHash) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string bytes = Elf64File().bytes() + std::string(1 << 20, 'x');
    const std::string path = directory_.write("a", bytes);
    Programs programs(true, {});
    const auto program = wait_for(programs, path, has_hash);
    ASSERT_TRUE(program);
    EXPECT_EQ(program->build_id, "deadbeef00017fff");
    Sha256 hash;
    hash.add(bytes);
    EXPECT_EQ(program->sha256, hash.finish());
    EXPECT_EQ(program->package, "");
}

TEST_F(ProgramsTest, AFileThatWasChangedIsLookedAtAgain) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string path = directory_.write("a", "one");
    Programs programs(true, {});
    const auto before = wait_for(programs, path, has_hash);
    ASSERT_TRUE(before);
    directory_.write("a", "another");
    const auto after = wait_for(programs, path, has_hash);
    ASSERT_TRUE(after);
    EXPECT_NE(before->sha256, after->sha256);
}

TEST_F(ProgramsTest, AHugeFileHasNoHashAndStallsNobody) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string huge = directory_.write("huge", Elf64File().bytes());
    ASSERT_EQ(::truncate(huge.c_str(), off_t{1} << 40), 0);
    const std::string small = directory_.write("small", "some");
    Programs programs(true, {});
    const auto program = wait_for(programs, huge, has_build_id);
    ASSERT_TRUE(program);
    ASSERT_TRUE(wait_for(programs, small, has_hash));
    EXPECT_EQ(describe(programs, huge).program->sha256, "");
}

// The budget of this one alone is used up for seconds; who is smaller goes first.
TEST_F(ProgramsTest, ALargeFileKeepsNobodyWaiting) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string large = directory_.write("large", Elf64File().bytes());
    ASSERT_EQ(::truncate(large.c_str(), ProgramExaminer::kHashedMax), 0);
    const std::string small = directory_.write("small", "some");
    Programs programs(true, {});
    ASSERT_TRUE(wait_for(programs, large, has_build_id));
    ASSERT_TRUE(wait_for(programs, small, has_hash));
    EXPECT_EQ(describe(programs, large).program->sha256, "");
}

TEST_F(ProgramsTest, AFileThatIsGoneIsAskedForAgain) {
    SKIP_WITHOUT_CACHED_LOOKUP();
    const std::string path = directory_.write("a", "some"), moved = directory_.path + "/b";
    Programs programs(true, {});
    const std::vector<char> record = exec_of(path);
    std::filesystem::rename(path, moved);
    programs.expect(record);
    EXPECT_TRUE(wait_for(programs, moved, has_hash));
}

TEST_F(ProgramsTest, OfAReplayNothingIsKnown) {
    Programs programs(false, {});
    const Event event = describe(programs, directory_.write("a", "some"));
    EXPECT_FALSE(event.program);
    EXPECT_FALSE(event.is_first_run);
}

TEST_F(ProgramsTest, RecordsThatMakeNoSenseAreLeftAlone) {
    Programs programs(true, {});
    std::vector<char> record = exec_of(directory_.write("a", "some"));
    for (std::size_t size = 0; size < record.size(); ++size)
        programs.expect(std::span<const char>(record).first(size));
    reinterpret_cast<rec_exec*>(record.data())->exe.off = 0xffff;
    programs.expect(record);
}

// ---- the first time ---------------------------------------------------------------------------------------

TEST_F(ProgramsTest, FirstRunIsToldOnce) {
    const std::string path = directory_.write("a", "some");
    Programs programs(true, {});
    EXPECT_EQ(describe(programs, path).is_first_run, true);
    EXPECT_EQ(describe(programs, path).is_first_run, false);
    directory_.write("a", "other");
    EXPECT_EQ(describe(programs, path).is_first_run, true);
    std::filesystem::copy_file(path, directory_.path + "/b");
    EXPECT_EQ(describe(programs, directory_.path + "/b").is_first_run, true);
}

TEST_F(ProgramsTest, WhatRanBeforeTheSensorIsNotNew) {
    const std::string path = directory_.write("a", "some");
    Programs programs(true, {});
    RecordBuilder<rec_process> r(REC_RAW_TASK, rec_task{});
    const FileVersion version = version_of(path);
    r->exe_inode = version.id.inode;
    r->exe_ctime_ns = version.ctime_ns;
    r->exe_size = version.size;
    r.path(&rec_process::exe, path);
    r->cgroup.flags = r->cgroup_v1.flags = REC_PATH_ABSENT;
    std::vector<char> record = r.bytes();
    Event task;
    task.record = decode(record)->record;
    programs.was_running(task);
    EXPECT_EQ(describe(programs, path).is_first_run, false);
}

TEST_F(ProgramsTest, WhatAnEarlierRunSawIsNotNew) {
    const std::string path = directory_.write("a", "some"), memory = directory_.path + "/seen";
    {
        Programs programs(true, std::move(*SeenPrograms::load(memory)));
        EXPECT_EQ(describe(programs, path).is_first_run, true);
    }
    Programs programs(true, std::move(*SeenPrograms::load(memory)));
    EXPECT_EQ(describe(programs, path).is_first_run, false);
}

// ---- the budget -------------------------------------------------------------------------------------------

TEST(HashBudget, RefillsWithTime) {
    constexpr std::uint64_t kSecond = 1'000'000'000, kKilo = 1024;
    HashBudget budget(8 * kKilo, 16 * kKilo);
    EXPECT_TRUE(budget.take(16 * kKilo, kSecond));
    EXPECT_FALSE(budget.take(1, kSecond));
    EXPECT_FALSE(budget.take(8 * kKilo, kSecond + kSecond / 2));
    EXPECT_TRUE(budget.take(8 * kKilo, 2 * kSecond));
    EXPECT_FALSE(budget.take(16 * kKilo, 3 * kSecond));
    EXPECT_TRUE(budget.take(16 * kKilo, 100 * kSecond));
    EXPECT_FALSE(budget.take(17 * kKilo, 1000 * kSecond));
}

// Asked every millisecond it must not lose what is less than a unit.
TEST(HashBudget, AddsUpSmallTimes) {
    HashBudget budget(2048, 4096);
    ASSERT_TRUE(budget.take(4096, 0));
    for (std::uint64_t ms = 1; ms <= 999; ++ms) ASSERT_FALSE(budget.take(2048, ms * 1'000'000)) << ms;
    EXPECT_TRUE(budget.take(2048, 1'100'000'000));
}

}  // namespace
}  // namespace whodid
