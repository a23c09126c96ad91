// SPDX-License-Identifier: Apache-2.0
#include "enrich/shell_line.h"

#include <string>
#include <utility>

namespace whodid::mask_engine {
namespace {

constexpr size_t kMaxFrames = 32;  // $( in $( of one line

class Lexer {
public:
    explicit Lexer(string_view text)
        : text_(text), last_single_(text.rfind('\'')), last_double_(text.rfind('"')) {
        line_.commands.emplace_back();
        frames_.push_back({});
    }
    Line run() {
        while (pos_ < text_.size()) top().quoted ? in_double_quotes() : outside_quotes();
        while (frames_.size() > 1) close();
        end_word();
        return std::move(line_);
    }

private:
    enum class Target { kArgument, kFile, kString, kDocument };
    struct Frame {
        size_t command = 0;
        size_t first_command = 0;
        Word* word = nullptr;
        Target target = Target::kArgument;
        bool quoted = false;
        char closer = 0;
        size_t begin = 0;     // where "$(" stood
        size_t hole = kNpos;  // its place in the outer word; kNpos for a group
    };
    struct Document {
        std::string delimiter;
        size_t command;
    };

    Frame& top() { return frames_.back(); }
    Command& command() { return line_.commands[top().command]; }
    char peek(size_t ahead = 1) const { return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0'; }
    static bool later(size_t last, size_t pos) { return last != kNpos && last > pos; }

    Word& word() {
        if (!top().word) top().word = &line_.words.emplace_back();
        return *top().word;
    }
    void take() {
        word().append(text_[pos_], pos_, pos_ + 1);
        ++pos_;
    }
    void take_escaped() {
        word().append(text_[pos_ + 1], pos_, pos_ + 2);
        pos_ += 2;
    }

    void in_double_quotes() {
        char c = text_[pos_];
        if (c == '"') {
            top().quoted = false;
            ++pos_;
        } else if (c == '\\' && has("\"\\$`", peek()) && peek()) {
            take_escaped();
        } else if (!substitution()) {
            take();
        }
    }

    void outside_quotes() {
        char c = text_[pos_];
        if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
            ++pos_;
        } else if (c == '\n') {
            end_line();
        } else if (c == '<' || c == '>' || (c == '&' && peek() == '>')) {
            redirect();
        } else if (c == ')' && top().closer == ')') {
            close();
        } else if (has(";&|)", c)) {
            separate(c);
        } else if (c == '(') {
            open(1, ')');
        } else if (!quote(c) && !substitution()) {
            take();
        }
    }

    bool quote(char c) {
        if (c == '\\' && pos_ + 1 < text_.size()) return take_escaped(), true;
        if (c == '$' && peek() == '\'') return ansi_quoted(), true;
        if (c == '$' && peek() == '"' && later(last_double_, pos_ + 1)) return ++pos_, true;
        if (c == '\'' && later(last_single_, pos_)) return single_quoted(), true;
        if (c != '"' || !later(last_double_, pos_)) return false;
        word();
        top().quoted = true;
        return ++pos_, true;
    }

    void single_quoted() {
        word();
        for (++pos_; text_[pos_] != '\'';) take();
        ++pos_;
    }

    void ansi_quoted() {
        word();
        for (pos_ += 2; pos_ < text_.size() && text_[pos_] != '\'';) {
            if (text_[pos_] == '\\' && has("'\\", peek()) && peek()) ++pos_;
            take();
        }
        pos_ = std::min(pos_ + 1, text_.size());
    }

    // $( and ` open a frame; a plain $ only notes that the shell will put something here.
    bool substitution() {
        char c = text_[pos_];
        if (c == '`' && top().closer == '`' && !top().quoted) return close(), true;
        if (c == '`') return open(1, '`'), true;
        if (c != '$') return false;
        if (peek() == '(') return open(2, ')'), true;
        if (is_alnum(peek()) || has("_{?@*#", peek())) word().expands = true;
        return false;
    }

    void open(size_t length, char closer) {
        if (frames_.size() >= kMaxFrames) return take();
        Frame inner;
        inner.closer = closer;
        inner.begin = pos_;
        if (length == 2 || closer == '`')
            inner.hole = make_hole();
        else
            end_word();
        pos_ += length;
        inner.command = inner.first_command = line_.commands.size();
        line_.commands.emplace_back();
        frames_.push_back(inner);
    }

    // "$()" stands in the word for the output; its first byte will cover all of "$(...)".
    size_t make_hole() {
        size_t hole = word().text.size();
        word().expands = true;
        for (char c : {'$', '(', ')'}) word().append(c, pos_, pos_);
        return hole;
    }

    void close() {
        end_word();
        Frame inner = top();
        pos_ = std::min(pos_ + 1, text_.size());
        frames_.pop_back();
        if (inner.hole != kNpos) {
            word().origin[inner.hole] = {static_cast<uint32_t>(inner.begin), static_cast<uint32_t>(pos_)};
        } else {
            command().group_begin = inner.first_command;
            command().group_end = line_.commands.size();
        }
    }

    void end_word() {
        Word* word = std::exchange(top().word, nullptr);
        if (!word) return;
        switch (std::exchange(top().target, Target::kArgument)) {
            case Target::kArgument:
                command().words.push_back(word);
                break;
            case Target::kFile:
                command().files.push_back(word);
                break;
            case Target::kString:
                command().input.push_back(word);
                break;
            case Target::kDocument:
                documents_.push_back({word->text, top().command});
                break;
        }
    }

    void separate(char c) {
        end_word();
        bool pipe = c == '|' && peek() != '|';
        pos_ += c == '|' && !pipe ? 2 : 1;
        next_command(pipe);
    }

    void next_command(bool pipe) {
        size_t writer = top().command;
        if (command().words.empty() && command().input.empty() && command().group_end == 0) return;
        match_braces(writer);
        bool group = command().group_end > 0;
        top().command = line_.commands.size();
        Command& next = line_.commands.emplace_back();
        const Command& old = line_.commands[writer];
        if (!pipe) return;
        next.writers_begin = group ? old.group_begin : writer;
        next.writers_end = group ? old.group_end : writer + 1;
    }

    // { a; b; } is a group too; its braces are words.
    void match_braces(size_t index) {
        Command& current = line_.commands[index];
        if (current.words.empty()) return;
        if (current.words[0]->text == "{") braces_.push_back(index);
        if (current.words[0]->text != "}" || braces_.empty()) return;
        current.group_begin = braces_.back();
        current.group_end = index;
        braces_.pop_back();
    }

    void redirect() {
        // The descriptor in "2>" is no argument.
        Word* pending = top().word;
        if (pending && pending->text.size() == 1 && is_digit(pending->text[0]))
            top().word = nullptr;
        else
            end_word();
        size_t end = text_.find_first_not_of("<>&|-", pos_);
        string_view sign = text_.substr(pos_, end - pos_);
        pos_ = std::min(end, text_.size());
        if (pos_ < text_.size() && text_[pos_] == '(') return open(1, ')');
        top().target = sign.starts_with("<<<")  ? Target::kString
                       : sign.starts_with("<<") ? Target::kDocument
                                                : Target::kFile;
    }

    void end_line() {
        end_word();
        ++pos_;
        for (const Document& document : std::exchange(documents_, {})) read_document(document);
        next_command(false);
    }

    void read_document(const Document& document) {
        Word& body = line_.words.emplace_back();
        while (pos_ < text_.size()) {
            size_t begin = pos_;
            pos_ = find_stop(text_, '\n', begin);
            string_view row = text_.substr(begin, pos_ - begin);
            row.remove_prefix(skip(row, "\t", 0));
            pos_ = std::min(pos_ + 1, text_.size());
            if (row == document.delimiter) break;
            for (size_t at = begin; at < pos_; ++at) body.append(text_[at], at, at + 1);
        }
        line_.commands[document.command].input.push_back(&body);
    }

    string_view text_;
    size_t last_single_, last_double_;
    size_t pos_ = 0;
    Line line_;
    std::vector<Frame> frames_;
    std::vector<Document> documents_;
    std::vector<size_t> braces_;
};

}  // namespace

Line split_shell_line(string_view text) { return Lexer(text).run(); }

}  // namespace whodid::mask_engine
