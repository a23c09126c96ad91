// SPDX-License-Identifier: Apache-2.0
// Reading, choosing, writing.
#include "multiply.h"

#include <whodid/record.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "source/recording.h"

namespace whodid::bench {

namespace {

constexpr std::uint64_t kStepNs = 1'000'000;
constexpr rec_u32 kFirstPid = 1'000'000;  // beyond those that were there

/// A record as it was read, aligned as new gives it.
using Bytes = std::vector<char>;

rec_hdr& header(Bytes& record) { return *reinterpret_cast<rec_hdr*>(record.data()); }
const rec_hdr& header(const Bytes& record) { return *reinterpret_cast<const rec_hdr*>(record.data()); }

struct Original {
    std::vector<Bytes> life;    // fork, exec, exit
    std::uint64_t last_ns = 0;  // of the recording
};

bool runs(const Bytes& record, const std::string& program) {
    if (header(record).kind != REC_PROCESS_EXEC) return false;
    const auto& exec = *reinterpret_cast<const rec_exec*>(record.data());
    return std::string_view(record.data() + exec.filename.off, exec.filename.len) == program;
}

/// Writes every record to `writer`, and returns those of the first process that ran `program` and ended.
Result<Original> copy(RecordingReader& reader, RecordingWriter& writer, const std::string& program) {
    Original original;
    std::vector<Bytes> lives;  // of all processes
    for (;;) {
        const auto frame = reader.next();
        if (!frame) return frame.error();
        if (*frame == RecordingReader::Frame::kEnd) break;
        if (*frame == RecordingReader::Frame::kLines) continue;
        const std::span<const char> record = reader.record();
        Bytes bytes(record.begin(), record.end());
        writer.record(header(bytes));
        const rec_hdr& h = header(bytes);
        if (h.cpu != REC_OWN_CPU) original.last_ns = std::max<std::uint64_t>(original.last_ns, h.boot_ns);
        if (h.kind >= REC_PROCESS_EXEC && h.kind <= REC_PROCESS_EXIT) lives.push_back(std::move(bytes));
    }
    const auto exec = std::ranges::find_if(lives, [&](const Bytes& r) { return runs(r, program); });
    if (exec == lives.end()) return Error{"nobody ran " + program + " in the recording", ENOENT};
    const rec_u32 pid = header(*exec).task.tgid;
    for (Bytes& record : lives)
        if (header(record).task.tgid == pid) original.life.push_back(std::move(record));
    if (original.life.size() != 3) return Error{"the recording has not the whole of a process' life", EPROTO};
    return original;
}

void repeat(Original& original, RecordingWriter& writer, unsigned count, bool ending) {
    std::uint64_t seq = header(original.life.back()).seq + (std::uint64_t{1} << 40);  // one that is free
    for (unsigned i = 0; i < count; ++i) {
        const std::uint64_t start_ns = original.last_ns + (i + 1) * kStepNs;
        std::uint64_t after_ns = 0;
        for (Bytes& record : original.life) {
            rec_hdr& h = header(record);
            if (h.kind == REC_PROCESS_EXIT && !ending) continue;
            h.task.tgid = h.task.tid = kFirstPid + i;
            h.task.start_ns = start_ns;
            h.boot_ns = start_ns + after_ns;
            h.seq = ++seq;
            after_ns += kStepNs / 4;
            writer.record(h);
        }
    }
}

}  // namespace

Result<void> multiply_process(const std::string& from, const std::string& to, const std::string& program,
                              unsigned count, bool ending) {
    auto reader = RecordingReader::open(from);
    if (!reader) return reader.error();
    auto writer = RecordingWriter::create(to, true);
    if (!writer) return writer.error();
    RecordingHeader header = (*reader)->header();
    header.format = kRecordingFormat;
    header.sizes = record_sizes();  // the reader gives records as they are today
    header.seconds.reset();         // there is room for them once they are known
    if (auto begun = (*writer)->begin(header); !begun) return begun;
    auto original = copy(**reader, **writer, program);
    if (!original) return original.error();
    repeat(*original, **writer, count, ending);
    return (*writer)->finish(1, 0);
}

}  // namespace whodid::bench
