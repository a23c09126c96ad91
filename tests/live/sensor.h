// SPDX-License-Identifier: Apache-2.0
// A running `whodid trace` for live tests: started once for all suites, its events looked up by what was
// done.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "stage_process.h"

namespace whodid::live {

using Json = nlohmann::json;

/// Which events: all that are given must hold.
struct Query {
    std::string kind;  // "process.exec"; empty: any
    pid_t pid = 0;     // of the actor; 0: any
    std::function<bool(const Json&)> where;
};

class Sensor {
public:
    /// Starts `whodid trace -a -o json` with these arguments besides, and waits until it sees.
    static Result<std::unique_ptr<Sensor>> start(const std::vector<std::string>& arguments = {});
    /// The same with `whodid run`.
    static Result<std::unique_ptr<Sensor>> serve(const std::vector<std::string>& arguments = {});
    ~Sensor();

    /// The first event that fits, within `limit`.
    std::optional<Json> wait_for(const Query& query, milliseconds limit = milliseconds(8000));
    /// All that fit once `last` has come (events are in order of time), or the limit is over.
    std::vector<Json> all_until(const Query& query, const Query& last,
                                milliseconds limit = milliseconds(8000));
    /// All so far.
    std::vector<Json> all(const Query& query);

    /// What happened so far is not looked at again, also if it is still on its way: each test sees its own.
    void forget();

    /// Lines so far of that kind that hold this text: for many, where parsing each would take minutes.
    std::size_t count(const std::string& kind, const std::string& text);

    /// Lines so far that are no event: who was killed in the midst of writing leaves one.
    std::size_t torn_lines();

    /// Where its events are.
    std::string output() const { return directory_ + "/events"; }
    /// What it said on stderr so far.
    const std::string& said();

    /// Ends it by SIGTERM and returns what it said on stderr: the footer and the ledger.
    Result<std::string> stop();

    pid_t pid() const;

    /// What its first event said: the backend, and what is not seen here.
    const std::string& about() const { return about_; }

private:
    Sensor() = default;
    static Result<std::unique_ptr<Sensor>> launch(std::vector<std::string> argv, const std::string& output,
                                                  const std::vector<std::string>& arguments);
    void read_lines();

    std::unique_ptr<Child> child_;
    std::string directory_, partial_, said_, about_, since_;
    Fd file_;
    std::vector<std::string> lines_;
};

/// The program under test, by its absolute path: $WHODID, else build/whodid.
std::string sensor_program();

/// The machine itself, where the sensor runs.
World this_world();

/// Value at a dotted key; null when absent.
Json at(const Json& event, const std::string& dotted);
/// The same as text: a string's own, nothing when absent, else as JSON has it.
std::string text_at(const Json& event, const std::string& dotted);

/// The ledger in what a sensor said at its end; null when there is none.
Json ledger_of(const std::string& said);

/// The sensor and why there is none.
Result<Sensor*> shared_sensor();

/// A sensor that says that this kernel or these rights do not allow it: a reason to skip. All else that keeps
/// one from starting is a failure.
template <class T>
bool cannot_be_here(const Result<T>& sensor) {
    return !sensor && sensor.error().code == ENOTSUP;
}

/// ASSERT_EQ(lacking(event, {...}), ""): the dotted keys whose values differ, as text.
std::string lacking(const Json& event, const std::vector<std::pair<std::string, Json>>& expected);

/// Tests on the shared stage with the shared sensor; skipped where either cannot be.
class SensorTest : public testing::Test {
protected:
    void SetUp() override;
    /// The exec of /bin/echo with that argument, which tells it from all others.
    std::optional<Json> exec_of_echo(const std::string& argument);
    Sensor* sensor_ = nullptr;
    const class Stage* stage_ = nullptr;
};

}  // namespace whodid::live
