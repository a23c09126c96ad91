/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs at the kernel's security hooks, which get what a call is about, not what names it. */
#pragma once

#include "task.bpf.h"

/*
 * By the security hook itself, or at the end of the function that calls the hooks, where the boot option lsm=
 * leaves bpf out. The first is never skipped; the second is while another task is in it and was preempted.
 */
#define ON_SECURITY_IN(hook, function)                                                         \
    static __always_inline int saw_##hook(__u64* arg);                                         \
    SEC("?lsm/" #hook) int lsm_##hook(__u64* ctx) { return saw_##hook(ctx); }                  \
    SEC("?fexit/security_" #function) int fexit_##hook(__u64* ctx) { return saw_##hook(ctx); } \
    static __always_inline int saw_##hook(__u64* arg)
#define ON_SECURITY(hook) ON_SECURITY_IN(hook, hook)
