// SPDX-License-Identifier: Apache-2.0
// Queued jobs: which login left a job for at, so that the job leads back to it when it runs.
#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>

#include "base/host.h"
#include "base/table_size.h"
#include "enrich/processes.h"

namespace whodid {

class QueuedJobs {
public:
    /// Whether it is a file that at queues. Only at's own user can make any in these directories, so what
    /// made it is at.
    static bool is_job(std::string_view path);

    /// A job's file was made, by a process in a login or by none.
    void queued(const FileId& file, const Snapshot& by);
    /// Who made a job's file; null when it was nobody in a login, or it is older than the sensor.
    Snapshot queued_by(const FileId& file) const;

    TableSize table_size() const { return {"queued_jobs", by_.size(), kMax, evicted_}; }

private:
    static constexpr std::size_t kMax = 4096;  // jobs; the oldest makes room

    struct Hash {
        std::size_t operator()(const FileId& file) const {
            return file.inode * 0x9e3779b97f4a7c15ull ^ file.dev;
        }
    };
    std::unordered_map<FileId, Snapshot, Hash> by_;
    std::deque<FileId> order_;  // as they came
    std::uint64_t evicted_ = 0;
};

}  // namespace whodid
