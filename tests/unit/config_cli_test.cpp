// SPDX-License-Identifier: Apache-2.0
// whodid config and run --config from outside. Runs build/whodid.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "unit/directory.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;

struct Printed {
    int code = -1;
    std::string out, err;
};

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Beside this test: build/tests/unit, build/whodid.
fs::path tested_program() {
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "whodid";
}

class ConfigCli : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(tested_program())) GTEST_SKIP() << "not built: " << tested_program();
    }

    /// `sh -c script` in the directory, with the program as $W and nothing else in the environment.
    Printed run(const std::string& script) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::clearenv();
            ::setenv("PATH", "/usr/bin:/bin", 1);
            ::setenv("W", tested_program().c_str(), 1);
            for (const auto& [name, value] : environment_) ::setenv(name.c_str(), value.c_str(), 1);
            if (::chdir(directory_.path.c_str()) != 0) ::_exit(126);
            ::dup2(::open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
            ::dup2(::open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
            ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
            ::_exit(127);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(directory_.path + "/out"),
                text_of(directory_.path + "/err")};
    }

    const test::Directory directory_;
    std::map<std::string, std::string> environment_;
};

TEST_F(ConfigCli, CheckOfAGoodOneSaysWhatItComesTo) {
    directory_.write(
        "f.yaml",
        "profile: quiet\nbudget: {max_events: 20/s}\nsinks: [{name: files, type: jsonl, path: /d/}]\n");
    const Printed p = run("\"$W\" config check f.yaml");
    EXPECT_EQ(p.code, 0);
    EXPECT_EQ(p.err, "");
    EXPECT_EQ(p.out, "f.yaml: profile quiet; at most 20 events/s; sinks: files (jsonl, /d/)\n");
}

TEST_F(ConfigCli, CheckSaysAllThatIsWrong) {
    directory_.write("f.yaml", "profile: quite\nbudget: {max_event: 20/s}\nfilter: [usr == 1]\n");
    directory_.write("conf.d/a.yaml", "canary: soon\n");
    environment_["WHODID_BUDGET_MAX_CPU"] = "lots";
    const Printed p = run("\"$W\" config check f.yaml");
    EXPECT_EQ(p.code, 4);
    EXPECT_EQ(p.out, "");
    EXPECT_EQ(p.err,
              "f.yaml:1:10: profile: bad value 'quite': accepted: auto, quiet, standard or forensic\n"
              "f.yaml:2:10: budget.max_event: unknown key, did you mean 'max_events'?\n"
              "f.yaml:3:10: filter: column 1: no field is called 'usr', did you mean 'user'?; `whodid "
              "fields` lists them\n"
              "    usr == 1\n    ^~~\n"
              "conf.d/a.yaml:1:9: canary: bad value 'soon': accepted: at least 1s: 30s, 5m, 1h30m\n"
              "WHODID_BUDGET_MAX_CPU: bad value 'lots': accepted: auto, none, or a part of one core: 2%, "
              "0.5%, at most "
              "100%\n");
}

TEST_F(ConfigCli, CheckReadsTheFilesThatAreNamed) {
    const std::string watch = directory_.write("w", "/etc/x q\n"),
                      people = directory_.write("p", "nonsense\n");
    directory_.write("f.yaml",
                     "watch:\n  - none\n  - " + watch + "\n  - /none\nperson_map: " + people + "\n");
    const Printed p = run("\"$W\" config check f.yaml");
    EXPECT_EQ(p.code, 4);
    EXPECT_EQ(std::ranges::count(p.err, '\n'), 3) << p.err;
    EXPECT_NE(p.err.find("f.yaml:3:5: watch: " + watch + ":1:"), std::string::npos) << p.err;
    EXPECT_NE(p.err.find("f.yaml:4:5: watch: "), std::string::npos) << p.err;
    EXPECT_NE(p.err.find("f.yaml:5:13: person_map: " + people + ": line 1"), std::string::npos) << p.err;
}

TEST_F(ConfigCli, CheckWarnsOfOtelsVariables) {
    environment_ = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "soap"}};
    directory_.write("f.yaml", "");
    const Printed p = run("\"$W\" config check f.yaml");
    EXPECT_EQ(p.code, 0);
    EXPECT_EQ(p.out, "f.yaml: profile auto; sinks: otel (otlp, http://c/v1/logs)\n");
    EXPECT_EQ(
        p.err,
        "warning: OTEL_EXPORTER_OTLP_PROTOCOL: bad value 'soap': accepted: http/protobuf, http/json or grpc; "
        "ignored\n");
}

TEST_F(ConfigCli, CheckOfNoFile) {
    const Printed p = run("\"$W\" config check none.yaml");
    EXPECT_EQ(p.code, 4);
    EXPECT_EQ(p.out, "");
    EXPECT_NE(p.err.find("none.yaml: No such file"), std::string::npos) << p.err;
}

TEST_F(ConfigCli, ShowIsWhatCheckTakes) {
    directory_.write("f.yaml", "profile: quiet\nsinks: [{name: files, type: jsonl, path: /d/}]\n");
    directory_.write("conf.d/a.yaml", "sinks: [{name: files, keep: {age: 3d}}]\n");
    environment_["WHODID_CANARY"] = "5s";
    const Printed shown = run("\"$W\" config show f.yaml | tee g.yml && \"$W\" config check g.yml >&2");
    EXPECT_EQ(shown.code, 0);
    EXPECT_EQ(shown.err, "g.yml: profile quiet; sinks: files (jsonl, /d/)\n");
    for (const char* line : {"profile: quiet  # f.yaml:1\n", "canary: 5s  # WHODID_CANARY\n",
                             "      age: 3d  # conf.d/a.yaml:1\n", "heartbeat: 60s  # default\n",
                             "  - name: files  # f.yaml:2\n"})
        EXPECT_NE(shown.out.find(line), std::string::npos) << line << shown.out;
}

TEST_F(ConfigCli, ShowOfABadOne) {
    directory_.write("f.yaml", "profil: quiet\n");
    const Printed p = run("\"$W\" config show f.yaml");
    EXPECT_EQ(p.code, 4);
    EXPECT_EQ(p.out, "");
    EXPECT_EQ(p.err, "f.yaml:1:1: profil: unknown key, did you mean 'profile'?\n");
}

TEST_F(ConfigCli, KeysIsTheShippedFile) {
    const Printed p = run("\"$W\" config keys | tee f.yaml && \"$W\" config check f.yaml >&2");
    EXPECT_EQ(p.code, 0);
    EXPECT_EQ(p.err, "f.yaml: profile standard; sinks: files (jsonl, /var/log/whodid/)\n");
    EXPECT_EQ(run("\"$W\" config keys -o markdown").out.substr(0, 16), "# Configuration\n");
}

TEST_F(ConfigCli, UsageErrors) {
    for (const char* arguments : {"config", "config chekc", "config check a b", "config keys -o xml"}) {
        const Printed p = run("\"$W\" " + std::string(arguments));
        EXPECT_EQ(p.code, 2) << arguments;
        EXPECT_EQ(p.out, "") << arguments;
    }
}

// Before anything is loaded: none of these needs rights.
TEST_F(ConfigCli, RunRefusesABadConfiguration) {
    directory_.write("f.yaml", "profil: quiet\ncanary: soon\n");
    const Printed p = run("\"$W\" run --config f.yaml");
    EXPECT_EQ(p.code, 4);
    EXPECT_EQ(p.out, "");
    EXPECT_EQ(p.err,
              "whodid: the configuration is wrong:\n"
              "f.yaml:1:1: profil: unknown key, did you mean 'profile'?\n"
              "f.yaml:2:9: canary: bad value 'soon': accepted: at least 1s: 30s, 5m, 1h30m\n");
    environment_["WHODID_CONFIG"] = "f.yaml";
    EXPECT_EQ(run("\"$W\" run").code, 4);
    environment_ = {{"WHODID_BUDGET_MAX_CPU", "lots"}};
    EXPECT_EQ(run("\"$W\" run").code, 4);
}

// run's own checks come after the options are put over the file, and before it needs rights: what they say
// shows which of the two counted.
TEST_F(ConfigCli, OptionsCountMoreThanTheFile) {
    directory_.write("f.yaml", "budget: {max_cpu: 2%}\n");
    const std::string forensic = "\"$W\" run --config f.yaml --profile forensic --for 4h --reason x ";
    Printed p = run(forensic);
    EXPECT_EQ(p.code, 2);
    EXPECT_NE(p.err.find("--max-cpu: --profile forensic tells everything"), std::string::npos) << p.err;
    p = run(forensic + "--max-cpu none -o /none/x");
    EXPECT_EQ(p.code, 1);
    EXPECT_NE(p.err.find("cannot write /none/x"), std::string::npos) << p.err;
    environment_["WHODID_MAX_CPU"] = "none";
    p = run(forensic + "-o /none/x");
    EXPECT_NE(p.err.find("cannot write /none/x"), std::string::npos) << p.err;
}

TEST_F(ConfigCli, AnOptionPutsTheFilesForensicAside) {
    directory_.write("f.yaml", "profile: forensic\nforensic: {for: 4h, reason: x}\n");
    Printed p = run("\"$W\" run --config f.yaml --profile quiet -o /none/x");
    EXPECT_NE(p.err.find("cannot write /none/x"), std::string::npos) << p.err;
    p = run("\"$W\" run --config f.yaml --profile quiet --for 3h -o /none/x");
    EXPECT_EQ(p.code, 2);
    EXPECT_NE(p.err.find("--for and --reason go with"), std::string::npos) << p.err;
    p = run("\"$W\" run --config f.yaml -o /none/x");
    EXPECT_NE(p.err.find("cannot write /none/x"), std::string::npos) << p.err;
}

}  // namespace
}  // namespace whodid
