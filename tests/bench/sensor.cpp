// SPDX-License-Identifier: Apache-2.0
// The program under test, seen from outside: /proc, its clocks, its last words.
#include "sensor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "child.h"
#include "stopwatch.h"

namespace whodid::bench {

namespace {

constexpr double kStartLimitS = 120;
constexpr double kStopLimitS = 120;

Fd memory_file() { return Fd(::memfd_create("whodid-bench", MFD_CLOEXEC)); }

std::string content(const Fd& file) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::pread(file.get(), part.data(), part.size(), text.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(n));
    return text;
}

/// Files of /proc have no size: they are read to their end.
std::string proc_file(pid_t pid, const char* name) {
    std::ostringstream text;
    text << std::ifstream(fmt::format("/proc/{}/{}", pid, name)).rdbuf();
    return text.str();
}

std::optional<std::uint64_t> number_after(const std::string& text, const std::string& word) {
    const std::size_t at = text.find(word);
    if (at == std::string::npos) return {};
    const char* first = text.data() + text.find_first_not_of(" \t", at + word.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
    if (error != std::errc()) return {};
    return number;
}

Result<pid_t> spawn(const std::vector<std::string>& argv, const Fd& out, const Fd& err) {
    if (interrupted) return Error{"interrupted", EINTR};
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) return Error::from_errno("cannot fork");
    if (pid > 0) return pid;
    become_child(SIGTERM);
    ::setenv("WHODID_DETACH", "wait", 1);  // when it is gone, so are its hooks
    ::dup2(out.get(), STDOUT_FILENO);
    ::dup2(err.get(), STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    _exit(127);
}

/// Waits for the end, and reaps. The program is not killed here: what it was doing may be detaching.
std::optional<Ended> reap(pid_t pid, double limit_s, const Fd& err) {
    const double start = monotonic_s();
    rusage used{};
    Ended ended;
    while (::wait4(pid, &ended.status, WNOHANG, &used) == 0) {
        if (monotonic_s() > start + limit_s) return {};
        ::usleep(1000);
    }
    ended.cpu = {seconds_of(used.ru_utime), seconds_of(used.ru_stime)};
    ended.seconds = monotonic_s() - start;
    ended.said = content(err);
    return ended;
}

char state_of(const std::string& stat) {
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? '?' : stat[name_end + 2];
}

/// Nanoseconds, where /proc/PID/stat counts in hundredths of a second.
double cpu_clock_s(pid_t pid) {
    clockid_t clock{};
    return ::clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) / 1e9 : 0;
}

}  // namespace

CpuTime operator-(const CpuTime& a, const CpuTime& b) {
    return {a.user_s - b.user_s, a.system_s - b.system_s};
}

std::string last_line(std::string said) {
    while (said.ends_with('\n')) said.pop_back();
    return said.substr(said.rfind('\n') + 1);
}

std::optional<LedgerSums> parse_ledger(const std::string& said) {
    const std::size_t at = said.find("{\"ledger\"");
    if (at == std::string::npos) return {};
    const auto json = nlohmann::json::parse(said.substr(at, said.find('\n', at) - at), nullptr, false);
    if (json.is_discarded()) return {};
    const nlohmann::json& ledger = json["ledger"];
    const auto total = [&](const char* name) { return ledger["total"].value(name, std::uint64_t{0}); };
    return LedgerSums{total("seen"),    total("kernel_folded") + total("folded"),
                      total("emitted"), total("ring_full"),
                      total("no_slot"), total("received"),
                      total("written"), ledger.value("balanced", false)};
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
    auto quiet = wait_until_quiet(limit - monotonic_s());
    return quiet ? Result<void>() : Result<void>(quiet.error());
}

CpuTime Sensor::cpu() const {
    const std::string stat = proc_file(pid_, "stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string skipped;
    double user = 0, system = 0;
    for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5): utime is field 14, the state is field 3
    fields >> user >> system;
    const double exact = cpu_clock_s(pid_);
    if (user + system == 0) return {0, exact};
    return {exact * user / (user + system), exact * system / (user + system)};
}

Memory Sensor::memory() const {
    const std::string status = proc_file(pid_, "status");
    Memory memory;
    memory.resident = number_after(status, "VmRSS:").value_or(0);
    memory.anonymous = number_after(status, "RssAnon:").value_or(0);
    memory.file = number_after(status, "RssFile:").value_or(0);
    memory.shared = number_after(status, "RssShmem:").value_or(0);
    std::istringstream maps(proc_file(pid_, "smaps"));
    bool in_ring = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find('-') < line.find(' '))  // "7f00-7fff rw-s ...": the next mapping
            in_ring = line.find("bpf-map") != std::string::npos;
        else if (in_ring && line.starts_with("Rss:"))
            memory.rings += number_after(line, "Rss:").value_or(0);
    }
    return memory;
}

/// Quiet: asleep, and less than a tenth of the time awake, four looks in a row. Its timer ticks every 10 ms.
Result<double> Sensor::wait_until_quiet(double limit_s) const {
    constexpr unsigned kLookUs = 25'000;
    constexpr int kLooks = 4;
    const double limit = monotonic_s() + limit_s;
    double quiet_since = monotonic_s();
    int looks = 0;
    for (double before = cpu_clock_s(pid_); looks < kLooks;) {
        const double look_s = monotonic_s();
        ::usleep(kLookUs);
        const double now = cpu_clock_s(pid_);
        const bool quiet =
            now - before < 0.1 * (monotonic_s() - look_s) && state_of(proc_file(pid_, "stat")) == 'S';
        if (quiet && looks == 0) quiet_since = look_s;
        looks = quiet ? looks + 1 : 0;
        before = now;
        if (monotonic_s() > limit) return Error{"the sensor does not get quiet", ETIMEDOUT};
    }
    return quiet_since;
}

Result<Ended> Sensor::stop() {
    if (pid_ < 0 || ::kill(pid_, SIGTERM) != 0) return Error{"the sensor is gone", ESRCH};
    auto ended = reap(pid_, kStopLimitS, err_);
    if (!ended) return Error{fmt::format("the sensor, process {}, does not end", pid_), ETIMEDOUT};
    pid_ = -1;
    return *std::move(ended);
}

Result<Ended> run_to_end(const std::vector<std::string>& argv, const Fd& out) {
    constexpr double kLimitS = 120;
    const Fd err = memory_file();
    const auto pid = spawn(argv, out, err);
    if (!pid) return pid.error();
    auto ended = reap(*pid, kLimitS, err);
    if (ended) return *std::move(ended);
    ::kill(*pid, SIGKILL);
    ::waitpid(*pid, nullptr, 0);
    return Error{fmt::format("{} did not end in {} s", argv[0], kLimitS), ETIMEDOUT};
}

bool help_has(const std::vector<std::string>& argv, const std::string& word) {
    std::vector<std::string> ask = argv;
    ask.push_back("--help");
    const Fd out = memory_file();
    return run_to_end(ask, out).ok() && content(out).find(word) != std::string::npos;
}

}  // namespace whodid::bench
