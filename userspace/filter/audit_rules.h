// SPDX-License-Identifier: Apache-2.0
// Rules of auditd: one line of a rules file, audit.rules(7), taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/watch_list.h"

namespace whodid {

/// -F name, operator, value: auid>=1000.
struct AuditField {
    std::string name, op, value;
    std::string text() const { return name + op + value; }
};

struct AuditRule {
    enum class Sort {
        kNone,     // a blank line or a comment
        kSetting,  // of auditd itself: -b 8192
        kRemoval,  // takes rules away again: -W, -d
        kRule,
    };
    Sort sort = Sort::kNone;
    std::string setting;                 // or removal: its option
    std::string list, action;            // exit, user, ...; always, never. A -w is exit,always.
    std::string path;                    // of -w and -F path=
    std::string directory;               // of -F dir=
    bool is_watch = false;               // -w: the path may be a directory's, which means its tree
    std::optional<WatchAccesses> perms;  // as given; -w without -p and rules without perm= mean all
    std::vector<std::string> calls;      // names or numbers; "all"
    std::vector<std::string> keys;
    std::vector<AuditField> fields;        // the others
    std::vector<std::string> comparisons;  // -C auid!=obj_uid
};

/// Errors tell what auditctl would refuse as well.
Result<AuditRule> parse_audit_rule(std::string_view line);

}  // namespace whodid
