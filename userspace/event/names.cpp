// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's interface as the names people know.
#include "event/names.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <span>

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

struct Bit {
    std::uint32_t bit;
    std::string_view name;
};
// include/uapi/linux/module.h; delete_module(2) takes O_TRUNC
constexpr Bit kModuleFlags[] = {{1, "ignore_modversions"}, {2, "ignore_vermagic"}, {4, "compressed"}};
constexpr Bit kDeleteFlags[] = {{01000, "force"}};
// include/linux/mount.h, include/uapi/linux/mount.h, include/linux/fs.h
constexpr Bit kMountAttributes[] = {
    {0x40, "ro"}, {0x1, "nosuid"}, {0x2, "nodev"}, {0x4, "noexec"}, {0x80, "nosymfollow"}};
constexpr Bit kCallAttributes[] = {
    {1, "ro"}, {2, "nosuid"}, {4, "nodev"}, {8, "noexec"}, {256, "nosymfollow"}};
constexpr Bit kMountWays[] = {{4096, "bind"},           {8192, "move"},        {32, "remount"},
                              {1u << 20, "shared"},     {1u << 18, "private"}, {1u << 19, "slave"},
                              {1u << 17, "unbindable"}, {16384, "rec"}};
constexpr Bit kUmountFlags[] = {{1, "force"}, {2, "detach"}, {4, "expire"}, {8, "nofollow"}};

// include/uapi/linux/bpf.h: words in the order of their numbers.
constexpr std::string_view kBpfCommands =
    "MAP_CREATE MAP_LOOKUP_ELEM MAP_UPDATE_ELEM MAP_DELETE_ELEM MAP_GET_NEXT_KEY PROG_LOAD OBJ_PIN "
    "OBJ_GET PROG_ATTACH PROG_DETACH PROG_TEST_RUN PROG_GET_NEXT_ID MAP_GET_NEXT_ID PROG_GET_FD_BY_ID "
    "MAP_GET_FD_BY_ID OBJ_GET_INFO_BY_FD PROG_QUERY RAW_TRACEPOINT_OPEN BTF_LOAD BTF_GET_FD_BY_ID "
    "TASK_FD_QUERY MAP_LOOKUP_AND_DELETE_ELEM MAP_FREEZE BTF_GET_NEXT_ID MAP_LOOKUP_BATCH "
    "MAP_LOOKUP_AND_DELETE_BATCH MAP_UPDATE_BATCH MAP_DELETE_BATCH LINK_CREATE LINK_UPDATE "
    "LINK_GET_FD_BY_ID LINK_GET_NEXT_ID ENABLE_STATS ITER_CREATE LINK_DETACH PROG_BIND_MAP TOKEN_CREATE "
    "PROG_STREAM_READ_BY_FD";
constexpr std::string_view kBpfProgramTypes =
    "- socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in "
    "lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint cgroup_sock_addr "
    "lwt_seg6local lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl raw_tracepoint_writable "
    "cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall netfilter";
constexpr std::string_view kBpfMapTypes =
    "- hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array "
    "lru_hash lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash "
    "cgroup_storage reuseport_sockarray percpu_cgroup_storage queue stack sk_storage devmap_hash "
    "struct_ops ringbuf inode_storage task_storage bloom_filter user_ringbuf cgrp_storage arena";
constexpr std::string_view kBpfLinkTypes =
    "- raw_tracepoint tracing cgroup iter netns xdp perf_event kprobe_multi struct_ops netfilter tcx "
    "uprobe_multi netkit sockmap";
constexpr std::string_view kBpfAttachTypes =
    "cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops "
    "sk_skb_stream_parser sk_skb_stream_verdict cgroup_device sk_msg_verdict cgroup_inet4_bind "
    "cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_inet4_post_bind "
    "cgroup_inet6_post_bind cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2 flow_dissector "
    "cgroup_sysctl cgroup_udp4_recvmsg cgroup_udp6_recvmsg cgroup_getsockopt cgroup_setsockopt "
    "trace_raw_tp trace_fentry trace_fexit modify_return lsm_mac trace_iter cgroup_inet4_getpeername "
    "cgroup_inet6_getpeername cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap "
    "cgroup_inet_sock_release xdp_cpumap sk_lookup xdp sk_skb_verdict sk_reuseport_select "
    "sk_reuseport_select_or_migrate perf_event trace_kprobe_multi lsm_cgroup struct_ops netfilter "
    "tcx_ingress tcx_egress trace_uprobe_multi cgroup_unix_connect cgroup_unix_sendmsg "
    "cgroup_unix_recvmsg cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer "
    "trace_kprobe_session trace_uprobe_session";

void append(std::string& out, std::string_view name) {
    out += name;
    out += '\0';
}

void append_bits(std::string& out, std::span<const Bit> bits, std::uint32_t flags) {
    for (const Bit& bit : bits)
        if (flags & bit.bit) append(out, bit.name);
}

/// Newer kernels have more numbers than are listed.
std::string numbered(std::string_view words, std::uint32_t number) {
    for (std::uint32_t i = 0; i < number && !words.empty(); ++i)
        words.remove_prefix(std::min(words.find(' '), words.size() - 1) + 1);
    return words.empty() ? std::to_string(number) : std::string(words.substr(0, words.find(' ')));
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
    constexpr std::string_view kAccess[] = {"", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
    if (flags & 3) append(out, kAccess[flags & 3]);
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

void append_module_flags(std::string& out, std::uint32_t flags, bool unload) {
    append_bits(out, unload ? std::span<const Bit>(kDeleteFlags) : std::span<const Bit>(kModuleFlags), flags);
}

void append_mount_flags(std::string& out, std::uint32_t call, const std::uint32_t* mount) {
    if (mount)
        append_bits(out, kMountAttributes, *mount);
    else
        append_bits(out, kCallAttributes, call);
    append_bits(out, kMountWays, call);
}

void append_umount_flags(std::string& out, std::uint32_t flags) { append_bits(out, kUmountFlags, flags); }

std::string bpf_command_name(std::uint32_t number) { return numbered(kBpfCommands, number); }
std::string bpf_program_type_name(std::uint32_t number) { return numbered(kBpfProgramTypes, number); }
std::string bpf_map_type_name(std::uint32_t number) { return numbered(kBpfMapTypes, number); }
std::string bpf_link_type_name(std::uint32_t number) { return numbered(kBpfLinkTypes, number); }
std::string bpf_attach_type_name(std::uint32_t number) { return numbered(kBpfAttachTypes, number); }

void append_capabilities(std::string& out, std::uint64_t bits) {
    for (std::size_t i = 0; i < std::size(kCapabilities); ++i)
        if (bits >> i & 1) append(out, kCapabilities[i]);
}

}  // namespace whodid
