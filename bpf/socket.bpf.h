/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets: from a descriptor to the kernel's struct sock, and what that says of both ends. */
#pragma once

#include "path.bpf.h"
#include "syscall.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define UNIX_PATH_BYTES 108

/* enum in include/net/tcp_states.h; other protocols use them as well. */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_FIN_WAIT1 4
#define TCP_FIN_WAIT2 5
#define TCP_CLOSE 7
#define TCP_LAST_ACK 9
#define TCP_CLOSING 11

/* sockaddr_in and sockaddr_in6 as a process writes them. */
struct user_address {
    __u16 family;
    __be16 port;
    __u32 v4; /* IPv6: flow information */
    __u8 v6[16];
};

/* 0 when it is not a socket: only then does private_data mean one. */
static __always_inline struct sock* socket_of(struct file* opened) {
    struct file* file = TYPED(struct file, opened);

    if ((LOAD(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK) return 0;
    struct socket* socket = TYPED(struct socket, LOAD(file, private_data));
    return LOAD(socket, sk);
}

static __always_inline __u16 family_of(struct sock* sk) { return LOAD(sk, __sk_common.skc_family); }
static __always_inline int is_inet(__u16 family) { return family == AF_INET || family == AF_INET6; }

/* Where a socket is and whom it is with: as rec_net has it. */
struct ends {
    __u8 local[16], peer[16];
    __u16 local_port, peer_port;
    __u16 family, type;
    __u16 protocol, pad;
};

static __always_inline void fill_inet(struct ends* e, struct sock* sk) {
    if (e->family == AF_INET) {
        *(__u32*)e->local = LOAD(sk, __sk_common.skc_rcv_saddr);
        *(__u32*)e->peer = LOAD(sk, __sk_common.skc_daddr);
    } else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
        bpf_core_read(e->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_core_read(e->peer, 16, &sk->__sk_common.skc_v6_daddr);
    }
    if (e->type == SOCK_RAW) /* its port fields hold the protocol */
        return;
    /* skc_num is 0 again when a connection reaches CLOSE; this copy stays. */
    e->local_port = bpf_ntohs(LOAD(TYPED(struct inet_sock, sk), inet_sport));
    e->peer_port = bpf_ntohs(LOAD(sk, __sk_common.skc_dport));
}

/* Who listens, seen from a connected socket; who asked, seen from an accepted one. Datagrams have neither. */
static __always_inline void fill_unix_peer(struct rec_net* r, struct sock* sk) {
    r->peer_tgid = LOAD(sk, sk_peer_pid, numbers[0].nr);
    const struct cred* peer = LOAD(sk, sk_peer_cred);
    if (peer) r->peer_uid = LOAD(peer, uid.val);
}

static __always_inline void fill_ends(struct ends* e, struct sock* sk) {
    e->family = family_of(sk);
    e->type = LOAD(sk, sk_type);
    e->protocol = LOAD(sk, sk_protocol);
    if (is_inet(e->family)) fill_inet(e, sk);
}

static __always_inline void fill_net(struct rec_net* r, struct sock* sk, const struct ends* e) {
    r->socket = (__u64)sk;
    r->peer_uid = REC_UNSET;
    __builtin_memcpy(r->local, e->local, sizeof(e->local));
    __builtin_memcpy(r->peer, e->peer, sizeof(e->peer));
    r->local_port = e->local_port;
    r->peer_port = e->peer_port;
    r->family = e->family;
    r->type = e->type;
    r->protocol = e->protocol;
}

static __always_inline void fill_socket(struct rec_net* r, struct sock* sk) {
    struct ends e = {};

    fill_ends(&e, sk);
    fill_net(r, sk, &e);
}

static __always_inline void read_given(void* to, __u32 bytes, unsigned long from, int in_kernel) {
    if (in_kernel)
        bpf_probe_read_kernel(to, bytes, (void*)from);
    else
        bpf_probe_read_user(to, bytes, (void*)from);
}

/* An address a process gave. On an IPv6 socket an IPv4 one takes the mapped form, as in the kernel. */
static __always_inline void fill_given(const struct ends* e, __u8* to, __u16* port, unsigned long from,
                                       int in_kernel) {
    struct user_address given = {};

    read_given(&given, 8, from, in_kernel);
    *port = bpf_ntohs(given.port);
    if (given.family == AF_INET6) {
        read_given(to, 16, from + offsetof(struct user_address, v6), in_kernel);
    } else if (e->family == AF_INET6) {
        __builtin_memset(to, 0, 10);
        to[10] = to[11] = 0xff;
        *(__u32*)(to + 12) = given.v4;
    } else {
        *(__u32*)to = given.v4;
    }
}

/* The length counts: an abstract name may hold NULs, and behind it lies what the stack held before. */
static __noinline int put_unix_path(struct slot* s, unsigned long from, __u64 bytes, int in_kernel) {
    if (!s) return 0;
    struct rec_net* r = (void*)s->rec;
    __u64 off = s->off;
    long got;

    if (!bytes || bytes > UNIX_PATH_BYTES || off >= SLOT_TAIL) return 0;
    asm volatile("%0 &= 0x7f" : "+r"(bytes)); /* bounds this register, not a copy clang makes of it */
    if (in_kernel)
        got = bpf_probe_read_kernel(&s->rec[off], bytes, (void*)from);
    else
        got = bpf_probe_read_user(&s->rec[off], bytes, (void*)from);
    if (got) return 0;
    s->rec[off + bytes] = 0;
    if (s->rec[off] == 0) {
        s->rec[off] = '@';
        got = bytes + 1;
    } else { /* onto itself: finds the first NUL */
        got = bpf_probe_read_kernel_str(&s->rec[off], bytes + 1, &s->rec[off]);
    }
    if (got <= 0) return 0;
    r->unix_path.off = off;
    r->unix_path.len = got - 1;
    s->off = off + (__u32)got;
    return 0;
}

static __always_inline void put_given_path(struct slot* s, unsigned long address, __u32 length) {
    struct rec_net* r = (void*)s->rec;

    r->h.flags |= REC_F_USER_SUPPLIED;
    put_unix_path(s, address + sizeof(__u16), (__u64)length - sizeof(__u16), 0);
}

static __always_inline struct sock* unix_peer(struct sock* sk) {
    return LOAD(TYPED(struct unix_sock, sk), peer);
}

/* What a unix socket is bound to, in the kernel's own copy. */
static __always_inline struct unix_address* bound_address(struct sock* sk) {
    return LOAD(TYPED(struct unix_sock, sk), addr);
}

static __always_inline void put_bound_path(struct slot* s, struct unix_address* address) {
    __u64 length = LOAD(address, len);

    put_unix_path(s,
                  (unsigned long)address + bpf_core_field_offset(struct unix_address, name) + sizeof(__u16),
                  length - sizeof(__u16), 1);
}
