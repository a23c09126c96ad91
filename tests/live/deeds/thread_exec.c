// SPDX-License-Identifier: Apache-2.0
// A thread that is not the leader executes: the kernel enters under the thread's id and leaves under the
// process's. Usage: thread_exec [PROGRAM ARG...], /usr/bin/echo if not given.
#define _GNU_SOURCE
#include <pthread.h>

#include "deed.h"

static void* execute(void* argument) {
    char** argv = argument;
    say("thread_exec", 0, "tid=%d program=%s", gettid(), quoted(argv[0]));
    execv(argv[0], argv);
    die(argv[0]);
}

int main(int argc, char** argv) {
    char* echo[] = {"/usr/bin/echo", "from-thread", NULL};
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, execute, argc > 1 ? argv + 1 : echo))) die("pthread_create");
    pthread_join(thread, NULL);
    return 1;
}
