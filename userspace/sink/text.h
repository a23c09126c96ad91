// SPDX-License-Identifier: Apache-2.0
// TextLayout: an event as a line of the screen: TIME WHO@FROM AS SES ACT WHAT RESULT.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "event/kinds.h"

namespace whodid {

struct TextOptions {
    bool wide = false;  // chain and ids too, nothing cut
    bool color = false;
    bool local_time = false;
    std::size_t columns = 0;        // of the terminal; 0: nothing is cut
    std::vector<std::string> keys;  // columns of their own instead of the usual ones
};

class TextLayout {
public:
    explicit TextLayout(TextOptions options);

    std::string header() const;
    /// Appends one line, newline included. Hostile bytes are escaped.
    void append(const Event& event, std::string& out);

private:
    void append_columns(const Event& event, std::string& out);
    void append_keys(const Event& event, std::string& out);
    std::string who(const Event& event) const;
    std::string as(const Event& event) const;
    std::string what(const Event& event) const;
    std::string result(const Event& event) const;

    TextOptions options_;
    Scratch scratch_;
};

/// Text of any value, as filters and columns show it.
std::string value_text(const Value& value);

}  // namespace whodid
