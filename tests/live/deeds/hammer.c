// SPDX-License-Identifier: Apache-2.0
// Many threads hammer several calls at once while they preempt each other and one CPU is starved. Whatever a
// call names has its process' number in it, so that a record with fields of another's shows.
//
// usage: hammer DIRECTORY ACTS PROCESSES THREADS EXECS      ACTS: of each sort, by each thread; EXECS: so
// many
//        by each process' every thread, in children that say in their arguments who they are
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "deed.h"

static const char* directory;
static long acts, execs;

static int set_real_time(int priority) {
    struct sched_param param = {.sched_priority = priority};
    return sched_setscheduler(0, SCHED_FIFO, &param);
}

static void connect_to_a_name(const char* name) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    memcpy(to.sun_path, name, strlen(name));
    if (!connect(fd, (void*)&to, sizeof to)) die("somebody listens");
    close(fd);
}

static void connect_to_an_address(unsigned pid, long n) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(1024 + n % 60000),
                             .sin_addr.s_addr = htonl(127u << 24 | (pid & 0xffffff))};
    int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    must(connect(fd, (void*)&to, sizeof to), "connect");
    close(fd);
}

static void execute(void) {
    char is[64];
    pid_t child = must(vfork(), "vfork");
    if (!child) {
        snprintf(is, sizeof is, "whodid-hammer-%d", getpid());
        execle("/usr/bin/true", "true", is, NULL, (char*[]){NULL});
        _exit(127);
    }
    int status;
    must(waitpid(child, &status, 0), "waitpid");
    if (status) die("an exec failed");
}

static void* hammer(void* number) {
    char name[100], other[sizeof name + 8];  // fits into sun_path
    unsigned pid = getpid();
    long thread = (long)number;
    // Every other thread preempts the rest, whenever it wakes up.
    int urgent = thread % 2 && !set_real_time(1 + thread % 8);

    for (long n = 0; n < acts; n++) {
        snprintf(name, sizeof name, "%.40s/%u.%ld.%ld", directory, pid, thread, n);
        snprintf(other, sizeof other, "%s.renamed", name);
        close(must(open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600), "open"));
        must(chmod(name, 0640), "chmod");
        must(rename(name, other), "rename");
        must(unlink(other), "unlink");
        connect_to_a_name(name);
        connect_to_an_address(pid, n);
        if (n < execs) execute();
        if (urgent) nanosleep(&(struct timespec){.tv_nsec = 50000 + n % 7 * 30000}, NULL);
    }
    return NULL;
}

static void hammer_as_process(long threads) {
    pthread_t ids[64];
    for (long i = 0; i < threads; i++)
        if ((errno = pthread_create(&ids[i], NULL, hammer, (void*)i))) die("pthread_create");
    for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL);
}

// Nine tenths of the first CPU for nothing.
__attribute__((noreturn)) static void starve(void) {
    cpu_set_t first;
    struct timespec begin, now;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    must(sched_setaffinity(0, sizeof first, &first), "sched_setaffinity");
    set_real_time(20);
    while (1) {
        clock_gettime(CLOCK_MONOTONIC, &begin);
        do clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 9000000);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

int main(int argc, char** argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: %s DIRECTORY ACTS PROCESSES THREADS EXECS\n", argv[0]);
        return 2;
    }
    directory = argv[1];
    acts = number_argument(argv[2], "ACTS");
    execs = number_argument(argv[5], "EXECS");
    long processes = number_argument(argv[3], "PROCESSES"), threads = number_argument(argv[4], "THREADS");
    if (processes < 1 || processes > 64 || threads < 1 || threads > 64) {
        fprintf(stderr, "PROCESSES and THREADS are 1 to 64\n");
        return 2;
    }
    must(mkdir(directory, 0755), "mkdir");
    pid_t starver = must(fork(), "fork"), children[64];
    if (!starver) starve();
    for (long i = 0; i < processes; i++) {
        children[i] = must(fork(), "fork");
        if (children[i]) continue;
        hammer_as_process(threads);
        _exit(0);
    }
    int failures = 0;
    for (long i = 0; i < processes; i++) {
        int status;
        must(waitpid(children[i], &status, 0), "waitpid");
        failures += status != 0;
        say_of(children[i], "hammer", status, "acts=%ld execs=%ld", acts * threads, execs * threads);
    }
    kill(starver, SIGKILL);
    waitpid(starver, NULL, 0);
    must(rmdir(directory), "rmdir");
    return failures ? 1 : 0;
}
