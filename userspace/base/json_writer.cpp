// SPDX-License-Identifier: Apache-2.0
// JSON strings: the escaper every line goes through.
#include "base/json_writer.h"

#include <array>

namespace whodid {

namespace {

/// Bytes that are copied as they are: printable ASCII without quote and backslash.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (int c = 0x20; c < 0x7f; ++c) plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
    return plain;
}();

void append_escape(std::string& out, unsigned char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[c >> 4];
            out += kHex[c & 15];
    }
}

/// Length of the well-formed UTF-8 sequence at the front (table 3-7 of the Unicode standard); 0 when there is
/// none, with `bad` the bytes that one U+FFFD stands for.
std::size_t sequence_length(std::string_view s, std::size_t& bad) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char lead = byte(0);
    std::size_t need = 0;
    unsigned char low = 0x80, high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        need = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        need = 2;
        if (lead == 0xe0) low = 0xa0;
        if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        need = 3;
        if (lead == 0xf0) low = 0x90;
        if (lead == 0xf4) high = 0x8f;
    }
    bad = 1;
    if (need == 0) return 0;
    for (std::size_t i = 1; i <= need; ++i, low = 0x80, high = 0xbf) {
        if (i >= s.size() || byte(i) < low || byte(i) > high) return 0;
        bad = i + 1;
    }
    return need + 1;
}

}  // namespace

bool append_json_string(std::string& out, std::string_view text) {
    bool clean = true;
    out += '"';
    while (!text.empty()) {
        std::size_t n = 0;
        while (n < text.size() && kPlain[static_cast<unsigned char>(text[n])]) ++n;
        out += text.substr(0, n);
        text.remove_prefix(n);
        if (text.empty()) break;
        const auto c = static_cast<unsigned char>(text[0]);
        if (c < 0x80) {
            append_escape(out, c);
            text.remove_prefix(1);
            continue;
        }
        std::size_t bad = 0;
        const std::size_t good = sequence_length(text, bad);
        if (good == 0) {
            out += "\xef\xbf\xbd";
            clean = false;
        } else {
            out += text.substr(0, good);
        }
        text.remove_prefix(good == 0 ? bad : good);
    }
    out += '"';
    return clean;
}

}  // namespace whodid
