// SPDX-License-Identifier: Apache-2.0
// Folding: what is counted instead of told is told in the end, to the last act.
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"
#include "stage_pty.h"

namespace whodid::live {
namespace {

constexpr const char* kTop = "/tmp/repeats";

/// What makes acts alike.
std::string sort_of(const Json& event) {
    std::string sort;
    for (const char* key : {"event.name", "error.type", "user.name", "whodid.session.id",
                            "process.executable.path", "file.path", "whodid.file.flags",
                            "whodid.file.new_mode", "network.peer.address", "network.peer.port"})
        sort += text_at(event, key) + " ";
    return sort;
}

bool is_of_load(const Json& event) {
    const std::string kind = text_at(event, "event.name");
    if (kind == "whodid.network.connect")
        return text_at(event, "network.peer.address").starts_with("192.0.2.");
    return kind.starts_with("whodid.file.") && text_at(event, "file.path").starts_with(kTop);
}

using Totals = std::map<std::string, long>;  // acts of each sort

struct Told {
    Totals totals;
    long events = 0, closings = 0;
};

/// Sorts whose totals are not the same: a line each.
std::string differences(const Totals& a, const Totals& b) {
    std::string lines;
    for (const auto& [sort, count] : a)
        if (const auto found = b.find(sort); found == b.end() || found->second != count)
            lines += sort + std::to_string(count) + ", folded " +
                     std::to_string(found == b.end() ? 0 : found->second) + "\n";
    for (const auto& [sort, count] : b)
        if (!a.contains(sort)) lines += sort + "0, folded " + std::to_string(count) + "\n";
    return lines;
}

struct Way {
    const char* name;
    std::vector<std::string> arguments;
    long count, milliseconds;
    long fewer;  // events there are at most: those of all acts by this
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class Fold : public SensorTest, public testing::WithParamInterface<Way> {
protected:
    Told told_by(Sensor& sensor) {
        Told told;
        std::set<std::string> before;
        for (const Json& event : sensor.all({"", 0, is_of_load})) {
            ++told.events;
            const long count =
                at(event, "whodid.count").is_number() ? at(event, "whodid.count").get<long>() : 1;
            const std::string first = text_at(event, "whodid.fold.of");
            EXPECT_TRUE(before.insert(text_at(event, "event.id")).second) << "told twice: " << event;
            told.totals[sort_of(event)] += first.empty() ? count : count - 1;
            if (first.empty()) continue;
            ++told.closings;
            EXPECT_GT(count, 1) << event;
            EXPECT_TRUE(before.contains(first)) << "the first of them was not told before: " << event;
            EXPECT_LE(text_at(event, "whodid.first"), text_at(event, "whodid.last")) << event;
        }
        return told;
    }
};

TEST_P(Fold, TotalsAreThoseOfEveryEvent) {
    std::vector<std::string> arguments = GetParam().arguments;
    arguments.push_back("--fold");
    auto folding = Sensor::start(arguments);
    ASSERT_TRUE(worked(folding));
    RunOptions options = as_user(kRoot);
    options.limit = milliseconds(120'000);
    const auto facts = stage_->deed(
        "repeats",
        {kTop, std::to_string(GetParam().count), "4", std::to_string(GetParam().milliseconds), "20261129"},
        options);
    ASSERT_TRUE(worked(facts));
    const auto done = stage_->run({"/bin/true", "repeats-are-over"});
    ASSERT_TRUE(exited(0, done));
    ASSERT_TRUE(sensor_->wait_for({"process.exit", done->pid, {}}));
    const auto said = (*folding)->stop();
    ASSERT_TRUE(worked(said));
    const Json ledger = ledger_of(*said);
    EXPECT_EQ(ledger["balanced"], true) << ledger["imbalances"];

    const Told every = told_by(*sensor_), folded = told_by(**folding);
    EXPECT_EQ(every.closings, 0);
    EXPECT_EQ(differences(every.totals, folded.totals), "");
    EXPECT_GE(every.events, facts->back().number("acts"));
    EXPECT_GT(folded.closings, 0);
    EXPECT_LT(folded.events, every.events / GetParam().fewer);
    RecordProperty("events", std::to_string(every.events));
    RecordProperty("events_folded", std::to_string(folded.events));
}

class FoldWatched : public SensorTest {
protected:
    static std::vector<Json> opens_of(Sensor& sensor, const std::string& path) {
        return sensor.all({"file.open", 0, [&](const Json& e) { return text_at(e, "file.path") == path; }});
    }
    static long acts_in(const std::vector<Json>& events) {
        long acts = 0;
        for (const Json& event : events) {
            const Json count = at(event, "whodid.count");
            acts += count.is_number() ? count.get<long>() : 1;
            acts -= at(event, "whodid.fold.of").is_null() ? 0 : 1;
        }
        return acts;
    }
};

// What a person does with what is watched is told each time; what a script does, counted, and told soon.
TEST_F(FoldWatched, APersonsActsAreToldEachTimeAndTheirTotalsAreExact) {
    constexpr long kTimes = 40;
    const std::string directory = "/tmp/fold-watched", list = directory + ".watch";
    ASSERT_TRUE(worked(stage_->run({"/bin/sh", "-c",
                                    "mkdir -m 777 -p " + directory + "; echo x >" + directory +
                                        "/watched; echo x >" + directory + "/other"})));
    std::ofstream(list) << directory << "/watched rw tag=secret\n";
    auto folding = Sensor::start({"--fold", "--watch", list});
    ASSERT_TRUE(worked(folding));
    RunOptions options = as_user(kAlice);
    options.loginuid = kAlice.uid;
    const auto terminal = PtySession::start(stage_->world(), {"/bin/sh"}, options);
    ASSERT_TRUE(worked(terminal));
    const std::string loop = "i=0; while [ $i -lt " + std::to_string(kTimes) + " ]; do read a <" + directory +
                             "/watched; read a <" + directory + "/other; sleep 0.05; i=$((i+1)); done";
    ASSERT_TRUE(worked((*terminal)->send(loop + "; exit")));
    ASSERT_TRUE(worked((*terminal)->wait()));
    ASSERT_TRUE((*folding)->wait_for({"process.exit", (*terminal)->pid(), {}}));
    ASSERT_TRUE(worked((*folding)->stop()));
    ::unlink(list.c_str());
    const auto watched = opens_of(**folding, directory + "/watched"),
               other = opens_of(**folding, directory + "/other");
    EXPECT_EQ(acts_in(watched), kTimes);
    EXPECT_EQ(acts_in(other), kTimes);
    EXPECT_EQ(other.size(), 2u);
    EXPECT_GT(watched.size(), 3u * kTimes / 4) << "but those of the first instant";
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Fold,
    testing::Values(Way{"InOneWindow", {}, 20'000, 1000, 10},
                    Way{"WhenTheTableIsFull", {"--fold-entries", "64"}, 20'000, 1000, 1},
                    Way{"WhenWindowsEndInTheMidst", {"--fold-window", "1s"}, 20'000, 5000, 4}),
    [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace whodid::live
