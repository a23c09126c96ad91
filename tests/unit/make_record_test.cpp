// SPDX-License-Identifier: Apache-2.0
// Records made in userspace.
#include "event/make_record.h"

#include <gtest/gtest.h>

#include "event/decode.h"
#include "event/event.h"

namespace whodid {
namespace {

TEST(RecordMaker, HasTheShapeOfTheKernels) {
    Arena arena;
    rec_hdr cause{};
    cause.kind = REC_RAW_AUDIT;
    cause.flags = REC_F_USER_SUPPLIED;
    cause.result = 140;
    cause.boot_ns = 5;
    cause.seq = 6;
    cause.cpu = 1;
    cause.task.tgid = 812;
    RecordMaker<rec_auth> made(cause, REC_AUTH_ATTEMPT);
    made->port = 58932;
    made.text(&rec_auth::service, "sshd").text(&rec_auth::key, "").text(&rec_auth::address, "198.51.100.7");
    const rec_hdr* record = made.finish(arena);

    const auto decoded = decode({reinterpret_cast<char*>(const_cast<rec_hdr*>(record)), record->size});
    ASSERT_TRUE(decoded) << decoded.error().message;
    Event event;
    event.record = record;
    const auto& auth = event.as<rec_auth>();
    EXPECT_EQ(event.text(auth.service), "sshd");
    EXPECT_EQ(event.text(auth.key), "");
    EXPECT_EQ(event.text(auth.method), "");
    EXPECT_EQ(event.text(auth.address), "198.51.100.7");
    EXPECT_EQ(auth.port, 58932);
    EXPECT_EQ(record->kind, REC_AUTH_ATTEMPT);
    EXPECT_EQ(record->flags, 0);
    EXPECT_EQ(record->result, 0);
    EXPECT_EQ(record->seq, 6u);
    EXPECT_EQ(record->task.tgid, 812u);
}

TEST(RecordMaker, CutsWhatWouldNotFit) {
    Arena arena;
    RecordMaker<rec_auth> made({}, REC_AUTH_ATTEMPT);
    const std::string huge(100'000, 'x');
    for (auto member :
         {&rec_auth::service, &rec_auth::method, &rec_auth::account, &rec_auth::account_hash, &rec_auth::key,
          &rec_auth::command, &rec_auth::target_user, &rec_auth::address, &rec_auth::terminal})
        made.text(member, huge);
    const rec_hdr* record = made.finish(arena);
    const auto decoded = decode({reinterpret_cast<char*>(const_cast<rec_hdr*>(record)), record->size});
    EXPECT_TRUE(decoded) << decoded.error().message;
}

}  // namespace
}  // namespace whodid
