// SPDX-License-Identifier: Apache-2.0
// What a watch list matches, what it costs, and where links lead.
#include "filter/watch_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event/field.h"
#include "filter/watch_file.h"
#include "unit/allocations.h"

namespace whodid {
namespace {

WatchList parsed(std::string_view text) {
    auto list = parse_watch_file(text, "x");
    EXPECT_TRUE(list) << list.error().message;
    return list ? std::move(*list) : WatchList();
}

/// The tags of all that matches, parted by blanks; "none".
std::string tags(const WatchList& list, std::string_view path, WatchAccesses accesses = kWatchEverything) {
    std::string text;
    list.for_each_match(path, accesses, [&](const WatchEntry& entry) {
        for_each_string(entry.tags,
                        [&](std::string_view tag) { text.append(text.empty() ? "" : " ").append(tag); });
    });
    return text.empty() ? "none" : text;
}

TEST(WatchList, AFileIsItselfAlone) {
    const WatchList list = parsed("/etc/shadow rwa tag=a");
    EXPECT_EQ(tags(list, "/etc/shadow"), "a");
    for (const char* other : {"/etc", "/", "/etc/shadow/x", "/etc/shadow-", "/etc/shado", "/x/etc/shadow",
                              "etc/shadow", "…/shadow", "", "memfd:shadow"})
        EXPECT_EQ(tags(list, other), "none") << other;
}

TEST(WatchList, ATreeIsTheDirectoryAndAllBelow) {
    const WatchList list = parsed("/etc/ssh/ tag=a");
    for (const char* below :
         {"/etc/ssh", "/etc/ssh/", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/x.conf"})
        EXPECT_EQ(tags(list, below), "a") << below;
    for (const char* other : {"/etc", "/etc/sshd", "/etc/ssh2/x", "/srv/etc/ssh/x"})
        EXPECT_EQ(tags(list, other), "none") << other;
    EXPECT_EQ(tags(parsed("/ tag=all"), "/any/thing"), "all");
    EXPECT_EQ(tags(parsed("/ tag=all"), "/"), "all");
}

TEST(WatchList, AccessesAreAskedFor) {
    const WatchList list = parsed("/etc/passwd wa tag=a\n/usr/bin/su x tag=b");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchRead), "none");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchExecute), "none");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchWrite), "a");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchAttributes), "a");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchRead | kWatchWrite), "a");
    EXPECT_EQ(tags(list, "/usr/bin/su", kWatchExecute), "b");
    EXPECT_EQ(tags(list, "/usr/bin/su", 0), "none");
}

TEST(WatchList, APatternIsOneName) {
    const WatchList list =
        parsed("/home/*/.ssh/ tag=a\n/etc/rc?.d/S[0-9]* tag=b\n/srv/\\*/x tag=c\n/opt/* tag=d");
    EXPECT_EQ(tags(list, "/home/alice/.ssh/id_rsa"), "a");
    EXPECT_EQ(tags(list, "/home/alice/.ssh"), "a");
    EXPECT_EQ(tags(list, "/home/alice/x/.ssh/id_rsa"), "none");
    EXPECT_EQ(tags(list, "/home/.ssh/id_rsa"), "none");
    EXPECT_EQ(tags(list, "/etc/rc3.d/S01ssh"), "b");
    EXPECT_EQ(tags(list, "/etc/rc3.d/K01ssh"), "none");
    EXPECT_EQ(tags(list, "/srv/*/x"), "c");
    EXPECT_EQ(tags(list, "/srv/y/x"), "none");
    EXPECT_EQ(tags(list, "/opt/x"), "d");
    EXPECT_EQ(tags(list, "/opt/x/y"), "none");
}

TEST(WatchList, AllThatMatchCount) {
    const WatchList list = parsed(
        "/etc/ssh/sshd_config r tag=file\n/etc/ rwa tag=tree\n/etc/*/ rwa tag=pattern\n/etc/ssh/ a "
        "tag=other\n"
        "/etc/ssh/sshd_config r tag=file tag=too");
    EXPECT_EQ(tags(list, "/etc/ssh/sshd_config", kWatchRead), "tree file file too pattern");
    ASSERT_NE(list.match("/etc/ssh/sshd_config", kWatchRead), nullptr);
    EXPECT_EQ(list.match("/etc/ssh/sshd_config", kWatchRead)->path, "/etc");
    EXPECT_EQ(list.match("/usr", kWatchRead), nullptr);
}

TEST(WatchList, TheSameEntryCountsOnce) {
    WatchList list = parsed("/etc/x wa tag=a\n/etc/x wa tag=a\n/etc/x/ wa tag=a");
    EXPECT_EQ(list.entries().size(), 2u);
    list.add(parsed("/etc/x wa tag=a\n/etc/y wa tag=b"));
    EXPECT_EQ(list.entries().size(), 3u);
    EXPECT_EQ(tags(list, "/etc/y"), "b");
}

TEST(WatchList, TheBuiltInOneWatchesWhatMatters) {
    const WatchList list = built_in_watch_list();
    EXPECT_EQ(tags(list, "/etc/shadow", kWatchRead), "credentials");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchRead), "none");
    EXPECT_EQ(tags(list, "/etc/passwd", kWatchWrite), "accounts");
    EXPECT_EQ(tags(list, "/etc/sudoers.d/alice", kWatchWrite), "privilege");
    EXPECT_EQ(tags(list, "/home/alice/.ssh/authorized_keys", kWatchWrite), "ssh persistence");
    EXPECT_EQ(tags(list, "/root/.ssh/id_ed25519", kWatchRead), "credentials");
    EXPECT_EQ(tags(list, "/etc/ssh/ssh_host_rsa_key", kWatchRead), "credentials");
    EXPECT_EQ(tags(list, "/etc/ssh/sshd_config", kWatchRead), "none");
    for (const char* path :
         {"/etc/cron.d/x", "/var/spool/cron/crontabs/bob", "/etc/systemd/system/x.service",
          "/etc/ld.so.preload", "/etc/rc.local", "/etc/profile.d/x.sh", "/etc/udev/rules.d/99-x.rules",
          "/etc/init.d/x", "/home/bob/.bashrc", "/root/.profile", "/home/bob/.config/systemd/user/x.service"})
        EXPECT_EQ(tags(list, path, kWatchWrite), "persistence") << path;
    EXPECT_EQ(tags(list, "/etc/pam.d/sshd", kWatchWrite), "privilege");
    EXPECT_EQ(tags(list, "/var/log/auth.log", kWatchWrite), "logs");
    EXPECT_EQ(tags(list, "/etc/whodid/whodid.conf", kWatchWrite), "whodid");
    for (const char* path : {"/usr/bin/ls", "/home/bob/.bash_history", "/home/bob/x/.bashrc", "/tmp/x"})
        EXPECT_EQ(tags(list, path, kWatchEverything), "none") << path;
}

TEST(WatchList, MatchingAllocatesNothing) {
    const WatchList list = built_in_watch_list();
    const test::Allocations allocations;
    std::size_t found = 0;
    for (const char* path : {"/etc/shadow", "/home/alice/.ssh/authorized_keys", "/usr/lib/x/y/z", "relative"})
        found += list.match(path, kWatchWrite) != nullptr;
    EXPECT_EQ(allocations.count(), 0u);
    EXPECT_EQ(found, 2u);
}

struct WatchLinks : testing::Test {
    RecordedHost host;

    std::vector<std::string> followed(std::string_view text) {
        WatchList list = parsed(text);
        list.follow_links(host);
        std::vector<std::string> paths;
        for (const WatchEntry& entry : list.entries())
            paths.push_back(entry.path + (entry.is_tree ? "/" : "") +
                            (entry.link.empty() ? "" : " by " + entry.link));
        return paths;
    }
};

using Strings = std::vector<std::string>;

TEST_F(WatchLinks, LeadToWhatTheKernelTells) {
    host.links["/bin"] = "usr/bin";
    host.links["/var/run"] = "../run";
    host.links["/usr/bin/vi"] = "/etc/alternatives/vi";
    host.links["/etc/alternatives/vi"] = "/usr/bin/vim.basic";
    EXPECT_EQ(followed("/bin/su x"), (Strings{"/bin/su", "/usr/bin/su by /bin/su"}));
    EXPECT_EQ(followed("/var/run/faillock/"),
              (Strings{"/var/run/faillock/", "/run/faillock/ by /var/run/faillock"}));
    EXPECT_EQ(followed("/bin/vi x"), (Strings{"/bin/vi", "/usr/bin/vim.basic by /bin/vi"}));
    EXPECT_EQ(followed("/etc/shadow"), Strings{"/etc/shadow"});
    EXPECT_EQ(followed("/bin/su x\n/usr/bin/su x"), (Strings{"/bin/su", "/usr/bin/su"}));
}

TEST_F(WatchLinks, BeforeAPatternAreFollowed) {
    host.links["/home"] = "/srv/ho[m]e";
    host.links["/home/x"] = "/never";
    EXPECT_EQ(followed("/home/*/.ssh/ wa"),
              (Strings{"/home/*/.ssh/", "/srv/ho\\[m]e/*/.ssh/ by /home/*/.ssh"}));
    WatchList list = parsed("/home/*/.ssh/ wa tag=a");
    list.follow_links(host);
    EXPECT_EQ(tags(list, "/srv/ho[m]e/bob/.ssh/x"), "a");
}

TEST_F(WatchLinks, InCirclesAndAboveTheRootEnd) {
    host.links["/a"] = "/b";
    host.links["/b"] = "a/x";
    host.links["/up"] = "../../..";
    host.links["/here"] = "./etc/.";
    EXPECT_EQ(followed("/a/y"), Strings{"/a/y"});
    EXPECT_EQ(followed("/up/y"), (Strings{"/up/y", "/y by /up/y"}));
    EXPECT_EQ(followed("/up/"), (Strings{"/up/", "// by /up"}));
    EXPECT_EQ(followed("/here/y"), (Strings{"/here/y", "/etc/y by /here/y"}));
}

}  // namespace
}  // namespace whodid
