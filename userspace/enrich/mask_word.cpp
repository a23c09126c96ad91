// SPDX-License-Identifier: Apache-2.0
#include "enrich/mask_word.h"

namespace whodid::mask_engine {

void Word::append(char c, size_t begin, size_t end) {
    text.push_back(c);
    origin.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
}

string_view Word::part(size_t begin, size_t end) const {
    end = std::min(end, text.size());
    return begin < end ? string_view(text).substr(begin, end - begin) : string_view();
}

void Word::mark(size_t begin, size_t end) {
    end = std::min(end, text.size());
    if (begin >= end || text.find_first_not_of('*', begin) >= end) return;
    for (size_t i = begin; i < end; ++i) mark_one(i, i == begin ? kFirst : kRest);
}

void Word::mark_one(size_t i, Mark mark) {
    marks.resize(text.size(), kKeep);
    if (!marks[i]) marks[i] = mark;
}

std::string Word::masked() const {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (!marks[i]) out.push_back(text[i]);
        if (marks[i] == kFirst && (i == 0 || !marks[i - 1])) out.append(kMask);
    }
    return out;
}

// Quotes between secret bytes are in no extent and therefore stay: -pa"b c" becomes -p****"".
void Word::carry_marks_to(Word& line, size_t offset) const {
    for (size_t i = 0; i < marks.size(); ++i) {
        if (!marks[i]) continue;
        for (size_t at = origin[i].begin; at < origin[i].end; ++at)
            line.mark_one(offset + at, at == origin[i].begin ? static_cast<Mark>(marks[i]) : kRest);
    }
}

}  // namespace whodid::mask_engine
