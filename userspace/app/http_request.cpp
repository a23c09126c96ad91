// SPDX-License-Identifier: Apache-2.0
// RFC 9112, as much of it as a GET without a body needs.
#include "app/http_request.h"

#include <algorithm>

#include "base/ascii.h"

namespace whodid {

namespace {

constexpr HttpRequest refuse(int status, std::string_view why) { return {status, why, {}, {}}; }

/// RFC 9110, 5.6.2: token.
bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kMarks.find(c) != kMarks.npos;
    });
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view trim_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// The next line without its end; a lone LF ends one too (RFC 9112, 2.2). Takes it off the text.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// Up to and with the empty line; empty when that has not come yet.
std::string_view whole_request(std::string_view text) {
    for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
        const std::string_view rest = text.substr(at + 1);
        if (rest.starts_with('\n')) return text.substr(0, at + 2);
        if (rest.starts_with("\r\n")) return text.substr(0, at + 3);
    }
    return {};
}

/// "GET /status?text HTTP/1.1"
HttpRequest read_request_line(std::string_view line, bool& needs_host) {
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == last) return refuse(400, "no request line");
    const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (!is_token(method) || !is_printable(target) || !target.starts_with('/'))
        return refuse(400, "no request line");
    if (!version.starts_with("HTTP/") || !is_printable(version)) return refuse(400, "no request line");
    if (version != "HTTP/1.0" && version != "HTTP/1.1") return refuse(505, "HTTP/1.1 or 1.0 only");
    if (method != "GET") return refuse(405, "GET only");
    needs_host = version == "HTTP/1.1";
    const std::size_t question = target.find('?');
    return {200,
            {},
            target.substr(0, question),
            question == target.npos ? std::string_view() : target.substr(question + 1)};
}

/// Empty: nothing is wrong with it.
std::string_view refuse_header(std::string_view line, int& hosts) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) return "a header that is none";
    const std::string_view name = line.substr(0, colon), value = trim_blanks(line.substr(colon + 1));
    const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
    if (std::ranges::any_of(value, is_control)) return "a header with control characters";
    if (equals_lower_ascii(name, "host")) ++hosts;
    if (equals_lower_ascii(name, "transfer-encoding") ||
        (equals_lower_ascii(name, "content-length") && value != "0"))
        return "a GET has no body here";
    return {};
}

}  // namespace

HttpRequest read_http_request(std::string_view text) {
    std::string_view whole = whole_request(text.substr(0, kHttpRequestBytesMax));
    if (whole.empty())
        return text.size() < kHttpRequestBytesMax ? HttpRequest{} : refuse(431, "a request of 8 KiB at most");
    bool needs_host = false;
    const HttpRequest request = read_request_line(take_line(whole), needs_host);
    if (request.status != 200) return request;
    int hosts = 0;
    while (true) {
        const std::string_view line = take_line(whole);
        if (line.empty()) break;
        if (const std::string_view why = refuse_header(line, hosts); !why.empty()) return refuse(400, why);
    }
    if (hosts > 1 || (needs_host && hosts == 0)) return refuse(400, "HTTP/1.1 needs one Host header");
    return request;
}

}  // namespace whodid
