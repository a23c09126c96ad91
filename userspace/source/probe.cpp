// SPDX-License-Identifier: Apache-2.0
// What this kernel and these rights offer, found out by trying.
#include "source/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <initializer_list>

#include "base/fd.h"
#include "base/host.h"

namespace whodid {

namespace {

bool readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::uint64_t effective_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) return 0;
    return data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32;
}

bool has_capability(int number) { return effective_capabilities() >> number & 1; }

bool loads(bpf_prog_type type, std::initializer_list<bpf_insn> code) {
    const std::vector<bpf_insn> insns(code);
    bpf_prog_load_opts opts{};
    opts.sz = sizeof opts;
    return Fd(bpf_prog_load(type, "whodid_probe", "GPL", insns.data(), insns.size(), &opts)).valid();
}

constexpr bpf_insn kReturnZero[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};

/// A program that counts its runs, loaded to be attached to a kernel function by name.
class Counter {
public:
    Counter(bpf_prog_type type, bpf_attach_type attach, const char* name) {
        bpf_map_create_opts map_options{};
        map_options.sz = sizeof map_options;
        map_ = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "whodid_probe", 4, 8, 1, &map_options));
        const int id = libbpf_find_vmlinux_btf_id(name, attach);
        if (!map_.valid() || id < 0) return;
        // r1 = &map[0]; r2 = 1; lock *(u64*)r1 += r2; r0 = 0; exit
        constexpr std::uint8_t kLoad64 = 0x18;  // BPF_LD | BPF_DW | BPF_IMM
        const bpf_insn code[] = {{kLoad64, 1, BPF_PSEUDO_MAP_VALUE, 0, map_.get()},
                                 {0, 0, 0, 0, 0},
                                 {BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 1},
                                 {BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD},
                                 kReturnZero[0],
                                 kReturnZero[1]};
        bpf_prog_load_opts options{};
        options.sz = sizeof options;
        options.expected_attach_type = attach;
        options.attach_btf_id = static_cast<std::uint32_t>(id);
        program_ = Fd(bpf_prog_load(type, "whodid_probe", "GPL", code, std::size(code), &options));
        if (program_.valid()) link_ = Fd(bpf_raw_tracepoint_open(nullptr, program_.get()));
    }

    bool attached() const { return link_.valid(); }
    std::uint64_t runs() const {
        const std::uint32_t zero = 0;
        std::uint64_t value = 0;
        return bpf_map_lookup_elem(map_.get(), &zero, &value) == 0 ? value : 0;
    }

private:
    Fd map_, program_, link_;
};

/// Attaching proves nothing: behind the security hooks nobody calls where `lsm=` at boot lacks bpf.
bool is_hit_by_getpgid(bpf_prog_type type, bpf_attach_type attach, const char* name) {
    const Counter counter(type, attach, name);
    return counter.attached() && ::getpgid(::getpid()) >= 0 && counter.runs() > 0;
}

/// Full or lazy preemption, by build, boot or switch. Debian's kernels are built to choose at boot.
bool preempts() {
    utsname name{};
    ::uname(&name);
    const std::string version = name.version;
    if (version.find("PREEMPT_RT") != std::string::npos) return true;
    if (version.find("PREEMPT_DYNAMIC") == std::string::npos)
        return version.find("PREEMPT") != std::string::npos;
    const std::string now = first_line("/sys/kernel/debug/sched/preempt");  // "none voluntary (full)"
    if (!now.empty())
        return now.find("(full)") != std::string::npos || now.find("(lazy)") != std::string::npos;
    const std::string boot = first_line("/proc/cmdline");
    return boot.find("preempt=full") != std::string::npos || boot.find("preempt=lazy") != std::string::npos;
}

Finding capabilities() {
    const bool admin = has_capability(CAP_SYS_ADMIN);
    const bool bpf = admin || has_capability(39 /* CAP_BPF */);
    const bool perfmon = admin || has_capability(38 /* CAP_PERFMON */);
    if (bpf && perfmon) return {"rights", true, true, "CAP_BPF and CAP_PERFMON"};
    return {"rights", false, true,
            fmt::format("{}{}{} missing: run it as root (sudo whodid …), or grant it with setcap",
                        bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON")};
}

Finding btf() {
    if (readable("/sys/kernel/btf/vmlinux")) return {"BTF", true, true, "/sys/kernel/btf/vmlinux"};
    return {"BTF", false, true,
            "/sys/kernel/btf/vmlinux missing: needs a kernel with CONFIG_DEBUG_INFO_BTF (Debian 11 and "
            "later), and "
            "/sys mounted"};
}

Finding tracefs() {
    const std::string path = tracefs_path();
    if (!path.empty()) return {"tracefs", true, true, path};
    if (has_capability(CAP_SYS_ADMIN)) return {"tracefs", true, true, "not mounted: whodid mounts its own"};
    return {"tracefs", false, true, "missing: mount -t tracefs tracefs /sys/kernel/tracing"};
}

Finding programs() {
    if (loads(BPF_PROG_TYPE_RAW_TRACEPOINT, {kReturnZero[0], kReturnZero[1]}))
        return {"BPF programs", true, true, "load"};
    const int code = errno;
    return {"BPF programs", false, true,
            fmt::format("the kernel refuses them: {} (a container's seccomp profile? lockdown?)",
                        strerror(code))};
}

Finding ring_buffer() {
    bpf_map_create_opts opts{};
    opts.sz = sizeof opts;
    Fd map(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "whodid_probe", 0, 0,
                          static_cast<std::uint32_t>(::getpagesize()), &opts));
    if (map.valid()) return {"ring buffer", true, true, "works"};
    return {"ring buffer", false, true,
            fmt::format("refused: {}; needs Linux 5.8 or newer", strerror(errno))};
}

Finding atomics() {
    return has_compare_and_swap()
               ? Finding{"BPF atomics", true, false, "compare and swap"}
               : Finding{"BPF atomics", false, false, "none before 5.12: plain slots are used"};
}

Finding audit() {
    const std::string loginuid = first_line("/proc/self/loginuid");
    if (!loginuid.empty())
        return {"login uid", true, false,
                fmt::format("kept by the kernel ({} here)", loginuid == "4294967295" ? "unset" : loginuid)};
    return {"login uid", false, false, "this kernel keeps none (CONFIG_AUDIT): users are inferred"};
}

/// The kernel side numbers processes as the initial pid namespace does (PROC_PID_INIT_INO in
/// linux/proc_ns.h): to look them up in the /proc of another one would find other processes.
Finding processes() {
    const LiveHost host;
    const bool initial = host.link("/proc/self/ns/pid") == "pid:[4026531836]";
    if (initial && host.link("/proc/self") == fmt::format("{}", ::getpid()))
        return {"processes", true, false, "/proc has the numbers of the initial pid namespace"};
    return {
        "processes", false, false,
        fmt::format("{}: the origin of logins older than whodid stays unknown, and its own acts are told; "
                    "run it in the host's pid namespace (--pid=host), with its /proc",
                    initial ? "/proc is another pid namespace's" : "in a pid namespace of its own")};
}

Finding functions() {
    const Offers offers = probe_offers();
    if (!offers.fexit)
        return {
            "fexit", false, false,
            "refused (lockdown? CONFIG_FUNCTION_TRACER?): system calls are seen by their tracepoints, 32-bit "
            "ones not at all"};
    if (offers.preempts)
        return {"fexit", true, false,
                "works; tracepoints are used, which a preempted program does not blind"};
    return {"fexit", true, false, "works"};
}

Finding lockdown() {
    const std::string modes = first_line("/sys/kernel/security/lockdown");
    const std::string shown = modes.empty() ? "not known (securityfs is not mounted)" : modes;
    return {"lockdown", true, false, shown};
}

}  // namespace

std::string tracefs_path() {
    for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
        if (readable(std::string(path) + "/events/syscalls")) return path;
    return {};
}

Result<void> ensure_tracefs() {
    if (!tracefs_path().empty()) return {};
    const auto cannot = [](const char* what) {
        return Error{fmt::format("tracefs is not mounted, and cannot be: {}: {}; mount -t tracefs tracefs "
                                 "/sys/kernel/tracing",
                                 what, std::strerror(errno)),
                     EOPNOTSUPP};
    };
    // In a namespace of our own: the host stays as it was. In a chroot / is no mount, but /sys mostly is.
    if (::unshare(CLONE_NEWNS) != 0) return cannot("unshare");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0 &&
        ::mount(nullptr, "/sys", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        return cannot("make /sys a slave");
    if (::mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr) != 0) return cannot("mount");
    if (tracefs_path().empty())
        return Error{"tracefs has no events/syscalls: needs a kernel with CONFIG_FTRACE_SYSCALLS",
                     EOPNOTSUPP};
    return {};
}

bool has_compare_and_swap() {
    // r0 = 0; *(u64*)(r10 - 8) = r0; r1 = 1; cmpxchg(r10 - 8, r0, r1); r0 = 0; exit
    return loads(BPF_PROG_TYPE_RAW_TRACEPOINT, {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                                {BPF_STX | BPF_MEM | BPF_DW, 10, 0, -8, 0},
                                                {BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1},
                                                {BPF_STX | BPF_ATOMIC | BPF_DW, 10, 1, -8, BPF_CMPXCHG},
                                                kReturnZero[0],
                                                kReturnZero[1]});
}

Offers probe_offers() {
#if defined(__aarch64__)
    constexpr const char* kGetpgid = "__arm64_sys_getpgid";
#else
    constexpr const char* kGetpgid = "__x64_sys_getpgid";
#endif
    static const Offers kOffers = {is_hit_by_getpgid(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, kGetpgid),
                                   is_hit_by_getpgid(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "task_getpgid"),
                                   preempts()};
    return kOffers;
}

std::vector<Finding> probe_kernel() {
    utsname name{};
    ::uname(&name);
    return {{"kernel", true, false, fmt::format("{} {}", name.release, name.machine)},
            capabilities(),
            btf(),
            tracefs(),
            programs(),
            ring_buffer(),
            atomics(),
            audit(),
            processes(),
            functions(),
            lockdown()};
}

Result<void> require_kernel() {
    for (const Finding& finding : probe_kernel()) {
        if (finding.ok || !finding.required) continue;
        // A kernel before 5.8 does not know the right, nor the rest of what is needed.
        const bool rights = finding.what == "rights" && ::prctl(PR_CAPBSET_READ, 39 /* CAP_BPF */) >= 0;
        return Error{finding.what + ": " + finding.detail, rights ? EPERM : EOPNOTSUPP};
    }
    return {};
}

}  // namespace whodid
