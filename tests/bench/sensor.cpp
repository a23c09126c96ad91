// SPDX-License-Identifier: Apache-2.0
// The program under test, seen from outside: its memory, its clocks, its last words.
#include "sensor.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "child.h"
#include "stopwatch.h"

namespace whodid::bench {

namespace {

constexpr double kStartLimitS = 120;
constexpr double kStopLimitS = 120;

CpuTime cpu_of(pid_t pid) {
    const std::string stat = proc_file(pid, "stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string skipped;
    double user = 0, system = 0;
    for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5): utime is field 14, the state is field 3
    fields >> user >> system;
    const double exact = cpu_clock_s(pid);
    if (user + system == 0) return {0, exact};
    return {exact * user / (user + system), exact * system / (user + system)};
}

/// Of a service; -1: it is none. Another child may be there to detach the hooks in the end.
pid_t worker_of(pid_t pid) {
    std::istringstream children(proc_file(pid, fmt::format("task/{}/children", pid).c_str()));
    for (pid_t child = -1; children >> child;)
        if (proc_file(child, "comm") != "whodid-detach\n") return child;
    return -1;
}

}  // namespace

std::optional<LedgerSums> parse_ledger(const std::string& said) {
    const std::size_t at = said.find("{\"ledger\"");
    if (at == std::string::npos) return {};
    const auto json = nlohmann::json::parse(said.substr(at, said.find('\n', at) - at), nullptr, false);
    if (json.is_discarded()) return {};
    const nlohmann::json& ledger = json["ledger"];
    const auto total = [&](const char* name) { return ledger["total"].value(name, std::uint64_t{0}); };
    LedgerSums sums;
    sums.seen = total("seen");
    sums.gated = total("gated");
    sums.folded = total("kernel_folded") + total("folded");
    sums.emitted = total("emitted");
    sums.ring_full = total("ring_full");
    sums.no_slot = total("no_slot");
    sums.received = total("received");
    sums.written = total("written");
    sums.balances = ledger.value("balanced", false);
    return sums;
}

Result<std::unique_ptr<Sensor>> Sensor::start(const std::vector<std::string>& argv, const Fd& out) {
    std::unique_ptr<Sensor> sensor(new Sensor);
    sensor->err_ = memory_file();
    const double before = monotonic_s();
    const auto pid = spawn(argv, out, sensor->err_);
    if (!pid) return pid.error();
    sensor->pid_ = *pid;
    if (auto ready = sensor->wait_until_ready(out.get()); !ready) return ready.error();
    sensor->start_seconds_ = monotonic_s() - before;
    return sensor;
}

Sensor::~Sensor() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGTERM);
    if (reap(pid_, kStopLimitS, err_)) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool Sensor::ended() {
    if (::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
}

/// The rings are mapped when every hook is attached. A sensor that writes to a file also says that it has
/// started; and when it has got through the processes that were there before, it is quiet.
Result<void> Sensor::wait_until_ready(int out) {
    const double limit = monotonic_s() + kStartLimitS;
    struct stat file {};
    const auto has_output = [&] {
        return ::fstat(out, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size > 0;
    };
    while (proc_file(pid_, "maps").find("bpf-map") == std::string::npos || !has_output()) {
        if (interrupted) return Error{"interrupted", EINTR};
        if (ended()) return Error{"the sensor ended at once: " + last_line(content(err_)), ECHILD};
        if (monotonic_s() > limit) return Error{"the sensor does not get ready", ETIMEDOUT};
        ::usleep(5000);
    }
    worker_ = worker_of(pid_);
    auto quiet = wait_until_quiet(limit - monotonic_s());
    return quiet ? Result<void>() : Result<void>(quiet.error());
}

CpuTime Sensor::cpu() const {
    const CpuTime first = cpu_of(pid_), second = worker_ > 0 ? cpu_of(worker_) : CpuTime{};
    return {first.user_s + second.user_s, first.system_s + second.system_s};
}

Memory Sensor::memory() const {
    const std::string status = proc_file(reader(), "status");
    Memory memory;
    memory.resident = number_after(status, "VmRSS:").value_or(0);
    memory.anonymous = number_after(status, "RssAnon:").value_or(0);
    memory.file = number_after(status, "RssFile:").value_or(0);
    memory.shared = number_after(status, "RssShmem:").value_or(0);
    std::istringstream maps(proc_file(reader(), "smaps"));
    bool in_ring = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find('-') < line.find(' '))  // "7f00-7fff rw-s ...": the next mapping
            in_ring = line.find("bpf-map") != std::string::npos;
        else if (in_ring && line.starts_with("Rss:"))
            memory.rings += number_after(line, "Rss:").value_or(0);
    }
    return memory;
}

Result<double> Sensor::wait_until_quiet(double limit_s) const {
    return bench::wait_until_quiet(reader(), limit_s);
}

Result<Ended> Sensor::stop() {
    if (pid_ < 0 || ::kill(pid_, SIGTERM) != 0) return Error{"the sensor is gone", ESRCH};
    auto ended = reap(pid_, kStopLimitS, err_);
    if (!ended) return Error{fmt::format("the sensor, process {}, does not end", pid_), ETIMEDOUT};
    pid_ = -1;
    return *std::move(ended);
}

bool help_has(const std::vector<std::string>& argv, const std::string& word) {
    std::vector<std::string> ask = argv;
    ask.push_back("--help");
    const Fd out = memory_file();
    return run_to_end(ask, out).ok() && content(out).find(word) != std::string::npos;
}

}  // namespace whodid::bench
