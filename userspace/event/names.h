// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's interface as the names people know: errno, signals, open flags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace whodid {

/// "EACCES" for 13; "_OTHER" for a number without a name (OpenTelemetry, error.type).
std::string_view errno_name(int code);

/// "SIGKILL" for 9; "SIGRT+n" and unknown ones come out as "SIG<number>".
std::string signal_name(unsigned number);

/// Appends "O_WRONLY\0O_CREAT\0": the access mode first, but for O_RDONLY, which is none; then each flag, in
/// the order of fcntl.h. Flag values differ between architectures: those of `arm64` or of x86-64.
void append_open_flags(std::string& out, std::uint32_t flags, bool arm64);

/// "attach", "process_vm_writev", ... of enum rec_hold; empty for an unknown number.
std::string_view hold_name(std::uint32_t operation);

/// Of finit_module(2): "ignore_modversions\0"; of delete_module(2): "force\0".
void append_module_flags(std::string& out, std::uint32_t flags, bool unload);

/// "ro\0bind\0": what restricts a mount, and how it was made. `call` has MS_* of mount(2), `mount` MNT_* of
/// the mount itself; null where there was none to ask.
void append_mount_flags(std::string& out, std::uint32_t call, const std::uint32_t* mount);
/// "force\0detach\0" of umount(2).
void append_umount_flags(std::string& out, std::uint32_t flags);

/// "PROG_LOAD"; an unknown number as it is, here and in the next four.
std::string bpf_command_name(std::uint32_t number);
/// "kprobe", "hash", "tracing", "cgroup_inet_ingress": the words of bpftool; "-" for none.
std::string bpf_program_type_name(std::uint32_t number);
std::string bpf_map_type_name(std::uint32_t number);
std::string bpf_link_type_name(std::uint32_t number);
std::string bpf_attach_type_name(std::uint32_t number);

/// "CAP_SYS_ADMIN\0..." for each bit.
void append_capabilities(std::string& out, std::uint64_t bits);

}  // namespace whodid
