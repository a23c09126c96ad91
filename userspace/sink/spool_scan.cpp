// SPDX-License-Identifier: Apache-2.0
// Scanning a segment.
#include "sink/spool_scan.h"

#include <sys/stat.h>
#include <unistd.h>

namespace whodid {

namespace {

Result<SegmentHeader> read_segment_header(int fd, const SegmentName& name) {
    std::string bytes(kSegmentHeaderBytes, '\0');
    const ssize_t n = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (n < 0) return Error{std::strerror(errno), errno};
    auto header = parse_segment_header(std::string_view(bytes).substr(0, static_cast<std::size_t>(n)));
    if (header && (header->number != name.number || header->lane != name.lane))
        return Error{"it was given another's name", EBADMSG};
    return header;
}

/// A file that cannot be read further ends there.
void scan_records(int fd, const SegmentHeader& header, std::uint64_t size, std::uint64_t acknowledged_offset,
                  ScannedSegment& scanned) {
    SegmentReader reader(fd, header.key, kSegmentHeaderBytes, size, header.first_index);
    std::uint64_t settled = 0;  // damaged, and before what is acknowledged
    auto found = reader.next();
    for (; found && *found; found = reader.next()) {
        if (reader.end() <= acknowledged_offset)
            settled = reader.damaged();
        else
            scanned.pending[reader.record().kind].add(SpoolTally::of(reader.record()));
    }
    scanned.damaged = reader.damaged() - settled + (found ? 0 : 1);
    scanned.bytes = reader.end();
}

}  // namespace

Result<ScannedSegment> scan_segment(const SpoolFiles& files, const SegmentName& name,
                                    std::uint64_t acknowledged_offset) {
    const auto fd = files.open_segment(name, true);
    if (!fd) return fd.error();
    struct stat st {};
    if (::fstat(fd->get(), &st) != 0) return Error::from_errno("cannot read " + files.path_of(name.text()));
    const auto size = static_cast<std::uint64_t>(st.st_size);
    ScannedSegment scanned;
    if (size < kSegmentHeaderBytes) return scanned;  // begun, and nothing is in it
    const auto header = read_segment_header(fd->get(), name);
    if (!header)
        return Error{"cannot use " + files.path_of(name.text()) + ": " + header.error().message,
                     header.error().code};
    scanned.key = header->key;
    scan_records(fd->get(), *header, size, acknowledged_offset, scanned);
    scanned.cut_bytes = size - scanned.bytes;
    if (scanned.cut_bytes != 0 && ::ftruncate(fd->get(), static_cast<off_t>(scanned.bytes)) != 0)
        return scanned;  // what is behind it is not read
    return scanned;
}

}  // namespace whodid
