// SPDX-License-Identifier: Apache-2.0
// Ways to map memory. Usage: map_ways WAY DIRECTORY (an own, writable one).
//   pid= deed=WAY result=0|-errno path=FILE inode=N
#define _GNU_SOURCE
#include <sys/mman.h>

#include "deed.h"

static const char* make_file(const char* name) {
    char page[4096] = {0};
    const char* path = in_dir(name);
    unlink(path);
    int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0750), path);
    must(write(fd, page, sizeof page), path);
    close(fd);
    return path;
}

static long map(int fd, int protection, int flags) {
    void* at = mmap(NULL, 4096, protection, flags, fd, 0);
    return at == MAP_FAILED ? outcome(-1) : 0;
}

static void say_file(const char* way, long result, const char* path) {
    struct stat file;
    must(stat(path, &file), path);
    say(way, result, "path=%s inode=%lu", quoted(path), file.st_ino);
}

// What dlopen(3) does, a hundred times.
static void way_library(const char* way) {
    const char* path = make_file("library.so");
    int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
    long result = 0;
    for (int i = 0; i < 100 && !result; i++) result = map(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE);
    say_file(way, result, path);
}

static void way_data(const char* way) {
    const char* path = make_file("data");
    int fd = must(open(path, O_RDWR | O_CLOEXEC), path);
    long result = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (!result) result = map(-1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
    say_file(way, result, path);
}

int main(int argc, char** argv) {
    static const struct way ways[] = {{"library", way_library}, {"data", way_data}};
    return RUN_WAY(argc, argv, ways);
}
