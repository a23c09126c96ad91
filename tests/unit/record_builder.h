// SPDX-License-Identifier: Apache-2.0
// Records as the kernel side makes them, from literals.
#pragma once

#include <whodid/record.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace whodid::test {

/// "/usr/bin/vim" as the dentry walk leaves it: "vim\0bin\0usr\0".
inline std::string walked(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::size_t slash = path.rfind('/');
        out.append(path.substr(slash + 1)).push_back('\0');
        path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
    }
    return out;
}

/// "a\0b\0"
inline std::string block(const std::vector<std::string>& strings) {
    std::string out;
    for (const std::string& s : strings) out.append(s).push_back('\0');
    return out;
}

template <class R>
class RecordBuilder {
public:
    RecordBuilder(std::uint16_t kind, const rec_task& task) {
        record_.h.kind = kind;
        record_.h.task = task;
    }

    R* operator->() { return &record_; }

    RecordBuilder& text(rec_str R::*member, std::string_view value) {
        record_.*member = {end(), static_cast<rec_u16>(value.size())};
        tail_ += value;
        return *this;
    }
    RecordBuilder& path(rec_path R::*member, std::string_view value, rec_u16 flags = 0) {
        const std::string components = walked(value);
        record_.*member = {end(), static_cast<rec_u16>(components.size()), flags, 0};
        tail_ += components;
        return *this;
    }

    /// 8-byte aligned, as new gives it.
    std::vector<char> bytes() {
        record_.h.size = static_cast<rec_u32>(sizeof(R) + tail_.size());
        std::vector<char> out(record_.h.size);
        std::memcpy(out.data(), &record_, sizeof(R));
        std::memcpy(out.data() + sizeof(R), tail_.data(), tail_.size());
        return out;
    }

private:
    rec_u16 end() const { return static_cast<rec_u16>(sizeof(R) + tail_.size()); }

    R record_{};
    std::string tail_;
};

}  // namespace whodid::test
