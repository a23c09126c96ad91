// SPDX-License-Identifier: Apache-2.0
// Sends a line to /dev/log as whoever runs it. Usage: syslog_line TEXT [TAG], TAG sshd if not given.
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "deed.h"

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s TEXT [TAG]\n", argv[0]);
        return 2;
    }
    char line[8192];
    int size = snprintf(line, sizeof line, "<%d>Jan  1 00:00:00 %s[%d]: %s", LOG_AUTH | LOG_INFO,
                        argc > 2 ? argv[2] : "sshd", getpid(), argv[1]);
    if (size >= (int)sizeof line) size = sizeof line - 1;
    struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    must(connect(fd, (struct sockaddr*)&log, sizeof log), log.sun_path);
    say("syslog_line", outcome(send(fd, line, size, 0)), "tag=%s", quoted(argc > 2 ? argv[2] : "sshd"));
    return 0;
}
