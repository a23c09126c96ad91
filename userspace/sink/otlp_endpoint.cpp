// SPDX-License-Identifier: Apache-2.0
// Endpoints and headers of OTLP.
#include "sink/otlp_endpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/fd.h"
#include "sink/percent.h"

namespace whodid {
namespace {

constexpr std::size_t kHeaderFileBytesMax = 64u << 10;

/// A URL in its parts; the authority without the user.
struct UrlParts {
    std::string scheme;  // in lower case; empty: there is none
    std::string_view authority, path, query;
    bool has_user = false;
};

bool is_scheme_character(char c) {
    return (to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

UrlParts take_url_apart(std::string_view url) {
    UrlParts parts;
    const std::size_t colon = url.find("://");
    if (colon != url.npos && std::ranges::all_of(url.substr(0, colon), is_scheme_character)) {
        parts.scheme = to_lower_ascii(url.substr(0, colon));
        url.remove_prefix(colon + 3);
    }
    parts.query = url.substr(std::min(url.find_first_of("?#"), url.size()));
    url.remove_suffix(parts.query.size());
    parts.path = url.substr(std::min(url.find('/'), url.size()));
    parts.authority = url.substr(0, url.size() - parts.path.size());
    const std::size_t at = parts.authority.rfind('@');
    parts.has_user = at != url.npos;
    if (parts.has_user) parts.authority.remove_prefix(at + 1);
    return parts;
}

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// "host", "host:4318", "192.0.2.1", "[2001:db8::1]:4318".
bool is_authority(std::string_view text) {
    const std::size_t host_end = text.starts_with('[') ? text.find(']') : text.find(':');
    if (text.starts_with('[')) {
        if (host_end == text.npos || host_end < 3) return false;
        text.remove_prefix(host_end + 1);
    } else {
        if (host_end == 0 || text.empty()) return false;
        text.remove_prefix(std::min(host_end, text.size()));
    }
    return text.empty() || (text.starts_with(':') && is_port(text.substr(1)));
}

bool is_url_character(char c) { return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\'; }

Error bad_endpoint(std::string_view url, std::string_view why) {
    return Error{
        fmt::format("OTLP endpoint '{}': {}, as in \"http://127.0.0.1:4318\"", shown_endpoint(url), why),
        EINVAL};
}

std::string_view signal_path(OtlpSignal signal) {
    return signal == OtlpSignal::kLogs ? "v1/logs" : "v1/metrics";
}

/// The base of OTEL_EXPORTER_OTLP_ENDPOINT and the path of a signal, with one slash between; a query stays
/// last.
std::string below_base(std::string_view base, OtlpSignal signal) {
    const std::string_view query = take_url_apart(base).query;
    base.remove_suffix(query.size());
    std::string url(base);
    if (!url.ends_with('/')) url += '/';
    return url.append(signal_path(signal)).append(query);
}

/// gRPC names the service by the path, and knows endpoints without a scheme.
Result<std::string> grpc_endpoint(const EndpointChoice& choice) {
    std::string url(choice.own.empty() ? choice.general : choice.own);
    if (url.empty()) url = "http://localhost:4317";
    if (url.find("://") == url.npos) url.insert(0, choice.insecure ? "http://" : "https://");
    if (auto ok = check_endpoint(url); !ok) return ok.error();
    const UrlParts parts = take_url_apart(url);
    if (parts.path.size() > 1 || !parts.query.empty())
        return bad_endpoint(url, "gRPC has a path of its own: give scheme, host and port alone");
    return fmt::format("{}://{}", parts.scheme, parts.authority);
}

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        const char lower = to_lower_ascii(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || kSymbols.find(c) != kSymbols.npos;
    });
}

bool is_sender_header(std::string_view name) {
    constexpr std::string_view kOwn[] = {"content-type", "content-encoding",  "content-length",
                                         "connection",   "transfer-encoding", "te",
                                         "expect",       "accept-encoding",   "upgrade"};
    const std::string lower = to_lower_ascii(name);
    return lower.starts_with("grpc-") || std::ranges::find(kOwn, lower) != std::end(kOwn);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// The part before the first `stop`, which is taken off `text` with it.
std::string_view cut_part(std::string_view& text, char stop) {
    const std::string_view part = text.substr(0, text.find(stop));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

Result<std::pair<std::string, std::string>> parse_baggage_member(std::string_view member) {
    const std::size_t equals = member.find('=');
    if (equals == member.npos) return Error{"has no \"=\" between name and value", EINVAL};
    if (member.find(';') != member.npos)
        return Error{"has a \";\", and OTLP knows no properties: write %3B where it is part of the value",
                     EINVAL};
    bool is_clean = true;
    std::string value = percent_decode(trimmed(member.substr(equals + 1)), &is_clean);
    if (!is_clean)
        return Error{"has a \"%\" without two hexadecimal digits: write %25 where it is part of the value",
                     EINVAL};
    const std::string_view name = trimmed(member.substr(0, equals));
    if (auto ok = check_header(name, value); !ok) return ok.error();
    return std::pair(std::string(name), std::move(value));
}

Result<std::pair<std::string, std::string>> parse_header_line(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return Error{"is not \"Name: value\"", EINVAL};
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (auto ok = check_header(name, value); !ok) return ok.error();
    return std::pair(std::string(name), std::string(value));
}

/// Whether nobody can have read or written it but root, this process' user and a group they chose.
Result<void> check_secret_file(int fd, const std::string& path) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return Error::from_errno("cannot read the headers in " + path);
    if (!S_ISREG(st.st_mode)) return Error{fmt::format("headers in {}: not a regular file", path), EINVAL};
    if (st.st_uid != 0 && st.st_uid != ::geteuid())
        return Error{fmt::format("headers in {}: uid {} owns it and could change them: chown root it", path,
                                 st.st_uid),
                     EPERM};
    if (st.st_mode & 0037)
        return Error{
            fmt::format("headers in {}: others than its owner and group can read it, or its group can "
                        "write it (mode {:04o}): chmod 0600 it, or 0640",
                        path, st.st_mode & 07777),
            EPERM};
    return {};
}

Result<std::string> read_to_end(int fd, const std::string& path) {
    std::string text(kHeaderFileBytesMax + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("cannot read the headers in " + path);
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    if (size > kHeaderFileBytesMax)
        return Error{fmt::format("headers in {}: larger than {} KiB", path, kHeaderFileBytesMax >> 10),
                     EFBIG};
    text.resize(size);
    return text;
}

}  // namespace

Result<std::string> otlp_endpoint(OtlpSignal signal, OtlpProtocol protocol, const EndpointChoice& choice) {
    if (protocol == OtlpProtocol::kGrpc) return grpc_endpoint(choice);
    std::string url(choice.own);
    if (url.empty())
        url = below_base(choice.general.empty() ? "http://localhost:4318" : choice.general, signal);
    if (auto ok = check_endpoint(url); !ok) return ok.error();
    const UrlParts parts = take_url_apart(url);
    if (parts.path.empty()) url.insert(url.size() - parts.query.size(), "/");
    return url;
}

Result<void> check_endpoint(std::string_view url) {
    const UrlParts parts = take_url_apart(url);
    if (parts.scheme != "http" && parts.scheme != "https")
        return bad_endpoint(url, "it does not begin with http:// or https://");
    if (parts.has_user)
        return bad_endpoint(url,
                            "it has a user or a password in it, which belong into a header (Authorization)");
    if (!std::ranges::all_of(url, is_url_character))
        return bad_endpoint(url, "it has a character that is none of a URL's");
    if (!is_authority(parts.authority))
        return bad_endpoint(url, "it has no host, or no port from 1 to 65535");
    if (parts.query.find('#') != parts.query.npos) return bad_endpoint(url, "a fragment (#) is never sent");
    return {};
}

// A password may have any character in it, so the last @ counts, wherever it is.
std::string shown_endpoint(std::string_view url) {
    const UrlParts parts = take_url_apart(url);
    std::string shown = parts.scheme.empty() ? "" : parts.scheme + "://";
    if (const std::size_t at = url.rfind('@'); at != url.npos) {
        url.remove_prefix(at + 1);
        return escape_for_terminal(shown.append(url.substr(0, url.find_first_of("?#"))));
    }
    return escape_for_terminal(shown.append(parts.authority).append(parts.path));
}

Result<void> check_header(std::string_view name, std::string_view value) {
    if (!is_token(name))
        return Error{"has a name that is empty or has characters that HTTP does not allow", EINVAL};
    if (is_sender_header(name)) return Error{fmt::format("sets {}, which whodid sets itself", name), EINVAL};
    const bool is_line = std::ranges::all_of(
        value, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7F); });
    if (!is_line) return Error{fmt::format("has control characters in the value of {}", name), EINVAL};
    return {};
}

Result<HttpHeaders> parse_otlp_headers(std::string_view text) {
    HttpHeaders headers;
    for (int number = 1; !text.empty(); ++number) {
        const std::string_view member = trimmed(cut_part(text, ','));
        if (member.empty()) continue;
        auto header = parse_baggage_member(member);
        if (!header) return Error{fmt::format("header {} {}", number, header.error().message), EINVAL};
        headers.push_back(std::move(*header));
    }
    return headers;
}

Result<HttpHeaders> parse_header_lines(std::string_view text) {
    HttpHeaders headers;
    for (int number = 1; !text.empty(); ++number) {
        const std::string_view line = trimmed(cut_part(text, '\n'));
        if (line.empty() || line.starts_with('#')) continue;
        auto header = parse_header_line(line);
        if (!header) return Error{fmt::format("line {} {}", number, header.error().message), EINVAL};
        headers.push_back(std::move(*header));
    }
    return headers;
}

// A link is followed: Kubernetes mounts secrets as links. What it leads to is what is checked.
Result<HttpHeaders> read_header_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file.valid()) return Error::from_errno("cannot read the headers in " + path);
    if (auto ok = check_secret_file(file.get(), path); !ok) return ok.error();
    auto text = read_to_end(file.get(), path);
    if (!text) return text.error();
    auto headers = parse_header_lines(*text);
    if (!headers) return Error{fmt::format("headers in {}: {}", path, headers.error().message), EINVAL};
    return headers;
}

}  // namespace whodid
