// SPDX-License-Identifier: Apache-2.0
// sshd's log lines, most of them as OpenSSH 9.2 wrote them to /dev/log.
#include "enrich/sshd_line.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

using namespace std::string_literals;
using Kind = SshdKind;

constexpr const char* kFp = "SHA256:ZJcbe8uGchFYWq8xlSyKJ0Etp0SWpq9u+fgF8pFSMHA";
constexpr const char* kCaFp = "SHA256:nydC66h/vYWTApjUYwWjLZJ/IZZ61zI8hcW5Rgy3Kuo";

// `text` behind the header that glibc's syslog(3) writes.
std::optional<SshdLine> parse_text(const std::string& text) {
    return parse_sshd_line("<38>Nov 24 03:56:16 sshd[11365]: " + text);
}

SshdLine parse(const std::string& text) {
    const auto line = parse_text(text);
    EXPECT_TRUE(line) << text;
    return line.value_or(SshdLine{});
}

struct Attempt {
    std::string text;
    Kind kind;
    const char *method, *user;
    bool invalid_user;
    const char* address;
    std::uint16_t port;
};

const Attempt kAttempts[] = {
    {"Accepted password for testu from 127.0.0.1 port 58050 ssh2", Kind::kAccepted, "password", "testu",
     false, "127.0.0.1", 58050},
    {"Accepted publickey for testu from ::1 port 38068 ssh2: ED25519 "s + kFp, Kind::kAccepted, "publickey",
     "testu", false, "::1", 38068},
    {"Accepted keyboard-interactive/pam for testu from 127.0.0.1 port 58054 ssh2", Kind::kAccepted,
     "keyboard-interactive/pam", "testu", false, "127.0.0.1", 58054},
    {"Accepted publickey for a from fe80::1%eth0 port 1 ssh2: RSA "s + kFp, Kind::kAccepted, "publickey", "a",
     false, "fe80::1%eth0", 1},
    {"Failed password for testu from 127.0.0.1 port 50730 ssh2", Kind::kFailed, "password", "testu", false,
     "127.0.0.1", 50730},
    {"Failed keyboard-interactive/pam for testu from 127.0.0.1 port 50744 ssh2", Kind::kFailed,
     "keyboard-interactive/pam", "testu", false, "127.0.0.1", 50744},
    {"Failed none for invalid user nosuch from 127.0.0.1 port 4 ssh2 [preauth]", Kind::kFailed, "none",
     "nosuch", true, "127.0.0.1", 4},
    {"Failed password for invalid user  from UNKNOWN port 65535 ssh2", Kind::kFailed, "password", "", true,
     "", 65535},
    {"error: maximum authentication attempts exceeded for testu from 127.0.0.1 port 55948 ssh2 [preauth]",
     Kind::kMaxAttempts, "", "testu", false, "127.0.0.1", 55948},
    {"error: maximum authentication attempts exceeded for invalid user x y from 127.0.0.1 port 55948 ssh2 "
     "[preauth]",
     Kind::kMaxAttempts, "", "x y", true, "127.0.0.1", 55948},
    {"Invalid user nosuch from 127.0.0.1 port 50760", Kind::kInvalidUser, "", "nosuch", true, "127.0.0.1",
     50760},
    {"Invalid user  from 127.0.0.1 port 50760", Kind::kInvalidUser, "", "", true, "127.0.0.1", 50760},
    {"ROOT LOGIN REFUSED FROM 198.51.100.7 port 22", Kind::kRootRefused, "", "root", false, "198.51.100.7",
     22},
    {R"(Connection from 127.0.0.1 port 58016 on 127.0.0.1 port 2222 rdomain "")", Kind::kConnection, "", "",
     false, "127.0.0.1", 58016},
    {"Connection closed by authenticating user testu ::1 port 38052 [preauth]", Kind::kConnectionClosed, "",
     "testu", false, "::1", 38052},
    {"Connection closed by invalid user nosuch 127.0.0.1 port 50760 [preauth]", Kind::kConnectionClosed, "",
     "nosuch", true, "127.0.0.1", 50760},
    {"Connection closed by 198.51.100.7 port 40000", Kind::kConnectionClosed, "", "", false, "198.51.100.7",
     40000},
    {"Connection reset by 198.51.100.7 port 40000 [preauth]", Kind::kConnectionReset, "", "", false,
     "198.51.100.7", 40000},
    {"Disconnected from user testu 127.0.0.1 port 58016", Kind::kDisconnected, "", "testu", false,
     "127.0.0.1", 58016},
    {"Disconnected from authenticating user root 198.51.100.7 port 9 [preauth]", Kind::kDisconnected, "",
     "root", false, "198.51.100.7", 9},
};

TEST(SshdLine, Attempts) {
    for (const Attempt& c : kAttempts) {
        const SshdLine line = parse(c.text);
        EXPECT_EQ(line.kind, c.kind) << c.text;
        EXPECT_EQ(line.method, c.method) << c.text;
        EXPECT_EQ(line.user, c.user) << c.text;
        EXPECT_EQ(line.invalid_user, c.invalid_user) << c.text;
        EXPECT_EQ(line.address, c.address) << c.text;
        EXPECT_EQ(line.port, c.port) << c.text;
        EXPECT_EQ(line.preauth, c.text.ends_with("[preauth]")) << c.text;
        EXPECT_FALSE(line.ambiguous) << c.text;
        EXPECT_EQ(line.pid, 11365u);
    }
}

TEST(SshdLine, Keys) {
    const SshdLine plain =
        parse("Accepted publickey for testu from 127.0.0.1 port 58016 ssh2: ED25519 "s + kFp);
    EXPECT_EQ(plain.key_type, "ED25519");
    EXPECT_EQ(plain.fingerprint, kFp);
    EXPECT_EQ(plain.cert_id, "");
    EXPECT_FALSE(plain.cert_serial);

    const SshdLine cert =
        parse("Accepted publickey for testu from 127.0.0.1 port 58036 ssh2: ED25519-CERT "s + kFp +
              " ID alice@corp prod (serial 7) CA ED25519 " + kCaFp);
    EXPECT_EQ(cert.key_type, "ED25519-CERT");
    EXPECT_EQ(cert.fingerprint, kFp);
    EXPECT_EQ(cert.cert_id, "alice@corp prod");
    EXPECT_EQ(cert.cert_serial, 7u);
    EXPECT_EQ(cert.ca_key_type, "ED25519");
    EXPECT_EQ(cert.ca_fingerprint, kCaFp);

    const SshdLine failed = parse("Failed publickey for testu from 127.0.0.1 port 50754 ssh2: RSA "s + kFp);
    EXPECT_EQ(failed.key_type, "RSA");
    EXPECT_EQ(failed.fingerprint, kFp);

    const SshdLine empty_id = parse("Accepted publickey for a from 127.0.0.1 port 1 ssh2: RSA-CERT "s + kFp +
                                    " ID  (serial 18446744073709551615) CA RSA " + kCaFp);
    EXPECT_EQ(empty_id.cert_id, "");
    EXPECT_EQ(empty_id.cert_serial, UINT64_MAX);
}

TEST(SshdLine, OtherMethods) {
    const SshdLine gssapi =
        parse("Accepted gssapi-with-mic for alice from 198.51.100.7 port 1 ssh2: alice@EXAMPLE.ORG");
    EXPECT_EQ(gssapi.method, "gssapi-with-mic");
    EXPECT_EQ(gssapi.method_info, "alice@EXAMPLE.ORG");

    const SshdLine host = parse("Accepted hostbased for alice from 198.51.100.7 port 1 ssh2: RSA "s + kFp +
                                ", client user \"root\", client host \"build7\"");
    EXPECT_EQ(host.key_type, "RSA");
    EXPECT_EQ(host.fingerprint, kFp);
    EXPECT_EQ(host.method_info, "client user \"root\", client host \"build7\"");
}

TEST(SshdLine, NotAllowed) {
    const struct {
        const char *text, *user, *address, *reason;
    } cases[] = {
        {"User games from 127.0.0.1 not allowed because listed in DenyUsers", "games", "127.0.0.1",
         "listed in DenyUsers"},
        {"User bob from host.example not allowed because not listed in AllowUsers", "bob", "",
         "not listed in AllowUsers"},
        {"User bob from ::1 not allowed because none of user's groups are listed in AllowGroups", "bob",
         "::1", "none of user's groups are listed in AllowGroups"},
        {"User bob not allowed because account is locked", "bob", "", "account is locked"},
        {"User bob not allowed because shell /bin/fish does not exist", "bob", "",
         "shell /bin/fish does not exist"},
        {"User x from 203.0.113.9 not allowed because account is locked", "x from 203.0.113.9", "",
         "account is locked"},
    };
    for (const auto& c : cases) {
        const SshdLine line = parse(c.text);
        EXPECT_EQ(line.kind, Kind::kNotAllowed);
        EXPECT_EQ(line.user, c.user) << c.text;
        EXPECT_EQ(line.address, c.address) << c.text;
        EXPECT_EQ(line.reason, c.reason) << c.text;
    }
}

TEST(SshdLine, Disconnects) {
    const SshdLine client = parse("Received disconnect from 127.0.0.1 port 58016:11: disconnected by user");
    EXPECT_EQ(client.kind, Kind::kReceivedDisconnect);
    EXPECT_EQ(client.port, 58016);
    EXPECT_EQ(client.reason, "disconnected by user");

    const SshdLine server = parse(
        "Disconnecting authenticating user testu 127.0.0.1 port 55948: Too many authentication failures "
        "[preauth]");
    EXPECT_EQ(server.kind, Kind::kDisconnecting);
    EXPECT_EQ(server.user, "testu");
    EXPECT_EQ(server.port, 55948);
    EXPECT_EQ(server.reason, "Too many authentication failures");
    EXPECT_FALSE(server.ambiguous);
}

TEST(SshdLine, Sessions) {
    const struct {
        const char *text, *session, *tty, *user;
    } cases[] = {
        {"Starting session: shell on pts/0 for alice from 198.51.100.7 port 58932 id 0", "shell", "pts/0",
         "alice"},
        {"Starting session: command for alice from 198.51.100.7 port 58932 id 0", "command", "", "alice"},
        {"Starting session: subsystem 'sftp' for alice from 198.51.100.7 port 58932 id 12",
         "subsystem 'sftp'", "", "alice"},
        {"Starting session: forced-command (key-option) 'backup --for x' on pts/3 for alice from "
         "198.51.100.7 port "
         "58932 id 0",
         "forced-command (key-option) 'backup --for x'", "pts/3", "alice"},
        {"Starting session: subsystem 'x' on pts/9 for root from 203.0.113.9 port 1 id 0' for alice from "
         "198.51.100.7 "
         "port 58932 id 0",
         "subsystem 'x' on pts/9 for root from 203.0.113.9 port 1 id 0'", "", "alice"},
    };
    for (const auto& c : cases) {
        const SshdLine line = parse(c.text);
        EXPECT_EQ(line.kind, Kind::kSessionStart) << c.text;
        EXPECT_EQ(line.session, c.session) << c.text;
        EXPECT_EQ(line.tty, c.tty) << c.text;
        EXPECT_EQ(line.user, c.user) << c.text;
        EXPECT_EQ(line.address, "198.51.100.7") << c.text;
        EXPECT_EQ(line.port, 58932) << c.text;
    }
    const SshdLine close = parse("Close session: user alice from 198.51.100.7 port 58932 id 0");
    EXPECT_EQ(close.kind, Kind::kSessionClose);
    EXPECT_EQ(close.user, "alice");

    const SshdLine child = parse("User child is on pid 11423");
    EXPECT_EQ(child.kind, Kind::kUserChild);
    EXPECT_EQ(child.child_pid, 11423u);
}

TEST(SshdLine, Headers) {
    const std::string text = "Accepted password for a from 192.0.2.1 port 5 ssh2";
    const struct {
        std::string header;
        const char* tag;
        std::uint32_t pid;
        int facility;  // -1: none
    } cases[] = {
        {"<86>Nov 24 14:02:07 sshd[123]: ", "sshd", 123, 10},
        {"<38>Nov  4 14:02:07 sshd[123]: ", "sshd", 123, 4},
        {"<86>sshd[123]: ", "sshd", 123, 10},
        {"sshd[123]: ", "sshd", 123, -1},
        {"<86>sshd: ", "sshd", 0, 10},
        {"Nov 24 14:02:07 bastion-1 sshd[4294967295]: ", "sshd", 4294967295u, -1},
        {"2026-11-24T14:02:07.123456+01:00 bastion-1 sshd[9]: ", "sshd", 9, -1},
        {"<86>2026-11-24T14:02:07Z sshd[9]: ", "sshd", 9, 10},
        {"sshd.example sshd[9]: ", "sshd", 9, -1},
    };
    for (const auto& c : cases) {
        const auto line = parse_sshd_line(c.header + text);
        ASSERT_TRUE(line) << c.header;
        EXPECT_EQ(line->tag, c.tag) << c.header;
        EXPECT_EQ(line->pid, c.pid) << c.header;
        EXPECT_EQ(line->facility ? *line->facility : -1, c.facility) << c.header;
        EXPECT_EQ(line->user, "a");
    }
    EXPECT_TRUE(parse_sshd_line("<86>sshd[1]: " + text + "\n"s));
    EXPECT_TRUE(parse_sshd_line("<86>sshd[1]: " + text + "\0"s));
}

TEST(SshdLine, Trap11_SshdSessionSplit) {
    const std::string text = "Accepted publickey for alice from 192.0.2.1 port 5 ssh2: ED25519 "s + kFp;
    for (const char* tag : {"sshd", "sshd-session", "sshd-auth"}) {
        const auto line = parse_sshd_line("<86>Nov 24 14:02:07 "s + tag + "[77]: " + text);
        ASSERT_TRUE(line) << tag;
        EXPECT_EQ(line->tag, tag);
        EXPECT_EQ(line->pid, 77u);
    }
}

TEST(SshdLine, Trap10_TypedPasswordIsMarked) {
    const SshdLine line = parse("Failed password for invalid user hunter2 from 127.0.0.1 port 50760 ssh2");
    EXPECT_TRUE(line.invalid_user);
    EXPECT_EQ(line.user, "hunter2");
}

// Every address below 203.0.113.0/24 was written by the client.
TEST(SshdLine, Trap33_NameHoldsAnAddress) {
    const struct {
        std::string text, user;
        bool ambiguous;
    } cases[] = {
        {"Invalid user root from 203.0.113.9 port 22 ssh2 from 127.0.0.1 port 50770",
         "root from 203.0.113.9 port 22 ssh2", false},
        {"Failed password for invalid user root from 203.0.113.9 port 22 ssh2 from 127.0.0.1 port 50770 ssh2",
         "root from 203.0.113.9 port 22 ssh2", false},
        {"Failed publickey for invalid user root from 203.0.113.9 port 1 ssh2: RSA "s + kFp +
             " from 127.0.0.1 port 50770 ssh2: ED25519 " + kFp,
         "root from 203.0.113.9 port 1 ssh2: RSA "s + kFp, false},
        {"Failed password for root from 203.0.113.9 port 1 ssh2 for invalid user x from 127.0.0.1 port 50770 "
         "ssh2",
         "root from 203.0.113.9 port 1 ssh2 for invalid user x", false},
        {"Failed publickey for invalid user root from 203.0.113.9 port 1 ssh2: RSA-CERT "s + kFp +
             " ID a from 127.0.0.1 port 50770 ssh2: RSA-CERT " + kFp + " ID b (serial 1) CA RSA " + kCaFp,
         "root from 203.0.113.9 port 1 ssh2: RSA-CERT "s + kFp + " ID a", true},
        {"Connection closed by invalid user root from 203.0.113.9 port 22 ssh2 127.0.0.1 port 50770 "
         "[preauth]",
         "root from 203.0.113.9 port 22 ssh2", false},
        {"Disconnecting invalid user root 203.0.113.9 port 1: bye 127.0.0.1 port 50770: Too many "
         "authentication "
         "failures [preauth]",
         "root 203.0.113.9 port 1: bye", true},
    };
    for (const auto& c : cases) {
        const SshdLine line = parse(c.text);
        EXPECT_EQ(line.address, "127.0.0.1") << c.text;
        EXPECT_EQ(line.port, 50770) << c.text;
        EXPECT_EQ(line.user, c.user) << c.text;
        EXPECT_EQ(line.ambiguous, c.ambiguous) << c.text;
    }
}

// An account that was let in exists; what comes with the key may be anything the authority signed.
TEST(SshdLine, KeyIdHoldsAnAddress) {
    const SshdLine line =
        parse("Accepted publickey for alice from 127.0.0.1 port 50770 ssh2: RSA-CERT "s + kFp +
              " ID root from 203.0.113.9 port 1 ssh2: RSA-CERT " + kFp + " ID x (serial 9) CA RSA " + kCaFp);
    EXPECT_EQ(line.user, "alice");
    EXPECT_EQ(line.address, "127.0.0.1");
    EXPECT_EQ(line.ca_fingerprint, kCaFp);
    EXPECT_TRUE(line.ambiguous);

    const SshdLine tail = parse("Accepted publickey for alice from 127.0.0.1 port 50770 ssh2: RSA-CERT "s +
                                kFp + " ID x (serial 1) CA RSA SHA256:forged (serial 9) CA RSA " + kCaFp);
    EXPECT_EQ(tail.cert_id, "x (serial 1) CA RSA SHA256:forged");
    EXPECT_EQ(tail.cert_serial, 9u);
    EXPECT_EQ(tail.ca_fingerprint, kCaFp);
}

TEST(SshdLine, NamesAreDecoded) {
    EXPECT_EQ(parse(R"(Accepted password for CORP\\alice from 127.0.0.1 port 1 ssh2)").user, R"(CORP\alice)");
    EXPECT_EQ(parse(R"(Invalid user J\303\251r\303\264me from 127.0.0.1 port 1)").user, "J\u00e9r\u00f4me");
    EXPECT_EQ(parse(R"(Invalid user a\nb from 127.0.0.1 port 1)").user, "a\nb");
}

TEST(SshdLine, Unknown) {
    const std::string lines[] = {
        "Accepted key ED25519 "s + kFp + " found at /home/alice/.ssh/authorized_keys:1",
        "Accepted certificate ID \"alice\" (serial 7) signed by ED25519 CA "s + kCaFp +
            " via /etc/ssh/ca.pub",
        "Accepted for root [1.2.3.4] by /etc/hosts.equiv.",
        "Postponed publickey for testu from 127.0.0.1 port 58016 ssh2 [preauth]",
        "pam_unix(sshd:session): session opened for user testu(uid=1001) by (uid=0)",
        "Server listening on 0.0.0.0 port 2222.",
        "Accepted password for a from 1.2.3 port 5 ssh2",
        "Accepted password for a from 1.2.3.4 port 70000 ssh2",
        "Accepted password for a from 1.2.3.4 port 5 ssh2 and more",
        "Accepted password for a from 1.2.3.4 port 5 ssh2: RSA "s + kFp,
        "Failed password for",
        "Invalid user",
        "Starting session: shell for a from 1.2.3.4 port 5",
        "User child is on pid x",
        "",
    };
    for (const std::string& text : lines) EXPECT_FALSE(parse_text(text)) << text;
    const char* headers[] = {"",
                             "<86>",
                             "<999>sshd[1]: ",
                             "sshd[1] ",
                             "sshd[x]: ",
                             "sshd[1: ",
                             "sshdx[1]: ",
                             "xsshd[1]: ",
                             "<13>Nov 24 14:02:07 logger: sshd[1]: ",
                             "sudo[1]: sshd[1]: "};
    for (const std::string header : headers) {
        EXPECT_FALSE(parse_sshd_line(header + "Invalid user a from 1.2.3.4 port 1")) << header;
    }
}

}  // namespace
}  // namespace whodid
