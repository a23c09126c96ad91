// SPDX-License-Identifier: Apache-2.0
// Which programs are put in place.
#include "source/backend.h"

#include <algorithm>
#include <map>

#include "source/hooks.h"

namespace whodid {

namespace {

constexpr std::string_view kFexit = "fexit/", kFentry = "fentry/", kCalls = "tp/syscalls/", kLsm = "lsm/",
                           kSecurity = "fexit/security_";
constexpr std::string_view kAuditHook = "on_netlink_send";

/// Where an architecture serves 32-bit calls: by a function that is like the 64-bit one's or is that one, or,
/// of the calls whose arguments need it, by one of their own.
struct CompatNames {
    std::string_view usual, own;
    bool shared;  // the usual one serves 64-bit calls too: that it is there says nothing
};
constexpr CompatNames kX86{"fexit/__ia32_sys_", "fexit/__ia32_compat_sys_", false};
constexpr CompatNames kArm64{"fexit/__arm64_sys_", "fexit/__arm64_compat_sys_", true};

std::string behind(const std::string& where, std::string_view prefix) { return where.substr(prefix.size()); }

void leave_out(Hook& hook, std::string why, bool spare) {
    hook.absent = std::move(why);
    hook.spare = spare;
}

bool is_security_hook(const Hook& hook) {
    return hook.where.starts_with(kLsm) || hook.where.starts_with(kSecurity);
}

class Chooser {
public:
    Chooser(const Offers& offers, const KernelPlaces& kernel, const std::set<std::string>& refused)
        : offers_(offers), kernel_(kernel), refused_(refused) {}

    void choose(Hook& hook) const {
        hook.compat = hook.program.starts_with("compat_");
        if (refused_.contains(hook.program))
            leave_out(hook, "this kernel refuses it", false);
        else if (hook.compat)
            choose_compat(hook);
        else if (is_security_hook(hook))
            choose_security(hook);
        else if (hook.where.starts_with(kFexit) || hook.where.starts_with(kFentry))
            choose_function(hook);
        else if (hook.where.starts_with("tp_btf/"))
            choose_tracepoint(hook, kernel_.btf_tracepoint(behind(hook.where, "tp_btf/")));
        else if (is_uprobe(hook) && !offers_.pam)
            leave_out(hook, "not asked for (--pam-uprobes)", true);
        else if (hook.where.starts_with("tp/"))
            choose_tracepoint(hook, kernel_.tracepoint(behind(hook.where, "tp/")));
    }

private:
    /// Where a kernel has no tracepoint of a system call it has no such call; nor modules, without theirs.
    static void choose_tracepoint(Hook& hook, bool exists) {
        const bool nothing_to_see = hook.where.starts_with(kCalls) || hook.where == "tp_btf/module_load";
        if (!exists) leave_out(hook, "no such tracepoint in this kernel", nothing_to_see);
    }

    void choose_function(Hook& hook) const {
        if (!kernel_.function(hook.where.substr(hook.where.find('/') + 1)))
            leave_out(hook, "no such function in this kernel", true);
        else if (!offers_.fexit)
            leave_out(hook, "this kernel refuses fexit programs", true);
        else if (offers_.preempts)
            leave_out(hook, "this kernel would skip it when preempted", true);
    }

    /// Objects make events truer, and are missed as a whole or not at all: see has_objects. What is told to
    /// audit is worth more than that: where a program may be skipped the calls tell it.
    void choose_security(Hook& hook) const {
        const bool lsm = hook.where.starts_with(kLsm);
        const std::string function = lsm ? "bpf_lsm_" + behind(hook.where, kLsm) : behind(hook.where, kFexit);
        if (!kernel_.function(function))
            leave_out(hook, "no such function in this kernel", true);
        else if (!(lsm ? offers_.lsm : offers_.fexit))
            leave_out(hook,
                      lsm ? "bpf is not among this kernel's security modules"
                          : "this kernel refuses fexit programs",
                      true);
        else if (!lsm && offers_.preempts && act_of(hook.program) == kAuditHook)
            leave_out(hook, "this kernel would skip it when preempted", true);
    }

    void choose_compat(Hook& hook) const {
        const CompatNames& names = hook.where.starts_with(kArm64.usual) ? kArm64 : kX86;
        const auto has_own = [&](const std::string& call) {
            return kernel_.function(behind(std::string(names.own) + call, kFexit));
        };
        const std::string call = behind(hook.where, names.usual);
        if (has_own(call)) hook.where = std::string(names.own) + call;
        if (!kernel_.function(behind(hook.where, kFexit)))
            leave_out(hook, "no such function in this kernel", true);
        else if (names.shared && !has_own("execve"))
            leave_out(hook, "this kernel has no 32-bit calls", true);
        else if (!offers_.fexit)
            leave_out(hook, "this kernel refuses fexit programs", false);
    }

    const Offers& offers_;
    const KernelPlaces& kernel_;
    const std::set<std::string>& refused_;
};

/// Of programs that do the same act the one at the security hook is best, then that at the function.
int rank(const Hook& hook) {
    return hook.program.starts_with("lsm_") ? 0 : hook.program.starts_with("fexit_") ? 1 : 2;
}

/// Of each act the best that this kernel takes stays; the others are spare, whatever keeps them from it.
void leave_out_doubles(std::vector<Hook>& hooks) {
    std::map<std::string, const Hook*> best;
    for (const Hook& hook : hooks) {
        if (hook.compat || !hook.absent.empty()) continue;
        const Hook*& so_far = best[act_of(hook.program)];
        if (!so_far || rank(hook) < rank(*so_far)) so_far = &hook;
    }
    for (Hook& hook : hooks) {
        const HookUse* use = find_hook_use(hook.program);
        if (const auto found = best.find(std::string(use ? use->replaced_by : "")); found != best.end())
            leave_out(hook, found->second->where + " does it", true);
        if (hook.compat) continue;
        if (use && best.contains(std::string(use->same_as))) hook.spare = true;
        const auto found = best.find(act_of(hook.program));
        if (found == best.end() || found->second == &hook) continue;
        if (hook.absent.empty())
            leave_out(hook, found->second->where + " does it", true);
        else
            hook.spare = true;
    }
}

}  // namespace

bool misses_compat(const std::vector<Hook>& hooks) {
    return std::ranges::any_of(hooks,
                               [](const Hook& h) { return h.compat && !h.absent.empty() && !h.spare; });
}

bool is_object_hook(const Hook& hook) { return is_security_hook(hook) && act_of(hook.program) != kAuditHook; }

bool has_audit_hook(const std::vector<Hook>& hooks) {
    return std::ranges::any_of(
        hooks, [](const Hook& h) { return act_of(h.program) == kAuditHook && h.absent.empty(); });
}

bool has_objects(const std::vector<Hook>& hooks) {
    return std::ranges::any_of(hooks, [](const Hook& h) { return is_object_hook(h) && h.absent.empty(); });
}

bool is_full(const std::vector<Hook>& hooks) {
    return std::ranges::any_of(hooks, [](const Hook& h) {
        return h.where.starts_with(kFexit) && !is_security_hook(h) && !h.compat && h.absent.empty();
    });
}

void choose_hooks(std::vector<Hook>& hooks, const Offers& offers, const KernelPlaces& kernel,
                  const std::set<std::string>& refused) {
    const Chooser chooser(offers, kernel, refused);
    for (Hook& hook : hooks) chooser.choose(hook);
    leave_out_doubles(hooks);
}

}  // namespace whodid
