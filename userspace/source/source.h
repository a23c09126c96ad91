// SPDX-License-Identifier: Apache-2.0
// Source: where records come from: the kernel's rings, or a recording.
#pragma once

#include <functional>
#include <span>

#include "base/result.h"

namespace whodid {

class Source {
public:
    using Take = std::function<void(std::span<const char>)>;

    virtual ~Source() = default;
    /// Hands over every record that is there. False: there will be no more.
    virtual Result<bool> drain(const Take& take) = 0;
    /// Becomes readable when draining is urgent; -1 when there is nothing to wait for.
    virtual int wait_fd() const = 0;
};

}  // namespace whodid
