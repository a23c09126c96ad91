/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types, as far as whodid reads them. Only names matter: every access is relocated (CO-RE)
 * against the running kernel's BTF at load, so neither offsets nor the fields left out are of interest, and
 * one file serves x86-64 and arm64. A type whose layout changed over time has a second flavour,
 * `name___what`.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>

/* bpf_tracing.h must not look for userspace's register names: the kernel's are declared below. */
#define __VMLINUX_H__

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef _Bool bool;
typedef int pid_t;

#include <whodid/limits.h>
#include <whodid/record.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* ---- registers ---- */
#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
    __u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
    __u64 regs[31];
    __u64 orig_x0;
    s32 syscallno;
};
#else
struct pt_regs {
    unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
#endif

/* ---- identity ---- */
typedef struct {
    __u32 val;
} kuid_t;
typedef struct {
    __u32 val;
} kgid_t;
typedef struct {
    __u64 val;
} kernel_cap_t;
struct ns_common {
    unsigned int inum;
};
struct user_namespace {
    struct user_namespace* parent;
    struct ns_common ns;
};
struct cred {
    kuid_t uid;
    kgid_t gid;
    kuid_t suid;
    kgid_t sgid;
    kuid_t euid;
    kgid_t egid;
    kuid_t fsuid;
    kgid_t fsgid;
    kernel_cap_t cap_effective;
    struct user_namespace* user_ns;
};
struct list_head {
    struct list_head *next, *prev;
};
struct rb_node {
    unsigned long __rb_parent_color;
    struct rb_node *rb_right, *rb_left;
};
struct rb_root {
    struct rb_node* rb_node;
};
struct mnt_namespace {
    struct ns_common ns;
    struct rb_root mounts; /* by age */
};
struct mnt_namespace___before_6_8 {
    struct list_head list; /* by age as well */
};
struct net {
    struct ns_common ns;
};
struct xarray {
    void* xa_head;
};
struct xa_node {
    unsigned char shift;
    void* slots[64];
};
struct idr {
    struct xarray idr_rt;
    unsigned int idr_base;
};
struct pid_namespace {
    struct ns_common ns;
    struct idr idr;
};
struct nsproxy {
    struct mnt_namespace* mnt_ns;
    struct net* net_ns;
};
struct upid {
    int nr;
    struct pid_namespace* ns;
};
struct hlist_node {
    struct hlist_node *next, **pprev;
};
struct hlist_head {
    struct hlist_node* first;
};
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
struct pid {
    unsigned int level;
    struct hlist_head tasks[PIDTYPE_MAX];
    struct upid numbers[1];
};

/* ---- processes ---- */
typedef struct {
    int counter;
} atomic_t;
struct tty_struct {
    char name[64];
};
struct signal_struct {
    atomic_t live;
    int group_exit_code;
    unsigned int flags;
    struct pid* pids[PIDTYPE_MAX];
    struct tty_struct* tty;
    __u64 utime, stime;
};
struct thread_info {
    unsigned long flags;
    __u32 status;
};
struct files_struct;
struct fs_struct;
struct mm_struct;
struct css_set;
struct task_struct {
    struct thread_info thread_info;
    void* stack;
    unsigned int flags;
    int exit_code;
    pid_t pid, tgid;
    struct task_struct *real_parent, *group_leader;
    struct pid* thread_pid;
    struct hlist_node pid_links[PIDTYPE_MAX];
    __u64 utime, stime;
    __u64 start_boottime;
    const struct cred *real_cred, *cred;
    char comm[16];
    struct fs_struct* fs;
    struct files_struct* files;
    struct nsproxy* nsproxy;
    struct signal_struct* signal;
    kuid_t loginuid;
    unsigned int sessionid;
    struct mm_struct* mm;
    struct css_set* cgroups;
    struct io_uring_task* io_uring;
    unsigned in_execve : 1;
};
/* Kernels that keep the login uid apart (Container-Optimized OS, RHEL 7 and 8). */
struct audit_task_info {
    kuid_t loginuid;
    unsigned int sessionid;
};
struct task_struct___audit {
    struct audit_task_info* audit;
};

/* ---- files ---- */
struct qstr {
    const unsigned char* name;
};
struct file_system_type {
    const char* name;
};
struct super_block {
    struct dentry* s_root;
    struct list_head s_mounts; /* struct mount by mnt_instance; another list from 6.18 on */
    __u32 s_dev;
    struct file_system_type* s_type;
    unsigned long s_flags;
    unsigned long s_magic;
};
struct timespec64 {
    __s64 tv_sec;
    long tv_nsec;
};
struct inode {
    unsigned short i_mode;
    kuid_t i_uid;
    kgid_t i_gid;
    struct super_block* i_sb;
    unsigned long i_ino;
    unsigned int i_nlink;
    __u32 i_generation;
    long long i_size;
    __s64 i_ctime_sec;
    __u32 i_ctime_nsec;
    void* i_private;
};
struct inode___before_6_11 {
    struct timespec64 __i_ctime;
};
struct inode___before_6_6 {
    struct timespec64 i_ctime;
};
struct hlist_bl_node {
    struct hlist_bl_node *next, **pprev;
};
struct dentry {
    struct hlist_bl_node d_hash;
    struct dentry* d_parent;
    struct qstr d_name;
    struct inode* d_inode;
    struct super_block* d_sb;
};
struct vfsmount {
    struct dentry* mnt_root;
    struct super_block* mnt_sb;
    int mnt_flags;
};
struct mount {
    struct mount* mnt_parent;
    struct dentry* mnt_mountpoint;
    struct vfsmount mnt;
    struct rb_node mnt_node;
    struct list_head mnt_list;
    struct list_head mnt_instance;
    struct mnt_namespace* mnt_ns;
    const char* mnt_devname;
};
/* From 5.12 on what changes a file's attributes is told first how the mount maps ids, in one of these. */
struct vfsmount___user_ns {
    struct user_namespace* mnt_userns;
};
struct mnt_idmap {};
struct path {
    struct vfsmount* mnt;
    struct dentry* dentry;
};
struct fs_struct {
    struct path root, pwd;
};
struct file {
    unsigned int f_mode;
    unsigned int f_flags;
    struct path f_path;
    struct inode* f_inode;
    void* private_data;
};
struct fdtable {
    unsigned int max_fds;
    struct file** fd;
};
struct files_struct {
    struct fdtable* fdt;
};
struct mm_struct {
    unsigned long arg_start, arg_end, env_start, env_end;
    struct file* exe_file;
};
struct linux_binprm {
    unsigned int secureexec : 1;
    int argc, envc;
    struct file* file;
    const char *filename, *interp;
};
struct filename {
    const char* name;
};

/* ---- cgroups ---- */
struct kernfs_node {
    struct kernfs_node* __parent;
    const char* name;
    __u64 id;
};
struct kernfs_node___before_6_15 {
    struct kernfs_node* parent;
};
struct cgroup {
    struct kernfs_node* kn;
};
struct cgroup_subsys_state {
    struct cgroup* cgroup;
};
enum cgroup_subsys_id { pids_cgrp_id = 11 };
struct css_set {
    struct cgroup_subsys_state* subsys[1];
    struct cgroup* dfl_cgrp;
};

/* ---- sockets ---- */
struct in6_addr {
    __u8 s6_addr[16];
};
typedef struct {
    struct net* net;
} possible_net_t;
struct sock_common {
    __be32 skc_daddr, skc_rcv_saddr;
    __be16 skc_dport;
    __u16 skc_num;
    unsigned short skc_family;
    volatile unsigned char skc_state;
    unsigned long skc_flags;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
    struct sock_common __sk_common;
    __u16 sk_type, sk_protocol; /* 5.10 has them as whole fields too; older ones as bit fields */
    __u8 sk_shutdown;
    int sk_err;
    struct socket* sk_socket;
    struct pid* sk_peer_pid;
    const struct cred* sk_peer_cred;
};
struct sk_buff {
    unsigned int len;
    unsigned char* data;
};
struct socket {
    struct file* file;
    struct sock* sk;
};
struct inet_sock {
    __be16 inet_sport;
};
struct tcp_sock {
    __u64 bytes_acked, bytes_received;
    __u32 snd_una, write_seq;
};
enum sock_flags { SOCK_DONE = 1 };
struct sockaddr_un {
    unsigned short sun_family;
    char sun_path[108];
};
struct unix_address {
    int len;
    struct sockaddr_un name[1];
};
struct unix_sock {
    struct unix_address* addr;
    struct sock* peer;
};

/* ---- io_uring: what a request asks for lies at its start, in a form of its own per operation ---- */
struct open_how {
    __u64 flags, mode, resolve;
};
struct io_open {
    int dfd;
    __u32 file_slot;
    struct filename* filename;
    struct open_how how;
};
struct io_unlink {
    int dfd, flags;
    struct filename* filename;
};
struct io_mkdir {
    int dfd;
    __u16 mode;
    struct filename* filename;
};
struct io_rename {
    int old_dfd, new_dfd;
    struct filename *oldpath, *newpath;
    int flags;
};
struct io_link {
    int old_dfd, new_dfd;
    struct filename *oldpath, *newpath;
};
struct io_accept {
    __u32 file_slot;
};
struct io_connect {
    struct sockaddr* addr;
    int addr_len;
};
struct io_sr_msg {
    void* umsg; /* shares its place with buf: a header of the process, or its bytes */
    void* buf;
    int len;
    void* addr; /* 6.18 has it no more: there the address is copied when the request is prepared */
    __u16 addr_len;
};
struct msghdr {
    void* msg_name;
};
struct io_async_msghdr {
    struct msghdr msg;
};
struct io_ring_ctx {
    unsigned int compat : 1;
};
struct io_cmd_data { /* since 6.0 */
    int unused;
};
struct io_cqe {
    __s32 res;
    int fd; /* asked for, until the request has its file */
};
struct io_kiocb {
    struct file* file;
    __u8 opcode;
    __u32 flags; /* the low half, where io_uring_enter(2)'s own flags are */
    struct io_cqe cqe;
    struct io_ring_ctx* ctx;
    void* async_data;
};

/* ---- what the kernel was given to run ---- */
struct bpf_prog_aux {
    u32 id;
    char name[16];
};
struct bpf_prog {
    enum bpf_prog_type type;
    u32 len;
    struct bpf_prog_aux* aux;
};
struct bpf_map {
    enum bpf_map_type map_type;
    u32 id;
    char name[16];
};
struct bpf_link {
    u32 id;
    enum bpf_link_type type;
    struct bpf_prog* prog;
};
struct module {
    char name[56]; /* 64 less a word */
};

/* ---- signals ---- */
struct kernel_siginfo {
    int si_code;
};

/* ---- iterators ---- */
struct seq_file {
    int unused;
};
struct bpf_iter_meta {
    struct seq_file* seq;
};
struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
};

#pragma clang attribute pop

/* What user memory holds: fixed by the system call interface, never relocated. */
struct user_iovec {
    void* base;
    unsigned long len;
};
struct user_msghdr_abi {
    void* name;
    int name_len, pad;
    struct user_iovec* iov;
    unsigned long iov_len;
    void* control;
    unsigned long control_len;
    unsigned int flags;
};
struct user_mmsghdr {
    struct user_msghdr_abi header;
    unsigned int length, pad;
};
/* The same, as 32-bit programs have them. */
struct user_compat_iovec {
    __u32 base, len;
};
struct user_compat_msghdr {
    __u32 name, name_len, iov, iov_len, control, control_len, flags;
};
struct user_compat_mmsghdr {
    struct user_compat_msghdr header;
    __u32 length;
};
struct user_open_how {
    __u64 flags, mode, resolve;
};
struct user_xattr_args {
    __u64 value;
    __u32 size, flags;
};
struct user_nlmsghdr {
    __u32 len;
    __u16 type, flags;
    __u32 seq, pid;
};

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/*
 * LOAD(p, a, b) reads p->a->b like BPF_CORE_READ, by plain loads where the kernel can do that: the verifier
 * must know the type of `p`, which TYPED declares, and lets a load that faults give 0. A helper call per step
 * costs ten times as much. The cast came with 6.2; the verifier removes the branch that does not apply.
 */
#ifdef WHODID_NO_CAS
#define TYPED(type, p) ((type*)(p))
#define LOAD BPF_CORE_READ
#else
enum special_kfunc_type { KF_bpf_rdonly_cast = 8 };
extern void* bpf_rdonly_cast(const void* p, __u32 btf_id) __ksym __weak;
#define CAN_TYPE bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast)
#define TYPED(type, p) \
    ((type*)(CAN_TYPE ? bpf_rdonly_cast((const void*)(p), bpf_core_type_id_kernel(type)) : (void*)(p)))
#define LOAD_1(p, a) ((p)->a)
#define LOAD_2(p, a, b) ((p)->a->b)
#define LOAD_3(p, a, b, c) ((p)->a->b->c)
#define LOAD_4(p, a, b, c, d) ((p)->a->b->c->d)
#define LOAD_N(p, a, b, c, d, n, ...) LOAD_##n
#define LOAD(...) (CAN_TYPE ? LOAD_N(__VA_ARGS__, 4, 3, 2, 1)(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))
#endif
