// SPDX-License-Identifier: Apache-2.0
// Recordings: what was written is read, older ones are understood, newer and damaged ones are refused.
#include "source/recording.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <whodid/limits.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/host_snapshot.h"
#include "event/decode.h"
#include "source/replay.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::RecordBuilder;
using test::World;

std::vector<char> decoded(std::vector<char> bytes) {
    EXPECT_TRUE(decode(bytes));
    return bytes;
}

const rec_hdr& header_of(const std::vector<char>& bytes) {
    return *reinterpret_cast<const rec_hdr*>(bytes.data());
}

std::vector<char> an_exec(std::uint64_t boot_ns, const std::string& name = "vim") {
    World world;
    auto r = world.exec_of(Actor::process(7).runs("/usr/bin/" + name), {name, "/etc/ssh/sshd_config"});
    r->h.boot_ns = boot_ns;
    return decoded(r.bytes());
}

class RecordingTest : public testing::Test {
protected:
    RecordingTest() {
        char name[] = "/tmp/whodid-recording.XXXXXX";
        directory_ = ::mkdtemp(name);
        path_ = directory_ + "/r.whodid";
        header_.made_by = "whodid 1.0";
        header_.stream = World().stream;
        header_.sizes = record_sizes();
        header_.host = World().host;
    }
    ~RecordingTest() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<RecordingWriter> writer() {
        auto made = RecordingWriter::create(path_, true);
        EXPECT_TRUE(made) << made.error().message;
        EXPECT_TRUE((*made)->begin(header_));
        return std::move(*made);
    }
    void write(const std::vector<std::vector<char>>& records) {
        const auto to = writer();
        for (const auto& record : records) to->record(header_of(record));
        EXPECT_TRUE(to->finish(12, 3));
    }
    std::string contents() const {
        std::ostringstream out;
        out << std::ifstream(path_).rdbuf();
        return out.str();
    }
    void put(const std::string& bytes) const { std::ofstream(path_, std::ios::trunc) << bytes; }
    std::string refusal() const {
        const auto reader = RecordingReader::open(path_);
        EXPECT_FALSE(reader);
        return reader ? "" : reader.error().message;
    }
    /// Every record, and the error that ends it.
    std::pair<std::vector<std::vector<char>>, std::string> read() const {
        std::pair<std::vector<std::vector<char>>, std::string> got;
        auto reader = RecordingReader::open(path_);
        if (!reader) return {{}, reader.error().message};
        while (true) {
            const auto frame = (*reader)->next();
            if (!frame) got.second = frame.error().message;
            if (!frame || *frame == RecordingReader::Frame::kEnd) return got;
            if (*frame != RecordingReader::Frame::kRecord) continue;
            const auto record = (*reader)->record();
            got.first.emplace_back(record.begin(), record.end());
        }
    }

    std::string directory_, path_;
    RecordingHeader header_;
};

TEST_F(RecordingTest, WhatWasWrittenIsRead) {
    const std::vector<std::vector<char>> records = {an_exec(1), an_exec(2, "cat"), an_exec(3)};
    write(records);
    const auto [got, error] = read();
    EXPECT_EQ(error, "");
    EXPECT_EQ(got, records);
    const auto reader = RecordingReader::open(path_);
    const RecordingHeader& h = (*reader)->header();
    EXPECT_EQ(h.made_by, "whodid 1.0");
    EXPECT_TRUE(h.masked);
    EXPECT_EQ(h.seconds, 12u);
    EXPECT_EQ(h.stream.boot, header_.stream.boot);
    EXPECT_EQ(h.stream.sensor_start_ns, header_.stream.sensor_start_ns);
    EXPECT_EQ(h.stream.host_name, "web-17");
    EXPECT_EQ(h.stream.host_id, header_.stream.host_id);
    EXPECT_EQ(h.stream.architecture, "x86_64");
    EXPECT_EQ(h.sizes, record_sizes());
    EXPECT_EQ(h.host.files, header_.host.files);
    EXPECT_EQ(h.host.ids, header_.host.ids);
    EXPECT_EQ(h.host.clock.boot_ns, header_.host.clock.boot_ns);
    EXPECT_EQ(h.host.clock.wall_ns, header_.host.clock.wall_ns);
}

// Who looked at the file to see what it is has read some of it.
TEST_F(RecordingTest, ItsBeginningMayBeReadAlready) {
    const std::vector<std::vector<char>> records = {an_exec(1)};
    write(records);
    const std::string all = contents();
    for (const std::size_t bytes : {std::size_t{1}, kRecordingMagic.size(), all.size() - 1, all.size()}) {
        Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(::lseek(fd.get(), static_cast<off_t>(bytes), SEEK_SET), static_cast<off_t>(bytes));
        auto reader = RecordingReader::take(std::move(fd), "it", all.substr(0, bytes));
        ASSERT_TRUE(reader) << reader.error().message;
        ASSERT_TRUE((*reader)->next());
        EXPECT_TRUE(std::ranges::equal((*reader)->record(), records.front())) << bytes;
        const auto end = (*reader)->next();
        EXPECT_TRUE(end && *end == RecordingReader::Frame::kEnd);
    }
}

TEST_F(RecordingTest, TheHeaderIsForReading) {
    header_.masked = false;
    header_.host.links["/proc/812/fd/4"] = "socket:[77]";
    write({});
    const std::string text = contents();
    EXPECT_TRUE(text.starts_with("whodid recording 1\nby: whodid 1.0\nmasked: no (")) << text.substr(0, 80);
    for (const char* line :
         {"\nhost: web-17\n", "\nseconds: 12 ", "\nstruct: 1 288 process.exec\n", "\narchitecture: x86_64\n",
          "\nprogram: 254:0 100 /usr/sbin/sshd\n", "\nfile: /etc/passwd\n\troot:x:0:0::/root:/bin/bash\n",
          "\nlink: /proc/812/fd/4 -> socket:[77]\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line;
    const auto reader = RecordingReader::open(path_);
    EXPECT_FALSE((*reader)->header().masked);
    EXPECT_EQ((*reader)->header().host.links, header_.host.links);
}

TEST_F(RecordingTest, IsForItsOwnerAlone) {
    const mode_t before = ::umask(0);
    write({});
    ::umask(before);
    struct stat st {};
    ASSERT_EQ(::stat(path_.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
    ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
    write({});  // forced
    ASSERT_EQ(::stat(path_.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST_F(RecordingTest, OverwritesNothingUnasked) {
    write({an_exec(1)});
    const std::string before = contents();
    const auto again = RecordingWriter::create(path_, false);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("--force"), std::string::npos);
    EXPECT_EQ(contents(), before);
    write({});
    EXPECT_LT(contents().size(), before.size());
}

TEST_F(RecordingTest, UntilItBeginsNothingIsLost) {
    ASSERT_TRUE(RecordingWriter::create(path_, false));
    EXPECT_NE(::access(path_.c_str(), F_OK), 0);  // made and not needed
    put("precious");
    ASSERT_TRUE(RecordingWriter::create(path_, true));
    EXPECT_EQ(contents(), "precious");
}

TEST_F(RecordingTest, FollowsNoLinkAndWritesNoDevice) {
    put("precious");
    const std::string link = directory_ + "/link";
    ASSERT_EQ(::symlink(path_.c_str(), link.c_str()), 0);
    EXPECT_FALSE(RecordingWriter::create(link, true));
    EXPECT_EQ(contents(), "precious");
    EXPECT_FALSE(RecordingWriter::create("/dev/null", true));
    EXPECT_FALSE(RecordingWriter::create(directory_, true));
    EXPECT_FALSE(RecordingWriter::create(directory_ + "/missing/r", false));
}

TEST_F(RecordingTest, WillNotWriteIntoSomebodyElsesFile) {
    if (::geteuid() != 0) GTEST_SKIP() << "root can give a file away";
    put("theirs");
    ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
    const auto refused = RecordingWriter::create(path_, true);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("somebody else"), std::string::npos);
    EXPECT_EQ(contents(), "theirs");
}

TEST_F(RecordingTest, AFullDiskIsToldByEveryLaterCall) {
    const auto to = writer();
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {contents().size() + 100, before.rlim_max};
    ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    to->record(header_of(an_exec(1)));
    EXPECT_FALSE(to->flush());
    to->record(header_of(an_exec(2)));
    const auto finished = to->finish(1, 0);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ::signal(SIGXFSZ, SIG_DFL);
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, EFBIG);
    EXPECT_FALSE(to->status());
    const auto [got, error] = read();
    EXPECT_TRUE(got.empty());
    EXPECT_NE(error.find("cut off"), std::string::npos) << error;
}

TEST_F(RecordingTest, LinesHoldFromThereOn) {
    const auto to = writer();
    to->record(header_of(an_exec(1)));
    to->lines(format_anchor_line({5, 6}));
    to->lines(format_file_lines("/etc/passwd", "mallory:x:1004:1104\n\nlast"));
    to->record(header_of(an_exec(2)));
    ASSERT_TRUE(to->finish(1, 0));
    auto reader = std::move(*RecordingReader::open(path_));
    using Frame = RecordingReader::Frame;
    EXPECT_EQ(*reader->next(), Frame::kRecord);
    EXPECT_EQ(reader->header().host.clock.wall_ns, header_.host.clock.wall_ns);
    EXPECT_EQ(*reader->next(), Frame::kLines);
    EXPECT_EQ(reader->header().host.clock.boot_ns, 5u);
    EXPECT_EQ(reader->header().host.clock.wall_ns, 6u);
    EXPECT_EQ(*reader->next(), Frame::kLines);
    EXPECT_EQ(reader->header().host.files.at("/etc/passwd"), "mallory:x:1004:1104\n\nlast\n");
    EXPECT_EQ(*reader->next(), Frame::kRecord);
    EXPECT_EQ(*reader->next(), Frame::kEnd);
    EXPECT_EQ(*reader->next(), Frame::kEnd);
}

TEST_F(RecordingTest, HostileFileContents) {
    header_.host.files["/run/systemd/sessions/4"] =
        "file: /etc/passwd\n\n\nwhodid recording 9\n\tx\n\xff\x01\r\n";
    header_.host.files["/empty"] = "";
    write({an_exec(1)});
    const auto reader = RecordingReader::open(path_);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ((*reader)->header().host.files, header_.host.files);
    EXPECT_EQ(read().first.size(), 1u);
}

// ---- older and newer --------------------------------------------------------------------------------------

/// The record as a writer wrote it whose struct ended at `size`.
std::vector<char> shorten(std::vector<char> record, const Kind& kind, std::size_t size) {
    const std::size_t gone = kind.layout.size - size;
    const auto move = [&](std::size_t at) {
        rec_str slice;
        std::memcpy(&slice, record.data() + at, sizeof slice);
        if (slice.off >= gone) slice.off = static_cast<rec_u16>(slice.off - gone);
        std::memcpy(record.data() + at, &slice, sizeof slice);
    };
    for (const std::uint16_t at : kind.layout.strings) move(at);
    for (const std::uint16_t at : kind.layout.paths) move(at);
    record.erase(record.begin() + static_cast<std::ptrdiff_t>(size),
                 record.begin() + static_cast<std::ptrdiff_t>(kind.layout.size));
    const auto total = static_cast<rec_u32>(record.size());
    std::memcpy(record.data(), &total, sizeof total);
    return record;
}

TEST_F(RecordingTest, AnOlderStructIsLengthened) {
    const Kind& kind = *find_kind(REC_PROCESS_EXEC);
    header_.sizes[REC_PROCESS_EXEC] = offsetof(rec_exec, exe_magic);
    const auto to = writer();
    to->record(header_of(shorten(an_exec(1), kind, offsetof(rec_exec, exe_magic))));
    ASSERT_TRUE(to->finish(1, 0));
    auto [got, error] = read();
    ASSERT_EQ(error, "");
    ASSERT_EQ(got.size(), 1u);
    const auto decoded_again = decode(got[0]);
    ASSERT_TRUE(decoded_again) << decoded_again.error().message;
    Event event;
    event.record = decoded_again->record;
    const auto& r = event.as<rec_exec>();
    EXPECT_EQ(event.text(r.exe), "/usr/bin/vim");
    EXPECT_EQ(event.text(r.cwd), "/root");
    EXPECT_EQ(event.text(r.argv), std::string("vim\0/etc/ssh/sshd_config\0", 25));
    EXPECT_EQ(r.exe_magic, 0u);
    EXPECT_EQ(r.caller_tid, 0u);
}

TEST_F(RecordingTest, APathThatTheWriterDidNotKnowIsAbsent) {
    World world;
    const Kind& kind = *find_kind(REC_RAW_AUDIT);
    const auto full =
        decoded(world.text_of(Actor::process(7).runs("/usr/sbin/sshd"), REC_RAW_AUDIT, 1100, "x").bytes());
    std::vector<char> record = shorten(full, kind, sizeof(rec_hdr));
    lengthen_record(record, sizeof(rec_hdr), kind);
    const auto again = decode(record);
    ASSERT_TRUE(again) << again.error().message;
    Event event;
    event.record = again->record;
    EXPECT_EQ(event.text(event.as<rec_text>().exe), "");  // not "/"
    EXPECT_EQ(event.text(event.as<rec_text>().text), "");
}

TEST_F(RecordingTest, EveryKindCanBeLengthenedFromAnyEarlierEnd) {
    for (const Kind& kind : kinds()) {
        for (std::size_t size = sizeof(rec_hdr); size <= kind.layout.size; size += 8) {
            std::vector<char> old(size + 5, 'x');
            std::memset(old.data(), 0, size);
            rec_hdr header{};
            header.size = static_cast<rec_u32>(old.size());
            header.kind = kind.id;
            std::memcpy(old.data(), &header, sizeof header);
            std::vector<char> record = old;
            lengthen_record(record, size, kind);
            EXPECT_EQ(record.size(), kind.layout.size + 5);
            EXPECT_TRUE(decode(record)) << kind.name << " from " << size;
            EXPECT_EQ(std::string_view(record.data() + kind.layout.size, 5), "xxxxx");
        }
    }
}

TEST_F(RecordingTest, ALongRecordIsCutWhereItCannotGrow) {
    const Kind& kind = *find_kind(REC_PROCESS_EXEC);
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, {});
    r.path(&rec_exec::exe, "/usr/bin/x")
        .text(&rec_exec::argv, std::string(WHODID_RECORD_MAX - sizeof(rec_exec) - 20, 'a'));
    r.text(&rec_exec::tty, "pts/0");
    const std::vector<char> full = decoded(r.bytes());
    ASSERT_GT(full.size() + 8, static_cast<std::size_t>(WHODID_RECORD_MAX));
    // Written by one whose struct was 64 bytes shorter, and whose tail was longer by as much.
    std::vector<char> old = shorten(full, kind, sizeof(rec_exec) - 64);
    old.resize(old.size() + 64 + 3, 'b');
    const auto total = static_cast<rec_u32>(old.size());
    std::memcpy(old.data(), &total, sizeof total);
    std::vector<char> record = old;
    lengthen_record(record, sizeof(rec_exec) - 64, kind);
    EXPECT_EQ(record.size(), static_cast<std::size_t>(WHODID_RECORD_MAX));
    EXPECT_TRUE(decode(record));
}

TEST_F(RecordingTest, ANewerOneIsRefusedAndSaysWhatToDo) {
    const auto refused = [&](const auto& change) {
        RecordingHeader newer = header_;
        newer.made_by = "whodid 2.0";
        change(newer);
        std::swap(header_, newer);
        write({});
        std::swap(header_, newer);
        const std::string message = refusal();
        EXPECT_NE(message.find("needs a newer whodid (it was made by whodid 2.0)"), std::string::npos)
            << message;
        return message;
    };
    EXPECT_NE(refused([](RecordingHeader& h) {
                  h.format = 2;
              }).find("its format is 2, and 1 is the last known here"),
              std::string::npos);
    EXPECT_NE(refused([](RecordingHeader& h) { h.sizes[73] = 200; }).find("kind 73"), std::string::npos);
    EXPECT_NE(refused([](RecordingHeader& h) {
                  h.sizes[1] += 8;
              }).find("a process.exec has 296 bytes there and 288 here"),
              std::string::npos);
    EXPECT_NE(refused([](RecordingHeader& h) { h.sizes[0] += 8; }).find("a header has 160 bytes"),
              std::string::npos);
}

TEST_F(RecordingTest, AnUnknownLineIsPassedOver) {
    write({an_exec(1)});
    std::string text = contents();
    text.insert(text.find("host: "), "colour: red\n");
    put(text);
    EXPECT_EQ(read().first.size(), 1u);
}

TEST_F(RecordingTest, OtherFilesAreRefused) {
    for (const std::string bytes : {"", "whodid", "#!/bin/sh\n", "{\"time\":1}\n"}) {
        put(bytes);
        EXPECT_NE(refusal().find("is no recording"), std::string::npos) << bytes;
    }
    for (const std::string bytes :
         {"whodid recording 1\nno end", "whodid recording x\n\n", "whodid recording 1\n\n"}) {
        put(bytes);
        EXPECT_NE(refusal().find("is damaged"), std::string::npos) << bytes;
    }
    EXPECT_FALSE(RecordingReader::open(directory_ + "/missing"));
    EXPECT_FALSE(RecordingReader::open(directory_));
}

TEST_F(RecordingTest, ALineThatMakesNoSenseIsNamed) {
    write({});
    const std::string text = contents();
    for (const auto& [from, to] : {std::pair<const char*, const char*>{"masked: yes", "masked: perhaps"},
                                   {"boot: ", "boot: x"},
                                   {"sensor-start: 1", "sensor-start: -1"},
                                   {"anchor: ", "anchor: a"},
                                   {"struct: 1 288", "struct: 1 12"},
                                   {"program: 254:0 ", "program: 254 "},
                                   {"seconds: 12", "seconds: soon"}}) {
        std::string changed = text;
        changed.replace(changed.find(from), std::strlen(from), to);
        put(changed);
        const std::string key = std::string(from).substr(0, std::string(from).find(':'));
        EXPECT_NE(refusal().find(key + ": cannot be"), std::string::npos) << refusal();
    }
    std::string changed = text;
    changed.replace(changed.find("byte-order: little"), 18, "byte-order: big");
    put(changed);
    EXPECT_NE(refusal().find("big-endian"), std::string::npos);
    changed = text;
    changed.erase(changed.find("boot: "), 39);
    put(changed);
    EXPECT_NE(refusal().find("no line for boot"), std::string::npos) << refusal();
}

// ---- damage -----------------------------------------------------------------------------------------------

TEST_F(RecordingTest, CutAnywhereItGivesWhatWasWholeAndSaysWhereItEnds) {
    const std::vector<std::vector<char>> records = {an_exec(1), an_exec(2), an_exec(3)};
    write(records);
    const std::string whole = contents();
    const std::size_t frames = whole.find("\n\n") + 2;
    std::size_t most = 0;
    for (std::size_t size = frames; size < whole.size(); ++size) {
        put(whole.substr(0, size));
        const auto [got, error] = read();
        ASSERT_NE(error, "") << size;
        ASSERT_NE(error.find("byte "), std::string::npos) << error;
        ASSERT_GE(got.size(), most);
        most = got.size();
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], records[i]);
    }
    EXPECT_EQ(most, 3u);
    put(whole.substr(0, frames));
    EXPECT_EQ(read().second,
              fmt::format("{} ends at byte {} without its end: it is still being written, or its "
                          "writer was killed",
                          path_, frames));
}

TEST_F(RecordingTest, AnyByteThatWasChangedIsNoticed) {
    const std::vector<std::vector<char>> records = {an_exec(1), an_exec(2)};
    write(records);
    const std::string whole = contents();
    const std::size_t frames = whole.find("\n\n") + 2;
    for (std::size_t at = frames; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] ^= 0x10;
        put(changed);
        const auto [got, error] = read();
        ASSERT_NE(error.find("is damaged at byte"), std::string::npos) << at << " " << error;
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], records[i]);
    }
}

TEST_F(RecordingTest, ARecordOfAKindThatTheHeaderDoesNotListIsDamage) {
    header_.sizes.erase(REC_PROCESS_EXEC);
    write({an_exec(1)});
    EXPECT_NE(read().second.find("kind 1 is not among those"), std::string::npos) << read().second;
}

// ---- replay -----------------------------------------------------------------------------------------------

TEST_F(RecordingTest, ReplayGoesStepByStep) {
    const auto to = writer();
    const auto at = [&](std::uint64_t ms) { to->record(header_of(an_exec(ms * kMs))); };
    at(1000);
    at(1002);
    at(1009);
    at(1010);  // a step later
    at(1500);  // after a silence
    to->lines(format_anchor_line({1, 2}));
    at(1501);
    ASSERT_TRUE(to->finish(1, 0));
    ReplaySource source(std::move(*RecordingReader::open(path_)));
    struct Step {
        std::size_t records;
        std::uint64_t until_ms;
        bool more;
    };
    for (const Step& step :
         {Step{3, 1010, true}, Step{1, 1500, true}, Step{1, 1500, true}, Step{1, 1501, false}}) {
        std::size_t records = 0;
        const auto more = source.drain([&](std::span<const char>) { ++records; });
        ASSERT_TRUE(more);
        EXPECT_EQ(*more, step.more);
        EXPECT_EQ(records, step.records);
        EXPECT_EQ((source.until_ns() + kMs - 1) / kMs, step.until_ms);
    }
    EXPECT_EQ(source.header().host.clock.wall_ns, 2u);
    EXPECT_EQ(source.wait_fd(), -1);
}

TEST_F(RecordingTest, ReplayGivesEverythingBeforeTheDamage) {
    write({an_exec(1 * kMs), an_exec(2 * kMs), an_exec(900 * kMs)});
    const std::string whole = contents();
    put(whole.substr(0, whole.size() - 100));  // into the last record
    ReplaySource source(std::move(*RecordingReader::open(path_)));
    std::size_t records = 0;
    const auto more = source.drain([&](std::span<const char>) { ++records; });
    EXPECT_EQ(records, 2u);
    ASSERT_FALSE(more);
    EXPECT_NE(more.error().message.find("damaged"), std::string::npos);
}

// ---- the host's snapshot ----------------------------------------------------------------------------------

TEST(HostSnapshot, HoldsNamesAndNoSecrets) {
    RecordedHost host;
    host.files["/etc/passwd"] =
        "root:$6$hash:0:0:The Boss,Room 1:/root:/bin/bash\nalice:x:1004:1104:Alice:/home/alice:/bin/zsh\n";
    host.files["/etc/group"] = "sudo:!:27:alice,bob\n";
    host.files["/proc/self/mountinfo"] =
        "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
        "27 26 0:40 / /mnt rw - cifs //srv/share rw,username=bob,password=hunter2\n"
        "28 26 0:41 / /dav rw - fuse https://bob:hunter2@dav.example rw\n";
    host.files["/run/systemd/sessions/4"] =
        "UID=1004\nUSER=alice\nREMOTE_HOST=198.51.100.7\nDISPLAY=:hunter2\nAUDIT=118\n";
    host.files["/run/systemd/sessions/4.ref"] = "hunter2";
    host.files["/proc/812/net/tcp"] =
        "  sl  local_address rem_address\n"
        "   0: 0100007F:0016 0764A8C6:E634 01 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n"
        "   1: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0\n";
    host.links["/proc/812/exe"] = "/usr/sbin/sshd";
    host.links["/proc/812/fd/4"] = "socket:[77]";
    host.links["/proc/812/fd/5"] = "/home/alice/secret-plan";
    host.links["/proc/900/exe"] = "/usr/bin/vim";
    host.links["/proc/900/fd/3"] = "socket:[99]";
    host.ids["/usr/sbin/sshd"] = {1, 2};
    host.ids["/usr/bin/vim"] = {1, 3};
    const RecordedHost snapshot = snapshot_host(host);
    EXPECT_EQ(snapshot.files.at("/etc/passwd"), "root:x:0:0::/root:\nalice:x:1004:1104::/home/alice:\n");
    EXPECT_EQ(snapshot.files.at("/etc/group"), "sudo:x:27:\n");
    EXPECT_EQ(snapshot.files.at("/proc/self/mountinfo"),
              "26 1 254:0 / / rw,relatime - ext4 /dev/vda\n27 26 0:40 / /mnt rw - cifs //srv/share\n"
              "28 26 0:41 / /dav rw - fuse https://bob:****@dav.example\n");
    EXPECT_EQ(snapshot.files.at("/run/systemd/sessions/4"),
              "UID=1004\nUSER=alice\nREMOTE_HOST=198.51.100.7\nAUDIT=118\n");
    EXPECT_EQ(snapshot.links, (std::map<std::string, std::string>{{"/proc/812/fd/4", "socket:[77]"}}));
    EXPECT_NE(snapshot.files.at("/proc/812/net/tcp").find("E634"), std::string::npos);
    EXPECT_EQ(snapshot.files.at("/proc/812/net/tcp").find(" 99 "), std::string::npos);
    EXPECT_EQ(snapshot.ids.size(), 1u);
    for (const auto& [path, text] : snapshot.files)
        EXPECT_EQ(text.find("hunter2"), std::string::npos) << path;
}

}  // namespace
}  // namespace whodid
