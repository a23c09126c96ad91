/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side, a table of contents. Each concern is a file; together they are one object. */

#include "auth.bpf.c"
#include "bpf_call.bpf.c"
#include "file.bpf.c"
#include "identity.bpf.c"
#include "module.bpf.c"
#include "mount.bpf.c"
#include "network.bpf.c"
#include "object.bpf.c"
#include "pam.bpf.c"
#include "process.bpf.c"
#include "ptrace.bpf.c"
#include "send.bpf.c"
#include "signal.bpf.c"
#include "uring.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
