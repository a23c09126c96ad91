// SPDX-License-Identifier: Apache-2.0
// Connections asked for, taken and ended, datagrams and names: the deed for real, and every field of its
// event.
#include <algorithm>
#include <set>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

struct End {
    std::string address;
    int port = 0;
};

End end_of(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string address = text.substr(0, colon);
    if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
    return {address, std::stoi(text.substr(colon + 1))};
}

class Network : public SensorTest {
protected:
    std::vector<Facts> do_way(std::vector<std::string> arguments) {
        RunOptions options;
        options.loginuid = kAlice.uid;
        const auto facts = stage_->deed("net_ways", arguments, options);
        EXPECT_TRUE(worked(facts)) << arguments.front();
        return facts && !facts->empty() ? *facts : std::vector<Facts>{Facts("")};
    }
    std::optional<Json> event_of(const Facts& facts, const std::string& kind,
                                 std::function<bool(const Json&)> where = {}) {
        return sensor_->wait_for({kind, facts.pid(), std::move(where)});
    }
    static std::function<bool(const Json&)> to_port(int port) {
        return [port](const Json& e) { return at(e, "network.peer.port") == port; };
    }
};

TEST_F(Network, ConnectionsTellBothEnds) {
    for (const auto& [way, type] : {std::pair{"tcp4", "ipv4"}, {"tcp6", "ipv6"}}) {
        const Facts facts = do_way({way}).front();
        const End remote = end_of(facts.text("remote"));
        const auto event = event_of(facts, "network.connect", to_port(remote.port));
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"event.outcome", "success"},
                                   {"network.transport", "tcp"},
                                   {"network.type", type},
                                   {"network.peer.address", remote.address},
                                   {"network.local.port", end_of(facts.text("local")).port},
                                   {"whodid.network.direction", "egress"},
                                   {"user.id", std::to_string(kAlice.uid)}}),
                  "");
    }
}

// traps.md 39: once on either side, however many sockets of the kernel a connection passes.
TEST_F(Network, Trap39_AConnectionIsOneConnectAndOneAccept) {
    const Facts facts = do_way({"accept"}).front();
    const auto client = static_cast<pid_t>(facts.number("client"));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const auto accepts = sensor_->all({"network.accept", facts.pid(), {}});
    const auto connects = sensor_->all({"network.connect", client, {}});
    ASSERT_EQ(accepts.size(), 1u);
    ASSERT_EQ(connects.size(), 1u);
    const End from = end_of(facts.text("remote")), to = end_of(facts.text("local"));
    EXPECT_EQ(lacking(accepts[0], {{"network.peer.port", from.port}, {"network.local.port", to.port}}), "");
    EXPECT_EQ(lacking(connects[0], {{"network.peer.port", to.port}, {"network.local.port", from.port}}), "");
    EXPECT_TRUE(sensor_->all({"network.connect", facts.pid(), {}}).empty());
}

// traps.md 24: one process has one id in all that it does, also where an interrupt tells of it.
TEST_F(Network, Trap24_OneProcessHasOneId) {
    const Facts facts = do_way({"close_idle"}).front();
    for (const char* last : {"network.close", "process.exit"})  // in either order
        ASSERT_TRUE(sensor_->wait_for({last, facts.pid(), {}})) << last;
    std::set<Json> ids;
    for (const char* kind :
         {"process.exec", "file.open", "network.connect", "network.close", "process.exit"}) {
        const auto events = sensor_->all({kind, facts.pid(), {}});
        EXPECT_FALSE(events.empty()) << kind;
        for (const Json& event : events) ids.insert(at(event, "whodid.process.entity_id"));
    }
    EXPECT_EQ(ids.size(), 1u) << Json(ids).dump();
}

// traps.md 34: an IPv4 address in an IPv6 socket is an IPv4 address.
TEST_F(Network, Trap34_MappedAddressesAreIpv4) {
    const Facts facts = do_way({"mapped"}).front();
    const auto event = event_of(facts, "network.connect");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"network.type", "ipv4"}, {"network.peer.address", "127.0.0.1"}}), "");
}

TEST_F(Network, RefusedIsAFailureOnce) {
    for (const char* way : {"refused", "nonblocking_refused"}) {
        const Facts facts = do_way({way}).front();
        const auto event = event_of(facts, "network.connect");
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"event.outcome", "failure"},
                                   {"error.type", "ECONNREFUSED"},
                                   {"network.peer.port", end_of(facts.text("remote")).port}}),
                  "");
        ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
        EXPECT_EQ(sensor_->all({"network.connect", facts.pid(), {}}).size(), 1u) << way;
    }
}

TEST_F(Network, TimedOutIsAFailure) {
    const Facts facts = do_way({"timed_out"}).front();
    const End remote = end_of(facts.text("remote"));
    const auto event = event_of(facts, "network.connect", [&](const Json& e) {
        return at(e, "network.peer.port") == remote.port && at(e, "event.outcome") == "failure";
    });
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "error.type"), "ETIMEDOUT");
}

// traps.md 35: EINPROGRESS is neither failure nor success.
TEST_F(Network, Trap35_NonBlockingTellsTheRealResult) {
    const Facts facts = do_way({"nonblocking"}).front();
    const auto event = event_of(facts, "network.connect", to_port(end_of(facts.text("remote")).port));
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "event.outcome"), "success");
    EXPECT_TRUE(sensor_
                    ->all({"network.connect", facts.pid(),
                           [](const Json& e) { return at(e, "error.type") == "EINPROGRESS"; }})
                    .empty());
}

// traps.md 36: of a datagram the destination is in the message, or in the connected socket.
TEST_F(Network, Trap36_DatagramsTellTheirDestination) {
    const Facts connected = do_way({"udp_connect"}).front();
    const auto connect = event_of(connected, "network.connect");
    ASSERT_TRUE(connect);
    EXPECT_EQ(at(*connect, "network.transport"), "udp");
    for (const char* way : {"udp_sendto", "udp_sendmsg", "udp_sendmmsg"}) {
        const Facts facts = do_way({way}).front();
        const auto event = event_of(facts, "network.send", to_port(end_of(facts.text("remote")).port));
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"network.transport", "udp"}, {"network.peer.address", "127.0.0.1"}}), "");
    }
}

TEST_F(Network, NamesAskedForAreTold) {
    for (const char* way : {"dns_sendto", "dns_send", "dns_sendmsg", "dns_sendmmsg"}) {
        const Facts facts = do_way({way}).front();
        const auto event = event_of(facts, "network.dns");
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(at(*event, "dns.question.name"), facts.text("name")) << way;
    }
}

TEST_F(Network, UnixSocketsTellTheirPath) {
    for (const char* way : {"unix_path", "unix_abstract", "unix_enoent", "unix_refused"}) {
        const Facts facts = do_way({way, "/tmp"}).front();
        const auto event = event_of(facts, "network.connect", [&](const Json& e) {
            return at(e, "network.peer.address") == facts.text("remote");
        });
        ASSERT_TRUE(event) << way << " " << facts.text("remote");
        EXPECT_EQ(at(*event, "network.transport"), "unix");
        EXPECT_EQ(at(*event, "event.outcome"), facts.result() < 0 ? "failure" : "success");
    }
}

TEST_F(Network, BindListenAndAcceptAreTold) {
    const Facts bound = do_way({"bind"}).front();
    const auto bind = event_of(bound, "network.bind");
    ASSERT_TRUE(bind);
    EXPECT_EQ(at(*bind, "network.local.port"), end_of(bound.text("local")).port);
    const auto taken = event_of(do_way({"bind_taken"}).front(), "network.bind",
                                [](const Json& e) { return at(e, "error.type") == "EADDRINUSE"; });
    EXPECT_TRUE(taken);
    EXPECT_TRUE(event_of(do_way({"listen"}).front(), "network.listen"));
    const auto all = do_way({"accept"});
    const auto accept = event_of(all.front(), "network.accept");
    ASSERT_TRUE(accept);
    EXPECT_EQ(at(*accept, "whodid.network.direction"), "ingress");
}

// traps.md 38: sendfile passes by where sensors have counted.
TEST_F(Network, Trap38_BytesAreToldAtTheEnd) {
    for (const std::string way : {"transfer", "sendfile"}) {
        const auto all = do_way({way, "/tmp", "100000"});
        const auto found = std::ranges::find_if(all, [&](const Facts& f) { return f.deed() == way; });
        ASSERT_NE(found, all.end());
        const auto event = event_of(*found, "network.close", to_port(end_of(found->text("remote")).port));
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"whodid.network.bytes_sent", found->number("sent")},
                                   {"whodid.network.bytes_received", found->number("received")}}),
                  "")
            << way;
    }
}

// traps.md 37: a connection that carried nothing ends too, and is its process', whoever was interrupted.
TEST_F(Network, Trap37_CloseWithoutTrafficIsTold) {
    const Facts facts = do_way({"close_idle"}).front();
    const auto event = event_of(facts, "network.close");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.network.bytes_sent", 0},
                               {"whodid.network.bytes_received", 0},
                               {"user.id", std::to_string(kAlice.uid)},
                               {"process.executable.name", "net_ways"}}),
              "");
}

// traps.md 49, as for files.
TEST_F(Network, Trap49_ConnectsThroughIoUringAreTold) {
    for (const auto& [way, outcome] : {std::pair{"connect", "success"}, {"connect_refused", "failure"}}) {
        const auto facts = stage_->deed("uring_ways", {way, "/tmp"});
        if (!facts || facts->empty() || facts->front().result() == -ENOSYS ||
            facts->front().result() == -EPERM)
            GTEST_SKIP() << "no io_uring here";
        const auto event = event_of(facts->front(), "network.connect");
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(at(*event, "event.outcome"), outcome);
    }
}

}  // namespace
}  // namespace whodid::live
