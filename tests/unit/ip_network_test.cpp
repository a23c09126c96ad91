// SPDX-License-Identifier: Apache-2.0
// IP networks.
#include "base/ip_network.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

std::string read(std::string_view text) {
    const auto network = parse_ip_network(text);
    return network ? format_ip_network(*network) : network.error().message;
}

TEST(IpNetwork, Reads) {
    EXPECT_EQ(read("10.0.0.0/8"), "10.0.0.0/8");
    EXPECT_EQ(read("0.0.0.0/0"), "0.0.0.0/0");
    EXPECT_EQ(read("203.0.113.9/32"), "203.0.113.9");
    EXPECT_EQ(read("203.0.113.8/31"), "203.0.113.8/31");
    EXPECT_EQ(read("2001:DB8:0::/32"), "2001:db8::/32");
    EXPECT_EQ(read("::/0"), "::/0");
    EXPECT_EQ(read("::ffff:10.0.0.0/104"), "10.0.0.0/8");
    EXPECT_EQ(read("::ffff:0:0/96"), "0.0.0.0/0");
}

TEST(IpNetwork, Refuses) {
    for (const char* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "10.0.0.0/-1",
                             "10/8", "10.0.0.0/8/8", "fe80::1%eth0/64", "10.0.0.0/99999999999"})
        EXPECT_EQ(read(text), "'" + std::string(text) + "' is no network: 10.0.0.0/8, 2001:db8::/32");
    EXPECT_EQ(read("10.0.0.0/33"), "'10.0.0.0/33' has a prefix length out of 0 to 32");
    EXPECT_EQ(read("::/129"), "'::/129' has a prefix length out of 0 to 128");
    EXPECT_EQ(read("::ffff:10.0.0.0/8"), "'::ffff:10.0.0.0/8' has a prefix length out of 96 to 128");
    EXPECT_EQ(read("10.1.2.3/8"), "'10.1.2.3/8' has bits behind its prefix, did you mean '10.0.0.0/8'?");
}

TEST(IpNetworkSet, Contains) {
    std::vector<IpNetwork> networks;
    for (const char* text : {"10.0.0.0/8", "203.0.113.8/31", "192.0.2.128/25", "2001:db8::/33", "::1/128"})
        networks.push_back(*parse_ip_network(text));
    networks.push_back(single_address(*parse_ip("198.51.100.7")));
    const IpNetworkSet set(networks);
    for (const char* in : {"10.0.0.0", "10.255.255.255", "203.0.113.9", "192.0.2.128", "2001:db8:7fff::1",
                           "::1", "198.51.100.7", "::ffff:10.1.2.3"})
        EXPECT_TRUE(set.contains(*parse_ip(in))) << in;
    for (const char* out : {"11.0.0.0", "9.255.255.255", "203.0.113.10", "192.0.2.127",
                            "2001:db8:8000::", "::2", "198.51.100.8", "a00::"})
        EXPECT_FALSE(set.contains(*parse_ip(out))) << out;
    EXPECT_FALSE(IpNetworkSet().contains(*parse_ip("10.0.0.1")));
    EXPECT_TRUE(IpNetworkSet({*parse_ip_network("0.0.0.0/0")}).contains(*parse_ip("10.0.0.1")));
    EXPECT_FALSE(IpNetworkSet({*parse_ip_network("::/0")}).contains(*parse_ip("10.0.0.1")));
}

}  // namespace
}  // namespace whodid
