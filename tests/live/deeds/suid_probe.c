// SPDX-License-Identifier: Apache-2.0
// To be installed setuid root: tells what its user became. Usage: suid_probe [become]
// become makes root the real user too.
#define _GNU_SOURCE
#include "deed.h"

int main(int argc, char** argv) {
    long result = 0;
    if (argc > 1 && !strcmp(argv[1], "become")) result = outcome(setuid(0));
    uid_t ruid, euid, suid;
    must(getresuid(&ruid, &euid, &suid), "getresuid");
    say("suid_probe", result, "ruid=%u euid=%u suid=%u gid=%u", ruid, euid, suid, getgid());
    return 0;
}
