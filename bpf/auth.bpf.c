/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What login programs tell the audit subsystem and the system log. They do so whether or not a daemon
 * listens: the message is seen on its way in, together with who really sent it, which its text may lie about.
 */

#include "message.bpf.h"
#include "security.bpf.h"
#include "socket.bpf.h"

#define NETLINK_AUDIT 9
/* From 1100 on: login programs' messages. Below: settings of the audit subsystem itself. */
#define AUDIT_GET 1000
#define AUDIT_LIST 1002
#define AUDIT_SIGNAL_INFO 1010
#define AUDIT_LIST_RULES 1013
#define AUDIT_TTY_GET 1016
#define AUDIT_GET_FEATURE 1019
#define LOG_FACILITY_AUTH 4
#define LOG_FACILITY_AUTHPRIV 10

/* Settings that are read change nothing. */
static __always_inline int is_audit_query(__u16 type) {
    return type == AUDIT_GET || type == AUDIT_LIST || type == AUDIT_SIGNAL_INFO || type == AUDIT_LIST_RULES ||
           type == AUDIT_TTY_GET || type == AUDIT_GET_FEATURE;
}

/* Netlink pads with NULs, and some senders count their string's own. */
static __always_inline void trim(struct slot* s, struct rec_str* str) {
    for (int i = 0; i < 4; i++) {
        __u64 last = (__u64)str->off + str->len - 1;

        if (!str->len) break;
        asm volatile("%0 &= 0x3fff" : "+r"(last)); /* within the slot; the verifier forgot */
        if (s->rec[last]) break;
        str->len--;
    }
}

SHARED int report_text(__u32 kind, struct message* m, __u32 type, __u32 skip, long result) {
    struct slot* s = m && kind < WHODID_KIND_MAX ? slot_claim(kind, sizeof(struct rec_text)) : 0;

    if (!s) return 0;
    struct rec_text* r = (void*)s->rec;
    struct task_struct* task = (void*)bpf_get_current_task();
    struct file* exe = BPF_CORE_READ(task, mm, exe_file);

    begin(&r->h, result);
    fill_task_full(&r->h.task, task);
    r->h.flags |= m->flags | (m->kernel_text ? 0 : REC_F_USER_SUPPLIED);
    r->type = type;
    r->length = message_bytes(m) - skip;
    r->exe_inode = BPF_CORE_READ(exe, f_inode, i_ino);
    r->exe_dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
    put_message(s, &r->text, m, WHODID_TEXT_MAX);
    if (r->text.len >= skip) {
        r->text.off += skip;
        r->text.len -= skip;
    }
    trim(s, &r->text);
    put_file_path(s, &r->exe, exe);
    emit_vital(s, kind);
    return 0;
}

static __always_inline int report_audit(struct message* m, long result) {
    struct user_nlmsghdr head = {};

    if (read_part(&head, sizeof(head), m, 0) || head.type < AUDIT_GET) return 0;
    if (!notice_always(REC_RAW_AUDIT)) return 0;
    if (is_audit_query(head.type)) {
        gated(REC_RAW_AUDIT);
        return 0;
    }
    return report_text(REC_RAW_AUDIT, m, head.type, sizeof(head), result);
}

/*
 * Whatever call sent it, io_uring's too, and as the kernel took it over. Nothing but netlink comes by here,
 * so who sends anything else pays nothing for logins to be seen. Kernels that take no such program have it
 * told by the calls (send.bpf.c).
 */
ON_SECURITY(netlink_send) {
    struct sock* sk = (void*)number(arg);
    struct sk_buff* buffer = (void*)number(arg + 1);
    struct message m = {.count = 1, .kernel_text = 1};

    if (BPF_CORE_READ(sk, sk_protocol) != NETLINK_AUDIT) return 0;
    m.part[0].base = BPF_CORE_READ(buffer, data);
    m.part[0].len = BPF_CORE_READ(buffer, len);
    return report_audit(&m, (__s32)number(arg + 2)); /* what the modules before this one say */
}

/* "/dev/log" as syslogd and rsyslogd bind it, "/run/systemd/journal/..." where journald links it to. */
static __always_inline int is_log_path(const char* path) {
    const __u64* w = (const __u64*)path;

    if (w[0] == 0x676f6c2f7665642full) /* /dev/log */
        return !path[8];
    return w[0] == 0x7379732f6e75722full && w[1] == 0x756f6a2f646d6574ull; /* /run/sys temd/jou */
}

static __always_inline int goes_to_log(struct sock* sk, struct message* m) {
    char path[24] __attribute__((aligned(8))) = {}; /* 16 are compared; behind what fits comes a NUL */

    if (m->name) {
        __u64 bytes = m->name_length - sizeof(__u16) + 1; /* with a NUL that the name may lack */
        if (bytes > sizeof(path)) bytes = sizeof(path);
        asm volatile("%0 &= 0x1f" : "+r"(bytes));
        bpf_probe_read_user_str(path, bytes, (void*)m->name + sizeof(__u16));
    } else {
        struct sock* peer = unix_peer(sk);
        struct unix_address* address = peer ? bound_address(peer) : 0;
        if (!address) return 0;
        bpf_probe_read_kernel_str(
            path, sizeof(path),
            (void*)address + sizeof(__u16) + bpf_core_field_offset(struct unix_address, name));
    }
    return is_log_path(path);
}

/* "<N>": severity in the low three bits, facility above. 32 to 39 are auth, 80 to 87 authpriv. */
static __always_inline int is_auth_line(struct message* m) {
    char c[4] = {};

    bpf_probe_read_user(c, sizeof(c), m->part[0].base);
    int priority = (c[1] - '0') * 10 + c[2] - '0';
    int facility = priority >> 3;
    return c[0] == '<' && c[3] == '>' && (facility == LOG_FACILITY_AUTH || facility == LOG_FACILITY_AUTHPRIV);
}

static __always_inline int report_syslog(struct sock* sk, struct message* m, long result) {
    if (!goes_to_log(sk, m)) return 0;
    if (!notice_always(REC_RAW_SYSLOG)) return 0;
    if (!is_auth_line(m)) {
        gated(REC_RAW_SYSLOG);
        return 0;
    }
    return report_text(REC_RAW_SYSLOG, m, 0, 0, result);
}
