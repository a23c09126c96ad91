// SPDX-License-Identifier: Apache-2.0
// Any file: no build id, or 1 to 64 bytes of it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/fd.h"
#include "enrich/build_id.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const whodid::Fd file(::memfd_create("fuzz", MFD_CLOEXEC));
    if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) return -1;
    const std::string id = whodid::read_build_id(file.get());
    if (id.size() > 128 || id.size() % 2 || id.find_first_not_of("0123456789abcdef") != id.npos) abort();
    return 0;
}
