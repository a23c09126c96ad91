// SPDX-License-Identifier: Apache-2.0
// Answers as StatusServer makes them, and no others.
#include "app/http_answer.h"

#include <charconv>
#include <string>

namespace whodid {

namespace {

/// Of "Name: value" in the head; nullopt when it is not there.
std::optional<std::string_view> answer_header(std::string_view head, std::string_view name) {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(start);
    if (at == head.npos) return std::nullopt;
    head.remove_prefix(at + start.size());
    return head.substr(0, head.find("\r\n"));
}

std::optional<std::size_t> whole_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<SensorAnswer> read_sensor_answer(std::string_view text) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos || !text.starts_with(kVersion)) return std::nullopt;
    const std::string_view head = text.substr(0, end), body = text.substr(end + 4);
    const auto status = whole_number(head.substr(kVersion.size(), 3));
    const auto bytes = whole_number(answer_header(head, "Content-Length").value_or(""));
    const auto healthy = answer_header(head, "Whodid-Healthy");
    if (!status || *status < 100 || bytes != body.size()) return std::nullopt;
    if (healthy != "true" && healthy != "false") return std::nullopt;
    return SensorAnswer{static_cast<int>(*status), healthy == "true", body};
}

}  // namespace whodid
