// SPDX-License-Identifier: Apache-2.0
// Messages: one sentence an event.
#include "event/words.h"

#include <gtest/gtest.h>

#include "made_event.h"

namespace whodid {
namespace {

struct Words : testing::Test, test::Maker {
    static std::string message(const Event& e) {
        std::string out;
        append_message(e, out);
        return out;
    }
};

TEST_F(Words, Exec) {
    EXPECT_EQ(message(exec({"ls"}, alice())), "alice from 198.51.100.7 ran ls");
    EXPECT_EQ(message(exec({"vim", "/etc/ssh/sshd_config"}, alice(0))),
              "alice from 198.51.100.7, as root via sudo, ran vim /etc/ssh/sshd_config");
    EXPECT_EQ(message(exec({"/opt/x"}, alice(), -EACCES)), "alice from 198.51.100.7 ran /opt/x: EACCES");
    EXPECT_EQ(message(exec({"ls"}, daemon("/usr/bin/x", 0))), "root ran ls");
}

TEST_F(Words, Heartbeat) {
    auto made = record<rec_heartbeat>(REC_SENSOR_HEARTBEAT);
    made->delivered = 1234;
    made->lag_ns = 112'000'000;
    EXPECT_EQ(message(event(std::move(made), nullptr)),
              "whodid is there: 1234 events, 0 lost, at most 112ms late");
    made = record<rec_heartbeat>(REC_SENSOR_HEARTBEAT);
    made->lost = 3;
    made->missed = 2;
    EXPECT_EQ(message(event(std::move(made), nullptr)),
              "whodid is there: 0 events, 3 lost, 2 runs of hooks skipped, at most 0us late");
}

TEST_F(Words, Logins) {
    EXPECT_EQ(message(session_event(REC_SESSION_START, "sshd", alice())),
              "alice from 198.51.100.7 logged in by sshd publickey SHA256:nWRh…q2");
    EXPECT_EQ(message(sensor(REC_SENSOR_LOSS, "")), "whodid lost 41 file.open (kernel_ring)");
}

// Who asks is told by login or by claim; the rights of sshd and of sudo, always root's, are not theirs.
TEST_F(Words, Attempts) {
    const auto at_the_door = [&](int result, const char* account) {
        auto made = record<rec_auth>(REC_AUTH_ATTEMPT, result);
        made->verified = 1;
        if (account) made.text(&rec_auth::account, account);
        made.text(&rec_auth::address, "203.0.113.50");
        made.text(&rec_auth::service, "sshd");
        made.text(&rec_auth::method, "password");
        return message(event(std::move(made), daemon("/usr/sbin/sshd")));
    };
    EXPECT_EQ(at_the_door(-EACCES, "bob"), "bob from 203.0.113.50 failed to log in by sshd password");
    EXPECT_EQ(at_the_door(-EACCES, nullptr),
              "an unknown account from 203.0.113.50 failed to log in by sshd password");
    EXPECT_EQ(at_the_door(0, "bob"), "bob from 203.0.113.50 authenticated by sshd password");

    const auto at_sudo = [&](int result, bool verified) {
        auto made = record<rec_auth>(REC_AUTH_ATTEMPT, result);
        made->verified = verified;
        made.text(&rec_auth::target_user, "root");
        made.text(&rec_auth::service, "sudo");
        made.text(&rec_auth::command, "/bin/ls");
        return message(event(std::move(made), alice(0)));
    };
    EXPECT_EQ(at_sudo(0, true), "alice from 198.51.100.7 became root by sudo for /bin/ls");
    EXPECT_EQ(at_sudo(-EACCES, true), "alice from 198.51.100.7 failed to become root by sudo for /bin/ls");
    EXPECT_EQ(at_sudo(0, false), "alice from 198.51.100.7 became root by sudo for /bin/ls (a claim)");
    Event six = event(record<rec_auth>(REC_AUTH_ATTEMPT, -EACCES), daemon("/usr/sbin/sshd"));
    six.count = 6;
    six.first_ns = kWallNs, six.last_ns = kWallNs + 41'000'000'000;
    EXPECT_EQ(message(six), "an unknown account failed to log in by ×6 in 41s");
}

TEST_F(Words, TheKernel) {
    const std::string root = "alice from 198.51.100.7, as root via sudo, ";
    const auto module = [&](bool unload) {
        auto made = record<rec_module>(REC_KERNEL_MODULE);
        made->unload = unload;
        made.text(&rec_module::name, "dummy");
        return message(event(std::move(made), alice(0)));
    };
    EXPECT_EQ(module(false), root + "changed the kernel's modules: load dummy");
    EXPECT_EQ(module(true), root + "changed the kernel's modules: unload dummy");
    auto load = record<rec_bpf>(REC_KERNEL_BPF);
    load->command = 5;
    load->object = REC_BPF_PROGRAM;
    load->program_type = 2;
    load->id = load->program_id = 77;
    load->attach_type = REC_UNSET;
    load.text(&rec_bpf::name, "trace_open");
    EXPECT_EQ(message(event(std::move(load), alice(0))),
              root + "gave the kernel BPF: PROG_LOAD kprobe trace_open");
    auto attach = record<rec_bpf>(REC_KERNEL_BPF);
    attach->command = 17;
    attach->object = REC_BPF_LINK;
    attach->id = 5;
    attach->program_type = attach->attach_type = 24;
    attach.text(&rec_bpf::target, "sched_switch");
    EXPECT_EQ(
        message(event(std::move(attach), alice(0))),
        root +
            "gave the kernel BPF: RAW_TRACEPOINT_OPEN raw_tracepoint_writable trace_fentry sched_switch "
            "id 5");
}

TEST_F(Words, Mounts) {
    BlockDevice stick;
    stick.bus = "usb", stick.vendor = "SanDisk", stick.model = "Cruzer Blade";
    auto made = record<rec_mount>(REC_FILE_MOUNT);
    made->found = 1;
    made->mount_flags = 3;
    made.text(&rec_mount::source, "/dev/sdb1").text(&rec_mount::type, "vfat");
    Event mount = event(std::move(made), alice(0));
    mount.path = "/mnt";
    const auto what = [&](const Event& e) {
        std::string out;
        append_what(e, out);
        return out;
    };
    EXPECT_EQ(what(mount), "/dev/sdb1 → /mnt vfat nosuid,nodev");
    mount.device = std::make_shared<const BlockDevice>(stick);
    EXPECT_EQ(what(mount), "/dev/sdb1 → /mnt vfat nosuid,nodev (usb SanDisk Cruzer Blade)");
    auto gone = record<rec_mount>(REC_FILE_UMOUNT);
    gone->call_flags = 2;
    Event umount = event(std::move(gone), alice(0));
    umount.path = "/mnt";
    EXPECT_EQ(what(umount), "/mnt detach");
}

TEST_F(Words, AccountChanges) {
    const auto change = [&](const char* operation, const char* account, std::uint32_t id) {
        auto made = record<rec_account>(REC_AUTH_ACCOUNT);
        made->account_id = id;
        made.text(&rec_account::operation, operation);
        if (account) made.text(&rec_account::account, account);
        return message(event(std::move(made), alice(0)));
    };
    const std::string alice_changed = "alice from 198.51.100.7, as root via sudo, changed accounts: ";
    EXPECT_EQ(change("adding group", "carol", REC_UNSET), alice_changed + "adding group carol");
    EXPECT_EQ(change("adding user", nullptr, 1001), alice_changed + "adding user uid 1001");
    EXPECT_EQ(change("PAM:chauthtok", "carol", REC_UNSET), alice_changed + "changing password carol");
}

TEST_F(Words, ShortKeysStayWhole) {
    auto short_session = std::make_shared<Session>(*session);
    auto p = alice();
    p->session = short_session;
    short_session->key = "SHA256:abc";
    EXPECT_TRUE(message(session_event(REC_SESSION_START, "sshd", p)).ends_with(" SHA256:abc"));
    short_session->key = "0123456789";
    EXPECT_TRUE(message(session_event(REC_SESSION_START, "sshd", p)).ends_with(" 0123…89"));
}

TEST_F(Words, SingularAndPlural) {
    auto made = record<rec_session>(REC_SESSION_END);
    made->since_ns = kBootNs;
    made->execs = made->writes = 1;
    EXPECT_TRUE(message(event(std::move(made), alice())).ends_with(", 1 exec, 1 write"));
}

// uid, gid and their like are apart on purpose: a sensor has shipped them swapped (trap 4).
TEST_F(Words, IdentityNamesWhatChanged) {
    auto made = record<rec_identity>(REC_IDENTITY_CHANGE);
    made->h.task.gid = made->h.task.egid = made->h.task.sgid = 7;
    made->from_gid = 1104;
    made->from_egid = 1105;
    made->from_sgid = 1106;
    made.text(&rec_identity::how, "setgid");
    EXPECT_TRUE(message(event(std::move(made), alice())).ends_with("setgid: gid 1104/1105/1106 → 7/7/7"));
    auto caps = record<rec_identity>(REC_IDENTITY_CHANGE);
    caps->h.task.cap_effective = 0x20;
    caps.text(&rec_identity::how, "capset");
    EXPECT_TRUE(message(event(std::move(caps), alice())).ends_with("capset: capabilities 0 → 20"));
}

TEST_F(Words, RightsUsed) {
    EXPECT_EQ(rights_used(exec({"x"}, alice(0))).uid, 0u);
    auto p = alice(0);
    p->credentials.uid = 1004;
    p->real_user = "alice";
    auto made = record<rec_exec>(REC_PROCESS_EXEC);
    made->secure = 1;
    EXPECT_EQ(rights_used(event(made, p)).user, "alice");
    made->h.result = -EPERM;
    EXPECT_EQ(rights_used(event(made, p)).user, "root");
}

}  // namespace
}  // namespace whodid
