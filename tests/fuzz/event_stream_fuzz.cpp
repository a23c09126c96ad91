// SPDX-License-Identifier: Apache-2.0
// Any bytes from what poses as a whodid daemon: refused with a message, or events that can be filtered and
// shown in every form, with ancestors that end.
#include <cstdlib>
#include <cstring>

#include "event/event_stream.h"
#include "filter/visibility.h"
#include "sink/json_encode.h"
#include "sink/text.h"

using namespace whodid;

namespace {

template <class T>
void check_error(const Result<T>& result) {
    if (!result && result.error().message.empty()) abort();
}

void show(const Event& event) {
    static JsonEncoder nested(JsonShape::kNested), flat(JsonShape::kFlat);
    static TextLayout text{TextOptions{.wide = true}};
    std::string out;
    nested.append(event, out);
    flat.append(event, out);
    text.append(event, out);
    if (out.empty()) abort();
}

void check_events(std::string_view bytes) {
    const Stream stream;
    const auto read = read_stream_events(bytes, stream);
    check_error(read);
    if (!read) return;
    const Lineage lineage{[](const Process&, std::uint32_t) { return false; },
                          [&](const Process& process) -> std::shared_ptr<const Process> {
                              const auto found = read->parents.find(&process);
                              return found == read->parents.end() ? nullptr : found->second;
                          }};
    for (const Event& event : read->batch.events) {
        (void)shown_by_default(event, lineage);
        show(event);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    StreamFrames frames;
    for (std::size_t at = 0; at < size; at += 7) {
        frames.feed(input.substr(at, 7));
        for (auto next = frames.next(); next && *next; next = frames.next()) {
            const std::string_view bytes = (*next)->bytes;
            if ((*next)->what == StreamFrame::kHead) check_error(read_stream_head(bytes));
            if ((*next)->what == StreamFrame::kEvents) check_events(bytes);
            if ((*next)->what == StreamFrame::kGap) check_error(read_stream_gap(bytes));
            if ((*next)->what == StreamFrame::kEnd) check_error(read_stream_end(bytes));
        }
    }
    return 0;
}
