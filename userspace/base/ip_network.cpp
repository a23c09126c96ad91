// SPDX-License-Identifier: Apache-2.0
// IP networks.
#include "base/ip_network.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

namespace whodid {

namespace {

constexpr int kMappedBits = 96;  // of ::ffff:0:0/96

int bits_of(int family) { return family == AF_INET ? 32 : 128; }

auto masked(decltype(IpAddress::bytes) bytes, int bits) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int left = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
        bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00 >> left));
    }
    return bytes;
}

}  // namespace

IpNetwork single_address(const IpAddress& address) { return {address, bits_of(address.family)}; }

Result<IpNetwork> parse_ip_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    const std::string_view number = slash == text.npos ? std::string_view() : text.substr(slash + 1);
    int bits = -1;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    const bool is_number = error == std::errc() && end == number.data() + number.size() && bits >= 0;
    if (!address || !is_number)
        return Error{fmt::format("'{}' is no network: 10.0.0.0/8, 2001:db8::/32", text), EINVAL};
    const bool mapped = address->family == AF_INET && text.find(':') != text.npos;
    const int most = mapped ? 128 : bits_of(address->family), least = mapped ? kMappedBits : 0;
    if (bits > most || bits < least)
        return Error{fmt::format("'{}' has a prefix length out of {} to {}", text, least, most), EINVAL};
    const int own = bits - least;
    const IpNetwork network{{address->family, masked(address->bytes, own)}, own};
    if (network.base != *address)
        return Error{fmt::format("'{}' has bits behind its prefix, did you mean '{}/{}'?", text,
                                 format_ip(network.base), own),
                     EINVAL};
    return network;
}

std::string format_ip_network(const IpNetwork& network) {
    if (network.bits == bits_of(network.base.family)) return format_ip(network.base);
    return fmt::format("{}/{}", format_ip(network.base), network.bits);
}

IpNetworkSet::IpNetworkSet(const std::vector<IpNetwork>& networks) {
    for (const auto& [base, bits] : networks) {
        const auto same = [family = base.family, length = bits](const Length& l) {
            return l.family == family && l.bits == length;
        };
        auto found = std::ranges::find_if(lengths_, same);
        if (found == lengths_.end()) found = lengths_.insert(lengths_.end(), {base.family, bits, {}});
        found->bases.push_back(base.bytes);
    }
    for (Length& length : lengths_) std::ranges::sort(length.bases);
}

bool IpNetworkSet::contains(const IpAddress& address) const {
    return std::ranges::any_of(lengths_, [&](const Length& length) {
        return length.family == address.family &&
               std::ranges::binary_search(length.bases, masked(address.bytes, length.bits));
    });
}

}  // namespace whodid
