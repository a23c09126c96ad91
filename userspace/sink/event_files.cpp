// SPDX-License-Identifier: Apache-2.0
// Writes events to a directory.
#include "sink/event_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "base/escape.h"
#include "sink/seal_file.h"
#include "sink/seal_key.h"

namespace whodid {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000, kSweepEveryNs = 60 * kSecondNs;
constexpr std::size_t kOrdersMax = 4;
constexpr std::uint64_t kSealsUnsavedMax = 4096;  // footers made since the key was saved

/// Two that append to one file would break its chain.
Result<Fd> lock_directory(const std::string& path) {
    Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid())
        return Error::from_errno("cannot write events to " + escape_for_terminal(path) + "/");
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return directory;
    if (errno != EWOULDBLOCK) return Error::from_errno("cannot lock " + escape_for_terminal(path));
    return Error{"cannot write events to " + escape_for_terminal(path) +
                     "/: another whodid does; give each a directory of its own",
                 EWOULDBLOCK};
}

/// Of footers in a directory, those that this key or a later one of its line made.
std::map<std::uint64_t, SealFooter> footers_since(const SealKey& key, const std::string& directory) {
    std::map<std::uint64_t, SealFooter> footers;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        const auto part = parse_event_file_name(entry.path().filename().string());
        if (!part || part->ending != kSealEnding) continue;
        const auto footer = read_footer(entry.path().string());
        if (footer && footer->lineage == key.lineage && footer->key_index >= key.index)
            footers.emplace(footer->key_index, *footer);
    }
    return footers;
}

/// A predecessor may have been killed between sealing a file and saving the next key: no key signs twice.
void go_past_used(SealKey& key, const std::string& directory) {
    const auto footers = footers_since(key, directory);
    SealKey next = key;
    for (std::uint64_t i = 0; i < kSealsUnsavedMax && !footers.empty(); ++i) {
        const auto found = footers.find(next.index);
        const bool is_used =
            found != footers.end() && next.mac(kSealPurpose, found->second.covered()) == found->second.mac;
        next.evolve();
        if (is_used) key = next;
    }
}

Result<SealKey> load_key(const EventFilesOptions& options) {
    if (!options.settings.seal) return SealKey();
    auto key = read_seal_key(options.key_path);
    if (key || key.error().code != ENOENT) return key;
    const SealKey made = SealKey::make();
    if (auto written = write_seal_key(options.key_path, made); !written) return written.error();
    options.say(
        fmt::format("made {}, the key that seals event files; a copy of it, kept on another machine, "
                    "is what whodid verify --key needs",
                    escape_for_terminal(options.key_path)));
    return made;
}

}  // namespace

bool is_vital(const Kind& kind) {
    constexpr std::string_view kVital[] = {"auth.", "session.", "identity.", "sensor.", "alert"};
    return std::ranges::any_of(kVital,
                               [&](std::string_view begins) { return kind.name.starts_with(begins); });
}

Result<std::unique_ptr<EventFiles>> EventFiles::open(EventFilesOptions options) {
    auto lock = lock_directory(options.directory);
    if (!lock) return lock.error();
    const auto key = load_key(options);
    if (!key) return key.error();
    return std::unique_ptr<EventFiles>(new EventFiles(std::move(options), std::move(*lock), *key));
}

EventFiles::EventFiles(EventFilesOptions options, Fd lock, const SealKey& saved_key)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      key_(saved_key),
      parts_{Part{{options_.directory, kVitalSeries, options_.settings.seal}, {}},
             Part{{options_.directory, kOtherSeries, options_.settings.seal}, {}}},
      closed_(options_.directory, options_.key_path, saved_key.index, options_.settings),
      worker_(std::make_unique<Worker<ClosedFiles::Order, ClosedFiles::Report>>(
          [this](const ClosedFiles::Order& order) { return closed_.sweep(order); }, kOrdersMax)) {
    if (options_.settings.seal) go_past_used(key_, options_.directory);
}

Result<std::uint64_t> EventFiles::write(const Batch& batch) {
    const std::uint64_t now_ns = options_.now_ns();
    counts_.taken += batch.events.size();
    encode(batch);
    std::uint64_t bytes = 0;
    for (Part& part : parts_) bytes += deliver(part, batch, now_ns);
    do_what_is_due(now_ns);
    return bytes;
}

Result<void> EventFiles::tick() {
    (void)write({});
    return {};
}

void EventFiles::encode(const Batch& batch) {
    for (Part& part : parts_) part.lines.clear();
    for (const Event& event : batch.events) {
        std::string& lines = part_of(event).lines;
        options_.encode(event, lines);
        lines += '\n';
    }
}

std::uint64_t EventFiles::deliver(Part& part, const Batch& batch, std::uint64_t now_ns) {
    const bool waits = part.retry_ns > now_ns && part.retry_ns - now_ns <= kSecondNs;
    if (waits) {
        lose(part, batch);
        return 0;
    }
    if (auto done = put(part, now_ns); !done) {
        stall(part, done.error(), now_ns);
        ++counts_.failures;
        lose(part, batch);
        return 0;
    }
    if (part.retry_ns != 0) resume(part);
    counts_.written += static_cast<std::uint64_t>(std::ranges::count(part.lines, '\n'));
    return part.lines.size();
}

Result<void> EventFiles::put(Part& part, std::uint64_t now_ns) {
    if (!part.lines.empty() || part.retry_ns != 0) {
        if (part.series.is_open() && part.series.is_removed()) {
            options_.say("an event file was deleted while it was written to; a new one is begun");
            part.series.abandon();
        }
        if (!part.series.is_open()) {
            auto opened = part.series.open(key_, now_ns);
            if (!opened) return opened.error();
            if (!opened->empty()) options_.say(*opened);
        }
        auto done = part.lines.empty() ? part.series.look_for_room() : part.series.append(part.lines);
        if (!done) return done;
    }
    rotate_when_due(part, now_ns);
    return {};
}

/// A file that cannot be closed is written to further.
void EventFiles::rotate_when_due(Part& part, std::uint64_t now_ns) {
    if (!part.series.is_open() || part.series.bytes() == 0) return;
    const JsonLinesSettings& settings = options_.settings;
    const std::uint64_t begun_ns = part.series.begun_ns();
    const bool is_large = settings.rotate_bytes != 0 && part.series.bytes() >= settings.rotate_bytes;
    const bool is_old =
        settings.rotate_ns != 0 && now_ns > begun_ns && now_ns - begun_ns >= settings.rotate_ns;
    if (!is_large && !is_old) return;
    const auto closed = part.series.close(key_);
    is_sweep_due_ |= closed.ok();
    if (!std::exchange(part.is_close_failing, !closed.ok()) && !closed)
        options_.say(fmt::format("cannot close an event file, it grows further: {}", closed.error().message));
}

void EventFiles::lose(Part& part, const Batch& batch) {
    for (const Event& event : batch.events) {
        if (&part_of(event) != &part) continue;
        ++counts_.dropped;
        losses_.add(event, "disk");
    }
}

void EventFiles::stall(Part& part, const Error& why, std::uint64_t now_ns) {
    if (part.retry_ns == 0) {
        part.lost_before = losses_.total();
        options_.say(fmt::format("events are lost: {}; it is tried again every second", why.message));
    }
    part.retry_ns = now_ns + kSecondNs;
    counts_.is_down = true;
    counts_.last_error = why.message;
    counts_.last_error_ns = now_ns;
}

void EventFiles::resume(Part& part) {
    part.retry_ns = 0;
    counts_.is_down = std::ranges::any_of(parts_, [](const Part& any) { return any.retry_ns != 0; });
    options_.say(
        fmt::format("events are written again; about {} were lost", losses_.total() - part.lost_before));
}

void EventFiles::do_what_is_due(std::uint64_t now_ns) {
    if (!worker_) return;
    for (const ClosedFiles::Report& report : worker_->answers()) take(report);
    const auto is_past = [&](std::uint64_t then_ns, std::uint64_t period_ns) {
        return now_ns < then_ns || now_ns - then_ns >= period_ns;
    };
    const bool sync_due =
        options_.settings.sync == SyncPolicy::kEverySecond && is_past(synced_ns_, kSecondNs);
    const bool sweep_due = is_sweep_due_ || is_past(swept_ns_, kSweepEveryNs);
    if (!sweep_due && !sync_due) return;
    ClosedFiles::Order next = order(now_ns);
    next.only_sync = !sweep_due;
    if (sync_due) {
        for (const Part& part : parts_) {
            const auto [data, seal] = part.series.files();
            next.to_sync.push_back(data);
            next.to_sync.push_back(seal);
        }
    }
    if (!worker_->ask(std::move(next))) return;  // it is asked again with the next batch
    if (sync_due) synced_ns_ = now_ns;
    if (!sweep_due) return;
    is_sweep_due_ = false;
    swept_ns_ = now_ns;
}

ClosedFiles::Order EventFiles::order(std::uint64_t now_ns) const {
    ClosedFiles::Order next;
    next.closed_below = {{std::string(kVitalSeries), parts_[0].series.closed_below()},
                         {std::string(kOtherSeries), parts_[1].series.closed_below()}};
    next.key = key_;
    next.now_ns = now_ns;
    return next;
}

void EventFiles::take(const ClosedFiles::Report& report) {
    removed_files_ += report.removed_files;
    for (const std::string& said : report.said) options_.say(said);
}

Result<void> EventFiles::seal() {
    if (!worker_) return {};
    for (const ClosedFiles::Report& report : worker_->stop()) take(report);
    worker_.reset();
    Result<void> closed;
    for (Part& part : parts_) {
        if (!part.series.is_open() || part.series.bytes() == 0) continue;
        if (auto done = part.series.close(key_); !done) closed = done;
    }
    take(closed_.sweep(order(options_.now_ns())));
    return closed;
}

/// It takes as long as the disk does.
void EventFiles::close(std::uint64_t) {
    if (auto sealed = seal(); !sealed) options_.say(sealed.error().message);
}

}  // namespace whodid
