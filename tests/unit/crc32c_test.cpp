// SPDX-License-Identifier: Apache-2.0
// CRC-32C against the vectors of RFC 3720.
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace whodid {
namespace {

struct Vector {
    std::string bytes;
    std::uint32_t crc;
};

std::string counting(int from, int step) {
    std::string bytes;
    for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(from + i * step));
    return bytes;
}

// An iSCSI SCSI Read (10) Command PDU
constexpr std::string_view kReadCommand(
    "\x01\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\0\0\x04\0\0\0\0\x14\0\0\0\x18\x28\0\0\0\0\0\0\0\x02\0\0"
    "\0\0\0\0\0",
    48);

std::vector<Vector> vectors() {
    return {{std::string(32, '\0'), 0x8a9136aa},
            {std::string(32, '\xff'), 0x62a8ab43},
            {counting(0, 1), 0x46dd794e},
            {counting(31, -1), 0x113fdb5c},
            {std::string(kReadCommand), 0xd9963a56},
            {"123456789", 0xe3069283},
            {"", 0}};
}

TEST(Crc32c, IsThatOfTheStandard) {
    for (const auto& [bytes, crc] : vectors()) {
        EXPECT_EQ(crc32c(bytes), crc) << bytes.size();
        EXPECT_EQ(crc32c_by_tables(bytes), crc) << bytes.size();
    }
}

TEST(Crc32c, GoesOnFromAnyPlace) {
    std::string bytes;
    for (int i = 0; i < 61; ++i) bytes.push_back(static_cast<char>(i * 37));
    const std::string_view all = bytes;
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all)) << cut;
        EXPECT_EQ(crc32c_by_tables(all.substr(0, cut)), crc32c(all.substr(0, cut))) << cut;
    }
}

TEST(Crc32c, TellsEveryFlippedBit) {
    std::string bytes = counting(0, 3);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
        EXPECT_NE(crc32c(bytes), whole) << bit;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
}

}  // namespace
}  // namespace whodid
