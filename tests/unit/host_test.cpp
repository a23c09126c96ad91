// SPDX-License-Identifier: Apache-2.0
// The live host on a directory of its own, and a recorded one.
#include "base/host.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace whodid {
namespace {

class LiveHostTest : public testing::Test {
protected:
    LiveHostTest() {
        char name[] = "/tmp/whodid-host.XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~LiveHostTest() override { std::filesystem::remove_all(directory_); }

    std::string directory_;
    LiveHost host_;
};

TEST_F(LiveHostTest, ReadsFiles) {
    const std::string file = directory_ + "/f";
    std::ofstream(file) << "a\nb";
    EXPECT_EQ(*host_.read_file(file), "a\nb");
    EXPECT_FALSE(host_.read_file("/proc/self/status")->empty());  // its size is 0, as stat has it
    const auto missing = host_.read_file(directory_ + "/missing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ENOENT);
    EXPECT_NE(missing.error().message.find(directory_ + "/missing"), std::string::npos);
    EXPECT_FALSE(host_.read_file(directory_));
}

TEST_F(LiveHostTest, StopsAtAMebibyte) {
    const std::string file = directory_ + "/large";
    std::ofstream(file).close();
    std::filesystem::resize_file(file, 4 << 20);
    EXPECT_LE(host_.read_file(file)->size(), (1u << 20) + 8192);
}

// A user can put anything where authorized_keys is looked for: the pump must not wait at a FIFO.
TEST_F(LiveHostTest, ReadsRegularFilesOnly) {
    const std::string fifo = directory_ + "/fifo", link = directory_ + "/device";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::filesystem::create_symlink("/dev/zero", link);
    for (const std::string& path : {fifo, link}) {
        const auto text = host_.read_file(path);
        ASSERT_FALSE(text);
        EXPECT_NE(text.error().message.find(path + ": not a regular file"), std::string::npos);
    }
}

TEST_F(LiveHostTest, ListsSorted) {
    for (const char* name : {"b", "a", ".hidden"}) std::ofstream(directory_ + "/" + name) << 1;
    EXPECT_EQ(host_.list(directory_), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(host_.list(directory_ + "/missing").empty());
}

TEST_F(LiveHostTest, FollowsLinksToIdentify) {
    const std::string file = directory_ + "/f", link = directory_ + "/l";
    std::ofstream(file) << 1;
    ASSERT_EQ(::symlink(file.c_str(), link.c_str()), 0);
    EXPECT_EQ(host_.link(link), file);
    EXPECT_EQ(host_.link(file), "");
    struct stat st {};
    ASSERT_EQ(::stat(file.c_str(), &st), 0);
    const auto id = host_.identify(link);
    ASSERT_TRUE(id);
    EXPECT_EQ(id->inode, st.st_ino);
    EXPECT_EQ(id->dev, major(st.st_dev) << 20 | minor(st.st_dev));
    EXPECT_FALSE(host_.identify(directory_ + "/missing"));
}

TEST(RecordedHost, IsMadeOfLiterals) {
    RecordedHost host;
    host.files["/proc/12/environ"] = "A=1";
    host.files["/proc/12/net/tcp"] = "";
    host.files["/proc/123/environ"] = "";
    host.links["/proc/12/fd/3"] = "socket:[7]";
    host.links["/proc/12/fd/10"] = "/dev/null";
    host.ids["/usr/sbin/sshd"] = {1, 2};
    host.clock = {10, 20};
    EXPECT_EQ(*host.read_file("/proc/12/environ"), "A=1");
    ASSERT_FALSE(host.read_file("/etc/passwd"));
    EXPECT_EQ(host.read_file("/etc/passwd").error().code, ENOENT);
    EXPECT_EQ(host.list("/proc"), (std::vector<std::string>{"12", "123"}));
    EXPECT_EQ(host.list("/proc/12"), (std::vector<std::string>{"environ", "fd", "net"}));
    EXPECT_EQ(host.list("/proc/12/fd"), (std::vector<std::string>{"10", "3"}));
    EXPECT_TRUE(host.list("/proc/1").empty());
    EXPECT_EQ(host.link("/proc/12/fd/3"), "socket:[7]");
    EXPECT_EQ(host.identify("/usr/sbin/sshd"), (FileId{1, 2}));
    EXPECT_FALSE(host.identify("/usr/sbin/sshd2"));
    EXPECT_EQ(host.anchor().wall_ns, 20u);
    EXPECT_FALSE(host.is_live());
    EXPECT_TRUE(LiveHost().is_live());
}

}  // namespace
}  // namespace whodid
