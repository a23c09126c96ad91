// SPDX-License-Identifier: Apache-2.0
// The facts that deeds print: lines of key=value, see deeds/deed.h.
#pragma once

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace whodid::live {

/// One line. Values are as printed: %XX is not decoded.
class Facts {
public:
    explicit Facts(const std::string& line) {
        std::istringstream words(line);
        for (std::string word; words >> word;)
            if (size_t equals = word.find('='); equals != std::string::npos)
                values_[word.substr(0, equals)] = word.substr(equals + 1);
    }

    /// The deed's name; empty if the line tells of no deed.
    std::string deed() const { return text("deed"); }
    long result() const { return number("result"); }
    pid_t pid() const { return static_cast<pid_t>(number("pid")); }

    bool has(const std::string& key) const { return values_.count(key) != 0; }
    /// Empty if the fact is missing.
    std::string text(const std::string& key) const {
        auto found = values_.find(key);
        return found == values_.end() ? "" : found->second;
    }
    /// 0 if the fact is missing or not a number.
    long number(const std::string& key) const { return std::strtol(text(key).c_str(), nullptr, 0); }

private:
    std::map<std::string, std::string> values_;
};

/// The facts among all that a program printed.
inline std::vector<Facts> parse_facts(const std::string& printed) {
    std::vector<Facts> all;
    std::istringstream lines(printed);
    for (std::string line; std::getline(lines, line);)
        if (Facts facts(line); !facts.deed().empty()) all.push_back(std::move(facts));
    return all;
}

}  // namespace whodid::live
