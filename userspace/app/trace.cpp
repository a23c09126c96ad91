// SPDX-License-Identifier: Apache-2.0
// whodid trace: this machine, live.
#include "app/trace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>

#include "app/live.h"

namespace whodid {

namespace {

Fd block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

void restore_signals() {
    sigset_t set;
    sigemptyset(&set);
    ::sigprocmask(SIG_SETMASK, &set, nullptr);
}

int fail(const Error& error) {
    fmt::print(stderr, "whodid: {}\n", error.message);
    return error.code == EPERM || error.code == EOPNOTSUPP ? kUnmet : kRuntimeError;
}

void print_footer(const Ledger& ledger, std::uint64_t shown) {
    const LedgerLine sum = ledger.total();
    fmt::print(stderr, "{} events shown; kept back: {}", shown, sum.filtered);
    std::string by_kind;
    for (const Kind& kind : kinds())
        if (ledger[kind.id].filtered)
            by_kind +=
                fmt::format("{}{} {}", by_kind.empty() ? "" : ", ", kind.name, ledger[kind.id].filtered);
    if (!by_kind.empty()) fmt::print(stderr, " ({})", by_kind);
    fmt::print(stderr, "; folded: {}; lost: {}\n", sum.folded + sum.kernel.folded,
               sum.kernel.ring_full + sum.kernel.no_slot);
    fmt::print(stderr,
               "ledger: seen {} = gated {} + folded {} + emitted {} + ring_full {} + no_slot {}; own {}\n",
               sum.kernel.seen, sum.kernel.gated, sum.kernel.folded, sum.kernel.emitted, sum.kernel.ring_full,
               sum.kernel.no_slot, sum.kernel.self);
    fmt::print(stderr,
               "        received {} + made {} = malformed {} + consumed {} + folded {} + delivered {}\n",
               sum.received, sum.made, sum.malformed, sum.consumed, sum.folded, sum.delivered);
    fmt::print(stderr, "        delivered {} = filtered {} + written {}\n", sum.delivered, sum.filtered,
               sum.written);
    for (const std::string& imbalance : ledger.imbalances())
        fmt::print(stderr, "ledger does not balance: {}\n", imbalance);
}

}  // namespace

int trace(const TraceOptions& options) {
    Fd file;
    if (!options.write_path.empty()) {
        file = Fd(::open(options.write_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file.valid()) return fail(Error::from_errno("cannot write " + options.write_path));
    }
    const Fd signals = block_signals();
    StreamSink sink(file.valid() ? file.get() : STDOUT_FILENO, options.format, options.text);
    const LiveHost host;
    Ledger ledger;
    auto live = LiveCapture::start(options.load);
    if (!live) return fail(live.error());
    auto pipeline = Pipeline::make((*live)->stream(), host, ledger, options.pipeline, &sink);
    if (!pipeline) {
        fmt::print(stderr, "whodid: {}\n", pipeline.error().message);
        return kUsageError;
    }
    if (auto out = sink.flush(); !out) return fail(out.error());
    const auto pumped = (*live)->pump(**pipeline, ledger, {options.duration_ns, signals.get()});
    restore_signals();
    if (!options.quiet) print_footer(ledger, (*pipeline)->shown());
    if (!pumped && pumped.error().code != EPIPE) return fail(pumped.error());
    return kOk;
}

}  // namespace whodid
