// SPDX-License-Identifier: Apache-2.0
// TextLayout: an event as a line of the screen: TIME WHO@FROM AS SES ACT WHAT RESULT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal.h"
#include "event/kinds.h"

namespace whodid {

struct TextOptions {
    bool wide = false;  // chain and ids too, nothing cut
    bool color = false;
    bool local_time = false;
    std::vector<std::string> keys;  // fields by key or alias, as columns instead of the usual ones
    std::string banner;             // a line above every header, and both again on each screenful
};

class TextLayout {
public:
    explicit TextLayout(TextOptions options);

    /// The terminal as it is now. Without one nothing is cut, and chosen fields are parted by tabs.
    void fit(TerminalSize size) { size_ = size; }

    std::string header() const;
    /// Appends one line, newline included. Hostile bytes are escaped.
    void append(const Event& event, std::string& out);

private:
    /// A column that grows with what it is given, up to its limit, when there is a terminal to line up on.
    struct Column {
        std::size_t width, limit;
    };

    bool cuts() const { return size_.columns != 0 && !options_.wide; }
    bool is_narrow() const;
    std::size_t time_width() const;
    std::size_t result_width() const;
    std::size_t what_width() const;
    void put(std::string& line, std::string_view text, Column& column) const;
    void append_columns(const Event& event, std::string& out);
    void append_object(const Event& event, std::string& line) const;
    void append_keys(const Event& event, std::string& out);
    void append_ids(const Event& event, std::string& out) const;
    std::string paint(std::string_view text, bool stands_out) const;

    TextOptions options_;
    TerminalSize size_;
    Column who_{19, 40}, as_{6, 12}, session_{4, 10}, act_{8, 8};
    std::vector<Column> key_columns_;
    std::size_t lines_ = 0;  // since the last header
    Scratch scratch_;
};

/// Text of any value, as columns show it: list elements parted by blanks.
std::string value_text(const Value& value);

}  // namespace whodid
