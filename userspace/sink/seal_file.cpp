// SPDX-License-Identifier: Apache-2.0
// Takes side files apart.
#include "sink/seal_file.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "sink/file_io.h"

namespace whodid {

Result<SealFile> SealFile::parse(std::string bytes) {
    SealFile file;
    file.bytes_ = std::move(bytes);
    if (file.bytes_.size() < sizeof(SealHeader))
        return Error{"it is cut short: a seal begins with a header of 88 bytes", EBADMSG};
    file.header_ = struct_at<SealHeader>(file.bytes_, 0);
    if (file.header_.magic != SealHeader::kMagic)
        return Error{"it is no seal of this version of whodid", EBADMSG};
    std::size_t rest = file.bytes_.size() - sizeof(SealHeader);
    if (rest >= sizeof(SealFooter)) {
        const auto footer = struct_at<SealFooter>(file.bytes_, file.bytes_.size() - sizeof(SealFooter));
        if (footer.magic == SealFooter::kMagic) {
            file.footer_ = footer;
            rest -= sizeof(SealFooter);
        }
    }
    file.records_ = rest / sizeof(SealRecord);
    if (!file.footer_) file.leave_out_torn_footer();
    file.torn_bytes_ = rest - file.records_ * sizeof(SealRecord);
    return file;
}

/// What a writer that was killed left of a footer looks like records.
void SealFile::leave_out_torn_footer() {
    constexpr std::uint64_t kFooterRecords = sizeof(SealFooter) / sizeof(SealRecord);
    const std::string_view magic(SealFooter::kMagic.data(), SealFooter::kMagic.size());
    for (std::uint64_t i = records_ - std::min(records_, kFooterRecords); i < records_; ++i)
        if (std::string_view(bytes_).substr(offset_of(i), magic.size()) == magic) records_ = i;
}

Result<SealFile> SealFile::read(const std::string& path) {
    auto bytes = read_whole(path, kBytesMax);
    if (!bytes) return bytes.error();
    auto file = parse(std::move(*bytes));
    if (!file) return Error{"cannot use " + escape_for_terminal(path) + ": " + file.error().message, EBADMSG};
    return file;
}

SealRecord SealFile::record(std::uint64_t index) const {
    return struct_at<SealRecord>(bytes_, offset_of(index));
}

std::optional<SealFooter> read_footer(const std::string& seal_path) {
    const auto file = open_regular(seal_path, O_RDONLY);
    if (!file) return std::nullopt;
    const std::uint64_t size = size_of(file->get());
    if (size < sizeof(SealHeader) + sizeof(SealFooter)) return std::nullopt;
    const auto bytes = read_at(file->get(), size - sizeof(SealFooter), sizeof(SealFooter));
    if (!bytes) return std::nullopt;
    const auto footer = struct_at<SealFooter>(*bytes, 0);
    return footer.magic == SealFooter::kMagic ? std::optional(footer) : std::nullopt;
}

}  // namespace whodid
