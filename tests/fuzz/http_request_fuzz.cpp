// SPDX-License-Identifier: Apache-2.0
// Any bytes from a client: not whole, refused with a reason, or a path; and the same however they are cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/http_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const whodid::HttpRequest request = whodid::read_http_request(text);
    if (request.status == 0) {
        if (text.size() >= whodid::kHttpRequestBytesMax) abort();  // it would be waited for without end
        return 0;
    }
    if (request.status != 200) {
        if (request.status < 400 || request.why.empty()) abort();
        return 0;
    }
    if (!request.path.starts_with('/') || request.path.find_first_of("? \r\n") != request.path.npos) abort();
    if (request.path.data() < text.data() || request.path.data() + request.path.size() > text.data() + size)
        abort();
    // What is whole stays the same request when more comes behind it.
    const std::string more = std::string(text) + "x";
    const whodid::HttpRequest again = whodid::read_http_request(more);
    if (again.status != 200 || again.path != request.path || again.query != request.query) abort();
    return 0;
}
