// SPDX-License-Identifier: Apache-2.0
// What trace shows when nobody says which kinds.
#include "filter/visibility.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <map>

#include "made_event.h"

namespace whodid {
namespace {

struct Visibility : testing::Test, test::Maker {
    std::map<std::uint32_t, std::shared_ptr<const Process>> parents;  // by pid of the child

    bool shown(const Event& e) {
        const Lineage lineage{{}, [this](const Process& p) -> std::shared_ptr<const Process> {
                                  const auto found = parents.find(p.pid);
                                  return found == parents.end() ? nullptr : found->second;
                              }};
        return shown_by_default(e, lineage);
    }
    bool read_shown(const std::string& path, const std::string& exe = "/usr/bin/cat") {
        return shown(file(REC_FILE_OPEN, path, alice(0, exe)));
    }
    bool failure_shown(std::uint16_t kind, int error, std::uint32_t flags = 0) {
        return shown(file(kind, "/x", alice(), -error, flags));
    }
};

TEST_F(Visibility, Kinds) {
    EXPECT_TRUE(shown(exec({"ls"}, alice())));
    EXPECT_TRUE(shown(exec({"x"}, alice(), -ENOENT)));
    EXPECT_FALSE(shown(event(record<rec_fork>(REC_PROCESS_FORK), alice())));
    EXPECT_FALSE(shown(event(record<rec_exit>(REC_PROCESS_EXIT), alice())));
    for (std::uint16_t kind = REC_FILE_CREATE; kind <= REC_FILE_SETXATTR; ++kind)
        EXPECT_TRUE(shown(file(kind, "/srv/x", alice()))) << kind;
    EXPECT_TRUE(shown(net(REC_NETWORK_CONNECT, alice())));
    EXPECT_TRUE(shown(net(REC_NETWORK_CONNECT, alice(), -ECONNREFUSED)));
    EXPECT_TRUE(shown(net(REC_NETWORK_ACCEPT, alice())));
    EXPECT_TRUE(shown(net(REC_NETWORK_LISTEN, alice())));
    EXPECT_FALSE(shown(net(REC_NETWORK_BIND, alice())));
    EXPECT_TRUE(shown(net(REC_NETWORK_BIND, alice(), -EACCES)));
    EXPECT_FALSE(shown(net(REC_NETWORK_SEND, alice())));
    EXPECT_FALSE(shown(net(REC_NETWORK_CLOSE, alice())));
    EXPECT_FALSE(shown(net(REC_NETWORK_DNS, alice())));
    EXPECT_TRUE(shown(event(record<rec_account>(REC_AUTH_ACCOUNT), alice(0))));
    EXPECT_TRUE(shown(event(record<rec_ptrace>(REC_PROCESS_PTRACE), alice())));
    EXPECT_TRUE(shown(event(record<rec_module>(REC_KERNEL_MODULE), alice(0))));
    EXPECT_TRUE(shown(event(record<rec_bpf>(REC_KERNEL_BPF), alice(0))));
}

TEST_F(Visibility, Reads) {
    EXPECT_FALSE(read_shown("/usr/lib/x86_64-linux-gnu/libc.so.6"));
    EXPECT_FALSE(read_shown("/etc/passwd"));
    for (const char* path : {"/etc/shadow", "/etc/sudoers", "/etc/sudoers.d/x", "/home/alice/.ssh/id_ed25519",
                             "/etc/ssh/ssh_host_rsa_key", "/root/.aws/credentials", "/proc/77/mem"})
        EXPECT_TRUE(read_shown(path)) << path;
}

TEST_F(Visibility, WatchedFilesReadByTrade) {
    EXPECT_FALSE(read_shown("/etc/shadow", "/usr/sbin/unix_chkpwd"));
    EXPECT_FALSE(read_shown("/etc/sudoers", "/usr/bin/sudo"));
    EXPECT_FALSE(read_shown("/home/alice/.ssh/id_ed25519", "/usr/bin/ssh"));
    EXPECT_TRUE(read_shown("/etc/shadow", "/usr/bin/ssh"));
    EXPECT_TRUE(read_shown("/etc/shadow", "/tmp/sudo")) << "a copy is not the program";
    EXPECT_TRUE(read_shown("/etc/shadow", "/home/alice/usr/bin/sudo"));
    auto inside = alice(0, "/usr/bin/sudo");
    inside->container = std::make_shared<Container>();
    EXPECT_TRUE(shown(file(REC_FILE_OPEN, "/etc/shadow", inside))) << "a container's sudo is anybody's";
}

TEST_F(Visibility, Writes) {
    const auto written = [&](const std::string& path, std::uint32_t mode = 0100644) {
        return shown(file(REC_FILE_OPEN, path, alice(), 0, 1, mode));
    };
    EXPECT_TRUE(written("/etc/hosts"));
    EXPECT_TRUE(written("/dev/sda", 0060660)) << "a disk";
    EXPECT_TRUE(written("/dev/shm/x"));
    EXPECT_FALSE(written("/dev/null", 0020666));
    EXPECT_FALSE(written("/dev/pts/0", 0020620));
    EXPECT_FALSE(shown(file(REC_FILE_CHOWN, "/dev/pts/0", alice(0), 0, 0, 0020620)));
    EXPECT_TRUE(shown(file(REC_FILE_CHMOD, "/dev/mem", alice(0), 0, 0, 0020640)));
}

TEST_F(Visibility, Failures) {
    EXPECT_FALSE(failure_shown(REC_FILE_OPEN, ENOENT));
    EXPECT_FALSE(failure_shown(REC_FILE_OPEN, ENOTDIR));
    EXPECT_FALSE(failure_shown(REC_FILE_OPEN, ENXIO, 2)) << "no terminal";
    EXPECT_TRUE(failure_shown(REC_FILE_OPEN, EACCES));
    EXPECT_TRUE(failure_shown(REC_FILE_OPEN, EPERM));
    EXPECT_TRUE(failure_shown(REC_FILE_OPEN, EROFS, 1));
    EXPECT_TRUE(failure_shown(REC_FILE_UNLINK, EPERM));
    EXPECT_TRUE(failure_shown(REC_FILE_RMDIR, ENOTEMPTY));
    EXPECT_FALSE(failure_shown(REC_FILE_UNLINK, ENOENT));
    EXPECT_FALSE(failure_shown(REC_FILE_MKDIR, EEXIST));
}

TEST_F(Visibility, Mounts) {
    const auto mounted = [&](std::shared_ptr<const Process> who, int flags, std::uint32_t major,
                             std::uint16_t kind = REC_FILE_MOUNT, int result = 0) {
        auto made = record<rec_mount>(kind, result);
        made->file.dev = major << 20 | 1;
        made->call_flags = static_cast<std::uint32_t>(flags);
        return shown(event(std::move(made), std::move(who)));
    };
    EXPECT_TRUE(mounted(alice(0), MS_BIND, 0));
    EXPECT_TRUE(mounted(alice(0), MNT_DETACH, 0, REC_FILE_UMOUNT));
    EXPECT_FALSE(mounted(alice(0), MS_PRIVATE | MS_REC, 0)) << "what unshare(1) begins with";
    const auto udisks = daemon("/usr/libexec/udisks2/udisksd"), systemd = daemon("/usr/lib/systemd/systemd");
    EXPECT_TRUE(mounted(udisks, 0, 8)) << "a disk that was put in";
    EXPECT_TRUE(mounted(udisks, 0, 8, REC_FILE_UMOUNT));
    EXPECT_FALSE(mounted(systemd, 0, 0)) << "a tmpfs";
    for (const int flags : {+MS_BIND, MS_REMOUNT | MS_BIND, +MS_MOVE, MS_SLAVE | MS_REC})
        EXPECT_FALSE(mounted(systemd, flags, 8)) << flags;
    EXPECT_FALSE(mounted(systemd, MNT_DETACH, 0, REC_FILE_UMOUNT));
    EXPECT_TRUE(mounted(systemd, 0, 0, REC_FILE_MOUNT, -EPERM));
    EXPECT_FALSE(shown(file(REC_FILE_MAP, "/usr/lib/libc.so.6", alice())));
}

TEST_F(Visibility, LibrarySockets) {
    EXPECT_FALSE(shown(unix_socket("/var/run/nscd/socket", alice(), -ENOENT)));
    EXPECT_FALSE(shown(unix_socket("/dev/log", alice())));
    EXPECT_FALSE(shown(unix_socket("/run/systemd/userdb/io.systemd.DynamicUser", alice())));
    EXPECT_TRUE(shown(unix_socket("/run/docker.sock", alice())));
    EXPECT_TRUE(shown(unix_socket("/run/x.sock", alice(), -EACCES)));
    EXPECT_FALSE(shown(net(REC_NETWORK_CONNECT, alice(), 0, 53, IPPROTO_UDP)));
    EXPECT_TRUE(shown(net(REC_NETWORK_CONNECT, alice(), 0, 53, IPPROTO_TCP)));
    EXPECT_TRUE(shown(net(REC_NETWORK_CONNECT, alice(), 0, 443, IPPROTO_UDP)));
}

TEST_F(Visibility, SshdsOwnProcesses) {
    for (const char* exe :
         {"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/lib/openssh/sshd-auth"}) {
        EXPECT_FALSE(shown(exec({"sshd", "-R"}, daemon(exe)))) << exe;
        EXPECT_FALSE(shown(net(REC_NETWORK_ACCEPT, daemon(exe)))) << exe;
        EXPECT_FALSE(shown(file(REC_FILE_OPEN, "/var/log/wtmp", alice(0, exe), 0, 1))) << exe;
        // As the user: sftp, a forwarded port.
        EXPECT_TRUE(shown(file(REC_FILE_CREATE, "/home/alice/x", alice(1004, exe)))) << exe;
        EXPECT_TRUE(shown(net(REC_NETWORK_CONNECT, alice(1004, exe)))) << exe;
    }
    EXPECT_TRUE(shown(exec({"x"}, daemon("/tmp/sshd")))) << "a copy is not the program";
    EXPECT_TRUE(shown(exec({"x"}, daemon("/usr/bin/bash"))));
}

TEST_F(Visibility, WhatPreparesALogin) {
    auto motd = alice(0, "/usr/bin/run-parts");
    motd->pid = 50;
    parents[50] = alice(0, "/usr/sbin/sshd");
    EXPECT_FALSE(shown(exec({"run-parts"}, motd)));
    // The same below the person's own shell: root by sudo.
    parents[50] = alice(1004);
    EXPECT_TRUE(shown(exec({"run-parts"}, motd)));
    parents.clear();
    EXPECT_TRUE(shown(exec({"run-parts"}, motd))) << "what is not known hides nothing";
}

TEST_F(Visibility, LoginsAreSaidOnce) {
    const auto attempt = [&](const char* service, int result) {
        return shown(auth({.service = service, .result = result}, alice()));
    };
    for (const char* service : {"sshd", "login", "cron", "systemd-user"}) {
        EXPECT_FALSE(attempt(service, 0)) << service;
        EXPECT_TRUE(attempt(service, -EACCES)) << service;
    }
    for (const char* service : {"sudo", "su", "su-l", "polkit-1", "passwd"}) {
        EXPECT_TRUE(attempt(service, 0)) << service;
        EXPECT_TRUE(attempt(service, -EACCES)) << service;
    }
    for (std::uint16_t kind : {REC_SESSION_START, REC_SESSION_END}) {
        EXPECT_TRUE(shown(session_event(kind, "sshd", alice())));
        EXPECT_TRUE(shown(session_event(kind, "login", alice())));
        EXPECT_FALSE(shown(session_event(kind, "cron", alice())));
        EXPECT_FALSE(shown(session_event(kind, "systemd-user", alice())));
    }
}

TEST_F(Visibility, IdentityChanges) {
    EXPECT_FALSE(shown(identity("sudo", alice(0, "/usr/bin/sudo"))));
    EXPECT_FALSE(shown(identity("setuid-exec", alice(0, "/usr/bin/su"))));
    EXPECT_FALSE(shown(identity("sshd", alice(0, "/usr/sbin/sshd"))));
    EXPECT_TRUE(shown(identity("sudo", alice(0, "/tmp/sudo")))) << "a copy is not the program";
    EXPECT_TRUE(shown(identity("setuid-exec", alice(0, "/usr/bin/passwd"))));
    EXPECT_TRUE(shown(identity("setuid", alice(0, "/usr/bin/python3.11"))));
}

}  // namespace
}  // namespace whodid
