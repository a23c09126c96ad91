// SPDX-License-Identifier: Apache-2.0
// What the deeds share: each does one thing to the kernel and tells it in lines of facts,
//   pid=P deed=NAME result=R key=value...
// where R is what the call returned, or -errno. Exit status: 0 done (a refused call included), 1 could not be
// set up, 2 wrong arguments. Values hold no blanks; other bytes are written as %XX.
#pragma once

#ifndef _GNU_SOURCE
#error "a deed starts with #define _GNU_SOURCE"
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline long outcome(long returned) { return returned < 0 ? -(long)errno : returned; }

__attribute__((noreturn, unused)) static void die(const char* what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

// For what has to work before the deed itself.
static inline int must(int returned, const char* what) {
    if (returned < 0) die(what);
    return returned;
}

// One write(2) a line, so that lines of several processes never mix, and nothing is lost at an exec.
static inline void say_line(pid_t pid, const char* deed, long result, const char* format, va_list more) {
    char line[16384];
    int used = snprintf(line, sizeof line, "pid=%d deed=%s result=%ld ", pid, deed, result);
    int rest = vsnprintf(line + used, sizeof line - used - 1, format, more);
    if (rest < 0 || rest >= (int)sizeof line - used - 1) die("a line of facts is too long");
    used += rest;
    while (line[used - 1] == ' ') used--;
    line[used++] = '\n';
    if (write(STDOUT_FILENO, line, used) != used) die("write facts");
}

__attribute__((format(printf, 3, 4), unused)) static void say(const char* deed, long result,
                                                              const char* format, ...) {
    va_list more;
    va_start(more, format);
    say_line(getpid(), deed, result, format, more);
    va_end(more);
}

// For a deed that another process did.
__attribute__((format(printf, 4, 5), unused)) static void say_of(pid_t pid, const char* deed, long result,
                                                                 const char* format, ...) {
    va_list more;
    va_start(more, format);
    say_line(pid, deed, result, format, more);
    va_end(more);
}

// The bytes with everything but plain ASCII as %XX; valid until four more calls.
static inline const char* quoted(const char* bytes) {
    static char buffers[4][3 * PATH_MAX + 1];
    static int turn;
    char *buffer = buffers[turn++ % 4], *to = buffer;
    for (; *bytes && to < buffer + 3 * PATH_MAX - 3; bytes++) {
        unsigned char c = *bytes;
        if (c > ' ' && c < 0x7f && c != '%')
            *to++ = c;
        else
            to += sprintf(to, "%%%02X", c);
    }
    *to = 0;
    return buffer;
}

static inline long number_argument(const char* text, const char* name) {
    char* end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end) {
        fprintf(stderr, "%s: \"%s\" is not a number\n", name, text);
        exit(2);
    }
    return value;
}

// ---- programs with several ways: PROGRAM WAY [DIRECTORY [ARGUMENT]] --------------------------------
struct way {
    const char* name;
    void (*act)(const char* name);
};

// Where a way makes its files: canonical, so that the paths told are those the kernel finds.
static char work_dir[PATH_MAX] __attribute__((unused));
static const char* way_argument __attribute__((unused));

static inline const char* in_dir(const char* name) {
    static char paths[4][PATH_MAX + NAME_MAX + 2];
    static int turn;
    char* path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", work_dir, name);
    return path;
}

static inline int run_way(int argc, char** argv, const struct way* ways, size_t count) {
    if (argc >= 2) {
        if (!realpath(argc >= 3 ? argv[2] : ".", work_dir)) die(argv[2]);
        way_argument = argc >= 4 ? argv[3] : NULL;
        for (size_t i = 0; i < count; i++) {
            if (strcmp(ways[i].name, argv[1])) continue;
            ways[i].act(argv[1]);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s WAY [DIRECTORY [ARGUMENT]], WAY one of:", argv[0]);
    for (size_t i = 0; i < count; i++) fprintf(stderr, " %s", ways[i].name);
    fprintf(stderr, "\n");
    return 2;
}
#define RUN_WAY(argc, argv, ways) run_way(argc, argv, ways, sizeof(ways) / sizeof(ways)[0])
