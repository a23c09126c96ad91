// SPDX-License-Identifier: Apache-2.0
// The cache of programs, as the pump sees it.
#include "enrich/programs.h"

#include <spdlog/spdlog.h>

#include <cstring>
#include <utility>
#include <vector>

namespace whodid {

namespace {

/// No time: the record is of a kernel side that did not tell it yet.
template <class Record>
FileVersion version_of(const Record& r) {
    return {{r.exe_dev, r.exe_inode}, r.exe_ctime_ns, r.exe_size};
}

bool is_told(const FileVersion& version) { return version.ctime_ns != 0; }

/// Devices get other numbers at another boot, so the path stands for its.
Id128 identity(std::string_view path, const FileVersion& version) {
    return hash_numbers(hash_bytes(path), {version.id.inode, version.ctime_ns, version.size});
}

/// Where the program of an exec is, if the record is one that makes sense.
std::optional<ProgramPlace> place_of(std::span<const char> record) {
    std::vector<char> copy(record.begin(), record.end());  // decoding turns paths round
    const auto decoded = decode(copy);
    if (!decoded) return std::nullopt;
    Event event;
    event.record = decoded->record;
    const auto& r = event.as<rec_exec>();
    return ProgramPlace{version_of(r), r.exe_magic, r.h.task.tgid, std::string(event.text(r.exe))};
}

}  // namespace

Programs::Programs(bool looks, SeenPrograms seen) : seen_(std::move(seen)) {
    if (looks) examiner_ = std::make_unique<ProgramExaminer>();
}

/// Here and now: the thread may be at something that takes longer than it is waited for.
Programs::~Programs() {
    if (!examiner_ || seen_.path().empty()) return;
    examiner_.reset();
    const std::string text = seen_.changed_text();
    if (text.empty()) return;
    if (const auto saved = save_seen(seen_.path(), text); !saved) spdlog::warn("{}", saved.error().message);
}

void Programs::expect(std::span<const char> record) {
    rec_exec r{};
    if (!examiner_ || record.size() < sizeof r) return;
    std::memcpy(&r, record.data(), sizeof r);
    if (r.h.kind != REC_PROCESS_EXEC || r.h.result != 0 || !is_told(version_of(r))) return;
    Known& program = known(version_of(r));
    if (program.asked) return;
    auto place = place_of(record);
    program.asked = place && examiner_->ask(std::move(*place));
}

Programs::Known& Programs::known(const FileVersion& version) {
    if (const auto found = known_.find(version); found != known_.end()) return found->second;
    if (known_.size() >= kMax) {
        known_.erase(by_age_.front());
        by_age_.pop_front();
        ++evicted_;
    }
    by_age_.push_back(version);
    return known_[version];
}

/// What could not be had is asked for again at its next start.
void Programs::take_findings() {
    for (ProgramExaminer::Finding& finding : examiner_->findings()) {
        const auto found = known_.find(finding.version);
        if (found == known_.end()) continue;
        found->second.asked = finding.program != nullptr;
        if (finding.program) found->second.program = std::move(finding.program);
    }
}

void Programs::was_running(const Event& task) {
    const auto& r = task.as<rec_process>();
    if (is_told(version_of(r))) seen_.note(identity(task.text(r.exe), version_of(r)));
}

void Programs::describe(Event& exec) {
    const auto& r = exec.as<rec_exec>();
    if (!examiner_ || exec.failed() || !is_told(version_of(r))) return;
    take_findings();
    const auto found = known_.find(version_of(r));
    if (found != known_.end()) exec.program = found->second.program;
    exec.is_first_run = seen_.note(identity(exec.text(r.exe), version_of(r)));
}

void Programs::tick(std::uint64_t boot_ns) {
    if (!examiner_ || seen_.path().empty() || boot_ns - saved_ns_ < kSaveNs) return;
    saved_ns_ = boot_ns;
    if (std::string text = seen_.changed_text(); !text.empty())
        examiner_->save(seen_.path(), std::move(text));
}

}  // namespace whodid
