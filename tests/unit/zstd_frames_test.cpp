// SPDX-License-Identifier: Apache-2.0
// Compressed event files: frames that stand alone, and what is wrong with those of somebody else.
#include "sink/zstd_frames.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sink/file_io.h"

namespace whodid {
namespace {

Fd memory_file(std::string_view bytes) {
    Fd file(::memfd_create("frames", MFD_CLOEXEC));
    EXPECT_TRUE(write_whole(file.get(), bytes));
    return file;
}

std::string packed_of(std::string_view plain) {
    const Fd from = memory_file(plain), to = memory_file("");
    EXPECT_TRUE(pack_lines(from.get(), to.get()));
    return *read_at(to.get(), 0, size_of(to.get()));
}

Result<std::string> unpacked(std::string_view packed) {
    const auto frames = ZstdFrames::take(memory_file(packed));
    if (!frames) return frames.error();
    std::string plain;
    for (const ZstdFrame& frame : frames->frames()) {
        auto piece = frames->plain(frame);
        if (!piece) return piece;
        plain += *piece;
    }
    return plain;
}

std::string many_lines(std::size_t count) {
    std::string plain;
    for (std::size_t i = 0; i < count; ++i)
        plain +=
            "{\"n\":" + std::to_string(i * 7919) + ",\"path\":\"/srv/" + std::string(i % 90, 'x') + "\"}\n";
    return plain;
}

TEST(ZstdFrames, FramesAreOfWholeLines) {
    const std::string plain = many_lines(50'000);
    ASSERT_GT(plain.size(), 3u << 20);
    const std::string packed = packed_of(plain);
    EXPECT_LT(packed.size(), plain.size() / 4);
    const auto frames = ZstdFrames::take(memory_file(packed));
    ASSERT_TRUE(frames) << frames.error().message;
    EXPECT_EQ(frames->frames().size(), plain.size() / kFramePlainMax + 1);
    std::string all;
    for (const ZstdFrame& frame : frames->frames()) {
        EXPECT_LE(frame.plain_bytes, kFramePlainMax);
        const auto piece = frames->plain(frame);
        ASSERT_TRUE(piece);
        EXPECT_TRUE(piece->ends_with('\n'));
        all += *piece;
    }
    EXPECT_EQ(all, plain);
}

TEST(ZstdFrames, NothingAndLongLines) {
    EXPECT_EQ(*unpacked(packed_of("")), "");
    EXPECT_EQ(*unpacked(packed_of("no newline")), "no newline");
    const std::string line(3'000'000, 'x');
    EXPECT_EQ(*unpacked(packed_of(line + "\nend\n")), line + "\nend\n");
    const std::string exact = std::string(kFramePlainMax - 1, 'y') + "\n";
    EXPECT_EQ(*unpacked(packed_of(exact + exact)), exact + exact);
}

/// The format of zstd's contrib/seekable_format, byte by byte.
TEST(ZstdFrames, SeekTable) {
    const ZstdFrame frames[] = {{0, 0x01020304, 5}};
    EXPECT_EQ(seek_table(frames), std::string("\x5e\x2a\x4d\x18\x11\0\0\0"
                                              "\x04\x03\x02\x01\x05\0\0\0"
                                              "\x01\0\0\0\0\xb1\xea\x92\x8f",
                                              25));
}

TEST(ZstdFrames, EveryBeginningIsRefused) {
    const std::string packed = packed_of(many_lines(10));
    for (std::size_t bytes = 0; bytes < packed.size(); ++bytes) {
        const auto read = unpacked(packed.substr(0, bytes));
        ASSERT_FALSE(read) << bytes;
        EXPECT_EQ(read.error().code, EBADMSG);
    }
}

/// A byte that was changed is found, or is one that means nothing.
TEST(ZstdFrames, EveryByteChanged) {
    const std::string plain = many_lines(10), packed = packed_of(plain);
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < packed.size(); ++i) {
        std::string changed = packed;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        const auto read = unpacked(changed);
        if (!read) continue;
        EXPECT_EQ(*read, plain) << i;
        ++unnoticed;
    }
    EXPECT_LE(unnoticed, 1u);  // zstd's unused bit
}

TEST(ZstdFrames, TablesThatLie) {
    const std::string plain = many_lines(10);
    const std::string frame = *pack_frame(plain);
    const auto size = static_cast<std::uint32_t>(frame.size());
    const auto table = [](std::uint32_t packed, std::uint32_t length) {
        const ZstdFrame one[] = {{0, packed, length}};
        return seek_table(one);
    };
    const auto plain_size = static_cast<std::uint32_t>(plain.size());
    EXPECT_TRUE(unpacked(frame + table(size, plain_size)));
    EXPECT_FALSE(unpacked(frame + table(size, plain_size + 1)));
    EXPECT_FALSE(unpacked(frame + table(size, plain_size - 1)));
    EXPECT_FALSE(unpacked(frame + table(size - 1, plain_size)));
    EXPECT_FALSE(unpacked(frame + table(size, kFramePlainMax + 1)));
    EXPECT_FALSE(unpacked(frame + frame + table(2 * size, plain_size)));  // two frames for one
}

}  // namespace
}  // namespace whodid
