// SPDX-License-Identifier: Apache-2.0
// Events as bytes. carry() lists the members of each struct once, for both ways.
#include "event/event_stream.h"

#include <fmt/format.h>
#include <whodid/limits.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/escape.h"
#include "event/decode.h"

namespace whodid {

namespace {

constexpr std::uint32_t kStreamFormat = 1;  // of what carry() lists
constexpr std::size_t kGenerationsMax = 64;

struct StreamFrameHead {
    std::uint32_t what, length;
};

/// The sizes of all records, too: what is read must have been written by the same structs.
std::uint64_t stream_layout() {
    std::string sizes = fmt::format("{} {}", kStreamFormat, sizeof(rec_hdr));
    for (const Kind& kind : kinds())
        fmt::format_to(std::back_inserter(sizes), " {}:{}", kind.id, kind.layout.size);
    return hash_bytes(sizes).low;
}

// ---- members ----------------------------------------------------------------------------------------------

template <class Io, class C>
void carry_credentials(Io& io, C& c) {
    io(c.uid), io(c.gid), io(c.suid), io(c.sgid), io(c.euid), io(c.egid), io(c.fsuid), io(c.fsgid);
}

template <class Io, class S>
void carry_session(Io& io, S& s) {
    io(s.id), io(s.entity.high), io(s.entity.low), io(s.audit_session), io(s.login_uid), io(s.login_user);
    io(s.person.id), io.word(s.person.basis, PersonBasis::kMap), io(s.person.serial), io(s.person.authority);
    io(s.service), io(s.since_ns), io(s.origin_type), io(s.address), io(s.method), io(s.key), io(s.terminal);
    io(s.port), io(s.outer), io.shared(s.outer_chain);
    io.word(s.origin_basis, Basis::kUnknown), io.word(s.method_basis, Basis::kUnknown);
}

/// Its accounts are left out: whoever reads has the names.
template <class Io, class V>
void carry_view(Io& io, V& view) {
    io(view.mount_ns);
    io.list(view.directories,
            [&io](auto& directory) { io(directory.inside), io(directory.host), io(directory.dev); });
}

template <class Io, class C>
void carry_container(Io& io, C& c) {
    io(c.number), io(c.id), io(c.runtime), io(c.name), io(c.image);
    io(c.pod_name), io(c.pod_namespace), io(c.pod_uid), io.shared(c.view);
}

template <class Io, class P>
void carry_process(Io& io, P& p) {
    io(p.pid), io(p.parent_pid), io(p.start_ns), io(p.exe), io(p.tty), io(p.exe_inode), io(p.exe_dev);
    io(p.entity.high), io(p.entity.low), io(p.parent_entity.high), io(p.parent_entity.low);
    carry_credentials(io, p.credentials);
    io(p.cap_effective), io(p.effective_user), io(p.real_user), io(p.saved_user), io(p.effective_group);
    io(p.login_uid), io(p.audit_session), io(p.login_user), io.word(p.user_basis, Basis::kUnknown);
    io.shared(p.session), io.shared(p.chain), io(p.chain_uid);
    io(p.mount_ns), io(p.user_ns), io(p.net_ns), io(p.task_flags), io(p.cgroup);
    io.shared(p.container), io.shared(p.entry), io(p.apart), io(p.forked), io(p.known);
}

template <class Io, class P>
void carry_program(Io& io, P& p) {
    io(p.build_id), io(p.sha256), io(p.package), io(p.package_version);
}

template <class Io, class D>
void carry_device(Io& io, D& d) {
    io(d.removable), io(d.bus), io(d.vendor), io(d.model), io(d.serial), io(d.image);
}

/// But for its record and its processes.
template <class Io, class E>
void carry_event(Io& io, E& e) {
    io.shared(e.device), io.shared(e.program), io.maybe(e.is_first_run);
    io(e.wall_ns), io(e.seq), io(e.count), io(e.first_ns), io(e.last_ns), io(e.closes_fold);
    io(e.path), io(e.target_path), io(e.script_inode), io(e.name), io(e.tags), io(e.masked);
}

template <class Io, class H>
void carry_head(Io& io, H& h) {
    io(h.pid), io(h.profile), io(h.stream.boot.high), io(h.stream.boot.low), io(h.stream.sensor_start_ns);
    io(h.stream.host_name), io(h.stream.host_id), io(h.stream.architecture);
}

template <class Io, class G>
void carry_gap(Io& io, G& g) {
    io(g.kind), io(g.count), io(g.since_ns), io(g.until_ns);
}

template <class Io, class T>
void carry_shared(Io& io, T& object) {
    using Plain = std::remove_const_t<T>;
    if constexpr (std::is_same_v<Plain, Session>)
        carry_session(io, object);
    else if constexpr (std::is_same_v<Plain, Container>)
        carry_container(io, object);
    else if constexpr (std::is_same_v<Plain, ContainerView>)
        carry_view(io, object);
    else if constexpr (std::is_same_v<Plain, Program>)
        carry_program(io, object);
    else if constexpr (std::is_same_v<Plain, BlockDevice>)
        carry_device(io, object);
    else if constexpr (std::is_same_v<Plain, Process>)
        carry_process(io, object);
    else
        io.list(object, [&io](auto& text) { io(text); });
}

// ---- both ways --------------------------------------------------------------------------------------------

}  // namespace

/// What several refer to: the first reference to an object is followed by it.
template <class Pointer>
struct StreamPools {
    typename Pointer::template Pool<Session> sessions;
    typename Pointer::template Pool<Container> containers;
    typename Pointer::template Pool<ContainerView> views;
    typename Pointer::template Pool<Program> programs;
    typename Pointer::template Pool<BlockDevice> devices;
    typename Pointer::template Pool<Process> processes;
    typename Pointer::template Pool<Chain> chains;

    template <class T>
    auto& of() {
        if constexpr (std::is_same_v<T, Session>)
            return sessions;
        else if constexpr (std::is_same_v<T, Container>)
            return containers;
        else if constexpr (std::is_same_v<T, ContainerView>)
            return views;
        else if constexpr (std::is_same_v<T, Program>)
            return programs;
        else if constexpr (std::is_same_v<T, BlockDevice>)
            return devices;
        else if constexpr (std::is_same_v<T, Process>)
            return processes;
        else
            return chains;
    }
};

class StreamWriter {
public:
    template <class T>
    struct Pool {
        std::unordered_map<const T*, std::uint32_t> numbers;
        std::vector<std::shared_ptr<const T>> held;  // or another could get its place in memory
    };

    explicit StreamWriter(StreamFrame what) : what_(what), out_(sizeof(StreamFrameHead), '\0') {}

    template <class T>
    requires std::is_arithmetic_v<T>
    void operator()(T number) { out_.append(reinterpret_cast<const char*>(&number), sizeof number); }
    void operator()(std::string_view text) {
        (*this)(static_cast<std::uint32_t>(text.size()));
        out_ += text;
    }
    template <class T>
    void word(T value, T) {
        (*this)(static_cast<std::uint8_t>(value));
    }
    void maybe(std::optional<bool> value) { (*this)(static_cast<std::uint8_t>(!value ? 2 : *value)); }
    template <class List, class F>
    void list(const List& list, F put) {
        (*this)(static_cast<std::uint32_t>(list.size()));
        for (const auto& one : list) put(one);
    }
    /// Whether it was the first reference.
    template <class T>
    bool shared(const std::shared_ptr<const T>& object) {
        auto& pool = pools_.of<T>();
        if (!object) return (*this)(std::uint32_t{0}), false;
        const auto next = static_cast<std::uint32_t>(pool.held.size() + 1);
        const auto [number, is_new] = pool.numbers.try_emplace(object.get(), next);
        (*this)(number->second);
        if (!is_new) return false;
        pool.held.push_back(object);
        carry_shared(*this, *object);
        return true;
    }

    std::size_t bytes() const { return out_.size(); }
    std::string finish() {
        const StreamFrameHead head{static_cast<std::uint32_t>(what_),
                                   static_cast<std::uint32_t>(out_.size() - sizeof(StreamFrameHead))};
        std::memcpy(out_.data(), &head, sizeof head);
        return std::move(out_);
    }

private:
    StreamFrame what_;
    std::string out_;
    StreamPools<StreamWriter> pools_;
};

namespace {

/// Once something is wrong all that is read is empty.
class StreamReader {
public:
    template <class T>
    struct Pool {
        std::vector<std::shared_ptr<T>> held;
    };

    StreamReader(std::string_view in, Arena& arena) : in_(in), arena_(arena) {}

    template <class T>
    requires std::is_arithmetic_v<T>
    void operator()(T& number) {
        const std::string_view bytes = take(sizeof number);
        if constexpr (std::is_same_v<T, bool>)
            number = !bytes.empty() && bytes[0] != 0;
        else if (!bytes.empty())
            std::memcpy(&number, bytes.data(), sizeof number);
    }
    void operator()(std::string& text) { text = take_text(); }
    void operator()(std::string_view& text) { text = arena_.copy(take_text()); }
    template <class T>
    void word(T& value, T last) {
        std::uint8_t number = 0;
        (*this)(number);
        if (number > static_cast<std::uint8_t>(last)) fail();
        value = is_ok_ ? static_cast<T>(number) : T{};
    }
    void maybe(std::optional<bool>& value) {
        std::uint8_t number = 2;
        (*this)(number);
        value = number < 2 ? std::optional(number == 1) : std::nullopt;
    }
    template <class List, class F>
    void list(List& list, F take_one) {
        constexpr std::size_t kLeast = 4;  // bytes of an element, of any list there is
        std::uint32_t count = 0;
        (*this)(count);
        if (count > in_.size() / kLeast) return fail();
        list.resize(count);
        for (auto& one : list) take_one(one);
    }
    /// Whether it was the first reference.
    template <class T>
    bool shared(std::shared_ptr<const T>& object) {
        auto& held = pools_.of<T>().held;
        std::uint32_t number = 0;
        (*this)(number);
        if (number > held.size() + 1) fail();
        if (!is_ok_ || number == 0) return false;
        const bool is_new = number == held.size() + 1;
        if (is_new) {
            held.push_back(std::make_shared<T>());
            const std::shared_ptr<T> made = held.back();
            carry_shared(*this, *made);
        }
        object = held[number - 1];
        return is_new;
    }
    /// 8-byte aligned, in the arena.
    std::span<char> take_aligned() {
        const std::string_view bytes = take_text();
        return {const_cast<char*>(arena_.copy(bytes).data()), bytes.size()};
    }

    bool is_ok() const { return is_ok_; }
    void fail() {
        is_ok_ = false;
        in_ = {};
    }
    bool is_done() const { return in_.empty(); }

private:
    std::string_view take(std::size_t bytes) {
        if (in_.size() < bytes) {
            fail();
            return {};
        }
        const std::string_view taken = in_.substr(0, bytes);
        in_.remove_prefix(bytes);
        return taken;
    }
    std::string_view take_text() {
        std::uint32_t length = 0;
        (*this)(length);
        return take(length);
    }

    std::string_view in_;
    Arena& arena_;
    bool is_ok_ = true;
    StreamPools<StreamReader> pools_;
};

Error malformed_frame(const char* what) {
    return Error{fmt::format("what comes from the whodid daemon makes no sense: {}", what), EBADMSG};
}

}  // namespace

// ---- writing ----------------------------------------------------------------------------------------------

EventFrameWriter::EventFrameWriter(Parent parent)
    : parent_(std::move(parent)), out_(std::make_unique<StreamWriter>(StreamFrame::kEvents)) {}
EventFrameWriter::~EventFrameWriter() = default;

void EventFrameWriter::add(const Event& event) {
    StreamWriter& out = *out_;
    out(std::string_view(reinterpret_cast<const char*>(event.record), event.record->size));
    for (std::shared_ptr<const Process> process : {event.process, event.target})
        for (std::size_t i = 0; out.shared(process); ++i)
            process = i < kGenerationsMax && parent_ ? parent_(*process) : nullptr;
    carry_event(out, event);
}

std::size_t EventFrameWriter::bytes() const { return out_->bytes(); }

std::string EventFrameWriter::finish() {
    return std::exchange(out_, std::make_unique<StreamWriter>(StreamFrame::kEvents))->finish();
}

std::string stream_head_frame(const StreamHead& head) {
    StreamWriter out(StreamFrame::kHead);
    out(stream_layout()), out(head.version);
    carry_head(out, head);
    return out.finish();
}

std::string stream_gap_frame(const std::vector<StreamGap>& gaps) {
    StreamWriter out(StreamFrame::kGap);
    out.list(gaps, [&out](const StreamGap& gap) { carry_gap(out, gap); });
    return out.finish();
}

std::string stream_end_frame(StreamEnd end) {
    StreamWriter out(StreamFrame::kEnd);
    out.word(end, StreamEnd::kReplaced);
    return out.finish();
}

// ---- reading ----------------------------------------------------------------------------------------------

namespace {

/// With those it descends from, as far as they follow it.
std::shared_ptr<const Process> read_process(StreamReader& in, ReadEvents& read) {
    std::shared_ptr<const Process> process, child;
    if (!in.shared(process)) return process;
    child = process;
    for (bool is_new = true; is_new && in.is_ok();) {
        std::shared_ptr<const Process> parent;
        is_new = in.shared(parent);
        if (parent) read.parents[child.get()] = parent;
        child = parent;
    }
    return process;
}

Result<void> read_event(StreamReader& in, const Stream& stream, ReadEvents& read) {
    Event event;
    const auto decoded = decode(in.take_aligned());
    if (!in.is_ok()) return malformed_frame("it ends in an event");
    if (!decoded) return malformed_frame(decoded.error().message.c_str());
    if (decoded->kind->internal) return malformed_frame("a record that is no event");
    event.record = decoded->record;
    event.kind = decoded->kind;
    event.stream = &stream;
    event.process = read_process(in, read);
    event.target = read_process(in, read);
    carry_event(in, event);
    if (!in.is_ok()) return malformed_frame("an event is damaged");
    read.batch.events.push_back(std::move(event));
    return {};
}

}  // namespace

Result<ReadEvents> read_stream_events(std::string_view bytes, const Stream& stream) {
    ReadEvents read;
    StreamReader in(bytes, read.batch.arena);
    while (!in.is_done())
        if (auto event = read_event(in, stream, read); !event) return event.error();
    return read;
}

Result<StreamHead> read_stream_head(std::string_view bytes) {
    Arena arena;
    StreamReader in(bytes, arena);
    std::uint64_t layout = 0;
    StreamHead head;
    in(layout), in(head.version);
    if (!in.is_ok()) return malformed_frame("its head is cut short");
    if (layout != stream_layout())
        return Error{fmt::format("the whodid daemon is of another version ({}), whose records are others: "
                                 "restart it, or use the program that it was started from; --standalone "
                                 "loads programs of its own",
                                 escape_for_terminal(head.version)),
                     EPROTONOSUPPORT};
    carry_head(in, head);
    if (!in.is_ok() || !in.is_done()) return malformed_frame("its head is damaged");
    return head;
}

Result<std::vector<StreamGap>> read_stream_gap(std::string_view bytes) {
    Arena arena;
    StreamReader in(bytes, arena);
    std::vector<StreamGap> gaps;
    in.list(gaps, [&in](StreamGap& gap) { carry_gap(in, gap); });
    if (!in.is_ok() || !in.is_done()) return malformed_frame("a gap is damaged");
    return gaps;
}

Result<StreamEnd> read_stream_end(std::string_view bytes) {
    Arena arena;
    StreamReader in(bytes, arena);
    StreamEnd end{};
    in.word(end, StreamEnd::kReplaced);
    if (!in.is_ok() || !in.is_done()) return malformed_frame("its end is damaged");
    return end;
}

void StreamFrames::feed(std::string_view bytes) {
    buffer_.erase(0, std::exchange(taken_, 0));
    buffer_ += bytes;
}

Result<std::optional<StreamFrames::Frame>> StreamFrames::next() {
    StreamFrameHead head{};
    const std::string_view left = std::string_view(buffer_).substr(taken_);
    if (left.size() < sizeof head) return std::optional<Frame>();
    std::memcpy(&head, left.data(), sizeof head);
    const bool is_known = head.what >= static_cast<std::uint32_t>(StreamFrame::kHead) &&
                          head.what <= static_cast<std::uint32_t>(StreamFrame::kEnd);
    if (!is_known || head.length > kStreamFrameBytesMax) return malformed_frame("no frame starts here");
    if (left.size() < sizeof head + head.length) return std::optional<Frame>();
    taken_ += sizeof head + head.length;
    return std::optional(Frame{static_cast<StreamFrame>(head.what), left.substr(sizeof head, head.length)});
}

}  // namespace whodid
