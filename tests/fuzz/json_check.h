// SPDX-License-Identifier: Apache-2.0
// A strict reader of JSON (RFC 8259), to check what was written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Accepts exactly one value. Strings come out decoded, in order, when asked for.
class JsonCheck {
public:
    explicit JsonCheck(std::string_view text, std::string* decoded = nullptr)
        : left_(text), decoded_(decoded) {}

    bool whole() { return value(0) && left_.empty(); }

private:
    bool value(int depth) {
        if (depth > 16 || left_.empty()) return false;
        switch (left_[0]) {
            case '{':
                return members('}', depth, true);
            case '[':
                return members(']', depth, false);
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            default:
                return number();
        }
    }
    bool take(char c) {
        if (left_.empty() || left_[0] != c) return false;
        left_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view w) {
        if (!left_.starts_with(w)) return false;
        left_.remove_prefix(w.size());
        return true;
    }
    bool members(char end, int depth, bool keys) {
        left_.remove_prefix(1);
        if (take(end)) return true;
        do {
            if (keys && !(string() && take(':'))) return false;
            if (!value(depth + 1)) return false;
        } while (take(','));
        return take(end);
    }
    bool number() {
        const std::size_t n = left_.find_first_not_of("+-.0123456789eE");
        const std::string_view digits = left_.substr(0, n);
        left_.remove_prefix(digits.size());
        const std::size_t first = digits.starts_with('-') ? 1 : 0;
        return digits.size() > first && digits[first] >= '0' && digits[first] <= '9' &&
               !(digits[first] == '0' && digits.size() > first + 1 && digits[first + 1] >= '0' &&
                 digits[first + 1] <= '9');
    }
    bool string() {
        if (!take('"')) return false;
        while (!left_.empty()) {
            const char c = left_[0];
            left_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\')
                put(c);
            else if (!escape())
                return false;
        }
        return false;
    }
    bool escape() {
        if (left_.empty()) return false;
        const char c = left_[0];
        left_.remove_prefix(1);
        const std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
        if (const std::size_t at = from.find(c); at != from.npos) {
            put(to[at]);
            return true;
        }
        if (c != 'u' || left_.size() < 4) return false;
        int code = 0;
        for (int i = 0; i < 4; ++i) {
            const std::size_t digit =
                std::string_view("0123456789abcdef").find(left_[static_cast<std::size_t>(i)]);
            if (digit == std::string_view::npos) return false;
            code = code * 16 + static_cast<int>(digit);
        }
        left_.remove_prefix(4);
        if (code > 0x7f) return false;  // we write those as UTF-8
        put(static_cast<char>(code));
        return true;
    }
    void put(char c) {
        if (decoded_) decoded_->push_back(c);
    }

    std::string_view left_;
    std::string* decoded_;
};
