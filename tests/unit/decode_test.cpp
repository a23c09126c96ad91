// SPDX-License-Identifier: Apache-2.0
// decode: what it refuses, and what it turns.
#include "event/decode.h"

#include <gtest/gtest.h>
#include <whodid/limits.h>

#include <functional>

#include "event/event.h"
#include "record_builder.h"

namespace whodid {
namespace {

using test::RecordBuilder;

std::vector<char> an_exec() {
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, {});
    r.path(&rec_exec::exe, "/usr/bin/vim").path(&rec_exec::cwd, "/").path(&rec_exec::cgroup, "/a/b");
    r->cgroup_v1.flags = REC_PATH_ABSENT;
    r.text(&rec_exec::filename, "/usr/bin/vim").text(&rec_exec::argv, std::string("vim\0x\0", 6));
    return r.bytes();
}

Event event_of(const Decoded& decoded) {
    Event event;
    event.record = decoded.record;
    event.kind = decoded.kind;
    return event;
}

TEST(Decode, TurnsPathsOnce) {
    std::vector<char> bytes = an_exec();
    for (int i = 0; i < 2; ++i) {  // a recording holds what was decoded already
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded) << decoded.error().message;
        const Event event = event_of(*decoded);
        const auto& r = event.as<rec_exec>();
        EXPECT_EQ(event.text(r.exe), "/usr/bin/vim");
        EXPECT_EQ(event.text(r.cwd), "/");
        EXPECT_EQ(event.text(r.cgroup), "/a/b");
        EXPECT_EQ(event.text(r.cgroup_v1), "");
        EXPECT_EQ(event.text(r.filename), "/usr/bin/vim");
        EXPECT_EQ(event.text(r.tty), "");
    }
}

TEST(Decode, Paths) {
    struct Case {
        std::string walked;
        rec_u16 flags;
        std::string text;
    };
    const Case cases[] = {
        {"", 0, "/"},
        {"", REC_PATH_ABSENT, ""},
        {std::string("etc\0", 4), 0, "/etc"},
        {std::string("memfd:evil\0", 11), REC_PATH_PSEUDO | REC_PATH_DELETED, "memfd:evil"},
        {std::string("\0", 1), 0, "/"},  // a component without a name
        {std::string("a\0\0b\0", 5), 0, "/b//a"},
        {std::string("\xff\n\0tmp\0", 7), 0, "/tmp/\xff\n"},
    };
    for (const Case& c : cases) {
        RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, {});
        r.text(&rec_exec::filename, c.walked);
        r->exe = {r->filename.off, r->filename.len, c.flags, 0};
        std::vector<char> bytes = r.bytes();
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded);
        const Event event = event_of(*decoded);
        EXPECT_EQ(event.text(event.as<rec_exec>().exe), c.text);
    }
}

TEST(Decode, RefusesWhatItCannotProve) {
    const auto set = [](std::vector<char>& bytes, std::size_t at, auto value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    };
    struct Case {
        const char* what;
        std::function<void(std::vector<char>&)> spoil;
    };
    const auto size = static_cast<rec_u16>(an_exec().size());
    const Case cases[] = {
        {"empty", [](auto& b) { b.clear(); }},
        {"half a header", [](auto& b) { b.resize(sizeof(rec_hdr) - 1); }},
        {"cut", [](auto& b) { b.pop_back(); }},
        {"longer than it says", [](auto& b) { b.push_back(0); }},
        {"size 0", [&](auto& b) { set(b, 0, rec_u32{0}); }},
        {"size huge", [&](auto& b) { set(b, 0, rec_u32{0xffffffff}); }},
        {"kind 0", [&](auto& b) { set(b, offsetof(rec_hdr, kind), rec_u16{0}); }},
        {"kind beyond the table", [&](auto& b) { set(b, offsetof(rec_hdr, kind), rec_u16{65535}); }},
        {"kind reserved", [&](auto& b) { set(b, offsetof(rec_hdr, kind), rec_u16{72}); }},
        {"shorter than its kind",
         [&](auto& b) {
             b.resize(sizeof(rec_exec) - 1);
             set(b, 0, static_cast<rec_u32>(b.size()));
         }},
        {"string over the end",
         [&](auto& b) {
             set(b, offsetof(rec_exec, argv), rec_str{size, 1});
         }},
        {"string far out",
         [&](auto& b) {
             set(b, offsetof(rec_exec, argv), rec_str{65535, 65535});
         }},
        {"string in the fixed part",
         [&](auto& b) {
             set(b, offsetof(rec_exec, argv), rec_str{sizeof(rec_exec) - 1, 1});
         }},
        {"string at 0",
         [&](auto& b) {
             set(b, offsetof(rec_exec, tty), rec_str{0, 8});
         }},
        {"path over the end",
         [&](auto& b) {
             set(b, offsetof(rec_exec, exe), rec_path{size, 4, 0, 0});
         }},
        {"path at 0",
         [&](auto& b) {
             set(b, offsetof(rec_exec, cgroup), rec_path{0, 4, 0, 0});
         }},
        {"path without an end",
         [&](auto& b) {
             set(b, offsetof(rec_exec, exe), rec_path{sizeof(rec_exec), 2, 0, 0});
         }},
        {"longer than a record may be",
         [&](auto& b) {
             b.resize(WHODID_RECORD_MAX + 1);
             set(b, 0, static_cast<rec_u32>(b.size()));
         }},
    };
    for (const Case& c : cases) {
        std::vector<char> bytes = an_exec();
        c.spoil(bytes);
        const auto decoded = decode(bytes);
        ASSERT_FALSE(decoded) << c.what;
        EXPECT_EQ(decoded.error().code, EBADMSG);
        EXPECT_TRUE(decoded.error().message.starts_with("malformed record: ")) << decoded.error().message;
    }
}

TEST(Decode, AnEmptySliceMayPointAnywhere) {
    RecordBuilder<rec_exec> r(REC_PROCESS_EXEC, {});
    r->argv = {65535, 0};
    r->exe = {3, 0, REC_PATH_ABSENT, 0};
    std::vector<char> bytes = r.bytes();
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(event_of(*decoded).text(r->argv), "");
}

}  // namespace
}  // namespace whodid
