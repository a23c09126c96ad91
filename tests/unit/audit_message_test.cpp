// SPDX-License-Identifier: Apache-2.0
// Audit user messages, most of them as Debian 12's sshd, sudo, su and shadow sent them.
#include "enrich/audit_message.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

using namespace std::string_literals;
using Outcome = AuditOutcome;

AuditMessage parse(std::uint16_t type, std::string_view text, bool truncated = false) {
    const auto message = parse_audit_message(type, text, truncated);
    EXPECT_TRUE(message) << text;
    return message.value_or(AuditMessage{});
}

struct LoginCase {
    std::uint16_t type;
    std::string text;
    const char *op, *acct, *grantors, *exe, *addr, *terminal;
    Outcome outcome;
};

const LoginCase kLogins[] = {
    {kUserAuth,
     "op=PAM:authentication grantors=pam_permit,pam_cap acct=\"testu\" exe=\"/usr/sbin/sshd\" "
     "hostname=127.0.0.1 addr=127.0.0.1 terminal=ssh res=success\0\0"s,
     "PAM:authentication", "testu", "pam_permit,pam_cap", "/usr/sbin/sshd", "127.0.0.1", "ssh",
     Outcome::kSuccess},
    {kUserAuth,
     "op=PAM:authentication grantors=? acct=\"nosuch\" exe=\"/usr/sbin/sshd\" hostname=127.0.0.1 "
     "addr=127.0.0.1 "
     "terminal=ssh res=failed\0\0\0"s,
     "PAM:authentication", "nosuch", "", "/usr/sbin/sshd", "127.0.0.1", "ssh", Outcome::kFailure},
    {kUserLogin,
     "op=login acct=\"testu\" exe=\"/usr/sbin/sshd\" hostname=? addr=127.0.0.1 terminal=sshd res=failed",
     "login", "testu", "", "/usr/sbin/sshd", "127.0.0.1", "sshd", Outcome::kFailure},
    {kUserLogin,
     "op=login acct=28696E76616C6964207573657229 exe=\"/usr/sbin/sshd\" hostname=? addr=127.0.0.1 "
     "terminal=sshd "
     "res=failed\0\0"s,
     "login", "(invalid user)", "", "/usr/sbin/sshd", "127.0.0.1", "sshd", Outcome::kFailure},
    {kUserErr,
     "op=PAM:bad_ident grantors=? acct=\"?\" exe=\"/usr/sbin/sshd\" hostname=::1 addr=::1 terminal=ssh "
     "res=failed",
     "PAM:bad_ident", "", "", "/usr/sbin/sshd", "::1", "ssh", Outcome::kFailure},
    {kCredRefr,
     "op=PAM:setcred grantors=pam_permit,pam_cap acct=\"testu\" exe=\"/usr/bin/sudo\" hostname=? addr=? "
     "terminal=? "
     "res=success\n"s,
     "PAM:setcred", "testu", "pam_permit,pam_cap", "/usr/bin/sudo", "", "", Outcome::kSuccess},
    {kUserChauthtok,
     "op=adding user to shadow group acct=\"testu\" exe=\"/usr/sbin/usermod\" hostname=? addr=? terminal=? "
     "res=success\0\0\0\0"s,
     "adding user to shadow group", "testu", "", "/usr/sbin/usermod", "", "", Outcome::kSuccess},
};

TEST(AuditMessage, Logins) {
    for (const LoginCase& c : kLogins) {
        const AuditMessage m = parse(c.type, c.text);
        EXPECT_EQ(m.type, c.type);
        EXPECT_EQ(m.op, c.op) << c.text;
        EXPECT_EQ(m.acct, c.acct) << c.text;
        EXPECT_EQ(m.grantors, c.grantors) << c.text;
        EXPECT_EQ(m.exe, c.exe) << c.text;
        EXPECT_EQ(m.addr, c.addr) << c.text;
        EXPECT_EQ(m.terminal, c.terminal) << c.text;
        EXPECT_EQ(m.outcome, c.outcome) << c.text;
        EXPECT_FALSE(m.id);
        EXPECT_FALSE(m.truncated);
    }
}

TEST(AuditMessage, TtyLoginGivesTheUid) {
    const AuditMessage m = parse(kUserLogin,
                                 "op=login id=1001 exe=\"/usr/sbin/sshd\" hostname=127.0.0.1 addr=127.0.0.1 "
                                 "terminal=/dev/pts/0 res=success");
    EXPECT_EQ(m.id, 1001u);
    EXPECT_EQ(m.terminal, "/dev/pts/0");
    EXPECT_EQ(m.hostname, "127.0.0.1");
}

TEST(AuditMessage, SudoCommand) {
    const AuditMessage m = parse(
        kUserCmd, "cwd=\"/root\" cmd=6964202D75 exe=\"/usr/bin/sudo\" terminal=pts/0 res=success\0\0\0\0"s);
    EXPECT_EQ(m.cwd, "/root");
    EXPECT_EQ(m.cmd, "id -u");
    EXPECT_EQ(m.terminal, "pts/0");
    EXPECT_EQ(m.op, "");
    EXPECT_EQ(m.outcome, Outcome::kSuccess);

    const AuditMessage quoted =
        parse(kUserCmd, "cwd=2F686F6D652F6120 cmd=\"bash\" exe=\"/usr/bin/sudo\" res=failed");
    EXPECT_EQ(quoted.cwd, "/home/a ");
    EXPECT_EQ(quoted.cmd, "bash");
    EXPECT_EQ(quoted.outcome, Outcome::kFailure);
}

TEST(AuditMessage, ShadowTools) {
    const struct {
        const char *text, *op, *acct, *grp;
        std::optional<std::uint32_t> id;
    } cases[] = {
        {"op=adding user id=1002 exe=\"/usr/sbin/useradd\" hostname=? addr=? terminal=? res=success",
         "adding user", "", "", 1002},
        {"op=adding group to /etc/group id=1002 exe=\"/usr/sbin/groupadd\" hostname=? addr=? terminal=? "
         "res=success",
         "adding group to /etc/group", "", "", 1002},
        {"op= id=1002 exe=\"/usr/sbin/groupadd\" hostname=? addr=? terminal=? res=success", "", "", "", 1002},
        {"op=adding user to group grp=\"sudo\" acct=\"x\" exe=\"/usr/sbin/usermod\" res=success",
         "adding user to group",
         "x",
         "sudo",
         {}},
        {"op=add-user-to-group grp=737564206F acct=\"x\" exe=\"/usr/sbin/usermod\" res=success",
         "add-user-to-group",
         "x",
         "sud o",
         {}},
        {"op=change max age id=1001 exe=\"/usr/bin/chage\" hostname=? addr=? terminal=? res=success",
         "change max age", "", "", 1001},
        {"op=a id=12ab res=success", "a", "", "", {}},
        {"op=a id=99999999999 res=success", "a", "", "", {}},
        {"op=a id=-1 res=success", "a", "", "", {}},
    };
    for (const auto& c : cases) {
        const AuditMessage m = parse(kAddUser, c.text);
        EXPECT_EQ(m.op, c.op) << c.text;
        EXPECT_EQ(m.acct, c.acct) << c.text;
        EXPECT_EQ(m.grp, c.grp) << c.text;
        EXPECT_EQ(m.id, c.id) << c.text;
        EXPECT_EQ(m.outcome, Outcome::kSuccess) << c.text;
    }
}

TEST(AuditMessage, KeyOfRhelSshd) {
    const AuditMessage m =
        parse(kCryptoKeyUser,
              "op=negotiate kind=auth-key fp=SHA256:nWRh rport=58932 acct=\"alice\" exe=\"/usr/sbin/sshd\" "
              "hostname=? addr=198.51.100.7 terminal=? res=success");
    EXPECT_EQ(m.op, "negotiate");
    EXPECT_EQ(m.kind, "auth-key");
    EXPECT_EQ(m.fp, "SHA256:nWRh");
    EXPECT_EQ(m.rport, 58932);
}

TEST(AuditMessage, HexOnlyWhereLibauditEncodes) {
    const struct {
        const char *text, *acct, *hostname;
    } cases[] = {
        {"acct=abcd hostname=abcd", "\xab\xcd", "abcd"},
        {"acct=\"abcd\" hostname=1234", "abcd", "1234"},
        {"acct=abc hostname=x", "abc", "x"},    // odd
        {"acct=abcg hostname=x", "abcg", "x"},  // no digit
        {"acct= hostname=x", "", "x"},
        {"acct=\"\" hostname=\"x\"", "", "x"},
        {"acct=\"a b=c\" hostname=x", "a b=c", "x"},
    };
    for (const auto& c : cases) {
        const AuditMessage m = parse(kUserAuth, c.text);
        EXPECT_EQ(m.acct, c.acct) << c.text;
        EXPECT_EQ(m.hostname, c.hostname) << c.text;
    }
}

TEST(AuditMessage, Trap01_UnsetIdIsNoNumber) {
    EXPECT_FALSE(parse(kUserLogin, "op=login id=4294967295 exe=\"/usr/sbin/sshd\" res=success").id);
    EXPECT_EQ(parse(kUserLogin, "op=login id=0 exe=\"/usr/sbin/sshd\" res=success").id, 0u);
}

TEST(AuditMessage, Trap10_FailedLoginNamesWhatWasTyped) {
    // The name is data for the caller to hash, and an unknown account is told apart from one called "?".
    EXPECT_EQ(parse(kUserAuth, "op=PAM:authentication acct=\"hunter2\" res=failed").acct, "hunter2");
    EXPECT_EQ(parse(kUserAuth, "op=PAM:authentication acct=\"?\" res=failed").acct, "");
}

TEST(AuditMessage, Trap33_ControlBytesStayInTheirField) {
    const AuditMessage m = parse(
        kUserAuth, "op=PAM:authentication acct=780A7265733D73756363657373 exe=\"/usr/sbin/sshd\" res=failed");
    EXPECT_EQ(m.acct, "x\nres=success");
    EXPECT_EQ(m.outcome, Outcome::kFailure);
}

TEST(AuditMessage, Trap34_MappedAddress) {
    EXPECT_EQ(parse(kUserAuth, "op=login addr=::ffff:198.51.100.7 res=failed").addr, "198.51.100.7");
    EXPECT_EQ(parse(kUserAuth, "op=login addr=evil.example res=failed").addr, "");
}

// PAM_RHOST goes into the text as it is.
TEST(AuditMessage, HostNameCannotPlantFields) {
    const AuditMessage m =
        parse(kUserAuth,
              "op=PAM:authentication grantors=? acct=\"?\" exe=\"/usr/sbin/vsftpd\" "
              "hostname=h acct=\"root\" exe=\"/usr/sbin/sshd\" id=0 addr=203.0.113.9 terminal=ssh "
              "res=success addr=198.51.100.7 terminal=ftp res=failed");
    EXPECT_EQ(m.acct, "");
    EXPECT_EQ(m.exe, "/usr/sbin/vsftpd");
    EXPECT_EQ(m.hostname, "h");
    EXPECT_EQ(m.addr, "198.51.100.7");
    EXPECT_EQ(m.terminal, "ftp");
    EXPECT_EQ(m.outcome, Outcome::kFailure);

    const AuditMessage quote =
        parse(kUserAuth, "op=PAM:authentication acct=\"bob\" hostname=h x=\" addr=198.51.100.7 res=failed");
    EXPECT_EQ(quote.addr, "198.51.100.7");
    EXPECT_EQ(quote.outcome, Outcome::kFailure);
}

TEST(AuditMessage, CutText) {
    const AuditMessage hex = parse(kUserCmd, "cwd=\"/root\" cmd=6964202D7", true);
    EXPECT_EQ(hex.cmd, "id -");
    EXPECT_TRUE(hex.truncated);
    EXPECT_EQ(hex.outcome, Outcome::kUnknown);

    EXPECT_EQ(parse(kUserCmd, "cwd=\"/ro", true).cwd, "/ro");
    EXPECT_EQ(parse(kUserAuth, "op=login acct=\"ali", true).acct, "");
    EXPECT_EQ(parse(kUserAuth, "op=adding user to gro", true).op, "");
    EXPECT_FALSE(parse(kUserAuth, "op=login id=10", true).id);
    EXPECT_EQ(parse(kUserAuth, "op=login id=10 ", true).id, 10u);
    EXPECT_EQ(parse(kUserAuth, "op=login addr=198.51.100.7", true).addr, "");
    // The real res comes last, so this one came with the host name.
    EXPECT_EQ(parse(kUserAuth, "op=login hostname=h res=success addr=198.51.", true).outcome,
              Outcome::kUnknown);
}

TEST(AuditMessage, NoFields) {
    for (std::string_view text :
         {"", "\0op=login", "   ", "=", "hello world", "x=1 y=2", "op", "\"op=login\""}) {
        EXPECT_FALSE(parse_audit_message(kUserAuth, text)) << text;
    }
    EXPECT_FALSE(parse_audit_message(kUserAuth, "\0op=login"s));
}

// Spot checks against libaudit 3.0.9's audit_msg_type_to_name.
TEST(AuditMessage, TypeNames) {
    EXPECT_EQ(audit_type_name(1100), "USER_AUTH");
    EXPECT_EQ(audit_type_name(1112), "USER_LOGIN");
    EXPECT_EQ(audit_type_name(1123), "USER_CMD");
    EXPECT_EQ(audit_type_name(1132), "GRP_MGMT");
    EXPECT_EQ(audit_type_name(1136), "ACCT_UNLOCK");
    EXPECT_EQ(audit_type_name(2404), "CRYPTO_KEY_USER");
    EXPECT_EQ(audit_type_name(1), "");
}

}  // namespace
}  // namespace whodid
