// SPDX-License-Identifier: Apache-2.0
// Ways to take hold of another process. Usage: hold_ways WAY [DIRECTORY [PID]]
//   pid= deed=WAY result=R|-errno target=PID [thread=TID] [bytes=N] [path=FILE] [asked=N]
// Each makes the process it takes hold of, but for `denied`, which gets one.
#define _GNU_SOURCE
#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "deed.h"

static long secret = 0x1234;
static const char* file_held;

// The child waits to be taken hold of; a read from the pipe ends when this process does.
static pid_t start_victim(int traceme) {
    int alive[2], ready[2];
    must(pipe2(alive, O_CLOEXEC), "pipe");
    must(pipe2(ready, O_CLOEXEC), "pipe");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        char byte = 0;
        close(alive[1]);
        if (file_held) must(dup2(open(file_held, O_RDONLY), 77), file_held);
        if (traceme) {
            long result = outcome(ptrace(PTRACE_TRACEME, 0, 0, 0));
            say("traceme", result, "target=%d", getpid());
        }
        must(write(ready[1], &byte, 1), "say ready");
        if (traceme) raise(SIGSTOP);
        must(read(alive[0], &byte, 1), "wait for the end");
        _exit(0);
    }
    char byte;
    must(read(ready[0], &byte, 1), "wait for the child");
    close(alive[0]);
    return child;
}

static void end_victim(pid_t child) {
    kill(child, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0) continue;  // a held thread is to be waited for as well
}

static pid_t attached_victim(void) {
    pid_t child = start_victim(0);
    must(ptrace(PTRACE_ATTACH, child, 0, 0), "attach");
    must(waitpid(child, NULL, 0), "wait for the stop");
    return child;
}

static void way_attach(const char* way) {
    pid_t child = start_victim(0);
    say(way, outcome(ptrace(PTRACE_ATTACH, child, 0, 0)), "target=%d", child);
    end_victim(child);
}

static void way_seize(const char* way) {
    pid_t child = start_victim(0);
    say(way, outcome(ptrace(PTRACE_SEIZE, child, 0, 0)), "target=%d", child);
    end_victim(child);
}

// The child tells.
static void way_traceme(const char* way) {
    (void)way;
    end_victim(start_victim(1));
}

// As a debugger does at every breakpoint.
static void way_poke(const char* way) {
    pid_t child = attached_victim();
    long result = 0;
    for (int i = 0; i < 100 && !result; i++) {
        errno = 0;
        (void)ptrace(PTRACE_PEEKDATA, child, &secret, 0);
        result = outcome(ptrace(PTRACE_POKEDATA, child, &secret, (void*)(long)i));
    }
    say(way, result, "target=%d", child);
    end_victim(child);
}

static void way_setregs(const char* way) {
    pid_t child = attached_victim();
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof registers};
    must(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &part), "getregset");
    say(way, outcome(ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &part)), "target=%d", child);
    end_victim(child);
}

static void memory_of(const char* way, int writes) {
    pid_t child = start_victim(0);
    struct iovec here = {&secret, sizeof secret}, there = {&secret, sizeof secret};
    long result = writes ? outcome(process_vm_writev(child, &here, 1, &there, 1, 0))
                         : outcome(process_vm_readv(child, &here, 1, &there, 1, 0));
    say(way, result, "target=%d bytes=%zu", child, sizeof secret);
    end_victim(child);
}
static void way_vm_read(const char* way) { memory_of(way, 0); }
static void way_vm_write(const char* way) { memory_of(way, 1); }

static void way_getfd(const char* way) {
    file_held = in_dir("held");
    close(must(open(file_held, O_RDWR | O_CREAT | O_CLOEXEC, 0600), file_held));
    pid_t child = start_victim(0);
    int pidfd = must(syscall(SYS_pidfd_open, child, 0), "pidfd_open");
    say(way, outcome(syscall(SYS_pidfd_getfd, pidfd, 77, 0)), "target=%d path=%s", child, quoted(file_held));
    end_victim(child);
}

// A thread that is not the leader.
static int sleep_as_thread(void* told) {
    *(volatile pid_t*)told = syscall(SYS_gettid);
    for (;;) pause();
    return 0;
}
static void way_thread(const char* way) {
    int pipes[2];
    must(pipe2(pipes, O_CLOEXEC), "pipe");
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        static char stack[65536];
        static volatile pid_t tid;
        must(clone(sleep_as_thread, stack + sizeof stack,
                   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
                   (void*)&tid),
             "clone");
        while (!tid) usleep(1000);
        pid_t told = tid;
        must(write(pipes[1], &told, sizeof told), "tell the thread");
        for (;;) pause();
    }
    pid_t tid;
    must(read(pipes[0], &tid, sizeof tid), "hear of the thread");
    say(way, outcome(ptrace(PTRACE_SEIZE, tid, 0, 0)), "target=%d thread=%d", child, tid);
    end_victim(child);
}

// Somebody else's process.
static void way_denied(const char* way) {
    pid_t target = (pid_t)number_argument(way_argument, "PID");
    say(way, outcome(ptrace(PTRACE_ATTACH, target, 0, 0)), "target=%d", target);
}

static void way_nobody(const char* way) {
    pid_t gone = must(fork(), "fork");
    if (gone == 0) _exit(0);
    must(waitpid(gone, NULL, 0), "wait");
    say(way, outcome(ptrace(PTRACE_ATTACH, gone, 0, 0)), "target=0 asked=%d", gone);
}

// In a pid namespace of its own the numbers are other ones; told are those outside.
static void way_namespace(const char* way) {
    int pipes[2];
    must(pipe2(pipes, O_CLOEXEC), "pipe");
    must(unshare(CLONE_NEWPID), "unshare");
    pid_t init = must(fork(), "fork");
    if (init == 0) {
        pid_t child = start_victim(0);  // 2 here
        long result = outcome(ptrace(PTRACE_ATTACH, child, 0, 0));
        must(write(pipes[1], &result, sizeof result), "tell the result");
        pause();
        _exit(0);
    }
    long result;
    must(read(pipes[0], &result, sizeof result), "hear the result");
    char path[64], children[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", init, init);
    int fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
    must(read(fd, children, sizeof children - 1), path);
    say_of(init, way, result, "target=%ld", strtol(children, NULL, 10));
    end_victim(init);
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"attach", way_attach},     {"seize", way_seize},     {"traceme", way_traceme},
        {"poke", way_poke},         {"setregs", way_setregs}, {"vm_read", way_vm_read},
        {"vm_write", way_vm_write}, {"getfd", way_getfd},     {"thread", way_thread},
        {"denied", way_denied},     {"nobody", way_nobody},   {"namespace", way_namespace},
    };
    return RUN_WAY(argc, argv, ways);
}
