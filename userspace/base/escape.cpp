// SPDX-License-Identifier: Apache-2.0
// Untrusted bytes made safe to show. Everything rests on one UTF-8 decoding step, next_code_point.
#include "base/escape.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace whodid {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct CodePoint {
    std::uint32_t value = 0xFFFD;
    std::size_t size = 1;  // bytes taken; of an ill-formed sequence, its maximal subpart
    bool valid = false;
};

struct Lead {
    int trailing;              // bytes after the lead byte, -1 when no sequence starts so
    std::uint8_t first, last;  // the range of the second byte, which excludes overlongs and surrogates
    std::uint32_t bits;        // the lead byte's own payload
};

Lead read_lead(std::uint8_t byte) {
    if (byte < 0x80) return {0, 0, 0, byte};
    if (byte < 0xC2) return {-1, 0, 0, 0};
    if (byte < 0xE0) return {1, 0x80, 0xBF, byte & 0x1Fu};
    if (byte == 0xE0) return {2, 0xA0, 0xBF, 0};
    if (byte == 0xED) return {2, 0x80, 0x9F, 0x0D};
    if (byte < 0xF0) return {2, 0x80, 0xBF, byte & 0x0Fu};
    if (byte == 0xF0) return {3, 0x90, 0xBF, 0};
    if (byte < 0xF4) return {3, 0x80, 0xBF, byte & 0x07u};
    if (byte == 0xF4) return {3, 0x80, 0x8F, 4};
    return {-1, 0, 0, 0};
}

// `text` is not empty.
CodePoint next_code_point(std::string_view text) {
    Lead lead = read_lead(static_cast<std::uint8_t>(text[0]));
    CodePoint point;
    if (lead.trailing < 0) return point;
    std::uint32_t value = lead.bits;
    for (int i = 0; i < lead.trailing; i++) {
        if (point.size >= text.size()) return point;
        const auto byte = static_cast<std::uint8_t>(text[point.size]);
        if (byte < lead.first || byte > lead.last) return point;
        value = value << 6 | (byte & 0x3Fu);
        lead.first = 0x80;
        lead.last = 0xBF;
        point.size++;
    }
    point.value = value;
    point.valid = true;
    return point;
}

struct Range {
    std::uint32_t first, last;
};

constexpr Range kZeroWidth[] = {
    {0x0300, 0x036F},   {0x0483, 0x0489},   {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5},   {0x05C7, 0x05C7},   {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670},
    {0x06D6, 0x06DC},   {0x06DF, 0x06E4},   {0x06E7, 0x06E8}, {0x06EA, 0x06ED}, {0x0711, 0x0711},
    {0x0730, 0x074A},   {0x0900, 0x0902},   {0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948},
    {0x094D, 0x094D},   {0x0951, 0x0957},   {0x0962, 0x0963}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E},   {0x1160, 0x11FF},   {0x1AB0, 0x1ACE}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
    {0x202A, 0x202E},   {0x2060, 0x2064},   {0x2066, 0x206F}, {0x20D0, 0x20F0}, {0x302A, 0x302D},
    {0x3099, 0x309A},   {0xFE00, 0xFE0F},   {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0001, 0xE0001},
    {0xE0020, 0xE007F}, {0xE0100, 0xE01EF},
};

constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x3247},   {0x3250, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x16FE4}, {0x16FF0, 0x16FF1}, {0x17000, 0x18D08}, {0x1AFF0, 0x1B2FF},
    {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320},
    {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3},
    {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC},
    {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596},
    {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2},
    {0x1F6D5, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F7F0, 0x1F7F0},
    {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <std::size_t N>
bool contains(const Range (&table)[N], std::uint32_t value) {
    const Range* range = std::lower_bound(std::begin(table), std::end(table), value,
                                          [](const Range& r, std::uint32_t v) { return r.last < v; });
    return range != std::end(table) && range->first <= value;
}

std::size_t width_of(std::uint32_t value) {
    if (value < 0x300) return 1;
    if (contains(kZeroWidth, value)) return 0;
    return contains(kWide, value) ? 2 : 1;
}

// Code points that act on the text around them instead of being seen.
bool steers_terminal(std::uint32_t value) {
    return (value >= 0x80 && value <= 0x9F) || value == 0x061C || value == 0x200E || value == 0x200F ||
           (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
}

constexpr char kHexDigits[] = "0123456789abcdef";

void append_hex_byte(std::string& out, char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
}

void append_escaped_ascii(std::string& out, char c) {
    if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (c == '\\') {
        out += "\\\\";
    } else if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) {
        append_hex_byte(out, c);
    } else {
        out += c;
    }
}

void append_u_escape(std::string& out, std::uint32_t value) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kHexDigits[value >> shift & 15];
}

// Where a tail of at most `columns` columns starts, given that the whole text takes `total`.
std::size_t tail_start(std::string_view text, std::size_t total, std::size_t columns) {
    std::size_t pos = 0;
    while (pos < text.size()) {
        const CodePoint point = next_code_point(text.substr(pos));
        const std::size_t width = width_of(point.value);
        if (total <= columns && width > 0) break;
        total -= width;
        pos += point.size;
    }
    return pos;
}

// Bytes of the longest head that takes at most `columns` columns.
std::size_t head_size(std::string_view text, std::size_t columns) {
    std::size_t pos = 0;
    std::size_t used = 0;
    while (pos < text.size()) {
        const CodePoint point = next_code_point(text.substr(pos));
        used += width_of(point.value);
        if (used > columns) break;
        pos += point.size;
    }
    return pos;
}

constexpr std::string_view kEllipsis = "\u2026";
constexpr std::string_view kReplacement = "\uFFFD";

}  // namespace

bool valid_utf8(std::string_view text) {
    for (std::size_t pos = 0; pos < text.size();) {
        const CodePoint point = next_code_point(text.substr(pos));
        if (!point.valid) return false;
        pos += point.size;
    }
    return true;
}

std::string to_utf8_replacing(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t pos = 0; pos < text.size();) {
        const CodePoint point = next_code_point(text.substr(pos));
        out += point.valid ? text.substr(pos, point.size) : kReplacement;
        pos += point.size;
    }
    return out;
}

std::string escape_for_terminal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t pos = 0; pos < text.size();) {
        const CodePoint point = next_code_point(text.substr(pos));
        const std::string_view bytes = text.substr(pos, point.size);
        if (!point.valid) {
            for (char c : bytes) append_hex_byte(out, c);
        } else if (point.size == 1) {
            append_escaped_ascii(out, bytes[0]);
        } else if (steers_terminal(point.value)) {
            append_u_escape(out, point.value);
        } else {
            out += bytes;
        }
        pos += point.size;
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t pos = 0; pos < bytes.size(); pos += 3) {
        const std::string_view group = bytes.substr(pos, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; i++) {
            bits = bits << 8 | (i < group.size() ? static_cast<std::uint8_t>(group[i]) : 0u);
        }
        for (std::size_t i = 0; i < 4; i++) {
            out += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 == 0) text.remove_suffix(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == kAlphabet.npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held & 0xff);
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t pos = 0; pos < text.size();) {
        const CodePoint point = next_code_point(text.substr(pos));
        width += width_of(point.value);
        pos += point.size;
    }
    return width;
}

std::string cut_middle(std::string_view text, std::size_t columns) {
    const std::size_t total = display_width(text);
    if (total <= columns) return std::string(text);
    if (columns == 0) return {};
    // A wide character may leave a column of the tail unused: the head takes it.
    const std::string_view tail = text.substr(tail_start(text, total, (columns - 1) / 2));
    std::string out(text.substr(0, head_size(text, columns - 1 - display_width(tail))));
    out += kEllipsis;
    out += tail;
    return out;
}

std::string quote_for_terminal(std::string_view text) {
    constexpr std::size_t kColumnsMax = 60;
    return '\'' + cut_middle(escape_for_terminal(text), kColumnsMax) + '\'';
}

}  // namespace whodid
