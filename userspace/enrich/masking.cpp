// SPDX-License-Identifier: Apache-2.0
// Masking of records.
#include "enrich/masking.h"

#include <whodid/limits.h>

#include <cstring>
#include <string>
#include <vector>

#include "enrich/audit_message.h"
#include "enrich/mask.h"

namespace whodid {

namespace {

std::string_view slice_text(const rec_hdr* record, rec_str slice) {
    return {reinterpret_cast<const char*>(record) + slice.off, slice.len};
}

/// A copy of the record in which `slice` (a member of it, at `slice_at`) is `text`; the old bytes are zeroed.
/// Cut where the record would outgrow its 16-bit slices.
rec_hdr* replace_slice(rec_hdr* record, std::size_t slice_at, std::string_view text, Arena& arena) {
    const std::size_t room = WHODID_RECORD_MAX - record->size;
    rec_str old;
    std::memcpy(&old, reinterpret_cast<char*>(record) + slice_at, sizeof old);
    const bool in_place = text.size() <= old.len;
    text = text.substr(0, in_place ? text.size() : room);
    const std::size_t size = record->size + (in_place ? 0 : text.size());
    char* copy = arena.allocate(size);
    std::memcpy(copy, record, record->size);
    std::memset(copy + old.off, 0, old.len);
    const std::size_t off = in_place ? old.off : record->size;
    std::memcpy(copy + off, text.data(), text.size());
    const rec_str now{static_cast<rec_u16>(off), static_cast<rec_u16>(text.size())};
    std::memcpy(copy + slice_at, &now, sizeof now);
    auto* header = reinterpret_cast<rec_hdr*>(copy);
    header->size = static_cast<rec_u32>(size);
    return header;
}

std::string join(const std::vector<std::string>& strings) {
    std::string block;
    for (const std::string& s : strings) block.append(s).push_back('\0');
    return block;
}

std::vector<std::string> split(std::string_view block) {
    std::vector<std::string> strings;
    for_each_string(block, [&](std::string_view s) { strings.emplace_back(s); });
    return strings;
}

rec_hdr* mask_arguments(rec_hdr* record, Arena& arena, bool& masked) {
    std::vector<std::string> args = split(slice_text(record, reinterpret_cast<rec_exec*>(record)->argv));
    if (!mask_args(args)) return record;
    masked = true;
    return replace_slice(record, offsetof(rec_exec, argv), join(args), arena);
}

rec_hdr* mask_environment(rec_hdr* record, Arena& arena, bool& masked) {
    std::vector<std::string> variables = split(slice_text(record, reinterpret_cast<rec_exec*>(record)->env));
    bool any = false;
    for (std::string& variable : variables) {
        constexpr std::string_view kCommand = "SUDO_COMMAND=";
        if (!variable.starts_with(kCommand)) continue;
        std::string line = variable.substr(kCommand.size());
        any |= mask_command_line(line);
        variable = std::string(kCommand) + line;
    }
    if (!any) return record;
    masked = true;
    return replace_slice(record, offsetof(rec_exec, env), join(variables), arena);
}

std::string hex(std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

/// sudo's message: cmd= is in hexadecimal or quoted; the masked one is always in hexadecimal.
rec_hdr* mask_audit(rec_hdr* record, Arena& arena, bool& masked) {
    const auto* r = reinterpret_cast<rec_text*>(record);
    if (r->type != kUserCmd) return record;
    const std::string_view text = slice_text(record, r->text);
    const auto message = parse_audit_message(kUserCmd, text, r->length > r->text.len);
    if (!message || message->cmd.empty()) return record;
    std::string command = message->cmd;
    if (!mask_command_line(command)) return record;
    const std::size_t at = text.find("cmd=");
    if (at == std::string_view::npos) return record;
    masked = true;
    const std::size_t end = text.find(text[at + 4] == '"' ? "\" " : " ", at + 5);
    std::string changed(text.substr(0, at + 4));
    changed += hex(command);
    if (end != std::string_view::npos) changed += text.substr(end + (text[at + 4] == '"' ? 1 : 0));
    return replace_slice(record, offsetof(rec_text, text), changed, arena);
}

}  // namespace

Decoded mask_record(Decoded decoded, Arena& arena, bool& masked) {
    masked = false;
    switch (decoded.kind->id) {
        case REC_PROCESS_EXEC:
            decoded.record = mask_arguments(decoded.record, arena, masked);
            decoded.record = mask_environment(decoded.record, arena, masked);
            break;
        case REC_RAW_AUDIT:
            decoded.record = mask_audit(decoded.record, arena, masked);
            break;
        default:
            break;
    }
    return decoded;
}

}  // namespace whodid
