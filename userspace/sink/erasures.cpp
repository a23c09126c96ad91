// SPDX-License-Identifier: Apache-2.0
// Keeps the journal, erases records.
#include "sink/erasures.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/escape.h"
#include "base/file_name.h"
#include "sink/event_text.h"
#include "sink/file_io.h"
#include "sink/seal_file.h"

namespace whodid {

namespace {

constexpr std::array<char, 16> kJournalMagic = seal_magic("whodid erased 1\n");
constexpr std::uint64_t kJournalBytesMax = 64 << 20;

std::string_view magic_text() { return {kJournalMagic.data(), kJournalMagic.size()}; }

/// Whole entries; what is cut short was never told to be there.
Result<std::vector<JournalEntry>> parse_journal(std::string_view bytes) {
    std::vector<JournalEntry> entries;
    if (bytes.empty()) return entries;
    if (!bytes.starts_with(magic_text()))
        return Error{"it is no journal of erasures of this version of whodid", EBADMSG};
    for (std::size_t at = kJournalMagic.size(); at + sizeof(JournalEntry) <= bytes.size();
         at += sizeof(JournalEntry))
        entries.push_back(struct_at<JournalEntry>(bytes, at));
    return entries;
}

/// Locked: two that append at once would break the chain.
Result<Fd> open_journal(const std::string& path) {
    auto file = open_regular(path, O_RDWR | O_APPEND);
    if (!file && file.error().code == ENOENT) {
        file = create_for_readers(path);
        if (!file && file.error().code == EEXIST) file = open_regular(path, O_RDWR | O_APPEND);
    }
    if (!file) return file;
    if (auto locked = lock_file(file->get(), path); !locked) return locked.error();
    return file;
}

/// What a writer that died left of an entry goes.
Result<void> cut_torn_entry(int fd) {
    const std::uint64_t size = size_of(fd);
    std::uint64_t whole = 0;
    if (size >= kJournalMagic.size()) whole = size - (size - kJournalMagic.size()) % sizeof(JournalEntry);
    if (whole != size && ::ftruncate(fd, static_cast<off_t>(whole)) != 0)
        return Error::from_errno("cannot repair the journal of erasures");
    return {};
}

Result<JournalHead> head_of(int fd) {
    const std::uint64_t size = size_of(fd);
    JournalHead head;
    if (size < kJournalMagic.size() + sizeof(JournalEntry)) return head;
    head.entries = (size - kJournalMagic.size()) / sizeof(JournalEntry);
    const auto last =
        read_at(fd, kJournalMagic.size() + (head.entries - 1) * sizeof(JournalEntry), sizeof(JournalEntry));
    if (!last) return last.error();
    head.seal = seal_of(*last);
    return head;
}

/// The event file of which a line goes.
struct Erasure {
    std::string directory, data_path, seal_path;
    EventFileName name;
    std::uint64_t line = 0;
    SealRecord record;
};

bool is_held(const std::string& directory, const EventFileName& name) {
    std::error_code failed;
    return std::ranges::any_of(
        std::filesystem::directory_iterator(directory, failed), [&](const auto& entry) {
            const std::string file = entry.path().filename().string();
            return file == kHoldName || (file.starts_with(name.stem() + ".") && file.ends_with(kHoldEnding));
        });
}

Result<Erasure> parse_place(const std::string& data_path, std::uint64_t line) {
    const auto part = parse_event_file_name(base_name(data_path));
    if (!part || (part->ending != kPlainEnding && part->ending != kPackedEnding))
        return Error{"cannot erase from " + escape_for_terminal(data_path) + ": it is no event file", EINVAL};
    Erasure erasure{directory_of(data_path), data_path, {}, part->name, line, {}};
    erasure.seal_path = erasure.directory + "/" + part->name.stem() + std::string(kSealEnding);
    return erasure;
}

Result<void> find_record(Erasure& erasure) {
    const auto seal = SealFile::read(erasure.seal_path);
    if (!seal) return seal.error();
    const std::string shown = escape_for_terminal(erasure.data_path);
    if (!seal->footer())
        return Error{"cannot erase from " + shown + " yet: it is written to, and is sealed when it is closed",
                     EBUSY};
    if (erasure.line == 0 || erasure.line > seal->records())
        return Error{"cannot erase line " + std::to_string(erasure.line) + " of " + shown + ": it has " +
                         std::to_string(seal->records()),
                     EINVAL};
    if (is_held(erasure.directory, erasure.name))
        return Error{"cannot erase from " + shown + ": it is under legal hold", EPERM};
    erasure.record = seal->record(erasure.line - 1);
    return {};
}

/// The `number`th line of a piece, from 1, without its newline; nullopt: it has fewer.
std::optional<std::string_view> nth_line(std::string_view piece, std::uint64_t number) {
    for (;; --number) {
        const std::size_t newline = piece.find('\n');
        if (newline == std::string_view::npos) return std::nullopt;
        if (number == 1) return piece.substr(0, newline);
        piece.remove_prefix(newline + 1);
    }
}

std::uint64_t newlines(std::string_view piece) {
    return static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
}

Result<std::string> read_line(const Erasure& erasure) {
    auto text = EventText::open(erasure.data_path);
    if (!text) return text.error();
    for (std::uint64_t left = erasure.line;;) {
        const auto piece = text->next();
        if (!piece) return piece.error();
        if (const auto line = nth_line(*piece, left)) return std::string(*line);
        if (piece->empty())
            return Error{escape_for_terminal(erasure.data_path) + " has lost line " +
                             std::to_string(erasure.line) + ": see whodid verify",
                         EBADMSG};
        left -= newlines(*piece);
    }
}

/// Writes all pieces with the tombstone in its place.
Result<void> copy_without(const Erasure& erasure, EventText& text, int fd) {
    std::vector<ZstdFrame> frames;
    std::uint64_t left = erasure.line, offset = 0;
    for (;;) {
        auto piece = text.next();
        if (!piece) return piece.error();
        if (piece->empty()) break;
        const auto line = left > 0 ? nth_line(*piece, left) : std::nullopt;
        left = line ? 0 : left - std::min(left, newlines(*piece));
        if (line)
            piece->replace(static_cast<std::size_t>(line->data() - piece->data()), line->size(),
                           tombstone(erasure.record.digest));
        const auto out = !text.is_packed() ? piece : line ? pack_frame(*piece) : text.packed();
        if (!out) return out.error();
        if (auto written = write_whole(fd, *out); !written) return written;
        frames.push_back(
            {offset, static_cast<std::uint32_t>(out->size()), static_cast<std::uint32_t>(piece->size())});
        offset += out->size();
    }
    return text.is_packed() ? write_whole(fd, seek_table(frames)) : Result<void>();
}

/// Owner, mode and times are the old file's: by them it is read and kept.
Result<void> take_after(int fd, const std::string& path) {
    struct stat st {};
    const bool same = ::stat(path.c_str(), &st) == 0 && ::fchown(fd, st.st_uid, st.st_gid) == 0 &&
                      ::fchmod(fd, st.st_mode & 07777) == 0;
    const timespec times[2] = {st.st_atim, st.st_mtim};
    if (!same || ::futimens(fd, times) != 0 || ::fsync(fd) != 0)
        return Error::from_errno("cannot replace " + escape_for_terminal(path));
    return {};
}

Result<void> rewrite(const Erasure& erasure) {
    auto text = EventText::open(erasure.data_path);
    if (!text) return text.error();
    const std::string beside = erasure.data_path + ".new";
    ::unlink(beside.c_str());
    const auto file = create_file(beside, 0600);
    if (!file) return file.error();
    auto done = copy_without(erasure, *text, file->get());
    if (done) done = take_after(file->get(), erasure.data_path);
    if (done && ::rename(beside.c_str(), erasure.data_path.c_str()) != 0)
        done = Error::from_errno("cannot replace " + escape_for_terminal(erasure.data_path));
    if (!done) {
        ::unlink(beside.c_str());
        return done;
    }
    return sync_directory(erasure.directory);
}

Result<void> drop_salt(const Erasure& erasure, int seal) {
    const Salt zeros{};
    const auto at = static_cast<off_t>(SealFile::offset_of(erasure.line - 1));
    if (::pwrite(seal, zeros.data(), zeros.size(), at) != static_cast<ssize_t>(zeros.size()) ||
        ::fsync(seal) != 0)
        return Error::from_errno("cannot drop a salt in " + escape_for_terminal(erasure.seal_path));
    return {};
}

bool is_of(const JournalEntry& entry, const Erasure& erasure) {
    return entry.what == JournalEntry::kRecordErased && entry.series == series_bytes(erasure.name.series) &&
           entry.sequence == erasure.name.sequence && entry.line == erasure.line;
}

/// Unless a call that did not come to its end has.
Result<void> note_erasure(const Erasure& erasure, std::uint64_t bytes, const SealKey& key,
                          std::uint64_t now_ns) {
    const auto journal = read_journal(erasure.directory);
    if (!journal) return journal.error();
    if (std::ranges::any_of(*journal, [&](const JournalEntry& entry) { return is_of(entry, erasure); }))
        return {};
    JournalEntry entry;
    entry.what = JournalEntry::kRecordErased;
    entry.series = series_bytes(erasure.name.series);
    entry.sequence = erasure.name.sequence;
    entry.line = erasure.line;
    entry.bytes = bytes;
    entry.digest = erasure.record.digest;
    return append_journal(erasure.directory, entry, key, now_ns);
}

}  // namespace

std::array<char, 16> series_bytes(std::string_view series) { return seal_magic(series.substr(0, 15)); }

Result<std::vector<JournalEntry>> read_journal(const std::string& directory) {
    const std::string path = directory + "/" + std::string(kJournalName);
    const auto bytes = read_whole(path, kJournalBytesMax);
    if (!bytes && bytes.error().code == ENOENT) return std::vector<JournalEntry>();
    if (!bytes) return bytes.error();
    auto entries = parse_journal(*bytes);
    if (!entries)
        return Error{"cannot use " + escape_for_terminal(path) + ": " + entries.error().message, EBADMSG};
    return entries;
}

Result<JournalHead> read_journal_head(const std::string& directory) {
    const auto file = open_regular(directory + "/" + std::string(kJournalName), O_RDONLY);
    if (!file && file.error().code == ENOENT) return JournalHead();
    if (!file) return file.error();
    return head_of(file->get());
}

Result<void> append_journal(const std::string& directory, JournalEntry entry, const SealKey& key,
                            std::uint64_t now_ns) {
    const auto file = open_journal(directory + "/" + std::string(kJournalName));
    if (!file) return file.error();
    if (auto cut = cut_torn_entry(file->get()); !cut) return cut;
    const auto head = head_of(file->get());
    if (!head) return head.error();
    entry.time_ns = now_ns;
    entry.key_index = key.index;
    entry.lineage = key.lineage;
    entry.previous = head->seal;
    entry.mac = key.mac(kErasurePurpose, entry.covered());
    const std::uint64_t size = size_of(file->get());
    const std::string begin(size == 0 ? magic_text() : std::string_view());
    auto written = write_whole(file->get(), begin + std::string(bytes_of(entry)));
    if (written && ::fsync(file->get()) != 0) written = Error::from_errno("cannot write");
    if (!written) {
        (void)!::ftruncate(file->get(), static_cast<off_t>(size));
        return Error{"cannot note an erasure: " + written.error().message, written.error().code};
    }
    return size == 0 ? sync_directory(directory) : Result<void>();
}

Result<std::uint64_t> erase_record(const std::string& data_path, std::uint64_t line, const SealKey& key,
                                   std::uint64_t now_ns) {
    auto erasure = parse_place(data_path, line);
    if (!erasure) return erasure.error();
    const auto seal = open_regular(erasure->seal_path, O_RDWR);
    if (!seal) return seal.error();
    if (auto locked = lock_file(seal->get(), erasure->seal_path); !locked) return locked.error();
    if (auto found = find_record(*erasure); !found) return found.error();
    const auto text = read_line(*erasure);
    if (!text) return text.error();
    const bool is_erased = *text == tombstone(erasure->record.digest);
    if (!is_erased) {
        SealChain chain;
        if (chain.digest(erasure->record.salt, *text) != erasure->record.digest)
            return Error{"line " + std::to_string(line) + " of " + escape_for_terminal(data_path) +
                             " is not what was sealed: see whodid verify",
                         EBADMSG};
        if (auto noted = note_erasure(*erasure, text->size(), key, now_ns); !noted) return noted.error();
        if (auto rewritten = rewrite(*erasure); !rewritten) return rewritten.error();
    }
    if (auto dropped = drop_salt(*erasure, seal->get()); !dropped) return dropped.error();
    return is_erased ? 0 : text->size();
}

}  // namespace whodid
