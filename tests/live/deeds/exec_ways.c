// SPDX-License-Identifier: Apache-2.0
// Ways to start a program and to end a process. Usage: exec_ways WAY [DIRECTORY to make files in].
// Each is done by a child of its own, so the facts told are the child's:
//   pid=CHILD deed=WAY result=0|-errno of the exec  parent=  exit=  signal=
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>

#include "deed.h"

#define TRUE_PROGRAM "/usr/bin/true"

extern char** environ;
static char* const true_argv[] = {"true-x", "arg1", NULL};

static void copy_true_into(int to) {
    int from = must(open(TRUE_PROGRAM, O_RDONLY | O_CLOEXEC), TRUE_PROGRAM);
    ssize_t sent;
    while ((sent = sendfile(to, from, NULL, 1 << 20)) > 0) continue;
    must(sent, "copy " TRUE_PROGRAM);
    close(from);
}

static void execveat_at(int directory, const char* path, int flags) {
    syscall(SYS_execveat, directory, path, true_argv, environ, flags);
}

// ---- what the child does; an exec that works does not return ---------------------------------------
static void execveat_fd(void) {
    execveat_at(must(open(TRUE_PROGRAM, O_RDONLY | O_CLOEXEC), TRUE_PROGRAM), "", AT_EMPTY_PATH);
}

static void execveat_dir(void) {
    execveat_at(must(open("/usr/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/usr/bin"), "true", 0);
}

static void memfd(void) {
    int fd = must(memfd_create("evil", MFD_CLOEXEC), "memfd_create");
    copy_true_into(fd);
    execveat_at(fd, "", AT_EMPTY_PATH);
}

static void deleted(void) {
    const char* path = in_dir("deleted.bin");
    // Closed before the exec: a file open for writing is refused with ETXTBSY.
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), path);
    copy_true_into(fd);
    close(fd);
    fd = must(open(path, O_RDONLY | O_CLOEXEC), path);
    must(unlink(path), path);
    execveat_at(fd, "", AT_EMPTY_PATH);
}

static void big_argv(void) {
    static char big[100001];
    memset(big, 'A', sizeof big - 1);
    char* const argv[] = {"true", big, "LAST", NULL};
    execv(TRUE_PROGRAM, argv);
}

// From 5.18 the kernel puts an empty argv[0] in. The header says argv must not be null, hence the raw call.
static void null_argv(void) { syscall(SYS_execve, TRUE_PROGRAM, NULL, NULL); }

static void fail_enoent(void) { execv(in_dir("no-such-program"), true_argv); }

static void fail_with_file(const char* name, mode_t mode, char* const argv[]) {
    const char* path = in_dir(name);
    int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, "neither ELF nor script\n", 23), path);
    close(fd);
    must(chmod(path, mode), path);
    execv(path, argv);
}

static void fail_eacces(void) { fail_with_file("not-executable", 0644, true_argv); }
static void fail_enoexec(void) { fail_with_file("no-format", 0755, true_argv); }
static void fail_empty(void) {
    char* const argv[] = {"true-x", "", "z", NULL};
    fail_with_file("no-format", 0755, argv);
}

// ---- arguments in a page of a file that nobody has touched: it is absent until somebody reads it -----
static char* cold(const char* text) {
    const char* path = in_dir("cold");
    int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, text, strlen(text) + 1), path);
    char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    if (page == MAP_FAILED) die("mmap");
    close(fd);
    return page;
}

static void cold_argv(void) {
    char* const argv[] = {"true", cold("from-an-absent-page"), "last", NULL};
    execv(TRUE_PROGRAM, argv);
}

static void fail_cold(void) {
    char* const argv[] = {"true", cold("from-an-absent-page"), "last", NULL};
    fail_with_file("no-format", 0755, argv);
}

// The kernel may look for the file before it reads the arguments.
static void fail_cold_enoent(void) {
    char* const argv[] = {"true", cold("from-an-absent-page"), "last", NULL};
    execv(in_dir("no-such-program"), argv);
}

// ---- a program that changes what it was called with, see main ---------------------------------------
static void rewrite(void) {
    char* const argv[] = {"innocent", "--rewrite", "as-it-was", NULL};
    execv("/proc/self/exe", argv);
}

static int rewrite_own(char** argv) {
    memset(argv[2], 'X', strlen(argv[2]));
    memset(argv[0], 'X', strlen(argv[0]));
    return 0;
}

static void path_search(void) {
    setenv("PATH", "/nonexistent/a:/nonexistent/b:/usr/bin", 1);
    execvp("true", true_argv);
}

// Sent rather than suffered, and not dumpable: neither the kernel's log nor a core collector gets to know.
static void segv(void) {
    prctl(PR_SET_DUMPABLE, 0);
    kill(getpid(), SIGSEGV);
}

static void* leave_with_7(void* unused) {
    usleep(100000);
    exit(7);
    return unused;
}

static void exit_by_thread(void) {
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, leave_with_7, NULL))) die("pthread_create");
    syscall(SYS_exit, 5);
}

static void new_session(void) {
    must(setsid(), "setsid");
    execv(TRUE_PROGRAM, true_argv);
}

// ---- telling ---------------------------------------------------------------------------------------
static void child_does(const char* name, void (*act)(void)) {
    int failure[2], error = 0, status;
    must(pipe2(failure, O_CLOEXEC), "pipe2");
    pid_t child = must(fork(), "fork");
    if (!child) {
        act();
        error = errno;
        _exit(write(failure[1], &error, sizeof error) == sizeof error ? 127 : 126);
    }
    close(failure[1]);
    if (read(failure[0], &error, sizeof error) < 0) die("read from the child");
    must(waitpid(child, &status, 0), "waitpid");
    say_of(child, name, -error, "parent=%d exit=%d signal=%d", getpid(),
           WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

// The grandchild executes when its parent is gone. It keeps one end of the pipe, and so tells when it ends.
static void double_fork(const char* name) {
    struct {
        pid_t pid, first_parent, second_parent;
    } told = {0};
    int pipe_ends[2];
    must(pipe(pipe_ends), "pipe");
    pid_t child = must(fork(), "fork");
    if (!child) {
        pid_t self = getpid();
        if (must(fork(), "fork")) _exit(0);
        while (getppid() == self) usleep(1000);
        told.pid = getpid(), told.first_parent = self, told.second_parent = getppid();
        must(write(pipe_ends[1], &told, sizeof told), "write");
        execv(TRUE_PROGRAM, true_argv);
        _exit(127);
    }
    close(pipe_ends[1]);
    must(waitpid(child, NULL, 0), "waitpid");
    if (read(pipe_ends[0], &told, sizeof told) != sizeof told) die("the grandchild said nothing");
    char byte;
    while (read(pipe_ends[0], &byte, 1) > 0) continue;
    say_of(told.pid, name, 0, "first_parent=%d second_parent=%d starter=%d", told.first_parent,
           told.second_parent, getpid());
}

#define CHILD(name, act) \
    static void do_##name(const char* way) { child_does(way, act); }
CHILD(execveat_fd, execveat_fd)
CHILD(execveat_dir, execveat_dir)
CHILD(memfd, memfd)
CHILD(deleted, deleted)
CHILD(big_argv, big_argv)
CHILD(null_argv, null_argv)
CHILD(fail_enoent, fail_enoent)
CHILD(fail_eacces, fail_eacces)
CHILD(fail_enoexec, fail_enoexec)
CHILD(fail_empty, fail_empty)
CHILD(cold_argv, cold_argv)
CHILD(fail_cold, fail_cold)
CHILD(fail_cold_enoent, fail_cold_enoent)
CHILD(rewrite, rewrite)
CHILD(path_search, path_search)
CHILD(segv, segv)
CHILD(exit_by_thread, exit_by_thread)
CHILD(setsid, new_session)

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"execveat_fd", do_execveat_fd},
        {"execveat_dir", do_execveat_dir},
        {"memfd", do_memfd},
        {"deleted", do_deleted},
        {"big_argv", do_big_argv},
        {"null_argv", do_null_argv},
        {"fail_enoent", do_fail_enoent},
        {"fail_eacces", do_fail_eacces},
        {"fail_enoexec", do_fail_enoexec},
        {"fail_empty", do_fail_empty},
        {"cold_argv", do_cold_argv},
        {"fail_cold", do_fail_cold},
        {"fail_cold_enoent", do_fail_cold_enoent},
        {"rewrite", do_rewrite},
        {"path_search", do_path_search},
        {"segv", do_segv},
        {"exit_by_thread", do_exit_by_thread},
        {"setsid", do_setsid},
        {"double_fork", double_fork},
    };
    if (argc == 3 && !strcmp(argv[1], "--rewrite")) return rewrite_own(argv);
    return RUN_WAY(argc, argv, ways);
}
