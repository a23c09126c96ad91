// SPDX-License-Identifier: Apache-2.0
// Opens, repairs, appends to and closes event files.
#include "sink/event_series.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <utility>

#include "base/escape.h"
#include "base/line_splitter.h"
#include "sink/erasures.h"
#include "sink/event_text.h"
#include "sink/file_io.h"
#include "sink/seal_file.h"

namespace whodid {

namespace {

/// Calls f(line) for each whole line; returns how many bytes they have.
template <class F>
Result<std::uint64_t> for_each_line(const std::string& path, F f) {
    auto text = EventText::open(path);
    if (!text) return text.error();
    LineSplitter lines(kSealedLineMax);
    std::uint64_t whole = 0;
    for (;;) {
        const auto piece = text->next();
        if (!piece) return piece.error();
        if (piece->empty()) return whole;
        lines.feed(*piece, [&](const LineSplitter::Line& line) {
            f(line);
            whole += line.bytes;
        });
    }
}

Error naming(const std::string& path, const Error& error) {
    return Error{error.message + " (" + escape_for_terminal(path) + ")", error.code};
}

Result<void> cut_to(int fd, std::uint64_t bytes) {
    if (size_of(fd) == bytes || ::ftruncate(fd, static_cast<off_t>(bytes)) == 0) return {};
    return Error::from_errno("cannot cut a torn line");
}

/// A chain over the records that a seal has, and over the lines that it has none of.
struct Recovery {
    std::uint64_t lines = 0, whole_bytes = 0, added = 0;
    std::string records;
};

Result<Recovery> recover(const std::string& data_path, const SealFile& seal, SealChain& chain) {
    Recovery found;
    const auto whole = for_each_line(data_path, [&](const LineSplitter::Line& line) {
        if (found.lines++ < seal.records()) {
            chain.add(seal.record(found.lines - 1).digest, line.bytes);
            return;
        }
        const SealRecord record = chain.seal(line.text);
        found.records += bytes_of(record);
        ++found.added;
    });
    if (!whole) return whole.error();
    for (std::uint64_t i = found.lines; i < seal.records(); ++i) chain.add(seal.record(i).digest, 0);
    found.whole_bytes = *whole;
    return found;
}

}  // namespace

EventSeries::EventSeries(std::string directory, std::string_view series, bool is_sealed)
    : directory_(std::move(directory)), series_(series), is_sealed_(is_sealed) {}

std::string EventSeries::path(std::string_view ending) const {
    return fmt::format("{}/{}{}", directory_, name_.stem(), ending);
}

/// By what lies in the directory, and by what the journal says was removed from it.
void EventSeries::find_last() {
    EventFileName last;
    std::set<std::string> endings;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, failed)) {
        auto part = parse_event_file_name(entry.path().filename().string());
        const bool counts = part && (part->ending == kPlainEnding || part->ending == kPackedEnding ||
                                     part->ending == kSealEnding);
        if (!counts || part->name.series != series_ || part->name < last) continue;
        if (!(part->name == last)) endings.clear();
        endings.insert(part->ending);
        last = part->name;
    }
    next_sequence_ = last.sequence + 1;
    name_ = last;
    const auto has = [&](std::string_view ending) { return endings.contains(std::string(ending)); };
    const auto footer = has(kSealEnding) ? read_footer(path(kSealEnding)) : std::nullopt;
    last_seal_ = footer ? seal_of(bytes_of(*footer)) : Digest{};
    is_resumable_ = last.sequence != 0 && !footer && !has(kPackedEnding) && has(kSealEnding) == is_sealed_;
    const auto journal = read_journal(directory_);
    if (!journal) return;
    for (const JournalEntry& entry : *journal) {
        if (entry.what != JournalEntry::kFileRemoved || entry.series != series_bytes(series_)) continue;
        if (entry.sequence < next_sequence_) continue;
        next_sequence_ = entry.sequence + 1;
        last_seal_ = entry.digest;
        is_resumable_ = false;
    }
}

Result<std::string> EventSeries::open(SealKey& key, std::uint64_t now_ns) {
    if (!std::exchange(has_looked_, true)) find_last();
    std::string said;
    if (is_resumable_) {
        auto resumed = resume(key);
        if (!resumed) {
            forget();
            return resumed;
        }
        is_resumable_ = false;
        if (is_open()) return resumed;
        said = std::move(*resumed);
    }
    if (auto begun = begin(now_ns); !begun) return begun.error();
    return said;
}

Result<std::string> EventSeries::resume(SealKey& key) {
    auto data = open_regular(path(kPlainEnding), O_RDWR | O_APPEND);
    if (!data && data.error().code == ENOENT)
        data = create_for_readers(path(kPlainEnding));  // killed before it was made
    if (!data) return data.error();
    data_ = std::make_shared<const Fd>(std::move(*data));
    chain_.resume({});
    if (is_sealed_) return resume_sealed(key);
    const auto whole = for_each_line(path(kPlainEnding),
                                     [this](const LineSplitter::Line& line) { chain_.add({}, line.bytes); });
    if (!whole) return whole.error();
    if (auto cut = cut_to(data_->get(), *whole); !cut) return naming(path(kPlainEnding), cut.error());
    return std::string();
}

/// A file that has fewer lines than its seal has records is closed as it is: whodid verify shows where.
Result<std::string> EventSeries::resume_sealed(SealKey& key) {
    auto seal_fd = open_regular(path(kSealEnding), O_RDWR | O_APPEND);
    if (!seal_fd) return seal_fd.error();
    auto seal = SealFile::read(path(kSealEnding));
    if (!seal) {  // killed before its header was whole, or damaged
        forget();
        return fmt::format("{}; a new file is begun", seal.error().message);
    }
    seal_ = std::make_shared<const Fd>(std::move(*seal_fd));
    header_ = seal->header();
    chain_.begin(header_);
    const auto found = recover(path(kPlainEnding), *seal, chain_);
    if (!found) return found.error();
    seal_bytes_ = SealFile::offset_of(seal->records());
    if (auto cut = cut_to(seal_->get(), seal_bytes_); !cut) return naming(path(kSealEnding), cut.error());
    if (found->lines < seal->records()) {
        if (auto closed = close(key); !closed) return closed.error();
        return fmt::format(
            "{} has {} lines, its seal {}: the machine lost power, or somebody cut it; it is "
            "closed, and a new file is begun",
            escape_for_terminal(path(kPlainEnding)), found->lines, seal->records());
    }
    if (auto cut = cut_to(data_->get(), found->whole_bytes); !cut)
        return naming(path(kPlainEnding), cut.error());
    if (auto written = write_whole(seal_->get(), found->records); !written) {
        (void)cut_to(seal_->get(), seal_bytes_);
        return naming(path(kSealEnding), written.error());
    }
    seal_bytes_ += found->records.size();
    return std::string();
}

/// Killed at any moment, it leaves a seal with its header or none.
Result<void> EventSeries::begin_seal() {
    const std::string beside = path(kSealEnding) + ".new";
    ::unlink(beside.c_str());
    auto seal = create_for_readers(beside);
    if (!seal) return seal.error();
    auto written = write_whole(seal->get(), bytes_of(header_));
    if (written && ::rename(beside.c_str(), path(kSealEnding).c_str()) != 0)
        written = Error::from_errno("cannot rename");
    if (!written) {
        ::unlink(beside.c_str());
        return naming(path(kSealEnding), written.error());
    }
    seal_ = std::make_shared<const Fd>(std::move(*seal));
    return {};
}

/// The seal comes first: a file without one would look as if sealing had been off.
Result<void> EventSeries::begin(std::uint64_t now_ns) {
    name_ = event_file_name(series_, now_ns, next_sequence_);
    header_ = {};
    header_.series = series_bytes(series_);
    header_.begun = seal_magic(name_.begun);
    header_.sequence = name_.sequence;
    header_.previous = last_seal_;
    if (is_sealed_)
        if (auto begun = begin_seal(); !begun) return begun;
    auto data = create_for_readers(path(kPlainEnding));
    if (!data) {
        if (seal_) ::unlink(path(kSealEnding).c_str());
        forget();
        return data.error();
    }
    data_ = std::make_shared<const Fd>(std::move(*data));
    chain_.begin(header_);
    seal_bytes_ = sizeof(SealHeader);
    return {};
}

Result<void> EventSeries::append(std::string_view lines) {
    if (is_torn_)
        if (auto whole = roll_back(); !whole) return whole;
    const SealChain::State before = chain_.state();
    records_.clear();
    for (std::string_view rest = lines; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        if (seal_) {
            const SealRecord record = chain_.seal(rest.substr(0, end));
            records_ += bytes_of(record);
        } else {
            chain_.add({}, end + 1);
        }
        rest.remove_prefix(end + 1);
    }
    // Lines first: one without a record gets it at the next start, a record without its line would be an
    // alarm.
    auto written = write_whole(data_->get(), lines);
    if (written && seal_) written = write_whole(seal_->get(), records_);
    if (!written) {
        chain_.resume(before);
        is_torn_ = true;
        (void)roll_back();
        return naming(path(kPlainEnding), written.error());
    }
    seal_bytes_ += records_.size();
    return {};
}

Result<void> EventSeries::look_for_room() {
    if (is_torn_)
        if (auto whole = roll_back(); !whole) return whole;
    if (auto room = whodid::look_for_room(data_->get()); !room)
        return naming(path(kPlainEnding), room.error());
    return {};
}

/// The seal first, for the same reason.
Result<void> EventSeries::roll_back() {
    if (seal_)
        if (auto cut = cut_to(seal_->get(), seal_bytes_); !cut) return naming(path(kSealEnding), cut.error());
    if (auto cut = cut_to(data_->get(), chain_.state().bytes); !cut)
        return naming(path(kPlainEnding), cut.error());
    is_torn_ = false;
    return {};
}

Result<void> EventSeries::close(SealKey& key) {
    if (is_torn_)
        if (auto whole = roll_back(); !whole) return whole;
    if (seal_) {
        const auto head = read_journal_head(directory_);
        if (!head) return head.error();
        SealFooter footer = make_footer(header_, chain_.state());
        footer.journal_entries = head->entries;
        footer.journal_head = head->seal;
        sign(footer, key);
        if (auto written = write_whole(seal_->get(), bytes_of(footer)); !written) {
            is_torn_ = true;
            (void)roll_back();
            return naming(path(kSealEnding), written.error());
        }
        last_seal_ = seal_of(bytes_of(footer));
        key.evolve();
    }
    next_sequence_ = name_.sequence + 1;
    forget();
    return {};
}

bool EventSeries::is_removed() const {
    const auto has_no_name = [](const std::shared_ptr<const Fd>& file) {
        struct stat st {};
        return file && ::fstat(file->get(), &st) == 0 && st.st_nlink == 0;
    };
    return has_no_name(data_) || has_no_name(seal_);
}

void EventSeries::abandon() {
    next_sequence_ = name_.sequence + 1;
    last_seal_ = {};
    forget();
}

void EventSeries::forget() {
    data_.reset();
    seal_.reset();
    is_torn_ = false;
}

}  // namespace whodid
