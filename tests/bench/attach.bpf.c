/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do nothing, one for each way to see a system call's end: what is left is the way's price. */
#include "kernel.h"

/* Attached by hand, to one per-syscall tracepoint or to many. */
SEC("tp")
int on_tracepoint(void* ctx) { return 0; }

SEC("tp_btf/sys_exit")
int on_btf_tracepoint(void* ctx) { return 0; }

SEC("raw_tp/sys_exit")
int on_raw_tracepoint(void* ctx) { return 0; }

/* No helper is called, so the kernel does not ask for the GPL. */
char LICENSE[] SEC("license") = "Apache-2.0";
