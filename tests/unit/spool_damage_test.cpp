// SPDX-License-Identifier: Apache-2.0
// What a spool makes of files that are cut off, damaged or older than the rest, and of a process that was
// killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <random>

#include "sink/spool.h"
#include "spool_place.h"

namespace whodid {
namespace {

using test::drain;
using test::expect_balance;
using test::number_of;
using test::put;
using test::range;
using test::SpoolPlace;
using Numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t kRecords = 4;

/// The files of a spool with kRecords in one segment, the bytes at which each record begins, and the end.
class SpoolDamage : public testing::Test {
protected:
    SpoolDamage() {
        const auto spool = place_.open();
        starts_.push_back(kSegmentHeaderBytes);
        for (std::uint64_t n = 0; n < kRecords; ++n) {
            put(*spool, Lane::kVital, n, 5 + 3 * n);
            EXPECT_TRUE(spool->commit());
            starts_.push_back(std::filesystem::file_size(place_.path + "/" + place_.segments().at(0)));
        }
        name_ = place_.segments().at(0);
        whole_ = place_.contents(name_);
    }
    /// Which record the byte belongs to; kRecords: none.
    std::uint64_t record_at(std::size_t byte) const {
        if (byte < kSegmentHeaderBytes) return kRecords;
        return static_cast<std::uint64_t>(std::ranges::upper_bound(starts_, byte) - starts_.begin()) - 1;
    }

    SpoolPlace place_;
    std::string name_, whole_;
    std::vector<std::size_t> starts_;
};

TEST_F(SpoolDamage, CutAtAnyByteCostsOnlyWhatIsCut) {
    for (std::size_t bytes = 0; bytes <= whole_.size(); ++bytes) {
        place_.put(name_, whole_.substr(0, bytes));
        std::uint64_t left = 0;
        while (left < kRecords && starts_[left + 1] <= bytes) ++left;
        {
            const auto spool = place_.open();
            EXPECT_EQ(spool->counts().found, left) << bytes;
            EXPECT_EQ(spool->counts().corrupt, 0u) << bytes;
            EXPECT_TRUE(left == 0 || place_.contents(name_) == whole_.substr(0, starts_[left])) << bytes;
            put(*spool, Lane::kVital, 100);
            ASSERT_TRUE(spool->commit());
            Numbers expected = range(0, left);
            expected.push_back(100);
            EXPECT_EQ(drain(*spool), expected) << bytes;
            expect_balance(*spool);
        }
        for (const std::string& name : place_.segments()) std::filesystem::remove(place_.path + "/" + name);
        std::filesystem::remove(place_.path + "/position");
    }
}

TEST_F(SpoolDamage, AnyFlippedByteCostsOneRecordAtMost) {
    for (std::size_t byte = 0; byte < whole_.size(); ++byte)
        for (const int flip : {0x01, 0xff}) {
            std::string bytes = whole_;
            bytes[byte] = static_cast<char>(bytes[byte] ^ flip);
            place_.put(name_, bytes);
            std::filesystem::remove(place_.path + "/position");
            const auto spool = place_.open();
            const std::uint64_t lost = record_at(byte);
            Numbers expected = range(0, kRecords);
            std::erase(expected, lost);
            EXPECT_EQ(drain(*spool), expected) << byte;
            EXPECT_EQ(spool->counts().corrupt, lost == kRecords ? 0u : 1u) << byte;
            EXPECT_EQ(spool->counts().found, kRecords) << byte;
            expect_balance(*spool);
            const auto losses = spool->take_losses();
            ASSERT_EQ(losses.size(), lost == kRecords ? 0u : 1u) << byte;
            EXPECT_TRUE(losses.empty() || losses[0].why == "spool_damaged");
        }
}

TEST_F(SpoolDamage, MissingRecordsAreCounted) {
    place_.put(name_, whole_.substr(0, starts_[1]) + std::string(starts_[3] - starts_[1], '\0') +
                          whole_.substr(starts_[3]));
    const auto spool = place_.open();
    EXPECT_EQ(spool->counts().corrupt, 2u);
    EXPECT_EQ(drain(*spool), (Numbers{0, 3}));
    EXPECT_EQ(spool->take_losses().at(0).count, 2u);
    expect_balance(*spool);
}

TEST_F(SpoolDamage, ASegmentWithoutAHeaderIsLeftAlone) {
    const std::string bytes = std::string(kSegmentHeaderBytes, '\0') + whole_.substr(kSegmentHeaderBytes);
    place_.put(name_, bytes);
    const auto spool = place_.open();
    ASSERT_EQ(spool->warnings().size(), 1u);
    EXPECT_NE(spool->warnings()[0].find(name_), std::string::npos) << spool->warnings()[0];
    EXPECT_EQ(drain(*spool), Numbers{});
    EXPECT_EQ(place_.contents(name_), bytes);
}

// What people type is in payloads, and so could be a record.
TEST_F(SpoolDamage, BringsNothingToLightThatWasInsideARecord) {
    std::filesystem::remove_all(place_.path);
    std::string forged(7, 'x');
    for (std::uint32_t key = 0; key < 4; ++key) append_record(forged, {"666:", 1, 666}, 1, key);
    {
        const auto spool = place_.open();
        put(*spool, Lane::kRest, 0);
        ASSERT_TRUE(spool->append(Lane::kRest, {forged, 1, 1}));
        put(*spool, Lane::kRest, 2);
    }
    const std::string name = place_.segments().at(0);
    std::string bytes = place_.contents(name);
    const std::size_t inner = bytes.find(forged);
    ASSERT_NE(inner, bytes.npos);
    bytes[inner - 32] = '?';
    place_.put(name, bytes);
    EXPECT_EQ(drain(*place_.open()), (Numbers{0, 2}));
}

// ---- while it is read -------------------------------------------------------------------------------------

TEST(SpoolDamageLater, IsPassedOverAndCounted) {
    for (const bool is_at_the_end : {false, true}) {
        const SpoolPlace place;
        const auto spool = place.open();
        for (std::uint64_t n = 0; n < 10; ++n) put(*spool, Lane::kRest, n, 50);
        ASSERT_TRUE(spool->commit());
        const std::string name = place.segments().at(0);
        std::string bytes = place.contents(name);
        const std::size_t first = kSegmentHeaderBytes + (is_at_the_end ? 8 : 3) * 82;
        for (std::size_t i = 0; i < 2 * 82; ++i) bytes[first + i] = 'x';
        place.put(name, bytes);
        Numbers expected = is_at_the_end ? range(0, 8) : Numbers{0, 1, 2, 5, 6, 7, 8, 9};
        EXPECT_EQ(drain(*spool), expected);
        put(*spool, Lane::kRest, 10);
        ASSERT_TRUE(spool->commit());
        EXPECT_EQ(drain(*spool), Numbers{10});
        EXPECT_EQ(spool->counts().corrupt, 2u);
        EXPECT_EQ(spool->counts().pending_records, 0u);
        EXPECT_EQ(spool->take_losses().at(0).kind, test::kOneKind);
        expect_balance(*spool);
    }
}

TEST(SpoolDamageLater, CostsNothingThatIsBehindItAndDidNotFit) {
    const SpoolPlace place;
    const auto spool = place.open();
    put(*spool, Lane::kVital, 100, 20);
    for (std::uint64_t n = 0; n < 3; ++n) put(*spool, Lane::kRest, n, 50);
    ASSERT_TRUE(spool->commit());
    const std::string name = place.segments().at(0);
    ASSERT_TRUE(name.starts_with("rest-"));
    std::string bytes = place.contents(name);
    bytes[kSegmentHeaderBytes + kRecordHeaderBytes] = '?';
    place.put(name, bytes);
    auto read = spool->read(10, 30);
    ASSERT_EQ(read->records().size(), 1u);
    ASSERT_TRUE(spool->acknowledge(*read, 1));
    EXPECT_EQ(drain(*spool), (Numbers{1, 2}));
    EXPECT_EQ(spool->counts().corrupt, 1u);
    EXPECT_EQ(spool->counts().pending_records, 0u);
    expect_balance(*spool);
}

TEST(SpoolDamageLater, MayBeThatTheFileIsGone) {
    const SpoolPlace place;
    const auto spool = place.open();
    put(*spool, Lane::kVital, 1);
    put(*spool, Lane::kRest, 2);
    ASSERT_TRUE(spool->commit());
    std::filesystem::remove(place.path + "/" + place.segments().at(1));
    EXPECT_EQ(drain(*spool), Numbers{2});
    EXPECT_EQ(spool->counts().corrupt, 1u);
    put(*spool, Lane::kVital, 3);
    ASSERT_TRUE(spool->commit());
    EXPECT_EQ(drain(*spool), Numbers{3});
    expect_balance(*spool);
}

// ---- the position -----------------------------------------------------------------------------------------

TEST(SpoolPosition, ThatIsOldOrDamagedCostsNoRecord) {
    const SpoolPlace place;
    std::vector<std::string> positions;
    {
        const auto spool = place.open({0, 0, 200});
        for (std::uint64_t n = 0; n < 8; ++n) {
            put(*spool, Lane::kRest, n, 60);
            ASSERT_TRUE(spool->commit());
        }
        for (std::uint64_t n = 0; n < 3; ++n) {
            auto read = spool->read(1, 1000);
            ASSERT_TRUE(spool->acknowledge(*read, 1));
            positions.push_back(place.contents("position"));
        }
    }
    for (std::size_t byte = 0; byte < positions.back().size(); ++byte) {
        std::string damaged = positions.back();
        damaged[byte] = static_cast<char>(damaged[byte] ^ 0x10);
        positions.push_back(damaged);
    }
    positions.push_back("");
    for (const std::string& position : positions) {
        place.put("position", position);
        const auto spool = place.open();
        auto read = spool->read(100, 1 << 20);
        const std::uint64_t first = number_of(read->records().at(0));
        EXPECT_LE(first, 3u);
        Numbers got;
        for (const SpoolRecord& record : read->records()) got.push_back(number_of(record));
        EXPECT_EQ(got, range(first, 8));
    }
}

// The position was on disk when the power was cut, and what it is about was not.
TEST(SpoolPosition, AheadOfTheDataHidesNothingThatComesLater) {
    for (const bool is_name_lost : {false, true}) {
        const SpoolPlace place;
        {
            const auto spool = place.open();
            for (std::uint64_t n = 0; n < 8; ++n) put(*spool, Lane::kRest, n, 60);
            ASSERT_TRUE(spool->commit());
            auto read = spool->read(6, 1 << 20);
            ASSERT_TRUE(spool->acknowledge(*read, 6));
        }
        const std::string name = place.segments().at(0);
        if (is_name_lost)
            std::filesystem::remove(place.path + "/" + name);
        else
            place.put(name, place.contents(name).substr(0, kSegmentHeaderBytes + 2 * 92));
        const auto spool = place.open();
        put(*spool, Lane::kRest, 100);
        ASSERT_TRUE(spool->commit());
        EXPECT_EQ(drain(*spool), Numbers{100});
    }
}

// ---- kill -9 ----------------------------------------------------------------------------------------------

/// In a child: appends numbers from `from` on, tells each that is committed, and is killed.
[[noreturn]] void append_until_killed(const SpoolPlace& place, std::uint64_t from, int told) {
    auto spool = Spool::open(place.path, {0, 0, 20'000});
    if (!spool) ::_exit(1);
    for (std::uint64_t n = from; n < from + 400; ++n) {
        const std::string payload = std::to_string(n) + std::string(n * 37 % 400, '.');
        if (!(*spool)->append(n % 3 == 0 ? Lane::kVital : Lane::kRest, {payload, 1, n})) ::_exit(2);
        if (n % 4 != 0) continue;
        if (!(*spool)->commit()) ::_exit(3);
        if (::write(told, &n, sizeof n) != sizeof n) ::_exit(4);
    }
    while (true) ::pause();
}

/// The last number that a child told; it is killed some time after it has told so many. `from` - 1: none.
std::uint64_t run_and_kill(const SpoolPlace& place, std::uint64_t from, unsigned tells, unsigned after_us) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd from_child(ends[0]);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        append_until_killed(place, from, ends[1]);
    }
    ::close(ends[1]);
    std::uint64_t last = from - 1, told = 0;
    const auto hears = [&] { return ::read(from_child.get(), &told, sizeof told) == sizeof told; };
    for (; tells != 0 && hears(); --tells) last = told;
    ::usleep(after_us);
    ::kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    while (hears()) last = told;
    return last;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr int kKills = 20;  // a fork copies its shadow
#else
constexpr int kKills = 200;
#endif
#else
constexpr int kKills = 200;
#endif

TEST(SpoolKilled, LosesNothingThatWasCommitted) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the thread sanitizer allows no fork while there are threads, and other tests leave some";
#endif
    const SpoolPlace place;
    std::mt19937 chance(1);
    std::uint64_t next = 1, committed = 0;
    for (int kills = 0; kills < kKills; ++kills) {
        const std::uint64_t last = run_and_kill(place, next, chance() % 8, chance() % 500);
        auto spool = place.open({0, 0, 20'000});
        EXPECT_EQ(spool->counts().corrupt, 0u);
        Numbers got = drain(*spool, 64);
        std::ranges::sort(got);
        const std::uint64_t told = last + 1 - next;
        ASSERT_GE(got.size(), told);
        ASSERT_EQ(Numbers(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(told)),
                  range(next, last + 1));
        // Besides, what it was about to tell: of each record once at most.
        ASSERT_EQ(std::ranges::adjacent_find(got), got.end());
        committed += told;
        next = std::max(last, got.empty() ? 0 : got.back()) + 1;
    }
    EXPECT_GT(committed, 0u);
}

}  // namespace
}  // namespace whodid
