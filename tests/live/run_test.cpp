// SPDX-License-Identifier: Apache-2.0
// whodid run: workers that die, a supervisor that dies, and what is told of it.
#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/rights.h"
#include "service.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

class Run : public ServiceTest {};

// The supervisor is held meanwhile, so that all of it happens between the death and the successor.
TEST_F(Run, AKilledWorkerIsToldByItsSuccessorAndNothingIsMissing) {
    const auto own = serve();
    ASSERT_TRUE(own);
    const pid_t supervisor = own->pid(), worker = worker_of(*own);
    constexpr int kActs = 200;
    const std::string dir = fs::path(own->output()).parent_path().string();
    const auto run = as_alice("kill -STOP " + std::to_string(supervisor) + "; kill -KILL " +
                              std::to_string(worker) + "; i=0; while [ $i -lt " + std::to_string(kActs) +
                              " ]; do /bin/true blind$i; : >" + dir + "/blind$i; rm " + dir +
                              "/blind$i; i=$((i+1)); done; kill -CONT " + std::to_string(supervisor));
    ASSERT_TRUE(exited(0, run));
    ASSERT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    const auto tamper = tampering(*own, "SIGKILL to the sensor");
    ASSERT_TRUE(tamper);
    EXPECT_EQ(
        lacking(*tamper,
                {{"user.id", std::to_string(kAlice.uid)}, {"process.pid", run->pid}, {"process.user.id", 0}}),
        "");
    ASSERT_TRUE(own->wait_for({"process.exit", run->pid, {}}, milliseconds(20'000)));
    std::multiset<std::string> execs, creates;
    for (const Json& event : own->all({"process.exec", 0, {}}))
        if (const Json args = at(event, "process.command_args"); args.size() == 2 && args[0] == "/bin/true")
            execs.insert(args[1].get<std::string>());
    for (const Json& event : own->all({"file.create", 0, {}}))
        creates.insert(fs::path(at(event, "file.path").get<std::string>()).filename());
    for (int i = 0; i < kActs; ++i) {
        const std::string mark = "blind" + std::to_string(i);
        EXPECT_EQ(execs.count(mark), 1u) << mark;
        EXPECT_EQ(creates.count(mark), 1u) << mark;
    }
    EXPECT_TRUE(own->all({"sensor.loss", 0, {}}).empty());
    expect_balance(own->stop());
    expect_one_stream(*own, 1);
}

// What a worker parses comes from outside: whoever takes it over by that gets little.
TEST_F(Run, AWorkerHasTheLeastRightsThatWork) {
    const auto own = serve();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    ASSERT_TRUE(own->wait_for({"sensor.start", 0, {}}));
    const auto set = [worker](const char* name) { return std::stoull(status_of(worker, name), nullptr, 16); };
    const Rights least = right(CAP_SYS_PTRACE) | right(CAP_DAC_READ_SEARCH) | right(CAP_BPF);
    EXPECT_EQ(set("CapEff") & ~least, 0u) << status_of(worker, "CapEff");
    EXPECT_EQ(set("CapPrm"), set("CapEff"));
    EXPECT_EQ(set("CapInh"), 0u);
    for (const pid_t pid : {worker, own->pid()}) {
        EXPECT_EQ(status_of(pid, "NoNewPrivs"), "1");
        EXPECT_EQ(status_of(pid, "Seccomp"), "2") << "its own filter";
    }
    // Whom the kernel side guards it has the supervisor tell: it sees signals to those only.
    const auto other = serve();
    ASSERT_TRUE(other);
    const std::string theirs = std::to_string(worker_of(*other));
    EXPECT_TRUE(comes_true([&] {
        return exited(0, as_alice("kill -HUP " + theirs)) &&
               tampering_now(*own, "SIGHUP to the sensor whodid[" + theirs + "]");
    }));
    expect_balance(other->stop());
    expect_balance(own->stop());
}

TEST_F(Run, SigtermEndsItAndSighupDoesNot) {
    const auto own = serve();
    ASSERT_TRUE(own);
    const pid_t supervisor = own->pid(), worker = worker_of(*own);
    ASSERT_TRUE(exited(0, as_alice("kill -HUP " + std::to_string(supervisor) + " " + std::to_string(worker) +
                                   "; kill -TERM " + std::to_string(worker))));
    EXPECT_TRUE(tampering(*own, "SIGTERM to the sensor whodid[" + std::to_string(worker) + "]"));
    EXPECT_TRUE(tampering(*own, "SIGHUP to the sensor whodid[" + std::to_string(supervisor) + "]"));
    EXPECT_FALSE(is_gone(worker)) << "its end is the supervisor's to say";
    const auto said = own->stop();
    expect_balance(said);
    EXPECT_NE(said->find(" events shown"), std::string::npos) << *said;
    EXPECT_TRUE(own->wait_for({"sensor.stop", 0, {}}));
    EXPECT_TRUE(comes_true([&] { return is_gone(worker); }));
    expect_one_stream(*own);
}

TEST_F(Run, AWorkerWhoseSupervisorIsKilledSaysSoAndEnds) {
    const auto own = serve();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    std::vector<pid_t> left = children_of(own->pid(), "whodid-detach");
    left.push_back(worker);
    ASSERT_TRUE(exited(0, as_alice("kill -KILL " + std::to_string(own->pid()))));
    const auto stop = own->wait_for({"sensor.stop", 0, {}}, milliseconds(20'000));
    ASSERT_TRUE(stop);
    EXPECT_NE(at(*stop, "whodid.sensor.text").get<std::string>().find("; the supervisor is gone"),
              std::string::npos)
        << *stop;
    const auto tamper = tampering(*own, "SIGKILL to the sensor whodid[" + std::to_string(own->pid()) + "]");
    ASSERT_TRUE(tamper);
    EXPECT_EQ(at(*tamper, "user.id"), std::to_string(kAlice.uid));
    for (const pid_t pid : left) EXPECT_TRUE(comes_true([&] { return is_gone(pid); })) << pid;
    EXPECT_EQ(at(ledger_of(own->said()), "balanced"), true) << own->said();
}

TEST_F(Run, WorkersThatDieInARowAreWaitedWith) {
    const auto own = serve();
    ASSERT_TRUE(own);
    pid_t worker = 0;
    for (int i = 0; i < 4; ++i) {
        const pid_t former = worker;
        worker = worker_of(*own, former);
        if (i > 0) {
            ASSERT_TRUE(goes_on_for(*own, former, "was killed by SIGKILL"));
        }
        ::kill(worker, SIGKILL);
    }
    ASSERT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    EXPECT_FALSE(is_gone(own->pid()));
    const auto said = own->stop();
    expect_balance(said);
    for (const char* pause : {" was killed by SIGKILL; another one goes on\n", "goes on in 100ms\n",
                              "goes on in 200ms\n", "goes on in 400ms\n"})
        EXPECT_NE(said->find(pause), std::string::npos) << pause << " in " << *said;
    expect_one_stream(*own, 4);
}

// Who stops the sensor's worker blinds it no longer than that.
TEST_F(Run, AWorkerThatHangsIsReplaced) {
    const auto own = serve({"--watchdog", "1s"});
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    const auto run = as_alice("kill -STOP " + std::to_string(worker) + "; /bin/true while-it-stands");
    ASSERT_TRUE(exited(0, run));
    ASSERT_TRUE(goes_on_for(*own, worker, "did nothing for 1s and was killed"));
    const auto tamper = tampering(*own, "SIGSTOP to the sensor whodid[" + std::to_string(worker) + "]");
    ASSERT_TRUE(tamper);
    EXPECT_EQ(lacking(*tamper, {{"user.id", std::to_string(kAlice.uid)}, {"process.pid", run->pid}}), "");
    EXPECT_TRUE(
        own->wait_for({"process.exec", 0, [](const Json& e) {
                           return at(e, "process.command_args") == Json({"/bin/true", "while-it-stands"});
                       }}));
    EXPECT_FALSE(tampering_now(*own, "SIGKILL")) << "the supervisor's own";
    expect_balance(own->stop());
    expect_one_stream(*own);
}

TEST_F(Run, WorkersThatCannotStartAreGivenUp) {
    const fs::path map = fs::temp_directory_path() / ("whodid-people-" + std::to_string(::getpid()));
    std::ofstream(map) << "no sense at all in this\n";
    const auto refused = run_in(this_world(), {sensor_program(), "run", "--person-map", map}, {});
    EXPECT_TRUE(exited(2, refused)) << "a mistake in the arguments stays one";
    fs::remove(map);
    const auto run = run_in(this_world(), {sensor_program(), "run", "--person-map", map}, {});
    ASSERT_TRUE(exited(1, run));
    EXPECT_NE(run->err.find("before it told anything: given up"), std::string::npos) << run->err;
}

TEST_F(Run, ItsHeartbeatTellsThatItIsThere) {
    const auto own = serve({"--heartbeat", "1s"});
    ASSERT_TRUE(own);
    ASSERT_TRUE(exited(0, stage_->run({"/usr/bin/true"})));
    const auto beat = own->wait_for(
        {"sensor.heartbeat", 0, [](const Json& e) { return at(e, "whodid.heartbeat.delivered") > 0; }});
    ASSERT_TRUE(beat);
    EXPECT_EQ(at(*beat, "whodid.heartbeat.lost"), 0) << *beat;
    EXPECT_GE(at(*beat, "whodid.heartbeat.lag").get<double>(), 0.1)
        << "they are held back to be put in order";
    EXPECT_TRUE(worked(own->stop()));
}

TEST_F(Run, AFilterLeavesWhatMeetsItAndWhatTheSensorSaysOfItself) {
    const auto own =
        serve({"--heartbeat", "1s", "--filter", "kind == file.unlink and path endswith \"/sought\""});
    ASSERT_TRUE(own);
    const std::string dir = fs::path(own->output()).parent_path().string();
    ASSERT_TRUE(exited(0, as_alice("cd " + dir + " && : >other && rm other && : >sought && rm sought")));
    const auto found = own->wait_for({"file.unlink", 0, {}});
    ASSERT_TRUE(found);
    EXPECT_TRUE(at(*found, "file.path").get<std::string>().ends_with("/sought")) << *found;
    EXPECT_TRUE(own->wait_for({"sensor.heartbeat", 0, {}}));
    const auto said = own->stop();
    EXPECT_EQ(own->all({"file.unlink", 0, {}}).size(), 1u);
    for (const char* own_kind : {"sensor.start", "sensor.stop"})
        EXPECT_TRUE(own->wait_for({own_kind, 0, {}})) << own_kind;
    for (const Json& event : own->all({})) {
        const std::string name = at(event, "event.name").get<std::string>();
        EXPECT_TRUE(name == "whodid.file.unlink" || name.starts_with("whodid.sensor.")) << event;
    }
    expect_one_stream(*own);
    expect_balance(said);
}

// What a person sees of a morning's builds and searches: thousands of acts are a page of lines, or a few.
TEST_F(Run, AWorkloadIsFewEventsByProfile) {
    const std::string dir = "/tmp/whodid-workload-" + std::to_string(::getpid());
    ASSERT_TRUE(
        exited(0, as_alice("mkdir " + dir + " && cd " + dir +
                           " && echo 'int main(void) { return 0; }' >a.c && git init -q . && git add a.c")));
    const auto acts_told_by = [&](const std::string& profile) -> std::size_t {
        const auto own = serve({"--profile", profile});
        if (!own) return ~std::size_t{0};
        EXPECT_TRUE(
            exited(0, as_alice("cd " + dir +
                               "; for i in 1 2 3 4 5 6 7 8; do gcc -O1 -o a$i a.c; done; "
                               "python3 -c 'import json, re, http.client, unittest, email'; "
                               "find /usr/share/doc -name '*.gz' >/dev/null; git status >/dev/null")));
        const auto said = own->stop();
        expect_balance(said);
        const Json ledger = ledger_of(*said);
        EXPECT_GT(at(ledger, "total.seen"), 3000);
        EXPECT_GT(ledger["kinds"]["file.open"]["gated"], 200);
        EXPECT_EQ(at(ledger, "lost"), 0) << *said;
        const auto is_act = [](const Json& e) {
            return !at(e, "event.name").get<std::string>().starts_with("whodid.sensor.");
        };
        const std::size_t acts = own->all({"", 0, is_act}).size();
        RecordProperty(profile, std::to_string(acts));
        return acts;
    };
    EXPECT_LT(acts_told_by("standard"), 300u);
    EXPECT_LT(acts_told_by("quiet"), 30u);
    fs::remove_all(dir);
}

// A build, to the act: what the shell, make and its fifty commands did, and nothing of it twice.
TEST_F(Run, ABuildIsOneLine) {
    const std::string dir = "/tmp/whodid-build-" + std::to_string(::getpid());
    constexpr int kTargets = 50;
    ASSERT_TRUE(exited(0, as_alice("mkdir " + dir)));
    std::string makefile = "all:";
    for (int i = 0; i < kTargets; ++i) makefile += " t" + std::to_string(i);
    makefile += "\nt%:\n\t/usr/bin/touch $@\n";
    std::ofstream(dir + "/Makefile") << makefile;
    const auto own = serve({"--profile", "standard"});
    ASSERT_TRUE(own);
    ASSERT_TRUE(exited(0, as_alice("cd " + dir +
                                   " && make -s -j2 && : >/var/lib/dpkg/whodid-test; cat /etc/shadow "
                                   ">/dev/null")));
    const auto built = own->wait_for({"summary.build", 0, {}});
    ASSERT_TRUE(built);
    EXPECT_EQ(lacking(*built, {{"user.id", std::to_string(kAlice.uid)},
                               {"process.command_args", Json::array({"make", "-s", "-j2"})},
                               {"process.working_directory", dir},
                               {"process.exit.code", 0},
                               {"whodid.summary.execs", kTargets},
                               {"whodid.summary.writes", kTargets},
                               {"whodid.summary.events", 2 * kTargets},
                               {"whodid.count", 2 * kTargets + 1},
                               {"whodid.summary.programs", Json::array({"touch 50"})}}),
              "");
    const auto is_root = [&](const Json& e) { return at(e, "event.id") == at(*built, "whodid.fold.of"); };
    EXPECT_TRUE(own->wait_for({"process.exec", 0, is_root})) << "what began it is told by itself";
    const auto said = own->stop();
    EXPECT_TRUE(own->all({"process.exec", 0,
                          [](const Json& e) { return at(e, "process.executable.path") == "/usr/bin/touch"; }})
                    .empty());
    EXPECT_FALSE(own->all({"file.create", 0,
                           [](const Json& e) { return at(e, "file.path") == "/var/lib/dpkg/whodid-test"; }})
                     .empty());
    const Json kinds = ledger_of(*said)["kinds"];
    EXPECT_GE(kinds["process.exec"]["summarized"], kTargets);
    EXPECT_EQ(kinds["file.create"]["summarized"], kTargets);
    expect_one_stream(*own);
    expect_balance(said);
    fs::remove_all(dir);
    fs::remove("/var/lib/dpkg/whodid-test");
}

TEST_F(Run, AScriptsRepeatsAreOneLine) {
    const auto own = serve({"--profile", "standard"});
    ASSERT_TRUE(own);
    constexpr int kRuns = 40;
    const auto run = as_alice("sh -c 'i=0; while [ $i -lt " + std::to_string(kRuns) +
                              " ]; do /usr/bin/expr $i + 1 >/dev/null; i=$((i+1)); done'; true");
    ASSERT_TRUE(exited(0, run));
    ASSERT_TRUE(own->wait_for(
        {"process.exec", 0, [](const Json& e) { return at(e, "process.executable.name") == "expr"; }}));
    const auto said = own->stop();
    const auto all = own->all(
        {"summary.process", 0, [](const Json& e) { return at(e, "process.executable.name") == "expr"; }});
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(lacking(all[0], {{"whodid.summary.of", "repeats"},
                               {"whodid.summary.execs", kRuns - 1},
                               {"whodid.count", kRuns},
                               {"whodid.summary.failures", Json()}}),
              "");
    EXPECT_EQ(at(all[0], "whodid.summary.commands").size(), 8u);
    EXPECT_EQ(own->all({"process.exec", 0,
                        [](const Json& e) { return at(e, "process.executable.name") == "expr"; }})
                  .size(),
              1u);
    expect_balance(said);
}

// Who asks for each event gets each event.
TEST_F(Run, EveryEventHasNoSummaries) {
    const auto own = serve({"--profile", "standard", "--every-event"});
    ASSERT_TRUE(own);
    ASSERT_TRUE(
        exited(0, as_alice("sh -c 'for i in 1 2 3 4 5; do /usr/bin/expr 1 + 1 >/dev/null; done'; true")));
    const auto said = own->stop();
    EXPECT_EQ(own->all({"process.exec", 0,
                        [](const Json& e) { return at(e, "process.executable.name") == "expr"; }})
                  .size(),
              5u);
    EXPECT_EQ(at(ledger_of(*said), "total.summarized"), 0);
    expect_balance(said);
}

// What its summaries had counted dies with a worker: the successor says how much that was.
TEST_F(Run, AKilledWorkersSummariesAreDeclared) {
    const auto own = serve({"--profile", "standard"});
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    constexpr int kRuns = 40;
    ASSERT_TRUE(exited(
        0, as_alice("sh -c 'i=0; while [ $i -lt " + std::to_string(kRuns) +
                    " ]; do /usr/bin/expr $i + 1 >/dev/null; i=$((i+1)); done'; : >/var/tmp/whodid-seen; "
                    "rm /var/tmp/whodid-seen")));
    ASSERT_TRUE(own->wait_for(
        {"file.unlink", 0, [](const Json& e) { return at(e, "file.path") == "/var/tmp/whodid-seen"; }}));
    std::this_thread::sleep_for(milliseconds(500));  // what is told is committed
    ASSERT_TRUE(exited(0, as_alice("kill -KILL " + std::to_string(worker))));
    ASSERT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    const auto loss = own->wait_for(
        {"sensor.loss", 0, [](const Json& e) { return at(e, "whodid.loss.kind") == "process.exec"; }});
    ASSERT_TRUE(loss);
    EXPECT_GE(at(*loss, "whodid.loss.count"), kRuns - 1);
    EXPECT_EQ(at(*loss, "whodid.loss.stage"), "worker");
    const auto said = own->stop();
    EXPECT_GE(at(ledger_of(*said), "total.died"), kRuns - 1);
    expect_balance(said);
}

TEST_F(Run, StandardKeepsLibraryReadsBackAndCountsThem) {
    const auto own = serve({"--profile", "standard"});
    ASSERT_TRUE(own);
    EXPECT_TRUE(own->about().ends_with("; profile standard")) << own->about();
    const std::string dir = fs::path(own->output()).parent_path().string();
    ASSERT_TRUE(exited(0, as_alice("cd " + dir + " && : >sought && cat sought && rm sought")));
    ASSERT_TRUE(own->wait_for({"file.unlink", 0, {}}));
    const auto said = own->stop();
    EXPECT_FALSE(own->all({"file.create", 0, {}}).empty());
    for (const Json& e : own->all({"file.open", 0, {}})) EXPECT_NE(at(e, "whodid.file.access"), "r") << e;
    EXPECT_GT(ledger_of(*said)["kinds"]["file.open"]["kept_back"], 0);
    expect_one_stream(*own);
    expect_balance(said);
}

TEST_F(Run, ForensicSaysWhyAndEndsByItself) {
    const auto own = serve({"--profile", "forensic", "--for", "4s", "--reason", "case 17"});
    ASSERT_TRUE(own);
    const auto says = [&](const std::string& words) {
        return own->wait_for({"sensor.budget", 0, [&](const Json& e) {
                                  return at(e, "message").get<std::string>().find(words) != std::string::npos;
                              }});
    };
    const auto reads = [&](const std::string& path) {
        return own->all({"file.open", 0, [&](const Json& e) { return at(e, "file.path") == path; }}).size();
    };
    const std::string dir = fs::path(own->output()).parent_path().string(), early = dir + "/early",
                      late = dir + "/late";
    std::ofstream{early};
    std::ofstream{late};
    EXPECT_TRUE(says("profile forensic: case 17; for another "));
    ASSERT_TRUE(exited(0, as_alice("exec 3<" + early)));
    EXPECT_TRUE(comes_true([&] { return reads(early) > 0; }));
    const std::size_t before = reads(late);  // its making
    ASSERT_TRUE(says("profile standard: the time of forensic is over"));
    ASSERT_TRUE(exited(0, as_alice("exec 3<" + late)));
    const auto said = own->stop();
    EXPECT_EQ(reads(late), before);
    EXPECT_GT(ledger_of(*said)["kinds"]["file.open"]["kept_back"], 0);
    expect_balance(said);
}

// Who makes a lot of noise does not hide behind it: what is left out is the noise.
TEST_F(Run, AFloodIsHeldToTheBudgetAndWhatMattersIsNot) {
    constexpr int kFlood = 1500, kFew = 20;
    const std::string top = "/tmp/whodid-budget-" + std::to_string(::getpid()), watch = top + ".watch";
    ASSERT_TRUE(exited(0, as_alice("mkdir -m 700 " + top + " " + top + "/watched " + top + "/flood")));
    std::ofstream(watch) << top << "/watched/ wa tag=kept\n";
    // What else goes on here is not this test's to pay for. The flood is one act again and again, which a
    // summary would tell.
    const std::string of_alice = "user.id == " + std::to_string(kAlice.uid) + " or kind == auth.attempt";
    const auto own = serve({"--profile", "standard", "--max-events", "5/s", "--watch", watch, "--heartbeat",
                            "5s", "--every-event", "--filter", of_alice});
    ASSERT_TRUE(own);
    EXPECT_TRUE(own->about().ends_with("; profile standard; at most 5 events/s")) << own->about();
    const auto loop = [](int count, const std::string& deed) {
        return "i=0; while [ $i -lt " + std::to_string(count) + " ]; do " + deed + "; i=$((i+1)); done";
    };
    const auto told = [&](const char* kind, const std::string& begin) {
        return own
            ->all({kind, 0,
                   [&](const Json& e) {
                       const Json args = at(e, "process.command_args");
                       const std::string what =
                           std::string(kind) == "process.exec"
                               ? (args.is_array() && args.size() == 2 ? args[1].get<std::string>() : "")
                               : text_at(e, "file.path");
                       return what.starts_with(begin);
                   }})
            .size();
    };
    const auto says = [&](const std::string& words, milliseconds limit) {
        return own->wait_for({"sensor.budget", 0,
                              [&](const Json& e) {
                                  return text_at(e, "whodid.sensor.text").find(words) != std::string::npos;
                              }},
                             limit);
    };
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(exited(
        0, as_alice("sh -c '" + loop(kFlood, "/bin/true flood$i; : >" + top + "/flood/$i") + "'; true")));
    const auto full = says("; step 5 of 5", milliseconds(8000));
    ASSERT_TRUE(full);
    EXPECT_NE(text_at(*full, "whodid.sensor.text").find(" events/s, at most 5 events/s; "),
              std::string::npos);
    EXPECT_NE(text_at(*full, "whodid.sensor.text").find("left out: reads of files; "), std::string::npos);

    RunOptions alice;
    alice.uid = kAlice.uid;
    alice.gid = kAlice.gid;
    alice.loginuid = kAlice.uid;
    ASSERT_TRUE(
        worked(run_in(this_world(), {"/bin/sh", "-c", loop(kFew, "cat " + top + "/denied$i")}, alice)));
    ASSERT_TRUE(exited(0, as_alice(loop(kFew, ": >" + top + "/watched/$i"))));
    ASSERT_TRUE(worked(stage_->ssh_password("alice", "wrong-password", "true")));
    ASSERT_TRUE(exited(0, stage_->ssh_password("alice", kAlice.password, "/bin/true typed")));
    const auto typed =
        own->wait_for({"process.exec", 0, [](const Json& e) {
                           return at(e, "process.command_args") == Json({"/bin/true", "typed"});
                       }});
    EXPECT_TRUE(typed) << "a command by ssh";
    EXPECT_TRUE(own->wait_for({"session.end", 0, {}}));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;

    EXPECT_EQ(told("file.open", top + "/denied"), static_cast<std::size_t>(kFew));
    EXPECT_EQ(told("file.create", top + "/watched/"), static_cast<std::size_t>(kFew));
    EXPECT_FALSE(
        own->all({"auth.attempt", 0, [](const Json& e) { return at(e, "event.outcome") == "failure"; }})
            .empty());
    EXPECT_FALSE(own->all({"session.start", 0, {}}).empty());
    const std::size_t flood = told("process.exec", "flood") + told("file.create", top + "/flood/");
    EXPECT_GT(flood, 50u) << "a burst is free";
    constexpr double kReserve = 60 * 5;
    EXPECT_LE(static_cast<double>(flood), kReserve + 5 * (seconds.count() + 1));

    const auto better = says("; step 4 of 5, was 5; ", milliseconds(40'000));
    ASSERT_TRUE(better);
    EXPECT_NE(text_at(*better, "whodid.sensor.text").find("were left out: "), std::string::npos);
    EXPECT_TRUE(own->wait_for({"sensor.heartbeat", 0, {}}));
    const auto said = own->stop();
    expect_balance(said);
    const Json ledger = ledger_of(*said);
    EXPECT_GT(ledger["kinds"]["process.exec"]["shed"], 1000);
    EXPECT_GT(ledger["kinds"]["file.create"]["shed"], 1000);
    EXPECT_EQ(ledger["kinds"]["auth.attempt"]["shed"], 0);
    EXPECT_EQ(ledger["kinds"]["session.start"]["shed"], 0);
    EXPECT_NE(said->find(" left out by the budget; "), std::string::npos) << *said;
    expect_one_stream(*own);
    fs::remove_all(top);
    fs::remove(watch);
}

TEST_F(Run, WhatIsDoneToItsFilesIsTold) {
    const fs::path map = fs::path("/dev/shm") / ("whodid-people-" + std::to_string(::getpid()));
    std::ofstream(map) << "# nobody yet\n";
    const auto own = serve({"--person-map", map});
    ASSERT_TRUE(own);
    const std::string state = "/run/whodid/" + std::to_string(own->pid()) + ".pid";
    ASSERT_TRUE(
        exited(0, as_alice("exec 3<" + own->output() + "; cat " + map.string() + " >/dev/null; touch -c " +
                           map.string() + "; : >>" + map.string() + "; : >" + state)));
    for (const std::string& did :
         {"read of the sensor's output " + own->output(), "write of the sensor's settings " + map.string(),
          "write of the sensor's state " + state}) {
        const auto event = tampering(*own, did);
        ASSERT_TRUE(event) << did;
        EXPECT_EQ(at(*event, "user.id"), std::to_string(kAlice.uid));
    }
    EXPECT_FALSE(own->all({"sensor.tamper", 0,
                           [&](const Json& e) {
                               return at(e, "whodid.sensor.text") ==
                                      "read of the sensor's settings " + map.string();
                           }})
                     .size());
    EXPECT_TRUE(worked(own->stop()));
    fs::remove(map);
}

}  // namespace
}  // namespace whodid::live
