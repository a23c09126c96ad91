// SPDX-License-Identifier: Apache-2.0
// The same few acts over and over, in random order, by several processes at once. Usage: repeats DIRECTORY
// COUNT PROCESSES MILLISECONDS SEED. DIRECTORY is made and removed. COUNT acts in all, spread over that time.
// Tells one line at the end: deed=repeats result=0.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "deed.h"

enum { kFiles = 40, kMissing = 20, kPeers = 8 };

static unsigned long random_state;

static unsigned pick(unsigned below) {  // xorshift64
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

static const char* name(const char* sort, unsigned number) {
    static char made[32];
    snprintf(made, sizeof made, "%s%u", sort, number);
    return made;
}

static void open_and_close(const char* path, int flags) {
    int fd = open(path, flags);
    if (fd >= 0) close(fd);
}

static void connect_datagram(unsigned peer) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(4000 + peer % 3)};
    to.sin_addr.s_addr = htonl(0xc0000201 + peer);  // 192.0.2.0/24 is nobody's
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    (void)!connect(fd, (struct sockaddr*)&to, sizeof to);
    close(fd);
}

static void act(void) {
    static const int kFlags[] = {O_RDONLY, O_WRONLY, O_RDWR | O_APPEND};
    switch (pick(8)) {
        case 0:
            open_and_close(name("missing", pick(kMissing)), O_RDONLY);
            return;
        case 1:
            (void)!chmod(name("file", pick(kFiles)), pick(2) ? 0600 : 0640);
            return;
        case 2:
            (void)!unlink(name("gone", pick(kMissing)));
            return;
        case 3:
            connect_datagram(pick(kPeers));
            return;
        default:
            open_and_close(name("file", pick(kFiles)), kFlags[pick(3)]);
    }
}

static void act_often(long count, long milliseconds) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; ++i) {
        act();
        if (i % 50 != 0) continue;
        clock_gettime(CLOCK_MONOTONIC, &now);
        long passed = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
        long due = milliseconds * i / count;
        if (due > passed) usleep((unsigned)(due - passed) * 1000);
    }
}

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    const long count = atol(argv[2]), processes = atol(argv[3]), milliseconds = atol(argv[4]);
    must(mkdir(argv[1], 0700), "mkdir");
    must(chdir(argv[1]), "chdir");
    for (unsigned i = 0; i < kFiles; ++i)
        close(must(open(name("file", i), O_CREAT | O_WRONLY, 0600), "create"));
    for (long p = 0; p < processes; ++p) {
        pid_t child = must(fork(), "fork");
        if (child != 0) continue;
        random_state = strtoul(argv[5], 0, 10) * 2654435761ul + (unsigned long)p + 1;
        act_often(count / processes, milliseconds);
        _exit(0);
    }
    while (wait(0) > 0) continue;
    for (unsigned i = 0; i < kFiles; ++i) unlink(name("file", i));
    must(rmdir(argv[1]), "rmdir");
    say("repeats", 0, "acts=%ld", count / processes * processes);
    return 0;
}
