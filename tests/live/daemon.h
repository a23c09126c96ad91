// SPDX-License-Identifier: Apache-2.0
// The configured service as a live test has it: its sinks, a load to tell of, and the account of a fault: how
// many events were accepted, delivered, told twice, declared lost and lost without a word.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "service.h"
#include "unit/receiver_process.h"

namespace whodid::live {

using test::ReceiverProcess;

/// How long or how often, where the environment does not say otherwise.
inline long asked(const char* name, long otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atol(text) : otherwise;
}

/// Runs f(0), f(1), ... beside the test until it is told to stop, or goes away.
class Beside {
public:
    template <class F>
    explicit Beside(F f)
        : thread_([this, f] {
              for (int i = 0; !is_over_; ++i) f(i);
          }) {}
    ~Beside() { stop(); }
    void stop() {
        is_over_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

/// How often each event was told, by its id.
using Ids = std::map<std::string, int>;

using Accepted = std::map<std::string, std::string>;

/// Those of requests that were answered like this.
inline Ids ids_of(const ReceiverProcess& receiver, const std::string& answer) {
    Ids ids;
    for (const auto& [answered, words] : receiver.requests()) {
        if (answered != answer) continue;
        std::istringstream line(words);
        for (std::string id; line >> id;) ++ids[id];
    }
    return ids;
}

inline void add_ids_of_lines(const fs::path& path, Ids& ids) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (const Json event = Json::parse(line, nullptr, false); !event.is_discarded())
            ++ids[at(event, "event.id").get<std::string>()];
}

/// Of a file, or of all that lie in a directory.
inline Ids ids_of_lines(const fs::path& path) {
    Ids ids;
    if (!fs::is_directory(path))
        add_ids_of_lines(path, ids);
    else
        for (const auto& file : fs::directory_iterator(path))
            if (file.path().extension() == ".jsonl") add_ids_of_lines(file.path(), ids);
    return ids;
}

inline bool has_python_grpc() { return ::system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") == 0; }

class DaemonTest : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
        make_directory();
    }
    void make_directory() {
        std::string made = (fs::temp_directory_path() / "whodid-daemon-XXXXXX").string();
        ASSERT_NE(::mkdtemp(made.data()), nullptr);
        directory_ = made;
        fs::create_directory(directory_ / "files");
    }
    void TearDown() override {
        fs::remove_all(directory_);
        ServiceTest::TearDown();
    }

    /// `sinks`: items of the list, indented by two.
    void configure(const std::string& sinks, const std::string& more = "") const {
        std::ofstream file(directory_ / "whodid.yaml");
        file << "status:\n  socket: " << socket()
             << "\nspool:\n  path: " << (directory_ / "state" / "spool").string() << "\n"
             << more << "sinks:\n"
             << sinks;
    }
    std::string socket() const { return (directory_ / "status.sock").string(); }
    std::string files_sink() const {
        return "  - {name: files, type: jsonl, path: " + (directory_ / "files").string() +
               "/, compress: false}\n";
    }
    static std::string otlp_sink(const std::string& name, const std::string& protocol, int port) {
        return "  - {name: " + name + ", type: otlp, protocol: " + protocol +
               ", endpoint: \"http://127.0.0.1:" + std::to_string(port) + "\", batch: {age: 100ms}}\n";
    }
    std::unique_ptr<Sensor> serve_configured(std::vector<std::string> arguments = {}) const {
        arguments.insert(arguments.end(), {"--config", (directory_ / "whodid.yaml").string()});
        return serve(arguments);
    }
    /// Programs that alice starts, each marked by its argument.
    static void act(const std::string& mark, int times) {
        ASSERT_TRUE(exited(0, as_alice("i=0; while [ $i -lt " + std::to_string(times) + " ]; do /bin/true " +
                                       mark + "$i; i=$((i+1)); done")));
    }
    /// Waits until the receiver has what was told last, hence what was told before.
    static testing::AssertionResult has(const ReceiverProcess& receiver, const std::optional<Json>& last) {
        if (!last) return testing::AssertionFailure() << "it was not told";
        const std::string id = text_at(*last, "event.id");
        if (comes_true([&] { return ids_of(receiver, "200").contains(id); }, milliseconds(60'000)))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << "not delivered: " << *last;
    }
    static Query exec_of(const std::string& argument) {
        return {"process.exec", 0, [argument](const Json& e) {
                    const Json args = at(e, "process.command_args");
                    return args.size() == 2 && args[1] == argument;
                }};
    }
    /// The names of events by their ids, as the sensor's own output has them: all that was accepted.
    /// `workers_die`: what one said of itself may have come no further than that.
    static Accepted accepted_by(Sensor& sensor, bool workers_die = false) {
        Accepted accepted;
        for (const Json& event : sensor.all({})) {
            const auto name = at(event, "event.name").get<std::string>();
            if (!workers_die || !name.starts_with("whodid.sensor."))
                accepted.emplace(at(event, "event.id").get<std::string>(), name);
        }
        return accepted;
    }
    /// Prints the account of a fault. What is missing is to be declared.
    static void expect_all(const Accepted& accepted, const Ids& delivered, const std::string& fault,
                           std::uint64_t declared = 0) {
        std::size_t twice = 0, missing = 0;
        for (const auto& [id, times] : delivered) twice += static_cast<std::size_t>(times) - 1;
        for (const auto& [id, name] : accepted) {
            if (delivered.contains(id)) continue;
            ++missing;
            if (declared == 0 && missing <= 10) ADD_FAILURE() << "lost: " << name << " " << id;
        }
        std::printf(
            "%s: %zu accepted, %zu delivered, %zu duplicated, %llu declared lost, %zu undeclared lost\n",
            fault.c_str(), accepted.size(), delivered.size(), twice,
            static_cast<unsigned long long>(declared), missing > declared ? missing - declared : 0);
        EXPECT_LE(missing, declared);
        EXPECT_GT(accepted.size(), 0u);
    }
    static void expect_all(Sensor& sensor, const Ids& delivered, const std::string& fault,
                           std::uint64_t declared = 0, bool workers_die = false) {
        expect_all(accepted_by(sensor, workers_die), delivered, fault, declared);
    }
    static std::uint64_t declared_by(Sensor& sensor, const std::string& stage) {
        std::uint64_t sum = 0;
        for (const Json& loss : sensor.all({"sensor.loss", 0, [&](const Json& e) {
                                                return text_at(e, "whodid.loss.stage").starts_with(stage);
                                            }}))
            sum += at(loss, "whodid.loss.count").get<std::uint64_t>();
        return sum;
    }
    Result<RunResult> whodid(std::vector<std::string> words) const {
        words.insert(words.begin(), sensor_program());
        return run_in(this_world(), words, {});
    }

    fs::path directory_;
};

}  // namespace whodid::live
