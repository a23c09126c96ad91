// SPDX-License-Identifier: Apache-2.0
// What a client of the status socket asks for: a request line and headers, no body.
#pragma once

#include <cstddef>
#include <string_view>

namespace whodid {

constexpr std::size_t kHttpRequestBytesMax = 8 << 10;

/// Borrowed from the text that was read.
struct HttpRequest {
    /// 0: it is not whole yet. 200: it is. Else the status of the answer, and why.
    int status = 0;
    std::string_view why;
    std::string_view path, query;  // of "/status?text": "/status", "text". As they came, nothing decoded
};

/// Of HTTP/1.0 or 1.1 (RFC 9112), GET in origin form. Refused with 400 is what is malformed, has a body, or
/// is 1.1 without one Host; with 405 another method, 431 what is longer than kHttpRequestBytesMax, 505
/// another version. What comes behind the request is not looked at.
HttpRequest read_http_request(std::string_view text);

}  // namespace whodid
