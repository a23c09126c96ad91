// SPDX-License-Identifier: Apache-2.0
// Any bytes from what poses as a sensor: nothing, or an answer whose body is the end of what came.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "app/http_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto answer = whodid::read_sensor_answer(text);
    if (!answer) return 0;
    if (answer->status < 100 || answer->status > 999 || !text.ends_with(answer->body)) abort();
    if (answer->body.data() + answer->body.size() != text.data() + size) abort();
    return 0;
}
