// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_line.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "enrich/mask_command.h"
#include "enrich/mask_text.h"
#include "enrich/mask_values.h"
#include "enrich/shell_line.h"

namespace whodid::mask_engine {
namespace {

// No argument is longer than the kernel's MAX_ARG_STRLEN of 128 KiB. What is longer anyway is read as text,
// not as a command line, because splitting takes a hundred bytes of memory per word.
constexpr size_t kMaxLine = 256 * 1024;

// What the command expects on its input, if that is a secret.
std::optional<Secret> secret_input(const Command& command) {
    for (const rules::InputRule& rule : rules::input_rules()) {
        bool program = false, needs = rule.needs.empty();
        for (const Word* word : command.words) {
            program |= rules::lists(rule.programs, ',', base_name(word->text));
            needs |= word->text == rule.needs || (rule.needs == "stdin" && word->text.ends_with("stdin"));
        }
        if (program && needs) return rule.secret;
    }
    return std::nullopt;
}

void mark_input(Word& word, Secret secret, int depth) {
    if (secret == Secret::kLine)
        mask_shell_line(word, 0, depth, false);
    else
        mark_secret(word, 0, secret);
}

// echo SECRET | program
void mark_output(const Command& writer, Secret secret, int depth) {
    Words words = writer.words;
    if (!words.empty() && words[0]->text == "{") words = words.subspan(1);
    if (words.empty()) return;
    string_view name = base_name(words[0]->text);
    if (name != "echo" && name != "printf" && name != "yes") return;
    for (size_t i = 1; i < words.size(); ++i) {
        Word& word = *words[i];
        bool is_format = name == "printf" && i == 1 && words.size() > 2;
        if (!is_option(word.text) && !is_format) mark_input(word, secret, depth);
    }
}

// What the command writes by echo or gets by here-string or here-document.
void mark_written(const Command& command, Secret secret, int depth) {
    mark_output(command, secret, depth);
    for (Word* word : command.input) mark_input(*word, secret, depth);
}

// The same of all commands that write to this one.
void mark_piped(const Line& line, const Command& command, Secret secret, int depth) {
    for (size_t i = command.writers_begin; i < command.writers_end; ++i)
        mark_written(line.commands[i], secret, depth);
}

// echo SECRET > file, echo SECRET | tee file
void mask_files(const Line& line, const Command& command, int depth) {
    for (const Word* file : command.files)
        if (auto secret = rules::secret_of_file(file->text)) mark_written(command, *secret, depth);
    auto is_tee = [](const Word* word) { return base_name(word->text) == "tee"; };
    if (std::none_of(command.words.begin(), command.words.end(), is_tee)) return;
    if (auto secret = rules::secret_of_file(command.words.back()->text))
        mark_piped(line, command, *secret, depth);
}

// wg set wg0 private-key <(echo SECRET)
void mask_substitutions(const Line& line, const Command& command, int depth) {
    if (command.group_begin == command.group_end) return;
    bool wanted = std::any_of(command.words.begin(), command.words.end(), [](const Word* word) {
        string_view name = without_dashes(word->text);
        for (string_view about : {"-file", "file", "-f"})
            if (name.ends_with(about) && name.size() > about.size()) name.remove_suffix(about.size());
        return rules::names_secret(name) || base_name(word->text) == "sshpass";
    });
    for (size_t i = command.group_begin; wanted && i < command.group_end; ++i)
        mark_output(line.commands[i], Secret::kAll, depth);
}

void mask_pipes(const Line& line, int depth) {
    for (const Command& command : line.commands) {
        mask_files(line, command, depth);
        if (!command.words.empty() && command.words[0]->text != "}") mask_substitutions(line, command, depth);
        if (command.input.empty() && command.writers_begin == command.writers_end) continue;
        std::optional<Secret> secret = secret_input(command);
        if (!secret) continue;
        for (Word* word : command.input) mark_input(*word, *secret, depth);
        mark_piped(line, command, *secret, depth);
    }
}

}  // namespace

bool mask_shell_line(Word& word, size_t begin, int depth, bool flat) {
    string_view text = word.part(begin, kNpos);
    if (depth >= kMaxDepth || text.size() > kMaxLine || word.is_done) return false;
    word.is_done = true;
    Line line = split_shell_line(text);
    for (const Command& command : line.commands) mask_command(command.words, depth + 1, flat);
    mask_pipes(line, depth + 1);
    std::vector<Word*> words;
    for (Word& part : line.words) words.push_back(&part);
    mark_texts(words, depth + 1);
    for (const Word& part : line.words) part.carry_marks_to(word, begin);
    return true;
}

}  // namespace whodid::mask_engine
