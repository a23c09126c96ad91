// SPDX-License-Identifier: Apache-2.0
// Any expression: an error of three lines, or one spelling that means the same on every event.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "filter/expression.h"
#include "unit/sample_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const whodid::test::SampleEvents samples;
    static whodid::Scratch scratch;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto expression = whodid::Expression::compile(text);
    if (!expression) {
        const std::string& message = expression.error().message;
        if (!message.starts_with("column ") || std::ranges::count(message, '\n') != 2) abort();
        return 0;
    }
    const std::string normal = expression->text();
    auto again = whodid::Expression::compile(normal);
    if (!again) {
        if (normal.size() <= whodid::kFilterBytesMax) abort();  // keys are longer than aliases
        return 0;
    }
    if (again->text() != normal || again->tree() != expression->tree()) abort();
    for (const auto& [name, event] : samples.all()) {
        scratch.reset();
        const bool holds = expression->holds(event, scratch);
        scratch.reset();
        if (again->holds(event, scratch) != holds) abort();
    }
    return 0;
}
