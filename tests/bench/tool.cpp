// SPDX-License-Identifier: Apache-2.0
// Starting and ending the tools.
#include "tool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "child.h"
#include "sensor.h"
#include "stopwatch.h"

namespace whodid::bench {

namespace {

constexpr double kStartLimitS = 60;
constexpr double kStopLimitS = 60;

class SensorTool : public Tool {
public:
    SensorTool(std::unique_ptr<Sensor> sensor, Fd lines)
        : sensor_(std::move(sensor)), lines_(std::move(lines)) {}

    pid_t pid() const override { return sensor_->pid(); }
    Result<void> stop() override {
        const auto ended = sensor_->stop();
        return ended ? Result<void>() : Result<void>(ended.error());
    }
    const Fd& lines() const override { return lines_; }

private:
    std::unique_ptr<Sensor> sensor_;
    Fd lines_;
};

/// A child that is ended by a signal, at the latest with this.
class Process {
public:
    Process(pid_t pid, int end_signal, Fd err) : pid_(pid), end_signal_(end_signal), err_(std::move(err)) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ < 0 || stop()) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const { return pid_; }
    std::string last_words() const { return last_line(content(err_)); }
    bool ended() {
        if (::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
        pid_ = -1;
        return true;
    }
    Result<void> stop() {
        ::kill(pid_, end_signal_);
        if (!reap(pid_, kStopLimitS, err_))
            return Error{fmt::format("process {} does not end", pid_), ETIMEDOUT};
        pid_ = -1;
        return {};
    }
    /// Until `ready`, or why that does not come.
    Result<void> wait_until(const auto& ready) {
        for (const double limit = monotonic_s() + kStartLimitS; !ready();) {
            if (interrupted) return Error{"interrupted", EINTR};
            if (ended()) return Error{"it ended at once: " + last_words(), ECHILD};
            if (monotonic_s() > limit) return Error{"it does not get ready", ETIMEDOUT};
            ::usleep(20'000);
        }
        return {};
    }

private:
    pid_t pid_;
    int end_signal_;
    Fd err_;
};

/// The tools look for tracefs in these places, and know no better. In a namespace of their own: the host
/// stays as it was.
void mount_tracing() {
    if (::unshare(CLONE_NEWNS) != 0) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        ::mount(nullptr, "/sys", nullptr, MS_REC | MS_SLAVE, nullptr);
    if (::access("/sys/kernel/tracing/events", F_OK) != 0)
        ::mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr);
    if (::access("/sys/kernel/debug/tracing", F_OK) != 0)
        ::mount("debugfs", "/sys/kernel/debug", "debugfs", 0, nullptr);
}

/// How many perf events and links hold its programs where they are attached.
unsigned attachments(pid_t pid) {
    unsigned count = 0;
    std::error_code error;
    for (const auto& fd : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
        const std::string what = std::filesystem::read_symlink(fd.path(), error).string();
        for (const char* sort : {"[perf_event]", "bpf_link", "bpf-link"})
            if (what.find(sort) != what.npos) ++count;
    }
    return count;
}

class BpfTool : public Tool {
public:
    BpfTool(pid_t pid, Fd lines, Fd err) : process_(pid, SIGINT, std::move(err)), lines_(std::move(lines)) {}

    /// Attached, and for some looks no more than before: it may print all the time, so it need not be quiet.
    Result<void> wait_until_ready() {
        constexpr unsigned kLooks = 15;
        unsigned attached = 0, looks = 0;
        auto ready = process_.wait_until([&] {
            const unsigned now = attachments(pid());
            looks = now > 0 && now == attached ? looks + 1 : 0;
            attached = now;
            return looks >= kLooks;
        });
        if (ready) return {};
        const std::string printed = content(lines_);
        return Error{fmt::format("{} {}", ready.error().message, printed.substr(0, printed.find('\n'))),
                     ready.error().code};
    }
    pid_t pid() const override { return process_.pid(); }
    Result<void> stop() override { return process_.stop(); }
    const Fd& lines() const override { return lines_; }

private:
    Process process_;
    Fd lines_;
};

// ---- audit ------------------------------------------------------------------------------------------------

Result<std::string> auditctl(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {find_program("auditctl")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const Fd out = memory_file();
    const auto ended = run_to_end(argv, out);
    if (!ended) return ended.error();
    if (ended->status == 0) return content(out);
    return Error{fmt::format("auditctl {}: {}", fmt::join(arguments, " "), last_line(ended->said)), EPERM};
}

Result<AuditStatus> audit_status() {
    const auto said = auditctl({"-s"});
    if (!said) return said.error();
    const auto status = parse_audit_status(*said);
    if (!status) return Error{"auditctl -s says nothing of audit: " + last_line(*said), EPROTO};
    return *status;
}

/// The kernel's part of audit, put back as it was.
class AuditRules {
public:
    AuditRules(AuditStatus before, std::string rules) : before_(before), rules_(std::move(rules)) {}
    AuditRules(const AuditRules&) = delete;
    AuditRules& operator=(const AuditRules&) = delete;
    ~AuditRules() { remove(); }

    Result<void> add() {
        for (const char* call : {"openat", "connect", "execve"}) {
            added_.push_back({"always,exit", "-F", "arch=b64", "-S", call, "-k", kAuditKey});
            if (auto done = change("-a", added_.back()); !done) return done;
        }
        changed_ = true;
        // What Debian's rules begin with: 64, the kernel's own, has the loads wait for auditd all the time.
        if (auto done = auditctl({"-b", "8192"}); !done) return done.error();
        if (auto done = auditctl({"-e", "1"}); !done) return done.error();
        return {};
    }
    void remove() {
        for (const auto& rule : std::exchange(added_, {})) (void)change("-d", rule);
        if (!std::exchange(changed_, false)) return;
        (void)auditctl({"-e", std::to_string(before_.enabled)});
        (void)auditctl({"-b", std::to_string(before_.backlog_limit)});
    }
    Result<void> check() const {
        const auto now = audit_status();
        const auto rules = auditctl({"-l"});
        if (!now) return now.error();
        if (!rules) return rules.error();
        if (now->enabled == before_.enabled && now->backlog_limit == before_.backlog_limit &&
            now->pid == before_.pid && *rules == rules_)
            return {};
        return Error{fmt::format("audit is not as it was: it was enabled {}, backlog {}, with the rules:\n{}",
                                 before_.enabled, before_.backlog_limit, rules_),
                     EBUSY};
    }

private:
    static Result<void> change(const char* how, const std::vector<std::string>& rule) {
        std::vector<std::string> arguments = {how};
        arguments.insert(arguments.end(), rule.begin(), rule.end());
        const auto done = auditctl(arguments);
        return done ? Result<void>() : Result<void>(done.error());
    }

    AuditStatus before_;
    std::string rules_;
    std::vector<std::vector<std::string>> added_;
    bool changed_ = false;
};

pid_t find_kauditd() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && proc_file(pid, "comm") == "kauditd\n") return pid;
    }
    return 0;
}

class AuditTool : public Tool {
public:
    AuditTool(pid_t pid, Fd err, AuditStatus before, std::string rules)
        : process_(pid, SIGTERM, std::move(err)), rules_(before, std::move(rules)) {}

    Result<void> wait_until_ready(const std::string& log) {
        const auto registered = [&] {
            const auto status = audit_status();
            return status && static_cast<pid_t>(status->pid) == pid();
        };
        if (auto ready = process_.wait_until(registered); !ready) return ready;
        lines_ = Fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
        if (!lines_.valid()) return Error::from_errno("cannot read " + log);
        return rules_.add();
    }
    pid_t pid() const override { return process_.pid(); }
    double cpu_s() const override { return cpu_clock_s(pid()) + (kauditd_ ? cpu_clock_s(kauditd_) : 0); }
    Result<void> stop() override {
        rules_.remove();
        if (auto stopped = process_.stop(); !stopped) return stopped;
        return rules_.check();
    }
    const Fd& lines() const override { return lines_; }

private:
    Process process_;
    AuditRules rules_;  // removed before auditd ends: nobody may be left waiting for it
    Fd lines_;
    pid_t kauditd_ = find_kauditd();
};

/// Debian's own, but for the places and for what happens when a file or a disk is full.
constexpr const char* kAuditConfiguration = R"(local_events = yes
write_logs = yes
log_file = {0}/audit.log
log_format = ENRICHED
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 8
num_logs = 0
priority_boost = 4
max_log_file_action = IGNORE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
q_depth = 2000
overflow_action = IGNORE
plugin_dir = {0}/plugins.d
)";

Result<void> write_audit_configuration(const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory + "/plugins.d", error);
    std::filesystem::remove(directory + "/audit.log", error);
    const std::string path = directory + "/auditd.conf";
    const std::string text = fmt::format(fmt::runtime(kAuditConfiguration), directory);
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
    return Error::from_errno("cannot write " + path);
}

/// Why audit cannot be had here, or how it is now.
Result<AuditStatus> free_audit(bool switch_on) {
    if (find_program("auditd").empty() || find_program("auditctl").empty())
        return Error{"not installed", ENOENT};
    auto status = audit_status();
    if (!status) return status;
    if (status->pid) return Error{fmt::format("process {} is the audit daemon here", status->pid), EBUSY};
    if (status->enabled == 2) return Error{"audit is locked until the next boot", EPERM};
    if (status->enabled == 0 && !switch_on)
        return Error{
            "audit is off here; once it was on, all system calls stay slower until the next boot: --audit "
            "allows that",
            EPERM};
    return status;
}

}  // namespace

StartedTool start_sensor(const Site& site, const std::vector<std::string>& argv) {
    auto lines = site.scratch();
    if (!lines) return lines.error();
    auto sensor = Sensor::start(argv, *lines);
    if (!sensor) return sensor.error();
    return StartedTool(std::make_unique<SensorTool>(std::move(*sensor), std::move(*lines)));
}

StartedTool start_bpf_tool(const Site& site, const std::vector<std::string>& argv) {
    auto lines = site.scratch();
    if (!lines) return lines.error();
    Fd err = memory_file();
    const auto pid = spawn(argv, *lines, err, mount_tracing);
    if (!pid) return pid.error();
    auto tool = std::make_unique<BpfTool>(*pid, std::move(*lines), std::move(err));
    if (auto ready = tool->wait_until_ready(); !ready) return ready.error();
    return StartedTool(std::move(tool));
}

StartedTool start_auditd(const Site& site, bool switch_on) {
    const auto before = free_audit(switch_on);
    if (!before) return before.error();
    const auto rules = auditctl({"-l"});
    if (!rules) return rules.error();
    const std::string directory = site.directory() + "/audit";
    if (auto written = write_audit_configuration(directory); !written) return written.error();
    Fd err = memory_file();
    const auto pid = spawn({find_program("auditd"), "-n", "-s", "nochange", "-c", directory}, err, err);
    if (!pid) return pid.error();
    auto tool = std::make_unique<AuditTool>(*pid, std::move(err), *before, *rules);
    if (auto ready = tool->wait_until_ready(directory + "/audit.log"); !ready) return ready.error();
    return StartedTool(std::move(tool));
}

}  // namespace whodid::bench
