// SPDX-License-Identifier: Apache-2.0
// Any records, in any order, down the whole line: what decode accepts, every field, every encoder and every
// layout must survive, and no line may break out of its line.
#include <fuzzer/FuzzedDataProvider.h>
#include <spdlog/spdlog.h>
#include <whodid/limits.h>

#include <cstdlib>
#include <cstring>

#include "app/pipeline.h"
#include "base/escape.h"
#include "enrich/audit_message.h"
#include "enrich/masking.h"
#include "filter/watch_file.h"
#include "json_check.h"
#include "sink/json_encode.h"
#include "sink/text.h"

using namespace whodid;

namespace {

/// Reads everything of every event in every way.
class EverySink : public Sink {
public:
    EverySink() {
        TerminalSize size;
        size.columns = 80;
        narrow_.fit(size);
    }

    Result<std::uint64_t> write(const Batch& batch) override {
        for (const Event& event : batch.events) {
            read_fields(event);
            check_json(event, nested_);
            check_json(event, flat_);
            for (TextLayout* layout : {&text_, &wide_, &narrow_, &columns_}) check_text(event, *layout);
        }
        return std::uint64_t{0};
    }
    Result<void> flush() override { return {}; }

private:
    void read_fields(const Event& event) {
        scratch_.reset();
        for_each_field(*event.kind, [&](const Field& field) {
            const Value value = field.read(event, scratch_);
            if (value.present() && value_text(value).size() > 8 * WHODID_RECORD_MAX) abort();
        });
    }
    void check_json(const Event& event, JsonEncoder& encoder) {
        line_.clear();
        encoder.append(event, line_);
        if (!JsonCheck(line_).whole() || !valid_utf8(line_)) abort();
        for (const char c : line_)
            if (static_cast<unsigned char>(c) < 0x20) abort();
    }
    void check_text(const Event& event, TextLayout& layout) {
        line_.clear();
        layout.append(event, line_);
        if (!line_.ends_with('\n') || !valid_utf8(line_)) abort();
        line_.pop_back();
        for (const char c : line_)
            if (static_cast<unsigned char>(c) < 0x20 && c != '\t') abort();
    }

    static TextOptions wide() {
        TextOptions options;
        options.wide = true;
        return options;
    }
    static TextOptions keys() {
        TextOptions options;
        options.keys = {"time",      "event.name",           "process.command_args",
                        "file.path", "network.peer.address", "whodid.chain"};
        return options;
    }

    JsonEncoder nested_{JsonShape::kNested}, flat_{JsonShape::kFlat};
    TextLayout text_{TextOptions{}}, wide_{wide()}, narrow_{TextOptions{}}, columns_{keys()};
    Scratch scratch_;
    std::string line_;
};

RecordedHost a_host() {
    RecordedHost host;
    host.files["/etc/passwd"] = "root:x:0:0\nalice:x:1:1\n";
    host.files["/etc/group"] = "root:x:0:\n";
    host.files["/run/systemd/sessions/1"] =
        "UID=1\nUSER=alice\nAUDIT=1\nREMOTE=1\nREMOTE_HOST=198.51.100.7\n";
    host.ids["/usr/sbin/sshd"] = {1, 1};
    host.ids["/usr/bin/sudo"] = {1, 2};
    host.ids["/usr/bin/su"] = {1, 3};
    host.ids["/usr/sbin/useradd"] = {1, 4};
    host.clock = {1, 1'800'000'000'000'000'000};
    return host;
}

constexpr std::uint32_t kFewIds[] = {0, 1, 2, 1004, REC_UNSET};
constexpr const char* kFewPaths[] = {"/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/su", "/usr/sbin/useradd",
                                     "/bin/sh"};
constexpr std::uint16_t kFewTypes[] = {kUserAuth, kUserAcct, kCredAcq,  kUserStart, kUserEnd,      kUserLogin,
                                       kUserCmd,  kAddUser,  kAuditSet, kUserTty,   kCryptoKeyUser};
constexpr const char* kFewTexts[] = {
    "op=PAM:authentication grantors=pam_unix acct=\"alice\" exe=\"x\" hostname=? addr=198.51.100.7 "
    "terminal=ssh res=success",
    "op=PAM:authentication grantors=? acct=\"hunter2\" addr=198.51.100.7 res=failed",
    "cwd=\"/\" cmd=6D7973716C202D7068756E74657232 terminal=pts/0 res=success",
    "<86>sshd[1]: Accepted publickey for alice from 198.51.100.7 port 1 ssh2: ED25519 SHA256:abc",
    "<86>sshd[1]: Failed password for invalid user hunter2 from 198.51.100.7 port 1 ssh2",
    "<86>sshd[1]: Invalid user hunter2 from 198.51.100.7 port 1",
};

/// A task of a small world, so that processes, logins and parents meet.
rec_task a_task(FuzzedDataProvider& in) {
    rec_task task{};
    if (in.ConsumeBool()) {
        const auto bytes = in.ConsumeBytes<char>(sizeof task);
        std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&task));
    }
    task.tgid = in.ConsumeIntegralInRange<rec_u32>(0, 6);
    task.start_ns = in.ConsumeIntegralInRange<rec_u64>(0, 2);
    task.parent_tgid = in.ConsumeIntegralInRange<rec_u32>(0, 6);
    task.parent_start_ns = in.ConsumeIntegralInRange<rec_u64>(0, 2);
    task.flags = in.ConsumeIntegralInRange<rec_u32>(0, 15);
    for (rec_u32* id : {&task.loginuid, &task.sessionid, &task.uid, &task.euid, &task.suid, &task.egid})
        *id = in.PickValueInArray(kFewIds);
    if (in.ConsumeBool()) task.cap_effective = ~rec_u64{0};
    return task;
}

/// Mostly inside the tail.
template <class Slice>
void place(Slice& slice, std::vector<char>& record, std::size_t fixed, FuzzedDataProvider& in) {
    const std::size_t tail = record.size() - fixed;
    if (in.ConsumeIntegralInRange(0, 15) == 0) {
        slice.off = in.ConsumeIntegral<rec_u16>();
        slice.len = in.ConsumeIntegral<rec_u16>();
        return;
    }
    const std::size_t off = in.ConsumeIntegralInRange<std::size_t>(0, tail);
    slice.off = static_cast<rec_u16>(fixed + off);
    slice.len = static_cast<rec_u16>(in.ConsumeIntegralInRange<std::size_t>(0, tail - off));
}

void place_slices(const Kind& kind, std::vector<char>& record, FuzzedDataProvider& in) {
    for (const std::uint16_t at : kind.layout.strings) {
        rec_str slice{};
        place(slice, record, kind.layout.size, in);
        std::memcpy(record.data() + at, &slice, sizeof slice);
    }
    for (const std::uint16_t at : kind.layout.paths) {
        rec_path slice{};
        place(slice, record, kind.layout.size, in);
        slice.flags = in.ConsumeIntegralInRange<rec_u16>(0, 31);
        std::memcpy(record.data() + at, &slice, sizeof slice);
        const std::size_t last = static_cast<std::size_t>(slice.off) + slice.len;
        if (slice.len && last > kind.layout.size && last <= record.size() && in.ConsumeIntegralInRange(0, 15))
            record[last - 1] = '\0';
    }
}

/// A message that may be believed, over what chance has made of the record.
void make_believable(std::vector<char>& record, FuzzedDataProvider& in) {
    const std::string text =
        in.ConsumeBool() ? in.PickValueInArray(kFewTexts) : in.ConsumeRandomLengthString(200);
    const std::string path = in.PickValueInArray(kFewPaths);
    auto* r = reinterpret_cast<rec_text*>(record.data());
    r->type = in.PickValueInArray(kFewTypes);
    r->exe_dev = 1;
    r->exe_inode = in.ConsumeIntegralInRange<rec_u64>(0, 5);
    r->exe = {sizeof(rec_text), static_cast<rec_u16>(path.size()), REC_PATH_TURNED, 0};
    r->text = {static_cast<rec_u16>(sizeof(rec_text) + path.size()), static_cast<rec_u16>(text.size())};
    record.resize(sizeof(rec_text));
    record.insert(record.end(), path.begin(), path.end());
    record.insert(record.end(), text.begin(), text.end());
}

std::vector<char> a_record(FuzzedDataProvider& in, std::uint64_t boot_ns) {
    const auto all = kinds();
    const Kind& kind = all[in.ConsumeIntegralInRange<std::size_t>(0, all.size() - 1)];
    std::vector<char> record(kind.layout.size);
    const auto fixed = in.ConsumeBytes<char>(in.ConsumeBool() ? kind.layout.size : 0);
    std::copy(fixed.begin(), fixed.end(), record.begin());
    const std::string tail = in.ConsumeRandomLengthString(600);
    record.insert(record.end(), tail.begin(), tail.end());
    place_slices(kind, record, in);
    if ((kind.id == REC_RAW_AUDIT || kind.id == REC_RAW_SYSLOG) && in.ConsumeBool())
        make_believable(record, in);
    auto* header = reinterpret_cast<rec_hdr*>(record.data());
    header->task = a_task(in);
    header->kind = kind.id;
    header->size = static_cast<rec_u32>(record.size());
    if (in.ConsumeBool()) header->boot_ns = boot_ns;
    if (in.ConsumeBool()) header->result = 0;
    return record;
}

/// What was masked is a record again, and can be masked for a recording.
void check_tapped(const rec_hdr& record) {
    std::vector<char> copy(reinterpret_cast<const char*>(&record),
                           reinterpret_cast<const char*>(&record) + record.size);
    auto again = decode(copy);
    if (!again) abort();
    Arena arena;
    const rec_hdr* masked = mask_for_recording(
        *again->record, [](std::string_view name) { return name == "alice"; }, arena);
    std::vector<char> kept(reinterpret_cast<const char*>(masked),
                           reinterpret_cast<const char*>(masked) + masked->size);
    if (!decode(kept)) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = (spdlog::set_level(spdlog::level::off), true);
    (void)quiet;
    FuzzedDataProvider in(data, size);
    const RecordedHost host = a_host();
    Stream stream;
    stream.boot = hash_bytes("a boot");
    stream.architecture = in.ConsumeBool() ? "x86_64" : "aarch64";
    static EverySink sink;
    Ledger ledger;
    PipelineOptions options;
    options.filter.everything = in.ConsumeBool();
    options.reorder = in.ConsumeBool();
    static const WatchList watched = *parse_watch_file("/ rwxa tag=all\n/*/ rwxa tag=all tag=some", "x");
    options.watch = watched;
    auto pipeline = Pipeline::make(stream, host, ledger, options, &sink);
    (*pipeline)->set_tap(check_tapped);
    std::uint64_t boot_ns = 1;
    for (int i = 0; i < 64 && in.remaining_bytes(); ++i) {
        boot_ns += in.PickValueInArray<std::uint64_t>({0, 1'000'000, 1'500'000'000, 40'000'000'000});
        if (in.ConsumeIntegralInRange(0, 31) == 0) {
            (*pipeline)->take(in.ConsumeBytes<char>(400));
            continue;
        }
        (*pipeline)->take(a_record(in, boot_ns));
        if (in.ConsumeBool() && !(*pipeline)->advance(boot_ns)) abort();
    }
    if (!(*pipeline)->finish()) abort();
    if (!ledger.imbalances().empty()) abort();
    return 0;
}
