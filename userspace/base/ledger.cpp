// SPDX-License-Identifier: Apache-2.0
// The ledger's sums.
#include "base/ledger.h"

#include <fmt/format.h>

namespace whodid {

namespace {

void check(std::vector<std::string>& out, std::size_t kind, const char* station, std::uint64_t in,
           std::uint64_t accounted) {
    if (in != accounted)
        out.push_back(fmt::format("kind {}: {}: {} in, {} accounted for", kind, station, in, accounted));
}

/// What is counted in the kernel side's table; of the others nothing tells how many there were.
bool tells_folds(std::size_t kind) { return kind != REC_PROCESS_PTRACE && kind != REC_FILE_MAP; }

}  // namespace

void add(rec_counters& to, const rec_counters& c) {
    to.seen += c.seen;
    to.gated += c.gated;
    to.folded += c.folded;
    to.emitted += c.emitted;
    to.ring_full += c.ring_full;
    to.no_slot += c.no_slot;
    to.self += c.self;
    to.bytes += c.bytes;
}

LedgerLine Ledger::total() const {
    LedgerLine sum;
    for (const LedgerLine& line : lines_) {
        add(sum.kernel, line.kernel);
        sum.missed += line.missed;
        sum.received += line.received;
        sum.malformed += line.malformed;
        sum.consumed += line.consumed;
        sum.folded += line.folded;
        sum.closed += line.closed;
        sum.made += line.made;
        sum.died += line.died;
        sum.delivered += line.delivered;
        sum.filtered += line.filtered;
        sum.summarized += line.summarized;
        sum.retold += line.retold;
        sum.shed += line.shed;
        sum.written += line.written;
    }
    return sum;
}

std::vector<std::string> Ledger::imbalances() const {
    std::vector<std::string> out;
    for (std::size_t kind = 0; kind < lines_.size(); ++kind) {
        const LedgerLine& l = lines_[kind];
        const rec_counters& k = l.kernel;
        check(out, kind, "kernel", k.seen, k.gated + k.folded + k.emitted + k.ring_full + k.no_slot);
        if (k.seen) check(out, kind, "ring", k.emitted, l.received);
        if (k.seen && tells_folds(kind)) check(out, kind, "folds", k.folded, l.closed);
        check(out, kind, "pump", l.received + l.made,
              l.died + l.malformed + l.consumed + l.folded + l.delivered);
        check(out, kind, "sink", l.delivered, l.filtered + l.summarized + l.shed + l.written);
        check(out, kind, "summaries", l.summarized, l.retold);
    }
    return out;
}

}  // namespace whodid
