// SPDX-License-Identifier: Apache-2.0
// Which programs are chosen on which kernel.
#include "source/backend.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace whodid {
namespace {

/// A kernel by the names it knows.
struct Kernel {
    std::set<std::string> tracepoints, functions;

    KernelPlaces places() const {
        return {[this](const std::string& name) { return tracepoints.contains(name); },
                [this](const std::string& name) { return tracepoints.contains(name); },
                [this](const std::string& name) { return functions.contains(name); }};
    }
};

const Kernel kUsual{{"syscalls/sys_exit_openat", "sched_process_exec", "io_uring_submit_req"},
                    {"__x64_sys_openat", "__ia32_sys_openat", "__ia32_compat_sys_openat"}};

std::vector<Hook> usual_hooks() {
    return {{"on_openat", "tp/syscalls/sys_exit_openat", {}},
            {"fexit_openat", "fexit/__x64_sys_openat", {}},
            {"compat_openat", "fexit/__ia32_sys_openat", {}},
            {"on_exec", "tp_btf/sched_process_exec", {}},
            {"on_uring_submit", "tp_btf/io_uring_submit_req", {}},
            {"on_uring_submit_sqe", "tp_btf/io_uring_submit_sqe", {}}};
}

std::vector<Hook> chosen(const Offers& offers, const Kernel& kernel = kUsual,
                         const std::set<std::string>& refused = {}) {
    std::vector<Hook> hooks = usual_hooks();
    choose_hooks(hooks, offers, kernel.places(), refused);
    return hooks;
}

std::string attached(const std::vector<Hook>& hooks) {
    std::string names;
    for (const Hook& hook : hooks)
        if (hook.absent.empty()) names += hook.program + " ";
    return names;
}

bool none_missed(const std::vector<Hook>& hooks) { return std::ranges::none_of(hooks, is_missed); }

TEST(Backend, FunctionsAreTakenWhereTheKernelTakesThem) {
    const auto hooks = chosen({.fexit = true});
    EXPECT_EQ(attached(hooks), "fexit_openat compat_openat on_exec on_uring_submit ");
    EXPECT_TRUE(is_full(hooks));
    EXPECT_TRUE(none_missed(hooks));
    EXPECT_FALSE(misses_compat(hooks));
}

TEST(Backend, Trap48_Without32BitCallsItSaysSo) {
    const auto hooks = chosen({});
    EXPECT_EQ(attached(hooks), "on_openat on_exec on_uring_submit ");
    EXPECT_FALSE(is_full(hooks));
    EXPECT_TRUE(none_missed(hooks));
    EXPECT_TRUE(misses_compat(hooks));
}

TEST(Backend, AKernelThatHasNo32BitCallsMissesNone) {
    EXPECT_FALSE(misses_compat(chosen({}, {kUsual.tracepoints, {"__x64_sys_openat"}})));
}

TEST(Backend, The32BitFunctionIsTheOneInTheTable) {
    EXPECT_EQ(chosen({.fexit = true})[2].where, "fexit/__ia32_compat_sys_openat");
    const Kernel plain{kUsual.tracepoints, {"__x64_sys_openat", "__ia32_sys_openat"}};
    EXPECT_EQ(chosen({.fexit = true}, plain)[2].where, "fexit/__ia32_sys_openat");
}

TEST(Backend, A32BitHookThatTheKernelRefusesIsNotStoodInFor) {
    const auto hooks = chosen({.fexit = true}, kUsual, {"compat_openat"});
    EXPECT_TRUE(misses_compat(hooks));
    EXPECT_TRUE(none_missed(hooks));  // it is one fact, told by misses_compat
}

TEST(Backend, APreemptibleKernelKeepsTracepoints) {
    const auto hooks = chosen({.fexit = true, .preempts = true});
    EXPECT_EQ(attached(hooks), "on_openat compat_openat on_exec on_uring_submit ");
    EXPECT_TRUE(none_missed(hooks));
}

std::vector<Hook> security_hooks(const Offers& offers) {
    const Kernel kernel{{}, {"bpf_lsm_path_unlink", "security_path_unlink"}};
    std::vector<Hook> hooks = {{"lsm_path_unlink", "lsm/path_unlink", {}},
                               {"fexit_path_unlink", "fexit/security_path_unlink", {}}};
    choose_hooks(hooks, offers, kernel.places(), {});
    return hooks;
}

TEST(Backend, TheSecurityHookItselfIsBetterThanTheFunctionThatCallsIt) {
    EXPECT_EQ(attached(security_hooks({.fexit = true, .lsm = true})), "lsm_path_unlink ");
    EXPECT_EQ(attached(security_hooks({.fexit = true, .lsm = true, .preempts = true})), "lsm_path_unlink ");
}

TEST(Backend, Trap50_WithoutBpfInTheListOfSecurityModulesTheFunctionServes) {
    const auto hooks = security_hooks({.fexit = true});
    EXPECT_EQ(attached(hooks), "fexit_path_unlink ");
    EXPECT_TRUE(has_objects(hooks));
    EXPECT_FALSE(is_full(hooks));
}

TEST(Backend, WithoutEitherChangesAreTheProcessOwnWords) {
    const auto hooks = security_hooks({});
    EXPECT_FALSE(has_objects(hooks));
    EXPECT_TRUE(none_missed(hooks));
}

std::vector<Hook> audit_hooks(const Offers& offers) {
    const Kernel kernel{{"syscalls/sys_exit_sendto"},
                        {"bpf_lsm_netlink_send", "security_netlink_send", "__x64_sys_sendto"}};
    std::vector<Hook> hooks = {{"on_sendto", "tp/syscalls/sys_exit_sendto", {}},
                               {"fexit_sendto", "fexit/__x64_sys_sendto", {}},
                               {"lsm_netlink_send", "lsm/netlink_send", {}},
                               {"fexit_netlink_send", "fexit/security_netlink_send", {}}};
    choose_hooks(hooks, offers, kernel.places(), {});
    return hooks;
}

TEST(Backend, WhatIsToldToAuditComesFromTheSecurityHook) {
    const auto hooks = audit_hooks({.fexit = true, .lsm = true});
    EXPECT_EQ(attached(hooks), "fexit_sendto lsm_netlink_send ");
    EXPECT_TRUE(has_audit_hook(hooks));
    EXPECT_FALSE(has_objects(hooks));
    EXPECT_EQ(attached(audit_hooks({.fexit = true})), "fexit_sendto fexit_netlink_send ");
}

// A login is worth more than the cost of looking at every send.
TEST(Backend, WhereTheHookMayBeSkippedTheCallsTellWhatIsToldToAudit) {
    const auto hooks = audit_hooks({.fexit = true, .preempts = true});
    EXPECT_EQ(attached(hooks), "on_sendto ");
    EXPECT_FALSE(has_audit_hook(hooks));
    EXPECT_TRUE(none_missed(hooks));
    EXPECT_TRUE(has_audit_hook(audit_hooks({.fexit = true, .lsm = true, .preempts = true})));
    EXPECT_FALSE(has_audit_hook(audit_hooks({})));
}

std::vector<Hook> identity_hooks(const Offers& offers) {
    const Kernel kernel{{"syscalls/sys_exit_setuid"},
                        {"__x64_sys_setuid", "__ia32_sys_setuid", "commit_creds"}};
    std::vector<Hook> hooks = {{"on_setuid", "tp/syscalls/sys_exit_setuid", {}},
                               {"fexit_setuid", "fexit/__x64_sys_setuid", {}},
                               {"compat_setuid", "fexit/__ia32_sys_setuid", {}},
                               {"fentry_commit_creds", "fentry/commit_creds", {}}};
    choose_hooks(hooks, offers, kernel.places(), {});
    return hooks;
}

TEST(Backend, WhereCredentialsAreSetReplacesTheCallsThatSetThem) {
    const auto hooks = identity_hooks({.fexit = true});
    EXPECT_EQ(attached(hooks), "fentry_commit_creds ");
    EXPECT_TRUE(none_missed(hooks));
    EXPECT_FALSE(misses_compat(hooks));
    EXPECT_EQ(attached(identity_hooks({.fexit = true, .preempts = true})), "on_setuid compat_setuid ");
    EXPECT_EQ(attached(identity_hooks({})), "on_setuid ");
}

TEST(Backend, WhatTheKernelRefusesAfterAllIsStoodInFor) {
    const auto hooks = chosen({.fexit = true}, kUsual, {"fexit_openat"});
    EXPECT_EQ(attached(hooks), "on_openat compat_openat on_exec on_uring_submit ");
    EXPECT_TRUE(none_missed(hooks));
}

TEST(Backend, RefusedWithoutAStandInIsMissed) {
    const auto hooks = chosen({.fexit = true}, kUsual, {"on_exec"});
    EXPECT_EQ(std::ranges::find_if(hooks, is_missed)->program, "on_exec");
}

TEST(Backend, Trap54_ASystemCallTheKernelLacksIsNotMissed) {
    const Kernel old{{"sched_process_exec", "io_uring_submit_sqe"}, {}};
    const auto hooks = chosen({}, old);
    EXPECT_EQ(attached(hooks), "on_exec on_uring_submit_sqe ");
    EXPECT_TRUE(none_missed(hooks));
}

TEST(Backend, ATracepointTheKernelLacksIsMissed) {
    const auto hooks = chosen({}, {{"syscalls/sys_exit_openat", "sched_process_exec"}, {}});
    EXPECT_EQ(std::ranges::count_if(hooks, is_missed), 2);
}

// ---- arm64 ------------------------------------------------------------------------------------------------

/// A call that only 32-bit programs have there (unlink), one that both make by one function (unlinkat), and
/// one that has a function for each (openat).
std::vector<Hook> on_arm64(const Offers& offers, bool has_32bit_calls = true) {
    std::vector<Hook> hooks;
    for (const std::string call : {"unlink", "unlinkat", "openat"}) {
        hooks.push_back({"on_" + call, "tp/syscalls/sys_exit_" + call, {}});
        hooks.push_back({"fexit_" + call, "fexit/__arm64_sys_" + call, {}});
        hooks.push_back({"compat_" + call, "fexit/__arm64_sys_" + call, {}});
    }
    Kernel kernel{{"syscalls/sys_exit_unlinkat", "syscalls/sys_exit_openat"},
                  {"__arm64_sys_unlinkat", "__arm64_sys_openat"}};
    if (has_32bit_calls)
        kernel.functions.merge(std::set<std::string>{"__arm64_sys_unlink", "__arm64_compat_sys_openat",
                                                     "__arm64_compat_sys_execve"});
    choose_hooks(hooks, offers, kernel.places(), {});
    return hooks;
}

std::string places(const std::vector<Hook>& hooks, std::string_view prefix) {
    std::string names;
    for (const Hook& hook : hooks)
        if (hook.absent.empty() && hook.program.starts_with(prefix)) names += hook.where + " ";
    return names;
}

TEST(Backend, OnArm64A32BitCallIsSeenAtItsOwnFunctionOrAtTheOneForBoth) {
    const auto hooks = on_arm64({.fexit = true});
    EXPECT_EQ(places(hooks, "compat_"),
              "fexit/__arm64_sys_unlink fexit/__arm64_sys_unlinkat fexit/__arm64_compat_sys_openat ");
    EXPECT_EQ(places(hooks, "fexit_"),
              "fexit/__arm64_sys_unlink fexit/__arm64_sys_unlinkat fexit/__arm64_sys_openat ");
    EXPECT_EQ(places(hooks, "on_"), "");
    EXPECT_TRUE(none_missed(hooks));
    EXPECT_FALSE(misses_compat(hooks));
}

TEST(Backend, Arm64sTracepointsLeave32BitCallsToTheirFunctions) {
    const auto hooks = on_arm64({.fexit = true, .preempts = true});
    EXPECT_EQ(places(hooks, "compat_"),
              "fexit/__arm64_sys_unlink fexit/__arm64_sys_unlinkat fexit/__arm64_compat_sys_openat ");
    EXPECT_EQ(places(hooks, "fexit_"), "");
    EXPECT_EQ(places(hooks, "on_"), "tp/syscalls/sys_exit_unlinkat tp/syscalls/sys_exit_openat ");
    EXPECT_FALSE(misses_compat(hooks));
}

TEST(Backend, Arm64Before6_4TakesNoFunctionsAndSaysWhatIsNotSeen) {
    const auto hooks = on_arm64({});
    EXPECT_EQ(attached(hooks), "on_unlinkat on_openat ");
    EXPECT_TRUE(none_missed(hooks));  // there is no unlink to see, but from 32-bit programs
    EXPECT_TRUE(misses_compat(hooks));
}

TEST(Backend, Arm64Without32BitProgramsMissesNone) {
    for (const bool fexit : {false, true}) {
        const auto hooks = on_arm64({.fexit = fexit}, false);
        EXPECT_EQ(places(hooks, "compat_"), "");
        EXPECT_TRUE(none_missed(hooks));
        EXPECT_FALSE(misses_compat(hooks));
    }
}

}  // namespace
}  // namespace whodid
