// SPDX-License-Identifier: Apache-2.0
// Any arguments, any line: as many words as before, none grown beyond four times, and masking twice changes
// nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "enrich/mask.h"

namespace {

std::vector<std::string> split_at_nul(const std::string& bytes) {
    std::vector<std::string> argv(1);
    for (char c : bytes) {
        if (c == '\0')
            argv.emplace_back();
        else
            argv.back().push_back(c);
    }
    return argv;
}

void check_args(const std::string& bytes) {
    const std::vector<std::string> before = split_at_nul(bytes);
    std::vector<std::string> once = before;
    const bool masked = whodid::mask_args(once);
    if (masked != (once != before) || once.size() != before.size()) abort();
    for (std::size_t i = 0; i < once.size(); ++i)
        if (once[i].size() > 4 * before[i].size() + 4) abort();
    std::vector<std::string> twice = once;
    if (whodid::mask_args(twice) || twice != once) abort();
}

void check_text(bool (*mask)(std::string&), const std::string& before) {
    std::string once = before;
    const bool masked = mask(once);
    if (masked != (once != before) || once.size() > 4 * before.size() + 4) abort();
    std::string twice = once;
    if (mask(twice) || twice != once) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    check_args(bytes);
    check_text(whodid::mask_command_line, bytes);
    check_text(whodid::mask_url, bytes);
    return 0;
}
