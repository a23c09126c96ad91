// SPDX-License-Identifier: Apache-2.0
// When metrics are sent, and which.
#include "app/metrics_exporter.h"

#include <gtest/gtest.h>

#include <future>

namespace whodid {
namespace {

constexpr std::uint64_t kHour = 3600ull * 1'000'000'000;

std::shared_ptr<const std::vector<Metric>> numbered(double value) {
    Metric metric{"whodid.test", "1", "A number", Metric::Sort::kGauge, {}};
    metric.points.push_back({{}, value});
    return std::make_shared<const std::vector<Metric>>(1, metric);
}

TEST(MetricsExporter, SendsWhatIsLatestWhenItIsTime) {
    std::promise<double> sent;
    bool is_first = true;
    MetricsExporter exporter("far", 1'000'000, [&](const std::vector<Metric>& metrics) {
        if (std::exchange(is_first, false)) sent.set_value(metrics.at(0).points.at(0).value);
        return Outcome{};
    });
    exporter.publish(numbered(7));
    EXPECT_EQ(sent.get_future().get(), 7);
}

TEST(MetricsExporter, SendsTheLastOnesAtItsEndAndNothingTwice) {
    std::vector<double> sent;
    {
        MetricsExporter exporter("far", kHour, [&](const std::vector<Metric>& metrics) {
            sent.push_back(metrics.at(0).points.at(0).value);
            return Outcome{};
        });
        exporter.publish(numbered(1));
        exporter.publish(numbered(2));
    }
    EXPECT_EQ(sent, std::vector<double>{2});
}

TEST(MetricsExporter, AnEndWithoutNumbersSendsNothing) {
    int requests = 0;
    {
        const MetricsExporter exporter("far", kHour, [&](const auto&) { return ++requests, Outcome{}; });
    }
    EXPECT_EQ(requests, 0);
}

}  // namespace
}  // namespace whodid
