// SPDX-License-Identifier: Apache-2.0
// Differences of ledgers.
#include "app/event_rates.h"

#include "app/footer.h"

namespace whodid {

namespace {

/// A worker that took over may know less than the one before it had told.
std::uint64_t risen(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

}  // namespace

void EventRates::take(const Ledger& ledger, std::uint64_t now_ns) {
    last_.at_ns = now_ns;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        const LedgerLine& line = ledger[kind];
        last_.kinds[kind] = {line.kernel.seen + line.made, line.written, whodid::lost(line)};
    }
    if (samples_.empty() || now_ns >= samples_.back().at_ns + kSampleNs) samples_.push_back(last_);
    while (samples_.size() > 1 && samples_[1].at_ns + kWindowNs <= now_ns) samples_.pop_front();
}

std::vector<KindRate> EventRates::rates() const {
    std::vector<KindRate> rates;
    if (samples_.empty() || last_.at_ns <= samples_.front().at_ns) return rates;
    const double seconds = static_cast<double>(last_.at_ns - samples_.front().at_ns) / 1e9;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind) {
        const Counts &from = samples_.front().kinds[kind], &to = last_.kinds[kind];
        const std::uint64_t seen = risen(from.seen, to.seen), told = risen(from.told, to.told);
        if (seen != 0 || told != 0)
            rates.push_back({kind, static_cast<double>(seen) / seconds, static_cast<double>(told) / seconds});
    }
    return rates;
}

std::uint64_t EventRates::lost() const {
    std::uint64_t sum = 0;
    if (samples_.empty()) return sum;
    for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind)
        sum += risen(samples_.front().kinds[kind].lost, last_.kinds[kind].lost);
    return sum;
}

}  // namespace whodid
