// SPDX-License-Identifier: Apache-2.0
// Attaches the empty programs and runs two loads below them.
#include "attach_types.h"

#include <fmt/format.h>
#include <unistd.h>
#include <whodid/record.h>

#include <memory>
#include <set>

#include "attach.skel.h"
#include "links.h"
#include "loads.h"
#include "source/probe.h"
#include "whodid.skel.h"

namespace whodid::bench {

namespace {

using Skeleton = std::unique_ptr<attach_bpf, decltype(&attach_bpf__destroy)>;

/// "syscalls/sys_exit_openat", ...: as the section names of whodid's own object have them, and this kernel
/// too.
std::vector<std::string> whodid_tracepoints() {
    std::size_t bytes = 0;
    const void* elf = whodid_bpf__elf_bytes(&bytes);
    const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
        bpf_object__open_mem(elf, bytes, nullptr), bpf_object__close);
    std::set<std::string> places;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        std::string section = bpf_program__section_name(program);
        if (section.starts_with("?")) section.erase(0, 1);
        if (!section.starts_with("tp/syscalls/")) continue;
        const std::string place = section.substr(3);
        if (::access((tracefs_path() + "/events/" + place + "/id").c_str(), F_OK) == 0) places.insert(place);
    }
    return {places.begin(), places.end()};
}

double timed(const auto& act) {
    const double start = monotonic_s();
    act();
    return monotonic_s() - start;
}

struct Measure {
    const Site& site;
    unsigned divisor, rounds;
    const Load* chosen[2] = {&find_load("getppid"), &find_load("open+close, one file")};

    /// An Error when a load fails; a way that cannot be attached says so itself.
    Result<void> pair(const Way& way, AttachType& type) const {
        const auto off = run_phase(chosen, site, divisor, rounds);
        if (!off) return off.error();
        Links links;
        const double attach_s = timed([&] { type.absent = links.attach(way); });
        if (!type.absent.empty()) return {};
        const auto on = run_phase(chosen, site, divisor, rounds);
        if (!on) return on.error();
        type.attach_s.push_back(attach_s);
        type.detach_s.push_back(timed([&] { links.release(); }));
        type.unrelated.add((*off)[0].cpu_ns, (*on)[0].cpu_ns);
        type.open.add((*off)[1].cpu_ns, (*on)[1].cpu_ns);
        return {};
    }
};

}  // namespace

Result<std::vector<AttachType>> measure_attach_types(const Site& site, unsigned pairs, unsigned divisor,
                                                     unsigned rounds) {
    if (auto ready = ensure_tracefs(); !ready) return ready.error();
    hush_libbpf();
    const Skeleton skeleton(attach_bpf__open_and_load(), attach_bpf__destroy);
    if (!skeleton) return Error::from_errno("cannot load the empty programs");
    const auto& programs = skeleton->progs;
    const std::vector<std::string> set = whodid_tracepoints();
    const std::pair<std::string, Way> ways[] = {
        {"tp/syscalls/sys_exit_openat", {programs.on_tracepoint, {"syscalls/sys_exit_openat"}}},
        {"tp/syscalls/sys_exit_*, whodid's", {programs.on_tracepoint, set}},
        {"tp_btf/sys_exit", {programs.on_btf_tracepoint, {}}},
        {"raw_tp/sys_exit", {programs.on_raw_tracepoint, {}}},
        {"tp/raw_syscalls/sys_exit", {programs.on_tracepoint, {"raw_syscalls/sys_exit"}}},
    };
    std::vector<AttachType> types;
    for (const auto& [name, way] : ways) {
        AttachType type;
        type.name = name;
        type.places = std::max<std::size_t>(1, way.tracepoints.size());
        types.push_back(std::move(type));
    }
    const Measure measure{site, divisor, rounds};
    for (unsigned i = 0; i < pairs; ++i)
        for (std::size_t w = 0; w < types.size(); ++w)
            if (auto done = measure.pair(ways[w].second, types[w]); !done) return done.error();
    return types;
}

}  // namespace whodid::bench
