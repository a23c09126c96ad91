// SPDX-License-Identifier: Apache-2.0
// Hooks by the kinds they serve.
#include "app/kind_backends.h"

#include <algorithm>
#include <set>

#include "event/kinds.h"
#include "source/hooks.h"

namespace whodid {

namespace {

/// "fexit" of "fexit/__x64_sys_openat", "tracepoint" of "tp/syscalls/sys_exit_openat".
std::string backend_name(const Hook& hook) {
    const std::string_view name = std::string_view(hook.where).substr(0, hook.where.find('/'));
    return std::string(name == "tp" ? "tracepoint" : name);
}

}  // namespace

std::string_view name_of_kind(std::uint16_t kind) {
    const Kind* known = find_kind(kind);
    return known ? known->name : "unknown";
}

std::vector<KindBackends> backends_of(const std::vector<Hook>& hooks) {
    std::vector<KindBackends> all;
    for (const Kind& kind : kinds()) {
        KindBackends backends{kind.id, {}, false};
        std::set<std::string> attached;
        for (const Hook& hook : hooks) {
            const HookUse* use = find_hook_use(hook.program);
            if (!use || hook.compat || !std::ranges::count(use->kinds, kind.id)) continue;
            if (hook.absent.empty()) attached.insert(backend_name(hook));
            if (is_missed(hook)) backends.partial = true;
        }
        backends.attached.assign(attached.begin(), attached.end());
        if (backends.partial || !attached.empty()) all.push_back(std::move(backends));
    }
    return all;
}

}  // namespace whodid
