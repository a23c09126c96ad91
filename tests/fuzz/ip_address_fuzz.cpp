// SPDX-License-Identifier: Apache-2.0
// Any bytes and any text: format and parse are each other's inverse.
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/ip_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parsed = whodid::parse_ip({reinterpret_cast<const char*>(data), size});
    if (parsed && whodid::parse_ip(whodid::format_ip(*parsed)) != parsed) abort();

    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(data, std::min(size, bytes.size()), bytes.begin());
    for (int family : {AF_INET, AF_INET6}) {
        const whodid::IpAddress address = whodid::make_ip(bytes, family);
        if (whodid::parse_ip(whodid::format_ip(bytes, family)) != address) abort();
    }
    return 0;
}
