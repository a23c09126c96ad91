// SPDX-License-Identifier: Apache-2.0
// nginx between the sink and its receiver, as a proxy that fails in each of its ways and heals: everything is
// delivered or declared, as the specification's table of statuses has it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "receivers/programs.h"
#include "receivers/sent_events.h"

namespace whodid {
namespace {

using test::ReceiverProcess;
using test::SentEvents;

constexpr const char* kNginx = "/usr/sbin/nginx";

/// The proxy of nginx.conf.
class Nginx {
public:
    explicit Nginx(int upstream) {
        const std::string config = directory_.write("nginx.conf", configuration(upstream));
        const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        program_ = std::make_unique<test::Program>(
            std::vector<std::string>{kNginx, "-p", directory_.path, "-c", config, "-e",
                                     directory_.path + "/errors"},
            null.get());
        EXPECT_TRUE(test::comes_true([this] { return listens() || program_->has_ended(); }));
        EXPECT_FALSE(program_->has_ended()) << "nginx does not start";
    }
    ~Nginx() { EXPECT_TRUE(program_->end()) << "nginx failed"; }

    std::string url() const { return port_.url("/v1/logs"); }
    void fail(const std::string& way) const { directory_.write("ways/" + way, ""); }
    void heal() const { std::filesystem::remove_all(directory_.path + "/ways"); }

private:
    bool listens() const {
        const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_.number));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    std::string configuration(int upstream) const {
        std::ifstream file("tests/receivers/nginx.conf");
        std::string text{std::istreambuf_iterator<char>(file), {}};
        const std::pair<std::string, std::string> places[] = {{"@directory@", directory_.path},
                                                              {"@port@", std::to_string(port_.number)},
                                                              {"@upstream@", std::to_string(upstream)},
                                                              {"@dead@", std::to_string(dead_.number)}};
        for (const auto& [place, value] : places)
            for (std::size_t at; (at = text.find(place)) != text.npos;) text.replace(at, place.size(), value);
        return text;
    }

    const test::Directory directory_;
    const test::ReservedPort port_;
    const test::LoopbackPort dead_;  // nobody listens
    std::unique_ptr<test::Program> program_;
};

class NginxProxy : public testing::Test {
protected:
    static constexpr std::uint64_t kSecond = 1'000'000'000;

    void SetUp() override {
        if (!std::filesystem::exists(kNginx)) GTEST_SKIP() << "no nginx: run tools/install-deps test";
        receiver_ = std::make_unique<ReceiverProcess>(
            "otlp_http.py", std::vector<std::string>{"--script", "partial:0"});  // an answer that has a body
        nginx_ = std::make_unique<Nginx>(receiver_->port());
        settings_.endpoint = nginx_->url();
        settings_.timeout_ns = 30 * kSecond;
        settings_.gzip = false;  // so that a size is what the events have
    }
    void begin() { sink_ = std::make_unique<test::RealSink>(settings_); }

    /// What came, by event: how often.
    std::map<std::string, int> received() const {
        std::map<std::string, int> times;
        for (const auto& [answered, ids] : receiver_->requests()) {
            std::istringstream in(ids);
            for (std::string id; in >> id;) ++times[id];
        }
        return times;
    }
    void expect_each_once() const {
        const auto times = received();
        EXPECT_EQ(times.size(), sent_.events.size());
        for (const std::string& id : sent_.ids()) EXPECT_EQ(times.contains(id) ? times.at(id) : 0, 1) << id;
    }
    /// It fails until some requests have, and heals: then all is delivered.
    void outlive(const std::string& way, const std::string& said) {
        begin();
        nginx_->fail(way);
        sink_->write(sent_.events);
        EXPECT_TRUE(test::comes_true([&] { return sink_->counts().failures >= 3; }));
        const SinkCounts failing = sink_->counts();
        EXPECT_TRUE(failing.is_down);
        EXPECT_NE(failing.last_error.find(said), std::string::npos) << failing.last_error;
        EXPECT_GT(failing.pending, 0u);
        nginx_->heal();
        ASSERT_TRUE(sink_->is_emptied()) << sink_->counts().last_error;
        EXPECT_FALSE(sink_->counts().is_down);
        EXPECT_EQ(sink_->counts().written, sent_.events.size());
        EXPECT_EQ(sink_->counts().rejected, 0u);
        EXPECT_TRUE(sink_->declared().empty());
    }
    /// It refuses some for good, which are declared, and heals: what comes then is delivered.
    void be_refused(const std::string& way, const std::string& said) {
        begin();
        nginx_->fail(way);
        sink_->write(sent_.events);
        ASSERT_TRUE(sink_->is_emptied()) << sink_->counts().last_error;
        SinkCounts counts = sink_->counts();
        EXPECT_NE(counts.last_error.find(said), std::string::npos) << counts.last_error;
        EXPECT_EQ(counts.failures, 0u) << "none is tried again";
        EXPECT_EQ(counts.rejected, sent_.events.size());
        EXPECT_EQ(sink_->declared(), sent_.kinds());
        EXPECT_TRUE(receiver_->requests().empty()) << "it was not sent elsewhere";
        nginx_->heal();
        sink_->write(sent_.events);
        ASSERT_TRUE(sink_->is_emptied());
        EXPECT_EQ(sink_->counts().written, sent_.events.size());
        EXPECT_EQ(sink_->declared(), sent_.kinds()) << "nothing more";
        expect_each_once();
    }

    const SentEvents sent_;
    OtlpSettings settings_;
    std::unique_ptr<ReceiverProcess> receiver_;
    std::unique_ptr<Nginx> nginx_;
    std::unique_ptr<test::RealSink> sink_;
};

TEST_F(NginxProxy, PassesThrough) {
    begin();
    sink_->write(sent_.events);
    ASSERT_TRUE(sink_->is_emptied()) << sink_->counts().last_error;
    EXPECT_EQ(sink_->counts().written, sent_.events.size());
    expect_each_once();
}

TEST_F(NginxProxy, BadGatewayIsTriedAgain) {
    outlive("bad_gateway", "answers 502");
    expect_each_once();
}

TEST_F(NginxProxy, UnavailableIsTriedAgainWhenItSaid) {
    outlive("unavailable", "answers 503");
    expect_each_once();
    const SinkCounts counts = sink_->counts();
    EXPECT_GE(sink_->clock.elapsed_ns(), counts.failures * 7 * kSecond);
    EXPECT_LT(sink_->clock.elapsed_ns(), (counts.failures * 7 + 2) * kSecond);
}

TEST_F(NginxProxy, TooManyRequestsAreSpreadOut) {
    outlive("too_many", "answers 429");
    expect_each_once();
    EXPECT_GE(sink_->clock.elapsed_ns(), sink_->counts().failures * 5 * kSecond);
}

TEST_F(NginxProxy, ACutConnectionIsTriedAgain) {
    outlive("cut", "no answer");
    expect_each_once();
}

// The receiver has them, but the answer does not come in time: they are sent again, with the same ids.
TEST_F(NginxProxy, ASlowAnswerIsTriedAgain) {
    settings_.timeout_ns = kSecond / 4;
    outlive("slow", "timed out");
    const auto times = received();
    EXPECT_EQ(times.size(), sent_.events.size());
    for (const std::string& id : sent_.ids()) EXPECT_TRUE(times.contains(id)) << id;
}

TEST_F(NginxProxy, WhatIsTooLargeIsSplit) {
    begin();
    nginx_->fail("too_large");
    sink_->write(sent_.events);
    ASSERT_TRUE(sink_->is_emptied()) << sink_->counts().last_error;
    EXPECT_NE(sink_->counts().last_error, "") << "one at least was too large";
    EXPECT_EQ(sink_->counts().written, sent_.events.size());
    EXPECT_TRUE(sink_->declared().empty());
    expect_each_once();
    EXPECT_GT(receiver_->requests().size(), sent_.events.size() / test::RealSink::kBatchRecords + 1);
}

TEST_F(NginxProxy, WhatIsTooLargeByItselfIsDeclared) { be_refused("far_too_large", "answers 413"); }
TEST_F(NginxProxy, UnauthorizedIsRefused) {
    be_refused("unauthorized", "answers 401; check the credentials");
}
TEST_F(NginxProxy, ARedirectIsNotFollowed) {
    be_refused("elsewhere", "answers 307; redirects are not followed");
}

}  // namespace
}  // namespace whodid
