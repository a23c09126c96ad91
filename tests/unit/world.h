// SPDX-License-Identifier: Apache-2.0
// World: a host given as literals, and a pipeline that is told what happens on it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "app/pipeline.h"
#include "record_builder.h"
#include "sink/json_encode.h"
#include "sink/text.h"

namespace whodid::test {

constexpr std::uint64_t kMs = 1'000'000, kSecond = 1'000'000'000;
constexpr std::uint64_t kCapAuditWrite = 1ull << 29, kAllCaps = (1ull << 41) - 1;

/// A process that can act: its rec_task, and what it runs.
struct Actor {
    rec_task task{};
    std::string exe;
    FileId file;
    std::string cgroup = "/system.slice/ssh.service";
    std::string tty;

    /// Of the initial user namespace; root has all capabilities.
    static Actor process(std::uint32_t pid, std::uint32_t uid = 0) {
        Actor a;
        a.task.tgid = a.task.tid = pid;
        a.task.start_ns = pid * kMs;
        a.task.flags = REC_TASK_FULL | REC_TASK_INIT_USER_NS;
        a.task.loginuid = a.task.sessionid = REC_UNSET;
        a.task.user_ns = 4026531837u;
        return a.ids(uid, uid);
    }
    Actor& ids(std::uint32_t uid, std::uint32_t euid) {
        task.uid = task.gid = uid;
        task.euid = task.suid = task.fsuid = task.egid = task.sgid = task.fsgid = euid;
        task.cap_effective = euid == 0 ? kAllCaps : 0;
        return *this;
    }
    Actor& login(std::uint32_t uid, std::uint32_t session) {
        task.loginuid = uid;
        task.sessionid = session;
        return *this;
    }
    Actor& child_of(const Actor& parent) {
        task.parent_tgid = parent.task.tgid;
        task.parent_start_ns = parent.task.start_ns;
        return *this;
    }
    Actor& runs(const std::string& path, FileId id = {}) {
        exe = path;
        file = id;
        return *this;
    }
    /// The child that this one forks: the same but for its number.
    Actor fork(std::uint32_t pid) const {
        Actor child = *this;
        child.task.tgid = child.task.tid = pid;
        child.task.start_ns = pid * kMs;
        return child.child_of(*this);
    }
};

/// An event as it was delivered: every field that was present, as text.
struct Seen {
    std::string kind, text, json;
    std::map<std::string, std::string> fields;

    /// "" where absent.
    std::string operator[](const std::string& key) const {
        const auto found = fields.find(key);
        return found == fields.end() ? std::string() : found->second;
    }
    bool has(const std::string& key) const { return fields.contains(key); }
};

inline std::ostream& operator<<(std::ostream& out, const Seen& seen) { return out << seen.text; }

class CollectingSink : public Sink {
public:
    Result<std::uint64_t> write(const Batch& batch) override {
        std::uint64_t bytes = 0;
        for (const Event& event : batch.events) {
            Seen seen;
            seen.kind = event.kind->name;
            for_each_field(*event.kind, [&](const Field& field) {
                const Value value = field.read(event, scratch_);
                if (value.present()) seen.fields[std::string(field.key)] = value_text(value);
            });
            json_.append(event, seen.json);
            bytes += seen.json.size() + 1;
            text_.append(event, seen.text);
            events.push_back(std::move(seen));
        }
        return bytes;
    }
    Result<void> flush() override { return {}; }

    std::vector<Seen> events;

private:
    Scratch scratch_;
    JsonEncoder json_{JsonShape::kNested};
    TextLayout text_{TextOptions{}};
};

class World {
public:
    World() {
        stream.boot = hash_bytes("a boot");
        stream.sensor_start_ns = 1;
        stream.host_name = "web-17";
        stream.host_id = "4c1f0e9b7d5a4f0e8c3b2a1908f7e6d5";
        stream.architecture = "x86_64";
        // 2026-11-24T14:00:00Z is boot + 1000 s
        host.clock = {1000 * kSecond, 1795528800 * kSecond};
        host.files["/etc/passwd"] =
            "root:x:0:0::/root:/bin/bash\nalice:x:1004:1104::/home/alice:/bin/bash\n"
            "bob:x:1005:1105::/home/bob:/bin/bash\n";
        host.files["/etc/group"] = "root:x:0:\nalice:x:1104:\n";
        host.ids["/usr/sbin/sshd"] = kSshd;
        host.ids["/usr/bin/sudo"] = kSudo;
        host.ids["/usr/bin/su"] = kSu;
        host.ids["/usr/sbin/cron"] = kCron;
        host.ids["/usr/sbin/atd"] = kAtd;
        host.ids["/usr/sbin/useradd"] = kUseradd;
        host.ids["/usr/sbin/chpasswd"] = kChpasswd;
        host.ids["/usr/bin/login"] = kLogin;
        host.ids["/usr/lib/openssh/sshd-session"] = kSshdSession;
        options.filter.everything = true;
    }

    static constexpr FileId kSshd{254 << 20, 100}, kSudo{254 << 20, 101}, kSu{254 << 20, 102},
        kCron{254 << 20, 103}, kUseradd{254 << 20, 104}, kChpasswd{254 << 20, 105}, kLogin{254 << 20, 106},
        kSshdSession{254 << 20, 107}, kAtd{254 << 20, 108};

    Stream stream;
    RecordedHost host;
    PipelineOptions options;
    Ledger ledger;
    CollectingSink sink;
    std::uint64_t now_ns = 1000 * kSecond;

    Pipeline& pipeline() {
        if (!pipeline_) pipeline_ = std::move(*Pipeline::make(stream, host, ledger, options, &sink));
        return *pipeline_;
    }

    /// Time goes on by a millisecond with every record.
    void pass(std::uint64_t ns) {
        now_ns += ns;
        (void)pipeline().advance(now_ns);
    }
    template <class R>
    void happens(RecordBuilder<R> builder) {
        now_ns += kMs;
        builder->h.boot_ns = now_ns;
        builder->h.seq = ++seq_;
        pipeline().take(builder.bytes());
    }
    /// As it is.
    void happens(std::vector<char> record) { pipeline().take(record); }

    void there_was(const Actor& a) {
        RecordBuilder<rec_process> r(REC_RAW_TASK, a.task);
        r->exe_inode = a.file.inode;
        r->exe_dev = a.file.dev;
        r.path(&rec_process::exe, a.exe).path(&rec_process::cgroup, a.cgroup).text(&rec_process::tty, a.tty);
        happens(std::move(r));
        pass(0);  // the table is filled before anything happens
    }
    void forks(const Actor& child) { happens(RecordBuilder<rec_fork>(REC_PROCESS_FORK, child.task)); }
    RecordBuilder<rec_exec> exec_of(const Actor& a, const std::vector<std::string>& args) const {
        RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, a.task);
        r->exe_inode = a.file.inode;
        r->exe_dev = a.file.dev;
        r->argc = static_cast<rec_u32>(args.size());
        r->caller_tid = a.task.tid;
        r.path(&rec_exec::exe, a.exe).path(&rec_exec::cwd, "/root").path(&rec_exec::cgroup, a.cgroup);
        r->cgroup_v1.flags = REC_PATH_ABSENT;
        r.text(&rec_exec::filename, a.exe).text(&rec_exec::interp, a.exe).text(&rec_exec::tty, a.tty);
        r.text(&rec_exec::argv, block(args));
        r->argv_bytes = block(args).size();
        return r;
    }
    void execs(const Actor& a, const std::vector<std::string>& args) { happens(exec_of(a, args)); }
    void exec_fails(const Actor& a, const std::string& file, int error, std::vector<std::string> args = {}) {
        RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, a.task);
        r->h.result = -error;
        r->h.flags = REC_F_USER_SUPPLIED;
        r->exe.flags = REC_PATH_ABSENT;
        if (args.empty()) args = {file};
        r.path(&rec_exec::cwd, "/root").text(&rec_exec::filename, file).text(&rec_exec::argv, block(args));
        happens(std::move(r));
    }
    void exits(const Actor& a, std::uint32_t code = 0) {
        RecordBuilder<rec_exit> r(REC_PROCESS_EXIT, a.task);
        r->code = code;
        happens(std::move(r));
    }
    /// A new process, from fork to exec.
    void starts(const Actor& a, const std::vector<std::string>& args) {
        forks(a);
        execs(a, args);
    }
    void has_new_rights(const Actor& a) {
        happens(RecordBuilder<rec_credentials>(REC_RAW_CREDENTIALS, a.task));
    }
    RecordBuilder<rec_text> text_of(const Actor& a, std::uint16_t kind, std::uint32_t type,
                                    std::string_view text) const {
        RecordBuilder<rec_text> r(kind, a.task);
        r->type = type;
        r->length = static_cast<rec_u32>(text.size());
        r->exe_inode = a.file.inode;
        r->exe_dev = a.file.dev;
        r.path(&rec_text::exe, a.exe).text(&rec_text::text, text);
        return r;
    }
    void tells_audit(const Actor& a, std::uint32_t type, std::string_view text) {
        happens(text_of(a, REC_RAW_AUDIT, type, text));
    }
    void logs(const Actor& a, std::string_view line) { happens(text_of(a, REC_RAW_SYSLOG, 0, line)); }
    RecordBuilder<rec_file> file_of(const Actor& a, std::uint16_t kind, std::string_view path) const {
        RecordBuilder<rec_file> r(kind, a.task);
        r->inode = 4711;
        r->mode = 0100644;
        r->base.flags = r->base2.flags = REC_PATH_ABSENT;
        r.path(&rec_file::path, path);
        return r;
    }

    /// Everything that waits comes out.
    const std::vector<Seen>& finish() {
        (void)pipeline().finish();
        return sink.events;
    }
    /// What was delivered of one kind, after everything came out.
    std::vector<Seen> all(const std::string& kind) {
        std::vector<Seen> found;
        for (const Seen& seen : finish())
            if (seen.kind == kind) found.push_back(seen);
        return found;
    }
    /// The only one of its kind.
    Seen one(const std::string& kind) {
        const auto found = all(kind);
        EXPECT_EQ(found.size(), 1u) << kind;
        return found.empty() ? Seen{} : found[0];
    }
    /// Of the event kinds that are about logins: "auth.attempt success", in order.
    std::vector<std::string> logins() {
        std::vector<std::string> names;
        for (const Seen& seen : finish())
            if (seen.kind.starts_with("auth.") || seen.kind.starts_with("session.") ||
                seen.kind.starts_with("sensor."))
                names.push_back(seen.kind + " " + seen["event.outcome"]);
        return names;
    }

private:
    std::unique_ptr<Pipeline> pipeline_;
    std::uint64_t seq_ = 0;
};

}  // namespace whodid::test
