// SPDX-License-Identifier: Apache-2.0
// C-style escapes turned back into bytes.
#include "enrich/c_unescape.h"

#include "enrich/scan.h"

namespace whodid {
namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

char simple_escape(char c) {
    constexpr std::string_view kNames = "abfnrtvs";
    constexpr std::string_view kBytes = "\a\b\f\n\r\t\v ";
    const std::size_t i = kNames.find(c);
    return i == kNames.npos ? c : kBytes[i];
}

// Takes what follows a backslash off `text`, which is not empty.
char take_escape(std::string_view& text) {
    if (text.size() >= 3 && text[0] <= '3' && is_octal(text[0]) && is_octal(text[1]) && is_octal(text[2])) {
        const int byte = (text[0] - '0') << 6 | (text[1] - '0') << 3 | (text[2] - '0');
        text.remove_prefix(3);
        return static_cast<char>(byte);
    }
    if (text.size() >= 3 && text[0] == 'x' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
        const int byte = hex_value(text[1]) << 4 | hex_value(text[2]);
        text.remove_prefix(3);
        return static_cast<char>(byte);
    }
    const char c = simple_escape(text[0]);
    text.remove_prefix(1);
    return c;
}

}  // namespace

std::string c_unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        out += c == '\\' && !text.empty() ? take_escape(text) : c;
    }
    return out;
}

}  // namespace whodid
