// SPDX-License-Identifier: Apache-2.0
// Capabilities, by the system calls: glibc has no functions for them.
#include "base/rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace whodid {

namespace {

struct Sets {
    Rights effective = 0, permitted = 0;
};

Result<Sets> held() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, words) != 0) return Error::from_errno("cannot read own capabilities");
    return Sets{words[0].effective | Rights{words[1].effective} << 32,
                words[0].permitted | Rights{words[1].permitted} << 32};
}

/// Nothing is inherited by programs.
Result<void> set(const Sets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
        words[i].effective = static_cast<std::uint32_t>(sets.effective >> 32 * i);
        words[i].permitted = static_cast<std::uint32_t>(sets.permitted >> 32 * i);
    }
    if (::syscall(SYS_capset, &header, words) != 0) return Error::from_errno("cannot set own capabilities");
    return {};
}

}  // namespace

Result<Rights> rights() {
    const auto sets = held();
    if (!sets) return sets.error();
    return sets->permitted;
}

Result<void> use_rights(Rights some) {
    const auto sets = held();
    if (!sets) return sets.error();
    return set({sets->permitted & some, sets->permitted});
}

/// Without new privileges a program that root runs gets no more than its caller has.
Result<void> keep_rights(Rights some) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error::from_errno("cannot give up new privileges");
    const auto sets = held();
    if (!sets) return sets.error();
    return set({sets->permitted & some, sets->permitted & some});
}

}  // namespace whodid
