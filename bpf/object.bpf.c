/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a call is about to change, as the kernel found it: told by the security hooks, which get the very
 * objects that are changed then. A name that the call's end reads from the process' memory may have been
 * rewritten by another thread since; this is what userspace puts in its place. The hooks are between the
 * lookup and the change, so the object still has its name, and a call that fails before tells nothing.
 */

#include "path.bpf.h"
#include "security.bpf.h"
#include "syscall.bpf.h"

static __always_inline __u64 mnt_of(__u64 path) { return (__u64)BPF_CORE_READ((struct path*)path, mnt); }
static __always_inline __u64 dentry_of(__u64 path) {
    return (__u64)BPF_CORE_READ((struct path*)path, dentry);
}

SHARED int report_object(__u32 kind, __u64 mnt, __u64 leaf, __u64 mnt2, __u64 leaf2) {
    if (!notice(REC_RAW_OBJECT)) return 0;
    struct slot* s = claim_slot(REC_RAW_OBJECT, sizeof(struct rec_object), OBJECT_TRIES);
    if (!s) return 0;
    struct rec_object* r = (void*)s->rec;
    struct inode* inode = BPF_CORE_READ((struct dentry*)leaf, d_inode);

    begin_current(&r->h, 0);
    r->kind = kind;
    r->path2.flags = REC_PATH_ABSENT;
    if (inode) {
        r->inode = BPF_CORE_READ(inode, i_ino);
        r->mode = BPF_CORE_READ(inode, i_mode);
        r->owner = BPF_CORE_READ(inode, i_uid.val);
        r->group = BPF_CORE_READ(inode, i_gid.val);
        r->dev = BPF_CORE_READ(inode, i_sb, s_dev);
        r->magic = BPF_CORE_READ(inode, i_sb, s_magic);
    }
    put_walked(s, &r->path, mnt, leaf);
    if (leaf2) put_walked(s, &r->path2, mnt2, leaf2);
    emit(s, REC_RAW_OBJECT);
    return 0;
}

/* A directory, and a name in it. */
static __always_inline int saw_entry(__u32 kind, __u64* arg) {
    return report_object(kind, mnt_of(number(arg)), number(arg + 1), 0, 0);
}

static __always_inline int saw_path(__u32 kind, __u64* arg) {
    __u64 path = number(arg);

    return report_object(kind, mnt_of(path), dentry_of(path), 0, 0);
}

ON_SECURITY(path_unlink) { return saw_entry(REC_FILE_UNLINK, arg); }
ON_SECURITY(path_rmdir) { return saw_entry(REC_FILE_RMDIR, arg); }
ON_SECURITY(path_mkdir) { return saw_entry(REC_FILE_MKDIR, arg); }
ON_SECURITY(path_symlink) { return saw_entry(REC_FILE_SYMLINK, arg); }
ON_SECURITY(path_truncate) { return saw_path(REC_FILE_TRUNCATE, arg); }
ON_SECURITY(path_chmod) { return saw_path(REC_FILE_CHMOD, arg); }
ON_SECURITY(path_chown) { return saw_path(REC_FILE_CHOWN, arg); }

/* Both names lie on one mount, or the call fails. For an exchange kernels call this twice, this way round
 * last. */
ON_SECURITY(path_rename) {
    return report_object(REC_FILE_RENAME, mnt_of(number(arg)), number(arg + 1), mnt_of(number(arg + 2)),
                         number(arg + 3));
}

ON_SECURITY(path_link) {
    __u64 mnt = mnt_of(number(arg + 1));

    return report_object(REC_FILE_LINK, mnt, number(arg), mnt, number(arg + 2));
}

/* Once for the script that was asked for, and once for each interpreter: the new program's own record names
 * the last. */
ON_SECURITY_IN(bprm_check_security, bprm_check) {
    struct linux_binprm* bprm = (void*)number(arg);
    __u64 path = (__u64)BPF_CORE_READ(bprm, file) + bpf_core_field_offset(struct file, f_path);

    return report_object(REC_PROCESS_EXEC, mnt_of(path), dentry_of(path), 0, 0);
}

/* ---- attributes: the hook is given no mount -------------------------------------------------------- */

#define MOUNTS_MAX 64 /* of one file system, looked at */
#if defined(__TARGET_ARCH_arm64)
#define NR_SETXATTR 5
#define NR_LSETXATTR 6
#else
#define NR_SETXATTR 188
#define NR_LSETXATTR 189
#endif
#define NR_COMPAT_SETXATTR 226
#define NR_COMPAT_LSETXATTR 227

/* In what the process sees the whole file system is mounted: any of them names the object truly. 0: nowhere.
 */
SHARED __u64 mount_showing(__u64 super) {
    struct super_block* sb = (void*)super;
    struct task_struct* task = (void*)bpf_get_current_task();
    struct mnt_namespace* ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
    struct dentry* root = BPF_CORE_READ(sb, s_root);
    struct list_head* entry;

    if (bpf_core_field_size(sb->s_mounts) != sizeof(struct list_head)) return 0;
    entry = BPF_CORE_READ(sb, s_mounts.next);
    for (int i = 0; i < MOUNTS_MAX; i++) {
        struct mount* mount = (void*)entry - bpf_core_field_offset(struct mount, mnt_instance);

        if ((void*)entry == (void*)sb + bpf_core_field_offset(struct super_block, s_mounts)) return 0;
        if (BPF_CORE_READ(mount, mnt_ns) == ns && BPF_CORE_READ(mount, mnt.mnt_root) == root)
            return (__u64)mount + bpf_core_field_offset(struct mount, mnt);
        entry = BPF_CORE_READ(entry, next);
    }
    return 0;
}

/* The calls by name. By descriptor the object is known anyway, and the kernel sets attributes of its own. */
static __always_inline int sets_attribute_by_name(void) {
    int number = call_number(&(struct call_exit){.regs = syscall_regs()});

    return number == NR_SETXATTR || number == NR_LSETXATTR || number == NR_COMPAT_SETXATTR ||
           number == NR_COMPAT_LSETXATTR;
}

/* An overlay asks once more for the file below, with the rights of who mounted it. */
static __always_inline int borrows_rights(void) {
    struct task_struct* task = (void*)bpf_get_current_task();

    return BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred);
}

ON_SECURITY(inode_setxattr) {
    struct vfsmount___user_ns* mapped = 0;
    int second = bpf_core_type_exists(struct mnt_idmap) || bpf_core_field_exists(mapped->mnt_userns);
    struct dentry* dentry = (void*)number(second ? arg + 1 : arg);

    if (!sets_attribute_by_name() || borrows_rights()) return 0;
    return report_object(REC_FILE_SETXATTR, mount_showing((__u64)BPF_CORE_READ(dentry, d_sb)), (__u64)dentry,
                         0, 0);
}
