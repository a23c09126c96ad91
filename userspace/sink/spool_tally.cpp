// SPDX-License-Identifier: Apache-2.0
// Losses of a spool.
#include "sink/spool_tally.h"

namespace whodid {

std::string_view loss_word(LossReason why) {
    switch (why) {
        case LossReason::kSize:
            return "spool_full";
        case LossReason::kAge:
            return "spool_age";
        case LossReason::kNotStored:
            return "spool_not_writable";
        case LossReason::kTooLarge:
            return "record_too_large";
        case LossReason::kDamaged:
            return "spool_damaged";
        case LossReason::kRefused:
            return "refused";
        case LossReason::kRejected:
            return "rejected";
    }
    return "";
}

std::vector<SpoolLoss> SpoolLosses::take() {
    std::vector<SpoolLoss> losses;
    for (const auto& [key, tally] : std::exchange(lost_, {}))
        losses.push_back({key.first, tally.count, tally.since_ns, tally.until_ns, loss_word(key.second)});
    return losses;
}

}  // namespace whodid
