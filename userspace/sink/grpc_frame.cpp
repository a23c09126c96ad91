// SPDX-License-Identifier: Apache-2.0
// Frames of gRPC.
#include "sink/grpc_frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "sink/gzip.h"

namespace whodid {

void append_grpc_frame(std::string_view message, bool is_compressed, std::string& out) {
    out += is_compressed ? '\1' : '\0';
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift & 0xFF);
    out += message;
}

Result<std::string> read_grpc_frame(std::string_view body, std::string_view encoding, std::size_t bytes_max) {
    if (body.size() < kGrpcPrefixBytes)
        return Error{fmt::format("the message has {} bytes, fewer than its prefix", body.size()), EBADMSG};
    std::size_t length = 0;
    for (std::size_t at = 1; at < kGrpcPrefixBytes; ++at)
        length = length << 8 | static_cast<std::uint8_t>(body[at]);
    const std::string_view message = body.substr(kGrpcPrefixBytes);
    if (length != message.size())
        return Error{fmt::format("the message has {} bytes where its prefix says {}", message.size(), length),
                     EBADMSG};
    if (body[0] == 0 && message.size() <= bytes_max) return std::string(message);
    if (body[0] != 1 || encoding != "gzip")
        return Error{
            fmt::format("the message is compressed in a way that was not offered: flag {}, encoding {}",
                        static_cast<int>(static_cast<std::uint8_t>(body[0])), quote_for_terminal(encoding)),
            EBADMSG};
    auto whole = gunzip(message, bytes_max);
    if (!whole) return Error{"the message is damaged gzip, or larger than an answer may be", EBADMSG};
    return std::move(*whole);
}

std::string grpc_timeout(std::uint64_t ns) {
    const std::uint64_t ms = std::max<std::uint64_t>(ns / 1'000'000, 1);
    return ms < 100'000'000 ? fmt::format("{}m", ms)
                            : fmt::format("{}S", std::min<std::uint64_t>(ms / 1000, 99'999'999));
}

}  // namespace whodid
