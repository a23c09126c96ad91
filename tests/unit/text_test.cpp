// SPDX-License-Identifier: Apache-2.0
// Lines of the screen.
#include "sink/text.h"

#include <gtest/gtest.h>

#include "base/escape.h"
#include "made_event.h"

namespace whodid {
namespace {

using test::Maker;

struct Text : testing::Test, Maker {
    TextOptions options;
    TerminalSize size{110, 40};

    std::string line(const Event& event) {
        TextLayout layout(options);
        layout.fit(size);
        std::string out;
        layout.append(event, out);
        EXPECT_TRUE(out.ends_with('\n'));
        out.pop_back();
        return out;
    }
    std::string header() {
        TextLayout layout(options);
        layout.fit(size);
        return layout.header();
    }
    Event two_names(std::uint16_t kind, const std::string& from, const std::string& to) {
        Event e = file(kind, from, alice(0));
        e.target_path = keep(to);
        return e;
    }
};

TEST_F(Text, Header) {
    EXPECT_EQ(
        header(),
        "TIME         WHO@FROM            AS     SES  ACT      WHAT                                       "
        "RESULT\n");
}

// One golden line for each kind; the first columns as on a page of 110.
TEST_F(Text, Processes) {
    EXPECT_EQ(line(exec({"-bash"}, alice())), "14:02:31.118 alice@198.51.100.7  alice  118  exec     -bash");
    EXPECT_EQ(line(exec({"vim", "/etc/ssh/sshd_config"}, alice(0))),
              "14:02:31.118 alice@198.51.100.7  ROOT   118  exec     vim /etc/ssh/sshd_config");
    EXPECT_EQ(
        line(exec({"curl", "-u", "svc:****", "https://files.example/x"}, alice(0))),
        "14:02:31.118 alice@198.51.100.7  ROOT   118  exec     curl -u svc:**** https://files.example/x");
    EXPECT_EQ(
        line(exec({"/opt/tools/missing"}, alice(0), -ENOENT)),
        "14:02:31.118 alice@198.51.100.7  ROOT   118  exec     /opt/tools/missing                         "
        "ENOENT");
    EXPECT_EQ(line(exec({"ls"}, daemon("/usr/bin/ls"))),
              "14:02:31.118 -                   ROOT   -    exec     ls");
    EXPECT_EQ(line(event(record<rec_fork>(REC_PROCESS_FORK), alice())),
              "14:02:31.118 alice@198.51.100.7  alice  118  fork     bash[4188]");
    auto ended = record<rec_exit>(REC_PROCESS_EXIT);
    ended->code = 3;
    EXPECT_EQ(
        line(event(std::move(ended), alice())),
        "14:02:31.118 alice@198.51.100.7  alice  118  exit     bash[4188]                                 3");
    auto killed = record<rec_exit>(REC_PROCESS_EXIT);
    killed->signal = 9;
    EXPECT_EQ(
        line(event(std::move(killed), alice())),
        "14:02:31.118 alice@198.51.100.7  alice  118  exit     bash[4188]                                 "
        "SIGKILL");
}

TEST_F(Text, SetIdProgramStartsWithTheRightsOfItsCaller) {
    auto made = record<rec_exec>(REC_PROCESS_EXEC);
    made->secure = 1;
    made.text(&rec_exec::argv, std::string("sudo\0-i\0", 8));
    auto p = alice(0, "/usr/bin/sudo");
    p->credentials.uid = 1004;
    p->real_user = "alice";
    EXPECT_EQ(line(event(std::move(made), p)),
              "14:02:31.118 alice@198.51.100.7  alice  118  exec     sudo -i");
}

TEST_F(Text, Files) {
    const std::string who = "14:02:31.118 alice@198.51.100.7  ROOT   118  ";
    EXPECT_EQ(line(file(REC_FILE_OPEN, "/etc/shadow", alice(0))), who + "read     /etc/shadow");
    EXPECT_EQ(line(file(REC_FILE_OPEN, "/etc/hosts", alice(0), 0, 1)), who + "write    /etc/hosts");
    EXPECT_EQ(
        line(file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES)),
        "14:02:31.118 alice@198.51.100.7  alice  118  read     /etc/shadow                                "
        "EACCES");
    EXPECT_EQ(line(file(REC_FILE_CREATE, "/root/x", alice(0), 0, 1)), who + "create   /root/x");
    EXPECT_EQ(line(file(REC_FILE_UNLINK, "/root/x", alice(0))), who + "unlink   /root/x");
    EXPECT_EQ(line(two_names(REC_FILE_RENAME, "/etc/passwd+", "/etc/passwd")),
              who + "rename   /etc/passwd+ → passwd");
    EXPECT_EQ(line(two_names(REC_FILE_LINK, "/etc/a", "/root/a")), who + "link     /etc/a → /root/a");
    EXPECT_EQ(line(two_names(REC_FILE_SYMLINK, "/etc/a", "/etc/b")), who + "symlink  /etc/a → /etc/b");
    EXPECT_EQ(line(file(REC_FILE_CHMOD, "/root/x", alice(0))), who + "chmod    /root/x 0600");
    EXPECT_EQ(line(file(REC_FILE_CHOWN, "/root/x", alice(0))), who + "chown    /root/x 33");
    EXPECT_EQ(line(file(REC_FILE_TRUNCATE, "/root/x", alice(0))), who + "truncate /root/x");
    EXPECT_EQ(line(file(REC_FILE_MKDIR, "/root/d", alice(0))), who + "mkdir    /root/d");
    EXPECT_EQ(line(file(REC_FILE_RMDIR, "/root/d", alice(0))), who + "rmdir    /root/d");
    auto attribute = record<rec_file>(REC_FILE_SETXATTR);
    attribute.text(&rec_file::name2, "security.capability");
    Event set = event(std::move(attribute), alice(0));
    set.path = "/root/x";
    EXPECT_EQ(line(set), who + "setxattr /root/x security.capability");
}

TEST_F(Text, Network) {
    const std::string who = "14:02:31.118 alice@198.51.100.7  ROOT   118  ";
    Event connect = net(REC_NETWORK_CONNECT, alice(0));
    connect.name = "files.example";
    EXPECT_EQ(line(connect), who + "connect  203.0.113.9:443 files.example              ok 84ms");
    EXPECT_EQ(line(net(REC_NETWORK_CONNECT, alice(0), -ECONNREFUSED)),
              who + "connect  203.0.113.9:443                            ECONNREFUSED");
    EXPECT_EQ(line(net(REC_NETWORK_ACCEPT, alice(0))), who + "accept   10.0.0.5:8080 ← 203.0.113.9:443");
    EXPECT_EQ(line(net(REC_NETWORK_BIND, alice(0))), who + "bind     10.0.0.5:8080");
    EXPECT_EQ(line(net(REC_NETWORK_LISTEN, alice(0))), who + "listen   10.0.0.5:8080");
    EXPECT_EQ(line(net(REC_NETWORK_SEND, alice(0), 0, 514, IPPROTO_UDP)), who + "send     203.0.113.9:514");
    EXPECT_EQ(line(net(REC_NETWORK_CLOSE, alice(0))),
              who + "close    203.0.113.9:443                            sent 1.2K got 48K");
    Event question = net(REC_NETWORK_DNS, alice(0), 0, 53, IPPROTO_UDP);
    question.name = "files.example";
    EXPECT_EQ(line(question), who + "dns      files.example");
    EXPECT_EQ(line(unix_socket("/run/docker.sock", alice(0))),
              who + "connect  unix /run/docker.sock                      ok");
    auto v6 = record<rec_net>(REC_NETWORK_CONNECT, -ETIMEDOUT);
    v6->family = AF_INET6;
    v6->peer[0] = 0x20;
    v6->peer[1] = 0x01;
    v6->peer[15] = 1;
    v6->peer_port = 80;
    EXPECT_EQ(line(event(std::move(v6), alice(0))),
              who + "connect  [2001::1]:80                               ETIMEDOUT");
}

TEST_F(Text, Logins) {
    EXPECT_EQ(line(session_event(REC_SESSION_START, "sshd", alice(0, "/usr/sbin/sshd"))),
              "14:02:31.118 alice@198.51.100.7  -      118  LOGIN    sshd publickey SHA256:nWRh…q2           "
              "   ok");
    EXPECT_EQ(line(session_event(REC_SESSION_END, "sshd", alice(0, "/usr/sbin/sshd"))),
              "14:02:31.118 alice@198.51.100.7  -      118  LOGOUT   2m03s, 234 execs, 3 writes, sent 1.2K");
    EXPECT_EQ(
        line(auth({.service = "sudo", .target = "root", .command = "/bin/bash"}, alice(0, "/usr/bin/sudo"))),
        "14:02:31.118 alice@198.51.100.7  ROOT   118  SUDO     root → root: /bin/bash                     "
        "ok");
    auto refused = auth({.service = "sshd",
                         .method = "password",
                         .account = "bob",
                         .address = "203.0.113.50",
                         .result = -EACCES},
                        daemon("/usr/sbin/sshd"));
    EXPECT_EQ(
        line(refused),
        "14:02:31.118 ?bob@203.0.113.50   -      -    LOGIN    sshd password                              "
        "FAILED");
    refused.count = 6;
    refused.first_ns = kWallNs;
    refused.last_ns = kWallNs + 41'000'000'000;
    EXPECT_EQ(
        line(refused),
        "14:02:31.118 ?bob@203.0.113.50   -      -    LOGIN    sshd password ×6 in 41s                    "
        "FAILED");
    EXPECT_EQ(
        line(auth({.service = "sshd",
                   .method = "password",
                   .address = "203.0.113.50",
                   .hash = "ab",
                   .result = -EACCES},
                  daemon("/usr/sbin/sshd"))),
        "14:02:31.118 ?unknown@203.0.113.50 -      -    LOGIN    sshd password unknown account (7 bytes)  "
        "FAILED");
    EXPECT_EQ(
        line(auth({.service = "su", .target = "root", .verified = false}, alice())),
        "14:02:31.118 alice@198.51.100.7  alice  118  SU       alice → root                               "
        "CLAIMED");
    auto account = record<rec_account>(REC_AUTH_ACCOUNT);
    account.text(&rec_account::operation, "adding user").text(&rec_account::account, "eve");
    account.text(&rec_account::group, "users");
    EXPECT_EQ(line(event(std::move(account), alice(0))),
              "14:02:31.118 alice@198.51.100.7  ROOT   118  ACCOUNT  adding user eve group users");
    auto setuid = identity("setuid-exec", alice(0));
    EXPECT_EQ(
        line(setuid),
        "14:02:31.118 alice@198.51.100.7  ROOT   118  IDENTITY setuid-exec: uid 1004/1004/1004 → 0/0/0");
}

TEST_F(Text, Sensor) {
    EXPECT_EQ(line(sensor(REC_SENSOR_START, "whodid 1.0")),
              "14:02:31.118 whodid              -      -    START    whodid 1.0");
    EXPECT_EQ(line(sensor(REC_SENSOR_STOP, "9 events")),
              "14:02:31.118 whodid              -      -    STOP     9 events");
    EXPECT_EQ(line(sensor(REC_SENSOR_LOSS, "")),
              "14:02:31.118 whodid              -      -    LOSS     41 file.open (kernel_ring)");
    EXPECT_EQ(line(sensor(REC_SENSOR_TAMPER, "login uid rewritten")),
              "14:02:31.118 whodid              -      -    TAMPER   login uid rewritten");
}

TEST_F(Text, WhoWithoutAnAddress) {
    auto p = alice();
    auto cron = std::make_shared<Session>(*session);
    cron->address.clear();
    cron->origin_type = "cron";
    p->session = cron;
    EXPECT_TRUE(line(exec({"true"}, p)).starts_with("14:02:31.118 alice@cron          alice  118  exec"));
    auto console = std::make_shared<Session>(*cron);
    console->origin_type = "console";
    console->terminal = "tty1";
    p->session = console;
    EXPECT_TRUE(line(exec({"true"}, p)).starts_with("14:02:31.118 alice@tty1 "));
    auto container = daemon("/usr/bin/ls");
    Container web;
    web.id = "3f2a91bc0d7e55aa66bb";
    container->container = std::make_shared<Container>(web);
    EXPECT_TRUE(line(exec({"true"}, container)).starts_with("14:02:31.118 -@3f2a91bc0d7e "));
}

// An unset login uid is nobody; it must never become root (trap 1), nor an unset session a number (trap 3).
TEST_F(Text, UnsetLoginUidIsNobody) {
    auto p = daemon("/usr/sbin/crond");
    const std::string text = line(exec({"run"}, p));
    EXPECT_TRUE(text.starts_with("14:02:31.118 -                   ROOT   -    exec")) << text;
    p->login_uid = 0;
    p->session = session;
    p->login_user = "root";
    EXPECT_TRUE(line(exec({"run"}, p)).starts_with("14:02:31.118 root@198.51.100.7"));
    p->login_user.clear();
    EXPECT_TRUE(line(exec({"run"}, p)).starts_with("14:02:31.118 0@198.51.100.7"));
}

TEST_F(Text, CutsWhatInTheMiddleAndNeverWho) {
    const std::string deep = "/srv/" + std::string(200, 'd') + "/the-end";
    for (std::size_t columns : {60, 80, 100, 110, 160, 200}) {
        size.columns = columns;
        for (const Event& e :
             {file(REC_FILE_UNLINK, deep, alice(0)), file(REC_FILE_UNLINK, deep, alice(0), -EACCES)}) {
            const std::string text = line(e);
            if (columns >= 80) {
                EXPECT_LE(display_width(text), columns) << text;
            }
            EXPECT_NE(text.find("alice@198.51.100.7"), std::string::npos) << text;
            EXPECT_NE(text.find("…"), std::string::npos) << text;
        }
    }
    size.columns = 0;
    EXPECT_NE(line(file(REC_FILE_UNLINK, deep, alice(0))).find(deep), std::string::npos);
    auto p = alice();
    auto far = std::make_shared<Session>(*session);
    far->address = "2001:db8:1234:5678:9abc:def0:1234:5678";
    p->session = far;
    size.columns = 80;
    EXPECT_NE(line(exec({"ls"}, p)).find("alice@2001:db8:1234:5678:9abc:def0:1234:5678 "), std::string::npos);
}

TEST_F(Text, NarrowTerminalHasSecondsOnly) {
    size.columns = 80;
    EXPECT_EQ(line(exec({"-bash"}, alice())), "14:02:31 alice@198.51.100.7  alice  118  exec     -bash");
    EXPECT_EQ(line(file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES)),
              "14:02:31 alice@198.51.100.7  alice  118  read     /etc/shadow          EACCES");
    EXPECT_EQ(header(), "TIME     WHO@FROM            AS     SES  ACT      WHAT                 RESULT\n");
}

TEST_F(Text, ColumnsGrowWithWhatTheyAreGiven) {
    TextLayout layout(options);
    layout.fit(size);
    auto p = alice();
    p->login_user = "firstname.lastname";
    p->session = nullptr;
    p->effective_user = "firstname.lastname";
    std::string out;
    auto q = p;
    q->login_user = "firstname.lastname.jr";
    layout.append(exec({"a"}, q), out);
    out.clear();
    layout.append(exec({"b"}, alice()), out);
    EXPECT_TRUE(out.starts_with("14:02:31.118 alice@198.51.100.7    alice  118  exec")) << out;
}

// A file name must not steer the terminal or fake a line (trap 33).
TEST_F(Text, HostileBytes) {
    const std::string text = line(exec({"x", "a\nb", "\x1b[31mred", "\xff\xfe", "\u202egpj.exe", "a\tb",
                                        "\xc2\x9b"
                                        "1m",
                                        ""},
                                       alice()));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_TRUE(valid_utf8(text));
    EXPECT_NE(text.find("'a\\nb'"), std::string::npos) << text;
    EXPECT_NE(text.find("\\x1b[31mred"), std::string::npos) << text;
    size.columns = 0;
    const std::string whole = line(exec({"\xff\xfe", "\u202egpj.exe",
                                         "\xc2\x9b"
                                         "1m",
                                         ""},
                                        alice()));
    EXPECT_NE(whole.find("\\xff\\xfe \\u202egpj.exe \\u009b1m ''"), std::string::npos) << whole;
    auto p = alice();
    p->login_user =
        "ali\x1b"
        "ce";
    EXPECT_NE(line(exec({"x"}, p)).find("ali\\x1bce@"), std::string::npos);
    EXPECT_NE(line(auth({.service = "sshd", .account = "a\x1b]0;t\x07", .result = -EACCES},
                        daemon("/usr/sbin/sshd")))
                  .find("?a\\x1b]0;t\\x07"),
              std::string::npos);
}

TEST_F(Text, Quotes) {
    size.columns = 0;
    EXPECT_TRUE(line(exec({"sh", "-c", "echo 'it'"}, alice())).ends_with("sh -c \"echo 'it'\""));
    EXPECT_TRUE(line(exec({"sh", "-c", "echo $x"}, alice())).ends_with("sh -c 'echo $x'"));
    EXPECT_TRUE(line(exec({"sh", "-c", "a'$b"}, alice())).ends_with("sh -c 'a'\"'\"'$b'"));
}

TEST_F(Text, FailureAndRootAreRed) {
    options.color = true;
    EXPECT_EQ(line(file(REC_FILE_OPEN, "/etc/shadow", alice(0), -EACCES)),
              "14:02:31.118 alice@198.51.100.7  \x1b[1;31mROOT\x1b[0m   118  read     /etc/shadow            "
              "       "
              "             \x1b[1;31mEACCES\x1b[0m");
    EXPECT_EQ(line(exec({"-bash"}, alice())).find('\x1b'), std::string::npos);
    EXPECT_NE(line(sensor(REC_SENSOR_LOSS, "")).find("\x1b[1;31mLOSS\x1b[0m"), std::string::npos);
    EXPECT_EQ(line(session_event(REC_SESSION_START, "sshd", alice(0))).find('\x1b'), std::string::npos);
}

TEST_F(Text, OnlyUidZeroIsRoot) {
    auto p = alice(0);
    p->effective_user = "toor";
    EXPECT_NE(line(exec({"x"}, p)).find(" ROOT "), std::string::npos);
    p->credentials.euid = 33;
    p->effective_user.clear();
    EXPECT_NE(line(exec({"x"}, p)).find(" 33 "), std::string::npos);
}

TEST_F(Text, WideSaysMoreAndCutsNothing) {
    options.wide = true;
    const std::string deep = "/srv/" + std::string(200, 'd');
    const std::string text = line(file(REC_FILE_UNLINK, deep, alice(0)));
    EXPECT_NE(text.find(deep), std::string::npos);
    EXPECT_NE(text.find("pid=4188 ppid=4140 exe=/usr/bin/bash"), std::string::npos) << text;
    EXPECT_NE(text.find("chain=alice:bash[4102]→sudo[4131]→root:bash[4140]"), std::string::npos) << text;
    EXPECT_NE(text.find("entity=000000000000aaaa000000000000bbbb"), std::string::npos) << text;
}

TEST_F(Text, ChosenFields) {
    options.keys = {"user", "process.pid", "path", "args"};
    size = {};
    EXPECT_EQ(header(), "user\tprocess.pid\tpath\targs\n");
    EXPECT_EQ(line(exec({"a", "b\tc"}, alice())), "alice\t4188\t-\ta b\\tc");
    EXPECT_EQ(line(file(REC_FILE_UNLINK, "/x\x1b", alice())), "alice\t4188\t/x\\x1b\t-");
    size = {110, 40};
    EXPECT_EQ(line(file(REC_FILE_UNLINK, "/x", alice())), "alice 4188        /x   -");
}

TEST_F(Text, BannerOnEveryScreenful) {
    options.banner = "RECORDING";
    size.rows = 10;
    TextLayout layout(options);
    layout.fit(size);
    std::string out = layout.header();
    for (int i = 0; i < 30; ++i) layout.append(exec({"x"}, alice()), out);
    std::size_t since = 0, banners = 0;
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
        const bool is_banner = out.compare(at, 9, "RECORDING") == 0;
        since = is_banner ? 0 : since + 1;
        banners += is_banner;
        EXPECT_LT(since, size.rows);
    }
    EXPECT_GT(banners, 3u);
}

TEST_F(Text, LocalTime) {
    ::setenv("TZ", "XYZ-2", 1);
    ::tzset();
    options.local_time = true;
    EXPECT_TRUE(line(exec({"x"}, alice())).starts_with("16:02:31.118 "));
    ::unsetenv("TZ");
    ::tzset();
}

}  // namespace
}  // namespace whodid
