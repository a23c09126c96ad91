// SPDX-License-Identifier: Apache-2.0
// The client of the status socket.
#include "app/status_command.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "app/exit_code.h"
#include "app/http_answer.h"
#include "app/say.h"
#include "base/clock.h"
#include "base/escape.h"

namespace whodid {

namespace {

constexpr std::size_t kAnswerBytesMax = 16 << 20;
constexpr std::uint64_t kAnswerNs = 10'000'000'000;

Error no_rights(const std::string& socket) {
    return {
        fmt::format("no permission to ask {}: the status is for root and members of group {}; try sudo, or "
                    "'usermod -aG {} NAME' and log in again",
                    escape_for_terminal(socket), kStatusGroup, kStatusGroup),
        EPERM};
}

Error explain_connect(const std::string& socket, const Error& error) {
    if (error.code == EACCES || error.code == EPERM) return no_rights(socket);
    if (error.code == ENOENT || error.code == ECONNREFUSED)
        return {fmt::format(
                    "no whodid answers on {}: start one with 'systemctl start whodid' or 'whodid run', or "
                    "name its socket with --socket",
                    escape_for_terminal(socket)),
                error.code};
    return error;
}

Error no_sensor(const std::string& socket) {
    return {fmt::format("what answers on {} is no whodid; is --socket right?", escape_for_terminal(socket)),
            EPROTO};
}

/// Until the other end closes.
Result<std::string> read_answer(const Fd& socket, const std::string& path) {
    std::string answer;
    const std::uint64_t until_ns = monotonic_now_ns() + kAnswerNs;
    char bytes[16 << 10];
    while (answer.size() < kAnswerBytesMax) {
        const ssize_t got = ::recv(socket.get(), bytes, sizeof bytes, 0);
        if (got == 0) return answer;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != EAGAIN)
            return Error::from_errno("cannot read what answers on " + escape_for_terminal(path));
        if (got < 0 || monotonic_now_ns() > until_ns)
            return Error{
                fmt::format("whodid does not answer on {}: it loads its programs still, or hangs; see "
                            "its log",
                            escape_for_terminal(path)),
                ETIMEDOUT};
        answer.append(bytes, static_cast<std::size_t>(got));
    }
    return no_sensor(path);
}

/// A page that does nothing to a terminal but fill it.
bool is_plain_page(std::string_view page) {
    const auto steers = [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; };
    if (!valid_utf8(page) || std::ranges::any_of(page, steers)) return false;
    for (std::size_t at = page.find('\xc2'); at != page.npos; at = page.find('\xc2', at + 1))
        if (static_cast<unsigned char>(page[at + 1]) < 0xa0) return false;  // C1
    return true;
}

int tell_probe(const StatusOptions& options, const SensorAnswer& answer) {
    if (answer.status == 200) return kOk;
    const std::string_view why = answer.body.substr(0, answer.body.find('\n'));
    return fail(Error{fmt::format("{}: {}", *options.probe == Probe::kReady ? "not ready" : "not live",
                                  escape_for_terminal(why))});
}

}  // namespace

Result<std::string> ask_sensor(const std::string& socket, const std::string& target) {
    const auto connected = connect_to_path(socket);
    if (!connected) return explain_connect(socket, connected.error());
    const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: whodid\r\n\r\n", target);
    const auto bytes = static_cast<ssize_t>(request.size());
    if (::send(connected->get(), request.data(), request.size(), MSG_NOSIGNAL) != bytes)
        return no_sensor(socket);  // it closes without a look at what it is asked
    return read_answer(*connected, socket);
}

int status(const StatusOptions& options) {
    const char* page = options.json ? "/status" : "/status?text";
    const char* target = !options.probe ? page : *options.probe == Probe::kReady ? "/readyz" : "/healthz";
    const auto text = ask_sensor(options.socket, target);
    if (!text) return fail(text.error());
    const auto answer = read_sensor_answer(*text);
    if (!answer) return fail(no_sensor(options.socket));
    if (answer->status == 403) return fail(no_rights(options.socket));
    if (options.probe) return tell_probe(options, *answer);
    const bool is_page = options.json ? answer->body.starts_with('{') : is_plain_page(answer->body);
    if (answer->status != 200 || !is_page) return fail(no_sensor(options.socket));
    const int printed = print_page(answer->body);
    return printed != kOk ? printed : answer->healthy ? kOk : kIncomplete;
}

}  // namespace whodid
