// SPDX-License-Identifier: Apache-2.0
// The table of keys.
#include "app/settings_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "app/options.h"
#include "app/settings_values.h"
#include "filter/expression.h"

namespace whodid {

namespace {

/// What a parser of one value makes.
template <class Parse>
using Parsed = std::remove_cvref_t<decltype(*std::declval<Parse>()(std::string_view()))>;

/// A key whose value `access` finds, and `parse` reads.
template <class T, class Access, class Parse>
Key<T> key_of_one(KeyText text, Access access, Parse parse) {
    const auto take = [=](T& to, std::string_view, std::string_view given) -> Result<void> {
        const auto value = parse(given);
        if (!value) return value.error();
        access(to) = *value;
        return {};
    };
    const auto same = [=](const T& a, const T& b) { return access(a) == access(b); };
    return {std::move(text), take, [](T&) {}, same};
}

/// A key whose values `access` finds, and `parse` reads one by one.
template <class T, class Access, class Parse>
Key<T> key_of_many(KeyText text, Access access, Parse parse) {
    const auto take = [=](T& to, std::string_view name, std::string_view given) -> Result<void> {
        auto value = parse(name, given);
        if (!value) return value.error();
        access(to).push_back(*value);
        return {};
    };
    const auto same = [=](const T& a, const T& b) { return access(a) == access(b); };
    return {std::move(text), take, [=](T& to) { access(to).clear(); }, same};
}

/// The words themselves say what is accepted.
template <class T, class V, class Access>
Key<T> key_of_words(KeyText text, Access access, std::vector<std::pair<std::string_view, V>> words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        text.accepted += fmt::format("{}{}",
                                     i == 0                  ? ""
                                     : i + 1 == words.size() ? " or "
                                                             : ", ",
                                     words[i].first);
    const auto parse = [words = std::move(words)](std::string_view given) -> Result<V> {
        const auto found = std::ranges::find(words, given, &std::pair<std::string_view, V>::first);
        if (found == words.end()) return Error{"no such word", EINVAL};
        return found->second;
    };
    return key_of_one<T>(std::move(text), access, parse);
}

/// "none" is an empty value.
template <class Parse>
auto with_none(Parse parse) {
    using V = Parsed<Parse>;
    return [=](std::string_view text) -> Result<V> { return text == "none" ? Result<V>(V{}) : parse(text); };
}

/// "auto" is no value.
template <class Parse>
auto with_auto(Parse parse) {
    using V = std::optional<Parsed<Parse>>;
    return [=](std::string_view text) -> Result<V> {
        if (text == "auto") return V();
        const auto value = parse(text);
        return value ? Result<V>(*value) : value.error();
    };
}

/// No less than `least`, no more than `most`.
template <class Parse>
auto within(Parse parse, Parsed<Parse> least, Parsed<Parse> most) {
    return [=](std::string_view text) -> Result<Parsed<Parse>> {
        auto value = parse(text);
        if (value && (*value < least || *value > most)) return Error{"out of its range", EINVAL};
        return value;
    };
}

Result<std::string> parse_any(std::string_view text) { return std::string(text); }

Result<std::string> parse_path(std::string_view text) {
    if (text.empty()) return Error{"no path", EINVAL};
    return std::string(text);
}

Result<std::string> parse_absolute_path(std::string_view text) {
    if (!text.starts_with('/')) return Error{"no absolute path", EINVAL};
    return std::string(text);
}

Result<std::string> parse_metrics_endpoint(std::string_view text) {
    if (text == "none") return std::string();
    return text == "auto" ? Result<std::string>("auto") : parse_url(text);
}

/// With its password, which some need.
Result<std::string> parse_proxy(std::string_view text) {
    const std::size_t scheme = text.find("://"), at = text.rfind('@');
    if (scheme == text.npos || at == text.npos || at < scheme) return parse_url(text);
    const auto rest = parse_url(std::string(text.substr(0, scheme + 3)) + std::string(text.substr(at + 1)));
    return rest ? Result<std::string>(std::string(text)) : rest;
}

Result<std::string> parse_expression(std::string_view, std::string_view text) {
    const auto compiled = Expression::compile(text);
    return compiled ? Result<std::string>(std::string(text)) : compiled.error();
}

Result<std::string> parse_listed_path(std::string_view, std::string_view text) { return parse_path(text); }

using Pair = std::pair<std::string, std::string>;

Result<Pair> checked_header(std::string_view name, std::string_view value) {
    const auto checked = check_named_header(name, value);
    return checked ? Result<Pair>(Pair(name, value)) : checked.error();
}

Result<Pair> parse_attribute(std::string_view name, std::string_view value) {
    if (name.empty()) return Error{"an attribute without a name", EINVAL};
    return Pair(name, value);
}

constexpr std::uint64_t kMsNs = 1'000'000, kSecondNs = 1000 * kMsNs, kYearNs = 366 * kDayNs;
constexpr const char* kAcceptedPeriod = "at least 1s: 30s, 5m, 1h30m";
constexpr const char* kAcceptedUrl = "http://host:port/path or https://..., without a user or password";

// ---- the daemon -------------------------------------------------------------------------------------------

void add_amount_keys(std::vector<Key<Settings>>& keys) {
    using S = Settings;
    keys.push_back(
        key_of_words<S, std::optional<Profile>>({"profile", KeyType::kChoice, "auto", "",
                                                 "How much is told, docs/profiles.md. auto: standard, or, "
                                                 "where there is a filter, all that it keeps."},
                                                [](auto& s) -> auto& { return s.profile; },
                                                {{"auto", std::nullopt},
                                                 {"quiet", Profile::kQuiet},
                                                 {"standard", Profile::kStandard},
                                                 {"forensic", Profile::kForensic}}));
    keys.push_back(key_of_one<S>(
        {"forensic.for", KeyType::kDuration, "none", "none, or at most 72h: 30m, 4h",
         "How long profile forensic lasts from the start; then it is standard. It has to have an end."},
        [](auto& s) -> auto& { return s.forensic_ns; },
        with_none(within(parse_duration, 1, kForensicMaxNs))));
    keys.push_back(key_of_one<S>(
        {"forensic.reason", KeyType::kText, "\"\"", "any text",
         "Why profile forensic; the events say so. It has to have a reason."},
        [](auto& s) -> auto& { return s.forensic_reason; }, parse_any));
    keys.push_back(key_of_many<S>(
        {"filter", KeyType::kExpressions, "[]", "",
         "Only what meets all of these expressions is told, docs/filters.md: ['user == \"bob\"']."},
        [](auto& s) -> auto& { return s.filters; }, parse_expression));
    keys.push_back(key_of_one<S>(
        {"budget.max_events", KeyType::kRate, "auto", "auto, none, or events of a second: 20/s, 0.5/s",
         "Above that less is told, docs/profiles.md. auto: the profile's own, quiet 20/s, others none."},
        [](auto& s) -> auto& { return s.max_events_per_s; }, with_auto(parse_max_events)));
    keys.push_back(key_of_one<S>(
        {"budget.max_bytes", KeyType::kRate, "auto",
         "auto, none, or bytes of a day: 5MB/day, 500KB/day, 1GB/day",
         "The same by the size of the events. auto: quiet 5MB/day, others none."},
        [](auto& s) -> auto& { return s.max_bytes_per_day; }, with_auto(parse_max_bytes)));
    keys.push_back(key_of_one<S>(
        {"budget.max_cpu", KeyType::kRate, "auto",
         "auto, none, or a part of one core: 2%, 0.5%, at most 100%",
         "The same by its CPU time. auto: quiet 2%, others none."},
        [](auto& s) -> auto& { return s.max_cpu_percent; }, with_auto(parse_max_cpu)));
}

void add_knowledge_keys(std::vector<Key<Settings>>& keys) {
    using S = Settings;
    constexpr const char* kAcceptedPath = "an absolute path, or none";
    keys.push_back(key_of_many<S>(
        {"watch", KeyType::kPaths, "[]", "absolute paths, and none",
         "Watch files: what is done to what they list is tagged too, docs/watch.md. "
         "With none among them the built-in list is left out."},
        [](auto& s) -> auto& { return s.watch_paths; }, parse_listed_path));
    keys.push_back(key_of_one<S>(
        {"person_map", KeyType::kPath, "none", kAcceptedPath,
         "Who is who: a file of lines \"SHA256:... name\" and \"account@address name\"."},
        [](auto& s) -> auto& { return s.person_map_path; }, with_none(parse_path)));
    keys.push_back(key_of_one<S>(
        {"seen", KeyType::kPath, "none", kAcceptedPath,
         "A file that remembers, from run to run, which programs were seen."},
        [](auto& s) -> auto& { return s.seen_path; }, with_none(parse_path)));
}

void add_kernel_keys(std::vector<Key<Settings>>& keys) {
    using S = Settings;
    Key<S> ring{{"kernel.ring_size", KeyType::kSize, "16M",
                 "a power of two from a page (4096) to 1G: 64K, 16M", "Room for events on their way."},
                [](S& to, std::string_view, std::string_view text) -> Result<void> {
                    const auto bytes = parse_ring_size(text);
                    if (!bytes) return bytes.error();
                    set_ring_size(to.load, *bytes);
                    return {};
                },
                [](S&) {},
                [](const S& a, const S& b) { return a.load.ring_bytes == b.load.ring_bytes; }};
    keys.push_back(std::move(ring));
    keys.push_back(key_of_words<S, bool>(
        {"kernel.backend", KeyType::kChoice, "auto", "",
         "Sees system calls as well as this kernel can (auto), or as any can (tracepoint)."},
        [](auto& s) -> auto& { return s.load.tracepoints_only; }, {{"auto", false}, {"tracepoint", true}}));
    keys.push_back(key_of_one<S>(
        {"kernel.pam_uprobes", KeyType::kBool, "false", "true or false",
         "Watches libpam's functions too, for logins that tell audit nothing."},
        [](auto& s) -> auto& { return s.load.pam_uprobes; }, parse_bool));
    keys.push_back(key_of_one<S>(
        {"kernel.fold", KeyType::kBool, "true", "true or false",
         "Tells the first of acts that are alike, later their number; false: each of them, and no "
         "summaries."},
        [](auto& s) -> auto& { return s.load.folds; }, parse_bool));
    keys.push_back(key_of_one<S>(
        {"kernel.fold_window", KeyType::kDuration, "60s", kAcceptedPeriod,
         "How long acts that are alike are counted."},
        [](auto& s) -> auto& { return s.load.fold_window.ns; }, parse_period));
    keys.push_back(key_of_one<S>(
        {"kernel.fold_entries", KeyType::kCount, "8192", "a power of two from 4 to 32768",
         "How many sorts of acts are counted at once."},
        [](auto& s) -> auto& { return s.load.fold_entries; }, parse_fold_entries));
}

void add_service_keys(std::vector<Key<Settings>>& keys) {
    using S = Settings;
    keys.push_back(key_of_one<S>(
        {"canary", KeyType::kDuration, "30s", kAcceptedPeriod, "How often it proves that it still sees."},
        [](auto& s) -> auto& { return s.canary_ns; }, parse_period));
    keys.push_back(key_of_one<S>(
        {"heartbeat", KeyType::kDuration, "60s", kAcceptedPeriod, "How often it says that it is there."},
        [](auto& s) -> auto& { return s.heartbeat_ns; }, parse_period));
    keys.push_back(key_of_one<S>(
        {"watchdog", KeyType::kDuration, "60s", kAcceptedPeriod,
         "Replaces a worker that does nothing for so long."},
        [](auto& s) -> auto& { return s.watchdog_ns; }, parse_period));
    keys.push_back(key_of_words<S, LogLevel>(
        {"log.level", KeyType::kChoice, "warn", "",
         "What the daemon says of itself on standard error. Events never go there."},
        [](auto& s) -> auto& { return s.log_level; },
        {{"error", LogLevel::kError},
         {"warn", LogLevel::kWarn},
         {"info", LogLevel::kInfo},
         {"debug", LogLevel::kDebug}}));
    keys.push_back(key_of_one<S>(
        {"status.socket", KeyType::kPlace, "/run/whodid/whodid.sock",
         "an absolute path of at most 107 bytes, or none", "Where `whodid status` asks how the daemon is."},
        [](auto& s) -> auto& { return s.status_socket; }, with_none(parse_socket_path)));
    keys.push_back(key_of_one<S>(
        {"metrics.listen", KeyType::kPlace, "none", "127.0.0.1:9464, [::1]:9464, unix:/path or none",
         "Where Prometheus may ask for the daemon's own numbers. Whoever reaches the address may."},
        [](auto& s) -> auto& { return s.metrics_listen; }, with_none(parse_listen)));
    keys.push_back(key_of_one<S>(
        {"spool.path", KeyType::kPath, "/var/lib/whodid/spool", "an absolute path",
         "A directory for what otlp sinks could not deliver yet; each sink has one of its own below it."},
        [](auto& s) -> auto& { return s.spool_path; }, parse_absolute_path));
}

// ---- sinks ------------------------------------------------------------------------------------------------

Key<SinkSettings> sink_filter_key() {
    return key_of_many<SinkSettings>(
        {"filter", KeyType::kExpressions, "[]", "",
         "Only what meets all of these expressions goes there, docs/filters.md."},
        [](auto& s) -> auto& { return s.filters; }, parse_expression);
}

Key<SinkSettings> size_key(std::string name, const char* fallback, std::uint64_t least, const char* accepted,
                           const char* doc, auto access) {
    constexpr std::uint64_t kMost = 1ull << 50;
    return key_of_one<SinkSettings>({std::move(name), KeyType::kSize, fallback, accepted, doc}, access,
                                    with_none(within(parse_size, least, kMost)));
}

Key<SinkSettings> age_key(std::string name, const char* fallback, const char* doc, auto access) {
    return key_of_one<SinkSettings>(
        {std::move(name), KeyType::kDuration, fallback, "none, or from 1s to 100 years: 24h, 7d", doc},
        access, with_none(within(parse_duration, kSecondNs, 100 * kYearNs)));
}

Key<SinkSettings> wait_key(std::string name, const char* fallback, const char* doc, auto access) {
    return key_of_one<SinkSettings>(
        {std::move(name), KeyType::kDuration, fallback, "from 1ms to 24h: 500ms, 10s, 5m", doc}, access,
        within(parse_duration, kMsNs, kDayNs));
}

std::vector<Key<SinkSettings>> make_line_keys() {
    using S = SinkSettings;
    std::vector<Key<S>> keys;
    keys.push_back(key_of_one<S>(
        {"path", KeyType::kPlace, "-", "-, unix:/path, /file or /directory/ (with a / at the end)",
         "A directory of event files (with a / at the end), one file that is appended "
         "to, a stream socket that somebody listens on, or standard output."},
        [](auto& s) -> auto& { return s.lines.path; }, parse_output));
    keys.push_back(key_of_words<S, LineFormat>(
        {"format", KeyType::kChoice, "native", "",
         "One JSON object a line: whodid's own, without nesting, by the Elastic Common Schema, or OTLP's."},
        [](auto& s) -> auto& { return s.lines.format; },
        {{"native", LineFormat::kNative},
         {"flat", LineFormat::kFlat},
         {"ecs", LineFormat::kEcs},
         {"otlp-json", LineFormat::kOtlpJson}}));
    keys.push_back(sink_filter_key());
    keys.push_back(size_key(
        "rotate.size", "64M", 64 << 10, "none, or at least 64K: 64M, 1G",
        "Of a directory: a file is closed when it is that large.",
        [](auto& s) -> auto& { return s.lines.rotate_bytes; }));
    keys.push_back(age_key(
        "rotate.every", "24h", "Of a directory: a file is closed when it is that old.",
        [](auto& s) -> auto& { return s.lines.rotate_ns; }));
    keys.push_back(key_of_one<S>(
        {"compress", KeyType::kBool, "true", "true or false",
         "Of a directory: closed files are compressed, by zstd."},
        [](auto& s) -> auto& { return s.lines.compress; }, parse_bool));
    keys.push_back(key_of_one<S>(
        {"seal", KeyType::kBool, "true", "true or false",
         "Of a directory: a chain of digests beside each file shows what was changed later."},
        [](auto& s) -> auto& { return s.lines.seal; }, parse_bool));
    keys.push_back(age_key(
        "keep.age", "7d", "Of a directory: how long closed files are kept.",
        [](auto& s) -> auto& { return s.lines.keep_ns; }));
    keys.push_back(age_key(
        "keep.vital_age", "90d",
        "The same of logins, sessions, identities and alerts, which have files of their own.",
        [](auto& s) -> auto& { return s.lines.keep_vital_ns; }));
    keys.push_back(size_key(
        "keep.size", "1G", 1 << 20, "none, or at least 1M: 512M, 1G",
        "Of a directory: all files together are no larger; the oldest go first.",
        [](auto& s) -> auto& { return s.lines.keep_bytes; }));
    keys.push_back(key_of_words<S, SyncPolicy>(
        {"sync", KeyType::kChoice, "close", "",
         "Of a directory: when the disk has to have it, when a file is closed, or every second too."},
        [](auto& s) -> auto& { return s.lines.sync; },
        {{"never", SyncPolicy::kNever},
         {"close", SyncPolicy::kOnClose},
         {"second", SyncPolicy::kEverySecond}}));
    return keys;
}

void add_far_end_keys(std::vector<Key<SinkSettings>>& keys) {
    using S = SinkSettings;
    constexpr const char* kAcceptedFile = "an absolute path, or none";
    keys.push_back(key_of_one<S>(
        {"endpoint", KeyType::kUrl, "http://localhost:4318", kAcceptedUrl,
         "The receiver. By HTTP /v1/logs is appended; gRPC's own default is port 4317."},
        [](auto& s) -> auto& { return s.base_endpoint; }, parse_url));
    keys.push_back(key_of_one<S>(
        {"logs_endpoint", KeyType::kUrl, "none", std::string(kAcceptedUrl) + ", or none",
         "In place of endpoint, and nothing is appended."},
        [](auto& s) -> auto& { return s.otlp.endpoint; }, with_none(parse_url)));
    keys.push_back(key_of_one<S>(
        {"metrics_endpoint", KeyType::kUrl, "none", std::string(kAcceptedUrl) + ", auto or none",
         "Where the daemon's own numbers go. auto: endpoint, by HTTP with /v1/metrics appended."},
        [](auto& s) -> auto& { return s.otlp.metrics_endpoint; }, parse_metrics_endpoint));
    keys.push_back(key_of_words<S, OtlpProtocol>(
        {"protocol", KeyType::kChoice, "http/protobuf", "", "How it is spoken to."},
        [](auto& s) -> auto& { return s.otlp.protocol; },
        {{"http/protobuf", OtlpProtocol::kHttpProtobuf},
         {"http/json", OtlpProtocol::kHttpJson},
         {"grpc", OtlpProtocol::kGrpc}}));
    keys.push_back(sink_filter_key());
    keys.push_back(key_of_many<S>(
        {"headers", KeyType::kHeaders, "{}", "",
         "Sent with every request. Nothing secret, which belongs in headers_file: "
         "{x-tenant: blue}."},
        [](auto& s) -> auto& { return s.otlp.headers; }, checked_header));
    keys.push_back(key_of_one<S>(
        {"headers_file", KeyType::kPath, "none", kAcceptedFile,
         "A file of lines \"Name: value\" that only its owner may read: for tokens and keys."},
        [](auto& s) -> auto& { return s.otlp.headers_path; }, with_none(parse_path)));
    keys.push_back(key_of_one<S>(
        {"tls.ca", KeyType::kPath, "none", kAcceptedFile,
         "PEM: who vouches for the receiver. none: whom the system trusts."},
        [](auto& s) -> auto& { return s.otlp.ca_path; }, with_none(parse_path)));
    keys.push_back(key_of_one<S>(
        {"tls.certificate", KeyType::kPath, "none", kAcceptedFile,
         "PEM: this machine's certificate, if the receiver asks for one."},
        [](auto& s) -> auto& { return s.otlp.certificate_path; }, with_none(parse_path)));
    keys.push_back(key_of_one<S>(
        {"tls.key", KeyType::kPath, "none", kAcceptedFile, "PEM: the key of tls.certificate."},
        [](auto& s) -> auto& { return s.otlp.key_path; }, with_none(parse_path)));
    keys.push_back(key_of_one<S>(
        {"proxy", KeyType::kUrl, "none", "http://host:port or none",
         "none: as http_proxy, https_proxy and no_proxy have it."},
        [](auto& s) -> auto& { return s.otlp.proxy; }, with_none(parse_proxy)));
    keys.push_back(key_of_words<S, bool>({"compression", KeyType::kChoice, "gzip", "", "Of what is sent."},
                                         [](auto& s) -> auto& { return s.otlp.gzip; },
                                         {{"gzip", true}, {"none", false}}));
    keys.push_back(wait_key(
        "timeout", "10s", "How long the receiver may take to answer.",
        [](auto& s) -> auto& { return s.otlp.timeout_ns; }));
    keys.push_back(wait_key(
        "metrics_every", "60s", "How often the daemon's own numbers go.",
        [](auto& s) -> auto& { return s.otlp.metrics_every_ns; }));
    keys.push_back(key_of_many<S>(
        {"resource", KeyType::kAttributes, "{}", "",
         "Attributes of this machine besides the sensor's own: "
         "{deployment.environment.name: production}."},
        [](auto& s) -> auto& { return s.otlp.resource; }, parse_attribute));
}

void add_outbox_keys(std::vector<Key<SinkSettings>>& keys) {
    using S = SinkSettings;
    keys.push_back(key_of_one<S>(
        {"batch.records", KeyType::kCount, "512", "a whole number from 1 to 65536",
         "A request is sent when that many events wait."},
        [](auto& s) -> auto& { return s.outbox.batch_records; }, within(parse_count, 1, 65536)));
    keys.push_back(key_of_one<S>(
        {"batch.bytes", KeyType::kSize, "1M", "from 4K to 16M", "A request is sent when that much waits."},
        [](auto& s) -> auto& { return s.outbox.batch_bytes; }, within(parse_size, 4 << 10, 16 << 20)));
    keys.push_back(wait_key(
        "batch.age", "1s", "A request is sent when something waits for so long.",
        [](auto& s) -> auto& { return s.outbox.batch_age_ns; }));
    keys.push_back(size_key(
        "spool.size", "512M", 1 << 20, "none, or at least 1M: 512M, 1G",
        "No more waits for the receiver on disk; the oldest is dropped first.",
        [](auto& s) -> auto& { return s.outbox.keep_bytes; }));
    keys.push_back(age_key(
        "spool.age", "3d", "Nothing that is older waits for the receiver; it is dropped.",
        [](auto& s) -> auto& { return s.outbox.keep_ns; }));
    keys.push_back(wait_key(
        "retry.first", "1s", "How long it waits after a request that failed.",
        [](auto& s) -> auto& { return s.outbox.retry_first_ns; }));
    keys.push_back(wait_key(
        "retry.most", "30s", "How long it waits at most, after many that failed.",
        [](auto& s) -> auto& { return s.outbox.retry_most_ns; }));
}

// ---- comparing --------------------------------------------------------------------------------------------

template <class T>
void add_changed(std::vector<std::string>& to, const std::string& prefix, const std::vector<Key<T>>& keys,
                 const T& before, const T& after) {
    for (const Key<T>& key : keys)
        if (!key.same(before, after)) to.push_back(prefix + key.name);
}

const SinkSettings* find_sink(const Settings& settings, const SinkSettings& like) {
    for (const SinkSettings& sink : settings.sinks)
        if (sink.name == like.name && sink.type == like.type) return &sink;
    return nullptr;
}

}  // namespace

std::string_view type_name(KeyType type) {
    switch (type) {
        case KeyType::kText:
            return "text";
        case KeyType::kBool:
            return "bool";
        case KeyType::kChoice:
            return "choice";
        case KeyType::kDuration:
            return "duration";
        case KeyType::kSize:
            return "size";
        case KeyType::kCount:
            return "count";
        case KeyType::kRate:
            return "rate";
        case KeyType::kPath:
            return "path";
        case KeyType::kPaths:
            return "list of paths";
        case KeyType::kPlace:
            return "place";
        case KeyType::kUrl:
            return "URL";
        case KeyType::kExpressions:
            return "list of filters";
        case KeyType::kHeaders:
        case KeyType::kAttributes:
            return "map of texts";
    }
    return {};
}

const std::vector<Key<Settings>>& settings_keys() {
    static const std::vector<Key<Settings>> kKeys = [] {
        std::vector<Key<Settings>> keys;
        add_amount_keys(keys);
        add_knowledge_keys(keys);
        add_service_keys(keys);
        add_kernel_keys(keys);
        return keys;
    }();
    return kKeys;
}

const std::vector<KeyText>& sink_identity_keys() {
    static const std::vector<KeyText> kKeys = {
        {"name", KeyType::kText, "", "1 to 32 of a-z, 0-9 and -",
         "No other sink's; a later file that gives it adds to this sink."},
        {"type", KeyType::kChoice, "", "jsonl or otlp", "JSON lines, or OpenTelemetry's protocol."}};
    return kKeys;
}

const std::vector<Key<SinkSettings>>& sink_keys(SinkType type) {
    static const std::vector<Key<SinkSettings>> kLines = make_line_keys(), kOtlp = [] {
        std::vector<Key<SinkSettings>> keys;
        add_far_end_keys(keys);
        add_outbox_keys(keys);
        return keys;
    }();
    return type == SinkType::kOtlp ? kOtlp : kLines;
}

std::string_view sink_type_name(SinkType type) { return type == SinkType::kOtlp ? "otlp" : "jsonl"; }

std::optional<SinkType> find_sink_type(std::string_view name) {
    for (const SinkType type : {SinkType::kJsonLines, SinkType::kOtlp})
        if (sink_type_name(type) == name) return type;
    return std::nullopt;
}

bool is_directory_path(std::string_view path) { return path.starts_with('/') && path.ends_with('/'); }

bool is_of_a_directory(std::string_view key) {
    constexpr std::string_view kAlone[] = {"compress", "seal", "sync"};
    return key.starts_with("rotate.") || key.starts_with("keep.") ||
           std::ranges::find(kAlone, key) != std::end(kAlone);
}

std::vector<std::string> changed_keys(const Settings& before, const Settings& after) {
    std::vector<std::string> changed;
    add_changed(changed, "", settings_keys(), before, after);
    for (const SinkSettings& sink : before.sinks) {
        const SinkSettings* now = find_sink(after, sink);
        if (now)
            add_changed(changed, "sinks." + sink.name + ".", sink_keys(sink.type), sink, *now);
        else
            changed.push_back("sinks." + sink.name);
    }
    for (const SinkSettings& sink : after.sinks)
        if (!find_sink(before, sink) && std::ranges::count(changed, "sinks." + sink.name) == 0)
            changed.push_back("sinks." + sink.name);
    return changed;
}

}  // namespace whodid
