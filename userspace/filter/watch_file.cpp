// SPDX-License-Identifier: Apache-2.0
// Watch files.
#include "filter/watch_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <climits>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "event/field.h"
#include "filter/lexer.h"

namespace whodid {

namespace {

constexpr std::string_view kLetters = "rwxa", kTagKey = "tag=";
constexpr WatchAccess kAccessOf[] = {kWatchRead, kWatchWrite, kWatchExecute, kWatchAttributes};

bool is_gap(char c) { return c == ' ' || c == '\t'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// A fault in a line; the file and the line go before it.
Error fault_at(std::size_t at, std::string_view message) {
    return Error{fmt::format("{}: {}", at + 1, message), EINVAL};
}

struct Word {
    std::string text;
    std::size_t at;
};

/// Parted by blanks, quotes taken off, up to a word that begins a comment.
class Words {
public:
    explicit Words(std::string_view line) : line_(line) {}

    Result<std::vector<Word>> read() {
        std::vector<Word> words;
        while (true) {
            while (at_ < line_.size() && is_gap(line_[at_])) ++at_;
            if (at_ == line_.size() || line_[at_] == '#') return words;
            words.push_back({{}, at_});
            if (auto taken = take_word(words.back().text); !taken) return taken.error();
        }
    }

private:
    Result<void> take_word(std::string& to) {
        for (; at_ < line_.size() && !is_gap(line_[at_]); ++at_) {
            if (line_[at_] == '"') {
                if (auto taken = take_quoted(to); !taken) return taken.error();
            } else if (is_control(line_[at_])) {
                return fault_at(at_, "a control character; in quotes, write it as \\xNN");
            } else {
                to += line_[at_];
            }
        }
        return {};
    }

    /// Ends at the closing quote.
    Result<void> take_quoted(std::string& to) {
        const std::size_t begin = at_;
        while (++at_ < line_.size()) {
            if (line_[at_] == '"') return {};
            if (line_[at_] != '\\') {
                to += line_[at_];
                continue;
            }
            const std::size_t length = take_escape(line_.substr(at_), to);
            if (length == 0)
                return fault_at(at_, "in quotes there are \\\\ \\\" \\n \\t \\xNN; a \\ is \\\\");
            at_ += length - 1;
        }
        return fault_at(begin, "no quote ends the text that begins here");
    }

    const std::string_view line_;
    std::size_t at_ = 0;
};

Result<void> check_name(std::string_view name, std::size_t at) {
    if (name.empty()) return fault_at(at, "two / in a row; write one");
    if (name == "." || name == "..")
        return fault_at(at, fmt::format("'{}' in a path; write the path without it", name));
    if (is_pattern(name) && Glob(name).is_futile())
        return fault_at(at, fmt::format("the pattern {} matches nothing: a \\ at its end, or a class "
                                        "that there is not ([:digit:] is one)",
                                        quote_for_terminal(name)));
    return {};
}

Result<void> read_path(const Word& word, WatchEntry& entry) {
    std::string_view path = word.text;
    if (!path.starts_with('/'))
        return fault_at(word.at, quote_for_terminal(path) +
                                     " is no absolute path; an entry begins with one: /etc/shadow");
    if (path.find('\0') != path.npos) return fault_at(word.at, "a NUL; no path has one");
    if (path.size() >= PATH_MAX)
        return fault_at(word.at, fmt::format("longer than a path can be, {} bytes", PATH_MAX - 1));
    entry.is_tree = path.ends_with('/');
    if (entry.is_tree && path.size() > 1) path.remove_suffix(1);
    entry.path = path;
    for (std::string_view rest = path; rest.size() > 1;) {
        rest.remove_prefix(1);
        const std::string_view name = rest.substr(0, rest.find('/'));
        if (auto checked = check_name(name, word.at); !checked) return checked;
        rest.remove_prefix(name.size());
        if (rest == "/") return fault_at(word.at, "two / at the end; write one");
    }
    return {};
}

Result<void> read_tag(const Word& word, WatchEntry& entry) {
    const std::string_view tag = std::string_view(word.text).substr(kTagKey.size());
    if (tag.empty()) return fault_at(word.at, "tag= without a name; write one, or nothing: tag=secrets");
    if (tag.find('\0') != tag.npos) return fault_at(word.at, "a NUL in a tag; leave it out");
    entry.tags.append(tag).push_back('\0');
    return {};
}

Result<std::optional<WatchEntry>> read_line(std::string_view line) {
    auto words = Words(line).read();
    if (!words) return words.error();
    if (words->empty()) return std::optional<WatchEntry>();
    WatchEntry entry;
    if (auto path = read_path(words->front(), entry); !path) return path.error();
    bool has_accesses = false;
    for (std::size_t i = 1; i < words->size(); ++i) {
        const Word& word = (*words)[i];
        if (word.text.starts_with(kTagKey)) {
            if (auto tag = read_tag(word, entry); !tag) return tag.error();
            continue;
        }
        const auto accesses = parse_accesses(word.text);
        if (!accesses)
            return fault_at(word.at, quote_for_terminal(word.text) +
                                         " is neither accesses, of r w x a, nor tag=NAME; a path or a tag "
                                         "with blanks is quoted");
        if (std::exchange(has_accesses, true))
            return fault_at(word.at, "accesses a second time; write them in one word: rwa");
        entry.accesses = *accesses;
    }
    if (entry.tags.empty()) entry.tags.append(kWatchTag).push_back('\0');
    return std::optional(std::move(entry));
}

/// Bare where it would be read as the same again.
std::string word_of(std::string_view text) {
    const bool is_plain = std::ranges::none_of(text, [](char c) {
        return is_gap(c) || is_control(c) || c == '"' || static_cast<unsigned char>(c) >= 0x80;
    });
    return is_plain && !text.empty() && !text.starts_with('#') ? std::string(text) : quoted(text);
}

}  // namespace

Result<WatchList> parse_watch_file(std::string_view text, std::string_view file) {
    WatchList list;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        auto entry = read_line(line);
        if (!entry) return Error{fmt::format("{}:{}:{}", file, number, entry.error().message), EINVAL};
        if (*entry) list.add(std::move(**entry));
    }
    return list;
}

WatchList built_in_watch_list() { return *parse_watch_file(built_in_watch_file(), "built-in"); }

std::string watch_line(const WatchEntry& entry) {
    const bool needs_slash = entry.is_tree && entry.path != "/";
    std::string line = fmt::format("{:<40} {:<4}", word_of(entry.path + (needs_slash ? "/" : "")),
                                   accesses_text(entry.accesses));
    for_each_string(entry.tags,
                    [&](std::string_view tag) { line.append(1, ' ').append(kTagKey).append(word_of(tag)); });
    if (!entry.link.empty()) line += "  # where " + escape_for_terminal(entry.link) + " leads";
    return line;
}

std::optional<WatchAccesses> parse_accesses(std::string_view text) {
    WatchAccesses accesses = 0;
    for (const char letter : text) {
        const std::size_t i = kLetters.find(letter);
        if (i == kLetters.npos || (accesses & kAccessOf[i])) return std::nullopt;
        accesses |= kAccessOf[i];
    }
    return accesses ? std::optional(accesses) : std::nullopt;
}

std::string accesses_text(WatchAccesses accesses) {
    std::string text;
    for (std::size_t i = 0; i < kLetters.size(); ++i)
        if (accesses & kAccessOf[i]) text += kLetters[i];
    return text;
}

}  // namespace whodid
