// SPDX-License-Identifier: Apache-2.0
// The memory of programs, and the file that keeps it.
#include "enrich/seen_programs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/fd.h"
#include "base/host.h"
#include "enrich/scan.h"

namespace whodid {

namespace {

constexpr std::string_view kFirstLine = "whodid seen programs 1";
constexpr std::size_t kDigits = 32;
constexpr std::size_t kSeenFileMax = (SeenPrograms::kMax + 1) * (kDigits + 1);  // bytes

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const int digit = hex_value(c);
        if (digit < 0) return std::nullopt;
        value = value << 4 | static_cast<unsigned>(digit);
    }
    return value;
}

Result<void> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error{std::strerror(errno), errno};
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace

Result<std::vector<Id128>> parse_seen(std::string_view text) {
    if (take_until(text, '\n') != kFirstLine)
        return Error{"its first line is not \"" + std::string(kFirstLine) + "\"", EBADMSG};
    std::vector<Id128> programs;
    while (!text.empty()) {
        const std::string_view line = take_until(text, '\n');
        const auto high = parse_hex(line.substr(0, kDigits / 2));
        const auto low = parse_hex(line.substr(std::min(line.size(), kDigits / 2)));
        if (line.size() != kDigits || !high || !low)
            return Error{"line " + std::to_string(programs.size() + 2) + " is not 32 hexadecimal digits",
                         EBADMSG};
        programs.push_back({*high, *low});
    }
    return programs;
}

std::string format_seen(const std::list<Id128>& programs) {
    std::string text(kFirstLine);
    text += '\n';
    text.reserve(text.size() + programs.size() * (kDigits + 1));
    for (const Id128& program : programs) text.append(program.hex()).push_back('\n');
    return text;
}

Result<SeenPrograms> SeenPrograms::load(const std::string& path) {
    SeenPrograms seen;
    seen.path_ = path;
    const auto text = read_regular_file(path, kSeenFileMax);
    if (!text && text.error().code == ENOENT) return seen;
    if (!text) return text.error();
    const auto programs = parse_seen(*text);
    if (!programs)
        return Error{"cannot use " + path + ": " + programs.error().message +
                         "; remove it to begin with an empty memory",
                     EBADMSG};
    for (auto it = programs->rbegin(); it != programs->rend(); ++it) seen.note(*it);
    seen.changed_ = false;
    return seen;
}

bool SeenPrograms::note(const Id128& program) {
    changed_ = true;
    if (const auto found = places_.find(program); found != places_.end()) {
        order_.splice(order_.begin(), order_, found->second);
        return false;
    }
    if (places_.size() >= kMax) {
        places_.erase(order_.back());
        order_.pop_back();
        ++evicted_;
    }
    order_.push_front(program);
    places_.emplace(program, order_.begin());
    return true;
}

std::string SeenPrograms::changed_text() {
    return std::exchange(changed_, false) ? format_seen(order_) : std::string();
}

Result<void> save_seen(const std::string& path, std::string_view text) {
    const std::string beside = path + ".new";
    const auto failed = [&](const Error& why) {
        return Error{"cannot save which programs were seen to " + path + ": " + why.message, why.code};
    };
    {
        ::unlink(beside.c_str());
        const Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file.valid()) return failed(Error{std::strerror(errno), errno});
        if (const auto written = write_all(file.get(), text); !written) return failed(written.error());
        if (::fsync(file.get()) != 0) return failed(Error{std::strerror(errno), errno});
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return failed(Error{std::strerror(errno), errno});
    return {};
}

}  // namespace whodid
