// SPDX-License-Identifier: Apache-2.0
// Metrics as Prometheus reads them.
#include "sink/prometheus.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "promtool.h"

namespace whodid {
namespace {

using Sort = Metric::Sort;

std::string name(std::string_view dotted, std::string_view unit, Sort sort) {
    return prometheus_name({dotted, unit, "", sort, {}});
}

std::string number(double value) {
    const std::vector<Metric> one = {{"x", "", "X.", Sort::kGauge, {{{}, value}}}};
    const std::string text = prometheus_text(one);
    return text.substr(text.rfind(' ') + 1);
}

TEST(Prometheus, NamesHaveUnitThenTotal) {
    EXPECT_EQ(name("whodid.events", "{event}", Sort::kCounter), "whodid_events_total");
    EXPECT_EQ(name("whodid.sink.lag", "s", Sort::kGauge), "whodid_sink_lag_seconds");
    EXPECT_EQ(name("process.cpu", "s", Sort::kCounter), "process_cpu_seconds_total");
    EXPECT_EQ(name("process.resident_memory", "By", Sort::kGauge), "process_resident_memory_bytes");
    EXPECT_EQ(name("whodid.ring.fill", "1", Sort::kGauge), "whodid_ring_fill_ratio");
    EXPECT_EQ(name("whodid.hits", "1", Sort::kCounter), "whodid_hits_total");
    EXPECT_EQ(name("whodid.build.info", "", Sort::kGauge), "whodid_build_info");
    EXPECT_EQ(name("a.bytes", "By", Sort::kGauge), "a_bytes") << "once is enough";
    EXPECT_EQ(name("9.lives-of cats", "", Sort::kGauge), "_9_lives_of_cats");
}

TEST(Prometheus, TheWholeText) {
    const std::vector<Metric> metrics = {
        {"whodid.events",
         "{event}",
         "Events told.",
         Sort::kCounter,
         {{{{"kind", "process.exec"}}, 12}, {{{"kind", "file.open"}}, 3}}},
        {"a", "", "A \\ \"b\"\nc", Sort::kGauge, {{{}, 0.5}}},
        {"none", "", "Not there.", Sort::kGauge, {}},
    };
    EXPECT_EQ(prometheus_text(metrics),
              "# HELP a A \\\\ \"b\"\\nc\n"
              "# TYPE a gauge\n"
              "a 0.5\n"
              "# HELP whodid_events_total Events told.\n"
              "# TYPE whodid_events_total counter\n"
              "whodid_events_total{kind=\"process.exec\"} 12\n"
              "whodid_events_total{kind=\"file.open\"} 3\n");
    EXPECT_EQ(prometheus_text({}), "");
}

TEST(Prometheus, LabelsAreEscapedAndAlwaysUtf8) {
    const std::vector<Metric> metrics = {
        {"x", "", "X.", Sort::kGauge, {{{{"a.b", "q\" b\\ n\n \xff"}, {"c", ""}}, 1}}}};
    const std::string text = prometheus_text(metrics);
    EXPECT_NE(text.find("\nx{a_b=\"q\\\" b\\\\ n\\n \xef\xbf\xbd\",c=\"\"} 1\n"), std::string::npos) << text;
}

TEST(Prometheus, NumbersAreTheShortest) {
    EXPECT_EQ(number(0), "0\n");
    EXPECT_EQ(number(0.1), "0.1\n");
    EXPECT_EQ(number(123456789), "123456789\n");
    EXPECT_EQ(number(-2.5), "-2.5\n");
    EXPECT_EQ(std::stod(number(1.0 / 3)), 1.0 / 3);
    EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf\n");
    EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf\n");
    EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN\n");
}

/// A scrape with the same series twice is refused whole.
TEST(Prometheus, NeverASeriesTwice) {
    const std::vector<Metric> metrics = {
        {"x.y", "", "First.", Sort::kGauge, {{{{"a", "1"}}, 1}, {{{"a", "1"}}, 2}}},
        {"x_y", "", "Second.", Sort::kGauge, {{{{"a", "1"}}, 3}, {{{"a", "2"}}, 4}}}};
    EXPECT_EQ(prometheus_text(metrics),
              "# HELP x_y First.\n# TYPE x_y gauge\nx_y{a=\"1\"} 1\nx_y{a=\"2\"} 4\n");
}

TEST(Prometheus, PromtoolTakesIt) {
    if (!test::has_promtool()) GTEST_SKIP() << "no promtool: apt-get install prometheus";
    const std::vector<Metric> metrics = {
        {"whodid.events", "{event}", "Events \\ told.", Sort::kCounter, {{{{"kind", "a\"\n\\"}}, 1e21}}},
        {"whodid.size", "By", "Size.", Sort::kGauge, {{{}, 1e-7}}},
        {"whodid.lag", "s", "Lag.", Sort::kGauge, {{{}, std::numeric_limits<double>::infinity()}}}};
    EXPECT_EQ(test::promtool_says(prometheus_text(metrics)), "");
    EXPECT_NE(test::promtool_says("# TYPE x counter\nx 1\n"), "") << "the checker itself";
}

}  // namespace
}  // namespace whodid
