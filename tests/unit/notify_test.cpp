// SPDX-License-Identifier: Apache-2.0
// What the service manager and the journal are told.
#include "app/notify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/log.h"
#include "base/clock.h"
#include "directory.h"

namespace whodid {
namespace {

/// A service manager's end.
class Manager {
public:
    explicit Manager(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        address.copy(name.sun_path, sizeof name.sun_path - 1);
        if (address[0] == '@') name.sun_path[0] = 0;
        const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), bytes), 0) << address;
    }
    /// "": nothing came.
    std::string heard() const {
        char text[8192];
        const ssize_t n = ::recv(socket_.get(), text, sizeof text, 0);
        return n < 0 ? "" : std::string(text, static_cast<std::size_t>(n));
    }

private:
    Fd socket_;
};

/// Set for a test, and as before afterwards.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

std::string abstract_name() { return "@whodid-unit-" + std::to_string(::getpid()); }

TEST(ServiceNotices, WithoutAServiceManagerNothingHappens) {
    ::unsetenv("NOTIFY_SOCKET");
    auto notices = ServiceNotices::from_environment();
    ASSERT_TRUE(notices) << notices.error().message;
    EXPECT_TRUE(notices->ready());
    EXPECT_TRUE(notices->status("x"));
    EXPECT_EQ(notices->watchdog_ns(), 0u);
}

TEST(ServiceNotices, WhatIsTold) {
    const test::Directory directory;
    for (const std::string& address : {abstract_name(), directory.path + "/notify"}) {
        const Manager manager(address);
        auto notices = ServiceNotices::to(address, 0);
        ASSERT_TRUE(notices) << notices.error().message;
        EXPECT_TRUE(notices->ready());
        EXPECT_EQ(manager.heard(), "READY=1");
        EXPECT_TRUE(notices->stopping());
        EXPECT_EQ(manager.heard(), "STOPPING=1");
        EXPECT_TRUE(notices->alive());
        EXPECT_EQ(manager.heard(), "WATCHDOG=1");
        EXPECT_TRUE(notices->status("12 told, 0 lost"));
        EXPECT_EQ(manager.heard(), "STATUS=12 told, 0 lost");
        EXPECT_EQ(manager.heard(), "");
    }
}

TEST(ServiceNotices, AReloadHasItsTime) {
    const Manager manager(abstract_name());
    auto notices = ServiceNotices::to(abstract_name(), 0);
    ASSERT_TRUE(notices);
    const std::uint64_t before = monotonic_now_ns() / 1000;
    ASSERT_TRUE(notices->reloading());
    const std::string heard = manager.heard();
    const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
    ASSERT_TRUE(heard.starts_with(start)) << heard;
    const std::uint64_t at = std::stoull(heard.substr(start.size()));
    EXPECT_GE(at, before);
    EXPECT_LE(at, monotonic_now_ns() / 1000);
}

/// A line more in a status would be an order of its own.
TEST(ServiceNotices, AStatusIsOneLineOfBoundedLength) {
    const Manager manager(abstract_name());
    auto notices = ServiceNotices::to(abstract_name(), 0);
    ASSERT_TRUE(notices);
    ASSERT_TRUE(notices->status("a\nMAINPID=1\x1b[0m\xff"));
    EXPECT_EQ(manager.heard(), "STATUS=a MAINPID=1 [0m\xef\xbf\xbd");
    std::string umlauts;
    for (int i = 0; i < 1000; ++i) umlauts += "ü";
    ASSERT_TRUE(notices->status(umlauts));
    const std::string heard = manager.heard();
    EXPECT_LE(heard.size(), ServiceNotices::kStatusBytesMax);
    EXPECT_GT(heard.size(), ServiceNotices::kStatusBytesMax - 2);
    EXPECT_TRUE(heard.ends_with("ü")) << "no character is split";
}

TEST(ServiceNotices, AddressesThatAreNone) {
    for (const std::string& address : {std::string("notify"), std::string("@"), std::string("/"),
                                       "/" + std::string(200, 'x'), std::string("vsock:2:1")}) {
        const auto notices = ServiceNotices::to(address, 0);
        ASSERT_FALSE(notices) << address;
        EXPECT_NE(notices.error().message.find("NOTIFY_SOCKET"), std::string::npos);
    }
    const auto gone = ServiceNotices::to("/nowhere/notify", 0);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ENOENT);
}

TEST(ServiceNotices, AServiceManagerThatIsGoneIsAnError) {
    auto manager = std::make_unique<Manager>(abstract_name());
    auto notices = ServiceNotices::to(abstract_name(), 0);
    ASSERT_TRUE(notices);
    manager.reset();
    EXPECT_FALSE(notices->ready());
}

TEST(ServiceNotices, Watchdog) {
    const Manager manager(abstract_name());
    const Variable socket("NOTIFY_SOCKET", abstract_name());
    const auto watchdog_ns = [] {
        const auto notices = ServiceNotices::from_environment();
        return notices ? notices->watchdog_ns() : ~std::uint64_t{0};
    };
    EXPECT_EQ(watchdog_ns(), 0u);
    const Variable usec("WATCHDOG_USEC", "30000000");
    EXPECT_EQ(watchdog_ns(), 30'000'000'000u);
    {
        const Variable mine("WATCHDOG_PID", std::to_string(::getpid()));
        EXPECT_EQ(watchdog_ns(), 30'000'000'000u);
    }
    {
        const Variable other("WATCHDOG_PID", std::to_string(::getpid() + 1));
        EXPECT_EQ(watchdog_ns(), 0u);
    }
    for (const char* nonsense : {"", "x", "-1", "30s", "18446744073709551615", "99999999999999999999"}) {
        const Variable bad("WATCHDOG_USEC", nonsense);
        EXPECT_EQ(watchdog_ns(), 0u) << nonsense;
    }
}

std::string stream_of(int fd) {
    struct stat st {};
    EXPECT_EQ(::fstat(fd, &st), 0);
    return std::to_string(st.st_dev) + ':' + std::to_string(st.st_ino);
}

TEST(Journal, KnownByDeviceAndInode) {
    const test::Directory directory;
    const std::string path = directory.write("log", "");
    const Fd file(::open(path.c_str(), O_RDONLY)), other(::open(directory.path.c_str(), O_RDONLY));
    EXPECT_TRUE(is_journal(stream_of(file.get()), file.get()));
    EXPECT_FALSE(is_journal(stream_of(file.get()), other.get())) << "standard error went elsewhere since";
    for (const char* nonsense : {"", ":", "1", "x:y", "8:", ":8"})
        EXPECT_FALSE(is_journal(nonsense, file.get()));
    EXPECT_FALSE(is_journal(stream_of(file.get()) + "x", file.get()));
    EXPECT_FALSE(is_journal(stream_of(file.get()), -1));
}

/// What a process of its own logs to a file.
std::string logged(bool is_journal_stream) {
    const test::Directory directory;
    const std::string path = directory.write("log", "");
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND);
        ::dup2(fd, STDERR_FILENO);
        ::setenv("JOURNAL_STREAM", is_journal_stream ? stream_of(fd).c_str() : "1:2", 1);
        start_log(LogLevel::kDebug);
        spdlog::debug("d");
        spdlog::info("i");
        spdlog::warn("w");
        spdlog::error("e");
        spdlog::critical("c");
        ::_exit(0);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(Journal, LinesHaveTheirPriority) {
    EXPECT_EQ(logged(true), "<7>d\n<6>i\n<4>w\n<3>e\n<2>c\n");
    EXPECT_EQ(
        logged(false),
        "whodid: debug: d\nwhodid: info: i\nwhodid: warning: w\nwhodid: error: e\nwhodid: critical: c\n");
}

}  // namespace
}  // namespace whodid
