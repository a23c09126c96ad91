// SPDX-License-Identifier: Apache-2.0
// Which package a program belongs to.
#include "enrich/dpkg.h"

#include <gtest/gtest.h>

#include "directory.h"

namespace whodid {
namespace {

// ---- the files --------------------------------------------------------------------------------------------

TEST(DpkgStatus, HasTheVersionsOfWhatIsInstalled) {
    const auto versions = parse_dpkg_status(
        "Package: coreutils\nEssential: yes\nStatus: install ok installed\nArchitecture: amd64\n"
        "Version: 9.1-1\nDescription: tools\n Version: 7 (an indented line)\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n"
        "Package: half\nStatus: install ok half-installed\nVersion: 2\n\n"
        "Package: nothing\nStatus: install ok installed\n\n"
        "Package: last\nStatus: hold ok installed\nArchitecture: i386\nVersion: 1:3~rc1\n");
    EXPECT_EQ(versions, (decltype(versions){{"coreutils", "9.1-1"},
                                            {"coreutils:amd64", "9.1-1"},
                                            {"last", "1:3~rc1"},
                                            {"last:i386", "1:3~rc1"}}));
}

TEST(DpkgStatus, OfNothing) {
    EXPECT_TRUE(parse_dpkg_status("").empty());
    EXPECT_TRUE(parse_dpkg_status("\n\n\n").empty());
    EXPECT_TRUE(parse_dpkg_status("Package:\nStatus: install ok installed\nVersion: 1\n").empty());
}

TEST(DpkgDiversions, AreThreeLinesEach) {
    EXPECT_EQ(parse_diversions("/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/x\n/usr/bin/x.real\n:\n"),
              (std::vector<Diversion>{{"/bin/sh", "/bin/sh.distrib", "dash"},
                                      {"/usr/bin/x", "/usr/bin/x.real", ""}}));
    EXPECT_TRUE(parse_diversions("/bin/sh\n/bin/sh.distrib\n").empty());
    EXPECT_TRUE(parse_diversions("not\nat\nall\n").empty());
}

// ---- a host -----------------------------------------------------------------------------------------------

class DpkgTest : public testing::Test {
protected:
    DpkgTest() {
        std::filesystem::create_directories(root_.path + "/usr/bin");
        std::filesystem::create_directory_symlink("usr/bin", root_.path + "/bin");
        std::filesystem::create_directories(root_.path + "/var/lib/dpkg/updates");
        lists("coreutils", "/.\n/bin\n/bin/ls\n/usr\n/usr/bin\n/usr/bin/[\n");
        lists("libc6:amd64", "/.\n/usr/lib/x86_64-linux-gnu/libc.so.6\n");
        root_.write(
            "var/lib/dpkg/status",
            "Package: coreutils\nStatus: install ok installed\nArchitecture: amd64\nVersion: 9.1-1\n\n"
            "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n");
    }
    void lists(const std::string& package, const std::string& files) {
        root_.write("var/lib/dpkg/info/" + package + ".list", files);
    }
    std::optional<PackageOwner> owner(const std::string& path) { return dpkg_.owner(path); }

    test::Directory root_;
    Dpkg dpkg_{root_.path};
};

TEST_F(DpkgTest, OwnsWhatItsListNames) {
    EXPECT_EQ(owner("/usr/bin/["), (PackageOwner{"coreutils", "9.1-1"}));
    EXPECT_EQ(owner("/usr/lib/x86_64-linux-gnu/libc.so.6"), (PackageOwner{"libc6", "2.36"}));
    EXPECT_FALSE(owner("/usr/bin/nobodys"));
    EXPECT_FALSE(owner(""));
}

TEST_F(DpkgTest, KnowsMergedDirectories) {
    EXPECT_EQ(owner("/usr/bin/ls"), (PackageOwner{"coreutils", "9.1-1"}));
    EXPECT_EQ(owner("/bin/ls"), (PackageOwner{"coreutils", "9.1-1"}));
    EXPECT_FALSE(owner("/usr/binary/ls"));
}

TEST_F(DpkgTest, WhatSeveralPackagesNameIsNobodys) {
    lists("busybox", "/bin/ls\n");
    EXPECT_FALSE(owner("/usr/bin/ls"));
}

TEST_F(DpkgTest, FollowsDiversions) {
    lists("dash", "/bin/sh\n");
    lists("bash", "/bin/sh\n");
    root_.write("var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n/bin/ls\n/bin/ls.real\n:\n");
    EXPECT_EQ(owner("/usr/bin/sh")->name, "dash");
    EXPECT_EQ(owner("/usr/bin/sh.distrib")->name, "bash");
    EXPECT_EQ(owner("/usr/bin/ls.real")->name, "coreutils");
    EXPECT_FALSE(owner("/usr/bin/ls"));
}

TEST_F(DpkgTest, SeesWhatWasInstalledMeanwhile) {
    EXPECT_FALSE(owner("/usr/bin/new"));
    lists("new", "/usr/bin/new\n");
    EXPECT_EQ(owner("/usr/bin/new"), (PackageOwner{"new", ""}));
    std::filesystem::remove(root_.path + "/var/lib/dpkg/info/new.list");
    EXPECT_FALSE(owner("/usr/bin/new"));
}

TEST_F(DpkgTest, TellsNoVersionWhileDpkgIsAtWork) {
    root_.write("var/lib/dpkg/updates/0000", "Package: coreutils\n");
    EXPECT_EQ(owner("/usr/bin/["), (PackageOwner{"coreutils", ""}));
}

TEST(Dpkg, WithoutDpkg) {
    const test::Directory empty;
    EXPECT_FALSE(Dpkg(empty.path).owner("/usr/bin/ls"));
}

}  // namespace
}  // namespace whodid
