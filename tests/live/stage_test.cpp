// SPDX-License-Identifier: Apache-2.0
// Proves the stage itself, without a sensor: that people get in or not, that deeds do what they say, and that
// the machine is afterwards as it was.
#include "stage.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "stage_assert.h"

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

std::string contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class StageTest : public testing::Test {
protected:
    void SetUp() override {
        if (std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
        ASSERT_TRUE(worked(shared_stage()));
        stage_ = *shared_stage();
        first_line_ = stage_->log().lines().size();
    }

    void expect_logged(const std::string& text, const User& real_user = kRoot) {
        auto line = stage_->log().wait_for(text, milliseconds(10'000), first_line_);
        ASSERT_TRUE(worked(line));
        EXPECT_EQ(real_user.uid, line->uid) << line->text;
    }

    // Writable for the user, empty.
    std::string make_work_dir(const User& user) const {
        static int count = 0;
        std::string path = "/tmp/case" + std::to_string(count++);
        auto made = stage_->run({"/usr/bin/mkdir", path}, as_user(user));
        EXPECT_TRUE(exited(0, made));
        return path;
    }

    const Stage* stage_ = nullptr;
    size_t first_line_ = 0;
};

constexpr const char* kWhoAmI = "id -un; cat /proc/self/loginuid; echo; cat /proc/self/sessionid; echo";

// ---- the world -------------------------------------------------------------------------------------
TEST_F(StageTest, LooksLikeTheMachineButIsNot) {
    auto told = stage_->run({"sh", "-c", "pwd; readlink /proc/$$/exe; id -un alice; id -gn alice; ls /home"});
    ASSERT_TRUE(exited(0, told));
    EXPECT_EQ("/\n" + fs::canonical("/bin/sh").string() + "\nalice\nalice\nalice\nbob\n", told->out);

    auto refused = stage_->run({"touch", "/usr/bin/left-by-the-stage"});
    ASSERT_TRUE(exited(1, refused));
    EXPECT_NE(std::string::npos, refused->err.find("Read-only file system")) << refused->err;
    EXPECT_EQ("root:x:0:0::/root:/bin/bash", contents_of(stage_->path_of("/etc/passwd")).substr(0, 27));
}

TEST_F(StageTest, HasANetworkOfItsOwn) {
    auto told = stage_->run({"cat", "/proc/net/dev"});
    ASSERT_TRUE(exited(0, told));
    EXPECT_EQ(3, std::count(told->out.begin(), told->out.end(), '\n')) << told->out;
    EXPECT_NE(std::string::npos, told->out.find("lo:"));
}

TEST_F(StageTest, RunsAsTheUserAskedFor) {
    RunOptions options = as_user(kAlice);
    options.groups = {4, 61200};
    options.env.push_back("STORY=42");
    auto told = stage_->run({"sh", "-c", "id -u; id -g; id -G; pwd; echo $HOME $STORY; umask"}, options);
    ASSERT_TRUE(exited(0, told));
    EXPECT_EQ("61001\n61101\n61101 4 61200\n/home/alice\n/home/alice 42\n0022\n", told->out);
}

TEST_F(StageTest, SetsAndUnsetsTheLoginUid) {
    for (uint32_t loginuid : {61001u, kLoginuidUnset}) {
        RunOptions options;
        options.loginuid = loginuid;
        auto told = stage_->run({"cat", "/proc/self/loginuid"}, options);
        ASSERT_TRUE(exited(0, told));
        EXPECT_EQ(std::to_string(loginuid), told->out);
    }
}

TEST_F(StageTest, SaysWhyAProgramDidNotRun) {
    auto missing = stage_->run({"/no/such/program"});
    ASSERT_FALSE(missing);
    EXPECT_EQ("run /no/such/program: execute: No such file or directory", missing.error().message);

    RunOptions options;
    options.limit = milliseconds(200);
    auto slow = stage_->run({"sh", "-c", "echo begun; exec sleep 60"}, options);
    ASSERT_FALSE(slow);
    EXPECT_EQ(ETIMEDOUT, slow.error().code);
    EXPECT_NE(std::string::npos, slow.error().message.find("it said: begun")) << slow.error().message;
}

// ---- ssh -------------------------------------------------------------------------------------------
TEST_F(StageTest, SshWithAPassword) {
    auto in = stage_->ssh_password("alice", kAlice.password, kWhoAmI);
    ASSERT_TRUE(exited(0, in));
    std::istringstream told(in->out);
    std::string name;
    uint32_t loginuid = 0, session = kLoginuidUnset;
    told >> name >> loginuid >> session;
    EXPECT_EQ("alice", name);
    EXPECT_EQ(kAlice.uid, loginuid);
    EXPECT_NE(kLoginuidUnset, session);
    expect_logged("Accepted password for alice from 127.0.0.1 port ");
}

TEST_F(StageTest, SshWithAWrongPassword) {
    auto out = stage_->ssh_password("alice", "wrong", "id");
    ASSERT_TRUE(exited(255, out));
    EXPECT_NE(std::string::npos, out->err.find("Permission denied")) << out->err;
    expect_logged("Failed password for alice from 127.0.0.1 port ");
}

TEST_F(StageTest, SshKeyboardInteractive) {
    auto in = stage_->ssh_kbdint("bob", kBob.password, "cat /proc/self/loginuid");
    ASSERT_TRUE(exited(0, in));
    EXPECT_EQ("61002", in->out);
    expect_logged("Accepted keyboard-interactive/pam for bob from 127.0.0.1 port ");
    EXPECT_TRUE(exited(255, stage_->ssh_kbdint("bob", "wrong", "id")));
}

TEST_F(StageTest, SshWithAKey) {
    auto in = stage_->ssh_key("alice", kAliceKey, "cat /proc/self/loginuid");
    ASSERT_TRUE(exited(0, in));
    EXPECT_EQ("61001", in->out);
    expect_logged("Accepted publickey for alice from 127.0.0.1 port ");
}

TEST_F(StageTest, SshWithAStrangersKey) {
    auto out = stage_->ssh_key("alice", kStrangerKey, "id");
    ASSERT_TRUE(exited(255, out));
    expect_logged("Connection closed by authenticating user alice 127.0.0.1 port ");
}

TEST_F(StageTest, SshAsNobodyKnown) {
    auto out = stage_->ssh_password("mallory", "anything", "id");
    ASSERT_TRUE(exited(255, out));
    expect_logged("Failed password for invalid user mallory from 127.0.0.1 port ");
}

TEST_F(StageTest, SshAsRootIsRefused) {
    auto out = stage_->ssh_password("root", kRoot.password, "id");
    ASSERT_TRUE(exited(255, out));
    expect_logged("Failed password for root from 127.0.0.1 port ");
}

// ---- sudo, su --------------------------------------------------------------------------------------
TEST_F(StageTest, Sudo) {
    RunOptions options = as_user(kAlice);
    options.answers = {{"password for alice: ", kAlice.password}};
    auto in = stage_->run({"sudo", "id", "-u"}, options);
    ASSERT_TRUE(exited(0, in));
    EXPECT_EQ("0\n", in->out);
    expect_logged("USER=root ; COMMAND=/usr/bin/id -u", kAlice);
}

TEST_F(StageTest, SudoWithAWrongPassword) {
    RunOptions options = as_user(kAlice);
    options.answers = {
        {"password for alice: ", "a"}, {"password for alice: ", "b"}, {"password for alice: ", "c"}};
    auto out = stage_->run({"sudo", "id", "-u"}, options);
    ASSERT_TRUE(exited(1, out));
    EXPECT_NE(std::string::npos, out->err.find("3 incorrect password attempts")) << out->to_string();
    expect_logged("3 incorrect password attempts", kAlice);
}

TEST_F(StageTest, SudoWithoutAPassword) {
    auto in = stage_->run({"sudo", "-n", kNopasswdProgram}, as_user(kAlice));
    ASSERT_TRUE(exited(0, in));
    EXPECT_EQ("root\n", in->out);
    ASSERT_TRUE(exited(1, stage_->run({"sudo", "-n", "id"}, as_user(kAlice))));
}

TEST_F(StageTest, SudoIsNotForBob) {
    RunOptions options = as_user(kBob);
    options.answers = {{"password for bob: ", kBob.password}};
    ASSERT_TRUE(exited(1, stage_->run({"sudo", "id"}, options)));
    expect_logged("user NOT in sudoers", kBob);
}

TEST_F(StageTest, ARootShellThroughSshAndSudoKeepsTheLoginUid) {
    auto session = stage_->ssh_terminal(kAlice);
    ASSERT_TRUE(worked(session));
    PtySession& alice = **session;
    ASSERT_TRUE(worked(alice.ask("tty", "/dev/pts/")));
    ASSERT_TRUE(worked(alice.ask("sudo -i", "password for alice: ")));
    ASSERT_TRUE(worked(alice.ask(kAlice.password, "root> ")));
    auto told = alice.ask("echo $(id -u):$(cat /proc/self/loginuid):done", "0:61001:done");
    ASSERT_TRUE(worked(told));
    ASSERT_TRUE(worked(alice.ask("exit", "alice> ")));
    ASSERT_TRUE(worked(alice.send("exit")));
    auto status = alice.wait();
    ASSERT_TRUE(worked(status));
    EXPECT_EQ(0, *status) << alice.transcript();
    EXPECT_EQ(std::string::npos, alice.transcript().find(kAlice.password));
}

TEST_F(StageTest, Su) {
    RunOptions options = as_user(kAlice);
    options.answers = {{"Password: ", kBob.password}};
    auto in = stage_->run({"su", "bob", "-c", "id -un"}, options);
    ASSERT_TRUE(exited(0, in));
    EXPECT_EQ("bob\n", in->out);
    expect_logged("(to bob) alice on pts/", kAlice);
}

TEST_F(StageTest, SuWithAWrongPassword) {
    RunOptions options = as_user(kAlice);
    options.answers = {{"Password: ", "wrong"}};
    auto out = stage_->run({"su", "-", "-c", "id -un"}, options);
    ASSERT_TRUE(exited(1, out));
    EXPECT_NE(std::string::npos, out->err.find("Authentication failure")) << out->to_string();
    expect_logged("FAILED SU (to root) alice on pts/", kAlice);
}

TEST_F(StageTest, SuOnATerminal) {
    auto session = stage_->open_terminal({"su", "-"}, as_user(kAlice));
    ASSERT_TRUE(worked(session));
    ASSERT_TRUE(worked((*session)->expect("Password: ")));
    ASSERT_TRUE(worked((*session)->ask(kRoot.password, "root> ")));
    ASSERT_TRUE(worked((*session)->ask("echo $((6 * 7))", "42")));
}

// ---- deeds -----------------------------------------------------------------------------------------
struct DeedCase {
    const char* program;
    const char* way;
    long result;  // a descriptor where 3 or more
    bool by_root = false;
};

std::string name_of(const testing::TestParamInfo<DeedCase>& info) {
    return std::string(info.param.program) + "_" + info.param.way;
}

class DeedTest : public StageTest, public testing::WithParamInterface<DeedCase> {};

TEST_P(DeedTest, DoesWhatItSays) {
    const DeedCase& deed = GetParam();
    const User& user = deed.by_root ? kRoot : kAlice;
    std::string work_dir = make_work_dir(user);
    auto facts = stage_->deed(deed.program, {deed.way, work_dir}, as_user(user));
    ASSERT_TRUE(worked(facts));
    const Facts& fact = facts->back();
    EXPECT_EQ(deed.way, fact.deed());
    EXPECT_GT(fact.pid(), 1);
    if (deed.result >= 3)
        EXPECT_GE(fact.result(), 3);
    else
        EXPECT_EQ(deed.result, fact.result());
    std::string path = fact.has("path") ? fact.text("path") : work_dir;
    EXPECT_TRUE(path.starts_with(work_dir)) << path;
}

constexpr long kDescriptor = 3;

INSTANTIATE_TEST_SUITE_P(
    Exec, DeedTest,
    testing::Values(DeedCase{"exec_ways", "execveat_fd", 0}, DeedCase{"exec_ways", "execveat_dir", 0},
                    DeedCase{"exec_ways", "memfd", 0}, DeedCase{"exec_ways", "deleted", 0},
                    DeedCase{"exec_ways", "big_argv", 0}, DeedCase{"exec_ways", "null_argv", 0},
                    DeedCase{"exec_ways", "fail_enoent", -ENOENT},
                    DeedCase{"exec_ways", "fail_eacces", -EACCES},
                    DeedCase{"exec_ways", "fail_enoexec", -ENOEXEC},
                    DeedCase{"exec_ways", "fail_empty", -ENOEXEC}, DeedCase{"exec_ways", "cold_argv", 0},
                    DeedCase{"exec_ways", "fail_cold", -ENOEXEC},
                    DeedCase{"exec_ways", "fail_cold_enoent", -ENOENT}, DeedCase{"exec_ways", "rewrite", 0},
                    DeedCase{"exec_ways", "path_search", 0}, DeedCase{"exec_ways", "segv", 0},
                    DeedCase{"exec_ways", "exit_by_thread", 0}, DeedCase{"exec_ways", "setsid", 0},
                    DeedCase{"exec_ways", "double_fork", 0}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Open, DeedTest,
    testing::Values(
        DeedCase{"open_ways", "read", kDescriptor}, DeedCase{"open_ways", "write", kDescriptor},
        DeedCase{"open_ways", "append", kDescriptor}, DeedCase{"open_ways", "trunc", kDescriptor},
        DeedCase{"open_ways", "relative", kDescriptor}, DeedCase{"open_ways", "dirfd", kDescriptor},
        DeedCase{"open_ways", "symlink", kDescriptor}, DeedCase{"open_ways", "openat2_beneath", kDescriptor},
        DeedCase{"open_ways", "openat2_escape", -EXDEV}, DeedCase{"open_ways", "openat2_no_symlinks", -ELOOP},
        DeedCase{"open_ways", "openat2_in_root", kDescriptor}, DeedCase{"open_ways", "tmpfile", kDescriptor},
        DeedCase{"open_ways", "creat", kDescriptor}, DeedCase{"open_ways", "proc_self_fd", kDescriptor},
        DeedCase{"open_ways", "proc_self_root", kDescriptor}, DeedCase{"open_ways", "deleted", kDescriptor},
        DeedCase{"open_ways", "chroot", kDescriptor, true},
        DeedCase{"open_ways", "bind_mount", kDescriptor, true},
        DeedCase{"open_ways", "covered", kDescriptor, true}, DeedCase{"open_ways", "name_race", 0},
        DeedCase{"open_ways", "each_cpu", kDescriptor}, DeedCase{"open_ways", "turns", 0, true},
        DeedCase{"open_ways", "enoent", -ENOENT}, DeedCase{"open_ways", "eacces", -EACCES},
        DeedCase{"open_ways", "by_handle", kDescriptor, true},
        DeedCase{"open_ways", "hostile_newline", kDescriptor},
        DeedCase{"open_ways", "hostile_escape", kDescriptor},
        DeedCase{"open_ways", "hostile_utf8", kDescriptor}, DeedCase{"open_ways", "deep", kDescriptor},
        DeedCase{"open_ways", "long_path", kDescriptor}, DeedCase{"open_ways", "close_race", 0}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Change, DeedTest,
    testing::Values(DeedCase{"change_ways", "unlink", 0}, DeedCase{"change_ways", "unlinkat", 0},
                    DeedCase{"change_ways", "mkdir", 0}, DeedCase{"change_ways", "rmdir", 0},
                    DeedCase{"change_ways", "rename", 0}, DeedCase{"change_ways", "rename_over", 0},
                    DeedCase{"change_ways", "rename_exchange", 0}, DeedCase{"change_ways", "link", 0},
                    DeedCase{"change_ways", "symlink", 0}, DeedCase{"change_ways", "chmod", 0},
                    DeedCase{"change_ways", "fchmod", 0}, DeedCase{"change_ways", "fchmodat", 0},
                    DeedCase{"change_ways", "chown", 0, true}, DeedCase{"change_ways", "fchown", 0, true},
                    DeedCase{"change_ways", "lchown", 0}, DeedCase{"change_ways", "truncate", 0},
                    DeedCase{"change_ways", "ftruncate", 0}, DeedCase{"change_ways", "setxattr", 0, true},
                    DeedCase{"change_ways", "fsetxattr", 0, true}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Net, DeedTest,
    testing::Values(DeedCase{"net_ways", "tcp4", 0}, DeedCase{"net_ways", "tcp6", 0},
                    DeedCase{"net_ways", "mapped", 0}, DeedCase{"net_ways", "refused", -ECONNREFUSED},
                    DeedCase{"net_ways", "timed_out", -ETIMEDOUT},
                    DeedCase{"net_ways", "nonblocking", -EINPROGRESS},
                    DeedCase{"net_ways", "nonblocking_refused", -EINPROGRESS},
                    DeedCase{"net_ways", "udp_connect", 0}, DeedCase{"net_ways", "udp_sendto", 8},
                    DeedCase{"net_ways", "udp_sendmsg", 8}, DeedCase{"net_ways", "udp_sendmmsg", 2},
                    DeedCase{"net_ways", "dns_sendto", 38}, DeedCase{"net_ways", "dns_send", 38},
                    DeedCase{"net_ways", "dns_sendmsg", 38}, DeedCase{"net_ways", "dns_sendmmsg", 2},
                    DeedCase{"net_ways", "unix_path", 0}, DeedCase{"net_ways", "unix_abstract", 0},
                    DeedCase{"net_ways", "unix_enoent", -ENOENT},
                    DeedCase{"net_ways", "unix_refused", -ECONNREFUSED}, DeedCase{"net_ways", "bind", 0},
                    DeedCase{"net_ways", "bind_taken", -EADDRINUSE}, DeedCase{"net_ways", "listen", 0},
                    DeedCase{"net_ways", "accept", kDescriptor}, DeedCase{"net_ways", "transfer", 0},
                    DeedCase{"net_ways", "sendfile", 0}, DeedCase{"net_ways", "close_idle", 0}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Identity, DeedTest,
                         testing::Values(DeedCase{"identity_ways", "setuid", 0, true},
                                         DeedCase{"identity_ways", "setresuid", 0, true},
                                         DeedCase{"identity_ways", "setgid", 0, true},
                                         DeedCase{"identity_ways", "setfsuid", 0, true},
                                         DeedCase{"identity_ways", "flip_flop", 0, true},
                                         DeedCase{"identity_ways", "capset", 0, true}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Ring, DeedTest,
                         testing::Values(DeedCase{"uring_ways", "openat", kDescriptor},
                                         DeedCase{"uring_ways", "openat_async", kDescriptor},
                                         DeedCase{"uring_ways", "openat_sqpoll", kDescriptor},
                                         DeedCase{"uring_ways", "openat_enoent", -ENOENT},
                                         DeedCase{"uring_ways", "unlinkat", 0},
                                         DeedCase{"uring_ways", "connect", 0},
                                         DeedCase{"uring_ways", "connect_refused", -ECONNREFUSED}),
                         name_of);

TEST_F(StageTest, DeedFactsTellMore) {
    std::string work_dir = make_work_dir(kAlice);
    auto facts = stage_->deed("exec_ways", {"exit_by_thread", work_dir}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(7, facts->at(0).number("exit"));

    facts = stage_->deed("exec_ways", {"segv", work_dir}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(SIGSEGV, facts->at(0).number("signal"));

    facts = stage_->deed("open_ways", {"hostile_newline", work_dir}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(work_dir + "/line%0Apid=1%20deed=forged", facts->at(0).text("path"));

    facts = stage_->deed("net_ways", {"nonblocking_refused"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(-ECONNREFUSED, facts->at(0).number("later"));

    facts = stage_->deed("net_ways", {"transfer", work_dir, "1000001"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    for (const Facts& fact : *facts) {
        bool is_server = fact.deed() == "transfer_server";
        EXPECT_EQ(is_server ? 1000001 : 500000, fact.number("received")) << fact.deed();
        EXPECT_EQ(is_server ? 500000 : 1000001, fact.number("sent")) << fact.deed();
    }
    EXPECT_EQ(2u, facts->size());
}

TEST_F(StageTest, AThreadExecutes) {
    auto facts = stage_->deed("thread_exec", {}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_NE(facts->at(0).pid(), facts->at(0).number("tid"));
}

TEST_F(StageTest, ASetuidProgramMakesRoot) {
    auto facts = stage_->deed("suid_probe", {}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(61001, facts->at(0).number("ruid"));
    EXPECT_EQ(0, facts->at(0).number("euid"));
    EXPECT_EQ(61101, facts->at(0).number("gid"));
    facts = stage_->deed("suid_probe", {"become"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(0, facts->at(0).number("ruid"));
}

TEST_F(StageTest, LoginUidIsTakenOver) {
    RunOptions options;
    options.loginuid = 61001;
    auto facts = stage_->deed("loginuid_write", {"61002"}, options);
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(0, facts->at(0).result());
    EXPECT_EQ(61001, facts->at(0).number("before"));
    EXPECT_EQ(61002, facts->at(0).number("after"));
    EXPECT_NE(facts->at(0).number("session_before"), facts->at(0).number("session_after"));
}

TEST_F(StageTest, AuditIsForged) {
    auto acknowledged = [&](const User& user, std::vector<std::string> arguments) {
        auto facts = stage_->deed("forge_audit", arguments, as_user(user));
        EXPECT_TRUE(worked(facts));
        return facts ? facts->at(0).number("ack") : 1;
    };
    EXPECT_EQ(0, acknowledged(kRoot, {}));
    EXPECT_EQ(-EPERM, acknowledged(kAlice, {}));
    EXPECT_EQ(-ECONNREFUSED, acknowledged(kAlice, {"userns"}));
}

TEST_F(StageTest, ALineIsForged) {
    auto facts =
        stage_->deed("syslog_line", {"Accepted password for root from 6.6.6.6 port 1 ssh2"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    auto line = stage_->log().wait_for("from 6.6.6.6 port 1", milliseconds(10'000), first_line_);
    ASSERT_TRUE(worked(line));
    EXPECT_EQ(facts->at(0).pid(), line->pid);
    EXPECT_EQ(kAlice.uid, line->uid);
}

TEST_F(StageTest, ADaemonIsAdopted) {
    auto facts = stage_->deed("daemonize", {}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_GE(facts->at(0).result(), 3);
    EXPECT_NE(facts->at(0).number("starter"), facts->at(0).number("parent"));
    EXPECT_NE(facts->at(0).number("sid"), facts->at(0).pid());
}

TEST_F(StageTest, AFloodIsCounted) {
    auto facts = stage_->deed("flood", {"1001", "31", "3"}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    EXPECT_EQ(1001, facts->at(0).number("opens"));
    EXPECT_EQ(31, facts->at(0).number("execs"));
    EXPECT_EQ(0, facts->at(0).result());
}

// ---- the machine afterwards ------------------------------------------------------------------------
using Notes = std::map<std::string, std::string>;

void note_file(const fs::path& path, Notes& notes) {
    struct stat info;
    if (lstat(path.c_str(), &info) < 0) return;
    std::ostringstream note;
    note << info.st_mode << ' ' << info.st_uid << ' ' << info.st_gid << ' ' << info.st_rdev << ' '
         << info.st_ino;
    if (S_ISREG(info.st_mode)) {
        note << ' ' << info.st_mtim.tv_sec << '.' << info.st_mtim.tv_nsec;
        note << ' ' << std::hash<std::string>()(contents_of(path));
    }
    notes[path] = note.str();
}

template <class Iterator>
void note_all(const char* top, Notes& notes) {
    std::error_code missing;
    for (const auto& entry : Iterator(top, fs::directory_options::skip_permission_denied, missing))
        note_file(entry.path(), notes);
}

// What log-ins and account tools write to. What daemons of the machine may write to at any time is left out.
Notes note_machine() {
    Notes notes;
    for (const char* top : {"/etc", "/root/.ssh", "/run/sudo", "/run/sshd", "/var/lib/sudo"})
        note_all<fs::recursive_directory_iterator>(top, notes);
    for (const char* top : {"/dev", "/home", "/srv", "/mnt"}) note_all<fs::directory_iterator>(top, notes);
    for (const char* file : {"/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/log/faillog",
                             "/run/utmp", "/root/.bash_history"})
        note_file(file, notes);
    notes["mounts"] = contents_of("/proc/self/mountinfo");
    notes["loginuid"] = contents_of("/proc/self/loginuid");
    return notes;
}

size_t count_threads() {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()));
}

// A process that was killed but that init has not collected yet has no program any more.
bool runs(pid_t pid) {
    char program[4096];
    return readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), program, sizeof program) > 0;
}

constexpr const char* kMark = "left-by-the-stage";

TEST(StageLifeTest, TheMachineStaysAsItWas) {
    if (std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
    auto before = note_machine();
    size_t threads = count_threads();
    pid_t sshd = -1, left_running = -1;
    {
        auto made = Stage::create();
        ASSERT_TRUE(worked(made));
        const Stage& stage = **made;
        sshd = stage.sshd_pid();
        ASSERT_TRUE(exited(
            0, stage.ssh_password("alice", kAlice.password, "touch ~/was-here; logger -p auth.info hello")));
        ASSERT_TRUE(exited(
            0, stage.run({"sh", "-c",
                          "useradd dave-of-the-stage && echo bob:changed | chpasswd && rm /etc/hostname"})));
        std::string leave_marks =
            "mount -t tmpfs x /mnt && cd /tmp && touch $0 /mnt/$0 /dev/$0 /run/$0 /var/log/$0";
        ASSERT_TRUE(exited(0, stage.run({"sh", "-c", leave_marks, kMark})));
        auto background = stage.run({"sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 & echo $!"});
        ASSERT_TRUE(exited(0, background));
        left_running = std::stoi(background->out);
        EXPECT_TRUE(runs(left_running));
    }
    EXPECT_FALSE(runs(sshd));
    EXPECT_FALSE(runs(left_running));
    EXPECT_EQ(threads, count_threads());

    auto after = note_machine();
    for (const auto& [path, note] : before) EXPECT_EQ(note, after[path]) << path;
    for (const auto& [path, note] : after) EXPECT_TRUE(before.count(path)) << path << " is new";
    for (const char* directory : {"/mnt/", "/dev/", "/run/", "/var/log/", "/tmp/"})
        EXPECT_FALSE(fs::exists(std::string(directory) + kMark)) << directory;
}

TEST(StageLifeTest, SharesTheNetworkIfAsked) {
    if (std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
    StageOptions options;
    options.own_network = false;
    options.deeds_dir = "";
    auto made = Stage::create(options);
    ASSERT_TRUE(worked(made));
    auto in = (*made)->ssh_key("alice", kAliceKey, "cat /proc/net/dev");
    ASSERT_TRUE(exited(0, in));
    std::string ours = contents_of("/proc/net/dev");
    EXPECT_EQ(std::count(ours.begin(), ours.end(), '\n'), std::count(in->out.begin(), in->out.end(), '\n'));
}

TEST(StageLifeTest, SaysWhatItCouldNotBuild) {
    if (std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
    StageOptions options;
    options.deeds_dir = "/no/such/directory";
    auto made = Stage::create(options);
    ASSERT_FALSE(made);
    EXPECT_EQ("cannot build the stage: open /no/such/directory: No such file or directory",
              made.error().message);
}

}  // namespace
}  // namespace whodid::live
