// SPDX-License-Identifier: Apache-2.0
// Takes another person's login identity, then opens a file under it. Usage: loginuid_write UID [FILE].
//   pid= deed=loginuid_write result=0|-errno before= after= session_before= session_after= path=
#define _GNU_SOURCE
#include "deed.h"

static unsigned int read_id(const char* path) {
    char text[32] = "";
    int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
    must(read(fd, text, sizeof text - 1), path);
    close(fd);
    return strtoul(text, NULL, 10);
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s UID [FILE]\n", argv[0]);
        return 2;
    }
    const char* path = argc > 2 ? argv[2] : "/etc/hostname";
    unsigned int before = read_id("/proc/self/loginuid"), session_before = read_id("/proc/self/sessionid");
    int fd = must(open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC), "/proc/self/loginuid");
    long result = outcome(write(fd, argv[1], strlen(argv[1])));
    if (result > 0) result = 0;
    close(fd);
    close(must(open(path, O_RDONLY | O_CLOEXEC), path));
    say("loginuid_write", result, "before=%u after=%u session_before=%u session_after=%u path=%s", before,
        read_id("/proc/self/loginuid"), session_before, read_id("/proc/self/sessionid"), quoted(path));
    return 0;
}
