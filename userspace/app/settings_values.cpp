// SPDX-License-Identifier: Apache-2.0
// Values of the configuration.
#include "app/settings_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/ip_address.h"

namespace whodid {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kUrlMax = 2048;

Error no_such(std::string_view what, std::string_view text) {
    return Error{fmt::format("'{}' is no {}", text, what), EINVAL};
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

bool is_shown(char c) { return c > ' ' && c < 0x7f; }

/// RFC 9110, 5.6.2: token.
bool is_token_char(char c) {
    constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z') ||
           kSigns.find(c) != kSigns.npos;
}

/// "host", "host:80", "[::1]", "[::1]:80"
bool is_authority(std::string_view text) {
    const bool in_brackets = text.starts_with('[');
    const std::size_t end = in_brackets ? text.find(']') + 1 : std::min(text.find(':'), text.size());
    if (end == 0) return false;
    const std::string_view host = text.substr(0, end), port = text.substr(end);
    const bool is_host = in_brackets ? parse_ip(host.substr(1, host.size() - 2)).has_value()
                                     : !host.empty() && std::ranges::all_of(host, is_token_char);
    return is_host && (port.empty() || (port.front() == ':' && is_port(port.substr(1))));
}

/// After "http://" or "https://"; empty: neither.
std::string_view after_scheme(std::string_view url) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (url.starts_with(scheme)) return url.substr(scheme.size());
    return {};
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
    if (text != "true" && text != "false") return no_such("true or false", text);
    return text == "true";
}

Result<std::string> parse_url(std::string_view text) {
    const std::string_view rest = after_scheme(text);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    const bool is_whole = text.size() <= kUrlMax && std::ranges::all_of(text, is_shown) &&
                          text.find_first_of("?#@") == text.npos && is_authority(authority);
    if (!is_whole) return no_such("URL", without_password(text));
    return std::string(text);
}

Result<std::string> parse_output(std::string_view text) {
    if (text.starts_with(kUnixPrefix)) {
        auto path = parse_socket_path(text.substr(kUnixPrefix.size()));
        return path ? Result<std::string>(std::string(text)) : path;
    }
    if (text != "-" && !text.starts_with('/')) return no_such("place for lines", text);
    return std::string(text);
}

Result<std::string> parse_listen(std::string_view text) {
    if (text.starts_with(kUnixPrefix)) return parse_output(text);
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos || !is_port(text.substr(colon + 1))) return no_such("address and port", text);
    std::string_view address = text.substr(0, colon);
    const bool in_brackets = address.size() > 2 && address.front() == '[' && address.back() == ']';
    if (in_brackets) address = address.substr(1, address.size() - 2);
    const bool has_colon = address.find(':') != address.npos;
    if (in_brackets != has_colon || !parse_ip(address)) return no_such("address and port", text);
    return std::string(text);
}

Result<std::string> parse_socket_path(std::string_view text) {
    constexpr std::size_t kSocketPathMax = 107;
    const bool is_path = text.starts_with('/') && text.back() != '/' && text.size() <= kSocketPathMax;
    if (!is_path) return no_such("path of a socket", text);
    return std::string(text);
}

Result<void> check_named_header(std::string_view name, std::string_view value) {
    if (name.empty() || !std::ranges::all_of(name, is_token_char))
        return Error{quote_for_terminal(name) + " is no name of a header", EINVAL};
    const auto is_text = [](char c) { return c == ' ' || c == '\t' || is_shown(c) || (c & 0x80) != 0; };
    if (!std::ranges::all_of(value, is_text))
        return Error{fmt::format("the value of {} has control characters", quote_for_terminal(name)), EINVAL};
    return {};
}

bool is_secret_header(std::string_view name) {
    constexpr std::string_view kSigns[] = {"authorization", "api-key", "apikey",   "api_key", "token",
                                           "secret",        "cookie",  "password", "x-key"};
    const std::string lower = to_lower_ascii(name);
    return std::ranges::any_of(kSigns, [&](auto sign) { return lower.find(sign) != lower.npos; });
}

std::string without_password(std::string_view url) {
    const std::size_t scheme = url.find("://"), begin = scheme == url.npos ? 0 : scheme + 3;
    const std::size_t at = url.rfind('@');
    if (at == url.npos || at < begin) return std::string(url);
    return fmt::format("{}***{}", url.substr(0, begin), url.substr(at));
}

}  // namespace whodid
