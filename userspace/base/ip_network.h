// SPDX-License-Identifier: Apache-2.0
// IP networks: "10.0.0.0/8", and sets of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace whodid {

/// All addresses of the base's family whose first `bits` bits are the base's; the base's other bits are zero.
/// A single address has 32 (AF_INET) or 128 (AF_INET6) bits.
struct IpNetwork {
    IpAddress base;
    int bits = 0;

    bool operator==(const IpNetwork&) const = default;
};

IpNetwork single_address(const IpAddress& address);

/// Reads "10.0.0.0/8" or "2001:db8::/32" (RFC 4632 3.1, RFC 4291 2.3). "::ffff:10.0.0.0/104" is 10.0.0.0/8,
/// as ::ffff:10.0.0.1 is 10.0.0.1. An Error says what is wrong with it, and which network may be meant.
Result<IpNetwork> parse_ip_network(std::string_view text);

/// "10.0.0.0/8"; a single address without its bits.
std::string format_ip_network(const IpNetwork& network);

/// Many networks: a look-up costs a binary search for each length of prefix among them.
class IpNetworkSet {
public:
    IpNetworkSet() = default;
    explicit IpNetworkSet(const std::vector<IpNetwork>& networks);

    bool contains(const IpAddress& address) const;

private:
    using Bytes = decltype(IpAddress::bytes);
    struct Length {
        int family, bits;
        std::vector<Bytes> bases;  // sorted
    };
    std::vector<Length> lengths_;
};

}  // namespace whodid
