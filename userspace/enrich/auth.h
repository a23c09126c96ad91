// SPDX-License-Identifier: Apache-2.0
// Auth: from what login programs tell audit and the log to attempts, sessions and account changes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/host.h"
#include "base/table_size.h"
#include "enrich/audit_message.h"
#include "enrich/own_connections.h"
#include "enrich/person_map.h"
#include "enrich/processes.h"
#include "enrich/queued_jobs.h"
#include "enrich/sessions.h"
#include "enrich/sshd_line.h"
#include "enrich/users.h"
#include "event/event.h"
#include "event/make_record.h"

namespace whodid {

/// Programs whose audit messages are believed, by file, not by name: a copy elsewhere is somebody else's.
class TrustedPrograms {
public:
    explicit TrustedPrograms(const Host& host) : host_(host) { refresh(); }
    /// Looks the programs up again: an upgrade gives them new inodes.
    void refresh();
    bool contains(const FileId& file, std::string_view path) const;
    static const std::vector<std::string>& paths();

private:
    const Host& host_;
    std::vector<std::pair<std::string, FileId>> files_;
};

class Auth {
public:
    /// Takes a made record and the process it speaks of.
    using Emit = std::function<void(const rec_hdr*, Snapshot)>;

    Auth(const Host& host, const PersonMap& people, const OwnConnections& connections, Users& users,
         Sessions& sessions, Processes& processes);

    void on_audit(const Event& raw, Arena& arena, const Emit& emit);
    void on_syslog(const Event& raw, Arena& arena, const Emit& emit);
    /// libpam's functions, seen from outside: for programs that tell audit nothing.
    void on_pam(const Event& raw, Arena& arena, const Emit& emit);
    /// The kernel's login uid of this process was set: a login of record.
    void on_login(const rec_hdr& cause, const Snapshot& process, Arena& arena, const Emit& emit);
    /// loginuid went from one user to another: only root can, and none but a login program needs to.
    void on_relogin(const rec_hdr& cause, const Snapshot& before, const Snapshot& now, Arena& arena,
                    const Emit& emit);
    /// A file was opened or made: a job for at that was queued, or is about to run.
    void on_file(const Event& event);
    void on_exit(const rec_hdr& cause, const Snapshot& process, Arena& arena, const Emit& emit);
    const QueuedJobs& jobs() const { return jobs_; }
    /// Login programs that are at work.
    TableSize table_size() const { return {"logins", conversations_.size(), 0, 0}; }
    /// Emits what waited for a line that did not come.
    void tick(std::uint64_t boot_ns, Arena& arena, const Emit& emit);

    /// Login programs: sshd and its kin, login, display managers, cron and at. Not sudo and su.
    static bool is_login_program(std::string_view exe);
    /// Where a login by this PAM service comes from: whodid.origin.type; "local" if that is nothing of its
    /// own.
    static std::string origin_of(std::string_view service);
    /// sudo, su and the like: programs that start others with other rights.
    static bool lends_rights(std::string_view service);
    /// Those that ask PAM for the account to become, and not for who asks.
    static bool authenticates_target(std::string_view service);
    /// Whether it is one of the host's own, by its file.
    bool logs_in(const Process& process) const;

private:
    /// One run of a login program: an SSH connection, a sudo, a su.
    struct Conversation {
        std::string exe;  // of the program that speaks: after an exec it is another conversation
        std::string service, account, address, method, key, terminal, command;
        Person person;
        std::uint16_t port = 0;
        Basis method_basis = Basis::kAbsent;
        bool verified = true;
        bool tells_audit = false;           // then libpam's functions tell nothing new
        bool by_uprobe = false;             // they are all there is
        bool invalid_user = false;          // sshd said so
        bool authenticated = false;         // PAM or the log said so
        bool told = false;                  // a success was emitted
        bool failed_before = false;         // a failure was emitted
        bool line_owed = false;             // ... and the log's word on it is still to come
        bool audit_owed = false;            // ... and USER_LOGIN's
        std::uint32_t session = REC_UNSET;  // that it began
        std::uint64_t last_ns = 0;
        // For its second half.
        enum class Waiting { kNothing, kFailure, kSuccess, kSession } waiting = Waiting::kNothing;
        std::uint64_t due_ns = 0;
        rec_hdr cause{};
        Snapshot process;
        Snapshot queued_by;  // the job that is about to run

        /// "(invalid user)" and the like are no names.
        void set_account(std::string_view name);
    };

    Snapshot speaks_for(const Snapshot& sender) const;
    Conversation& conversation(const Snapshot& sender, std::uint64_t boot_ns);
    bool believed(const Event& raw) const;
    bool may_show(std::string_view account) const;
    std::string without_names(const Event& raw) const;
    void report_forgery(const Event& raw, const Snapshot& sender, Arena& arena, const Emit& emit);

    void pam(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena, const Emit& emit);
    void refused(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena, const Emit& emit);
    void authenticated(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                       const Emit& emit);
    static void account_valid(const AuditMessage& m, Conversation& c);
    void let_in(const Event& raw, Conversation& c, Arena& arena, const Emit& emit);
    void session_opened(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                        const Emit& emit);
    void session_closed(const Event& raw, Arena& arena, const Emit& emit);
    void user_login(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena, const Emit& emit);
    void user_command(const AuditMessage& m, const Event& raw, Conversation& c, Arena& arena,
                      const Emit& emit);
    void account_changed(const AuditMessage& m, const Event& raw, const Snapshot& sender, Arena& arena,
                         const Emit& emit);

    Person person_of(const SshdLine& accepted, const Snapshot& sender) const;
    Snapshot opened_from(const Session& session, const Conversation& c) const;
    void lead_back(Session& session, const Conversation& c) const;
    void accepted(const SshdLine& line, const Event& raw, Conversation& c);
    void log_failure(const Event& raw, Conversation& c, Arena& arena, const Emit& emit);
    static void wait(Conversation& c, Conversation::Waiting what, const rec_hdr& cause);
    void settle(Conversation& c, Arena& arena, const Emit& emit);
    void emit_failure(Conversation& c, Arena& arena, const Emit& emit);
    void emit_success(Conversation& c, const rec_hdr& cause, std::string_view target, Arena& arena,
                      const Emit& emit);
    void start_session(Conversation& c, const rec_hdr& cause, Basis basis, Arena& arena, const Emit& emit);
    void end_session(const rec_hdr& cause, const Snapshot& process, std::string_view service, Arena& arena,
                     const Emit& emit);
    void put_account(RecordMaker<rec_auth>& made, const Conversation& c) const;

    const Host& host_;
    const PersonMap& people_;
    const OwnConnections& connections_;
    Users& users_;
    Sessions& sessions_;
    Processes& processes_;
    TrustedPrograms trusted_;
    QueuedJobs jobs_;
    KeyedHash account_hash_;
    std::unordered_map<ProcessKey, Conversation, ProcessKeyHash> conversations_;
    std::uint64_t refreshed_ns_ = 0;
};

}  // namespace whodid
