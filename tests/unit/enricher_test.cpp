// SPDX-License-Identifier: Apache-2.0
// From records to events: programs, rights, files, connections, time.
#include "enrich/enricher.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::block;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;
using test::Seen;
using test::World;

class EnricherTest : public testing::Test, protected World {
protected:
    EnricherTest() { there_was(bash_); }

    Actor bash_ = Actor::process(4102, 1004).login(1004, 118).runs("/usr/bin/bash");
    Actor ls_ = bash_.fork(4103).runs("/usr/bin/ls");
};

// ---- exec -------------------------------------------------------------------------------------------------

TEST_F(EnricherTest, Trap22_ArgumentsAreAnArray) {
    starts(ls_, {"ls", "-l", "two words", "", "last"});
    const Seen exec = one("process.exec");
    EXPECT_NE(exec.json.find(R"("command_args":["ls","-l","two words","","last"],"args_count":5)"),
              std::string::npos)
        << exec.json;
    EXPECT_EQ(exec["process.executable.path"], "/usr/bin/ls");
    EXPECT_EQ(exec["process.executable.name"], "ls");
    EXPECT_EQ(exec["process.working_directory"], "/root");
    EXPECT_EQ(exec["user.name"], "alice");
    EXPECT_EQ(exec["event.outcome"], "success");
    EXPECT_FALSE(exec.has("error.type"));
    EXPECT_FALSE(exec.has("whodid.process.args_truncated"));
}

TEST_F(EnricherTest, Trap22_ArgumentZeroIsNoName) {
    starts(ls_, {"[kworker/0:1]"});
    EXPECT_EQ(one("process.exec")["process.executable.path"], "/usr/bin/ls");
}

TEST_F(EnricherTest, AnExecWithoutArguments) {
    starts(ls_, {});
    EXPECT_FALSE(one("process.exec").has("process.command_args"));
    EXPECT_NE(one("process.exec").text.find("/usr/bin/ls"), std::string::npos);
}

TEST_F(EnricherTest, AHugeCommandLineSaysThatItIsCut) {
    auto r = exec_of(ls_, {"ls", std::string(30'000, 'x')});
    r->h.flags |= REC_F_ARGS_CUT;
    r->argc = 9000;
    r->argv_bytes = 100'011;
    forks(ls_);
    happens(std::move(r));
    const Seen exec = one("process.exec");
    EXPECT_EQ(exec["whodid.process.args_truncated"], "true");
    EXPECT_EQ(exec["whodid.process.args_bytes"], "100011");
    EXPECT_EQ(exec["process.args_count"], "9000");
}

TEST_F(EnricherTest, AScriptIsNamedBesideItsInterpreter) {
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, ls_.task);
    r.path(&rec_exec::exe, "/usr/bin/dash").path(&rec_exec::cwd, "/tmp");
    r.text(&rec_exec::filename, "./s.sh").text(&rec_exec::interp, "/bin/sh");
    r.text(&rec_exec::argv, block({"/bin/sh", "./s.sh"}));
    forks(ls_);
    happens(std::move(r));
    EXPECT_EQ(one("process.exec")["whodid.process.script"], "./s.sh");
    EXPECT_EQ(one("process.exec")["process.executable.path"], "/usr/bin/dash");
}

TEST_F(EnricherTest, FilelessAndDeletedPrograms) {
    for (const auto& [path, flags] :
         {std::pair<const char*, rec_u16>{"memfd:evil", REC_PATH_PSEUDO | REC_PATH_DELETED},
          {"/tmp/gone", REC_PATH_DELETED}}) {
        RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, ls_.task);
        r.path(&rec_exec::exe, path, flags).text(&rec_exec::argv, block({"x"}));
        happens(std::move(r));
    }
    const auto execs = all("process.exec");
    ASSERT_EQ(execs.size(), 2u);
    EXPECT_EQ(execs[0]["process.executable.path"], "memfd:evil");
    EXPECT_EQ(execs[0]["whodid.process.fileless"], "true");
    EXPECT_FALSE(execs[0].has("whodid.process.deleted"));
    EXPECT_EQ(execs[1]["process.executable.path"], "/tmp/gone");
    EXPECT_EQ(execs[1]["whodid.process.deleted"], "true");
    EXPECT_FALSE(execs[1].has("whodid.process.fileless"));
}

TEST_F(EnricherTest, APreloadedLibraryIsTold) {
    auto r = exec_of(ls_, {"ls"});
    r.text(&rec_exec::env, block({"SSH_TTY=/dev/pts/0", "LD_PRELOAD=/tmp/x.so", "LD_LIBRARY_PATH=/tmp"}));
    happens(std::move(r));
    const auto exec = one("process.exec");
    EXPECT_EQ(exec["whodid.process.preload"], "/tmp/x.so");
    EXPECT_NE(exec.json.find(R"("environment":["LD_PRELOAD=/tmp/x.so","LD_LIBRARY_PATH=/tmp"])"),
              std::string::npos)
        << exec.json;
}

TEST_F(EnricherTest, AProcessThatIsTakenHoldOfIsNamed) {
    starts(ls_, {"ls"});
    RecordBuilder<rec_ptrace> r(REC_PROCESS_PTRACE, bash_.task);
    r->target = {ls_.task.start_ns, ls_.task.tgid, ls_.task.tgid + 1};
    r->operation = REC_HOLD_WRITE;
    r->asked = 77;
    r->h.result = 8;
    r->path.flags = REC_PATH_ABSENT;
    happens(std::move(r));
    const Seen held = one("process.ptrace");
    EXPECT_EQ(held["whodid.target.process.pid"], "4103");
    EXPECT_EQ(held["whodid.target.thread.id"], "4104");
    EXPECT_EQ(held["whodid.target.process.executable.path"], "/usr/bin/ls");
    EXPECT_EQ(held["whodid.target.process.entity_id"], one("process.exec")["whodid.process.entity_id"]);
    EXPECT_EQ(held["whodid.process.operation"], "process_vm_writev");
    EXPECT_EQ(held["whodid.process.operation_bytes"], "8");
    EXPECT_FALSE(held.has("whodid.target.process.vpid"));
    EXPECT_EQ(held["process.executable.path"], "/usr/bin/bash");
    EXPECT_NE(held.text.find("process_vm_writev ls[4103]"), std::string::npos) << held;
    EXPECT_EQ(held["message"], "alice took hold of a process: process_vm_writev ls[4103]");
}

TEST_F(EnricherTest, OfADescriptorThatIsTakenTheFileIsTold) {
    RecordBuilder<rec_ptrace> r(REC_PROCESS_PTRACE, bash_.task);
    r->target = {5, 999, 999};
    r->operation = REC_HOLD_GETFD;
    r.path(&rec_ptrace::path, "/etc/shadow", REC_PATH_CUT);
    happens(std::move(r));
    const Seen held = one("process.ptrace");
    EXPECT_EQ(held["file.path"], "…/etc/shadow");
    EXPECT_TRUE(held.has("whodid.target.process.entity_id"));
    EXPECT_FALSE(held.has("whodid.target.process.executable.path")) << "nothing is known of it";
    EXPECT_FALSE(held.has("whodid.target.thread.id"));
}

TEST_F(EnricherTest, AHoldOfNobodyTellsTheNumberGiven) {
    RecordBuilder<rec_ptrace> r(REC_PROCESS_PTRACE, bash_.task);
    r->operation = REC_HOLD_ATTACH;
    r->asked = 77;
    r->h.result = -ESRCH;
    r->path.flags = REC_PATH_ABSENT;
    happens(std::move(r));
    const Seen held = one("process.ptrace");
    EXPECT_EQ(held["whodid.target.process.vpid"], "77");
    EXPECT_FALSE(held.has("whodid.target.process.pid"));
    EXPECT_FALSE(held.has("whodid.target.process.entity_id"));
    EXPECT_FALSE(held.has("whodid.process.operation_bytes"));
    EXPECT_EQ(held["error.type"], "ESRCH");
}

TEST_F(EnricherTest, AStickThatIsMountedIsNamed) {
    const std::string disk = "devices/usb1/1-3/host6/block/sdb";
    host.links["/sys/dev/block/8:17"] = "../../" + disk + "/sdb1";
    host.files["/sys/" + disk + "/sdb1/partition"] = "1\n";
    host.files["/sys/" + disk + "/removable"] = "1\n";
    host.files["/sys/" + disk + "/device/model"] = "Cruzer Blade\n";
    const auto mounts = [&](std::uint32_t major, int result) {
        RecordBuilder<rec_mount> r(REC_FILE_MOUNT, bash_.task);
        r->file.inode = result < 0 ? 0 : 1;
        r->file.dev = major << 20 | 17;
        r->file.mode = 0040755;
        r->h.result = result;
        r->file.base2.flags = REC_PATH_ABSENT;
        r->found = result == 0;
        r->file.path.flags = r->file.base.flags = REC_PATH_ABSENT;
        r.text(&rec_mount::source, "/dev/sdb1").text(&rec_mount::type, "vfat");
        happens(std::move(r));
    };
    mounts(8, 0);
    mounts(0, 0);
    mounts(8, -EPERM);
    const auto seen = all("file.mount");
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0]["whodid.mount.removable"], "true");
    EXPECT_EQ(seen[0]["whodid.mount.device.bus"], "usb");
    EXPECT_EQ(seen[0]["whodid.mount.device.model"], "Cruzer Blade");
    EXPECT_EQ(seen[0]["whodid.mount.source"], "/dev/sdb1");
    EXPECT_EQ(seen[0]["whodid.file.device"], "8:17");
    EXPECT_FALSE(seen[1].has("whodid.mount.removable"));
    EXPECT_FALSE(seen[2].has("whodid.mount.removable"));
}

TEST_F(EnricherTest, Trap27_AFailedExecChangesNothing) {
    exec_fails(bash_, "/opt/missing", EACCES);
    execs(ls_.child_of(bash_), {"ls"});
    exits(bash_);
    const Seen failed = all("process.exec")[0];
    EXPECT_EQ(failed["event.outcome"], "failure");
    EXPECT_EQ(failed["error.type"], "EACCES");
    EXPECT_EQ(failed["file.path"], "/opt/missing");
    EXPECT_EQ(failed["process.executable.path"], "/usr/bin/bash");  // who tried
    EXPECT_EQ(failed["whodid.file.user_supplied"], "true");
    EXPECT_EQ(one("process.exit")["process.executable.path"], "/usr/bin/bash");
}

TEST_F(EnricherTest, Trap18_AnEmptyArgumentOfAFailedExec) {
    exec_fails(bash_, "/opt/x", ENOEXEC, {"x", "", "z"});
    EXPECT_NE(one("process.exec").json.find(R"("command_args":["x","","z"])"), std::string::npos);
}

TEST_F(EnricherTest, AFailedExecIsNamedFromWhereItWasTried) {
    for (const auto& [name, path] :
         {std::pair<const char*, const char*>{"./x", "/root/x"}, {"../x", "/x"}, {"/opt/x", "/opt/x"}}) {
        const std::size_t before = all("process.exec").size();
        exec_fails(bash_, name, EACCES);
        EXPECT_EQ(all("process.exec").at(before)["file.path"], path);
    }
}

TEST_F(EnricherTest, APathSearchIsOneExec) {
    forks(ls_.runs("/usr/bin/bash"));
    for (const char* path : {"/usr/local/bin/ls", "/usr/bin/ls", "/bin/ls"}) exec_fails(ls_, path, ENOENT);
    execs(ls_.runs("/sbin/ls"), {"ls"});
    EXPECT_EQ(one("process.exec")["event.outcome"], "success");
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].folded, 3u);
}

TEST_F(EnricherTest, APathSearchThatFindsNothingIsOneFailure) {
    forks(ls_);
    for (const char* path : {"/usr/local/bin/nix", "/usr/bin/nix", "/bin/nix"}) exec_fails(ls_, path, ENOENT);
    exits(ls_, 127);
    const Seen failed = one("process.exec");
    EXPECT_EQ(failed["error.type"], "ENOENT");
    EXPECT_EQ(failed["file.path"], "/bin/nix");
    EXPECT_EQ(failed["process.pid"], "4103");
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].folded, 2u);
}

TEST_F(EnricherTest, APathSearchEndsWithTime) {
    exec_fails(bash_, "/bin/nix", ENOENT);
    pass(100 * kMs);
    EXPECT_TRUE(sink.events.empty());
    pass(150 * kMs);
    ASSERT_EQ(sink.events.size(), 1u);
    EXPECT_EQ(sink.events[0]["file.path"], "/bin/nix");
}

TEST_F(EnricherTest, TwoSearchesOfOneProcessAreTwo) {
    exec_fails(bash_, "/bin/nix", ENOENT);
    exec_fails(bash_, "/bin/nix", ENOENT);
    exec_fails(bash_, "/bin/nox", ENOENT);
    exec_fails(bash_, "/bin/nux", EACCES);
    const auto failed = all("process.exec");
    ASSERT_EQ(failed.size(), 3u);
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].folded, 1u);
}

TEST_F(EnricherTest, ASearchOutlivesItsBatch) {
    exec_fails(bash_, "/bin/nix", ENOENT, {"nix", "--a", "b"});
    for (int i = 0; i < 20; ++i) {
        execs(ls_, {"ls", std::string(5000, static_cast<char>('a' + i))});
        pass(kMs);
    }
    const auto found = all("process.exec");
    ASSERT_EQ(found.size(), 21u);
    EXPECT_NE(found[20].json.find(R"("command_args":["nix","--a","b"])"), std::string::npos);
    EXPECT_EQ(found[20]["file.path"], "/bin/nix");
}

TEST_F(EnricherTest, Trap33_BytesThatAreNotUtf8) {
    starts(Actor(ls_).runs("/tmp/\xff\n\x1b[2J"), {"a\xc3(", "plain"});
    const Seen exec = one("process.exec");
    EXPECT_NE(exec.json.find(R"("path":"/tmp/)"
                             "\ufffd"
                             R"(\n\u001b[2J","path_b64":"L3RtcC//ChtbMko=")"),
              std::string::npos)
        << exec.json;
    EXPECT_NE(exec.json.find(R"("command_args":["a)"
                             "\ufffd"
                             R"((","plain"],"command_args_b64":["YcMo","cGxhaW4="])"),
              std::string::npos)
        << exec.json;
    EXPECT_EQ(exec.text.find('\x1b'), std::string::npos);
    EXPECT_EQ(exec.text.find('\n'), exec.text.size() - 1);
    EXPECT_NE(exec.text.find("\\xc3("), std::string::npos) << exec.text;
}

TEST_F(EnricherTest, AnExitTellsHowItEnded) {
    starts(ls_, {"ls"});
    RecordBuilder<rec_exit> killed(REC_PROCESS_EXIT, ls_.task);
    killed->signal = 9;
    happens(std::move(killed));
    exits(bash_, 3);
    const auto exits = all("process.exit");
    ASSERT_EQ(exits.size(), 2u);
    EXPECT_EQ(exits[0]["whodid.process.exit.signal"], "SIGKILL");
    EXPECT_EQ(exits[1]["process.exit.code"], "3");
    EXPECT_FALSE(exits[1].has("whodid.process.exit.signal"));
    EXPECT_EQ(exits[0]["whodid.process.duration"].substr(0, 4), "995.");
}

TEST_F(EnricherTest, Trap01_NobodyIsAbsentAndNeverRoot) {
    starts(Actor::process(900).runs("/usr/sbin/nginx"), {"nginx"});
    const Seen exec = one("process.exec");
    for (const char* key : {"user.id", "user.name", "session.id", "whodid.session.id", "whodid.origin.type",
                            "whodid.chain", "whodid.person.id"})
        EXPECT_FALSE(exec.has(key)) << key;
    EXPECT_EQ(exec["process.user.name"], "root");
    EXPECT_EQ(exec.json.find("4294967295"), std::string::npos) << exec.json;
    EXPECT_EQ(exec.json.find("null"), std::string::npos) << exec.json;
}

TEST_F(EnricherTest, IdsAreTheSameEveryTime) {
    starts(ls_, {"ls"});
    exits(ls_);
    World again;
    again.there_was(bash_);
    again.starts(ls_, {"ls"});
    again.exits(ls_);
    const auto& first = finish();
    const auto& second = again.finish();
    ASSERT_EQ(first.size(), second.size());
    std::set<std::string> ids;
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].json, second[i].json);
        ids.insert(first[i]["event.id"]);
    }
    EXPECT_EQ(ids.size(), first.size());
}

// ---- rights -----------------------------------------------------------------------------------------------

struct RightsCase {
    const char* what;
    std::uint32_t from_uid, from_euid, from_suid, to_uid, to_euid, to_suid;
    std::uint64_t from_caps, to_caps;
    const char* how;  // null: no event
};

TEST_F(EnricherTest, WhichChangesOfRightsAreEvents) {
    const RightsCase cases[] = {
        {"root lends its effective id", 0, 0, 0, 0, 1004, 0, ~0ull, 0, nullptr},
        {"and takes it back", 0, 1004, 0, 0, 0, 0, 0, ~0ull, nullptr},
        {"root becomes somebody", 0, 0, 0, 1004, 1004, 1004, ~0ull, 0, "setuid"},
        {"a set-id program drops to its user", 1004, 0, 0, 1004, 1004, 1004, ~0ull, 0, nullptr},
        {"root out of nowhere", 1004, 1004, 1004, 0, 0, 0, 0, ~0ull, "setuid"},
        {"effective root out of nowhere", 1004, 1004, 1004, 1004, 0, 1004, 0, ~0ull, "setuid"},
        {"capabilities without root", 1004, 1004, 1004, 1004, 1004, 1004, 0, 1 << 21, "capset"},
        {"capabilities given up", 1004, 1004, 1004, 1004, 1004, 1004, 1 << 21, 0, nullptr},
    };
    std::uint32_t pid = 7000;
    for (const RightsCase& c : cases) {
        SCOPED_TRACE(c.what);
        const std::size_t before = all("identity.change").size();
        Actor a = Actor::process(++pid).login(1004, 118).runs("/usr/bin/daemon");
        const auto set = [&a](std::uint32_t uid, std::uint32_t euid, std::uint32_t suid, std::uint64_t caps) {
            a.task.uid = uid;
            a.task.euid = a.task.fsuid = euid;
            a.task.suid = suid;
            a.task.cap_effective = caps;
        };
        set(c.from_uid, c.from_euid, c.from_suid, c.from_caps);
        there_was(a);
        set(c.to_uid, c.to_euid, c.to_suid, c.to_caps);
        has_new_rights(a);
        const auto changes = all("identity.change");
        ASSERT_EQ(changes.size(), before + (c.how ? 1 : 0));
        if (c.how) {
            EXPECT_EQ(changes.back()["whodid.identity.how"], c.how);
        }
    }
}

TEST_F(EnricherTest, RightsOverANamespaceOfItsOwnComeFromEnteringIt) {
    Actor a = Actor::process(7050).login(1004, 118).runs("/usr/bin/unshare");
    a.task.uid = a.task.euid = a.task.suid = a.task.fsuid = 1004;
    a.task.user_ns = 0xeffffffd;
    a.task.cap_effective = 0;
    there_was(a);
    a.task.user_ns = 0xf0000001;
    a.task.cap_effective = ~0ull;
    has_new_rights(a);
    EXPECT_EQ(one("identity.change")["whodid.identity.how"], "namespace");
}

TEST_F(EnricherTest, Trap04_AChangeShowsUidsAndGidsApart) {
    Actor a = Actor::process(7100).runs("/usr/sbin/apache2");
    there_was(a);
    a.task.uid = a.task.euid = a.task.suid = 33;
    a.task.gid = a.task.egid = a.task.sgid = 34;
    has_new_rights(a);
    const Seen change = one("identity.change");
    EXPECT_NE(change.json.find(R"("from":{"uid":0,"euid":0,"suid":0,"gid":0,"egid":0,"sgid":0,)"),
              std::string::npos)
        << change.json;
    EXPECT_NE(change.json.find(R"("to":{"uid":33,"euid":33,"suid":33,"gid":34,"egid":34,"sgid":34,)"),
              std::string::npos)
        << change.json;
}

TEST_F(EnricherTest, Trap05_ASetIdProgramTellsOfItsRise) {
    Actor sudo = bash_.fork(4131);
    forks(sudo);
    auto r = exec_of(sudo.ids(1004, 0).runs("/usr/bin/sudo", kSudo), {"sudo", "-i"});
    r->secure = 1;
    happens(std::move(r));
    const Seen change = one("identity.change");
    EXPECT_EQ(change["whodid.identity.how"], "setuid-exec");
    EXPECT_EQ(change["user.name"], "alice");
    EXPECT_EQ(change["process.user.name"], "root");
    EXPECT_EQ(change["process.real_user.name"], "alice");
    EXPECT_EQ(change["whodid.chain"], "alice:bash[4102] sudo[4131]");
}

// ---- files ------------------------------------------------------------------------------------------------

TEST_F(EnricherTest, FilesHaveTheObjectsName) {
    auto opened = file_of(bash_, REC_FILE_OPEN, "/etc/hostname");
    opened->open_flags = O_RDWR | O_CREAT | O_CLOEXEC;
    happens(std::move(opened));
    const Seen open = one("file.open");
    EXPECT_EQ(open["file.path"], "/etc/hostname");
    EXPECT_EQ(open["whodid.file.access"], "rw");
    EXPECT_EQ(open["whodid.file.flags"], "O_RDWR O_CREAT O_CLOEXEC");
    EXPECT_EQ(open["file.mode"], "0644");
    EXPECT_EQ(open["file.inode"], "4711");
    EXPECT_EQ(open["file.owner.id"], "0");
}

TEST_F(EnricherTest, Trap29_NamesAreJoinedToTheDirectoryTheyStartFrom) {
    struct Case {
        const char *base, *name, *path;
    };
    for (const Case& c : {Case{"/home/alice", "notes", "/home/alice/notes"}, Case{"/", "../x", "/x"},
                          Case{"", "notes", "notes"}}) {
        RecordBuilder<rec_file> r(REC_FILE_UNLINK, bash_.task);
        r->path.flags = r->base2.flags = REC_PATH_ABSENT;
        if (*c.base)
            r.path(&rec_file::base, c.base);
        else
            r->base.flags = REC_PATH_ABSENT;
        r.text(&rec_file::name, c.name);
        happens(std::move(r));
        EXPECT_EQ(all("file.unlink").back()["file.path"], c.path);
        EXPECT_FALSE(all("file.unlink").back().has("file.inode"));
    }
}

TEST_F(EnricherTest, TwoNames) {
    RecordBuilder<rec_file> renamed(REC_FILE_RENAME, bash_.task);
    renamed->path.flags = REC_PATH_ABSENT;
    renamed.path(&rec_file::base, "/home/alice").text(&rec_file::name, "a");
    renamed.path(&rec_file::base2, "/tmp").text(&rec_file::name2, "b");
    happens(std::move(renamed));
    RecordBuilder<rec_file> linked(REC_FILE_SYMLINK, bash_.task);
    linked->path.flags = linked->base2.flags = REC_PATH_ABSENT;
    linked.path(&rec_file::base, "/tmp").text(&rec_file::name, "l").text(&rec_file::name2, "../etc/x");
    happens(std::move(linked));
    EXPECT_EQ(one("file.rename")["file.path"], "/home/alice/a");
    EXPECT_EQ(one("file.rename")["whodid.file.target_path"], "/tmp/b");
    EXPECT_EQ(one("file.symlink")["whodid.file.target_path"], "../etc/x");  // as written, not where it leads
}

RecordBuilder<rec_object> object_of(const Actor& who, std::uint32_t kind, std::string_view path) {
    RecordBuilder<rec_object> r(REC_RAW_OBJECT, who.task);
    r->kind = kind;
    r->inode = 4711;
    r->dev = 8 << 20 | 1;
    r->mode = 0100640;
    r.path(&rec_object::path, path);
    r->path2.flags = REC_PATH_ABSENT;
    return r;
}

RecordBuilder<rec_file> unlink_by(const Actor& who, std::string_view name, int result = 0) {
    RecordBuilder<rec_file> r(REC_FILE_UNLINK, who.task);
    r->h.result = result;
    r->h.flags = REC_F_USER_SUPPLIED;
    r->path.flags = r->base2.flags = REC_PATH_ABSENT;
    r.path(&rec_file::base, "/tmp").text(&rec_file::name, name);
    return r;
}

TEST_F(EnricherTest, Trap47_TheKernelsObjectTakesThePlaceOfTheProcessWords) {
    happens(object_of(bash_, REC_FILE_UNLINK, "/etc/shadow"));
    happens(unlink_by(bash_, "harmless"));
    const Seen gone = one("file.unlink");
    EXPECT_EQ(gone["file.path"], "/etc/shadow");
    EXPECT_EQ(gone["file.inode"], "4711");
    EXPECT_EQ(gone["whodid.file.device"], "8:1");
    EXPECT_EQ(gone["file.mode"], "0640");
    EXPECT_FALSE(gone.has("whodid.file.user_supplied"));
}

TEST_F(EnricherTest, AnObjectWithoutANameKeepsTheProcessWordsAndIsKnownAllTheSame) {
    auto object = object_of(bash_, REC_FILE_UNLINK, "");
    object->path.flags = REC_PATH_ABSENT;
    happens(std::move(object));
    happens(unlink_by(bash_, "harmless"));
    const Seen gone = one("file.unlink");
    EXPECT_EQ(gone["file.path"], "/tmp/harmless");
    EXPECT_EQ(gone["whodid.file.user_supplied"], "true");
    EXPECT_EQ(gone["file.inode"], "4711");
}

TEST_F(EnricherTest, AnObjectIsOfOneCallOnly) {
    happens(object_of(bash_, REC_FILE_UNLINK, "/tmp/first"));
    happens(unlink_by(bash_, "first"));
    happens(unlink_by(bash_, "second"));
    const auto gone = all("file.unlink");
    ASSERT_EQ(gone.size(), 2u);
    EXPECT_EQ(gone[1]["file.path"], "/tmp/second");
    EXPECT_EQ(gone[1]["whodid.file.user_supplied"], "true");
}

TEST_F(EnricherTest, AnObjectOfAnotherThreadOrSortOfChangeIsNotTaken) {
    happens(object_of(ls_, REC_FILE_UNLINK, "/other/thread"));
    happens(unlink_by(bash_, "a"));
    happens(object_of(bash_, REC_FILE_CHMOD, "/other/sort"));
    happens(unlink_by(bash_, "b"));
    const auto gone = all("file.unlink");
    ASSERT_EQ(gone.size(), 2u);
    EXPECT_EQ(gone[0]["file.path"], "/tmp/a");
    EXPECT_EQ(gone[1]["file.path"], "/tmp/b");
}

TEST_F(EnricherTest, WhatFailedAfterTheLookupKeepsTheWordsItWasAskedWith) {
    happens(object_of(bash_, REC_FILE_UNLINK, "/etc/shadow"));
    happens(unlink_by(bash_, "harmless", -EACCES));
    const Seen refused = one("file.unlink");
    EXPECT_EQ(refused["file.path"], "/tmp/harmless");
    EXPECT_EQ(refused["whodid.file.user_supplied"], "true");
}

TEST_F(EnricherTest, BothNamesOfARenameAreTheKernels) {
    auto object = object_of(bash_, REC_FILE_RENAME, "/a/old");
    object.path(&rec_object::path2, "/b/new");
    happens(std::move(object));
    RecordBuilder<rec_file> renamed(REC_FILE_RENAME, bash_.task);
    renamed->h.flags = REC_F_USER_SUPPLIED;
    renamed->path.flags = REC_PATH_ABSENT;
    renamed.path(&rec_file::base, "/x").text(&rec_file::name, "lies");
    renamed.path(&rec_file::base2, "/x").text(&rec_file::name2, "more");
    happens(std::move(renamed));
    const Seen seen = one("file.rename");
    EXPECT_EQ(seen["file.path"], "/a/old");
    EXPECT_EQ(seen["whodid.file.target_path"], "/b/new");
    EXPECT_FALSE(seen.has("whodid.file.user_supplied"));
}

TEST_F(EnricherTest, AScriptIsTheFileThatWasAskedForWhateverItsInterpreterDoes) {
    forks(ls_);
    happens(object_of(ls_, REC_PROCESS_EXEC, "/srv/s.sh"));
    happens(object_of(ls_, REC_PROCESS_EXEC, "/usr/bin/dash"));
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, ls_.task);
    r->caller_tid = ls_.task.tid;
    r->exe_inode = 99;
    r.path(&rec_exec::exe, "/usr/bin/dash").path(&rec_exec::cwd, "/tmp");
    r.text(&rec_exec::filename, "./link").text(&rec_exec::interp, "/bin/sh");
    r.text(&rec_exec::argv, block({"/bin/sh", "./link"}));
    happens(std::move(r));
    EXPECT_EQ(one("process.exec")["whodid.process.script"], "/srv/s.sh");
    EXPECT_EQ(one("process.exec")["whodid.process.script_inode"], "4711");
    EXPECT_FALSE(one("process.exec").has("file.path"));
}

TEST_F(EnricherTest, Trap49_WhatCameThroughIoUringSaysSo) {
    auto r = unlink_by(bash_, "u");
    r->h.flags = REC_F_URING;
    happens(std::move(r));
    EXPECT_EQ(one("file.unlink")["whodid.via"], "io_uring");
}

TEST_F(EnricherTest, Trap48_A32BitCallSaysSo) {
    auto r = unlink_by(bash_, "c");
    r->h.flags |= REC_F_COMPAT;
    happens(std::move(r));
    EXPECT_EQ(one("file.unlink")["whodid.via"], "32-bit");
}

TEST_F(EnricherTest, Trap31_APathThatWasCutSaysSo) {
    RecordBuilder<rec_file> r(REC_FILE_OPEN, bash_.task);
    r->base.flags = r->base2.flags = REC_PATH_ABSENT;
    r.path(&rec_file::path, "/deep/file", REC_PATH_CUT);
    happens(std::move(r));
    EXPECT_EQ(one("file.open")["file.path"], "…/deep/file");
}

TEST_F(EnricherTest, AnAttributeIsNoPath) {
    RecordBuilder<rec_file> r(REC_FILE_SETXATTR, bash_.task);
    r->base.flags = r->base2.flags = REC_PATH_ABSENT;
    r.path(&rec_file::path, "/tmp/f").text(&rec_file::name2, "security.capability");
    happens(std::move(r));
    EXPECT_EQ(one("file.setxattr")["whodid.file.attribute"], "security.capability");
}

// ---- network ----------------------------------------------------------------------------------------------

class NetworkTest : public EnricherTest {
protected:
    static RecordBuilder<rec_net> net(const Actor& a, std::uint16_t kind, const char* peer,
                                      std::uint16_t port) {
        RecordBuilder<rec_net> r(kind, a.task);
        r->family = std::string_view(peer).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
        inet_pton(r->family, peer, r->peer);
        r->peer_port = port;
        r->protocol = IPPROTO_TCP;
        r->outgoing = 1;
        r->socket = 0xffff8880;
        return r;
    }
    static RecordBuilder<rec_net> question(const Actor& a, std::string_view name) {
        auto r = net(a, REC_NETWORK_DNS, "192.0.2.53", 53);
        r->protocol = IPPROTO_UDP;
        std::string packet("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
        while (!name.empty()) {
            const std::size_t dot = std::min(name.find('.'), name.size());
            packet += static_cast<char>(dot);
            packet += name.substr(0, dot);
            name.remove_prefix(std::min(dot + 1, name.size()));
        }
        packet += std::string("\0\0\1\0\1", 5);
        r.text(&rec_net::payload, packet);
        return r;
    }
};

TEST_F(NetworkTest, Trap34_MappedAddressesAreIpv4) {
    happens(net(bash_, REC_NETWORK_CONNECT, "::ffff:203.0.113.9", 443));
    happens(net(bash_, REC_NETWORK_CONNECT, "2001:db8::1", 443));
    happens(net(bash_, REC_NETWORK_CONNECT, "203.0.113.9", 443));
    const auto connects = all("network.connect");
    ASSERT_EQ(connects.size(), 3u);
    EXPECT_EQ(connects[0]["network.peer.address"], "203.0.113.9");
    EXPECT_EQ(connects[0]["network.type"], "ipv4");
    EXPECT_NE(connects[0].text.find("203.0.113.9:443"), std::string::npos);
    EXPECT_EQ(connects[1]["network.peer.address"], "2001:db8::1");
    EXPECT_EQ(connects[1]["network.type"], "ipv6");
    EXPECT_NE(connects[1].text.find("[2001:db8::1]:443"), std::string::npos);
    EXPECT_EQ(connects[2]["network.peer.address"], "203.0.113.9");
    EXPECT_EQ(connects[2]["network.transport"], "tcp");
}

TEST_F(NetworkTest, AConnectionKnowsTheNameThatWasAskedFor) {
    happens(question(bash_, "files.example"));
    happens(net(bash_, REC_NETWORK_CONNECT, "203.0.113.9", 443));
    happens(net(ls_, REC_NETWORK_CONNECT, "203.0.113.9", 443));
    auto closed = net(bash_, REC_NETWORK_CLOSE, "203.0.113.9", 443);
    closed->bytes_sent = 1234;
    closed->bytes_received = 48'000;
    happens(std::move(closed));
    EXPECT_EQ(one("network.dns")["dns.question.name"], "files.example");
    EXPECT_EQ(all("network.connect")[0]["server.address"], "files.example");
    EXPECT_FALSE(all("network.connect")[1].has("server.address"));
    EXPECT_EQ(one("network.close")["server.address"], "files.example");
    EXPECT_EQ(one("network.close")["whodid.network.bytes_sent"], "1234");
}

TEST_F(NetworkTest, ThePortOfNamesAloneMakesNoQuestion) {
    auto r = net(bash_, REC_NETWORK_DNS, "192.0.2.53", 53);
    r.text(&rec_net::payload, "not a question");
    happens(std::move(r));
    EXPECT_TRUE(all("network.dns").empty());
    EXPECT_EQ(ledger[REC_NETWORK_DNS].consumed, 1u);
}

TEST_F(NetworkTest, UnixSockets) {
    auto r = net(bash_, REC_NETWORK_CONNECT, "0.0.0.0", 0);
    r->family = AF_UNIX;
    r->protocol = 0;
    r.text(&rec_net::unix_path, "@/tmp/.X11-unix/X0");
    happens(std::move(r));
    const Seen connect = one("network.connect");
    EXPECT_EQ(connect["network.transport"], "unix");
    EXPECT_EQ(connect["network.peer.address"], "@/tmp/.X11-unix/X0");
    EXPECT_FALSE(connect.has("network.peer.port"));
    EXPECT_FALSE(connect.has("network.type"));
}

TEST_F(NetworkTest, OddFamiliesAndProtocolsHaveNoAddress) {
    for (const std::uint16_t family : {0, 3, 16, 17, 65535}) {
        auto r = net(bash_, REC_NETWORK_CONNECT, "203.0.113.9", 1);
        r->family = family;
        r->protocol = 65535;
        happens(std::move(r));
    }
    for (const Seen& seen : all("network.connect")) {
        EXPECT_FALSE(seen.has("network.peer.address"));
        EXPECT_FALSE(seen.has("network.transport"));
    }
}

TEST_F(NetworkTest, SessionsAddUp) {
    Actor monitor = Actor::process(5000).runs("/usr/sbin/sshd", kSshd);
    starts(monitor, {"sshd", "-R"});
    tells_audit(monitor.login(1004, 130), kUserStart, "op=PAM:session_open acct=\"alice\" res=success");
    Actor shell = monitor.fork(5001).ids(1004, 1004).runs("/usr/bin/bash");
    starts(shell, {"-bash"});
    auto written = file_of(shell, REC_FILE_OPEN, "/home/alice/x");
    written->open_flags = O_WRONLY;
    happens(std::move(written));
    happens(file_of(shell, REC_FILE_CREATE, "/home/alice/y"));
    auto read = file_of(shell, REC_FILE_OPEN, "/etc/passwd");
    happens(std::move(read));
    auto null = file_of(shell, REC_FILE_OPEN, "/dev/null");
    null->open_flags = O_WRONLY;
    happens(std::move(null));
    auto denied = file_of(shell, REC_FILE_OPEN, "/etc/shadow");
    denied->open_flags = O_WRONLY;
    denied->h.result = -EACCES;
    happens(std::move(denied));
    auto closed = net(shell, REC_NETWORK_CLOSE, "203.0.113.9", 443);
    closed->bytes_sent = 10;
    closed->bytes_received = 20;
    happens(std::move(closed));
    tells_audit(monitor, kUserEnd, "op=PAM:session_close acct=\"alice\" res=success");
    const Seen end = one("session.end");
    EXPECT_EQ(end["whodid.session.execs"], "1");
    EXPECT_EQ(end["whodid.session.writes"], "2");
    EXPECT_EQ(end["whodid.session.bytes_sent"], "10");
    EXPECT_EQ(end["whodid.session.bytes_received"], "20");
}

// ---- time and the sensor ----------------------------------------------------------------------------------

TEST_F(EnricherTest, Trap40_BootTimeAndAnAnchorMakeTheWallClock) {
    execs(bash_, {"bash"});
    const Seen exec = one("process.exec");
    // The world's anchor: 1000 s after boot it was 14:00 UTC; this happened some milliseconds later.
    EXPECT_EQ(exec["time"].substr(0, 20), "2026-11-24T14:00:00.");
}

/// Its clock can be stepped.
class SteppedHost : public RecordedHost {
public:
    bool is_live() const override { return live; }
    bool live = true;
};

TEST(EnricherTime, Trap40_AClockStepIsTakenInByALiveHost) {
    World world;
    SteppedHost host;
    host.clock = world.host.clock;
    Ledger ledger;
    const PersonMap people;
    Enricher enricher(world.stream, host, people, ledger);
    Batch batch;
    host.clock.wall_ns += 5 * kMs;  // slewed, not stepped
    enricher.tick(1003 * kSecond, batch);
    EXPECT_EQ(enricher.anchor().wall_ns, world.host.clock.wall_ns);
    host.clock.wall_ns += 3600 * kSecond;
    enricher.tick(1004 * kSecond, batch);  // looked at every other second
    EXPECT_EQ(enricher.anchor().wall_ns, world.host.clock.wall_ns);
    enricher.tick(1006 * kSecond, batch);
    EXPECT_EQ(enricher.anchor().wall_ns, host.clock.wall_ns);
}

TEST(EnricherTime, Trap40_ARecordingSaysItself) {
    World world;
    Actor bash = Actor::process(100).runs("/usr/bin/bash");
    world.execs(bash, {"before"});
    world.pass(kMs);
    world.host.clock.wall_ns -= 3600 * kSecond;
    world.pass(kMs);
    world.execs(bash, {"after"});
    const auto execs = world.all("process.exec");
    EXPECT_EQ(execs[0]["time"].substr(0, 16), "2026-11-24T14:00");
    EXPECT_EQ(execs[1]["time"].substr(0, 16), "2026-11-24T13:00");
}

TEST_F(EnricherTest, WhatTheSensorSaysIsNobodysDeed) {
    RecordBuilder<rec_sensor> r(REC_SENSOR_LOSS, {});
    r->h.cpu = REC_OWN_CPU;
    r->count = 41;
    r.text(&rec_sensor::kind, "file.open").text(&rec_sensor::stage, "kernel_ring");
    happens(std::move(r));
    const Seen loss = one("sensor.loss");
    EXPECT_EQ(loss["whodid.loss.count"], "41");
    EXPECT_FALSE(loss.has("process.pid"));
}

TEST_F(EnricherTest, TheLedgerBalances) {
    starts(ls_, {"ls"});
    exec_fails(bash_, "/bin/nix", ENOENT);
    exec_fails(bash_, "/bin/nix", ENOENT);
    tells_audit(bash_, kUserAuth, "forged acct=x");
    exits(ls_);
    happens(std::vector<char>(10));
    happens(std::vector<char>(sizeof(rec_hdr)));
    finish();
    EXPECT_EQ(ledger.imbalances(), std::vector<std::string>{});
    EXPECT_EQ(ledger[0].malformed, 2u);
    EXPECT_EQ(ledger[REC_SENSOR_TAMPER].made, 1u);
}

}  // namespace
}  // namespace whodid
