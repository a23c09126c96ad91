// SPDX-License-Identifier: Apache-2.0
// Any file as compressed events: refused with a message, or read within its bounds; lines come back as they
// were.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sink/file_io.h"
#include "sink/zstd_frames.h"

using namespace whodid;

namespace {

Fd memory_file(std::string_view bytes) {
    Fd file(::memfd_create("frames", MFD_CLOEXEC));
    if (!write_whole(file.get(), bytes)) abort();
    return file;
}

void check_reader(std::string_view bytes) {
    const auto frames = ZstdFrames::take(memory_file(bytes));
    if (!frames) {
        if (frames.error().message.empty()) abort();
        return;
    }
    for (const ZstdFrame& frame : frames->frames()) {
        const auto plain = frames->plain(frame);
        if (plain && plain->size() > kFramePlainMax) abort();
    }
}

/// The input as one frame of a table that fits it.
void check_frame(std::string_view bytes) {
    if (bytes.size() < 2) return;
    const auto plain = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[0]) |
                                                  static_cast<unsigned char>(bytes[1]) << 8);
    bytes.remove_prefix(2);
    const ZstdFrame frames[] = {{0, static_cast<std::uint32_t>(bytes.size()), plain}};
    check_reader(std::string(bytes) + seek_table(frames));
}

void check_round_trip(std::string_view plain) {
    const Fd from = memory_file(plain), to = memory_file("");
    if (!pack_lines(from.get(), to.get())) abort();
    const auto frames = ZstdFrames::take(Fd(::dup(to.get())));
    if (!frames) abort();
    std::string back;
    for (const ZstdFrame& frame : frames->frames()) back += *frames->plain(frame);
    if (back != plain) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_reader(bytes);
    check_frame(bytes);
    check_round_trip(bytes);
    return 0;
}
