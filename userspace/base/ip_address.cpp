// SPDX-License-Identifier: Apache-2.0
// IP addresses between their bytes and their text: inet_ntop and inet_pton, plus the IPv4-mapped rule.
#include "base/ip_address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

namespace whodid {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

}  // namespace

IpAddress make_ip(const std::array<std::uint8_t, 16>& bytes, int family) {
    IpAddress address;
    if (family == AF_INET6 && !is_mapped(bytes)) {
        address.family = AF_INET6;
        address.bytes = bytes;
    } else if (family == AF_INET || family == AF_INET6) {
        address.family = AF_INET;
        const std::size_t first = family == AF_INET ? 0 : kMappedPrefix.size();
        std::copy_n(bytes.begin() + first, 4, address.bytes.begin());
    }
    return address;
}

std::string format_ip(const IpAddress& address) {
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(address.family, address.bytes.data(), text, sizeof(text))) return {};
    return text;
}

std::string format_ip(const std::array<std::uint8_t, 16>& bytes, int family) {
    return format_ip(make_ip(bytes, family));
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    char copy[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof(copy) || text.find('\0') != text.npos) return std::nullopt;
    std::copy(text.begin(), text.end(), copy);
    copy[text.size()] = '\0';

    const int family = text.find(':') == text.npos ? AF_INET : AF_INET6;
    std::array<std::uint8_t, 16> bytes{};
    if (inet_pton(family, copy, bytes.data()) != 1) return std::nullopt;
    return make_ip(bytes, family);
}

}  // namespace whodid
