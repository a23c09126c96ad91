// SPDX-License-Identifier: Apache-2.0
// What the files of a host tell of a container: its runtime's state, its accounts, where its directories are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/host.h"
#include "enrich/container_state.h"
#include "event/actor.h"

namespace whodid {

/// Which container, and a process in it by which its root can be reached.
struct ContainerQuestion {
    std::uint64_t number = 0;            // the asker's
    std::string id, runtime;             // runtime empty: not known
    std::optional<std::uint32_t> owner;  // who runs it without being root; their home has its state
    std::uint32_t pid = 0, mount_ns = 0, host_mount_ns = 0;
    std::uint64_t start_ns = 0;
};

struct ContainerAnswer {
    std::uint64_t number = 0;
    std::string runtime;                        // whose state it was, where the question did not know
    std::optional<ContainerState> state;        // nothing: no runtime's state has it
    std::shared_ptr<const ContainerView> view;  // null: the process has ended, or may not be looked at
};

/// Reads some ten files, any of which may be large, slow or made up by whoever is in the container: not for
/// the pump.
ContainerAnswer read_container(const Host& host, const ContainerQuestion& asked);

}  // namespace whodid
