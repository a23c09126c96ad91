// SPDX-License-Identifier: Apache-2.0
// Medians and quartiles, of values and of differences between the halves of pairs; how sure a median is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace whodid::bench {

struct Summary {
    double q1 = 0, median = 0, q3 = 0;
};

/// The value below which the share `q` (0 to 1) lies, interpolated between neighbours: type 7 of Hyndman and
/// Fan, "Sample Quantiles in Statistical Packages" (1996), the default of R and NumPy. NaN of nothing.
inline double quantile(std::vector<double> values, double q) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(values.begin(), values.end());
    const double at = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(at));
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - std::floor(at)) * (values[above] - values[below]);
}

inline double median(const std::vector<double>& values) { return quantile(values, 0.5); }

inline Summary summarize(const std::vector<double>& values) {
    return {quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)};
}

struct Interval {
    double low = 0, high = 0, confidence = 0;
};

/// Where the median of what the values are drawn from lies, with a confidence of 95 % or what more the next
/// pair of ranks gives: from the k-th smallest value to the k-th largest. Takes nothing for granted about how
/// they are distributed (Conover, "Practical Nonparametric Statistics", 3rd edition, 3.2). Fewer than six
/// values cannot tell it.
inline std::optional<Interval> median_interval(std::vector<double> values) {
    constexpr double kOutside = 0.025;  // on either side
    const std::size_t n = values.size();
    double chance =
        std::pow(0.5, static_cast<double>(n));  // that exactly `below` values are below the median
    double outside = 0, covered = 0;
    std::size_t below = 0;
    for (; below < n / 2 && outside + chance <= kOutside; ++below) {
        outside += chance;
        covered = 1 - 2 * outside;
        chance *= static_cast<double>(n - below) / static_cast<double>(below + 1);
    }
    if (below == 0) return {};
    std::sort(values.begin(), values.end());
    return Interval{values[below - 1], values[n - below], covered};
}

/// Measurements that belong together in time: what a slow drift of the machine does to one half, it does to
/// the other, so the difference of each pair is what counts, not the difference of the medians.
class Pairs {
public:
    void add(double off, double on) {
        off_.push_back(off);
        added_.push_back(on - off);
        ratios_.push_back(on / off);
    }

    Summary base() const { return summarize(off_); }
    Summary added() const { return summarize(added_); }
    Summary ratio() const { return summarize(ratios_); }
    std::optional<Interval> ratio_interval() const { return median_interval(ratios_); }
    std::size_t size() const { return off_.size(); }

private:
    std::vector<double> off_, added_, ratios_;
};

}  // namespace whodid::bench
