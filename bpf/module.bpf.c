/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel modules loaded and removed. Their parameters are not copied: some hold keys. */

#include "path.bpf.h"
#include "syscall.bpf.h"

#define MODULE_NAME_BYTES 56 /* MODULE_NAME_LEN: 64 less a word */

/*
 * The name is in the image, which init_module(2) gets as bytes; the kernel says it once it has read them,
 * before the module runs. Kept until the call's exit, which has the result and the file. Keyed by the thread.
 */
struct module_name {
    char text[MODULE_NAME_BYTES];
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 256);
    __type(key, __u64);
    __type(value, struct module_name);
} module_names SEC(".maps");

SEC("tp_btf/module_load")
int BPF_PROG(on_module_load, struct module* module) {
    struct module_name name = {};
    __u64 thread = bpf_get_current_pid_tgid();

    bpf_probe_read_kernel_str(name.text, sizeof(name.text),
                              (void*)module + bpf_core_field_offset(struct module, name));
    bpf_map_update_elem(&module_names, &thread, &name, BPF_ANY);
    return 0;
}

static __always_inline struct slot* begin_module(const struct call_exit* call) {
    if (!notice(REC_KERNEL_MODULE)) return 0;
    struct slot* s = slot_claim(REC_KERNEL_MODULE, sizeof(struct rec_module));
    if (!s) return 0;
    struct rec_module* r = (void*)s->rec;

    begin_call(&r->h, call);
    r->path.flags = REC_PATH_ABSENT;
    return s;
}

static __always_inline void put_module_name(struct slot* s) {
    struct rec_module* r = (void*)s->rec;
    __u64 thread = bpf_get_current_pid_tgid();
    struct module_name* name = bpf_map_lookup_elem(&module_names, &thread);

    if (!name) return; /* refused before it was read */
    put_kernel_str(s, &r->name, name->text, MODULE_NAME_BYTES);
    bpf_map_delete_elem(&module_names, &thread);
}

ON_EXIT(init_module) {
    struct slot* s = begin_module(ctx);

    if (!s) return 0;
    put_module_name(s);
    emit_vital(s, REC_KERNEL_MODULE);
    return 0;
}

ON_EXIT(finit_module) {
    struct slot* s = begin_module(ctx);

    if (!s) return 0;
    struct rec_module* r = (void*)s->rec;
    struct file* file = file_of(call_arg(ctx, 0));
    if (file) {
        struct inode* inode = BPF_CORE_READ(file, f_inode);

        r->inode = BPF_CORE_READ(inode, i_ino);
        r->dev = BPF_CORE_READ(inode, i_sb, s_dev);
        put_file_path(s, &r->path, file);
    }
    r->flags = call_arg(ctx, 2);
    put_module_name(s);
    emit_vital(s, REC_KERNEL_MODULE);
    return 0;
}

ON_EXIT(delete_module) {
    struct slot* s = begin_module(ctx);

    if (!s) return 0;
    struct rec_module* r = (void*)s->rec;
    r->unload = 1;
    r->flags = call_arg(ctx, 1);
    r->h.flags |= REC_F_USER_SUPPLIED;
    put_user_str(s, &r->name, (void*)call_arg(ctx, 0), MODULE_NAME_BYTES);
    emit_vital(s, REC_KERNEL_MODULE);
    return 0;
}
