// SPDX-License-Identifier: Apache-2.0
// Lines to a unix socket: readers that are not there, go, come back, or do not read.
#include "sink/socket_lines.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <sstream>

#include "unit/directory.h"
#include "unit/made_event.h"

namespace whodid::test {
namespace {

class SocketLinesTest : public ::testing::Test {
protected:
    Directory directory;
    std::string path = directory.path + "/lines.sock";
    std::uint64_t now_ns = 1'000'000'000'000;
    std::uint64_t pending_max = 1 << 20;
    std::string padding;  // of each line
    std::vector<std::string> said;
    Maker maker;
    std::uint64_t next = 1;

    std::unique_ptr<SocketLines> open() {
        auto made = SocketLines::open(
            {path, pending_max,
             [this](const Event& event, std::string& out) { out += std::to_string(event.seq) + padding; },
             [this](std::string text) { said.push_back(std::move(text)); }, [this] { return now_ns; }});
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    }
    void add(SocketLines& lines, std::size_t count) {
        Batch batch;
        for (std::size_t i = 0; i < count; ++i) {
            Event event = maker.file(REC_FILE_OPEN, "/srv/x", maker.alice());
            event.seq = next++;
            event.wall_ns = now_ns;
            batch.events.push_back(std::move(event));
        }
        EXPECT_TRUE(lines.write(batch));
    }
    Fd listen() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(made.get(), 4), 0);
        return made;
    }
    static Fd accept(const Fd& listener) {
        return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    static std::string received(const Fd& reader) {
        std::string text;
        char buffer[65536];
        for (ssize_t n; (n = ::recv(reader.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
        return text;
    }
    /// What waits too.
    static std::string received_all(SocketLines& lines, const Fd& reader) {
        std::string text;
        for (std::string more; !(more = received(reader)).empty();) {
            text += more;
            EXPECT_TRUE(lines.flush());
        }
        return text;
    }
};

TEST_F(SocketLinesTest, WaitsForAReader) {
    const auto lines = open();
    add(*lines, 2);
    add(*lines, 1);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_NE(said[0].find("No such file or directory"), std::string::npos) << said[0];
    const Fd listener = listen();
    now_ns += 999'999'999;
    ASSERT_TRUE(lines->flush());
    EXPECT_EQ(lines->pending_bytes(), 6u);
    now_ns += 1;
    ASSERT_TRUE(lines->flush());
    EXPECT_EQ(received(accept(listener)), "1\n2\n3\n");
    EXPECT_NE(said.back().find("has a reader again"), std::string::npos);
    EXPECT_TRUE(lines->take_losses().empty());
}

TEST_F(SocketLinesTest, ReaderGoesAndComesBack) {
    const Fd listener = listen();
    const auto lines = open();
    add(*lines, 1);
    {
        const Fd reader = accept(listener);
        EXPECT_EQ(received(reader), "1\n");
    }
    now_ns += 2'000'000'000;
    add(*lines, 1);
    add(*lines, 1);
    now_ns += 2'000'000'000;
    add(*lines, 1);
    EXPECT_EQ(received(accept(listener)), "2\n3\n4\n");
}

TEST_F(SocketLinesTest, ReaderThatDoesNotRead) {
    pending_max = 10'000;
    padding = std::string(500, 'x');
    const Fd listener = listen();
    const auto lines = open();
    add(*lines, 1);
    const Fd reader = accept(listener);
    for (int i = 0; i < 20; ++i) add(*lines, 100);  // more than a socket's buffer
    EXPECT_LE(lines->pending_bytes(), pending_max);
    std::uint64_t lost = 0;
    for (const SinkLoss& loss : lines->take_losses()) lost += loss.count;
    EXPECT_GT(lost, 0u);
    EXPECT_TRUE(lines->take_losses().empty());
    const std::string text = received_all(*lines, reader);
    EXPECT_EQ(lines->pending_bytes(), 0u);
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + lost, 2001u);
    add(*lines, 1);
    EXPECT_EQ(received(reader), "2002" + padding + "\n");
}

/// The next reader gets whole lines.
TEST_F(SocketLinesTest, LineThatWasHalfSent) {
    pending_max = 4 << 20;
    padding = std::string(500, 'x');
    const Fd listener = listen();
    const auto lines = open();
    add(*lines, 1);
    {
        const Fd reader = accept(listener);
        for (int i = 0; i < 40; ++i) add(*lines, 100);
        EXPECT_GT(lines->pending_bytes(), 0u);
    }
    now_ns += 2'000'000'000;
    ASSERT_TRUE(lines->flush());
    now_ns += 2'000'000'000;
    ASSERT_TRUE(lines->flush());
    const Fd reader = accept(listener);
    const std::string text = received_all(*lines, reader);
    ASSERT_FALSE(text.empty());
    std::uint64_t expected = std::stoull(text);
    EXPECT_GT(expected, 1u);
    std::istringstream in(text);
    for (std::string line; std::getline(in, line); ++expected)
        ASSERT_EQ(line, std::to_string(expected) + padding);
    EXPECT_EQ(expected, next);
}

TEST_F(SocketLinesTest, PathThatIsTooLong) {
    path = "/" + std::string(108, 'x');
    const auto made = SocketLines::open({path, 1, nullptr, nullptr, nullptr});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, EINVAL);
}

}  // namespace
}  // namespace whodid::test
