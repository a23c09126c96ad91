// SPDX-License-Identifier: Apache-2.0
// A ring as the kernel writes it.
#include "source/ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace whodid {
namespace {

constexpr std::uint32_t kBusy = 1u << 31, kDiscarded = 1u << 30;

class RingTest : public testing::Test {
protected:
    /// As the kernel does: a head of eight bytes, the record, all rounded up to eight; seen twice in a row.
    void write(const std::string& text, std::uint32_t flags = 0) {
        const std::uint32_t head[] = {static_cast<std::uint32_t>(text.size()) | flags, 0};
        put(produced_, {reinterpret_cast<const char*>(head), sizeof head});
        put(produced_ + sizeof head, text);
        produced_ += (sizeof head + text.size() + 7) / 8 * 8;
    }
    void put(std::uint64_t at, std::string_view bytes) {
        for (const char c : bytes) {
            data_[at % kBytes] = data_[at % kBytes + kBytes] = c;
            ++at;
        }
    }
    std::vector<std::string> read() {
        std::vector<std::string> texts;
        at_ = ring_.read(at_, [&](std::span<const char> record, std::uint64_t end) {
            texts.emplace_back(record.data(), record.size());
            end_ = end;
        });
        return texts;
    }

    static constexpr std::uint64_t kBytes = 64;
    alignas(8) char data_[2 * kBytes] = {};
    std::uint64_t consumed_ = 0, produced_ = 0, at_ = 0, end_ = 0;
    Ring ring_{&consumed_, &produced_, data_, kBytes};
};

using Texts = std::vector<std::string>;

TEST_F(RingTest, RecordsInTheirOrder) {
    EXPECT_EQ(read(), Texts{});
    write("one");
    write("two and a half");
    EXPECT_EQ(read(), (Texts{"one", "two and a half"}));
    EXPECT_EQ(end_, produced_);
    EXPECT_EQ(read(), Texts{});
    write("three");
    EXPECT_EQ(read(), Texts{"three"});
}

TEST_F(RingTest, WhatIsNotCompleteIsWaitedFor) {
    write("one");
    const std::uint64_t busy = produced_;
    write("two", kBusy);
    write("three");
    EXPECT_EQ(read(), Texts{"one"});
    const std::uint32_t done = 3;
    put(busy, {reinterpret_cast<const char*>(&done), sizeof done});
    EXPECT_EQ(read(), (Texts{"two", "three"}));
}

TEST_F(RingTest, WhatWasDiscardedIsPassedOver) {
    write("one");
    write("no", kDiscarded);
    write("two");
    EXPECT_EQ(read(), (Texts{"one", "two"}));
}

TEST_F(RingTest, ARecordGoesOnBeyondTheEnd) {
    for (int i = 0; i < 20; ++i) {
        const std::string text = "a record of some length, " + std::to_string(i);
        write(text);
        EXPECT_EQ(read(), Texts{text});
    }
}

// A reader who comes later reads again what was not given back.
TEST_F(RingTest, ItsRoomIsGivenBackWhenAskedFor) {
    write("one");
    write("two");
    read();
    EXPECT_EQ(ring_.consumed(), 0u);
    ring_.give_back(16);
    EXPECT_EQ(consumed_, 16u);
    at_ = ring_.consumed();
    EXPECT_EQ(read(), Texts{"two"});
}

}  // namespace
}  // namespace whodid
