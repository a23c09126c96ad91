// SPDX-License-Identifier: Apache-2.0
// HttpClient: POST by libcurl, which is loaded when the first client is made: a sensor that sends nothing
// does without it, and without the 8 MB of libraries that it needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/http_answer.h"

namespace whodid {

struct HttpSettings {
    std::string user_agent;
    std::string ca_path;                        // PEM, instead of the system's; empty: the system's
    std::string certificate_path, key_path;     // PEM, the client's own; empty: none
    std::string proxy;                          // a URL; empty: as http_proxy and the like have it
    std::uint64_t timeout_ns = 10'000'000'000;  // of a request, from the connection to the end of its answer
    bool http2 = false;                         // as gRPC needs it; else HTTP/1.1
};

/// Whether `library` can be loaded and has all that is called. The Error says what to install.
Result<void> load_curl(const char* library = "libcurl.so.4");

class HttpClient {
public:
    /// An Error: libcurl is not there or too old for the settings, or a file of theirs cannot be read.
    static Result<std::unique_ptr<HttpClient>> make(HttpSettings settings);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends one request and waits for its answer, at most the timeout. Connections are kept for the next
    /// one. Redirects are not followed: the headers may hold credentials. One thread at a time.
    HttpAnswer post(const std::string& url, std::string_view content_type, std::string_view body,
                    const HttpHeaders& headers);
    /// From any thread: a request that is under way ends within a second, and so does each after it.
    void cancel();

private:
    struct Handle;
    explicit HttpClient(std::unique_ptr<Handle> handle);

    std::unique_ptr<Handle> handle_;
};

}  // namespace whodid
