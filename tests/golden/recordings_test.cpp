// SPDX-License-Identifier: Apache-2.0
// Recordings in tests/data/recordings against what they looked like before: NAME.json has every event as a
// JSON line, NAME.txt what `whodid replay -o text` shows, NAME.volume what `whodid volume --profile standard`
// says. After a change that is meant, look at the difference that
//     UPDATE_GOLDEN=1 build/tests/golden
// makes. How the recordings were made: tests/live/recordings_test.cpp.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/pipeline.h"
#include "app/replay.h"
#include "app/volume.h"
#include "sink/stream_sink.h"
#include "source/replay.h"

namespace whodid {
namespace {

namespace fs = std::filesystem;

const fs::path kDirectory = fs::path(__FILE__).parent_path() / "../data/recordings";

std::string contents(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

/// What replay prints.
std::string shown(const fs::path& recording, Format format, const std::vector<std::string>& filters = {}) {
    auto reader = RecordingReader::open(recording.string());
    if (!reader) return reader.error().message + "\n";
    ReplaySource source(std::move(*reader));
    const Stream stream = source.header().stream;
    const Fd out(::memfd_create("shown", MFD_CLOEXEC));
    StreamSink sink(out.get(), format, {});
    Ledger ledger;
    PipelineOptions options;
    options.reorder = false;
    options.filter.everything = !is_text(format);
    options.filter.expressions = filters;
    auto pipeline = Pipeline::make(stream, source.header().host, ledger, options, &sink);
    EXPECT_TRUE(sink.flush());
    const auto played = play(source, **pipeline);
    EXPECT_TRUE(played) << played.error().message;
    EXPECT_EQ(ledger.imbalances(), std::vector<std::string>{});
    EXPECT_EQ(ledger.total().malformed, 0u);
    return contents("/proc/self/fd/" + std::to_string(out.get()));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

void compare(const fs::path& expected_path, const std::string& got) {
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update && *update) {
        std::ofstream(expected_path) << got;
        return;
    }
    const auto expected = lines_of(contents(expected_path)), now = lines_of(got);
    for (std::size_t i = 0; i < std::max(expected.size(), now.size()); ++i) {
        const std::string before = i < expected.size() ? expected[i] : "(no line)";
        const std::string after = i < now.size() ? now[i] : "(no line)";
        ASSERT_EQ(before, after) << expected_path.filename().string() << ":" << i + 1
                                 << ": before and now; UPDATE_GOLDEN=1 build/tests/golden takes what is now";
    }
}

std::vector<std::string> recordings() {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(kDirectory, ignored))
        if (entry.path().extension() == ".whodid") names.push_back(entry.path().stem().string());
    std::ranges::sort(names);
    return names;
}

class GoldenRecording : public testing::TestWithParam<std::string> {
protected:
    fs::path path(const char* extension) const { return kDirectory / (GetParam() + extension); }
};

TEST_P(GoldenRecording, Json) { compare(path(".json"), shown(path(".whodid"), Format::kJson)); }
TEST_P(GoldenRecording, Text) { compare(path(".txt"), shown(path(".whodid"), Format::kText)); }

TEST_P(GoldenRecording, Volume) {
    const auto report = measure_volume({.paths = {path(".whodid").string()}, .profile = Profile::kStandard});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->bad.empty());
    compare(path(".volume"), volume_text(*report));
}

TEST_P(GoldenRecording, IsMaskedAndComplete) {
    const auto reader = RecordingReader::open(path(".whodid").string());
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_TRUE((*reader)->header().masked);
    EXPECT_EQ((*reader)->header().stream.host_name, "web-17");
    const std::string bytes = contents(path(".whodid"));
    for (const char* secret : {"hunter2", "-in-the-stage-7", "$6$"})
        EXPECT_EQ(bytes.find(secret), std::string::npos);
}

// The lines that a filter leaves are those that the same question, asked of the JSON lines, leaves.
TEST(GoldenFilter, KeepsExactlyWhatMeetsIt) {
    using Line = nlohmann::json;
    const auto numbered_anew = [](const std::string& text) {
        Line line = Line::parse(text);
        line["whodid"].erase("seq");
        return line;
    };
    const auto text = [](const Line& line, const char* at) { return line.value(Line::json_pointer(at), ""); };
    const auto meets = [&](const Line& line) {
        const std::string kind = text(line, "/event/name");
        if (kind == "whodid.sensor.start" || kind == "whodid.sensor.stop") return true;
        const bool of_etc = kind == "whodid.file.open" && text(line, "/file/path").starts_with("/etc/");
        const int port = line.value(Line::json_pointer("/network/peer/port"), 0);
        return text(line, "/user/name") == "alice" && (of_etc || port == 22 || port == 8080) &&
               !text(line, "/process/executable/path").starts_with("/usr/lib/");
    };
    std::vector<Line> expected, got;
    for (const std::string& line : lines_of(contents(kDirectory / "story.json")))
        if (meets(Line::parse(line))) expected.push_back(numbered_anew(line));
    const std::string filter =
        "user == \"alice\" and (kind == file.open and path startswith \"/etc/\" or dport in {22, 8080}) and "
        "not exe "
        "glob \"/usr/lib/*\"";
    for (const std::string& line : lines_of(shown(kDirectory / "story.whodid", Format::kJson, {filter})))
        got.push_back(numbered_anew(line));
    EXPECT_EQ(got, expected);
    EXPECT_GT(expected.size(), 10u);
    EXPECT_LT(expected.size(), lines_of(contents(kDirectory / "story.json")).size() / 2);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenRecording, testing::ValuesIn(recordings()),
                         [](const auto& recording) { return recording.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenRecording);

}  // namespace
}  // namespace whodid
