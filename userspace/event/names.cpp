// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's interface as the names people know.
#include "event/names.h"

#include <csignal>
#include <cstring>

namespace whodid {

namespace {

struct Flag {
    std::uint32_t bits_x86, bits_arm64;
    std::string_view name;
};

// include/uapi/asm-generic/fcntl.h, arch/arm64/include/uapi/asm/fcntl.h. Those of several bits stand before
// those they contain.
constexpr Flag kOpenFlags[] = {
    {0000100, 0000100, "O_CREAT"},       {0000200, 0000200, "O_EXCL"},      {0000400, 0000400, "O_NOCTTY"},
    {0001000, 0001000, "O_TRUNC"},       {0002000, 0002000, "O_APPEND"},    {0004000, 0004000, "O_NONBLOCK"},
    {020200000, 020040000, "O_TMPFILE"}, {04010000, 04010000, "O_SYNC"},    {0010000, 0010000, "O_DSYNC"},
    {0040000, 0200000, "O_DIRECT"},      {0200000, 0040000, "O_DIRECTORY"}, {0400000, 0100000, "O_NOFOLLOW"},
    {01000000, 01000000, "O_NOATIME"},   {02000000, 02000000, "O_CLOEXEC"}, {010000000, 010000000, "O_PATH"},
};

// include/uapi/linux/capability.h
constexpr std::string_view kCapabilities[] = {"CAP_CHOWN",
                                              "CAP_DAC_OVERRIDE",
                                              "CAP_DAC_READ_SEARCH",
                                              "CAP_FOWNER",
                                              "CAP_FSETID",
                                              "CAP_KILL",
                                              "CAP_SETGID",
                                              "CAP_SETUID",
                                              "CAP_SETPCAP",
                                              "CAP_LINUX_IMMUTABLE",
                                              "CAP_NET_BIND_SERVICE",
                                              "CAP_NET_BROADCAST",
                                              "CAP_NET_ADMIN",
                                              "CAP_NET_RAW",
                                              "CAP_IPC_LOCK",
                                              "CAP_IPC_OWNER",
                                              "CAP_SYS_MODULE",
                                              "CAP_SYS_RAWIO",
                                              "CAP_SYS_CHROOT",
                                              "CAP_SYS_PTRACE",
                                              "CAP_SYS_PACCT",
                                              "CAP_SYS_ADMIN",
                                              "CAP_SYS_BOOT",
                                              "CAP_SYS_NICE",
                                              "CAP_SYS_RESOURCE",
                                              "CAP_SYS_TIME",
                                              "CAP_SYS_TTY_CONFIG",
                                              "CAP_MKNOD",
                                              "CAP_LEASE",
                                              "CAP_AUDIT_WRITE",
                                              "CAP_AUDIT_CONTROL",
                                              "CAP_SETFCAP",
                                              "CAP_MAC_OVERRIDE",
                                              "CAP_MAC_ADMIN",
                                              "CAP_SYSLOG",
                                              "CAP_WAKE_ALARM",
                                              "CAP_BLOCK_SUSPEND",
                                              "CAP_AUDIT_READ",
                                              "CAP_PERFMON",
                                              "CAP_BPF",
                                              "CAP_CHECKPOINT_RESTORE"};

void append(std::string& out, std::string_view name) {
    out += name;
    out += '\0';
}

}  // namespace

std::string_view errno_name(int code) {
    const char* name = strerrorname_np(code);
    return name && code != 0 ? std::string_view(name) : std::string_view("_OTHER");
}

std::string signal_name(unsigned number) {
    const char* name = sigabbrev_np(static_cast<int>(number));
    return name ? std::string("SIG") + name : "SIG" + std::to_string(number);
}

void append_open_flags(std::string& out, std::uint32_t flags, bool arm64) {
    constexpr std::string_view kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
    append(out, kAccess[flags & 3]);
    std::uint32_t left = flags & ~3u;
    for (const Flag& flag : kOpenFlags) {
        const std::uint32_t bits = arm64 ? flag.bits_arm64 : flag.bits_x86;
        if ((left & bits) != bits) continue;
        append(out, flag.name);
        left &= ~bits;
    }
}

std::string_view hold_name(std::uint32_t operation) {
    constexpr std::string_view kNames[] = {"",
                                           "attach",
                                           "seize",
                                           "traceme",
                                           "poke",
                                           "setregs",
                                           "process_vm_readv",
                                           "process_vm_writev",
                                           "pidfd_getfd"};
    return operation < std::size(kNames) ? kNames[operation] : std::string_view();
}

void append_capabilities(std::string& out, std::uint64_t bits) {
    for (std::size_t i = 0; i < std::size(kCapabilities); ++i)
        if (bits >> i & 1) append(out, kCapabilities[i]);
}

}  // namespace whodid
