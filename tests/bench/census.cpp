// SPDX-License-Identifier: Apache-2.0
// Counting lines. Only what our own encoder writes is read, so a search for its keys is enough.
#include "census.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "child.h"

namespace whodid::bench {

namespace {

/// What follows `key` up to `end`; empty when there is no such key.
std::string_view value_after(std::string_view line, std::string_view key, char end) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) return {};
    line.remove_prefix(at + key.size());
    return line.substr(0, line.find(end));
}

pid_t pid_after(std::string_view line, std::string_view key) {
    const std::string_view digits = value_after(line, key, ',');
    pid_t pid = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), pid);
    return pid;
}

/// zstd, fed through a pipe; its output is a file without a name.
class Compressor {
public:
    Compressor() : out_(::memfd_create("whodid-bench", 0)) {
        const std::string command = "exec zstd -q -3 -c >/proc/self/fd/" + std::to_string(out_.get());
        in_.reset(::popen(command.c_str(), "w"));
    }
    void add(std::string_view line) {
        if (in_) ::fwrite(line.data(), 1, line.size(), in_.get());
    }
    std::optional<std::uint64_t> finish() {
        struct stat file {};
        if (!in_ || ::pclose(in_.release()) != 0 || ::fstat(out_.get(), &file) != 0) return {};
        return static_cast<std::uint64_t>(file.st_size);
    }

private:
    struct Close {
        void operator()(FILE* file) const { ::pclose(file); }
    };
    Fd out_;
    std::unique_ptr<FILE, Close> in_;
};

}  // namespace

bool has_zstd() { return std::system("command -v zstd >/dev/null 2>&1") == 0; }

Result<Census> take_census(const Fd& lines) {
    if (::lseek(lines.get(), 0, SEEK_SET) != 0) return Error::from_errno("cannot read the sensor's output");
    const std::unique_ptr<FILE, decltype(&::fclose)> file(::fdopen(::dup(lines.get()), "r"), ::fclose);
    if (!file) return Error::from_errno("cannot read the sensor's output");
    const bool compress = has_zstd();
    Census census;
    std::map<std::string, Compressor> compressors;
    char* text = nullptr;
    std::size_t room = 0;
    for (ssize_t n = 0; (n = ::getline(&text, &room, file.get())) > 0;) {
        const std::string_view line(text, static_cast<std::size_t>(n));
        const std::string kind(value_after(line, R"("event":{"name":"whodid.)", '"'));
        KindSize& size = census.kinds[kind.empty() ? "?" : kind];
        ++size.lines;
        size.bytes += line.size();
        size.longest = std::max<std::uint64_t>(size.longest, line.size());
        if (compress) compressors[kind].add(line);
        ++census.lines_of[pid_after(line, R"("process":{"pid":)")];
        ++census.lines_of[pid_after(line, R"("parent_pid":)")];
    }
    std::free(text);
    for (auto& [kind, compressor] : compressors)
        census.kinds[kind.empty() ? "?" : kind].compressed = compressor.finish();
    return census;
}

}  // namespace whodid::bench
