// SPDX-License-Identifier: Apache-2.0
// An independent witness: processes that act at random and log what they did themselves. The stream must say
// the same, act by act, in each process' own order: that of each backend, both at the same acts.
//
// Compared: kind, pid, errno, object (path and, where the event has it, inode), second name, peer port. Left
// out: the kind of an open that failed is file.open whether or not it would have created; the inode of a
// directory just made; what other kinds say of the same processes (fork, exit, close).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

struct Told {
    std::string line;
    std::string inode;  // empty: not told
};

using Tellings = std::map<pid_t, std::vector<Told>>;

const std::set<std::string> kCompared = {"file.open",       "file.create", "file.rename", "file.unlink",
                                         "file.mkdir",      "file.rmdir",  "file.link",   "file.chmod",
                                         "network.connect", "process.exec"};

std::string line_of(const std::string& kind, const std::string& error, const std::string& object,
                    const std::string& to) {
    return kind + (error.empty() ? "" : " " + error) + " " + object + (to.empty() ? "" : " to " + to);
}

std::string text(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

Told told_by_log(const Facts& act) {
    const bool connects = act.deed() == "network.connect";
    const std::string error = act.result() < 0 ? ::strerrorname_np(static_cast<int>(-act.result())) : "";
    return {line_of(act.deed(), error, connects ? act.text("port") : act.text("path"), act.text("to")),
            act.text("inode")};
}

Told told_by_event(const Json& event) {
    const std::string kind = text(at(event, "event.name")).substr(std::string_view("whodid.").size());
    std::string object = text(at(event, kind == "process.exec" ? "process.executable.path" : "file.path"));
    if (kind == "network.connect") object = at(event, "network.peer.port").dump();
    if (kind == "process.exec" && at(event, "event.outcome") == "failure")
        object = text(at(event, "file.path"));
    return {line_of(kind, text(at(event, "error.type")), object, text(at(event, "whodid.file.target_path"))),
            text(at(event, "file.inode"))};
}

/// What prepares the ground is no act.
bool is_ground(const Json& event, const std::string& top) {
    const std::string path = text(at(event, "file.path"));
    return path.ends_with("/data") || path.find('/', top.size() + 1) == std::string::npos;
}

long setting(const char* name, long otherwise) {
    const char* value = std::getenv(name);
    return value ? std::atol(value) : otherwise;
}

class Acts : public SensorTest {
protected:
    Tellings logged(const std::vector<Facts>& acts) {
        Tellings tellings;
        for (const Facts& act : acts)
            if (act.deed() != "begin") tellings[act.pid()].push_back(told_by_log(act));
        return tellings;
    }

    Tellings streamed(Sensor& sensor, const Tellings& of, const std::string& top) {
        Tellings tellings;
        for (const auto& [pid, acts] : of) tellings[pid];
        const auto wanted = [&](const Json& event) {
            const std::string name = text(at(event, "event.name"));
            return kCompared.contains(name.substr(std::min<std::size_t>(7, name.size())));
        };
        for (const Json& event : sensor.all({"", 0, wanted})) {
            const Json pid = at(event, "process.pid");
            const auto found = pid.is_number() ? tellings.find(pid.get<pid_t>()) : tellings.end();
            if (found == tellings.end()) continue;
            const bool of_file = text(at(event, "event.name")).starts_with("whodid.file.");
            if (of_file && (!text(at(event, "file.path")).starts_with(top) || is_ground(event, top)))
                continue;
            found->second.push_back(told_by_event(event));
        }
        return tellings;
    }

    /// How many events had an inode.
    long expect_told(Sensor& sensor, const Tellings& log, const std::string& top) {
        const Tellings stream = streamed(sensor, log, top);
        long with_inode = 0;
        for (const auto& [pid, expected] : log) {
            const std::vector<Told>& is = stream.at(pid);
            for (std::size_t i = 0; i < std::max(expected.size(), is.size()); ++i) {
                const std::string want = i < expected.size() ? expected[i].line : "nothing";
                const std::string got = i < is.size() ? is[i].line : "nothing";
                EXPECT_EQ(got, want) << "act " << i << " of process " << pid << "; " << sensor.about();
                if (got != want) return -1;  // all that follow would be out of step
                if (is[i].inode.empty()) continue;
                EXPECT_EQ(is[i].inode, expected[i].inode) << want << "; " << sensor.about();
                ++with_inode;
            }
        }
        return with_inode;
    }
};

bool is_by_tracepoints(const Sensor& sensor) {
    return sensor.about().find("tracepoint backend") != std::string::npos;
}

TEST_F(Acts, EveryOneIsToldByBothBackendsAsItsOwnLogHasIt) {
    const long count = setting("WHODID_ACTS", 5000), seed = setting("WHODID_ACTS_SEED", 20'261'124);
    const std::string top = "/tmp/acts";
    RunOptions options = as_user(kRoot);
    options.limit = milliseconds(120'000);
    std::vector<Sensor*> sensors = {sensor_};
    std::unique_ptr<Sensor> second;
    if (!is_by_tracepoints(*sensor_)) {
        auto started = Sensor::start({"--backend", "tracepoint"});
        ASSERT_TRUE(worked(started));
        second = std::move(*started);
        sensors.push_back(second.get());
    }
    RecordProperty("backends", std::to_string(sensors.size()));
    const auto acts = stage_->deed("acts", {top, std::to_string(count), "4", std::to_string(seed)}, options);
    (void)stage_->run({"/bin/rm", "-rf", top});
    ASSERT_TRUE(worked(acts));
    const auto done = stage_->run({"/bin/true", "acts-are-over"});
    ASSERT_TRUE(exited(0, done));

    const Tellings log = logged(*acts);
    long logged_acts = 0;
    for (const auto& [pid, of_one] : log) logged_acts += static_cast<long>(of_one.size());
    EXPECT_EQ(logged_acts, count);
    for (Sensor* sensor : sensors) {
        ASSERT_TRUE(sensor->wait_for({"process.exit", done->pid, {}}));
        const long with_inode = expect_told(*sensor, log, top);
        EXPECT_GT(with_inode, 0) << "seed " << seed;
        RecordProperty(is_by_tracepoints(*sensor) ? "inodes_tracepoint" : "inodes_full",
                       std::to_string(with_inode));
    }
    if (second) {
        EXPECT_TRUE(worked(second->stop()));
    }
}

}  // namespace
}  // namespace whodid::live
