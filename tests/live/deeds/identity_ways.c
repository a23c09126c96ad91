// SPDX-License-Identifier: Apache-2.0
// Ways for root to change what a process is. Usage: identity_ways WAY [DIRECTORY [UID]], UID 61001 if absent.
//   pid= deed=WAY result=0|-errno ruid= euid= suid= fsuid= rgid= egid= sgid= (afterwards)
// suid_probe is the way for everybody else.
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/fsuid.h>

#include "deed.h"

enum { kFlips = 10 };

static uid_t target(void) { return way_argument ? number_argument(way_argument, "UID") : 61001; }
static gid_t target_group(void) { return 61101; }

static void say_ids(const char* way, long result) {
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;
    must(getresuid(&ruid, &euid, &suid), "getresuid");
    must(getresgid(&rgid, &egid, &sgid), "getresgid");
    // setfsuid of an impossible id changes nothing and returns the present one.
    say(way, result, "ruid=%u euid=%u suid=%u fsuid=%u rgid=%u egid=%u sgid=%u", ruid, euid, suid,
        (unsigned)setfsuid(-1), rgid, egid, sgid);
}

static void way_setuid(const char* way) { say_ids(way, outcome(setuid(target()))); }
static void way_setresuid(const char* way) { say_ids(way, outcome(setresuid(target(), target(), target()))); }
static void way_setgid(const char* way) { say_ids(way, outcome(setgid(target_group()))); }

static void way_setfsuid(const char* way) {
    setfsuid(target());
    say_ids(way, 0);
}

// What sshd and sudo do around every file they read for a user: effective there and back, real stays.
static void way_flip_flop(const char* way) {
    long result = 0;
    for (int i = 0; i < kFlips && !result; i++) {
        result = outcome(setreuid(-1, target()));
        if (!result) result = outcome(setreuid(-1, 0));
    }
    say_ids(way, result);
}

// Gives CAP_NET_RAW up and takes it back from the permitted set: a gain of effective rights without an exec.
static void way_capset(const char* way) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    must(syscall(SYS_capget, &head, sets), "capget");
    sets[0].effective &= ~(1u << CAP_NET_RAW);
    must(syscall(SYS_capset, &head, sets), "capset");
    sets[0].effective |= 1u << CAP_NET_RAW;
    long result = outcome(syscall(SYS_capset, &head, sets));
    say(way, result, "capability=%d", CAP_NET_RAW);
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"setuid", way_setuid},     {"setresuid", way_setresuid}, {"setgid", way_setgid},
        {"setfsuid", way_setfsuid}, {"flip_flop", way_flip_flop}, {"capset", way_capset},
    };
    return RUN_WAY(argc, argv, ways);
}
