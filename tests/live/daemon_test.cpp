// SPDX-License-Identifier: Apache-2.0
// The configured service: what its sinks get, and what every sort of trouble costs them. Each test of a fault
// prints how many events were accepted, delivered, told twice, declared lost and lost without a word; the
// last is 0.
#include "daemon.h"

#include <sys/mount.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace whodid::live {
namespace {

class Daemon : public DaemonTest {};

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
    constexpr int kAtOnce = 50;
    std::atomic<int> done = 0;
    Beside acts([&](int) { act("reloaded" + std::to_string(done++) + "-", kAtOnce); });
    pid_t worker = worker_of(*own);
    for (long i = asked("WHODID_RELOADS", 5); i > 0; --i) {
        ::kill(own->pid(), SIGHUP);
        ASSERT_TRUE(goes_on_for(*own, worker, "has left for one that is configured anew"))
            << i << " to go: " << own->said();
        worker = worker_of(*own, worker);
    }
    acts.stop();
    const auto mark = [](int n) {
        return "reloaded" + std::to_string(n / kAtOnce) + "-" + std::to_string(n % kAtOnce);
    };
    EXPECT_TRUE(own->wait_for(exec_of(mark(done * kAtOnce - 1))));
    std::set<std::string> marks;
    for (const Json& event : own->all({"process.exec", 0, {}}))
        if (const Json args = at(event, "process.command_args"); args.size() == 2 && args[0] == "/bin/true") {
            EXPECT_TRUE(marks.insert(args[1].get<std::string>()).second) << event;
        }
    for (int n = 0; n < done * kAtOnce; ++n) EXPECT_TRUE(marks.contains(mark(n))) << mark(n);
    for (const Json& loss : own->all({"sensor.loss", 0, {}})) ADD_FAILURE() << loss;
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
    const long kills = asked("WHODID_KILLS", 5);
    Beside acts([](int i) { act("load" + std::to_string(i) + "-", 20); });
    pid_t worker = 0;
    for (long i = 0; i < kills; ++i) {
        const pid_t former = std::exchange(worker, worker_of(*own, worker));
        ASSERT_NE(worker, 0) << "after kill " << i;
        // After five in a row that were killed before they told anything none would follow.
        const bool is_awaited = i % 4 == 3;
        ASSERT_TRUE(!is_awaited || goes_on_for(*own, former, "was killed by SIGKILL"));
        std::this_thread::sleep_for(milliseconds(50 + 37 * i % 400));
        ::kill(worker, SIGKILL);
    }
    EXPECT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    acts.stop();
    act("last", 1);
    EXPECT_TRUE(has(http, own->wait_for(exec_of("last0"), milliseconds(30'000))));
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
        return own->all({"sensor.loss", 0, {}}).size() >= 8;
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
