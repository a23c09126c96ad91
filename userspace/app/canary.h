// SPDX-License-Identifier: Apache-2.0
// Canary: acts of the sensor's own that must come back through the ring. When they do not, it is blind,
// whatever the reason, and says so.
#pragma once

#include <whodid/record.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/decode.h"

namespace whodid {

class Canary {
public:
    /// `nonce`: nobody else can know it, so nobody else's act passes for one of these. `predecessor`: a
    /// process whose acts with that nonce may still come back, 0: none.
    Canary(std::uint64_t period_ns, std::uint64_t start_ns, std::string_view nonce,
           std::uint32_t predecessor = 0);

    bool is_due(std::uint64_t now_ns) const { return now_ns >= due_ns_; }
    std::uint64_t due_ns() const { return due_ns_; }
    /// The acts are done: openat of path() and connect to name(), an abstract socket's.
    void sent(std::uint64_t now_ns);
    const std::string& path() const { return path_; }
    const std::string& name() const { return name_; }

    /// Whether this is one of them, which is nobody's event.
    bool takes(const rec_hdr& record);

    /// What changed since the last call, as sentences: an act stayed away kMissedMax times, or is back.
    std::vector<std::string> changes();

    /// So many in a row may be under way or lost in a flood.
    static constexpr int kMissedMax = 3;

private:
    struct Act {
        std::string_view call;
        int missed = 0;  // in a row
        bool blind = false;
    };

    std::uint64_t period_ns_, due_ns_;
    std::uint32_t self_, predecessor_;
    std::string path_, name_;
    std::array<Act, 2> acts_{{{"openat"}, {"connect"}}};
};

}  // namespace whodid
