// SPDX-License-Identifier: Apache-2.0
// Reads events back.
#include "event/event_line.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace whodid {

namespace {

constexpr std::string_view kNamePrefix = "whodid.";

/// Digits alone, as many as there are.
std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

/// ".118204411" or less of it; empty is 0.
std::optional<unsigned> fraction_ns(std::string_view text) {
    if (text.empty()) return 0;
    if (text.size() < 2 || text.size() > 10 || text.front() != '.') return std::nullopt;
    auto ns = number(text.substr(1));
    for (std::size_t digits = text.size() - 1; ns && digits < 9; ++digits) *ns *= 10;
    return ns;
}

/// RFC 3339 in UTC, from 1970 on.
std::optional<std::uint64_t> parse_time(std::string_view text) {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
        text[16] != ':' || text.back() != 'Z')
        return std::nullopt;
    const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)),
               day = number(text.substr(8, 2)), hour = number(text.substr(11, 2)),
               minute = number(text.substr(14, 2)), second = number(text.substr(17, 2)),
               ns = fraction_ns(text.substr(19, text.size() - 20));
    if (!year || !month || !day || !hour || !minute || !second || !ns) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(*month), std::chrono::day(*day)};
    constexpr unsigned kYearMost = 2500;  // nanoseconds have room for it
    if (!date.ok() || *year < 1970 || *year > kYearMost || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    const auto days = static_cast<std::uint64_t>(std::chrono::sys_days(date).time_since_epoch().count());
    return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * 1'000'000'000 + *ns;
}

/// Takes the members that are asked for, by their dotted keys, whatever the nesting.
class Taker : public nlohmann::json_sax<nlohmann::json> {
public:
    EventLine event;
    std::string time, name;
    bool has_object = false;
    std::size_t fault_at = 0;  // bytes read up to the fault

    bool null() override { return true; }
    bool boolean(bool value) override {
        if (is_member("whodid.file.user_supplied")) event.is_user_supplied = value;
        return true;
    }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool string(string_t& value) override {
        if (std::string* to = wanted()) *to = std::move(value);
        return true;
    }

    bool start_object(std::size_t) override {
        if (below_list_ != 0) {
            ++below_list_;
            return true;
        }
        has_object = true;
        lengths_.push_back(key_.size());
        return true;
    }
    bool key(string_t& name_of_member) override {
        if (below_list_ != 0) return true;
        key_.resize(lengths_.back());
        if (!key_.empty()) key_ += '.';
        key_ += name_of_member;
        return true;
    }
    bool end_object() override {
        if (below_list_ != 0) {
            --below_list_;
            return true;
        }
        key_.resize(lengths_.back());
        lengths_.pop_back();
        return true;
    }
    bool start_array(std::size_t) override {
        if (is_member("whodid.tags")) event.is_tagged = true;
        ++below_list_;
        return true;
    }
    bool end_array() override {
        --below_list_;
        return true;
    }
    bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
        fault_at = at;
        return false;
    }

private:
    bool is_member(std::string_view dotted) const { return below_list_ == 0 && key_ == dotted; }

    std::string* wanted() {
        if (below_list_ != 0) return nullptr;
        const std::pair<std::string_view, std::string*> members[] = {
            {"time", &time},
            {"event.name", &name},
            {"event.outcome", &event.outcome},
            {"error.type", &event.error},
            {"user.id", &event.user_id},
            {"user.name", &event.user_name},
            {"process.executable.path", &event.exe},
            {"container.id", &event.container_id},
            {"container.image.name", &event.image},
            {"file.path", &event.path},
            {"whodid.file.access", &event.access},
            {"whodid.basis.user", &event.user_basis},
            {"whodid.process.exit.signal", &event.exit_signal},
        };
        for (const auto& [dotted, member] : members)
            if (dotted == key_) return member;
        return nullptr;
    }

    std::string key_;                   // of the member at hand
    std::vector<std::size_t> lengths_;  // of the key of each open object
    std::size_t below_list_ = 0;        // lists and objects that are open from a list on
};

}  // namespace

Result<EventLine> read_event_line(std::string_view line) {
    if (line.empty()) return Error{"it is empty", EINVAL};
    Taker taker;
    if (!nlohmann::json::sax_parse(line.begin(), line.end(), &taker))
        return taker.fault_at > line.size()
                   ? Error{"it is cut short", EINVAL}
                   : Error{fmt::format("it is not JSON from byte {} on", taker.fault_at), EINVAL};
    if (!taker.has_object) return Error{"it is JSON, but no object", EINVAL};
    if (!taker.name.starts_with(kNamePrefix) || taker.name.size() == kNamePrefix.size())
        return Error{"it has no event.name of whodid's", EINVAL};
    const auto time_ns = parse_time(taker.time);
    if (!time_ns) return Error{"it has no time like 2026-11-24T14:02:31.118204411Z", EINVAL};
    taker.event.time_ns = *time_ns;
    taker.event.kind = taker.name.substr(kNamePrefix.size());
    return std::move(taker.event);
}

}  // namespace whodid
