// SPDX-License-Identifier: Apache-2.0
// The status socket: who may ask, what is answered, who cannot hold up whom; and the command that asks.
#include "app/status_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "app/exit_code.h"
#include "app/http_answer.h"
#include "app/status_command.h"
#include "directory.h"
#include "sample_status.h"

namespace whodid {
namespace {

using test::sample_status;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr gid_t kGroup = 54321;  // whoever that is
constexpr uid_t kNobody = 65534;

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

void send_all(const Fd& socket, std::string_view text) {
    ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

std::string read_all(const Fd& socket) {
    std::string out;
    char bytes[4096];
    for (ssize_t n = 0; (n = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;)
        out.append(bytes, static_cast<std::size_t>(n));
    return out;
}

struct StatusServerTest : testing::Test {
    test::Directory directory;
    const std::string path = directory.path + "/run/status.sock";
    std::atomic<std::uint64_t> now_ns = 1000 * kSecond;
    std::uint16_t port = 0;  // of metrics
    std::unique_ptr<StatusServer> server;

    void SetUp() override { start(); }

    void start() {
        StatusListeners listeners;
        listeners.group = kGroup;
        auto status = listen_on_path(path, std::nullopt);
        ASSERT_TRUE(status) << status.error().message;
        auto metrics = listen_for_metrics("127.0.0.1:0", std::nullopt);
        ASSERT_TRUE(metrics) << metrics.error().message;
        sockaddr_in at{};
        socklen_t size = sizeof at;
        ASSERT_EQ(::getsockname(metrics->get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
        port = ntohs(at.sin_port);
        listeners.status = std::move(*status);
        listeners.metrics = std::move(*metrics);
        auto started = StatusServer::start(std::move(listeners), [this] { return now_ns.load(); });
        ASSERT_TRUE(started) << started.error().message;
        server = std::move(*started);
    }
    void publish(Status status) { server->publish(std::make_shared<const Status>(std::move(status))); }

    Fd connect() const {
        auto socket = connect_to_path(path);
        EXPECT_TRUE(socket) << socket.error().message;
        return socket ? std::move(*socket) : Fd();
    }
    Fd connect_to_metrics() const {
        Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
        return socket;
    }
    static std::string exchange(const Fd& socket, std::string_view request) {
        send_all(socket, request);
        return read_all(socket);
    }
    std::string ask(std::string_view request) const { return exchange(connect(), request); }
    std::string ask_metrics(std::string_view request) const {
        return exchange(connect_to_metrics(), request);
    }
};

int code_of(const std::string& answer) {
    const auto read = read_sensor_answer(answer);
    return read ? read->status : -1;
}
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST_F(StatusServerTest, StatusAsJsonAndText) {
    publish(sample_status());
    const std::string json = ask(get("/status"));
    EXPECT_EQ(code_of(json), 200) << json;
    EXPECT_NE(json.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_EQ(body_of(json), status_json(sample_status()));
    EXPECT_EQ(body_of(ask(get("/status?text"))), status_text(sample_status()));
    EXPECT_TRUE(read_sensor_answer(json)->healthy);
}

TEST_F(StatusServerTest, MetricsAndProbesOnBoth) {
    publish(sample_status());
    for (const std::string& answer : {ask(get("/metrics")), ask_metrics(get("/metrics"))}) {
        EXPECT_NE(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                  std::string::npos);
        EXPECT_NE(answer.find("\nwhodid_build_info{version=\"v1.2\"} 1\n"), std::string::npos) << answer;
    }
    for (const char* probe : {"/healthz", "/readyz"}) {
        EXPECT_EQ(code_of(ask(get(probe))), 200);
        EXPECT_EQ(code_of(ask_metrics(get(probe))), 200);
    }
}

TEST_F(StatusServerTest, OnTheNetworkNobodyIsToldWhoDidWhat) {
    publish(sample_status());
    for (const char* target : {"/status", "/status?text", "/"})
        EXPECT_EQ(code_of(ask_metrics(get(target))), 404);
}

TEST_F(StatusServerTest, BeforeThePumpIsReady) {
    EXPECT_EQ(code_of(ask(get("/readyz"))), 503);
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
    EXPECT_EQ(code_of(ask(get("/metrics"))), 503);
    EXPECT_NE(ask(get("/status?text")).find("\n! it is still starting"), std::string::npos);
    now_ns += 600 * kSecond;
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200) << "starting takes its time";
    Status status = sample_status();
    status.is_ready = false;
    publish(status);
    EXPECT_EQ(code_of(ask(get("/readyz"))), 503);
    publish(sample_status());
    EXPECT_EQ(code_of(ask(get("/readyz"))), 200);
}

TEST_F(StatusServerTest, APumpThatHangsIsNotHealthy) {
    publish(sample_status());
    now_ns += 10 * kSecond;
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
    now_ns += 1 * kSecond;
    const std::string answer = ask(get("/healthz"));
    EXPECT_EQ(code_of(answer), 503);
    EXPECT_EQ(body_of(answer), "the pump has not moved for 11s\n");
    EXPECT_EQ(nlohmann::json::parse(body_of(ask(get("/status"))))["healthy"], false);
    EXPECT_FALSE(read_sensor_answer(ask(get("/status")))->healthy);
    publish(sample_status());
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
}

TEST_F(StatusServerTest, WhatIsRefused) {
    EXPECT_EQ(code_of(ask(get("/statuses"))), 404);
    EXPECT_EQ(code_of(ask("nonsense\r\n\r\n")), 400);
    const std::string posted = ask("POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(code_of(posted), 405);
    EXPECT_NE(posted.find("\r\nAllow: GET\r\n"), std::string::npos);
    const std::string large = ask_metrics(std::string(9000, 'x'));
    EXPECT_EQ(code_of(large), 431) << "and the answer arrives although not all was read";
}

TEST_F(StatusServerTest, ARequestInPieces) {
    publish(sample_status());
    const Fd socket = connect();
    for (const char c : get("/healthz")) send_all(socket, {&c, 1});
    EXPECT_EQ(code_of(read_all(socket)), 200);
}

TEST_F(StatusServerTest, WhoSaysNothingIsDropped) {
    publish(sample_status());
    const Fd idle = connect();
    send_all(idle, "GET /");
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200) << "meanwhile others are served";
    now_ns += StatusServer::kPatienceNs;
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
    EXPECT_EQ(read_all(idle), "");
}

TEST_F(StatusServerTest, ASlowReaderHoldsUpNobodyAndIsDropped) {
    Status large = sample_status();
    large.top_programs.assign(5'000, {std::string(200, 'x'), 1, 0});
    publish(large);
    const Fd slow = connect();
    send_all(slow, get("/status"));
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
    EXPECT_GT(ask(get("/status")).size(), 1'000'000u) << "who reads gets it whole";
    now_ns += StatusServer::kPatienceNs;
    EXPECT_EQ(code_of(ask(get("/healthz"))), 200);
    EXPECT_EQ(code_of(read_all(slow)), -1) << "cut off";
}

TEST_F(StatusServerTest, SoManyClientsAndNoMoreOfEachListener) {
    publish(sample_status());
    std::vector<Fd> idle;
    for (std::size_t i = 0; i < StatusServer::kClientsMax; ++i) idle.push_back(connect());
    const Fd late = connect();
    send_all(late, get("/healthz"));
    EXPECT_EQ(code_of(ask_metrics(get("/healthz"))), 200) << "has room of its own";
    char byte = 0;
    EXPECT_EQ(::recv(late.get(), &byte, 1, MSG_DONTWAIT), -1) << "waits in the queue";
    idle.pop_back();
    EXPECT_EQ(code_of(read_all(late)), 200);
}

TEST_F(StatusServerTest, EndsWhileClientsAreThere) {
    const Fd idle = connect();
    server.reset();
    EXPECT_EQ(read_all(idle), "");
}

TEST_F(StatusServerTest, PublishingMeanwhile) {
    std::thread pump([this] {
        for (unsigned i = 0; i < 200; ++i) {
            Status status = sample_status();
            status.pid = i;
            publish(std::move(status));
        }
    });
    for (int i = 0; i < 20; ++i) EXPECT_EQ(code_of(ask(get("/status"))), 200);
    pump.join();
    EXPECT_EQ(nlohmann::json::parse(body_of(ask(get("/status"))))["pid"], 199);
}

/// A successor that is given the same listener answers who asked in between.
TEST_F(StatusServerTest, AListenerOutlivesAServer) {
    auto listener = listen_on_path(directory.path + "/shared.sock", std::nullopt);
    ASSERT_TRUE(listener);
    const auto serve = [&] {
        StatusListeners listeners;
        listeners.status = Fd(::dup(listener->get()));
        return std::move(*StatusServer::start(std::move(listeners)));
    };
    serve().reset();
    const auto socket = connect_to_path(directory.path + "/shared.sock");
    ASSERT_TRUE(socket);
    send_all(*socket, get("/healthz"));
    const auto successor = serve();
    EXPECT_EQ(code_of(read_all(*socket)), 200);
}

// ---- who may ask ------------------------------------------------------------------------------------------

/// What a thread gets that runs as somebody else; credentials are a thread's own in the kernel.
std::string ask_as(const StatusServerTest& t, gid_t primary, std::vector<gid_t> others) {
    std::string answer;
    std::thread([&] {
        if (::syscall(SYS_setgroups, others.size(), others.data()) != 0 ||
            ::syscall(SYS_setresgid, primary, primary, primary) != 0 ||
            ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0)
            return;
        answer = t.ask(get("/status"));
    }).join();
    return answer;
}

TEST_F(StatusServerTest, RootItsOwnUserAndTheGroup) {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot be another user";
    publish(sample_status());
    for (const std::string& way : {directory.path, directory.path + "/run"})
        ASSERT_EQ(::chmod(way.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0666), 0) << "so that the file's mode is not what keeps anybody out";
    EXPECT_EQ(code_of(ask_as(*this, kGroup, {})), 200);
    EXPECT_EQ(code_of(ask_as(*this, 65534, {1, 2, kGroup})), 200);
    const std::string refused = ask_as(*this, 65534, {1, 2});
    EXPECT_EQ(code_of(refused), 403);
    EXPECT_EQ(body_of(refused), "for root and members of group whodid only\n");
    EXPECT_EQ(code_of(ask_as(*this, 65534, {})), 403);
    EXPECT_EQ(code_of(ask(get("/status"))), 200);
}

TEST(Peers, WhoMayAsk) {
    EXPECT_TRUE(may_ask({0, {}}, std::nullopt));
    EXPECT_TRUE(may_ask({::geteuid(), {}}, std::nullopt));
    EXPECT_FALSE(may_ask({::geteuid() + 1, {7, 8}}, std::nullopt));
    EXPECT_FALSE(may_ask({::geteuid() + 1, {7, 8}}, 9));
    EXPECT_TRUE(may_ask({::geteuid() + 1, {7, 8}}, 8));
}

// ---- listening --------------------------------------------------------------------------------------------

mode_t mode_of(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
}

std::string refusal(const Result<Fd>& listener) { return listener ? "it listens" : listener.error().message; }

TEST(Listener, ModesOfWhatIsMade) {
    const test::Directory directory;
    const std::string path = directory.path + "/run/s.sock";
    const bool root = ::geteuid() == 0;
    const auto listener = listen_on_path(path, root ? std::optional<gid_t>(kGroup) : std::nullopt);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(mode_of(path), 0660u);
    EXPECT_EQ(mode_of(directory.path + "/run"), 0750u & ~::umask(::umask(0)));
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_TRUE(!root || st.st_gid == kGroup) << st.st_gid;
}

TEST(Listener, ReplacesOnlyWhatNobodyListensOn) {
    const test::Directory directory;
    const std::string path = directory.path + "/s.sock";
    {
        const auto first = listen_on_path(path, std::nullopt);
        ASSERT_TRUE(first);
        EXPECT_NE(refusal(listen_on_path(path, std::nullopt)).find("somebody does already"),
                  std::string::npos);
    }
    EXPECT_TRUE(listen_on_path(path, std::nullopt)) << "the file of one who is gone";
    const std::string file = directory.write("file", "precious");
    EXPECT_NE(refusal(listen_on_path(file, std::nullopt)).find("a file that is no socket"),
              std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(file), 8u);
    std::filesystem::create_symlink(file, directory.path + "/link");
    EXPECT_NE(refusal(listen_on_path(directory.path + "/link", std::nullopt)).find("no socket"),
              std::string::npos);
}

TEST(Listener, PathsThatAreNone) {
    EXPECT_NE(refusal(listen_on_path("", std::nullopt)).find("1 to 107 bytes"), std::string::npos);
    EXPECT_NE(refusal(listen_on_path("/tmp/" + std::string(103, 'x'), std::nullopt)).find("1 to 107 bytes"),
              std::string::npos);
    EXPECT_NE(
        refusal(listen_on_path("/nowhere/at/all", std::nullopt)).find("cannot listen on /nowhere/at/all: "),
        std::string::npos);
}

TEST(Listener, MetricsOnLoopbackAlone) {
    for (const char* where : {"0.0.0.0:9464", "10.1.2.3:9464", "[::]:9464", "[2001:db8::1]:9464",
                              "128.0.0.1:1", "[::ffff:10.0.0.1]:9464"})
        EXPECT_NE(refusal(listen_for_metrics(where, std::nullopt)).find("metrics are not served on "),
                  std::string::npos)
            << where;
    for (const char* where : {"", ":", "9464", "localhost:9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                              "127.0.0.1:65536", "127.0.0.1:-1", "[::1:9464", "1.2.3:1", "/run/x"})
        EXPECT_NE(refusal(listen_for_metrics(where, std::nullopt)).find("is no place for metrics"),
                  std::string::npos)
            << where;
    const test::Directory directory;
    EXPECT_TRUE(listen_for_metrics("unix:" + directory.path + "/m.sock", std::nullopt));
    EXPECT_TRUE(listen_for_metrics("127.1.2.3:0", std::nullopt));
}

// ---- whodid status ----------------------------------------------------------------------------------------

struct Told {
    int code = -1;
    std::string out, err;
};
Told run_status(const StatusOptions& options) {
    Told told;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    told.code = status(options);
    told.out = testing::internal::GetCapturedStdout();
    told.err = testing::internal::GetCapturedStderr();
    return told;
}

TEST_F(StatusServerTest, CommandTellsByItsExitCode) {
    publish(sample_status());
    const Told healthy = run_status({false, {}, path});
    EXPECT_EQ(healthy.code, kOk) << healthy.err;
    EXPECT_EQ(healthy.out, status_text(sample_status()));
    Status sick = sample_status();
    sick.lost_recently = 3;
    publish(sick);
    EXPECT_EQ(run_status({false, {}, path}).code, kIncomplete);
    const Told json = run_status({true, {}, path});
    EXPECT_EQ(json.code, kIncomplete);
    EXPECT_EQ(json.out, status_json(sick));
    EXPECT_EQ(json.err, "");
}

TEST_F(StatusServerTest, CommandAsAProbe) {
    const Told early = run_status({false, Probe::kReady, path});
    EXPECT_EQ(early.code, kRuntimeError);
    EXPECT_EQ(early.out, "");
    EXPECT_EQ(early.err, "whodid: not ready: starting\n");
    publish(sample_status());
    const Told ready = run_status({false, Probe::kReady, path});
    EXPECT_EQ(ready.code, kOk);
    EXPECT_EQ(ready.out + ready.err, "");
    now_ns += 20 * kSecond;
    const Told hangs = run_status({false, Probe::kLive, path});
    EXPECT_EQ(hangs.code, kRuntimeError);
    EXPECT_EQ(hangs.err, "whodid: not live: the pump has not moved for 20s\n");
}

TEST(StatusCommand, NobodyThere) {
    const test::Directory directory;
    const Told told = run_status({false, {}, directory.path + "/none"});
    EXPECT_EQ(told.code, kRuntimeError);
    EXPECT_EQ(told.out, "");
    EXPECT_NE(told.err.find("start one with 'systemctl start whodid' or 'whodid run'"), std::string::npos)
        << told.err;
    EXPECT_EQ(run_status({false, Probe::kLive, directory.path + "/none"}).code, kRuntimeError);
    (void)listen_on_path(directory.path + "/stale", std::nullopt);
    EXPECT_NE(run_status({false, {}, directory.path + "/stale"}).err.find("no whodid answers on "),
              std::string::npos);
}

TEST_F(StatusServerTest, CommandOfWhoMayNotAsk) {
    if (::geteuid() != 0) GTEST_SKIP() << "not root: cannot be another user";
    ASSERT_EQ(::chmod(directory.path.c_str(), 0755), 0);
    Told told;
    const auto as_nobody = [&] {
        std::thread([&] {
            EXPECT_EQ(::syscall(SYS_setgroups, 0, nullptr), 0);
            EXPECT_EQ(::syscall(SYS_setresgid, kNobody, kNobody, kNobody), 0);
            EXPECT_EQ(::syscall(SYS_setresuid, kNobody, kNobody, kNobody), 0);
            const auto asked = ask_sensor(path, "/status");
            told.err = asked ? "answered" : asked.error().message;
            told.code = asked ? 0 : asked.error().code;
        }).join();
    };
    as_nobody();  // the directory keeps it out
    EXPECT_EQ(told.code, EPERM);
    EXPECT_NE(told.err.find("for root and members of group whodid; try sudo"), std::string::npos) << told.err;
    ASSERT_EQ(::chmod((directory.path + "/run").c_str(), 0755), 0);
    as_nobody();  // the socket does
    EXPECT_EQ(told.code, EPERM);
}

/// Answers `says` to whoever comes, once.
struct Impostor {
    Impostor(const std::string& path, std::string says)
        : listener(std::move(*listen_on_path(path, std::nullopt))) {
        ::fcntl(listener.get(), F_SETFL, 0);  // waits
        thread = std::thread([this, text = std::move(says)] {
            const Fd client(::accept(listener.get(), nullptr, nullptr));
            char bytes[1024];
            (void)!::recv(client.get(), bytes, sizeof bytes, 0);
            (void)!::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
        });
    }
    ~Impostor() { thread.join(); }
    Fd listener;
    std::thread thread;
};

TEST(StatusCommand, WhatIsNoWhodid) {
    const test::Directory directory;
    const auto answer = [](const std::string& body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\nWhodid-Healthy: true\r\n\r\n" + body;
    };
    int n = 0;
    for (const std::string& says :
         {std::string(), std::string("SSH-2.0-x\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\nhello"),
          answer("\x1b]0;mine\x07\n"), answer("\xc2\x9b\n"), answer("\xff\n")}) {
        const std::string path = directory.path + "/" + std::to_string(++n);
        const Impostor impostor(path, says);
        const Told told = run_status({false, {}, path});
        EXPECT_EQ(told.code, kRuntimeError) << n;
        EXPECT_EQ(told.out, "") << n;
        EXPECT_NE(told.err.find("is no whodid"), std::string::npos) << n << told.err;
    }
}

}  // namespace
}  // namespace whodid
