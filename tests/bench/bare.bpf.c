/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The least that tells an act: room in a ring, the path, the name or the peer, and the record is handed over.
 * No actor, no ledger, no filter, and nobody is woken.
 */
#include "kernel.h"

#define AF_INET 2
#define COMPONENTS 32
#define COMPONENT_BYTES 64
#define PATH_BYTES 256

struct syscall_exit { /* fixed by tracefs: events/syscalls/sys_exit_NAME/format */
    __u64 common;
    __s32 nr, pad;
    __s64 result;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* Loads run one after the other: no two CPUs count at once. */
__u64 told, lost;

struct bare_file {
    __u64 off;
    __u8 path[PATH_BYTES + COMPONENT_BYTES]; /* the last component may start anywhere below PATH_BYTES */
};
struct bare_peer {
    __u32 local, peer;
    __u16 local_port, peer_port;
    __u32 pad;
};

static __always_inline void* reserve(__u64 size) {
    void* room = bpf_ringbuf_reserve(&ring, size, 0);

    if (room)
        told++;
    else
        lost++;
    return room;
}

static __always_inline unsigned long argument(int n) {
    struct pt_regs* regs = TYPED(struct pt_regs, bpf_task_pt_regs(bpf_get_current_task_btf()));

#if defined(__TARGET_ARCH_arm64)
    return n == 0 ? LOAD(regs, orig_x0) : LOAD(regs, regs[1]);
#else
    return n == 0 ? LOAD(regs, di) : LOAD(regs, si);
#endif
}

static __always_inline struct file* file_of(__s64 fd) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    struct fdtable* table = LOAD(task, files, fdt);
    struct file* file = 0;

    if (fd < 0 || fd >= LOAD(table, max_fds)) return 0;
    bpf_probe_read_kernel(&file, sizeof(file), LOAD(table, fd) + fd);
    return file;
}

/* Leaf to root, over mounts. What is in the record the verifier does not follow, so that it sees one state.
 */
static __always_inline void put_path(struct bare_file* r, struct file* opened) {
    struct file* file = TYPED(struct file, opened);
    __u64 at = (__u64)LOAD(file, f_path.dentry);
    __u64 mount = (__u64)LOAD(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
    __u64 top = (__u64)LOAD(TYPED(struct mount, mount), mnt.mnt_root);

    for (int i = 0; i < COMPONENTS; i++) {
        struct dentry* dentry = TYPED(struct dentry, at);
        __u64 parent = (__u64)LOAD(dentry, d_parent);
        if (at == top) {
            struct mount* typed = TYPED(struct mount, mount);
            __u64 below = (__u64)LOAD(typed, mnt_parent);
            if (below == mount) break;
            at = (__u64)LOAD(typed, mnt_mountpoint);
            mount = below;
            top = (__u64)LOAD(TYPED(struct mount, mount), mnt.mnt_root);
            continue;
        }
        __u64 off = r->off;
        if (off >= PATH_BYTES) break;
        long n = bpf_probe_read_kernel_str(&r->path[off], COMPONENT_BYTES, LOAD(dentry, d_name.name));
        if (n <= 0 || at == parent) break;
        r->off = off + n;
        at = parent;
    }
}

SEC("tp/syscalls/sys_exit_openat")
int bare_open(struct syscall_exit* ctx) {
    struct file* file = file_of(ctx->result);
    struct bare_file* r = reserve(sizeof(*r));

    if (!r) return 0;
    r->off = 0;
    if (file)
        put_path(r, file);
    else
        bpf_probe_read_user_str(r->path, PATH_BYTES, (void*)argument(1));
    bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
    return 0;
}

SEC("tp/syscalls/sys_exit_connect")
int bare_connect(struct syscall_exit* ctx) {
    struct file* opened = file_of((int)argument(0));
    struct file* file = TYPED(struct file, opened);
    struct socket* socket = TYPED(struct socket, LOAD(file, private_data));
    struct sock* sk = LOAD(socket, sk);
    struct bare_peer* r = LOAD(sk, __sk_common.skc_family) == AF_INET ? reserve(sizeof(*r)) : 0;

    if (!r) return 0;
    r->local = LOAD(sk, __sk_common.skc_rcv_saddr);
    r->peer = LOAD(sk, __sk_common.skc_daddr);
    r->local_port = LOAD(sk, __sk_common.skc_num);
    r->peer_port = LOAD(sk, __sk_common.skc_dport);
    r->pad = 0;
    bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
    return 0;
}

/* bpf_probe_read_kernel and the like are the GPL's. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
