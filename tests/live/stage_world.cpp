// SPDX-License-Identifier: Apache-2.0
#include "stage_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "stage_accounts.h"

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

// What the builder tells; the descriptors come along.
struct Report {
    uint16_t port;
    char problem[2048];
};
constexpr size_t kMostHandles = 4;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int check(int returned, const std::string& what) {
    if (returned < 0) fail(what);
    return returned;
}

Fd open_at(const std::string& path, int flags) {
    return Fd(check(open(path.c_str(), flags | O_CLOEXEC), "open " + path));
}

// ---- namespaces ------------------------------------------------------------------------------------
void enter_network_namespace() {
    check(unshare(CLONE_NEWNET), "unshare the network namespace");
    Fd any(check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "make a socket"));
    ifreq loopback{};
    loopback.ifr_name[0] = 'l', loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    check(ioctl(any.get(), SIOCSIFFLAGS, &loopback), "bring lo up");
}

// A read-only clone of the tree below "/" becomes the root of a new mount namespace.
void enter_mount_namespace() {
    check(unshare(CLONE_NEWNS), "unshare the mount namespace");
    Fd seen_root = open_at("/", O_PATH | O_DIRECTORY);
    // In a chroot "/" is no mount, and cannot be pivoted from. Entering the namespace anew leads to its root.
    check(setns(open_at("/proc/self/ns/mnt", O_RDONLY).get(), CLONE_NEWNS),
          "go to the root of the mount namespace");
    check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make all mounts private");

    Fd tree(check(
        open_tree(seen_root.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH),
        "clone the tree of mounts"));
    mount_attr read_only{.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    check(mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only),
          "make the tree read-only");
    check(move_mount(tree.get(), "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH), "attach the tree at /tmp");
    check(chdir("/tmp"), "enter the tree");
    // Stacks the old root on the new one, and takes it away: pivot_root(2).
    check(static_cast<int>(syscall(SYS_pivot_root, ".", ".")), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the machine's root");
    check(chdir("/"), "enter the new root");
}

// ---- private directories ---------------------------------------------------------------------------
void mount_memory(const std::string& path, const std::string& mode) {
    check(mount("stage", path.c_str(), "tmpfs", MS_NODEV, ("mode=" + mode).c_str()),
          "mount a tmpfs on " + path);
}

void make_directory(const std::string& path, mode_t mode) {
    check(mkdir(path.c_str(), mode), "make " + path);
}

void fill_etc() {
    // Opened before it is covered, and inherited by cp.
    Fd original(check(open("/etc", O_RDONLY | O_DIRECTORY), "open /etc"));
    mount_memory("/etc", "755");
    run_tool({"/bin/cp", "-a", "/proc/self/fd/" + std::to_string(original.get()) + "/.", "/etc"});
}

void fill_dev() {
    check(mount("stage", "/dev", "tmpfs", MS_NOSUID, "mode=755"), "mount a tmpfs on /dev");
    struct Node {
        const char* path;
        unsigned minor;
        unsigned major = 1;
    };
    for (Node node : {Node{"/dev/null", 3},
                      {"/dev/zero", 5},
                      {"/dev/full", 7},
                      {"/dev/random", 8},
                      {"/dev/urandom", 9},
                      {"/dev/tty", 0, 5}})
        check(mknod(node.path, S_IFCHR | 0666, makedev(node.major, node.minor)),
              std::string("make ") + node.path);
    for (auto [path, target] : {std::pair{"/dev/fd", "/proc/self/fd"},
                                {"/dev/stdin", "/proc/self/fd/0"},
                                {"/dev/stdout", "/proc/self/fd/1"},
                                {"/dev/stderr", "/proc/self/fd/2"},
                                {"/dev/ptmx", "pts/ptmx"}})
        check(symlink(target, path), std::string("link ") + path);
    make_directory("/dev/pts", 0755);
    make_directory("/dev/shm", 01777);
    mount_memory("/dev/shm", "1777");
    // An instance of its own: the machine's terminals are out of reach, and the numbers start at 0.
    std::string options = "newinstance,ptmxmode=0666,mode=620,gid=" + std::to_string(group_id("tty"));
    check(mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options.c_str()), "mount devpts");
}

void make_login_record(const std::string& path, mode_t mode) {
    write_file(path, "", mode);
    check(chown(path.c_str(), 0, group_id("utmp")), "give " + path + " to utmp");
}

void fill_run_and_log() {
    mount_memory("/run", "755");
    make_directory("/run/sshd", 0755);
    make_directory("/run/lock", 01777);
    mount_memory("/var/log", "755");
    make_login_record("/run/utmp", 0664);
    for (const char* path : {"/var/log/wtmp", "/var/log/lastlog"}) make_login_record(path, 0664);
    make_login_record("/var/log/btmp", 0660);
}

// Nobody's jobs: the machine's are not to run here.
void fill_job_queues() {
    const std::string spool = "/var/spool/cron", counter = spool + "/atjobs/.SEQ";
    fs::remove("/etc/crontab");
    fs::remove_all("/etc/cron.d");
    if (!fs::exists(spool)) return;
    std::map<std::string, struct stat> queues;
    for (const auto& entry : fs::directory_iterator(spool))
        check(stat(entry.path().c_str(), &queues[entry.path()]), "stat " + entry.path().string());
    struct stat of_at;
    if (stat(counter.c_str(), &of_at) == 0) queues[counter] = of_at;
    mount_memory(spool, "755");
    for (const auto& [path, original] : queues) {  // a directory comes before what is in it
        if (S_ISDIR(original.st_mode))
            make_directory(path, 0755);
        else
            write_file(path, "0\n");
        check(chown(path.c_str(), original.st_uid, original.st_gid), "give " + path + " its owner");
        check(chmod(path.c_str(), original.st_mode & 07777), "give " + path + " its mode");
    }
}

void copy_deeds(const Fd& from) {
    make_directory(kDeedsDir, 0755);
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd/" + std::to_string(from.get()))) {
        if (!entry.is_regular_file() || access(entry.path().c_str(), X_OK) < 0) continue;
        bool is_suid = entry.path().filename() == "suid_probe";
        write_file(std::string(kDeedsDir) + "/" + entry.path().filename().string(), read_file(entry.path()),
                   is_suid ? 04755 : 0755);
        count++;
    }
    if (!count)
        throw std::runtime_error("there are no deeds to copy: build them first (make build/deeds/NAME)");
}

void fill_world(const WorldPlan& plan, const Fd& deeds) {
    umask(0);
    check(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "mount /proc");
    fill_etc();
    for (const char* path : {"/home", "/srv"}) mount_memory(path, "755");
    for (const char* path : {"/tmp", "/var/tmp"}) mount_memory(path, "1777");
    mount_memory("/root", "700");
    if (fs::exists("/var/lib/sudo")) mount_memory("/var/lib/sudo", "700");
    fill_dev();
    fill_run_and_log();
    fill_job_queues();
    if (!plan.deeds_dir.empty()) copy_deeds(deeds);
}

// ---- handing over ----------------------------------------------------------------------------------
Fd bind_log() {
    Fd socket(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "make a socket"));
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int yes = 1;
    check(bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), "bind /dev/log");
    check(chmod(name.sun_path, 0666), "open /dev/log to all");
    check(setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes),
          "ask for credentials at /dev/log");
    return socket;
}

uint16_t find_port() {
    Fd socket(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "make a socket"));
    sockaddr_in name{};
    socklen_t size = sizeof name;
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(socket.get(), reinterpret_cast<sockaddr*>(&name), size), "bind a port of 127.0.0.1");
    check(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
    return ntohs(name.sin_port);
}

void send_report(int to, const Report& report, const std::vector<int>& handles) {
    alignas(cmsghdr) char control[CMSG_SPACE(kMostHandles * sizeof(int))] = {};
    iovec part{const_cast<Report*>(&report), sizeof report};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!handles.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(handles.size() * sizeof(int));
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(handles.size() * sizeof(int));
        std::memcpy(CMSG_DATA(head), handles.data(), handles.size() * sizeof(int));
    }
    sendmsg(to, &message, 0);
}

Result<Report> receive_report(int from, std::vector<Fd>& handles) {
    alignas(cmsghdr) char control[CMSG_SPACE(kMostHandles * sizeof(int))];
    Report report{};
    iovec part{&report, sizeof report};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    pollfd told{.fd = from, .events = POLLIN, .revents = 0};
    const milliseconds limit = patient(milliseconds(60'000));
    if (poll(&told, 1, static_cast<int>(limit.count())) == 0)
        return Error{"building the stage took more than " + std::to_string(limit.count()) + " ms", ETIMEDOUT};
    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != sizeof report)
        return Error{"the process that builds the stage ended without a word"};
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        for (size_t i = 0; i < (head->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            handles.emplace_back(fd);
        }
    }
    return report;
}

void build_and_report(const WorldPlan& plan, int to) {
    Report report{};
    try {
        Fd deeds;
        if (!plan.deeds_dir.empty()) deeds = open_at(plan.deeds_dir, O_RDONLY | O_DIRECTORY);
        if (plan.own_network) enter_network_namespace();
        enter_mount_namespace();
        fill_world(plan, deeds);
        Fd log = bind_log();
        report.port = find_port();
        write_accounts();
        write_sudoers();
        adapt_pam();
        write_ssh_setup(report.port);
        Fd mounts = open_at("/proc/self/ns/mnt", O_RDONLY), network = open_at("/proc/self/ns/net", O_RDONLY);
        Fd root = open_at("/", O_PATH | O_DIRECTORY);
        send_report(to, report, {mounts.get(), network.get(), root.get(), log.get()});
    } catch (const std::exception& error) {
        snprintf(report.problem, sizeof report.problem, "%s", error.what());
        send_report(to, report, {});
    }
}

}  // namespace

Result<BuiltWorld> build_world(const WorldPlan& plan) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return Error::from_errno("make a socket pair");
    Fd ours(ends[0]), theirs(ends[1]);
    pid_t builder = fork();
    if (builder < 0) return Error::from_errno("fork");
    if (builder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        build_and_report(plan, theirs.get());
        _exit(0);
    }
    theirs.reset();
    std::vector<Fd> handles;
    auto report = receive_report(ours.get(), handles);
    kill(builder, SIGKILL);
    waitpid(builder, nullptr, 0);
    if (!report) return report.error();
    if (report->problem[0]) return Error{std::string("cannot build the stage: ") + report->problem};
    if (handles.size() != kMostHandles) return Error{"cannot build the stage: handles got lost"};

    BuiltWorld built;
    built.world.mounts = std::move(handles[0]);
    if (plan.own_network) built.world.network = std::move(handles[1]);
    built.world.root = std::move(handles[2]);
    built.log = std::move(handles[3]);
    built.port = report->port;
    return built;
}

}  // namespace whodid::live
