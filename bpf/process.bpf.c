/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs started, failed to start, forked and ended; and what ran before the sensor did. */

#include "fold.bpf.h"
#include "path.bpf.h"
#include "syscall.bpf.h"

#define SIGNAL_GROUP_EXIT 0x00000004
#define OVERLAYFS_MAGIC 0x794c7630

/* The big slot starts like a small one: paths and short strings go in first, by the same functions. */
static __always_inline struct slot* front(struct big_slot* s) { return (struct slot*)s; }

/* One block, not one read per argument: the kernel has just written these pages. */
static __always_inline __u32 put_block(struct big_slot* s, unsigned long from, __u64 bytes) {
    __u64 off = s->off;

    if (off >= BIG_TAIL) return 0;
    if (bytes > WHODID_ARGS_MAX - 1) bytes = WHODID_ARGS_MAX - 1;
    asm volatile("%0 &= 0x7fff" : "+r"(bytes)); /* bounds this register, not a copy clang makes of it */
    if (bpf_probe_read_user(&s->rec[off], bytes, (void*)from)) return 0;
    s->off = off + (__u32)bytes;
    return bytes;
}

/* A page that is absent fails the whole block: take what is there, page by page. */
static __always_inline __u32 put_pages(struct big_slot* s, unsigned long from, __u64 bytes) {
    __u32 got = 0;

    for (int i = 0; i < WHODID_ARGS_MAX / 4096; i++) {
        __u64 want = 4096 - ((from + got) & 4095);
        __u64 off = s->off;

        if (got >= bytes || off >= BIG_TAIL) break;
        if (want > bytes - got) want = bytes - got;
        asm volatile("%0 &= 0x1fff" : "+r"(want));
        if (bpf_probe_read_user(&s->rec[off], want, (void*)(from + got))) break;
        s->off = off + (__u32)want;
        got += want;
    }
    return got;
}

static __always_inline void put_argv(struct big_slot* s, struct rec_exec* r, struct mm_struct* mm) {
    unsigned long from = BPF_CORE_READ(mm, arg_start);
    __u64 bytes = BPF_CORE_READ(mm, arg_end) - from;

    r->argv_bytes = bytes;
    r->argv.off = s->off;
    __u32 got = put_block(s, from, bytes);
    if (!got) got = put_pages(s, from, bytes);
    r->argv.len = got;
    if (got < bytes) r->h.flags |= REC_F_ARGS_CUT;
}

/* SSH_*, SUDO_*, and LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH: who came from where, and what was slipped in. */
static __always_inline int wanted_variable(const __u8* v) {
    __u32 head = v[0] | v[1] << 8 | v[2] << 16 | v[3] << 24;

    return head == 0x5f485353 || head == 0x4f445553 || head == 0x505f444c || head == 0x415f444c ||
           head == 0x4c5f444c;
}

/* Variables that are looked at: who starts a program may put any number before the one that matters. */
#define ENVIRONMENT_MAX 512

struct strings {
    struct big_slot* s;
    unsigned long at, end;
};

/* Append, and take back what is not wanted: only the chosen variables leave the kernel. */
static long put_variable(__u32 i, struct strings* env) {
    __u64 off = env->s->off;

    if (env->at >= env->end || off >= BIG_TAIL) return 1;
    long n = bpf_probe_read_user_str(&env->s->rec[off], WHODID_ENV_VALUE_MAX, (void*)env->at);
    if (n < 0) return 1;
    if (n == 0) n = 1; /* an empty string: 6.1 and 6.12 say 0, others count its NUL */
    if (wanted_variable(&env->s->rec[off])) env->s->off = off + (__u32)n;
    env->at += n;
    return 0;
}

static __noinline int put_environment(struct big_slot* s, unsigned long at, unsigned long end) {
    struct strings env = {.s = s, .at = at, .end = end};

    if (s) LOOP(ENVIRONMENT_MAX, put_variable, &env);
    return 0;
}

#define CTIME_QUERIED (1u << 31) /* in i_ctime_nsec since 6.13: somebody has read it */

/* As stat(2) tells it, in nanoseconds. */
static __always_inline __u64 change_time(struct inode* inode) {
    if (bpf_core_field_exists(inode->i_ctime_sec))
        return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ull +
               (BPF_CORE_READ(inode, i_ctime_nsec) & ~CTIME_QUERIED);
    struct inode___before_6_11* newer = (void*)inode;
    if (bpf_core_field_exists(newer->__i_ctime))
        return BPF_CORE_READ(newer, __i_ctime.tv_sec) * 1000000000ull +
               BPF_CORE_READ(newer, __i_ctime.tv_nsec);
    struct inode___before_6_6* older = (void*)inode;
    return BPF_CORE_READ(older, i_ctime.tv_sec) * 1000000000ull + BPF_CORE_READ(older, i_ctime.tv_nsec);
}

static __always_inline void fill_exe_file(struct rec_exec* r, struct file* exe) {
    struct inode* inode = BPF_CORE_READ(exe, f_inode);

    r->exe_inode = BPF_CORE_READ(inode, i_ino);
    r->exe_dev = BPF_CORE_READ(inode, i_sb, s_dev);
    r->exe_mode = BPF_CORE_READ(inode, i_mode);
    r->exe_uid = BPF_CORE_READ(inode, i_uid.val);
    r->exe_links = BPF_CORE_READ(inode, i_nlink);
    r->exe_ctime_ns = change_time(inode);
    r->exe_size = BPF_CORE_READ(inode, i_size);
    r->exe_magic = BPF_CORE_READ(inode, i_sb, s_magic);
    if (r->exe_magic != OVERLAYFS_MAGIC) return;
    /* struct ovl_inode goes on with __upperdentry right behind its struct inode. */
    void* upper = 0;
    bpf_probe_read_kernel(&upper, sizeof(upper), (void*)inode + bpf_core_type_size(struct inode));
    r->upper = upper ? 1 : 2;
}

static __always_inline void put_tty(struct slot* s, struct rec_str* to, struct task_struct* task) {
    struct tty_struct* tty = BPF_CORE_READ(task, signal, tty);

    if (tty) put_kernel_str(s, to, (void*)tty + bpf_core_field_offset(struct tty_struct, name), 64);
}

/*
 * The new program is in place and has not run yet: its argv cannot have been rewritten, and no other thread
 * exists that could race.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, pid_t caller_tid, struct linux_binprm* bprm) {
    if (!notice_always(REC_PROCESS_EXEC)) return 0;
    struct big_slot* s = big_slot_claim(REC_PROCESS_EXEC, sizeof(struct rec_exec));
    if (!s) return 0;
    struct rec_exec* r = (void*)s->rec;
    struct mm_struct* mm = BPF_CORE_READ(task, mm);
    struct file* exe = BPF_CORE_READ(mm, exe_file);
    struct fs_struct* fs = BPF_CORE_READ(task, fs);

    begin(&r->h, 0);
    fill_task_full(&r->h.task, task);
    r->caller_tid = caller_tid;
    r->secure = BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec);
    r->argc = BPF_CORE_READ(bprm, argc);
    fill_exe_file(r, exe);
    put_file_path(front(s), &r->exe, exe);
    put_path(front(s), &r->cwd, (void*)fs + bpf_core_field_offset(struct fs_struct, pwd));
    put_cgroups(front(s), &r->cgroup, &r->cgroup_v1, task);
    put_kernel_str(front(s), &r->filename, BPF_CORE_READ(bprm, filename), WHODID_PATH_MAX);
    put_kernel_str(front(s), &r->interp, BPF_CORE_READ(bprm, interp), WHODID_PATH_MAX);
    put_tty(front(s), &r->tty, task);
    put_argv(s, r, mm);
    r->env.off = s->off;
    put_environment(s, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end));
    r->env.len = s->off - r->env.off;
    emit_big(s, REC_PROCESS_EXEC);
    return 0;
}

#define CALLER_ARGS_MAX 64

struct caller_argv {
    struct big_slot* s;
    unsigned long at;
    __u32 pointer_bytes, more, n;
};

/* Which one it is says `i`: what counts on from step to step is never the same to the verifier. */
static long put_caller_arg(__u32 i, struct caller_argv* argv) {
    unsigned long arg = 0;
    void* at = (void*)(argv->at + (unsigned long)i * argv->pointer_bytes);

    argv->n = i;
    if (bpf_probe_read_user(&arg, argv->pointer_bytes == 4 ? 4 : 8, at)) return 1;
    if (!arg) {
        argv->more = 0;
        return 1;
    }
    __u64 off = argv->s->off;
    if (off >= BIG_TAIL) return 1;
    long got = bpf_probe_read_user_str(&argv->s->rec[off], WHODID_PATH_MAX, (void*)arg);
    if (got < 0) return 1;
    if (got == 0) { /* an empty argument: 6.1 and 6.12 write nothing and say 0 */
        argv->s->rec[off] = 0;
        got = 1;
    }
    argv->s->off = off + (__u32)got;
    argv->n = i + 1;
    return 0;
}

/*
 * Returns how many, and CALLER_ARGS_MAX more when that is not all: there are too many, or a page of them is
 * absent, because a kernel that finds no such file has not read them.
 */
static __noinline int put_caller_argv(struct big_slot* s, unsigned long at, __u32 pointer_bytes) {
    struct caller_argv argv = {.s = s, .at = at, .pointer_bytes = pointer_bytes, .more = CALLER_ARGS_MAX};

    if (!s || !at) return 0;
    LOOP(CALLER_ARGS_MAX, put_caller_arg, &argv);
    return argv.n + argv.more;
}

/* The same name from the same directory. The arguments do not count: the file is not there. 0: to be told. */
static __always_inline int set_program(struct rec_fold_key* key, const struct call_exit* ctx, int dirfd,
                                       unsigned long name) {
    struct mix m = NEW_MIX;

    if (ctx->result != -ENOENT) return 0;
    begin_fold_key(key, REC_PROCESS_EXEC, ctx->result, ctx->compat ? REC_F_COMPAT : 0);
    if (!mix_in_path(&m, dirfd, name, 0)) return 0;
    set_named(key, &m);
    return 1;
}

/* Failure leaves the registers alone, so the exit of the call has everything; an entry hook is not needed. */
static __always_inline int exec_failed(const struct call_exit* ctx, int dirfd, int first) {
    struct rec_fold_key key = {};
    int act = notice_always(REC_PROCESS_EXEC);

    if (!act) return 0;
    int folds = MAY_FOLD(act) && set_program(&key, ctx, dirfd, call_arg(ctx, first));
    int entry = folds ? fold(&key) : TOLD_EACH_TIME;
    if (entry > 0) return 0;
    struct big_slot* s = big_slot_claim(REC_PROCESS_EXEC, sizeof(struct rec_exec));
    if (!s) return 0;
    struct rec_exec* r = (void*)s->rec;
    struct task_struct* task = (void*)bpf_get_current_task();
    struct fs_struct* fs = BPF_CORE_READ(task, fs);

    begin(&r->h, ctx->result);
    fill_task_full(&r->h.task, task);
    if (!entry) r->h.task.fold = find_room(&key);
    r->h.flags |= REC_F_USER_SUPPLIED | (ctx->compat ? REC_F_COMPAT : 0);
    r->dirfd = dirfd;
    r->exe.flags = REC_PATH_ABSENT;
    put_path(front(s), &r->cwd, (void*)fs + bpf_core_field_offset(struct fs_struct, pwd));
    put_user_str(front(s), &r->filename, (void*)call_arg(ctx, first), WHODID_PATH_MAX);
    put_tty(front(s), &r->tty, task);
    r->argv.off = s->off;
    __u32 args = put_caller_argv(s, call_arg(ctx, first + 1), ctx->compat ? 4 : 8);
    if (args >= CALLER_ARGS_MAX) {
        args -= CALLER_ARGS_MAX;
        r->h.flags |= REC_F_ARGS_CUT;
    }
    r->argc = r->argv_count = args;
    r->argv.len = s->off - r->argv.off;
    emit_big(s, REC_PROCESS_EXEC);
    return 0;
}

ON_EXIT(execve) { return ctx->result >= 0 ? 0 : exec_failed(ctx, AT_FDCWD, 0); }
ON_EXIT(execveat) { return ctx->result >= 0 ? 0 : exec_failed(ctx, call_arg(ctx, 0), 1); }

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
    if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid)) /* a thread */
        return 0;
    if (!notice_always(REC_PROCESS_FORK)) return 0;
    struct rec_fork* r = reserve(&vital_ring, struct rec_fork, REC_PROCESS_FORK);
    if (!r) return 0;
    begin(&r->h, 0);
    fill_task_full(&r->h.task, child);
    submit(&vital_ring, r, REC_PROCESS_FORK, sizeof(*r));
    return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
    struct signal_struct* signal = BPF_CORE_READ(task, signal);

    if (BPF_CORE_READ(signal, live.counter) != 0) /* other threads go on */
        return 0;
    if (!notice_always(REC_PROCESS_EXIT)) return 0;
    struct rec_exit* r = reserve(&vital_ring, struct rec_exit, REC_PROCESS_EXIT);
    if (!r) return 0;
    begin(&r->h, 0);
    fill_task_full(&r->h.task, task);
    /* What wait(2) reports: the group's code once somebody ended the group, else the leader's. */
    __u32 status = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT
                       ? BPF_CORE_READ(signal, group_exit_code)
                       : BPF_CORE_READ(task, group_leader, exit_code);
    r->code = status >> 8 & 0xff;
    r->signal = status & 0x7f;
    r->user_ns = BPF_CORE_READ(signal, utime) + BPF_CORE_READ(task, utime);
    r->system_ns = BPF_CORE_READ(signal, stime) + BPF_CORE_READ(task, stime);
    submit(&vital_ring, r, REC_PROCESS_EXIT, sizeof(*r));
    return 0;
}

/* Run once, after every hook is attached: the processes that were there before. */
SEC("iter/task")
int list_tasks(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;

    if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid)) return 0;
    if (!notice_always(REC_RAW_TASK)) return 0;
    struct slot* s = slot_claim(REC_RAW_TASK, sizeof(struct rec_process));
    if (!s) return 0;
    struct rec_process* r = (void*)s->rec;
    struct file* exe = BPF_CORE_READ(task, mm, exe_file);

    begin(&r->h, 0);
    fill_task_full(&r->h.task, task);
    r->exe_inode = BPF_CORE_READ(exe, f_inode, i_ino);
    r->exe_dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
    r->exe_ctime_ns = change_time(BPF_CORE_READ(exe, f_inode));
    r->exe_size = BPF_CORE_READ(exe, f_inode, i_size);
    put_file_path(s, &r->exe, exe);
    put_cgroups(s, &r->cgroup, &r->cgroup_v1, task);
    put_tty(s, &r->tty, task);
    emit_vital(s, REC_RAW_TASK);
    return 0;
}
