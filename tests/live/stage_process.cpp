// SPDX-License-Identifier: Apache-2.0
#include "stage_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

extern "C" {  // which glibc 2.36 forgot to say in this header
#include <sys/pidfd.h>
}

namespace whodid::live {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSearchPath[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"};

// Everything the child needs, made before the fork: to allocate after it could mean to wait for a lock that
// a thread held at that moment, and that is not there to release it.
struct Launch {
    int mounts, network, root;
    int in, out, err;
    bool takes_terminal;
    int refusal;  // closed by the exec
    uid_t uid;
    gid_t gid;
    const gid_t* groups;
    size_t group_count;
    const char* loginuid;  // null: keep
    const char* cwd;
    char* const* argv;
    char* const* env;
    pid_t parent;
};

struct Refusal {
    char step[64];
    int error;
};

[[noreturn]] void refuse(const Launch& launch, const char* step) {
    Refusal refusal{};
    refusal.error = errno;
    for (size_t i = 0; step[i] && i + 1 < sizeof refusal.step; i++) refusal.step[i] = step[i];
    if (write(launch.refusal, &refusal, sizeof refusal) < 0) _exit(126);
    _exit(127);
}

void write_loginuid(const Launch& launch) {
    int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
    size_t size = 0;
    while (launch.loginuid[size]) size++;
    if (fd < 0 || write(fd, launch.loginuid, size) < 0) refuse(launch, "write /proc/self/loginuid");
    close(fd);
}

[[noreturn]] void become(const Launch& launch) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    umask(022);

    if (setns(launch.mounts, CLONE_NEWNS) < 0) refuse(launch, "enter the mount namespace");
    if (launch.network >= 0 && setns(launch.network, CLONE_NEWNET) < 0)
        refuse(launch, "enter the network namespace");
    // Entering leads to the root of the mount namespace, which in a chroot is not this world's.
    if (launch.root >= 0 && (fchdir(launch.root) < 0 || chroot(".") < 0)) refuse(launch, "go to the root");
    if (launch.takes_terminal && (setsid() < 0 || ioctl(launch.in, TIOCSCTTY, 0) < 0))
        refuse(launch, "take the terminal");
    if (dup2(launch.in, 0) < 0 || dup2(launch.out, 1) < 0 || dup2(launch.err, 2) < 0)
        refuse(launch, "place the standard descriptors");
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);

    if (launch.loginuid) write_loginuid(launch);
    if (setgroups(launch.group_count, launch.groups) < 0) refuse(launch, "set the groups");
    if (setresgid(launch.gid, launch.gid, launch.gid) < 0) refuse(launch, "set the group");
    if (setresuid(launch.uid, launch.uid, launch.uid) < 0) refuse(launch, "set the user");
    if (chdir(launch.cwd) < 0) refuse(launch, "enter the working directory");
    // After the change of user, which would clear it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(127);
    execve(launch.argv[0], launch.argv, launch.env);
    refuse(launch, "execute");
}

std::string find_program(const World& world, const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    for (const char* directory : kSearchPath) {
        std::string path = std::string(directory) + "/" + name;
        if (faccessat(world.root.get(), path.c_str() + 1, X_OK, 0) == 0) return path;
    }
    return name;
}

std::vector<std::string> make_environment(const RunOptions& options) {
    std::vector<std::string> env = options.env;
    auto default_to = [&env](const std::string& name, const std::string& value) {
        auto is_set = [&](const std::string& entry) { return entry.starts_with(name + "="); };
        if (std::none_of(env.begin(), env.end(), is_set)) env.push_back(name + "=" + value);
    };
    std::string path;
    for (const char* directory : kSearchPath) path += (path.empty() ? "" : ":") + std::string(directory);
    default_to("PATH", path);
    default_to("HOME", options.uid == 0 ? "/root" : "/");
    default_to("LANG", "C.UTF-8");
    default_to("TERM", "dumb");  // no escape sequences around what shells print
    return env;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers(strings.size() + 1, nullptr);
    std::transform(strings.begin(), strings.end(), pointers.begin(), [](std::string& s) { return s.data(); });
    return pointers;
}

struct Ends {
    Fd ours, theirs;
};

Result<Ends> make_pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return Error::from_errno("make a pipe");
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return Ends{Fd(fds[0]), Fd(fds[1])};
}

// A terminal of the world's own devpts, so that inside its name is /dev/pts/N.
Result<Ends> make_terminal(const World& world, uint32_t owner) {
    Fd ours(openat(world.root.get(), "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!ours) return Error::from_errno("open dev/pts/ptmx of the stage");
    int locked = 0;
    if (ioctl(ours.get(), TIOCSPTLCK, &locked) < 0) return Error::from_errno("unlock the terminal");
    Fd theirs(ioctl(ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!theirs) return Error::from_errno("open the terminal's other side");
    winsize size{.ws_row = 50, .ws_col = 400, .ws_xpixel = 0, .ws_ypixel = 0};  // wide: lines stay whole
    if (ioctl(theirs.get(), TIOCSWINSZ, &size) < 0) return Error::from_errno("set the terminal's size");
    if (fchown(theirs.get(), owner, -1) < 0) return Error::from_errno("give the terminal to its user");
    return Ends{std::move(ours), std::move(theirs)};
}

int milliseconds_until(Clock::time_point deadline) {
    auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

// Types the answers in turn, each when its prompt has come.
class Answerer {
public:
    Answerer(const Child& child, const RunOptions& options) : child_(child), left_(options.answers) {}

    Result<void> look_at(const std::string& shown) {
        while (next_ < left_.size()) {
            size_t at = shown.find(left_[next_].expect, seen_);
            if (at == std::string::npos) return {};
            seen_ = at + left_[next_].expect.size();
            if (auto typed = type_line(child_.terminal(), left_[next_].send); !typed) return typed.error();
            next_++;
        }
        return {};
    }

private:
    const Child& child_;
    const std::vector<Answer>& left_;
    size_t next_ = 0, seen_ = 0;
};

}  // namespace

int RunResult::exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::string RunResult::to_string() const {
    std::ostringstream text;
    text << "pid " << pid << (WIFEXITED(status) ? " exited with " : " died with 128 + signal ")
         << exit_code();
    for (auto [name, said] : {std::pair{"stdout", &out}, {"stderr", &err}, {"terminal", &terminal}})
        if (!said->empty()) text << "\n" << name << ": " << *said;
    return text.str();
}

std::string tail_of(const std::string& said) {
    constexpr size_t kMost = 600;
    return said.size() > kMost ? "..." + said.substr(said.size() - kMost) : said;
}

bool read_available(int fd, std::string& to) {
    char buffer[65536];
    for (;;) {
        ssize_t size = read(fd, buffer, sizeof buffer);
        if (size > 0)
            to.append(buffer, static_cast<size_t>(size));
        else if (size < 0 && errno == EINTR)
            continue;
        else
            return size < 0 && errno == EAGAIN;
    }
}

Result<void> type_line(int terminal, const std::string& line) {
    std::string typed = line + "\r";  // what the Enter key sends
    if (write(terminal, typed.data(), typed.size()) != static_cast<ssize_t>(typed.size()))
        return Error::from_errno("type on the terminal");
    return {};
}

Child::Child(Child&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      terminal_(std::move(other.terminal_)) {}

Child::~Child() {
    if (pid_ < 0 || status_) return;
    send_signal(SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Result<Child> Child::start(const World& world, const std::vector<std::string>& argv,
                           const RunOptions& options, Stdio stdio) {
    if (argv.empty()) return Error{"nothing to run: argv is empty"};
    Child child;
    child.name_ = argv[0];

    Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    Ends out, err, terminal;
    if (stdio != Stdio::kPipes) {
        auto made = make_terminal(world, options.uid);
        if (!made) return made.error();
        terminal = std::move(*made);
    }
    for (Ends* ends : {&out, &err}) {
        if (stdio == Stdio::kTerminal) break;
        auto made = make_pipe();
        if (!made) return made.error();
        *ends = std::move(*made);
    }
    auto refusal_pipe = make_pipe();
    if (!refusal_pipe) return refusal_pipe.error();

    std::vector<std::string> arguments = argv, environment = make_environment(options);
    arguments[0] = find_program(world, argv[0]);
    std::vector<char*> argument_pointers = pointers_to(arguments),
                       environment_pointers = pointers_to(environment);
    std::string loginuid = options.loginuid ? std::to_string(*options.loginuid) : "";
    Launch launch{
        .mounts = world.mounts.get(),
        .network = world.network.get(),
        .root = world.root.get(),
        .in = terminal.theirs ? terminal.theirs.get() : nothing.get(),
        .out = out.theirs ? out.theirs.get() : terminal.theirs.get(),
        .err = err.theirs ? err.theirs.get() : terminal.theirs.get(),
        .takes_terminal = stdio != Stdio::kPipes,
        .refusal = refusal_pipe->theirs.get(),
        .uid = options.uid,
        .gid = options.gid,
        .groups = options.groups.data(),
        .group_count = options.groups.size(),
        .loginuid = options.loginuid ? loginuid.c_str() : nullptr,
        .cwd = options.cwd.c_str(),
        .argv = argument_pointers.data(),
        .env = environment_pointers.data(),
        .parent = getpid(),
    };

    child.pid_ = fork();
    if (child.pid_ == 0) become(launch);
    if (child.pid_ < 0) return Error::from_errno("fork for " + argv[0]);
    child.pidfd_ = Fd(pidfd_open(child.pid_, 0));
    child.out_ = std::move(out.ours);
    child.err_ = std::move(err.ours);
    child.terminal_ = std::move(terminal.ours);
    if (!child.pidfd_) return Error::from_errno("pidfd_open of " + argv[0]);

    Refusal refusal{};
    refusal_pipe->theirs.reset();
    fcntl(refusal_pipe->ours.get(), F_SETFL, 0);
    if (read(refusal_pipe->ours.get(), &refusal, sizeof refusal) == sizeof refusal)
        return Error::from_errno("run " + arguments[0] + ": " + refusal.step, refusal.error);
    return child;
}

void Child::send_signal(int signal) {
    // Until it is reaped its number belongs to it.
    if (!status_) kill(pid_, signal);
}

milliseconds patient(milliseconds limit) {
    const char* factor = std::getenv("WHODID_PATIENCE");
    return limit * std::max(1, factor ? std::atoi(factor) : 1);
}

std::string kept_machine() {
    return std::getenv("WHODID_THROWAWAY") ? "" : "changes the machine for good: for a guest (make test-vm)";
}

Result<int> Child::wait(milliseconds limit) {
    if (status_) return *status_;
    pollfd ended{.fd = pidfd(), .events = POLLIN, .revents = 0};
    Clock::time_point deadline = Clock::now() + patient(limit);
    int ready;
    do ready = poll(&ended, 1, milliseconds_until(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return Error::from_errno("wait for " + name_);
    if (ready == 0)
        return Error{name_ + " (pid " + std::to_string(pid_) + ") still runs after " +
                         std::to_string(limit.count()) + " ms",
                     ETIMEDOUT};
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return Error::from_errno("waitpid of " + name_);
    status_ = status;
    return status;
}

Result<RunResult> run_in(const World& world, const std::vector<std::string>& argv,
                         const RunOptions& options) {
    Clock::time_point begin = Clock::now(), deadline = begin + patient(options.limit);
    auto child = Child::start(world, argv, options,
                              options.answers.empty() ? Stdio::kPipes : Stdio::kTerminalAndPipes);
    if (!child) return child.error();

    RunResult result;
    result.pid = child->pid();
    Answerer answerer(*child, options);
    pollfd sources[] = {{child->out(), POLLIN, 0},
                        {child->err(), POLLIN, 0},
                        {child->terminal(), POLLIN, 0},
                        {child->pidfd(), POLLIN, 0}};
    std::string *said[] = {&result.out, &result.err, &result.terminal}, prompts;
    for (bool ended = false; !ended;) {
        int ready = poll(sources, std::size(sources), milliseconds_until(deadline));
        if (ready < 0 && errno != EINTR) return Error::from_errno("poll " + argv[0]);
        if (ready == 0)
            return Error{argv[0] + " (pid " + std::to_string(result.pid) +
                             ") killed, as it still ran after " + std::to_string(options.limit.count()) +
                             " ms; it said: " + tail_of(result.terminal + result.err + result.out),
                         ETIMEDOUT};
        // Known before reading: what a process wrote is there when its end is seen. Its children may hold the
        // pipes open for longer, hence no wait for the end of file.
        ended = sources[3].revents != 0;
        for (size_t i = 0; i < std::size(said); i++) {
            size_t known = said[i]->size();
            if (sources[i].fd >= 0 && !read_available(sources[i].fd, *said[i])) sources[i].fd = -1;
            if (i != 0) prompts += said[i]->substr(known);
        }
        if (auto answered = answerer.look_at(prompts); !answered && !ended) return answered.error();
    }
    auto status = child->wait(milliseconds(1000));
    if (!status) return status.error();
    result.status = *status;
    result.took = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    return result;
}

}  // namespace whodid::live
