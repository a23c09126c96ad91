// SPDX-License-Identifier: Apache-2.0
// uid_map and gid_map.
#include "enrich/id_map.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

TEST(IdMap, OfTheInitialNamespace) {
    const IdMap map("         0          0 4294967295\n");
    EXPECT_EQ(map.to_host(0), 0u);
    EXPECT_EQ(map.to_host(4294967294), 4294967294u);
    EXPECT_EQ(map.to_host(4294967295), std::nullopt);
}

// Rootless podman: root inside is the user, the others are of /etc/subuid.
TEST(IdMap, OfARootlessContainer) {
    const IdMap map("         0       1000          1\n         1     100000      65536\n");
    EXPECT_EQ(map.to_host(0), 1000u);
    EXPECT_EQ(map.to_host(1), 100000u);
    EXPECT_EQ(map.to_host(65536), 165535u);
    EXPECT_EQ(map.to_host(65537), std::nullopt);
}

TEST(IdMap, HostileNumbersStandForNobody) {
    EXPECT_EQ(IdMap("0 4294967290 4294967295\n").to_host(100), std::nullopt);
    for (const char* text : {"", "0", "0 0", "a 0 1", "0 0 -1", "0 0 99999999999"})
        EXPECT_EQ(IdMap(text).to_host(0), std::nullopt) << text;
}

}  // namespace
}  // namespace whodid
