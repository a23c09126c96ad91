// SPDX-License-Identifier: Apache-2.0
// Events as lines of the screen.
#include "sink/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/escape.h"
#include "event/names.h"
#include "event/words.h"

namespace whodid {

namespace {

constexpr std::size_t kTimeWidth = 12, kSecondsWidth = 8, kWhatWidth = 42, kWhatLeast = 16, kWhatMost = 80;
constexpr std::size_t kNarrow = 100;  // columns; below, the time has no fraction and RESULT less room
constexpr std::string_view kRed = "\x1b[1;31m", kColorOff = "\x1b[0m";

void pad(std::string& out, std::size_t from, std::size_t to) {
    if (from < to) out.append(to - from, ' ');
}

/// "alice@198.51.100.7"; "?bob@203.0.113.50" where a name was only claimed; "-" for nobody who logged in,
/// "-@web" in a container; "root@cron", "alice@tty1" for a login without an address. Who shares an account is
/// named where an authority or the administrator vouches for it: a key's comment is a claim, and stands with
/// the login.
std::string who(const Event& event) {
    const Process* p = event.process.get();
    const bool nobody = !p || p->login_uid == REC_UNSET;
    std::string name, from;
    if (event.kind->id == REC_AUTH_ATTEMPT && nobody) {
        const auto& r = event.as<rec_auth>();
        name = "?";
        name += r.account.len ? event.text(r.account) : std::string_view("unknown");
        from = r.address.len ? event.text(r.address) : event.text(r.terminal);
    } else if (!p) {
        name = "whodid";
    } else if (nobody) {
        name = "-";
        if (p->container)
            from = p->container->name.empty() ? p->container->id.substr(0, 12) : p->container->name;
    } else {
        name = p->login_user.empty() ? std::to_string(p->login_uid) : p->login_user;
        if (p->session) {
            const Session& s = *p->session;
            if (s.person.is_vouched_for()) name = s.person.id;
            const bool told =
                s.origin_type != "unknown" && s.origin_type != "local" && s.origin_type != "ssh";
            from = !s.address.empty()           ? s.address
                   : s.origin_type == "console" ? (s.terminal.empty() ? s.origin_type : s.terminal)
                   : told                       ? s.origin_type
                                                : std::string();
        }
    }
    return escape_for_terminal(from.empty() ? name : name + "@" + from);
}

/// "ROOT", or the user whose rights were used; "-" where none were: at the door.
std::string as(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    if (!event.process || kind == REC_SESSION_START || kind == REC_SESSION_END) return "-";
    if (kind == REC_AUTH_ATTEMPT && event.process->login_uid == REC_UNSET) return "-";
    const Rights rights = rights_used(event);
    if (rights.uid == 0) return "ROOT";
    return rights.user.empty() ? std::to_string(rights.uid) : escape_for_terminal(rights.user);
}

std::string session(const Event& event) {
    const bool has = event.process && event.process->session && !event.process->session->id.empty();
    return has ? escape_for_terminal(event.process->session->id) : "-";
}

std::string result(const Event& event) {
    if (event.failed()) {
        if (event.kind->id == REC_AUTH_ATTEMPT) return "FAILED";
        return std::string(errno_name(event.error()));
    }
    std::string text;
    if (event.kind->result) event.kind->result(event, text);
    return escape_for_terminal(text);
}

bool is_alarming(const Event& event) {
    const std::uint16_t kind = event.kind->id;
    return event.failed() || is_alarm(kind) || (kind == REC_AUTH_ATTEMPT && !event.as<rec_auth>().verified);
}

}  // namespace

std::string value_text(const Value& value) {
    switch (value.state) {
        case Value::State::kAbsent:
            return {};
        case Value::State::kInteger:
            return std::to_string(value.integer);
        case Value::State::kBoolean:
            return value.boolean ? "true" : "false";
        case Value::State::kReal:
            return fmt::format("{}", value.real);
        case Value::State::kList: {
            std::string joined;
            for_each_string(value.text, [&](std::string_view element) {
                if (!joined.empty()) joined += ' ';
                joined += element;
            });
            return joined;
        }
        default:
            return std::string(value.text);
    }
}

TextLayout::TextLayout(TextOptions options) : options_(std::move(options)) {
    for (const std::string& key : options_.keys) key_columns_.push_back({display_width(key), 40});
}

bool TextLayout::is_narrow() const { return cuts() && size_.columns < kNarrow; }
std::size_t TextLayout::time_width() const { return is_narrow() ? kSecondsWidth : kTimeWidth; }
std::size_t TextLayout::result_width() const { return is_narrow() ? 9 : 13; }

/// What the other columns leave; RESULT begins one column later.
std::size_t TextLayout::what_width() const {
    if (!cuts()) return kWhatWidth;
    const std::size_t others =
        time_width() + who_.width + as_.width + session_.width + act_.width + 6 + result_width();
    const std::size_t room = size_.columns > others + kWhatLeast ? size_.columns - others : kWhatLeast;
    return std::min(room, kWhatMost);  // a longer one pushes its result to the right
}

void TextLayout::put(std::string& line, std::string_view text, Column& column) const {
    const std::size_t width = display_width(text);
    const std::size_t limit = cuts() ? std::min(column.limit, std::max(column.width, size_.columns / 4)) : 0;
    if (width > column.width && width <= limit) column.width = width;
    line += text;
    pad(line, width, column.width);
    line += ' ';
}

std::string TextLayout::paint(std::string_view text, bool stands_out) const {
    if (!stands_out || !options_.color) return std::string(text);
    return fmt::format("{}{}{}", kRed, text, kColorOff);
}

std::string TextLayout::header() const {
    std::string out = options_.banner.empty() ? std::string() : options_.banner + "\n";
    std::string line;
    const auto cell = [&line](std::string_view text, std::size_t width) {
        line += text;
        pad(line, text.size(), width);
        line += ' ';
    };
    if (!options_.keys.empty()) {
        for (std::size_t i = 0; i < options_.keys.size(); ++i) {
            if (!cuts() && i) line += '\t';
            cuts() ? cell(options_.keys[i], key_columns_[i].width) : void(line += options_.keys[i]);
        }
        return out + line + "\n";
    }
    cell("TIME", time_width());
    cell("WHO@FROM", who_.width);
    cell("AS", as_.width);
    cell("SES", session_.width);
    cell("ACT", act_.width);
    cell("WHAT", what_width());
    return out + line + "RESULT\n";
}

/// WHAT and RESULT. Where there is no result, WHAT has its room too.
void TextLayout::append_object(const Event& event, std::string& line) const {
    std::string object;
    append_what(event, object);
    object = escape_for_terminal(object);
    const std::string outcome = result(event);
    const bool alarming = is_alarming(event);
    if (cuts()) {
        const std::size_t used = display_width(line);
        const std::size_t least = size_.columns > used + kWhatLeast ? size_.columns - used : kWhatLeast;
        const std::size_t reserved = outcome.empty() ? 0 : display_width(outcome) + 1;
        object = cut_middle(object, least > reserved + kWhatLeast ? least - reserved : kWhatLeast);
    }
    line += object;
    if (outcome.empty()) return;
    pad(line, display_width(object), what_width());
    line += ' ';
    line += paint(outcome, alarming);
}

void TextLayout::append_columns(const Event& event, std::string& out) {
    // Measured without the colours, which take no room.
    std::string line = format_clock(event.wall_ns, options_.local_time).substr(0, time_width()) + " ";
    put(line, who(event), who_);
    const std::string role = as(event);
    const std::size_t role_at = line.size();
    put(line, role, as_);
    put(line, session(event), session_);
    const std::size_t act_at = line.size();
    const std::string_view act = event.kind->act(event);
    put(line, act, act_);
    append_object(event, line);
    out += line.substr(0, role_at);
    out += paint(role, role == "ROOT");
    out += line.substr(role_at + role.size(), act_at - role_at - role.size());
    out += paint(act, is_alarm(event.kind->id));
    out += line.substr(act_at + act.size());
}

void TextLayout::append_keys(const Event& event, std::string& out) {
    for (std::size_t i = 0; i < options_.keys.size(); ++i) {
        if (!cuts() && i) out += '\t';
        const Field* named = find_field(options_.keys[i]);
        const Field* field = named ? find_field(*event.kind, named->key) : nullptr;
        std::string text =
            field ? escape_for_terminal(value_text(field->read(event, scratch_))) : std::string();
        if (text.empty()) text = "-";
        const bool last = i + 1 == options_.keys.size();
        !cuts() || last ? void(out += text) : put(out, text, key_columns_[i]);
    }
}

void TextLayout::append_ids(const Event& event, std::string& out) const {
    if (!event.process) return;
    const Process& p = *event.process;
    out += fmt::format("  pid={} ppid={} exe={}", p.pid, p.parent_pid, escape_for_terminal(p.exe));
    if (p.chain) {
        out += " chain=";
        for (std::size_t i = 0; i < p.chain->size(); ++i)
            out += (i ? "→" : "") + escape_for_terminal((*p.chain)[i]);
    }
    out += fmt::format(" entity={} id={}", p.entity.hex(), event.id().hex());
}

void TextLayout::append(const Event& event, std::string& out) {
    scratch_.reset();
    if (!options_.banner.empty() && size_.rows > 4 && lines_ + 3 >= size_.rows) {
        out += header();
        lines_ = 0;
    }
    ++lines_;
    if (options_.keys.empty())
        append_columns(event, out);
    else
        append_keys(event, out);
    if (options_.wide) append_ids(event, out);
    out += '\n';
}

}  // namespace whodid
