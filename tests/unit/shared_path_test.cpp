// SPDX-License-Identifier: Apache-2.0
// A container's files, as the container and the host see them.
#include "event/shared_path.h"

#include <gtest/gtest.h>

#include "made_event.h"

namespace whodid {
namespace {

constexpr std::uint32_t kDisk = 254 << 20, kOwnNs = 4026532999;

TEST(SharedPath, BelowAndMoved) {
    EXPECT_TRUE(is_below("/a/b", "/a"));
    EXPECT_TRUE(is_below("/a", "/a"));
    EXPECT_TRUE(is_below("/a", "/"));
    EXPECT_FALSE(is_below("/ab", "/a"));
    EXPECT_FALSE(is_below("a", "/"));
    EXPECT_EQ(moved_path("/a/b", "/a", "/x"), "/x/b");
    EXPECT_EQ(moved_path("/a", "/a", "/x"), "/x");
    EXPECT_EQ(moved_path("/", "/", "/x"), "/x");
    EXPECT_EQ(moved_path("/", "/", "/"), "/");
    EXPECT_EQ(moved_path("/b", "/", "/"), "/b");
    EXPECT_EQ(moved_path("/a/b", "/a", "/"), "/b");
}

TEST(SharedPath, AFileThatIsOnAnotherDeviceIsNotWhatWasMountedThere) {
    const std::vector<SharedDirectory> directories = {{"/", "/var/roots/web", kDisk}};
    EXPECT_EQ(host_path(directories, "/etc/x", kDisk), "/var/roots/web/etc/x");
    EXPECT_EQ(host_path(directories, "/mnt/secret", 99), "");
    EXPECT_EQ(host_path({}, "/mnt/secret", 0), "");
}

class PathFields : public testing::Test, protected test::Maker {
protected:
    /// alice's process in a container whose root is /var/roots/web, and whose /proc is its own.
    std::shared_ptr<Process> inside(bool known = true) {
        auto view = std::make_shared<ContainerView>();
        view->mount_ns = kOwnNs;
        view->directories = {{"/proc", "", 41}, {"/", "/var/roots/web", kDisk}};
        auto container = std::make_shared<Container>();
        if (known) container->view = view;
        auto p = alice();
        p->container = container;
        p->mount_ns = kOwnNs;
        p->apart = true;
        return p;
    }
    std::string value(const Event& event, std::string_view key) {
        const Value read = find_field(*event.kind, key)->read(event, scratch_);
        return read.present() ? std::string(read.text) : "absent";
    }
    std::string paths(const Event& event) {
        return value(event, "file.path") + " " + value(event, "whodid.file.path_in_container");
    }
    Event open(const std::string& path, std::shared_ptr<const Process> process, std::uint32_t dev = kDisk) {
        auto made = record<rec_file>(REC_FILE_OPEN);
        made->inode = 4711;
        made->dev = dev;
        Event e = event(std::move(made), std::move(process));
        e.path = keep(path);
        return e;
    }

private:
    Scratch scratch_;
};

TEST_F(PathFields, OnTheHostThereIsOne) {
    EXPECT_EQ(paths(open("/etc/shadow", alice())), "/etc/shadow absent");
}

TEST_F(PathFields, InAContainerThereAreTwo) {
    EXPECT_EQ(paths(open("/etc/shadow", inside())), "/var/roots/web/etc/shadow /etc/shadow");
}

TEST_F(PathFields, TheHostsIsAbsentWhereItIsNotKnown) {
    EXPECT_EQ(paths(open("/etc/shadow", inside(false))), "absent /etc/shadow");
    EXPECT_EQ(paths(open("/proc/1/stat", inside(), 41)), "absent /proc/1/stat");
    EXPECT_EQ(paths(open("/mnt/x", inside(), 77)), "absent /mnt/x") << "mounted since";
    EXPECT_EQ(paths(open("…/deep/x", inside())), "absent …/deep/x") << "its head was cut";
    auto elsewhere = inside();
    elsewhere->mount_ns = kOwnNs + 1;
    EXPECT_EQ(paths(open("/etc/shadow", elsewhere)), "absent /etc/shadow");
}

TEST_F(PathFields, WhatIsInNoTreeIsTheSameEverywhere) {
    EXPECT_EQ(paths(open("memfd:x", inside())), "memfd:x absent");
}

TEST_F(PathFields, NewNamesAndLinks) {
    Event rename = file(REC_FILE_RENAME, "/a", inside());
    rename.target_path = "/b";
    EXPECT_EQ(value(rename, "whodid.file.target_path_in_container"), "/b");
    EXPECT_EQ(value(rename, "whodid.file.target_path"), "/var/roots/web/b");
    Event link = file(REC_FILE_SYMLINK, "/a", inside());
    link.target_path = "/etc/shadow";
    EXPECT_EQ(value(link, "whodid.file.target_path"), "/etc/shadow") << "its content, a text";
    EXPECT_EQ(value(link, "whodid.file.target_path_in_container"), "absent");
}

TEST_F(PathFields, AFailedExec) {
    Event failed = exec({"/bin/nix"}, inside(), -ENOENT);
    EXPECT_EQ(paths(failed), "/var/roots/web/bin/nix /bin/nix");
    EXPECT_EQ(paths(exec({"/bin/true"}, inside())), "absent absent");
}

}  // namespace
}  // namespace whodid
