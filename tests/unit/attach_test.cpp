// SPDX-License-Identifier: Apache-2.0
// whodid trace beside a daemon, against one that a test plays: what it shows, counts and says, and how it
// ends.
#include "app/attach.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "app/status_server.h"
#include "directory.h"
#include "sink/json_encode.h"
#include "unit/made_event.h"

namespace whodid {
namespace {

constexpr auto kLimit = std::chrono::seconds(20);

struct AttachTest : testing::Test {
    test::Directory directory;
    const std::string path = directory.path + "/status.sock", out = directory.path + "/events";
    test::Maker maker;
    std::unique_ptr<TraceServer> traces;
    std::unique_ptr<StatusServer> status;
    std::uint64_t seq = 0;
    Fd listener;
    TraceOptions options;

    void SetUp() override {
        auto made = listen_on_path(path, std::nullopt);
        ASSERT_TRUE(made) << made.error().message;
        listener = std::move(*made);
        options.socket = path;
        options.view.write_path = out;
        options.view.everything = true;
        start(false);
    }
    /// A worker; the socket stays from one to the next, as the supervisor's does.
    void start(bool follows_another) {
        auto made = TraceServer::start({{"v1", 4711, "standard", maker.stream}, follows_another});
        ASSERT_TRUE(made) << made.error().message;
        traces = std::move(*made);
        StatusListeners listeners;
        listeners.status = Fd(::dup(listener.get()));
        auto served = StatusServer::start(
            std::move(listeners), [] { return std::uint64_t{0}; }, traces.get());
        ASSERT_TRUE(served) << served.error().message;
        status = std::move(*served);
    }
    void stop(std::optional<StreamEnd> end) {
        if (end) traces->end(*end, 5'000'000'000);
        status.reset();
        traces.reset();
    }
    Event exec(const std::string& argument) {
        Event event = maker.exec({"/bin/true", argument}, maker.alice());
        auto* record = const_cast<rec_hdr*>(event.record);
        record->seq = event.seq = ++seq;
        return event;
    }
    void tell(const std::vector<Event>& events) const {
        Batch batch;
        batch.events = events;
        traces->write(batch, nullptr);
    }

    /// Runs the command, and `play` beside it once it is a client. The exit code, or -1 for nobody there.
    template <class F>
    int run(F play) {
        testing::internal::CaptureStderr();
        auto view = View::open(options.view);
        EXPECT_TRUE(view);
        std::thread daemon([&] {
            const auto until = std::chrono::steady_clock::now() + kLimit;
            while (traces->counts().clients == 0 && std::chrono::steady_clock::now() < until)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            play();
        });
        const auto code = attach(options, *view);
        daemon.join();
        said = testing::internal::GetCapturedStderr();
        return code.value_or(-1);
    }
    std::string shown() const {
        std::ostringstream text;
        text << std::ifstream(out).rdbuf();
        return text.str();
    }
    bool was_said(const std::string& text) const { return said.find(text) != said.npos; }
    /// Waits until this many lines are shown.
    void wait_for_lines(std::ptrdiff_t lines) const {
        const auto until = std::chrono::steady_clock::now() + kLimit;
        while (std::ranges::count(shown(), '\n') < lines && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }

    std::string said;
};

std::string json_of(const std::vector<Event>& events) {
    JsonEncoder encoder(JsonShape::kNested);
    std::string lines;
    for (const Event& event : events) {
        encoder.append(event, lines);
        lines += '\n';
    }
    return lines;
}

TEST_F(AttachTest, ShowsWhatTheDaemonTellsAndEndsWithIt) {
    const std::vector<Event> events = {exec("a"), exec("b"), exec("c")};
    const int code = run([&] {
        tell({events[0]});
        tell({events[1], events[2]});
        stop(StreamEnd::kStopped);
    });
    EXPECT_EQ(code, 1) << said;
    EXPECT_EQ(shown(), json_of(events));
    EXPECT_TRUE(
        was_said("whodid: streaming from the whodid daemon (pid 4711), which tells what profile "
                 "standard keeps; --standalone sees all\n"))
        << said;
    EXPECT_TRUE(was_said("3 events shown\n0 lost\n")) << said;
    EXPECT_TRUE(was_said("whodid: the whodid daemon has stopped, and with it its events\n")) << said;
}

TEST_F(AttachTest, ItsOwnFilterChooses) {
    options.view.everything = false;
    options.view.filters = {"process.command_args == \"b\""};
    options.view.count_max = 1;
    const std::vector<Event> events = {exec("a"), exec("b"), exec("b")};
    EXPECT_EQ(run([&] { tell(events); }), 0) << said;
    EXPECT_EQ(shown(), json_of({events[1]}));
    EXPECT_TRUE(was_said("1 event shown\n")) << said;
}

TEST_F(AttachTest, ADescendantIsKnownByWhomItDescendsFrom) {
    options.view.tree_pid = 100;
    options.view.count_max = 1;
    auto child = maker.alice(), parent = maker.alice(), root = maker.alice();
    parent->pid = 200;
    root->pid = 100;
    Event event = maker.exec({"x"}, child), other = maker.exec({"y"}, maker.daemon("/usr/sbin/cron"));
    event.seq = 2;
    other.seq = 1;
    EXPECT_EQ(run([&] {
                  Batch batch;
                  batch.events = {other, event};
                  traces->write(batch, [&](const Process& p) -> std::shared_ptr<const Process> {
                      return &p == child.get() ? parent : &p == parent.get() ? root : nullptr;
                  });
              }),
              0)
        << said;
    EXPECT_EQ(shown(), json_of({event}));
}

TEST_F(AttachTest, AReloadCostsNothing) {
    const std::vector<Event> events = {exec("a"), exec("b"), exec("c")};
    run([&] {
        tell({events[0]});
        wait_for_lines(1);
        stop(StreamEnd::kReplaced);
        start(true);
        tell({events[1]});  // before it is back, or after
        wait_for_lines(2);
        tell({events[2]});
        stop(StreamEnd::kStopped);
    });
    EXPECT_EQ(shown(), json_of(events)) << said;
    EXPECT_TRUE(was_said("whodid: another worker of the whodid daemon (pid 4711) goes on\n")) << said;
    EXPECT_TRUE(was_said("3 events shown\n0 lost\n")) << said;
}

/// Its successor tells again what the killed one had told, and may have told more than it keeps.
TEST_F(AttachTest, AfterAWorkersDeathWhatIsRepeatedIsShownOnceAndWhatIsMissingIsCounted) {
    const std::vector<Event> events = {exec("a"), exec("b"), exec("c"), exec("d"), exec("e")};
    run([&] {
        tell({events[0], events[1]});
        wait_for_lines(2);
        stop({});
        start(false);
        const auto until = std::chrono::steady_clock::now() + kLimit;
        while (traces->counts().clients == 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        tell({events[1]});
        tell({events[4]});
        stop(StreamEnd::kStopped);
    });
    const std::string text = shown();
    EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
    EXPECT_TRUE(text.starts_with(json_of({events[0], events[1]}))) << text;
    EXPECT_TRUE(text.ends_with(json_of({events[4]}))) << text;
    EXPECT_NE(text.find(R"x("loss":{"stage":"trace (between workers)","kind":"unknown","count":2)x"),
              text.npos)
        << text;
    EXPECT_TRUE(was_said("3 events shown\nLOST 2: unknown 2\n")) << said;
}

TEST_F(AttachTest, ADaemonThatIsGoneIsSaid) {
    const int code = run([&] {
        tell({exec("a")});
        wait_for_lines(1);
        listener = Fd();
        stop({});
    });
    EXPECT_EQ(code, 1);
    EXPECT_TRUE(was_said("whodid: the whodid daemon is gone, and with it its events\n")) << said;
    EXPECT_TRUE(was_said("1 event shown\n")) << said;
}

TEST_F(AttachTest, WhatGoesWithOwnProgramsAloneIsRefused) {
    options.own_option = "--backend";
    options.view.write_path.clear();
    testing::internal::CaptureStderr();
    auto view = View::open(options.view);
    ASSERT_TRUE(view);
    EXPECT_EQ(attach(options, *view), 2);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "whodid: --backend is for programs of its own, and there is a whodid daemon on " + path +
                  " that has loaded them: leave it out, or add --standalone\n");
}

TEST_F(AttachTest, NobodyOnANamedSocketIsAnError) {
    stop({});
    listener = Fd();
    testing::internal::CaptureStderr();
    auto view = View::open(options.view);
    ASSERT_TRUE(view);
    EXPECT_EQ(attach(options, *view), 1);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("no whodid daemon listens on " + path),
              std::string::npos);
}

}  // namespace
}  // namespace whodid
