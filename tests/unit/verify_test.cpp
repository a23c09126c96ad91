// SPDX-License-Identifier: Apache-2.0
// whodid verify: intact files are, and whatever was done to others is found, at its place.
#include "app/verify.h"

#include <gtest/gtest.h>

#include "app/exit_code.h"
#include "sink/erasures.h"
#include "sink/event_text.h"
#include "sink/seal_file.h"
#include "sink/zstd_frames.h"
#include "unit/event_files_world.h"

namespace whodid::test {
namespace {

class Verify : public ::testing::Test {
protected:
    Verify() { world.settings.compress = false; }

    std::string file(std::size_t index) const { return world.names(".jsonl").at(index); }
    std::string seal(std::size_t index) const { return world.names(".seal").at(index); }

    /// The verdict on another text in a file's place; afterwards it is as it was.
    std::string verdict_with(const std::string& name, const std::string& text, bool with_key = true) const {
        const std::string before = world.read(name);
        world.write(name, text);
        std::string verdict = world.verdict(with_key);
        world.write(name, before);
        return verdict;
    }
    /// The same with one byte changed, in place.
    std::string verdict_with_byte(const std::string& name, std::size_t at, char byte,
                                  bool with_key = true) const {
        std::fstream out(world.path(name), std::ios::binary | std::ios::in | std::ios::out);
        const auto place = static_cast<std::streamoff>(at);
        out.seekg(place);
        const char before = static_cast<char>(out.get());
        out.seekp(place).put(byte).flush();
        std::string verdict = world.verdict(with_key);
        out.seekp(place).put(before).flush();
        EXPECT_TRUE(out);
        return verdict;
    }
    static std::vector<std::string> split(const std::string& text) {
        std::vector<std::string> lines;
        for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
            lines.push_back(text.substr(at, end + 1 - at));
        return lines;
    }
    static std::string join(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines) text += line;
        return text;
    }
    Result<std::uint64_t> erase(const std::string& name, std::uint64_t line) const {
        return erase_record(world.path(name), line, *read_seal_key(world.key_path), world.now_ns);
    }

    EventFilesWorld world;
};

TEST_F(Verify, Intact) {
    world.make_files(3);
    world.make_files(1, true);
    { world.add(*world.open(), 2); }
    const auto reports = world.check();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(reports[0].series, "events");
    EXPECT_EQ(reports[0].files, 4u);
    EXPECT_EQ(reports[0].records, 11u);
    EXPECT_EQ(reports[0].unsealed, 2u);
    EXPECT_EQ(reports[0].seals_checked, 3u);
    EXPECT_EQ(reports[1].records, 3u);
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.verdict(false), "intact");
}

TEST_F(Verify, EveryByteOfTheLines) {
    world.make_files(1);
    const std::string name = file(0), text = world.read(name);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string verdict = verdict_with_byte(name, i, static_cast<char>(text[i] ^ 1), false);
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(i), '\n');
        ASSERT_TRUE(verdict.starts_with(name + ":" + std::to_string(line) + ": ")) << i << " " << verdict;
    }
}

/// Of the last, by the key; of those before it, by what names them.
TEST_F(Verify, EveryByteOfASeal) {
    world.make_files(2, false, 1);
    for (const bool is_last : {false, true}) {
        const std::string name = seal(is_last ? 1 : 0), text = world.read(name);
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char changed = static_cast<char>(text[i] ^ 0x80);
            ASSERT_NE(verdict_with_byte(name, i, changed, is_last), "intact") << name << " " << i;
        }
    }
    EXPECT_EQ(world.verdict(), "intact");
}

TEST_F(Verify, EveryByteOfTheJournal) {
    world.make_files(1);
    ASSERT_TRUE(erase(file(0), 2));
    const std::string text = world.read("erasures.journal");
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char changed = static_cast<char>(text[i] ^ 2);
        ASSERT_NE(verdict_with_byte("erasures.journal", i, changed), "intact") << i;
    }
    for (std::size_t bytes = 0; bytes < text.size(); bytes += 48)
        ASSERT_NE(verdict_with("erasures.journal", text.substr(0, bytes)), "intact") << bytes;
    // What a later seal names cannot go with what it says.
    world.make_files(1);
    ASSERT_TRUE(erase(file(0), 3));
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(verdict_with("erasures.journal", "", false),
              file(0) + ":2: erased without a note in the journal of erasures");
}

TEST_F(Verify, LinesRemovedSwappedAdded) {
    world.make_files(2);
    const auto lines = split(world.read(file(0)));
    ASSERT_EQ(lines.size(), 3u);
    const std::string where = file(0) + ":";
    EXPECT_EQ(verdict_with(file(0), join({lines[0], lines[2]})),
              where + "2: missing: what was sealed as line 3 stands here");
    EXPECT_EQ(verdict_with(file(0), join({lines[1], lines[2]})),
              where + "1: missing: what was sealed as line 2 stands here");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], lines[1]})), where + "3: cut short: it had 3 lines");
    EXPECT_EQ(verdict_with(file(0), ""), where + "1: cut short: it had 3 lines");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], lines[2], lines[1]})), where + "2: swapped with line 3");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], "{}\n", lines[1], lines[2]})),
              where + "2: added: it was never sealed");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], lines[1], lines[2], "{}\n"})),
              where + "4: added behind the last line that was sealed");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], lines[1], lines[2], "{"})),
              where + "4: its end is cut off");
    EXPECT_EQ(verdict_with(file(0), join({lines[0], "{}\n", lines[2]})), where + "2: altered");
    const std::string whole = join(lines);
    EXPECT_NE(verdict_with(file(0), whole.substr(0, whole.size() - 1)), "intact");
    EXPECT_EQ(world.verdict(), "intact");
}

TEST_F(Verify, PlaceOfAFault) {
    world.make_files(1);
    auto lines = split(world.read(file(0)));
    lines[1][5] ^= 1;
    world.write(file(0), join(lines));
    const auto report = world.check().at(0);
    ASSERT_TRUE(report.fault);
    EXPECT_EQ(report.fault->line, 2u);
    EXPECT_EQ(report.fault->offset, lines[0].size());
    const std::string text = verify_text({report}, true);
    EXPECT_EQ(text,
              fmt::format("events: NOT INTACT: {} line 2 byte {}: altered; before it: 0 files, 1 record\n",
                          world.path(file(0)), lines[0].size()));
}

TEST_F(Verify, AFileIsMissing) {
    world.make_files(3);
    const std::string name = file(1);
    std::filesystem::remove(world.path(name));
    EXPECT_EQ(world.verdict(), name + ":0: missing");
    std::filesystem::remove(world.path(seal(1)));
    EXPECT_EQ(world.verdict(false),
              world.names(".jsonl").at(1).substr(0, 30) + ":0: number 2 of events, before it, is missing");
    // And the first of all.
    std::filesystem::remove(world.path(file(0)));
    std::filesystem::remove(world.path(seal(0)));
    EXPECT_EQ(world.verdict(false), file(0).substr(0, 30) + ":0: number 1 of events, before it, is missing");
    // Who asks for one file is told of that file.
    const auto one = check_seals({world.path(file(0))}, world.first_key);
    ASSERT_TRUE(one);
    EXPECT_FALSE(one->at(0).fault);
    EXPECT_EQ(one->at(0).records, 3u);
}

TEST_F(Verify, ASealIsMissingOrCut) {
    world.make_files(3);
    const std::string name = seal(1), whole = world.read(name);
    EXPECT_EQ(verdict_with(name, whole.substr(0, whole.size() - sizeof(SealFooter))),
              name + ":0: its end is missing, though a later file follows");
    EXPECT_NE(verdict_with(name, whole.substr(0, 40)), "intact");
    std::filesystem::remove(world.path(name));
    EXPECT_EQ(world.verdict(), name + ":0: missing");
}

/// Whoever can write the files can make all digests fit, but not without the key.
TEST_F(Verify, ForgedWithoutTheKey) {
    world.make_files(1);
    auto text = split(world.read(file(0)));
    text[1] = "{\"forged\":1}\n";
    const auto sealed = SealFile::read(world.path(seal(0)));
    SealChain chain;
    chain.begin(sealed->header());
    std::string forged(bytes_of(sealed->header()));
    for (const std::string& line : text) {
        const SealRecord record = chain.seal(std::string_view(line).substr(0, line.size() - 1));
        forged += bytes_of(record);
    }
    SealFooter footer = make_footer(sealed->header(), chain.state());
    sign(footer, SealKey::make());
    forged += bytes_of(footer);
    world.write(file(0), join(text));
    world.write(seal(0), forged);
    EXPECT_EQ(world.verdict(false), "intact");
    EXPECT_EQ(world.verdict(true), seal(0) + ":0: it was not sealed with this key");
    // Nor with a later key, which is what a thief finds.
    footer.key_index = 0;
    footer.lineage = world.first_key->lineage;
    footer.mac = read_seal_key(world.key_path)->mac(kSealPurpose, footer.covered());
    world.write(seal(0), forged.substr(0, forged.size() - sizeof footer) + std::string(bytes_of(footer)));
    EXPECT_EQ(world.verdict(true), seal(0) + ":0: it was not sealed with this key");
}

TEST_F(Verify, ALaterKeyProvesLaterSeals) {
    world.make_files(2);
    const auto later = read_seal_key(world.key_path);
    world.make_files(1);
    const auto reports = check_seals({world.events}, *later);
    ASSERT_TRUE(reports);
    EXPECT_FALSE(reports->at(0).fault);
    EXPECT_EQ(reports->at(0).seals, 3u);
    EXPECT_EQ(reports->at(0).seals_checked, 1u);
    EXPECT_NE(verify_text(*reports, true).find("2 seals older than this key, not proven"), std::string::npos);
}

TEST_F(Verify, LawfullyErased) {
    for (const bool compress : {false, true}) {
        EventFilesWorld erased;
        erased.settings.compress = compress;
        erased.make_files(2);
        const std::string name = erased.names(compress ? ".jsonl.zst" : ".jsonl").at(0);
        const SealKey key = *read_seal_key(erased.key_path);
        ASSERT_TRUE(erase_record(erased.path(name), 2, key, erased.now_ns));
        ASSERT_TRUE(erase_record(erased.path(name), 2, key, erased.now_ns));  // nothing more happens
        EXPECT_EQ(erased.verdict(), "intact");
        EXPECT_EQ(erased.check().at(0).erased, 1u);
        EXPECT_EQ(erased.check().at(0).records, 6u);
        auto text = EventText::open(erased.path(name));
        const std::string lines = *text->next();
        EXPECT_EQ(lines.find("\"n\":2,"), std::string::npos);
        EXPECT_NE(lines.find("\"n\":1,"), std::string::npos);
        const auto sealed = SealFile::read(erased.path(erased.names(".seal").at(0)));
        EXPECT_EQ(split(lines).at(1), tombstone(sealed->record(1).digest) + "\n");
        EXPECT_TRUE(sealed->record(1).is_erased());
        EXPECT_FALSE(sealed->record(0).is_erased());
        EXPECT_EQ(read_journal(erased.events)->size(), 1u);
        EXPECT_NE(verify_text(erased.check(), true).find("; 1 record lawfully erased"), std::string::npos);
        erased.make_files(1);
        EXPECT_EQ(erased.verdict(), "intact");
    }
}

TEST_F(Verify, UnlawfullyErased) {
    world.make_files(2);
    const auto sealed = SealFile::read(world.path(seal(0)));
    auto lines = split(world.read(file(0)));
    lines[1] = tombstone(sealed->record(1).digest) + "\n";
    std::string records = world.read(seal(0));
    records.replace(SealFile::offset_of(1), sizeof(Salt), sizeof(Salt), '\0');
    world.write(file(0), join(lines));
    world.write(seal(0), records);
    const std::string fault = file(0) + ":2: erased without a note in the journal of erasures";
    EXPECT_EQ(world.verdict(false), fault);
    // A note that the key has not signed is none.
    JournalEntry entry;
    entry.what = JournalEntry::kRecordErased;
    entry.series = series_bytes("events");
    entry.sequence = 1;
    entry.line = 2;
    entry.bytes = split(world.read(file(1)))[1].size() - 1;
    entry.digest = sealed->record(1).digest;
    ASSERT_TRUE(append_journal(world.events, entry, SealKey::make(), 1));
    EXPECT_EQ(world.verdict(), "erasures.journal:0: entry 1 was altered, or one before it is missing");
}

TEST_F(Verify, AnErasureThatWasInterrupted) {
    world.make_files(1);
    const std::string lines = world.read(file(0)), records = world.read(seal(0));
    ASSERT_TRUE(erase(file(0), 1));
    const std::string erased_lines = world.read(file(0));
    world.write(seal(0), records);  // killed before the salt went
    EXPECT_EQ(world.verdict(), "intact");
    world.write(file(0), lines);  // killed before the line went
    EXPECT_EQ(world.verdict(), "intact");
    EXPECT_EQ(world.check().at(0).unfinished, 1u);
    ASSERT_TRUE(erase(file(0), 1));
    EXPECT_EQ(world.read(file(0)), erased_lines);
    EXPECT_EQ(world.check().at(0).unfinished, 0u);
    EXPECT_EQ(world.check().at(0).erased, 1u);
    EXPECT_EQ(read_journal(world.events)->size(), 1u);
}

TEST_F(Verify, WhatWasAlteredIsNotErased) {
    world.make_files(1);
    auto lines = split(world.read(file(0)));
    lines[0][3] ^= 1;
    world.write(file(0), join(lines));
    const auto refused = erase(file(0), 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EBADMSG);
    EXPECT_FALSE(std::filesystem::exists(world.path("erasures.journal")));
}

TEST_F(Verify, CompressedFiles) {
    world.settings.compress = true;
    world.make_files(2);
    const std::string name = world.names(".jsonl.zst").at(0), packed = world.read(name);
    auto plain = EventText::open(world.path(name));
    const std::string text = *plain->next();
    for (std::size_t i = 0; i < packed.size(); ++i) {
        std::string changed = packed;
        changed[i] = static_cast<char>(changed[i] ^ 0x20);
        if (verdict_with_byte(name, i, changed[i]) != "intact") continue;
        world.write(name, changed);  // then it says the same
        auto again = EventText::open(world.path(name));
        ASSERT_EQ(*again->next(), text) << i;
        world.write(name, packed);
    }
    EXPECT_EQ(verdict_with_byte(name, 12, static_cast<char>(packed[12] ^ 0x20)),
              name + ":1: a frame at byte 0 is damaged");
    auto lines = split(text);
    lines[2][1] ^= 1;
    const std::string frame = *pack_frame(join(lines));
    const ZstdFrame frames[] = {
        {0, static_cast<std::uint32_t>(frame.size()), static_cast<std::uint32_t>(text.size())}};
    EXPECT_EQ(verdict_with(name, frame + seek_table(frames)), name + ":3: altered");
}

TEST_F(Verify, SaysWhatItFound) {
    world.make_files(1);
    const auto reports = world.check();
    EXPECT_EQ(verify_text(reports, true), "events: intact: 1 file, 3 records\n");
    EXPECT_NE(verify_text(reports, false).find("Without --key"), std::string::npos);
    EXPECT_EQ(
        verify_json(reports, true),
        fmt::format("{{\"intact\":true,\"key\":true,\"series\":[{{\"directory\":\"{}\",\"series\":\"events\","
                    "\"intact\":true,\"files\":1,\"records\":3,\"erased\":0,\"erasures_unfinished\":0,"
                    "\"files_removed\":0,\"unsealed\":0,\"seals\":1,\"seals_proven\":1}}]}}\n",
                    world.events));
    world.write(file(0), "");
    EXPECT_NE(verify_json(world.check(), true)
                  .find(fmt::format("\"fault\":{{\"file\":\"{}\",\"line\":1,\"offset\":0,"
                                    "\"what\":\"cut short: it had 3 lines\"}}",
                                    file(0))),
              std::string::npos);
}

TEST_F(Verify, ExitCodes) {
    world.make_files(1);
    const std::string copy = world.state.path + "/first.key";
    ASSERT_TRUE(write_seal_key(copy, *world.first_key));
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(verify({{world.events}, copy}), kOk);
    EXPECT_EQ(verify({{world.events + "/"}, "", true}), kOk);
    EXPECT_EQ(verify({{world.path(file(0))}, ""}), kOk);
    world.write(file(0), "{}\n");
    EXPECT_EQ(verify({{world.events}, copy}), kRuntimeError);
    ::testing::internal::GetCapturedStdout();
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(verify({{world.events}, "/nonexistent/key"}), kUsageError);
    EXPECT_EQ(verify({{"/nonexistent/file"}, ""}), kUsageError);
    EXPECT_EQ(verify({{world.state.path}, ""}), kUsageError);
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("no event files there"), std::string::npos);
    EXPECT_NE(said.find("/nonexistent/key: No such file or directory; the key of the sink NAME is NAME.key"),
              std::string::npos)
        << said;
}

}  // namespace
}  // namespace whodid::test
