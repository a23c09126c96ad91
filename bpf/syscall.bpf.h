/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * At a system call's exit: its arguments and its result. The saved registers still hold every argument, the
 * strings they point to are resident because the kernel has just read them, and the result is known; so no
 * program runs at entry and nothing is carried across.
 */
#pragma once

#include "task.bpf.h"

#define AT_FDCWD -100

/* Fixed by tracefs: events/syscalls/sys_exit_NAME/format. */
struct syscall_exit {
    __u64 common;
    __s32 nr, pad;
    __s64 result;
};

#define THREAD_BYTES 16384

/* bpf_task_pt_regs came with 5.15; before, the registers' place at the top of the stack is computed. */
static __always_inline struct pt_regs* syscall_regs(void) {
    if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
        return TYPED(struct pt_regs, bpf_task_pt_regs(bpf_get_current_task_btf()));
    struct task_struct* task = (void*)bpf_get_current_task();
    return BPF_CORE_READ(task, stack) + THREAD_BYTES - bpf_core_type_size(struct pt_regs);
}

static __always_inline unsigned long syscall_arg(struct pt_regs* regs, int n) {
#if defined(__TARGET_ARCH_arm64)
    if (n == 0) /* regs[0] holds the result by now */
        return LOAD(regs, orig_x0);
    return LOAD(regs, regs[n]);
#else
    switch (n) {
        case 0:
            return LOAD(regs, di);
        case 1:
            return LOAD(regs, si);
        case 2:
            return LOAD(regs, dx);
        case 3:
            return LOAD(regs, r10);
        case 4:
            return LOAD(regs, r8);
        default:
            return LOAD(regs, r9);
    }
#endif
}

/* -ERESTARTSYS and its kin: a signal came, and the call is made once more or turned into EINTR. */
static __always_inline int interrupted(long result) { return result <= -512 && result >= -516; }

/* Of the thread that runs now. Another thread may have closed it since, and opened something else. */
static __always_inline struct file* file_of(int fd) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    struct fdtable* table = LOAD(task, files, fdt);
    struct file* file = 0;

    if (fd < 0 || (unsigned int)fd >= LOAD(table, max_fds)) return 0;
    bpf_probe_read_kernel(&file, sizeof(file), LOAD(table, fd) + fd);
    return file;
}

/*
 * A program at one system call's exit. It loads everywhere; where the kernel or the architecture has no such
 * call there is no tracepoint, and it does not attach.
 */
#define ON_EXIT(call)                  \
    SEC("tp/syscalls/sys_exit_" #call) \
    int on_##call(struct syscall_exit* ctx)
