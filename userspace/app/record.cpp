// SPDX-License-Identifier: Apache-2.0
// whodid record.
#include "app/record.h"

#include <fmt/format.h>
#include <whodid/limits.h>

#include "app/detach.h"
#include "app/exit_code.h"
#include "app/footer.h"
#include "app/host_snapshot.h"
#include "app/live.h"
#include "app/say.h"
#include "app/stop.h"
#include "app/version.h"
#include "base/clock.h"
#include "enrich/login_key.h"
#include "enrich/masking.h"
#include "enrich/sshd_line.h"
#include "source/recording.h"

namespace whodid {

namespace {

constexpr std::uint64_t kFlushNs = 1'000'000'000;  // of record time: a crash costs no more than that
constexpr std::uint64_t kNamesNs = 2'000'000'000;  // at the names of users

/// Which kinds go into the file, by number.
Result<std::vector<bool>> kept_kinds(const std::vector<std::string>& names) {
    std::vector<bool> kept(WHODID_KIND_MAX, true);
    if (names.empty()) return kept;
    for (std::uint16_t kind = REC_FILE_OPEN; kind <= REC_NETWORK_DNS; ++kind) kept[kind] = false;
    for (const std::string& name : names) {
        const auto kinds = resolve_kind(name);
        if (!kinds) return kinds.error();
        for (const Kind* kind : *kinds) kept[kind->id] = true;
    }
    return kept;
}

/// Taps the pipeline. As its sink it takes no events, but stops it when the file cannot be written.
class Recorder : public Sink {
public:
    Recorder(RecordingWriter& writer, const Host& host, std::vector<bool> kept, bool masked)
        : writer_(writer), host_(host), kept_(std::move(kept)), masked_(masked) {}

    Result<void> begin(const Stream& stream, const Enricher& enricher) {
        RecordingHeader header;
        header.made_by = version_line();
        header.masked = masked_;
        header.stream = stream;
        header.sizes = record_sizes();
        header.host = snapshot_host(host_);
        header.host.clock = anchor_ = enricher.anchor();
        passwd_ = header.host.files["/etc/passwd"];
        group_ = header.host.files["/etc/group"];
        enricher_ = &enricher;
        return writer_.begin(header);
    }

    void take(const rec_hdr& record) {
        if (!kept_[record.kind]) return;
        note_changes(record.boot_ns);
        if (record.kind == REC_RAW_SYSLOG) note_login_key(reinterpret_cast<const rec_text&>(record));
        arena_.reset();
        writer_.record(masked_ ? *mask_for_recording(record, known_, arena_) : record);
        if (record.boot_ns < flushed_ns_ + kFlushNs) return;
        flushed_ns_ = record.boot_ns;
        (void)writer_.flush();  // the error stays, and write() tells it
    }

    Result<std::uint64_t> write(const Batch&) override {
        if (auto status = writer_.status(); !status) return status.error();
        return std::uint64_t{0};
    }
    Result<void> flush() override { return writer_.status(); }

private:
    void note_changes(std::uint64_t boot_ns) {
        if (anchor_.wall(0) != enricher_->anchor().wall(0)) {
            anchor_ = enricher_->anchor();
            writer_.lines(format_anchor_line(anchor_));
        }
        if (boot_ns < looked_ns_ + kNamesNs) return;
        looked_ns_ = boot_ns;
        note_file("/etc/passwd", passwd_snapshot(host_), passwd_);
        note_file("/etc/group", group_snapshot(host_), group_);
    }

    /// Before the line that needs it: of each file only what let somebody in.
    void note_login_key(const rec_text& record) {
        const std::string_view text(reinterpret_cast<const char*>(&record) + record.text.off,
                                    record.text.len);
        const auto line = parse_sshd_line(text);
        if (!line || line->kind != SshdKind::kAccepted) return;
        const Processes& processes = enricher_->processes();
        const rec_task& task = record.h.task;
        const auto key = find_login_key(host_, processes, processes.find({task.tgid, task.start_ns}), *line);
        if (!key) return;
        for (const auto& [path, kept] : key->files) writer_.lines(format_file_lines(path, kept));
    }

    void note_file(const char* path, std::string now, std::string& before) {
        if (now.empty() || now == before) return;
        writer_.lines(format_file_lines(path, now));
        before = std::move(now);
    }

    RecordingWriter& writer_;
    const Host& host_;
    const std::vector<bool> kept_;
    const bool masked_;
    const Enricher* enricher_ = nullptr;
    const std::function<bool(std::string_view)> known_ = [this](std::string_view account) {
        return enricher_->users().exists(account) || is_well_known_account(account);
    };
    Arena arena_;
    ClockAnchor anchor_;
    std::string passwd_, group_;
    std::uint64_t flushed_ns_ = 0, looked_ns_ = 0;
};

}  // namespace

int record(const RecordOptions& options) {
    auto kept = kept_kinds(options.kinds);
    if (!kept) return fail_usage(kept.error());
    auto writer = RecordingWriter::create(options.path, options.force);
    if (!writer) return fail(Error{writer.error().message, 0});
    if (options.unmasked)
        say(fmt::format(
            "whodid: NOT MASKED: {} will hold every password and key that is typed on a command line.\n"
            "        Keep it as you would keep those.\n",
            options.path));
    const StopSignals stop;
    const LiveHost host;
    Ledger ledger;
    auto live = LiveCapture::start(options.load);
    if (!live) return fail(live.error());
    Stream stream = (*live)->stream();
    if (!options.host_name.empty()) { /* nor its machine-id */
        stream.host_name = options.host_name;
        stream.host_id = hash_bytes(options.host_name).hex();
    }

    Recorder recorder(**writer, host, std::move(*kept), !options.unmasked);
    PipelineOptions pipeline_options;
    pipeline_options.filter.everything = true;
    pipeline_options.mask = !options.unmasked;
    pipeline_options.programs = false;  // what is found out is not recorded
    auto pipeline = Pipeline::make(stream, host, ledger, pipeline_options, &recorder);
    if (!pipeline) return fail(pipeline.error());
    if (auto begun = recorder.begin(stream, (*pipeline)->enricher()); !begun) return fail(begun.error());
    (*pipeline)->set_tap([&](const rec_hdr& taken) { recorder.take(taken); });

    const std::uint64_t began_ns = boot_now_ns();
    const auto pumped = (*live)->pump(**pipeline, ledger,
                                      {options.duration_ns, stop.fd(), (*writer)->fd(), options.canary_ns});
    const std::uint64_t took_ns = boot_now_ns() - began_ns;
    const std::uint64_t gone = lost(ledger.total());
    const auto finished = (*writer)->finish(took_ns / 1'000'000'000, gone);
    if (!options.quiet && finished)
        say(fmt::format("{} records in {}, {} bytes, {}; {} lost: {}\n", with_commas((*writer)->records()),
                        format_duration(took_ns), format_bytes((*writer)->bytes()),
                        options.unmasked ? "NOT MASKED" : "masked", with_commas(gone), options.path));
    detach_behind();
    if (!finished) return fail(finished.error());
    return pumped ? kOk : fail(pumped.error());
}

}  // namespace whodid
