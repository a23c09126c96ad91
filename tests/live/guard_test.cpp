// SPDX-License-Identifier: Apache-2.0
// What is done to the sensor itself: the deed for real, and who it is told to be by, whatever the filter.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

class Guard : public SensorTest {
protected:
    Facts do_way(const std::string& way, const Sensor& sensor) {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        const auto facts = stage_->deed("guard_ways", {way, "/tmp", std::to_string(sensor.pid())}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    static std::optional<Json> tampering(Sensor& sensor, pid_t by, const std::string& did) {
        return sensor.wait_for({"sensor.tamper", by, [&](const Json& e) {
                                    return at(e, "whodid.sensor.text").get<std::string>().starts_with(did);
                                }});
    }
    static std::string tampers_of(Sensor& sensor) {
        std::string told;
        for (const Json& event : sensor.all({"sensor.tamper", 0, {}})) told += event.dump() + "\n";
        return told;
    }
    /// As who is told, on top of the pid.
    static std::vector<std::pair<std::string, Json>> alice_as_root() {
        return {{"user.id", std::to_string(kAlice.uid)},
                {"process.user.id", 0},
                {"process.executable.path", std::string(kDeedsDir) + "/guard_ways"}};
    }
    static std::string name_of(const Sensor& sensor) {
        return " the sensor whodid[" + std::to_string(sensor.pid()) + "]";
    }
};

struct Way {
    const char* name;
    const char* did;  // %: the sensor
    const char* outcome;
};
class GuardWay : public Guard, public testing::WithParamInterface<Way> {};

TEST_P(GuardWay, IsTold) {
    const Facts facts = do_way(GetParam().name, *sensor_);
    ASSERT_EQ(facts.result() < 0, GetParam().outcome == std::string("failure")) << facts.result();
    std::string did = GetParam().did;
    if (const std::size_t at = did.find('%'); at != std::string::npos) did.replace(at, 1, name_of(*sensor_));
    const auto event = tampering(*sensor_, facts.pid(), did);
    ASSERT_TRUE(event) << did << " in " << tampers_of(*sensor_);
    auto expected = alice_as_root();
    expected.emplace_back("event.outcome", GetParam().outcome);
    EXPECT_EQ(lacking(*event, expected), "");
}

INSTANTIATE_TEST_SUITE_P(
    Ways, GuardWay,
    testing::Values(Way{"signal", "SIGCONT to%", "success"}, Way{"seize", "seize of%", "success"},
                    Way{"vm_read", "process_vm_readv of%", "failure"},
                    Way{"getfd", "pidfd_getfd of%", "success"},
                    Way{"memory", "read of the sensor's memory /proc/", "success"},
                    Way{"map_by_id", "MAP_GET_FD_BY_ID of the sensor's map ", "success"},
                    Way{"config", "MAP_UPDATE_ELEM of the sensor's map ", "failure"},
                    Way{"map_update", "MAP_UPDATE_ELEM of the sensor's map ", "success"},
                    Way{"map_delete", "MAP_DELETE_ELEM of the sensor's map ", "success"},
                    Way{"map_delete_batch", "MAP_DELETE_BATCH of the sensor's map ", "success"},
                    Way{"map_freeze", "MAP_FREEZE of the sensor's map ", "failure"},
                    Way{"audit_set", "audit configuration: SET by ", "success"}),
    [](const auto& way) { return std::string(way.param.name); });

// Nothing is sent, and everybody may ask.
TEST_F(Guard, ToLookWhetherItIsThereIsNoTampering) {
    const Facts facts = do_way("look", *sensor_);
    ASSERT_EQ(facts.result(), 0);
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    EXPECT_TRUE(sensor_->all({"sensor.tamper", facts.pid(), {}}).empty());
}

// What the kernel side was told at its start, nobody can change any more.
TEST_F(Guard, ItsConfigurationIsFrozen) { EXPECT_EQ(do_way("config", *sensor_).result(), -EPERM); }

// By a copy of its own program, and with a filter that nothing meets.
class GuardFiles : public Guard {
protected:
    void SetUp() override {
        Guard::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        char made[] = "/dev/shm/whodid-guard-XXXXXX";
        ASSERT_TRUE(::mkdtemp(made));
        directory_ = made;
        const char* set = std::getenv("WHODID");
        const std::string program = set ? set : "build/whodid";
        fs::copy_file(program, directory_ / "whodid");
        const EnvironmentOf restored("WHODID", (directory_ / "whodid").string());
        auto started = Sensor::start({"--user", "nobody-of-that-name"});
        ASSERT_TRUE(worked(started));
        own_ = std::move(*started);
    }
    void TearDown() override {
        if (own_) {
            const auto said = own_->stop();
            ASSERT_TRUE(worked(said));
            EXPECT_EQ(at(ledger_of(*said), "balanced"), true) << *said;
        }
        fs::remove_all(directory_);
    }
    /// A variable, for as long as it lives.
    class EnvironmentOf {
    public:
        EnvironmentOf(std::string name, const std::string& value) : name_(std::move(name)) {
            if (const char* was = std::getenv(name_.c_str())) was_ = was;
            ::setenv(name_.c_str(), value.c_str(), 1);
        }
        ~EnvironmentOf() { was_ ? ::setenv(name_.c_str(), was_->c_str(), 1) : ::unsetenv(name_.c_str()); }
        EnvironmentOf(const EnvironmentOf&) = delete;
        EnvironmentOf& operator=(const EnvironmentOf&) = delete;

    private:
        std::string name_;
        std::optional<std::string> was_;
    };
    /// A shell command outside the stage, where the files are.
    void expect_told(const std::string& command, const std::string& did, const std::string& of) {
        RunOptions options;
        options.loginuid = kAlice.uid;
        options.cwd = directory_.string();
        const auto run = run_in(this_world(), {"/bin/sh", "-c", command}, options);
        ASSERT_TRUE(worked(run)) << command;
        const auto event =
            own_->wait_for({"sensor.tamper", 0, [&](const Json& e) {
                                return at(e, "whodid.sensor.text") == did + " of the sensor's " + of;
                            }});
        ASSERT_TRUE(event) << command << ": no " << did << " of the sensor's " << of << " in "
                           << tampers_of(*own_);
        EXPECT_EQ(lacking(*event, {{"user.id", std::to_string(kAlice.uid)}, {"process.user.id", 0}}), "");
    }

    fs::path directory_;
    std::unique_ptr<Sensor> own_;
};

TEST_F(GuardFiles, WhatIsDoneToItsProgramIsTold) {
    const std::string program = "program " + (directory_ / "whodid").string();
    expect_told("cat whodid >/dev/null; chmod 700 whodid", "chmod", program);
    expect_told("chown 0:0 whodid", "chown", program);
    expect_told("exec 3<>whodid", "write", program);  // ETXTBSY
    expect_told("ln whodid other; mv other third; mv whodid gone", "rename", program);
    EXPECT_TRUE(own_->all({"sensor.tamper", 0,
                           [](const Json& e) {
                               return at(e, "whodid.sensor.text").get<std::string>().starts_with("read of");
                           }})
                    .empty());
    expect_told("mv gone whodid", "rename", program);
    expect_told("rm whodid", "unlink", program);
}

TEST_F(GuardFiles, WhatIsDoneToItsOutputIsTold) {
    fs::path output;
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(own_->pid()) + "/fd")) {
        std::error_code gone;
        const fs::path held = fs::read_symlink(fd, gone);
        if (held.filename() == "events") output = held;
    }
    ASSERT_FALSE(output.empty());
    const std::string file = "output " + output.string();
    expect_told("exec 3<" + output.string(), "read", file);
    expect_told("exec 3>>" + output.string(), "write", file);
    expect_told("chmod 644 " + output.string(), "chmod", file);
}

// Who ended it is among its last words.
TEST_F(Guard, WhoStopsItIsTold) {
    auto own = Sensor::start({"exec"});
    ASSERT_TRUE(worked(own));
    const Facts facts = do_way("terminate", **own);
    ASSERT_EQ(facts.result(), 0);
    const auto event = tampering(**own, facts.pid(), "SIGTERM to" + name_of(**own));
    ASSERT_TRUE(event) << tampers_of(**own);
    EXPECT_EQ(lacking(*event, alice_as_root()), "");
}

// Who is killed by SIGKILL says nothing more: another sensor does, once it has found the one.
TEST_F(Guard, SensorsTellWhatIsDoneToEachOtherAndNotWhatTheyDo) {
    auto own = Sensor::start();
    ASSERT_TRUE(worked(own));
    std::optional<Json> event;
    for (int tries = 0; tries < 10 && !event; ++tries) {
        const Facts facts = do_way("signal", **own);
        ASSERT_EQ(facts.result(), 0);
        ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
        event = sensor_->wait_for({"sensor.tamper", facts.pid(), {}}, milliseconds(1000));
    }
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "whodid.sensor.text"), "SIGCONT to" + name_of(**own));
    for (Sensor* sensor : {sensor_, own->get()})
        for (const pid_t pid : {sensor_->pid(), (*own)->pid()})
            EXPECT_TRUE(sensor->all({"sensor.tamper", pid, {}}).empty()) << tampers_of(*sensor);
    EXPECT_TRUE(worked((*own)->stop()));
}

// ---- the canary -------------------------------------------------------------------------------------------

class Canary : public Guard {
protected:
    std::unique_ptr<Sensor> start() {
        auto own = Sensor::start({"--canary", "1s", "--backend", "tracepoint"});
        EXPECT_TRUE(worked(own));
        return own ? std::move(*own) : nullptr;
    }
    static std::optional<Json> blind(Sensor& sensor, const std::string& text) {
        return sensor.wait_for(
            {"sensor.blind", 0,
             [&](const Json& e) { return at(e, "whodid.sensor.text").get<std::string>().starts_with(text); }},
            milliseconds(20'000));
    }
};

TEST_F(Canary, ItComesBackAndIsNobodysEvent) {
    const auto own = start();
    ASSERT_TRUE(own);
    std::this_thread::sleep_for(milliseconds(5500));  // what must not come cannot be waited for
    const auto mark = stage_->run({"/usr/bin/true"});
    ASSERT_TRUE(exited(0, mark));
    ASSERT_TRUE(own->wait_for({"process.exit", mark->pid, {}}));
    EXPECT_TRUE(own->all({"sensor.blind", 0, {}}).empty());
    EXPECT_EQ(own->count("file.open", "/dev/null/whodid-"), 0u);
    EXPECT_EQ(own->count("network.connect", "@whodid-"), 0u);
    const auto said = own->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    EXPECT_EQ(at(ledger, "balanced"), true) << *said;
    for (const char* kind : {"file.open", "network.connect"})
        EXPECT_GE(ledger["kinds"][kind]["consumed"].get<int>(), 4) << kind;
}

// By another policy in place of its own, which takes a descriptor taken from it: it runs on, and sees
// nothing. The very call that blinds it is told.
TEST_F(Canary, BlindAndSeeingAgain) {
    const auto own = start();
    ASSERT_TRUE(own);
    const Facts stop = do_way("stop", *own);
    ASSERT_EQ(stop.result(), 0);
    EXPECT_TRUE(tampering(*own, stop.pid(), "pidfd_getfd of" + name_of(*own))) << tampers_of(*own);
    EXPECT_TRUE(tampering(*own, stop.pid(), "MAP_UPDATE_ELEM of the sensor's map ")) << tampers_of(*own);
    EXPECT_TRUE(blind(*own, "openat of its own did not come back"));
    ASSERT_EQ(do_way("go_on", *own).result(), 0);
    EXPECT_TRUE(blind(*own, "openat of its own comes back again"));
    EXPECT_TRUE(blind(*own, "connect of its own comes back again"));
    EXPECT_TRUE(worked(own->stop()));
}

}  // namespace
}  // namespace whodid::live
