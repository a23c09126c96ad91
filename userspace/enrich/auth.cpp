// SPDX-License-Identifier: Apache-2.0
// Attempts, sessions and account changes.
#include "enrich/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file_name.h"
#include "base/ip_address.h"
#include "enrich/login_key.h"
#include "enrich/raw_text.h"

namespace whodid {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kWaitNs = kSecond;                // for the other half of a message
constexpr std::uint64_t kFailureNs = 4 * kSecond;         // the log line follows PAM's delay of 2 to 3 s
constexpr std::uint64_t kConversationNs = 600 * kSecond;  // silent that long: forgotten
constexpr std::size_t kConversationsMax = 4096;
constexpr int kCapAuditWrite = 29;

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& names) {
    return std::ranges::find(names, text) != names.end();
}

/// "sshd" for sshd, sshd-session and sshd-auth: OpenSSH 9.8 and 10 split what 9.7 did in one program.
std::string service_of(std::string_view exe) {
    const std::string_view name = base_name(exe);
    return name.starts_with("sshd") ? "sshd" : std::string(name);
}

/// What PAM's first granting module asks for.
std::string method_of(std::string_view grantors) {
    if (grantors.find("pam_rootok") != std::string_view::npos) return "root";
    if (grantors.find("pam_u2f") != std::string_view::npos) return "u2f";
    if (grantors.find("pam_google_authenticator") != std::string_view::npos) return "otp";
    if (grantors.find("pam_krb5") != std::string_view::npos) return "kerberos";
    return "password";
}

}  // namespace

// ---- trust ------------------------------------------------------------------------------------------------

const std::vector<std::string>& TrustedPrograms::paths() {
    static const std::vector<std::string> kPaths = {"/usr/sbin/sshd",
                                                    "/usr/lib/openssh/sshd-session",
                                                    "/usr/lib/openssh/sshd-auth",
                                                    "/usr/libexec/openssh/sshd-session",
                                                    "/usr/libexec/openssh/sshd-auth",
                                                    "/usr/lib/ssh/sshd-session",
                                                    "/usr/lib/ssh/sshd-auth",
                                                    "/usr/libexec/ssh/sshd-session",
                                                    "/usr/libexec/ssh/sshd-auth",
                                                    "/usr/bin/sudo",
                                                    "/bin/su",
                                                    "/usr/bin/su",
                                                    "/sbin/runuser",
                                                    "/usr/sbin/runuser",
                                                    "/usr/bin/doas",
                                                    "/usr/bin/pkexec",
                                                    "/usr/lib/polkit-1/polkit-agent-helper-1",
                                                    "/bin/login",
                                                    "/usr/bin/login",
                                                    "/usr/sbin/useradd",
                                                    "/usr/sbin/usermod",
                                                    "/usr/sbin/userdel",
                                                    "/usr/sbin/groupadd",
                                                    "/usr/sbin/groupmod",
                                                    "/usr/sbin/groupdel",
                                                    "/usr/bin/passwd",
                                                    "/usr/sbin/chpasswd",
                                                    "/usr/bin/chage",
                                                    "/usr/bin/gpasswd",
                                                    "/usr/bin/newgrp",
                                                    "/usr/bin/chsh",
                                                    "/usr/bin/chfn",
                                                    "/usr/sbin/chgpasswd",
                                                    "/usr/sbin/newusers",
                                                    "/usr/sbin/vipw",
                                                    "/usr/sbin/cron",
                                                    "/usr/sbin/crond",
                                                    "/usr/sbin/atd",
                                                    "/lib/systemd/systemd",
                                                    "/usr/lib/systemd/systemd",
                                                    "/usr/lib/systemd/systemd-executor",
                                                    "/lib/systemd/systemd-logind",
                                                    "/usr/libexec/gdm-session-worker",
                                                    "/usr/lib/gdm3/gdm-session-worker",
                                                    "/usr/sbin/lightdm",
                                                    "/usr/lib/x86_64-linux-gnu/sddm/sddm-helper",
                                                    "/usr/lib/aarch64-linux-gnu/sddm/sddm-helper",
                                                    "/usr/sbin/unix_chkpwd",
                                                    "/usr/bin/vlock",
                                                    "/usr/sbin/auditd",
                                                    "/sbin/auditctl",
                                                    "/usr/sbin/auditctl"};
    return kPaths;
}

void TrustedPrograms::refresh() {
    files_.clear();
    for (const std::string& path : paths())
        if (const auto id = host_.identify(path)) files_.emplace_back(path, *id);
}

bool TrustedPrograms::contains(const FileId& file, std::string_view path) const {
    // Where stat's device is not the kernel's (btrfs, overlayfs), the path has to agree instead.
    return std::ranges::any_of(files_, [&](const auto& known) {
        return known.second.inode == file.inode && (known.second.dev == file.dev || known.first == path);
    });
}

Auth::Auth(const Host& host, const PersonMap& people, const OwnConnections& connections, Users& users,
           Sessions& sessions, Processes& processes)
    : host_(host),
      people_(people),
      connections_(connections),
      users_(users),
      sessions_(sessions),
      processes_(processes),
      trusted_(host),
      // Whoever has a recording has its names, or they were taken out: there is nothing to keep from them.
      account_hash_(host.is_live() ? KeyedHash() : KeyedHash(std::array<unsigned char, 32>{})) {}

std::string Auth::origin_of(std::string_view service) {
    if (service == "sshd" || service == "dropbear") return "ssh";
    if (service.starts_with("cron") || service == "crond") return "cron";
    if (service == "atd") return "at";
    if (service.starts_with("systemd")) return "systemd";
    if (is_one_of(service, std::array<std::string_view, 5>{"login", "gdm-session-worker", "lightdm",
                                                           "sddm-helper", "agetty"}))
        return "console";
    return "local";
}

bool Auth::lends_rights(std::string_view service) {
    return is_one_of(service,
                     std::array<std::string_view, 6>{"sudo", "su", "runuser", "doas", "pkexec", "sudo-i"});
}

bool Auth::authenticates_target(std::string_view service) { return service == "su" || service == "runuser"; }

bool Auth::is_login_program(std::string_view exe) {
    const std::string service = service_of(exe);
    return service == "sshd" || is_one_of(service, std::array<std::string_view, 8>{
                                                       "login", "gdm-session-worker", "lightdm",
                                                       "sddm-helper", "dropbear", "cron", "crond", "atd"});
}

bool Auth::logs_in(const Process& process) const {
    return is_login_program(process.exe) &&
           trusted_.contains({process.exe_dev, process.exe_inode}, process.exe);
}

/// The program by its file, the right to speak to audit, and the initial user namespace: inside `unshare -Ur`
/// anybody holds CAP_AUDIT_WRITE.
bool Auth::believed(const Event& raw) const {
    const auto& r = raw.as<rec_text>();
    return trusted_.contains({r.exe_dev, r.exe_inode}, raw.text(r.exe)) &&
           (r.h.task.cap_effective >> kCapAuditWrite & 1) && (r.h.task.flags & REC_TASK_INIT_USER_NS);
}

/// A name that no account has may be a password, typed in the wrong place.
bool Auth::may_show(std::string_view account) const {
    return account.empty() || users_.exists(account) || is_well_known_account(account);
}

std::string Auth::without_names(const Event& raw) const {
    const auto& r = raw.as<rec_text>();
    auto message = parse_audit_message(static_cast<std::uint16_t>(r.type), raw.text(r.text));
    if (!message) return {};
    if (!may_show(message->acct)) message->acct = kUnknownAccount;
    return format_audit_message(*message);
}

void Auth::report_forgery(const Event& raw, const Snapshot& sender, Arena& arena, const Emit& emit) {
    const auto& r = raw.as<rec_text>();
    RecordMaker<rec_sensor> made(r.h, REC_SENSOR_TAMPER);
    made.text(&rec_sensor::text, fmt::format("forged audit message {} ({}) by {}: {}", r.type,
                                             audit_type_name(static_cast<std::uint16_t>(r.type)),
                                             raw.text(r.exe), without_names(raw)));
    emit(made.finish(arena), sender);
}

// ---- conversations ----------------------------------------------------------------------------------------

/// sshd's PAM child, its network child and the user's one speak for the monitor that forked them: one
/// connection, one conversation. The monitor itself has called exec. OpenSSH 10 has an sshd-auth between.
Snapshot Auth::speaks_for(const Snapshot& sender) const {
    Snapshot speaker = sender;
    constexpr int kGenerationsMax = 4;
    for (int i = 0; i < kGenerationsMax && service_of(speaker->exe) == "sshd"; ++i) {
        const Snapshot parent = processes_.parent(*speaker);
        if (!parent || service_of(parent->exe) != "sshd") break;
        if (!speaker->forked && base_name(parent->exe) != "sshd-session") break;
        speaker = parent;
    }
    return speaker;
}

Auth::Conversation& Auth::conversation(const Snapshot& sender, std::uint64_t boot_ns) {
    const Snapshot owner = speaks_for(sender);
    if (conversations_.size() >= kConversationsMax)
        std::erase_if(conversations_, [&](const auto& c) { return c.second.last_ns + kFailureNs < boot_ns; });
    Conversation& c = conversations_[{owner->pid, owner->start_ns}];
    if (c.exe != owner->exe) c = Conversation{};
    c.exe = owner->exe;
    c.last_ns = boot_ns;
    c.process = processes_.find({owner->pid, owner->start_ns});
    if (!c.process) c.process = sender;
    if (c.service.empty()) c.service = service_of(sender->exe);
    return c;
}

void Auth::Conversation::set_account(std::string_view name) {
    invalid_user |= is_placeholder(name);
    account = is_placeholder(name) ? std::string_view() : name;
}

void Auth::wait(Conversation& c, Conversation::Waiting what, const rec_hdr& cause) {
    c.waiting = what;
    c.due_ns = cause.boot_ns + (what == Conversation::Waiting::kFailure ? kFailureNs : kWaitNs);
    c.cause = cause;
}

void Auth::settle(Conversation& c, Arena& arena, const Emit& emit) {
    switch (std::exchange(c.waiting, Conversation::Waiting::kNothing)) {
        case Conversation::Waiting::kNothing:
            return;
        case Conversation::Waiting::kFailure:
            emit_failure(c, arena, emit);
            return;
        case Conversation::Waiting::kSuccess: {
            const std::string target = authenticates_target(c.service) ? c.account : std::string();
            if (!target.empty() && c.process) c.account = c.process->real_user;
            emit_success(c, c.cause, target, arena, emit);
            return;
        }
        case Conversation::Waiting::kSession:
            start_session(c, c.cause, c.method_basis == Basis::kLog ? Basis::kLog : Basis::kInferred, arena,
                          emit);
            return;
    }
}

void Auth::put_account(RecordMaker<rec_auth>& made, const Conversation& c) const {
    if (c.account.empty()) return;
    if (may_show(c.account)) {
        made.text(&rec_auth::account, c.account);
        return;
    }
    made.text(&rec_auth::account_hash, account_hash_(c.account));
    made->account_length = static_cast<rec_u32>(c.account.size());
}

void Auth::emit_failure(Conversation& c, Arena& arena, const Emit& emit) {
    RecordMaker<rec_auth> made(c.cause, REC_AUTH_ATTEMPT);
    made->h.result = -EACCES;
    made->by_uprobe = c.by_uprobe;
    made->port = c.port;
    made->verified = c.verified;
    made.text(&rec_auth::service, c.service).text(&rec_auth::method, c.method).text(&rec_auth::key, c.key);
    made.text(&rec_auth::address, c.address).text(&rec_auth::terminal, c.terminal);
    if (!c.command.empty()) made.text(&rec_auth::command, c.command);
    if (authenticates_target(c.service)) {
        if (may_show(c.account)) made.text(&rec_auth::target_user, c.account);
        made.text(&rec_auth::account, c.process ? c.process->real_user : std::string());
    } else {
        put_account(made, c);
    }
    c.failed_before = c.line_owed = c.audit_owed = true;
    c.command.clear();
    emit(made.finish(arena), processes_.of(c.cause.task));
}

void Auth::emit_success(Conversation& c, const rec_hdr& cause, std::string_view target, Arena& arena,
                        const Emit& emit) {
    if (std::exchange(c.told, true)) return;
    RecordMaker<rec_auth> made(cause, REC_AUTH_ATTEMPT);
    made->by_uprobe = c.by_uprobe;
    made->port = c.port;
    made->verified = c.verified;
    made.text(&rec_auth::service, c.service).text(&rec_auth::method, c.method).text(&rec_auth::key, c.key);
    made.text(&rec_auth::address, c.address).text(&rec_auth::terminal, c.terminal);
    made.text(&rec_auth::command, c.command).text(&rec_auth::target_user, target);
    made.text(&rec_auth::account, c.account);
    c.command.clear();
    emit(made.finish(arena), processes_.of(cause.task));
}

// ---- audit messages ---------------------------------------------------------------------------------------

void Auth::on_audit(const Event& raw, Arena& arena, const Emit& emit) {
    const auto& r = raw.as<rec_text>();
    const auto type = static_cast<std::uint16_t>(r.type);
    const Snapshot sender = raw.process;
    const bool in_container = sender->container && (r.h.task.flags & REC_TASK_INIT_USER_NS) &&
                              (r.h.task.cap_effective >> kCapAuditWrite & 1);
    const bool trusted = believed(raw);
    if (type < kUserAuth) {
        RecordMaker<rec_sensor> made(r.h, REC_SENSOR_TAMPER);
        made.text(&rec_sensor::text,
                  fmt::format("audit configuration: {} by {}", audit_type_name(type), raw.text(r.exe)));
        emit(made.finish(arena), sender);
        return;
    }
    if (!is_account_change(type) && !is_login_message(type)) return;
    if (!trusted && !in_container) {
        report_forgery(raw, sender, arena, emit);
        return;
    }
    const auto m = parse_audit_message(type, raw.text(r.text), is_cut(r));
    if (!m) return;
    if (is_account_change(type)) {
        account_changed(*m, raw, sender, arena, emit);
        return;
    }
    Conversation& c = conversation(sender, r.h.boot_ns);
    c.verified = trusted;
    c.tells_audit = true;
    c.by_uprobe = false;
    if (!m->addr.empty()) c.address = m->addr;
    if (!m->terminal.empty() && m->terminal != "ssh" && m->terminal != "sshd") c.terminal = m->terminal;
    switch (type) {
        case kUserAuth:
        case kUserAcct:
        case kCredAcq:
            pam(*m, raw, c, arena, emit);
            break;
        case kUserStart:
            session_opened(*m, raw, c, arena, emit);
            break;
        case kUserEnd:
            if (trusted) session_closed(raw, arena, emit);
            break;
        case kUserLogin:
            user_login(*m, raw, c, arena, emit);
            break;
        case kUserCmd:
            user_command(*m, raw, c, arena, emit);
            break;
        case kCryptoKeyUser:
            if (!m->fp.empty() && m->kind == "auth-key") c.key = m->fp;
            break;
        default:
            break;
    }
}

/// USER_AUTH: who it is. USER_ACCT: whether the account may be used now. CRED_ACQ: about to let them in.
void Auth::pam(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena, const Emit& emit) {
    if (m.outcome == AuditOutcome::kUnknown) return;  // cut off: it is no proof of anything
    if (m.outcome == AuditOutcome::kFailure)
        refused(m, raw, c, arena, emit);
    else if (m.type == kUserAuth)
        authenticated(m, raw, c, arena, emit);
    else if (m.type == kUserAcct)
        account_valid(m, c);
    else if (!lends_rights(c.service))
        let_in(raw, c, arena, emit);
}

void Auth::refused(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena, const Emit& emit) {
    if (m.type == kCredAcq) return;
    if (m.type == kUserAuth) {
        settle(c, arena, emit);
        c.method = method_of(m.grantors);
        c.method_basis = Basis::kPam;
        c.key.clear();
    }
    c.set_account(m.acct);
    c.line_owed = c.audit_owed = false;
    wait(c, Conversation::Waiting::kFailure, *raw.record);
    // Of others nothing follows that tells more: sshd logs the port, sudo the command.
    if (c.service != "sshd" && c.service != "sudo") settle(c, arena, emit);
}

void Auth::authenticated(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                         const Emit& emit) {
    settle(c, arena, emit);
    c.account = m.acct;
    c.method = method_of(m.grantors);
    c.method_basis = Basis::kPam;
    c.authenticated = true;
    if (c.service == "sshd") return;  // it tells more before it lets them in
    c.told = false;
    wait(c, Conversation::Waiting::kSuccess, *raw.record);
}

void Auth::account_valid(const AuditMessage& m, Conversation& c) {
    const bool first = !lends_rights(c.service) && !std::exchange(c.authenticated, true);
    if (first && c.service == "sshd" && c.method_basis != Basis::kLog) { /* it has checked a key by itself */
        c.method = "publickey";
        c.method_basis = Basis::kInferred;
    }
    if (!m.acct.empty()) c.account = m.acct;
}

void Auth::let_in(const Event& raw, Conversation& c, Arena& arena, const Emit& emit) {
    settle(c, arena, emit);
    if (c.service == "sshd") emit_success(c, *raw.record, {}, arena, emit);
}

void Auth::session_opened(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                          const Emit& emit) {
    if (m.outcome == AuditOutcome::kFailure) return;
    if (lends_rights(c.service)) {
        if (c.waiting == Conversation::Waiting::kSuccess) c.waiting = Conversation::Waiting::kNothing;
        settle(c, arena, emit);
        if (c.service != "sudo") c.account = c.process->real_user;
        emit_success(c, *raw.record, m.acct, arena, emit);  // now: what came meanwhile is out already
        c.told = false;  // one sudo process runs one command, one su one session; a daemon may do several
        return;
    }
    const rec_task& task = raw.record->task;
    if (!c.verified || task.sessionid == REC_UNSET) return;
    if (c.waiting != Conversation::Waiting::kSession) settle(c, arena, emit);
    if (!m.acct.empty()) c.account = m.acct;
    start_session(c, *raw.record, Basis::kPam, arena, emit);
}

void Auth::start_session(Conversation& c, const rec_hdr& cause, Basis basis, Arena& arena, const Emit& emit) {
    c.waiting = Conversation::Waiting::kNothing;
    const std::uint32_t number = cause.task.sessionid;
    c.session = number;
    if (c.verified) users_.learn(cause.task.loginuid, c.account);
    sessions_.learn(number, cause.task.loginuid, [&](Session& s) {
        s.service = c.service;
        s.since_ns = cause.boot_ns;
        s.origin_type = c.verified ? origin_of(c.service) : "container";
        s.origin_basis = basis;
        s.login_user = users_.name(cause.task.loginuid);
        if (!c.verified) return; /* what else it says is a claim */
        if (!c.account.empty()) s.login_user = c.account;
        s.person = c.person;
        if (s.person.basis == PersonBasis::kLogin) s.person = people_.find(c.key, s.login_user, c.address);
        s.address = c.address;
        s.port = c.port;
        s.method = c.method;
        s.key = c.key;
        s.terminal = c.terminal;
        s.method_basis = c.method.empty() ? Basis::kAbsent : c.method_basis;
        lead_back(s, c);
    });
    if (!sessions_.announce(number)) return;
    RecordMaker<rec_session> made(cause, REC_SESSION_START);
    made->since_ns = cause.boot_ns;
    made.text(&rec_session::service, c.service).text(&rec_session::terminal, c.terminal);
    emit(made.finish(arena), processes_.of(cause.task));
}

/// The process that a login was opened from, when that is in another login of this host; or null.
Snapshot Auth::opened_from(const Session& session, const Conversation& c) const {
    Snapshot opener = c.queued_by;
    if (!opener) opener = connections_.client_of(c.process->net_ns, session.address, session.port);
    return opener && opener->audit_session != session.audit_session ? opener : nullptr;
}

/// ssh from one login to another account of the same host, or a job that was left for later: where it came
/// from is where the first came from, and it is the same person unless the second login knows better. A job
/// is still said to be one: it ran by itself.
void Auth::lead_back(Session& session, const Conversation& c) const {
    const Snapshot opener = opened_from(session, c);
    if (!opener) return;
    const Session& outer = *opener->session;
    session.outer = outer.id;
    if (!c.queued_by) session.origin_type = outer.origin_type;
    session.address = outer.address;
    session.port = outer.port;
    auto chain = opener->chain ? *opener->chain : Chain();
    std::string link = fmt::format("{}[{}]", opener->exe_name(), opener->pid);
    if (chain.empty() || chain.back() != link) chain.push_back(std::move(link));
    session.outer_chain = std::make_shared<const Chain>(std::move(chain));
    if (session.person.basis != PersonBasis::kLogin) return;
    session.person = outer.person;
    if (session.person.id.empty()) session.person.id = outer.login_user;
}

void Auth::session_closed(const Event& raw, Arena& arena, const Emit& emit) {
    const std::string service = service_of(raw.process->exe);
    if (!lends_rights(service)) end_session(*raw.record, raw.process, service, arena, emit);
}

void Auth::end_session(const rec_hdr& cause, const Snapshot& process, std::string_view service, Arena& arena,
                       const Emit& emit) {
    const std::uint32_t number = process->audit_session;
    const SessionTotals* totals = sessions_.totals(number);
    if (!totals || !sessions_.end(number)) return;
    RecordMaker<rec_session> made(cause, REC_SESSION_END);
    made->since_ns = process->session ? process->session->since_ns : 0;
    made->execs = totals->execs;
    made->writes = totals->writes;
    made->bytes_sent = totals->bytes_sent;
    made->bytes_received = totals->bytes_received;
    made.text(&rec_session::service, service);
    emit(made.finish(arena), process);
}

/// USER_LOGIN: sshd sends it for every failure, behind its log line, and alone for a refused key; login for a
/// failure too; both once more with the terminal, when a session has one.
void Auth::user_login(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                      const Emit& emit) {
    if (m.outcome == AuditOutcome::kSuccess) {
        const rec_task& task = raw.record->task;
        if (m.terminal.empty() || !c.verified) return;
        sessions_.learn(task.sessionid, task.loginuid, [&](Session& s) { s.terminal = m.terminal; });
        return;
    }
    if (m.outcome != AuditOutcome::kFailure) return;
    if (is_placeholder(m.acct)) {
        c.invalid_user = true;
        return;
    }
    const bool repeats = c.waiting == Conversation::Waiting::kFailure || c.audit_owed;
    settle(c, arena, emit);
    if (!repeats && !m.id) {
        c.account = m.acct;
        if (c.service == "sshd") {
            c.method = "publickey";
            c.method_basis = Basis::kInferred;
        }
        wait(c, Conversation::Waiting::kFailure, *raw.record);
        settle(c, arena, emit);
    }
    c.line_owed = c.audit_owed = false;
}

/// Of sudo: in place of a session that is refused, or before one that is opened, which tells for whom.
void Auth::user_command(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                        const Emit& emit) {
    c.command = m.cmd;
    if (m.outcome == AuditOutcome::kUnknown) return;  // cut off: the session that follows, or not, will tell
    if (m.outcome == AuditOutcome::kSuccess) {
        if (c.waiting == Conversation::Waiting::kFailure) settle(c, arena, emit);
        wait(c, Conversation::Waiting::kSuccess, *raw.record);
        return;
    }
    if (c.waiting != Conversation::Waiting::kFailure) wait(c, Conversation::Waiting::kFailure, *raw.record);
    settle(c, arena, emit);
}

void Auth::account_changed(const AuditMessage& m, const Event& raw, const Snapshot& sender, Arena& arena,
                           const Emit& emit) {
    RecordMaker<rec_account> made(*raw.record, REC_AUTH_ACCOUNT);
    const std::string name = !m.acct.empty() ? m.acct : m.id ? users_.name(*m.id) : std::string();
    made->h.result = m.outcome == AuditOutcome::kFailure ? -EACCES : 0;
    made->account_id = m.id.value_or(REC_UNSET);
    made.text(&rec_account::service, service_of(sender->exe)).text(&rec_account::operation, m.op);
    made.text(&rec_account::account, name).text(&rec_account::group, m.grp);
    emit(made.finish(arena), sender);
}

// ---- libpam's functions -----------------------------------------------------------------------------------

/// Anybody can call them, or make it look so, in a process of their own: what counts is the program's file.
/// Linux-PAM tells audit from inside the function, so that a program that does so is known when it ends.
void Auth::on_pam(const Event& raw, Arena& arena, const Emit& emit) {
    const auto& r = raw.as<rec_pam>();
    const Snapshot sender = raw.process;
    if (!trusted_.contains({sender->exe_dev, sender->exe_inode}, sender->exe) ||
        !(r.h.task.flags & REC_TASK_INIT_USER_NS))
        return;
    Conversation& c = conversation(sender, r.h.boot_ns);
    if (c.tells_audit) return;
    c.by_uprobe = true;
    if (const auto address = parse_ip(raw.text(r.host))) c.address = format_ip(*address);
    if (const std::string_view terminal = raw.text(r.terminal); terminal != "ssh") c.terminal = terminal;
    AuditMessage m;
    m.type = r.call == REC_PAM_AUTHENTICATE ? kUserAuth : r.call == REC_PAM_ACCOUNT ? kUserAcct : kUserStart;
    m.acct = raw.text(r.user);
    m.outcome = r.returned == 0 ? AuditOutcome::kSuccess : AuditOutcome::kFailure;
    if (m.type != kUserStart) {
        pam(m, raw, c, arena, emit);
        return;
    }
    if (m.outcome == AuditOutcome::kSuccess && !lends_rights(c.service)) let_in(raw, c, arena, emit);
    session_opened(m, raw, c, arena, emit);
}

// ---- the log ----------------------------------------------------------------------------------------------

void Auth::on_syslog(const Event& raw, Arena& arena, const Emit& emit) {
    const auto& r = raw.as<rec_text>();
    const std::string_view exe = raw.text(r.exe);
    if (r.h.task.euid != 0 || service_of(exe) != "sshd" || !trusted_.contains({r.exe_dev, r.exe_inode}, exe))
        return;
    const auto line = parse_sshd_line(raw.text(r.text));
    if (!line) return;
    Conversation& c = conversation(raw.process, r.h.boot_ns);
    if (!line->address.empty()) c.address = line->address;
    if (line->port) c.port = line->port;
    switch (line->kind) {
        case SshdKind::kAccepted:
            accepted(*line, raw, c);
            break;
        case SshdKind::kFailed:
            c.set_account(line->user);
            c.method = line->method;
            c.method_basis = Basis::kLog;
            c.key = line->fingerprint;
            c.invalid_user |= line->invalid_user;
            log_failure(raw, c, arena, emit);
            break;
        case SshdKind::kInvalidUser:
            c.set_account(line->user);
            c.invalid_user = true;
            break;
        default:
            break;
    }
}

void Auth::accepted(const SshdLine& line, const Event& raw, Conversation& c) {
    c.account = line.user;
    c.method = line.method;
    c.method_basis = Basis::kLog;
    c.key = line.fingerprint;
    c.authenticated = true;
    c.person = person_of(line, raw.process);
    const rec_task& task = raw.record->task;
    if (task.sessionid == REC_UNSET) return;
    // The session was there first: no PAM, or a late line.
    sessions_.learn(task.sessionid, task.loginuid, [&](Session& s) {
        s.method = c.method;
        s.key = c.key;
        s.address = c.address;
        s.port = c.port;
        s.method_basis = Basis::kLog;
        s.person = c.person;
        lead_back(s, c);
    });
}

/// A certificate's key id is its authority's word; a key's comment that of whoever wrote authorized_keys. So
/// is the key id where that file names the authority: anybody can be one to their own account.
Person Auth::person_of(const SshdLine& accepted, const Snapshot& sender) const {
    const auto key = find_login_key(host_, processes_, sender, accepted);
    if (!accepted.cert_id.empty())
        return {accepted.cert_id, key ? PersonBasis::kCertificate : PersonBasis::kOwnCertificate,
                std::to_string(accepted.cert_serial.value_or(0)), accepted.ca_fingerprint};
    if (key && !key->comment.empty()) return {key->comment, PersonBasis::kKeyComment, {}, {}};
    return people_.find(accepted.fingerprint, accepted.user, accepted.address);
}

/// What PAM refused before, told now with port and method; or what only the log tells.
void Auth::log_failure(const Event& raw, Conversation& c, Arena& arena, const Emit& emit) {
    const bool told = std::exchange(c.line_owed, false) && c.waiting == Conversation::Waiting::kNothing;
    if (!told) {
        if (c.waiting != Conversation::Waiting::kFailure)
            wait(c, Conversation::Waiting::kFailure, *raw.record);
        settle(c, arena, emit);
    }
    c.line_owed = false;
    c.audit_owed = true;
}

// ---- the kernel's own word --------------------------------------------------------------------------------

void Auth::on_login(const rec_hdr& cause, const Snapshot& process, Arena& arena, const Emit& emit) {
    Conversation& c = conversation(process, cause.boot_ns);
    if (sessions_.announced(cause.task.sessionid)) return;
    settle(c, arena, emit);
    wait(c, Conversation::Waiting::kSession, cause);
}

void Auth::on_relogin(const rec_hdr& cause, const Snapshot& before, const Snapshot& now, Arena& arena,
                      const Emit& emit) {
    RecordMaker<rec_sensor> made(cause, REC_SENSOR_TAMPER);
    made.text(&rec_sensor::text,
              fmt::format("login uid rewritten: {} session {} to {} session {}", before->login_uid,
                          before->audit_session, now->login_uid, now->audit_session));
    emit(made.finish(arena), now);
}

void Auth::on_file(const Event& event) {
    if (event.failed() || !QueuedJobs::is_job(event.path)) return;
    const auto& r = event.as<rec_file>();
    const FileId file{r.dev, r.inode};
    if (file.inode == 0) return;
    if (r.h.kind == REC_FILE_CREATE)
        jobs_.queued(file, event.process);
    else if (event.process->exe_name() == "atd" && logs_in(*event.process))
        conversation(event.process, r.h.boot_ns).queued_by = jobs_.queued_by(file);
}

void Auth::on_exit(const rec_hdr& cause, const Snapshot& process, Arena& arena, const Emit& emit) {
    const auto found = conversations_.find({process->pid, process->start_ns});
    if (found == conversations_.end()) return;
    Conversation& c = found->second;
    settle(c, arena, emit);
    // Somebody asked for an account that is not there and gave up: no other message tells of it.
    if (c.invalid_user && !c.failed_before && !c.told) {
        c.cause = cause;
        emit_failure(c, arena, emit);
    }
    if (c.session != REC_UNSET && c.session == process->audit_session)
        end_session(cause, process, c.service, arena, emit);
    conversations_.erase(found);
}

void Auth::tick(std::uint64_t boot_ns, Arena& arena, const Emit& emit) {
    for (auto& [key, c] : conversations_)
        if (c.waiting != Conversation::Waiting::kNothing && c.due_ns <= boot_ns) settle(c, arena, emit);
    if (boot_ns < refreshed_ns_ + 10 * kSecond || boot_ns == ~std::uint64_t{0}) return;
    refreshed_ns_ = boot_ns;
    trusted_.refresh();
    std::erase_if(conversations_,
                  [&](const auto& c) { return c.second.last_ns + kConversationNs < boot_ns; });
}

}  // namespace whodid
