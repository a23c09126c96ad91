// SPDX-License-Identifier: Apache-2.0
// Reads on from worker to worker, and counts what came between.
#include "app/attach.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "app/listener.h"
#include "app/own_terminal.h"
#include "app/say.h"
#include "app/stop.h"
#include "app/trace_client.h"
#include "base/clock.h"
#include "base/escape.h"
#include "event/make_record.h"

namespace whodid {

namespace {

constexpr std::uint64_t kHeadNs = 60'000'000'000;  // a worker that starts has the kernel's processes to list
constexpr std::uint64_t kAgainNs = 100'000'000;
constexpr std::size_t kIdsKept =
    4096;  // a worker that was killed had told no more that its successor repeats
constexpr std::uint64_t kOwnSeq = 1ull << 63;  // no worker's

bool is_nobody(const Error& error) { return error.code == ENOENT || error.code == ECONNREFUSED; }

class Attachment {
public:
    Attachment(const TraceOptions& options, const std::string& socket, View& view)
        : options_(options), socket_(socket), view_(view) {}

    Result<void> begin() {
        PipelineOptions kept = view_.pipeline_options();
        kept.filter.left_out = own_showing_processes();
        auto filter = Filter::compile(kept.filter, lineage());
        if (!filter) return filter.error();
        filter_ = std::move(*filter);
        return view_.begin();
    }
    /// To its end. An Error with EPIPE: nobody reads what is shown.
    Result<void> run(TraceClient first, int stop_fd);
    void print_footer() const { view_.print_footer(ledger_, filter_, shown_); }

private:
    enum class Going { kOn, kAgain, kDone };

    Lineage lineage();
    Result<Going> read();
    Result<Going> take(const StreamFrames::Frame& frame);
    Result<Going> take_events(std::string_view bytes);
    Result<void> take_head(std::string_view bytes);
    Result<void> ask_again();
    bool is_repeated(const Event& event);
    void note_missing(const Event& event, Batch& to);
    void add_loss(const StreamGap& gap, std::string_view stage, Batch& to);
    Result<void> show(const Batch& batch);
    bool is_enough() const { return options_.view.count_max != 0 && shown_ >= options_.view.count_max; }

    const TraceOptions& options_;
    const std::string& socket_;
    View& view_;
    Filter filter_;
    Ledger ledger_;
    std::optional<TraceClient> client_;
    StreamHead head_;
    bool has_head_ = false, had_head_ = false;  // of this connection; of any
    std::uint64_t asked_ns_ = 0;                // when, monotonic
    const ReadEvents* at_hand_ = nullptr;
    std::uint64_t last_seq_ = 0, told_missing_ = 0, shown_ = 0, losses_ = 0;
    std::deque<Id128> ids_;
};

/// Of the events at hand.
Lineage Attachment::lineage() {
    const auto parent = [this](const Process& process) -> std::shared_ptr<const Process> {
        if (!at_hand_) return nullptr;
        const auto found = at_hand_->parents.find(&process);
        return found == at_hand_->parents.end() ? nullptr : found->second;
    };
    const auto descends = [parent](const Process& process, std::uint32_t pid) {
        constexpr int kGenerationsMost = 256;
        if (process.pid == pid) return true;
        auto above = parent(process);
        for (int i = 0; above && i < kGenerationsMost; ++i) {
            if (above->pid == pid) return true;
            above = parent(*above);
        }
        return false;
    };
    return {descends, parent};
}

// ---- what is missing --------------------------------------------------------------------------------------

/// What a worker that was killed had told, and its successor tells again.
bool Attachment::is_repeated(const Event& event) {
    const bool is_again = event.seq <= last_seq_ && std::ranges::find(ids_, event.id()) != ids_.end();
    if (is_again) return true;
    ids_.push_back(event.id());
    if (ids_.size() > kIdsKept) ids_.pop_front();
    return false;
}

void Attachment::add_loss(const StreamGap& gap, std::string_view stage, Batch& to) {
    const ClockAnchor now = ClockAnchor::now();
    const auto boot_of = [&now](std::uint64_t wall_ns) { return wall_ns - now.wall_ns + now.boot_ns; };
    const Kind* kind = find_kind(gap.kind);
    rec_hdr header{};
    header.boot_ns = boot_of(gap.until_ns);
    header.cpu = REC_OWN_CPU;
    header.seq = kOwnSeq | static_cast<std::uint64_t>(::getpid()) << 32 | ++losses_;
    header.task.loginuid = header.task.sessionid = REC_UNSET;
    RecordMaker<rec_sensor> made(header, REC_SENSOR_LOSS);
    made->count = gap.count;
    made->since_ns = boot_of(gap.since_ns);
    made->until_ns = header.boot_ns;
    made.text(&rec_sensor::stage, stage).text(&rec_sensor::kind, kind ? kind->name : "unknown");
    Event event;
    event.record = made.finish(to.arena);
    event.kind = find_kind(std::uint16_t{REC_SENSOR_LOSS});
    event.stream = &head_.stream;
    event.wall_ns = gap.until_ns;
    to.events.push_back(std::move(event));
    LedgerLine& line = ledger_[kind ? gap.kind : 0];
    line.received += gap.count;
    line.died += gap.count;
    ++ledger_[REC_SENSOR_LOSS].made;
    ++ledger_[REC_SENSOR_LOSS].delivered;
    ++ledger_[REC_SENSOR_LOSS].written;
}

/// By the numbers of the stream; what the daemon has said is missing is told already.
void Attachment::note_missing(const Event& event, Batch& to) {
    if (event.seq == 0) return;
    const std::uint64_t next = last_seq_ + 1 + std::exchange(told_missing_, 0);
    if (last_seq_ != 0 && event.seq > next)
        add_loss({0, event.seq - next, event.wall_ns, event.wall_ns}, "trace (between workers)", to);
    last_seq_ = event.seq;
}

// ---- frames -----------------------------------------------------------------------------------------------

Result<void> Attachment::take_head(std::string_view bytes) {
    auto head = read_stream_head(bytes);
    if (!head) return head.error();
    const bool goes_on = head->stream.boot == head_.stream.boot &&
                         head->stream.sensor_start_ns == head_.stream.sensor_start_ns;
    if (!goes_on) last_seq_ = told_missing_ = 0;
    const std::string profile = escape_for_terminal(head->profile);
    const std::string who = fmt::format("the whodid daemon (pid {})", head->pid);
    const std::string what = profile == profile_name(Profile::kForensic) ? std::string()
                             : profile.empty()
                                 ? ", which tells what its own filter keeps; --standalone sees all"
                                 : ", which tells what profile " + profile + " keeps; --standalone sees all";
    if (!options_.view.quiet && !had_head_) say(fmt::format("whodid: streaming from {}{}\n", who, what));
    if (!options_.view.quiet && had_head_)
        say(goes_on
                ? fmt::format("whodid: another worker of {} goes on\n", who)
                : fmt::format("whodid: {} was started anew: what happened before that is not here\n", who));
    head_ = std::move(*head);
    has_head_ = had_head_ = true;
    return {};
}

Result<void> Attachment::show(const Batch& batch) {
    if (batch.events.empty()) return {};
    auto written = view_.sink().write(batch);
    return written ? Result<void>() : written.error();
}

Result<Attachment::Going> Attachment::take_events(std::string_view bytes) {
    const auto read = read_stream_events(bytes, head_.stream);
    if (!read) return read.error();
    at_hand_ = &*read;
    Batch kept;
    for (const Event& event : read->batch.events) {
        if (is_repeated(event)) continue;
        note_missing(event, kept);
        LedgerLine& line = ledger_[event.kind->id];
        ++line.received;
        ++line.delivered;
        const bool is_kept = !is_enough() && filter_.keeps(event);
        ++(is_kept ? line.written : line.filtered);
        if (!is_kept) continue;
        if (event.kind->id < REC_SENSOR_START || event.kind->id > REC_SENSOR_HEARTBEAT) ++shown_;
        kept.events.push_back(event);
    }
    at_hand_ = nullptr;
    if (auto shown = show(kept); !shown) return shown.error();
    return is_enough() ? Going::kDone : Going::kOn;
}

Result<Attachment::Going> Attachment::take(const StreamFrames::Frame& frame) {
    if ((frame.what == StreamFrame::kHead) == has_head_)
        return Error{"what comes from the whodid daemon makes no sense: its head is not at the beginning",
                     EBADMSG};
    if (frame.what == StreamFrame::kHead) {
        auto taken = take_head(frame.bytes);
        return taken ? Result<Going>(Going::kOn) : taken.error();
    }
    if (frame.what == StreamFrame::kEvents) return take_events(frame.bytes);
    if (frame.what == StreamFrame::kGap) {
        const auto gaps = read_stream_gap(frame.bytes);
        if (!gaps) return gaps.error();
        Batch losses;
        for (const StreamGap& gap : *gaps) {
            add_loss(gap, "trace (too slow)", losses);
            told_missing_ += gap.count;
        }
        auto shown = show(losses);
        return shown ? Result<Going>(Going::kOn) : shown.error();
    }
    const auto end = read_stream_end(frame.bytes);
    if (!end) return end.error();
    if (*end == StreamEnd::kReplaced) return Going::kAgain;
    return Error{"the whodid daemon has stopped, and with it its events", ESHUTDOWN};
}

// ---- the connection ---------------------------------------------------------------------------------------

Result<Attachment::Going> Attachment::read() {
    const auto open = client_->receive();
    if (!open) return open.error();
    while (true) {
        const auto frame = client_->next();
        if (!frame) return frame.error();
        if (!*frame) break;
        auto going = take(**frame);
        if (!going || *going != Going::kOn) return going;
    }
    return *open ? Going::kOn : Going::kAgain;
}

/// The supervisor holds the socket as long as there is one: who asks is answered by the next worker.
Result<void> Attachment::ask_again() {
    auto asked = TraceClient::ask(socket_, last_seq_);
    if (!asked && is_nobody(asked.error()))
        return Error{"the whodid daemon is gone, and with it its events", ESHUTDOWN};
    if (!asked) return asked.error();
    client_ = std::move(*asked);
    has_head_ = false;
    return {};
}

Result<void> Attachment::run(TraceClient first, int stop_fd) {
    client_ = std::move(first);
    const std::uint64_t start_ns = monotonic_now_ns();
    const std::uint64_t end_ns = options_.duration_ns ? start_ns + options_.duration_ns : ~std::uint64_t{0};
    asked_ns_ = start_ns;
    while (true) {
        pollfd fds[] = {{client_->fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}, {view_.fd(), 0, 0}};
        constexpr int kLookMs = 100;
        ::poll(fds, std::size(fds), kLookMs);
        const std::uint64_t now = monotonic_now_ns();
        if (fds[1].revents || now >= end_ns) return {};
        if (fds[2].revents & (POLLERR | POLLHUP)) return Error{"nobody reads the events any more", EPIPE};
        if (!has_head_ && now >= asked_ns_ + kHeadNs)
            return Error{
                fmt::format("the whodid daemon on {} does not answer: it loads its programs still, or "
                            "hangs; see its log, or use --standalone",
                            escape_for_terminal(socket_)),
                ETIMEDOUT};
        if (!fds[0].revents) continue;
        const auto going = read();
        if (!going) return going.error();
        if (*going == Going::kDone) return {};
        if (*going == Going::kOn) continue;
        // One that had not even said whose events it has may have died as it began.
        if (has_head_) asked_ns_ = now;
        if (!has_head_) ::poll(nullptr, 0, static_cast<int>(kAgainNs / 1'000'000));
        if (auto asked = ask_again(); !asked) return asked;
    }
}

}  // namespace

std::optional<int> attach(const TraceOptions& options, View& view) {
    const std::string socket = options.socket.empty() ? kStatusSocket : options.socket;
    auto client = TraceClient::ask(socket);
    if (!client && is_nobody(client.error()) && options.socket.empty()) return std::nullopt;
    if (!client && is_nobody(client.error()))
        return fail(Error{fmt::format("no whodid daemon listens on {}: start one, name its socket, or leave "
                                      "--socket out",
                                      escape_for_terminal(socket)),
                          0});
    if (!client) return fail(client.error());
    if (!options.own_option.empty())
        return fail_usage(
            Error{fmt::format("{} is for programs of its own, and there is a whodid daemon on {} that has "
                              "loaded them: leave it out, or add --standalone",
                              options.own_option, escape_for_terminal(socket)),
                  EINVAL});
    const StopSignals stop;
    Attachment attachment(options, socket, view);
    if (auto begun = attachment.begin(); !begun) return fail(begun.error());
    const auto ended = attachment.run(std::move(*client), stop.fd());
    const bool unread = !ended && ended.error().code == EPIPE;
    if (!unread) attachment.print_footer();
    return ended ? kOk : fail(ended.error());
}

}  // namespace whodid
