// SPDX-License-Identifier: Apache-2.0
// Plans what is removed.
#include "sink/retention.h"

#include <algorithm>
#include <tuple>

namespace whodid {

namespace {

bool is_vital_file(const StoredFile& file) { return file.name.series == kVitalSeries; }

bool is_too_old(const StoredFile& file, const KeepLimits& limits, std::uint64_t now_ns) {
    const std::uint64_t keep_ns = is_vital_file(file) ? limits.vital_ns : limits.other_ns;
    return keep_ns != 0 && now_ns > file.newest_ns && now_ns - file.newest_ns > keep_ns;
}

}  // namespace

RetentionPlan plan_retention(std::vector<StoredFile> files, const KeepLimits& limits, std::uint64_t now_ns) {
    std::ranges::sort(files, {}, [](const StoredFile& file) {
        return std::tuple(is_vital_file(file), file.name.sequence, file.name.begun, file.name.series);
    });
    std::uint64_t total = 0;
    for (const StoredFile& file : files) total += file.bytes;
    RetentionPlan plan;
    const auto over = [&] { return limits.bytes == 0 || total <= limits.bytes ? 0 : total - limits.bytes; };
    const auto go_through = [&](auto has_had_its_time) {
        std::erase_if(files, [&](const StoredFile& file) {
            if (file.is_active || !has_had_its_time(file)) return false;
            if (!file.is_held) total -= file.bytes;
            (file.is_held ? plan.held : plan.remove).push_back(file.name);
            return true;
        });
    };
    go_through([&](const StoredFile& file) { return is_too_old(file, limits, now_ns); });
    go_through([&](const StoredFile&) { return over() > 0; });
    plan.bytes_over = over();
    return plan;
}

}  // namespace whodid
