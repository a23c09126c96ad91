// SPDX-License-Identifier: Apache-2.0
// CRC-32C: the checksum of what is kept on disk.
#pragma once

#include <cstdint>
#include <string_view>

namespace whodid {

/// CRC-32C (Castagnoli; RFC 3720, 12.1 and B.4) of the bytes, going on from the CRC of what is before them.
/// By the processor's instruction where it has one (x86-64 with SSE4.2).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// The same by tables, eight bytes at a time (Kounavis and Berry, "A systematic approach to building high
/// performance software-based CRC generators", 2005).
std::uint32_t crc32c_by_tables(std::string_view bytes, std::uint32_t before = 0);

}  // namespace whodid
