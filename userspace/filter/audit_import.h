// SPDX-License-Identifier: Apache-2.0
// From auditd's rules to a watch list: what can be watched, and what a watch list does not say.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/watch_list.h"

namespace whodid {

/// What a watch list does not say of a line.
struct AuditRemark {
    enum class Fate {
        kSetting,  // of auditd itself
        kNoWatch,  // a rule about something else than a path, or one that leaves out
        kWider,    // watched, and for more than the rule
        kLost,     // not watched, or not for all of it
    };
    std::size_t line = 0;
    Fate fate = Fate::kLost;
    std::string reason;  // what of it, why, and what to do
};

struct AuditImport {
    std::vector<WatchEntry> entries;  // each once, in order
    std::vector<AuditRemark> remarks;

    std::size_t count(AuditRemark::Fate fate) const;
};

/// `is_directory` is asked for the paths of -w, which say only on the machine what they are.
AuditImport import_audit_rules(std::string_view text,
                               const std::function<bool(const std::string&)>& is_directory);

}  // namespace whodid
