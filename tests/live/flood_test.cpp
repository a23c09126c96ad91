// SPDX-License-Identifier: Apache-2.0
// Floods: nothing is lost silently. What the kernel side counted is what came out, or is counted as lost and
// said so in the stream.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "sensor.h"
#include "source/recording.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

/// Floods have a sensor of their own, whose ledger is looked at when they are over.
class Flood : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
        const auto stage = shared_stage();
        ASSERT_TRUE(worked(stage));
        stage_ = *stage;
    }
    const Stage* stage_ = nullptr;
};

long number(const Json& ledger, const std::string& kind, const std::string& counter) {
    const auto found = ledger["kinds"].find(kind);
    return found == ledger["kinds"].end() ? 0 : (*found)[counter].get<long>();
}

/// WHODID_FLOOD_OPENS and _EXECS make it shorter or longer.
long setting(const char* name, long otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atol(text) : otherwise;
}

// traps.md 42 and 44: loss is counted at every station, and a flood of opens costs no exec and no login.
TEST_F(Flood, Trap42_TheLedgerBalancesAndVitalEventsAreComplete) {
    const long opens = setting("WHODID_FLOOD_OPENS", 200'000), execs = setting("WHODID_FLOOD_EXECS", 20'000);
    auto started = Sensor::start({"--ring-size", "64M"});
    if (cannot_be_here(started)) GTEST_SKIP() << started.error().message;
    ASSERT_TRUE(worked(started));
    const std::unique_ptr<Sensor> sensor = std::move(*started);
    RunOptions options;
    options.limit = milliseconds(600'000);
    const auto facts = stage_->deed("flood", {std::to_string(opens), std::to_string(execs), "4"}, options);
    ASSERT_TRUE(worked(facts));
    const Facts& done = facts->back();
    ASSERT_EQ(done.result(), 0);
    ASSERT_TRUE(exited(0, stage_->ssh_password("alice", kAlice.password, "true")));
    ASSERT_TRUE(sensor->wait_for({"session.end", 0, {}}, milliseconds(60'000)));

    const long execs_told = static_cast<long>(sensor->count("process.exec", "\"/usr/bin/true\""));
    const long opens_told = static_cast<long>(sensor->count("file.open", "\"path\":\"/etc/hostname\""));
    const auto said = sensor->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    ASSERT_FALSE(ledger.is_null()) << *said;
    EXPECT_EQ(ledger["balanced"], true) << ledger["imbalances"];
    EXPECT_EQ(at(ledger, "total.malformed"), 0);
    for (const char* kind : {"process.exec", "process.exit", "process.fork", "raw.audit", "raw.credentials"})
        EXPECT_EQ(number(ledger, kind, "ring_full") + number(ledger, kind, "no_slot"), 0) << kind;
    EXPECT_GE(execs_told, done.number("execs"));
    const long opens_lost = number(ledger, "file.open", "ring_full") + number(ledger, "file.open", "no_slot");
    EXPECT_GE(opens_told + opens_lost, done.number("opens"));
    RecordProperty("opens", std::to_string(opens_told));
    RecordProperty("opens_lost", std::to_string(opens_lost));
    RecordProperty("execs", std::to_string(execs_told));
}

// traps.md 43: a record is as long as what it holds, not as the longest there may be.
TEST_F(Flood, Trap43_RecordsAreNoLongerThanTheyMust) {
    char directory[] = "/dev/shm/whodid-test-XXXXXX";
    ASSERT_TRUE(::mkdtemp(directory));
    const std::string top = directory;
    const auto recorded =
        run_in(this_world(),
               {"/bin/sh", "-c",
                "cd $1; ($0 record file -q -d 2s; echo $? >code) &\n"
                "while [ ! -s code ]; do cat /etc/hostname; sleep 0.1; done; exit $(cat code)",
                sensor_program(), top},
               {});
    std::size_t count = 0, bytes = 0;
    if (auto reader = RecordingReader::open(top + "/file"); reader)
        for (auto frame = (*reader)->next(); frame && *frame != RecordingReader::Frame::kEnd;
             frame = (*reader)->next())
            if (const auto* record = reinterpret_cast<const rec_hdr*>((*reader)->record().data());
                *frame == RecordingReader::Frame::kRecord && record->kind == REC_FILE_OPEN)
                ++count, bytes += record->size;
    std::filesystem::remove_all(top);
    ASSERT_TRUE(exited(0, recorded));
    ASSERT_GT(count, 0u);
    EXPECT_LT(bytes / count, 512u);  // rec_file and a path
}

// traps.md 42 and 44: what does not fit is announced, and the other ring does not suffer.
TEST_F(Flood, Trap44_ARingThatIsTooSmallSaysWhatIsMissing) {
    auto started = Sensor::start({"--ring-size", "4K"});
    if (cannot_be_here(started)) GTEST_SKIP() << started.error().message;
    ASSERT_TRUE(worked(started));
    const std::unique_ptr<Sensor> sensor = std::move(*started);
    const auto facts = stage_->deed("flood", {"50000", "20", "2"});
    ASSERT_TRUE(worked(facts));
    ASSERT_TRUE(sensor->wait_for({"sensor.loss", 0, {}}, milliseconds(20'000)));
    const auto said = sensor->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    EXPECT_EQ(ledger["balanced"], true) << ledger["imbalances"];
    long announced = 0;
    for (const Json& loss : sensor->all({"sensor.loss", 0, {}}))
        if (at(loss, "whodid.loss.kind") == "file.open")
            announced += at(loss, "whodid.loss.count").get<long>();
    const long missing = number(ledger, "file.open", "seen") - number(ledger, "file.open", "delivered");
    EXPECT_GT(missing, 0);
    EXPECT_EQ(announced, missing);
    EXPECT_EQ(number(ledger, "process.exec", "ring_full"), 0);
}

/// What the processes of a hammer did, and what was told of each: kind and process.
struct Hammering {
    std::map<long, long> acts;  // by process: how many of each kind
    long execs_done = 0, execs_told = 0;
    std::map<std::pair<std::string, long>, long> told;
    std::vector<std::string> foreign;  // lines with a field of another process
};

/// The process that stands in what an event names: "…/PID.THREAD.N", or the address 127.x.y.z.
std::optional<long> named_process(const Json& event, const std::string& directory) {
    for (const char* key : {"file.path", "whodid.file.target_path", "network.peer.address"}) {
        const Json value = at(event, key);
        if (!value.is_string()) continue;
        const auto text = value.get<std::string>();
        unsigned a = 0, b = 0, c = 0;
        if (text.starts_with(directory + "/")) return std::atol(text.c_str() + directory.size() + 1);
        if (std::sscanf(text.c_str(), "127.%u.%u.%u", &a, &b, &c) == 3) return long{a} << 16 | b << 8 | c;
    }
    return std::nullopt;
}

/// The process that an exec's arguments name.
std::optional<long> executed_process(const Json& event) {
    constexpr std::string_view kIs = "whodid-hammer-";
    if (at(event, "event.name") != "whodid.process.exec") return std::nullopt;
    const Json arguments = at(event, "process.command_args");
    if (!arguments.is_array() || arguments.size() != 2) return std::nullopt;
    const auto is = arguments[1].get<std::string>();
    if (!is.starts_with(kIs)) return std::nullopt;
    return std::atol(is.c_str() + kIs.size());
}

Hammering look_at(const std::vector<Json>& events, const std::vector<Facts>& facts,
                  const std::string& directory) {
    Hammering seen;
    for (const Facts& process : facts)
        if (process.deed() == "hammer") {
            seen.acts[process.pid()] = process.number("acts");
            seen.execs_done += process.number("execs");
        }
    for (const Json& event : events) {
        const Json pid = at(event, "process.pid");
        if (const auto executed = executed_process(event)) {
            if (pid != *executed || at(event, "process.executable.path") != "/usr/bin/true")
                seen.foreign.push_back(event.dump());
            ++seen.execs_told;
            continue;
        }
        const auto named = named_process(event, directory);
        if (!named || !seen.acts.contains(*named) || !pid.is_number()) continue;
        if (pid != *named) seen.foreign.push_back(event.dump());
        const auto kind = at(event, "event.name").get<std::string>().substr(7);
        ++seen.told[{kind, pid.get<long>()}];
    }
    return seen;
}

// Programs that preempt each other must not write into each other's records, and a run that the kernel skips
// for that is a loss that is counted.
TEST_F(Flood, PreemptedProgramsKeepTheirRecordsApart) {
    auto started = Sensor::start({"--ring-size", "64M"});
    if (cannot_be_here(started)) GTEST_SKIP() << started.error().message;
    ASSERT_TRUE(worked(started));
    const std::unique_ptr<Sensor> sensor = std::move(*started);
    const std::string directory = "/tmp/hammer", acts = std::to_string(setting("WHODID_HAMMER_ACTS", 500)),
                      execs = std::to_string(setting("WHODID_HAMMER_EXECS", 50));
    RunOptions options = as_user(kRoot);
    options.limit = milliseconds(120'000);
    const auto facts = stage_->deed("hammer", {directory, acts, "4", "4", execs}, options);
    ASSERT_TRUE(worked(facts));
    ASSERT_TRUE(
        sensor->wait_for({"file.rmdir", 0, [&](const Json& e) { return at(e, "file.path") == directory; }},
                         milliseconds(60'000)));
    const auto said = sensor->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    ASSERT_FALSE(ledger.is_null()) << *said;
    EXPECT_EQ(ledger["balanced"], true) << ledger["imbalances"];
    EXPECT_EQ(at(ledger, "total.malformed"), 0);

    const Hammering seen = look_at(sensor->all({"", 0, {}}), *facts, directory);
    ASSERT_EQ(seen.acts.size(), 4u);
    EXPECT_TRUE(seen.foreign.empty()) << seen.foreign.size() << " lines, as " << seen.foreign.front();
    const long execs_lost = number(ledger, "process.exec", "ring_full") +
                            number(ledger, "process.exec", "no_slot") +
                            number(ledger, "process.exec", "missed");
    EXPECT_LE(seen.execs_told, seen.execs_done);
    EXPECT_LE(seen.execs_done - seen.execs_told, execs_lost);
    // Of connects there are two an act: to a name, to an address.
    for (const auto& [kind, times] : {std::pair{"file.create", 1},
                                      {"file.chmod", 1},
                                      {"file.rename", 1},
                                      {"file.unlink", 1},
                                      {"network.connect", 2}}) {
        const long lost = number(ledger, kind, "ring_full") + number(ledger, kind, "no_slot") +
                          number(ledger, kind, "missed");
        long missing = 0;
        for (const auto& [pid, done] : seen.acts) {
            const auto told = seen.told.find({kind, pid});
            missing += times * done - (told == seen.told.end() ? 0 : told->second);
        }
        EXPECT_GE(missing, 0) << kind << ": told twice";
        EXPECT_LE(missing, lost) << kind;
        RecordProperty(std::string("lost:") + kind, std::to_string(lost));
    }
}

}  // namespace
}  // namespace whodid::live
