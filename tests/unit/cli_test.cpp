// SPDX-License-Identifier: Apache-2.0
// The program from outside: streams, exit codes, wrong arguments, pipes. Runs build/whodid.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "app/status_command.h"

namespace whodid {
namespace {

using std::chrono::steady_clock;
namespace fs = std::filesystem;

struct Outcome {
    int code = -1;  // negative: died of that signal
    std::string out, err;
    double seconds = 0;
};

std::string contents(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

/// Beside this test: build/tests/unit, build/whodid.
fs::path program() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "whodid"; }

class Cli : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(program())) GTEST_SKIP() << "not built: " << program();
        fs::create_directory(directory_);
    }
    void TearDown() override { fs::remove_all(directory_); }

    const fs::path directory_ = fs::temp_directory_path() / ("whodid-cli-" + std::to_string(::getpid()));
    std::map<std::string, std::string> environment_;
    uid_t uid_ = 0;

    /// Starts `sh -c script` with the program as $W; its output goes to files.
    pid_t start(const std::string& script) {
        const pid_t child = ::fork();
        if (child != 0) return child;
        for (const auto& [name, value] : environment_) ::setenv(name.c_str(), value.c_str(), 1);
        ::setenv("W", program().c_str(), 1);
        ::setenv("WHODID_STANDALONE", "true", 1);  // of any daemon that runs here
        for (int fd : {1, 2}) {
            const fs::path path = directory_ / (fd == 1 ? "out" : "err");
            ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), fd);
        }
        ::dup2(::open("/dev/null", O_RDONLY), 0);
        if (uid_ && (::setgid(uid_) != 0 || ::setuid(uid_) != 0)) ::_exit(126);
        ::execl("/bin/bash", "bash", "-c", script.c_str(), nullptr);
        ::_exit(127);
    }
    Outcome finish(pid_t child) {
        const auto begin = steady_clock::now();
        int status = 0;
        constexpr int kPatience = 120;  // seconds
        while (::waitpid(child, &status, WNOHANG) == 0) {
            if (steady_clock::now() > begin + std::chrono::seconds(kPatience)) ::kill(child, SIGKILL);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        Outcome o;
        o.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        o.seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
        o.out = contents(directory_ / "out");
        o.err = contents(directory_ / "err");
        return o;
    }
    Outcome run(const std::string& script) { return finish(start(script)); }

    void expect_usage_error(const std::string& arguments, const std::string& says) {
        const Outcome o = run("\"$W\" " + arguments);
        EXPECT_EQ(o.code, 2) << arguments;
        EXPECT_EQ(o.out, "") << arguments;
        EXPECT_EQ(lines(o.err), 1u) << o.err;
        EXPECT_NE(o.err.find(says), std::string::npos) << arguments << ": " << o.err;
    }
    /// Only where this machine can be traced.
    bool can_trace() { return run("\"$W\" check").code == 0; }
};

TEST_F(Cli, UsageErrors) {
    expect_usage_error("", "which command?");
    expect_usage_error("tarce", "tarce, did you mean 'trace'?");
    expect_usage_error("trace --faild", "--faild, did you mean '--failed'?");
    expect_usage_error("trace -o xml", "--output: 'xml' is none of text|wide|json|flat");
    expect_usage_error("trace -d 5x", "--duration: '5x' is no duration");
    expect_usage_error("trace -d 0", "--duration");
    expect_usage_error("trace --ring-size 65K", "--ring-size: '65K'");
    expect_usage_error("trace --canary 10ms", "--canary: '10ms' is too often");
    expect_usage_error("run --heartbeat 10ms", "--heartbeat: '10ms' is too often");
    expect_usage_error("trace -p x", "--pid: 'x' is no process number");
    expect_usage_error("trace -p 1 -p 2x", "--pid: '2x'");
    expect_usage_error("trace --tree 0", "--tree");
    expect_usage_error("trace --count 0", "--count");
    expect_usage_error("trace --color sometimes", "--color");
    expect_usage_error("trace --ledger xml", "--ledger");
    expect_usage_error("trace -u", "--user");
    expect_usage_error("trace exce", "'exce', did you mean 'exec'?");
    expect_usage_error("trace --fields time,usr", "'usr', did you mean 'user'?");
    expect_usage_error("trace -w /dev/null -o text", "-w");
    expect_usage_error("fields exce", "'exce', did you mean 'exec'?");
    expect_usage_error("fields -o yaml", "--output");
    expect_usage_error("fields exec more", "more");
    expect_usage_error("check more", "more");
    expect_usage_error("volume --price free", "--price: 'free' is no price of a gigabyte: 0.30/GB");
    expect_usage_error("volume --since yesterday", "--since: 'yesterday' is no duration");
    expect_usage_error("volume --top 0", "--top");
    expect_usage_error("volume -o text", "--output: 'text' is none of table|json");
    expect_usage_error("volume --sicne 1d", "--sicne, did you mean '--since'?");
    expect_usage_error("volume --since 1d < /dev/null", "--since reads twice, and standard input");
    expect_usage_error("record", "FILE");
    expect_usage_error("replay", "FILE");
}

// An option takes one value: what follows is a kind.
TEST_F(Cli, ListsTakeOneValueEach) {
    expect_usage_error("trace -u alice -u bob --fields time,user exce", "'exce'");
}

TEST_F(Cli, EnvironmentMirrorsOptions) {
    environment_["WHODID_OUTPUT"] = "xml";
    expect_usage_error("trace", "--output: 'xml'");
    environment_ = {{"WHODID_RING_SIZE", "3"}};
    expect_usage_error("trace", "--ring-size: '3'");
    environment_ = {{"WHODID_FIELDS", "time,usr"}};
    expect_usage_error("trace", "'usr'");
    environment_ = {{"WHODID_OUTPUT", "text"}, {"WHODID_WRITE", "/dev/null"}};
    expect_usage_error("trace", "-w");
}

// Three lines: what is wrong, the expression, and where.
TEST_F(Cli, AWrongFilterIsShown) {
    const std::string shown =
        "column 6: '=' is no operator, did you mean '=='?\n    user = \"alice\"\n         ^\n";
    for (const char* command : {"trace", "replay tests/data/recordings/story.whodid", "run"}) {
        const Outcome o = run(std::string("\"$W\" ") + command + " --filter 'user = \"alice\"'");
        EXPECT_EQ(o.code, 2) << command;
        EXPECT_EQ(o.out, "");
        EXPECT_EQ(o.err, "whodid: --filter: " + shown) << command;
    }
    environment_["WHODID_FILTER"] = "user = \"alice\"";
    EXPECT_EQ(run("\"$W\" trace").err, "whodid: --filter: " + shown);
    environment_.clear();
    const Outcome o = run("\"$W\" filter explain 'user = \"alice\"'");
    EXPECT_EQ(o.code, 2);
    EXPECT_EQ(o.err, "whodid: " + shown);
}

TEST_F(Cli, ForensicIsForATimeAndForAReason) {
    expect_usage_error("run --profile forensic", "--for 4h --reason TEXT");
    expect_usage_error("run --profile forensic --for 1h", "--for 4h --reason TEXT");
    expect_usage_error("run --profile forensic --for 73h --reason x", "--for: at most 72h");
    expect_usage_error("run --for 1h --reason x", "--for and --reason go with --profile forensic");
    expect_usage_error("run --profile loud", "loud");
}

TEST_F(Cli, ABudgetHasUnitsAndIsNotForensics) {
    expect_usage_error("run --max-events 20", "--max-events: '20' is no number of events a second: 20/s");
    expect_usage_error("run --max-bytes 5MiB/day",
                       "--max-bytes: '5MiB/day' is no size of a day's events: 5MB/day");
    expect_usage_error("run --max-cpu 200%", "--max-cpu: '200%' is no part of a core: 2%");
    const std::string forensic = "run --profile forensic --for 1h --reason x ";
    expect_usage_error(forensic + "--max-events 20/s", "--max-events: --profile forensic tells everything");
    expect_usage_error(forensic + "--max-events none --max-cpu 1%", "--max-cpu: --profile forensic");
    environment_["WHODID_MAX_BYTES"] = "5";
    expect_usage_error("run", "--max-bytes: '5'");
}

TEST_F(Cli, AReplayShowsWhatAProfileTells) {
    const std::string replay = "\"$W\" replay tests/data/recordings/story.whodid -q -o json --profile ";
    const auto lines = [&](const char* profile) {
        const Outcome o = run(replay + profile);
        EXPECT_EQ(o.code, 0) << o.err;
        return std::ranges::count(o.out, '\n');
    };
    const auto quiet = lines("quiet"), standard = lines("standard"), forensic = lines("forensic");
    EXPECT_GT(quiet, 0);
    EXPECT_LT(quiet, standard);
    EXPECT_LT(standard, forensic);
}

TEST_F(Cli, FilterExplain) {
    const Outcome o = run("\"$W\" filter explain 'user==\"alice\" && dport in {22, 3306}'");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(o.out.starts_with("user.name == \"alice\" and network.peer.port in {22, 3306}\n\nand\n"))
        << o.out;
    EXPECT_NE(o.out.find("  network.peer.port in {22, 3306}  int              kernel\n"), std::string::npos);
    EXPECT_NE(o.out.find("  file.map                                      none comes out\n"),
              std::string::npos);
    expect_usage_error("filter", "filter --help");
    expect_usage_error("filter exlpain", "there is no command exlpain, did you mean 'explain'?");
    expect_usage_error("filter explain", "EXPR");
    EXPECT_EQ(run("\"$W\" filter explain --help").code, 0);
}

TEST_F(Cli, WatchFilesAreReadBeforeAnythingHappens) {
    std::ofstream(directory_ / "bad.watch") << "# ours\n/srv/x rwz\n";
    const std::string file = (directory_ / "bad.watch").string();
    for (const char* command : {"trace", "replay tests/data/recordings/story.whodid", "watch list"}) {
        const Outcome o = run(std::string("\"$W\" ") + command + " --watch " + file);
        EXPECT_EQ(o.code, 2) << command;
        EXPECT_EQ(o.out, "");
        EXPECT_TRUE(o.err.starts_with("whodid: --watch: " + file + ":2:8: 'rwz' is neither accesses"))
            << o.err;
    }
    environment_["WHODID_WATCH"] = file;
    EXPECT_NE(run("\"$W\" trace").err.find("bad.watch:2:8: "), std::string::npos);
    environment_.clear();
    const Outcome o = run("\"$W\" trace --watch /nowhere/x");
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.err, "whodid: --watch: cannot read /nowhere/x: No such file or directory\n");
}

TEST_F(Cli, WatchList) {
    Outcome o = run("\"$W\" watch list");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.err, "");
    EXPECT_NE(o.out.find("/etc/shadow                              rwa  tag=credentials\n"),
              std::string::npos);
    std::ofstream(directory_ / "own.watch") << "/srv/x r tag=\"a b\"\n";
    o = run("\"$W\" watch list --watch none --watch " + (directory_ / "own.watch").string());
    EXPECT_EQ(o.out, "/srv/x                                   r    tag=\"a b\"\n");
    expect_usage_error("watch", "watch --help");
    expect_usage_error("watch ipmort x", "there is no command ipmort, did you mean 'import'?");
    expect_usage_error("watch import", "FILE");
}

TEST_F(Cli, WatchImport) {
    const std::string good = (directory_ / "good.rules").string(), bad = (directory_ / "bad.rules").string();
    std::ofstream(good)
        << "-D\n-w /etc/shadow -p rwa -k identity\n-a always,exit -F path=/x -F perm=r -F auid!=unset\n";
    std::ofstream(bad) << "-w /etc/shadow -p rwa -k identity\n-w etc/x\n";
    Outcome o = run("\"$W\" watch import " + good);
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "# From " + good + "\n/etc/shadow                              rwa  tag=identity\n" +
                         "/x                                       r    tag=watch\n");
    EXPECT_EQ(o.err, good + ":1: -D is a setting of auditd\n" + good +
                         ":3: wider: watched for all; the rule is for -F auid!=unset alone: --filter 'tag == "
                         "\"watch\" and exists user.id'\n");
    o = run("\"$W\" watch import " + good + " " + bad + " 2> /dev/null | tail -n 1; exit ${PIPESTATUS[0]}");
    EXPECT_EQ(o.code, 4);
    EXPECT_EQ(o.out, "# From " + bad + "\n");
    o = run("\"$W\" watch import " + bad);
    EXPECT_NE(o.err.find(bad + ":2: NOT CONVERTED: 'etc/x' is no absolute path\n"), std::string::npos)
        << o.err;
    o = run("\"$W\" watch import " + good + " > " + (directory_ / "made.watch").string() +
            " 2> /dev/null; \"$W\" watch list "
            "--watch none --watch " +
            (directory_ / "made.watch").string());
    EXPECT_EQ(lines(o.out), 2u) << o.out << o.err;
    EXPECT_EQ(run("\"$W\" watch import /nowhere/x").code, 1);
}

TEST_F(Cli, ReplaysHaveTags) {
    const std::string replay = "\"$W\" replay tests/data/recordings/story.whodid -q -o json ";
    const std::size_t built_in = lines(run(replay + "--filter 'exists tag'").out);
    EXPECT_GT(built_in, 0u);
    EXPECT_EQ(run(replay + "--filter 'exists tag' --watch none").out, "");
    std::ofstream(directory_ / "own.watch") << "/ rwxa tag=everything\n";
    const Outcome o =
        run(replay + "--filter 'tag == \"everything\"' --watch " + (directory_ / "own.watch").string());
    EXPECT_GT(lines(o.out), built_in);
    EXPECT_NE(o.out.find("\"tags\":[\"everything\""), std::string::npos);
}

// Each proposed filter keeps out as many events as it says.
TEST_F(Cli, VolumeAndItsFilters) {
    const std::string replay = "\"$W\" replay tests/data/recordings/story.whodid -q -a -o json";
    const std::string events = (directory_ / "events.json").string();
    const Outcome all = run(replay);
    std::ofstream(events) << all.out;
    const Outcome o = run("\"$W\" volume -o json --top 50 " + events);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err, "");
    const auto report = nlohmann::json::parse(o.out);
    EXPECT_EQ(report["events"], lines(all.out));
    EXPECT_EQ(report["bytes"], all.out.size());
    EXPECT_GT(report["filters"].size(), 3u) << o.out;
    std::string every;
    for (const auto& proposal : report["filters"]) {
        const std::string filter = " --filter '" + proposal["filter"].get<std::string>() + "'";
        EXPECT_EQ(lines(run(replay + filter).out), lines(all.out) - proposal["events"].get<std::size_t>())
            << filter;
        every += filter;
    }
    EXPECT_EQ(lines(run(replay + every).out),
              lines(all.out) - report["filters_together"]["events"].get<std::size_t>());
    EXPECT_EQ(run("\"$W\" volume -o json --top 50 < " + events).out, o.out);
    EXPECT_EQ(run("\"$W\" volume -o json --top 50 - < " + events).out, o.out);
}

TEST_F(Cli, VolumeOfAFileThatWasCutShort) {
    std::ofstream(directory_ / "x.json")
        << R"({"time":"2026-01-02T03:04:05Z","event":{"name":"whodid.process.fork"}})"
        << "\n{\"time\":\"20";
    Outcome o = run("\"$W\" volume " + (directory_ / "x.json").string());
    EXPECT_EQ(o.code, 4);
    EXPECT_TRUE(o.out.starts_with("events   1\n")) << o.out;
    EXPECT_EQ(o.err, "whodid: 1 line is no event, left out; the first is " +
                         (directory_ / "x.json").string() + ":2: it is cut short\n");
    o = run("\"$W\" volume /nowhere/x");
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err, "whodid: cannot read /nowhere/x: No such file or directory\n");
}

// As many bytes as run would have written under it.
TEST_F(Cli, VolumeOfARecordingUnderAProfile) {
    const std::string story = "tests/data/recordings/story.whodid";
    for (const std::string profile : {"quiet", "standard", "forensic"}) {
        const Outcome kept = run("\"$W\" replay " + story + " -q -a -o json --profile " + profile);
        const Outcome o = run("\"$W\" volume -o json --profile " + profile + " " + story);
        EXPECT_EQ(o.code, 0);
        EXPECT_EQ(o.err, "");
        const auto report = nlohmann::json::parse(o.out);
        EXPECT_EQ(report["events"], lines(kept.out)) << profile;
        EXPECT_EQ(report["bytes"], kept.out.size()) << profile;
        EXPECT_EQ(run("cat " + story + " | \"$W\" volume -o json --profile " + profile).out, o.out);
        std::ofstream(directory_ / "kept.json") << kept.out;
        const Outcome of_lines = run("\"$W\" volume -o json " + (directory_ / "kept.json").string());
        EXPECT_EQ(report["by"], nlohmann::json::parse(of_lines.out)["by"]) << profile;
        EXPECT_EQ(report["filters"], nlohmann::json::parse(of_lines.out)["filters"]) << profile;
    }
    std::ofstream(directory_ / "x.json") << "{}\n";
    expect_usage_error("volume --profile quiet " + (directory_ / "x.json").string(), "needs a recording");
    expect_usage_error("volume --profile quiet < /dev/null", "needs a recording, and standard input is none");
    expect_usage_error("volume --profile loud", "loud");
}

TEST_F(Cli, VolumeOfARecordingThatIsBroken) {
    const std::string file = (directory_ / "x.whodid").string();
    Outcome o = run("head -c -100 tests/data/recordings/story.whodid > " + file + "; \"$W\" volume " + file);
    EXPECT_EQ(o.code, 4);
    EXPECT_TRUE(o.out.starts_with("events   2")) << o.out;
    EXPECT_TRUE(o.err.starts_with("whodid: " + file + " is damaged at byte ")) << o.err;
    EXPECT_EQ(lines(o.err), 1u);
    o = run("head -c 100 tests/data/recordings/story.whodid | \"$W\" volume");
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err, "whodid: standard input is damaged: its header has no end\n");
}

TEST_F(Cli, HelpAndVersion) {
    Outcome o = run("\"$W\" --help");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.err, "");
    for (const char* text : {"Watch:", "Run:", "trace", "record", "replay", "run", "check", "fields",
                             "filter", "watch", "volume", "version"})
        EXPECT_NE(o.out.find(text), std::string::npos) << text;
    o = run("\"$W\" trace -h");
    EXPECT_EQ(o.code, 0);
    for (const char* text : {"--user",    "--session",   "--pid",    "--tree",   "--exe",      "--path",
                             "--failed",  "--all",       "--filter", "--watch",  "--duration", "--count",
                             "--fields",  "--write",     "--color",  "--utc",    "--local",    "--quiet",
                             "--verbose", "--ring-size", "--output", "--ledger", "--canary",   "WHODID_"})
        EXPECT_NE(o.out.find(text), std::string::npos) << text;
    o.out += run("\"$W\" volume -h").out;
    for (const char* text : {"--since", "--price", "--top", "--profile", "newest"})
        EXPECT_NE(o.out.find(text), std::string::npos) << text;
    for (std::istringstream text(o.out); std::getline(text, o.err);) EXPECT_LE(o.err.size(), 100u) << o.err;
    for (const char* version : {"--version", "-V", "version"}) {
        o = run(std::string("\"$W\" ") + version);
        EXPECT_EQ(o.code, 0);
        EXPECT_TRUE(o.out.starts_with("whodid ")) << o.out;
        EXPECT_EQ(lines(o.out), 1u);
    }
    EXPECT_EQ(nlohmann::json::parse(run("\"$W\" version --json").out)["name"], "whodid");
}

TEST_F(Cli, FieldsIntoAPipeThatCloses) {
    const Outcome o = run("\"$W\" fields | head -n 1; echo \"${PIPESTATUS[0]}\"");
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(o.out.starts_with("KIND"));
}

// What cannot be said is no reason to die.
TEST_F(Cli, ClosedOrFullStreams) {
    EXPECT_EQ(run("\"$W\" trace exce 2>/dev/full").code, 2);
    EXPECT_EQ(run("\"$W\" trace exce 2>&-").code, 2);
    for (const char* command : {"version", "version --json", "fields", "--help"})
        EXPECT_GE(run(std::string("\"$W\" ") + command + " >/dev/full").code, 0) << command;
    const Outcome o = run("\"$W\" version >/dev/full");
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find("No space left"), std::string::npos) << o.err;
}

TEST_F(Cli, FileThatCannotBeWritten) {
    const Outcome o = run("\"$W\" trace -w /nonexistent/x");
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.err, "whodid: cannot write /nonexistent/x: No such file or directory\n");
}

// One line that names what is missing and what to do; a wrong argument is told first.
TEST_F(Cli, WithoutRights) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    uid_ = 65534;
    fs::permissions(directory_, fs::perms::all);
    const fs::path copy = directory_ / "whodid";
    fs::copy_file(program(), copy);
    Outcome o = run(copy.string() + " trace");
    EXPECT_EQ(o.code, 3) << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(lines(o.err), 1u) << o.err;
    EXPECT_NE(o.err.find("CAP_BPF"), std::string::npos) << o.err;
    EXPECT_NE(o.err.find("sudo "), std::string::npos) << o.err;
    o = run(copy.string() + " check");
    EXPECT_EQ(o.code, 3);
    EXPECT_NE(o.out.find("MISSING  rights"), std::string::npos) << o.out;
    EXPECT_EQ(o.out.find("seccomp"), std::string::npos) << "without rights no try tells anything: " << o.out;
    o = run(copy.string() + " check -o json");
    EXPECT_EQ(o.code, 3);
    EXPECT_EQ(nlohmann::json::parse(o.out)["ok"], false);
    EXPECT_EQ(run(copy.string() + " trace exce").code, 2);
}

// ---- tools/run-live, with a program that only pretends ---------------------------------------------------

class RunLive : public Cli {
protected:
    /// A program whose trace ends so, and whose replay tells its arguments.
    void pretend(const std::string& trace) {
        std::ofstream(directory_ / "fake")
            << "#!/bin/bash\nif [[ $1 == trace ]]; then " << trace << "; fi\nprintf '<%s>' \"$@\"\n";
        fs::permissions(directory_ / "fake", fs::perms::owner_all);
        std::ofstream(directory_ / "story.whodid") << "x";
        environment_["WHODID_RECORDING"] = directory_ / "story.whodid";
    }
    Outcome run_live(const std::string& arguments = "") {
        return run("tools/run-live " + (directory_ / "fake").string() + " " + arguments);
    }
};

TEST_F(RunLive, TracesWhereItCan) {
    pretend("printf '[%s]' \"$@\"; echo footer >&2; exit 0");
    const Outcome o = run_live("-d 5 exec");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "[trace][-d][5][exec]");
    EXPECT_EQ(o.err, "footer\n");
}

TEST_F(RunLive, PassesOtherFailuresOn) {
    pretend("echo 'whodid: no' >&2; exit 1");
    const Outcome o = run_live();
    EXPECT_EQ(o.code, 1);
    EXPECT_EQ(o.out, "");
}

TEST_F(RunLive, ShowsTheRecordingWhereItCannot) {
    pretend("echo 'whodid: rights: CAP_BPF missing' >&2; exit 3");
    const Outcome o = run_live();
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "<replay><" + (directory_ / "story.whodid").string() +
                         "><--note><this machine cannot be traced: rights: CAP_BPF missing>");
    EXPECT_TRUE(o.err.starts_with("whodid: rights: CAP_BPF missing\n")) << o.err;
    environment_["WHODID_RECORDING"] = "/nonexistent";
    EXPECT_EQ(run_live().code, 3);
}

// ---- a kernel that cannot be watched ---------------------------------------------------------------------

/// /sys/kernel/btf is hidden from it.
class CliUnserved : public Cli {
protected:
    void SetUp() override {
        Cli::SetUp();
        if (IsSkipped()) return;
        if (run(kHidden + "true").code != 0) GTEST_SKIP() << "no rights to hide the kernel's types: root";
        std::ofstream(config()) << "sinks:\n  - {name: lines, type: jsonl, path: " << events().string()
                                << "}\nstatus: {socket: " << socket() << "}\n";
    }
    std::string config() const { return directory_ / "whodid.yaml"; }
    fs::path events() const { return directory_ / "events"; }
    std::string socket() const { return directory_ / "socket"; }
    std::string page(const std::string& target) const {
        const auto answer = ask_sensor(socket(), target);
        return answer ? *answer : answer.error().message;
    }

    const std::string kHidden =
        "unshare --mount sh -c '[ ! -e /sys/kernel/btf ] || mount -t tmpfs none /sys/kernel/btf; "
        "exec \"$@\"' sh ";
};

TEST_F(CliUnserved, ItEndsAndSaysWhy) {
    const Outcome o = run(kHidden + "\"$W\" run --config " + config());
    EXPECT_EQ(o.code, 3) << o.err;
    EXPECT_NE(o.err.find("/sys/kernel/btf/vmlinux missing"), std::string::npos) << o.err;
}

TEST_F(CliUnserved, OrItIdlesWithOneEventAndAMetric) {
    const fs::path said = directory_ / "said";
    const pid_t child =
        start("exec " + kHidden + "\"$W\" run --idle --config " + config() + " 2>" + said.string());
    for (int i = 0; i < 6000 && run("\"$W\" status --probe ready --socket " + socket()).code != 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(child, SIGHUP);
    EXPECT_NE(page("/healthz").find(" 200 "), std::string::npos) << page("/healthz");
    EXPECT_NE(page("/metrics").find("\nwhodid_unserved 1\n"), std::string::npos) << page("/metrics");
    const Outcome asked = run("\"$W\" status --socket " + socket());
    EXPECT_EQ(asked.code, 4);
    EXPECT_NE(asked.out.find("! nothing can be watched here: BTF: "), std::string::npos) << asked.out;
    ::kill(child, SIGTERM);
    EXPECT_EQ(finish(child).code, 0);
    EXPECT_EQ(lines(contents(said)), 1u) << contents(said);
    const std::string told = contents(events());
    ASSERT_EQ(lines(told), 1u) << told;
    const auto event = nlohmann::json::parse(told);
    EXPECT_EQ(event["event"]["name"], "whodid.sensor.blind");
    EXPECT_NE(event.dump().find("can watch nothing here: BTF: /sys/kernel/btf/vmlinux missing"),
              std::string::npos)
        << told;
}

// ---- with a kernel to trace ------------------------------------------------------------------------------

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

class CliLive : public Cli {
protected:
    void SetUp() override {
        Cli::SetUp();
        if (IsSkipped()) return;
        static const bool can = can_trace();
        if (!can) GTEST_SKIP() << "this machine cannot be traced";
    }
    /// Does it until the file has that text; programs take their time on a busy machine.
    bool does_until(const std::string& deed, const char* name, const std::string& text) {
        for (int i = 0; i < 200; ++i) {
            if (std::system(deed.c_str()) != 0) return false;
            if (contents(directory_ / name).find(text) != std::string::npos) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }
};

// traps.md 54: hooks and fields differ from kernel to kernel; what this one lacks is named, and the rest
// works.
TEST_F(CliLive, Check) {
    const auto report = nlohmann::json::parse(run("\"$W\" check -o json").out);
    EXPECT_EQ(report["ok"], true);
    EXPECT_EQ(report["kinds"]["process.exec"]["state"], "complete");
    EXPECT_FALSE(report["kinds"]["file.open"]["attached"].empty());
}

TEST_F(CliLive, JsonLinesUntilCtrlC) {
    const std::string mark = "mark-" + std::to_string(::getpid());
    const pid_t child = start("exec \"$W\" trace -o json --ledger json -q");
    const bool seen = does_until("/bin/true " + mark, "out", mark);
    ::kill(child, SIGINT);
    const Outcome o = finish(child);
    ASSERT_TRUE(seen) << o.err;
    EXPECT_EQ(o.code, 0) << o.err;
    std::istringstream text(o.out);
    bool found = false;
    std::uint64_t seq = 0;
    for (std::string line; std::getline(text, line);) {
        const auto event = nlohmann::json::parse(line);
        EXPECT_EQ(event["whodid"]["seq"], ++seq) << "no gap";
        found |= event["event"]["name"] == "whodid.process.exec" &&
                 event["process"]["command_args"].size() == 2 && event["process"]["command_args"][1] == mark;
    }
    EXPECT_TRUE(found);
    ASSERT_EQ(lines(o.err), 1u) << o.err;
    const auto ledger = nlohmann::json::parse(o.err)["ledger"];
    EXPECT_GE(ledger["kinds"]["process.exec"]["written"], 1);
    EXPECT_EQ(ledger["lost"], 0);
}

TEST_F(CliLive, HeadEndsItQuietly) {
    const pid_t child = start(
        "set -m; (while :; do /bin/true; sleep 0.1; done) & L=$!; "
        "\"$W\" trace exec | head -n 2; echo \"code ${PIPESTATUS[0]}\"; kill -- -$L");
    const Outcome o = finish(child);
    EXPECT_NE(o.out.find("code 0"), std::string::npos) << o.out;
    EXPECT_EQ(o.err.find("whodid"), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find("shown"), std::string::npos) << o.err;
}

// A reader who leaves while nothing happens is noticed too.
TEST_F(CliLive, AGoneReaderIsNoticedWithoutEvents) {
    const Outcome o =
        run("timeout 60 \"$W\" trace --path /nothing/at/all | true; echo \"code ${PIPESTATUS[0]}\"");
    EXPECT_NE(o.out.find("code 0"), std::string::npos) << o.out;
}

TEST_F(CliLive, WriteAndDuration) {
    const fs::path file = directory_ / "events.jsonl";
    std::ofstream(file) << "old";
    fs::permissions(file, fs::perms::all);
    const Outcome o = run("\"$W\" trace -a -d 500ms -w " + file.string());
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "");
    EXPECT_NE(o.err.find("writing events as JSON lines to " + file.string()), std::string::npos) << o.err;
    EXPECT_NE(o.err.find(" shown"), std::string::npos) << o.err;
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const std::string first = contents(file).substr(0, contents(file).find('\n'));
    EXPECT_EQ(nlohmann::json::parse(first)["event"]["name"], "whodid.sensor.start");
}

TEST_F(CliLive, AFooterThatNobodyReads) {
    EXPECT_EQ(run("\"$W\" trace -d 200ms >/dev/null 2>/dev/full").code, 0);
    EXPECT_EQ(run("\"$W\" trace -d 200ms --ledger json 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}").code,
              0);
}

TEST_F(CliLive, CountStops) {
    const pid_t child = start(
        "set -m; (while :; do /bin/true; sleep 0.1; done) & L=$!; "
        "\"$W\" trace exec --count 3 -o flat -q; echo \"code $?\"; kill -- -$L");
    const Outcome o = finish(child);
    std::size_t events = 0;
    std::istringstream text(o.out);
    for (std::string line; std::getline(text, line);)
        events += line.find("\"event.name\":\"whodid.process.exec\"") != std::string::npos;
    EXPECT_EQ(events, 3u) << o.out;
    EXPECT_NE(o.out.find("code 0"), std::string::npos);
}

/// Numbers of the processes that are detaching.
std::set<std::string> detaching() {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc"))
        if (contents(entry.path() / "comm") == "whodid-detach\n") found.insert(entry.path().filename());
    return found;
}

// A child goes on detaching, keeps nobody's pipe or terminal, and is gone soon.
TEST_F(CliLive, NobodyWaitsForDetaching) {
    const std::set<std::string> before = detaching();
    const Outcome o = run("\"$W\" trace -d 200ms 2>&1 >/dev/null | cat");
    EXPECT_NE(o.out.find(" lost"), std::string::npos) << o.out;
    std::set<std::string> mine = detaching();
    std::erase_if(mine, [&](const std::string& pid) { return before.contains(pid); });
    ASSERT_EQ(mine.size(), 1u) << "the pipe was closed while it detaches";
    const fs::path process = fs::path("/proc") / *mine.begin();
    std::error_code gone;
    const fs::path cwd = fs::read_symlink(process / "cwd", gone);  // before `gone` is looked at
    EXPECT_EQ(cwd, gone ? "" : "/");
    EXPECT_FALSE(fs::exists(process / "fd/1"));
    for (int i = 0; i < 600 && fs::exists(process); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(fs::exists(process));
    environment_["WHODID_DETACH"] = "wait";  // for who wants the machine as it was
    EXPECT_EQ(run("\"$W\" trace -d 200ms -q >/dev/null").code, 0);
}

#endif

}  // namespace
}  // namespace whodid
