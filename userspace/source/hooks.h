// SPDX-License-Identifier: Apache-2.0
// Hooks: which program of the kernel side serves which kinds of event.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace whodid {

struct HookUse {
    std::string_view program;              // its name in bpf/*.bpf.c, see act_of
    std::span<const std::uint16_t> kinds;  // what it serves
    std::string_view same_as;              // the program that does the same on other kernels; mostly none
    std::string_view replaced_by{};        // the one that does all of it and more, where it is in place
};

/// One row for each program that bpf/ has. Kinds made in userspace stand with the programs that feed them: a
/// login with the one that reads what login programs tell audit.
std::span<const HookUse> hook_uses();

/// "on_openat" of "fexit_openat" and "compat_openat", which do the same at other places.
std::string act_of(std::string_view program);

/// Null for an unknown program.
const HookUse* find_hook_use(std::string_view program);

}  // namespace whodid
