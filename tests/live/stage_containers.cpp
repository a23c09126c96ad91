// SPDX-License-Identifier: Apache-2.0
// Containers for live tests.
#include "stage_containers.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "sensor.h"
#include "stage_accounts.h"

namespace whodid::live {

namespace {

namespace fs = std::filesystem;

constexpr const char* kBusybox = "/bin/busybox";

bool has_program(const char* name) {
    for (const char* directory : {"/usr/bin/", "/usr/sbin/"})
        if (::access((std::string(directory) + name).c_str(), X_OK) == 0) return true;
    return false;
}

bool has_cgroup_v2_alone() { return fs::exists("/sys/fs/cgroup/cgroup.controllers"); }

std::string lacking_programs(std::initializer_list<const char*> names) {
    if (::geteuid() != 0) return "containers need root";
    for (const char* name : names)
        if (!has_program(name)) return std::string("there is no ") + name + " here";
    if (!fs::exists("/sys/fs/cgroup/pids") && !has_cgroup_v2_alone()) return "no cgroups are mounted";
    return ::access(kBusybox, X_OK) == 0 ? "" : "there is no busybox here";
}

Result<RunResult> run_here(const std::vector<std::string>& argv, const RunOptions& options = {}) {
    return run_in(this_world(), argv, options);
}

}  // namespace

Result<std::unique_ptr<ContainerRoot>> ContainerRoot::create() {
    char directory[] = "/var/tmp/whodid-container-XXXXXX";
    if (!::mkdtemp(directory)) return Error::from_errno("cannot make a directory in /var/tmp");
    auto made = std::make_unique<ContainerRoot>();
    made->directory_ = directory;
    try {
        fs::permissions(directory, fs::perms(0755));
        for (const char* name : {"root/bin", "root/etc", "root/proc", "root/sys", "root/dev", "root/tmp",
                                 "root/run", "root/data", "root/vol", "volume"})
            fs::create_directories(made->directory_ + "/" + name);
        fs::copy_file(kBusybox, made->root() + "/bin/busybox");
        const std::string number = std::to_string(kAlice.uid), group = std::to_string(kAlice.gid);
        write_file(made->root() + "/etc/passwd", "root:x:0:0::/:/bin/sh\n" + std::string(kInside) +
                                                     ":x:" + number + ":" + group + "::/:/bin/sh\n");
        write_file(made->root() + "/etc/group", std::string(kInsiders) + ":x:" + group + ":\n");
        write_file(made->root() + "/data/secret", "hidden\n");
        write_file(made->volume() + "/note", "noted\n");
    } catch (const std::exception& error) {
        return Error{std::string("cannot make a container's root: ") + error.what()};
    }
    return made;
}

ContainerRoot::~ContainerRoot() {
    std::error_code none;
    fs::remove_all(directory_, none);
}

std::vector<std::string> ContainerRoot::reader() {
    return {kBusybox, "sh", "-c",
            "while :; do read x </data/secret; [ -e /vol/note ] && read y </vol/note; "
            "/bin/busybox usleep 100000; done"};
}

// ---- podman -----------------------------------------------------------------------------------------------

std::string Podman::available() {
    return lacking_programs({"podman", "conmon", has_cgroup_v2_alone() ? "crun" : "runc"});
}

Podman::~Podman() {
    while (!names_.empty()) remove(names_.back());
}

Result<RunResult> Podman::call(std::vector<std::string> arguments, const RunOptions& options) const {
    std::vector<std::string> argv = {"podman",
                                     "--runtime",
                                     has_cgroup_v2_alone() ? "crun" : "runc",
                                     "--cgroup-manager=cgroupfs",
                                     "--storage-driver=vfs",
                                     "--events-backend=none"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_here(argv, options);
}

// Its default limits are above what this process may set.
Result<std::string> Podman::run(const std::string& name, std::vector<std::string> arguments,
                                const RunOptions& options) {
    arguments.insert(arguments.begin(), {"run", "-d", "--name", name, "--network", "none", "--ulimit",
                                         "nofile=1024:1024", "--ulimit", "nproc=1024:1024"});
    names_.push_back(name);
    const auto ran = call(std::move(arguments), options);
    if (!ran) return ran.error();
    if (ran->exit_code() != 0) return Error{"podman run: " + ran->to_string()};
    return ran->out.substr(0, ran->out.find('\n'));
}

void Podman::remove(const std::string& name) {
    (void)call({"rm", "-f", "-t", "0", name});
    std::erase(names_, name);
}

// ---- containerd -------------------------------------------------------------------------------------------

// What it calls its state is where the sensor looks: another daemon's must not be touched.
std::string Containerd::available() {
    if (fs::exists("/run/containerd/containerd.sock")) return "a containerd runs here already";
    return lacking_programs({"containerd", "ctr", "runc"});
}

Result<std::unique_ptr<Containerd>> Containerd::start(const std::string& directory) {
    auto made = std::make_unique<Containerd>();
    made->socket_ = directory + "/containerd.sock";
    const std::string config = directory + "/containerd.toml";
    write_file(config, "version = 2\nroot = \"" + directory +
                           "/containerd\"\nstate = \"/run/containerd\"\n"
                           "disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"" +
                           made->socket_ + "\"\n");
    auto daemon = Child::start(this_world(), {"containerd", "-c", config, "-l", "fatal"}, {}, Stdio::kPipes);
    if (!daemon) return daemon.error();
    made->daemon_ = std::make_unique<Child>(std::move(*daemon));
    const auto end = std::chrono::steady_clock::now() + patient(milliseconds(20'000));
    while (std::chrono::steady_clock::now() < end) {
        if (const auto version = made->call({"version"}); version && version->exit_code() == 0) return made;
        std::this_thread::sleep_for(milliseconds(50));
    }
    std::string said;
    read_available(made->daemon_->err(), said);
    return Error{"containerd does not answer: " + said, ETIMEDOUT};
}

Containerd::~Containerd() {
    for (const std::string& name : names_) {
        (void)call({"task", "delete", "--force", name});
        (void)call({"container", "delete", name});
    }
    daemon_->send_signal(SIGTERM);
    (void)daemon_->wait(patient(milliseconds(20'000)));
}

Result<RunResult> Containerd::call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"ctr", "-a", socket_, "-n", "k8s.io"});
    return run_here(arguments);
}

Result<void> Containerd::run(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"run", "-d"});
    names_.push_back(name);
    const auto ran = call(std::move(arguments));
    if (!ran) return ran.error();
    if (ran->exit_code() != 0) return Error{"ctr run: " + ran->to_string()};
    return {};
}

}  // namespace whodid::live
