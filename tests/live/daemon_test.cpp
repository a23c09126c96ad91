// SPDX-License-Identifier: Apache-2.0
// The configured service: what its sinks get, and what every sort of trouble costs them. Each test of a fault
// prints how many events were accepted, delivered, told twice, declared lost and lost without a word; the
// last is 0.
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "service.h"
#include "unit/receiver_process.h"

namespace whodid::live {
namespace {

using test::ReceiverProcess;

/// How often each event was told, by its id.
using Ids = std::map<std::string, int>;

/// Those of requests that were answered like this.
Ids ids_of(const ReceiverProcess& receiver, const std::string& answer) {
    Ids ids;
    for (const auto& [answered, words] : receiver.requests()) {
        if (answered != answer) continue;
        std::istringstream line(words);
        for (std::string id; line >> id;) ++ids[id];
    }
    return ids;
}

void add_ids_of_lines(const fs::path& path, Ids& ids) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (const Json event = Json::parse(line, nullptr, false); !event.is_discarded())
            ++ids[at(event, "event.id").get<std::string>()];
}

/// Of a file, or of all that lie in a directory.
Ids ids_of_lines(const fs::path& path) {
    Ids ids;
    if (!fs::is_directory(path))
        add_ids_of_lines(path, ids);
    else
        for (const auto& file : fs::directory_iterator(path))
            if (file.path().extension() == ".jsonl") add_ids_of_lines(file.path(), ids);
    return ids;
}

bool has_python_grpc() { return ::system("/usr/bin/python3 -c 'import grpc' 2>/dev/null") == 0; }

class Daemon : public ServiceTest {
protected:
    void SetUp() override {
        ServiceTest::SetUp();
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
    static Query exec_of(const std::string& argument) {
        return {"process.exec", 0, [argument](const Json& e) {
                    const Json args = at(e, "process.command_args");
                    return args.size() == 2 && args[1] == argument;
                }};
    }
    /// What the sensor's own output, which has all that was accepted, says of a sink's. `workers_die`: what
    /// one said of itself may have come no further than that.
    static void expect_all(Sensor& sensor, const Ids& delivered, const std::string& fault,
                           std::uint64_t declared = 0, bool workers_die = false) {
        std::map<std::string, std::string> accepted;
        for (const Json& event : sensor.all({})) {
            const auto name = at(event, "event.name").get<std::string>();
            if (!workers_die || !name.starts_with("whodid.sensor."))
                accepted.emplace(at(event, "event.id").get<std::string>(), name);
        }
        std::size_t twice = 0, missing = 0;
        for (const auto& [id, times] : delivered) twice += static_cast<std::size_t>(times) - 1;
        for (const auto& [id, name] : accepted) {
            if (delivered.contains(id)) continue;
            ++missing;
            if (declared == 0) ADD_FAILURE() << "lost: " << name << " " << id;
        }
        std::printf(
            "%s: %zu accepted, %zu delivered, %zu duplicated, %llu declared lost, %zu undeclared lost\n",
            fault.c_str(), accepted.size(), delivered.size(), twice,
            static_cast<unsigned long long>(declared), missing > declared ? missing - declared : 0);
        EXPECT_LE(missing, declared);
        EXPECT_GT(accepted.size(), 0u);
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

TEST_F(Daemon, OneStreamGoesToEverySinkWithTheSameIds) {
    if (!has_python_grpc()) GTEST_SKIP() << "no python3-grpcio, whose server would receive";
    const ReceiverProcess http("otlp_http.py", {}), grpc("otlp_grpc.py", {});
    configure(files_sink() + "  - {name: lines, type: jsonl, path: " + (directory_ / "lines").string() +
              "}\n" + otlp_sink("http", "http/protobuf", http.port()) +
              otlp_sink("json", "http/json", http.port()) + otlp_sink("grpc", "grpc", grpc.port()));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    act("same", 200);
    ASSERT_TRUE(own->wait_for(exec_of("same199")));
    expect_balance(own->stop());
    expect_one_stream(*own);
    expect_all(*own, ids_of_lines(directory_ / "files"), "a directory of files");
    expect_all(*own, ids_of_lines(directory_ / "lines"), "a file");
    const Ids by_http = ids_of(http, "200");
    for (const auto& [id, times] : by_http) EXPECT_EQ(times, 2) << "protobuf and JSON: " << id;
    expect_all(*own, by_http, "OTLP over HTTP, in protobuf and in JSON");
    expect_all(*own, ids_of(grpc, "OK"), "OTLP over gRPC");
    const auto verified = whodid({"verify", (directory_ / "files").string()});
    EXPECT_TRUE(exited(0, verified));
}

TEST_F(Daemon, AReceiverThatIsDownCostsNoEvents) {
    auto receiver = std::make_unique<ReceiverProcess>("otlp_http.py", std::vector<std::string>{});
    const int port = receiver->port();
    receiver.reset();
    configure(otlp_sink("far", "http/protobuf", port));
    auto own = serve_configured();
    ASSERT_TRUE(own);
    act("unheard", 100);
    ASSERT_TRUE(own->wait_for(exec_of("unheard99")));
    receiver = std::make_unique<ReceiverProcess>(
        "otlp_http.py", std::vector<std::string>{"--script", "503:1,200", "--port", std::to_string(port)});
    EXPECT_TRUE(comes_true([&] { return !ids_of(*receiver, "200").empty(); }));
    expect_balance(own->stop());
    expect_all(*own, ids_of(*receiver, "200"), "a receiver that was down");
}

TEST_F(Daemon, AReceiverThatNeverComesLeavesThemForTheNextStart) {
    auto receiver = std::make_unique<ReceiverProcess>("otlp_http.py", std::vector<std::string>{});
    const int port = receiver->port();
    receiver.reset();
    configure(otlp_sink("far", "http/protobuf", port));
    auto own = serve_configured();
    ASSERT_TRUE(own);
    act("kept", 50);
    ASSERT_TRUE(own->wait_for(exec_of("kept49")));
    expect_balance(own->stop());
    receiver = std::make_unique<ReceiverProcess>("otlp_http.py",
                                                 std::vector<std::string>{"--port", std::to_string(port)});
    const auto next = serve_configured();
    ASSERT_TRUE(next);
    expect_balance(next->stop());
    expect_all(*own, ids_of(*receiver, "200"), "a receiver that came with the next start");
}

TEST_F(Daemon, AReloadLosesNothing) {
    configure(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    constexpr int kReloads = 5;
    std::thread acts([] { act("reloaded", 400); });
    pid_t worker = worker_of(*own);
    for (int i = 0; i < kReloads; ++i) {
        ::kill(own->pid(), SIGHUP);
        EXPECT_TRUE(goes_on_for(*own, worker, "has left for one that is configured anew"));
        worker = worker_of(*own, worker);
    }
    acts.join();
    EXPECT_TRUE(own->wait_for(exec_of("reloaded399")));
    std::set<std::string> marks;
    for (const Json& event : own->all({"process.exec", 0, {}}))
        if (const Json args = at(event, "process.command_args"); args.size() == 2 && args[0] == "/bin/true") {
            EXPECT_TRUE(marks.insert(args[1].get<std::string>()).second) << event;
        }
    for (int i = 0; i < 400; ++i) EXPECT_TRUE(marks.contains("reloaded" + std::to_string(i))) << i;
    EXPECT_TRUE(own->all({"sensor.loss", 0, {}}).empty());
    expect_balance(own->stop());
    expect_one_stream(*own);
    expect_all(*own, ids_of_lines(directory_ / "files"), "configuration read again under load");
}

TEST_F(Daemon, AReloadPutsWhatIsConfiguredNowInForce) {
    configure(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    configure("  - {name: other, type: jsonl, path: " + (directory_ / "other").string() +
              ", filter: ['kind == file.unlink']}\n");
    ::kill(own->pid(), SIGHUP);
    ASSERT_TRUE(goes_on_for(*own, worker, "has left for one that is configured anew"));
    ASSERT_TRUE(exited(0, as_alice("cd " + directory_.string() + " && : >gone && rm gone")));
    ASSERT_TRUE(own->wait_for(
        {"file.unlink", 0, [](const Json& e) { return text_at(e, "file.path").ends_with("/gone"); }}));
    expect_balance(own->stop());
    std::set<std::string> kinds;
    std::ifstream file(directory_ / "other");
    for (std::string line; std::getline(file, line);)
        if (const auto kind = at(Json::parse(line), "event.name").get<std::string>();
            !kind.starts_with("whodid.sensor."))
            kinds.insert(kind);
    EXPECT_EQ(kinds, std::set<std::string>{"whodid.file.unlink"});
}

TEST_F(Daemon, ABadConfigurationLeavesTheOldOneInForce) {
    configure(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    ASSERT_TRUE(own->wait_for({"sensor.start", 0, {}}));
    configure("  - {name: files, type: jsonl, pth: /nowhere}\n");
    ::kill(own->pid(), SIGHUP);
    EXPECT_TRUE(comes_true([&] {
        return own->said().find("the configuration stays as it was") != std::string::npos;
    })) << own->said();
    EXPECT_NE(own->said().find("pth"), std::string::npos) << own->said();
    EXPECT_FALSE(is_gone(worker));
    act("still", 1);
    EXPECT_TRUE(own->wait_for(exec_of("still0")));
    const auto refused = whodid({"config", "check", (directory_ / "whodid.yaml").string()});
    EXPECT_TRUE(exited(4, refused));
    expect_balance(own->stop());
    expect_all(*own, ids_of_lines(directory_ / "files"), "a configuration that is wrong");
}

TEST_F(Daemon, KilledWorkersLoseNothingThatWasAccepted) {
    const ReceiverProcess http("otlp_http.py", {});
    configure(files_sink() + otlp_sink("http", "http/protobuf", http.port()));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const char* asked = std::getenv("WHODID_KILLS");
    const int kills = asked ? std::atoi(asked) : 5;
    std::atomic<bool> is_over = false;
    std::thread acts([&] {
        for (int i = 0; !is_over; ++i) act("load" + std::to_string(i) + "-", 20);
    });
    pid_t worker = 0;
    for (int i = 0; i < kills; ++i) {
        worker = worker_of(*own, worker);
        std::this_thread::sleep_for(milliseconds(50 + 37 * i % 400));
        ::kill(worker, SIGKILL);
    }
    EXPECT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    is_over = true;
    acts.join();
    act("last", 1);
    EXPECT_TRUE(own->wait_for(exec_of("last0"), milliseconds(30'000)));
    expect_balance(own->stop());
    expect_one_stream(*own, static_cast<std::size_t>(kills), true);
    expect_all(*own, ids_of_lines(directory_ / "files"), "workers killed: files", 0, true);
    expect_all(*own, ids_of(http, "200"), "workers killed: OTLP", 0, true);
    const auto verified = whodid({"verify", (directory_ / "files").string()});
    EXPECT_TRUE(exited(0, verified));
}

TEST_F(Daemon, ADiskThatIsFullIsDeclaredAndKeepsNothingElseFromGoingOn) {
    const std::string small = (directory_ / "files").string();
    ASSERT_EQ(::mount("none", small.c_str(), "tmpfs", 0, "size=256k"), 0) << std::strerror(errno);
    configure(files_sink() + "  - {name: lines, type: jsonl, path: " + (directory_ / "lines").string() +
              "}\n");
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    act("filling", 400);
    const auto loss = own->wait_for({"sensor.loss", 0, [](const Json& e) {
                                         return text_at(e, "whodid.loss.stage").starts_with("sink files");
                                     }});
    EXPECT_TRUE(loss) << "its files are full";
    EXPECT_TRUE(comes_true([&] {
        act("full", 20);
        return own->all({"sensor.loss"}).size() >= 8;
    })) << "so that declarations are lost too";
    EXPECT_TRUE(own->wait_for(exec_of("filling399")));
    ASSERT_EQ(::mount("none", small.c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0) << std::strerror(errno);
    EXPECT_TRUE(comes_true([&] {
        act("after", 1);
        return ids_of_lines(small).size() > 0 &&
               own->said().find("sink files: events are written again") != std::string::npos;
    })) << own->said();
    expect_balance(own->stop());
    expect_all(*own, ids_of_lines(directory_ / "lines"), "a full disk: the sink beside it");
    expect_all(*own, ids_of_lines(small), "a full disk", declared_by(*own, "sink files"));
    EXPECT_TRUE(exited(0, whodid({"verify", small})));
    EXPECT_EQ(::umount(small.c_str()), 0);
}

TEST_F(Daemon, ItsStatusSaysHowItFares) {
    configure(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    act("counted", 3);
    ASSERT_TRUE(own->wait_for(exec_of("counted2")));
    Json status;
    EXPECT_TRUE(comes_true([&] {
        const auto said = whodid({"status", "--socket", socket(), "-o", "json"});
        if (!said || said->out.empty()) return false;
        status = Json::parse(said->out, nullptr, false);
        return !status.is_discarded() && at(status, "ready") == true;
    })) << status;
    EXPECT_EQ(at(status, "pid"), own->pid()) << status;
    ASSERT_GE(at(status, "sinks").size(), 1u) << status;
    EXPECT_TRUE(exited(0, whodid({"status", "--socket", socket(), "--probe", "ready"})));
    const auto text = whodid({"status", "--socket", socket()});
    EXPECT_TRUE(exited(0, text));
    EXPECT_NE(text->out.find("files"), std::string::npos) << text->out;
    expect_balance(own->stop());
    const auto gone = whodid({"status", "--socket", socket()});
    EXPECT_FALSE(exited(0, gone));
}

}  // namespace
}  // namespace whodid::live
