// SPDX-License-Identifier: Apache-2.0
// The configuration: files, variables, what is wrong with them, and what is in force.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/settings_page.h"
#include "app/settings_table.h"
#include "app/settings_values.h"
#include "unit/directory.h"

namespace whodid {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

Configuration of(std::string_view yaml, const Environment& environment = {}) {
    SettingsReader reader;
    reader.read_yaml(yaml, "f.yaml");
    reader.read_otel(environment);
    reader.read_variables(environment);
    return reader.finish();
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
    return out;
}

std::string faults_of(std::string_view yaml, const Environment& environment = {}) {
    return joined(of(yaml, environment).errors);
}

Settings good(std::string_view yaml, const Environment& environment = {}) {
    Configuration read = of(yaml, environment);
    EXPECT_EQ(joined(read.errors), "") << yaml;
    EXPECT_EQ(joined(read.warnings), "") << yaml;
    return read.settings;
}

std::string page_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The rule of the shipped file: a # with no blank after it hides a key.
std::string uncommented(const std::string& page) {
    std::string out, line;
    for (std::istringstream lines(page); std::getline(lines, line); out += line + '\n') {
        const std::size_t at = line.find_first_not_of(' ');
        if (at != line.npos && line[at] == '#' && at + 1 < line.size() && line[at + 1] != ' ')
            line.erase(at, 1);
    }
    return out;
}

// ---- files ------------------------------------------------------------------------------------------------

TEST(Settings, OfTheFile) {
    const Settings s = good(R"(
profile: forensic
forensic: {for: 4h, reason: "case 4711"}
filter: ['user == "bob"', exists tag]
watch: [none, /etc/whodid/payroll.watch]
person_map: /etc/whodid/people
seen: /var/lib/whodid/seen
canary: 10s
heartbeat: 2m
watchdog: 90
log: {level: info}
status: {socket: none}
metrics: {listen: "127.0.0.1:9464"}
spool: {path: /srv/spool/}
kernel: {ring_size: 4M, backend: tracepoint, pam_uprobes: true, fold: false, fold_window: 30s, fold_entries: 64}
)");
    EXPECT_EQ(s.profile, Profile::kForensic);
    EXPECT_EQ(s.forensic_ns, 4 * 3600 * kSecond);
    EXPECT_EQ(s.forensic_reason, "case 4711");
    EXPECT_EQ(s.filters, (std::vector<std::string>{"user == \"bob\"", "exists tag"}));
    EXPECT_EQ(s.watch_paths, (std::vector<std::string>{"none", "/etc/whodid/payroll.watch"}));
    EXPECT_EQ(s.person_map_path, "/etc/whodid/people");
    EXPECT_EQ(s.seen_path, "/var/lib/whodid/seen");
    EXPECT_EQ(s.canary_ns, 10 * kSecond);
    EXPECT_EQ(s.heartbeat_ns, 120 * kSecond);
    EXPECT_EQ(s.watchdog_ns, 90 * kSecond);
    EXPECT_EQ(s.log_level, LogLevel::kInfo);
    EXPECT_EQ(s.status_socket, "");
    EXPECT_EQ(s.metrics_listen, "127.0.0.1:9464");
    EXPECT_EQ(s.spool_path, "/srv/spool/");
    EXPECT_EQ(s.load.ring_bytes, 4u << 20);
    EXPECT_EQ(s.load.vital_ring_bytes, 2u << 20);
    EXPECT_TRUE(s.load.tracepoints_only);
    EXPECT_TRUE(s.load.pam_uprobes);
    EXPECT_FALSE(s.load.folds);
    EXPECT_EQ(s.load.fold_window.ns, 30 * kSecond);
    EXPECT_EQ(s.load.fold_entries, 64u);
    EXPECT_TRUE(s.sinks.empty());
}

TEST(Settings, OfTheBudget) {
    const Settings s = good("profile: quiet\nbudget: {max_events: 20/s, max_bytes: 5MB/day, max_cpu: 2%}\n");
    EXPECT_EQ(s.profile, Profile::kQuiet);
    EXPECT_EQ(s.max_events_per_s, 20);
    EXPECT_EQ(s.max_bytes_per_day, 5e6);
    EXPECT_EQ(s.max_cpu_percent, 2);
    const Settings none = good("budget: {max_events: none, max_bytes: auto}\n");
    EXPECT_EQ(none.max_events_per_s, 0);
    EXPECT_EQ(none.max_bytes_per_day, std::nullopt);
}

TEST(Settings, OfSinks) {
    const Settings s = good(R"(
sinks:
  - name: files
    type: jsonl
    path: /var/log/whodid/
    format: ecs
    filter: [exists user]
    rotate: {size: 128M, every: none}
    compress: false
    seal: false
    keep: {age: 30d, vital_age: none, size: 2G}
    sync: second
  - name: collector
    type: otlp
    endpoint: https://collector.example:4318/base/
    metrics_endpoint: auto
    protocol: http/json
    headers: {x-tenant: blue}
    headers_file: /etc/whodid/headers
    tls: {ca: /etc/ca.pem, certificate: /etc/c.pem, key: /etc/k.pem}
    proxy: http://me:secret@proxy:3128
    compression: none
    timeout: 5s
    metrics_every: 30s
    resource: {deployment.environment.name: production}
    batch: {records: 100, bytes: 64K, age: 200ms}
    spool: {size: 64M, age: 1d}
    retry: {first: 500ms, most: 1m}
)");
    ASSERT_EQ(s.sinks.size(), 2u);
    const SinkSettings& files = s.sinks[0];
    EXPECT_EQ(files.name, "files");
    EXPECT_EQ(files.type, SinkType::kJsonLines);
    EXPECT_EQ(files.filters, std::vector<std::string>{"exists user"});
    EXPECT_EQ(files.lines.path, "/var/log/whodid/");
    EXPECT_EQ(files.lines.format, LineFormat::kEcs);
    EXPECT_EQ(files.lines.rotate_bytes, 128ull << 20);
    EXPECT_EQ(files.lines.rotate_ns, 0u);
    EXPECT_FALSE(files.lines.compress);
    EXPECT_FALSE(files.lines.seal);
    EXPECT_EQ(files.lines.keep_ns, 30 * kDayNs);
    EXPECT_EQ(files.lines.keep_vital_ns, 0u);
    EXPECT_EQ(files.lines.keep_bytes, 2ull << 30);
    EXPECT_EQ(files.lines.sync, SyncPolicy::kEverySecond);
    const SinkSettings& collector = s.sinks[1];
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(collector.type, SinkType::kOtlp);
    EXPECT_EQ(collector.otlp.endpoint, "https://collector.example:4318/base/v1/logs");
    EXPECT_EQ(collector.otlp.metrics_endpoint, "https://collector.example:4318/base/v1/metrics");
    EXPECT_EQ(collector.otlp.protocol, OtlpProtocol::kHttpJson);
    EXPECT_EQ(collector.otlp.headers, (Pairs{{"x-tenant", "blue"}}));
    EXPECT_EQ(collector.otlp.headers_path, "/etc/whodid/headers");
    EXPECT_EQ(collector.otlp.ca_path, "/etc/ca.pem");
    EXPECT_EQ(collector.otlp.certificate_path, "/etc/c.pem");
    EXPECT_EQ(collector.otlp.key_path, "/etc/k.pem");
    EXPECT_EQ(collector.otlp.proxy, "http://me:secret@proxy:3128");
    EXPECT_FALSE(collector.otlp.gzip);
    EXPECT_EQ(collector.otlp.timeout_ns, 5 * kSecond);
    EXPECT_EQ(collector.otlp.metrics_every_ns, 30 * kSecond);
    EXPECT_EQ(collector.otlp.resource, (Pairs{{"deployment.environment.name", "production"}}));
    EXPECT_EQ(collector.outbox.batch_records, 100u);
    EXPECT_EQ(collector.outbox.batch_bytes, 64u << 10);
    EXPECT_EQ(collector.outbox.batch_age_ns, kSecond / 5);
    EXPECT_EQ(collector.outbox.keep_bytes, 64u << 20);
    EXPECT_EQ(collector.outbox.keep_ns, kDayNs);
    EXPECT_EQ(collector.outbox.retry_first_ns, kSecond / 2);
    EXPECT_EQ(collector.outbox.retry_most_ns, 60 * kSecond);
    EXPECT_EQ(collector.outbox.path, "/var/lib/whodid/spool/collector");
}

TEST(Settings, EndpointsOfAnOtlpSink) {
    const auto otlp = [](const std::string& keys) {
        return good("sinks: [{name: a, type: otlp" + keys + "}]").sinks.at(0).otlp;
    };
    EXPECT_EQ(otlp("").endpoint, "http://localhost:4318/v1/logs");
    EXPECT_EQ(otlp("").metrics_endpoint, "");
    EXPECT_EQ(otlp(", protocol: grpc").endpoint, "http://localhost:4317");
    EXPECT_EQ(otlp(", protocol: grpc, endpoint: 'https://x', metrics_endpoint: auto").metrics_endpoint,
              "https://x");
    EXPECT_EQ(otlp(", logs_endpoint: 'http://x/in'").endpoint, "http://x/in");
    EXPECT_EQ(otlp(", endpoint: 'http://x', metrics_endpoint: 'http://y/m'").metrics_endpoint, "http://y/m");
}

TEST(Settings, NothingIsTheDefaults) {
    for (const char* yaml : {"", "# note\n", "{}", "budget:\nkernel: {}\nsinks:\n", "sinks: []"})
        EXPECT_TRUE(changed_keys(Settings{}, good(yaml)).empty()) << yaml;
}

// Else a default in the table is not what the daemon does.
TEST(Settings, EveryDefaultOfTheTableIsTheMembersOwn) {
    for (const Key<Settings>& key : settings_keys()) {
        const std::size_t dot = key.name.find('.');
        const std::string yaml =
            dot == key.name.npos
                ? key.name + ": " + key.fallback
                : key.name.substr(0, dot) + ": {" + key.name.substr(dot + 1) + ": " + key.fallback + "}";
        EXPECT_TRUE(changed_keys(Settings{}, good(yaml)).empty()) << yaml;
    }
    for (const SinkType type : {SinkType::kJsonLines, SinkType::kOtlp}) {
        const bool is_otlp = type == SinkType::kOtlp;
        const std::string bare =
            is_otlp ? "sinks: [{name: a, type: otlp" : "sinks: [{name: a, type: jsonl, path: /d/";
        for (const Key<SinkSettings>& key : sink_keys(type)) {
            if (key.name == "path") continue;
            const std::size_t dot = key.name.find('.');
            const std::string own =
                dot == key.name.npos
                    ? key.name + ": " + key.fallback
                    : key.name.substr(0, dot) + ": {" + key.name.substr(dot + 1) + ": " + key.fallback + "}";
            EXPECT_TRUE(changed_keys(good(bare + "}]"), good(bare + ", " + own + "}]")).empty()) << own;
        }
    }
    EXPECT_EQ(good("sinks: [{name: a, type: jsonl}]").sinks.at(0).lines.path, "-");
}

TEST(Settings, KeysAreUniqueAndDocumented) {
    const auto check = [](const auto& keys) {
        std::set<std::string> names;
        for (const KeyText& key : keys) {
            EXPECT_TRUE(names.insert(key.name).second) << key.name;
            EXPECT_GT(key.doc.size(), 5u) << key.name;
            EXPECT_LE(std::ranges::count(key.name, '.'), 1) << key.name;
            const bool is_explained = is_map(key.type) || key.type == KeyType::kExpressions;
            EXPECT_EQ(key.accepted.empty(), is_explained) << key.name;
        }
    };
    check(settings_keys());
    check(sink_keys(SinkType::kJsonLines));
    check(sink_keys(SinkType::kOtlp));
    std::set<std::string> variables;
    for (const Key<Settings>& key : settings_keys())
        EXPECT_TRUE(variables.insert(variable_name(key.name)).second);
}

// ---- what is wrong ----------------------------------------------------------------------------------------

struct Bad {
    const char *yaml, *says;
};

TEST(Settings, BadValuesNameThePlaceTheValueAndWhatIsAccepted) {
    constexpr Bad kBad[] = {
        {"profile: quite",
         "f.yaml:1:10: profile: bad value 'quite': accepted: auto, quiet, standard or forensic"},
        {"canary: 10ms", "f.yaml:1:9: canary: bad value '10ms': accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary: 5x", "f.yaml:1:9: canary: bad value '5x': accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary: -5s", "f.yaml:1:9: canary: bad value '-5s': accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary:", "f.yaml:1:1: canary: nothing is not one value: accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary: [5s]",
         "f.yaml:1:1: canary: a list is not one value: accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary: {a: 5s}",
         "f.yaml:1:1: canary: a map is not one value: accepted: at least 1s: 30s, 5m, 1h30m"},
        {"canary: \"\"", "f.yaml:1:9: canary: bad value '': accepted: at least 1s: 30s, 5m, 1h30m"},
        {"budget:\n  max_events: 20\n",
         "f.yaml:2:15: budget.max_events: bad value '20': accepted: auto, none, or events of a second: 20/s, "
         "0.5/s"},
        {"budget: {max_cpu: 200%}",
         "f.yaml:1:19: budget.max_cpu: bad value '200%': accepted: auto, none, or a part of one core: 2%, "
         "0.5%, at "
         "most 100%"},
        {"budget: 5", "f.yaml:1:9: budget: one value is not a map of: max_events, max_bytes, max_cpu"},
        {"kernel: {ring_size: 65K}",
         "f.yaml:1:21: kernel.ring_size: bad value '65K': accepted: a power of two from a page (4096) to 1G: "
         "64K, 16M"},
        {"kernel: {fold: yes}", "f.yaml:1:16: kernel.fold: bad value 'yes': accepted: true or false"},
        {"kernel: {fold_entries: 3}",
         "f.yaml:1:24: kernel.fold_entries: bad value '3': accepted: a power of two from 4 to 32768"},
        {"person_map: people",
         "f.yaml:1:13: person_map: bad value 'people': accepted: an absolute path, or none"},
        {"watch: [/a, b]", "f.yaml:1:13: watch: bad value 'b': accepted: absolute paths, and none"},
        {"watch: [/a, [b]]",
         "f.yaml:1:13: watch: a list is not one value: accepted: absolute paths, and none"},
        {"watch: {a: b}", "f.yaml:1:1: watch: a map is not a list: accepted: absolute paths, and none"},
        {"status: {socket: run.sock}",
         "f.yaml:1:18: status.socket: bad value 'run.sock': accepted: an absolute path of at most 107 bytes, "
         "or none"},
        {"metrics: {listen: ':9464'}",
         "f.yaml:1:19: metrics.listen: bad value ':9464': accepted: 127.0.0.1:9464, [::1]:9464, unix:/path "
         "or none"},
        {"spool: {path: none}", "f.yaml:1:15: spool.path: bad value 'none': accepted: an absolute path"},
        {"log: {level: loud}",
         "f.yaml:1:14: log.level: bad value 'loud': accepted: error, warn, info or debug"},
        {"forensic: {for: 73h}",
         "f.yaml:1:17: forensic.for: bad value '73h': accepted: none, or at most 72h: 30m, 4h"},
        {"canary: \"\\x1b[31m\"",
         "f.yaml:1:9: canary: bad value '\\x1b[31m': accepted: at least 1s: 30s, 5m, 1h30m"},
        {"person_map: \"/a\\0b\"", "f.yaml:1:13: person_map: a NUL in a value"},
        {"- profile", "f.yaml:1:1: the file: has to be a map: 'profile: quiet'"},
        {"profile", "f.yaml:1:1: the file: has to be a map: 'profile: quiet'"},
        {"a: [", "f.yaml:2:1: no YAML: end of sequence flow not found"},
    };
    for (const auto& [yaml, says] : kBad) EXPECT_EQ(faults_of(yaml), says) << yaml;
}

TEST(Settings, UnknownKeysNameTheNearest) {
    constexpr Bad kBad[] = {
        {"profil: quiet", "f.yaml:1:1: profil: unknown key, did you mean 'profile'?"},
        {"sink: []", "f.yaml:1:1: sink: unknown key, did you mean 'sinks'?"},
        {"budget: {max_event: 5/s}",
         "f.yaml:1:10: budget.max_event: unknown key, did you mean 'max_events'?"},
        {"max_cpu: 2%", "f.yaml:1:1: max_cpu: unknown key, did you mean 'budget.max_cpu'?"},
        {"budget.max_cpu: 2%", "f.yaml:1:1: budget.max_cpu: unknown key"},
        {"xyzzy: 1", "f.yaml:1:1: xyzzy: unknown key"},
        {"'': 1", "f.yaml:1:1: : unknown key"},
        {"\"a\\x1b\": 1", "f.yaml:1:1: a\\x1b: unknown key"},
        {"sinks: [{name: a, type: jsonl, formt: ecs}]",
         "f.yaml:1:32: sinks.a.formt: unknown key, did you mean 'format'?"},
        {"sinks: [{name: a, type: jsonl, endpoint: 'http://x'}]",
         "f.yaml:1:32: sinks.a.endpoint: goes with type otlp, and this is jsonl"},
        {"sinks: [{name: a, type: otlp, rotate: {size: 1G}}]",
         "f.yaml:1:31: sinks.a.rotate: goes with type jsonl, and this is otlp"},
        {"sinks: [{name: a, type: otlp, tls: {cert: /x}}]", "f.yaml:1:37: sinks.a.tls.cert: unknown key"},
    };
    for (const auto& [yaml, says] : kBad) EXPECT_EQ(faults_of(yaml), says) << yaml;
}

TEST(Settings, BadSinks) {
    constexpr Bad kBad[] = {
        {"sinks: files",
         "f.yaml:1:8: sinks: one value is not a list of sinks: '- {name: files, type: jsonl}'"},
        {"sinks: {name: a}",
         "f.yaml:1:8: sinks: a map is not a list of sinks: '- {name: files, type: jsonl}'"},
        {"sinks: [a]", "f.yaml:1:9: sinks: one value is no sink: '- {name: files, type: jsonl}'"},
        {"sinks: [{type: jsonl}]",
         "f.yaml:1:9: sinks: a sink without a name: accepted: 1 to 32 of a-z, 0-9 and -"},
        {"sinks: [{name: A, type: jsonl}]",
         "f.yaml:1:16: sinks.name: bad value 'A': accepted: 1 to 32 of a-z, 0-9 and -"},
        {"sinks: [{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, type: jsonl}]",
         "f.yaml:1:16: sinks.name: bad value 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa': accepted: 1 to 32 of a-z, "
         "0-9 and -"},
        {"sinks: [{name: a}]", "f.yaml:1:9: sinks.a.type: is missing: accepted: jsonl or otlp"},
        {"sinks: [{name: a, type: syslog}]",
         "f.yaml:1:25: sinks.a.type: bad value 'syslog': accepted: jsonl or otlp"},
        {"sinks: [{name: a, type: otlp}, {name: a, type: otlp}]",
         "f.yaml:1:39: sinks.name: 'a' is the name of another sink of this file: each has its own"},
        {"sinks: [{name: a, type: jsonl, path: log}]",
         "f.yaml:1:38: sinks.a.path: bad value 'log': accepted: -, unix:/path, /file or /directory/ (with a "
         "/ at the "
         "end)"},
        {"sinks: [{name: a, type: jsonl, path: /f, keep: {age: 1d}}]",
         "f.yaml:1:54: sinks.a.keep.age: goes with a directory of event files, and the path '/f' is none: "
         "end it with "
         "a /"},
        {"sinks: [{name: a, type: jsonl, path: /d/, rotate: {size: 1K}}]",
         "f.yaml:1:58: sinks.a.rotate.size: bad value '1K': accepted: none, or at least 64K: 64M, 1G"},
        {"sinks: [{name: a, type: jsonl, path: /d/}, {name: b, type: jsonl, path: /d/}]",
         "f.yaml:1:73: sinks.b.path: sink 'a' writes to '/d/' already"},
        {"sinks: [{name: a, type: jsonl}, {name: b, type: jsonl}]",
         "f.yaml:1:40: sinks.b.name: sink 'a' writes to '-' already"},
        {"sinks: [{name: a, type: otlp, endpoint: localhost}]",
         "f.yaml:1:41: sinks.a.endpoint: bad value 'localhost': accepted: http://host:port/path or "
         "https://..., without "
         "a user or password"},
        {"sinks: [{name: a, type: otlp, endpoint: 'http://x/v1/logs'}]",
         "f.yaml:1:41: sinks.a.endpoint: /v1/logs is appended to it: leave that away, or call the key "
         "logs_endpoint"},
        {"sinks: [{name: a, type: otlp, tls: {certificate: /c}}]",
         "f.yaml:1:50: sinks.a.tls.certificate: needs its key too: tls.key"},
        {"sinks: [{name: a, type: otlp, tls: {key: /c}}]",
         "f.yaml:1:42: sinks.a.tls.key: needs its certificate too: tls.certificate"},
        {"sinks: [{name: a, type: otlp, retry: {first: 1m}}]",
         "f.yaml:1:46: sinks.a.retry.first: is longer than retry.most"},
        {"sinks: [{name: a, type: otlp, batch: {records: 0}}]",
         "f.yaml:1:48: sinks.a.batch.records: bad value '0': accepted: a whole number from 1 to 65536"},
        {"sinks: [{name: a, type: otlp, batch: {bytes: 0}}]",
         "f.yaml:1:46: sinks.a.batch.bytes: bad value '0': accepted: from 4K to 16M"},
        {"sinks: [{name: a, type: otlp, protocol: http}]",
         "f.yaml:1:41: sinks.a.protocol: bad value 'http': accepted: http/protobuf, http/json or grpc"},
        {"sinks: [{name: a, type: otlp, headers: [x]}]", "f.yaml:1:31: sinks.a.headers: a list is not a map"},
        {"sinks: [{name: a, type: otlp, headers: {x y: z}}]",
         "f.yaml:1:46: sinks.a.headers: 'x y' is no name of a header"},
        {"sinks: [{name: a, type: otlp, headers: {x: \"a\\r\\nb\"}}]",
         "f.yaml:1:44: sinks.a.headers: the value of 'x' has control characters"},
    };
    for (const auto& [yaml, says] : kBad) EXPECT_EQ(faults_of(yaml), says) << yaml;
}

TEST(Settings, SecretsHaveNoPlaceInTheFile) {
    for (const char* name : {"authorization", "Authorization", "api-key", "X-API-Key", "Proxy-Authorization",
                             "x-honeycomb-token", "DD-API-KEY", "Cookie"}) {
        const std::string said =
            faults_of("sinks: [{name: a, type: otlp, headers: {" + std::string(name) + ": hunter2}}]");
        EXPECT_NE(
            said.find("sinks.a.headers: '" + std::string(name) + "' is a secret, which others can read here"),
            std::string::npos)
            << said;
        EXPECT_NE(said.find("headers_file"), std::string::npos) << said;
        EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
    }
    const std::string said = faults_of("sinks: [{name: a, type: otlp, endpoint: 'http://me:hunter2@x'}]");
    EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
    EXPECT_NE(said.find("bad value 'http://***@x'"), std::string::npos) << said;
}

TEST(Settings, FaultsOfFiltersHaveBothPlaces) {
    EXPECT_EQ(faults_of("filter:\n  - exists user\n  - usr == 1\n"),
              "f.yaml:3:5: filter: column 1: no field is called 'usr', did you mean 'user'?; `whodid fields` "
              "lists them\n"
              "    usr == 1\n    ^~~");
    const std::string said = faults_of("sinks: [{name: a, type: jsonl, filter: ['user ==']}]");
    EXPECT_EQ(said.substr(0, said.find('\n')).substr(0, 37), "f.yaml:1:41: sinks.a.filter: column 8") << said;
}

TEST(Settings, ForensicHasAnEndAndAReason) {
    EXPECT_EQ(
        faults_of("profile: forensic"),
        "f.yaml:1:10: profile: forensic tells everything about everybody: say for how long in forensic.for, "
        "and why in forensic.reason");
    EXPECT_EQ(faults_of("forensic: {for: 1h, reason: x}"),
              "f.yaml:1:17: forensic.for: goes with profile: forensic\n"
              "f.yaml:1:29: forensic.reason: goes with profile: forensic");
    EXPECT_EQ(
        faults_of("profile: forensic\nforensic: {for: 1h, reason: x}\nbudget: {max_cpu: 2%}"),
        "f.yaml:3:19: budget.max_cpu: profile forensic tells everything, whatever it costs: none, or another "
        "profile");
    EXPECT_EQ(faults_of("profile: forensic\nforensic: {for: 1h, reason: x}\nbudget: {max_cpu: none}"), "");
}

TEST(Settings, AllThatIsWrongIsSaid) {
    EXPECT_EQ(of("profile: x\nprofil: y\ncanary: z\nsinks: [{name: a, type: b}, {name: c, type: otlp, d: 1}]")
                  .errors.size(),
              5u);
}

TEST(Settings, WhatIsWrongIsNotTaken) {
    const Configuration read = of("canary: 5x\nwatch: [/a, b]\nheartbeat: 5s\n");
    EXPECT_EQ(read.settings.canary_ns, kCanaryNs);
    EXPECT_TRUE(read.settings.watch_paths.empty());
    EXPECT_EQ(read.settings.heartbeat_ns, 5 * kSecond);
}

// ---- values -----------------------------------------------------------------------------------------------

TEST(Settings, Urls) {
    for (const char* url :
         {"http://a", "https://a.b:1/c", "http://127.0.0.1:4318", "http://[::1]:4318/x", "http://a/"})
        EXPECT_TRUE(parse_url(url)) << url;
    for (const char* url : {"", "a", "ftp://a", "http://", "http:///x", "http://a b", "http://a:0",
                            "http://a:65536", "http://a:", "http://u@a", "http://a?x", "http://a#x",
                            "http://[::1", "http://[x]", "http://a:1:2", "http://a\n", "http://[]"})
        EXPECT_FALSE(parse_url(url)) << url;
    EXPECT_FALSE(parse_url("http://a/" + std::string(2048, 'x')));
}

TEST(Settings, Listens) {
    for (const char* place : {"127.0.0.1:9464", "[::1]:9464", "0.0.0.0:1", "unix:/run/x"})
        EXPECT_TRUE(parse_listen(place)) << place;
    for (const char* place : {"", ":1", "localhost:1", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999",
                              "::1:9464", "unix:x", "unix:", "unix:/", "[127.0.0.1]:1", "127.0.0.1:+5"})
        EXPECT_FALSE(parse_listen(place)) << place;
    EXPECT_FALSE(parse_listen("unix:/" + std::string(107, 'x')));
    EXPECT_TRUE(parse_listen("unix:/" + std::string(106, 'x')));
}

TEST(Settings, PasswordsAreMasked) {
    EXPECT_EQ(without_password("http://u:p@h:1/x"), "http://***@h:1/x");
    EXPECT_EQ(without_password("http://u:p@q@h"), "http://***@h");
    EXPECT_EQ(without_password("http://h/x"), "http://h/x");
    EXPECT_EQ(without_password("u:p@h"), "***@h");
}

// ---- files on disk ----------------------------------------------------------------------------------------

TEST(Settings, MoreFilesCountMore) {
    const test::Directory directory;
    const std::string path =
        directory.write("whodid.yaml",
                        "profile: quiet\nbudget: {max_events: 20/s, max_cpu: 2%}\nwatch: [/a, /b]\n"
                        "sinks:\n  - {name: files, type: jsonl, path: /d/, keep: {age: 1d}}\n");
    directory.write("conf.d/20-b.yaml", "budget: {max_events: 5/s}\nwatch: [/c]\n");
    directory.write("conf.d/10-a.yaml",
                    "profile: standard\nbudget: {max_events: 7/s}\n"
                    "sinks: [{name: files, keep: {size: 2G}}, {name: far, type: otlp}]\n");
    directory.write("conf.d/.hidden.yaml", "nonsense: 1\n");
    directory.write("conf.d/30-c.yaml.bak", "nonsense: 1\n");
    directory.write("conf.d/README", "nonsense: 1\n");
    const Configuration read = read_configuration(path, {});
    EXPECT_EQ(joined(read.errors), "");
    EXPECT_EQ(read.settings.profile, Profile::kStandard);
    EXPECT_EQ(read.settings.max_events_per_s, 5);
    EXPECT_EQ(read.settings.max_cpu_percent, 2);
    EXPECT_EQ(read.settings.watch_paths, std::vector<std::string>{"/c"});
    ASSERT_EQ(read.settings.sinks.size(), 2u);
    EXPECT_EQ(read.settings.sinks[0].lines.keep_ns, kDayNs);
    EXPECT_EQ(read.settings.sinks[0].lines.keep_bytes, 2ull << 30);
    EXPECT_EQ(read.given.at("budget.max_events").source, directory.path + "/conf.d/20-b.yaml");
    EXPECT_EQ(read.given.at("sinks.files.keep.age").source, path);
}

TEST(Settings, ASinkKeepsItsType) {
    const test::Directory directory;
    const std::string path = directory.write("f.yaml", "sinks: [{name: a, type: jsonl}]\n");
    const std::string more = directory.write("conf.d/a.yaml", "sinks: [{name: a, type: otlp}]\n");
    EXPECT_EQ(joined(read_configuration(path, {}).errors),
              more + ":1:25: sinks.a.type: bad value 'otlp': " + path +
                  ":1:25 has made it jsonl: another type is another sink, with a name of its own");
}

TEST(Settings, FilesThatCannotBeRead) {
    const test::Directory directory;
    const auto missing = load_settings(directory.path + "/none.yaml", {});
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("none.yaml: No such file"), std::string::npos)
        << missing.error().message;
    EXPECT_EQ(missing.error().code, EINVAL);
    const auto directory_itself = load_settings(directory.path, {});
    ASSERT_FALSE(directory_itself);
    const std::string path = directory.write("f.yaml", "canary: x\n");
    directory.write("conf.d", "a file");
    const auto both = load_settings(path, {});
    ASSERT_FALSE(both);
    EXPECT_NE(both.error().message.find("canary: bad value 'x'"), std::string::npos) << both.error().message;
    EXPECT_NE(both.error().message.find("conf.d: Not a directory"), std::string::npos)
        << both.error().message;
    const auto large = load_settings(directory.write("large.yaml", std::string(kYamlBytesMax + 1, '#')), {});
    ASSERT_FALSE(large);
    EXPECT_NE(large.error().message.find("more than 1048576 bytes"), std::string::npos);
}

// ---- environment ------------------------------------------------------------------------------------------

TEST(Settings, VariablesCountMoreThanFiles) {
    const Environment environment = {{"WHODID_PROFILE", "quiet"},
                                     {"WHODID_BUDGET_MAX_CPU", "1%"},
                                     {"WHODID_FILTER", "exists user"},
                                     {"WHODID_PERSON_MAP", "relative"},
                                     {"WHODID_CANARY", ""},
                                     {"WHODID_SINKS_MY_FILES_KEEP_AGE", "3d"},
                                     {"WHODID_SINKS_FAR_RESOURCE", "a=b,c=%20d"},
                                     {"WHODID_RING_SIZE", "64K"}};
    const Settings s = good(
        "profile: standard\ncanary: 5s\nfilter: [exists tag]\n"
        "sinks: [{name: my-files, type: jsonl, path: /d/, keep: {age: 1d}}, {name: far, type: otlp}]",
        environment);
    EXPECT_EQ(s.profile, Profile::kQuiet);
    EXPECT_EQ(s.max_cpu_percent, 1);
    EXPECT_EQ(s.filters, std::vector<std::string>{"exists user"});
    EXPECT_EQ(s.person_map_path, "relative");
    EXPECT_EQ(s.canary_ns, 5 * kSecond);
    EXPECT_EQ(s.sinks.at(0).lines.keep_ns, 3 * kDayNs);
    EXPECT_EQ(s.sinks.at(1).otlp.resource,
              (std::vector<std::pair<std::string, std::string>>{{"a", "b"}, {"c", " d"}}));
    EXPECT_EQ(s.load.ring_bytes, 16u << 20) << "that variable is an option's";
}

TEST(Settings, BadVariables) {
    EXPECT_EQ(faults_of("", {{"WHODID_BUDGET_MAX_CPU", "lots"}}),
              "WHODID_BUDGET_MAX_CPU: bad value 'lots': accepted: auto, none, or a part of one core: 2%, "
              "0.5%, at most "
              "100%");
    EXPECT_EQ(faults_of("", {{"WHODID_FORENSIC_REASON", "\xff"}}), "WHODID_FORENSIC_REASON: not UTF-8");
    EXPECT_EQ(faults_of("sinks: [{name: a, type: otlp}]", {{"WHODID_SINKS_A_HEADERS", "x"}}),
              "WHODID_SINKS_A_HEADERS: entry 1 is not NAME=VALUE, with %XX for what is no plain character");
}

TEST(Settings, OtelMakesASink) {
    const Settings s =
        good("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"},
                  {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, x-tenant=blue"},
                  {"OTEL_EXPORTER_OTLP_COMPRESSION", "none"},
                  {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                  {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                  {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c.pem"},
                  {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k.pem"},
                  {"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,deployment.environment.name=prod"},
                  {"OTEL_SERVICE_NAME", "b"},
                  {"OTEL_BLRP_SCHEDULE_DELAY", "200"},
                  {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "64"},
                  {"OTEL_METRIC_EXPORT_INTERVAL", "10s"}});
    ASSERT_EQ(s.sinks.size(), 1u);
    const SinkSettings& sink = s.sinks[0];
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(sink.name, "otel");
    EXPECT_EQ(sink.type, SinkType::kOtlp);
    EXPECT_EQ(sink.otlp.endpoint, "http://c:4318/v1/logs");
    EXPECT_EQ(sink.otlp.metrics_endpoint, "http://c:4318/v1/metrics");
    EXPECT_EQ(sink.otlp.headers, (Pairs{{"authorization", "Bearer x"}, {"x-tenant", "blue"}}));
    EXPECT_FALSE(sink.otlp.gzip);
    EXPECT_EQ(sink.otlp.timeout_ns, 2500 * kSecond / 1000);
    EXPECT_EQ(sink.otlp.ca_path, "/ca.pem");
    EXPECT_EQ(sink.otlp.certificate_path, "/c.pem");
    EXPECT_EQ(sink.otlp.key_path, "/k.pem");
    EXPECT_EQ(sink.otlp.resource, (Pairs{{"deployment.environment.name", "prod"}, {"service.name", "b"}}));
    EXPECT_EQ(sink.outbox.batch_age_ns, kSecond / 5);
    EXPECT_EQ(sink.outbox.batch_records, 64u);
    EXPECT_EQ(sink.otlp.metrics_every_ns, 10 * kSecond);
    EXPECT_EQ(sink.outbox.path, "/var/lib/whodid/spool/otel");
}

TEST(Settings, OtelEndpoints) {
    const auto otlp = [](const Environment& environment) { return good("", environment).sinks.at(0).otlp; };
    EXPECT_EQ(otlp({{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://c/in"}}).endpoint, "http://c/in");
    EXPECT_EQ(otlp({{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://c/in"}}).metrics_endpoint, "");
    EXPECT_EQ(
        otlp({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"}, {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://b"}})
            .endpoint,
        "http://b");
    EXPECT_EQ(otlp({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"}, {"OTEL_METRICS_EXPORTER", "none"}})
                  .metrics_endpoint,
              "");
    EXPECT_EQ(otlp({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"},
                    {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m"}})
                  .metrics_endpoint,
              "http://m");
    EXPECT_EQ(
        otlp({{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).endpoint,
        "https://c:4317");
    EXPECT_EQ(otlp({{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"},
                    {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"},
                    {"OTEL_EXPORTER_OTLP_INSECURE", "true"}})
                  .endpoint,
              "http://c:4317");
}

TEST(Settings, OtelMakesNoSinkWhenToldNotTo) {
    const std::pair<std::string, std::string> endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"};
    EXPECT_TRUE(good("", {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).sinks.empty());
    EXPECT_TRUE(good("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}).sinks.empty());
    EXPECT_TRUE(good("", {endpoint, {"OTEL_SDK_DISABLED", "True"}}).sinks.empty());
    EXPECT_TRUE(good("", {endpoint, {"OTEL_LOGS_EXPORTER", "none"}}).sinks.empty());
    EXPECT_EQ(
        good("", {endpoint, {"OTEL_SDK_DISABLED", "false"}, {"OTEL_LOGS_EXPORTER", "otlp"}}).sinks.size(),
        1u);
}

TEST(Settings, OtelFillsWhatASinkDoesNotSay) {
    const Environment environment = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other"},
                                     {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://another"},
                                     {"OTEL_EXPORTER_OTLP_TIMEOUT", "5000"},
                                     {"OTEL_EXPORTER_OTLP_COMPRESSION", "none"}};
    const Settings s =
        good("sinks: [{name: a, type: otlp, endpoint: 'http://own', timeout: 3s}, {name: b, type: otlp}]",
             environment);
    EXPECT_EQ(s.sinks.at(0).otlp.endpoint, "http://own/v1/logs");
    EXPECT_EQ(s.sinks.at(0).otlp.metrics_endpoint, "");
    EXPECT_EQ(s.sinks.at(0).otlp.timeout_ns, 3 * kSecond);
    EXPECT_FALSE(s.sinks.at(0).otlp.gzip);
    EXPECT_EQ(s.sinks.at(1).otlp.endpoint, "http://another");
    EXPECT_EQ(s.sinks.at(1).otlp.timeout_ns, 5 * kSecond);
    Environment more = environment;
    more["WHODID_SINKS_A_TIMEOUT"] = "7s";
    more["WHODID_SINKS_B_TIMEOUT"] = "8s";
    const Settings over = good("sinks: [{name: a, type: otlp, timeout: 3s}, {name: b, type: otlp}]", more);
    EXPECT_EQ(over.sinks.at(0).otlp.timeout_ns, 7 * kSecond);
    EXPECT_EQ(over.sinks.at(1).otlp.timeout_ns, 8 * kSecond);
}

TEST(Settings, OtelsBadValuesAreWarnedOf) {
    const Configuration read = of("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                                       {"OTEL_EXPORTER_OTLP_PROTOCOL", "soap"},
                                       {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},
                                       {"OTEL_EXPORTER_OTLP_HEADERS", "secret"},
                                       {"OTEL_RESOURCE_ATTRIBUTES", "a=%zz"}});
    EXPECT_EQ(joined(read.errors), "");
    std::vector<std::string> warnings = read.warnings;
    std::ranges::sort(warnings);
    EXPECT_EQ(
        joined(warnings),
        "OTEL_EXPORTER_OTLP_HEADERS: entry 1 is not NAME=VALUE, with %XX for what is no plain character; "
        "ignored\n"
        "OTEL_EXPORTER_OTLP_PROTOCOL: bad value 'soap': accepted: http/protobuf, http/json or grpc; ignored\n"
        "OTEL_EXPORTER_OTLP_TIMEOUT: bad value 'soon': accepted: from 1ms to 24h: 500ms, 10s, 5m; ignored\n"
        "OTEL_RESOURCE_ATTRIBUTES: entry 1 is not NAME=VALUE, with %XX for what is no plain character; "
        "ignored");
    ASSERT_EQ(read.settings.sinks.size(), 1u);
    EXPECT_EQ(read.settings.sinks[0].otlp.protocol, OtlpProtocol::kHttpProtobuf);
    EXPECT_EQ(read.settings.sinks[0].otlp.timeout_ns, 10 * kSecond);
}

TEST(Settings, OtelsSinkHasANameOfItsOwn) {
    const Settings s =
        good("sinks: [{name: otel, type: jsonl}]", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
    ASSERT_EQ(s.sinks.size(), 2u);
    EXPECT_EQ(s.sinks[1].name, "otel-2");
}

TEST(Settings, Baggage) {
    const auto pairs = parse_baggage(" a = 1 ,b=x=y,, c=%2C%20");
    ASSERT_TRUE(pairs);
    EXPECT_EQ(*pairs, (NamedTexts{{"a", "1"}, {"b", "x=y"}, {"c", ", "}}));
    EXPECT_TRUE(parse_baggage("")->empty());
    for (const char* text : {"a", "=b", "a=%", "a=%2", "a=%2x", "a=1,b"})
        EXPECT_FALSE(parse_baggage(text)) << text;
}

TEST(Settings, SignalEndpoints) {
    EXPECT_EQ(signal_endpoint("http://a", "logs", OtlpProtocol::kHttpProtobuf), "http://a/v1/logs");
    EXPECT_EQ(signal_endpoint("http://a/", "logs", OtlpProtocol::kHttpJson), "http://a/v1/logs");
    EXPECT_EQ(signal_endpoint("http://a/b", "metrics", OtlpProtocol::kHttpJson), "http://a/b/v1/metrics");
    EXPECT_EQ(signal_endpoint("http://a:4317", "logs", OtlpProtocol::kGrpc), "http://a:4317");
}

// ---- pages ------------------------------------------------------------------------------------------------

TEST(Settings, TheEffectivePageSaysTheSame) {
    const Environment environment = {{"WHODID_BUDGET_MAX_CPU", "1%"}, {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"}};
    const Configuration read =
        of("profile: quiet\nfilter: ['user == \"bob\"', 'path startswith \"/a, b\"']\n"
           "sinks:\n  - {name: files, type: jsonl, path: /d/, keep: {age: 1d}}\n"
           "  - {name: far, type: otlp, resource: {a.b: 'c: d'}}\n",
           environment);
    const std::string page = effective_page(read);
    const Configuration again = of(page);
    EXPECT_EQ(joined(again.errors), "") << page;
    EXPECT_EQ(joined(changed_keys(read.settings, again.settings)), "") << page;
    EXPECT_NE(page.find("profile: quiet  # f.yaml:1\n"), page.npos) << page;
    EXPECT_NE(page.find("canary: 30s  # default\n"), page.npos) << page;
    EXPECT_NE(page.find("  max_cpu: 1%  # WHODID_BUDGET_MAX_CPU\n"), page.npos) << page;
    EXPECT_NE(page.find("    timeout: 2500ms  # OTEL_EXPORTER_OTLP_TIMEOUT\n"), page.npos) << page;
    EXPECT_NE(page.find("      age: 1d  # f.yaml:4\n"), page.npos) << page;
    EXPECT_EQ(joined(changed_keys(Settings{}, good(effective_page(of(""))))), "");
}

TEST(Settings, TheEffectivePageMasksSecrets) {
    const Configuration read =
        of("sinks: [{name: a, type: otlp, proxy: 'http://me:hunter2@p:1', headers: {x: hunter2}}]");
    const std::string page = effective_page(read);
    EXPECT_EQ(page.find("hunter2"), page.npos) << page;
    EXPECT_EQ(faults_of(page), "");
    const std::string more = effective_page(of("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                                                    {"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=hunter2"}}));
    EXPECT_EQ(more.find("hunter2"), more.npos) << more;
    EXPECT_EQ(faults_of(more), "");
}

TEST(Settings, TheShippedFileIsFresh) {
    EXPECT_TRUE(page_of("packaging/whodid.yaml") == shipped_page())
        << "packaging/whodid.yaml is not what the table says: run `make docs`";
}

TEST(Settings, TheShippedFileHasEveryKeyWithItsDefault) {
    const std::string page = page_of("packaging/whodid.yaml");
    const auto check = [&](const KeyText& key, const std::string& indent) {
        const std::string leaf = key.name.substr(key.name.find('.') + 1);
        const std::string deep = leaf == key.name ? indent : indent + "  ";
        const bool is_set = key.name == "profile" || (key.name == "path" && indent == "    ");
        EXPECT_EQ(page.find("\n" + deep + "#" + leaf + ": " + key.fallback + "\n") != page.npos, !is_set)
            << key.name;
    };
    for (const KeyText& key : settings_keys()) check(key, "");
    for (const KeyText& key : sink_keys(SinkType::kJsonLines)) check(key, "    ");
    for (const KeyText& key : sink_keys(SinkType::kOtlp)) check(key, "    ");
}

TEST(Settings, TheShippedFileIsTheDefaultsAndOneSink) {
    const std::string page = page_of("packaging/whodid.yaml");
    const Settings shipped = good(page);
    EXPECT_EQ(joined(changed_keys(Settings{}, shipped)), "profile\nsinks.files");
    EXPECT_EQ(shipped.profile, Profile::kStandard);
    const Settings bare =
        good("profile: standard\nsinks: [{name: files, type: jsonl, path: /var/log/whodid/}]");
    EXPECT_EQ(joined(changed_keys(bare, shipped)), "");
    const Settings all = good(uncommented(page));
    EXPECT_EQ(joined(changed_keys(shipped, all)), "sinks.collector");
    const Settings both = good(
        "profile: standard\nsinks: [{name: files, type: jsonl, path: /var/log/whodid/}, {name: collector, "
        "type: otlp}]");
    EXPECT_EQ(joined(changed_keys(both, all)), "");
}

TEST(Settings, TheDocumentIsFresh) {
    EXPECT_TRUE(page_of("docs/configuration.md") == configuration_markdown())
        << "docs/configuration.md is not what the table says: run `make docs`";
}

TEST(Settings, TheDocumentsExampleIsGood) {
    const std::string page = configuration_markdown();
    const std::size_t begin = page.find("```yaml\n") + 8;
    const Settings s = good(page.substr(begin, page.find("```", begin) - begin));
    EXPECT_EQ(s.sinks.size(), 2u);
}

TEST(Settings, ChangesAreNamed) {
    const Settings before =
        good("sinks: [{name: a, type: jsonl, path: /d/}, {name: b, type: otlp}, {name: c, type: otlp}]");
    const Settings after = good(
        "canary: 5s\nsinks: [{name: a, type: jsonl, path: /d/, seal: false}, {name: b, type: jsonl}, {name: "
        "d, type: otlp}]");
    EXPECT_EQ(joined(changed_keys(before, after)), "canary\nsinks.a.seal\nsinks.b\nsinks.c\nsinks.d");
}

TEST(Settings, OneLineOfWhatItWouldDo) {
    EXPECT_EQ(describe_settings(good("")), "profile auto; no sinks: to standard output");
    EXPECT_EQ(describe_settings(
                  good("profile: quiet\nbudget: {max_events: 20/s, max_cpu: 2%}\nfilter: [exists user]\n"
                       "sinks: [{name: a, type: jsonl, path: /d/}, {name: b, type: otlp}]")),
              "profile quiet; at most 20 events/s, 2% of a core; 1 filters; sinks: a (jsonl, /d/), b (otlp, "
              "http://localhost:4318/v1/logs)");
}

}  // namespace
}  // namespace whodid
