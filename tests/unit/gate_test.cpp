// SPDX-License-Identifier: Apache-2.0
// The gate: what is left in the kernel is nothing that a filter would have kept.
#include "filter/gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "filter/filter.h"
#include "unit/made_event.h"

namespace whodid {
namespace {

using Facts = std::array<std::uint64_t, REC_FACTS>;

/// As bpf/gate.bpf.h does it.
bool drops(const rec_gate& gate, rec_gate_row row, const Facts& facts) {
    if (!((facts[REC_FACT_ERROR] == 0 ? gate.successes : gate.rows) >> row & 1)) return false;
    unsigned answers = 0;
    for (unsigned i = 0; i < gate.used; ++i) {
        const rec_range& range = gate.ranges[i];
        if (facts[range.fact] >= range.low && facts[range.fact] <= range.high) answers |= 1u << range.test;
    }
    return gate.drop[row][answers / 32] >> answers % 32 & 1;
}

rec_gate_row row_of(std::uint16_t kind) {
    switch (kind) {
        case REC_FILE_OPEN:
            return REC_GATE_OPEN;
        case REC_FILE_MAP:
            return REC_GATE_MAP;
        case REC_NETWORK_CONNECT:
            return REC_GATE_CONNECT;
        case REC_NETWORK_ACCEPT:
            return REC_GATE_ACCEPT;
        case REC_NETWORK_SEND:
            return REC_GATE_SEND;
        default:
            return REC_GATE_CLOSE;
    }
}

std::uint64_t peer_fact(const rec_net& r) {
    const IpAddress peer = make_ip(std::to_array(r.peer), r.family);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < (peer.family == AF_INET ? 4 : 8); ++i) number = number << 8 | peer.bytes[i];
    return peer.family == AF_INET ? REC_PEER_V4 | number : number;
}

/// What the kernel knows of the act that an event tells.
Facts facts_of(const Event& event) {
    Facts facts{};
    facts[REC_FACT_LOGIN] = event.process->login_uid;
    facts[REC_FACT_EUID] = event.process->credentials.euid;
    facts[REC_FACT_PID] = event.process->pid;
    facts[REC_FACT_ERROR] = static_cast<std::uint64_t>(event.error());
    if (!is_file(event.kind->id)) {
        const auto& r = event.as<rec_net>();
        facts[REC_FACT_PEER] = peer_fact(r);
        facts[REC_FACT_PEER_PORT] = r.peer_port;
        facts[REC_FACT_LOCAL_PORT] = r.local_port;
    }
    return facts;
}

struct GateTest : testing::Test {
    GateTest() {
        const int results[] = {0, -ENOENT, -ENOTDIR, -EROFS, -ECONNREFUSED, -ETIMEDOUT};
        std::vector<std::shared_ptr<const Process>> actors = {maker.alice(), maker.alice(0, "/usr/bin/ssh"),
                                                              test::Maker::daemon("/usr/lib/y"),
                                                              test::Maker::daemon("/usr/bin/nginx", 33)};
        for (const auto& actor : actors)
            for (const int result : results) {
                add_files(actor, result);
                for (const auto kind :
                     {REC_NETWORK_CONNECT, REC_NETWORK_ACCEPT, REC_NETWORK_SEND, REC_NETWORK_CLOSE})
                    add_network(kind, actor, result);
            }
    }

    void add_files(const std::shared_ptr<const Process>& actor, int result) {
        for (const char* path : {"/etc/passwd", "/usr/lib/x.so", "/root/.ssh/id_rsa", "/home/a/Notes"})
            events.push_back(maker.file(REC_FILE_OPEN, path, actor, result, O_RDONLY | O_CLOEXEC));
        if (result == 0) events.push_back(maker.file(REC_FILE_MAP, "/usr/lib/x.so", actor));
    }

    void add_network(std::uint16_t kind, const std::shared_ptr<const Process>& actor, int result) {
        for (const char* peer : {"203.0.113.9", "10.1.2.3", "::ffff:10.1.2.3", "2001:db8::9", "2001:db9::1"})
            for (const std::uint16_t port : {22, 53, 443, 3306}) {
                auto made = test::Maker::record<rec_net>(kind, result);
                made->family =
                    std::string_view(peer).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
                made->protocol = IPPROTO_TCP;
                made->outgoing = kind != REC_NETWORK_ACCEPT;
                ::inet_pton(made->family, peer, made->peer);
                made->peer_port = port;
                made->local_port = 8080;
                made->h.task.sessionid = actor->audit_session;
                events.push_back(maker.event(std::move(made), actor));
            }
    }

    /// Acts that are dropped; none of them may be one that is kept.
    std::size_t dropped_by(const FilterOptions& options, const std::string& about) {
        auto filter = Filter::compile(options, {});
        if (!filter) {
            ADD_FAILURE() << filter.error().message;
            return 0;
        }
        const rec_gate gate = filter->gate();
        std::size_t dropped = 0;
        for (const Event& event : events) {
            if (!drops(gate, row_of(event.kind->id), facts_of(event))) continue;
            ++dropped;
            EXPECT_FALSE(filter->keeps(event)) << about << ": a " << event.kind->name;
        }
        return dropped;
    }
    std::size_t dropped_by(const std::string& expression) {
        FilterOptions options;
        options.expressions = {expression};
        return dropped_by(options, expression);
    }

    test::Maker maker;
    std::vector<Event> events;
};

std::string left_in_kernel(const std::string& expression) {
    const auto compiled = Expression::compile(expression);
    if (!compiled) return compiled.error().message;
    Demand demand;
    demand.filters = {&*compiled};
    return describe(make_gate(demand));
}

TEST_F(GateTest, DropsNothingThatAFilterOfTheTableKeeps) {
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../data/filter/expressions.txt");
    ASSERT_TRUE(file);
    std::size_t filters = 0, dropped = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#') || line.starts_with(' ')) continue;
        ++filters;
        dropped += dropped_by(line);
    }
    EXPECT_GT(filters, 100u);
    EXPECT_GT(dropped, 20 * events.size());
}

TEST_F(GateTest, DropsNothingThatTheseKeepEither) {
    for (const char* expression : {"user.id == 1004",
                                   "user.id != 1004",
                                   "not user.id in {0, 1004}",
                                   "user.id == \"01004\"",
                                   "exists user.id",
                                   "euid < 33",
                                   "euid <= 33",
                                   "euid > 0 and euid < 34",
                                   "euid >= 33",
                                   "euid != 33",
                                   "euid > -1",
                                   "euid < 0",
                                   "pid == 901",
                                   "not pid == 901",
                                   "error == \"ENOENT\"",
                                   "error != \"ENOENT\"",
                                   "not exists error",
                                   "outcome == success",
                                   "outcome != success",
                                   "outcome in {failure, unknown}",
                                   "dport < 443",
                                   "dport != 22",
                                   "not dport == 22",
                                   "lport == 8080",
                                   "peer in {10.0.0.0/8}",
                                   "peer != 10.1.2.3",
                                   "not peer in {10.1.2.3}",
                                   "peer in {2001:db8::/32}",
                                   "peer in {2001:db8::/31, 203.0.113.0/24}",
                                   "peer in {::/0}",
                                   "peer in {0.0.0.0/0}",
                                   "peer == 2001:db8::9",
                                   "peer == \"/run/x\"",
                                   "access == \"r\"",
                                   "access != \"r\"",
                                   "access in {\"r\", \"x\"}",
                                   "kind == open or dport == 22",
                                   "not (kind == open and user.id == 1004)",
                                   "kind == connect",
                                   "kind == close and dport == 443",
                                   "path startswith \"/etc/\" and user.id == 1004",
                                   "user == \"alice\" or euid == 33",
                                   "user glob \"a*\" and dport in {22, 53}"})
        dropped_by(expression);
}

TEST_F(GateTest, DropsNothingThatTheOtherWaysToAskKeep) {
    FilterOptions options;
    EXPECT_GT(dropped_by(options, "defaults"), 0u);
    for (const Profile profile : {Profile::kQuiet, Profile::kStandard}) {
        options.profile = profile;
        EXPECT_GT(dropped_by(options, std::string(profile_name(profile))), 0u);
    }
    options = {};
    options.kinds = {"exec"};
    EXPECT_EQ(dropped_by(options, "exec"), events.size());
    options.kinds = {"open"};
    options.failed_only = true;
    EXPECT_GT(dropped_by(options, "failed opens"), 0u);
    options = {};
    options.users = {"alice"};
    EXPECT_GT(dropped_by(options, "alice"), events.size() / 3);
    options.users = {"-"};
    dropped_by(options, "nobody");
    options.users = {"*"};
    dropped_by(options, "anybody");
    options = {};
    options.conditions = {{{"file.path", "whodid.file.target_path"}, {"/etc/*"}}};
    EXPECT_GT(dropped_by(options, "a path"), 0u);
}

// The kernel side knows no tags: what it leaves out for the budget is nothing that can have some.
TEST_F(GateTest, DropsNothingThatTheBudgetTells) {
    Budget budget({}, {}, 0);
    std::vector<FilterOptions> ways(3);
    ways[0].everything = true;
    ways[1].profile = Profile::kStandard;
    ways[2].expressions = {"user.id == 1004 or dport == 443"};
    std::size_t before = 0;
    for (int step = 0; step <= kBudgetSteps; ++step) {
        std::size_t dropped = 0;
        for (const FilterOptions& way : ways) {
            auto filter = Filter::compile(way, {});
            ASSERT_TRUE(filter);
            const rec_gate gate = filter->gate(static_cast<BudgetStep>(step));
            for (const Event& event : events) {
                if (!drops(gate, row_of(event.kind->id), facts_of(event))) continue;
                ++dropped;
                const auto leaves_out = static_cast<int>(budget.step_of(event));
                EXPECT_TRUE(!filter->keeps(event) || (leaves_out != 0 && leaves_out <= step))
                    << step << ": " << event.kind->name << " " << event.path << " " << event.error();
            }
        }
        EXPECT_GE(dropped, before);
        if (step == 1 || step == 2 || step == 4) {
            EXPECT_GT(dropped, before) << step;
        }
        before = dropped;
    }
}

TEST_F(GateTest, WhatIsDeniedComesOutWhateverTheBudget) {
    FilterOptions options;
    options.everything = true;
    const auto filter = Filter::compile(options, {});
    ASSERT_TRUE(filter);
    const rec_gate gate = filter->gate(BudgetStep::kPrograms);
    for (const int result : {-EACCES, -EPERM}) {
        const Event connect = maker.net(REC_NETWORK_CONNECT, test::Maker::daemon("/usr/bin/x"), result);
        EXPECT_FALSE(drops(gate, REC_GATE_CONNECT, facts_of(connect)));
    }
    EXPECT_TRUE(drops(gate, REC_GATE_CONNECT,
                      facts_of(maker.net(REC_NETWORK_CONNECT, test::Maker::daemon("/usr/bin/x")))));
}

TEST_F(GateTest, WhoWantsEverythingIsLeftNothingOut) {
    FilterOptions options;
    options.everything = true;
    const auto all = Filter::compile(options, {});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->gate().rows, 0u);
    options.profile = Profile::kForensic;
    const auto forensic = Filter::compile(options, {});
    ASSERT_TRUE(forensic);
    EXPECT_EQ(forensic->gate().rows, 0u);
}

TEST_F(GateTest, AProfileThatComesLaterHasItsOwn) {
    FilterOptions options;
    options.profile = Profile::kForensic;
    auto filter = Filter::compile(options, {});
    ASSERT_TRUE(filter);
    filter->use(Profile::kQuiet);
    EXPECT_NE(filter->gate().rows, 0u);
}

TEST_F(GateTest, ARowThatDropsNoSuccessSaysSo) {
    FilterOptions options;
    options.everything = true;
    options.profile = Profile::kStandard;
    auto filter = Filter::compile(options, {});
    ASSERT_TRUE(filter);
    EXPECT_NE(filter->gate().rows >> REC_GATE_OPEN & 1, 0);
    EXPECT_EQ(filter->gate().successes >> REC_GATE_OPEN & 1, 0);
    filter->use(Profile::kQuiet);
    EXPECT_NE(filter->gate().successes >> REC_GATE_OPEN & 1, 0);
}

TEST_F(GateTest, FieldsThatAKindLacksDecideWithoutAQuestion) {
    EXPECT_EQ(left_in_kernel("path startswith \"/etc/\""),
              "  file.open to read, not denied                 all come out\n"
              "  file.map                                      all come out\n"
              "  network.connect of services, to other hosts   none comes out\n"
              "  network.accept of services, from other hosts  none comes out\n"
              "  network.send of services, to other hosts      none comes out\n"
              "  network.close of services, with other hosts   none comes out\n");
    EXPECT_EQ(left_in_kernel("access == \"w\""), left_in_kernel("kind == exec"));
}

// The name that was asked for is told of a connection's end as well.
TEST_F(GateTest, ConnectionsWhoseEndIsWantedComeOut) {
    const std::string ends = left_in_kernel("kind == close");
    EXPECT_NE(ends.find("network.connect of services, to other hosts   all come out"), std::string::npos)
        << ends;
    EXPECT_NE(ends.find("network.accept of services, from other hosts  none comes out"), std::string::npos);
    const std::string some = left_in_kernel("kind == close and dport == 443 and outcome == failure");
    EXPECT_NE(some.find("network.connect of services, to other hosts   some"), std::string::npos) << some;
}

TEST_F(GateTest, MoreThanItHasRoomForIsUserspaces) {
    std::string ports, questions;
    for (int i = 1; i <= 2 * WHODID_GATE_RANGES; ++i) ports += (i > 1 ? ", " : "") + std::to_string(3 * i);
    EXPECT_NE(
        left_in_kernel("dport in {" + ports + "}").find("network.accept of services, from other hosts  all"),
        std::string::npos);
    for (int i = 1; i <= 2 * WHODID_GATE_TESTS; ++i)
        questions +=
            (i > 1 ? " or " : "") + std::string("(pid == ") + std::to_string(i) + " and path == \"/x\")";
    EXPECT_NE(left_in_kernel(questions).find("file.open to read, not denied                 all come out"),
              std::string::npos);
    dropped_by(questions);
    // Ranges that touch are one: what is there to be told apart is, however it is written.
    std::string neighbours;
    for (int i = 1; i <= 2 * WHODID_GATE_RANGES; ++i) neighbours += (i > 1 ? ", " : "") + std::to_string(i);
    EXPECT_NE(left_in_kernel("dport in {" + neighbours + "}")
                  .find("network.accept of services, from other hosts  some"),
              std::string::npos);
}

}  // namespace
}  // namespace whodid
