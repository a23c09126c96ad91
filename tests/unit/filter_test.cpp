// SPDX-License-Identifier: Apache-2.0
// What a filter keeps.
#include "filter/filter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "made_event.h"

namespace whodid {
namespace {

struct FilterTest : testing::Test, test::Maker {
    FilterOptions options;
    Lineage lineage{[](const Process& p, std::uint32_t pid) { return p.pid == pid || p.parent_pid == pid; },
                    [](const Process&) { return nullptr; }};

    bool keeps(const Event& e) {
        auto filter = Filter::compile(options, lineage);
        EXPECT_TRUE(filter) << (filter ? "" : filter.error().message);
        return filter && filter->keeps(e);
    }
    std::string refusal() {
        auto filter = Filter::compile(options, lineage);
        return filter ? "" : filter.error().message;
    }
    Event start(const std::string& program) { return exec({program}, alice(1004, "/usr/bin/" + program)); }
};

TEST_F(FilterTest, KindsByNameLastPartOrGroup) {
    const Event open = file(REC_FILE_OPEN, "/usr/lib/x.so", alice());
    EXPECT_FALSE(keeps(open));
    for (const char* name : {"file.open", "whodid.file.open", "open", "file"}) {
        options.kinds = {name};
        EXPECT_TRUE(keeps(open)) << name;
        EXPECT_FALSE(keeps(start("ls"))) << name;
    }
    options.kinds = {"exec", "file"};
    EXPECT_TRUE(keeps(open));
    EXPECT_TRUE(keeps(start("ls")));
}

TEST_F(FilterTest, UnknownNamesSayTheNearest) {
    options.kinds = {"file.opne"};
    EXPECT_EQ(
        refusal(),
        "no kind of event is called 'file.opne', did you mean 'file.open'?; `whodid fields` lists them");
    options.kinds = {"zzzzzzzzzz"};
    EXPECT_EQ(refusal(), "no kind of event is called 'zzzzzzzzzz'; `whodid fields` lists them");
    options.kinds = {"raw.audit"};
    EXPECT_NE(refusal(), "") << "what only feeds events is none";
    EXPECT_EQ(unknown_field("usr.name").message,
              "no field is called 'usr.name', did you mean 'user.name'?; `whodid fields` lists them");
}

TEST_F(FilterTest, UserIsTheLoginUserByNameOrUid) {
    const Event as_root = exec({"x"}, alice(0));
    for (const char* user : {"alice", "1004", "al*"}) {
        options.users = {user};
        EXPECT_TRUE(keeps(as_root)) << user;
        EXPECT_FALSE(keeps(exec({"x"}, daemon("/usr/bin/x")))) << user;
    }
    options.users = {"root"};
    EXPECT_FALSE(keeps(as_root)) << "whose rights were used is not who it was";
    options.users = {"0"};
    EXPECT_FALSE(keeps(exec({"x"}, daemon("/usr/bin/x")))) << "nobody is not root (trap 1)";
    options.users = {"bob", "alice"};
    EXPECT_TRUE(keeps(as_root));
}

TEST_F(FilterTest, UserIsAlsoThePersonOfASharedAccount) {
    session->person = {"carol@corp", PersonBasis::kCertificate, "7", {}};
    for (const char* user : {"carol@corp", "carol@*", "alice"}) {
        options.users = {user};
        EXPECT_TRUE(keeps(exec({"x"}, alice()))) << user;
    }
    options.users = {"carol"};
    EXPECT_FALSE(keeps(exec({"x"}, alice())));
}

TEST_F(FilterTest, UserOfAFailedLoginIsTheNameItClaimed) {
    const auto refused = [&](const char* account) {
        return auth({.service = "sshd", .account = account, .result = -EACCES}, daemon("/usr/sbin/sshd"));
    };
    options.users = {"bob"};
    EXPECT_TRUE(keeps(refused("bob")));
    EXPECT_FALSE(keeps(refused("eve")));
    EXPECT_FALSE(keeps(refused("")));
    options.users = {"-"};
    EXPECT_TRUE(keeps(refused("")));
    EXPECT_TRUE(keeps(exec({"x"}, daemon("/usr/bin/x"))));
    EXPECT_FALSE(keeps(exec({"x"}, alice())));
}

TEST_F(FilterTest, Conditions) {
    const Event e = file(REC_FILE_UNLINK, "/etc/ssh/sshd_config", alice(0, "/usr/bin/vim.basic"));
    const auto keeps_with = [&](std::vector<std::string> keys, std::vector<std::string> globs) {
        options.conditions = {{std::move(keys), std::move(globs)}};
        return keeps(e);
    };
    const std::vector<std::string> exe = {"process.executable.path", "process.executable.name"};
    EXPECT_TRUE(keeps_with({"session.id"}, {"118"}));
    EXPECT_FALSE(keeps_with({"session.id"}, {"11"}));
    EXPECT_TRUE(keeps_with({"process.pid"}, {"1", "4188"}));
    EXPECT_TRUE(keeps_with(exe, {"vim.basic"}));
    EXPECT_TRUE(keeps_with(exe, {"vim*"}));
    EXPECT_TRUE(keeps_with(exe, {"/usr/bin/*"}));
    EXPECT_FALSE(keeps_with(exe, {"vim"}));
    EXPECT_TRUE(keeps_with({"file.path"}, {"/etc/*"}));
    EXPECT_FALSE(keeps_with({"file.path"}, {"/var/*"}));
    EXPECT_FALSE(keeps_with({"dns.question.name"}, {"*"})) << "an absent field matches nothing";
    options.conditions = {{{"session.id"}, {"118"}}, {{"process.pid"}, {"1"}}};
    EXPECT_FALSE(keeps(e)) << "all conditions have to hold";
    options.conditions = {{{"file.pat"}, {"*"}}};
    EXPECT_NE(refusal().find("'file.path'"), std::string::npos) << refusal();
}

TEST_F(FilterTest, AGlobThatIsTheNameItselfMatches) {
    options.conditions = {{{"file.path"}, {"/tmp/[a]"}}};
    EXPECT_TRUE(keeps(file(REC_FILE_UNLINK, "/tmp/[a]", alice())));
    EXPECT_TRUE(keeps(file(REC_FILE_UNLINK, "/tmp/a", alice())));
}

TEST_F(FilterTest, APathMeansItsReadingToo) {
    const Event read = file(REC_FILE_OPEN, "/etc/hosts", alice());
    EXPECT_FALSE(keeps(read));
    options.conditions = {{{"file.path", "whodid.file.target_path"}, {"/etc/hosts"}}};
    EXPECT_TRUE(keeps(read));
}

TEST_F(FilterTest, Failed) {
    options.failed_only = true;
    EXPECT_TRUE(keeps(file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES)));
    EXPECT_FALSE(keeps(file(REC_FILE_UNLINK, "/x", alice())));
}

TEST_F(FilterTest, Tree) {
    options.tree_pid = 4140;
    EXPECT_TRUE(keeps(start("ls")));
    options.tree_pid = 1;
    EXPECT_FALSE(keeps(start("ls")));
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_LOSS, ""))) << "a loss concerns everybody";
}

TEST_F(FilterTest, AlarmsAreNeverFiltered) {
    options.kinds = {"exec"};
    options.users = {"bob"};
    options.failed_only = true;
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_LOSS, "")));
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_TAMPER, "x")));
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_BLIND, "x")));
}

TEST_F(FilterTest, AHeartbeatIsHiddenUntilAskedFor) {
    const Event beat = event(record<rec_heartbeat>(REC_SENSOR_HEARTBEAT), nullptr);
    EXPECT_FALSE(keeps(beat));
    options.kinds = {"heartbeat"};
    EXPECT_TRUE(keeps(beat));
}

TEST_F(FilterTest, StartAndStop) {
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_START, "x")));
    options.start_and_stop = false;
    EXPECT_FALSE(keeps(sensor(REC_SENSOR_START, "x")));
    options.kinds = {"sensor.start"};
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_START, "x")));
    options.kinds.clear();
    options.everything = true;
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_STOP, "x")));
}

TEST_F(FilterTest, ExpressionsAndTheRestAllHaveToHold) {
    options.expressions = {"path startswith \"/etc/\"", "outcome == failure"};
    const Event refused = file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES);
    EXPECT_TRUE(keeps(refused));
    EXPECT_FALSE(keeps(file(REC_FILE_OPEN, "/etc/shadow", alice())));
    EXPECT_FALSE(keeps(file(REC_FILE_OPEN, "/srv/x", alice(), -EACCES)));
    options.users = {"bob"};
    EXPECT_FALSE(keeps(refused));
    options.users = {"alice"};
    options.kinds = {"exec"};
    EXPECT_FALSE(keeps(refused));
}

// As with a kind that is named: who writes an expression has said what to show.
TEST_F(FilterTest, AnExpressionShowsAllThatMeetsIt) {
    const Event library = file(REC_FILE_OPEN, "/usr/lib/x.so", alice());
    const Event fork = event(record<rec_fork>(REC_PROCESS_FORK), alice());
    EXPECT_FALSE(keeps(library) || keeps(fork));
    options.expressions = {"user == \"alice\""};
    EXPECT_TRUE(keeps(library) && keeps(fork));
    EXPECT_FALSE(keeps(exec({"x"}, daemon("/usr/bin/x"))));
}

TEST_F(FilterTest, NoExpressionHidesWhatTheSensorSaysOfItself) {
    options.expressions = {"user == \"nobody\""};
    for (const std::uint16_t kind : {REC_SENSOR_LOSS, REC_SENSOR_BLIND, REC_SENSOR_TAMPER, REC_SENSOR_START})
        EXPECT_TRUE(keeps(sensor(kind, "x"))) << kind;
    const Event beat = event(record<rec_heartbeat>(REC_SENSOR_HEARTBEAT), nullptr);
    EXPECT_FALSE(keeps(beat));
    options.everything = true;  // the service
    EXPECT_TRUE(keeps(beat));
    options.everything = options.start_and_stop = false;  // a screen
    EXPECT_FALSE(keeps(sensor(REC_SENSOR_START, "x")));
    options.expressions = {"kind == sensor.start"};
    EXPECT_TRUE(keeps(sensor(REC_SENSOR_START, "x")));
}

TEST_F(FilterTest, AnExpressionThatIsWrongIsShown) {
    options.expressions = {"pid == 1", "usr == \"x\""};
    EXPECT_EQ(
        refusal(),
        "--filter: column 1: no field is called 'usr', did you mean 'user'?; `whodid fields` lists them\n"
        "    usr == \"x\"\n"
        "    ^~~");
}

// By number and start: a number alone is used again, and could be abused (traps 24 and 46).
TEST_F(FilterTest, LeftOutProcesses) {
    auto p = alice();
    const auto tick = 1'000'000'000u / static_cast<unsigned>(::sysconf(_SC_CLK_TCK));
    options.left_out = {{p->pid, p->start_ns / tick}};
    EXPECT_FALSE(keeps(exec({"x"}, p)));
    options.everything = true;
    EXPECT_FALSE(keeps(exec({"x"}, p)));
    p->start_ns += 2 * tick;
    EXPECT_TRUE(keeps(exec({"x"}, p)));
}

TEST_F(FilterTest, CountsWhatItKeepsBack) {
    options.users = {"alice"};
    auto filter = Filter::compile(options, lineage);
    ASSERT_TRUE(filter);
    filter->keeps(event(record<rec_fork>(REC_PROCESS_FORK), alice()));
    filter->keeps(event(record<rec_fork>(REC_PROCESS_FORK), alice()));
    filter->keeps(start("ls"));
    filter->keeps(exec({"x"}, daemon("/usr/bin/x")));
    EXPECT_EQ(filter->kept_back(REC_PROCESS_FORK), 2u);
    EXPECT_EQ(filter->kept_back(REC_PROCESS_EXEC), 0u);
    EXPECT_EQ(filter->unmatched(), 1u);
}

}  // namespace
}  // namespace whodid
