// SPDX-License-Identifier: Apache-2.0
// gzip by zlib.
#include "sink/gzip.h"

#include <zlib.h>

#include <new>
#include <utility>

namespace whodid {
namespace {

constexpr int kGzipWindow = 15 + 16;  // deflateInit2: the largest window, and gzip's header and trailer

// zlib reads through it, but its type says otherwise unless ZLIB_CONST is defined for all who include it.
Bytef* zlib_input(std::string_view bytes) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

/// Runs inflate until the member ends or `out` would hold more than `bytes_max`: true at its end.
bool inflate_member(z_stream& stream, std::size_t bytes_max, std::string& out) {
    char piece[16384];
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(piece);
        stream.avail_out = sizeof piece;
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        const std::size_t made = sizeof piece - stream.avail_out;
        if ((status != Z_OK && status != Z_STREAM_END) || out.size() + made > bytes_max) return false;
        out.append(piece, made);
        if (status == Z_STREAM_END) return stream.avail_in == 0;
    }
}

}  // namespace

struct Gzip::Stream {
    z_stream z{};
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {
    if (::deflateInit2(&stream_->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        throw std::bad_alloc();
}

Gzip::~Gzip() { ::deflateEnd(&stream_->z); }

void Gzip::append(std::string_view bytes, std::string& out) {
    z_stream& z = stream_->z;
    ::deflateReset(&z);
    const std::size_t before = out.size();
    out.resize(before + ::deflateBound(&z, bytes.size()));
    z.next_in = zlib_input(bytes);
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    z.avail_out = static_cast<uInt>(out.size() - before);
    ::deflate(&z, Z_FINISH);  // cannot fail: deflateBound left room for all of it
    out.resize(out.size() - z.avail_out);
}

std::optional<std::string> gunzip(std::string_view member, std::size_t bytes_max) {
    z_stream stream{};
    if (::inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
    stream.next_in = zlib_input(member);
    stream.avail_in = static_cast<uInt>(member.size());
    std::string out;
    const bool is_whole = inflate_member(stream, bytes_max, out);
    ::inflateEnd(&stream);
    if (!is_whole) return std::nullopt;
    return out;
}

}  // namespace whodid
