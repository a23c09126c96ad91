// SPDX-License-Identifier: Apache-2.0
// The configuration written out.
#include "app/settings_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "app/budget_text.h"
#include "app/settings_table.h"
#include "app/settings_values.h"
#include "base/escape.h"

namespace whodid {

namespace {

constexpr std::size_t kPageWidth = 110;

/// "rotate" of "rotate.size"; empty: none.
std::string_view section_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == name.npos ? std::string_view() : name.substr(0, dot);
}
std::string_view leaf_of(std::string_view name) { return name.substr(name.find('.') + 1); }  // npos + 1 is 0

/// Goes through keys, and the sections that they are in, whose names have `mark` in front. `write` is given
/// how far a line is indented.
template <class Keys, class Write>
void write_sections(std::string& page, const Keys& keys, std::size_t indent, Write write,
                    const char* mark = "") {
    std::string_view section;
    for (const auto& key : keys) {
        const std::string_view its = section_of(key.name);
        if (its != section && !its.empty()) page += fmt::format("{:{}}{}{}:\n", "", indent, mark, its);
        section = its;
        write(key, indent + (its.empty() ? 0 : 2));
    }
}

// ---- what is in force -------------------------------------------------------------------------------------

std::string shown_value(const KeyText& key, const GivenText& value) {
    if (key.type == KeyType::kHeaders) return "***";
    return key.type == KeyType::kUrl ? without_password(value.text) : value.text;
}

std::string value_yaml(const KeyText& key, const Given* given) {
    if (!given) return key.fallback;
    if (!is_list(key.type) && !is_map(key.type)) return yaml_text(shown_value(key, given->values.front()));
    std::string inside;
    for (const GivenText& value : given->values) {
        inside += inside.empty() ? "" : ", ";
        if (is_map(key.type)) inside += yaml_text(value.name) + ": ";
        inside += yaml_text(shown_value(key, value));
    }
    return is_map(key.type) ? "{" + inside + "}" : "[" + inside + "]";
}

std::string origin_text(const Given* given) {
    if (!given) return "default";
    const std::string source = escape_for_terminal(given->source);
    return given->is_file ? fmt::format("{}:{}", source, given->at.line) : source;
}

const Given* given_for(const Configuration& configuration, const std::string& key) {
    const auto found = configuration.given.find(key);
    return found == configuration.given.end() ? nullptr : &found->second;
}

void append_effective(std::string& page, const Configuration& configuration, const KeyText& key,
                      const std::string& prefix, std::size_t indent) {
    const Given* given = given_for(configuration, prefix + key.name);
    page += fmt::format("{:{}}{}: {}  # {}\n", "", indent, leaf_of(key.name), value_yaml(key, given),
                        origin_text(given));
}

// ---- the shipped file -------------------------------------------------------------------------------------

/// Text as comment lines.
std::string as_comment(std::string_view text, std::size_t indent) {
    std::string page, line;
    const auto flush = [&] {
        if (!line.empty()) page += fmt::format("{:{}}#{}\n", "", indent, line);
        line.clear();
    };
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        if (indent + 1 + line.size() + 1 + blank > kPageWidth) flush();
        line += ' ';
        line += text.substr(0, blank);
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    flush();
    return page;
}

/// What it means, and what it takes.
std::string key_comment(const KeyText& key) {
    const std::string accepted = key.accepted.empty() ? std::string(type_name(key.type)) : key.accepted;
    return fmt::format("{} ({})", key.doc, accepted);
}

/// Where the shipped file does not leave it at the default.
struct ShippedValue {
    std::string_view key, value;
};
constexpr ShippedValue kShippedValues[] = {{"profile", "standard"}};
constexpr ShippedValue kShippedSinkValues[] = {{"path", "/var/log/whodid/"}};

template <class Shipped>
void append_shipped(std::string& page, const KeyText& key, const Shipped& values, std::size_t indent) {
    page += as_comment(key_comment(key), indent);
    const auto value = std::ranges::find(values, key.name, &ShippedValue::key);
    const bool is_given = value != std::end(values);
    page += fmt::format("{:{}}{}{}: {}\n", "", indent, is_given ? "" : "#", leaf_of(key.name),
                        is_given ? value->value : std::string_view(key.fallback));
}

constexpr const char* kShippedHead =
    R"(# whodid's configuration, of `whodid run --config /etc/whodid/whodid.yaml`. docs/configuration.md.
#
# Then come the files conf.d/*.yaml beside this one, in the order of their names, then OTEL_* and WHODID_*
# variables, then options; what comes later counts more. A key that is commented out has its default here.
# `whodid config check` tells what is wrong, `whodid config show` what is in force, and why.

)";

constexpr const char* kShippedSinks =
    R"(
# Where events go. None: standard output, or what run's --output names. Each has
)";

constexpr const char* kShippedOtlp =
    R"(
  # A second one: to an OpenTelemetry collector.
  #- name: collector
    #type: otlp
)";

// ---- Markdown ---------------------------------------------------------------------------------------------

constexpr const char* kMarkdownHead = R"(# Configuration

Made by `make docs` from the table of keys (userspace/app/settings_table.cpp).

`whodid run --config /etc/whodid/whodid.yaml` reads that file, then the files `conf.d/*.yaml` of its directory, in the order of their names.
Without `--config` there is no file, and variables count all the same. What comes later counts more, key by key:

1. the defaults
2. the file
3. conf.d/*.yaml
4. `OTEL_*`, for what an otlp sink does not say itself
5. `WHODID_*`: `WHODID_BUDGET_MAX_CPU` is `budget.max_cpu`, `WHODID_SINKS_FILES_KEEP_AGE` is `keep.age` of the sink `files`. Of a list it is
   the one entry, of a map `NAME=VALUE,NAME=VALUE`. An empty one counts as none.
6. options, and the variables that they have: `WHODID_MAX_CPU` is `--max-cpu`. A list that is given replaces the one before.

```yaml
profile: quiet
budget: {max_events: 20/s, max_bytes: 5MB/day, max_cpu: 2%}
watch: [/etc/whodid/payroll.watch]
sinks:
  - name: files
    type: jsonl
    path: /var/log/whodid/
    rotate: {size: 64M, every: 24h}
    keep: {age: 7d, vital_age: 90d, size: 1G}
  - name: collector
    type: otlp
    endpoint: http://127.0.0.1:4318
    headers_file: /etc/whodid/collector.headers
    filter: ['not kind == file.open']
```

Sinks of several files are merged by their names: what a later file says of one that is there is put over it, and its type need not be said again.
Anchors, aliases, tags, a key given twice and a second document are refused. Paths are absolute.

```
$ whodid config check bad.yaml
bad.yaml:1:10: profile: bad value 'quite': accepted: auto, quiet, standard or forensic
bad.yaml:2:10: budget.max_event: unknown key, did you mean 'max_events'?
```

| command | |
|---|---|
| `whodid config check [FILE]` | says what is wrong, all of it, with file, line and column, and exits with 4; else what the daemon would do, in one line, and 0. Filters are compiled, watch files and the person map are read |
| `whodid config show [FILE]` | what is in force, as a file that `check` takes, each key with where it is from; what is secret is masked |
| `whodid config keys` | the file that is shipped, with every key; `-o markdown`: this page |

`run` with a configuration that is wrong exits with 4 before anything is loaded. FILE is /etc/whodid/whodid.yaml if none is given.

A secret has no place in a file that others may read, nor in conf.d: headers named like a key or a token are refused, with or without
reason, and go into `headers_file`, one `Name: value` a line.
)";

constexpr const char* kMarkdownOtel = R"(
## OpenTelemetry's variables

For each otlp sink, what it does not say itself; those with `_LOGS_` in the name count more than those without. Where there is no otlp sink,
`OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` makes one, named `otel`, unless `OTEL_SDK_DISABLED` is `true` or
`OTEL_LOGS_EXPORTER` is `none`. A value that makes no sense is warned of and left out.

| variable | key |
|---|---|
| `OTEL_EXPORTER_OTLP_ENDPOINT` | `endpoint`; `metrics_endpoint: auto`, unless `OTEL_METRICS_EXPORTER` is `none`. A sink with an endpoint of its own has neither |
| `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`, `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` | `logs_endpoint`, `metrics_endpoint` |
| `OTEL_EXPORTER_OTLP_PROTOCOL`, `_HEADERS`, `_COMPRESSION`, `_TIMEOUT` | `protocol`, `headers`, `compression`, `timeout` (milliseconds) |
| `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE`, `_CLIENT_KEY` | `tls.ca`, `tls.certificate`, `tls.key` |
| `OTEL_EXPORTER_OTLP_INSECURE` | by gRPC, of an endpoint without a scheme: `true` is http, else https |
| `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME` | `resource`; the latter is its `service.name` |
| `OTEL_BLRP_SCHEDULE_DELAY`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | `batch.age` (milliseconds), `batch.records` |
| `OTEL_METRIC_EXPORT_INTERVAL` | `metrics_every` (milliseconds) |
| `OTEL_SDK_DISABLED` | `true`: none of these counts |
)";

std::string in_a_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

template <class Keys>
std::string key_rows(const Keys& keys) {
    std::string rows;
    for (const auto& key : keys) {
        const std::string fallback = key.fallback.empty() ? "" : "`" + key.fallback + "`";
        rows += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, type_name(key.type), fallback,
                            in_a_cell(key.accepted), in_a_cell(key.doc));
    }
    return rows;
}

std::string key_table(std::string_view title, const std::string& rows) {
    return fmt::format("\n## {}\n\n| key | type | default | accepted | |\n|---|---|---|---|---|\n{}", title,
                       rows);
}

std::string describe_sink(const SinkSettings& sink) {
    const std::string& place = sink.type == SinkType::kOtlp ? sink.otlp.endpoint : sink.lines.path;
    return fmt::format("{} ({}, {})", sink.name, sink_type_name(sink.type), escape_for_terminal(place));
}

}  // namespace

std::string effective_page(const Configuration& configuration) {
    std::string page;
    write_sections(page, settings_keys(), 0, [&](const KeyText& key, std::size_t indent) {
        append_effective(page, configuration, key, "", indent);
    });
    const std::vector<SinkSettings>& sinks = configuration.settings.sinks;
    page += sinks.empty() ? "sinks: []  # default\n" : "sinks:\n";
    for (const SinkSettings& sink : sinks) {
        const std::string prefix = "sinks." + sink.name + ".";
        const auto origin = [&](const char* key) {
            return origin_text(given_for(configuration, prefix + key));
        };
        page += fmt::format("  - name: {}  # {}\n    type: {}  # {}\n", sink.name, origin("name"),
                            sink_type_name(sink.type), origin("type"));
        write_sections(page, sink_keys(sink.type), 4, [&](const KeyText& key, std::size_t indent) {
            append_effective(page, configuration, key, prefix, indent);
        });
    }
    return page;
}

std::string shipped_page() {
    std::string page = kShippedHead;
    write_sections(page, settings_keys(), 0, [&](const KeyText& key, std::size_t indent) {
        append_shipped(page, key, kShippedValues, indent);
    });
    page += kShippedSinks;
    for (const KeyText& key : sink_identity_keys())
        page += as_comment("- a " + key.name + ": " + key_comment(key), 0);
    page += "sinks:\n  - name: files\n    type: jsonl\n";
    write_sections(page, sink_keys(SinkType::kJsonLines), 4, [&](const KeyText& key, std::size_t indent) {
        append_shipped(page, key, kShippedSinkValues, indent);
    });
    page += kShippedOtlp;
    const auto write = [&](const KeyText& key, std::size_t indent) {
        append_shipped(page, key, std::span<const ShippedValue>(), indent);
    };
    write_sections(page, sink_keys(SinkType::kOtlp), 4, write, "#");
    return page;
}

std::string configuration_markdown() {
    return kMarkdownHead + key_table("The daemon", key_rows(settings_keys())) +
           key_table("Every sink", key_rows(sink_identity_keys())) +
           key_table("Sinks of type jsonl", key_rows(sink_keys(SinkType::kJsonLines))) +
           key_table("Sinks of type otlp", key_rows(sink_keys(SinkType::kOtlp))) + kMarkdownOtel;
}

std::string describe_settings(const Settings& settings) {
    std::string out = "profile ";
    out += settings.profile ? profile_name(*settings.profile) : "auto";
    const BudgetLimits limits{settings.max_events_per_s.value_or(0), settings.max_bytes_per_day.value_or(0),
                              settings.max_cpu_percent.value_or(0)};
    if (const std::string budget = describe(limits); !budget.empty()) out += "; at most " + budget;
    if (!settings.filters.empty()) out += fmt::format("; {} filters", settings.filters.size());
    out += settings.sinks.empty() ? "; no sinks: to standard output" : "; sinks: ";
    for (const SinkSettings& sink : settings.sinks)
        out += (&sink == settings.sinks.data() ? "" : ", ") + describe_sink(sink);
    return out;
}

}  // namespace whodid
