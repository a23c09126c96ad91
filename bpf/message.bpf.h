/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A message a process hands to a socket, put the same way for every call that can send one. */
#pragma once

#include "path.bpf.h"

#define MESSAGE_PARTS 4 /* logger(1) sends a line in three */

struct message {
    unsigned long name; /* where to, 0: where the socket is connected to */
    __u32 name_length;
    __s32 count;
    __u16 flags;       /* REC_F_* */
    __u16 kernel_name; /* the name is the kernel's copy */
    __u16 kernel_text; /* the parts are: nobody rewrites them */
    __u16 pad;
    struct user_iovec part[MESSAGE_PARTS];
};

static __always_inline void message_of_buffer(struct message* m, unsigned long buffer, unsigned long bytes,
                                              unsigned long name, __u32 name_length) {
    m->name = name;
    m->name_length = name_length;
    m->count = 1;
    m->part[0].base = (void*)buffer;
    m->part[0].len = bytes;
}

static __always_inline void message_of_header(struct message* m, unsigned long from) {
    struct user_msghdr_abi header = {};

    bpf_probe_read_user(&header, sizeof(header), (void*)from);
    m->name = (unsigned long)header.name;
    m->name_length = header.name_len;
    m->count = header.iov_len < MESSAGE_PARTS ? header.iov_len : MESSAGE_PARTS;
    for (int i = 0; i < MESSAGE_PARTS; i++)
        if (i < m->count) bpf_probe_read_user(&m->part[i], sizeof(m->part[i]), &header.iov[i]);
}

static __always_inline void message_of_compat_header(struct message* m, unsigned long from) {
    struct user_compat_msghdr header = {};

    bpf_probe_read_user(&header, sizeof(header), (void*)from);
    m->name = header.name;
    m->name_length = header.name_len;
    m->count = header.iov_len < MESSAGE_PARTS ? header.iov_len : MESSAGE_PARTS;
    m->flags |= REC_F_COMPAT;
    for (int i = 0; i < MESSAGE_PARTS; i++) {
        struct user_compat_iovec part = {};

        if (i < m->count)
            bpf_probe_read_user(&part, sizeof(part), (void*)((unsigned long)header.iov + i * sizeof(part)));
        m->part[i].base = (void*)(unsigned long)part.base;
        m->part[i].len = part.len;
    }
}

static __always_inline __u64 message_bytes(struct message* m) {
    __u64 bytes = 0;

    for (int i = 0; i < MESSAGE_PARTS; i++)
        if (i < m->count) bytes += m->part[i].len;
    return bytes;
}

static __always_inline long read_part(void* to, __u32 bytes, struct message* m, int part) {
    if (m->kernel_text) return bpf_probe_read_kernel(to, bytes, m->part[part].base);
    return bpf_probe_read_user(to, bytes, m->part[part].base);
}

/* The kernel has just read these pages, so a whole part is there or none of it. */
SHARED int put_message(struct slot* s, struct rec_str* to, struct message* m, __u32 max) {
    if (!s || !to || !m) return 0;
    to->off = s->off;
    for (int i = 0; i < MESSAGE_PARTS; i++) {
        __u64 off = s->off;
        __u64 room = max - (off - to->off), bytes = m->part[i].len;

        if (i >= m->count || off >= SLOT_TAIL) break;
        if (bytes > room) bytes = room;
        asm volatile("%0 &= 0x7ff" : "+r"(bytes)); /* WHODID_TEXT_MAX fits: a bound on this very register */
        if (read_part(&s->rec[off], bytes, m, i)) break;
        s->off = off + (__u32)bytes;
    }
    to->len = s->off - to->off;
    return 0;
}
