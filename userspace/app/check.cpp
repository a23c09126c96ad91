// SPDX-License-Identifier: Apache-2.0
// What this kernel and these rights offer.
#include "app/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/detach.h"
#include "app/exit_code.h"
#include "app/say.h"
#include "base/json_writer.h"
#include "event/kinds.h"
#include "source/hooks.h"
#include "source/loader.h"
#include "source/probe.h"

namespace whodid {

namespace {

/// One kind of event, and the hooks it comes from.
struct Service {
    const Kind* kind;
    std::vector<const Hook*> attached, absent;

    std::string_view state() const {
        if (attached.empty() && absent.empty()) return "nothing to see";
        return absent.empty() ? "complete" : attached.empty() ? "missing" : "partial";
    }
    bool is_ok() const { return absent.empty(); }
};

std::vector<Service> services_of(const std::vector<Hook>& hooks) {
    std::vector<Service> services;
    for (const Kind& kind : kinds()) {
        Service service{&kind, {}, {}};
        bool served = false;
        for (const Hook& hook : hooks) {
            const HookUse* use = find_hook_use(hook.program);
            if (!use || !std::ranges::count(use->kinds, kind.id)) continue;
            if (hook.compat) continue;
            served = true;
            if (hook.absent.empty())
                service.attached.push_back(&hook);
            else if (is_missed(hook))
                service.absent.push_back(&hook);
        }
        if (served) services.push_back(std::move(service));
    }
    return services;
}

/// "openat" of "tp/syscalls/sys_exit_openat", "sched_process_exec" of "tp_btf/sched_process_exec".
std::string_view place(const Hook& hook) {
    std::string_view name = std::string_view(hook.where).substr(hook.where.rfind('/') + 1);
    for (const std::string_view prefix : {"sys_exit_", "__x64_sys_", "__arm64_sys_"})
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    return name;
}

/// "fexit" of "fexit/__x64_sys_openat", "tracepoint" of "tp/syscalls/sys_exit_openat".
std::string_view way(const Hook& hook) {
    const std::string_view name = std::string_view(hook.where).substr(0, hook.where.find('/'));
    return name == "tp" ? "tracepoint" : name;
}

/// "fexit open, openat; tp_btf sched_process_exec"
std::string places(const std::vector<const Hook*>& hooks) {
    std::string out;
    std::string_view last;
    for (const Hook* hook : hooks) {
        if (way(*hook) == last)
            out += ", ";
        else
            out += fmt::format("{}{} ", out.empty() ? "" : "; ", last = way(*hook));
        out += place(*hook);
    }
    return out;
}

struct Report {
    std::vector<Finding> findings;
    std::vector<Hook> hooks;
    int exit_code = kOk;
};

std::string text(const Report& report) {
    std::string out;
    for (const Finding& f : report.findings)
        out += fmt::format("{:<8} {:<14} {}\n",
                           f.ok         ? "ok"
                           : f.required ? "MISSING"
                                        : "without",
                           f.what, f.detail);
    if (!report.hooks.empty()) out += fmt::format("\n{:<8} {:<16} {}\n", "", "KIND", "FROM");
    for (const Service& s : services_of(report.hooks)) {
        out += fmt::format("{:<8} {:<16} {}\n", s.is_ok() ? "ok" : s.state(), s.kind->name,
                           s.is_ok() && s.attached.empty() ? "nothing to see: this kernel has no such calls"
                                                           : places(s.attached));
        for (const Hook* hook : s.absent)
            out += fmt::format("{:<8} {:<16} without {}: {}\n", "", "", place(*hook), hook->absent);
    }
    out += report.exit_code == kOk ? "\nThis machine can be traced: whodid trace\n"
                                   : "\nThis machine cannot be traced as it is: see MISSING\n";
    return out;
}

void put_hooks(JsonWriter& out, const std::vector<const Hook*>& hooks) {
    out.raw("[");
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        if (i) out.raw(",");
        out.begin();
        out.key("program");
        out.text(hooks[i]->program);
        out.key("where");
        out.text(hooks[i]->where);
        if (!hooks[i]->absent.empty()) {
            out.key("absent");
            out.text(hooks[i]->absent);
        }
        out.end();
    }
    out.raw("]");
}

std::string json(const Report& report) {
    std::string line;
    JsonWriter out(line);
    out.begin();
    out.key("ok");
    out.boolean(report.exit_code == kOk);
    out.key("findings");
    out.raw("[");
    for (const Finding& f : report.findings) {
        if (&f != report.findings.data()) out.raw(",");
        out.begin();
        out.key("what");
        out.text(f.what);
        out.key("ok");
        out.boolean(f.ok);
        out.key("required");
        out.boolean(f.required);
        out.key("detail");
        out.text(f.detail);
        out.end();
    }
    out.raw("]");
    out.key("kinds");
    out.begin();
    for (const Service& s : services_of(report.hooks)) {
        out.key(s.kind->name);
        out.begin();
        out.key("state");
        out.text(s.state());
        out.key("attached");
        put_hooks(out, s.attached);
        out.key("absent");
        put_hooks(out, s.absent);
        out.end();
    }
    out.end();
    out.end();
    return line + "\n";
}

/// Without rights every try fails: that says nothing about the kernel.
std::vector<Finding> findings() {
    std::vector<Finding> found = probe_kernel();
    const bool rights =
        std::ranges::all_of(found, [](const Finding& f) { return f.ok || f.what != "rights"; });
    if (rights) return found;
    std::erase_if(found, [](const Finding& f) {
        return !f.ok && (f.what == "tracefs" || f.what == "BPF programs" || f.what == "ring buffer" ||
                         f.what == "BPF atomics");
    });
    found.push_back({"hooks", false, false, "not tried: without rights the kernel refuses everything"});
    return found;
}

}  // namespace

int check(const CheckOptions& options) {
    Report report;
    report.findings = findings();
    std::unique_ptr<Loader> loader;
    const bool possible =
        std::ranges::all_of(report.findings, [](const Finding& f) { return f.ok || !f.required; });
    if (possible) {
        auto loaded = Loader::load({});
        if (loaded) {
            loader = std::move(*loaded);
            (void)loader->stop();  // that they attach is all that is asked; what they see, nobody reads
            report.hooks = loader->hooks();
            const auto attached = static_cast<std::size_t>(
                std::ranges::count_if(report.hooks, [](const Hook& h) { return h.absent.empty(); }));
            std::string detail = fmt::format("{} attached", attached);
            if (const std::size_t others = report.hooks.size() - attached)
                detail += fmt::format(", {} not needed here", others);
            report.findings.push_back({"hooks", true, true, std::move(detail)});
            report.findings.push_back(
                has_objects(report.hooks)
                    ? Finding{"changed objects", true, false,
                              "told by the kernel: path and inode as it found them"}
                    : Finding{
                          "changed objects", false, false,
                          "removals, renames and the like have the names that the process gave: the security "
                          "hooks need lsm or fexit programs"});
            if (misses_compat(report.hooks))
                report.findings.push_back({"32-bit calls", false, false,
                                           "not seen: their hooks need fexit, which this kernel refuses"});
        } else {
            report.findings.push_back({"hooks", false, true, loaded.error().message});
        }
    }
    report.exit_code = loader ? kOk : kUnmet;
    const int printed = print_page(options.json ? json(report) : text(report));
    detach_behind();  // seconds that nobody has to wait for
    return printed == kOk ? report.exit_code : printed;
}

}  // namespace whodid
