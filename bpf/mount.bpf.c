/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * File systems mounted, moved, changed and unmounted. Names as in file.bpf.c. The options of a file system
 * are not copied: they may hold passwords.
 */

#include "path.bpf.h"
#include "syscall.bpf.h"

#define MS_REMOUNT 32
#define MS_MOVE 8192
#define MS_REC 16384
#define MS_PROPAGATION 0x1e0000 /* MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED */
#define MS_BIND 4096
#define MS_ATTRIBUTES 0xf /* MS_RDONLY to MS_NOEXEC: the same bits in struct mount_attr */
#define SB_RDONLY 1
#define MNT_READONLY 0x40
#define AT_RECURSIVE 0x8000

/* Steps through a namespace's mounts, the newest first. A tree of mounts that is bound at once is its root's.
 */
#define MOUNT_STEPS 128

struct user_mount_attr {
    __u64 set, clear, propagation;
};

struct mount_call {
    __s32 result, dirfd;
    __u32 flags;
    __u32 kind;
    __u64 name, source, type;
};

static __always_inline struct mount* mount_of(struct file* file) {
    struct vfsmount* mnt = BPF_CORE_READ(file, f_path.mnt);

    return mnt ? (void*)mnt - bpf_core_field_offset(struct mount, mnt) : 0;
}

/* The last component as it was given: off and len in the record, slashes behind it left out. */
static __always_inline void last_component(struct slot* s, struct rec_str* name, __u64* off, __u64* len) {
    __u8 letter = 0;

    *off = name->off;
    *len = name->len;
    for (int i = 0; i < 2 && *len > 1; i++) {
        bpf_probe_read_kernel(&letter, 1, &s->rec[(*off + *len - 1) & 0x3fff]);
        if (letter == '/') *len -= 1;
    }
}

/*
 * Whether it is mounted on a directory of the name that was given: by length, the slash before it, and its
 * last eight bytes. The name goes where the tail ends, and is not kept.
 */
static __always_inline int is_mounted_on(struct slot* s, struct mount* mount, __u64 off, __u64 len) {
    struct dentry* on = BPF_CORE_READ(mount, mnt_mountpoint);
    __u64 at = s->off, mine = 0, given = 0;
    __u8 before = '/';

    if (!on || at >= SLOT_TAIL) return 0;
    long n = bpf_probe_read_kernel_str(&s->rec[at], 256, BPF_CORE_READ(on, d_name.name));
    __u64 letters = n - 1;
    if (n <= 1 || letters > len) return 0;
    if (letters < len) bpf_probe_read_kernel(&before, 1, &s->rec[(off + len - letters - 1) & 0x3fff]);
    bpf_probe_read_kernel(&mine, 8, &s->rec[(at + letters - 8) & 0x7fff]);
    bpf_probe_read_kernel(&given, 8, &s->rec[(off + len - 8) & 0x3fff]);
    if (letters < 8) {
        mine >>= (8 - letters) * 8;
        given >>= (8 - letters) * 8;
    }
    return before == '/' && mine == given;
}

/* Numbers, because they come out of a loop. */
struct mount_search {
    struct slot* s;
    __u64 off, len; /* what it is mounted on */
    __u64 at, end;  /* a node of the tree, or of the list */
    __u64 found;
    int down;
};

/* Since 6.8 they are a tree ordered by age: through it from the right to the left. */
static long tree_step(__u32 i, struct mount_search* search) {
    struct rb_node* node = (void*)search->at;

    if (!node) return 1;
    if (search->down) {
        struct rb_node* right = BPF_CORE_READ(node, rb_right);

        if (right) {
            search->at = (__u64)right;
            return 0;
        }
    } else {
        struct rb_node* parent = (void*)(BPF_CORE_READ(node, __rb_parent_color) & ~3ul);
        int was_right = parent && BPF_CORE_READ(parent, rb_right) == node;

        search->at = (__u64)parent;
        if (!was_right) return 0;
        node = parent;
    }
    struct mount* mount = (void*)node - bpf_core_field_offset(struct mount, mnt_node);
    if (is_mounted_on(search->s, mount, search->off, search->len)) {
        search->found = (__u64)mount;
        return 1;
    }
    struct rb_node* left = BPF_CORE_READ(node, rb_left);
    search->down = left != 0;
    if (left) search->at = (__u64)left;
    return 0;
}

static long list_step(__u32 i, struct mount_search* search) {
    struct list_head* at = (void*)search->at;
    struct mount* mount = (void*)at - bpf_core_field_offset(struct mount, mnt_list);

    if (!at || search->at == search->end) return 1;
    if (is_mounted_on(search->s, mount, search->off, search->len)) {
        search->found = (__u64)mount;
        return 1;
    }
    search->at = (__u64)BPF_CORE_READ(at, prev);
    return 0;
}

/*
 * mount(2) leaves nothing that leads to what it made: it is the newest of the caller's namespace that is
 * mounted on a directory of the given name. A number, because it comes out of a loop.
 */
static __noinline __u64 find_new_mount(struct slot* s) {
    struct task_struct* task = (void*)bpf_get_current_task();
    struct mnt_namespace* ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
    struct mnt_namespace___before_6_8* old = (void*)ns;
    struct mount_search search = {.s = s, .down = 1};

    if (!s || !ns) return 0;
    struct rec_mount* r = (void*)s->rec;
    last_component(s, &r->file.name, &search.off, &search.len);
    if (bpf_core_field_exists(ns->mounts)) {
        search.at = (__u64)BPF_CORE_READ(ns, mounts.rb_node);
        LOOP(MOUNT_STEPS, tree_step, &search);
    } else {
        struct list_head* list = (void*)old + bpf_core_field_offset(old->list);

        search.end = (__u64)list;
        search.at = (__u64)BPF_CORE_READ(list, prev);
        LOOP(MOUNT_STEPS, list_step, &search);
    }
    return search.found;
}

/* From the mount itself: nothing here can be forged by the process. */
static __always_inline void put_mount(struct slot* s, struct mount* mount, int is_attached) {
    struct rec_mount* r = (void*)s->rec;
    struct super_block* sb = BPF_CORE_READ(mount, mnt.mnt_sb);
    struct inode* root = BPF_CORE_READ(mount, mnt.mnt_root, d_inode);

    r->found = 1;
    r->mount_flags = BPF_CORE_READ(mount, mnt.mnt_flags);
    if (BPF_CORE_READ(sb, s_flags) & SB_RDONLY) r->mount_flags |= MNT_READONLY;
    r->file.inode = BPF_CORE_READ(root, i_ino);
    r->file.mode = BPF_CORE_READ(root, i_mode);
    r->file.owner = BPF_CORE_READ(root, i_uid.val);
    r->file.group = BPF_CORE_READ(root, i_gid.val);
    r->file.dev = BPF_CORE_READ(sb, s_dev);
    r->file.magic = BPF_CORE_READ(sb, s_magic);
    if (!r->source.off) put_kernel_str(s, &r->source, BPF_CORE_READ(mount, mnt_devname), WHODID_PATH_MAX);
    put_kernel_str(s, &r->type, BPF_CORE_READ(sb, s_type, name), 64);
    if (!is_attached) return;
    put_walked(s, &r->file.path, (__u64)mount + bpf_core_field_offset(struct mount, mnt),
               (__u64)BPF_CORE_READ(mount, mnt.mnt_root));
}

static __always_inline struct slot* begin_mount(struct mount_call* c, const struct call_exit* call) {
    if (!notice(c->kind)) return 0;
    struct slot* s = slot_claim(c->kind, sizeof(struct rec_mount));
    if (!s) return 0;
    struct rec_mount* r = (void*)s->rec;

    begin_call(&r->h, call);
    r->call_flags = c->flags;
    r->file.path.flags = r->file.base.flags = r->file.base2.flags = REC_PATH_ABSENT;
    return s;
}

static __always_inline void put_given(struct slot* s, struct mount_call* c) {
    struct rec_mount* r = (void*)s->rec;

    put_user_str(s, &r->file.name, (void*)c->name, WHODID_PATH_MAX);
    put_base(s, 0, c->dirfd, first_letter(s, &r->file.name) == '/');
}

ON_EXIT(mount) {
    struct mount_call c = {.result = ctx->result,
                           .dirfd = AT_FDCWD,
                           .kind = REC_FILE_MOUNT,
                           .flags = call_arg(ctx, 3),
                           .name = call_arg(ctx, 1),
                           .source = call_arg(ctx, 0),
                           .type = call_arg(ctx, 2)};
    struct slot* s = begin_mount(&c, ctx);

    if (!s) return 0;
    struct rec_mount* r = (void*)s->rec;
    int is_new = c.result == 0 && !(c.flags & (MS_REMOUNT | MS_MOVE | MS_PROPAGATION));
    put_given(s, &c);
    struct mount* mount = is_new ? (void*)find_new_mount(s) : 0;
    /* A directory that is bound or moved: the mount knows only which file system it is of. */
    if (!mount || c.flags & (MS_BIND | MS_MOVE)) {
        put_user_str(s, &r->source, (void*)c.source, WHODID_PATH_MAX);
        r->h.flags |= REC_F_USER_SUPPLIED;
    }
    if (mount)
        put_mount(s, mount, 1);
    else
        put_user_str(s, &r->type, (void*)c.type, 64);
    emit_vital(s, REC_FILE_MOUNT);
    return 0;
}

/*
 * What fsopen(2), fsmount(2) and open_tree(2) prepared is attached here, and only now anybody sees it. A
 * source with a name is a mount that was there, and is moved.
 */
ON_EXIT(move_mount) /* 5.2 */
{
    struct mount_call c = {.result = ctx->result,
                           .dirfd = call_arg(ctx, 2),
                           .kind = REC_FILE_MOUNT,
                           .name = call_arg(ctx, 3),
                           .source = call_arg(ctx, 1)};
    struct slot* s = begin_mount(&c, ctx);

    if (!s) return 0;
    struct rec_mount* r = (void*)s->rec;
    put_given(s, &c);
    put_user_str(s, &r->source, (void*)c.source, WHODID_PATH_MAX);
    if (r->source.len) {
        r->call_flags = MS_MOVE;
    } else {
        struct mount* mount = mount_of(file_of(call_arg(ctx, 0)));

        r->source.off = 0;
        if (mount) put_mount(s, mount, c.result == 0);
    }
    if (!r->found || c.result < 0) r->h.flags |= REC_F_USER_SUPPLIED;
    emit_vital(s, REC_FILE_MOUNT);
    return 0;
}

ON_EXIT(mount_setattr) /* 5.12 */
{
    struct user_mount_attr attr = {};
    struct mount_call c = {
        .result = ctx->result, .dirfd = call_arg(ctx, 0), .kind = REC_FILE_MOUNT, .name = call_arg(ctx, 1)};

    bpf_probe_read_user(&attr, sizeof(attr), (void*)call_arg(ctx, 3));
    c.flags = (attr.set & MS_ATTRIBUTES) | (attr.propagation & MS_PROPAGATION);
    if (attr.set | attr.clear) c.flags |= MS_REMOUNT;
    if (call_arg(ctx, 2) & AT_RECURSIVE) c.flags |= MS_REC;
    struct slot* s = begin_mount(&c, ctx);
    if (!s) return 0;
    put_given(s, &c);
    ((struct rec_mount*)s->rec)->h.flags |= REC_F_USER_SUPPLIED;
    emit_vital(s, REC_FILE_MOUNT);
    return 0;
}

/* What was there is gone: only the name that was given is left. */
static __always_inline int report_umount(const struct call_exit* ctx, __u32 flags) {
    struct mount_call c = {.result = ctx->result,
                           .dirfd = AT_FDCWD,
                           .kind = REC_FILE_UMOUNT,
                           .flags = flags,
                           .name = call_arg(ctx, 0)};
    struct slot* s = begin_mount(&c, ctx);

    if (!s) return 0;
    put_given(s, &c);
    ((struct rec_mount*)s->rec)->h.flags |= REC_F_USER_SUPPLIED;
    emit_vital(s, REC_FILE_UMOUNT);
    return 0;
}

/* The tracepoint has the call's older name. */
ON_EXIT(umount) { return report_umount(ctx, call_arg(ctx, 1)); }
ON_COMPAT_EXIT(oldumount, oldumount) { return report_umount(ctx, 0); }
