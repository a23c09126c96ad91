// SPDX-License-Identifier: Apache-2.0
// Holds event files against their seals.
#include "sink/seal_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/escape.h"
#include "base/file_name.h"
#include "base/line_splitter.h"
#include "sink/erasures.h"
#include "sink/event_text.h"
#include "sink/file_io.h"
#include "sink/seal_file.h"

namespace whodid {

namespace {

constexpr std::uint64_t kKeysMax = 1 << 20;  // derived; a file names its own index

/// The keys that come from one.
class KeyLine {
public:
    explicit KeyLine(const std::optional<SealKey>& first) {
        if (first) keys_.push_back(*first);
    }

    /// Whether the MAC is right; nullopt: no key is known that could tell.
    std::optional<bool> proves(std::uint64_t index, const KeyLineage& lineage, std::string_view purpose,
                               std::string_view covered, const Digest& mac) {
        if (keys_.empty() || index < keys_.front().index) return std::nullopt;
        const std::uint64_t steps = index - keys_.front().index;
        if (lineage != keys_.front().lineage || steps > kKeysMax) return false;
        while (keys_.size() <= steps) {
            keys_.push_back(keys_.back());
            keys_.back().evolve();
        }
        return keys_[steps].mac(purpose, covered) == mac;
    }

private:
    std::vector<SealKey> keys_;
};

/// The journal of one directory.
class Journal {
public:
    using Place = std::tuple<std::array<char, 16>, std::uint64_t, std::uint64_t>;  // series, sequence, line

    /// What is wrong with it.
    std::optional<std::string> load(const std::string& directory, KeyLine& keys) {
        auto entries = read_journal(directory);
        if (!entries) return entries.error().message;
        entries_ = std::move(*entries);
        by_place_.clear();
        seals_.assign(1, Digest{});
        for (const JournalEntry& entry : entries_) {
            const auto proven =
                keys.proves(entry.key_index, entry.lineage, kErasurePurpose, entry.covered(), entry.mac);
            if (entry.previous != seals_.back() || !proven.value_or(true))
                return fmt::format("entry {} was altered, or one before it is missing", seals_.size());
            seals_.push_back(seal_of(bytes_of(entry)));
            by_place_.insert_or_assign(Place{entry.series, entry.sequence, entry.line}, entry);
        }
        return std::nullopt;
    }
    bool empty() const { return entries_.empty(); }
    std::uint64_t size() const { return entries_.size(); }
    /// After that many entries.
    const Digest& head(std::uint64_t entries) const { return seals_[entries]; }
    /// Of a line, or of a whole file (0).
    const JournalEntry* find(const EventFileName& name, std::uint64_t line) const {
        const auto found = by_place_.find(Place{series_bytes(name.series), name.sequence, line});
        return found == by_place_.end() ? nullptr : &found->second;
    }

private:
    std::vector<JournalEntry> entries_;
    std::vector<Digest> seals_ = {Digest{}};
    std::map<Place, JournalEntry> by_place_;
};

/// The lines of one file, against the records of its seal.
class LineCheck {
public:
    LineCheck(const EventFileName& name, const SealFile& seal, const Journal& journal, CheckedSeries& report)
        : name_(name), seal_(seal), journal_(journal), report_(report) {
        chain_.begin(seal.header());
    }

    /// The first line that is not what was sealed.
    std::optional<SealFault> run(EventText& text) {
        LineSplitter lines(kSealedLineMax);
        const auto take = [this](const LineSplitter::Line& line) { add(line); };
        while (!is_decided_) {
            const auto piece = text.next_unnamed();
            if (!piece) return SealFault{{}, at_ + 1, offset_, piece.error().message};
            if (piece->empty()) break;
            lines.feed(*piece, take);
        }
        if (!is_decided_) lines.finish([this](const LineSplitter::Line& line) { end_torn(line); });
        if (fault_ || suspect_) return fault_ ? fault_ : decide(std::nullopt);
        if (at_ < seal_.records())
            return SealFault{
                {}, at_ + 1, offset_, fmt::format("cut short: it had {} lines", seal_.records())};
        return std::nullopt;
    }
    const SealChain::State& chain() const { return chain_.state(); }

private:
    struct Suspect {
        std::uint64_t index, offset;
        bool is_next;  // it is the line that should come next
    };

    void add(const LineSplitter::Line& line) {
        if (is_decided_) return;
        if (suspect_) {
            fault_ = decide(line.text);
            return;
        }
        check(line);
        ++at_;
        offset_ += line.bytes;
    }

    void check(const LineSplitter::Line& line) {
        if (at_ >= seal_.records()) return add_beyond();
        const SealRecord record = seal_.record(at_);
        const JournalEntry* erasure = journal_.find(name_, at_ + 1);
        const bool is_told = erasure && erasure->digest == record.digest;
        if (line.text == tombstone(record.digest)) {
            if (!is_told) return fail("erased without a note in the journal of erasures");
            chain_.add(record.digest, erasure->bytes + 1);
            ++report_.erased;
        } else if (matches(at_, line.text)) {
            chain_.add(record.digest, line.bytes);
            report_.unfinished += is_told ? 1 : 0;
        } else {
            suspect_ = Suspect{at_, offset_, matches(at_ + 1, line.text)};
            return;
        }
        ++report_.records;
        report_.unsealed += seal_.footer() ? 0 : 1;
    }
    /// A writer is ahead of its seal, for a moment.
    void add_beyond() {
        if (seal_.footer()) return fail("added behind the last line that was sealed");
        ++report_.unsealed;
    }
    void end_torn(const LineSplitter::Line&) {
        if (seal_.footer() && !suspect_) fail("its end is cut off");
    }

    bool matches(std::uint64_t index, std::string_view line) {
        if (index >= seal_.records()) return false;
        const SealRecord record = seal_.record(index);
        return !record.is_erased() && chain_.digest(record.salt, line) == record.digest;
    }

    /// What has happened to the suspect, by the line that follows it.
    SealFault decide(std::optional<std::string_view> following) {
        is_decided_ = true;
        const Suspect& suspect = *suspect_;
        const bool was_here = following && matches(suspect.index, *following);
        const std::string next = std::to_string(suspect.index + 2);
        std::string what = suspect.is_next && was_here ? "swapped with line " + next
                           : suspect.is_next ? "missing: what was sealed as line " + next + " stands here"
                           : was_here        ? "added: it was never sealed"
                                             : "altered";
        return {{}, suspect.index + 1, suspect.offset, std::move(what)};
    }
    void fail(const char* what) {
        is_decided_ = true;
        fault_ = SealFault{{}, at_ + 1, offset_, what};
    }

    const EventFileName& name_;
    const SealFile& seal_;
    const Journal& journal_;
    CheckedSeries& report_;
    SealChain chain_;
    std::uint64_t at_ = 0, offset_ = 0;
    bool is_decided_ = false;
    std::optional<Suspect> suspect_;
    std::optional<SealFault> fault_;
};

/// One series of one directory, file after file.
class SeriesCheck {
public:
    SeriesCheck(std::string directory, Journal& journal, KeyLine& keys, CheckedSeries& report)
        : directory_(std::move(directory)), journal_(journal), keys_(keys), report_(report) {}

    /// In order. `from_first`: those before the first of them must have been removed.
    void run(const std::vector<EventFileName>& files, bool from_first) {
        next_ = from_first ? 1 : files.front().sequence;
        if (next_ == 1) previous_ = Digest{};
        for (const EventFileName& name : files) {
            report_.fault = check_gap(name);
            if (!report_.fault) report_.fault = check_file(name, name == files.back());
            if (report_.fault) return;
            ++report_.files;
        }
    }

private:
    using Found = std::optional<SealFault>;

    Found check_gap(const EventFileName& name) {
        for (; next_ < name.sequence; ++next_) {
            const JournalEntry* removal = journal_.find({name.series, {}, next_}, 0);
            if (!removal || removal->what != JournalEntry::kFileRemoved)
                return SealFault{name.stem(), 0, 0,
                                 fmt::format("number {} of {}, before it, is missing", next_, name.series)};
            previous_ = removal->digest;
            ++report_.removed;
        }
        if (next_ != name.sequence) return SealFault{name.stem(), 0, 0, "its number is another file's too"};
        ++next_;
        return std::nullopt;
    }

    Found check_file(const EventFileName& name, bool is_last) {
        const std::string seal_name = name.stem() + std::string(kSealEnding);
        const auto seal = SealFile::read(directory_ + "/" + seal_name);
        if (!seal && seal.error().code == ENOENT) return SealFault{seal_name, 0, 0, "missing"};
        if (!seal) return SealFault{seal_name, 0, 0, seal.error().message};
        const SealHeader& header = seal->header();
        if (header.series != series_bytes(name.series) || header.begun != seal_magic(name.begun) ||
            header.sequence != name.sequence)
            return SealFault{seal_name, 0, 0, "it is another file's"};
        if (previous_ && header.previous != *previous_)
            return SealFault{seal_name, 0, 0, "it does not follow the seal of the file before"};
        if (!seal->footer() && !is_last)
            return SealFault{seal_name, 0, SealFile::offset_of(seal->records()),
                             "its end is missing, though a later file follows"};
        std::string file;
        auto text = open_text(name, file);
        if (!text)
            return SealFault{file, 0, 0, text.error().code == ENOENT ? "missing" : text.error().message};
        LineCheck lines(name, *seal, journal_, report_);
        if (auto fault = lines.run(*text)) {
            fault->file = file;
            return fault;
        }
        if (!seal->footer()) return std::nullopt;
        return check_footer(seal_name, *seal, lines.chain());
    }

    /// It may be compressed at this very moment.
    Result<EventText> open_text(const EventFileName& name, std::string& file) const {
        file = name.stem() + std::string(kPlainEnding);
        auto text = EventText::open(directory_ + "/" + file);
        if (text || text.error().code != ENOENT) return text;
        auto packed = EventText::open(directory_ + "/" + name.stem() + std::string(kPackedEnding));
        if (packed || packed.error().code != ENOENT) file = name.stem() + std::string(kPackedEnding);
        return packed;
    }

    Found check_footer(const std::string& seal_name, const SealFile& seal, const SealChain::State& chain) {
        const SealFooter& footer = *seal.footer();
        const auto fault = [&](std::string what) {
            return SealFault{seal_name, 0, SealFile::offset_of(seal.records()), std::move(what)};
        };
        if (seal.torn_bytes() != 0) return fault("it has bytes that belong to no record");
        if (footer.records != chain.records || footer.chain != chain.value)
            return fault("its end does not fit its records: some were altered, added or removed");
        if (footer.bytes != chain.bytes) return fault("the event file had another size");
        if (footer.previous != seal.header().previous) return fault("its end does not fit its beginning");
        if (auto what = check_journal(footer)) return fault(*what);
        if (key_index_ && lineage_ == footer.lineage && footer.key_index <= *key_index_)
            return fault("it was sealed with a key that was used before");
        key_index_ = footer.key_index;
        lineage_ = footer.lineage;
        previous_ = seal_of(bytes_of(footer));
        const auto proven =
            keys_.proves(footer.key_index, footer.lineage, kSealPurpose, footer.covered(), footer.mac);
        if (!proven.value_or(true)) return fault("it was not sealed with this key");
        ++report_.seals;
        report_.seals_checked += proven ? 1 : 0;
        return std::nullopt;
    }

    /// The journal may have grown since it was read.
    std::optional<std::string> check_journal(const SealFooter& footer) {
        if (footer.journal_entries > journal_.size())
            if (auto what = journal_.load(directory_, keys_)) return what;
        if (footer.journal_entries > journal_.size())
            return fmt::format("the journal of erasures had {} entries then, and has {}",
                               footer.journal_entries, journal_.size());
        if (footer.journal_head != journal_.head(footer.journal_entries))
            return "the journal of erasures is not what it was then";
        return std::nullopt;
    }

    std::string directory_;
    Journal& journal_;
    KeyLine& keys_;
    CheckedSeries& report_;
    std::uint64_t next_ = 1;
    std::optional<Digest> previous_;
    std::optional<std::uint64_t> key_index_;
    KeyLineage lineage_{};
};

/// The event files to check in one directory.
struct Listed {
    std::map<std::string, std::set<EventFileName>> series;
    bool is_whole = false;
};

bool is_event_part(const EventFilePart& part) {
    return part.ending == kPlainEnding || part.ending == kPackedEnding || part.ending == kSealEnding;
}

Result<void> list_directory(const std::string& path, Listed& listed) {
    listed.is_whole = true;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(path, failed)) {
        const auto part = parse_event_file_name(entry.path().filename().string());
        if (part && is_event_part(*part)) listed.series[part->name.series].insert(part->name);
    }
    if (failed) return Error::from_errno("cannot read " + escape_for_terminal(path), failed.value());
    return {};
}

Result<std::map<std::string, Listed>> list(const std::vector<std::string>& paths) {
    std::map<std::string, Listed> directories;
    for (const std::string& path : paths) {
        std::error_code failed;
        if (std::filesystem::is_directory(path, failed)) {
            std::string directory = path;
            while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
            if (auto done = list_directory(directory, directories[directory]); !done) return done.error();
            continue;
        }
        const auto part = parse_event_file_name(base_name(path));
        if (!part || !is_event_part(*part))
            return Error{escape_for_terminal(path) +
                             " is neither a directory nor named like an event file of whodid "
                             "(events-20261130T152100Z-000012.jsonl)",
                         EINVAL};
        directories[directory_of(path)].series[part->name.series].insert(part->name);
    }
    return directories;
}

void check_directory(const std::string& directory, const Listed& listed, KeyLine& keys,
                     std::vector<CheckedSeries>& reports) {
    Journal journal;
    if (auto what = journal.load(directory, keys)) {
        CheckedSeries& report = reports.emplace_back();
        report.directory = directory;
        report.series = "erasures";
        report.fault = SealFault{std::string(kJournalName), 0, 0, *what};
    }
    for (const auto& [series, files] : listed.series) {
        CheckedSeries& report = reports.emplace_back();
        report.directory = directory;
        report.series = series;
        SeriesCheck(directory, journal, keys, report).run({files.begin(), files.end()}, listed.is_whole);
    }
}

}  // namespace

Result<std::vector<CheckedSeries>> check_seals(const std::vector<std::string>& paths,
                                               const std::optional<SealKey>& key) {
    const auto directories = list(paths);
    if (!directories) return directories.error();
    KeyLine keys(key);
    std::vector<CheckedSeries> reports;
    for (const auto& [directory, listed] : *directories) check_directory(directory, listed, keys, reports);
    return reports;
}

}  // namespace whodid
