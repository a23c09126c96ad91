// SPDX-License-Identifier: Apache-2.0
// Names for ids.
#include "enrich/users.h"

#include <gtest/gtest.h>
#include <whodid/record.h>

#include <chrono>
#include <thread>

namespace whodid {
namespace {

RecordedHost a_host() {
    RecordedHost host;
    host.files["/etc/passwd"] = "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nalice:x:1004:1104:::\n";
    host.files["/etc/group"] = "root:x:0:\nalice-g:x:1104:\n";
    return host;
}

TEST(Users, NamesOfTheHost) {
    const RecordedHost host = a_host();
    Users users(host);
    EXPECT_EQ(users.name(0), "root");  // the first, as in libc
    EXPECT_EQ(users.name(1004), "alice");
    EXPECT_EQ(users.name(1104), "");
    EXPECT_EQ(users.group(1104), "alice-g");
    EXPECT_EQ(users.group(1004), "");
    EXPECT_TRUE(users.exists("alice"));
    EXPECT_FALSE(users.exists("hunter2"));
    EXPECT_FALSE(users.exists(""));
}

TEST(Users, Trap01_UnsetHasNoName) {
    RecordedHost host = a_host();
    host.files["/etc/passwd"] += "ghost:x:4294967295:0:::\n";
    Users users(host);
    users.learn(REC_UNSET, "ghost");
    EXPECT_EQ(users.name(REC_UNSET), "");
    EXPECT_EQ(users.group(REC_UNSET), "");
    EXPECT_FALSE(users.exists("ghost"));
}

TEST(Users, Trap14_ALoginMessageIsTheBestSource) {
    const RecordedHost host = a_host();
    Users users(host);
    users.learn(70001, "carol@ldap");
    EXPECT_EQ(users.name(70001), "carol@ldap");
    EXPECT_TRUE(users.exists("carol@ldap"));
    users.learn(70001, "");
    EXPECT_EQ(users.name(70001), "carol@ldap");
}

TEST(Users, Trap09_ARecreatedAccountHasAnotherName) {
    RecordedHost host = a_host();
    Users users(host);
    EXPECT_FALSE(users.refresh());
    host.files["/etc/passwd"] = "root:x:0:0:::\nmallory:x:1004:1104:::\n";
    EXPECT_TRUE(users.refresh());
    EXPECT_EQ(users.name(1004), "mallory");
    EXPECT_FALSE(users.exists("alice"));
}

TEST(Users, AFileThatIsGoneTakesNoNamesAway) {
    RecordedHost host = a_host();
    Users users(host);
    host.files.clear();
    EXPECT_FALSE(users.refresh());
    EXPECT_EQ(users.name(1004), "alice");
}

/// A live host that has empty files, so that every name has to be asked for.
class BareLiveHost : public RecordedHost {
public:
    bool is_live() const override { return true; }
};

TEST(Users, Trap14_TheNameServiceIsAskedElsewhere) {
    BareLiveHost host;
    Users users(host);
    EXPECT_EQ(users.name(0), "");  // asked, and not waited for
    for (int i = 0; i < 500 && users.name(0).empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        users.refresh();
    }
    EXPECT_EQ(users.name(0), "root");
    EXPECT_EQ(users.name(987654321), "");
}

TEST(Users, WellKnownAccounts) {
    EXPECT_TRUE(is_well_known_account("root"));
    EXPECT_TRUE(is_well_known_account("admin"));
    EXPECT_FALSE(is_well_known_account("hunter2"));
    EXPECT_FALSE(is_well_known_account(""));
}

}  // namespace
}  // namespace whodid
