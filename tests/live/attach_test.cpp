// SPDX-License-Identifier: Apache-2.0
// whodid trace beside a service: the same events with the same ids, from worker to worker, and what one who
// does not read costs.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "service.h"

namespace whodid::live {
namespace {

/// A `whodid trace` that reads from a service, into a file.
class Trace {
public:
    Trace(const fs::path& file, const std::string& socket) : file_(file) {
        auto child = Child::start(
            this_world(),
            {sensor_program(), "trace", "--socket", socket, "-a", "-o", "json", "-w", file.string()}, {},
            Stdio::kPipes);
        EXPECT_TRUE(worked(child));
        if (child) child_ = std::make_unique<Child>(std::move(*child));
    }
    bool streams() {
        return comes_true([&] { return said().find("streaming from the whodid daemon") != said_.npos; });
    }
    const std::string& said() {
        read_available(child_->err(), said_);
        return said_;
    }
    std::vector<Json> events() const {
        std::vector<Json> events;
        std::ifstream file(file_);
        for (std::string line; std::getline(file, line);)
            if (Json event = Json::parse(line, nullptr, false); !event.is_discarded())
                events.push_back(std::move(event));
        return events;
    }
    bool holds(const std::string& text) const {
        std::ifstream file(file_);
        for (std::string line; std::getline(file, line);)
            if (line.find(text) != line.npos) return true;
        return false;
    }
    /// Lost on the way to it, by where.
    std::uint64_t lost(const std::string& stage) const {
        std::uint64_t sum = 0;
        for (const Json& event : events())
            if (at(event, "event.name") == "whodid.sensor.loss" &&
                text_at(event, "whodid.loss.stage") == stage)
                sum += at(event, "whodid.loss.count").get<std::uint64_t>();
        return sum;
    }
    /// The exit code.
    int wait() {
        const auto ended = child_->wait(patient(milliseconds(20'000)));
        EXPECT_TRUE(worked(ended)) << said();
        said();
        return ended && WIFEXITED(*ended) ? WEXITSTATUS(*ended) : -1;
    }
    void send_signal(int signal) { child_->send_signal(signal); }
    pid_t pid() const { return child_->pid(); }

private:
    const fs::path file_;
    std::unique_ptr<Child> child_;
    std::string said_;
};

class Attach : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        std::string made = (fs::temp_directory_path() / "whodid-attach-XXXXXX").string();
        ASSERT_NE(::mkdtemp(made.data()), nullptr);
        directory_ = made;
        std::ofstream(directory_ / "whodid.yaml")
            << "status:\n  socket: " << socket() << "\nsinks:\n"
            << "  - {name: lines, type: jsonl, path: " << (directory_ / "lines").string() << "}\n";
    }
    void TearDown() override {
        fs::remove_all(directory_);
        ServiceTest::TearDown();
    }
    std::unique_ptr<Sensor> serve_configured(std::vector<std::string> arguments = {}) const {
        arguments.insert(arguments.end(), {"--config", (directory_ / "whodid.yaml").string()});
        return serve(arguments);
    }
    std::string socket() const { return (directory_ / "status.sock").string(); }
    /// alice starts programs; the last one's mark, as it stands in a line, tells when all is there.
    static std::string act(const std::string& mark) {
        EXPECT_TRUE(
            exited(0, as_alice("i=0; while [ $i -lt 20 ]; do /bin/true " + mark + "$i; i=$((i+1)); done")));
        return "\"" + mark + "19\"";
    }
    Json status() const {
        const auto said =
            run_in(this_world(), {sensor_program(), "status", "--socket", socket(), "-o", "json"}, {});
        return said ? Json::parse(said->out, nullptr, false) : Json();
    }
    static bool has_peaks(const Json& status) {
        const Json rings = at(status, "rings");
        const auto is_sound = [](const Json& ring) {
            return at(ring, "peak_bytes") > 0 && at(ring, "size_bytes") >= at(ring, "peak_bytes");
        };
        return rings.is_array() && rings.size() == 2 && std::ranges::all_of(rings, is_sound);
    }
    /// All that the service told between the first and the last event of the trace, but what the trace did
    /// itself, which it does not show. Where a worker was killed, what it had not sent yet is missing.
    static void expect_the_same(Sensor& own, const Trace& trace) {
        std::map<std::string, Json> shown;
        std::uint64_t first = ~0ull, last = 0;
        for (const Json& event : trace.events()) {
            EXPECT_TRUE(shown.emplace(text_at(event, "event.id"), event).second) << "twice: " << event;
            if (at(event, "whodid.seq").is_null()) continue;
            first = std::min(first, at(event, "whodid.seq").get<std::uint64_t>());
            last = std::max(last, at(event, "whodid.seq").get<std::uint64_t>());
        }
        std::size_t compared = 0;
        for (const Json& event : own.all({})) {
            const auto seq = at(event, "whodid.seq").get<std::uint64_t>();
            if (seq < first || seq > last || at(event, "process.pid") == trace.pid()) continue;
            const auto found = shown.find(text_at(event, "event.id"));
            if (found == shown.end()) {
                ADD_FAILURE() << "not shown: " << event;
                continue;
            }
            EXPECT_EQ(found->second, event);
            ++compared;
        }
        EXPECT_GT(compared, 40u);
    }

    fs::path directory_;
};

TEST_F(Attach, ATraceReadsOnFromWorkerToWorker) {
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    Trace trace(directory_ / "trace", socket());
    ASSERT_TRUE(trace.streams()) << trace.said();
    EXPECT_NE(trace.said().find("(pid " + std::to_string(own->pid()) + ")"), std::string::npos)
        << trace.said();
    std::string last = act("before");
    ASSERT_TRUE(comes_true([&] { return trace.holds(last); })) << trace.said();

    const auto refused =
        run_in(this_world(), {sensor_program(), "trace", "--socket", socket(), "--ring-size", "4M"}, {});
    ASSERT_TRUE(exited(2, refused));
    EXPECT_NE(refused->err.find("--ring-size is for programs of its own"), std::string::npos) << refused->err;

    const pid_t first = worker_of(*own);
    ::kill(own->pid(), SIGHUP);
    ASSERT_TRUE(goes_on_for(*own, first, "has left for one that is configured anew"));
    last = act("reloaded");
    ASSERT_TRUE(comes_true([&] { return trace.holds(last); })) << trace.said();

    EXPECT_EQ(trace.lost("trace (between workers)"), 0u) << trace.said();
    expect_the_same(*own, trace);

    const pid_t second = worker_of(*own, first);
    ::kill(second, SIGKILL);
    ASSERT_TRUE(goes_on_for(*own, second, "was killed by SIGKILL"));
    last = act("killed");
    ASSERT_TRUE(comes_true([&] { return trace.holds(last); })) << trace.said();

    Json now;
    EXPECT_TRUE(comes_true([&] {
        now = status();
        return at(now, "traces.clients") == 1 && at(now, "traces.sent") > 0 && has_peaks(now);
    })) << now;
    EXPECT_EQ(at(now, "traces.dropped"), 0) << now;
    std::set<std::string> caches;
    for (const Json& cache : at(now, "caches")) caches.insert(at(cache, "name").get<std::string>());
    for (const char* name : {"processes", "sessions", "programs", "folds"})
        EXPECT_TRUE(caches.contains(name)) << name << " in " << now;

    expect_balance(own->stop());
    EXPECT_EQ(trace.wait(), 1) << "what it was to show has ended: " << trace.said();
    EXPECT_NE(trace.said().find("the whodid daemon has stopped"), std::string::npos) << trace.said();
    EXPECT_NE(trace.said().find(" events shown"), std::string::npos) << trace.said();
    EXPECT_EQ(trace.lost("trace (too slow)"), 0u) << trace.said();
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(trace.holds("\"killed" + std::to_string(i) + "\"")) << i;
}

TEST_F(Attach, WhoDoesNotReadMissesSomeAndCostsOthersNothing) {
    const auto own = serve_configured({"--every-event"});
    ASSERT_TRUE(own);
    Trace quick(directory_ / "quick", socket()), slow(directory_ / "slow", socket());
    ASSERT_TRUE(quick.streams()) << quick.said();
    ASSERT_TRUE(slow.streams()) << slow.said();
    slow.send_signal(SIGSTOP);
    const std::string place = (directory_ / "made").string();
    int round = 0;
    ASSERT_TRUE(comes_true([&] {
        ++round;
        EXPECT_TRUE(
            exited(0, as_alice("mkdir -p " + place + "; cd " + place +
                               "; i=0; while [ $i -lt 4000 ]; do : >f$i; i=$((i+1)); done; /bin/true round" +
                               std::to_string(round))));
        return at(status(), "traces.dropped") > 0;
    }));
    const std::string last = "\"round" + std::to_string(round) + "\"";
    EXPECT_TRUE(comes_true([&] { return quick.holds(last); })) << quick.said();
    slow.send_signal(SIGCONT);
    EXPECT_TRUE(comes_true([&] { return slow.lost("trace (too slow)") > 0; })) << slow.said();
    const std::string after = act("again");
    EXPECT_TRUE(comes_true([&] { return slow.holds(after); })) << slow.said();
    for (Trace* trace : {&quick, &slow}) {
        trace->send_signal(SIGINT);
        EXPECT_EQ(trace->wait(), 0) << trace->said();
    }
    EXPECT_NE(slow.said().find("LOST "), std::string::npos) << slow.said();
    EXPECT_LT(quick.lost("trace (too slow)"), slow.lost("trace (too slow)"));
    for (const Json& loss : own->all({"sensor.loss", 0, {}}))
        EXPECT_TRUE(text_at(loss, "whodid.loss.stage").starts_with("kernel")) << loss;
    expect_balance(own->stop());
}

}  // namespace
}  // namespace whodid::live
