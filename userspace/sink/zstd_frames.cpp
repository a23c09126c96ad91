// SPDX-License-Identifier: Apache-2.0
// Packs and reads frames: the only file that knows zstd.
#include "sink/zstd_frames.h"

#include <fcntl.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/escape.h"
#include "sink/file_io.h"

namespace whodid {

namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A5E, kSeekableMagic = 0x8F92EAB1;
constexpr std::size_t kSkippableHeader = 8, kTableFooter = 9, kTableEntry = 8;
constexpr int kPackLevel = 3;
constexpr std::uint64_t kFramesMax = 1 << 20;
constexpr std::size_t kPackedMax = ZSTD_COMPRESSBOUND(kFramePlainMax);

void put_u32(std::string& out, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t u32_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (int i = 3; i >= 0; --i)
        number = number << 8 | static_cast<unsigned char>(bytes[offset + static_cast<std::size_t>(i)]);
    return number;
}

Error bad_table(const std::string& why) {
    return Error{"its seek table " + why + ": it is no file of whodid's, or is cut short", EBADMSG};
}

/// Whole lines of at most a frame; a line that is longer is cut.
std::size_t frame_end(std::string_view plain) {
    if (plain.size() < kFramePlainMax) return plain.size();
    const std::size_t newline = plain.rfind('\n', kFramePlainMax - 1);
    return newline == std::string_view::npos ? kFramePlainMax : newline + 1;
}

Result<void> write_frame(std::string_view plain, int fd, std::vector<ZstdFrame>& frames) {
    const auto packed = pack_frame(plain);
    if (!packed) return packed.error();
    const std::uint64_t offset = frames.empty() ? 0 : frames.back().offset + frames.back().packed_bytes;
    frames.push_back(
        {offset, static_cast<std::uint32_t>(packed->size()), static_cast<std::uint32_t>(plain.size())});
    return write_whole(fd, *packed);
}

/// Of a file that holds `size` bytes, the frames by its table.
Result<std::vector<ZstdFrame>> parse_table(std::string_view entries, std::uint64_t size) {
    std::vector<ZstdFrame> frames;
    frames.reserve(entries.size() / kTableEntry);
    std::uint64_t offset = 0;
    for (std::size_t at = 0; at < entries.size(); at += kTableEntry) {
        const ZstdFrame frame{offset, u32_at(entries, at), u32_at(entries, at + 4)};
        if (frame.packed_bytes > kPackedMax || frame.plain_bytes > kFramePlainMax)
            return bad_table("has a frame of more than 1 MiB");
        offset += frame.packed_bytes;
        frames.push_back(frame);
    }
    if (offset + kSkippableHeader + entries.size() + kTableFooter != size)
        return bad_table("is not of this file's size");
    return frames;
}

}  // namespace

Result<std::string> pack_frame(std::string_view plain) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    if (!context) return Error{"cannot compress: no memory", ENOMEM};
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kPackLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string packed(ZSTD_compressBound(plain.size()), '\0');
    const std::size_t bytes =
        ZSTD_compress2(context.get(), packed.data(), packed.size(), plain.data(), plain.size());
    if (ZSTD_isError(bytes)) return Error{std::string("cannot compress: ") + ZSTD_getErrorName(bytes), EIO};
    packed.resize(bytes);
    return packed;
}

std::string seek_table(std::span<const ZstdFrame> frames) {
    std::string table;
    put_u32(table, kSkippableMagic);
    put_u32(table, static_cast<std::uint32_t>(frames.size() * kTableEntry + kTableFooter));
    for (const ZstdFrame& frame : frames) {
        put_u32(table, frame.packed_bytes);
        put_u32(table, frame.plain_bytes);
    }
    put_u32(table, static_cast<std::uint32_t>(frames.size()));
    table += '\0';  // no checksums: the frames have them
    put_u32(table, kSeekableMagic);
    return table;
}

Result<void> pack_lines(int plain_fd, int packed_fd) {
    std::vector<ZstdFrame> frames;
    std::string plain;
    std::uint64_t left = size_of(plain_fd), offset = 0;
    while (left > 0 || !plain.empty()) {
        const std::size_t wanted = std::min<std::uint64_t>(left, kFramePlainMax - plain.size());
        const auto piece = read_at(plain_fd, offset, wanted);
        if (!piece) return piece.error();
        plain += *piece;
        offset += wanted;
        left -= wanted;
        const std::size_t end = frame_end(plain);
        if (auto written = write_frame(std::string_view(plain).substr(0, end), packed_fd, frames); !written)
            return written;
        plain.erase(0, end);
    }
    return write_whole(packed_fd, seek_table(frames));
}

Result<ZstdFrames> ZstdFrames::open(const std::string& path) {
    auto file = open_regular(path, O_RDONLY);
    if (!file) return file.error();
    auto frames = take(std::move(*file));
    if (!frames)
        return Error{"cannot read " + escape_for_terminal(path) + ": " + frames.error().message,
                     frames.error().code};
    return frames;
}

Result<ZstdFrames> ZstdFrames::take(Fd file) {
    const std::uint64_t size = size_of(file.get());
    if (size < kSkippableHeader + kTableFooter) return bad_table("is missing");
    const auto footer = read_at(file.get(), size - kTableFooter, kTableFooter);
    if (!footer) return footer.error();
    if (u32_at(*footer, 5) != kSeekableMagic || (*footer)[4] != '\0') return bad_table("is missing");
    const std::uint64_t count = u32_at(*footer, 0);
    const std::uint64_t table = kSkippableHeader + count * kTableEntry + kTableFooter;
    if (count > kFramesMax || table > size) return bad_table("is longer than the file");
    const auto bytes = read_at(file.get(), size - table, table - kTableFooter);
    if (!bytes) return bytes.error();
    if (u32_at(*bytes, 0) != kSkippableMagic || u32_at(*bytes, 4) != table - kSkippableHeader)
        return bad_table("has no beginning");
    auto frames = parse_table(std::string_view(*bytes).substr(kSkippableHeader), size);
    if (!frames) return frames.error();
    ZstdFrames taken;
    taken.file_ = std::move(file);
    taken.frames_ = std::move(*frames);
    return taken;
}

Result<std::string> ZstdFrames::packed(const ZstdFrame& frame) const {
    return read_at(file_.get(), frame.offset, frame.packed_bytes);
}

Result<std::string> ZstdFrames::plain(const ZstdFrame& frame) const {
    const auto bytes = packed(frame);
    if (!bytes) return bytes.error();
    std::string text(frame.plain_bytes, '\0');
    // One frame, no more: the function would go on with what follows.
    const std::size_t first = ZSTD_findFrameCompressedSize(bytes->data(), bytes->size());
    const std::size_t got = ZSTD_decompress(text.data(), text.size(), bytes->data(), bytes->size());
    if (ZSTD_isError(first) || first != bytes->size() || ZSTD_isError(got) || got != text.size())
        return Error{"a frame at byte " + std::to_string(frame.offset) + " is damaged", EBADMSG};
    return text;
}

}  // namespace whodid
