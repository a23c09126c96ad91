// SPDX-License-Identifier: Apache-2.0
// From decoded records to events.
#include "enrich/enricher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/file_name.h"
#include "enrich/block_device.h"
#include "enrich/dns_question.h"
#include "enrich/guard.h"
#include "enrich/paths.h"
#include "enrich/restore.h"
#include "event/make_record.h"

namespace whodid {

namespace {

constexpr std::uint64_t kSearchNs = 200'000'000;     // a PATH search goes on within that time, or is over
constexpr std::uint64_t kRefreshNs = 2'000'000'000;  // names, clock
constexpr std::uint64_t kClockStepNs = 10'000'000;   // a difference worth a new anchor

/// Said by the sensor, when this was recorded: nobody did it.
bool is_own(const rec_hdr& record) { return record.cpu == REC_OWN_CPU; }

bool is_set(std::uint32_t id) { return id != REC_UNSET; }

/// As the kernel walked it; the head of one that was cut is missing.
std::string_view walked_path(const Event& event, const rec_path& path, Batch& batch) {
    const std::string_view walked = event.text(path);
    return path.flags & REC_PATH_CUT ? batch.arena.copy(fmt::format("…{}", walked)) : walked;
}

bool opens_to_write(const Event& event) {
    return event.kind->id == REC_FILE_OPEN && (event.as<rec_file>().open_flags & 3) != 0;
}

/// Opened to be written, or made, and no device.
bool is_write(const Event& event) {
    return (event.kind->id == REC_FILE_CREATE || opens_to_write(event)) && !event.path.starts_with("/dev/");
}

}  // namespace

Enricher::Enricher(const Stream& stream, const Host& host, const PersonMap& people, Ledger& ledger)
    : stream_(stream),
      host_(host),
      people_(people),
      ledger_(ledger),
      anchor_(host.anchor()),
      users_(host),
      sessions_(stream),
      containers_(host),
      processes_(stream, users_, sessions_, containers_),
      auth_(host, people, own_connections_, users_, sessions_, processes_) {}

Event Enricher::begin(const Decoded& decoded, bool masked) const {
    Event event;
    event.record = decoded.record;
    event.kind = decoded.kind;
    event.stream = &stream_;
    event.wall_ns = anchor_.wall(decoded.record->boot_ns);
    event.masked = masked;
    return event;
}

std::vector<TableSize> Enricher::table_sizes() const {
    return {processes_.table_size(), sessions_.table_size(),    containers_.table_size(),
            users_.table_size(),     host_names_.table_size(),  own_connections_.table_size(),
            auth_.table_size(),      auth_.jobs().table_size(), {"failed_execs", searches_.size(), 0, 0}};
}

void Enricher::append_made(const rec_hdr* record, Snapshot process, Batch& batch) {
    Event event = begin({const_cast<rec_hdr*>(record), find_kind(record->kind)}, false);
    event.process = std::move(process);
    ++ledger_[record->kind].made;
    batch.events.push_back(std::move(event));
}

const rec_hdr* Enricher::append_tamper(const Event& cause, std::string_view did, Batch& batch) {
    RecordMaker<rec_sensor> made(*cause.record, REC_SENSOR_TAMPER);
    made->h.result = std::min(cause.record->result, 0);
    made.text(&rec_sensor::text, did);
    const rec_hdr* record = made.finish(batch.arena);
    append_made(record, Snapshot(cause.process), batch);
    Event& event = batch.events.back();
    event.count = cause.count;
    event.first_ns = cause.first_ns;
    event.last_ns = cause.last_ns;
    event.closes_fold = cause.closes_fold;
    return record;
}

void Enricher::foresee(std::span<const char> bytes) {
    const auto& header = *reinterpret_cast<const rec_hdr*>(bytes.data());
    if (!host_.is_live() || header.kind != REC_PROCESS_EXEC || header.result != 0 ||
        !containers_.is_apart(header.task.mount_ns))
        return;
    // Decoded in a copy: a record is decoded in place, once.
    std::vector<std::uint64_t> copy(bytes.size() / sizeof(std::uint64_t) + 1);
    auto* at = reinterpret_cast<char*>(copy.data());
    std::ranges::copy(bytes, at);
    if (const auto decoded = decode({at, bytes.size()})) processes_.foresee(begin(*decoded, false));
}

void Enricher::enrich(const Decoded& decoded, bool masked, Batch& batch) {
    Event event = begin(decoded, masked);
    const rec_task& task = decoded.record->task;
    const auto emit = [&](const rec_hdr* made, Snapshot process) {
        append_made(made, std::move(process), batch);
    };
    switch (decoded.kind->id) {
        case REC_RAW_TASK:
            processes_.add_existing(event);
            restore_due_ = true;
            ++ledger_[decoded.kind->id].consumed;
            return;
        case REC_PROCESS_FORK:
            event.process = processes_.fork(task);
            batch.events.push_back(std::move(event));
            return;
        case REC_PROCESS_EXEC:
            decoded.record->result == 0 ? on_exec(std::move(event), batch)
                                        : on_exec_failed(std::move(event), batch);
            return;
        default:
            break;
    }
    if (is_own(*decoded.record)) {
        batch.events.push_back(std::move(event));
        return;
    }
    const Snapshot before = processes_.find(key_of(task));
    event.process = processes_.of(task);
    if (before) note_login(event, before, batch);
    if (event.process->exe.empty()) learn_exe(event);
    name_subject(event, batch);
    switch (decoded.kind->id) {
        case REC_PROCESS_EXIT:
            on_exit(std::move(event), batch);
            return;
        case REC_RAW_CREDENTIALS:
            ++ledger_[decoded.kind->id].consumed;
            if (before) identity_change(event, before, "", batch);
            return;
        case REC_RAW_OBJECT:
            ++ledger_[decoded.kind->id].consumed;
            objects_.found(event);
            return;
        case REC_RAW_AUDIT:
            ++ledger_[decoded.kind->id].consumed;
            auth_.on_audit(event, batch.arena, emit);
            return;
        case REC_RAW_PAM:
            ++ledger_[decoded.kind->id].consumed;
            auth_.on_pam(event, batch.arena, emit);
            return;
        case REC_RAW_SYSLOG:
            ++ledger_[decoded.kind->id].consumed;
            auth_.on_syslog(event, batch.arena, emit);
            return;
        case REC_RAW_SIGNAL:
            ++ledger_[decoded.kind->id].consumed;
            append_tamper(event, describe_signal(event), batch);
            return;
        default:
            break;
    }
    if (decoded.kind->id >= REC_NETWORK_CONNECT && decoded.kind->id <= REC_NETWORK_DNS)
        on_network(std::move(event), batch);
    else if (is_file(decoded.kind->id))
        on_file(std::move(event), *reinterpret_cast<rec_file*>(decoded.record), batch);
    else
        batch.events.push_back(std::move(event));
}

void Enricher::learn_exe(Event& event) {
    if (event.kind->id != REC_RAW_AUDIT && event.kind->id != REC_RAW_SYSLOG) return;
    const auto& r = event.as<rec_text>();
    event.process = processes_.learn_exe(r.h.task, event.text(r.exe), r.exe_inode, r.exe_dev);
}

/// What it is about, where the record says so itself.
void Enricher::name_subject(Event& event, Batch& batch) const {
    const Layout& layout = event.kind->layout;
    if (layout.object) event.path = walked_path(event, event.member<rec_path>(layout.object), batch);
    if (!layout.target) return;
    const auto& target = event.member<rec_target>(layout.target);
    event.target = processes_.find({target.tgid, target.start_ns});
}

/// The login uid can be set by a write to /proc only, which is not watched (write(2) would pay for it): the
/// next act of the process tells.
void Enricher::note_login(const Event& event, const Snapshot& before, Batch& batch) {
    const rec_task& task = event.record->task;
    if ((task.flags & REC_TASK_NO_AUDIT) ||
        (before->login_uid == task.loginuid && before->audit_session == task.sessionid))
        return;
    const auto emit = [&](const rec_hdr* made, Snapshot process) {
        append_made(made, std::move(process), batch);
    };
    if (is_set(before->login_uid) && !auth_.logs_in(*event.process))
        auth_.on_relogin(*event.record, before, event.process, batch.arena, emit);
    else
        auth_.on_login(*event.record, event.process, batch.arena, emit);
}

// ---- processes --------------------------------------------------------------------------------------------

void Enricher::on_exec(Event event, Batch& batch) {
    const rec_task& task = event.record->task;
    const Snapshot before = processes_.find(key_of(task));
    drop_search(key_of(task));
    event.process = processes_.exec(event);
    objects_.put_script_into(event, batch);
    if (before) note_login(event, before, batch);
    if (SessionTotals* totals = sessions_.totals(event.process->audit_session)) ++totals->execs;
    const Event cause = event;
    batch.events.push_back(std::move(event));
    const bool rose =
        before && cause.as<rec_exec>().secure && before->credentials != cause.process->credentials;
    if (rose) identity_change(cause, before, "setuid-exec", batch);
}

/// execvp tries one directory after the other: only the last miss is an event, and none when a hit follows.
void Enricher::on_exec_failed(Event event, Batch& batch) {
    const auto& r = event.as<rec_exec>();
    event.process = processes_.of(r.h.task);
    objects_.put_script_into(event, batch);
    const std::string_view tried = event.text(r.filename);
    event.path =
        join_path(tried.starts_with('/') ? std::string_view() : event.text(r.cwd), tried, batch.arena);
    if (event.error() != ENOENT) {
        batch.events.push_back(std::move(event));
        return;
    }
    const ProcessKey key = key_of(r.h.task);
    if (const auto found = searches_.find(key); found != searches_.end()) {
        if (base_name(found->second.path) == base_name(event.path)) {
            drop_search(key);
        } else {
            release_search(std::move(found->second), batch);
            searches_.erase(found);
        }
    }
    const auto* bytes = reinterpret_cast<const char*>(event.record);
    std::string path(event.path);
    searches_[key] = Search{std::move(event), {bytes, bytes + r.h.size}, std::move(path)};
}

void Enricher::drop_search(const ProcessKey& key) {
    if (searches_.erase(key)) ++ledger_[REC_PROCESS_EXEC].folded;
}

void Enricher::release_search(Search search, Batch& batch) {
    const std::string_view record = batch.arena.copy({search.record.data(), search.record.size()});
    search.event.record = reinterpret_cast<const rec_hdr*>(record.data());
    search.event.path = batch.arena.copy(search.path);
    batch.events.push_back(std::move(search.event));
}

void Enricher::on_exit(Event event, Batch& batch) {
    const rec_hdr& header = *event.record;
    const ProcessKey key = key_of(header.task);
    if (const auto found = searches_.find(key); found != searches_.end()) {
        release_search(std::move(found->second), batch);
        searches_.erase(found);
    }
    processes_.exit(header.task, header.boot_ns);
    objects_.forget(header.task.tid);
    const Snapshot process = event.process;
    batch.events.push_back(std::move(event));
    auth_.on_exit(header, process, batch.arena,
                  [&](const rec_hdr* made, Snapshot of) { append_made(made, std::move(of), batch); });
}

/// Only what matters: a real uid that changes, root gained by who was not, capabilities gained. sshd and sudo
/// flip their effective ids dozens of times in one login.
void Enricher::identity_change(const Event& cause, const Snapshot& before, std::string_view how,
                               Batch& batch) {
    const Credentials& from = before->credentials;
    const rec_task& to = cause.record->task;
    const bool other_real = from.uid != to.uid || from.gid != to.gid;
    const bool gained_root = to.euid == 0 && from.euid != 0 && from.uid != 0 && from.suid != 0;
    const bool gained_caps = (to.cap_effective & ~before->cap_effective) != 0 && to.euid != 0;
    if (!other_real && !gained_root && !gained_caps) return;
    RecordMaker<rec_identity> made(*cause.record, REC_IDENTITY_CHANGE);
    made->from_uid = from.uid;
    made->from_euid = from.euid;
    made->from_suid = from.suid;
    made->from_gid = from.gid;
    made->from_egid = from.egid;
    made->from_sgid = from.sgid;
    made->from_caps = before->cap_effective;
    if (how.empty()) {
        const std::string_view program = before->exe_name();
        const bool is_capset = from == cause.process->credentials;
        const bool is_namespace = is_capset && before->user_ns != 0 && to.user_ns != before->user_ns;
        how = Auth::lends_rights(program) || program.starts_with("sshd") ? program
              : is_namespace                                             ? "namespace"
              : is_capset                                                ? "capset"
              : other_real && from.uid == to.uid                         ? "setgid"
                                                                         : "setuid";
    }
    made.text(&rec_identity::how, how);
    append_made(made.finish(batch.arena), cause.process, batch);
}

// ---- files ------------------------------------------------------------------------------------------------

void Enricher::name_object(Event& event, Batch& batch) const {
    const auto& r = event.as<rec_file>();
    event.path = walked_path(event, r.path, batch);
    if (event.path.empty()) event.path = join_path(event.text(r.base), event.text(r.name), batch.arena);
    if (r.name2.len == 0) return;
    const bool is_content = r.h.kind == REC_FILE_SYMLINK || r.h.kind == REC_FILE_SETXATTR;
    event.target_path =
        is_content ? event.text(r.name2) : join_path(event.text(r.base2), event.text(r.name2), batch.arena);
}

void Enricher::on_file(Event event, rec_file& r, Batch& batch) {
    name_object(event, batch);
    objects_.put_into(event, r, batch);
    if (r.h.kind == REC_FILE_CREATE || r.h.kind == REC_FILE_OPEN) auth_.on_file(event);
    if (is_write(event) && !event.failed())
        if (SessionTotals* totals = sessions_.totals(event.process->audit_session)) ++totals->writes;
    note_container_change(event);
    if (r.h.kind == REC_FILE_MOUNT && !event.failed() && r.inode != 0)
        event.device = read_block_device(host_, r.dev);
    batch.events.push_back(std::move(event));
}

std::optional<Event> Enricher::unknown_first(const rec_folded& folded, Batch& batch) const {
    const rec_fold_key& key = folded.key;
    const Kind* kind = find_kind(key.kind);
    if (!kind) return {};
    rec_hdr cause = folded.h;
    cause.cpu = folded.of_cpu;
    cause.seq = folded.of_seq;
    const auto event_of = [&](auto& made) {
        made->h.result = key.result;
        made->h.flags = key.record_flags;
        return begin({const_cast<rec_hdr*>(made.finish(batch.arena)), kind}, false);
    };
    if (is_file(key.kind) && kind->layout.size == sizeof(rec_file)) {
        RecordMaker<rec_file> made(cause, key.kind);
        made->path.flags = made->base.flags = made->base2.flags = REC_PATH_ABSENT;
        made->open_flags = key.access;
        if (!(key.flags & REC_FOLD_NAMED)) {
            made->inode = key.object[0];
            made->dev = static_cast<rec_u32>(key.object[1] >> 32);
        }
        return event_of(made);
    }
    if (key.kind < REC_NETWORK_CONNECT || kind->layout.size != sizeof(rec_net)) return {};
    RecordMaker<rec_net> made(cause, key.kind);
    std::memcpy(made->peer, key.object, sizeof made->peer);
    made->outgoing = !(key.flags & REC_FOLD_INCOMING);
    (made->outgoing ? made->peer_port : made->local_port) = static_cast<rec_u16>(key.access);
    made->family = key.access >> 16 & 0xff;
    made->protocol = static_cast<rec_u16>(key.access >> 24);
    made->peer_uid = REC_UNSET;
    made->bytes_sent = folded.bytes_sent;
    made->bytes_received = folded.bytes_received;
    return event_of(made);
}

void Enricher::count_folded(const Event& first, const rec_folded& folded) {
    if (!first.process || first.failed()) return;
    SessionTotals* totals = sessions_.totals(first.process->audit_session);
    if (!totals) return;
    if (is_write(first)) totals->writes += folded.count;
    totals->bytes_sent += folded.bytes_sent;
    totals->bytes_received += folded.bytes_received;
}

/// What is known of its mounts and accounts is out of date.
void Enricher::note_container_change(const Event& event) {
    if (event.failed() || !event.process->apart) return;
    const std::uint16_t kind = event.kind->id;
    const auto is_accounts = [](std::string_view path) {
        return path == "/etc/passwd" || path == "/etc/group";
    };
    const bool accounts = (opens_to_write(event) && is_accounts(event.path)) ||
                          (kind == REC_FILE_RENAME && is_accounts(event.target_path));
    if (kind == REC_FILE_MOUNT || kind == REC_FILE_UMOUNT || accounts)
        containers_.changed(*event.process->container, event.record->task);
}

// ---- network ----------------------------------------------------------------------------------------------

void Enricher::on_network(Event event, Batch& batch) {
    const auto& r = event.as<rec_net>();
    const ProcessKey key = key_of(r.h.task);
    switch (r.h.kind) {
        case REC_NETWORK_DNS: {
            const std::string_view packet = event.text(r.payload);
            const auto question =
                parse_dns_question({reinterpret_cast<const std::uint8_t*>(packet.data()), packet.size()});
            if (!question) { /* port 53, but no question */
                ++ledger_[REC_NETWORK_DNS].consumed;
                return;
            }
            event.name = batch.arena.copy(question->name);
            host_names_.asked(key, question->name, r.h.boot_ns);
            break;
        }
        case REC_NETWORK_ACCEPT:
            own_connections_.accepted(r, event.process);
            break;
        case REC_NETWORK_CONNECT:
            own_connections_.connected(r, event.process);
            if (r.peer_port == 53 || r.family == 1) break;
            event.name = batch.arena.copy(host_names_.recall(key, r.since_ns ? r.since_ns : r.h.boot_ns));
            host_names_.connected(r.socket, event.name);
            break;
        case REC_NETWORK_CLOSE:
            own_connections_.closed(r);
            event.name = batch.arena.copy(host_names_.closed(r.socket));
            if (SessionTotals* totals = sessions_.totals(event.process->audit_session)) {
                totals->bytes_sent += r.bytes_sent;
                totals->bytes_received += r.bytes_received;
            }
            break;
        default:
            break;
    }
    batch.events.push_back(std::move(event));
}

// ---- time -------------------------------------------------------------------------------------------------

void Enricher::tick(std::uint64_t boot_ns, Batch& batch) {
    if (!host_.is_live()) anchor_ = host_.anchor();  // a recording says when it was taken anew
    if (std::exchange(restore_due_, false)) restore_sessions(host_, people_, processes_, users_, sessions_);
    for (auto it = searches_.begin(); it != searches_.end();) {
        const bool due =
            it->second.event.record != nullptr &&
            reinterpret_cast<const rec_hdr*>(it->second.record.data())->boot_ns + kSearchNs <= boot_ns;
        if (!due) {
            ++it;
            continue;
        }
        release_search(std::move(it->second), batch);
        it = searches_.erase(it);
    }
    auth_.tick(boot_ns, batch.arena,
               [&](const rec_hdr* made, Snapshot of) { append_made(made, std::move(of), batch); });
    containers_.refresh();
    if (boot_ns < refreshed_ns_ + kRefreshNs || boot_ns == ~std::uint64_t{0}) return;
    refreshed_ns_ = boot_ns;
    users_.refresh();
    processes_.expire(boot_ns);
    const ClockAnchor now = host_.anchor();
    const std::uint64_t expected = anchor_.wall(now.boot_ns);
    const std::uint64_t off = now.wall_ns > expected ? now.wall_ns - expected : expected - now.wall_ns;
    if (off > kClockStepNs) anchor_ = now;
}

}  // namespace whodid
