// SPDX-License-Identifier: Apache-2.0
// Becomes a daemon, opens a file when its parents are gone, and ends. Usage: daemonize [FILE].
//   pid=DAEMON deed=daemonize result=fd|-errno sid= parent= starter= path=
#define _GNU_SOURCE
#include "deed.h"

static void be_the_daemon(const char* path, pid_t starter, pid_t middle) {
    while (getppid() == middle) usleep(1000);
    must(chdir("/"), "chdir /");
    umask(0);
    long result = outcome(open(path, O_RDONLY | O_CLOEXEC));
    say("daemonize", result, "sid=%d parent=%d starter=%d path=%s", getsid(0), getppid(), starter,
        quoted(path));
    _exit(0);
}

int main(int argc, char** argv) {
    const char* path = argc > 1 ? argv[1] : "/etc/hostname";
    pid_t starter = getpid();
    int life[2];
    char byte;
    must(pipe2(life, O_CLOEXEC), "pipe2");
    pid_t middle = must(fork(), "fork");
    if (!middle) {
        must(setsid(), "setsid");
        pid_t self = getpid();
        if (!must(fork(), "fork")) be_the_daemon(path, starter, self);
        _exit(0);
    }
    must(waitpid(middle, NULL, 0), "waitpid");
    close(life[1]);
    // The daemon holds the other end: it has ended when this one does.
    return read(life[0], &byte, 1) != 0;
}
