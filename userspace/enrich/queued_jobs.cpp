// SPDX-License-Identifier: Apache-2.0
// Jobs of at, by the inodes of their files.
#include "enrich/queued_jobs.h"

#include <algorithm>
#include <array>

namespace whodid {

bool QueuedJobs::is_job(std::string_view path) {
    // Debian's, Fedora's, SUSE's.
    constexpr std::array<std::string_view, 3> kQueues = {"/var/spool/cron/atjobs/", "/var/spool/at/",
                                                         "/var/spool/atjobs/"};
    return std::ranges::any_of(kQueues, [&](std::string_view queue) { return path.starts_with(queue); });
}

void QueuedJobs::queued(const FileId& file, const Snapshot& by) {
    const bool is_new = by_.insert_or_assign(file, by).second;
    if (!is_new) return;
    order_.push_back(file);
    if (order_.size() <= kMax) return;
    evicted_ += by_.erase(order_.front());
    order_.pop_front();
}

Snapshot QueuedJobs::queued_by(const FileId& file) const {
    const auto found = by_.find(file);
    return found == by_.end() || !found->second->session ? nullptr : found->second;
}

}  // namespace whodid
