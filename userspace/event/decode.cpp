// SPDX-License-Identifier: Apache-2.0
// decode: from bytes to a record that may be read without further checks.
#include "event/decode.h"

#include <fmt/format.h>
#include <whodid/limits.h>

#include <algorithm>

namespace whodid {

namespace {

Error malformed(const char* what, std::uint64_t got) {
    return Error{fmt::format("malformed record: {} ({})", what, got), EBADMSG};
}

bool inside(std::size_t off, std::size_t len, const rec_hdr& header, std::size_t fixed) {
    return len == 0 || (off >= fixed && off + len <= header.size);
}

/// "leaf\0mid\0top\0" becomes "/top/mid/leaf": the whole turned round, then each component.
void turn_path(char* at, std::size_t len) {
    std::reverse(at, at + len);
    char* end = at + len;
    for (char* component = at; component < end;) {
        *component++ = '/';
        char* next = std::find(component, end, '\0');
        std::reverse(component, next);
        component = next;
    }
}

bool well_formed_path(const rec_path& path, const char* record) {
    return path.len == 0 || (path.flags & REC_PATH_TURNED) || record[path.off + path.len - 1] == '\0';
}

}  // namespace

Result<Decoded> decode(std::span<char> bytes) {
    if (bytes.size() < sizeof(rec_hdr)) return malformed("shorter than a header", bytes.size());
    auto* header = reinterpret_cast<rec_hdr*>(bytes.data());
    if (header->size != bytes.size()) return malformed("size does not match what arrived", header->size);
    if (bytes.size() > WHODID_RECORD_MAX) return malformed("longer than a record may be", bytes.size());
    const Kind* kind = find_kind(header->kind);
    if (!kind) return malformed("unknown kind", header->kind);
    if (bytes.size() < kind->layout.size) return malformed("shorter than its kind", bytes.size());
    for (std::uint16_t at : kind->layout.strings) {
        const auto* slice = reinterpret_cast<const rec_str*>(bytes.data() + at);
        if (!inside(slice->off, slice->len, *header, kind->layout.size))
            return malformed("string outside the record", slice->off);
    }
    for (std::uint16_t at : kind->layout.paths) {
        const auto* slice = reinterpret_cast<const rec_path*>(bytes.data() + at);
        if (!inside(slice->off, slice->len, *header, kind->layout.size))
            return malformed("path outside the record", slice->off);
        if (!well_formed_path(*slice, bytes.data())) return malformed("path without an end", slice->off);
    }
    for (std::uint16_t at : kind->layout.paths) {
        auto* slice = reinterpret_cast<rec_path*>(bytes.data() + at);
        if (!(slice->flags & REC_PATH_TURNED)) turn_path(bytes.data() + slice->off, slice->len);
        slice->flags |= REC_PATH_TURNED;
    }
    return Decoded{header, kind};
}

}  // namespace whodid
