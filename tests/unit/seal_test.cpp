// SPDX-License-Identifier: Apache-2.0
// Seals: chains, keys that only go forward, the journal of erasures.
#include "sink/seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "sink/erasures.h"
#include "sink/seal_file.h"
#include "sink/seal_key.h"
#include "unit/event_files_world.h"

namespace whodid::test {
namespace {

std::string text_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

TEST(Seal, ChainIsAsDocumented) {
    SealHeader header;
    header.sequence = 7;
    SealChain chain;
    chain.begin(header);
    std::string value = sha256(bytes_of(header));
    std::set<Salt> salts;
    for (const std::string line : {"{}", "", "{\"a\":1}"}) {
        const SealRecord record = chain.seal(line);
        const std::string salt(reinterpret_cast<const char*>(record.salt.data()), record.salt.size());
        const std::string digest = sha256(salt + line);
        EXPECT_EQ(text_of(record.digest), digest);
        value = sha256(value + digest);
        EXPECT_EQ(text_of(chain.state().value), value);
        salts.insert(record.salt);
    }
    EXPECT_EQ(chain.state().records, 3u);
    EXPECT_EQ(chain.state().bytes, 3u + 1u + 8u);
    EXPECT_EQ(salts.size(), 3u);
}

TEST(Seal, SaltsNeverRepeat) {
    SealChain chain;
    chain.begin({});
    std::set<Salt> salts;
    for (int i = 0; i < 1000; ++i) salts.insert(chain.seal("same").salt);
    EXPECT_EQ(salts.size(), 1000u);
}

TEST(SealKey, EvolvesForward) {
    SealKey key = SealKey::make();
    const SealKey first = key;
    key.evolve();
    EXPECT_EQ(key.index, 1u);
    EXPECT_EQ(key.lineage, first.lineage);
    EXPECT_EQ(text_of(key.key), sha256("whodid seal" + text_of(first.key)));
    EXPECT_EQ(first.mac("a", "b"), hmac_sha256(first.key, "ab"));
    EXPECT_NE(first.mac(kSealPurpose, "x"), first.mac(kErasurePurpose, "x"));
    EXPECT_NE(first.mac(kSealPurpose, "x"), key.mac(kSealPurpose, "x"));
}

TEST(SealKey, HmacOfRfc4231) {  // test case 2 has a short key: padded with zeros it is the same
    Digest key{};
    const std::string_view jefe = "Jefe";
    std::copy(jefe.begin(), jefe.end(), key.begin());
    EXPECT_EQ(hex_text(hmac_sha256(key, "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SealKey, FileIsReplacedAndTheOldKeyOverwritten) {
    const Directory directory;
    const std::string path = directory.path + "/seal.key";
    SealKey key = SealKey::make();
    ASSERT_TRUE(write_seal_key(path, key));
    std::filesystem::create_hard_link(path, directory.path + "/link");  // the old inode, seen
    const auto read = read_seal_key(path);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(format_seal_key(*read), format_seal_key(key));
    key.evolve();
    ASSERT_TRUE(write_seal_key(path, key));
    EXPECT_EQ(read_seal_key(path)->index, 1u);
    std::ifstream old(directory.path + "/link");
    const std::string left{std::istreambuf_iterator<char>(old), {}};
    EXPECT_FALSE(left.empty());
    EXPECT_EQ(left.find_first_not_of('0'), std::string::npos) << left;
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST(SealKey, WhatIsNone) {
    const std::string good = format_seal_key(SealKey::make());
    EXPECT_TRUE(parse_seal_key(good));
    for (std::size_t i = 0; i + 1 < good.size(); ++i) EXPECT_FALSE(parse_seal_key(good.substr(0, i))) << i;
    for (const std::string& bad : {good + "x", "x" + good, std::string(), std::string(200, '0')})
        EXPECT_FALSE(parse_seal_key(bad)) << bad;
    std::string not_hex = good;
    not_hex[good.size() - 2] = 'g';
    const auto parsed = parse_seal_key(not_hex);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, EBADMSG);
    const auto missing = read_seal_key("/nonexistent/key");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ENOENT);
    EXPECT_NE(missing.error().message.find("/nonexistent/key"), std::string::npos);
}

TEST(SealFile, SizesAndTornEnds) {
    SealHeader header;
    std::string bytes(bytes_of(header));
    EXPECT_FALSE(SealFile::parse(bytes.substr(0, bytes.size() - 1)));
    EXPECT_FALSE(SealFile::parse(""));
    SealChain chain;
    chain.begin(header);
    for (int i = 0; i < 5; ++i) {
        const SealRecord record = chain.seal("x");
        bytes += bytes_of(record);
    }
    SealFooter footer = make_footer(header, chain.state());
    const std::string whole = bytes + std::string(bytes_of(footer));
    const auto sealed = SealFile::parse(whole);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->records(), 5u);
    ASSERT_TRUE(sealed->footer());
    EXPECT_EQ(sealed->footer()->records, 5u);
    for (std::size_t cut = 1; cut <= sizeof(SealFooter) - 16; ++cut) {
        const auto torn = SealFile::parse(whole.substr(0, whole.size() - cut));
        ASSERT_TRUE(torn);
        EXPECT_FALSE(torn->footer());
        EXPECT_EQ(torn->records(), 5u) << cut;
        EXPECT_EQ(torn->torn_bytes(), sizeof(SealFooter) - cut);
    }
    std::string other = whole;
    other[0] = 'W';
    EXPECT_FALSE(SealFile::parse(other));
}

TEST(Erasures, JournalIsAChain) {
    const Directory directory;
    SealKey key = SealKey::make();
    EXPECT_EQ(read_journal_head(directory.path)->entries, 0u);
    EXPECT_TRUE(read_journal(directory.path)->empty());
    JournalEntry entry;
    entry.what = JournalEntry::kFileRemoved;
    entry.series = series_bytes("events");
    for (std::uint64_t i = 1; i <= 3; ++i) {
        entry.sequence = i;
        ASSERT_TRUE(append_journal(directory.path, entry, key, 1000 + i));
        key.evolve();
    }
    const auto entries = read_journal(directory.path);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 3u);
    EXPECT_EQ((*entries)[0].previous, Digest{});
    EXPECT_EQ((*entries)[2].previous, seal_of(bytes_of((*entries)[1])));
    EXPECT_EQ((*entries)[2].key_index, 2u);
    EXPECT_EQ((*entries)[2].time_ns, 1003u);
    EXPECT_EQ(read_journal_head(directory.path)->seal, seal_of(bytes_of((*entries)[2])));
}

TEST(Erasures, JournalThatWasCutGoesOn) {
    const Directory directory;
    const SealKey key = SealKey::make();
    ASSERT_TRUE(append_journal(directory.path, {}, key, 1));
    const std::string path = directory.path + "/erasures.journal";
    std::filesystem::resize_file(path, std::filesystem::file_size(path) + 100);
    EXPECT_EQ(read_journal(directory.path)->size(), 1u);
    ASSERT_TRUE(append_journal(directory.path, {}, key, 2));
    const auto entries = read_journal(directory.path);
    ASSERT_EQ(entries->size(), 2u);
    EXPECT_EQ((*entries)[1].previous, seal_of(bytes_of((*entries)[0])));
    std::ofstream(path, std::ios::trunc) << "something else";
    const auto other = read_journal(directory.path);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, EBADMSG);
}

TEST(Erasures, WhatCannotBeErased) {
    EventFilesWorld world;
    {
        const auto files = world.open();
        world.add(*files, 2);
    }
    const SealKey key = *world.first_key;
    const std::string open_file = world.path(world.names(".jsonl").at(0));
    const auto busy = erase_record(open_file, 1, key, 1);
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, EBUSY);
    world.make_files(1);
    const std::string closed = world.path(world.names(".jsonl.zst").at(0));
    for (const std::uint64_t line : {0, 6}) {
        const auto none = erase_record(closed, line, key, 1);
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().code, EINVAL) << none.error().message;
    }
    for (const std::string& hold : {std::string("HOLD"), world.names(".seal").at(0) + ".hold"}) {
        world.write(hold, "");
        const auto held = erase_record(closed, 1, key, 1);
        ASSERT_FALSE(held);
        EXPECT_EQ(held.error().code, EPERM) << held.error().message;
        std::filesystem::remove(world.path(hold));
    }
    EXPECT_FALSE(erase_record(world.events + "/other.txt", 1, key, 1));
    EXPECT_TRUE(read_journal(world.events)->empty());
    EXPECT_EQ(world.verdict(), "intact");
}

}  // namespace
}  // namespace whodid::test
