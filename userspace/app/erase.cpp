// SPDX-License-Identifier: Apache-2.0
// Erases places one by one.
#include "app/erase.h"

#include <fmt/format.h>

#include <charconv>

#include "app/exit_code.h"
#include "app/say.h"
#include "base/clock.h"
#include "base/escape.h"
#include "sink/erasures.h"
#include "sink/seal_key.h"

namespace whodid {

Result<ErasePlace> parse_erase_place(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    ErasePlace place;
    bool is_place = colon != std::string_view::npos && colon != 0;
    if (is_place) {
        place.path = text.substr(0, colon);
        const char* end = text.data() + text.size();
        const auto [stopped, failed] = std::from_chars(text.data() + colon + 1, end, place.line);
        is_place = failed == std::errc() && stopped == end && place.line != 0;
    }
    if (!is_place)
        return Error{fmt::format("\"{}\" is no place to erase: give FILE:LINE, with lines from 1, as whodid "
                                 "verify has them",
                                 escape_for_terminal(text)),
                     EINVAL};
    return place;
}

int erase(const EraseOptions& options) {
    std::vector<ErasePlace> places;
    for (const std::string& text : options.places) {
        auto place = parse_erase_place(text);
        if (!place) return fail_usage(place.error());
        places.push_back(std::move(*place));
    }
    const auto key = read_seal_key(options.key_path);
    if (!key) return fail_usage(key.error());
    int code = kOk;
    std::string page;
    for (const ErasePlace& place : places) {
        const auto erased = erase_record(place.path, place.line, *key, wall_now_ns());
        if (!erased) {
            code = fail(erased.error());
            continue;
        }
        page += fmt::format("{}:{}: {}\n", escape_for_terminal(place.path), place.line,
                            *erased == 0 ? "was erased before" : fmt::format("erased, {} bytes", *erased));
    }
    const int printed = print_page(page);
    return code == kOk ? printed : kRuntimeError;
}

}  // namespace whodid
