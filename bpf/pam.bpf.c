/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What libpam's own functions are asked and answer, for login programs that tell audit nothing. Attached only
 * where it is asked for (--pam-uprobes): a breakpoint in a library costs every login, and the end of a
 * function is a system call of its own on x86 since 6.11.
 */

#include "path.bpf.h"

/* Where libpam's struct pam_handle has its strings: the same in 1.1 to 1.7, on 64 bits. */
#define PAM_SERVICE 40
#define PAM_USER 48
#define PAM_RHOST 56
#define PAM_TTY 72
#define PAM_TEXT_MAX 256

/* The handle a thread is in a call with: its argument is gone when the function ends. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1024);
    __type(key, __u64);
    __type(value, __u64);
} pam_handles SEC(".maps");

#if defined(__TARGET_ARCH_arm64)
#define FIRST_ARGUMENT(ctx) ((struct user_pt_regs*)(ctx))->regs[0]
#define RETURNED(ctx) ((struct user_pt_regs*)(ctx))->regs[0]
#else
#define FIRST_ARGUMENT(ctx) (ctx)->di
#define RETURNED(ctx) (ctx)->ax
#endif

static __always_inline int pam_begins(__u64 handle) {
    __u64 thread = bpf_get_current_pid_tgid();

    bpf_map_update_elem(&pam_handles, &thread, &handle, BPF_ANY);
    return 0;
}

static __always_inline void put_pam_text(struct slot* s, struct rec_str* to, __u64 at) {
    __u64 text = 0;

    if (bpf_probe_read_user(&text, sizeof(text), (void*)at) || !text) return;
    put_user_str(s, to, (void*)text, PAM_TEXT_MAX);
}

SHARED int pam_ended(__u32 call, __u32 result) {
    __u64 thread = bpf_get_current_pid_tgid();
    __u64* begun = bpf_map_lookup_elem(&pam_handles, &thread);

    if (!begun) return 0;
    __u64 handle = *begun;
    bpf_map_delete_elem(&pam_handles, &thread);
    if (!notice_always(REC_RAW_PAM)) return 0;
    struct slot* s = slot_claim(REC_RAW_PAM, sizeof(struct rec_pam));
    if (!s) return 0;
    struct rec_pam* r = (void*)s->rec;

    begin(&r->h, 0);
    fill_task_full(&r->h.task, (void*)bpf_get_current_task());
    r->h.flags |= REC_F_USER_SUPPLIED;
    r->call = call;
    r->returned = result;
    put_pam_text(s, &r->service, handle + PAM_SERVICE);
    put_pam_text(s, &r->user, handle + PAM_USER);
    put_pam_text(s, &r->host, handle + PAM_RHOST);
    put_pam_text(s, &r->terminal, handle + PAM_TTY);
    emit_vital(s, REC_RAW_PAM);
    return 0;
}

SEC("?uprobe/libpam.so.0:pam_authenticate")
int on_pam_authenticate(struct pt_regs* ctx) { return pam_begins(FIRST_ARGUMENT(ctx)); }
SEC("?uretprobe/libpam.so.0:pam_authenticate")
int on_pam_authenticate_end(struct pt_regs* ctx) { return pam_ended(REC_PAM_AUTHENTICATE, RETURNED(ctx)); }
SEC("?uprobe/libpam.so.0:pam_acct_mgmt")
int on_pam_acct_mgmt(struct pt_regs* ctx) { return pam_begins(FIRST_ARGUMENT(ctx)); }
SEC("?uretprobe/libpam.so.0:pam_acct_mgmt")
int on_pam_acct_mgmt_end(struct pt_regs* ctx) { return pam_ended(REC_PAM_ACCOUNT, RETURNED(ctx)); }
SEC("?uprobe/libpam.so.0:pam_open_session")
int on_pam_open_session(struct pt_regs* ctx) { return pam_begins(FIRST_ARGUMENT(ctx)); }
SEC("?uretprobe/libpam.so.0:pam_open_session")
int on_pam_open_session_end(struct pt_regs* ctx) { return pam_ended(REC_PAM_SESSION, RETURNED(ctx)); }
