// SPDX-License-Identifier: Apache-2.0
// The report as text and as JSON.
#include "app/volume_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>

#include "app/footer.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/json_writer.h"

namespace whodid {

namespace {

constexpr double kDay = 86400, kMonth = 30 * kDay;  // seconds
constexpr double kGigabyte = 1e9;

std::string rfc3339(std::uint64_t wall_ns) {
    std::string text(kRfc3339Length, ' ');
    format_rfc3339(wall_ns, text.data());
    return text;
}

std::string to_the_second(std::uint64_t wall_ns) { return rfc3339(wall_ns).substr(0, 19) + "Z"; }

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> cost_a_month(const VolumeReport& report, std::uint64_t bytes) {
    const auto month = report.count.bytes_in(bytes, kMonth);
    if (!month || report.price_per_gb == 0) return std::nullopt;
    return *month / kGigabyte * report.price_per_gb;
}

std::string format_bytes(double bytes) { return whodid::format_bytes(static_cast<std::uint64_t>(bytes)); }

/// What a table shows of a tally: the largest groups, and all the others as one.
struct Cutout {
    std::vector<Tally::Group> shown;
    std::size_t others = 0;
    Volume of_others;
};
Cutout cutout(const Tally& tally, std::size_t top) {
    Cutout made{tally.groups(), 0, {}};
    for (std::size_t i = top; i < made.shown.size(); ++i, ++made.others)
        made.of_others.add(made.shown[i].volume);
    made.shown.resize(std::min(top, made.shown.size()));
    return made;
}

// ---- text -------------------------------------------------------------------------------------------------

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
    return out;
}

/// For a POSIX shell.
std::string in_single_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

class Text {
public:
    explicit Text(const VolumeReport& report) : report_(report), total_(report.count.total()) {}

    std::string page() {
        if (report_.compared)
            page_ += fmt::format("profile  {}, without the kernel side's fold\n",
                                 profile_name(report_.compared->profile));
        page_ += fmt::format("events   {}\n", with_commas(total_.events));
        if (report_.count.has_span()) head();
        if (report_.compared) compare(*report_.compared);
        if (total_.events == 0) return page_;
        for (const VolumeCount::Table& table : report_.count.tables()) put(table);
        filters();
        return page_;
    }

private:
    void head() {
        const std::uint64_t from = report_.count.first_ns(), to = report_.count.last_ns();
        const auto day = report_.count.bytes_in(total_.bytes, kDay);
        const std::string span = format_duration(to - from);
        page_ += fmt::format("span     {}, from {} to {}\n", span, to_the_second(from), to_the_second(to));
        page_ += fmt::format("bytes    {} ({})\n", format_bytes(total_.bytes), with_commas(total_.bytes));
        page_ += fmt::format("a day    {}\n", day ? format_bytes(*day) + " at the pace of these " + span
                                                  : "unknown: the span has no length");
        if (const auto cost = cost_a_month(report_, total_.bytes))
            page_ += fmt::format("a month  {} of 30 days, costs {:.2f} at {} a GB\n", format_bytes(*day * 30),
                                 *cost, report_.price_per_gb);
    }

    void compare(const Compared& compared) {
        const Volume& whole = compared.whole;
        page_ += fmt::format("whole    {} events, {} ({})", with_commas(whole.events),
                             format_bytes(whole.bytes), with_commas(whole.bytes));
        if (const auto day = report_.count.bytes_in(whole.bytes, kDay))
            page_ += fmt::format(", {} a day", format_bytes(*day));
        if (const auto cost = cost_a_month(report_, whole.bytes))
            page_ += fmt::format(", costs {:.2f} a month", *cost);
        page_ += fmt::format("; {} keeps {:.1f}% of the events, {:.1f}% of the bytes\n",
                             profile_name(compared.profile), 100 * share(total_.events, whole.events),
                             100 * share(total_.bytes, whole.bytes));
    }

    void title(std::string_view name) {
        page_ += fmt::format("\n{:>7} {:>6} {:>13} {:>6} {} {}\n", "BYTES", "SHARE", "EVENTS", "SHARE",
                             has_cost() ? "  COST/MONTH " : "", name);
    }
    void row(const Volume& volume, std::string_view name) {
        std::string cost;
        if (const auto known = cost_a_month(report_, volume.bytes)) cost = fmt::format("{:>12.2f} ", *known);
        page_ += fmt::format("{:>7} {:>5.1f}% {:>13} {:>5.1f}% {} {}\n", format_bytes(volume.bytes),
                             100 * share(volume.bytes, total_.bytes), with_commas(volume.events),
                             100 * share(volume.events, total_.events), cost, name);
    }
    bool has_cost() const { return cost_a_month(report_, 0).has_value(); }

    void put(const VolumeCount::Table& table) {
        title(upper(table.name));
        const Cutout groups = cutout(table.tally, report_.top);
        for (const Tally::Group& group : groups.shown) row(group.volume, escape_for_terminal(group.name));
        if (groups.others != 0) row(groups.of_others, fmt::format("({} others)", with_commas(groups.others)));
        if (table.tally.rest().events != 0) row(table.tally.rest(), "(others, too many to tell apart)");
    }

    void filters() {
        const VolumeCount::Proposals proposals = report_.count.propose(report_.top);
        if (proposals.list.empty()) {
            page_ += "\nNone of the filters of docs/volume.md saves a hundredth of it.\n";
            if (proposals.unknown.events == 0) return;
            title("GIVES UP");
        } else {
            propose(proposals);
        }
        if (proposals.unknown.events != 0) row(proposals.unknown, "not looked at: too many groups");
    }
    void propose(const VolumeCount::Proposals& proposals) {
        page_ +=
            "\nWhat filters would save. All of them keep logins, rights, programs, connections, watched "
            "files and refusals.\n";
        title("GIVES UP");
        for (const VolumeCount::Proposal& proposal : proposals.list) {
            row(proposal.volume, escape_for_terminal(gives_up(proposal.cut)));
            page_ += fmt::format("        --filter {}\n", in_single_quotes(filter_of(proposal.cut)));
        }
        row(proposals.together, "all of these together; what several leave out counts once");
    }

    const VolumeReport& report_;
    const Volume total_;
    std::string page_;
};

// ---- JSON -------------------------------------------------------------------------------------------------

class Json {
public:
    explicit Json(const VolumeReport& report) : report_(report), total_(report.count.total()) {}

    std::string line() {
        out_.begin();
        if (report_.compared) put("profile", std::string(profile_name(report_.compared->profile)));
        head();
        if (report_.compared) put_whole(report_.compared->whole);
        out_.open("by");
        for (const VolumeCount::Table& table : report_.count.tables()) put(table);
        out_.close();
        filters();
        bad();
        out_.end();
        return line_ + "\n";
    }

private:
    void head() {
        put(total_);
        if (report_.count.has_span()) {
            put("from", rfc3339(report_.count.first_ns()));
            put("to", rfc3339(report_.count.last_ns()));
        }
        if (const auto day = report_.count.bytes_in(total_.bytes, kDay)) put("bytes_per_day", *day);
        if (report_.price_per_gb != 0) put("price_per_gb", report_.price_per_gb);
        put_cost(total_.bytes);
    }

    void put_whole(const Volume& whole) {
        out_.open("whole");
        put(whole);
        if (const auto day = report_.count.bytes_in(whole.bytes, kDay)) put("bytes_per_day", *day);
        put_cost(whole.bytes);
        put("kept_events_share", share(total_.events, whole.events));
        put("kept_bytes_share", share(total_.bytes, whole.bytes));
        out_.close();
    }

    void put(std::string_view key, double value) {
        out_.key(key);
        out_.real(value);
    }
    void put(std::string_view key, const std::string& value) {
        out_.key(key);
        out_.text(value);
    }
    void put(std::string_view key, const std::vector<std::string>& values) {
        out_.key(key);
        out_.raw("[");
        for (const std::string& value : values) {
            if (&value != values.data()) out_.raw(",");
            out_.text(value);
        }
        out_.raw("]");
    }
    void put(std::string_view key, std::uint64_t value) {
        out_.key(key);
        out_.number(value);
    }
    void put(const Volume& volume) {
        put("events", volume.events);
        put("bytes", volume.bytes);
    }
    void put_shares(const Volume& volume) {
        put(volume);
        put("events_share", share(volume.events, total_.events));
        put("bytes_share", share(volume.bytes, total_.bytes));
        put_cost(volume.bytes);
    }
    void put_cost(std::uint64_t bytes) {
        if (const auto cost = cost_a_month(report_, bytes)) put("cost_per_month", *cost);
    }

    /// Calls f(element) between the braces of each object of a list.
    template <class T, class F>
    void list(std::string_view key, std::span<const T> elements, F f) {
        out_.key(key);
        out_.raw("[");
        for (const T& element : elements) {
            if (&element != elements.data()) out_.raw(",");
            out_.begin();
            f(element);
            out_.end();
        }
        out_.raw("]");
    }

    void put(const VolumeCount::Table& table) {
        const Cutout groups = cutout(table.tally, report_.top);
        out_.open(table.name);
        list("groups", std::span<const Tally::Group>(groups.shown), [&](const Tally::Group& group) {
            put("name", std::string(group.name));
            put_shares(group.volume);
        });
        if (groups.others != 0) {
            out_.open("others");
            put("groups", std::uint64_t{groups.others});
            put_shares(groups.of_others);
            out_.close();
        }
        if (table.tally.rest().events != 0) {
            out_.open("too_many");
            put_shares(table.tally.rest());
            out_.close();
        }
        out_.close();
    }

    void filters() {
        const VolumeCount::Proposals proposals = report_.count.propose(report_.top);
        list("filters", std::span<const VolumeCount::Proposal>(proposals.list),
             [&](const VolumeCount::Proposal& proposal) {
                 put("filter", filter_of(proposal.cut));
                 put("gives_up", gives_up(proposal.cut));
                 put_shares(proposal.volume);
             });
        out_.open("filters_together");
        put_shares(proposals.together);
        out_.close();
        if (proposals.unknown.events == 0) return;
        out_.open("filters_not_looked_at");
        put_shares(proposals.unknown);
        out_.close();
    }

    void bad() {
        out_.open("bad");
        const LeftOut& bad = report_.bad;
        put("lines", bad.lines.events);
        put("bytes", bad.lines.bytes);
        if (!bad.first.empty()) put("first", bad.first);
        if (!bad.recordings.empty()) put("recordings", bad.recordings);
        out_.close();
    }

    const VolumeReport& report_;
    const Volume total_;
    std::string line_;
    JsonWriter out_{line_};
};

}  // namespace

std::string volume_text(const VolumeReport& report) { return Text(report).page(); }

std::string volume_json(const VolumeReport& report) { return Json(report).line(); }

std::string left_out_text(const LeftOut& bad) {
    std::string text;
    for (const std::string& recording : bad.recordings) text += fmt::format("whodid: {}\n", recording);
    const bool is_one = bad.lines.events == 1;
    if (bad.lines.events != 0)
        text += fmt::format("whodid: {} {} no {}, left out; the first is {}\n", with_commas(bad.lines.events),
                            is_one ? "line is" : "lines are", is_one ? "event" : "events",
                            escape_for_terminal(bad.first));
    return text;
}

}  // namespace whodid
