// SPDX-License-Identifier: Apache-2.0
// Events as lines of the screen.
#include "sink/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/escape.h"
#include "event/names.h"

namespace whodid {

namespace {

constexpr std::size_t kWhoColumns = 20, kAsColumns = 6, kSessionColumns = 4, kActColumns = 8;
constexpr std::size_t kTimeColumns = 12, kResultColumns = 9, kWhatColumns = 42;
constexpr std::string_view kRed = "\x1b[1;31m", kPlain = "\x1b[0m";

/// Padded to `columns`, and one blank; longer text keeps its length.
void append_cell(std::string& out, std::string_view text, std::size_t columns) {
    out += text;
    for (std::size_t n = display_width(text); n < columns; ++n) out += ' ';
    out += ' ';
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

TextLayout::TextLayout(TextOptions options) : options_(std::move(options)) {}

std::string TextLayout::header() const {
    std::string line;
    if (!options_.keys.empty()) {
        for (const std::string& key : options_.keys) line += (line.empty() ? "" : "\t") + key;
        return line + "\n";
    }
    append_cell(line, "TIME", kTimeColumns);
    append_cell(line, "WHO@FROM", kWhoColumns);
    append_cell(line, "AS", kAsColumns);
    append_cell(line, "SES", kSessionColumns);
    append_cell(line, "ACT", kActColumns);
    append_cell(line, "WHAT", kWhatColumns);
    return line + "RESULT\n";
}

/// "alice@198.51.100.7"; "?bob@203.0.113.50" where a name was only claimed; "-" for nobody who logged in.
std::string TextLayout::who(const Event& event) const {
    std::string name, from;
    if (event.kind->id == REC_AUTH_ATTEMPT && (!event.process || event.process->login_uid == REC_UNSET)) {
        const auto& r = event.as<rec_auth>();
        name = "?";
        name += r.account.len ? event.text(r.account) : std::string_view("unknown");
        from = event.text(r.address);
    } else if (event.process) {
        const Process& p = *event.process;
        name = !p.login_user.empty()      ? p.login_user
               : p.login_uid != REC_UNSET ? std::to_string(p.login_uid)
                                          : "-";
        if (p.session) from = p.session->address;
        if (p.login_uid == REC_UNSET && !p.container_id.empty()) from = p.container_id.substr(0, 12);
    } else {
        name = "whodid";
    }
    return escape_for_terminal(from.empty() ? name : name + "@" + from);
}

std::string TextLayout::as(const Event& event) const {
    if (!event.process || event.kind->id == REC_SESSION_START || event.kind->id == REC_SESSION_END)
        return "-";
    if (event.kind->id == REC_AUTH_ATTEMPT && event.process->login_uid == REC_UNSET) return "-";
    const Process& p = *event.process;
    if (p.credentials.euid == 0) return "ROOT";
    return escape_for_terminal(p.effective_user.empty() ? std::to_string(p.credentials.euid)
                                                        : p.effective_user);
}

std::string TextLayout::what(const Event& event) const {
    std::string raw;
    event.kind->what(event, raw);
    // An arrow or an ellipsis of ours is UTF-8 and stays; what could steer a terminal does not.
    return escape_for_terminal(raw);
}

std::string TextLayout::result(const Event& event) const {
    if (event.failed()) {
        if (event.kind->id == REC_AUTH_ATTEMPT) return "FAILED";
        return std::string(errno_name(-event.record->result));
    }
    std::string text;
    if (event.kind->result) event.kind->result(event, text);
    return text;
}

void TextLayout::append_columns(const Event& event, std::string& out) {
    const std::string role = as(event), outcome = result(event);
    std::string object = what(event);
    append_cell(out, format_clock(event.wall_ns, options_.local_time), kTimeColumns);
    append_cell(out, who(event), kWhoColumns);
    if (options_.color && role == "ROOT") out += kRed;
    append_cell(out, role, kAsColumns);
    if (options_.color && role == "ROOT") out += kPlain;
    append_cell(out, event.process && event.process->session ? event.process->session->id : "-",
                kSessionColumns);
    append_cell(out, event.kind->act(event), kActColumns);
    if (options_.columns && !options_.wide) {
        const std::size_t before = display_width(std::string_view(out).substr(out.rfind('\n') + 1));
        const std::size_t room =
            options_.columns > before + kResultColumns ? options_.columns - before - kResultColumns : 20;
        object = cut_middle(object, room - 1);
    }
    if (outcome.empty()) {
        out += object;
    } else {
        append_cell(out, object, kWhatColumns);
        const bool stands_out = options_.color && event.failed();
        if (stands_out) out += kRed;
        out += outcome;
        if (stands_out) out += kPlain;
    }
}

void TextLayout::append_keys(const Event& event, std::string& out) {
    bool first = true;
    for (const std::string& key : options_.keys) {
        if (!std::exchange(first, false)) out += '\t';
        const Field* named = find_field(key);
        const Field* field = named ? find_field(*event.kind, named->key) : nullptr;
        const std::string text = field ? value_text(field->read(event, scratch_)) : std::string();
        out += text.empty() ? "-" : escape_for_terminal(text);
    }
}

void TextLayout::append(const Event& event, std::string& out) {
    scratch_.reset();
    if (!options_.keys.empty()) {
        append_keys(event, out);
        out += '\n';
        return;
    }
    std::string line;
    append_columns(event, line);
    if (options_.wide && event.process) {
        line += fmt::format("  pid={} exe={}", event.process->pid, escape_for_terminal(event.process->exe));
        if (event.process->chain) {
            line += " chain=";
            for (std::size_t i = 0; i < event.process->chain->size(); ++i)
                line += (i ? "→" : "") + escape_for_terminal((*event.process->chain)[i]);
        }
        line += " entity=" + event.process->entity.hex();
    }
    out += line;
    out += '\n';
}

}  // namespace whodid
