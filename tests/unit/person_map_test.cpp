// SPDX-License-Identifier: Apache-2.0
// The administrator's word on who is who.
#include "enrich/person_map.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

const std::string kKey = "SHA256:2GhMghoQeMZ/L3VgIbK1mVwZV8HEymOF28LqA9vTYyw";

TEST(PersonMap, NamesByKeyThenByAccountAndAddress) {
    const auto map =
        PersonMap::parse("# keys\n\n" + kKey + "  Alice Smith\nroot@198.51.100.7 bob\nroot@::1 carol");
    ASSERT_TRUE(map) << map.error().message;
    EXPECT_EQ(map->find(kKey, "root", "198.51.100.7").id, "Alice Smith");
    EXPECT_EQ(map->find("", "root", "198.51.100.7").id, "bob");
    EXPECT_EQ(map->find("SHA256:other", "root", "::1").id, "carol");
    EXPECT_EQ(map->find("", "root", "::1").basis, PersonBasis::kMap);
    EXPECT_EQ(map->find("", "alice", "198.51.100.7").id, "");
    EXPECT_EQ(map->find("", "alice", "198.51.100.7").basis, PersonBasis::kLogin);
}

TEST(PersonMap, ErrorsNameTheLine) {
    struct Case {
        std::string text, says;
    };
    for (const Case& c :
         {Case{"\nalice bob", "line 2: 'alice bob'"}, Case{kKey, "line 1"}, Case{kKey + "x bob", "line 1"},
          Case{"root@host bob", "line 1"}, Case{"@198.51.100.7 bob", "line 1"},
          Case{kKey + " a\n" + kKey + " b", "line 2: " + kKey + " is named twice"}}) {
        const auto map = PersonMap::parse(c.text);
        ASSERT_FALSE(map) << c.text;
        EXPECT_NE(map.error().message.find(c.says), std::string::npos) << map.error().message;
    }
}

}  // namespace
}  // namespace whodid
