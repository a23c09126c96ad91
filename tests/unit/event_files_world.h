// SPDX-License-Identifier: Apache-2.0
// A directory of event files, written by EventFiles with a clock of the test's.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sink/event_files.h"
#include "sink/seal_check.h"
#include "sink/seal_key.h"
#include "unit/directory.h"
#include "unit/made_event.h"

namespace whodid::test {

class EventFilesWorld {
public:
    EventFilesWorld() {
        std::filesystem::create_directory(events);
        std::filesystem::create_directory(state.path + "/key");
        settings.rotate_bytes = 0;
        settings.sync = SyncPolicy::kNever;
        settings.keep_bytes = 0;
        settings.keep_ns = settings.keep_vital_ns = 0;
    }

    Directory state;
    std::string events = state.path + "/events", key_path = state.path + "/key/seal.key";
    JsonLinesSettings settings;
    std::uint64_t now_ns = Maker::kWallNs;
    std::vector<std::string> said;
    Maker maker;

    std::unique_ptr<EventFiles> open() {
        auto files = EventFiles::open({events, key_path, settings, encode,
                                       [this](std::string text) { said.push_back(std::move(text)); },
                                       [this] { return now_ns; }});
        EXPECT_TRUE(files) << files.error().message;
        if (!first_key && std::filesystem::exists(key_path)) first_key = *read_seal_key(key_path);
        return std::move(*files);
    }
    static void encode(const Event& event, std::string& out) {
        out += fmt::format("{{\"kind\":\"{}\",\"n\":{},\"path\":\"{}\"}}", event.kind->name, event.seq,
                           event.path);
    }
    /// Events with the next numbers: opened files, and with `vital` a login.
    void add(EventFiles& files, std::size_t count, bool vital = false, const std::string& path = "/srv/x") {
        Batch batch;
        for (std::size_t i = 0; i < count; ++i) {
            Event event = vital ? maker.session_event(REC_SESSION_START, "sshd", maker.alice())
                                : maker.file(REC_FILE_OPEN, path, maker.alice());
            event.seq = next_++;
            event.wall_ns = now_ns;
            batch.events.push_back(std::move(event));
        }
        const auto written = files.write(batch);
        EXPECT_TRUE(written) << written.error().message;
    }
    /// Closed files of so many lines each.
    void make_files(std::size_t count, bool vital = false, std::size_t lines = 3) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto files = open();
            add(*files, lines, vital);
            EXPECT_TRUE(files->seal());
            now_ns += 1'000'000'000;
        }
    }

    /// Names below the directory that end so, sorted.
    std::vector<std::string> names(const std::string& ending) const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(events))
            if (entry.path().filename().string().ends_with(ending))
                found.push_back(entry.path().filename().string());
        std::sort(found.begin(), found.end());
        return found;
    }
    std::string path(const std::string& name) const { return events + "/" + name; }
    std::string read(const std::string& name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
    }

    std::vector<CheckedSeries> check(bool with_key = true) const {
        const auto reports = check_seals({events}, with_key ? first_key : std::nullopt);
        EXPECT_TRUE(reports) << reports.error().message;
        return *reports;
    }
    /// "intact", or "FILE:LINE: WHAT" of the first fault.
    std::string verdict(bool with_key = true) const {
        for (const CheckedSeries& report : check(with_key))
            if (report.fault)
                return fmt::format("{}:{}: {}", report.fault->file, report.fault->line, report.fault->what);
        return "intact";
    }

    std::optional<SealKey> first_key;

private:
    std::uint64_t next_ = 1;
};

}  // namespace whodid::test
