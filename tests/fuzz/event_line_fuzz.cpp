// SPDX-License-Identifier: Apache-2.0
// Any bytes, as a file of events: lines are the same however the stream is cut, each is an event with a kind
// and a time or has a reason why not, and texts are no longer than the line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/line_splitter.h"
#include "event/event_line.h"

namespace {

using whodid::LineSplitter;

void check(const LineSplitter::Line& line) {
    const auto event = whodid::read_event_line(line.text);
    if (!event) {
        if (!event.error().message.starts_with("it ")) abort();
        return;
    }
    if (event->kind.empty()) abort();
    if (event->exe.size() + event->path.size() + event->kind.size() > line.text.size()) abort();
}

std::vector<std::string> split(std::string_view text, std::size_t piece_bytes, std::size_t line_bytes_max) {
    LineSplitter splitter(line_bytes_max);
    std::vector<std::string> lines;
    std::uint64_t bytes = 0;
    const auto take = [&](const LineSplitter::Line& line) {
        if (line.text.size() > line_bytes_max || line.number != lines.size() + 1) abort();
        lines.push_back((line.is_too_long ? "!" : " ") + std::string(line.text));
        bytes += line.bytes;
        if (!line.is_too_long) check(line);
    };
    for (std::size_t at = 0; at < text.size(); at += piece_bytes)
        splitter.feed(text.substr(at, piece_bytes), take);
    splitter.finish(take);
    if (bytes != text.size()) abort();
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (split(text, size + 1, size) != split(text, 7, size)) abort();
    if (split(text, size + 1, 64) != split(text, 7, 64)) abort();
    return 0;
}
