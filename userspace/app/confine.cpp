// SPDX-License-Identifier: Apache-2.0
// A seccomp filter: what is refused. seccomp(2), the kernel's Documentation/userspace-api/seccomp_filter.rst
#include "app/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

namespace whodid {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kX32 = 0x40000000;  // the bit of x86-64's calls with 32-bit pointers

constexpr int kNobodys[] = {SYS_execve,
                            SYS_execveat,
                            SYS_ptrace,
                            SYS_process_vm_readv,
                            SYS_process_vm_writev,
                            SYS_mount,
                            SYS_umount2,
                            SYS_pivot_root,
                            SYS_chroot,
                            SYS_setns,
                            SYS_unshare,
                            SYS_init_module,
                            SYS_finit_module,
                            SYS_delete_module,
                            SYS_kexec_load,
                            SYS_kexec_file_load,
                            SYS_reboot,
                            SYS_swapon,
                            SYS_swapoff,
                            SYS_acct,
                            SYS_settimeofday,
                            SYS_clock_settime,
                            SYS_adjtimex,
                            SYS_clock_adjtime,
                            SYS_sethostname,
                            SYS_setdomainname,
                            SYS_add_key,
                            SYS_request_key,
                            SYS_keyctl,
                            SYS_userfaultfd,
                            SYS_personality,
                            SYS_open_by_handle_at,
                            SYS_setuid,
                            SYS_setgid,
                            SYS_setreuid,
                            SYS_setregid,
                            SYS_setresuid,
                            SYS_setresgid,
                            SYS_setgroups,
                            SYS_io_uring_setup,
                            SYS_quotactl,
                            SYS_syslog,
                            SYS_vhangup,
                            SYS_move_mount,
                            SYS_open_tree,
                            SYS_fsopen,
                            SYS_fsmount,
                            SYS_fsconfig};

constexpr int kNoWorkers[] = {
    SYS_perf_event_open,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
};

constexpr int kWorkersFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/// A program that goes through its tests in order; the last instruction allows.
class FilterProgram {
public:
    FilterProgram() {
        load(offsetof(seccomp_data, arch));
        add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
        end(SECCOMP_RET_KILL_PROCESS);
        load(offsetof(seccomp_data, nr));
        add(BPF_JMP | BPF_JSET | BPF_K, kX32, 0, 1);
        refuse(EPERM);
    }

    void refuse_call(int number) {
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
        refuse(EPERM);
    }
    /// As if the kernel did not know it: callers then make the older call.
    void hide_call(int number) {
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
        refuse(ENOSYS);
    }
    /// clone(2) for a process; its flags are its first argument on both architectures.
    void refuse_processes() {
        add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
        load(offsetof(seccomp_data, args));
        add(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
        refuse(EPERM);
        load(offsetof(seccomp_data, nr));
    }
    template <std::size_t N>
    void refuse_other_families(const int (&families)[N]) {
        add(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, static_cast<std::uint8_t>(N + 3));
        load(offsetof(seccomp_data, args));
        for (std::size_t i = 0; i < N; ++i)
            add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(families[i]),
                static_cast<std::uint8_t>(N - i), 0);
        refuse(EAFNOSUPPORT);
        load(offsetof(seccomp_data, nr));
    }

    Result<void> install() {
        end(SECCOMP_RET_ALLOW);
        sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
            return Error::from_errno("cannot give up system calls (seccomp)");
        return {};
    }

private:
    void add(int code, std::uint32_t k, std::uint8_t if_true = 0, std::uint8_t if_false = 0) {
        code_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, k});
    }
    void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
    void end(std::uint32_t what) { add(BPF_RET | BPF_K, what); }
    void refuse(int error) { end(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)); }

    std::vector<sock_filter> code_;
};

}  // namespace

Result<void> confine(Role role) {
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Error::from_errno("cannot give up core dumps");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error::from_errno("cannot give up new privileges");
    FilterProgram program;
    for (const int call : kNobodys) program.refuse_call(call);
    if (role == Role::kWorker) {
        for (const int call : kNoWorkers) program.refuse_call(call);
        program.hide_call(SYS_clone3);  // its flags lie in memory, where a filter cannot look
        program.refuse_processes();
        program.refuse_other_families(kWorkersFamilies);
    }
    return program.install();
}

}  // namespace whodid
