// SPDX-License-Identifier: Apache-2.0
// The command line: declares the arguments of each command, and runs the one that was asked for.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/check.h"
#include "app/config.h"
#include "app/configuration.h"
#include "app/erase.h"
#include "app/exit_code.h"
#include "app/explain.h"
#include "app/fields.h"
#include "app/log.h"
#include "app/options.h"
#include "app/record.h"
#include "app/replay.h"
#include "app/run.h"
#include "app/say.h"
#include "app/status_command.h"
#include "app/trace.h"
#include "app/verify.h"
#include "app/version.h"
#include "app/volume.h"
#include "app/watch.h"
#include "base/nearest.h"

namespace whodid {

namespace {

/// CLI11's help without the variables' names in every line: the footer tells the rule.
struct Help : CLI::Formatter {
    std::string make_option_opts(const CLI::Option* option) const override {
        const bool bare = option->get_type_size() == 0 || option->get_positional();
        return bare ? std::string() : " " + option->get_type_name();
    }
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        return CLI::detail::find_and_replace(Formatter::make_help(app, std::move(name), mode), "\n\n\n",
                                             "\n\n");
    }
    std::string make_option_usage(const CLI::Option* option) const override {
        const std::string name = option->get_name(true, false);
        const bool many = option->get_expected_max() >= CLI::detail::expected_max_vector_size;
        return option->get_required() ? name : "[" + name + (many ? "...]" : "]");
    }
};

/// An option whose value a function of ours reads.
template <class T>
CLI::Option* add_parsed(CLI::App& command, const std::string& names, const std::string& type,
                        Result<T> (*parse)(std::string_view), std::function<void(T)> take,
                        const std::string& doc) {
    const std::string name = names.substr(names.find("--"));
    return command
        .add_option_function<std::string>(
            names,
            [=](const std::string& text) {
                const auto value = parse(text);
                if (!value) throw CLI::ValidationError(name, value.error().message);
                take(*value);
            },
            doc)
        ->type_name(type);
}

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

/// An option that takes one of a few words.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& names, const Words<T>& words,
                        std::function<void(T)> take, const std::string& doc) {
    const std::string name = names.substr(names.find("--"));
    std::string all;
    for (const auto& [word, value] : words) all += (all.empty() ? "" : "|") + word;
    return command
        .add_option_function<std::string>(
            names,
            [=](const std::string& text) {
                const auto found = std::ranges::find(words, text, &std::pair<std::string, T>::first);
                if (found == words.end())
                    throw CLI::ValidationError(name, fmt::format("'{}' is none of {}", text, all));
                take(found->second);
            },
            doc)
        ->type_name(all);
}

template <class T>
CLI::Option* add_parsed_list(CLI::App& command, const std::string& names, const std::string& type,
                             Result<T> (*parse)(std::string_view), std::vector<T>& to,
                             const std::string& doc) {
    const std::string name = names.substr(names.find("--"));
    return command
        .add_option_function<std::vector<std::string>>(
            names,
            [=, &to](const std::vector<std::string>& texts) {
                for (const std::string& text : texts) {
                    const auto value = parse(text);
                    if (!value) throw CLI::ValidationError(name, value.error().message);
                    to.push_back(*value);
                }
            },
            doc)
        ->type_name(type)
        ->allow_extra_args(false);
}

/// Several values, one each time the option is given.
template <class T>
CLI::Option* add_list(CLI::App& command, const std::string& names, const std::string& type,
                      std::vector<T>& to, const std::string& doc) {
    return command.add_option(names, to, doc)->type_name(type)->allow_extra_args(false);
}

constexpr const char* kRunGroup = "Run";

CLI::Option* add_filter(CLI::App& command, std::vector<std::string>& filters) {
    return add_list(command, "--filter", "EXPR", filters,
                    "Only what meets it: 'user == \"bob\" and dport in {22, 3306}'");
}

CLI::Option* add_person_map(CLI::App& command, std::string& path) {
    return command
        .add_option("--person-map", path, "Who is who: lines \"SHA256:... name\", \"account@address name\"")
        ->type_name("FILE");
}

CLI::Option* add_watch(CLI::App& command, std::vector<std::string>& paths) {
    return add_list(command, "--watch", "FILE", paths,
                    "Tag what is done to what it lists, too; none: no built-in list");
}

CLI::Option* add_seen(CLI::App& command, std::string& path) {
    return command.add_option("--seen", path, "Remember here, from run to run, which programs were seen")
        ->type_name("FILE");
}

CLI::Option* add_ledger(CLI::App& command, LedgerFormat& ledger) {
    const Words<LedgerFormat> ledgers = {{"text", LedgerFormat::kText}, {"json", LedgerFormat::kJson}};
    return add_choice<LedgerFormat>(
        command, "--ledger", ledgers, [&ledger](LedgerFormat l) { ledger = l; },
        "The whole account of events at the end");
}

CLI::Option* add_profile(CLI::App& command, std::function<void(Profile)> take, const char* doc) {
    const Words<Profile> profiles = {
        {"quiet", Profile::kQuiet}, {"standard", Profile::kStandard}, {"forensic", Profile::kForensic}};
    return add_choice<Profile>(command, "--profile", profiles, std::move(take), doc);
}

void add_view(CLI::App& command, ViewOptions& view) {
    command.add_option("KIND", view.kinds,
                       "exec, file.open, network, ...: only these kinds, and all of them");
    const std::string which = "Which events";
    command.option_defaults()->group(which);
    command.add_flag("-a,--all", view.everything, "All events, fork, exit and library reads too");
    add_list(command, "-u,--user", "NAME|UID", view.users, "By this login user or person; - is nobody");
    add_list(command, "--session", "ID", view.sessions, "In this login session");
    add_parsed_list<std::uint32_t>(command, "-p,--pid", "PID", parse_pid, view.pids, "By this process");
    add_parsed<std::uint32_t>(
        command, "--tree", "PID", parse_pid, [&view](std::uint32_t pid) { view.tree_pid = pid; },
        "By this process or one that descends from it");
    add_list(command, "-x,--exe", "GLOB", view.exes, "By this program: its path or its name");
    add_list(command, "--path", "GLOB", view.paths, "On this file, reading included; * matches / too");
    command.add_flag("--failed", view.failed_only, "Only what was refused or failed");
    add_filter(command, view.filters);
    add_profile(
        command, [&view](Profile p) { view.profile = p; }, "Of these, what run would tell: docs/profiles.md");
    add_parsed<std::uint64_t>(
        command, "--count", "N", parse_count, [&view](std::uint64_t n) { view.count_max = n; },
        "Stop after that many");

    command.option_defaults()->group("Output");
    const Words<Format> formats = {
        {"text", Format::kText}, {"wide", Format::kWide}, {"json", Format::kJson}, {"flat", Format::kFlat}};
    add_choice<Format>(
        command, "-o,--output", formats, [&view](Format f) { view.format = f; },
        "Default: text on a terminal, else JSON lines");
    command.add_option("--fields", view.fields, "Only these fields, by key or alias")
        ->type_name("A,B,...")
        ->delimiter(',')
        ->allow_extra_args(false);
    command
        .add_option("-w,--write", view.write_path, "JSON lines to this file, mode 0600; - is standard output")
        ->type_name("FILE");
    const Words<ColorMode> colors = {
        {"auto", ColorMode::kAuto}, {"always", ColorMode::kAlways}, {"never", ColorMode::kNever}};
    add_choice<ColorMode>(
        command, "--color", colors, [&view](ColorMode c) { view.color = c; },
        "NO_COLOR and CLICOLOR_FORCE are honoured");
    command.add_flag_callback(
        "--local", [&view] { view.local_time = true; }, "Times in local time");
    command.add_flag_callback(
        "--utc", [&view] { view.local_time = false; }, "Times in UTC (default)");
    add_person_map(command, view.person_map_path);
    add_watch(command, view.watch_paths);
    command.add_flag("-q,--quiet", view.quiet, "No footer");
    command.add_flag("-v,--verbose", view.verbose, "Say more on standard error");
    add_ledger(command, view.ledger);
    command.option_defaults()->group("Options");
}

CLI::Option* add_ring_size(CLI::App& command, LoadOptions& load) {
    return add_parsed<std::uint32_t>(
        command, "--ring-size", "SIZE", parse_ring_size,
        [&load](std::uint32_t bytes) { set_ring_size(load, bytes); },
        "Room for events on their way, 4K to 1G; default 16M");
}

CLI::Option* add_backend(CLI::App& command, LoadOptions& load) {
    const Words<bool> backends = {{"auto", false}, {"tracepoint", true}};
    return add_choice<bool>(
        command, "--backend", backends, [&load](bool only) { load.tracepoints_only = only; },
        "See system calls as well as this kernel can, or as any can");
}

CLI::Option* add_duration(CLI::App& command, std::uint64_t& ns) {
    return add_parsed<std::uint64_t>(
        command, "-d,--duration", "TIME", parse_duration, [&ns](std::uint64_t parsed) { ns = parsed; },
        "Stop after 30s, 5m, 1h; a plain number is seconds");
}

CLI::Option* add_canary(CLI::App& command, std::uint64_t& ns) {
    return add_parsed<std::uint64_t>(
        command, "--canary", "TIME", parse_period, [&ns](std::uint64_t parsed) { ns = parsed; },
        "How often it proves that it still sees; at least 1s, default 30s");
}

CLI::Option* add_pam_uprobes(CLI::App& command, LoadOptions& load) {
    return command.add_flag("--pam-uprobes", load.pam_uprobes,
                            "Watch libpam's functions too, for logins that tell audit nothing");
}

void add_fold(CLI::App& command, LoadOptions& load, const std::string& group) {
    const auto flag = [&](const std::string& name, bool folds, const std::string& doc) {
        command
            .add_flag_callback(
                name, [&load, folds] { load.folds = folds; },
                doc + (load.folds == folds ? " (the default)" : ""))
            ->group(group);
    };
    flag("--fold", true, "Tell the first of acts that are alike, later their number");
    flag("--every-event", false, "Tell each of them, and no summaries");
    add_parsed<std::uint64_t>(
        command, "--fold-window", "TIME", parse_period,
        [&load](std::uint64_t ns) { load.fold_window = {ns}; },
        "How long they are counted; at least 1s, default 60s")
        ->group(group);
    add_parsed<std::uint32_t>(
        command, "--fold-entries", "COUNT", parse_fold_entries,
        [&load](std::uint32_t entries) { load.fold_entries = entries; },
        "How many sorts at once, a power of two; default 8192")
        ->group(group);
}

void add_trace(CLI::App& command, TraceOptions& options) {
    add_view(command, options.view);
    add_duration(command, options.duration_ns)->group(kRunGroup);
    add_ring_size(command, options.load)->group(kRunGroup);
    add_backend(command, options.load)->group(kRunGroup);
    add_fold(command, options.load, kRunGroup);
    add_canary(command, options.canary_ns)->group(kRunGroup);
    add_pam_uprobes(command, options.load)->group(kRunGroup);
    add_seen(command, options.seen_path)->group(kRunGroup);
    auto* standalone = command.add_flag("--standalone", options.standalone,
                                        "Programs of its own, also where a daemon has some");
    command
        .add_option("--socket", options.socket,
                    fmt::format("Of the daemon whose events it shows; default {}", kStatusSocket))
        ->type_name("PATH")
        ->excludes(standalone)
        ->group(kRunGroup);
    standalone->group(kRunGroup);
}

/// The first option that was given and says how programs are loaded or events are made; empty: none.
std::string option_of_own_programs(const CLI::App& trace) {
    for (const char* name :
         {"--ring-size", "--backend", "--fold", "--every-event", "--fold-window", "--fold-entries",
          "--canary", "--pam-uprobes", "--seen", "--person-map", "--watch"})
        if (trace.count(name) != 0) return name;
    return {};
}

void add_record(CLI::App& command, RecordOptions& options) {
    command.add_option("FILE", options.path, "Where to; mode 0600")->required();
    command.add_option("KIND", options.kinds,
                       "Of file and network events only these; logins and programs always");
    add_duration(command, options.duration_ns);
    command.add_flag("-f,--force", options.force, "Overwrite the file");
    command.add_option("--host-name", options.host_name, "In place of this host's own name")
        ->type_name("NAME");
    command.add_flag("--unmasked", options.unmasked, "Keep passwords and keys of command lines as they are");
    command.add_flag("-q,--quiet", options.quiet, "No footer");
    add_ring_size(command, options.load);
    add_backend(command, options.load);
    add_canary(command, options.canary_ns);
    add_pam_uprobes(command, options.load);
}

void add_replay(CLI::App& command, ReplayOptions& options) {
    command.add_option("FILE", options.path, "A recording; - is standard input")->required();
    add_view(command, options.view);
    command.add_option("--note", options.note, "A remark beside the recording's name")
        ->type_name("TEXT")
        ->group(kRunGroup);
}

void add_run(CLI::App& command, RunOptions& options) {
    command
        .add_option("-c,--config", options.config_path,
                    "Settings, docs/configuration.md; conf.d/*.yaml beside it too. Options count more")
        ->type_name("FILE");
    command
        .add_option("-o,--output", options.output_path,
                    "Append JSON lines to this file, mode 0640 if it is new; default standard output")
        ->type_name("FILE");
    add_filter(command, options.filters);
    add_profile(
        command, [&options](Profile p) { options.profile = p; },
        "How much is told, docs/profiles.md; default standard, or what --filter keeps");
    add_parsed<std::uint64_t>(
        command, "--for", "TIME", parse_duration, [&options](std::uint64_t ns) { options.forensic_ns = ns; },
        "How long forensic lasts, at most 72h; then standard");
    command.add_option("--reason", options.forensic_reason, "Why forensic; the events say so")
        ->type_name("TEXT");
    add_parsed<double>(
        command, "--max-events", "N/s", parse_max_events,
        [&options](double n) { options.max_events_per_s = n; },
        "Above that less is told, docs/profiles.md; default none, quiet 20/s");
    add_parsed<double>(
        command, "--max-bytes", "SIZE/day", parse_max_bytes,
        [&options](double bytes) { options.max_bytes_per_day = bytes; },
        "The same by KB, MB, GB of events; default none, quiet 5MB/day");
    add_parsed<double>(
        command, "--max-cpu", "PERCENT", parse_max_cpu,
        [&options](double percent) { options.max_cpu_percent = percent; },
        "The same by its CPU time, of one core; default none, quiet 2%");
    add_person_map(command, options.person_map_path);
    add_watch(command, options.watch_paths);
    add_seen(command, options.seen_path);
    add_fold(command, options.load, "Options");
    add_ring_size(command, options.load);
    add_backend(command, options.load);
    add_pam_uprobes(command, options.load);
    add_canary(command, options.canary_ns);
    add_parsed<std::uint64_t>(
        command, "--heartbeat", "TIME", parse_period,
        [&options](std::uint64_t parsed) { options.heartbeat_ns = parsed; },
        "How often it says that it is there; at least 1s, default 60s");
    add_parsed<std::uint64_t>(
        command, "--watchdog", "TIME", parse_period,
        [&options](std::uint64_t parsed) { options.watchdog_ns = parsed; },
        "Replace a worker that does nothing for so long; at least 1s, default 60s");
    command.add_flag("--idle", options.idles,
                     "Where this kernel cannot be watched, say so once and wait; default: end with 3");
    command.add_flag("-q,--quiet", options.quiet, "No footer");
    command.add_flag("-v,--verbose", options.verbose, "Say more on standard error");
    add_ledger(command, options.ledger);
}

void add_volume(CLI::App& command, VolumeOptions& options) {
    command.add_option("FILE", options.paths,
                       "JSON lines or recordings of whodid; none, or -: standard input");
    add_parsed<std::uint64_t>(
        command, "--since", "TIME", parse_duration, [&options](std::uint64_t ns) { options.since_ns = ns; },
        "Only the last 12h, 1d, ... before the newest event; reads twice");
    add_profile(
        command, [&options](Profile p) { options.profile = p; },
        "Of a recording, what run would tell under it, beside the whole");
    add_parsed<double>(
        command, "--price", "PRICE/GB", parse_price,
        [&options](double price) { options.price_per_gb = price; },
        "What a gigabyte costs, in any currency: 0.30/GB");
    add_parsed<std::uint64_t>(
        command, "--top", "N", parse_count, [&options](std::uint64_t n) { options.top = n; },
        "Groups of each table, and filters; default 10");
    add_choice<bool>(
        command, "-o,--output", {{"table", false}, {"json", true}},
        [&options](bool json) { options.json = json; }, "Default: table");
}

void add_verify(CLI::App& command, VerifyOptions& options) {
    command
        .add_option("FILE", options.paths, "Event files, or directories of them: then none may be missing")
        ->required();
    command
        .add_option("--key", options.key_path,
                    "A copy of the sensor's key, kept elsewhere: proves who sealed the files")
        ->type_name("FILE");
    add_choice<bool>(
        command, "-o,--output", {{"text", false}, {"json", true}},
        [&options](bool json) { options.json = json; }, "Default: text");
}

void add_erase(CLI::App& command, EraseOptions& options) {
    command
        .add_option("FILE:LINE", options.places,
                    "A closed event file, and a line of it, from 1; a tombstone is left there")
        ->required();
    command
        .add_option("--key", options.key_path, "The sensor's key, which signs that it was erased: NAME.key")
        ->type_name("FILE")
        ->required();
}

void add_status(CLI::App& command, StatusOptions& options) {
    add_choice<bool>(
        command, "-o,--output", {{"text", false}, {"json", true}},
        [&options](bool json) { options.json = json; }, "Default: text");
    add_choice<Probe>(
        command, "--probe", {{"ready", Probe::kReady}, {"live", Probe::kLive}},
        [&options](Probe probe) { options.probe = probe; },
        "No page: exit status 0 if it tells events, or if its pump moves; else 1");
    // Not the others: WHODID_OUTPUT is a container's for the sensor whose probe this is.
    command
        .add_option("--socket", options.socket,
                    fmt::format("Whom to ask, also WHODID_SOCKET; default {}", kStatusSocket))
        ->envname("WHODID_SOCKET")
        ->type_name("PATH");
}

/// Every option can be given in the environment too: WHODID_RING_SIZE for --ring-size.
void mirror_in_environment(CLI::App& command) {
    for (CLI::Option* option : command.get_options()) {
        if (option->get_lnames().empty() || option == command.get_help_ptr()) continue;
        std::string name = "WHODID_" + option->get_lnames().front();
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return c == '-' ? '_' : std::toupper(c); });
        option->envname(name);
    }
    command.footer("Each option can be given in the environment: WHODID_COLOR=never is --color never.");
}

/// Options of `run` are put over the settings: they are read once more.
Result<void> read_settings(CLI::App& app, const CLI::App& command, RunOptions& options, int argc,
                           char** argv) {
    Environment environment = environment_of_process();
    for (const CLI::Option* option : command.get_options()) environment.erase(option->get_envname());
    auto settings = load_settings(options.config_path, environment);
    if (!settings) return settings.error();
    static_cast<Settings&>(options) = std::move(*settings);
    app.parse(argc, argv);
    const bool is_said = command.count("--for") + command.count("--reason") != 0;
    if (options.profile != Profile::kForensic && command.count("--profile") != 0 && !is_said) {
        options.forensic_ns = 0;  // of the profile that the option has put aside
        options.forensic_reason.clear();
    }
    return {};
}

/// What is wrong with the arguments, and where to read on. CLI11 does not look for near names.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const CLI::App& command = chosen.empty() ? app : *chosen.front();
    const std::string help = fmt::format("whodid {}{}--help", command.get_parent() ? command.get_name() : "",
                                         command.get_parent() ? " " : "");
    const std::string message = error.what();
    const std::vector<std::string> extras = command.remaining();
    const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
    if (code != CLI::ExitCodes::ExtrasError && code != CLI::ExitCodes::RequiredError)
        return message + "; see " + help;
    if (extras.empty() && chosen.empty()) return "which command? See " + help;
    if (extras.empty()) return message + "; see " + help;
    const std::string& extra = extras.front();
    const bool is_option = extra.starts_with("-");
    std::vector<std::string> known;
    if (is_option)
        for (const CLI::Option* option : command.get_options())
            for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    else
        for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(sub->get_name());
    const std::string near = did_you_mean(extra, {known.begin(), known.end()});
    const char* what = is_option ? "there is no option" : known.empty() ? "too much:" : "there is no command";
    return fmt::format("{} {}{}; see {}", what, extra, near, help);
}

int run_command_line(int argc, char** argv) {
    CLI::App app("whodid: which person did what on this machine", "whodid");
    app.formatter(std::make_shared<Help>());
    app.get_formatter()->column_width(32);
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.set_help_flag("-h,--help", "Show this, or a command's own help");
    app.set_version_flag("-V,--version", version_line(), "Show the version");
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 done (also by Ctrl-C), 1 failed, 2 wrong arguments, 3 this kernel or these rights\n"
        "do not allow it, 4 done but for what is named (watch import, volume, status),\n"
        "or a configuration that is wrong (config, run).");
    const auto command = [&app](const char* name, const char* group, const char* doc) {
        auto* sub = app.add_subcommand(name, doc)->group(group);
        sub->set_help_flag("-h,--help", "Show this");
        return sub;
    };

    TraceOptions trace_options;
    auto* trace_command = command("trace", "Watch", "Show what people do on this machine, live");
    add_trace(*trace_command, trace_options);
    mirror_in_environment(*trace_command);

    RecordOptions record_options;
    auto* record_command = command("record", "Watch", "Record this machine into a file");
    add_record(*record_command, record_options);
    mirror_in_environment(*record_command);

    ReplayOptions replay_options;
    auto* replay_command = command("replay", "Watch", "Show a recording, on any machine and without root");
    add_replay(*replay_command, replay_options);
    mirror_in_environment(*replay_command);

    StatusOptions status_options;
    auto* status_command = command("status", "Watch", "How the sensor that runs on this machine fares");
    add_status(*status_command, status_options);
    status_command->footer(
        "Exit status: 0 healthy, 4 something is wrong that the first lines name (events lost in the last\n"
        "minute, a sink that is down, a pump that hangs, a configuration that was not taken, a ledger that\n"
        "does not balance, still starting), 1 nobody answers, 3 only root and members of group whodid may "
        "ask.");

    RunOptions run_options;
    auto* run_command = command("run", "Run", "Serve: tell all that happens as JSON lines, and stay there");
    add_run(*run_command, run_options);
    mirror_in_environment(*run_command);

    std::string config_path = kConfigPath;
    bool keys_as_markdown = false;
    auto* config_command = command("config", "Run", "The daemon's configuration; docs/configuration.md");
    config_command->require_subcommand(1);
    const auto config_subcommand = [&](const char* name, const char* doc) {
        auto* sub = config_command->add_subcommand(name, doc);
        sub->set_help_flag("-h,--help", "Show this");
        return sub;
    };
    auto* config_check_command = config_subcommand("check", "What is wrong with it, or what it comes to");
    auto* config_show_command = config_subcommand("show", "What is in force, and where it is from");
    for (auto* sub : {config_check_command, config_show_command})
        sub->add_option("FILE", config_path, fmt::format("Default {}; conf.d beside it too", kConfigPath));
    auto* config_keys_command = config_subcommand("keys", "Every key, as the file that is shipped");
    add_choice<bool>(
        *config_keys_command, "-o,--output", {{"yaml", false}, {"markdown", true}},
        [&](bool markdown) { keys_as_markdown = markdown; }, "Default: yaml");

    CheckOptions check_options;
    auto* check_command = command("check", "Run", "What this kernel and these rights offer");
    add_choice<bool>(
        *check_command, "-o,--output", {{"text", false}, {"json", true}},
        [&](bool json) { check_options.json = json; }, "Default: text");

    FieldsOptions fields_options;
    auto* fields_command = command("fields", "Run", "The kinds of events, and every field");
    fields_command->add_option("KIND", fields_options.kind, "Only of this kind");
    add_choice<TableFormat>(
        *fields_command, "-o,--output",
        {{"text", TableFormat::kText}, {"json", TableFormat::kJson}, {"markdown", TableFormat::kMarkdown}},
        [&](TableFormat format) { fields_options.format = format; }, "Default: text");

    VolumeOptions volume_options;
    auto* volume_command =
        command("volume", "Run", "What fills an event file, and what filters or a profile would save");
    add_volume(*volume_command, volume_options);

    VerifyOptions verify_options;
    auto* verify_command =
        command("verify", "Run", "Whether event files are as they were written; docs/log-files.md");
    add_verify(*verify_command, verify_options);

    EraseOptions erase_options;
    auto* erase_command =
        command("erase", "Run", "Takes records out of sealed event files; docs/log-files.md");
    add_erase(*erase_command, erase_options);

    std::string expression;
    auto* filter_command = command("filter", "Run", "The expressions that --filter takes");
    filter_command->require_subcommand(1);
    auto* explain_command = filter_command->add_subcommand(
        "explain", "How an expression is understood, and where each part runs");
    explain_command->set_help_flag("-h,--help", "Show this");
    explain_command->add_option("EXPR", expression, "As for --filter; docs/filters.md")->required();

    std::vector<std::string> watch_paths, rules_paths;
    auto* watch_command = command("watch", "Run", "The files that are watched: events of them have a tag");
    watch_command->require_subcommand(1);
    auto* list_command = watch_command->add_subcommand("list", "The list in force, as a watch file");
    list_command->set_help_flag("-h,--help", "Show this");
    add_watch(*list_command, watch_paths);
    mirror_in_environment(*list_command);
    auto* import_command =
        watch_command->add_subcommand("import", "auditd's rules, as a watch file; docs/watch.md");
    import_command->set_help_flag("-h,--help", "Show this");
    import_command->add_option("FILE", rules_paths, "As audit.rules(7) has it")->required();

    bool version_json = false;
    auto* version_command = command("version", "Run", "Show the version");
    version_command->add_flag("--json", version_json, "As JSON");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // help, version
        return fail_usage(Error{explain(app, error)});
    }
    const bool verbose = trace_options.view.verbose || replay_options.view.verbose || run_options.verbose;
    start_log(verbose ? LogLevel::kDebug : LogLevel::kWarn);
    if (*run_command) {
        const auto read = read_settings(app, *run_command, run_options, argc, argv);
        if (!read) return fail_config(read.error());
        if (!run_options.verbose) set_log_level(run_options.log_level);
    }
    if (*trace_command) {
        trace_options.own_option = option_of_own_programs(*trace_command);
        return trace(trace_options);
    }
    if (*record_command) return record(record_options);
    if (*replay_command) return replay(replay_options);
    if (*status_command) return status(status_options);
    if (*run_command) {
        RereadOptions reread = [&]() -> Result<RunOptions> {
            run_options = RunOptions();
            app.parse(argc, argv);
            if (auto read = read_settings(app, *run_command, run_options, argc, argv); !read)
                return read.error();
            if (!run_options.verbose) set_log_level(run_options.log_level);
            return run_options;
        };
        return run(run_options, run_options.config_path.empty() ? nullptr : reread);
    }
    if (*config_check_command) return config_check(config_path);
    if (*config_show_command) return config_show(config_path);
    if (*config_keys_command) return config_keys(keys_as_markdown);
    if (*check_command) return check(check_options);
    if (*fields_command) return fields(fields_options);
    if (*volume_command) return volume(volume_options);
    if (*verify_command) return verify(verify_options);
    if (*erase_command) return erase(erase_options);
    if (*filter_command) return filter_explain(expression);
    if (*list_command) return watch_list(watch_paths);
    if (*import_command) return watch_import(rules_paths);
    return version(version_json);
}

}  // namespace

}  // namespace whodid

int main(int argc, char** argv) {
    // The loader reads the kernel's types, some 10 MiB, once. By default glibc takes a large block that is
    // freed for a sign that more of its size will come, keeps the next ones in the heap, and the heap never
    // shrinks again.
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    whodid::ensure_standard_streams();
    return whodid::run_command_line(argc, argv);
}
