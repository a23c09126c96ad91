// SPDX-License-Identifier: Apache-2.0
// What may be left out.
#include "filter/savings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "filter/lexer.h"
#include "filter/pattern.h"

namespace whodid {

namespace {

/// Of a process or a connection: what another event has told the beginning of.
struct Sequel {
    std::string_view kind, loss;
};
constexpr Sequel kSequels[] = {
    {"process.fork", "which processes it made before they ran a program"},
    {"process.exit", "when its processes ended, and how; crashes are kept"},
    {"network.close", "how much its connections carried, and for how long"},
    {"network.dns", "the names it asked for"},
};

/// Files that come and go with the program that makes them. No kind that gives rights or has a second name.
constexpr std::string_view kPassing[] = {"file.open",  "file.create", "file.unlink",
                                         "file.mkdir", "file.rmdir",  "file.truncate"};

struct Place {
    std::string_view name;
    std::string_view starts;   // a path is in it that begins so,
    std::string_view pattern;  // or, where that is empty, that this is found in
    std::string_view except;   // but not one that this is found in
    bool is_passing;           // what is in it may be written too; else it may be read alone
};

/// No path is in two of them.
constexpr Place kPlaces[] = {
    {"/usr/bin/**", "/usr/bin/", "", "", false},
    {"/usr/sbin/**", "/usr/sbin/", "", "", false},
    {"/usr/lib/**", "/usr/lib/", "", "", false},
    {"/usr/lib32/**", "/usr/lib32/", "", "", false},
    {"/usr/lib64/**", "/usr/lib64/", "", "", false},
    {"/usr/libexec/**", "/usr/libexec/", "", "", false},
    {"/usr/share/**", "/usr/share/", "", "", false},
    {"/usr/include/**", "/usr/include/", "", "", false},
    {"/bin/**", "/bin/", "", "", false},
    {"/sbin/**", "/sbin/", "", "", false},
    {"/lib/**", "/lib/", "", "", false},
    {"/lib64/**", "/lib64/", "", "", false},
    {"/nix/store/**", "/nix/store/", "", "", false},
    {"/etc/ld.so.cache", "", R"(^/etc/ld\.so\.cache$)", "", false},
    {"/sys/**", "/sys/", "", "", false},
    {"/proc/**", "/proc/", "", "/(mem|environ|maps|smaps|kcore|kallsyms)$", false},
    {"/dev/null, zero, full, random", "", "^/dev/(null|zero|full|u?random)$", "", true},
    {"/tmp/**", "/tmp/", "", "", true},
    {"/var/tmp/**", "/var/tmp/", "", "", true},
    {"/var/cache/**", "/var/cache/", "", "", true},
    {"/root/.cache/**", "/root/.cache/", "", "", true},
    {"/home/*/.cache/**", "", R"(^/home/[^/]+/\.cache/)", "", true},
    {"build trees in /home/*/**", "",
     R"(^/home/[^/]+/[^./][^/]*/(.*/)?(node_modules|__pycache__|target|build|obj|\.git/objects)/)", "", true},
};

struct Patterns {
    std::optional<Pattern> in, except;
};

std::optional<Pattern> compiled(std::string_view pattern) {
    if (pattern.empty()) return std::nullopt;
    const auto made = Pattern::compile(pattern, false);
    return made ? std::optional(*made) : std::nullopt;
}

const Patterns& patterns_of(const Place& place) {
    static const auto kCompiled = [] {
        std::vector<Patterns> all;
        for (const Place& p : kPlaces) all.push_back({compiled(p.pattern), compiled(p.except)});
        return all;
    }();
    return kCompiled[static_cast<std::size_t>(&place - kPlaces)];
}

bool holds(const Place& place, std::string_view path) {
    if (!place.starts.empty() && !path.starts_with(place.starts)) return false;
    if (place.pattern.empty() && place.except.empty()) return true;
    const Patterns& patterns = patterns_of(place);
    return (!patterns.in || patterns.in->matches(path)) &&
           !(patterns.except && patterns.except->matches(path));
}

const Place* place_of(const EventLine& event, bool is_read) {
    const auto found = std::ranges::find_if(kPlaces, [&](const Place& place) {
        return (place.is_passing || is_read) && holds(place, event.path);
    });
    return found == std::end(kPlaces) ? nullptr : found;
}

const Sequel* find_sequel(std::string_view kind) {
    const auto found = std::ranges::find(kSequels, kind, &Sequel::kind);
    return found == std::end(kSequels) ? nullptr : found;
}

const Place& named(std::string_view name) { return *std::ranges::find(kPlaces, name, &Place::name); }

/// A name that was not UTF-8 is not told byte by byte: no filter could name it.
bool is_told_whole(std::string_view name) { return name.find("\xEF\xBF\xBD") == std::string_view::npos; }

/// Nobody watches the file, and either the name is the kernel's own or there is no such file. What was denied
/// or failed otherwise is kept. The same as kOrdinary.
bool is_ordinary(const EventLine& event) {
    if (event.is_tagged) return false;
    return event.error == "ENOENT" || (event.outcome == "success" && !event.is_user_supplied);
}
constexpr std::string_view kOrdinary =
    R"(not exists tag and (error == "ENOENT" or outcome == success and not whodid.file.user_supplied))";

/// The kernel says that nobody logged in for it. The same as kNobody.
bool is_nobodys(const EventLine& event) { return event.user_basis == "kernel" && event.user_id.empty(); }
constexpr std::string_view kNobody = R"(whodid.basis.user == "kernel" and not exists user.id)";

std::string condition_of(const Place& place) {
    std::string condition = place.starts.empty() ? fmt::format("path matches {}", quoted(place.pattern))
                                                 : fmt::format("path startswith {}", quoted(place.starts));
    if (!place.except.empty()) condition += fmt::format(" and not path matches {}", quoted(place.except));
    if (!place.is_passing) condition += R"( and access == "r")";
    return condition;
}

}  // namespace

CutsOf cuts_of(const EventLine& event) {
    const bool has_program = !event.exe.empty() && is_told_whole(event.exe);
    if (find_sequel(event.kind)) {
        const bool crashed = !event.exit_signal.empty();
        return has_program && !crashed ? CutsOf{{}, event.exe} : CutsOf{};
    }
    if (std::ranges::find(kPassing, event.kind) == std::end(kPassing) || !is_ordinary(event)) return {};
    const bool is_read = event.kind == "file.open" && event.access == "r";
    CutsOf cuts;
    if (const Place* place = place_of(event, is_read)) cuts.place = place->name;
    if (is_read && has_program && is_nobodys(event)) cuts.program = event.exe;
    return cuts;
}

std::string filter_of(const Cut& cut) {
    std::string which = fmt::format("kind == {}", cut.kind);
    if (!cut.program.empty()) which += fmt::format(" and exe == {}", quoted(cut.program));
    if (!cut.place.empty())
        which += fmt::format(" and {} and {}", condition_of(named(cut.place)), kOrdinary);
    else if (!find_sequel(cut.kind))
        which += fmt::format(R"( and access == "r" and {} and {})", kNobody, kOrdinary);
    else if (cut.kind == "process.exit")
        which += " and not exists whodid.process.exit.signal";
    return fmt::format("not ({})", which);
}

std::string gives_up(const Cut& cut) {
    if (!cut.place.empty())
        return named(cut.place).is_passing ? fmt::format("{}s in {}", cut.kind, cut.place)
                                           : fmt::format("what is read in {}", cut.place);
    const Sequel* sequel = find_sequel(cut.kind);
    return fmt::format("{}: {}", cut.program, sequel ? sequel->loss : "what it reads where nobody logged in");
}

}  // namespace whodid
