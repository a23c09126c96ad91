// SPDX-License-Identifier: Apache-2.0
// What gRPC puts around a message: "gRPC over HTTP2", PROTOCOL-HTTP2.md of the gRPC repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whodid {

constexpr std::size_t kGrpcPrefixBytes = 5;  // whether it is compressed, and the length, big-endian

/// Appends the frame of one message, less than 4 GiB.
void append_grpc_frame(std::string_view message, bool is_compressed, std::string& out);

/// The message of a unary answer, at most `bytes_max` decompressed; `encoding` is the header grpc-encoding.
Result<std::string> read_grpc_frame(std::string_view body, std::string_view encoding, std::size_t bytes_max);

/// The header grpc-timeout: at most eight digits and a unit.
std::string grpc_timeout(std::uint64_t ns);

}  // namespace whodid
