// SPDX-License-Identifier: Apache-2.0
// SealFile: what stands in a side file, whoever wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/seal.h"

namespace whodid {

/// Of a side file of whole structs only sizes and magics are proven.
class SealFile {
public:
    static constexpr std::uint64_t kBytesMax = 256 << 20;

    /// EBADMSG: it has no header.
    static Result<SealFile> parse(std::string bytes);
    /// Errors name the file; ENOENT: there is none.
    static Result<SealFile> read(const std::string& path);

    const SealHeader& header() const { return header_; }
    std::uint64_t records() const { return records_; }
    SealRecord record(std::uint64_t index) const;
    static std::uint64_t offset_of(std::uint64_t index) {
        return sizeof(SealHeader) + index * sizeof(SealRecord);
    }
    const std::optional<SealFooter>& footer() const { return footer_; }
    /// Behind the last whole record, where there is no footer.
    std::uint64_t torn_bytes() const { return torn_bytes_; }

private:
    void leave_out_torn_footer();

    std::string bytes_;
    SealHeader header_;
    std::uint64_t records_ = 0, torn_bytes_ = 0;
    std::optional<SealFooter> footer_;
};

/// Copies a struct out of bytes that hold one.
template <class T>
T struct_at(std::string_view bytes, std::size_t offset) {
    T value;
    bytes.substr(offset, sizeof value).copy(reinterpret_cast<char*>(&value), sizeof value);
    return value;
}

/// A footer alone; nullopt: it has none yet, or the file cannot be read.
std::optional<SealFooter> read_footer(const std::string& seal_path);

}  // namespace whodid
