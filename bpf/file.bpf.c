/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files opened, created, removed, renamed, linked, and changed in rights, owner, length or attributes. */

#include <asm/unistd.h>

#include "fold.bpf.h"
#include "gate.bpf.h"
#include "path.bpf.h"
#include "syscall.bpf.h"

#ifndef __NR_fchmodat2 /* both the same everywhere */
#define __NR_fchmodat2 452
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#endif

#define O_ACCMODE 3
#define O_TRUNC 01000
#define O_CREAT_WRONLY_TRUNC 01101 /* what creat(2) means */
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
/* Since 4.19: this very open made the file. O_CREAT only says that it was allowed to. */
#define FMODE_CREATED 0x100000

/*
 * What a call asked for, put the same way for all of them: the object by descriptor or by name, then what is
 * to become of it. A second name is one with a directory (name2) or a mere text (text2).
 */
struct change {
    __s32 result;
    __u8 kind; /* a byte: the verifier forgets its value and goes through the rest once, not per kind */
    __u8 by_fd;
    __u8 uring; /* io_uring's: names point into the kernel */
    __u8 compat;
    __u8 no_descriptor; /* open: the result is not one */
    __u8 no_result;
    __s32 fd, dirfd, dirfd2;
    __u32 flags, mode, owner, group;
    __u64 name, name2, text2, length;
};

static __always_inline __u16 record_flags(const struct change* c) {
    return (c->uring ? REC_F_URING : 0) | (c->compat ? REC_F_COMPAT : 0) |
           (c->no_result ? REC_F_NO_RESULT : 0);
}

static __always_inline struct slot* claim_file(__u32 kind, struct change* c) {
    struct slot* s = slot_claim(kind, sizeof(struct rec_file));
    if (!s) return 0;
    struct rec_file* r = (void*)s->rec;

    begin_current(&r->h, c->result);
    r->h.flags = record_flags(c);
    r->open_flags = c->flags;
    r->path.flags = r->base.flags = r->base2.flags = REC_PATH_ABSENT;
    return s;
}

/*
 * What is done to what, by whom. `opened`: the file it is about, where that is known. 0: it cannot be told
 * from other acts.
 */
SHARED int set_change(struct rec_fold_key* key, struct change* c, __u32 kind, __u64 opened) {
    if (!CAN_FOLD || !key || !c) return 0;
    struct file* file = (void*)opened;
    struct mix m = NEW_MIX;

    begin_fold_key(key, kind, c->result, record_flags(c));
    key->access = c->flags;
    if (file) {
        set_inode(key, LOAD(TYPED(struct file, file), f_inode));
        if (!c->by_fd) return 1;
        mix_in(&m, key->object[0]);
        mix_in(&m, key->object[1]);
    } else if (!mix_in_path(&m, c->dirfd, c->name, c->uring)) {
        return 0;
    }
    if (c->name2 && !mix_in_path(&m, c->dirfd2, c->name2, c->uring)) return 0;
    if (c->text2 && !mix_in_name(&m, c->text2, c->uring)) return 0;
    mix_in(&m, (__u64)c->mode << 32 | c->owner);
    mix_in(&m, c->group);
    set_named(key, &m);
    return 1;
}

#define PROC_MAGIC 0x9fa0
#define RIGHTS_BITS 0777
#define ATD_COMM 0x647461 /* "atd", NUL */

static __always_inline int is_spared(__u64 inode) {
    const struct rec_policy* p = policy();

    for (int i = 0; p && i < WHODID_SPARED_MAX; i++)
        if (p->gate.spared[i] == inode) return 1;
    return 0;
}

/* Files that may be opened by others only to harm the sensor: what it writes, and its memory (/proc/PID/mem).
 */
static __always_inline int is_sensitive(struct file* opened) {
    struct inode* inode = LOAD(TYPED(struct file, opened), f_inode);

    if (LOAD(inode, i_sb, s_magic) == PROC_MAGIC && (LOAD(inode, i_mode) & RIGHTS_BITS) == 0600) return 1;
    return is_spared(LOAD(inode, i_ino));
}

/* What atd opens tells whose job it runs. */
static __always_inline int is_atd(void) {
    char comm[16] = {};

    bpf_get_current_comm(comm, sizeof(comm));
    return *(__u32*)comm == ATD_COMM;
}

/* Opened to read, and nobody's matter. To write is an act of a session, and what was denied may be tampering.
 */
SHARED int is_open_gated(struct change* c, __u64 opened) {
    struct gate_facts facts = {};

    if (!c || c->flags & (O_ACCMODE | O_TRUNC) || c->no_result || is_denied(c->result)) return 0;
    if (opened ? is_sensitive((void*)opened) : c->result >= 0) return 0;
    if (is_atd()) return 0;
    set_current_facts(&facts, c->result);
    return gates(REC_FILE_OPEN, REC_GATE_OPEN, &facts);
}

/* `file`: as above. 0: the act is not told, or there is no slot. */
static __always_inline struct slot* begin_file(__u32 kind, struct change* c, struct file* file) {
    struct rec_fold_key key = {};
    int act = notice(kind);

    if (!act) return 0;
    int may_be_gated = kind == REC_FILE_OPEN && act == ACT_USUAL && has_gate_for(REC_GATE_OPEN, c->result);
    if (may_be_gated && is_open_gated(c, (__u64)file)) return 0;
    int folds = MAY_FOLD(act) && set_change(&key, c, kind, (__u64)file);
    int entry = folds ? fold(&key) : TOLD_EACH_TIME;
    if (entry > 0) return 0;
    struct slot* s = claim_file(kind, c);
    if (s && !entry) ((struct rec_hdr*)s->rec)->task.fold = find_room(&key);
    return s;
}

/* From the open file: nothing here can be forged by the process. */
static __always_inline void put_object(struct slot* s, struct file* opened) {
    struct rec_file* r = (void*)s->rec;
    struct file* file = TYPED(struct file, opened);
    struct inode* inode = LOAD(file, f_inode);
    struct super_block* sb = LOAD(inode, i_sb);

    r->file_mode = LOAD(file, f_mode);
    r->inode = LOAD(inode, i_ino);
    r->mode = LOAD(inode, i_mode);
    r->owner = LOAD(inode, i_uid.val);
    r->group = LOAD(inode, i_gid.val);
    r->dev = LOAD(sb, s_dev);
    r->magic = LOAD(sb, s_magic);
    put_file_path(s, &r->path, opened);
}

/* Where a name starts from: the process' root (in a chroot not the host's), its cwd, or an open directory. */
SHARED int put_base(struct slot* s, int second, int dirfd, int absolute) {
    struct fs_struct* fs = BPF_CORE_READ((struct task_struct*)bpf_get_current_task(), fs);
    struct path* from;

    if (!s) return 0;
    struct rec_file* r = (void*)s->rec;
    if (absolute) {
        from = (void*)fs + bpf_core_field_offset(struct fs_struct, root);
    } else if (dirfd == AT_FDCWD) {
        from = (void*)fs + bpf_core_field_offset(struct fs_struct, pwd);
    } else {
        struct file* file = file_of(dirfd);
        if (!file) return 0;
        from = (void*)file + bpf_core_field_offset(struct file, f_path);
    }
    put_path(s, second ? &r->base2 : &r->base, from);
    return 0;
}

static __always_inline void put_text(struct slot* s, struct rec_str* to, __u64 from, int in_kernel) {
    if (in_kernel)
        put_kernel_str(s, to, (void*)from, WHODID_PATH_MAX);
    else
        put_user_str(s, to, (void*)from, WHODID_PATH_MAX);
}

/* An empty name with a descriptor means the descriptor's own object (AT_EMPTY_PATH). */
SHARED int put_names(struct slot* s, struct change* c) {
    if (!s || !c) return 0;
    struct rec_file* r = (void*)s->rec;

    put_text(s, &r->name, c->name, c->uring);
    int letter = first_letter(s, &r->name);
    struct file* file = letter == 0 && c->dirfd != AT_FDCWD ? file_of(c->dirfd) : 0;
    if (file) {
        put_object(s, file);
        return 0;
    }
    put_base(s, 0, c->dirfd, letter == '/');
    if (!c->uring) r->h.flags |= REC_F_USER_SUPPLIED;
    return 0;
}

SHARED int report_change(struct change* c) {
    if (!c) return 0;
    __u32 kind = c->kind & (WHODID_KIND_MAX - 1);
    struct file* file = c->by_fd ? file_of(c->fd) : 0;
    struct slot* s = begin_file(kind, c, file);

    if (!s) return 0;
    struct rec_file* r = (void*)s->rec;

    r->new_mode = c->mode;
    r->new_owner = c->owner;
    r->new_group = c->group;
    r->length = c->length;
    if (c->by_fd) {
        if (file) put_object(s, file);
    } else {
        put_names(s, c);
    }
    if (c->text2) {
        put_text(s, &r->name2, c->text2, c->uring);
    } else if (c->name2) {
        put_text(s, &r->name2, c->name2, c->uring);
        put_base(s, 1, c->dirfd2, first_letter(s, &r->name2) == '/');
        if (!c->uring) r->h.flags |= REC_F_USER_SUPPLIED;
    }
    emit(s, kind);
    return 0;
}
#define REPORT(what, ...) \
    report_change(&(struct change){.kind = what, .result = ctx->result, .compat = ctx->compat, __VA_ARGS__})

/*
 * The object's own path, whatever name led to it, when there is an object; reading the name as well would
 * cost more than it tells. A failure has only the name.
 */
SHARED int report_open(struct change* c) {
    if (!c || interrupted(c->result)) return 0;
    struct file* file = c->no_descriptor ? 0 : file_of(c->result);
    __u32 kind =
        file && LOAD(TYPED(struct file, file), f_mode) & FMODE_CREATED ? REC_FILE_CREATE : REC_FILE_OPEN;
    struct slot* s = begin_file(kind, c, file);

    if (!s) return 0;
    struct rec_file* r = (void*)s->rec;

    if (file) {
        put_object(s, file);
    } else {
        if (c->result >= 0) /* closed by another thread already, or it never had a descriptor */
            r->h.flags |= REC_F_PATH_LOST;
        put_names(s, c);
    }
    emit(s, kind);
    return 0;
}
#define REPORT_OPEN(...) \
    report_open(&(struct change){.result = ctx->result, .compat = ctx->compat, __VA_ARGS__})

ON_SHARED_EXIT(open) {
    return REPORT_OPEN(.dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .flags = call_arg(ctx, 1));
}

ON_EXIT(openat) {
    return REPORT_OPEN(.dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1), .flags = call_arg(ctx, 2));
}

ON_SHARED_EXIT(openat2) {
    struct user_open_how how = {};

    bpf_probe_read_user(&how, sizeof(how), (void*)call_arg(ctx, 2));
    return REPORT_OPEN(.dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1), .flags = how.flags);
}

ON_SHARED_EXIT(creat) {
    return REPORT_OPEN(.dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .flags = O_CREAT_WRONLY_TRUNC);
}

/* The handle says nothing to a reader: a failure is reported with the mount's directory alone. */
ON_SHARED_EXIT(open_by_handle_at) {
    return REPORT_OPEN(.dirfd = call_arg(ctx, 0), .flags = call_arg(ctx, 2));
}

ON_SHARED_EXIT(unlink) { return REPORT(REC_FILE_UNLINK, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0)); }

ON_SHARED_EXIT(unlinkat) {
    __u32 flags = call_arg(ctx, 2);

    return REPORT(flags & AT_REMOVEDIR ? REC_FILE_RMDIR : REC_FILE_UNLINK, .dirfd = call_arg(ctx, 0),
                  .name = call_arg(ctx, 1), .flags = flags);
}

ON_SHARED_EXIT(rmdir) { return REPORT(REC_FILE_RMDIR, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0)); }

ON_SHARED_EXIT(rename) {
    return REPORT(REC_FILE_RENAME, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .dirfd2 = AT_FDCWD,
                  .name2 = call_arg(ctx, 1));
}

ON_SHARED_EXIT(renameat) {
    return REPORT(REC_FILE_RENAME, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .dirfd2 = call_arg(ctx, 2), .name2 = call_arg(ctx, 3));
}

ON_SHARED_EXIT(renameat2) {
    return REPORT(REC_FILE_RENAME, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .dirfd2 = call_arg(ctx, 2), .name2 = call_arg(ctx, 3), .flags = call_arg(ctx, 4));
}

ON_SHARED_EXIT(link) {
    return REPORT(REC_FILE_LINK, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .dirfd2 = AT_FDCWD,
                  .name2 = call_arg(ctx, 1));
}

ON_SHARED_EXIT(linkat) {
    return REPORT(REC_FILE_LINK, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .dirfd2 = call_arg(ctx, 2), .name2 = call_arg(ctx, 3), .flags = call_arg(ctx, 4));
}

ON_SHARED_EXIT(symlink) {
    return REPORT(REC_FILE_SYMLINK, .dirfd = AT_FDCWD, .name = call_arg(ctx, 1), .text2 = call_arg(ctx, 0));
}

ON_SHARED_EXIT(symlinkat) {
    return REPORT(REC_FILE_SYMLINK, .dirfd = call_arg(ctx, 1), .name = call_arg(ctx, 2),
                  .text2 = call_arg(ctx, 0));
}

ON_SHARED_EXIT(mkdir) {
    return REPORT(REC_FILE_MKDIR, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .mode = call_arg(ctx, 1));
}

ON_SHARED_EXIT(mkdirat) {
    return REPORT(REC_FILE_MKDIR, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .mode = call_arg(ctx, 2));
}

ON_SHARED_EXIT(chmod) {
    return REPORT(REC_FILE_CHMOD, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .mode = call_arg(ctx, 1));
}

ON_SHARED_EXIT(fchmod) {
    return REPORT(REC_FILE_CHMOD, .by_fd = 1, .fd = call_arg(ctx, 0), .mode = call_arg(ctx, 1));
}

ON_SHARED_EXIT(fchmodat) {
    return REPORT(REC_FILE_CHMOD, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .mode = call_arg(ctx, 2));
}

ON_SHARED_EXIT(fchmodat2) /* 6.6 */
{
    return REPORT(REC_FILE_CHMOD, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .mode = call_arg(ctx, 2), .flags = call_arg(ctx, 3));
}

ON_SHARED_EXIT(chown) {
    return REPORT(REC_FILE_CHOWN, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .owner = call_arg(ctx, 1),
                  .group = call_arg(ctx, 2));
}

ON_SHARED_EXIT(lchown) {
    return REPORT(REC_FILE_CHOWN, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .owner = call_arg(ctx, 1),
                  .group = call_arg(ctx, 2), .flags = AT_SYMLINK_NOFOLLOW);
}

ON_SHARED_EXIT(fchown) {
    return REPORT(REC_FILE_CHOWN, .by_fd = 1, .fd = call_arg(ctx, 0), .owner = call_arg(ctx, 1),
                  .group = call_arg(ctx, 2));
}

ON_SHARED_EXIT(fchownat) {
    return REPORT(REC_FILE_CHOWN, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .owner = call_arg(ctx, 2), .group = call_arg(ctx, 3), .flags = call_arg(ctx, 4));
}

/* Owners of 16 bits: all of them set is "as it was", as it is with 32. */
static __always_inline __u32 wide_id(unsigned long id) { return (__u16)id == 0xffff ? ~0u : (__u16)id; }

ON_COMPAT_EXIT(chown16, chown16) {
    return REPORT(REC_FILE_CHOWN, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0),
                  .owner = wide_id(call_arg(ctx, 1)), .group = wide_id(call_arg(ctx, 2)));
}

ON_COMPAT_EXIT(lchown16, lchown16) {
    return REPORT(REC_FILE_CHOWN, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0),
                  .owner = wide_id(call_arg(ctx, 1)), .group = wide_id(call_arg(ctx, 2)),
                  .flags = AT_SYMLINK_NOFOLLOW);
}

ON_COMPAT_EXIT(fchown16, fchown16) {
    return REPORT(REC_FILE_CHOWN, .by_fd = 1, .fd = call_arg(ctx, 0), .owner = wide_id(call_arg(ctx, 1)),
                  .group = wide_id(call_arg(ctx, 2)));
}

ON_SHARED_EXIT(truncate) {
    return REPORT(REC_FILE_TRUNCATE, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .length = call_arg(ctx, 1));
}

ON_SHARED_EXIT(ftruncate) {
    return REPORT(REC_FILE_TRUNCATE, .by_fd = 1, .fd = call_arg(ctx, 0), .length = call_arg(ctx, 1));
}

/* A length of 64 bits comes in two; on arm64 in an even pair of registers. */
#if defined(__TARGET_ARCH_arm64)
#define WIDE_LENGTH(truncate) aarch32_##truncate##64
#define LENGTH_ARG 2
#else
#define WIDE_LENGTH(truncate) ia32_##truncate##64
#define LENGTH_ARG 1
#endif

static __always_inline __s64 wide_length(const struct call_exit* ctx) {
    return (__u32)call_arg(ctx, LENGTH_ARG) | (__u64)call_arg(ctx, LENGTH_ARG + 1) << 32;
}

ON_COMPAT_EXIT(truncate64, WIDE_LENGTH(truncate)) {
    return REPORT(REC_FILE_TRUNCATE, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .length = wide_length(ctx));
}

ON_COMPAT_EXIT(ftruncate64, WIDE_LENGTH(ftruncate)) {
    return REPORT(REC_FILE_TRUNCATE, .by_fd = 1, .fd = call_arg(ctx, 0), .length = wide_length(ctx));
}

/* length: of the attribute's value. */
ON_SHARED_EXIT(setxattr) {
    return REPORT(REC_FILE_SETXATTR, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .text2 = call_arg(ctx, 1),
                  .length = call_arg(ctx, 3));
}

ON_SHARED_EXIT(lsetxattr) {
    return REPORT(REC_FILE_SETXATTR, .dirfd = AT_FDCWD, .name = call_arg(ctx, 0), .text2 = call_arg(ctx, 1),
                  .length = call_arg(ctx, 3), .flags = AT_SYMLINK_NOFOLLOW);
}

ON_SHARED_EXIT(fsetxattr) {
    return REPORT(REC_FILE_SETXATTR, .by_fd = 1, .fd = call_arg(ctx, 0), .text2 = call_arg(ctx, 1),
                  .length = call_arg(ctx, 3));
}

ON_SHARED_EXIT(setxattrat) /* 6.13 */
{
    struct user_xattr_args given = {};

    bpf_probe_read_user(&given, sizeof(given), (void*)call_arg(ctx, 4));
    return REPORT(REC_FILE_SETXATTR, .dirfd = call_arg(ctx, 0), .name = call_arg(ctx, 1),
                  .text2 = call_arg(ctx, 3), .length = given.size, .flags = call_arg(ctx, 2));
}

/* ---- the calls that share a program ---- */

#define CASE(call)    \
    case __NR_##call: \
        return exit_of_##call(&call_exit);

SEC("?tp")
int on_shared_exit(struct syscall_exit* at) {
    struct call_exit call_exit = {.regs = syscall_regs(), .result = at->result};

    switch (at->nr) {
        CASE(openat2)
        CASE(open_by_handle_at)
        CASE(unlinkat)
        CASE(renameat)
        CASE(renameat2)
        CASE(linkat)
        CASE(symlinkat)
        CASE(mkdirat)
        CASE(fchmod)
        CASE(fchmodat)
        CASE(fchmodat2)
        CASE(fchown)
        CASE(fchownat)
        CASE(truncate)
        CASE(ftruncate)
        CASE(setxattr)
        CASE(lsetxattr)
        CASE(fsetxattr)
        CASE(setxattrat)
#if defined(__TARGET_ARCH_x86) /* what newer architectures never had */
        CASE(open)
        CASE(creat)
        CASE(unlink)
        CASE(rmdir)
        CASE(rename)
        CASE(link)
        CASE(symlink)
        CASE(mkdir)
        CASE(chmod)
        CASE(chown)
        CASE(lchown)
#endif
        default:
            return 0;
    }
}

/* ---- files mapped to be run ---- */

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define S_IFREG_BITS 0100000
#define S_IFMT_BITS 0170000

/*
 * Every program maps the same libraries: a file is told when a session maps it the first time, and again when
 * so many others were mapped since that it was forgotten.
 */
struct mapped_file {
    __u64 inode;
    __u32 dev, generation; /* inode numbers are given again */
    __u32 loginuid, sessionid;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, struct mapped_file);
    __type(value, __u8);
} mapped_files SEC(".maps");

static __noinline int report_map(int fd, int compat) {
    struct file* file = file_of(fd);
    struct inode* inode = file ? LOAD(TYPED(struct file, file), f_inode) : 0;
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    struct change c = {.compat = !!compat};
    struct gate_facts facts = {};
    struct rec_task who = {};
    __u8 here = 1;

    if (!inode || (LOAD(inode, i_mode) & S_IFMT_BITS) != S_IFREG_BITS || !notice(REC_FILE_MAP)) return 0;
    if (has_gate(REC_GATE_MAP)) {
        set_current_facts(&facts, 0);
        if (gates(REC_FILE_MAP, REC_GATE_MAP, &facts)) return 0;
    }
    fill_audit(&who, task);
    struct mapped_file key = {.inode = LOAD(inode, i_ino),
                              .dev = LOAD(inode, i_sb, s_dev),
                              .generation = LOAD(inode, i_generation),
                              .loginuid = who.loginuid,
                              .sessionid = who.sessionid};
    if (bpf_map_lookup_elem(&mapped_files, &key)) {
        folded(REC_FILE_MAP);
        return 0;
    }
    bpf_map_update_elem(&mapped_files, &key, &here, BPF_ANY);
    struct slot* s = claim_file(REC_FILE_MAP, &c);
    if (!s) return 0;
    put_object(s, file);
    emit(s, REC_FILE_MAP);
    return 0;
}

/*
 * A library loaded by hand is no exec. Only this call: to make a mapping executable afterwards (mprotect)
 * takes a look at every mapping of the process. The kernel maps programs itself, without it.
 */
static __always_inline int maps_a_program(const struct call_exit* ctx, __u64 protection, __u64 flags) {
    if (ctx->result < 0 && ctx->result >= -4095) return 0;
    return protection & PROT_EXEC && !(flags & MAP_ANONYMOUS);
}

ON_EXIT(mmap) {
    if (!maps_a_program(ctx, call_arg(ctx, 2), call_arg(ctx, 3))) return 0;
    return report_map(call_arg(ctx, 4), ctx->compat);
}

#if defined(__TARGET_ARCH_arm64)
ON_COMPAT_EXIT(mmap2, aarch32_mmap2) {
#else
ON_COMPAT_EXIT(mmap2, mmap_pgoff) {
#endif
    if (!maps_a_program(ctx, call_arg(ctx, 2), call_arg(ctx, 3))) return 0;
    return report_map(call_arg(ctx, 4), ctx->compat);
}

/* i386's first mmap has its arguments in memory. */
ON_COMPAT_EXIT(mmap_of_old, ia32_mmap) {
    struct {
        __u32 address, bytes, protection, flags, fd, offset;
    } given = {};

    bpf_probe_read_user(&given, sizeof(given), (void*)call_arg(ctx, 0));
    return maps_a_program(ctx, given.protection, given.flags) ? report_map(given.fd, ctx->compat) : 0;
}
