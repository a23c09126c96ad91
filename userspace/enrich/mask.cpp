// SPDX-License-Identifier: Apache-2.0
// The masking engine from outside. It marks in mask_command.cpp (by what the tables of mask_rules.cpp say of
// a program), mask_line.cpp (what flows through a shell line) and mask_text.cpp (by name or shape, whatever
// the program); see mask_word.h for how.
#include "enrich/mask.h"

#include <algorithm>
#include <utility>

#include "enrich/mask_assignments.h"
#include "enrich/mask_command.h"
#include "enrich/mask_headers.h"
#include "enrich/mask_line.h"
#include "enrich/mask_shapes.h"
#include "enrich/mask_text.h"

namespace whodid {
namespace {

using mask_engine::kMask;
using mask_engine::Word;

// Gives the bytes of the word back, masked; says whether anything was.
bool finish(Word& word, std::string& text) {
    text = word.marks.empty() ? std::move(word.text) : word.masked();
    return !word.marks.empty();
}

bool mask_args_once(std::vector<std::string>& argv) {
    std::vector<Word> words(argv.size());
    std::vector<Word*> pointers;
    for (size_t i = 0; i < argv.size(); ++i) {
        words[i].text = std::move(argv[i]);
        pointers.push_back(&words[i]);
    }
    mask_engine::mask_command(pointers, 0, false);
    mask_engine::mark_texts(pointers, 0);
    bool changed = false;
    for (size_t i = 0; i < argv.size(); ++i) changed |= finish(words[i], argv[i]);
    return changed;
}

template <class Marker>
bool mask_text_once(std::string& text, Marker marker) {
    Word word;
    word.text = std::move(text);
    marker(word);
    return finish(word, text);
}

// Masking can change how the rest reads (hostile input only), so it is repeated until nothing changes. Every
// round removes a byte that is not "*"; what has not settled after a few is an attack and is masked whole.
template <class Once, class Whole>
bool settle(Once once, Whole whole) {
    constexpr int kMaxRounds = 8;
    for (int round = 0; round < kMaxRounds; ++round)
        if (!once()) return round > 0;
    whole();
    return true;
}

}  // namespace

bool mask_args(std::vector<std::string>& argv) {
    return settle([&] { return mask_args_once(argv); },
                  [&] { std::fill(argv.begin(), argv.end(), std::string(kMask)); });
}

bool mask_command_line(std::string& line) {
    auto mark = [](Word& word) {
        if (!mask_engine::mask_shell_line(word, 0, 0, true)) mask_engine::mark_text(word, 0);
        mask_engine::mark_inner_headers(word);  // "-H X-Api-Key: abc" lost its quotes
        mask_engine::mark_schemes(word);
    };
    return settle([&] { return mask_text_once(line, mark); }, [&] { line = kMask; });
}

bool mask_url(std::string& text) {
    auto mark = [](Word& word) {
        mask_engine::mark_urls(word);
        mask_engine::mark_secret_paths(word);
        mask_engine::mark_parameters(word);
        mask_engine::mark_tokens(word);
    };
    return settle([&] { return mask_text_once(text, mark); }, [&] { text = kMask; });
}

}  // namespace whodid
