// SPDX-License-Identifier: Apache-2.0
// Events as bytes: what comes out is what went in, in every encoding, and no bytes do harm.
#include "event/event_stream.h"

#include <gtest/gtest.h>

#include <list>

#include "sink/json_encode.h"
#include "sink/text.h"
#include "unit/every_kind.h"

namespace whodid {
namespace {

using test::EveryKind;

std::string shown(const Event& event) {
    static JsonEncoder json(JsonShape::kNested);
    TextOptions wide;
    wide.wide = true;
    std::string out;
    json.append(event, out);
    out += '\n';
    TextLayout(wide).append(event, out);
    return out;
}

/// The bytes of the only frame.
std::string body_of(const std::string& frame, StreamFrame what = StreamFrame::kEvents) {
    StreamFrames frames;
    frames.feed(frame);
    const auto next = frames.next();
    EXPECT_TRUE(next && *next && (*next)->what == what);
    const std::string body(next && *next ? (*next)->bytes : std::string_view());
    const auto more = frames.next();
    EXPECT_TRUE(more && !*more) << "one frame";
    return body;
}

std::string frame_of(const std::vector<Event>& events, EventFrameWriter::Parent parent = nullptr) {
    EventFrameWriter writer(std::move(parent));
    for (const Event& event : events) writer.add(event);
    return writer.finish();
}

TEST(EventStream, EveryKindComesOutAsItWentIn) {
    const EveryKind every;
    std::vector<Event> events;
    std::list<std::string> records;
    for (Event event : every.events) {
        if (event.kind->internal) continue;
        if (event.record->size == 0) {
            std::string& bytes =
                records.emplace_back(reinterpret_cast<const char*>(event.record), event.kind->layout.size);
            auto* record = reinterpret_cast<rec_hdr*>(bytes.data());
            record->size = static_cast<rec_u32>(bytes.size());
            event.record = record;
        }
        events.push_back(event);
    }
    const auto read = read_stream_events(body_of(frame_of(events)), every.stream);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->batch.events.size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(shown(read->batch.events[i]), shown(events[i])) << events[i].kind->name;
        EXPECT_EQ(read->batch.events[i].id(), events[i].id());
    }
}

TEST(EventStream, WhatEventsShareIsSharedAgain) {
    test::Maker maker;
    const auto alice = maker.alice(), root = maker.alice(0);
    const auto read = read_stream_events(
        body_of(frame_of({maker.exec({"a"}, alice), maker.exec({"b"}, root), maker.exec({"c"}, alice)})),
        maker.stream);
    ASSERT_TRUE(read) << read.error().message;
    const auto& events = read->batch.events;
    EXPECT_EQ(events[0].process, events[2].process);
    EXPECT_NE(events[0].process, events[1].process);
    EXPECT_EQ(events[0].process->session, events[1].process->session);
    EXPECT_EQ(*events[1].process->chain, *root->chain);
}

TEST(EventStream, WhomAProcessDescendsFromIsTold) {
    test::Maker maker;
    const auto child = maker.alice(0, "/usr/bin/id"), sudo = maker.alice(0, "/usr/bin/sudo"),
               shell = maker.alice();
    const auto parent = [&](const Process& p) -> std::shared_ptr<const Process> {
        return &p == child.get() ? sudo : &p == sudo.get() ? shell : nullptr;
    };
    const auto read = read_stream_events(
        body_of(frame_of({maker.exec({"sudo"}, sudo), maker.exec({"id"}, child)}, parent)), maker.stream);
    ASSERT_TRUE(read) << read.error().message;
    const auto of = [&](const std::shared_ptr<const Process>& p) {
        const auto found = read->parents.find(p.get());
        return found == read->parents.end() ? nullptr : found->second;
    };
    const auto& events = read->batch.events;
    EXPECT_EQ(of(events[1].process), events[0].process);
    ASSERT_TRUE(of(events[0].process));
    EXPECT_EQ(of(events[0].process)->exe, "/usr/bin/bash");
    EXPECT_EQ(of(of(events[0].process)), nullptr);
}

/// Containers' paths and all that only some events have.
TEST(EventStream, OptionalPartsComeAlong) {
    test::Maker maker;
    auto view = std::make_shared<ContainerView>();
    view->mount_ns = 77;
    view->directories = {{"/data", "/srv/web", 0x801}};
    auto container = std::make_shared<Container>();
    container->id = "c0ffee";
    container->name = "web";
    container->view = view;
    auto process = maker.alice();
    process->container = container;
    process->apart = true;
    process->mount_ns = 77;
    Event exec = maker.exec({"x"}, process);
    exec.program = std::make_shared<Program>(Program{"b1d", "5a", "coreutils", "9.1"});
    exec.is_first_run = false;
    exec.target = maker.alice(0);
    exec.count = 3;
    exec.first_ns = 1;
    exec.last_ns = 2;
    exec.closes_fold = true;
    exec.tags = std::string_view("secrets\0", 8);
    const auto read = read_stream_events(body_of(frame_of({exec})), maker.stream);
    ASSERT_TRUE(read) << read.error().message;
    const Event& event = read->batch.events.front();
    ASSERT_TRUE(event.process->view());
    EXPECT_EQ(event.process->view()->directories, view->directories);
    EXPECT_EQ(event.target->effective_user, "root");
    EXPECT_EQ(event.is_first_run, false);
    EXPECT_EQ(shown(event), shown(exec));
}

TEST(EventStream, TheHeadSaysWhose) {
    StreamHead head{"v1.2", 4711, "standard", {}};
    head.stream.host_name = "web-17";
    head.stream.boot = {1, 2};
    head.stream.sensor_start_ns = 3;
    const auto read = read_stream_head(body_of(stream_head_frame(head), StreamFrame::kHead));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->version, "v1.2");
    EXPECT_EQ(read->pid, 4711u);
    EXPECT_EQ(read->profile, "standard");
    EXPECT_EQ(read->stream.host_name, "web-17");
    EXPECT_EQ(read->stream.boot, head.stream.boot);
    EXPECT_EQ(read->stream.sensor_start_ns, 3u);
}

TEST(EventStream, AnotherVersionsRecordsAreNotRead) {
    std::string body = body_of(stream_head_frame({"v9", 1, "", {}}), StreamFrame::kHead);
    body[0] = static_cast<char>(body[0] ^ 1);
    const auto read = read_stream_head(body);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, EPROTONOSUPPORT);
    EXPECT_NE(read.error().message.find("of another version (v9)"), std::string::npos);
}

TEST(EventStream, GapsAndTheEnd) {
    const auto gaps =
        read_stream_gap(body_of(stream_gap_frame({{REC_FILE_OPEN, 41, 5, 9}}), StreamFrame::kGap));
    ASSERT_TRUE(gaps) << gaps.error().message;
    ASSERT_EQ(gaps->size(), 1u);
    EXPECT_EQ((*gaps)[0].kind, REC_FILE_OPEN);
    EXPECT_EQ((*gaps)[0].count, 41u);
    EXPECT_EQ((*gaps)[0].until_ns, 9u);
    const auto end = read_stream_end(body_of(stream_end_frame(StreamEnd::kReplaced), StreamFrame::kEnd));
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(*end, StreamEnd::kReplaced);
    EXPECT_FALSE(read_stream_end("\x07"));
}

TEST(EventStream, FramesThatComeInPieces) {
    test::Maker maker;
    const std::string frame = frame_of({maker.exec({"a"}, maker.alice())});
    StreamFrames frames;
    std::size_t came = 0;
    for (const char byte : frame + frame) {
        frames.feed({&byte, 1});
        const auto next = frames.next();
        ASSERT_TRUE(next);
        if (!*next) continue;
        ++came;
        EXPECT_TRUE(read_stream_events((*next)->bytes, maker.stream));
    }
    EXPECT_EQ(came, 2u);
    frames.feed("no frame");
    EXPECT_FALSE(frames.next());
}

/// Cut anywhere it is refused, and with any byte changed it is refused or something that can be shown.
TEST(EventStream, DamageIsRefusedOrHarmless) {
    test::Maker maker;
    const std::string body = body_of(frame_of({maker.exec({"a", "b"}, maker.alice(0))}));
    for (std::size_t length = 1; length < body.size(); ++length)
        EXPECT_FALSE(read_stream_events(std::string_view(body).substr(0, length), maker.stream)) << length;
    for (std::size_t at = 0; at < body.size(); ++at) {
        std::string changed = body;
        changed[at] = static_cast<char>(~changed[at]);
        const auto read = read_stream_events(changed, maker.stream);
        if (!read) continue;
        for (const Event& event : read->batch.events) EXPECT_NE(shown(event), "");
    }
}

}  // namespace
}  // namespace whodid
