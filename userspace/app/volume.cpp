// SPDX-License-Identifier: Apache-2.0
// Reads event files.
#include "app/volume.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "app/exit_code.h"
#include "app/say.h"
#include "base/escape.h"
#include "base/fd.h"
#include "base/line_splitter.h"
#include "event/event_line.h"

namespace whodid {

namespace {

using Line = LineSplitter::Line;

constexpr std::string_view kStandardInput = "-";

std::string shown_name(const std::string& path) {
    return path == kStandardInput ? "standard input" : escape_for_terminal(path);
}

/// Files that people have beside event files.
struct OtherFormat {
    std::string_view begins, what, command;
};
constexpr OtherFormat kOtherFormats[] = {
    {"whodid recording ", "a recording", "whodid replay FILE -a -o json | whodid volume"},
    {"\x1f\x8b", "compressed", "zcat FILE | whodid volume"},
    {"\x28\xb5\x2f\xfd", "compressed", "zstdcat FILE | whodid volume"},
    {"\xfd"
     "7zXZ",
     "compressed", "xzcat FILE | whodid volume"},
};

Result<void> check_format(const std::string& path, std::string_view beginning) {
    for (const OtherFormat& other : kOtherFormats)
        if (beginning.starts_with(other.begins))
            return Error{
                fmt::format("{} is {}, no file of events: {}", shown_name(path), other.what, other.command)};
    return {};
}

Result<Fd> open_to_read(const std::string& path, bool is_read_twice) {
    const bool is_input = path == kStandardInput;
    Fd file(is_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                     : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    struct stat st {};
    if (!file.valid() || ::fstat(file.get(), &st) != 0)
        return Error::from_errno("cannot read " + shown_name(path));
    if (is_read_twice && (is_input || !S_ISREG(st.st_mode)))
        return Error{fmt::format("--since reads twice, and {} can be read once: write it to a file first",
                                 shown_name(path)),
                     EINVAL};
    return file;
}

Result<std::size_t> read_piece(const Fd& file, const std::string& path, std::vector<char>& buffer) {
    for (;;) {
        const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return Error::from_errno("cannot read " + shown_name(path));
    }
}

/// Calls f(line) for each line of a file.
template <class F>
Result<void> for_each_line(const std::string& path, bool is_read_twice, F f) {
    const auto file = open_to_read(path, is_read_twice);
    if (!file) return file.error();
    LineSplitter lines(kEventLineBytesMax);
    std::vector<char> buffer(256 << 10);
    for (bool is_first = true;; is_first = false) {
        const auto bytes = read_piece(*file, path, buffer);
        if (!bytes) return bytes.error();
        if (*bytes == 0) break;
        const std::string_view piece(buffer.data(), *bytes);
        if (is_first)
            if (auto checked = check_format(path, piece); !checked) return checked.error();
        lines.feed(piece, f);
    }
    lines.finish(f);
    return {};
}

Result<EventLine> read_event(const Line& line) {
    if (line.is_too_long)
        return Error{
            fmt::format("it has {} bytes, no event has more than {}", line.bytes, kEventLineBytesMax),
            EINVAL};
    return read_event_line(line.text);
}

Result<std::uint64_t> newest_time(const std::vector<std::string>& paths) {
    std::uint64_t newest = 0;
    for (const std::string& path : paths) {
        const auto read = for_each_line(path, true, [&](const Line& line) {
            if (const auto event = read_event(line)) newest = std::max(newest, event->time_ns);
        });
        if (!read) return read.error();
    }
    return newest;
}

void add_bad(BadLines& bad, const std::string& path, const Line& line, const Error& why) {
    if (bad.first.empty()) bad.first = fmt::format("{}:{}: {}", shown_name(path), line.number, why.message);
    bad.volume.add({1, line.bytes});
}

}  // namespace

Result<double> parse_price(std::string_view text) {
    double price = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, price);
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    if (error != std::errc() || !(unit.empty() || unit == "/GB") || !std::isfinite(price) || price <= 0)
        return Error{fmt::format("'{}' is no price of a gigabyte: 0.30/GB", text), EINVAL};
    return price;
}

Result<VolumeReport> measure_volume(const VolumeOptions& options) {
    std::vector<std::string> paths = options.paths;
    if (paths.empty()) paths.emplace_back(kStandardInput);
    std::uint64_t from_ns = 0;
    if (options.since_ns != 0) {
        const auto newest = newest_time(paths);
        if (!newest) return newest.error();
        from_ns = *newest - std::min(*newest, options.since_ns);
    }
    VolumeReport report{VolumeCount(), {}, options.price_per_gb, options.top};
    for (const std::string& path : paths) {
        const auto read = for_each_line(path, options.since_ns != 0, [&](const Line& line) {
            const auto event = read_event(line);
            if (!event)
                add_bad(report.bad, path, line, event.error());
            else if (event->time_ns >= from_ns)
                report.count.add(*event, line.bytes);
        });
        if (!read) return read.error();
    }
    return report;
}

int volume(const VolumeOptions& options) {
    if (options.paths.empty() && ::isatty(STDIN_FILENO))
        return fail_usage(Error{"which file? One that whodid run has written; - is standard input"});
    const auto report = measure_volume(options);
    if (!report) return report.error().code == EINVAL ? fail_usage(report.error()) : fail(report.error());
    const int printed = print_page(options.json ? volume_json(*report) : volume_text(*report));
    say(bad_lines_text(report->bad));
    return printed == kOk && report->bad.volume.events != 0 ? kIncomplete : printed;
}

}  // namespace whodid
