// SPDX-License-Identifier: Apache-2.0
// Many events in little time. Usage: flood OPENS EXECS PROCESSES [FILE]: that many opens of FILE
// (/etc/hostname if not given) and executions of /usr/bin/true in all, shared out over the processes.
//   pid= deed=flood result=failures processes= opens= execs= (exactly those done) first_pid= last_pid=
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "deed.h"

struct counts {
    atomic_long opens, execs, failures;
};

static long share(long total, long processes, long index) {
    return total / processes + (index < total % processes);
}

static void open_many(struct counts* counts, long count, const char* path) {
    for (long i = 0; i < count; i++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        atomic_fetch_add(fd < 0 ? &counts->failures : &counts->opens, 1);
        if (fd >= 0) close(fd);
    }
}

static void execute_many(struct counts* counts, long count) {
    char *const arguments[] = {"true", NULL}, *const environment[] = {NULL};
    for (long i = 0; i < count; i++) {
        int status = 1;
        pid_t child = vfork();
        if (!child) {
            execve("/usr/bin/true", arguments, environment);
            _exit(127);
        }
        if (child > 0) waitpid(child, &status, 0);
        atomic_fetch_add(status ? &counts->failures : &counts->execs, 1);
    }
}

int main(int argc, char** argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s OPENS EXECS PROCESSES [FILE]\n", argv[0]);
        return 2;
    }
    long opens = number_argument(argv[1], "OPENS"), execs = number_argument(argv[2], "EXECS");
    long processes = number_argument(argv[3], "PROCESSES");
    const char* path = argc > 4 ? argv[4] : "/etc/hostname";
    struct counts* counts =
        mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) die("mmap");

    pid_t first = 0, last = 0;
    for (long i = 0; i < processes; i++) {
        last = must(fork(), "fork");
        if (!last) {
            open_many(counts, share(opens, processes, i), path);
            execute_many(counts, share(execs, processes, i));
            _exit(0);
        }
        if (!first) first = last;
    }
    while (wait(NULL) > 0) continue;
    say("flood", counts->failures, "processes=%ld opens=%ld execs=%ld first_pid=%d last_pid=%d path=%s",
        processes, counts->opens, counts->execs, first, last, quoted(path));
    return 0;
}
