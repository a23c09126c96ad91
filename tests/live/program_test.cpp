// SPDX-License-Identifier: Apache-2.0
// What is known of the file that a program runs from, against what readelf, sha256sum and dpkg say of it.
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

constexpr const char* kBuildId = "process.executable.build_id.gnu";
constexpr const char* kSha256 = "whodid.process.executable.hash.sha256";
constexpr const char* kPackage = "whodid.process.executable.package.name";
constexpr const char* kFirst = "whodid.process.first_seen_on_host";

bool has(const Json& event, const char* key) { return !at(event, key).is_null(); }

class Program : public SensorTest {
protected:
    /// A copy of /bin/true that nobody else runs, on this machine itself.
    Program() {
        char name[] = "/tmp/whodid-program-XXXXXX";
        directory_ = ::mkdtemp(name) ? name : "";
        program_ = directory_ + "/program";
    }
    ~Program() override { std::filesystem::remove_all(directory_); }

    void SetUp() override {
        SensorTest::SetUp();
        if (IsSkipped()) return;
        struct statfs fs {};
        ASSERT_EQ(::statfs("/tmp", &fs), 0);
        if (fs.f_type == 0x65735546)
            GTEST_SKIP() << "/tmp is a file system of FUSE, whose files are not read";
        std::filesystem::copy_file("/usr/bin/true", program_);
    }

    /// Runs it and returns its event.
    std::optional<Json> start(const std::string& program) {
        const auto run = run_in(this_world(), {program}, {});
        EXPECT_TRUE(worked(run));
        if (!run) return std::nullopt;
        return sensor_->wait_for({"process.exec", run->pid, [&](const Json& e) {
                                      return at(e, "process.executable.path") == program;
                                  }});
    }
    /// Runs it until that is known of it: what is not in time for one start is told at the next.
    std::optional<Json> start_until(const std::string& program, const char* key) {
        const auto end = std::chrono::steady_clock::now() + patient(milliseconds(20'000));
        std::optional<Json> event;
        while (std::chrono::steady_clock::now() < end) {
            event = start(program);
            if (!event || has(*event, key)) break;
        }
        return event;
    }
    static std::string said_by(const std::vector<std::string>& argv) {
        const auto run = run_in(this_world(), argv, {});
        EXPECT_TRUE(exited(0, run));
        return run ? run->out : "";
    }

    std::string directory_, program_;
};

TEST_F(Program, TellsBuildIdAndHash) {
    const auto event = start_until(program_, kSha256);
    ASSERT_TRUE(event);
    const std::string sum = said_by({"/usr/bin/sha256sum", program_});
    EXPECT_EQ(at(*event, kSha256), sum.substr(0, 64)) << event->dump();
    const std::string notes = said_by({"/usr/bin/readelf", "-n", program_});
    const std::size_t id = notes.find("Build ID: ");
    ASSERT_NE(id, std::string::npos) << notes;
    EXPECT_EQ(at(*event, kBuildId), notes.substr(id + 10, notes.find('\n', id) - id - 10));
    EXPECT_FALSE(has(*event, kPackage)) << event->dump();
}

TEST_F(Program, TellsThePackage) {
    if (::access("/var/lib/dpkg/status", R_OK) != 0) GTEST_SKIP() << "no dpkg on this host";
    const auto event = start_until("/usr/bin/ls", kPackage);
    ASSERT_TRUE(event);
    const std::string version = said_by({"/usr/bin/dpkg-query", "-W", "-f", "${Version}", "coreutils"});
    EXPECT_EQ(
        lacking(*event, {{kPackage, "coreutils"}, {"whodid.process.executable.package.version", version}}),
        "");
}

TEST_F(Program, FirstSeenIsToldOnceForEachStateOfTheFile) {
    for (const bool first : {true, false, false}) {
        const auto event = start(program_);
        ASSERT_TRUE(event);
        EXPECT_EQ(at(*event, kFirst), first) << event->dump();
    }
    std::ofstream(program_, std::ios::app) << "one byte more";
    const auto event = start(program_);
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, kFirst), true) << event->dump();
}

TEST_F(Program, ThatWasReplacedHasTheNewHash) {
    const auto before = start_until(program_, kSha256);
    ASSERT_TRUE(before);
    std::ofstream(program_, std::ios::app) << "one byte more";
    const auto after = start_until(program_, kSha256);
    ASSERT_TRUE(after);
    EXPECT_EQ(at(*after, kSha256), said_by({"/usr/bin/sha256sum", program_}).substr(0, 64));
    EXPECT_NE(at(*after, kSha256), at(*before, kSha256));
    EXPECT_EQ(at(*after, kBuildId), at(*before, kBuildId));
}

TEST_F(Program, ThatIsHugeStallsNothing) {
    if (::truncate(program_.c_str(), off_t{1} << 40) != 0) GTEST_SKIP() << "/tmp takes no file of 1 TiB";
    const auto huge = start_until(program_, kBuildId);
    ASSERT_TRUE(huge);
    EXPECT_TRUE(has(*huge, kBuildId)) << huge->dump();
    const std::string small = directory_ + "/small";
    std::filesystem::copy_file("/usr/bin/true", small);
    const auto event = start_until(small, kSha256);
    ASSERT_TRUE(event);
    EXPECT_TRUE(has(*event, kSha256)) << event->dump();
    EXPECT_FALSE(has(*start(program_), kSha256));
}

// Its path leads to nothing on the host, or to something else: only the process leads to it.
TEST_F(Program, ThatOnlyAContainerHasIsReadThroughItsProcess) {
    const std::string script = "cp /usr/bin/cat /tmp/own-cat; echo ready; exec /tmp/own-cat";
    const auto terminal = stage_->open_terminal({"/bin/sh", "-c", script});
    ASSERT_TRUE(worked(terminal));
    const auto event = sensor_->wait_for({"process.exec", 0, [](const Json& e) {
                                              return at(e, "process.executable.path") == "/tmp/own-cat";
                                          }});
    ASSERT_TRUE(event);
    if (!has(*event, kSha256)) GTEST_SKIP() << "this machine was too busy to look at it in time";
    EXPECT_EQ(at(*event, kSha256), said_by({"/usr/bin/sha256sum", "/usr/bin/cat"}).substr(0, 64));
    EXPECT_FALSE(has(*event, kPackage)) << event->dump();
}

TEST_F(Program, IsRememberedFromOneRunToTheNext) {
    const std::string memory = directory_ + "/seen";
    for (const bool first : {true, false}) {
        auto sensor = Sensor::start({"--seen", memory});
        ASSERT_TRUE(worked(sensor));
        const auto run = run_in(this_world(), {program_}, {});
        ASSERT_TRUE(exited(0, run));
        const auto event = (*sensor)->wait_for({"process.exec", run->pid, [&](const Json& e) {
                                                    return at(e, "process.executable.path") == program_;
                                                }});
        ASSERT_TRUE(event);
        EXPECT_EQ(at(*event, kFirst), first) << event->dump();
        ASSERT_TRUE(worked((*sensor)->stop()));
    }
}

}  // namespace
}  // namespace whodid::live
