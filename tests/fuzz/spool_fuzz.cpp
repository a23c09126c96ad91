// SPDX-License-Identifier: Apache-2.0
// Any bytes as a segment: what is delivered lies there whole, with a CRC that holds, and is counted.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "sink/spool.h"

using namespace whodid;

namespace {

constexpr std::uint32_t kKey = 7;
constexpr std::string_view kName = "/rest-0000000000000001.seg";

/// Of its own, in memory where there is such a file system, and gone at the end.
struct Directory {
    Directory() {
        for (const char* above : {"/dev/shm", "/tmp"}) {
            path = std::string(above) + "/whodid-spool-fuzz-XXXXXX";
            if (::mkdtemp(path.data())) return;
        }
        abort();
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    std::string path;
};

const std::string& directory() {
    static const Directory one;
    return one.path;
}

/// After a byte that says so: the input as it is; records whose CRCs agree, with pieces of it between them.
std::string assemble(std::string_view input) {
    const unsigned what = static_cast<unsigned char>(input[0]);
    input.remove_prefix(1);
    if (what % 4 == 0) return std::string(input);
    std::string file = format_segment_header({1, Lane::kRest, what / 4, kKey});
    for (std::uint32_t index = what / 4; !input.empty(); ++index) {
        const std::size_t size = static_cast<unsigned char>(input[0]);
        const std::string_view piece = input.substr(1, size);
        input.remove_prefix(1 + piece.size());
        if (size % 3 == 0)
            file.append(piece);
        else
            append_record(file, {piece, static_cast<std::uint16_t>(size), index * std::uint64_t{size}},
                          size % 5 == 0 ? index * 1000 : index, kKey);
    }
    if (what % 4 == 2 && file.size() > what) file[what] = static_cast<char>(file[what] ^ 0x55);
    if (what % 4 == 3) file.resize(file.size() - std::min<std::size_t>(file.size(), what));
    return file;
}

/// Its payload is somewhere in the file, behind the CRCs that an honest writer would have given it.
void check_record(std::string_view file, const SpoolRecord& record) {
    for (std::size_t at = file.find(record.payload, kRecordHeaderBytes); at != file.npos;
         at = file.find(record.payload, at + 1)) {
        std::uint32_t key = 0, index = 0;
        std::string whole;
        std::memcpy(&index, file.data() + at - 24, sizeof index);
        for (const std::size_t key_at : {24, 56}) {
            std::memcpy(&key, file.data() + key_at, sizeof key);
            whole.clear();
            append_record(whole, record, index, key);
            if (file.substr(at - kRecordHeaderBytes, whole.size()) == whole) return;
        }
    }
    abort();
}

std::uint64_t drain(Spool& spool, std::string_view file) {
    std::uint64_t records = 0;
    while (true) {
        auto read = spool.read(3, 1000);
        if (!read) abort();
        if (read->records().empty()) return records;
        for (const SpoolRecord& record : read->records()) check_record(file, record);
        records += read->records().size();
        if (!spool.acknowledge(*read, read->records().size())) abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string file = assemble({reinterpret_cast<const char*>(data), size});
    for (const auto& entry : std::filesystem::directory_iterator(directory()))
        std::filesystem::remove(entry.path());
    std::ofstream(directory() + std::string(kName), std::ios::binary) << file;
    SpoolLimits limits;
    limits.age_ns = 0;
    auto spool = Spool::open(directory(), limits);
    if (!spool) {
        if (spool.error().message.empty()) abort();
        return 0;
    }
    const SpoolCounts found = (*spool)->counts();
    const std::uint64_t records = drain(**spool, file);
    const SpoolCounts counts = (*spool)->counts();
    if (records != found.pending_records || counts.corrupt != found.corrupt || counts.pending_records != 0 ||
        counts.found != records + counts.corrupt || counts.found > file.size() / kRecordHeaderBytes + 1)
        abort();
    return 0;
}
