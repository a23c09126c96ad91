// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952), as OTLP compresses requests and answers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace whodid {

class Gzip {
public:
    Gzip();
    ~Gzip();
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

    /// Appends one gzip member. The 256 KiB it works with are kept for the next one.
    void append(std::string_view bytes, std::string& out);

private:
    struct Stream;
    std::unique_ptr<Stream> stream_;
};

/// What one gzip member holds. nullopt: it is damaged, cut off, followed by something, or holds more than
/// `bytes_max`.
std::optional<std::string> gunzip(std::string_view member, std::size_t bytes_max);

}  // namespace whodid
