// SPDX-License-Identifier: Apache-2.0
// The words of the screen and of messages: ACT, WHAT and RESULT of each kind.
#include "event/words.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/file_name.h"
#include "event/field_readers.h"
#include "event/kinds.h"
#include "event/names.h"

namespace whodid {

namespace {

bool needs_quotes(std::string_view argument) {
    return argument.empty() || argument.find_first_of(" \t\n'\"|&;<>()$`\\") != std::string_view::npos;
}

/// As a shell would take it back, but without backslashes: those stand for bytes that cannot be shown.
void append_argument(std::string& out, std::string_view argument) {
    if (!needs_quotes(argument)) {
        out += argument;
        return;
    }
    const bool has_single = argument.find('\'') != std::string_view::npos;
    const bool has_special = argument.find_first_of("\"$`\\!") != std::string_view::npos;
    const char quote = has_single && !has_special ? '"' : '\'';
    out += quote;
    for (const char c : argument) {
        if (c == quote && quote == '\'')
            out += "'\"'\"'";
        else
            out += c;
    }
    out += quote;
}

void append_end(std::string& out, const Event& e, const std::uint8_t* address, std::uint16_t port) {
    const auto& r = e.as<rec_net>();
    char room[kAddressBytes];
    const std::string_view text = address_text(address, r.family, room);
    if (text.find(':') == std::string_view::npos)
        out += text;
    else
        fmt::format_to(std::back_inserter(out), "[{}]", text);
    fmt::format_to(std::back_inserter(out), ":{}", port);
}

/// "SHA256:nWRh…q2": enough to tell two keys apart; JSON has it whole.
std::string short_key(std::string_view key) {
    constexpr std::size_t kHead = 4, kTail = 2;
    const std::size_t colon = key.find(':');
    const std::size_t head = colon == std::string_view::npos ? kHead : colon + 1 + kHead;
    if (key.size() <= head + kTail + 1) return std::string(key);
    return fmt::format("{}…{}", key.substr(0, head), key.substr(key.size() - kTail));
}

void append_fact(std::string& out, std::string_view fact) {
    if (fact.empty()) return;
    if (!out.empty()) out += ' ';
    out += fact;
}

}  // namespace

// ---- processes --------------------------------------------------------------------------------------------

void what_exec(const Event& e, std::string& out) {
    const auto& r = e.as<rec_exec>();
    bool first = true;
    for_each_string(e.text(r.argv), [&](std::string_view argument) {
        if (first && e.failed()) argument = e.path; /* what was looked for, not what it calls itself */
        if (!first) out += ' ';
        append_argument(out, argument);
        first = false;
    });
    if (first) out += e.failed() ? e.path : e.text(r.exe); /* argv may be empty */
    if (e.record->flags & REC_F_ARGS_CUT) out += " …";
}

void what_process(const Event& e, std::string& out) {
    if (!e.process) return;
    out += e.process->exe.empty() ? std::string_view(e.record->task.comm) : e.process->exe_name();
    fmt::format_to(std::back_inserter(out), "[{}]", e.record->task.tgid);
}

void what_ptrace(const Event& e, std::string& out) {
    const auto& r = e.as<rec_ptrace>();
    out += hold_name(r.operation);
    if (r.target.tgid == 0) {
        if (r.asked != 0) fmt::format_to(std::back_inserter(out), " [{}]", r.asked);
    } else {
        const std::string_view name = e.target ? e.target->exe_name() : std::string_view();
        fmt::format_to(std::back_inserter(out), " {}[{}]", name, r.target.tgid);
    }
    append_fact(out, e.path);
}

void result_exit(const Event& e, std::string& out) {
    const auto& r = e.as<rec_exit>();
    if (r.signal)
        out += signal_name(r.signal);
    else
        fmt::format_to(std::back_inserter(out), "{}", r.code);
}

// ---- files ------------------------------------------------------------------------------------------------

std::string_view act_open(const Event& e) {
    const auto& r = e.as<rec_file>();
    return (r.open_flags & 3) == 0 ? "read" : "write";
}

void what_file(const Event& e, std::string& out) { out += e.path; }

/// A new name in the same directory is shown without it.
void what_two_names(const Event& e, std::string& out) {
    std::string_view target = e.target_path;
    const std::string_view directory = e.path.substr(0, e.path.rfind('/') + 1);
    const bool is_name = e.kind->id != REC_FILE_SYMLINK;
    if (is_name && !directory.empty() && target.starts_with(directory) && target.size() > directory.size() &&
        target.find('/', directory.size()) == std::string_view::npos)
        target.remove_prefix(directory.size());
    fmt::format_to(std::back_inserter(out), "{} → {}", e.path, target);
}

void what_chmod(const Event& e, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{} {:04o}", e.path, e.as<rec_file>().new_mode & 07777);
}

void what_chown(const Event& e, std::string& out) {
    const auto& r = e.as<rec_file>();
    fmt::format_to(std::back_inserter(out), "{} ", e.path);
    if (r.new_owner != REC_UNSET) fmt::format_to(std::back_inserter(out), "{}", r.new_owner);
    if (r.new_group != REC_UNSET) fmt::format_to(std::back_inserter(out), ":{}", r.new_group);
}

void what_setxattr(const Event& e, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{} {}", e.path, e.text(e.as<rec_file>().name2));
}

namespace {
void append_names(std::string& out, std::string_view names) {
    std::string joined;
    for_each_string(names,
                    [&](std::string_view name) { joined.append(joined.empty() ? "" : ",").append(name); });
    append_fact(out, joined);
}
}  // namespace

/// "/dev/sdb1 → /mnt vfat nosuid,nodev (usb SanDisk Cruzer)"
void what_mount(const Event& e, std::string& out) {
    const auto& r = e.as<rec_mount>();
    if (r.source.len) fmt::format_to(std::back_inserter(out), "{} → ", e.text(r.source));
    out += e.path;
    append_fact(out, e.text(r.type));
    std::string names;
    append_mount_flags(names, r.call_flags, r.found ? &r.mount_flags : nullptr);
    append_names(out, names);
    if (!e.device) return;
    std::string device;
    for (const std::string* fact : {&e.device->bus, &e.device->vendor, &e.device->model, &e.device->image})
        append_fact(device, *fact);
    if (!device.empty()) fmt::format_to(std::back_inserter(out), " ({})", device);
}

void what_umount(const Event& e, std::string& out) {
    out += e.path;
    std::string names;
    append_umount_flags(names, e.as<rec_mount>().call_flags);
    append_names(out, names);
}

// ---- network ----------------------------------------------------------------------------------------------

void what_peer(const Event& e, std::string& out) {
    const auto& r = e.as<rec_net>();
    if (r.family == AF_UNIX) {
        fmt::format_to(std::back_inserter(out), "unix {}", e.text(r.unix_path));
        return;
    }
    append_end(out, e, r.peer, r.peer_port);
    append_fact(out, e.name);
    if (r.protocol == IPPROTO_UDP && r.h.kind == REC_NETWORK_CONNECT) out += " udp";
}

void what_local(const Event& e, std::string& out) {
    const auto& r = e.as<rec_net>();
    if (r.family == AF_UNIX)
        fmt::format_to(std::back_inserter(out), "unix {}", e.text(r.unix_path));
    else
        append_end(out, e, r.local, r.local_port);
    if (r.protocol == IPPROTO_UDP) out += " udp";
}

void what_accept(const Event& e, std::string& out) {
    const auto& r = e.as<rec_net>();
    what_local(e, out);
    if (r.family == AF_UNIX) return;
    out += " ← ";
    append_end(out, e, r.peer, r.peer_port);
}

void what_dns(const Event& e, std::string& out) { out += e.name; }

void result_connect(const Event& e, std::string& out) {
    const auto& r = e.as<rec_net>();
    out += "ok";
    const std::uint64_t took = r.since_ns ? r.h.boot_ns - r.since_ns : 0;
    if (took >= 1'000'000) append_fact(out, format_duration(took));
}

void result_close(const Event& e, std::string& out) {
    const auto& r = e.as<rec_net>();
    fmt::format_to(std::back_inserter(out), "sent {} got {}", format_bytes(r.bytes_sent),
                   format_bytes(r.bytes_received));
}

// ---- authentication, sessions, identity -------------------------------------------------------------------

std::string_view act_auth(const Event& e) {
    const std::string_view service = base_name(e.text(e.as<rec_auth>().service));
    if (service == "sudo" || service == "sudo-i") return "SUDO";
    if (service == "su" || service == "su-l" || service == "runuser") return "SU";
    return "LOGIN";
}

namespace {
/// "sshd publickey SHA256:nWRh…q2": what they proved themselves to, and with what.
void append_means(const Event& e, std::string& out) {
    const auto& r = e.as<rec_auth>();
    append_fact(out, e.text(r.service));
    append_fact(out, e.text(r.method));
    append_fact(out, short_key(e.text(r.key)));
}
}  // namespace

void what_auth(const Event& e, std::string& out) {
    const auto& r = e.as<rec_auth>();
    if (r.target_user.len) {
        fmt::format_to(std::back_inserter(out), "{} → {}", e.process ? e.process->real_user : std::string(),
                       e.text(r.target_user));
        if (r.command.len) fmt::format_to(std::back_inserter(out), ": {}", e.text(r.command));
        return;
    }
    append_means(e, out);
    if (r.account_hash.len && !r.account.len)
        append_fact(out, fmt::format("unknown account ({} bytes)", r.account_length));
}

void result_auth(const Event& e, std::string& out) { out += e.as<rec_auth>().verified ? "ok" : "CLAIMED"; }
void result_ok(const Event&, std::string& out) { out += "ok"; }

void what_account(const Event& e, std::string& out) {
    const auto& r = e.as<rec_account>();
    const std::string_view operation = e.text(r.operation);
    append_fact(out, operation == "PAM:chauthtok" ? "changing password" : operation);
    if (r.account.len)
        append_fact(out, e.text(r.account));
    else if (r.account_id != REC_UNSET)
        append_fact(out, fmt::format("uid {}", r.account_id));
    if (r.group.len) append_fact(out, fmt::format("group {}", e.text(r.group)));
}

void what_login(const Event& e, std::string& out) {
    append_fact(out, e.text(e.as<rec_session>().service));
    if (!e.process || !e.process->session) return;
    append_fact(out, e.process->session->method);
    append_fact(out, short_key(e.process->session->key));
    const Person& person = e.process->session->person;
    if (!person.id.empty()) append_fact(out, fmt::format("\"{}\"", person.id));
}

void what_logout(const Event& e, std::string& out) {
    const auto& r = e.as<rec_session>();
    out += format_duration(r.h.boot_ns - r.since_ns);
    fmt::format_to(std::back_inserter(out), ", {} exec{}, {} write{}", r.execs, r.execs == 1 ? "" : "s",
                   r.writes, r.writes == 1 ? "" : "s");
    if (r.bytes_sent) fmt::format_to(std::back_inserter(out), ", sent {}", format_bytes(r.bytes_sent));
}

void what_identity(const Event& e, std::string& out) {
    const auto& r = e.as<rec_identity>();
    const rec_task& now = e.record->task;
    fmt::format_to(std::back_inserter(out), "{}: ", e.text(r.how));
    if (r.from_uid != now.uid || r.from_euid != now.euid || r.from_suid != now.suid)
        fmt::format_to(std::back_inserter(out), "uid {}/{}/{} → {}/{}/{}", r.from_uid, r.from_euid,
                       r.from_suid, now.uid, now.euid, now.suid);
    else if (r.from_gid != now.gid || r.from_egid != now.egid || r.from_sgid != now.sgid)
        fmt::format_to(std::back_inserter(out), "gid {}/{}/{} → {}/{}/{}", r.from_gid, r.from_egid,
                       r.from_sgid, now.gid, now.egid, now.sgid);
    else
        fmt::format_to(std::back_inserter(out), "capabilities {:x} → {:x}", r.from_caps, now.cap_effective);
}

// ---- the kernel -------------------------------------------------------------------------------------------

void what_module(const Event& e, std::string& out) {
    const auto& r = e.as<rec_module>();
    out += r.unload ? "unload" : "load";
    append_fact(out, e.text(r.name));
    append_fact(out, e.path);
}

/// "PROG_LOAD kprobe trace_open", "LINK_CREATE tracing on_exec trace_fentry"
void what_bpf(const Event& e, std::string& out) {
    const auto& r = e.as<rec_bpf>();
    append_fact(out, bpf_command_name(r.command));
    if (r.map_type) append_fact(out, bpf_map_type_name(r.map_type));
    if (r.program_type) append_fact(out, bpf_program_type_name(r.program_type));
    append_fact(out, e.text(r.name));
    if (r.attach_type != REC_UNSET) append_fact(out, bpf_attach_type_name(r.attach_type));
    append_fact(out, e.text(r.target));
    if (r.name.len == 0 && r.id) append_fact(out, fmt::format("id {}", r.id));
}

// ---- the sensor itself ------------------------------------------------------------------------------------

void what_sensor(const Event& e, std::string& out) { out += e.text(e.as<rec_sensor>().text); }

void what_loss(const Event& e, std::string& out) {
    const auto& r = e.as<rec_sensor>();
    const std::string count = r.count == 0 ? "?" : fmt::format("{}", r.count);
    fmt::format_to(std::back_inserter(out), "{} {} ({})", count, e.text(r.kind), e.text(r.stage));
}

void what_heartbeat(const Event& e, std::string& out) {
    const auto& r = e.as<rec_heartbeat>();
    fmt::format_to(std::back_inserter(out), "{} events, {} lost", r.delivered, r.lost);
    if (r.missed) fmt::format_to(std::back_inserter(out), ", {} runs of hooks skipped", r.missed);
    out += fmt::format(", at most {} late", format_duration(r.lag_ns));
}

// ---- summaries --------------------------------------------------------------------------------------------

std::string_view act_summary(const Event& e) {
    return e.as<rec_summary>().of == REC_SUMMARY_OF_PACKAGES ? "packages" : "repeats";
}

namespace {
void append_number(std::string& out, std::uint64_t number, std::string_view of, std::string_view plural) {
    if (number == 0) return;
    if (!out.empty()) out += ", ";
    out.append(with_commas(number)).append(1, ' ').append(number == 1 ? of : plural);
}

/// As somebody would have typed it, but for its end where it is long.
void append_command(std::string& out, std::string_view arguments) {
    constexpr std::size_t kLongest = 80;
    const std::size_t from = out.size();
    bool is_cut = false;
    for_each_string(arguments, [&](std::string_view argument) {
        is_cut |= out.size() - from + argument.size() > kLongest;
        if (is_cut) return;
        if (out.size() != from) out += ' ';
        append_argument(out, argument);
    });
    if (is_cut) out += " …";
}
}  // namespace

/// "in /src/x by make -j2: 3,214 execs, 41,000 reads, 12 writes in 4m12s", "grep again: 119 execs in 41s"
void what_summary(const Event& e, std::string& out) {
    const auto& r = e.as<rec_summary>();
    if (r.of == REC_SUMMARY_OF_BUILD) {
        if (r.directory.len) fmt::format_to(std::back_inserter(out), "in {} ", e.text(r.directory));
        out += "by ";
    }
    if (r.of == REC_SUMMARY_OF_REPEATS)
        out.append(e.process ? e.process->exe_name() : std::string_view()).append(" again");
    else
        append_command(out, e.text(r.args));
    std::string numbers;
    append_number(numbers, r.execs, "exec", "execs");
    append_number(numbers, r.reads, "read", "reads");
    append_number(numbers, r.writes, "write", "writes");
    append_number(numbers, r.changes, "other change", "other changes");
    append_number(numbers, r.failures, "failed", "failed");
    fmt::format_to(std::back_inserter(out), ": {} in {}", numbers.empty() ? "nothing" : numbers,
                   format_duration(r.h.boot_ns - r.since_ns));
}

void result_summary(const Event& e, std::string& out) {
    const auto& r = e.as<rec_summary>();
    if (!r.ended) return;
    if (r.signal)
        out += signal_name(r.signal);
    else
        fmt::format_to(std::back_inserter(out), "{}", r.code);
}

// ---- all kinds --------------------------------------------------------------------------------------------

namespace {
void append_repeats(const Event& e, std::string& out) {
    if (e.count <= 1 || is_summary(e.kind->id)) return;
    const std::uint64_t took = e.last_ns > e.first_ns ? e.last_ns - e.first_ns : 0;
    append_fact(out, fmt::format("×{} in {}", e.count, format_duration(took)));
}
}  // namespace

void append_what(const Event& e, std::string& out) {
    e.kind->what(e, out);
    append_repeats(e, out);
}

Rights rights_used(const Event& e) {
    const Process& p = *e.process;
    const Credentials& c = p.credentials;
    const bool set_id =
        e.kind->id == REC_PROCESS_EXEC && !e.failed() && e.as<rec_exec>().secure && c.uid != c.euid;
    return set_id ? Rights{c.uid, p.real_user} : Rights{c.euid, p.effective_user};
}

// ---- messages ---------------------------------------------------------------------------------------------

namespace {

bool is_nobodys(const Event& e) { return !e.process || e.process->login_uid == REC_UNSET; }

/// "bob from 203.0.113.50": who stood at the door, by what was claimed there.
void append_claimant(const Event& e, std::string& out) {
    const auto& r = e.as<rec_auth>();
    const std::string_view from = e.text(r.address.len ? r.address : r.terminal);
    out += r.account.len ? e.text(r.account) : std::string_view("an unknown account");
    if (!from.empty()) fmt::format_to(std::back_inserter(out), " {} {}", r.address.len ? "from" : "at", from);
}

/// As it stands before the name: `ubuntu (key "alice@mac") from 198.51.100.7`.
std::string_view person_basis_words(PersonBasis basis) {
    constexpr std::string_view kWords[] = {"login", "certificate", "own certificate", "key", "known as"};
    return kWords[static_cast<std::size_t>(basis)];
}

void append_person(const Process& p, std::string& out) {
    if (!p.login_user.empty())
        out += p.login_user;
    else if (p.login_uid != REC_UNSET)
        fmt::format_to(std::back_inserter(out), "uid {}", p.login_uid);
    else
        out += p.effective_user.empty() ? "system" : p.effective_user;
    if (p.session && !p.session->person.id.empty())
        fmt::format_to(std::back_inserter(out), " ({} \"{}\")", person_basis_words(p.session->person.basis),
                       p.session->person.id);
    if (p.session && !p.session->address.empty())
        fmt::format_to(std::back_inserter(out), " from {}", p.session->address);
}

/// ", as root via sudo,"; nothing where the rights are the login's own.
void append_rights(const Event& e, std::string& out) {
    const Process& p = *e.process;
    const Rights rights = rights_used(e);
    if (is_nobodys(e) || rights.uid == p.login_uid) return;
    out += ", as ";
    if (rights.user.empty())
        fmt::format_to(std::back_inserter(out), "uid {}", rights.uid);
    else
        out += rights.user;
    if (p.chain && p.chain->size() >= 2) {
        std::string_view step = (*p.chain)[p.chain->size() - 2];
        if (step.find(':') == std::string_view::npos) /* a step without a user is a set-id program */
            fmt::format_to(std::back_inserter(out), " via {}", step.substr(0, step.find('[')));
    }
    out += ',';
}

/// The rights of who asks say nothing here: sshd's and sudo's are always root's.
void append_attempt(const Event& e, std::string& out) {
    const auto& r = e.as<rec_auth>();
    if (is_nobodys(e))
        append_claimant(e, out);
    else
        append_person(*e.process, out);
    if (r.target_user.len) {
        fmt::format_to(std::back_inserter(out), " {} {} by {}", e.failed() ? "failed to become" : "became",
                       e.text(r.target_user), e.text(r.service));
        if (r.command.len) fmt::format_to(std::back_inserter(out), " for {}", e.text(r.command));
    } else {
        out += e.failed() ? " failed to log in by" : " authenticated by";
        append_means(e, out);
    }
    if (!e.failed() && !r.verified) out += " (a claim)";
}

}  // namespace

void append_message(const Event& e, std::string& out) {
    const std::uint16_t kind = e.kind->id;
    if (kind == REC_AUTH_ATTEMPT) {
        append_attempt(e, out);
        append_repeats(e, out);
        return;
    }
    if (e.process)
        append_person(*e.process, out);
    else
        out += "whodid";
    if (e.process && kind != REC_SESSION_START && kind != REC_SESSION_END) append_rights(e, out);
    out += ' ';
    out += e.kind->verb;
    out += ' ';
    std::string what;
    append_what(e, what);
    out += what;
    if (e.failed()) fmt::format_to(std::back_inserter(out), ": {}", errno_name(e.error()));
}

}  // namespace whodid
