// SPDX-License-Identifier: Apache-2.0
// Sweeps a directory of event files.
#include "sink/closed_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "base/escape.h"
#include "sink/erasures.h"
#include "sink/file_io.h"
#include "sink/seal_file.h"
#include "sink/seal_key.h"
#include "sink/zstd_frames.h"

namespace whodid {

namespace {

constexpr std::string_view kDataEndings[] = {kPlainEnding, kPackedEnding};

/// The new file's owner, mode and times are the old one's.
Result<void> pack_file(const std::string& from, const std::string& to) {
    const auto plain = open_regular(from, O_RDONLY);
    if (!plain) return plain.error();
    const auto packed = create_file(to, 0600);
    if (!packed) return packed.error();
    struct stat st {};
    if (::fstat(plain->get(), &st) != 0) return Error::from_errno("cannot read " + escape_for_terminal(from));
    if (auto done = pack_lines(plain->get(), packed->get()); !done) return done;
    (void)!::fchown(packed->get(), st.st_uid, st.st_gid);
    const timespec times[2] = {st.st_atim, st.st_mtim};
    if (::fchmod(packed->get(), st.st_mode & 0777) != 0 || ::futimens(packed->get(), times) != 0 ||
        ::fsync(packed->get()) != 0)
        return Error::from_errno("cannot write " + escape_for_terminal(to));
    return {};
}

Result<void> sync_file(const std::string& path) {
    const auto file = open_regular(path, O_RDONLY);
    if (!file) return file.error();
    if (::fsync(file->get()) != 0) return Error::from_errno("cannot sync " + escape_for_terminal(path));
    return {};
}

}  // namespace

ClosedFiles::ClosedFiles(std::string directory, std::string key_path, std::uint64_t saved_key_index,
                         const JsonLinesSettings& settings)
    : directory_(std::move(directory)),
      key_path_(std::move(key_path)),
      saved_key_index_(saved_key_index),
      settings_(settings) {}

ClosedFiles::Report ClosedFiles::sweep(const Order& order) {
    Report report;
    for (const auto& file : order.to_sync)
        if (file && ::fsync(file->get()) != 0) fail_once(Error::from_errno("cannot sync events"), report);
    if (order.only_sync) return report;
    auto files = list(order);
    if (sync_closed(files, report) && settings_.seal) save_key(order.key, report);
    if (settings_.compress) compress(files, report);
    keep_within_limits(files, order, report);
    return report;
}

std::string ClosedFiles::path(const EventFileName& name, std::string_view ending) const {
    return fmt::format("{}/{}{}", directory_, name.stem(), ending);
}

std::vector<ClosedFiles::Found> ClosedFiles::list(const Order& order) const {
    std::map<EventFileName, Found> by_name;
    bool all_held = false;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, failed)) {
        const std::string file = entry.path().filename().string();
        all_held |= file == kHoldName;
        const auto part = parse_event_file_name(file);
        struct stat st {};
        if (!part || ::lstat(entry.path().c_str(), &st) != 0) continue;
        Found& found = by_name[part->name];
        found.endings.insert(part->ending);
        found.file.name = part->name;
        found.file.bytes += static_cast<std::uint64_t>(st.st_size);
        found.file.is_held |= part->ending.ends_with(kHoldEnding);
        if (std::ranges::count(kDataEndings, part->ending) != 0)
            found.file.newest_ns = static_cast<std::uint64_t>(st.st_mtim.tv_sec) * 1'000'000'000 +
                                   static_cast<std::uint64_t>(st.st_mtim.tv_nsec);
    }
    std::vector<Found> files;
    for (auto& [name, found] : by_name) {
        // Whose lines are gone was not removed by retention: verify shall miss it.
        if (found.file.newest_ns == 0) continue;
        const auto below = order.closed_below.find(name.series);
        found.file.is_active = below == order.closed_below.end() || name.sequence >= below->second;
        found.file.is_held |= all_held;
        files.push_back(std::move(found));
    }
    return files;
}

/// False: some are not durable, so that their key must stay.
bool ClosedFiles::sync_closed(const std::vector<Found>& files, Report& report) {
    if (settings_.sync == SyncPolicy::kNever) return true;
    bool all = true;
    for (const Found& found : files) {
        const std::string stem = found.file.name.stem();
        if (found.file.is_active || !found.endings.contains(std::string(kPlainEnding))) continue;
        if (synced_.contains(stem)) continue;
        auto done = sync_file(path(found.file.name, kPlainEnding));
        if (done && found.endings.contains(std::string(kSealEnding)))
            done = sync_file(path(found.file.name, kSealEnding));
        if (done)
            synced_.insert(stem);
        else
            fail_once(done.error(), report);
        all &= done.ok();
    }
    return all;
}

void ClosedFiles::save_key(const SealKey& key, Report& report) {
    if (saved_key_index_ == key.index) return;
    if (auto saved = write_seal_key(key_path_, key); !saved) return fail_once(saved.error(), report);
    saved_key_index_ = key.index;
}

void ClosedFiles::compress(std::vector<Found>& files, Report& report) {
    for (Found& found : files) {
        if (found.file.is_active || !found.endings.contains(std::string(kPlainEnding))) continue;
        if (auto done = compress(found.file.name); !done) {
            fail_once(done.error(), report);
            return;  // the disk is full, as a rule: it is tried again
        }
        found.endings.erase(std::string(kPlainEnding));
        found.endings.insert(std::string(kPackedEnding));
        found.file.bytes = 0;
        for (const std::string& ending : found.endings) {
            struct stat st {};
            if (::stat(path(found.file.name, ending).c_str(), &st) == 0)
                found.file.bytes += static_cast<std::uint64_t>(st.st_size);
        }
        synced_.erase(found.file.name.stem());
    }
}

/// Keeps it from who erases a record of it, and never waits: readers can lock it too. No file: it has no
/// seal, so nobody erases.
Result<Fd> ClosedFiles::lock(const EventFileName& name) const {
    const std::string seal = path(name, kSealEnding);
    auto file = open_regular(seal, O_RDONLY);
    if (!file && file.error().code == ENOENT) return Fd();
    if (!file) return file;
    if (auto locked = lock_file(file->get(), seal, false); !locked) return locked.error();
    return file;
}

Result<void> ClosedFiles::compress(const EventFileName& name) {
    const auto locked = lock(name);
    if (!locked) return locked.error();
    const std::string plain = path(name, kPlainEnding), packed = path(name, kPackedEnding);
    const std::string beside = packed + ".new";
    ::unlink(beside.c_str());
    auto done = pack_file(plain, beside);
    if (done && ::rename(beside.c_str(), packed.c_str()) != 0)
        done = Error::from_errno("cannot write " + escape_for_terminal(packed));
    if (done) done = sync_directory(directory_);
    if (!done) {
        ::unlink(beside.c_str());
        return Error{"cannot compress a closed file, it stays as it is: " + done.error().message,
                     done.error().code};
    }
    ::unlink(plain.c_str());
    return {};
}

void ClosedFiles::keep_within_limits(const std::vector<Found>& files, const Order& order, Report& report) {
    std::vector<StoredFile> stored;
    stored.reserve(files.size());
    for (const Found& found : files) stored.push_back(found.file);
    const KeepLimits limits{settings_.keep_vital_ns, settings_.keep_ns, settings_.keep_bytes};
    const RetentionPlan plan = plan_retention(std::move(stored), limits, order.now_ns);
    for (const EventFileName& name : plan.remove) {
        const auto found = std::ranges::find(files, name, [](const Found& f) { return f.file.name; });
        if (auto removed = remove(*found, order); !removed) {
            fail_once(removed.error(), report);
            continue;
        }
        ++report.removed_files;
        report.removed_bytes += found->file.bytes;
        report.said.push_back(fmt::format("retention removed {} ({} bytes)", name.stem(), found->file.bytes));
    }
    tell_held(plan, report);
}

/// The journal says so first, lest the file look stolen; on a full disk it needs the file's room.
Result<void> ClosedFiles::remove(const Found& found, const Order& order) {
    const EventFileName& name = found.file.name;
    const auto locked = lock(name);
    if (!locked) return locked.error();
    const auto footer = read_footer(path(name, kSealEnding));
    JournalEntry entry;
    entry.what = JournalEntry::kFileRemoved;
    entry.series = series_bytes(name.series);
    entry.sequence = name.sequence;
    if (footer) entry.digest = seal_of(bytes_of(*footer));
    const auto note = [&] {
        return settings_.seal ? append_journal(directory_, entry, order.key, order.now_ns) : Result<void>();
    };
    auto noted = note();
    for (const std::string_view ending : kDataEndings) {
        if (::unlink(path(name, ending).c_str()) != 0 && errno != ENOENT)
            return Error::from_errno("cannot remove " + escape_for_terminal(path(name, ending)));
    }
    if (!noted) noted = note();
    if (!noted) return noted;
    ::unlink(path(name, kSealEnding).c_str());
    synced_.erase(name.stem());
    return {};
}

/// Once, until other files are held.
void ClosedFiles::tell_held(const RetentionPlan& plan, Report& report) {
    if (std::exchange(held_, plan.held) == plan.held || plan.held.empty()) return;
    report.said.push_back(fmt::format(
        "legal hold: {} files past their time stay, the first is {}; {} bytes are more than may be kept",
        plan.held.size(), plan.held.front().stem(), plan.bytes_over));
}

void ClosedFiles::fail_once(const Error& error, Report& report) {
    if (std::exchange(failed_, error.message) != error.message) report.said.push_back(error.message);
}

}  // namespace whodid
