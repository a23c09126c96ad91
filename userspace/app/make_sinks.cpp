// SPDX-License-Identifier: Apache-2.0
// Sinks, from what is configured.
#include "app/make_sinks.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/otlp_sink.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/escape.h"
#include "sink/ecs_encode.h"
#include "sink/event_files.h"
#include "sink/json_encode.h"
#include "sink/otlp_json.h"
#include "sink/otlp_receiver.h"
#include "sink/otlp_wire.h"
#include "sink/socket_lines.h"

namespace whodid {

namespace {

using SinkPtr = Result<std::unique_ptr<Sink>>;

constexpr std::string_view kUnix = "unix:";

template <class T>
SinkPtr as_sink(Result<std::unique_ptr<T>> made) {
    if (!made) return made.error();
    return std::unique_ptr<Sink>(std::move(*made));
}

/// A request of one record a line, as the OTLP file format has it.
LineEncoder otlp_line_encoder(const Stream& stream) {
    auto encoder = std::make_shared<OtlpEncoder>();
    return [encoder, source = encode_source(otlp_source(stream, {})), record = std::string(),
            request = std::string()](const Event& event, std::string& out) mutable {
        record.clear();
        request.clear();
        encoder->append(event, record);
        const SpoolRecord one{record, event.kind->id, event.wall_ns};
        append_logs_request(source, {&one, 1}, request);
        if (auto json = to_otlp_json(request, OtlpSignal::kLogs)) out += *json;
    };
}

std::function<void(std::string)> teller(const std::string& name) {
    return [name](const std::string& text) { spdlog::warn("sink {}: {}", name, text); };
}

/// Made if it is missing: root's, and of the directory's group where that is inherited.
Result<void> make_directory(const std::string& path, mode_t mode) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return Error::from_errno("cannot make the directory " + path);
    return {};
}

SinkPtr open_files(const SinkSettings& settings, const std::string& keys, LineEncoder encode) {
    const std::string& path = settings.lines.path;
    const std::string directory = path.substr(0, path.find_last_not_of('/') + 1);
    if (auto made = make_directory(directory, 0750); !made) return made.error();
    if (settings.lines.seal)
        if (auto made = make_directory(keys, 0700); !made) return made.error();
    EventFilesOptions options;
    options.directory = directory;
    options.key_path = fmt::format("{}/{}.key", keys, settings.name);
    options.settings = settings.lines;
    options.encode = std::move(encode);
    options.say = teller(settings.name);
    options.now_ns = wall_now_ns;
    return as_sink(EventFiles::open(std::move(options)));
}

SinkPtr open_lines(const SinkSettings& settings, const SinkSurroundings& around) {
    const std::string& path = settings.lines.path;
    LineEncoder encode = line_encoder(settings.lines.format, around.stream);
    if (path.starts_with(kUnix)) {
        SocketLinesOptions options;
        options.path = path.substr(kUnix.size());
        options.encode = std::move(encode);
        options.say = teller(settings.name);
        options.now_ns = monotonic_now_ns;
        return as_sink(SocketLines::open(std::move(options)));
    }
    if (path.ends_with('/')) return open_files(settings, around.state_directory, std::move(encode));
    return as_sink(LinesSink::open(path, around.may_be_torn, std::move(encode)));
}

Result<std::unique_ptr<OtlpReceiver>> make_receiver(const OtlpSettings& settings, const Stream& stream) {
    return OtlpReceiver::make(
        settings, otlp_codec(settings.protocol, encode_source(otlp_source(stream, settings))), kVersion);
}

SinkPtr open_otlp(const SinkSettings& settings, const SinkSurroundings& around) {
    auto receiver = make_receiver(settings.otlp, around.stream);
    if (!receiver) return receiver.error();
    if (auto made = make_directory(around.state_directory, 0700); !made) return made.error();
    if (auto made = make_directory(settings.outbox.path, 0700); !made) return made.error();
    auto outbox = Outbox::open(std::move(*receiver), settings.outbox);
    if (!outbox) return outbox.error();
    return SinkPtr(std::make_unique<OtlpSink>(settings.name, std::move(*outbox)));
}

/// Of segments that are there; those without a record too.
std::uint64_t spooled_bytes(const std::filesystem::path& directory) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        if (entry.path().extension() != ".seg") continue;
        const auto size = entry.file_size(failed);
        bytes += failed ? 0 : size;
    }
    return bytes;
}

Result<Filter> sink_filter(const SinkSettings& settings) {
    FilterOptions options;
    options.everything = true;
    options.expressions = settings.filters;
    return Filter::compile(options, {});
}

}  // namespace

std::string state_directory(const Settings& settings) {
    return settings.spool_path.substr(0, settings.spool_path.find_last_not_of('/') + 1);
}

LineEncoder line_encoder(LineFormat format, const Stream& stream) {
    if (format == LineFormat::kOtlpJson) return otlp_line_encoder(stream);
    if (format == LineFormat::kEcs) {
        auto encoder = std::make_shared<EcsEncoder>();
        return [encoder](const Event& event, std::string& out) { encoder->append(event, out); };
    }
    auto encoder =
        std::make_shared<JsonEncoder>(format == LineFormat::kFlat ? JsonShape::kFlat : JsonShape::kNested);
    return [encoder](const Event& event, std::string& out) { encoder->append(event, out); };
}

Result<void> add_sinks(const std::vector<SinkSettings>& settings, const SinkSurroundings& around,
                       SinkSet& sinks) {
    for (const SinkSettings& one : settings) {
        auto filter = sink_filter(one);
        if (!filter) return Error{fmt::format("sink {}: {}", one.name, filter.error().message), EINVAL};
        const bool is_otlp = one.type == SinkType::kOtlp;
        if (!is_otlp && one.lines.path == "-") {
            sinks.add_vital(one.name, std::move(*filter),
                            std::make_unique<LinesSink>(STDOUT_FILENO, around.may_be_torn,
                                                        line_encoder(one.lines.format, around.stream)));
            continue;
        }
        sinks.add(one.name, is_otlp ? "otlp" : "jsonl", std::move(*filter), [one, around, is_otlp] {
            return is_otlp ? open_otlp(one, around) : open_lines(one, around);
        });
    }
    for (const std::string& text : orphaned_spools(settings, around.state_directory)) spdlog::warn(text);
    return {};
}

std::vector<std::string> orphaned_spools(const std::vector<SinkSettings>& settings,
                                         const std::string& state_directory) {
    std::vector<std::string> said;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(state_directory, failed)) {
        const std::string name = entry.path().filename().string();
        const bool is_used = std::ranges::any_of(settings, [&](const SinkSettings& sink) {
            return sink.type == SinkType::kOtlp && sink.name == name;
        });
        const std::uint64_t bytes = is_used ? 0 : spooled_bytes(entry.path());
        if (bytes != 0)
            said.push_back(
                fmt::format("{} holds {} bytes of events for a sink that is not configured: name an "
                            "OTLP sink so and they are sent, or remove the directory",
                            escape_for_terminal(entry.path().string()), bytes));
    }
    return said;
}

std::vector<std::unique_ptr<MetricsExporter>> make_metrics_exporters(
    const std::vector<SinkSettings>& settings, const SinkSurroundings& around) {
    std::vector<std::unique_ptr<MetricsExporter>> exporters;
    for (const SinkSettings& one : settings) {
        if (one.type != SinkType::kOtlp || one.otlp.metrics_endpoint.empty()) continue;
        auto made = make_receiver(one.otlp, around.stream);
        if (!made) {
            spdlog::error("sink {}: no metrics: {}", one.name, made.error().message);
            continue;
        }
        const std::shared_ptr<OtlpReceiver> receiver = std::move(*made);
        exporters.push_back(std::make_unique<MetricsExporter>(
            one.name, one.otlp.metrics_every_ns,
            [receiver](const std::vector<Metric>& metrics) { return receiver->deliver_metrics(metrics); },
            [receiver] { receiver->cancel(); }));
    }
    return exporters;
}

}  // namespace whodid
