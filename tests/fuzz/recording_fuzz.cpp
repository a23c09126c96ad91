// SPDX-License-Identifier: Apache-2.0
// Any file as a recording: refused with a message, or read to an end; what it hands over keeps to the format.
#include <sys/mman.h>
#include <unistd.h>
#include <whodid/limits.h>

#include <cstdlib>
#include <cstring>

#include "base/hash.h"
#include "event/decode.h"
#include "source/recording.h"

using namespace whodid;

namespace {

/// Half of the inputs get a header that holds, and frames whose check agrees: else nothing would come
/// through.
std::string assemble(std::string_view input) {
    const bool raw = (input[0] & 1) != 0;
    input.remove_prefix(1);
    if (raw) return std::string(input);
    RecordingHeader header;
    header.stream.boot = hash_bytes("a boot");
    header.stream.sensor_start_ns = 1;
    header.host.clock = {1, 1};
    header.sizes = record_sizes();
    std::string file = format_recording_header(header) + "\n";
    while (input.size() >= 4) {
        const std::uint32_t what = static_cast<std::uint8_t>(input[0]) % 4;
        const auto wanted = static_cast<std::size_t>(static_cast<std::uint8_t>(input[1]) |
                                                     static_cast<std::uint8_t>(input[2]) << 8);
        const bool sized = (input[3] & 1) != 0;
        input.remove_prefix(4);
        std::string content(input.substr(0, wanted));
        input.remove_prefix(content.size());
        if (what == 1 && sized && content.size() >= 4) {
            const auto size = static_cast<std::uint32_t>(content.size());
            std::memcpy(content.data(), &size, sizeof size);
        }
        const auto length = static_cast<std::uint32_t>(content.size());
        const std::uint64_t check = hash_bytes(content).low;
        file.append(reinterpret_cast<const char*>(&what), 4)
            .append(reinterpret_cast<const char*>(&length), 4);
        file.append(reinterpret_cast<const char*>(&check), 8).append(content);
    }
    return file;
}

void check_record(std::span<const char> record) {
    if (record.size() < sizeof(rec_hdr) || record.size() > WHODID_RECORD_MAX) abort();
    rec_hdr header;
    std::memcpy(&header, record.data(), sizeof header);
    const Kind* kind = find_kind(header.kind);
    if (!kind || header.size != record.size() || record.size() < kind->layout.size) abort();
    std::vector<char> copy(record.begin(), record.end());
    (void)decode(copy);
}

void check_reader(const std::string& file) {
    const int fd = ::memfd_create("recording", MFD_CLOEXEC);
    if (::write(fd, file.data(), file.size()) < 0) abort();
    const std::size_t read = file.size() % 32;  // by who looked at what it is
    ::lseek(fd, static_cast<off_t>(read), SEEK_SET);
    auto reader = RecordingReader::take(Fd(fd), "it", std::string_view(file).substr(0, read));
    if (!reader) {
        if (reader.error().message.empty()) abort();
        return;
    }
    for (std::size_t frames = 0;; ++frames) {
        if (frames > file.size()) abort();
        const auto frame = (*reader)->next();
        if (!frame || *frame == RecordingReader::Frame::kEnd) {
            const auto again = (*reader)->next();
            if (again.ok() != frame.ok()) abort();
            return;
        }
        if (*frame == RecordingReader::Frame::kRecord) check_record((*reader)->record());
    }
}

/// An older struct of any kind, from any earlier end, is one that decode takes or refuses.
void check_lengthen(std::string_view input) {
    if (input.size() < 2) return;
    const auto all = kinds();
    const Kind& kind = all[static_cast<std::uint8_t>(input[0]) % all.size()];
    const std::size_t steps = (kind.layout.size - sizeof(rec_hdr)) / 8 + 1;
    const std::size_t size = sizeof(rec_hdr) + static_cast<std::uint8_t>(input[1]) % steps * 8;
    std::vector<char> record(std::max(size, input.size()));
    std::memcpy(record.data(), input.data(), input.size());
    rec_hdr header;
    std::memcpy(&header, record.data(), sizeof header);
    header.size = static_cast<std::uint32_t>(record.size());
    header.kind = kind.id;
    std::memcpy(record.data(), &header, sizeof header);
    lengthen_record(record, size, kind);
    check_record(record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > WHODID_RECORD_MAX) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_reader(assemble(input));
    check_lengthen(input);
    return 0;
}
