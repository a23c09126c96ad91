// SPDX-License-Identifier: Apache-2.0
// Lines to files, sealed and not.
#include "seals.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "process.h"
#include "sink/event_series.h"
#include "stopwatch.h"

namespace whodid::bench {

namespace {

constexpr std::size_t kKibOfAHalf = 16384, kKibOfABatch = 64;

/// Appends as the sink does, a batch at a time.
Result<double> append_ns_a_kib(const std::string& directory, std::size_t line_bytes, bool is_sealed,
                               unsigned divisor) {
    std::error_code failed;
    std::filesystem::remove_all(directory, failed);
    if (!std::filesystem::create_directory(directory, failed))
        return Error{"cannot make " + directory + ": " + failed.message(), failed.value()};
    SealKey key = SealKey::make();
    EventSeries series(directory, "events", is_sealed);
    if (auto opened = series.open(key, wall_now_ns()); !opened) return opened.error();
    std::string batch;
    while (batch.size() < kKibOfABatch * 1024) batch += std::string(line_bytes - 1, 'x') + '\n';
    const std::size_t batches = kKibOfAHalf / kKibOfABatch / divisor + 1;
    Stopwatch watch;
    watch.start();
    for (std::size_t i = 0; i < batches; ++i)
        if (auto done = series.append(batch); !done) return done.error();
    watch.stop();
    std::filesystem::remove_all(directory, failed);
    return watch.total().cpu_ns / (static_cast<double>(batches * batch.size()) / 1024);
}

/// "+F:2:sha256:1337000000.00": bytes a second.
std::optional<double> bytes_a_second(const std::string& said) {
    const std::size_t line = said.find("+F:");
    const std::size_t colon = line == std::string::npos ? line : said.find(":sha256:", line);
    if (colon == std::string::npos) return {};
    double bytes = 0;
    const char* begin = said.data() + colon + std::string_view(":sha256:").size();
    if (std::from_chars(begin, said.data() + said.size(), bytes).ec != std::errc() || bytes <= 0) return {};
    return bytes;
}

Result<double> openssl_ns_a_kib(const std::string& openssl) {
    const Fd out = memory_file();
    const auto ended =
        run_to_end({openssl, "speed", "-mr", "-seconds", "1", "-bytes", "1024", "-evp", "sha256"}, out);
    if (!ended) return ended.error();
    const auto bytes = bytes_a_second(content(out));
    if (!bytes) return Error{"openssl speed said \"" + last_line(content(out)) + "\"", EPROTO};
    return 1024 * 1e9 / *bytes;
}

}  // namespace

Result<Seals> measure_seals(const Site& site, const Effort& effort) {
    Seals seals;
    const std::string openssl = find_program("openssl");
    if (openssl.empty()) {
        seals.not_run = "openssl is not installed";
        return seals;
    }
    for (const std::size_t bytes : {256, 600, 1024, 4096}) seals.rows.push_back({bytes, {}});
    const std::string directory = site.directory() + "/seals";
    for (unsigned pair = 0; pair < effort.pairs; ++pair) {
        const auto hashed = openssl_ns_a_kib(openssl);
        if (!hashed) return hashed.error();
        seals.openssl_ns.push_back(*hashed);
        for (SealRow& row : seals.rows) {
            const auto off = append_ns_a_kib(directory, row.line_bytes, false, effort.divisor);
            if (!off) return off.error();
            const auto on = append_ns_a_kib(directory, row.line_bytes, true, effort.divisor);
            if (!on) return on.error();
            row.cpu.add(*off, *on);
        }
    }
    return seals;
}

}  // namespace whodid::bench
