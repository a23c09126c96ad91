// SPDX-License-Identifier: Apache-2.0
// ClosedFiles: what becomes of event files that are closed: synced, compressed, and removed in their time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sink/retention.h"
#include "sink/seal.h"
#include "sink/settings.h"

namespace whodid {

class ClosedFiles {
public:
    struct Order {
        std::map<std::string, std::uint64_t> closed_below;  // by series: files of a lower number are closed
        SealKey key;                                        // what seals next
        std::vector<std::shared_ptr<const Fd>> to_sync;     // what is written to
        bool only_sync = false;
        std::uint64_t now_ns = 0;  // wall clock
    };
    struct Report {
        std::vector<std::string> said;  // what was removed, could not be, or failed
        std::uint64_t removed_files = 0, removed_bytes = 0;
    };

    /// `saved_key_index`: which key stands in the key's file.
    ClosedFiles(std::string directory, std::string key_path, std::uint64_t saved_key_index,
                const JsonLinesSettings& settings);

    /// Closed files are durable before the key that sealed them is destroyed, and compressed ones before the
    /// plain ones go.
    Report sweep(const Order& order);

private:
    struct Found {
        StoredFile file;
        std::set<std::string> endings;
    };
    std::vector<Found> list(const Order& order) const;
    std::string path(const EventFileName& name, std::string_view ending) const;
    bool sync_closed(const std::vector<Found>& files, Report& report);
    void save_key(const SealKey& key, Report& report);
    void compress(std::vector<Found>& files, Report& report);
    Result<Fd> lock(const EventFileName& name) const;
    Result<void> compress(const EventFileName& name);
    void keep_within_limits(const std::vector<Found>& files, const Order& order, Report& report);
    Result<void> remove(const Found& found, const Order& order);
    void tell_held(const RetentionPlan& plan, Report& report);
    void fail_once(const Error& error, Report& report);

    std::string directory_, key_path_;
    std::uint64_t saved_key_index_;
    JsonLinesSettings settings_;
    std::set<std::string> synced_;     // stems
    std::vector<EventFileName> held_;  // as told last
    std::string failed_;               // as told last
};

}  // namespace whodid
