// SPDX-License-Identifier: Apache-2.0
// Any packet: a name that is printable, bounded, and turns back into the labels of the packet.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "enrich/dns_question.h"

namespace {

// The wire form of an escaped name.
std::vector<std::uint8_t> encode(const std::string& name) {
    std::vector<std::uint8_t> wire = {0};
    std::size_t length_at = 0;
    for (std::size_t i = 0; i < name.size() && name != "."; i++) {
        if (name[i] == '.') {
            length_at = wire.size();
            wire.push_back(0);
            continue;
        }
        wire[length_at]++;
        if (name[i] == '\\') {
            wire.push_back(static_cast<std::uint8_t>(std::stoi(name.substr(i + 1, 3))));
            i += 3;
        } else {
            wire.push_back(static_cast<std::uint8_t>(name[i]));
        }
    }
    if (name != ".") wire.push_back(0);
    return wire;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto question = whodid::parse_dns_question({data, size});
    if (!question) return 0;
    if (question->name.empty() || question->name.size() > 4 * 255) abort();
    for (char c : question->name) {
        if (c <= 0x20 || c >= 0x7F) abort();
    }
    const auto wire = encode(question->name);
    if (wire.size() > 255 || size < 12 + wire.size() + 4) abort();
    if (!std::equal(wire.begin(), wire.end(), data + 12)) abort();
    return 0;
}
