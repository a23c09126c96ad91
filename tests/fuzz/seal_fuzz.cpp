// SPDX-License-Identifier: Apache-2.0
// Any bytes as a seal, a key or a name: an error, or parts that lie within them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sink/event_file_name.h"
#include "sink/seal_file.h"
#include "sink/seal_key.h"

using namespace whodid;

namespace {

void check_seal(const std::string& bytes) {
    const auto file = SealFile::parse(bytes);
    if (!file) return;
    const std::uint64_t footer = file->footer() ? sizeof(SealFooter) : 0;
    if (SealFile::offset_of(file->records()) + file->torn_bytes() + footer != bytes.size()) abort();
    for (std::uint64_t i = 0; i < file->records(); ++i) {
        const SealRecord record = file->record(i);
        if (bytes_of(record) != std::string_view(bytes).substr(SealFile::offset_of(i), sizeof record))
            abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    check_seal(bytes);
    check_seal(std::string(bytes_of(SealHeader())) + bytes);
    if (const auto key = parse_seal_key(bytes)) {
        const auto again = parse_seal_key(format_seal_key(*key));
        if (!again || again->key != key->key || again->index != key->index) abort();
    }
    if (const auto part = parse_event_file_name(bytes))
        if (part->name.stem() + part->ending != bytes) abort();
    return 0;
}
