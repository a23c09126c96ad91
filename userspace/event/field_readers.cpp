// SPDX-License-Identifier: Apache-2.0
// Readers of the fields that are more than a member of a record.
#include "event/field_readers.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

#include "base/clock.h"
#include "base/json_writer.h"
#include "event/kinds.h"
#include "event/names.h"
#include "event/words.h"

namespace whodid {

namespace {

/// An empty text whose memory stays from event to event: what it is filled with is copied into the scratch.
std::string& empty_text() {
    thread_local std::string text;
    text.clear();
    return text;
}

Value present_if(bool yes) { return yes ? Value::of_boolean(true) : Value::absent(); }

Value rfc3339(std::uint64_t wall_ns, Scratch& s) {
    char* at = s.allocate(kRfc3339Length);
    format_rfc3339(wall_ns, at);
    return Value::of_text({at, kRfc3339Length});
}

/// Of a boot-clock time in this event's record, by this event's own anchor.
Value rfc3339_of(const Event& e, std::uint64_t boot_ns, Scratch& s) {
    if (boot_ns == 0) return {};
    return rfc3339(e.wall_ns - (e.record->boot_ns - boot_ns), s);
}

Value octal(std::uint32_t mode, Scratch& s) {
    char* at = s.allocate(8);
    const auto end = fmt::format_to_n(at, 8, "{:04o}", mode & 07777).out;
    return Value::of_text({at, static_cast<std::size_t>(end - at)});
}

/// The kernel's encoding.
Value device_text(std::uint32_t dev, Scratch& s) {
    char* at = s.allocate(24);
    const auto end = fmt::format_to_n(at, 24, "{}:{}", dev >> 20, dev & 0xfffff).out;
    return Value::of_text({at, static_cast<std::size_t>(end - at)});
}

Value seconds(std::uint64_t ns) {
    const std::uint64_t microseconds = ns / 1000;
    return Value::of_real(static_cast<double>(microseconds) / 1e6);
}
Value seconds(std::uint64_t from_ns, std::uint64_t to_ns) {
    return from_ns == 0 || to_ns < from_ns ? Value::absent() : seconds(to_ns - from_ns);
}

bool has_object(const rec_file& record) { return record.inode != 0; }

Value port(std::uint16_t number) { return number == 0 ? Value::absent() : Value::of_integer(number); }

bool is_inet(const rec_net& record) { return record.family == AF_INET || record.family == AF_INET6; }

bool is_mapped(const std::uint8_t* bytes) {
    constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(bytes, kPrefix, sizeof kPrefix) == 0;
}

bool is_zero(const std::uint8_t* bytes) {
    constexpr std::uint8_t kZero[16] = {};
    return std::memcmp(bytes, kZero, sizeof kZero) == 0;
}

}  // namespace

// ---- every event ------------------------------------------------------------------------------------------

Value read_time(const Event& e, Scratch& s) { return rfc3339(e.wall_ns, s); }

Value read_event_name(const Event& e, Scratch& s) {
    constexpr std::string_view kPrefix = "whodid.";
    const std::size_t length = kPrefix.size() + e.kind->name.size();
    char* at = s.allocate(length);
    std::memcpy(at, kPrefix.data(), kPrefix.size());
    std::memcpy(at + kPrefix.size(), e.kind->name.data(), e.kind->name.size());
    return Value::of_text({at, length});
}

Value read_event_id(const Event& e, Scratch& s) { return hex_text(e.id(), s); }
Value read_outcome(const Event& e, Scratch&) {
    if (e.record->flags & REC_F_NO_RESULT) return Value::of_text("unknown");
    return Value::of_text(e.failed() ? "failure" : "success");
}

Value read_error(const Event& e, Scratch&) {
    return e.failed() ? Value::of_text(errno_name(e.error())) : Value::absent();
}

Value read_message(const Event& e, Scratch& s) {
    if (e.kind->verb.empty()) return {};
    std::string text;
    append_message(e, text);
    return Value::of_text(s.copy(text));
}

Value read_host_name(const Event& e, Scratch&) { return Value::of_text(e.stream->host_name); }
Value read_host_id(const Event& e, Scratch&) { return Value::of_text(e.stream->host_id); }

Value read_count(const Event& e, Scratch&) {
    return e.count > 1 ? Value::of_integer(static_cast<std::int64_t>(e.count)) : Value::absent();
}
Value read_first(const Event& e, Scratch& s) {
    return e.count > 1 ? rfc3339(e.first_ns, s) : Value::absent();
}
Value read_last(const Event& e, Scratch& s) { return e.count > 1 ? rfc3339(e.last_ns, s) : Value::absent(); }
Value read_fold_of(const Event& e, Scratch& s) {
    return e.closes_fold ? hex_text(e.first_id(), s) : Value::absent();
}
Value read_seq(const Event& e, Scratch&) { return Value::of_integer(static_cast<std::int64_t>(e.seq)); }
Value read_via(const Event& e, Scratch&) {
    if (e.record->flags & REC_F_URING) return Value::of_text("io_uring");
    return e.record->flags & REC_F_COMPAT ? Value::of_text("32-bit") : Value::absent();
}
Value read_tags(const Event& e, Scratch&) { return Value::of_list(e.tags); }
Value read_late(const Event& e, Scratch&) { return present_if(e.record->flags & REC_F_LATE); }

Value read_chain(const Event& e, Scratch& s) {
    if (!e.kind->chain || !e.process || !e.process->chain) return {};
    std::string& block = empty_text();
    for (const std::string& link : *e.process->chain) block.append(link).push_back('\0');
    return Value::of_list(s.copy(block));
}

// ---- the actor --------------------------------------------------------------------------------------------

Value decimal_unless_unset(std::uint32_t number, Scratch& s) {
    return number == REC_UNSET ? Value::absent() : decimal(number, s);
}
Value integer_unless_unset(std::uint32_t number) {
    return number == REC_UNSET ? Value::absent() : Value::of_integer(number);
}
Value integer_if_other(std::uint32_t number, std::uint32_t than) {
    return number == than ? Value::absent() : integer_unless_unset(number);
}

Value hex_text(const Id128& id, Scratch& s) {
    if (id == Id128{}) return {};
    char* at = s.allocate(32);
    id.hex_to(at);
    return Value::of_text({at, 32});
}

Value origin_text(const Process& p, std::string Session::*member) {
    return p.session ? Value::of_text((*p.session).*member) : Value::absent();
}
Value container_text(const Process& p, std::string Container::*member) {
    return p.container ? Value::of_text((*p.container).*member) : Value::absent();
}
Value basis_text(Basis basis) { return Value::of_text(basis_name(basis)); }
PersonBasis person_basis(const Process& p) {
    return p.session ? p.session->person.basis : PersonBasis::kLogin;
}
std::string_view person_id(const Process& p) {
    return p.session && !p.session->person.id.empty() ? p.session->person.id : p.login_user;
}

// ---- processes --------------------------------------------------------------------------------------------

Value read_args(const Event& e, Scratch&) { return Value::of_list(e.text(e.as<rec_exec>().argv)); }
Value read_args_bytes(const Event& e, Scratch&) {
    const auto bytes = e.as<rec_exec>().argv_bytes;
    return bytes == 0 ? Value::absent() : Value::of_integer(static_cast<std::int64_t>(bytes));
}
Value read_args_cut(const Event& e, Scratch&) { return present_if(e.record->flags & REC_F_ARGS_CUT); }
Value read_cwd(const Event& e, Scratch&) { return Value::of_text(e.text(e.as<rec_exec>().cwd)); }
Value read_interactive(const Event& e, Scratch&) { return Value::of_boolean(e.as<rec_exec>().tty.len != 0); }
Value read_masked(const Event& e, Scratch&) { return present_if(e.masked); }

Value read_script(const Event& e, Scratch&) {
    const auto& r = e.as<rec_exec>();
    if (e.failed() || e.text(r.filename) == e.text(r.interp)) return {};
    return Value::of_text(e.path.empty() ? e.text(r.filename) : e.path);
}
Value read_script_inode(const Event& e, Scratch& s) {
    return e.script_inode ? decimal(e.script_inode, s) : Value::absent();
}

Value read_tried(const Event& e, Scratch& s) { return e.failed() ? read_path(e, s) : Value::absent(); }
Value read_tried_in_container(const Event& e, Scratch& s) {
    return e.failed() ? read_path_in_container(e, s) : Value::absent();
}

Value read_fileless(const Event& e, Scratch&) {
    return present_if(e.as<rec_exec>().exe.flags & REC_PATH_PSEUDO);
}
Value read_exe_deleted(const Event& e, Scratch&) {
    const auto flags = e.as<rec_exec>().exe.flags;
    return present_if((flags & REC_PATH_DELETED) && !(flags & REC_PATH_PSEUDO));
}
Value read_upper(const Event& e, Scratch&) { return present_if(e.as<rec_exec>().upper == 1); }

namespace {
bool steers_the_loader(std::string_view variable) {
    return variable.starts_with("LD_PRELOAD=") || variable.starts_with("LD_AUDIT=") ||
           variable.starts_with("LD_LIBRARY_PATH=");
}
}  // namespace
Value read_preload(const Event& e, Scratch&) {
    Value found;
    for_each_string(e.text(e.as<rec_exec>().env), [&](std::string_view variable) {
        if (steers_the_loader(variable) && !variable.starts_with("LD_LIBRARY_PATH="))
            found = Value::of_text(variable.substr(variable.find('=') + 1));
    });
    return found;
}
Value read_environment(const Event& e, Scratch& s) {
    std::string& block = empty_text();
    for_each_string(e.text(e.as<rec_exec>().env), [&](std::string_view variable) {
        if (steers_the_loader(variable)) block.append(variable).push_back('\0');
    });
    return Value::of_list(s.copy(block));
}

Value read_user_supplied(const Event& e, Scratch&) {
    return present_if(e.record->flags & REC_F_USER_SUPPLIED);
}

namespace {

/// Absent while nothing is known of the file.
Value program_text(const Event& e, std::string Program::*member) {
    return e.program ? Value::of_text(*e.program.*member) : Value::absent();
}

}  // namespace

Value read_build_id(const Event& e, Scratch&) { return program_text(e, &Program::build_id); }
Value read_sha256(const Event& e, Scratch&) { return program_text(e, &Program::sha256); }
Value read_package(const Event& e, Scratch&) { return program_text(e, &Program::package); }
Value read_package_version(const Event& e, Scratch&) { return program_text(e, &Program::package_version); }
Value read_first_seen(const Event& e, Scratch&) {
    return e.is_first_run ? Value::of_boolean(*e.is_first_run) : Value::absent();
}

Value read_exit_code(const Event& e, Scratch&) { return Value::of_integer(e.as<rec_exit>().code); }
Value read_exit_signal(const Event& e, Scratch& s) {
    const auto signal = e.as<rec_exit>().signal;
    return signal == 0 ? Value::absent() : Value::of_text(s.copy(signal_name(signal)));
}
Value read_lifetime(const Event& e, Scratch&) { return seconds(e.record->task.start_ns, e.record->boot_ns); }

// ---- the process it was done to ---------------------------------------------------------------------------

namespace {
const rec_target& target_of(const Event& e) { return e.member<rec_target>(e.kind->layout.target); }
}  // namespace

Value read_target_pid(const Event& e, Scratch&) {
    const auto pid = target_of(e).tgid;
    return pid == 0 ? Value::absent() : Value::of_integer(pid);
}
Value read_target_thread(const Event& e, Scratch&) {
    const rec_target& target = target_of(e);
    return target.tid == target.tgid ? Value::absent() : Value::of_integer(target.tid);
}
Value read_target_entity(const Event& e, Scratch& s) {
    const rec_target& target = target_of(e);
    if (target.tgid == 0) return {};
    return hex_text(hash_numbers(e.stream->boot, {target.tgid, target.start_ns}), s);
}
Value read_target_exe(const Event& e, Scratch&) {
    return e.target ? Value::of_text(e.target->exe) : Value::absent();
}

Value read_target_number(const Event& e, Scratch&) {
    const auto& r = e.as<rec_ptrace>();
    return r.target.tgid != 0 || r.asked == 0 ? Value::absent() : Value::of_integer(r.asked);
}
Value read_operation(const Event& e, Scratch&) {
    return Value::of_text(hold_name(e.as<rec_ptrace>().operation));
}
Value read_operation_bytes(const Event& e, Scratch&) {
    const auto& r = e.as<rec_ptrace>();
    const bool tells = r.operation == REC_HOLD_READ || r.operation == REC_HOLD_WRITE;
    return tells && !e.failed() ? Value::of_integer(r.h.result) : Value::absent();
}

// ---- files ------------------------------------------------------------------------------------------------

namespace {

bool is_apart(const Event& e) { return e.process && e.process->apart; }

/// A memfd, a pipe, a relative name without a base: the same in whatever namespace.
bool is_in_a_tree(std::string_view path) { return path.starts_with('/') || path.starts_with("…"); }

Value path_on_host(const Event& e, std::string_view path, std::uint32_t dev, Scratch& s) {
    if (!is_apart(e) || !is_in_a_tree(path)) return Value::of_text(path);
    const ContainerView* view = e.process->view();
    return view ? Value::of_text(s.copy(host_path(view->directories, path, dev))) : Value::absent();
}

Value path_in_container(const Event& e, std::string_view path) {
    return is_apart(e) && is_in_a_tree(path) ? Value::of_text(path) : Value::absent();
}

bool target_is_content(const Event& e) { return e.kind->id == REC_FILE_SYMLINK; }

}  // namespace

Value read_path(const Event& e, Scratch& s) {
    const bool has_device = is_file(e.kind->id) && has_object(e.as<rec_file>());
    return path_on_host(e, e.path, has_device ? e.as<rec_file>().dev : 0, s);
}
Value read_path_in_container(const Event& e, Scratch&) { return path_in_container(e, e.path); }
Value read_target(const Event& e, Scratch& s) {
    return target_is_content(e) ? Value::of_text(e.target_path) : path_on_host(e, e.target_path, 0, s);
}
Value read_target_in_container(const Event& e, Scratch&) {
    return target_is_content(e) ? Value::absent() : path_in_container(e, e.target_path);
}

Value read_inode(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_file>();
    return has_object(r) ? decimal(r.inode, s) : Value::absent();
}
Value read_mode(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_file>();
    return has_object(r) ? octal(r.mode, s) : Value::absent();
}
Value read_owner(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_file>();
    return has_object(r) ? decimal(r.owner, s) : Value::absent();
}
Value read_device(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_file>();
    return has_object(r) ? device_text(r.dev, s) : Value::absent();
}

std::string_view access_text(const rec_file& r) {
    constexpr std::uint32_t kPathOnly = 010000000;  // O_PATH
    constexpr std::string_view kNames[] = {"r", "w", "rw", ""};
    return r.open_flags & kPathOnly ? "x" : kNames[r.open_flags & 3];
}

Value read_access(const Event& e, Scratch&) { return Value::of_text(access_text(e.as<rec_file>())); }

Value read_flags(const Event& e, Scratch& s) {
    std::string& names = empty_text();
    append_open_flags(names, e.as<rec_file>().open_flags, e.stream->architecture == "aarch64");
    return Value::of_list(s.copy(names));
}

Value read_new_mode(const Event& e, Scratch& s) { return octal(e.as<rec_file>().new_mode, s); }
Value read_new_owner(const Event& e, Scratch& s) {
    return decimal_unless_unset(e.as<rec_file>().new_owner, s);
}
Value read_new_group(const Event& e, Scratch& s) {
    return decimal_unless_unset(e.as<rec_file>().new_group, s);
}

Value read_mount_flags(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_mount>();
    std::string& names = empty_text();
    append_mount_flags(names, r.call_flags, r.found ? &r.mount_flags : nullptr);
    return Value::of_list(s.copy(names));
}
Value read_umount_flags(const Event& e, Scratch& s) {
    std::string& names = empty_text();
    append_umount_flags(names, e.as<rec_mount>().call_flags);
    return Value::of_list(s.copy(names));
}

namespace {
Value of_device(const Event& e, std::string BlockDevice::*member) {
    return e.device ? Value::of_text((*e.device).*member) : Value::absent();
}
}  // namespace

Value read_mount_removable(const Event& e, Scratch&) {
    return e.device ? Value::of_boolean(e.device->removable) : Value::absent();
}
Value read_mount_bus(const Event& e, Scratch&) { return of_device(e, &BlockDevice::bus); }
Value read_mount_vendor(const Event& e, Scratch&) { return of_device(e, &BlockDevice::vendor); }
Value read_mount_model(const Event& e, Scratch&) { return of_device(e, &BlockDevice::model); }
Value read_mount_serial(const Event& e, Scratch&) { return of_device(e, &BlockDevice::serial); }
Value read_mount_image(const Event& e, Scratch&) { return of_device(e, &BlockDevice::image); }

// ---- network ----------------------------------------------------------------------------------------------

std::string_view address_text(const std::uint8_t* bytes, std::uint16_t family, char* to) {
    const bool v4 = family == AF_INET || is_mapped(bytes);
    const std::uint8_t* from = family == AF_INET ? bytes : v4 ? bytes + 12 : bytes;
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, from, to, kAddressBytes)) return {};
    return to;
}

Value read_transport(const Event& e, Scratch&) {
    const auto& r = e.as<rec_net>();
    if (r.family == AF_UNIX) return Value::of_text("unix");
    if (!is_inet(r)) return {};
    switch (r.protocol) {
        case IPPROTO_TCP:
            return Value::of_text("tcp");
        case IPPROTO_UDP:
            return Value::of_text("udp");
        case 262:
            return Value::of_text("mptcp");
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            return Value::of_text("icmp");
        default:
            return Value::of_text("ip");
    }
}

Value read_network_type(const Event& e, Scratch&) {
    const auto& r = e.as<rec_net>();
    if (!is_inet(r)) return {};
    return Value::of_text(r.family == AF_INET || is_mapped(r.peer) || is_mapped(r.local) ? "ipv4" : "ipv6");
}

Value read_peer(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_net>();
    if (r.family == AF_UNIX) return r.unix_path.len ? Value::of_text(e.text(r.unix_path)) : Value::absent();
    if (!is_inet(r) || (is_zero(r.peer) && r.peer_port == 0)) return {};
    return Value::of_text(address_text(r.peer, r.family, s.allocate(kAddressBytes)));
}
Value read_peer_port(const Event& e, Scratch&) { return port(e.as<rec_net>().peer_port); }

Value read_local(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_net>();
    if (!is_inet(r) || (is_zero(r.local) && r.local_port == 0)) return {};
    return Value::of_text(address_text(r.local, r.family, s.allocate(kAddressBytes)));
}
Value read_local_port(const Event& e, Scratch&) { return port(e.as<rec_net>().local_port); }
Value read_direction(const Event& e, Scratch&) {
    const auto& r = e.as<rec_net>();
    if (r.h.kind == REC_NETWORK_ACCEPT) return Value::of_text("ingress");
    if (r.h.kind == REC_NETWORK_BIND || r.h.kind == REC_NETWORK_LISTEN) return {};
    return Value::of_text(r.outgoing || r.h.kind != REC_NETWORK_CLOSE ? "egress" : "ingress");
}
Value read_network_duration(const Event& e, Scratch&) {
    return seconds(e.as<rec_net>().since_ns, e.record->boot_ns);
}
Value read_name(const Event& e, Scratch&) { return Value::of_text(e.name); }

// ---- authentication, sessions, identity, the sensor -------------------------------------------------------

Value read_account_length(const Event& e, Scratch&) {
    const auto& r = e.as<rec_auth>();
    return r.account_hash.len ? Value::of_integer(r.account_length) : Value::absent();
}
Value read_auth_port(const Event& e, Scratch&) { return port(e.as<rec_auth>().port); }
Value read_auth_unverified(const Event& e, Scratch&) { return present_if(!e.as<rec_auth>().verified); }
Value read_auth_source(const Event& e, Scratch&) {
    return e.as<rec_auth>().by_uprobe ? Value::of_text("pam_uprobe") : Value::absent();
}
Value read_account_id(const Event& e, Scratch&) {
    return integer_unless_unset(e.as<rec_account>().account_id);
}

Value read_session_duration(const Event& e, Scratch&) {
    return seconds(e.as<rec_session>().since_ns, e.record->boot_ns);
}

namespace {

struct Identity {
    std::uint32_t uid, euid, suid, gid, egid, sgid;
    std::uint64_t caps;
};

Value identity(const Identity& id, Scratch& s) {
    std::string& json = empty_text();
    JsonWriter out(json);
    out.begin();
    const std::pair<std::string_view, std::uint32_t> numbers[] = {{"uid", id.uid},   {"euid", id.euid},
                                                                  {"suid", id.suid}, {"gid", id.gid},
                                                                  {"egid", id.egid}, {"sgid", id.sgid}};
    for (const auto& [key, number] : numbers) {
        if (number == REC_UNSET) continue;
        out.key(key);
        out.integer(number);
    }
    out.key("caps");
    out.text(fmt::format("{:x}", id.caps));
    out.end();
    return Value::of_json(s.copy(json));
}

}  // namespace

Value read_identity_from(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_identity>();
    return identity({r.from_uid, r.from_euid, r.from_suid, r.from_gid, r.from_egid, r.from_sgid, r.from_caps},
                    s);
}
Value read_identity_to(const Event& e, Scratch& s) {
    const rec_task& t = e.record->task;
    return identity({t.uid, t.euid, t.suid, t.gid, t.egid, t.sgid, t.cap_effective}, s);
}

Value read_loss_count(const Event& e, Scratch&) {
    const std::uint64_t count = e.as<rec_sensor>().count;
    return count == 0 ? Value::absent() : Value::of_integer(static_cast<std::int64_t>(count));
}
Value read_since(const Event& e, Scratch& s) { return rfc3339_of(e, e.as<rec_sensor>().since_ns, s); }
Value read_heartbeat_lag(const Event& e, Scratch&) { return seconds(1, 1 + e.as<rec_heartbeat>().lag_ns); }
Value read_until(const Event& e, Scratch& s) { return rfc3339_of(e, e.as<rec_sensor>().until_ns, s); }

// ---- the kernel -------------------------------------------------------------------------------------------

namespace {

constexpr std::uint32_t kRawTracepointOpen = 17;  // linux/bpf.h: BPF_RAW_TRACEPOINT_OPEN

bool is_map(const rec_bpf& record) { return record.object == REC_BPF_MAP; }
Value unless_zero(std::uint32_t number) { return number == 0 ? Value::absent() : Value::of_integer(number); }
Value named(std::string (*name)(std::uint32_t), std::uint32_t number, Scratch& s) {
    return number == 0 ? Value::absent() : Value::of_text(s.copy(name(number)));
}

}  // namespace

Value read_module_operation(const Event& e, Scratch&) {
    return Value::of_text(e.as<rec_module>().unload ? "unload" : "load");
}
Value read_module_flags(const Event& e, Scratch& s) {
    std::string& names = empty_text();
    const auto& r = e.as<rec_module>();
    append_module_flags(names, r.flags, r.unload != 0);
    return Value::of_list(s.copy(names));
}
Value read_module_inode(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_module>();
    return r.inode ? decimal(r.inode, s) : Value::absent();
}
Value read_module_device(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_module>();
    return r.inode ? device_text(r.dev, s) : Value::absent();
}

Value read_bpf_command(const Event& e, Scratch& s) {
    return Value::of_text(s.copy(bpf_command_name(e.as<rec_bpf>().command)));
}
Value read_bpf_object(const Event& e, Scratch&) {
    constexpr std::string_view kNames[] = {"", "program", "map", "link"};
    const auto object = e.as<rec_bpf>().object;
    return object < std::size(kNames) ? Value::of_text(kNames[object]) : Value::absent();
}
Value read_bpf_object_id(const Event& e, Scratch&) { return unless_zero(e.as<rec_bpf>().id); }
Value read_bpf_program_id(const Event& e, Scratch&) { return unless_zero(e.as<rec_bpf>().program_id); }
Value read_bpf_program_name(const Event& e, Scratch&) {
    const auto& r = e.as<rec_bpf>();
    return is_map(r) ? Value::absent() : Value::of_text(e.text(r.name));
}
Value read_bpf_program_type(const Event& e, Scratch& s) {
    return named(bpf_program_type_name, e.as<rec_bpf>().program_type, s);
}
Value read_bpf_instructions(const Event& e, Scratch&) { return unless_zero(e.as<rec_bpf>().instructions); }
Value read_bpf_map_name(const Event& e, Scratch&) {
    const auto& r = e.as<rec_bpf>();
    return is_map(r) ? Value::of_text(e.text(r.name)) : Value::absent();
}
Value read_bpf_map_type(const Event& e, Scratch& s) {
    return named(bpf_map_type_name, e.as<rec_bpf>().map_type, s);
}
Value read_bpf_link_type(const Event& e, Scratch& s) {
    return named(bpf_link_type_name, e.as<rec_bpf>().link_type, s);
}
Value read_bpf_attach_type(const Event& e, Scratch& s) {
    const auto type = e.as<rec_bpf>().attach_type;
    return type == REC_UNSET ? Value::absent() : Value::of_text(s.copy(bpf_attach_type_name(type)));
}
Value read_bpf_path(const Event& e, Scratch&) {
    const auto& r = e.as<rec_bpf>();
    return r.command == kRawTracepointOpen ? Value::absent() : Value::of_text(e.text(r.target));
}
Value read_bpf_tracepoint(const Event& e, Scratch&) {
    const auto& r = e.as<rec_bpf>();
    return r.command == kRawTracepointOpen ? Value::of_text(e.text(r.target)) : Value::absent();
}

// ---- summaries --------------------------------------------------------------------------------------------

Value read_summary_of(const Event& e, Scratch&) {
    return Value::of_text(e.as<rec_summary>().of == REC_SUMMARY_OF_PACKAGES ? "packages" : "repeats");
}
Value read_summary_part(const Event& e, Scratch&) {
    const auto& r = e.as<rec_summary>();
    return r.part > 1 || !r.ended ? Value::of_integer(r.part) : Value::absent();
}
Value read_summary_cpu(const Event& e, Scratch&) {
    const auto& r = e.as<rec_summary>();
    return r.ends ? seconds(r.user_ns + r.system_ns) : Value::absent();
}
Value read_summary_duration(const Event& e, Scratch&) {
    const auto& r = e.as<rec_summary>();
    return seconds(r.since_ns, r.h.boot_ns);
}
Value read_summary_exit_code(const Event& e, Scratch&) {
    const auto& r = e.as<rec_summary>();
    return r.ended ? Value::of_integer(r.code) : Value::absent();
}
Value read_summary_exit_signal(const Event& e, Scratch& s) {
    const auto& r = e.as<rec_summary>();
    return r.signal ? Value::of_text(s.copy(signal_name(r.signal))) : Value::absent();
}

}  // namespace whodid
