// SPDX-License-Identifier: Apache-2.0
// Ways to load and remove kernel modules that fail. Usage: module_ways WAY DIRECTORY (an own, writable one).
//   pid= deed=WAY result=-errno [path=FILE inode=N] [name=MODULE]
#define _GNU_SOURCE
#include "deed.h"

static const char text[] = "this is no module\n";
static const char* parameters = "key=hunter2";

static const char* make_file(void) {
    const char* path = in_dir("module.ko");
    unlink(path);  // it may be somebody else's
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, text, sizeof text), path);
    close(fd);
    return path;
}

static void way_file(const char* way) {
    const char* path = make_file();
    struct stat file;
    must(stat(path, &file), path);
    int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
    say(way, outcome(syscall(SYS_finit_module, fd, parameters, 1)), "path=%s inode=%lu", quoted(path),
        file.st_ino);
}

static void way_image(const char* way) {
    say(way, outcome(syscall(SYS_init_module, text, sizeof text, parameters)), "name=");
}

static void way_remove(const char* way) {
    say(way, outcome(syscall(SYS_delete_module, "whodid_no_such", O_NONBLOCK | O_TRUNC)),
        "name=whodid_no_such");
}

int main(int argc, char** argv) {
    static const struct way ways[] = {{"file", way_file}, {"image", way_image}, {"remove", way_remove}};
    return RUN_WAY(argc, argv, ways);
}
