// SPDX-License-Identifier: Apache-2.0
// Events to traces: who may have them, who is slow and what that costs whom, and how it ends.
#include "app/trace_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "app/status_server.h"
#include "app/trace_client.h"
#include "directory.h"
#include "unit/made_event.h"

namespace whodid {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);  // of a test that fails
constexpr uid_t kNobodyUid = 65534;

struct TraceServerTest : testing::Test {
    test::Directory directory;
    const std::string path = directory.path + "/status.sock";
    test::Maker maker;
    std::atomic<std::uint64_t> now_ns = 1000;
    std::unique_ptr<TraceServer> traces;
    std::unique_ptr<StatusServer> status;
    std::uint64_t seq = 0;

    void SetUp() override { start(false); }

    void start(bool follows_another) {
        status.reset();
        traces.reset();
        auto made = TraceServer::start(
            {{"v1", 4711, "standard", maker.stream}, follows_another, [this] { return now_ns.load(); }});
        ASSERT_TRUE(made) << made.error().message;
        traces = std::move(*made);
        auto listener = listen_on_path(path, std::nullopt);
        ASSERT_TRUE(listener) << listener.error().message;
        StatusListeners listeners;
        listeners.status = std::move(*listener);
        auto served = StatusServer::start(
            std::move(listeners), [] { return std::uint64_t{0}; }, traces.get());
        ASSERT_TRUE(served) << served.error().message;
        status = std::move(*served);
    }
    void tell(std::size_t events = 1, std::size_t bytes = 1) {
        Batch batch;
        for (std::size_t i = 0; i < events; ++i) {
            batch.events.push_back(maker.exec({std::string(bytes, 'x')}, maker.alice()));
            batch.events.back().seq = ++seq;
        }
        traces->write(batch, nullptr);
    }
    TraceClient ask(std::optional<std::uint64_t> after = {}) const {
        auto client = TraceClient::ask(path, after);
        EXPECT_TRUE(client) << client.error().message;
        return std::move(*client);
    }
    /// Once it is one of the clients, which its head says.
    TraceClient join(std::optional<std::uint64_t> after = {}) const {
        TraceClient client = ask(after);
        const auto head = next(client);
        EXPECT_EQ(head.what, StreamFrame::kHead);
        return client;
    }

    struct Got {
        StreamFrame what{};
        std::string bytes;
        bool is_closed = false;
        std::string error;
    };
    /// The next frame, or how it ended.
    static Got next(TraceClient& client) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        bool is_open = true;
        while (std::chrono::steady_clock::now() < until) {
            const auto frame = client.next();
            if (!frame) return {{}, {}, false, frame.error().message};
            if (*frame) return {(*frame)->what, std::string((*frame)->bytes), false, {}};
            if (!is_open) return {{}, {}, true, {}};
            pollfd fd{client.fd(), POLLIN, 0};
            ::poll(&fd, 1, 100);
            const auto open = client.receive();
            if (!open) return {{}, {}, false, open.error().message};
            is_open = *open;
        }
        return {{}, {}, false, "nothing came"};
    }
    /// The numbers of the events that come, until this one.
    std::vector<std::uint64_t> numbers_until(TraceClient& client, std::uint64_t last,
                                             std::vector<StreamGap>* gaps = nullptr) const {
        std::vector<std::uint64_t> numbers;
        while (numbers.empty() || numbers.back() != last) {
            const Got got = next(client);
            if (got.what == StreamFrame::kGap && gaps) {
                const auto told = read_stream_gap(got.bytes);
                EXPECT_TRUE(told);
                gaps->insert(gaps->end(), told->begin(), told->end());
                continue;
            }
            if (got.what != StreamFrame::kEvents) {
                ADD_FAILURE() << got.error << (got.is_closed ? "closed" : "");
                break;
            }
            const auto read = read_stream_events(got.bytes, maker.stream);
            EXPECT_TRUE(read) << read.error().message;
            for (const Event& event : read->batch.events) numbers.push_back(event.seq);
        }
        return numbers;
    }
    bool comes_to(std::uint64_t clients) const {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (traces->counts().clients != clients) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }
};

TEST_F(TraceServerTest, AllClientsGetAllEvents) {
    TraceClient one = join(), other = join();
    for (int i = 0; i < 10; ++i) tell(3);
    for (TraceClient* client : {&one, &other}) {
        const auto numbers = numbers_until(*client, 30);
        ASSERT_EQ(numbers.size(), 30u);
        for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(numbers[i], i + 1);
    }
    EXPECT_EQ(traces->counts().sent, 60u);
    EXPECT_EQ(traces->counts().dropped, 0u);
}

TEST_F(TraceServerTest, TheHeadSaysWhoseEventsTheseAre) {
    TraceClient client = ask();
    const Got got = next(client);
    ASSERT_EQ(got.what, StreamFrame::kHead) << got.error;
    const auto head = read_stream_head(got.bytes);
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->pid, 4711u);
    EXPECT_EQ(head->profile, "standard");
    EXPECT_EQ(head->stream.host_name, "web-17");
}

TEST_F(TraceServerTest, WithoutClientsNothingIsEncoded) {
    tell();
    EXPECT_EQ(traces->counts().sent, 0u);
    EXPECT_EQ(traces->counts().clients, 0u);
}

TEST_F(TraceServerTest, WhoReadsTooSlowlyMissesSomeAndIsTold) {
    TraceClient slow = join(), quick = join();
    constexpr std::size_t kEach = 20, kBytes = 4000;
    const std::size_t rounds = 3 * TraceServer::kQueueBytesMax / (kEach * kBytes);
    for (std::size_t i = 0; i < rounds; ++i) {
        tell(kEach, kBytes);
        const auto numbers = numbers_until(quick, seq);
        EXPECT_EQ(numbers.size(), kEach) << "the slow one costs others nothing";
    }
    const std::uint64_t dropped = traces->counts().dropped;
    EXPECT_GT(dropped, 0u);
    std::vector<std::uint64_t> numbers;
    std::uint64_t missed = 0;
    while (numbers.size() + missed < seq) {
        const Got got = next(slow);
        ASSERT_TRUE(got.error.empty() && !got.is_closed) << got.error;
        if (got.what == StreamFrame::kGap) {
            const auto gaps = read_stream_gap(got.bytes);
            ASSERT_TRUE(gaps);
            for (const StreamGap& gap : *gaps) {
                EXPECT_EQ(gap.kind, REC_PROCESS_EXEC);
                EXPECT_EQ(gap.until_ns, test::Maker::kWallNs);
                missed += gap.count;
            }
            continue;
        }
        const auto read = read_stream_events(got.bytes, maker.stream);
        ASSERT_TRUE(read) << read.error().message;
        for (const Event& event : read->batch.events) numbers.push_back(event.seq);
    }
    EXPECT_EQ(missed, dropped);
    EXPECT_TRUE(std::ranges::is_sorted(numbers));
    tell();
    EXPECT_EQ(numbers_until(slow, seq).size(), 1u) << "it goes on";
}

TEST_F(TraceServerTest, MoreThanThereIsRoomForAreRefused) {
    std::vector<TraceClient> clients;
    for (std::size_t i = 0; i < TraceServer::kClientsMax; ++i) clients.push_back(join());
    TraceClient refused = ask();
    const Got got = next(refused);
    EXPECT_NE(got.error.find("8 traces are served already"), std::string::npos) << got.error;
    EXPECT_NE(got.error.find("--standalone"), std::string::npos) << got.error;
    clients.pop_back();
    ASSERT_TRUE(comes_to(TraceServer::kClientsMax - 1));
    clients.push_back(join());
    tell();
    for (TraceClient& client : clients) EXPECT_EQ(numbers_until(client, 1).size(), 1u);
}

TEST_F(TraceServerTest, WhoLeavesIsForgotten) {
    {
        const TraceClient client = join();
        EXPECT_EQ(traces->counts().clients, 1u);
    }
    EXPECT_TRUE(comes_to(0));
    tell();
    EXPECT_EQ(traces->counts().sent, 0u);
}

TEST_F(TraceServerTest, MalformedRequestsGetNoEvents) {
    for (const std::string target : {"/events?after=", "/events?after=x", "/events?after=-1", "/events?all",
                                     "/events?after=1 2", "/events?after=99999999999999999999"}) {
        auto socket = connect_to_path(path);
        ASSERT_TRUE(socket);
        const std::string request = "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
        ASSERT_GT(::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
        char bytes[64] = {};
        ASSERT_GT(::recv(socket->get(), bytes, sizeof bytes - 1, 0), 0);
        EXPECT_TRUE(std::string_view(bytes).starts_with("HTTP/1.1 400 ")) << target << ": " << bytes;
    }
    EXPECT_EQ(traces->counts().clients, 0u);
}

TEST_F(TraceServerTest, StrangersGetNoEvents) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to ask as somebody else";
    ::chmod(directory.path.c_str(), 0755);
    ::chmod(path.c_str(), 0666);  // so that it is the peer's credentials that decide
    std::string said;
    std::thread stranger([&] {  // of this thread alone
        if (::syscall(SYS_setresuid, -1, kNobodyUid, -1) != 0) return;
        TraceClient client = ask();
        said = next(client).error;
    });
    stranger.join();
    EXPECT_NE(said.find("for root and members of group whodid"), std::string::npos) << said;
    EXPECT_EQ(traces->counts().clients, 0u);
}

TEST_F(TraceServerTest, ItsEndIsToldAfterAllEvents) {
    TraceClient client = join();
    tell(5);
    traces->end(StreamEnd::kReplaced, 1'000'000'000);
    EXPECT_EQ(numbers_until(client, 5).size(), 5u);
    const Got end = next(client);
    ASSERT_EQ(end.what, StreamFrame::kEnd);
    const auto why = read_stream_end(end.bytes);
    ASSERT_TRUE(why);
    EXPECT_EQ(*why, StreamEnd::kReplaced);
    status.reset();
    traces.reset();
    EXPECT_TRUE(next(client).is_closed);
}

TEST_F(TraceServerTest, ASuccessorTellsAgainWhatWasToldBeforeOneWasBack) {
    start(true);
    seq = 100;
    tell(2);
    tell(2);
    TraceClient back = join(102);
    EXPECT_EQ(numbers_until(back, 104), (std::vector<std::uint64_t>{103, 104}));
    TraceClient fresh = join();
    tell();
    EXPECT_EQ(numbers_until(fresh, 105), std::vector<std::uint64_t>{105}) << "who is new gets what is new";
    now_ns += TraceServer::kHoldNs;
    tell();
    TraceClient late = join(100);
    tell();
    EXPECT_EQ(numbers_until(late, 107), std::vector<std::uint64_t>{107}) << "it keeps nothing for long";
}

TEST(TraceClientTest, WhatIsNoSensorIsSaid) {
    for (const std::string& answer :
         {std::string("SSH-2.0-OpenSSH\r\n"), std::string(70'000, 'H'),
          std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nWhodid-Healthy: true\r\n\r\nno\n"),
          std::string("HTTP/1.1 200 OK\r\n\r\nthese bytes are no frames")}) {
        const test::Directory directory;
        const std::string path = directory.path + "/socket";
        const auto listener = listen_on_path(path, std::nullopt);
        ASSERT_TRUE(listener);
        auto client = TraceClient::ask(path);
        ASSERT_TRUE(client);
        {
            const Fd served(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
            char request[512];
            ASSERT_GT(::recv(served.get(), request, sizeof request, 0), 0);
            ASSERT_EQ(::send(served.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(answer.size()));
        }
        EXPECT_NE(TraceServerTest::next(*client).error, "") << answer.substr(0, 40);
    }
}

/// The other end may have ended before it answered: then there is nothing wrong but that.
TEST(TraceClientTest, ATornStreamIsAnEnd) {
    const test::Directory directory;
    const std::string path = directory.path + "/socket";
    const auto listener = listen_on_path(path, std::nullopt);
    ASSERT_TRUE(listener);
    const std::string head = "HTTP/1.1 200 OK\r\n\r\n" + stream_head_frame({"v1", 1, "", {}});
    for (const std::string& sent : {std::string(), head.substr(0, 15), head + head.substr(19, 20)}) {
        auto client = TraceClient::ask(path);
        ASSERT_TRUE(client);
        {
            const Fd served(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
            char request[512];
            ASSERT_GT(::recv(served.get(), request, sizeof request, 0), 0);
            ASSERT_EQ(::send(served.get(), sent.data(), sent.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(sent.size()));
        }
        auto got = TraceServerTest::next(*client);
        if (sent.size() > head.size()) {
            EXPECT_EQ(got.what, StreamFrame::kHead) << got.error;
            got = TraceServerTest::next(*client);
        }
        EXPECT_TRUE(got.is_closed) << got.error;
    }
}

TEST(TraceClientTest, NobodyThere) {
    const test::Directory directory;
    const auto client = TraceClient::ask(directory.path + "/none");
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, ENOENT);
}

}  // namespace
}  // namespace whodid
