// SPDX-License-Identifier: Apache-2.0
// Says what check_seals has found.
#include "app/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/exit_code.h"
#include "app/say.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/json_writer.h"
#include "sink/seal_key.h"

namespace whodid {

namespace {

bool is_intact(const CheckedSeries& report) { return !report.fault; }

std::string place_text(const std::string& directory, const SealFault& fault) {
    std::string place = directory + "/" + fault.file;
    if (fault.line != 0) place += fmt::format(" line {}", fault.line);
    if (fault.line != 0 || fault.offset != 0) place += fmt::format(" byte {}", fault.offset);
    return escape_for_terminal(place);
}

/// "1 record", "2 records".
std::string counted(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", with_commas(count), what, count == 1 ? "" : "s");
}

std::string series_text(const CheckedSeries& report, bool has_key) {
    std::string text = is_intact(report)
                           ? fmt::format("{}: intact", report.series)
                           : fmt::format("{}: NOT INTACT: {}: {}; before it", report.series,
                                         place_text(report.directory, *report.fault), report.fault->what);
    text += fmt::format(": {}, {}", counted(report.files, "file"), counted(report.records, "record"));
    const auto add = [&](std::uint64_t count, std::string_view what, std::string_view why) {
        if (count != 0) text += fmt::format("; {} {}", counted(count, what), why);
    };
    add(report.erased, "record", "lawfully erased");
    add(report.unfinished, "erasure", "begun and not finished: erase again");
    add(report.removed, "file", "removed by retention");
    add(report.unsealed, "record", "not sealed yet");
    if (has_key) add(report.seals - report.seals_checked, "seal", "older than this key, not proven");
    return text + "\n";
}

void series_json(const CheckedSeries& report, JsonWriter& out) {
    const auto number = [&](std::string_view key, std::uint64_t value) {
        out.key(key);
        out.number(value);
    };
    const auto text = [&](std::string_view key, std::string_view value) {
        out.key(key);
        out.text(value);
    };
    out.begin();
    text("directory", report.directory);
    text("series", report.series);
    out.key("intact");
    out.boolean(is_intact(report));
    number("files", report.files);
    number("records", report.records);
    number("erased", report.erased);
    number("erasures_unfinished", report.unfinished);
    number("files_removed", report.removed);
    number("unsealed", report.unsealed);
    number("seals", report.seals);
    number("seals_proven", report.seals_checked);
    out.open("fault");
    if (report.fault) {
        text("file", report.fault->file);
        if (report.fault->line != 0) number("line", report.fault->line);
        number("offset", report.fault->offset);
        text("what", report.fault->what);
    }
    out.close();
    out.end();
}

}  // namespace

std::string verify_text(const std::vector<CheckedSeries>& reports, bool has_key) {
    std::string text;
    for (const CheckedSeries& report : reports) text += series_text(report, has_key);
    if (!has_key && !reports.empty())
        text +=
            "Without --key it is not proven who made the seals: whoever can write the files can make "
            "others.\n";
    return text;
}

std::string verify_json(const std::vector<CheckedSeries>& reports, bool has_key) {
    std::string text;
    JsonWriter out(text);
    out.begin();
    out.key("intact");
    out.boolean(std::ranges::all_of(reports, is_intact));
    out.key("key");
    out.boolean(has_key);
    out.key("series");
    out.raw("[");
    for (std::size_t i = 0; i < reports.size(); ++i) {
        if (i != 0) out.raw(",");
        JsonWriter one(text);
        series_json(reports[i], one);
    }
    out.raw("]");
    out.end();
    return text + "\n";
}

int verify(const VerifyOptions& options) {
    std::optional<SealKey> key;
    if (!options.key_path.empty()) {
        const auto read = read_seal_key(options.key_path);
        if (!read) return fail_usage(read.error());
        key = *read;
    }
    const auto reports = check_seals(options.paths, key);
    if (!reports) return reports.error().code == EINVAL ? fail_usage(reports.error()) : fail(reports.error());
    if (reports->empty()) return fail_usage(Error{"no event files there: nothing was verified"});
    const bool has_key = key.has_value();
    const int printed =
        print_page(options.json ? verify_json(*reports, has_key) : verify_text(*reports, has_key));
    return std::ranges::all_of(*reports, is_intact) ? printed : kRuntimeError;
}

}  // namespace whodid
