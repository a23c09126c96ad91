// SPDX-License-Identifier: Apache-2.0
// LineSplitter: lines of a stream that comes in pieces. Holds one line at most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace whodid {

class LineSplitter {
public:
    struct Line {
        std::string_view text;     // without the newline; the beginning of a line that is too long
        std::uint64_t number = 0;  // from 1
        std::uint64_t bytes = 0;   // as it stands in the stream, with the newline
        bool is_too_long = false;
    };

    explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

    /// Calls f(line) for each line that ends in this piece.
    template <class F>
    void feed(std::string_view piece, F f) {
        for (std::size_t end; (end = piece.find('\n')) != std::string_view::npos;
             piece.remove_prefix(end + 1)) {
            if (begun_bytes_ == 0) {
                tell(piece.substr(0, end), end, 1, f);
                continue;
            }
            keep(piece.substr(0, end));
            tell_begun(1, f);
        }
        keep(piece);
    }

    /// Calls f(line) for a last line without a newline.
    template <class F>
    void finish(F f) {
        if (begun_bytes_ != 0) tell_begun(0, f);
    }

private:
    void keep(std::string_view text) {
        begun_bytes_ += text.size();
        begun_.append(text.substr(0, line_bytes_max_ - std::min(line_bytes_max_, begun_.size())));
    }
    template <class F>
    void tell_begun(std::uint64_t newline, F f) {
        tell(begun_, begun_bytes_, newline, f);
        begun_.clear();
        begun_bytes_ = 0;
    }
    template <class F>
    void tell(std::string_view text, std::uint64_t bytes, std::uint64_t newline, F f) {
        f(Line{text.substr(0, line_bytes_max_), ++number_, bytes + newline, bytes > line_bytes_max_});
    }

    std::size_t line_bytes_max_;
    std::string begun_;
    std::uint64_t begun_bytes_ = 0, number_ = 0;
};

}  // namespace whodid
