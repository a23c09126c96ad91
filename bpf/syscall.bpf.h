/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * At a system call's exit: its arguments and its result. The saved registers still hold every argument, the
 * strings they point to are resident because the kernel has just read them, and the result is known; so no
 * program runs at entry and nothing is carried across.
 */
#pragma once

#include "task.bpf.h"

#define AT_FDCWD -100
#define TIF_32BIT 22 /* arm64 */

/* Fixed by tracefs: events/syscalls/sys_exit_NAME/format. */
struct syscall_exit {
    __u64 common;
    __s32 nr, pad;
    __s64 result;
};

/* A call that ends, the same wherever it is seen. */
struct call_exit {
    struct pt_regs* regs;
    __s64 result;
    int compat; /* made the 32-bit way: registers and structures of that */
};

#define THREAD_BYTES 16384

/* bpf_task_pt_regs came with 5.15; before, the registers' place at the top of the stack is computed. */
static __always_inline struct pt_regs* syscall_regs(void) {
    if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
        return TYPED(struct pt_regs, bpf_task_pt_regs(bpf_get_current_task_btf()));
    struct task_struct* task = (void*)bpf_get_current_task();
    return BPF_CORE_READ(task, stack) + THREAD_BYTES - bpf_core_type_size(struct pt_regs);
}

static __always_inline unsigned long call_arg(const struct call_exit* call, int n) {
    struct pt_regs* regs = call->regs;
#if defined(__TARGET_ARCH_arm64)
    if (n == 0) /* regs[0] holds the result by now */
        return LOAD(regs, orig_x0);
    return LOAD(regs, regs[n]);
#else
    switch (n) {
        case 0:
            return call->compat ? (__u32)LOAD(regs, bx) : LOAD(regs, di);
        case 1:
            return call->compat ? (__u32)LOAD(regs, cx) : LOAD(regs, si);
        case 2:
            return call->compat ? (__u32)LOAD(regs, dx) : LOAD(regs, dx);
        case 3:
            return call->compat ? (__u32)LOAD(regs, si) : LOAD(regs, r10);
        case 4:
            return call->compat ? (__u32)LOAD(regs, di) : LOAD(regs, r8);
        default:
            return call->compat ? (__u32)LOAD(regs, bp) : LOAD(regs, r9);
    }
#endif
}

static __always_inline int call_number(const struct call_exit* call) {
    struct pt_regs* regs = call->regs; /* LOAD relocates the accesses of its first argument too */

#if defined(__TARGET_ARCH_arm64)
    return LOAD(regs, syscallno);
#else
    return LOAD(regs, orig_ax);
#endif
}

/* Of a call that a function serves. x86 has one for each way; most of arm64's serve both. */
static __always_inline int is_compat_call(int compat_function) {
#if defined(__TARGET_ARCH_arm64)
    return BPF_CORE_READ((struct task_struct*)bpf_get_current_task(), thread_info.flags) >> TIF_32BIT & 1;
#else
    return compat_function;
#endif
}

/* The act of the thread that runs now, told from its call. */
static __always_inline void begin_call(struct rec_hdr* h, const struct call_exit* call) {
    begin_current(h, call->result);
    if (call->compat) h->flags |= REC_F_COMPAT;
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
 * The programs at one system call's end. By tracepoint: works everywhere, and has every other call pay a
 * little too, which the kernel then takes through its slow way out. By the function behind the call: costs
 * the others nothing, and also sees 32-bit calls, which have no tracepoints, and int 0x80 from 64-bit
 * programs. The loader takes one of the first two, and the third where it can. Where a kernel or an
 * architecture has no such call there is no such place either.
 *
 * On arm64 the third is mostly at the same function as the second, and each leaves the other's calls alone:
 * so 32-bit calls, which have no tracepoints there either, are seen whichever of the first two is taken.
 */
#if defined(__TARGET_ARCH_arm64)
#define CALL_FUNCTION "__arm64_sys_"
#define COMPAT_FUNCTION "__arm64_sys_"
#else
#define CALL_FUNCTION "__x64_sys_"
#define COMPAT_FUNCTION "__ia32_sys_"
#endif
#define ON_EXIT(call)                                                                             \
    static __always_inline int exit_of_##call(const struct call_exit* ctx);                       \
    SEC("?tp/syscalls/sys_exit_" #call) int on_##call(struct syscall_exit* at) {                  \
        return exit_of_##call(&(struct call_exit){.regs = syscall_regs(), .result = at->result}); \
    }                                                                                             \
    AT_FUNCTIONS(call)                                                                            \
    static __always_inline int exit_of_##call(const struct call_exit* ctx)

#define AT_FUNCTIONS(call)                                                                                \
    SEC("?fexit/" CALL_FUNCTION #call) int BPF_PROG(fexit_##call, struct pt_regs* regs, long result) {    \
        if (is_compat_call(0)) return 0;                                                                  \
        return exit_of_##call(&(struct call_exit){.regs = regs, .result = result});                       \
    }                                                                                                     \
    SEC("?fexit/" COMPAT_FUNCTION #call) int BPF_PROG(compat_##call, struct pt_regs* regs, long result) { \
        if (!is_compat_call(1)) return 0;                                                                 \
        return exit_of_##call(&(struct call_exit){.regs = regs, .result = (__s32)result, .compat = 1});   \
    }

/*
 * The tracepoints' programs of calls that are alike, and not made all the time, go on in one that they share:
 * the verifier looks at it once. It tells the calls apart by their numbers. The loader puts it here.
 */
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} shared_exits SEC(".maps");
#define ON_SHARED_EXIT(call)                                                     \
    static __always_inline int exit_of_##call(const struct call_exit* ctx);      \
    SEC("?tp/syscalls/sys_exit_" #call) int on_##call(struct syscall_exit* at) { \
        bpf_tail_call(at, &shared_exits, 0);                                     \
        return 0;                                                                \
    }                                                                            \
    AT_FUNCTIONS(call)                                                           \
    static __always_inline int exit_of_##call(const struct call_exit* ctx)

/* A call that only 32-bit programs have. Its function's name may be a macro. */
#define ON_COMPAT_EXIT(call, function) COMPAT_EXIT(call, function)
#define COMPAT_EXIT(call, function)                                                                     \
    static __always_inline int exit_of_##call(const struct call_exit* ctx);                             \
    SEC("?fexit/" COMPAT_FUNCTION #function)                                                            \
    int BPF_PROG(compat_##call, struct pt_regs* regs, long result) {                                    \
        if (!is_compat_call(1)) return 0;                                                               \
        return exit_of_##call(&(struct call_exit){.regs = regs, .result = (__s32)result, .compat = 1}); \
    }                                                                                                   \
    static __always_inline int exit_of_##call(const struct call_exit* ctx)
