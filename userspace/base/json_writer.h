// SPDX-License-Identifier: Apache-2.0
// JsonWriter: appends JSON to a string. Objects open only when something is put into them.
#pragma once

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace whodid {

/// Appends `text` as a quoted JSON string (RFC 8259). Bytes that are not UTF-8 become U+FFFD each maximal
/// subpart, as Unicode recommends (chapter 3.9); returns false when that happened.
bool append_json_string(std::string& out, std::string_view text);

/// For one line of nested objects. Keys are trusted constants and are not escaped; values are.
class JsonWriter {
public:
    static constexpr std::size_t kDepthMax = 16;  // of objects that are open and still empty

    explicit JsonWriter(std::string& out) : out_(out) {}

    /// An object below the current one; written when its first member is.
    void open(std::string_view key) {
        assert(pending_ < kDepthMax);
        keys_[pending_++] = key;
    }
    void close() {
        if (pending_ > 0) {
            --pending_;
            return;
        }
        out_ += '}';
        first_ = false;
    }

    void begin() {
        out_ += '{';
        first_ = true;
    }
    void end() { out_ += '}'; }

    void key(std::string_view name) {
        open_pending();
        write_key(name);
    }

    bool text(std::string_view value) { return append_json_string(out_, value); }
    void raw(std::string_view json) { out_ += json; }
    void integer(std::int64_t value) {
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    void number(std::uint64_t value) {
        char digits[24];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    void real(double value) {
        char digits[40];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    void boolean(bool value) { out_ += value ? "true" : "false"; }

    /// Members rendered before, each with its key, joined by commas; empty is nothing.
    void members(std::string_view rendered) {
        if (rendered.empty()) return;
        open_pending();
        if (!first_) out_ += ',';
        first_ = false;
        out_ += rendered;
    }

private:
    void open_pending() {
        for (std::size_t i = 0; i < pending_; ++i) {
            write_key(keys_[i]);
            out_ += '{';
            first_ = true;
        }
        pending_ = 0;
    }
    void write_key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }

    std::string& out_;
    std::array<std::string_view, kDepthMax> keys_;
    std::size_t pending_ = 0;  // of these
    bool first_ = true;
};

}  // namespace whodid
