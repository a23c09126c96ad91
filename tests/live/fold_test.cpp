// SPDX-License-Identifier: Apache-2.0
// Folding: what is counted instead of told is told in the end, to the last act.
#include <map>
#include <set>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

constexpr const char* kTop = "/tmp/repeats";

std::string text(const Json& event, const char* key) {
    const Json value = at(event, key);
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

/// What makes acts alike.
std::string sort_of(const Json& event) {
    std::string sort;
    for (const char* key : {"event.name", "error.type", "user.name", "whodid.session.id",
                            "process.executable.path", "file.path", "whodid.file.flags",
                            "whodid.file.new_mode", "network.peer.address", "network.peer.port"})
        sort += text(event, key) + " ";
    return sort;
}

bool is_of_load(const Json& event) {
    const std::string kind = text(event, "event.name");
    if (kind == "whodid.network.connect") return text(event, "network.peer.address").starts_with("192.0.2.");
    return kind.starts_with("whodid.file.") && text(event, "file.path").starts_with(kTop);
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
            const std::string first = text(event, "whodid.fold.of");
            EXPECT_TRUE(before.insert(text(event, "event.id")).second) << "told twice: " << event;
            told.totals[sort_of(event)] += first.empty() ? count : count - 1;
            if (first.empty()) continue;
            ++told.closings;
            EXPECT_GT(count, 1) << event;
            EXPECT_TRUE(before.contains(first)) << "the first of them was not told before: " << event;
            EXPECT_LE(text(event, "whodid.first"), text(event, "whodid.last")) << event;
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

INSTANTIATE_TEST_SUITE_P(
    Ways, Fold,
    testing::Values(Way{"InOneWindow", {}, 20'000, 1000, 10},
                    Way{"WhenTheTableIsFull", {"--fold-entries", "64"}, 20'000, 1000, 1},
                    Way{"WhenWindowsEndInTheMidst", {"--fold-window", "1s"}, 20'000, 5000, 4}),
    [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace whodid::live
