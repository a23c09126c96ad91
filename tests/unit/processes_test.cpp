// SPDX-License-Identifier: Apache-2.0
// The process table, from records to snapshots.
#include "enrich/processes.h"

#include <gtest/gtest.h>

#include "event/decode.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;

const std::string kDocker = "/system.slice/docker-" + std::string(64, 'a') + ".scope";

class ProcessesTest : public testing::Test {
protected:
    test::World world_;
    Users users_{world_.host};
    Sessions sessions_{world_.stream};
    Containers containers_{world_.host};
    Processes table_{world_.stream, users_, sessions_, containers_};
    std::vector<std::vector<char>> records_;

    template <class R>
    Event event_of(RecordBuilder<R> builder) {
        records_.push_back(builder.bytes());
        const auto decoded = decode(records_.back());
        EXPECT_TRUE(decoded);
        Event event;
        event.record = decoded->record;
        event.kind = decoded->kind;
        event.stream = &world_.stream;
        return event;
    }
    Snapshot there_was(const Actor& a) {
        RecordBuilder<rec_process> r(REC_RAW_TASK, a.task);
        r.path(&rec_process::exe, a.exe).path(&rec_process::cgroup, a.cgroup).text(&rec_process::tty, a.tty);
        return table_.add_existing(event_of(std::move(r)));
    }
    Snapshot exec(const Actor& a, bool secure = false) {
        auto r = world_.exec_of(a, {a.exe});
        r->secure = secure;
        return table_.exec(event_of(std::move(r)));
    }

    Actor init_ = Actor::process(1).runs("/usr/lib/systemd/systemd");
    Actor sshd_ = Actor::process(812).child_of(init_).runs("/usr/sbin/sshd", test::World::kSshd);
    Actor bash_ = Actor::process(4102, 1004).child_of(sshd_).login(1004, 118).runs("/usr/bin/bash");
};

TEST_F(ProcessesTest, Trap01_LoginuidUnsetIsAbsentNeverZero) {
    const Snapshot p = there_was(sshd_);
    EXPECT_EQ(p->login_uid, REC_UNSET);
    EXPECT_EQ(p->login_user, "");
    EXPECT_EQ(p->effective_user, "root");
    EXPECT_EQ(p->chain, nullptr);
}

TEST_F(ProcessesTest, Trap01_LoginuidZeroIsRoot) {
    const Snapshot p = exec(Actor(bash_).ids(0, 0).login(0, 4));
    EXPECT_EQ(p->login_uid, 0u);
    EXPECT_EQ(p->login_user, "root");
    EXPECT_EQ(*p->chain, Chain{"root:bash[4102]"});
}

TEST_F(ProcessesTest, Trap02_AKernelWithoutAuditHasNoLogins) {
    Actor a = bash_;
    a.task.flags |= REC_TASK_NO_AUDIT;
    a.task.loginuid = a.task.sessionid = 0;  // whatever the record has
    const Snapshot p = exec(a);
    EXPECT_EQ(p->login_uid, REC_UNSET);
    EXPECT_EQ(p->audit_session, REC_UNSET);
    EXPECT_EQ(p->session, nullptr);
    EXPECT_EQ(p->user_basis, Basis::kUnknown);
    EXPECT_EQ(table_.of(a.task), p);
}

TEST_F(ProcessesTest, Trap03_SessionUnsetIsNoSession) {
    EXPECT_EQ(there_was(sshd_)->session, nullptr);
    const Snapshot p = exec(bash_);
    ASSERT_TRUE(p->session);
    EXPECT_EQ(p->session->id, "118");
}

TEST_F(ProcessesTest, Trap04_UidAndGidAreNotSwapped) {
    Actor a = bash_;
    a.task.gid = a.task.egid = a.task.sgid = a.task.fsgid = 1104;
    const Snapshot p = exec(a);
    EXPECT_EQ(p->credentials.uid, 1004u);
    EXPECT_EQ(p->credentials.gid, 1104u);
    EXPECT_EQ(p->credentials.euid, 1004u);
    EXPECT_EQ(p->credentials.egid, 1104u);
    EXPECT_EQ(p->effective_user, "alice");
    EXPECT_EQ(p->effective_group, "alice");
}

TEST_F(ProcessesTest, Trap05_SudoHasAllItsIds) {
    there_was(bash_);
    Actor sudo = bash_.fork(4131).runs("/usr/bin/sudo");
    table_.fork(sudo.task);
    const Snapshot p = exec(sudo.ids(1004, 0), true);
    EXPECT_EQ(p->credentials.uid, 1004u);
    EXPECT_EQ(p->credentials.euid, 0u);
    EXPECT_EQ(p->login_uid, 1004u);
    EXPECT_EQ(p->real_user, "alice");
    EXPECT_EQ(p->effective_user, "root");
}

TEST_F(ProcessesTest, Trap06_RightsThatChangeAfterExecAreSeen) {
    const Snapshot before = exec(Actor::process(900).runs("/usr/sbin/nginx"));
    const Snapshot after = table_.of(Actor::process(900, 1005).task);
    EXPECT_EQ(after->effective_user, "bob");
    EXPECT_EQ(after->exe, "/usr/sbin/nginx");
    EXPECT_EQ(before->effective_user, "root");  // what happened before keeps its snapshot
    EXPECT_EQ(table_.of(Actor::process(900, 1005).task), after);
}

TEST_F(ProcessesTest, Trap09_TheNameIsThatOfTheTime) {
    const Snapshot before = exec(bash_);
    EXPECT_EQ(before->login_user, "alice");
    world_.host.files["/etc/passwd"] = "root:x:0:0:::\nmallory:x:1004:1104:::\n";
    users_.refresh();
    EXPECT_EQ(before->login_user, "alice");
    EXPECT_EQ(table_.of(bash_.task)->login_user, "alice");
    EXPECT_EQ(exec(Actor(bash_).fork(5000))->login_user, "mallory");
}

TEST_F(ProcessesTest, Trap14_ANameThatComesLaterIsFilledIn) {
    const Actor carol = Actor::process(4200, 70001).login(70001, 119).runs("/usr/bin/bash");
    const Snapshot before = exec(carol);
    EXPECT_EQ(before->login_user, "");
    EXPECT_EQ(*before->chain, Chain{"70001:bash[4200]"});
    users_.learn(70001, "carol");
    const Snapshot after = table_.of(carol.task);
    EXPECT_EQ(after->login_user, "carol");
    EXPECT_EQ(after->effective_user, "carol");
    EXPECT_EQ(*exec(carol)->chain, Chain{"70001:bash[4200]"});
}

TEST_F(ProcessesTest, Trap14_AContainersUidsAreNotTheHostsUsers) {
    Actor a = Actor::process(6000, 1004).runs("/bin/sh");
    a.cgroup = kDocker;
    const Snapshot p = exec(a);
    EXPECT_EQ(p->container->id, std::string(64, 'a'));
    EXPECT_EQ(p->container->runtime, "docker");
    EXPECT_EQ(p->effective_user, "");
    EXPECT_EQ(p->effective_group, "");
    EXPECT_EQ(p->credentials.euid, 1004u);
}

// The first process of a container, what it starts, and what is started in it from outside.
TEST_F(ProcessesTest, Trap07_WhoIsInAContainerWithoutALogin) {
    Actor shim = Actor::process(5900).runs("/usr/bin/containerd-shim");
    there_was(shim);
    Actor first = shim.fork(6000).runs("/bin/sh");
    table_.fork(first.task);
    first.cgroup = kDocker;
    const Snapshot container = exec(first);
    ASSERT_TRUE(container->session);
    EXPECT_EQ(container->session->origin_type, "container");
    EXPECT_EQ(container->session->origin_basis, Basis::kInferred);
    EXPECT_EQ(container->session->entity, container->entity);
    EXPECT_EQ(container->session->id, "");
    EXPECT_EQ(container->user_basis, Basis::kUnknown);
    EXPECT_EQ(container->chain, nullptr);

    Actor child = first.fork(6001).runs("/bin/true");
    EXPECT_EQ(table_.fork(child.task)->session, container->session);
    EXPECT_EQ(exec(child)->session, container->session);

    Actor entering = shim.fork(6002).runs("/bin/sh");
    table_.fork(entering.task);
    EXPECT_EQ(table_.find_pid(6002)->session, nullptr);
    EXPECT_EQ(table_.find_pid(6002)->user_basis, Basis::kKernel);
    entering.cgroup = kDocker;
    const Snapshot entered = exec(entering);
    ASSERT_TRUE(entered->session);
    EXPECT_EQ(entered->session->origin_type, "container-exec");
    EXPECT_EQ(entered->session->entity, entered->entity);
    EXPECT_EQ(exec(entering)->session, entered->session) << "it execs again, and came in once";
    Actor below = entering.fork(6003).runs("/bin/ls");
    table_.fork(below.task);
    EXPECT_EQ(exec(below)->session, entered->session);
}

TEST_F(ProcessesTest, WhoRunsAContainerByHandIsTheLogin) {
    exec(bash_);
    Actor podman = bash_.fork(6000).runs("/bin/sh");
    table_.fork(podman.task);
    podman.cgroup = "/machine.slice/libpod-" + std::string(64, 'c') + ".scope/container";
    const Snapshot p = exec(podman);
    ASSERT_TRUE(p->session);
    EXPECT_EQ(p->session->id, "118");
    EXPECT_EQ(p->login_user, "alice");
    EXPECT_EQ(p->user_basis, Basis::kKernel);
}

// What was there before the sensor came as well: the first one listed is the container's own.
TEST_F(ProcessesTest, WhoWasInAContainerBeforeTheSensor) {
    Actor shim = Actor::process(5900).runs("/usr/bin/containerd-shim");
    Actor first = shim.fork(6000).runs("/bin/sh"), child = first.fork(6001), entered = shim.fork(6002);
    first.cgroup = child.cgroup = entered.cgroup = kDocker;
    there_was(shim);
    const Snapshot container = there_was(first);
    EXPECT_EQ(container->session->origin_type, "container");
    EXPECT_EQ(there_was(child)->session, container->session);
    EXPECT_EQ(there_was(entered)->session->origin_type, "container-exec");
}

// In the host's mount namespace /etc/passwd is the host's, whatever the cgroup.
TEST_F(ProcessesTest, Trap14_TheHostsNamesHoldInItsOwnMountNamespace) {
    init_.task.mount_ns = 4026531841;
    there_was(init_);
    Actor a = Actor::process(6000, 1004).runs("/bin/sh");
    a.cgroup = kDocker;
    a.task.mount_ns = 4026531841;
    const Snapshot on_host = exec(a);
    EXPECT_TRUE(on_host->container);
    EXPECT_FALSE(on_host->apart);
    EXPECT_EQ(on_host->effective_user, "alice");
    a.task.mount_ns = 4026532999;
    const Snapshot apart = exec(a);
    EXPECT_TRUE(apart->apart);
    EXPECT_EQ(apart->effective_user, "");
}

TEST_F(ProcessesTest, Trap19_ExecByAThreadIsOfItsProcess) {
    there_was(bash_);
    Actor java = bash_.fork(4300).runs("/usr/bin/java");
    table_.fork(java.task);
    auto r = world_.exec_of(java, {"java"});
    r->caller_tid = 4377;  // the thread that called is gone, the process is the leader's
    const Snapshot p = table_.exec(event_of(std::move(r)));
    EXPECT_EQ(p->pid, 4300u);
    EXPECT_EQ(table_.find_pid(4300), p);
    EXPECT_EQ(table_.find_pid(4377), nullptr);
    Actor thread = java;
    thread.task.tid = 4378;
    EXPECT_EQ(table_.of(thread.task), p);
}

TEST_F(ProcessesTest, Trap23_ReparentingKeepsWhoStartedIt) {
    there_was(init_);
    there_was(bash_);
    Actor middle = bash_.fork(4400), daemon = middle.fork(4401).runs("/usr/sbin/daemon");
    table_.fork(middle.task);
    const Snapshot born = table_.fork(daemon.task);
    table_.exit(middle.task, 5 * kSecond);
    daemon.child_of(init_);
    const Snapshot now = exec(daemon);
    EXPECT_EQ(now->parent_pid, 1u);
    EXPECT_EQ(now->parent_entity, born->parent_entity);
    EXPECT_TRUE(table_.descends_from(*now, 4102));
    EXPECT_FALSE(table_.descends_from(*now, 1));
    EXPECT_EQ(table_.parent(*now)->pid, 4400u);
    EXPECT_EQ(*now->chain, Chain{"alice:bash[4102]"});
}

TEST_F(ProcessesTest, Trap24_ANumberUsedAgainIsAnotherProcess) {
    const Snapshot first = exec(bash_);
    table_.exit(bash_.task, 10 * kSecond);
    Actor again = Actor::process(4102, 1005).login(1005, 119).runs("/usr/bin/vim");
    again.task.start_ns = 9'999 * kMs;
    const Snapshot second = exec(again);
    EXPECT_NE(first->entity, second->entity);
    EXPECT_EQ(table_.find_pid(4102), second);
    EXPECT_EQ(table_.of(bash_.task)->exe, "/usr/bin/bash");  // a late record of the first one
    EXPECT_EQ(table_.find_pid(4102), second);
    table_.expire(10 * kSecond + 31 * kSecond);
    EXPECT_EQ(table_.find_pid(4102), second);
    EXPECT_EQ(table_.find({4102, bash_.task.start_ns}), nullptr);
}

TEST_F(ProcessesTest, Trap25_ExitBeforeExecIsForgottenAllTheSame) {
    const Actor a = Actor::process(7000, 1004).runs("/usr/bin/true");
    table_.exit(a.task, 1 * kSecond);
    exec(a);
    EXPECT_EQ(table_.size(), 1u);
    table_.expire(32 * kSecond);
    EXPECT_EQ(table_.size(), 0u);
    EXPECT_EQ(table_.find_pid(7000), nullptr);
}

TEST_F(ProcessesTest, Trap26_MoreExitsThanExecsAreHarmless) {
    exec(bash_);
    for (int i = 0; i < 3; ++i) table_.exit(bash_.task, 1 * kSecond);
    for (int i = 0; i < 3; ++i) table_.exit(Actor::process(8000 + i).task, 1 * kSecond);
    table_.expire(20 * kSecond);
    EXPECT_EQ(table_.size(), 4u);  // late records may still name them
    table_.expire(32 * kSecond);
    EXPECT_EQ(table_.size(), 0u);
}

// On hosts with both hierarchies a container is often seen in one only.
TEST_F(ProcessesTest, Trap52_AContainerIsFoundInEitherHierarchy) {
    const std::string id(64, 'a');
    struct Case {
        std::string unified, v1, told;
    };
    for (const Case& c :
         {Case{"/docker/" + id, "", "/docker/" + id}, Case{"/", "/docker/" + id, "/docker/" + id},
          Case{"/system.slice/docker-" + id + ".scope", "/docker/" + id,
               "/system.slice/docker-" + id + ".scope"}}) {
        Actor a = Actor::process(9000).runs("/usr/bin/true");
        a.cgroup = c.unified;
        auto r = world_.exec_of(a, {"true"});
        r->cgroup_v1.flags = 0;
        r.path(&rec_exec::cgroup_v1, c.v1);
        const Snapshot p = table_.exec(event_of(std::move(r)));
        EXPECT_EQ(p->container->id, id) << c.unified;
        EXPECT_EQ(p->container->runtime, "docker");
        EXPECT_EQ(p->cgroup, c.told);
    }
    Actor none = Actor::process(9001).runs("/usr/bin/true");
    none.cgroup = "/";
    EXPECT_FALSE(exec(none)->container);
}

// A process that lives a millisecond is in no /proc when somebody looks: all of it is in its records.
TEST_F(ProcessesTest, Trap53_NothingIsReadLater) {
    world_.host.files.clear();
    Actor a = bash_.fork(9002).runs("/usr/bin/true");
    a.cgroup = "/docker/" + std::string(64, 'b');
    table_.fork(a.task);
    exec(a);
    const Snapshot p = table_.exit(a.task, 1 * kSecond);
    EXPECT_EQ(p->exe, "/usr/bin/true");
    EXPECT_EQ(p->container->id, std::string(64, 'b'));
    EXPECT_EQ(p->login_uid, 1004u);
}

TEST_F(ProcessesTest, TheChainOfALogin) {
    there_was(sshd_);
    Actor child = sshd_.fork(4090);
    table_.fork(child.task);
    child.login(1004, 118);
    EXPECT_EQ(table_.of(child.task)->chain, nullptr);  // sshd prepares the session
    Actor bash = child.fork(4102).ids(1004, 1004).runs("/usr/bin/bash");
    table_.fork(bash.task);
    EXPECT_EQ(*exec(bash)->chain, (Chain{"alice:bash[4102]"}));
    Actor ls = bash.fork(4103).runs("/usr/bin/ls");
    table_.fork(ls.task);
    EXPECT_EQ(*exec(ls)->chain, (Chain{"alice:bash[4102]"}));

    Actor sudo = bash.fork(4131);
    table_.fork(sudo.task);
    EXPECT_EQ(*exec(sudo.runs("/usr/bin/sudo").ids(1004, 0), true)->chain,
              (Chain{"alice:bash[4102]", "sudo[4131]"}));
    Actor root = sudo.fork(4140).ids(0, 0).runs("/usr/bin/bash");
    table_.fork(root.task);
    const Chain with_root{"alice:bash[4102]", "sudo[4131]", "root:bash[4140]"};
    EXPECT_EQ(*exec(root)->chain, with_root);
    Actor vim = root.fork(4188).runs("/usr/bin/vim");
    table_.fork(vim.task);
    EXPECT_EQ(*exec(vim)->chain, with_root);
}

TEST_F(ProcessesTest, TheChainOfALoginFromBeforeTheSensor) {
    Actor monitor = Actor(sshd_).fork(4090).login(1004, 118);
    Actor bash = Actor(bash_).child_of(monitor);
    Actor sudo = bash.fork(4131).ids(1004, 0).runs("/usr/bin/sudo");
    Actor root = sudo.fork(4140).ids(0, 0).runs("/usr/bin/bash");
    for (const Actor& a : {init_, sshd_, monitor, bash, sudo}) there_was(a);
    EXPECT_EQ(*there_was(root)->chain, (Chain{"alice:bash[4102]", "sudo[4131]", "root:bash[4140]"}));
    EXPECT_EQ(table_.of(monitor.task)->chain, nullptr);
}

TEST_F(ProcessesTest, TheChainOfRoot) {
    Actor monitor = Actor(sshd_).fork(4090).login(0, 4);
    there_was(monitor);
    EXPECT_EQ(table_.of(monitor.task)->chain, nullptr);
    Actor bash = monitor.fork(4091).runs("/usr/bin/bash");
    table_.fork(bash.task);
    EXPECT_EQ(*exec(bash)->chain, Chain{"root:bash[4091]"});
}

TEST_F(ProcessesTest, TheChainDoesNotGrowWhereNamesAreUnknown) {
    Actor a = Actor::process(6000, 1004).login(1004, 118).runs("/usr/bin/podman");
    exec(a);
    Actor in = a.fork(6001).runs("/bin/sh");
    in.cgroup = kDocker;
    table_.fork(in.task);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(*exec(in)->chain, Chain{"alice:podman[6000]"});
}

TEST_F(ProcessesTest, AnotherLoginHasAnotherChain) {
    exec(bash_);
    Actor sshd = bash_.fork(5000).ids(0, 0).runs("/usr/sbin/sshd");  // started by hand
    table_.fork(sshd.task);
    ASSERT_TRUE(exec(sshd)->chain);
    Actor child = sshd.fork(5001);
    table_.fork(child.task);
    EXPECT_EQ(table_.of(child.login(1005, 130).task)->chain, nullptr);
    Actor shell = child.fork(5002).ids(1005, 1005).runs("/usr/bin/zsh");
    table_.fork(shell.task);
    EXPECT_EQ(*exec(shell)->chain, Chain{"bob:zsh[5002]"});
}

TEST_F(ProcessesTest, TheChainIsBounded) {
    exec(bash_);
    Actor a = bash_;
    for (std::uint32_t i = 0; i < 100; ++i) {
        a = a.fork(10'000 + i).ids(i % 2 ? 1004 : 0, i % 2 ? 1004 : 0);
        table_.fork(a.task);
        EXPECT_LE(exec(a)->chain->size(), 32u);
    }
}

TEST_F(ProcessesTest, AForkIsItsParentUntilItExecs) {
    there_was(bash_);
    const Snapshot child = table_.fork(bash_.fork(4103).task);
    EXPECT_EQ(child->exe, "/usr/bin/bash");
    EXPECT_EQ(child->pid, 4103u);
    EXPECT_EQ(child->parent_pid, 4102u);
    EXPECT_EQ(child->parent_entity, table_.find_pid(4102)->entity);
    EXPECT_NE(child->entity, child->parent_entity);
    EXPECT_TRUE(child->known);
}

TEST_F(ProcessesTest, WhatWasNeverSeenIsMarked) {
    const Snapshot p = table_.of(bash_.task);
    EXPECT_FALSE(p->known);
    EXPECT_EQ(p->exe, "");
    EXPECT_EQ(p->login_user, "alice");
    EXPECT_EQ(p->parent_pid, 812u);
    // The iterator, or an exec, fills it in.
    EXPECT_TRUE(there_was(bash_)->known);
    EXPECT_EQ(table_.of(bash_.task)->exe, "/usr/bin/bash");
}

TEST_F(ProcessesTest, TheIteratorDoesNotOverwriteWhatALiveEventTold) {
    const Snapshot live = exec(Actor(bash_).runs("/usr/bin/vim"));
    EXPECT_EQ(there_was(bash_), live);
}

TEST_F(ProcessesTest, AShortTaskTakesNothingAway) {
    const Snapshot before = exec(bash_);
    Actor brief = bash_;
    brief.task.flags = 0;
    brief.task.parent_tgid = 0;
    brief.task.parent_start_ns = brief.task.user_ns = 0;
    EXPECT_EQ(table_.of(brief.task), before);
    brief.ids(1005, 1005);
    const Snapshot after = table_.of(brief.task);
    EXPECT_EQ(after->effective_user, "bob");
    EXPECT_EQ(after->parent_pid, 812u);
    EXPECT_EQ(after->task_flags, before->task_flags);
    EXPECT_EQ(after->user_ns, before->user_ns);
}

TEST_F(ProcessesTest, ANewSnapshotIsRenderedAnew) {
    const Snapshot before = exec(bash_);
    before->fragments[0] = "rendered";
    before->rendered[0] = true;
    const Snapshot after = table_.of(Actor(bash_).ids(0, 0).task);
    EXPECT_FALSE(after->rendered[0]);
    EXPECT_EQ(after->fragments[0], "");
}

TEST_F(ProcessesTest, WhatASessionLearnsComesWithTheNextEvent) {
    const Snapshot before = exec(bash_);
    sessions_.learn(118, 1004, [](Session& s) { s.address = "198.51.100.7"; });
    const Snapshot after = table_.of(bash_.task);
    EXPECT_EQ(after->session->address, "198.51.100.7");
    EXPECT_EQ(before->session->address, "");
}

TEST_F(ProcessesTest, DescendsFromItself) {
    const Snapshot p = exec(bash_);
    EXPECT_TRUE(table_.descends_from(*p, 4102));
    EXPECT_FALSE(table_.descends_from(*p, 0));
    EXPECT_FALSE(table_.descends_from(*p, 99999));
}

TEST_F(ProcessesTest, ACircleOfParentsEnds) {
    Actor a = Actor::process(10), b = Actor::process(20);
    a.child_of(b);
    b.child_of(a);
    const Snapshot p = there_was(a);
    there_was(b);
    EXPECT_FALSE(table_.descends_from(*p, 30));
}

}  // namespace
}  // namespace whodid
