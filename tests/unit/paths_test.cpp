// SPDX-License-Identifier: Apache-2.0
// Names joined to where they start from.
#include "enrich/paths.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

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
    for (const Case& c : cases) EXPECT_EQ(join_path(c.base, c.name), c.path) << c.base << " + " << c.name;
}

TEST(Paths, Trap33_BytesStayBytes) { EXPECT_EQ(join_path("/tmp", "a\n\xff\x1b[2J"), "/tmp/a\n\xff\x1b[2J"); }

}  // namespace
}  // namespace whodid
