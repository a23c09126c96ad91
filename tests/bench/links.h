// SPDX-License-Identifier: Apache-2.0
// Links: the benchmark's own programs, attached as long as the object lives.
#pragma once

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace whodid::bench {

/// A program, and tracepoints as "category/name"; none: where the program's section says.
struct Way {
    bpf_program* program = nullptr;
    std::vector<std::string> tracepoints;
};

class Links {
public:
    Links() = default;
    Links(const Links&) = delete;
    Links& operator=(const Links&) = delete;
    ~Links() { release(); }

    /// Empty, or why not.
    std::string attach(const Way& way) {
        if (way.tracepoints.empty()) return keep(bpf_program__attach(way.program));
        for (const std::string& place : way.tracepoints) {
            const std::size_t slash = place.find('/');
            const std::string category = place.substr(0, slash), name = place.substr(slash + 1);
            const std::string error =
                keep(bpf_program__attach_tracepoint(way.program, category.c_str(), name.c_str()));
            if (!error.empty()) return place + ": " + error;
        }
        return {};
    }
    void release() {
        for (bpf_link* link : links_) bpf_link__destroy(link);
        links_.clear();
    }

private:
    std::string keep(bpf_link* link) {
        if (!link) return std::strerror(errno);
        links_.push_back(link);
        return {};
    }

    std::vector<bpf_link*> links_;
};

inline void hush_libbpf() {
    libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
}

}  // namespace whodid::bench
