// SPDX-License-Identifier: Apache-2.0
// IP addresses between their bytes and their text; an IPv4-mapped IPv6 address is an IPv4 address.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

/// An address in network byte order. `family` is AF_INET (first 4 bytes used, the rest 0), AF_INET6 (all 16)
/// or AF_UNSPEC (none).
struct IpAddress {
    int family = 0;
    std::array<std::uint8_t, 16> bytes{};

    bool operator==(const IpAddress&) const = default;
};

/// Takes bytes as a socket holds them. ::ffff:a.b.c.d (RFC 4291 2.5.5.2) becomes AF_INET a.b.c.d, so that one
/// peer compares equal however it came in; unused bytes are cleared. Any other family becomes AF_UNSPEC.
IpAddress make_ip(const std::array<std::uint8_t, 16>& bytes, int family);

/// "198.51.100.7", "2001:db8::1" (shortened as RFC 5952 says); "" for AF_UNSPEC.
std::string format_ip(const IpAddress& address);

/// Same, straight from a socket's bytes.
std::string format_ip(const std::array<std::uint8_t, 16>& bytes, int family);

/// Reads dotted quad or IPv6 text, without zone, port or brackets. nullopt for everything else.
std::optional<IpAddress> parse_ip(std::string_view text);

}  // namespace whodid
