// SPDX-License-Identifier: Apache-2.0
// Masking of records, live and for recordings.
#include "enrich/masking.h"

#include <gtest/gtest.h>

#include "enrich/audit_message.h"
#include "enrich/raw_text.h"
#include "event/event.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::block;
using test::RecordBuilder;
using test::World;

const Actor kSshd = Actor::process(4090).runs("/usr/sbin/sshd");

class MaskingTest : public testing::Test {
protected:
    template <class R>
    Decoded decoded(RecordBuilder<R> builder) {
        records_.push_back(builder.bytes());
        const auto decoded = decode(records_.back());
        EXPECT_TRUE(decoded);
        return *decoded;
    }
    /// Decodes again, so that no slice is left outside.
    static Event checked(const rec_hdr* record) {
        std::vector<char> copy(reinterpret_cast<const char*>(record),
                               reinterpret_cast<const char*>(record) + record->size);
        EXPECT_TRUE(decode(copy));
        Event event;
        event.record = record;
        return event;
    }
    static bool holds(const rec_hdr* record, std::string_view text) {
        return std::string_view(reinterpret_cast<const char*>(record), record->size).find(text) !=
               std::string_view::npos;
    }
    static std::string shown(std::string_view nul_separated) {
        std::string out;
        for_each_string(nul_separated,
                        [&](std::string_view s) { out.append(out.empty() ? "" : "|").append(s); });
        return out;
    }
    std::string audit(std::uint16_t type, std::string_view text) {
        auto r = world_.text_of(kSshd, REC_RAW_AUDIT, type, text);
        const rec_hdr* out = mask_for_recording(*decoded(std::move(r)).record, known_, arena_);
        const Event event = checked(out);
        return std::string(event.text(event.as<rec_text>().text));
    }
    std::string log(std::string_view line) {
        const rec_hdr* out = mask_for_recording(
            *decoded(world_.text_of(kSshd, REC_RAW_SYSLOG, 0, line)).record, known_, arena_);
        const Event event = checked(out);
        EXPECT_FALSE(holds(out, "hunter2"));
        return std::string(event.text(event.as<rec_text>().text));
    }

    World world_;
    Arena arena_;
    bool masked_ = false;
    std::vector<std::vector<char>> records_;
    const std::function<bool(std::string_view)> known_ = [](std::string_view name) {
        return name == "alice" || name == "root";
    };
};

TEST_F(MaskingTest, WhatHoldsNoSecretStaysWhereItIs) {
    const Decoded before = decoded(world_.exec_of(kSshd, {"ls", "-l"}));
    const Decoded after = mask_record(before, arena_, masked_);
    EXPECT_EQ(after.record, before.record);
    EXPECT_FALSE(masked_);
    EXPECT_FALSE(after.record->flags & REC_F_MASKED);
}

TEST_F(MaskingTest, Arguments) {
    for (const char* secret : {"hunter2-that-is-longer-than-its-mask", "x"}) {
        auto r =
            world_.exec_of(kSshd, {"curl", "-u", std::string("svc:") + secret, "https://files.example/"});
        r.text(&rec_exec::env, block({"SSH_TTY=/dev/pts/0"}));
        const Decoded after = mask_record(decoded(std::move(r)), arena_, masked_);
        const Event event = checked(after.record);
        const auto& exec = event.as<rec_exec>();
        EXPECT_EQ(shown(event.text(exec.argv)), "curl|-u|svc:****|https://files.example/");
        EXPECT_EQ(shown(event.text(exec.env)), "SSH_TTY=/dev/pts/0");
        EXPECT_EQ(event.text(exec.exe), "/usr/sbin/sshd");
        EXPECT_EQ(event.text(exec.filename), "/usr/sbin/sshd");
        EXPECT_FALSE(holds(after.record, "hunter2"));
        EXPECT_TRUE(masked_);
        EXPECT_TRUE(after.record->flags & REC_F_MASKED);
    }
}

TEST_F(MaskingTest, Trap22_TheNumberOfArgumentsStays) {
    const Decoded after =
        mask_record(decoded(world_.exec_of(kSshd, {"mysql", "", "-pa", "", "db", ""})), arena_, masked_);
    const Event event = checked(after.record);
    EXPECT_EQ(shown(event.text(event.as<rec_exec>().argv)), "mysql||-p****||db|");
}

TEST_F(MaskingTest, ARecordThatWasMaskedSaysSoForGood) {
    Decoded after = mask_record(decoded(world_.exec_of(kSshd, {"mysql", "-phunter2"})), arena_, masked_);
    after = mask_record(after, arena_, masked_);
    EXPECT_TRUE(masked_);
}

TEST_F(MaskingTest, SourcesOfMounts) {
    RecordBuilder<rec_mount> r(REC_FILE_MOUNT, kSshd.task);
    r.text(&rec_mount::source, "curlftpfs#ftp://alice:hunter2@files.example/").text(&rec_mount::type, "fuse");
    const Decoded after = mask_record(decoded(std::move(r)), arena_, masked_);
    const Event event = checked(after.record);
    EXPECT_EQ(event.text(event.as<rec_mount>().source), "curlftpfs#ftp://alice:****@files.example/");
    EXPECT_EQ(event.text(event.as<rec_mount>().type), "fuse");
    EXPECT_FALSE(holds(after.record, "hunter2"));
    EXPECT_TRUE(masked_);
}

TEST_F(MaskingTest, CommandLinesInTheEnvironment) {
    auto r = world_.exec_of(kSshd, {"bash"});
    r.text(&rec_exec::env,
           block({"SUDO_USER=alice", "SUDO_COMMAND=/usr/bin/mysql -phunter2 db",
                  "SSH_ORIGINAL_COMMAND=mysqldump --password=hunter2 db", "SSH_TTY=/dev/pts/0"}));
    const Decoded after = mask_record(decoded(std::move(r)), arena_, masked_);
    const Event event = checked(after.record);
    EXPECT_EQ(shown(event.text(event.as<rec_exec>().env)),
              "SUDO_USER=alice|SUDO_COMMAND=/usr/bin/mysql -p**** db|SSH_ORIGINAL_COMMAND=mysqldump "
              "--password=**** db|SSH_TTY=/dev/pts/0");
    EXPECT_FALSE(holds(after.record, "hunter2"));
}

TEST_F(MaskingTest, SudosCommand) {
    struct Case {
        const char *text, *cwd, *cmd;
    };
    const Case cases[] = {
        {"cwd=\"/tmp/cmd=x\" cmd=\"mysql -phunter2 db\" exe=\"/usr/bin/sudo\" terminal=pts/0 res=failed",
         "/tmp/cmd=x", "mysql -p**** db"},
        // hexadecimal: "mysql -phunter2-hunter2-hunter2 db"
        {"cwd=\"/\" cmd=6D7973716C202D7068756E746572322D68756E746572322D68756E7465723220646220 "
         "exe=\"/usr/bin/sudo\" terminal=pts/0 res=failed",
         "/", "mysql -p**** db "},
    };
    for (const Case& c : cases) {
        const Decoded after =
            mask_record(decoded(world_.text_of(kSshd, REC_RAW_AUDIT, kUserCmd, c.text)), arena_, masked_);
        const Event event = checked(after.record);
        const auto& r = event.as<rec_text>();
        const auto m = parse_audit_message(kUserCmd, event.text(r.text), is_cut(r));
        ASSERT_TRUE(m);
        EXPECT_EQ(m->cmd, c.cmd);
        EXPECT_EQ(m->cwd, c.cwd);
        EXPECT_EQ(m->terminal, "pts/0");
        EXPECT_EQ(m->outcome, AuditOutcome::kFailure);  // also when the mask is shorter than what it hides
        EXPECT_FALSE(holds(after.record, "hunter2"));
        EXPECT_FALSE(holds(after.record, "68756E74"));
        EXPECT_TRUE(masked_);
    }
}

TEST_F(MaskingTest, ALongCommandKeepsItsOutcome) {
    std::string command = "mysql -ph ";
    while (command.size() < 450) command += "x ";
    AuditMessage m;
    m.cmd = command;
    m.terminal = "pts/0";
    m.outcome = AuditOutcome::kFailure;
    for (int more = 0; more < 200; ++more, m.cmd += "x ") {
        const std::string text = format_audit_message(m);
        if (text.size() >= WHODID_TEXT_MAX - 1) break;
        const Decoded after =
            mask_record(decoded(world_.text_of(kSshd, REC_RAW_AUDIT, kUserCmd, text)), arena_, masked_);
        const Event event = checked(after.record);
        const auto& r = event.as<rec_text>();
        EXPECT_FALSE(is_cut(r));
        EXPECT_EQ(parse_audit_message(kUserCmd, event.text(r.text), is_cut(r))->outcome,
                  AuditOutcome::kFailure);
    }
}

TEST_F(MaskingTest, ALongRecordStaysWithinItsBounds) {
    std::vector<std::string> args{"mysql"};
    for (int i = 0; i < 6000; ++i) args.push_back("-p1");
    auto r = world_.exec_of(kSshd, args);
    r.text(&rec_exec::tty, std::string(30'000, 't'));
    const Decoded after = mask_record(decoded(std::move(r)), arena_, masked_);
    EXPECT_TRUE(masked_);
    EXPECT_LE(after.record->size, 65535u);
    checked(after.record);
}

// ---- for recordings ---------------------------------------------------------------------------------------

TEST_F(MaskingTest, OtherRecordsStayWhereTheyAre) {
    const Decoded before = decoded(world_.exec_of(kSshd, {"ls"}));
    EXPECT_EQ(mask_for_recording(*before.record, known_, arena_), before.record);
}

TEST_F(MaskingTest, Trap10_NamesOfFailedAttempts) {
    const std::string text =
        "op=PAM:authentication grantors=? acct=\"NAME\" exe=\"/usr/sbin/sshd\" hostname=198.51.100.7 "
        "addr=198.51.100.7 terminal=ssh res=OUTCOME";
    const auto with = [&](const std::string& name, const std::string& outcome) {
        std::string t = text;
        t.replace(t.find("NAME"), 4, name);
        return t.replace(t.find("OUTCOME"), 7, outcome);
    };
    EXPECT_EQ(audit(kUserAuth, with("alice", "failed")), with("alice", "failed"));
    EXPECT_EQ(audit(kUserAuth, with("carol", "success")), with("carol", "success"));
    EXPECT_EQ(audit(kUserLogin, with("(invalid user)", "failed")), with("(invalid user)", "failed"));
    const std::string hidden = audit(kUserAuth, with("hunter2", "failed"));
    const auto m = parse_audit_message(kUserAuth, hidden);
    ASSERT_TRUE(m);
    EXPECT_EQ(m->acct, "(unknown)");
    EXPECT_EQ(m->addr, "198.51.100.7");
    EXPECT_EQ(m->outcome, AuditOutcome::kFailure);
    EXPECT_EQ(m->op, "PAM:authentication");
    // A cut message has no outcome: it may have been a failure.
    std::string cut = with("hunter2", "success");
    cut.insert(cut.find("hostname="), "hostname=" + std::string(1000, 'x') + " ");
    EXPECT_EQ(audit(kUserAuth, std::string_view(cut).substr(0, 1023)).find("hunter2"), std::string::npos);
    EXPECT_EQ(audit(kUserAuth, "acct=68756E74657232 exe=\"/usr/sbin/sshd\" res=failed").find("68756E74"),
              std::string::npos);
}

TEST_F(MaskingTest, MessagesNoEventIsMadeOfAreEmptied) {
    EXPECT_EQ(audit(kUserTty, "op=tty data=68756E746572320A"), "");
    EXPECT_EQ(audit(kUserErr, "op=PAM:bad_ident acct=\"hunter2\" res=failed"), "");
    EXPECT_EQ(audit(kAuditSet, std::string_view("\1\0\0\0hunter2", 11)), "");
    EXPECT_EQ(audit(kUserAuth, "gibberish hunter2"), "");
}

TEST_F(MaskingTest, LogLines) {
    const std::string tag = "<38>Nov 24 14:00:00 sshd[4090]: ";
    for (const std::string kept :
         {"Accepted publickey for carol from 198.51.100.7 port 1 ssh2: ED25519 SHA256:abc",
          "Failed password for alice from 198.51.100.7 port 1 ssh2",
          "Invalid user root from 198.51.100.7 port 1"})
        EXPECT_EQ(log(tag + kept), tag + kept);
    EXPECT_EQ(log(tag + "Invalid user hunter2 from 198.51.100.7 port 1"),
              "<38>sshd[4090]: Invalid user (unknown) from 198.51.100.7 port 1");
    EXPECT_EQ(log(tag + "Failed password for invalid user hunter2 from 198.51.100.7 port 1 ssh2"),
              "<38>sshd[4090]: Failed password for invalid user (unknown) from 198.51.100.7 port 1 ssh2");
    EXPECT_EQ(
        log(tag + "Failed publickey for hunter2 from 198.51.100.7 port 1 ssh2: ED25519 SHA256:abc"),
        "<38>sshd[4090]: Failed publickey for (unknown) from 198.51.100.7 port 1 ssh2: ED25519 SHA256:abc");
    for (const std::string dropped :
         {"Disconnecting invalid user hunter2 198.51.100.7 port 1: Change of username not allowed: (hunter2) "
          "-> (b)",
          "Connection closed by invalid user hunter2 198.51.100.7 port 1 [preauth]",
          "pam_unix(sshd:auth): authentication failure; user=hunter2", "hunter2"})
        EXPECT_EQ(log(tag + dropped), "");
    EXPECT_EQ(log("<38>myapp[1]: password is hunter2"), "");
    EXPECT_EQ(log(""), "");
}

TEST_F(MaskingTest, ANamelessLineStillSaysTheSame) {
    const std::string line =
        log("<38>sshd[4090]: Failed password for invalid user hunter2 from 198.51.100.7 port 58932 ssh2");
    World world;
    Actor monitor = Actor::process(4090).runs("/usr/sbin/sshd", World::kSshd);
    world.there_was(monitor);
    world.logs(monitor, line);
    const auto attempt = world.one("auth.attempt");
    EXPECT_EQ(attempt["event.outcome"], "failure");
    EXPECT_EQ(attempt["whodid.auth.method"], "password");
    EXPECT_EQ(attempt["client.port"], "58932");
    EXPECT_FALSE(attempt.has("whodid.auth.account"));
    EXPECT_FALSE(attempt.has("whodid.auth.account_hash"));
}

// ---- the text of audit messages ---------------------------------------------------------------------------

TEST(AuditText, IsReadAsItWasWritten) {
    AuditMessage m;
    m.op = "adding user to group";
    m.acct = "car ol\"\x01\xff";
    m.grp = "sudo";
    m.exe = "/usr/sbin/useradd";
    m.hostname = "host";
    m.addr = "2001:db8::1";
    m.terminal = "pts/0";
    m.cwd = "/tmp/cmd=x";
    m.cmd = "sh -c 'x y'";
    m.kind = "auth-key";
    m.fp = "SHA256:abc";
    m.rport = 22;
    m.id = 1006;
    m.outcome = AuditOutcome::kFailure;
    const std::string text = format_audit_message(m);
    const auto again = parse_audit_message(kAddUser, text);
    ASSERT_TRUE(again);
    EXPECT_EQ(format_audit_message(*again), text);
    EXPECT_EQ(again->acct, m.acct);
    EXPECT_EQ(again->op, m.op);
    EXPECT_EQ(again->cwd, m.cwd);
    EXPECT_EQ(again->cmd, m.cmd);
    EXPECT_EQ(again->id, m.id);
    EXPECT_EQ(again->rport, m.rport);
    EXPECT_EQ(again->addr, m.addr);
    EXPECT_EQ(again->outcome, m.outcome);
}

TEST(AuditText, OfACutMessageNothingMoreIsLost) {
    AuditMessage m;
    m.cmd = "id -u";
    m.terminal = "pts/0";
    m.truncated = true;
    const auto again = parse_audit_message(kUserCmd, format_audit_message(m), true);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->terminal, "pts/0");
    EXPECT_EQ(again->outcome, AuditOutcome::kUnknown);
}

}  // namespace
}  // namespace whodid
