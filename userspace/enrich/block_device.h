// SPDX-License-Identifier: Apache-2.0
// The hardware below a file system, from sysfs.
#pragma once

#include <cstdint>
#include <memory>

#include "base/host.h"
#include "event/event.h"

namespace whodid {

/// `dev` in the kernel's encoding, major << 20 | minor. Null when it is no block device of this host. Behind
/// a volume (LVM, dm-crypt) stands its first disk.
std::shared_ptr<const BlockDevice> read_block_device(const Host& host, std::uint32_t dev);

}  // namespace whodid
