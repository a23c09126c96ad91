// SPDX-License-Identifier: Apache-2.0
// Counts event files and recordings.
#include "app/volume.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "app/event_file.h"
#include "app/exit_code.h"
#include "app/say.h"
#include "event/event_line.h"

namespace whodid {

namespace {

using Line = EventFile::Line;

Result<EventLine> read_event(const Line& line) {
    if (line.is_too_long)
        return Error{
            fmt::format("it has {} bytes, no event has more than {}", line.bytes, kEventLineBytesMax),
            EINVAL};
    return read_event_line(line.text);
}

/// Whether a recording has told what it could.
bool is_damage(const Error& error) { return error.code == EBADMSG || error.code == ENODATA; }

/// Of everything in the files, whatever a profile keeps.
Result<std::uint64_t> newest_time(const std::vector<std::string>& paths) {
    std::uint64_t newest = 0;
    const EventFile::Reader reader = {{}, [&](const Line& line) {
                                          if (const auto event = read_event(line))
                                              newest = std::max(newest, event->time_ns);
                                      }};
    for (const std::string& path : paths) {
        auto file = EventFile::open(path, true);
        if (!file) return file.error();
        const auto read = file->read({&reader, 1});
        if (!read && !is_damage(read.error())) return read.error();
    }
    return newest;
}

/// What a profile keeps depends on which process started which, which shells ask for commands and what was
/// told before: none of that is in the lines.
Error needs_recording(const std::string& path, Profile profile) {
    return Error{
        fmt::format("--profile {} needs a recording, and {} is none: a profile goes by which process "
                    "started which and by what was new, which JSON lines do not tell; make one "
                    "with `whodid record FILE`",
                    profile_name(profile), EventFile::shown_name(path)),
        EINVAL};
}

class Counter {
public:
    Counter(const VolumeOptions& options, std::uint64_t from_ns, VolumeReport& report)
        : options_(options), from_ns_(from_ns), report_(report) {}

    Result<void> add_file(const std::string& path) {
        auto file = EventFile::open(path, options_.since_ns != 0);
        if (!file) return file.error();
        if (options_.profile && !file->is_recording()) return needs_recording(path, *options_.profile);
        std::vector<EventFile::Reader> readers = {{{}, [&](const Line& line) { add_line(path, line); }}};
        if (options_.profile)
            readers.push_back({options_.profile, [&](const Line& line) { add_kept(line); }});
        Result<void> read = file->read(readers);
        if (read || !is_damage(read.error())) return read;
        report_.bad.recordings.push_back(read.error().message);
        return {};
    }

private:
    void add_line(const std::string& path, const Line& line) {
        const auto event = read_event(line);
        if (!event)
            add_bad(path, line, event.error());
        else if (event->time_ns >= from_ns_)
            add_event(*event, line.bytes);
    }
    void add_event(const EventLine& event, std::uint64_t bytes) {
        if (!report_.compared) return report_.count.add(event, bytes);
        report_.compared->whole.add({1, bytes});
        report_.count.span_to(event.time_ns);
    }
    void add_kept(const Line& line) {
        const auto event = read_event(line);
        if (event && event->time_ns >= from_ns_) report_.count.add(*event, line.bytes);
    }
    void add_bad(const std::string& path, const Line& line, const Error& why) {
        LeftOut& bad = report_.bad;
        if (bad.first.empty())
            bad.first = fmt::format("{}:{}: {}", EventFile::shown_name(path), line.number, why.message);
        bad.lines.add({1, line.bytes});
    }

    const VolumeOptions& options_;
    const std::uint64_t from_ns_;
    VolumeReport& report_;
};

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
    if (paths.empty()) paths.emplace_back(EventFile::kStandardInput);
    std::uint64_t from_ns = 0;
    if (options.since_ns != 0) {
        const auto newest = newest_time(paths);
        if (!newest) return newest.error();
        from_ns = *newest - std::min(*newest, options.since_ns);
    }
    VolumeReport report{VolumeCount(), {}, options.price_per_gb, options.top};
    if (options.profile) report.compared = {*options.profile, {}};
    Counter counter(options, from_ns, report);
    for (const std::string& path : paths)
        if (auto added = counter.add_file(path); !added) return added.error();
    return report;
}

int volume(const VolumeOptions& options) {
    if (options.paths.empty() && ::isatty(STDIN_FILENO))
        return fail_usage(
            Error{"which file? One that whodid run or record has written; - is standard input"});
    const auto report = measure_volume(options);
    if (!report) return report.error().code == EINVAL ? fail_usage(report.error()) : fail(report.error());
    const int printed = print_page(options.json ? volume_json(*report) : volume_text(*report));
    say(left_out_text(report->bad));
    return printed == kOk && !report->bad.empty() ? kIncomplete : printed;
}

}  // namespace whodid
