// SPDX-License-Identifier: Apache-2.0
// IP addresses to text and back.
#include "base/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace whodid {
namespace {

std::array<std::uint8_t, 16> bytes_of(const char* text) {
    std::array<std::uint8_t, 16> bytes{};
    const int family = std::string_view(text).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
    EXPECT_EQ(inet_pton(family, text, bytes.data()), 1) << text;
    return bytes;
}

TEST(IpAddress, FormatsAsRfc5952) {
    const struct {
        const char* bytes;
        int family;
        const char* want;
    } cases[] = {
        {"198.51.100.7", AF_INET, "198.51.100.7"},
        {"0.0.0.0", AF_INET, "0.0.0.0"},
        {"2001:db8:0:0:0:0:0:1", AF_INET6, "2001:db8::1"},
        {"2001:DB8::A", AF_INET6, "2001:db8::a"},
        {"2001:db8:0:1:1:1:1:1", AF_INET6, "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
        {"2001:0:0:1:0:0:0:1", AF_INET6, "2001:0:0:1::1"},           // the longest run is
        {"2001:db8:0:0:1:0:0:1", AF_INET6, "2001:db8::1:0:0:1"},     // the first of equal runs
        {"::", AF_INET6, "::"},
        {"::1", AF_INET6, "::1"},
    };
    for (const auto& c : cases) EXPECT_EQ(format_ip(bytes_of(c.bytes), c.family), c.want) << c.bytes;
}

TEST(IpAddress, Trap34_MappedIsIpv4) {
    EXPECT_EQ(format_ip(bytes_of("::ffff:198.51.100.7"), AF_INET6), "198.51.100.7");
    EXPECT_EQ(parse_ip("::ffff:198.51.100.7"), parse_ip("198.51.100.7"));
    EXPECT_EQ(parse_ip("::ffff:c633:6407")->family, AF_INET);
}

TEST(IpAddress, ClearsUnusedBytes) {
    std::array<std::uint8_t, 16> dirty;
    dirty.fill(0xAA);
    EXPECT_EQ(make_ip(dirty, AF_INET), parse_ip("170.170.170.170"));
    EXPECT_EQ(make_ip(dirty, AF_UNIX), IpAddress{});
    EXPECT_EQ(format_ip(dirty, AF_UNIX), "");
}

TEST(IpAddress, RejectsEverythingElse) {
    const std::string_view bad[] = {
        "",
        "?",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4x",
        "256.1.1.1",
        " 1.2.3.4",
        "1.2.3.4 ",
        "::g",
        "1::2::3",
        "fe80::1%lo",
        "[::1]",
        "1.2.3.4:22",
        {"1.2.3.4\0", 8},
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    for (std::string_view text : bad) EXPECT_FALSE(parse_ip(text)) << text;
}

TEST(IpAddress, RoundTrip) {
    for (const char* text : {"0.0.0.0", "255.255.255.255", "::", "fe80::1", "2001:db8::ff00:42:8329"}) {
        EXPECT_EQ(format_ip(*parse_ip(text)), text);
    }
}

}  // namespace
}  // namespace whodid
