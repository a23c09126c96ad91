// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's interface as names.
#include "event/names.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <whodid/record.h>

#include <cerrno>
#include <csignal>

#include "event/field.h"

namespace whodid {
namespace {

std::string flags(std::uint32_t bits, bool arm64 = false) {
    std::string block, text;
    append_open_flags(block, bits, arm64);
    for_each_string(block, [&](std::string_view name) {
        if (!name.empty()) text.append(text.empty() ? "" : "|").append(name);
    });
    return text;
}

TEST(Names, Errno) {
    EXPECT_EQ(errno_name(EACCES), "EACCES");
    EXPECT_EQ(errno_name(EAGAIN), "EAGAIN");
    EXPECT_EQ(errno_name(ENOENT), "ENOENT");
    for (const int code : {0, -1, 4095, 512, 1 << 30, -2147483647 - 1})
        EXPECT_EQ(errno_name(code), "_OTHER") << code;
}

TEST(Names, Signals) {
    EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(40), "SIG40");
    EXPECT_EQ(signal_name(0), "SIG0");
    EXPECT_EQ(signal_name(4294967295u), "SIG4294967295");
}

TEST(Names, OpenFlags) {
    EXPECT_EQ(flags(O_RDONLY), "");
    EXPECT_EQ(flags(O_WRONLY | O_CREAT | O_TRUNC), "O_WRONLY|O_CREAT|O_TRUNC");
    EXPECT_EQ(flags(O_RDWR | O_APPEND | O_CLOEXEC), "O_RDWR|O_APPEND|O_CLOEXEC");
    EXPECT_EQ(flags(3), "O_ACCMODE");
    EXPECT_EQ(flags(020200000 | O_RDWR), "O_RDWR|O_TMPFILE");
    EXPECT_EQ(flags(04010000), "O_SYNC");
    EXPECT_EQ(flags(0010000), "O_DSYNC");
    EXPECT_EQ(flags(010000000), "O_PATH");
}

std::string joined(const std::string& block) {
    std::string text;
    for_each_string(block, [&](std::string_view name) {
        if (!name.empty()) text.append(text.empty() ? "" : ",").append(name);
    });
    return text;
}

TEST(Names, MountFlags) {
    const auto mounted = [](std::uint32_t call, const std::uint32_t* mount) {
        std::string block;
        append_mount_flags(block, call, mount);
        return joined(block);
    };
    const std::uint32_t restricted = 0x47, none = 0;
    EXPECT_EQ(mounted(MS_BIND | MS_REC, &none), "bind,rec");
    EXPECT_EQ(mounted(0, &restricted), "ro,nosuid,nodev,noexec");
    EXPECT_EQ(mounted(MS_RDONLY | MS_NOSUID, &none), "") << "the mount knows better";
    EXPECT_EQ(mounted(MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
              "ro,nosuid,nodev,noexec,remount");
    EXPECT_EQ(mounted(MS_MOVE, nullptr), "move");
    EXPECT_EQ(mounted(MS_SHARED, nullptr), "shared");
    EXPECT_EQ(mounted(MS_PRIVATE, nullptr), "private");
    EXPECT_EQ(mounted(MS_SLAVE, nullptr), "slave");
    EXPECT_EQ(mounted(MS_UNBINDABLE, nullptr), "unbindable");
    std::string block;
    append_umount_flags(block, MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW);
    EXPECT_EQ(joined(block), "force,detach,expire,nofollow");
}

TEST(Names, ModuleFlags) {
    std::string load, unload;
    append_module_flags(load, 7, false);
    append_module_flags(unload, O_NONBLOCK | O_TRUNC, true);
    EXPECT_EQ(joined(load), "ignore_modversions,ignore_vermagic,compressed");
    EXPECT_EQ(joined(unload), "force");
}

TEST(Names, Holds) {
    EXPECT_EQ(hold_name(REC_HOLD_ATTACH), "attach");
    EXPECT_EQ(hold_name(REC_HOLD_GETFD), "pidfd_getfd");
    EXPECT_EQ(hold_name(0), "");
    EXPECT_EQ(hold_name(4294967295u), "");
}

TEST(Names, Bpf) {
    EXPECT_EQ(bpf_command_name(5), "PROG_LOAD");
    EXPECT_EQ(bpf_command_name(28), "LINK_CREATE");
    EXPECT_EQ(bpf_program_type_name(26), "tracing");
    EXPECT_EQ(bpf_map_type_name(27), "ringbuf");
    EXPECT_EQ(bpf_link_type_name(5), "netns");
    EXPECT_EQ(bpf_attach_type_name(0), "cgroup_inet_ingress");
    for (const auto name : {bpf_command_name, bpf_program_type_name, bpf_map_type_name, bpf_link_type_name,
                            bpf_attach_type_name})
        EXPECT_EQ(name(4294967295u), "4294967295") << "newer than the list";
}

TEST(Names, OpenFlagsOfTheRecordsArchitecture) {
    EXPECT_EQ(flags(0200000, false), "O_DIRECTORY");
    EXPECT_EQ(flags(0200000, true), "O_DIRECT");
    EXPECT_EQ(flags(0040000, false), "O_DIRECT");
    EXPECT_EQ(flags(0040000, true), "O_DIRECTORY");
    EXPECT_EQ(flags(0400000, false), "O_NOFOLLOW");
    EXPECT_EQ(flags(0100000, true), "O_NOFOLLOW");
    EXPECT_EQ(flags(020040000 | 1, true), "O_WRONLY|O_TMPFILE");
}

TEST(Names, Capabilities) {
    std::string block;
    append_capabilities(block, 1ull << 21 | 1);
    EXPECT_EQ(block, std::string("CAP_CHOWN\0CAP_SYS_ADMIN\0", 24));
    block.clear();
    append_capabilities(block, ~std::uint64_t{0});
    EXPECT_TRUE(block.ends_with(std::string("CAP_CHECKPOINT_RESTORE\0", 23)));
}

}  // namespace
}  // namespace whodid
