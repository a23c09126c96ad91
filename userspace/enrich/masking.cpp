// SPDX-License-Identifier: Apache-2.0
// Masking of records.
#include "enrich/masking.h"

#include <fmt/format.h>
#include <whodid/limits.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "enrich/audit_message.h"
#include "enrich/mask.h"
#include "enrich/raw_text.h"
#include "enrich/sshd_line.h"

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
    const std::size_t old_off = old.len ? old.off : 0; /* an empty one may point anywhere */
    std::fill_n(copy + old_off, old.len, '\0');
    const std::size_t off = in_place ? old_off : record->size;
    std::ranges::copy(text, copy + off);
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

std::vector<std::string> strings_of(std::string_view block) {
    std::vector<std::string> strings;
    for_each_string(block, [&](std::string_view s) { strings.emplace_back(s); });
    return strings;
}

rec_hdr* mask_arguments(rec_hdr* record, Arena& arena, bool& masked) {
    std::vector<std::string> args = strings_of(slice_text(record, reinterpret_cast<rec_exec*>(record)->argv));
    if (!mask_args(args)) return record;
    masked = true;
    const std::string block = join(args);
    rec_hdr* changed = replace_slice(record, offsetof(rec_exec, argv), block, arena);
    if (reinterpret_cast<rec_exec*>(changed)->argv.len < block.size()) changed->flags |= REC_F_ARGS_CUT;
    return changed;
}

/// Variables that hold a whole command line.
rec_hdr* mask_environment(rec_hdr* record, Arena& arena, bool& masked) {
    std::vector<std::string> variables =
        strings_of(slice_text(record, reinterpret_cast<rec_exec*>(record)->env));
    bool any = false;
    for (std::string& variable : variables) {
        for (const std::string_view name : {"SUDO_COMMAND=", "SSH_ORIGINAL_COMMAND="}) {
            if (!variable.starts_with(name)) continue;
            std::string line = variable.substr(name.size());
            any |= mask_command_line(line);
            variable = std::string(name) + line;
        }
    }
    if (!any) return record;
    masked = true;
    return replace_slice(record, offsetof(rec_exec, env), join(variables), arena);
}

std::string_view message_text(const rec_text& r) { return slice_text(&r.h, r.text); }

std::optional<AuditMessage> message_of(const rec_text& r) {
    return parse_audit_message(static_cast<std::uint16_t>(r.type), message_text(r), is_cut(r));
}

rec_hdr* replace_text(rec_hdr* record, std::string_view text, Arena& arena) {
    rec_hdr* changed = replace_slice(record, offsetof(rec_text, text), text, arena);
    reinterpret_cast<rec_text*>(changed)->length = static_cast<rec_u32>(text.size());
    return changed;
}

/// A text as long as a cut one would be taken for one, and lose its outcome: the command gives way.
rec_hdr* replace_message(rec_hdr* record, AuditMessage message, Arena& arena) {
    constexpr std::size_t kMost = WHODID_TEXT_MAX - 2;
    std::string text = format_audit_message(message);
    if (text.size() > kMost) {
        message.cmd.resize(message.cmd.size() - std::min(message.cmd.size(), text.size() - kMost));
        text = format_audit_message(message);
    }
    return replace_text(record, text, arena);
}

/// What sudo was asked to run.
rec_hdr* mask_audit(rec_hdr* record, Arena& arena, bool& masked) {
    const auto& r = *reinterpret_cast<const rec_text*>(record);
    if (r.type != kUserCmd) return record;
    auto message = message_of(r);
    if (!message || !mask_command_line(message->cmd)) return record;
    masked = true;
    return replace_message(record, std::move(*message), arena);
}

/// Some sources are URLs.
rec_hdr* mask_mount(rec_hdr* record, Arena& arena, bool& masked) {
    std::string source(slice_text(record, reinterpret_cast<rec_mount*>(record)->source));
    if (!mask_url(source)) return record;
    masked = true;
    return replace_slice(record, offsetof(rec_mount, source), source, arena);
}

// ---- recordings -------------------------------------------------------------------------------------------

using Known = std::function<bool(std::string_view)>;

bool is_told(std::uint16_t type) { return is_account_change(type) || is_login_message(type); }

const rec_hdr* mask_names_in_audit(rec_hdr* record, const Known& known, Arena& arena) {
    const auto& r = *reinterpret_cast<const rec_text*>(record);
    auto message = is_told(static_cast<std::uint16_t>(r.type)) ? message_of(r) : std::nullopt;
    if (!message) return replace_text(record, {}, arena);
    const bool may_be_shown = message->outcome == AuditOutcome::kSuccess || message->acct.empty() ||
                              is_placeholder(message->acct) || known(message->acct);
    if (may_be_shown) return record;
    message->acct = kUnknownAccount;
    return replace_message(record, std::move(*message), arena);
}

/// The line that says the same of an account without a name; empty for what says nothing of a login.
std::string nameless_line(const SshdLine& line) {
    const std::string_view address = line.address.empty() ? "UNKNOWN" : std::string_view(line.address);
    std::string text = fmt::format("<{}>{}[{}]: ", line.facility.value_or(10) * 8 + line.severity.value_or(6),
                                   line.tag, line.pid);
    if (line.kind == SshdKind::kInvalidUser)
        return text + fmt::format("Invalid user {} from {} port {}", kUnknownAccount, address, line.port);
    if (line.kind != SshdKind::kFailed) return {};
    text += fmt::format("Failed {} for {}{} from {} port {} ssh2", line.method,
                        line.invalid_user ? "invalid user " : "", kUnknownAccount, address, line.port);
    if (!line.fingerprint.empty()) text += fmt::format(": {} {}", line.key_type, line.fingerprint);
    return text;
}

const rec_hdr* mask_names_in_log(rec_hdr* record, const Known& known, Arena& arena) {
    const auto line = parse_sshd_line(message_text(*reinterpret_cast<const rec_text*>(record)));
    if (line && line->kind == SshdKind::kAccepted) return record;
    const bool attempt = line && (line->kind == SshdKind::kFailed || line->kind == SshdKind::kInvalidUser);
    if (attempt && (is_placeholder(line->user) || known(line->user))) return record;
    return replace_text(record, attempt ? nameless_line(*line) : std::string(), arena);
}

const rec_hdr* mask_name_in_pam(rec_hdr* record, const Known& known, Arena& arena) {
    const auto& r = *reinterpret_cast<const rec_pam*>(record);
    const std::string_view user = slice_text(record, r.user);
    if (r.returned == 0 || user.empty() || known(user)) return record;
    return replace_slice(record, offsetof(rec_pam, user), kUnknownAccount, arena);
}

}  // namespace

Decoded mask_record(Decoded decoded, Arena& arena, bool& masked) {
    masked = decoded.record->flags & REC_F_MASKED;
    switch (decoded.kind->id) {
        case REC_PROCESS_EXEC:
            decoded.record = mask_arguments(decoded.record, arena, masked);
            decoded.record = mask_environment(decoded.record, arena, masked);
            break;
        case REC_FILE_MOUNT:
            decoded.record = mask_mount(decoded.record, arena, masked);
            break;
        case REC_RAW_AUDIT:
            decoded.record = mask_audit(decoded.record, arena, masked);
            break;
        default:
            break;
    }
    if (masked) decoded.record->flags |= REC_F_MASKED;
    return decoded;
}

const rec_hdr* mask_for_recording(const rec_hdr& record, const Known& known, Arena& arena) {
    if (record.kind != REC_RAW_AUDIT && record.kind != REC_RAW_SYSLOG && record.kind != REC_RAW_PAM)
        return &record;
    const std::string_view copy = arena.copy({reinterpret_cast<const char*>(&record), record.size});
    auto* writable = reinterpret_cast<rec_hdr*>(const_cast<char*>(copy.data()));
    if (record.kind == REC_RAW_PAM) return mask_name_in_pam(writable, known, arena);
    return record.kind == REC_RAW_AUDIT ? mask_names_in_audit(writable, known, arena)
                                        : mask_names_in_log(writable, known, arena);
}

}  // namespace whodid
