// SPDX-License-Identifier: Apache-2.0
// whodid volume: what it counts, proposes and prints.
#include "app/volume.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "filter/expression.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;
using nlohmann::json;

TEST(PathGroup, IsTheDirectoryCutWhereItIsUseful) {
    EXPECT_EQ(path_group("/usr/lib/x86_64-linux-gnu/libc.so.6"), "/usr/lib/**");
    EXPECT_EQ(path_group("/usr/lib/x"), "/usr/lib/**");
    EXPECT_EQ(path_group("/usr/lib"), "/usr/*");
    EXPECT_EQ(path_group("/etc/passwd"), "/etc/*");
    EXPECT_EQ(path_group("/x"), "/*");
    EXPECT_EQ(path_group("/"), "/*");
    EXPECT_EQ(path_group("/proc/1/stat"), "/proc/**");
    EXPECT_EQ(path_group("/procs/1/stat"), "/procs/1/**");
    EXPECT_EQ(path_group("/tmp/x"), "/tmp/**");
    EXPECT_EQ(path_group("/var/lib/dpkg/info/x"), "/var/lib/dpkg/**");
    EXPECT_EQ(path_group("/var/lib/x"), "/var/lib/*");
    EXPECT_EQ(path_group("/home/bob/.cache/x"), "/home/*/.cache/**");
    EXPECT_EQ(path_group("/home/bob/x"), "/home/*/*");
    EXPECT_EQ(path_group("/home/bob"), "/home/*");
    EXPECT_EQ(path_group(""), "-");
    EXPECT_EQ(path_group("x/y"), "relative");
}

TEST(ParsePrice, IsForAGigabyte) {
    EXPECT_EQ(*parse_price("0.30/GB"), 0.3);
    EXPECT_EQ(*parse_price("2"), 2);
    for (const char* wrong : {"", "x", "0", "-1", "nan", "inf", "1/TB", "1 /GB", "$1", "1/GBs"}) {
        const auto price = parse_price(wrong);
        ASSERT_FALSE(price) << wrong;
        EXPECT_EQ(price.error().message, fmt::format("'{}' is no price of a gigabyte: 0.30/GB", wrong));
    }
}

EventLine event_at(std::uint64_t seconds, const std::string& kind, const std::string& exe = "") {
    EventLine event;
    event.time_ns = seconds * 1'000'000'000;
    event.kind = kind;
    event.exe = exe;
    event.outcome = "success";
    return event;
}
EventLine a_read(const std::string& exe, const std::string& path, bool is_nobodys = true) {
    EventLine event = event_at(0, "file.open", exe);
    event.path = path;
    event.access = "r";
    event.user_basis = "kernel";
    if (!is_nobodys) event.user_id = "1004";
    return event;
}

/// "NAME EVENTS BYTES" of a table.
Strings rows(const VolumeCount& count, std::string_view name) {
    Strings all;
    for (const VolumeCount::Table& table : count.tables())
        if (table.name == name)
            for (const Tally::Group& group : table.tally.groups())
                all.push_back(fmt::format("{} {} {}", group.name, group.volume.events, group.volume.bytes));
    return all;
}

TEST(VolumeCount, CountsEachEventOnceInEachTable) {
    VolumeCount count;
    EventLine event = a_read("/usr/bin/cat", "/etc/passwd", false);
    count.add(event, 100);
    event.user_name = "alice";
    event.container_id = "0123456789abcdef0123";
    count.add(event, 50);
    event.image = "nginx:1.25";
    count.add(event, 25);
    count.add(event_at(9, "sensor.start"), 10);
    EXPECT_EQ(count.total(), (Volume{4, 185}));
    EXPECT_EQ(rows(count, "kind"), (Strings{"file.open 3 175", "sensor.start 1 10"}));
    EXPECT_EQ(rows(count, "program"), (Strings{"/usr/bin/cat 3 175", "- 1 10"}));
    EXPECT_EQ(rows(count, "path"), (Strings{"/etc/* 3 175", "- 1 10"}));
    EXPECT_EQ(rows(count, "container"), (Strings{"host 2 110", "0123456789ab 1 50", "nginx:1.25 1 25"}));
    EXPECT_EQ(rows(count, "user"), (Strings{"uid 1004 1 100", "alice 2 75", "- 1 10"}));
    EXPECT_EQ(count.last_ns() - count.first_ns(), 9'000'000'000u);
    EXPECT_EQ(count.bytes_in(18, 3), 6.0);
}

TEST(VolumeCount, ASpanWithoutLengthHasNoPace) {
    VolumeCount count;
    EXPECT_EQ(count.bytes_in(1, 1), std::nullopt);
    count.add(event_at(5, "process.fork"), 10);
    EXPECT_EQ(count.bytes_in(10, 1), std::nullopt);
}

// An event that two filters leave out counts once, and the second is worth what it adds.
TEST(VolumeCount, ProposalsThatOverlap) {
    VolumeCount count;
    count.add(a_read("/usr/bin/find", "/usr/lib/a"), 600);
    count.add(a_read("/usr/bin/find", "/srv/a"), 200);
    count.add(a_read("/usr/bin/cat", "/usr/lib/a", false), 100);
    count.add(event_at(1, "process.fork", "/usr/bin/make"), 70);
    count.add(event_at(1, "process.fork", "/usr/bin/small"), 9);
    count.add(event_at(1, "auth.attempt", "/usr/bin/sudo"), 21);
    ASSERT_EQ(count.total().bytes, 1000u);
    const auto proposals = count.propose(10);
    ASSERT_EQ(proposals.list.size(), 3u);
    EXPECT_EQ(proposals.list[0].cut.program, "/usr/bin/find");
    EXPECT_EQ(proposals.list[0].volume, (Volume{2, 800}));
    EXPECT_EQ(proposals.list[1].cut.place, "/usr/lib/**");
    EXPECT_EQ(proposals.list[1].volume, (Volume{2, 700}));
    EXPECT_EQ(proposals.list[2].cut.program, "/usr/bin/make");
    EXPECT_EQ(proposals.list[2].volume, (Volume{1, 70}));
    EXPECT_EQ(proposals.together, (Volume{4, 970}));
    EXPECT_EQ(count.propose(1).together, (Volume{2, 800}));
    EXPECT_TRUE(VolumeCount().propose(10).list.empty());
}

TEST(VolumeCount, GroupsAreBounded) {
    VolumeCount count(2);
    for (const char* exe : {"/a", "/b", "/c", "/a"}) count.add(event_at(1, "process.fork", exe), 10);
    EXPECT_EQ(rows(count, "program"), (Strings{"/a 2 20", "/b 1 10"}));
    EXPECT_EQ(count.tables()[1].tally.rest(), (Volume{1, 10}));
    EXPECT_EQ(count.propose(10).unknown, (Volume{1, 10}));
    const VolumeReport report{std::move(count), {}, 0, 1};
    EXPECT_NE(volume_text(report).find("(1 others)"), std::string::npos);
    EXPECT_NE(volume_text(report).find("(others, too many to tell apart)"), std::string::npos);
    EXPECT_NE(volume_text(report).find("not looked at: too many groups"), std::string::npos);
    const json read = json::parse(volume_json(report));
    EXPECT_EQ(read["by"]["program"]["others"]["groups"], 1);
    EXPECT_EQ(read["by"]["program"]["too_many"]["bytes"], 10);
    EXPECT_EQ(read["filters_not_looked_at"]["events"], 1);
}

TEST(VolumeText, SaysWhenThereIsNoFilter) {
    VolumeCount count;
    count.add(event_at(1, "auth.attempt", "/usr/bin/sudo"), 10);
    const std::string page = volume_text({std::move(count), {}, 0, 10});
    EXPECT_NE(page.find("a day    unknown: the span has no length\n"), std::string::npos) << page;
    EXPECT_TRUE(page.ends_with("\nNone of the filters of docs/volume.md saves a hundredth of it.\n")) << page;
    VolumeCount crowded(0);
    crowded.add(event_at(1, "process.fork", "/a"), 10);
    EXPECT_TRUE(volume_text({std::move(crowded), {}, 0, 10}).ends_with("  not looked at: too many groups\n"));
}

// ---- files ------------------------------------------------------------------------------------------------

class VolumeFiles : public testing::Test {
protected:
    void SetUp() override { fs::create_directory(directory_); }
    void TearDown() override { fs::remove_all(directory_); }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ / name) << text;
        return (directory_ / name).string();
    }
    /// 120 bytes with its newline.
    static std::string fork_at(const std::string& time, const std::string& program) {
        std::string line = R"({"time":"2026-01-02T)" + time + R"(Z","event.name":"whodid.process.fork",)" +
                           R"("process.executable.path":"/)" + program + "\"}";
        EXPECT_LE(line.size(), 119u);
        return line.insert(line.size() - 1, 119 - line.size(), ' ') + "\n";
    }
    /// A day: 4 events, 480 bytes.
    std::string a_day() const {
        return write("day.json",
                     fork_at("00:00:00", "a") + fork_at("12:00:00", "b") + fork_at("18:00:00", "a") +
                         R"({"time":"2026-01-03T00:00:00Z","event":{"name":"whodid.session.end"}})" +
                         std::string(50, ' ') + "\n");
    }
    static VolumeReport measured(const VolumeOptions& options) {
        auto report = measure_volume(options);
        EXPECT_TRUE(report) << report.error().message;
        return report ? std::move(*report) : VolumeReport();
    }
    static std::string refusal(const VolumeOptions& options) {
        const auto report = measure_volume(options);
        return report ? "" : report.error().message;
    }

    const fs::path directory_ = fs::temp_directory_path() / ("whodid-volume-" + std::to_string(::getpid()));
};

TEST_F(VolumeFiles, JsonHasEveryNumber) {
    const json report = json::parse(volume_json(measured({.paths = {a_day()}, .price_per_gb = 1e9})));
    EXPECT_EQ(report["events"], 4);
    EXPECT_EQ(report["bytes"], 480);
    EXPECT_EQ(report["from"], "2026-01-02T00:00:00.000000000Z");
    EXPECT_EQ(report["to"], "2026-01-03T00:00:00.000000000Z");
    EXPECT_EQ(report["bytes_per_day"], 480.0);
    EXPECT_EQ(report["price_per_gb"], 1e9);
    EXPECT_EQ(report["cost_per_month"], 480.0 * 30);
    EXPECT_EQ(report["by"].size(), 5u);
    const json& kinds = report["by"]["kind"]["groups"];
    ASSERT_EQ(kinds.size(), 2u);
    EXPECT_EQ(kinds[0]["name"], "process.fork");
    EXPECT_EQ(kinds[0]["events"], 3);
    EXPECT_EQ(kinds[0]["bytes"], 360);
    EXPECT_EQ(kinds[0]["events_share"], 0.75);
    EXPECT_EQ(kinds[0]["bytes_share"], 0.75);
    EXPECT_EQ(kinds[0]["cost_per_month"], 360.0 * 30);
    ASSERT_EQ(report["filters"].size(), 2u);
    EXPECT_EQ(report["filters"][0]["filter"], R"(not (kind == process.fork and exe == "/a"))");
    EXPECT_EQ(report["filters"][0]["bytes"], 240);
    EXPECT_EQ(report["filters"][1]["bytes"], 120);
    EXPECT_EQ(report["filters_together"]["bytes"], 360);
    EXPECT_EQ(report["bad"], json({{"lines", 0}, {"bytes", 0}}));
}

TEST_F(VolumeFiles, TextSaysTheSame) {
    const VolumeOptions options{.paths = {a_day()}, .price_per_gb = 1e9};
    const std::string page = volume_text(measured(options));
    for (const char* line :
         {"events   4\n", "span     1d00h, from 2026-01-02T00:00:00Z to 2026-01-03T00:00:00Z\n",
          "bytes    480 (480)\n", "a day    480 at the pace of these 1d00h\n",
          "a month  14K of 30 days, costs 14400.00 at 1000000000 a GB\n",
          "  BYTES  SHARE        EVENTS  SHARE   COST/MONTH  KIND\n",
          "    360  75.0%             3  75.0%     10800.00  process.fork\n",
          "    240  50.0%             2  50.0%      7200.00  /a: which processes it made before they ran a "
          "program\n"
          "        --filter 'not (kind == process.fork and exe == \"/a\")'\n",
          "    360  75.0%             3  75.0%     10800.00  all of these together; what several leave out "
          "counts "
          "once\n"})
        EXPECT_NE(page.find(line), std::string::npos) << line << page;
    const std::string without = volume_text(measured({.paths = {options.paths[0]}}));
    EXPECT_EQ(without.find("COST"), std::string::npos);
    EXPECT_EQ(without.find("a month"), std::string::npos);
    EXPECT_NE(without.find("  BYTES  SHARE        EVENTS  SHARE  KIND\n"), std::string::npos) << without;
}

// A shell takes the expression as it is, and the parser understands it.
TEST_F(VolumeFiles, FiltersAreQuotedForTheShell) {
    const std::string file = write("x.json", fork_at("00:00:00", "it's"));
    const VolumeReport report = measured({.paths = {file}});
    EXPECT_NE(volume_text(report).find(R"(--filter 'not (kind == process.fork and exe == "/it'\''s")')"),
              std::string::npos)
        << volume_text(report);
    const json filters = json::parse(volume_json(report))["filters"];
    ASSERT_EQ(filters.size(), 1u);
    EXPECT_TRUE(Expression::compile(filters[0]["filter"].get<std::string>()));
}

TEST_F(VolumeFiles, FilesAreAddedUp) {
    const std::string file = a_day();
    EXPECT_EQ(measured({.paths = {file, file}}).count.total(), (Volume{8, 960}));
    const std::string empty = write("empty.json", "");
    EXPECT_EQ(volume_text(measured({.paths = {empty}})), "events   0\n");
    EXPECT_EQ(json::parse(volume_json(measured({.paths = {empty}})))["events"], 0);
    EXPECT_EQ(measured({.paths = {empty, file}}).count.total(), (Volume{4, 480}));
}

TEST_F(VolumeFiles, SinceCountsBackFromTheNewestEvent) {
    constexpr std::uint64_t kHour = 3600ull * 1'000'000'000;
    const std::string file = a_day();
    EXPECT_EQ(measured({.paths = {file}, .since_ns = 12 * kHour}).count.total().events, 3u);
    EXPECT_EQ(measured({.paths = {file}, .since_ns = 12 * kHour - 1}).count.total().events, 2u);
    EXPECT_EQ(measured({.paths = {file}, .since_ns = ~std::uint64_t{0}}).count.total().events, 4u);
    const std::string later = write("later.json", fork_at("00:00:00", "c").replace(18, 1, "4"));
    EXPECT_EQ(measured({.paths = {later, file}, .since_ns = 30 * kHour}).count.total().events, 3u)
        << "the newest of all files";
}

TEST_F(VolumeFiles, SinceNeedsAFile) {
    EXPECT_EQ(refusal({.paths = {"-"}, .since_ns = 1}),
              "--since reads twice, and standard input can be read once: write it to a file first");
    EXPECT_EQ(refusal({.paths = {"/dev/null"}, .since_ns = 1}),
              "--since reads twice, and /dev/null can be read once: write it to a file first");
}

TEST_F(VolumeFiles, WhatIsNoEventIsCountedAndTheRestGoesOn) {
    std::string text = fork_at("00:00:00", "a") + "\nwhodid: ready\n" + fork_at("00:00:01", "a");
    text += std::string(kEventLineBytesMax + 1, 'x') + "\n" + fork_at("00:00:02", "a") + R"({"time":"2026)";
    const std::string file = write("bad.json", text);
    VolumeReport report = measured({.paths = {file}});
    EXPECT_EQ(report.count.total(), (Volume{3, 360}));
    EXPECT_EQ(report.bad.lines, (Volume{4, 1 + 14 + kEventLineBytesMax + 2 + 13}));
    EXPECT_EQ(report.bad.first, file + ":2: it is empty");
    EXPECT_EQ(left_out_text(report.bad),
              "whodid: 4 lines are no events, left out; the first is " + file + ":2: it is empty\n");
    EXPECT_EQ(json::parse(volume_json(report))["bad"]["first"], file + ":2: it is empty");
    report = measured({.paths = {write("long.json", std::string(kEventLineBytesMax + 1, 'x'))}});
    EXPECT_TRUE(report.bad.first.ends_with(":1: it has 1048577 bytes, no event has more than 1048576"))
        << report.bad.first;
    EXPECT_TRUE(left_out_text(report.bad).starts_with("whodid: 1 line is no event, left out; the first is "));
    EXPECT_EQ(left_out_text({}), "");
}

TEST_F(VolumeFiles, FilesThatAreNone) {
    EXPECT_EQ(refusal({.paths = {"/nowhere/x"}}), "cannot read /nowhere/x: No such file or directory");
    EXPECT_EQ(refusal({.paths = {"/tmp"}}), "cannot read /tmp: Is a directory");
    const std::string zipped = write("x.gz", "\x1f\x8b rest");
    EXPECT_EQ(refusal({.paths = {zipped}}),
              zipped + " is compressed, no file of events: zcat FILE | whodid volume");
    const std::string recording = write("x.whodid", "whodid recording 1\n");
    EXPECT_EQ(refusal({.paths = {a_day(), recording}}), recording + " is damaged: its header has no end");
}

// ---- recordings -------------------------------------------------------------------------------------------

/// What they must tell is in tests/golden/recordings_test.cpp.
class VolumeRecordings : public VolumeFiles {
protected:
    std::string contents() const {
        std::ostringstream out;
        out << std::ifstream(story_).rdbuf();
        return out.str();
    }
    /// The events of `paths`, by kind.
    static json kinds(const VolumeOptions& options) {
        return json::parse(volume_json(measured(options)))["by"]["kind"];
    }

    const std::string story_ =
        (fs::path(__FILE__).parent_path() / "../data/recordings/story.whodid").string();
};

TEST_F(VolumeRecordings, AddUpWithFilesOfLines) {
    const Volume whole = measured({.paths = {story_}}).count.total();
    EXPECT_GT(whole.events, 100u);
    EXPECT_EQ(measured({.paths = {story_, a_day(), story_}}).count.total(),
              (Volume{2 * whole.events + 4, 2 * whole.bytes + 480}));
}

TEST_F(VolumeRecordings, AProfileIsComparedWithTheWhole) {
    const VolumeReport whole = measured({.paths = {story_}});
    const VolumeOptions options{.paths = {story_}, .profile = Profile::kQuiet, .price_per_gb = 0.3};
    const VolumeReport quiet = measured(options);
    ASSERT_TRUE(quiet.compared);
    EXPECT_EQ(quiet.compared->whole, whole.count.total());
    EXPECT_GT(quiet.count.total().events, 0u);
    EXPECT_LT(quiet.count.total().events, whole.count.total().events);
    EXPECT_EQ(quiet.count.first_ns(), whole.count.first_ns()) << "the pace is over the same span";
    EXPECT_EQ(quiet.count.last_ns(), whole.count.last_ns());
    const json report = json::parse(volume_json(quiet));
    EXPECT_EQ(report["profile"], "quiet");
    EXPECT_EQ(report["whole"]["events"], whole.count.total().events);
    EXPECT_EQ(report["whole"]["bytes"], whole.count.total().bytes);
    EXPECT_EQ(report["whole"]["bytes_per_day"], json::parse(volume_json(whole))["bytes_per_day"]);
    EXPECT_GT(report["whole"]["cost_per_month"], report["cost_per_month"]);
    EXPECT_LT(report["whole"]["kept_bytes_share"], 0.5);
    const json all = kinds({.paths = {story_}});
    EXPECT_EQ(kinds({.paths = {story_}, .profile = Profile::kForensic}), all);
}

TEST(VolumeText, ComparesAProfileWithTheWhole) {
    VolumeReport report{VolumeCount(), {}, 0.5, 10, Compared{Profile::kQuiet, {40, 4000}}};
    report.count.add(event_at(10, "auth.attempt"), 1000);
    report.count.span_to(1'000'000'000 + 9'000'000'000 + 86400ull * 1'000'000'000);
    std::string page = volume_text(report);
    EXPECT_TRUE(page.starts_with("profile  quiet, without the kernel side's fold\nevents   1\nspan     1d"))
        << page;
    EXPECT_NE(
        page.find("\nwhole    40 events, 4.0K (4,000), 4.0K a day, costs 0.00 a month; quiet keeps 2.5% "
                  "of the events, 25.0% of the bytes\n"),
        std::string::npos)
        << page;
    report = {VolumeCount(), {}, 0, 10, Compared{Profile::kQuiet, {1, 400}}};
    report.count.span_to(1);
    EXPECT_TRUE(
        volume_text(report).starts_with("profile  quiet, without the kernel side's fold\nevents   0\n"));
    EXPECT_TRUE(volume_text(report).ends_with(
        "\nwhole    1 events, 400 (400); quiet keeps 0.0% of the events, 0.0% of the bytes\n"))
        << volume_text(report);
}

// Lines do not tell who started whom and what was new, so nothing can be said of them.
TEST_F(VolumeRecordings, AProfileIsOfRecordingsAlone) {
    for (const std::string& file : {a_day(), write("empty.json", "")}) {
        const auto report = measure_volume({.paths = {story_, file}, .profile = Profile::kStandard});
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, EINVAL);
        EXPECT_EQ(report.error().message,
                  "--profile standard needs a recording, and " + file +
                      " is none: a profile goes by which process started which and by what was new, which "
                      "JSON lines do not tell; make one with `whodid record FILE`");
    }
}

// What went before the last second decides too, though it is not counted.
TEST_F(VolumeRecordings, SinceIsOfTheWholeAndOfWhatAProfileKeeps) {
    const VolumeReport all = measured({.paths = {story_}, .profile = Profile::kQuiet});
    const std::uint64_t span_ns = all.count.last_ns() - all.count.first_ns();
    const auto since = [&](std::uint64_t ns) {
        return measured({.paths = {story_}, .since_ns = ns, .profile = Profile::kQuiet});
    };
    EXPECT_EQ(since(span_ns).count.total(), all.count.total());
    const VolumeReport half = since(span_ns / 2);
    EXPECT_EQ(half.compared->whole, measured({.paths = {story_}, .since_ns = span_ns / 2}).count.total());
    EXPECT_LT(half.count.total().events, all.count.total().events);
    EXPECT_LT(half.compared->whole.events, all.compared->whole.events);
    EXPECT_GE(half.count.first_ns(), all.count.last_ns() - span_ns / 2);
}

TEST_F(VolumeRecordings, WhatComesBeforeDamageIsCounted) {
    const Volume whole = measured({.paths = {story_}}).count.total();
    const std::string cut = write("cut.whodid", contents().substr(0, contents().size() * 3 / 4));
    for (const auto& profile : {std::optional<Profile>(), std::optional(Profile::kForensic)}) {
        const VolumeReport report = measured({.paths = {cut, story_}, .since_ns = ~0ull, .profile = profile});
        EXPECT_GT(report.count.total().events, whole.events);
        EXPECT_LT(report.count.total().events, 2 * whole.events);
        ASSERT_EQ(report.bad.recordings.size(), 1u);
        EXPECT_TRUE(report.bad.recordings[0].starts_with(cut + " is damaged at byte "));
        EXPECT_TRUE(report.bad.recordings[0].ends_with(
            ": it was cut off in the middle of a frame; what comes after is left out"));
        EXPECT_EQ(left_out_text(report.bad), "whodid: " + report.bad.recordings[0] + "\n");
        EXPECT_EQ(json::parse(volume_json(report))["bad"],
                  json({{"lines", 0}, {"bytes", 0}, {"recordings", report.bad.recordings}}));
    }
}

TEST_F(VolumeRecordings, ThatAreStillBeingWrittenAreCounted) {
    constexpr std::size_t kFrameHead = 16;
    const std::string all = contents(), begun = all.substr(0, all.rfind("records: ") - kFrameHead);
    const std::string file = write("begun.whodid", begun);
    const VolumeReport report = measured({.paths = {file}});
    EXPECT_EQ(report.count.total(), measured({.paths = {story_}}).count.total());
    ASSERT_EQ(report.bad.recordings.size(), 1u);
    EXPECT_EQ(report.bad.recordings[0],
              fmt::format("{} ends at byte {} without its end: it is still being written, or its writer was "
                          "killed; what comes after is left out",
                          file, begun.size()));
}

TEST_F(VolumeRecordings, ThatCannotBeReadAtAllAreRefused) {
    std::string newer = contents();
    newer.replace(0, newer.find('\n'), "whodid recording 9");
    const std::string file = write("newer.whodid", newer);
    EXPECT_TRUE(refusal({.paths = {file}}).starts_with(file + " needs a newer whodid"));
}

}  // namespace
}  // namespace whodid
