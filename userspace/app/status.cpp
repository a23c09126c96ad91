// SPDX-License-Identifier: Apache-2.0
// Whether a sensor is healthy.
#include "app/status.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "app/version.h"
#include "base/clock.h"
#include "base/host.h"

namespace whodid {

namespace {

void check_station(std::vector<std::string>& out, std::uint16_t id, std::string_view station,
                   std::uint64_t in, std::uint64_t accounted) {
    if (accounted <= in) return;
    out.push_back(fmt::format("the ledger does not balance: {}: {}: {} in, {} accounted for",
                              name_of_kind(id), station, in, accounted));
}

std::string sink_trouble(const SinkStatus& sink) {
    std::string out = fmt::format("sink {} is down", sink.name);
    if (!sink.last_error.empty()) out += ": " + sink.last_error;
    if (sink.pending) out += fmt::format("; {} events wait", with_commas(sink.pending));
    return out;
}

}  // namespace

std::uint64_t resident_bytes_of(std::string_view statm) {
    const std::size_t behind_first = statm.find(' ');
    if (behind_first == statm.npos) return 0;
    std::uint64_t pages = 0;
    std::from_chars(statm.data() + behind_first + 1, statm.data() + statm.size(), pages);
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void describe_process(Status& status) {
    utsname name{};
    ::uname(&name);
    status.version = kVersion;
    status.host = name.nodename;
    status.kernel = name.release;
    status.pid = static_cast<std::uint32_t>(::getpid());
    const std::uint64_t now_ns = boot_now_ns();
    status.uptime_ns = now_ns > status.start_boot_ns ? now_ns - status.start_boot_ns : 0;
    status.cpu_s = static_cast<double>(cpu_used_ns()) / 1e9;
    const auto statm = LiveHost().read_file("/proc/self/statm");
    status.resident_bytes = statm ? resident_bytes_of(*statm) : 0;
}

std::vector<std::string> overruns(const Ledger& ledger) {
    std::vector<std::string> out;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        const LedgerLine& l = ledger[kind];
        check_station(out, kind, "pump", l.received + l.made,
                      l.died + l.malformed + l.consumed + l.folded + l.delivered);
        check_station(out, kind, "sink", l.delivered, l.filtered + l.summarized + l.shed + l.written);
        check_station(out, kind, "summaries", l.summarized, l.retold);
    }
    return out;
}

std::vector<std::string> troubles(const Status& status) {
    std::vector<std::string> out;
    if (!status.unserved.empty()) out.push_back("nothing can be watched here: " + status.unserved);
    if (!status.is_ready) out.emplace_back("it is still starting: nothing is told yet");
    if (status.stalled_ns)
        out.push_back(fmt::format("the pump has not moved for {}", format_duration(status.stalled_ns)));
    if (status.lost_recently)
        out.push_back(fmt::format("{} events lost in the last minute", with_commas(status.lost_recently)));
    for (const SinkStatus& sink : status.sinks)
        if (sink.is_down) out.push_back(sink_trouble(sink));
    if (!status.config.last_error.empty())
        out.push_back(fmt::format("the configuration was not taken, the one before it stays in force: {}",
                                  status.config.last_error));
    for (std::string& overrun : overruns(status.ledger)) out.push_back(std::move(overrun));
    return out;
}

}  // namespace whodid
