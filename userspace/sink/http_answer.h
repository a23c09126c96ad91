// SPDX-License-Identifier: Apache-2.0
// HttpAnswer: what came back for a request, and whether anything did.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whodid {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Of a body, after decompression, as the OTLP specification recommends it.
constexpr std::size_t kAnswerBytesMax = 4u << 20;
/// Of all headers and trailers of an answer together.
constexpr std::size_t kAnswerHeaderBytesMax = 64u << 10;

struct HttpAnswer {
    enum class What {
        kWhole,    // status, headers, and the body, unless it cannot be decompressed: `why` says so then
        kNone,     // none, or a part: `why` says what happened to the connection
        kTooMuch,  // it is larger than the limits above
    };
    What what = What::kNone;
    bool is_late = false;  // kNone: because time was over
    int status = 0;
    HttpHeaders headers;  // names in lower case; trailers come last
    std::string body;
    std::string why;  // for the operator; has neither header values nor what stands before a host's name

    /// The last one of that name, in lower case; empty when there is none.
    std::string_view header(std::string_view name) const {
        std::string_view found;
        for (const auto& [own, value] : headers)
            if (own == name) found = value;
        return found;
    }
};

}  // namespace whodid
