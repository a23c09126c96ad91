// SPDX-License-Identifier: Apache-2.0
// Backend: which of the kernel side's programs are put in place on this kernel, and why the others are not.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace whodid {

/// What this kernel takes and runs besides tracepoint programs, found out by trying (probe.h).
struct Offers {
    bool fexit = false;  // programs at the end of a kernel function
    bool lsm = false;    // programs behind the security hooks
    /// A program may lose the CPU in the middle. Another task that comes by then is not seen by a fexit
    /// program, which the kernel never nests; tracepoint programs keep the CPU.
    bool preempts = false;
    bool pam = false;  // uprobes in libpam are asked for
};

/// One program of the kernel side.
struct Hook {
    std::string program;  // on_openat
    std::string where;    // tp/syscalls/sys_exit_openat
    std::string absent;   // why it is not put in place; empty when it is
    bool spare = false;   // absent, and not missed: another one does the same, or there is nothing to see
    bool compat = false;  // for system calls made the 32-bit way
};

/// Whether something is not seen for want of this hook. 32-bit calls are one fact, not one for each call: see
/// misses_compat.
inline bool is_missed(const Hook& hook) { return !hook.absent.empty() && !hook.spare && !hook.compat; }

/// Whether this kernel has 32-bit calls that are not seen.
bool misses_compat(const std::vector<Hook>& hooks);

/// Whether it is in a library of user space.
inline bool is_uprobe(const Hook& hook) {
    return hook.where.starts_with("uprobe/") || hook.where.starts_with("uretprobe/");
}

/// Whether it tells the object of a call, and not the call.
bool is_object_hook(const Hook& hook);

/// Whether messages to audit are told by the security hook, whatever call sends them, and not by the calls.
bool has_audit_hook(const std::vector<Hook>& hooks);

/// Whether changes of files tell the objects that the kernel changed, and not only what the process named.
bool has_objects(const std::vector<Hook>& hooks);

/// Whether system calls are seen by the functions behind them, in place of tracepoints.
bool is_full(const std::vector<Hook>& hooks);

/// The running kernel, asked by name.
struct KernelPlaces {
    std::function<bool(const std::string&)> tracepoint;      // "syscalls/sys_exit_openat"
    std::function<bool(const std::string&)> btf_tracepoint;  // "sched_process_exec"
    std::function<bool(const std::string&)> function;        // "__x64_sys_openat"
};

/// Sets `absent` and `spare` of each hook, and `where` of 32-bit calls, whose functions have one of two
/// names. `refused`: programs that this kernel was found not to take after all; what stands in for them is
/// chosen.
void choose_hooks(std::vector<Hook>& hooks, const Offers& offers, const KernelPlaces& kernel,
                  const std::set<std::string>& refused);

}  // namespace whodid
