// SPDX-License-Identifier: Apache-2.0
// The line as a whole: order, counting, masking, the tap.
#include "app/pipeline.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "filter/watch_file.h"
#include "unit/allocations.h"
#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::block;
using test::kMs;
using test::kSecond;
using test::RecordBuilder;
using test::Seen;
using test::World;

class PipelineTest : public testing::Test, protected World {
protected:
    std::vector<char> exec_at(std::uint64_t boot_ns, const std::vector<std::string>& args) {
        auto r = exec_of(bash_, args);
        r->h.boot_ns = boot_ns;
        r->h.seq = boot_ns;
        return r.bytes();
    }
    std::vector<std::string> arguments() {
        std::vector<std::string> all;
        for (const Seen& seen : finish()) all.push_back(seen["process.command_args"]);
        return all;
    }

    Actor bash_ = Actor::process(4102, 1004).login(1004, 118).runs("/usr/bin/bash");
};

using Strings = std::vector<std::string>;

TEST_F(PipelineTest, Trap41_EventsComeInOrderOfTime) {
    for (const char* at : {"3", "1", "2"}) happens(exec_at(std::stoull(at) * kMs, {at}));
    (void)pipeline().advance(2 * kMs);
    EXPECT_EQ(sink.events.size(), 2u);
    happens(exec_at(1 * kMs, {"late"}));
    EXPECT_EQ(arguments(), (Strings{"1", "2", "late", "3"}));
    EXPECT_EQ(sink.events[2]["whodid.late"], "true");
    EXPECT_FALSE(sink.events[3].has("whodid.late"));
    for (std::size_t i = 0; i < sink.events.size(); ++i)
        EXPECT_EQ(sink.events[i]["whodid.seq"], std::to_string(i + 1));
}

TEST_F(PipelineTest, ARecordingKeepsItsOrder) {
    options.reorder = false;
    for (const char* at : {"3", "1", "2"}) happens(exec_at(std::stoull(at) * kMs, {at}));
    EXPECT_EQ(arguments(), (Strings{"3", "1", "2"}));
}

TEST_F(PipelineTest, Trap42_WhatMakesNoSenseIsCounted) {
    happens(std::vector<char>());
    happens(std::vector<char>(3));
    std::vector<char> cut = exec_at(kMs, {"x"});
    cut.pop_back();
    happens(cut);
    options.reorder = false;
    finish();
    EXPECT_EQ(ledger[0].received, 3u);
    EXPECT_EQ(ledger[0].malformed, 3u);
    EXPECT_TRUE(ledger.imbalances().empty());
    EXPECT_TRUE(sink.events.empty());
}

TEST_F(PipelineTest, StopsAfterTheCountThatWasAskedFor) {
    options.count_max = 2;
    for (std::uint64_t i = 1; i <= 5; ++i) happens(exec_at(i * kMs, {std::to_string(i)}));
    const auto going = pipeline().finish();
    ASSERT_TRUE(going);
    EXPECT_FALSE(*going);
    EXPECT_EQ(arguments(), (Strings{"1", "2"}));
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].filtered, 3u);
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(PipelineTest, WithoutASinkTheLedgerIsKept) {
    auto line = std::move(*Pipeline::make(stream, host, ledger, options, nullptr));
    line->take(exec_at(kMs, {"x"}));
    EXPECT_TRUE(*line->finish());
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].delivered, 1u);
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].filtered, 1u);
    EXPECT_TRUE(ledger.imbalances().empty());
}

/// A disk that is full from the n-th batch on.
class FullSink : public Sink {
public:
    Result<std::uint64_t> write(const Batch&) override {
        if (++writes < 2) return std::uint64_t{0};
        return Error{"no space", ENOSPC};
    }
    Result<void> flush() override { return {}; }
    int writes = 0;
};

TEST_F(PipelineTest, ASinkThatFailsIsAskedOnce) {
    FullSink full;
    auto line = std::move(*Pipeline::make(stream, host, ledger, options, &full));
    for (std::uint64_t i = 1; i <= 5; ++i) {
        line->take(exec_at(i * kMs, {"x"}));
        const auto going = line->advance(i * kMs);
        EXPECT_EQ(going.ok(), i != 2) << i;
    }
    EXPECT_EQ(full.writes, 2);
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(PipelineTest, NothingSeesASecret) {
    std::string tapped;
    pipeline().set_tap([&](const rec_hdr& r) { tapped.append(reinterpret_cast<const char*>(&r), r.size); });
    happens(exec_at(kMs, {"mysql", "-uroot", "-phunter2"}));
    EXPECT_EQ(arguments(), Strings{"mysql -uroot -p****"});
    EXPECT_EQ(sink.events[0]["whodid.process.masked"], "true");
    EXPECT_NE(tapped.find("mysql"), std::string::npos);
    EXPECT_EQ(tapped.find("hunter2"), std::string::npos);
}

TEST_F(PipelineTest, UnmaskedOnlyWhenAskedFor) {
    options.mask = false;
    happens(exec_at(kMs, {"mysql", "-phunter2"}));
    EXPECT_EQ(arguments(), Strings{"mysql -phunter2"});
    EXPECT_FALSE(sink.events[0].has("whodid.process.masked"));
}

TEST_F(PipelineTest, TheTapSeesEveryRecordAndNoMadeEvent) {
    std::vector<std::uint16_t> kinds;
    pipeline().set_tap([&](const rec_hdr& r) { kinds.push_back(r.kind); });
    there_was(bash_);
    tells_audit(Actor::process(1).runs("/usr/bin/python3"), kUserAuth, "acct=x");
    happens(std::vector<char>(20));
    pipeline().say_loss("kernel_ring", REC_FILE_OPEN, 7, 1, 2);
    finish();
    EXPECT_EQ(kinds, (std::vector<std::uint16_t>{REC_RAW_TASK, REC_SENSOR_LOSS, REC_RAW_AUDIT}));
    EXPECT_EQ(all("sensor.tamper").size(), 1u);
}

TEST_F(PipelineTest, WhatTheTapSawGivesTheSameEventsAgain) {
    std::vector<std::vector<char>> tapped;
    pipeline().set_tap([&](const rec_hdr& r) {
        const auto* bytes = reinterpret_cast<const char*>(&r);
        tapped.emplace_back(bytes, bytes + r.size);
    });
    there_was(bash_);
    starts(bash_.fork(4103).runs("/usr/bin/mysql"), {"mysql", "-phunter2"});
    exec_fails(bash_, "/bin/nix", ENOENT);
    happens(file_of(bash_, REC_FILE_OPEN, "/etc/hostname"));
    pipeline().say(REC_SENSOR_STOP, "bye");
    exits(bash_);
    finish();

    World again;
    again.options.reorder = false;
    for (const auto& record : tapped) again.happens(record);
    const auto& second = again.finish();
    ASSERT_EQ(second.size(), sink.events.size());
    std::set<std::string> first_lines, second_lines;
    for (const Seen& seen : sink.events) first_lines.insert(seen["event.id"] + seen.text);
    for (const Seen& seen : second) second_lines.insert(seen["event.id"] + seen.text);
    EXPECT_EQ(first_lines, second_lines);
}

TEST_F(PipelineTest, AHeartbeatTellsHowItFares) {
    happens(exec_at(now_ns + kMs, {"ls"}));
    (void)pipeline().advance(now_ns + kSecond);
    pipeline().say_heartbeat(3, 2);
    const Seen beat = one("sensor.heartbeat");
    EXPECT_EQ(beat["whodid.heartbeat.delivered"], "1");
    EXPECT_EQ(beat["whodid.heartbeat.lost"], "3");
    EXPECT_EQ(beat["whodid.heartbeat.missed"], "2");
    EXPECT_TRUE(beat.has("whodid.heartbeat.lag"));
}

TEST_F(PipelineTest, ASuccessorGoesOnCounting) {
    pipeline().go_on_from({41, 7}, std::uint64_t{2} << 32);
    happens(exec_at(kMs, {"ls"}));
    EXPECT_EQ(finish().front()["whodid.seq"], "42");
    EXPECT_EQ(pipeline().numbers().seq, 42u);
    EXPECT_EQ(pipeline().shown(), 8u);
}

TEST_F(PipelineTest, ALossIsAnEvent) {
    pipeline().say_loss("kernel_ring", REC_FILE_OPEN, 41, 1000 * kSecond, 1001 * kSecond);
    pipeline().say_loss("kernel_slot", 0, 1, 0, 0);
    const auto losses = all("sensor.loss");
    ASSERT_EQ(losses.size(), 2u);
    EXPECT_EQ(losses[0]["whodid.loss.kind"], "file.open");
    EXPECT_EQ(losses[0]["whodid.loss.count"], "41");
    EXPECT_EQ(losses[0]["whodid.loss.since"], "2026-11-24T14:00:00.000000000Z");
    EXPECT_EQ(losses[0]["whodid.loss.until"], "2026-11-24T14:00:01.000000000Z");
    EXPECT_EQ(losses[1]["whodid.loss.kind"], "unknown");
    EXPECT_FALSE(losses[1].has("whodid.loss.since"));
    EXPECT_NE(losses[0]["event.id"], losses[1]["event.id"]);
}

TEST_F(PipelineTest, ABudgetLeavesOutAndSaysSo) {
    options.budget.events_per_s = 1;
    EXPECT_EQ(pipeline().gate().rows, 0u);
    constexpr std::uint64_t kReads = 500;
    for (std::uint64_t i = 0; i < kReads; ++i) happens(file_of(bash_, REC_FILE_OPEN, "/srv/x"));
    happens(file_of(bash_, REC_FILE_CHMOD, "/srv/x"));
    finish();
    const LedgerLine& opens = ledger[REC_FILE_OPEN];
    EXPECT_GT(opens.written, 10u);
    EXPECT_LT(opens.written, 60u);
    EXPECT_EQ(opens.written + opens.shed, kReads);
    EXPECT_EQ(all("file.chmod").size(), 1u);
    EXPECT_TRUE(ledger.imbalances().empty());
    EXPECT_NE(pipeline().gate().rows, 0u);
    const Seen said = one("sensor.budget");
    EXPECT_NE(said["whodid.sensor.text"].find("step 1 of 5, was 0"), std::string::npos) << said;
    happens(file_of(bash_, REC_FILE_OPEN, "/srv/x"));
    finish();
    pipeline().say_left_out();
    finish();
    EXPECT_EQ(sink.events.back()["whodid.sensor.text"].find("budget: "), 0u) << sink.events.back();
    EXPECT_NE(sink.events.back()["whodid.sensor.text"].find("were left out: file.open 1"), std::string::npos);
    for (std::uint64_t i = 0; i < kReads; ++i) happens(file_of(bash_, REC_FILE_OPEN, "/srv/x"));
    finish();
    EXPECT_EQ(all("sensor.budget").size(), 2u) << "the stream's end takes no step";
    EXPECT_TRUE(ledger.imbalances().empty());
}

TEST_F(PipelineTest, ABudgetThatLeftNothingOutSaysNothing) {
    options.budget.events_per_s = 1;
    happens(file_of(bash_, REC_FILE_OPEN, "/srv/x"));
    finish();
    pipeline().say_left_out();
    finish();
    EXPECT_TRUE(all("sensor.budget").empty());
}

TEST_F(PipelineTest, AKindThatDoesNotExistIsAMistake) {
    options.filter.kinds = {"process.exek"};
    const auto made = Pipeline::make(stream, host, ledger, options, &sink);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("process.exec"), std::string::npos) << made.error().message;
}

TEST_F(PipelineTest, Trap42_AFloodBalances) {
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
        happens(exec_at(i * kMs / 10, {std::to_string(i)}));
        if (i % 1000 == 0) (void)pipeline().advance(i * kMs / 10);
    }
    EXPECT_EQ(finish().size(), 20'000u);
    EXPECT_EQ(ledger[REC_PROCESS_EXEC].written, 20'000u);
    EXPECT_TRUE(ledger.imbalances().empty());
}

/// Lines in memory, over and over.
struct JsonInMemory : Sink {
    Result<std::uint64_t> write(const Batch& batch) override {
        text.clear();
        for (const Event& event : batch.events) json.append(event, text);
        return text.size();
    }
    Result<void> flush() override { return {}; }
    JsonEncoder json{JsonShape::kNested};
    std::string text;
};

// From the record to the line. What starts and ends a process makes its snapshot, and bytes
// that are not UTF-8 a second value: they are not among them.
TEST_F(PipelineTest, AWarmOneAllocatesNothingForAnEvent) {
    there_was(bash_);
    JsonInMemory out;
    auto warm = std::move(*Pipeline::make(stream, host, ledger, options, &out));
    warm->take(exec_at(now_ns, {"bash"}));
    auto refused = file_of(bash_, REC_FILE_OPEN, "");
    refused->h.result = -ENOENT;
    refused->path.flags = REC_PATH_ABSENT;
    refused.path(&rec_file::base, "/home/alice/a/directory")
        .text(&rec_file::name, "../of/some/length/and/missing");
    auto renamed = file_of(bash_, REC_FILE_RENAME, "/srv/a/file/of/a/name/that/does/not/fit/into/a/string");
    renamed.path(&rec_file::base2, "/srv/a")
        .text(&rec_file::name2, "file/with/another/name/that/is/long/too");
    RecordBuilder<rec_net> sent(REC_NETWORK_SEND, bash_.task);
    sent->family = AF_INET6;
    sent->protocol = IPPROTO_UDP;
    sent->peer[0] = 0x20;
    sent->peer_port = 514;
    const std::vector<std::vector<char>> records = {
        file_of(bash_, REC_FILE_OPEN, "/usr/lib/x86_64-linux-gnu/libc.so.6").bytes(), refused.bytes(),
        file_of(bash_, REC_FILE_UNLINK, "/tmp/\"not\nplain\"").bytes(), renamed.bytes(), sent.bytes()};
    const auto tell = [&] {  // at one moment: what is looked up from time to time is no event's
        for (const std::vector<char>& record : records) warm->take(record);
        (void)warm->advance(now_ns);
    };
    for (int i = 0; i < 1000; ++i) tell();
    const test::Allocations allocations;
    for (int i = 0; i < 1000; ++i) tell();
    EXPECT_EQ(allocations.count(), 0u);
    EXPECT_NE(out.text.find("libc.so.6"), std::string::npos);
}

TEST_F(PipelineTest, WhatIsWatchedHasItsTagsForTheFilterToo) {
    host.links["/bin"] = "usr/bin";
    options.watch = *parse_watch_file("/etc/shadow r tag=a tag=b\n/bin/bash x tag=shell", "x");
    options.filter.expressions = {"exists tag"};
    starts(bash_, {"bash"});
    happens(file_of(bash_, REC_FILE_OPEN, "/etc/shadow"));
    happens(file_of(bash_, REC_FILE_OPEN, "/etc/passwd"));
    happens(file_of(bash_, REC_FILE_CHMOD, "/etc/shadow"));
    finish();
    ASSERT_EQ(sink.events.size(), 2u);
    EXPECT_EQ(sink.events[0]["whodid.tags"], "shell");
    EXPECT_EQ(sink.events[1]["whodid.tags"], "a b");
    EXPECT_EQ(sink.events[1].kind, "file.open");
    EXPECT_TRUE(ledger.imbalances().empty());
}

}  // namespace
}  // namespace whodid
