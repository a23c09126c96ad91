// SPDX-License-Identifier: Apache-2.0
// whodid run as a live test has it: its processes, what it says of itself, and whether its stream is whole.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {

namespace fs = std::filesystem;

/// A field of /proc/PID/status; empty when there is no such process.
inline std::string status_of(pid_t pid, const std::string& field) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    return "";
}

inline std::vector<pid_t> children_of(pid_t parent, const std::string& name) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && status_of(pid, "PPid") == std::to_string(parent) && status_of(pid, "Name") == name)
            found.push_back(pid);
    }
    return found;
}

/// Whether it came true in time.
template <class F>
bool comes_true(F condition, milliseconds limit = milliseconds(20'000)) {
    const auto end = std::chrono::steady_clock::now() + patient(limit);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
}

inline bool is_gone(pid_t pid) {
    const std::string state = status_of(pid, "State");
    return state.empty() || state.starts_with("Z");
}

class ServiceTest : public SensorTest {
protected:
    static std::unique_ptr<Sensor> serve(const std::vector<std::string>& arguments = {}) {
        auto made = Sensor::serve(arguments);
        EXPECT_TRUE(worked(made));
        return made ? std::move(*made) : nullptr;
    }
    /// The worker that reads the rings now, and is not `former`.
    static pid_t worker_of(const Sensor& sensor, pid_t former = 0) {
        pid_t found = 0;
        EXPECT_TRUE(comes_true([&] {
            const auto workers = children_of(sensor.pid(), "whodid-worker");
            for (const pid_t pid : workers)
                if (pid != former && !is_gone(pid)) found = pid;
            return found != 0;
        })) << "no worker";
        return found;
    }
    /// What the sensor says of itself, by how its text begins.
    static Query said(const char* kind, const std::string& begin) {
        return {kind, 0, [begin](const Json& e) {
                    return at(e, "whodid.sensor.text").get<std::string>().starts_with(begin);
                }};
    }
    static std::optional<Json> tampering(Sensor& sensor, const std::string& did) {
        return sensor.wait_for(said("sensor.tamper", did));
    }
    static bool tampering_now(Sensor& sensor, const std::string& did) {
        return !sensor.all(said("sensor.tamper", did)).empty();
    }
    static std::optional<Json> goes_on_for(Sensor& sensor, pid_t worker, const std::string& end) {
        return sensor.wait_for(
            said("sensor.start", "goes on for worker " + std::to_string(worker) + ", which " + end + "; "),
            milliseconds(20'000));
    }
    /// A shell of alice's, as root, outside the stage.
    static Result<RunResult> as_alice(const std::string& command) {
        RunOptions options;
        options.loginuid = kAlice.uid;
        return run_in(this_world(), {"/bin/sh", "-c", command}, options);
    }
    static void expect_balance(const Result<std::string>& said) {
        ASSERT_TRUE(worked(said));
        const Json ledger = ledger_of(*said);
        EXPECT_EQ(at(ledger, "balanced"), true) << *said;
        EXPECT_EQ(at(ledger, "total.malformed"), 0) << *said;
    }
    /// Numbered without gaps. Each worker that is killed may leave a line torn, and what it was telling is
    /// told again by its successor: with the same numbers and ids, unless it spoke of itself, which its
    /// successor has no record of. `at_once`: one may have died before it had noted for the first time how
    /// far it came; then its own words had numbers, and what it told after them is told again with others.
    static void expect_one_stream(Sensor& sensor, std::size_t killed = 0, bool at_once = false) {
        EXPECT_LE(sensor.torn_lines(), killed);
        std::map<std::int64_t, std::string> told;
        std::set<std::string> ids;
        std::size_t steps_back = 0;
        std::int64_t last = 0;
        for (const Json& event : sensor.all({})) {
            const auto id = at(event, "event.id").get<std::string>();
            const auto seq = at(event, "whodid.seq").get<std::int64_t>();
            ASSERT_LE(seq, last + 1) << event;
            steps_back += seq <= last;
            last = seq;
            const bool is_own = at(event, "event.name").get<std::string>().starts_with("whodid.sensor.");
            if (told.emplace(seq, id).second) {
                EXPECT_TRUE(ids.insert(id).second || at_once) << event;
            } else if (!is_own && !at_once) {
                EXPECT_EQ(told[seq], id) << event;
            }
        }
        EXPECT_LE(steps_back, killed);
    }
};

}  // namespace whodid::live
