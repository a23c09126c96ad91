// SPDX-License-Identifier: Apache-2.0
// The same as JSON. Times are in the unit that the key names.
#include <nlohmann/json.hpp>

#include "report.h"

namespace whodid::bench {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Summary& s) { return {{"median", s.median}, {"q1", s.q1}, {"q3", s.q3}}; }

Json json_of(const Pairs& pairs) {
    return {{"pairs", pairs.size()}, {"base", json_of(pairs.base())}, {"added", json_of(pairs.added())}};
}

Json json_of(const CpuTime& cpu) { return {{"user", cpu.user_s}, {"system", cpu.system_s}}; }

Json json_of(const Memory& m) {
    return {{"resident", m.resident},
            {"anonymous", m.anonymous},
            {"file", m.file},
            {"shared", m.shared},
            {"rings", m.rings}};
}

Json json_of(const Machine& m) {
    return {{"kernel", m.kernel},         {"build", m.build},
            {"preemption", m.preemption}, {"architecture", m.architecture},
            {"cpu_model", m.cpu_model},   {"cpus", m.cpus},
            {"hypervisor", m.hypervisor}, {"bpf_programs", m.bpf_programs},
            {"bpf_stats", m.bpf_stats},   {"load_average", m.load_average}};
}

Json json_of(const LoadFigures& load) {
    Json json = {{"name", load.name}, {"cpu_ns", json_of(load.cpu)}, {"wall_ns", json_of(load.wall)}};
    json["events_per_operation"] = load.events ? Json(*load.events) : Json();
    return json;
}

Json json_of(const AttachType& type) {
    if (!type.absent.empty()) return {{"name", type.name}, {"places", type.places}, {"skipped", type.absent}};
    return {{"name", type.name},
            {"places", type.places},
            {"getppid_cpu_ns", json_of(type.unrelated)},
            {"open_close_cpu_ns", json_of(type.open)},
            {"attach_s", json_of(summarize(type.attach_s))},
            {"detach_s", json_of(summarize(type.detach_s))}};
}

Json json_of(const LedgerSums& l) {
    return {{"seen", l.seen},           {"folded", l.folded},    {"emitted", l.emitted},
            {"ring_full", l.ring_full}, {"no_slot", l.no_slot},  {"received", l.received},
            {"written", l.written},     {"balances", l.balances}};
}

Json json_of(const DaemonRun& run) {
    if (!run.skipped.empty()) return {{"name", run.name}, {"skipped", run.skipped}};
    Json json = {
        {"name", run.name},         {"opens", run.flood.opens},           {"flood_s", run.flood.seconds},
        {"seconds", run.seconds},   {"received_per_s", run.per_second()}, {"ledger", json_of(run.ledger)},
        {"cpu_s", json_of(run.cpu)}};
    const auto cost = run.per_million();
    json["cpu_s_per_million_events"] = cost ? json_of(*cost) : Json();
    json["output_bytes"] = run.output_bytes;
    if (run.memory_start.resident)
        json["memory_kib"] = {{"start", json_of(run.memory_start)}, {"end", json_of(run.memory_end)}};
    return json;
}

Json json_of(const KindSize& size) {
    Json json = {{"lines", size.lines}, {"bytes", size.bytes}, {"longest", size.longest}};
    json["zstd_bytes"] = size.compressed ? Json(*size.compressed) : Json();
    return json;
}

template <class T>
Json list_of(const std::vector<T>& items) {
    Json list = Json::array();
    for (const T& item : items) list.push_back(json_of(item));
    return list;
}

}  // namespace

std::string to_json(const Report& report) {
    Json json = {{"version", 1},
                 {"machine", json_of(report.machine)},
                 {"busy_share", report.busiest},
                 {"busy", report.busy()},
                 {"quick", report.quick},
                 {"command", report.command},
                 {"loads", list_of(report.loads)},
                 {"attach_types", list_of(report.attach_types)},
                 {"daemon", list_of(report.daemon)}};
    if (!report.start_s.empty())
        json["sensor"] = {{"start_s", json_of(summarize(report.start_s))},
                          {"stop_s", json_of(summarize(report.stop_s))}};
    json["kinds"] = Json::object();
    for (const auto& [kind, size] : report.census.kinds) json["kinds"][kind] = json_of(size);
    json["seconds"] = report.seconds;
    return json.dump(1) + '\n';
}

}  // namespace whodid::bench
