// SPDX-License-Identifier: Apache-2.0
// Many processes, many paths.
#include "memories.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "loads.h"
#include "multiply.h"
#include "sleepers.h"

namespace whodid::bench {

namespace {

constexpr double kQuietLimitS = 120;
constexpr unsigned kFilesOfDirectory = 1000;

MemoryRow not_run(std::string name, std::string why) {
    MemoryRow row;
    row.name = std::move(name);
    row.not_run = std::move(why);
    return row;
}

Fd open_null() { return Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)); }

// ---- processes that live ----------------------------------------------------------------------------------

Result<MemoryRow> with_living(const Site& site, const DaemonOptions& daemon, unsigned count) {
    MemoryRow row;
    row.name = fmt::format("{} more live processes", count);
    const auto sleepers = Sleepers::start(site, count);
    if (!sleepers && sleepers.error().code == EINTR) return sleepers.error();
    if (!sleepers) return not_run(row.name, sleepers.error().message);
    const Fd null = open_null();
    auto sensor = Sensor::start(trace_arguments(daemon), null);
    if (!sensor) return sensor.error();
    row.memory = (*sensor)->memory();
    const auto ended = (*sensor)->stop();
    return ended ? Result<MemoryRow>(row) : Result<MemoryRow>(ended.error());
}

// ---- processes of a recording -----------------------------------------------------------------------------

/// Some runs of the site's program, recorded.
Result<void> record_programs(const Site& site, const DaemonOptions& daemon, const std::string& path) {
    const Fd null = open_null();
    auto sensor = Sensor::start({daemon.program, "record", path}, null);
    if (!sensor) return sensor.error();
    if (auto run = run_load(find_load("fork+exec+exit"), site, 5); !run) return run.error();
    if (auto quiet = (*sensor)->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
    const auto ended = (*sensor)->stop();
    return ended ? Result<void>() : Result<void>(ended.error());
}

Result<MemoryRow> replay_of(const DaemonOptions& daemon, const std::string& recording, std::string name,
                            std::uint64_t records) {
    const Fd null = open_null();
    const auto ended =
        run_to_end({daemon.program, "replay", "-a", "-o", "json", "--ledger", "json", recording}, null);
    ::unlink(recording.c_str());
    if (!ended) return ended.error();
    const auto ledger = parse_ledger(ended->said);
    if (!ledger || !WIFEXITED(ended->status) || WEXITSTATUS(ended->status) != 0)
        return not_run(std::move(name), "cannot replay: " + last_line(ended->said));
    if (ledger->received < records)
        return Error{fmt::format("the replay took {} of {} records", ledger->received, records), EPROTO};
    MemoryRow row;
    row.name = std::move(name);
    row.memory.resident = ended->resident_most;
    row.most = true;
    return row;
}

Result<void> with_replayed(const Site& site, const DaemonOptions& daemon, unsigned count,
                           std::vector<MemoryRow>& rows) {
    const std::string few = site.directory() + "/few", many = site.directory() + "/many";
    if (auto recorded = record_programs(site, daemon, few); !recorded) {
        rows.push_back(not_run(fmt::format("{} replayed processes", count), recorded.error().message));
        return {};
    }
    struct Kind {
        unsigned count;
        bool ending;
        std::string name;
    };
    const Kind kinds[] = {{1, true, "1 replayed process"},
                          {count, true, fmt::format("{} replayed processes, ended", count)},
                          {count, false, fmt::format("{} replayed, alive at its end", count)}};
    for (const Kind& kind : kinds) {
        auto made = multiply_process(few, many, site.program(), kind.count, kind.ending);
        if (!made) return made;
        auto row = replay_of(daemon, many, kind.name, std::uint64_t{kind.count} * (kind.ending ? 3 : 2));
        if (!row) return row.error();
        rows.push_back(*row);
    }
    return {};
}

// ---- paths ------------------------------------------------------------------------------------------------

std::string path_of(const Site& site, unsigned number) {
    return fmt::format("{}/paths/{:04}/file-{:07}", site.directory(), number / kFilesOfDirectory, number);
}

/// Empty files; why not, where the file system has no room.
Result<void> make_paths(const Site& site, unsigned count) {
    struct statvfs room {};
    if (::statvfs(site.directory().c_str(), &room) == 0 && room.f_files && room.f_favail < 2ul * count)
        return Error{fmt::format("{} inodes are free in {}", room.f_favail, site.directory()), ENOSPC};
    ::mkdir((site.directory() + "/paths").c_str(), 0700);
    for (unsigned i = 0; i < count; ++i) {
        if (interrupted) return Error{"interrupted", EINTR};
        if (i % kFilesOfDirectory == 0)
            ::mkdir(fmt::format("{}/paths/{:04}", site.directory(), i / kFilesOfDirectory).c_str(), 0700);
        const std::string path = path_of(site, i);
        if (::mknod(path.c_str(), S_IFREG | 0600, 0) != 0) return Error::from_errno("cannot make " + path);
    }
    return {};
}

Result<void> open_paths(const Site& site, unsigned from, unsigned to) {
    auto child = Child<unsigned>::start([&](unsigned& opened) {
        for (unsigned i = from; i < to; ++i) {
            const Fd file(::open(path_of(site, i).c_str(), O_RDONLY | O_CLOEXEC));
            if (!file.valid()) return errno;
            ++opened;
        }
        return 0;
    });
    if (!child) return child.error();
    const auto opened = child->finish();
    return opened ? Result<void>() : Result<void>(opened.error());
}

Result<void> with_paths(const Site& site, const DaemonOptions& daemon, std::vector<unsigned> counts,
                        std::vector<MemoryRow>& rows) {
    if (auto made = make_paths(site, counts.back()); !made) {
        if (made.error().code == EINTR) return made;
        rows.push_back(not_run(fmt::format("{} paths", counts.back()), made.error().message));
        return {};
    }
    const Fd null = open_null();
    auto sensor = Sensor::start(trace_arguments(daemon), null);
    if (!sensor) return sensor.error();
    unsigned opened = 0;
    for (const unsigned count : counts) {
        if (auto done = open_paths(site, opened, count); !done) return done;
        opened = count;
        if (auto quiet = (*sensor)->wait_until_quiet(kQuietLimitS); !quiet) return quiet.error();
        MemoryRow row;
        row.name = fmt::format("{} distinct path{} opened", count, count == 1 ? "" : "s");
        row.memory = (*sensor)->memory();
        rows.push_back(std::move(row));
    }
    const auto ended = (*sensor)->stop();
    return ended ? Result<void>() : Result<void>(ended.error());
}

}  // namespace

Result<std::vector<MemoryRow>> measure_memory(const Site& site, const DaemonOptions& daemon,
                                              const Effort& effort) {
    const bool brief = effort.divisor > 1;
    std::vector<MemoryRow> rows;
    for (const unsigned count : {100u, brief ? 1000u : 10'000u}) {
        auto row = with_living(site, daemon, count);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
    }
    if (auto done = with_replayed(site, daemon, brief ? 10'000 : 100'000, rows); !done) return done.error();
    if (auto done = with_paths(site, daemon, {1, 1000, brief ? 20'000u : 1'000'000u}, rows); !done)
        return done.error();
    return rows;
}

}  // namespace whodid::bench
