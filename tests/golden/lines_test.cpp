// SPDX-License-Identifier: Apache-2.0
// Records made by hand against the JSON lines that were agreed on.
#include <gtest/gtest.h>

#include "event/kinds.h"
#include "event/make_record.h"
#include "sink/json_encode.h"

namespace whodid {
namespace {

TEST(GoldenLines, SensorLoss) {
    rec_hdr header{};
    header.boot_ns = 5'000'000'000;
    Arena arena;
    RecordMaker<rec_sensor> made(header, REC_SENSOR_LOSS);
    made->count = 41;
    made.text(&rec_sensor::stage, "kernel_ring").text(&rec_sensor::kind, "file.open");
    Stream stream;
    stream.host_name = "web-17";
    Event event;
    event.record = made.finish(arena);
    event.kind = find_kind(std::uint16_t{REC_SENSOR_LOSS});
    event.stream = &stream;
    event.wall_ns = 1'795'874'551'118'204'411;
    event.seq = 7;
    std::string line;
    JsonEncoder(JsonShape::kNested,
                {"event.name", "host", "whodid.loss.stage", "whodid.loss.kind", "whodid.loss.count"})
        .append(event, line);
    EXPECT_EQ(line, R"({"event":{"name":"whodid.sensor.loss"},"host":{"name":"web-17"},)"
                    R"("whodid":{"loss":{"stage":"kernel_ring","kind":"file.open","count":41}}})");
}

}  // namespace
}  // namespace whodid
