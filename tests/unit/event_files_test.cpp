// SPDX-License-Identifier: Apache-2.0
// Directories of event files: what was taken is there, whole, whatever happens to disk and process.
#include "sink/event_files.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>

#include "sink/event_text.h"
#include "sink/zstd_frames.h"
#include "unit/event_files_world.h"

namespace whodid::test {
namespace {

std::string lines_of(const EventFilesWorld& world, const std::string& name) {
    auto text = EventText::open(world.path(name));
    std::string all;
    EXPECT_TRUE(text) << text.error().message;
    while (text) {
        const auto piece = text->next();
        EXPECT_TRUE(piece) << piece.error().message;
        if (!piece || piece->empty()) break;
        all += *piece;
    }
    return all;
}

TEST(EventFiles, SeriesAndNames) {
    EventFilesWorld world;
    const auto files = world.open();
    world.add(*files, 2);
    world.add(*files, 1, true);
    ASSERT_EQ(world.names(".jsonl"), (std::vector<std::string>{"events-20261124T140231Z-000001.jsonl",
                                                               "vital-20261124T140231Z-000001.jsonl"}));
    EXPECT_EQ(world.read("events-20261124T140231Z-000001.jsonl"),
              "{\"kind\":\"file.open\",\"n\":1,\"path\":\"/srv/x\"}\n"
              "{\"kind\":\"file.open\",\"n\":2,\"path\":\"/srv/x\"}\n");
    struct stat st {};
    ASSERT_EQ(::stat(world.path("events-20261124T140231Z-000001.jsonl").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0640u);
    ASSERT_EQ(::stat(world.path("events-20261124T140231Z-000001.seal").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0640u);
    ASSERT_EQ(::stat(world.key_path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
    EXPECT_EQ(world.verdict(), "intact");
}

TEST(EventFiles, VitalKinds) {
    for (const char* name : {"auth.attempt", "session.end", "identity.change", "sensor.loss"})
        EXPECT_TRUE(is_vital(*find_kind(name))) << name;
    for (const char* name : {"process.exec", "file.open", "network.connect", "kernel.module"})
        EXPECT_FALSE(is_vital(*find_kind(name))) << name;
}

TEST(EventFiles, AnotherWriterIsRefused) {
    EventFilesWorld world;
    const auto files = world.open();
    const auto second = EventFiles::open({world.events, world.key_path, world.settings,
                                          EventFilesWorld::encode, [](std::string) {}, [] { return 0; }});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another whodid does"), std::string::npos);
    const auto none = EventFiles::open({world.events + "/none", world.key_path, world.settings,
                                        EventFilesWorld::encode, [](std::string) {}, [] { return 0; }});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ENOENT);
}

TEST(EventFiles, RotatesBySize) {
    EventFilesWorld world;
    world.settings.rotate_bytes = 4000;
    const auto files = world.open();
    for (int i = 0; i < 100; ++i) world.add(*files, 3);
    ASSERT_TRUE(files->seal());
    const auto packed = world.names(".jsonl.zst");
    EXPECT_GE(packed.size(), 3u);
    EXPECT_TRUE(world.names(".jsonl").empty());
    std::string all;
    for (const std::string& name : packed) all += lines_of(world, name);
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 300);
    for (int n : {1, 150, 300}) EXPECT_NE(all.find(fmt::format("\"n\":{},", n)), std::string::npos) << n;
    EXPECT_EQ(world.verdict(), "intact");
    const auto report = world.check().at(0);
    EXPECT_EQ(report.records, 300u);
    EXPECT_EQ(report.seals, packed.size());
    EXPECT_EQ(report.seals_checked, packed.size());
}

TEST(EventFiles, RotatesByAge) {
    EventFilesWorld world;
    world.settings.compress = false;
    const auto files = world.open();
    world.add(*files, 1);
    world.now_ns += kDayNs - 2'000'000'000;
    world.add(*files, 1);
    EXPECT_EQ(world.names(".jsonl").size(), 1u);
    world.now_ns += 3'000'000'000;
    ASSERT_TRUE(files->tick());  // no event is needed
    world.add(*files, 1);
    EXPECT_EQ(world.names(".jsonl").size(), 2u);
    EXPECT_EQ(world.verdict(), "intact");
}

TEST(EventFiles, ASuccessorGoesOnWithTheFile) {
    EventFilesWorld world;
    for (int i = 0; i < 3; ++i) {
        const auto files = world.open();
        world.add(*files, 2);
    }
    EXPECT_EQ(world.names(".jsonl").size(), 1u);
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.check().at(0).records, 6u);
    world.make_files(2);
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.check().at(0).records, 12u);
}

TEST(EventFiles, WithoutSeals) {
    EventFilesWorld world;
    world.settings.seal = false;
    world.make_files(1);
    { world.add(*world.open(), 1); }
    const auto open_file = world.names(".jsonl");
    ASSERT_EQ(open_file.size(), 1u);
    world.write(open_file[0], world.read(open_file[0]) + "{\"torn\":");
    { world.add(*world.open(), 1); }
    EXPECT_EQ(lines_of(world, open_file[0]),
              "{\"kind\":\"file.open\",\"n\":4,\"path\":\"/srv/x\"}\n"
              "{\"kind\":\"file.open\",\"n\":5,\"path\":\"/srv/x\"}\n");
    EXPECT_TRUE(world.names(".seal").empty());
    EXPECT_FALSE(std::filesystem::exists(world.key_path));
}

/// What a killed writer leaves: any beginning of the last batch's lines, and then of its records.
TEST(EventFiles, KilledAtAnyByte) {
    EventFilesWorld world;
    { world.add(*world.open(), 2); }
    const std::string data = world.names(".jsonl").at(0), seal = world.names(".seal").at(0);
    const std::string lines_before = world.read(data), seal_before = world.read(seal);
    { world.add(*world.open(), 2); }
    const std::string lines_after = world.read(data), seal_after = world.read(seal);
    std::vector<std::pair<std::size_t, std::size_t>> moments;
    for (std::size_t at = lines_before.size(); at <= lines_after.size(); at += 3)
        moments.emplace_back(at, seal_before.size());
    for (std::size_t at = seal_before.size(); at <= seal_after.size(); at += 5)
        moments.emplace_back(lines_after.size(), at);
    for (const auto& [data_bytes, seal_bytes] : moments) {
        world.write(data, lines_after.substr(0, data_bytes));
        world.write(seal, seal_after.substr(0, seal_bytes));
        { world.add(*world.open(), 1); }
        ASSERT_EQ(world.verdict(), "intact") << data_bytes << " " << seal_bytes;
        const std::string text = world.read(data);
        ASSERT_TRUE(text.starts_with(lines_before));
        const auto whole =
            std::count(lines_after.begin(), lines_after.begin() + static_cast<long>(data_bytes), '\n');
        ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), whole + 1);
        ASSERT_EQ(world.check().at(0).records, static_cast<std::uint64_t>(whole) + 1);
    }
    EXPECT_TRUE(world.said.size() == 1) << world.said.back();  // of the key alone
}

TEST(EventFiles, KilledWhileItSealsAFile) {
    EventFilesWorld world;
    { world.add(*world.open(), 2); }
    const std::string data = world.names(".jsonl").at(0), seal = world.names(".seal").at(0);
    const std::string lines = world.read(data), open_seal = world.read(seal);
    world.settings.compress = false;
    {
        const auto files = world.open();
        ASSERT_TRUE(files->write(Batch{}));
        world.add(*files, 1);
        ASSERT_TRUE(files->seal());
    }
    const std::string closed_lines = world.read(data), closed_seal = world.read(seal);
    for (std::size_t cut = 1; cut < sizeof(SealFooter); cut += 7) {
        world.write(data, closed_lines);
        world.write(seal, closed_seal.substr(0, closed_seal.size() - cut));
        { world.add(*world.open(), 1); }
        ASSERT_EQ(world.verdict(), "intact") << cut;
        ASSERT_EQ(world.check().at(0).records, 4u);
    }
}

/// The footer is there and the key that made it is, too: it is not used again.
TEST(EventFiles, NoKeySignsTwice) {
    EventFilesWorld world;
    { world.add(*world.open(), 1); }
    std::filesystem::copy_file(world.key_path, world.state.path + "/old.key");
    world.make_files(2);
    std::filesystem::copy_file(world.state.path + "/old.key", world.key_path,
                               std::filesystem::copy_options::overwrite_existing);
    world.make_files(1);
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.check().at(0).seals_checked, 3u);
    EXPECT_EQ(read_seal_key(world.key_path)->index, 3u);
}

TEST(EventFiles, ALineThatIsMissingAtTheStartIsNotHidden) {
    EventFilesWorld world;
    world.settings.compress = false;
    { world.add(*world.open(), 3); }
    const std::string data = world.names(".jsonl").at(0);
    const std::string lines = world.read(data);
    world.write(data, lines.substr(0, lines.rfind('\n', lines.size() - 2) + 1));
    { world.add(*world.open(), 1); }
    EXPECT_NE(world.said.back().find("has 2 lines, its seal 3"), std::string::npos) << world.said.back();
    EXPECT_EQ(world.names(".seal").size(), 2u);
    EXPECT_EQ(world.verdict(), data + ":3: cut short: it had 3 lines");
}

/// A child that writes on and on is killed; what it said it had written is there.
TEST(EventFiles, KilledChildren) {
    EventFilesWorld world;
    world.settings.rotate_bytes = 6000;
    { world.add(*world.open(), 1); }
    std::uint64_t records = 1;
    for (int round = 0; round < 7; ++round) {
        world.settings.compress = round == 3;
        int told[2];
        ASSERT_EQ(::pipe(told), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto files = world.open();
            for (;;) {
                world.add(*files, 5, round % 3 == 0);
                (void)!::write(told[1], "x", 1);
            }
        }
        ::close(told[1]);
        char byte = 0;
        for (int i = 0; i < 1 + round * 7; ++i) ASSERT_EQ(::read(told[0], &byte, 1), 1);
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        std::uint64_t acknowledged = 5u * (1u + static_cast<unsigned>(round) * 7u);
        for (char more[512]; ssize_t n = ::read(told[0], more, sizeof more);)
            acknowledged += 5 * static_cast<std::uint64_t>(n);
        ::close(told[0]);
        const std::uint64_t before = std::exchange(records, 0);
        { world.add(*world.open(), 1, round % 3 == 0); }
        ASSERT_EQ(world.verdict(), "intact") << round;
        for (const CheckedSeries& series : world.check()) records += series.records;
        ASSERT_GE(records, before + acknowledged + 1) << round;
        ASSERT_LE(records, before + acknowledged + 1 + 5) << round;  // of a batch that was being written
    }
}

TEST(EventFiles, DeletedUnderTheWriter) {
    EventFilesWorld world;
    const auto files = world.open();
    world.add(*files, 1);
    const std::string name = world.names(".jsonl").at(0);
    std::filesystem::remove(world.path(name));
    world.add(*files, 2);
    EXPECT_NE(world.said.back().find("was deleted while it was written to"), std::string::npos);
    const auto left = world.names(".jsonl");
    ASSERT_EQ(left.size(), 1u);
    const std::string text = world.read(left[0]);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_NE(world.verdict(), "intact");
}

class SmallDisk : public ::testing::Test {
protected:
    /// Runs in a child, so that its mounts and limits are its own. The body returns what it found wrong.
    template <class F>
    static void in_child(F body) {
        int told[2];
        ASSERT_EQ(::pipe(told), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const std::string wrong = body();
            (void)!::write(told[1], wrong.data(), wrong.size());
            ::_exit(0);
        }
        ::close(told[1]);
        std::string wrong;
        for (char text[512]; ssize_t n = ::read(told[0], text, sizeof text);) {
            if (n < 0) break;
            wrong.append(text, static_cast<std::size_t>(n));
        }
        ::close(told[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
        EXPECT_EQ(wrong, "");
    }

    /// Fills it, makes room, and goes on. `is_room_told`: the system tells whether there is some, without a
    /// write.
    static std::string fill_and_resume(EventFilesWorld& world, const std::function<void()>& fill,
                                       const std::function<void()>& make_room, bool is_room_told) {
        const auto files = world.open();
        world.add(*files, 1);
        fill();
        std::uint64_t written = 1, lost = 0;
        const std::string long_path(2000, 'p');
        for (int i = 0; i < 60; ++i) {
            world.add(*files, 1, false, long_path);
            world.now_ns += 300'000'000;
        }
        std::uint64_t first_ns = 0, last_ns = 0;
        for (const SinkLoss& loss : files->take_losses()) {
            if (loss.kind != REC_FILE_OPEN) return "a loss of kind " + std::to_string(loss.kind);
            lost += loss.count;
            first_ns = loss.since_ns;
            last_ns = loss.until_ns;
        }
        if (lost == 0 || lost >= 60) return fmt::format("{} of 60 lost", lost);
        if (first_ns >= last_ns || last_ns > world.now_ns) return "the loss has no time range";
        written += 60 - lost;
        if (world.said.back().find("events are lost: ") != 0) return "said: " + world.said.back();
        if (is_room_told) {
            (void)files->tick();
            if (!files->counts().is_down) return "it is up, though there is no room";
        }
        const std::size_t said = world.said.size();
        make_room();
        world.now_ns += 1'100'000'000;
        (void)files->tick();
        if (files->counts().is_down) return "it is down until an event comes: " + world.said.back();
        world.add(*files, 2);
        written += 2;
        if (!files->take_losses().empty()) return "it does not resume";
        if (world.said.size() != said + 1 || world.said.back().find("events are written again") != 0)
            return "said: " + world.said.back();
        if (auto closed = files->seal(); !closed) return closed.error().message;
        if (world.verdict() != "intact") return world.verdict();
        const auto records = world.check().at(0).records;
        return records == written ? "" : fmt::format("{} records, {} written", records, written);
    }
};

TEST_F(SmallDisk, FullFileSystem) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
    EventFilesWorld world;
    in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return std::string("cannot make a mount namespace: ") + std::strerror(errno);
        if (::mount("none", world.events.c_str(), "tmpfs", 0, "size=64k") != 0)
            return std::string("cannot mount: ") + std::strerror(errno);
        world.settings.compress = false;
        return fill_and_resume(
            world, [] {},
            [&] { (void)::mount("none", world.events.c_str(), "tmpfs", MS_REMOUNT, "size=1m"); }, true);
    });
}

TEST_F(SmallDisk, FileSizeLimit) {
    EventFilesWorld world;
    in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const auto limit = [](rlim_t bytes) {
            const rlimit both{bytes, RLIM_INFINITY};
            ::setrlimit(RLIMIT_FSIZE, &both);
        };
        return fill_and_resume(
            world, [&] { limit(40'000); }, [&] { limit(RLIM_INFINITY); }, false);
    });
}

TEST(EventFiles, KeepsByAgeAndSize) {
    EventFilesWorld world;
    world.make_files(3);
    world.make_files(2, true);
    EXPECT_EQ(world.names(".jsonl.zst").size(), 5u);
    world.settings.keep_ns = 7 * kDayNs;
    world.settings.keep_vital_ns = 90 * kDayNs;
    const auto now = std::filesystem::file_time_type::clock::now();
    for (const std::string& name : world.names(".jsonl.zst"))  // all alike, both series
        std::filesystem::last_write_time(world.path(name), now - std::chrono::hours(8 * 24));
    world.now_ns = static_cast<std::uint64_t>(::time(nullptr)) * 1'000'000'000;
    {
        const auto files = world.open();
        world.add(*files, 1);
        world.add(*files, 1, true);
        ASSERT_TRUE(files->seal());
        EXPECT_EQ(files->removed_files(), 3u);
    }
    EXPECT_EQ(world.names(".jsonl.zst").size(), 4u);
    EXPECT_EQ(std::count_if(world.said.begin(), world.said.end(),
                            [](const std::string& s) { return s.starts_with("retention removed events-"); }),
              3);
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.check().at(0).removed, 3u);
    world.settings.keep_bytes = 1;
    world.write("HOLD", "");
    { ASSERT_TRUE(world.open()->seal()); }
    EXPECT_EQ(world.names(".jsonl.zst").size(), 4u);
}

TEST(EventFiles, LegalHold) {
    EventFilesWorld world;
    world.make_files(3);
    const auto packed = world.names(".jsonl.zst");
    const std::string held = packed.at(1).substr(0, packed.at(1).find('.'));
    world.write(held + ".hold", "");
    world.settings.keep_bytes = 1;
    {
        const auto files = world.open();
        world.add(*files, 1);
        ASSERT_TRUE(files->seal());
    }
    ASSERT_EQ(world.names(".jsonl.zst"), std::vector<std::string>{packed.at(1)});
    EXPECT_TRUE(std::ranges::any_of(world.said, [&](const std::string& said) {
        return said.starts_with("legal hold: 1 files past their time stay, the first is " + held);
    })) << world.said.back();
    EXPECT_EQ(world.verdict(), "intact");
    world.make_files(1);
    EXPECT_EQ(world.verdict(), "intact");
}

TEST(EventFiles, SyncsAndRotatesUnderLoad) {
    EventFilesWorld world;
    world.settings.rotate_bytes = 20'000;
    world.settings.sync = SyncPolicy::kEverySecond;
    const auto files = world.open();
    for (int i = 0; i < 200; ++i) {
        world.add(*files, 10, i % 5 == 0);
        world.now_ns += 100'000'000;
    }
    ASSERT_TRUE(files->seal());
    EXPECT_EQ(world.verdict(), "intact");
    std::uint64_t records = 0;
    for (const CheckedSeries& series : world.check()) records += series.records;
    EXPECT_EQ(records, 2000u);
    EXPECT_TRUE(files->take_losses().empty());
}

}  // namespace
}  // namespace whodid::test
