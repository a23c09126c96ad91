// SPDX-License-Identifier: Apache-2.0
// The spool: what is committed is delivered, in order, once; what cannot be kept is counted.
#include "sink/spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/crc32c.h"
#include "spool_place.h"

namespace whodid {
namespace {

using test::drain;
using test::expect_balance;
using test::kOneKind;
using test::kOtherKind;
using test::put;
using test::range;
using test::SpoolPlace;
using Numbers = std::vector<std::uint64_t>;

TEST(Spool, GivesBackWhatWasCommitted) {
    const SpoolPlace place;
    const auto spool = place.open();
    std::string binary("a\0b\n\xff wSr\x1a", 10);
    const std::string large(kPayloadMax, 'x');
    ASSERT_TRUE(spool->append(Lane::kRest, {binary, kOneKind, 11}));
    ASSERT_TRUE(spool->append(Lane::kRest, {"", kOtherKind, 12}));
    ASSERT_TRUE(spool->append(Lane::kRest, {large, kOneKind, UINT64_MAX}));
    std::ranges::fill(binary, '#');  // a copy was taken
    ASSERT_TRUE(spool->commit());
    const auto read = spool->read(10, kPayloadMax + 100);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->records().size(), 3u);
    EXPECT_EQ(read->records()[0].payload, std::string_view("a\0b\n\xff wSr\x1a", 10));
    EXPECT_EQ(read->records()[0].kind, kOneKind);
    EXPECT_EQ(read->records()[0].wall_ns, 11u);
    EXPECT_EQ(read->records()[1].payload, "");
    EXPECT_EQ(read->records()[1].kind, kOtherKind);
    EXPECT_EQ(read->records()[2].payload, large);
    EXPECT_EQ(read->records()[2].wall_ns, UINT64_MAX);
}

TEST(Spool, ShowsTheReaderNothingBeforeTheCommit) {
    const SpoolPlace place;
    const auto spool = place.open();
    put(*spool, Lane::kRest, 1);
    EXPECT_EQ(drain(*spool), Numbers{});
    EXPECT_EQ(spool->counts().pending_records, 1u);
    EXPECT_EQ(spool->counts().buffered_records, 1u);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(spool->counts().buffered_records, 0u);
    EXPECT_EQ(drain(*spool), Numbers{1});
    expect_balance(*spool);
}

TEST(Spool, DeliversVitalRecordsFirst) {
    const SpoolPlace place;
    const auto spool = place.open();
    for (std::uint64_t n = 0; n < 6; ++n) put(*spool, Lane::kRest, n);
    ASSERT_TRUE(spool->commit());
    for (std::uint64_t n = 100; n < 104; ++n) put(*spool, Lane::kVital, n);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool, 7), (Numbers{100, 101, 102, 103, 0, 1, 2, 3, 4, 5}));
}

TEST(Spool, ReadsNoMoreThanWasAskedForAndOneAtLeast) {
    const SpoolPlace place;
    const auto spool = place.open();
    for (std::uint64_t n = 0; n < 4; ++n) put(*spool, Lane::kRest, n, 100);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(spool->read(3, 1000)->records().size(), 3u);
    EXPECT_EQ(spool->read(9, 250)->records().size(), 2u);
    EXPECT_EQ(spool->read(9, 1)->records().size(), 1u);
}

TEST(Spool, ForgetsWhatWasAcknowledgedAndNothingElse) {
    const SpoolPlace place;
    {
        const auto spool = place.open();
        for (std::uint64_t n = 0; n < 10; ++n) put(*spool, n < 5 ? Lane::kVital : Lane::kRest, n);
        ASSERT_TRUE(spool->commit());
        auto read = spool->read(8, 1000);
        ASSERT_EQ(read->records().size(), 8u);
        ASSERT_TRUE(spool->acknowledge(*read, 2));
        ASSERT_TRUE(spool->acknowledge(*read, 7));
        spool->release();
        expect_balance(*spool);
    }
    const auto spool = place.open();
    EXPECT_EQ(spool->counts().found, 3u);
    EXPECT_EQ(spool->counts().oldest_pending_wall_ns, 7u);
    EXPECT_EQ(drain(*spool), range(7, 10));
    expect_balance(*spool);
    EXPECT_TRUE(spool->take_losses().empty());
    EXPECT_TRUE(spool->warnings().empty());
}

TEST(Spool, RemovesWholeSegmentsThatAreAcknowledged) {
    const SpoolPlace place;
    auto spool = place.open({0, 0, 300});
    for (std::uint64_t n = 0; n < 20; ++n) {
        put(*spool, Lane::kRest, n, 80);
        ASSERT_TRUE(spool->commit());
    }
    EXPECT_EQ(place.segments().size(), 10u);
    auto read = spool->read(7, 1 << 20);
    ASSERT_TRUE(spool->acknowledge(*read, 7));
    EXPECT_EQ(place.segments().size(), 7u);
    EXPECT_EQ(drain(*spool), range(7, 20));
    EXPECT_EQ(place.segments().size(), 1u);  // it is written to
    spool = nullptr;
    spool = place.open();
    EXPECT_TRUE(place.segments().empty());
}

TEST(Spool, WritesBehindWhatIsThere) {
    const SpoolPlace place;
    for (std::uint64_t n = 0; n < 5; ++n) put(*place.open(), Lane::kRest, n);
    EXPECT_EQ(drain(*place.open()), range(0, 5));
    put(*place.open(), Lane::kRest, 5);
    EXPECT_EQ(drain(*place.open()), Numbers{5});
}

// ---- limits -----------------------------------------------------------------------------------------------

TEST(SpoolLimit, DropsTheOldestOfTheRestFirst) {
    const SpoolPlace place;
    const auto spool = place.open({8000, 0, 1000});
    for (std::uint64_t n = 0; n < 10; ++n) put(*spool, Lane::kVital, 1000 + n, 200);
    for (std::uint64_t n = 0; n < 60; ++n) {
        put(*spool, Lane::kRest, n, 200, n % 2 == 0 ? kOneKind : kOtherKind);
        ASSERT_TRUE(spool->commit());
        EXPECT_LE(spool->counts().disk_bytes, 8000u);
        expect_balance(*spool);
    }
    const auto losses = spool->take_losses();
    ASSERT_EQ(losses.size(), 2u);
    EXPECT_EQ(losses[0].kind, kOneKind);
    EXPECT_EQ(losses[1].kind, kOtherKind);
    EXPECT_EQ(losses[0].why, "spool_full");
    const std::uint64_t lost = losses[0].count + losses[1].count;
    EXPECT_EQ(lost, spool->counts().dropped);
    EXPECT_GT(lost, 30u);
    EXPECT_EQ(std::min(losses[0].since_ns, losses[1].since_ns), 0u);
    EXPECT_EQ(std::max(losses[0].until_ns, losses[1].until_ns), lost - 1);
    EXPECT_TRUE(spool->take_losses().empty());
    Numbers kept = range(1000, 1010);
    for (const std::uint64_t n : range(lost, 60)) kept.push_back(n);
    EXPECT_EQ(drain(*spool), kept);
    expect_balance(*spool);
}

TEST(SpoolLimit, LetsTheRestPushOutNothingVital) {
    const SpoolPlace place;
    const auto spool = place.open({8000, 0, 1000});
    for (std::uint64_t n = 0; n < 60; ++n) put(*spool, Lane::kVital, n, 200);
    ASSERT_TRUE(spool->commit());
    const std::uint64_t dropped = spool->counts().dropped;
    EXPECT_GT(dropped, 20u);  // the oldest vital ones, by later vital ones
    for (std::uint64_t n = 0; n < 40; ++n) put(*spool, Lane::kRest, 100 + n, 200);
    ASSERT_TRUE(spool->commit());
    Numbers vital = drain(*spool);
    std::erase_if(vital, [](std::uint64_t n) { return n >= 100; });
    EXPECT_EQ(vital, range(dropped, 60));
    expect_balance(*spool);
}

TEST(SpoolLimit, DropsWhatIsTooOld) {
    SpoolPlace place;
    auto spool = place.open({0, 1000, 0});
    place.now_ns += 500;
    put(*spool, Lane::kVital, place.now_ns);
    put(*spool, Lane::kRest, place.now_ns);
    ASSERT_TRUE(spool->commit());
    place.now_ns += 1000;
    EXPECT_EQ(spool->read(9, 99)->records().size(), 2u);  // not yet; and now they are being read
    place.now_ns += 1;
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(spool->counts().dropped, 0u);
    spool->release();
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(spool->counts().dropped, 2u);
    const auto losses = spool->take_losses();
    ASSERT_EQ(losses.size(), 1u);
    EXPECT_EQ(losses[0].count, 2u);
    EXPECT_EQ(losses[0].why, "spool_age");
    EXPECT_TRUE(place.segments().empty());
    put(*spool, Lane::kRest, place.now_ns);
    ASSERT_TRUE(spool->commit());
    spool = nullptr;
    place.now_ns += 1001;
    spool = place.open({0, 1000, 0});
    EXPECT_EQ(drain(*spool), Numbers{});
    EXPECT_EQ(spool->take_losses().at(0).why, "spool_age");
    expect_balance(*spool);
}

// A clock that was set while the sensor ran makes nothing old.
TEST(SpoolLimit, AgesByTheBootClock) {
    const SpoolPlace place;
    std::uint64_t wall = 5, boot = 5;
    const auto spool =
        std::move(*Spool::open(place.path, {0, 1000, 0}, {[&] { return wall; }, [&] { return boot; }}));
    put(*spool, Lane::kRest, 5);
    wall = 1'700'000'000'000'000'000;
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), Numbers{5});
}

TEST(SpoolLimit, NeverDropsWhatIsBeingRead) {
    const SpoolPlace place;
    const auto spool = place.open({4000, 0, 500});
    for (std::uint64_t n = 0; n < 6; ++n) put(*spool, Lane::kRest, n, 200);
    ASSERT_TRUE(spool->commit());
    auto read = spool->read(3, 1 << 20);
    for (std::uint64_t n = 6; n < 60; ++n) put(*spool, Lane::kRest, n, 200);
    ASSERT_TRUE(spool->commit());
    EXPECT_GT(spool->counts().dropped, 30u);
    ASSERT_TRUE(spool->acknowledge(*read, 3));
    expect_balance(*spool);
    const Numbers rest = drain(*spool);
    EXPECT_EQ(rest.back(), 59u);
    EXPECT_EQ(3 + rest.size() + spool->counts().dropped, 60u);
    expect_balance(*spool);
}

TEST(SpoolLimit, TakesNoRecordThatIsTooLarge) {
    const SpoolPlace place;
    const auto spool = place.open();
    const auto appended = spool->append(Lane::kRest, {std::string(kPayloadMax + 1, 'x'), kOtherKind, 77});
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, EMSGSIZE);
    const auto losses = spool->take_losses();
    ASSERT_EQ(losses.size(), 1u);
    EXPECT_EQ(losses[0].kind, kOtherKind);
    EXPECT_EQ(losses[0].since_ns, 77u);
    EXPECT_EQ(losses[0].why, "record_too_large");
    expect_balance(*spool);
}

// ---- the directory ----------------------------------------------------------------------------------------

TEST(SpoolDirectory, IsForItsOwnerAlone) {
    const SpoolPlace place;
    const mode_t before = ::umask(0);
    const auto spool = place.open();
    put(*spool, Lane::kRest, 1);
    ASSERT_TRUE(spool->commit());
    ::umask(before);
    struct stat st {};
    ASSERT_EQ(::stat(place.path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0700u);
    for (const auto& entry : std::filesystem::directory_iterator(place.path)) {
        ASSERT_EQ(::stat(entry.path().c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 07777, 0600u) << entry.path();
    }
}

TEST(SpoolDirectory, IsOneProcess) {
    const SpoolPlace place;
    auto spool = place.open();
    EXPECT_NE(place.refusal().find("another process"), std::string::npos) << place.refusal();
    spool = nullptr;
    EXPECT_EQ(place.refusal(), "");
}

TEST(SpoolDirectory, IsRefusedWhereOthersWrite) {
    const SpoolPlace place;
    std::filesystem::create_directory(place.path);
    ASSERT_EQ(::chmod(place.path.c_str(), 0770), 0);
    EXPECT_NE(place.refusal().find("chmod 700"), std::string::npos) << place.refusal();
    if (::geteuid() == 0) {
        ASSERT_EQ(::chmod(place.path.c_str(), 0700), 0);
        ASSERT_EQ(::chown(place.path.c_str(), 12345, 12345), 0);
        EXPECT_NE(place.refusal().find("belongs to user 12345"), std::string::npos) << place.refusal();
    }
}

TEST(SpoolDirectory, IsNamedInErrors) {
    SpoolPlace place;
    place.path += "/below/nothing";
    EXPECT_NE(place.refusal().find(place.path), std::string::npos);
    EXPECT_NE(place.refusal().find("No such file"), std::string::npos) << place.refusal();
    place.path = place.directory.write("file", "");
    EXPECT_NE(place.refusal(), "");
    place.path = place.directory.path + "/link";
    ASSERT_EQ(::symlink("/tmp", place.path.c_str()), 0);
    EXPECT_NE(place.refusal(), "");
}

TEST(SpoolDirectory, KeepsWhatIsNotItsOwn) {
    const SpoolPlace place;
    put(*place.open(), Lane::kRest, 1);
    const std::vector<std::string> names = {"notes.txt", "rest-00000000000000ff.seg", "rest-1.seg",
                                            "vital-0000000000000001.seg.bak"};
    for (const auto& name : names) place.put(name, std::string(100, '?'));
    ASSERT_EQ(::mkfifo((place.path + "/vital-00000000000000ff.seg").c_str(), 0600), 0);
    const auto spool = place.open();
    EXPECT_EQ(spool->warnings().size(), names.size() + 1);
    for (const auto& name : names)
        EXPECT_TRUE(std::ranges::any_of(spool->warnings(), [&](const auto& warning) {
            return warning.find("/" + name) != std::string::npos && warning.ends_with("left alone");
        })) << name;
    put(*spool, Lane::kRest, 2);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), range(1, 3));
    for (const auto& name : names) EXPECT_EQ(place.contents(name), std::string(100, '?'));
}

TEST(SpoolDirectory, OfANewerFormatIsLeftAsItIs) {
    const SpoolPlace place;
    put(*place.open(), Lane::kRest, 1);
    const std::string name = place.segments().at(0), old = place.contents(name);
    std::string newer = old;
    newer[16] = 2;
    const std::uint32_t crc = crc32c(std::string_view(newer).substr(0, 28));
    std::memcpy(newer.data() + 28, &crc, sizeof crc);
    place.put(name, newer);
    EXPECT_NE(place.refusal().find(name + ": it is of format 2, this program knows 1"), std::string::npos)
        << place.refusal();
    EXPECT_EQ(place.contents(name), newer);
    place.put(name, old);

    std::string position = place.contents("position");
    position.replace(0, 12, std::string("whodid\x1aP\x02\0\0\0", 12));
    const std::uint32_t check = crc32c(std::string_view(position).substr(0, 60));
    std::memcpy(position.data() + 60, &check, sizeof check);
    place.put("position", position);
    EXPECT_NE(place.refusal().find("its position is of format 2"), std::string::npos) << place.refusal();
    EXPECT_EQ(place.contents("position"), position);
    EXPECT_EQ(place.contents(name), old);
}

// ---- a disk that does not take it -------------------------------------------------------------------------

class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uint64_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const struct rlimit limit = {bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, SIG_DFL);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    struct rlimit before_ {};
};

TEST(SpoolFullDisk, KeepsWhatItCannotWriteForTheNextCommit) {
    const SpoolPlace place;
    const auto spool = place.open();
    put(*spool, Lane::kRest, 0);
    ASSERT_TRUE(spool->commit());
    for (const std::uint64_t bytes : {0, 63, 64, 100, 140, 200}) {
        const FileSizeLimit full(bytes);
        put(*spool, Lane::kRest, 1 + spool->counts().buffered_records, 100);
        const auto committed = spool->commit();
        ASSERT_FALSE(committed);
        EXPECT_EQ(committed.error().code, EFBIG);
        EXPECT_NE(committed.error().message.find(place.path), std::string::npos);
        EXPECT_NE(committed.error().message.find("ulimit"), std::string::npos) << committed.error().message;
        auto read = spool->read(9, 1 << 20);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->records().size(), 1u);  // nothing half-written
        spool->release();
        EXPECT_EQ(place.contents(place.segments().at(0)).size(), 64u + 32 + 2);
    }
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), range(0, 7));
    expect_balance(*spool);
    EXPECT_EQ(spool->counts().dropped, 0u);
}

TEST(SpoolFullDisk, SaysWhatToDoAboutDescriptors) {
    const SpoolPlace place;
    const auto spool = place.open();
    put(*spool, Lane::kRest, 0);
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto committed = spool->commit();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, EMFILE);
    EXPECT_NE(committed.error().message.find("raise the limit of descriptors"), std::string::npos)
        << committed.error().message;
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), range(0, 1));
}

TEST(SpoolFullDisk, CountsWhatTheBufferDoesNotHold) {
    const SpoolPlace place;
    const auto spool = place.open({0, 0, 10'000});  // the buffer is no larger than a segment
    std::uint64_t refused = 0;
    {
        const FileSizeLimit full(0);
        for (std::uint64_t n = 0; n < 200; ++n) {
            const auto appended =
                spool->append(Lane::kVital, {std::to_string(n) + std::string(96, '.'), 9, n});
            if (appended) continue;
            EXPECT_EQ(appended.error().code, EFBIG);
            ++refused;
        }
        EXPECT_FALSE(spool->commit());
    }
    EXPECT_GT(refused, 100u);
    EXPECT_TRUE(place.segments().empty());
    const auto losses = spool->take_losses();
    ASSERT_EQ(losses.size(), 1u);
    EXPECT_EQ(losses[0].count, refused);
    EXPECT_EQ(losses[0].kind, 9);
    EXPECT_EQ(losses[0].why, "spool_not_writable");
    EXPECT_EQ(losses[0].until_ns, 199u);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), range(0, 200 - refused));
    put(*spool, Lane::kVital, 500);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), Numbers{500});
    expect_balance(*spool);
}

// ---- two threads ------------------------------------------------------------------------------------------

TEST(Spool, IsForAWriterAndAReaderAtOnce) {
    const SpoolPlace place;
    const auto spool = place.open({0, 0, 2000});
    constexpr std::uint64_t kMany = 1500;
    std::thread writer([&] {
        for (std::uint64_t n = 0; n < kMany; ++n) {
            put(*spool, n % 5 == 0 ? Lane::kVital : Lane::kRest, n);
            if (n % 7 != 0 && n + 1 != kMany) continue;
            EXPECT_TRUE(spool->commit());
        }
    });
    Numbers vital, rest;
    while (vital.size() + rest.size() < kMany) {
        auto read = spool->read(50, 1 << 20);
        ASSERT_TRUE(read);
        for (const SpoolRecord& record : read->records())
            (test::number_of(record) % 5 == 0 ? vital : rest).push_back(test::number_of(record));
        EXPECT_TRUE(spool->acknowledge(*read, read->records().size()));
        if (vital.size() % 16 == 0) (void)spool->sync();
        (void)spool->counts();
    }
    writer.join();
    EXPECT_TRUE(std::ranges::is_sorted(vital));
    EXPECT_TRUE(std::ranges::is_sorted(rest));
    EXPECT_EQ(vital.size(), kMany / 5);
    EXPECT_EQ(spool->counts().acknowledged, kMany);
    expect_balance(*spool);
}

TEST(Spool, DropsWhileItIsRead) {
    const SpoolPlace place;
    const auto spool = place.open({6000, 0, 700});
    std::atomic<bool> is_written = false;
    std::thread writer([&] {
        for (std::uint64_t n = 0; n < 2000; ++n) {
            put(*spool, n % 3 == 0 ? Lane::kVital : Lane::kRest, n, 60);
            EXPECT_TRUE(spool->commit());
        }
        is_written = true;
    });
    std::uint64_t got = 0;
    while (!is_written) {
        auto read = spool->read(4, 1 << 20);
        ASSERT_TRUE(read);
        got += read->records().size() / 2;
        EXPECT_TRUE(spool->acknowledge(*read, read->records().size() / 2));
        spool->release();
    }
    writer.join();
    got += drain(*spool).size();
    EXPECT_EQ(got, spool->counts().acknowledged);
    EXPECT_EQ(spool->counts().corrupt, 0u);
    EXPECT_EQ(got + spool->counts().dropped, 2000u);
    expect_balance(*spool);
}

}  // namespace
}  // namespace whodid
