// SPDX-License-Identifier: Apache-2.0
// SpoolPlace: a directory for a spool, a clock that is fed, and what tests of both lanes put and get.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "directory.h"
#include "sink/spool.h"

namespace whodid::test {

constexpr std::uint16_t kOneKind = 7, kOtherKind = 8;

class SpoolPlace {
public:
    SpoolPlace() : path(directory.path + "/spool") {}

    std::unique_ptr<Spool> open(const SpoolLimits& limits = {}) const {
        auto spool = Spool::open(path, limits, {[this] { return now_ns; }, [this] { return now_ns; }});
        EXPECT_TRUE(spool) << spool.error().message;
        return spool ? std::move(*spool) : nullptr;
    }
    std::string refusal(const SpoolLimits& limits = {}) const {
        const auto spool = Spool::open(path, limits);
        return spool ? "" : spool.error().message;
    }

    std::vector<std::string> segments() const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path))
            if (entry.path().extension() == ".seg") names.insert(entry.path().filename());
        return {names.begin(), names.end()};
    }
    std::string contents(const std::string& name) const {
        std::ostringstream out;
        out << std::ifstream(path + "/" + name, std::ios::binary).rdbuf();
        return out.str();
    }
    void put(const std::string& name, std::string_view bytes) const {
        std::ofstream(path + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
    }

    Directory directory;
    std::string path;
    std::uint64_t now_ns = 1'000'000'000'000;
};

/// "<number>" and dots up to `bytes`; its time is the number.
inline void put(Spool& spool, Lane lane, std::uint64_t number, std::size_t bytes = 0,
                std::uint16_t kind = kOneKind) {
    std::string payload = std::to_string(number) + ":";
    payload.resize(std::max(bytes, payload.size()), '.');
    EXPECT_TRUE(spool.append(lane, {payload, kind, number}));
}

inline std::uint64_t number_of(const SpoolRecord& record) { return std::stoull(std::string(record.payload)); }

/// The numbers of all records that are there, in the order in which they are delivered.
inline std::vector<std::uint64_t> drain(Spool& spool, std::size_t at_once = 3) {
    std::vector<std::uint64_t> numbers;
    while (true) {
        auto read = spool.read(at_once, 1 << 20);
        EXPECT_TRUE(read);
        if (!read || read->records().empty()) return numbers;
        for (const SpoolRecord& record : read->records()) numbers.push_back(number_of(record));
        EXPECT_TRUE(spool.acknowledge(*read, read->records().size()));
    }
}

inline std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (; from < to; ++from) numbers.push_back(from);
    return numbers;
}

inline void expect_balance(const Spool& spool) {
    const SpoolCounts c = spool.counts();
    EXPECT_EQ(c.found + c.appended, c.acknowledged + c.dropped + c.corrupt + c.pending_records);
    EXPECT_EQ(c.pending_records == 0, c.pending_bytes == 0);
    EXPECT_TRUE(c.pending_records != 0 || c.oldest_pending_wall_ns == 0);
}

}  // namespace whodid::test
