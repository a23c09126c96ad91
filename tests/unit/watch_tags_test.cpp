// SPDX-License-Identifier: Apache-2.0
// Which events are accesses to what is watched.
#include "filter/watch_tags.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>

#include "filter/watch_file.h"
#include "unit/allocations.h"
#include "unit/made_event.h"

namespace whodid {
namespace {

/// Every access to /w has a tag that is its letter.
constexpr std::string_view kByLetter = "/w r tag=r\n/w w tag=w\n/w x tag=x\n/w a tag=a\n";

struct WatchTagsTest : testing::Test, test::Maker {
    WatchList list = *parse_watch_file(kByLetter, "x");
    Arena arena;

    std::string tags(Event event) {
        WatchTags tagger(list);
        tagger.tag(event, arena);
        std::string text;
        for_each_string(event.tags,
                        [&](std::string_view tag) { text.append(text.empty() ? "" : " ").append(tag); });
        return text;
    }
    std::string tags_of(std::uint16_t kind, int result = 0, std::uint32_t flags = 0) {
        return tags(file(kind, "/w", alice(), result, flags));
    }
    Event two_names(std::uint16_t kind, const std::string& path, const std::string& target, int result = 0) {
        Event event = file(kind, path, alice(), result);
        event.target_path = keep(target);
        return event;
    }
    Event program(const std::string& exe, const std::string& asked, const std::string& interpreter) {
        auto made = record<rec_exec>(REC_PROCESS_EXEC);
        made.text(&rec_exec::filename, asked).text(&rec_exec::interp, interpreter);
        made.text(&rec_exec::tty, exe);  // room in the record's tail
        made->exe = {made->tty.off, made->tty.len, REC_PATH_TURNED, 0};
        return event(std::move(made), alice());
    }
};

TEST_F(WatchTagsTest, OpensAreReadsAndWrites) {
    EXPECT_EQ(tags_of(REC_FILE_OPEN), "r");
    EXPECT_EQ(tags_of(REC_FILE_OPEN, 0, O_WRONLY), "w");
    EXPECT_EQ(tags_of(REC_FILE_OPEN, 0, O_RDWR), "r w");
    EXPECT_EQ(tags_of(REC_FILE_OPEN, 0, O_TRUNC), "r w");
    EXPECT_EQ(tags_of(REC_FILE_OPEN, 0, O_PATH), "");
    EXPECT_EQ(tags_of(REC_FILE_CREATE, 0, O_WRONLY | O_CREAT), "w");
}

TEST_F(WatchTagsTest, OtherActsAreWhatAuditdHasThemFor) {
    for (const std::uint16_t kind : {REC_FILE_UNLINK, REC_FILE_TRUNCATE, REC_FILE_MKDIR, REC_FILE_RMDIR,
                                     REC_FILE_SYMLINK, REC_FILE_MOUNT, REC_FILE_UMOUNT, REC_FILE_RENAME})
        EXPECT_EQ(tags_of(kind), "w") << kind;
    for (const std::uint16_t kind : {REC_FILE_CHMOD, REC_FILE_CHOWN, REC_FILE_SETXATTR})
        EXPECT_EQ(tags_of(kind), "a") << kind;
    EXPECT_EQ(tags_of(REC_FILE_LINK), "w a");
    EXPECT_EQ(tags_of(REC_FILE_MAP), "x");
}

TEST_F(WatchTagsTest, TheNewNameCountsTheTextOfALinkDoesNot) {
    EXPECT_EQ(tags(two_names(REC_FILE_RENAME, "/etc/x", "/w")), "w");
    EXPECT_EQ(tags(two_names(REC_FILE_RENAME, "/w", "/etc/x")), "w");
    EXPECT_EQ(tags(two_names(REC_FILE_LINK, "/etc/x", "/w")), "w");
    EXPECT_EQ(tags(two_names(REC_FILE_SYMLINK, "/etc/x", "/w")), "");
    EXPECT_EQ(tags(two_names(REC_FILE_SETXATTR, "/etc/x", "/w")), "");
}

TEST_F(WatchTagsTest, WhatIsRefusedCountsWhatIsNotThereDoesNot) {
    EXPECT_EQ(tags_of(REC_FILE_OPEN, -EACCES), "r");
    EXPECT_EQ(tags_of(REC_FILE_UNLINK, -EPERM), "w");
    EXPECT_EQ(tags_of(REC_FILE_OPEN, -ENOENT), "");
    EXPECT_EQ(tags_of(REC_FILE_CHMOD, -ENOTDIR), "");
    EXPECT_EQ(tags(exec({"/w"}, alice(), -EACCES)), "x");
    EXPECT_EQ(tags(exec({"/w"}, alice(), -ENOENT)), "");
}

TEST_F(WatchTagsTest, ProgramsAndScriptsAreExecuted) {
    list = *parse_watch_file("/usr/bin/su x tag=su\n/opt/ x tag=opt\n/usr/bin/dash r tag=never", "x");
    EXPECT_EQ(tags(program("/usr/bin/su", "/bin/su", "/bin/su")), "su");
    EXPECT_EQ(tags(program("/usr/bin/ls", "/bin/su", "/bin/su")), "");
    EXPECT_EQ(tags(program("/usr/bin/dash", "/opt/job.sh", "/bin/sh")), "opt");
    EXPECT_EQ(tags(program("/opt/sh", "/opt/job.sh", "/opt/sh")), "opt");
    Event script = program("/usr/bin/dash", "job.sh", "/bin/sh");
    EXPECT_EQ(tags(script), "");
    script.path = "/opt/job.sh";
    EXPECT_EQ(tags(script), "opt");
    auto inside = alice();
    inside->apart = true;
    Event contained = program("/usr/bin/su", "/usr/bin/su", "/usr/bin/su");
    contained.process = inside;
    EXPECT_EQ(tags(contained), "") << "another file, in a container";
}

TEST_F(WatchTagsTest, TagsOfAllEntriesEachOnce) {
    list = *parse_watch_file("/etc/ wa tag=a tag=b\n/etc/ssh/ w tag=b tag=c\n/srv/ w tag=c tag=d", "x");
    EXPECT_EQ(tags(two_names(REC_FILE_RENAME, "/etc/ssh/x", "/srv/x")), "a b c d");
    EXPECT_EQ(tags(file(REC_FILE_CHMOD, "/etc/ssh/x", alice())), "a b");
    EXPECT_EQ(tags(net(REC_NETWORK_CONNECT, alice())), "");
}

TEST_F(WatchTagsTest, TheFieldHasThem) {
    Event event = file(REC_FILE_OPEN, "/w", alice(), 0, O_RDWR);
    Scratch scratch;
    const KeyReader reader("whodid.tags");
    EXPECT_FALSE(reader.read(event, scratch).present());
    WatchTags tagger(list);
    tagger.tag(event, arena);
    EXPECT_EQ(reader.read(event, scratch).text, std::string_view("r\0w\0", 4));
    EXPECT_EQ(find_field("tag"), find_field("whodid.tags"));
}

TEST_F(WatchTagsTest, TaggingAllocatesNothingOnceWarm) {
    list = *parse_watch_file("/etc/ wa tag=a\n/etc/ssh/ w tag=b", "x");
    WatchTags tagger(list);
    const Event plain = file(REC_FILE_UNLINK, "/etc/ssh/x", alice());
    const auto tag_some = [&] {
        for (int i = 0; i < 100; ++i) {
            Event event;
            event.record = plain.record;
            event.kind = plain.kind;
            event.path = plain.path;
            tagger.tag(event, arena);
            EXPECT_EQ(event.tags.size(), 4u);
        }
        arena.reset();
    };
    tag_some();
    const test::Allocations allocations;
    tag_some();
    EXPECT_EQ(allocations.count(), 0u);
}

}  // namespace
}  // namespace whodid
