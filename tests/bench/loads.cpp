// SPDX-License-Identifier: Apache-2.0
// The loads. None leaves the machine: the network ones talk to loopback, and to themselves.
#include "loads.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "child.h"
#include "stats.h"

namespace whodid::bench {

namespace {

// ---- files ------------------------------------------------------------------------------------------------

int open_in_turn(std::span<const std::string> paths, unsigned operations, Stopwatch& watch) {
    watch.start();
    for (unsigned i = 0; i < operations; ++i) {
        const int fd = ::open(paths[i % paths.size()].c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return errno;
        ::close(fd);
    }
    watch.stop();
    return 0;
}

int open_one(const Site& site, unsigned operations, Stopwatch& watch) {
    return open_in_turn(std::span(site.files()).first(1), operations, watch);
}

int open_many(const Site& site, unsigned operations, Stopwatch& watch) {
    return open_in_turn(site.files(), operations, watch);
}

int open_missing(const Site& site, unsigned operations, Stopwatch& watch) {
    const std::string path = site.missing();
    watch.start();
    for (unsigned i = 0; i < operations; ++i)
        if (::open(path.c_str(), O_RDONLY | O_CLOEXEC) >= 0) return EEXIST;
    watch.stop();
    return 0;
}

// ---- sockets ----------------------------------------------------------------------------------------------

constexpr unsigned kBacklog = 100;  // connections that wait unaccepted; net.core.somaxconn is at least 128

sockaddr_in loopback(std::uint16_t port = 0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

template <class Address>
bool connect_to(const Fd& socket, const Address& address) {
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

template <class Address>
bool bind_to(const Fd& socket, const Address& address) {
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Bound to a free port of loopback; `address` gets it.
Fd bound(int type, sockaddr_in& address) {
    Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address = loopback();
    socklen_t size = sizeof address;
    if (!bind_to(socket, address)) return {};
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return socket;
}

void accept_all(const Fd& listener) {
    for (;;) {
        const Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket.valid() && errno != ECONNABORTED) return;
    }
}

/// Nobody accepts while the watch runs: a process that is woken for each connection would be most of the cost
/// and all of the noise. The waiting connections are taken and closed between the batches.
template <class Address>
int connect_in_batches(const Fd& listener, const Address& address, unsigned operations, Stopwatch& watch) {
    if (!listener.valid() || ::listen(listener.get(), kBacklog) != 0) return errno;
    const int family = reinterpret_cast<const sockaddr*>(&address)->sa_family;
    const linger reset{1, 0};  // no TIME_WAIT: ports would run out
    for (unsigned done = 0; done < operations;) {
        watch.start();
        for (unsigned end = std::min(operations, done + kBacklog); done < end; ++done) {
            const Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
            ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            if (!connect_to(socket, address)) return errno;
        }
        watch.stop();
        accept_all(listener);
    }
    return 0;
}

int connect_tcp(const Site&, unsigned operations, Stopwatch& watch) {
    sockaddr_in address{};
    const Fd listener = bound(SOCK_STREAM, address);
    return connect_in_batches(listener, address, operations, watch);
}

int connect_unix(const Site& site, unsigned operations, Stopwatch& watch) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = site.socket();
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    path.copy(address.sun_path, path.size());
    ::unlink(path.c_str());
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!bind_to(listener, address)) return errno;
    return connect_in_batches(listener, address, operations, watch);
}

int connect_udp(const Site&, unsigned operations, Stopwatch& watch) {
    sockaddr_in address{};
    const Fd peer = bound(SOCK_DGRAM, address);
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    watch.start();
    for (unsigned i = 0; i < operations; ++i)
        if (!connect_to(socket, address)) return errno;
    watch.stop();
    return 0;
}

/// To a socket that nobody reads: its buffer is soon full, and from then on every datagram meets the same.
int send_udp(const Site&, unsigned operations, Stopwatch& watch) {
    sockaddr_in address{};
    const Fd peer = bound(SOCK_DGRAM, address);
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!connect_to(socket, address)) return errno;
    const char byte = 0;
    watch.start();
    for (unsigned i = 0; i < operations; ++i)
        if (::send(socket.get(), &byte, 1, 0) != 1) return errno;
    watch.stop();
    return 0;
}

/// Both ends are here, so no reader is woken; what was sent is taken out between the batches.
int send_tcp(const Site&, unsigned operations, Stopwatch& watch) {
    constexpr unsigned kBatch = 64;
    sockaddr_in address{};
    const Fd listener = bound(SOCK_STREAM, address);
    if (!listener.valid() || ::listen(listener.get(), 1) != 0) return errno;
    const Fd from(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connect_to(from, address)) return errno;
    const Fd to(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int on = 1;
    ::setsockopt(from.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    char bytes[kBatch] = {};
    for (unsigned done = 0; done < operations;) {
        const unsigned batch = std::min(operations - done, kBatch);
        watch.start();
        for (unsigned i = 0; i < batch; ++i)
            if (::send(from.get(), bytes, 1, MSG_NOSIGNAL) != 1) return errno;
        watch.stop();
        if (::recv(to.get(), bytes, batch, MSG_WAITALL) != static_cast<ssize_t>(batch)) return EPIPE;
        done += batch;
    }
    return 0;
}

// ---- programs ---------------------------------------------------------------------------------------------

/// vfork: fork's own price grows with the parent's memory, which is not the sensor's doing.
int execute(const Site& site, unsigned operations, Stopwatch& watch) {
    const char* const path = site.program().c_str();
    char* const arguments[] = {const_cast<char*>("nothing"), nullptr};
    char* const environment[] = {nullptr};
    watch.start();
    for (unsigned i = 0; i < operations; ++i) {
        const pid_t child = ::vfork();
        if (child == 0) {
            ::execve(path, arguments, environment);
            _exit(127);
        }
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) return ENOEXEC;
    }
    watch.stop();
    return 0;
}

// ---- system calls that no sensor looks at -----------------------------------------------------------------

int write_null(const Site&, unsigned operations, Stopwatch& watch) {
    const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const char byte = 0;
    watch.start();
    for (unsigned i = 0; i < operations; ++i)
        if (::write(null.get(), &byte, 1) != 1) return errno;
    watch.stop();
    return 0;
}

int ask_parent(const Site&, unsigned operations, Stopwatch& watch) {
    watch.start();
    for (unsigned i = 0; i < operations; ++i) ::syscall(SYS_getppid);
    watch.stop();
    return 0;
}

constexpr Load kLoads[] = {
    {"open+close, one file", 30'000, open_one}, {"open+close, 1000 files", 30'000, open_many},
    {"open, ENOENT", 50'000, open_missing},     {"connect UDP", 50'000, connect_udp},
    {"connect+close TCP", 4'000, connect_tcp},  {"connect+close unix", 20'000, connect_unix},
    {"fork+exec+exit", 200, execute},           {"send 1 byte UDP", 40'000, send_udp},
    {"send 1 byte TCP", 20'000, send_tcp},      {"write /dev/null", 100'000, write_null},
    {"getppid", 100'000, ask_parent},
};

std::vector<int> allowed_cpus() {
    cpu_set_t allowed;
    std::vector<int> cpus;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    return cpus;
}

void pin_to(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

void pin_to_last_cpu() {
    if (const auto cpus = allowed_cpus(); !cpus.empty()) pin_to(cpus.back());
}

}  // namespace

std::span<const Load> loads() { return kLoads; }

const Load& find_load(std::string_view name) {
    const auto found = std::ranges::find(kLoads, name, &Load::name);
    if (found == std::end(kLoads)) std::abort();
    return *found;
}

Result<LoadRun> run_load(const Load& load, const Site& site, unsigned operations) {
    auto child = Child<Cost>::start([&](Cost& cost) {
        pin_to_last_cpu();
        Stopwatch watch;
        const int error = load.run(site, operations, watch);
        cost = {watch.total().cpu_ns / operations, watch.total().wall_ns / operations};
        return error;
    });
    if (!child) return child.error();
    const pid_t pid = child->pid();
    const auto cost = child->finish();
    if (!cost) return Error{fmt::format("{}: {}", load.name, cost.error().message), cost.error().code};
    return LoadRun{*cost, pid};
}

Result<std::vector<Cost>> run_phase(std::span<const Load* const> chosen, const Site& site, unsigned divisor,
                                    unsigned rounds) {
    std::vector<std::vector<double>> cpu(chosen.size()), wall(chosen.size());
    for (unsigned round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            const auto run = run_load(*chosen[i], site, std::max(1u, chosen[i]->operations / divisor));
            if (!run) return run.error();
            cpu[i].push_back(run->cost.cpu_ns);
            wall[i].push_back(run->cost.wall_ns);
        }
    }
    std::vector<Cost> costs;
    for (std::size_t i = 0; i < chosen.size(); ++i) costs.push_back({median(cpu[i]), median(wall[i])});
    return costs;
}

Result<Flood> run_flood(const Site& site, unsigned processes, double seconds, bool pinned) {
    const auto cpus = allowed_cpus();
    const double start = monotonic_s();
    std::vector<Child<std::uint64_t>> children;
    for (unsigned i = 0; i < processes; ++i) {
        auto child = Child<std::uint64_t>::start([&](std::uint64_t& opens) {
            Stopwatch ignored;
            if (pinned && !cpus.empty()) pin_to(cpus[i % cpus.size()]);
            while (monotonic_s() < start + seconds) {
                constexpr unsigned kBatch = 1000;
                if (const int error = open_many(site, kBatch, ignored); error != 0) return error;
                opens += kBatch;
            }
            return 0;
        });
        if (!child) return child.error();
        children.push_back(std::move(*child));
    }
    Flood flood;
    for (auto& child : children) {
        const auto opens = child.finish();
        if (!opens) return Error{"flood: " + opens.error().message, opens.error().code};
        flood.opens += *opens;
    }
    flood.seconds = monotonic_s() - start;
    return flood;
}

}  // namespace whodid::bench
