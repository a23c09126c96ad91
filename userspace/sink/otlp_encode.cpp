// SPDX-License-Identifier: Apache-2.0
// Events and metrics as the protobuf messages of OTLP.
#include "sink/otlp_encode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <protozero/pbf_builder.hpp>
#include <string_view>

#include "base/escape.h"
#include "event/words.h"

namespace whodid {

namespace {

using protozero::pbf_builder;
using protozero::pbf_tag_type;

namespace otlp {

enum class AnyValue : pbf_tag_type { kString = 1, kBool, kInt, kDouble, kArray };
enum class ArrayValue : pbf_tag_type { kValues = 1 };
enum class KeyValue : pbf_tag_type { kKey = 1, kValue };
enum class Resource : pbf_tag_type { kAttributes = 1 };
enum class Scope : pbf_tag_type { kName = 1, kVersion };
enum class LogRecord : pbf_tag_type {
    kTime = 1,
    kSeverity = 2,
    kBody = 5,
    kAttributes = 6,
    kDroppedAttributes = 7,
    kObservedTime = 11,
    kEventName = 12,
};
enum class MetricMessage : pbf_tag_type { kName = 1, kDescription = 2, kUnit = 3, kGauge = 5, kSum = 7 };
enum class Gauge : pbf_tag_type { kPoints = 1 };
enum class Sum : pbf_tag_type { kPoints = 1, kTemporality, kIsMonotonic };
enum class NumberPoint : pbf_tag_type { kStart = 2, kTime = 3, kAsDouble = 4, kAsInt = 6, kAttributes = 7 };
// The same of logs and of metrics.
enum class Request : pbf_tag_type { kResources = 1 };
enum class OfResource : pbf_tag_type { kResource = 1, kScopes, kSchemaUrl };
enum class OfScope : pbf_tag_type { kScope = 1, kItems, kSchemaUrl };

}  // namespace otlp

constexpr std::uint32_t kCumulative = 2;
/// The first that has container.runtime.name is 1.37; none up to this one renames a key of ours.
constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.40.0";

protozero::data_view view(std::string_view text) { return {text.data(), text.size()}; }

/// SeverityNumber: WARN for what says that the record of acts has a gap or was tampered with, and for who
/// failed to prove who they are; else INFO. A failed open is nothing to be warned of.
std::int32_t severity_of(const Event& event) {
    constexpr std::int32_t kInfo = 9, kWarn = 13;
    const std::uint16_t kind = event.kind->id;
    const bool is_auth = kind == REC_AUTH_ATTEMPT || kind == REC_AUTH_ACCOUNT;
    return is_alarm(kind) || (is_auth && event.failed()) ? kWarn : kInfo;
}

/// Eight bytes at a time: nearly all text is.
bool is_ascii(std::string_view text) {
    std::uint64_t bits = 0;
    for (; text.size() >= sizeof bits; text.remove_prefix(sizeof bits)) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data(), sizeof eight);
        bits |= eight;
    }
    for (const char c : text) bits |= static_cast<unsigned char>(c);
    return (bits & 0x8080808080808080ull) == 0;
}

bool is_utf8(std::string_view bytes) { return is_ascii(bytes) || valid_utf8(bytes); }

void put_text(pbf_builder<otlp::AnyValue>& value, std::string_view text) {
    if (is_utf8(text))
        value.add_string(otlp::AnyValue::kString, view(text));
    else
        value.add_string(otlp::AnyValue::kString, to_utf8_replacing(text));
}

/// f(element) gives what is put of it.
template <class F>
void put_list(pbf_builder<otlp::AnyValue>& value, std::string_view block, F f) {
    pbf_builder<otlp::ArrayValue> list(value, otlp::AnyValue::kArray);
    for_each_string(block, [&](std::string_view element) {
        pbf_builder<otlp::AnyValue> one(list, otlp::ArrayValue::kValues);
        put_text(one, f(element));
    });
}

void put_value(pbf_builder<otlp::AnyValue>& to, const Value& value) {
    switch (value.state) {
        case Value::State::kText:
        case Value::State::kJson:
            put_text(to, value.text);
            break;
        case Value::State::kInteger:
            to.add_int64(otlp::AnyValue::kInt, value.integer);
            break;
        case Value::State::kBoolean:
            to.add_bool(otlp::AnyValue::kBool, value.boolean);
            break;
        case Value::State::kReal:
            to.add_double(otlp::AnyValue::kDouble, value.real);
            break;
        case Value::State::kList:
            put_list(to, value.text, [](std::string_view element) { return element; });
            break;
        case Value::State::kAbsent:
            break;
    }
}

/// Whether it has text that cannot be a protobuf string.
bool is_lossy(const Value& value) {
    const bool has_text = value.state == Value::State::kText || value.state == Value::State::kList;
    return has_text && !is_utf8(value.text);  // NUL is ASCII, and ends every sequence
}

void put_exact(pbf_builder<otlp::AnyValue>& to, const Value& value) {
    if (value.state == Value::State::kText)
        put_text(to, base64(value.text));
    else
        put_list(to, value.text, [](std::string_view element) { return base64(element); });
}

/// Attributes of a record, as many as it may have.
class Attributes {
public:
    Attributes(pbf_builder<otlp::LogRecord>& record, std::size_t max) : record_(record), left_(max) {}

    void put(std::string_view key, const Value& value) {
        if (!value.present()) return;
        add(key, [&](pbf_builder<otlp::AnyValue>& to) { put_value(to, value); });
        if (!is_lossy(value)) return;
        add(std::string(key) + "_b64", [&](pbf_builder<otlp::AnyValue>& to) { put_exact(to, value); });
    }
    /// Some that were encoded before; false: there is no room for all of them, and nothing was done.
    bool put_encoded(std::string_view attributes, std::size_t count, std::string& out) {
        if (count > left_) return false;
        left_ -= count;
        out += attributes;
        return true;
    }
    std::size_t left() const { return left_; }
    std::uint32_t dropped() const { return dropped_; }

private:
    template <class F>
    void add(std::string_view key, F put_its_value) {
        if (left_ == 0) {
            ++dropped_;
            return;
        }
        --left_;
        pbf_builder<otlp::KeyValue> attribute(record_, otlp::LogRecord::kAttributes);
        attribute.add_string(otlp::KeyValue::kKey, view(key));
        pbf_builder<otlp::AnyValue> value(attribute, otlp::KeyValue::kValue);
        put_its_value(value);
    }

    pbf_builder<otlp::LogRecord>& record_;
    std::size_t left_;
    std::uint32_t dropped_ = 0;
};

/// Whether the record has it in a place of its own.
bool has_own_place(std::string_view key) { return key == "time" || key == "event.name" || key == "message"; }

}  // namespace

// ---- events -----------------------------------------------------------------------------------------------

OtlpEncoder::OtlpEncoder(Clock now_ns, std::size_t attributes_max)
    : now_ns_(now_ns), attributes_max_(attributes_max), actors_(std::size_t{1} << kActorBits) {
    for (const Field& field : common_fields())
        if (!has_own_place(field.key)) common_.push_back(&field);
}

const OtlpEncoder::Actor& OtlpEncoder::actor_of(const Event& event) {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // Fibonacci hashing: Knuth, TAOCP 6.4
    const auto address = reinterpret_cast<std::uintptr_t>(event.process.get());
    Actor& actor = actors_[address * kGolden >> (64 - kActorBits)];
    if (actor.process == event.process) return actor;
    actor.process = event.process;
    actor.attributes.clear();
    pbf_builder<otlp::LogRecord> record(actor.attributes);
    Attributes attributes(record, SIZE_MAX);
    for (const Field& field : actor_fields()) attributes.put(field.key, field.read(event, scratch_));
    actor.count = SIZE_MAX - attributes.left();
    return actor;
}

void OtlpEncoder::append(const Event& event, std::string& out) {
    scratch_.reset();
    pbf_builder<otlp::LogRecord> record(out);
    record.add_fixed64(otlp::LogRecord::kTime, event.wall_ns);
    record.add_enum(otlp::LogRecord::kSeverity, severity_of(event));
    text_.clear();
    if (!event.kind->verb.empty()) {
        append_message(event, text_);
        pbf_builder<otlp::AnyValue> body(record, otlp::LogRecord::kBody);
        put_text(body, text_);
    }
    Attributes attributes(record, attributes_max_);
    const auto put = [&](const Field& field) { attributes.put(field.key, field.read(event, scratch_)); };
    for (const Field* field : common_) put(*field);
    if (event.process) {
        const Actor& actor = actor_of(event);
        if (!attributes.put_encoded(actor.attributes, actor.count, out))
            for (const Field& field : actor_fields()) put(field);
    }
    for (const Field& field : event.kind->fields) put(field);
    if (attributes.dropped() > 0)
        record.add_uint32(otlp::LogRecord::kDroppedAttributes, attributes.dropped());
    record.add_fixed64(otlp::LogRecord::kObservedTime, now_ns_());
    text_.assign("whodid.").append(event.kind->name);
    record.add_string(otlp::LogRecord::kEventName, text_);
}

// ---- the source -------------------------------------------------------------------------------------------

namespace {

/// host.arch of what uname(2) calls it.
std::string_view architecture_name(std::string_view machine) {
    constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"x86_64", "amd64"},
                                                                        {"aarch64", "arm64"},
                                                                        {"i686", "x86"},
                                                                        {"armv7l", "arm32"},
                                                                        {"ppc64le", "ppc64"}};
    for (const auto& [uname, otel] : kNames)
        if (machine == uname) return otel;
    return machine;
}

using ResourceAttributes = std::vector<std::pair<std::string_view, std::string_view>>;

void set_attribute(ResourceAttributes& attributes, std::string_view key, std::string_view value) {
    const auto found = std::ranges::find(attributes, key, &ResourceAttributes::value_type::first);
    if (found == attributes.end())
        attributes.emplace_back(key, value);
    else
        found->second = value;
}

template <class Message>
void put_attribute(pbf_builder<Message>& to, Message tag, std::string_view key, std::string_view value) {
    if (key.empty() || value.empty()) return;
    pbf_builder<otlp::KeyValue> attribute(to, tag);
    attribute.add_string(otlp::KeyValue::kKey, is_utf8(key) ? std::string(key) : to_utf8_replacing(key));
    pbf_builder<otlp::AnyValue> put(attribute, otlp::KeyValue::kValue);
    put_text(put, value);
}

}  // namespace

EncodedSource encode_source(const OtlpSource& source) {
    ResourceAttributes attributes = {
        {"service.name", "whodid"},
        {"service.version", source.version},
        {"service.instance.id", source.instance_id},
        {"host.name", source.host_name},
        {"host.id", source.host_id},
        {"host.arch", architecture_name(source.architecture)},
        {"os.type", "linux"},
        {"os.name", source.os_name},
        {"os.version", source.os_version},
        {"os.description", source.os_description},
    };
    for (const auto& [key, value] : source.extra) set_attribute(attributes, key, value);
    EncodedSource encoded;
    pbf_builder<otlp::Resource> resource(encoded.resource);
    for (const auto& [key, value] : attributes)
        put_attribute(resource, otlp::Resource::kAttributes, key, value);
    pbf_builder<otlp::Scope> scope(encoded.scope);
    scope.add_string(otlp::Scope::kName, "whodid");
    if (!source.version.empty()) scope.add_string(otlp::Scope::kVersion, to_utf8_replacing(source.version));
    return encoded;
}

// ---- requests ---------------------------------------------------------------------------------------------

namespace {

/// A request of one resource and one scope. `put_items` is given the scope's message.
template <class F>
void append_request(const EncodedSource& source, std::string& out, F put_items) {
    pbf_builder<otlp::Request> request(out);
    pbf_builder<otlp::OfResource> resource(request, otlp::Request::kResources);
    resource.add_message(otlp::OfResource::kResource, source.resource);
    {
        pbf_builder<otlp::OfScope> scope(resource, otlp::OfResource::kScopes);
        scope.add_message(otlp::OfScope::kScope, source.scope);
        put_items(scope);
        scope.add_string(otlp::OfScope::kSchemaUrl, view(kSchemaUrl));
    }
    resource.add_string(otlp::OfResource::kSchemaUrl, view(kSchemaUrl));
}

/// Within what an int64 holds.
bool is_whole(double value) { return std::trunc(value) == value && std::abs(value) < 0x1p63; }

void put_number(pbf_builder<otlp::NumberPoint>& to, double value) {
    if (is_whole(value))
        to.add_sfixed64(otlp::NumberPoint::kAsInt, static_cast<std::int64_t>(value));
    else
        to.add_double(otlp::NumberPoint::kAsDouble, value);
}

/// `start_ns` 0: none.
template <class Message>
void put_points(pbf_builder<Message>& to, const Metric& metric, std::uint64_t start_ns,
                std::uint64_t now_ns) {
    for (const MetricPoint& point : metric.points) {
        pbf_builder<otlp::NumberPoint> number(to, Message::kPoints);
        if (start_ns != 0) number.add_fixed64(otlp::NumberPoint::kStart, start_ns);
        number.add_fixed64(otlp::NumberPoint::kTime, now_ns);
        put_number(number, point.value);
        for (const auto& [key, value] : point.labels)
            put_attribute(number, otlp::NumberPoint::kAttributes, key, value);
    }
}

void put_metric(pbf_builder<otlp::OfScope>& to, const Metric& metric, std::uint64_t start_ns,
                std::uint64_t now_ns) {
    pbf_builder<otlp::MetricMessage> message(to, otlp::OfScope::kItems);
    message.add_string(otlp::MetricMessage::kName, view(metric.name));
    if (!metric.doc.empty()) message.add_string(otlp::MetricMessage::kDescription, view(metric.doc));
    if (!metric.unit.empty()) message.add_string(otlp::MetricMessage::kUnit, view(metric.unit));
    if (metric.sort == Metric::Sort::kGauge) {
        pbf_builder<otlp::Gauge> gauge(message, otlp::MetricMessage::kGauge);
        put_points(gauge, metric, 0, now_ns);
        return;
    }
    pbf_builder<otlp::Sum> sum(message, otlp::MetricMessage::kSum);
    put_points(sum, metric, start_ns, now_ns);
    sum.add_enum(otlp::Sum::kTemporality, kCumulative);
    sum.add_bool(otlp::Sum::kIsMonotonic, true);
}

}  // namespace

void append_logs_request(const EncodedSource& source, std::span<const SpoolRecord> records,
                         std::string& out) {
    if (records.empty()) return;
    append_request(source, out, [&](pbf_builder<otlp::OfScope>& scope) {
        for (const SpoolRecord& record : records)
            scope.add_message(otlp::OfScope::kItems, view(record.payload));
    });
}

void append_metrics_request(const EncodedSource& source, std::span<const Metric> metrics,
                            std::uint64_t start_ns, std::uint64_t now_ns, std::string& out) {
    const auto has_points = [](const Metric& metric) { return !metric.points.empty(); };
    if (std::ranges::none_of(metrics, has_points)) return;
    append_request(source, out, [&](pbf_builder<otlp::OfScope>& scope) {
        for (const Metric& metric : metrics)
            if (has_points(metric)) put_metric(scope, metric, start_ns, now_ns);
    });
}

}  // namespace whodid
