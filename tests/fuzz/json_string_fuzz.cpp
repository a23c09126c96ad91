// SPDX-License-Identifier: Apache-2.0
// Any bytes as a JSON string: valid, UTF-8, and the same bytes again where they were UTF-8.
#include <cstdlib>

#include "base/escape.h"
#include "base/json_writer.h"
#include "json_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string out, decoded;
    const bool clean = whodid::append_json_string(out, text);
    if (!JsonCheck(out, &decoded).whole()) abort();
    if (!whodid::valid_utf8(out)) abort();
    if (clean != whodid::valid_utf8(text)) abort();
    if (decoded != whodid::to_utf8_replacing(text)) abort();
    if (out.size() > 6 * size + 2) abort();
    return 0;
}
