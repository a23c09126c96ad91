// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>

extern "C" {  // which glibc 2.36 forgot to say in this header
#include <sys/pidfd.h>
}

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

bool may_unshare() {
    pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 ? 0 : 1);
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

std::string find_deeds(const std::string& wanted) {
    if (wanted != "auto") return wanted;
    if (const char* set = std::getenv("WHODID_DEEDS")) return set;
    std::error_code ignored;
    fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path() / "../deeds";
    return fs::is_directory(beside, ignored) ? beside.string() : "build/deeds";
}

bool is_inside(pid_t pid, const struct stat& mounts) {
    struct stat theirs;
    return stat(("/proc/" + std::to_string(pid) + "/ns/mnt").c_str(), &theirs) == 0 &&
           theirs.st_ino == mounts.st_ino && theirs.st_dev == mounts.st_dev;
}

// Kills who is inside now and returns how many that were. The pidfd comes first: what is checked through it
// is what gets the signal, even if the number is given to another process in between.
int kill_inside(const struct stat& mounts) {
    int killed = 0;
    for (const auto& entry : fs::directory_iterator("/proc", fs::directory_options::skip_permission_denied)) {
        auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        if (pid <= 1 || pid == getpid() || !is_inside(pid, mounts)) continue;
        Fd pidfd(pidfd_open(pid, 0));
        if (pidfd && is_inside(pid, mounts) && pidfd_send_signal(pidfd.get(), SIGKILL, nullptr, 0) == 0)
            killed++;
    }
    return killed;
}

void kill_all_inside(const World& world) {
    struct stat mounts;
    if (fstat(world.mounts.get(), &mounts) < 0) return;
    for (int tries = 0; tries < 500 && kill_inside(mounts) > 0; tries++) usleep(10'000);
}

}  // namespace

std::string Stage::available() {
    if (geteuid() != 0) return "the stage needs root";
    for (const char* program : {"/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/sudo"})
        if (access(program, X_OK) < 0)
            return std::string("the stage needs ") + program + " (install openssh-server and sudo)";
    if (!may_unshare()) return "the stage needs mount and network namespaces, and unshare(2) refuses them";
    return "";
}

Result<std::unique_ptr<Stage>> Stage::create(const StageOptions& options) {
    std::unique_ptr<Stage> stage(new Stage);
    auto built = build_world({options.own_network, find_deeds(options.deeds_dir)});
    if (!built) return built.error();
    stage->built_ = std::move(*built);
    stage->log_ = std::make_unique<SyslogReader>(std::move(stage->built_.log));
    if (options.sshd)
        if (auto started = stage->start_sshd(); !started) return started.error();
    return stage;
}

Stage::~Stage() {
    if (sshd_) {
        sshd_->send_signal(SIGTERM);
        (void)sshd_->wait(milliseconds(2000)).ok();
    }
    kill_all_inside(built_.world);
}

Result<void> Stage::start_sshd() {
    RunOptions options;
    options.loginuid = kLoginuidUnset;  // as a daemon has it, whoever runs the tests
    auto child = Child::start(built_.world, {"/usr/sbin/sshd", "-D"}, options, Stdio::kPipes);
    if (!child) return child.error();
    sshd_ = std::make_unique<Child>(std::move(*child));
    auto listens = log_->wait_for("Server listening on 127.0.0.1 port " + std::to_string(ssh_port()),
                                  milliseconds(30'000));
    if (listens) return {};
    std::string said;
    read_available(sshd_->err(), said);
    return Error{"sshd did not start: " + listens.error().message + said};
}

Result<RunResult> Stage::run(const std::vector<std::string>& argv, const RunOptions& options) const {
    return run_in(built_.world, argv, options);
}

Result<std::vector<Facts>> Stage::deed(const std::string& name, const std::vector<std::string>& arguments,
                                       const RunOptions& options) const {
    std::vector<std::string> argv{std::string(kDeedsDir) + "/" + name};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    auto done = run(argv, options);
    if (!done) return done.error();
    std::vector<Facts> facts = parse_facts(done->out);
    if (done->exit_code() != 0 || facts.empty())
        return Error{"the deed " + name + " failed: " + done->to_string()};
    return facts;
}

Result<std::unique_ptr<PtySession>> Stage::open_terminal(const std::vector<std::string>& argv,
                                                         const RunOptions& options) const {
    return PtySession::start(built_.world, argv, options);
}

Result<SshResult> Stage::ssh(const std::string& method, const std::string& user, const std::string& command,
                             const RunOptions& options) const {
    std::vector<std::string> argv{"ssh", "-o", "PreferredAuthentications=" + method, user + "@127.0.0.1"};
    if (!command.empty()) argv.push_back(command);
    return run(argv, options);
}

Result<SshResult> Stage::ssh_password(const std::string& user, const std::string& password,
                                      const std::string& command) const {
    RunOptions options;
    options.answers = {{"password:", password}};
    return ssh("password", user, command, options);
}

Result<SshResult> Stage::ssh_kbdint(const std::string& user, const std::string& password,
                                    const std::string& command) const {
    RunOptions options;
    options.answers = {{"Password:", password}};
    return ssh("keyboard-interactive", user, command, options);
}

Result<SshResult> Stage::ssh_key(const std::string& user, const std::string& keyfile,
                                 const std::string& command) const {
    return run(
        {"ssh", "-i", keyfile, "-o", "PreferredAuthentications=publickey", user + "@127.0.0.1", command});
}

Result<std::unique_ptr<PtySession>> Stage::ssh_terminal(const User& user) const {
    auto session = open_terminal(
        {"ssh", "-tt", "-o", "PreferredAuthentications=password", std::string(user.name) + "@127.0.0.1"});
    if (!session) return session.error();
    if (auto asked = (*session)->expect("password:"); !asked) return asked.error();
    if (auto in = (*session)->ask(user.password, std::string(user.name) + "> "); !in) return in.error();
    return session;
}

std::string Stage::path_of(const std::string& inside) const {
    return "/proc/self/fd/" + std::to_string(built_.world.root.get()) + inside;
}

}  // namespace whodid::live
