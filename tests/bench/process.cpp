// SPDX-License-Identifier: Apache-2.0
// Programs, by /proc, their clocks and their last words.
#include "process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include "child.h"
#include "stopwatch.h"

namespace whodid::bench {

namespace {

char state_of(const std::string& stat) {
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? '?' : stat[name_end + 2];
}

}  // namespace

Fd memory_file() { return Fd(::memfd_create("whodid-bench", MFD_CLOEXEC)); }

std::string content(const Fd& file) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::pread(file.get(), part.data(), part.size(), text.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(n));
    return text;
}

// Files of /proc have no size: they are read to their end.
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

Result<pid_t> spawn(const std::vector<std::string>& argv, const Fd& out, const Fd& err, void (*prepare)()) {
    if (interrupted) return Error{"interrupted", EINTR};
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) return Error::from_errno("cannot fork");
    if (pid > 0) return pid;
    become_child(SIGTERM);
    if (prepare) prepare();
    ::dup2(out.get(), STDOUT_FILENO);
    ::dup2(err.get(), STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    _exit(127);
}

// The program is not killed here: what it was doing may be detaching.
std::optional<Ended> reap(pid_t pid, double limit_s, const Fd& err) {
    const double start = monotonic_s();
    rusage used{};
    Ended ended;
    while (::wait4(pid, &ended.status, WNOHANG, &used) == 0) {
        if (monotonic_s() > start + limit_s) return {};
        ::usleep(1000);
    }
    ended.resident_most = static_cast<std::uint64_t>(used.ru_maxrss);
    ended.cpu = {seconds_of(used.ru_utime), seconds_of(used.ru_stime)};
    ended.seconds = monotonic_s() - start;
    ended.said = content(err);
    return ended;
}

double cpu_clock_s(pid_t pid) {
    clockid_t clock{};
    return ::clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) / 1e9 : 0;
}

CpuTime operator-(const CpuTime& a, const CpuTime& b) {
    return {a.user_s - b.user_s, a.system_s - b.system_s};
}

std::string last_line(std::string said) {
    while (said.ends_with('\n')) said.pop_back();
    return said.substr(said.rfind('\n') + 1);
}

/// Quiet: asleep, and less than a tenth of the time awake, four looks in a row. Its timer ticks every 10 ms.
Result<double> wait_until_quiet(pid_t pid, double limit_s) {
    constexpr unsigned kLookUs = 25'000;
    constexpr int kLooks = 4;
    const double limit = monotonic_s() + limit_s;
    double quiet_since = monotonic_s();
    int looks = 0;
    for (double before = cpu_clock_s(pid); looks < kLooks;) {
        const double look_s = monotonic_s();
        ::usleep(kLookUs);
        if (interrupted) return Error{"interrupted", EINTR};
        const char state = state_of(proc_file(pid, "stat"));
        if (state == 'Z' || state == '?') return Error{fmt::format("process {} has ended", pid), ECHILD};
        const double now = cpu_clock_s(pid);
        const bool quiet = now - before < 0.1 * (monotonic_s() - look_s) && state == 'S';
        if (quiet && looks == 0) quiet_since = look_s;
        looks = quiet ? looks + 1 : 0;
        before = now;
        if (monotonic_s() > limit) return Error{fmt::format("process {} does not get quiet", pid), ETIMEDOUT};
    }
    return quiet_since;
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

std::string find_program(const std::string& name) {
    const char* path = ::getenv("PATH");
    std::istringstream directories(std::string(path ? path : "") + ":/usr/sbin:/sbin:/usr/bin:/bin");
    for (std::string directory; std::getline(directories, directory, ':');)
        if (const std::string file = directory + '/' + name; ::access(file.c_str(), X_OK) == 0) return file;
    return {};
}

}  // namespace whodid::bench
