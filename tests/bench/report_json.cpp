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

template <class T>
Json list_of(const std::vector<T>& items);

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

/// As json_of, with on / off, and the interval of its median, null where the pairs are too few.
Json with_ratio(const Pairs& pairs) {
    Json json = json_of(pairs);
    json["ratio"] = json_of(pairs.ratio());
    const auto interval = pairs.ratio_interval();
    json["ratio_interval"] =
        interval
            ? Json{{"low", interval->low}, {"high", interval->high}, {"confidence", interval->confidence}}
            : Json();
    return json;
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
    json["events_per_operation"] = json_of(load.events);
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
    return {{"seen", l.seen},        {"gated", l.gated},         {"folded", l.folded},
            {"emitted", l.emitted},  {"ring_full", l.ring_full}, {"no_slot", l.no_slot},
            {"lost", l.lost()},      {"received", l.received},   {"written", l.written},
            {"balances", l.balances}};
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

Json json_of(const PeerLoad& load) {
    Json json = {{"name", load.name}, {"cpu_ns", with_ratio(load.cpu)}, {"wall_ns", with_ratio(load.wall)}};
    json["told"] = load.told;
    if (load.told) json.update({{"acts", load.acts}, {"lines", load.lines}});
    return json;
}

Json json_of(const Peer& peer) {
    if (!peer.not_run.empty()) return {{"name", peer.name}, {"not_run", peer.not_run}};
    return {{"name", peer.name},
            {"told_all", peer.told_all()},
            {"loads", list_of(peer.loads)},
            {"cpu_s_per_million_acts",
             peer.cpu_s_per_million.empty() ? Json() : json_of(summarize(peer.cpu_s_per_million))},
            {"resident_kib", peer.resident}};
}

Json json_of(const WorkFigures& work) {
    if (!work.not_run.empty()) return {{"name", work.name}, {"not_run", work.not_run}};
    return {{"name", work.name},
            {"cpu_s", with_ratio(work.cpu)},
            {"wall_s", with_ratio(work.wall)},
            {"sensor_cpu_s", json_of(summarize(work.sensor_cpu_s))},
            {"events", json_of(work.events)}};
}

Json json_of(const Working& working) {
    const double event_ns = working.open.added().median;
    Json json = {{"event_ns", event_ns}, {"works", list_of(working.works)}};
    for (std::size_t i = 0; i < working.works.size(); ++i)
        if (working.works[i].not_run.empty())
            json["works"][i]["events_share_of_cpu"] = json_of(working.works[i].share_of(event_ns));
    return json;
}

Json json_of(const MemoryRow& row) {
    if (!row.not_run.empty()) return {{"name", row.name}, {"not_run", row.not_run}};
    if (row.most) return {{"name", row.name}, {"resident_most_kib", row.memory.resident}};
    return {{"name", row.name}, {"memory_kib", json_of(row.memory)}};
}

Json json_of(const FilterRow& row) {
    return {{"form", row.form}, {"terms", row.terms}, {"cpu_s", with_ratio(row.cpu)}};
}

Json json_of(const Filters& filters) {
    if (!filters.not_run.empty()) return {{"not_run", filters.not_run}};
    return {{"events", filters.events}, {"rows", list_of(filters.rows)}};
}

Json json_of(const SealRow& row) {
    return {{"line_bytes", row.line_bytes}, {"cpu_ns_a_kib", with_ratio(row.cpu)}};
}

Json json_of(const Seals& seals) {
    if (!seals.not_run.empty()) return {{"not_run", seals.not_run}};
    return {{"openssl_ns_a_kib", json_of(summarize(seals.openssl_ns))}, {"rows", list_of(seals.rows)}};
}

/// Beside what the row added: how often that is what each measure before it added.
Json json_of(const Hooks& hooks, const HookRow& row, std::size_t load) {
    Json json = {{"name", hooks.loads[load]}, {"cpu_ns", json_of(row.loads[load])}};
    for (const HookRow& measure : hooks.rows) {
        if (&measure == &row) break;
        if (measure.is_measure() && measure.not_run.empty())
            json["times_" + measure.measure] = json_of(times(row, measure, load));
    }
    return json;
}

Json json_of(const Hooks& hooks) {
    Json list = Json::array();
    for (const HookRow& row : hooks.rows) {
        Json json = {{"name", row.name}};
        if (!row.not_run.empty()) json["not_run"] = row.not_run;
        for (std::size_t load = 0; row.not_run.empty() && load < hooks.loads.size(); ++load)
            json["loads"].push_back(json_of(hooks, row, load));
        if (row.ledger.seen) json["ledger"] = json_of(row.ledger);
        list.push_back(std::move(json));
    }
    return list;
}

Json json_of(const Idle& idle) {
    return {{"seconds", idle.seconds}, {"cpu_s", idle.cpu_s}, {"share_of_a_cpu", idle.share()},
            {"busy_share", idle.busy}, {"lines", idle.lines}, {"ledger", json_of(idle.ledger)}};
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
                 {"benchmark", report.benchmark},
                 {"command", report.command},
                 {"loads", list_of(report.loads)},
                 {"attach_types", list_of(report.attach_types)},
                 {"daemon", list_of(report.daemon)}};
    if (!report.start_s.empty())
        json["sensor"] = {{"start_s", json_of(summarize(report.start_s))},
                          {"stop_s", json_of(summarize(report.stop_s))}};
    json["kinds"] = Json::object();
    for (const auto& [kind, size] : report.census.kinds) json["kinds"][kind] = json_of(size);
    if (!report.peers.empty()) json["peers"] = list_of(report.peers);
    if (!report.working.works.empty()) json["work"] = json_of(report.working);
    if (!report.memories.empty()) json["memory"] = list_of(report.memories);
    if (report.filters.events || !report.filters.not_run.empty()) json["filters"] = json_of(report.filters);
    if (!report.fold.rows.empty()) json["fold"] = json_of(report.fold);
    if (!report.floor.rows.empty()) json["floor"] = json_of(report.floor);
    if (report.idle.seconds > 0) json["idle"] = json_of(report.idle);
    if (!report.seals.rows.empty() || !report.seals.not_run.empty()) json["seals"] = json_of(report.seals);
    json["seconds"] = report.seconds;
    // What a tool said last may be no UTF-8.
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace whodid::bench
