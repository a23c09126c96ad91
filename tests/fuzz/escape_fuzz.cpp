// SPDX-License-Identifier: Apache-2.0
// Any bytes: output valid UTF-8, without controls, reversible, within its columns.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/escape.h"

namespace {

// The bytes that a terminal escape stands for.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); i++) {
        if (text[i] != '\\') {
            out += text[i];
        } else if (const char kind = text[++i]; kind == 'x') {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else if (kind == 'u') {
            const int value = std::stoi(std::string(text.substr(i + 1, 4)), nullptr, 16);
            if (value >= 0x800) {
                out += static_cast<char>(0xE0 | value >> 12);
                out += static_cast<char>(0x80 | (value >> 6 & 0x3F));
            } else {
                out += static_cast<char>(0xC0 | value >> 6);
            }
            out += static_cast<char>(0x80 | (value & 0x3F));
            i += 4;
        } else {
            out += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
        }
    }
    return out;
}

void check_escaped(std::string_view text) {
    const std::string escaped = whodid::escape_for_terminal(text);
    if (!whodid::valid_utf8(escaped) || escaped.size() > 4 * text.size()) abort();
    for (char c : escaped) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) abort();
    }
    if (escaped.find("\u202e") != escaped.npos || escaped.find("\u009b") != escaped.npos) abort();
    if (unescape(escaped) != text) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::size_t columns = data[0] % 40;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_escaped(text);

    const std::string replaced = whodid::to_utf8_replacing(text);
    if (!whodid::valid_utf8(replaced) || replaced.size() > 3 * text.size()) abort();
    if (whodid::valid_utf8(text) && replaced != text) abort();

    const std::string cut = whodid::cut_middle(replaced, columns);
    if (!whodid::valid_utf8(cut) || whodid::display_width(cut) > columns) abort();
    if (whodid::base64(text).size() != (text.size() + 2) / 3 * 4) abort();
    return 0;
}
