// SPDX-License-Identifier: Apache-2.0
// Names joined to where they start from.
#include "enrich/paths.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

std::string joined(std::string_view base, std::string_view name) {
    Arena arena;
    return std::string(join_path(base, name, arena));
}

TEST(Paths, Join) {
    struct Case {
        const char *base, *name, *path;
    };
    const Case cases[] = {
        {"/root", "a", "/root/a"},
        {"/", "a", "/a"},
        {"/", "/etc/passwd", "/etc/passwd"},
        {"/srv/chroot", "/etc/passwd", "/srv/chroot/etc/passwd"},  // a root of its own
        {"/srv/chroot", "/../../etc", "/srv/chroot/etc"},
        {"/srv/chroot", "/", "/srv/chroot"},
        {"/root", "", "/root"},
        {"", "", ""},
        {"/root", ".", "/root"},
        {"/root", "./a/./b", "/root/a/b"},
        {"/root/x", "../a", "/root/a"},
        {"/root", "../../../a", "/a"},
        {"/", "..", "/"},
        {"/root", "..", "/"},
        {"/a", "b//c/", "/a/b/c"},
        {"/", "/", "/"},
        {"", "//", "/"},
        {"", "/b/../../c", "/c"},
        {"", "a/b", "a/b"},  // no base: it stays what it was
        {"", "../a", "../a"},
        {"", "a/../b", "a/../b"},  // nobody knows whether a is a link
        {"", "./", "."},
        {"", "/a", "/a"},
        {"/a", "...", "/a/..."},
        {"/a", "..b", "/a/..b"},
        {"/a", "b/..", "/a"},
        {"memfd:x", "a", "memfd:x/a"},
    };
    for (const Case& c : cases) EXPECT_EQ(joined(c.base, c.name), c.path) << c.base << " + " << c.name;
}

// A sensor has compared the address of a byte with '/', and put two slashes everywhere.
TEST(Paths, Trap32_OneSlashBetweenTwoNames) {
    for (const char* base : {"/", "/a", "/a/b"}) {
        for (const char* name : {"b", "b/", "/b", "//b", "./b", "b//c"}) {
            const std::string path = joined(base, name);
            EXPECT_EQ(path.find("//"), std::string::npos) << base << " + " << name << " = " << path;
            EXPECT_TRUE(path == "/" || !path.ends_with('/')) << path;
        }
    }
}

TEST(Paths, Trap33_BytesStayBytes) { EXPECT_EQ(joined("/tmp", "a\n\xff\x1b[2J"), "/tmp/a\n\xff\x1b[2J"); }

}  // namespace
}  // namespace whodid
