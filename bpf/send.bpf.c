/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages sent, sorted by their socket: datagrams and DNS questions, the system log, the audit subsystem. */

#include "message.bpf.h"
#include "socket.bpf.h"

#define PORT_DNS 53
#define MESSAGES_MAX 4 /* of one sendmmsg: a resolver asks for A and AAAA */

enum sort { SORT_NONE, SORT_DATAGRAM, SORT_LOG, SORT_AUDIT };

/* From the socket alone: most sends are TCP's, and leave here without a look at what they send. */
static __always_inline enum sort sort_of(struct sock* sk) {
    __u16 family, type;

    if (!sk) return SORT_NONE;
    family = family_of(sk);
    type = LOAD(sk, sk_type);
    if (family == AF_NETLINK)
        return !config.audit_at_hook && LOAD(sk, sk_protocol) == NETLINK_AUDIT ? SORT_AUDIT : SORT_NONE;
    if (type != SOCK_DGRAM) return SORT_NONE;
    return is_inet(family) ? SORT_DATAGRAM : family == AF_UNIX ? SORT_LOG : SORT_NONE;
}

static __always_inline __u16 port_of(struct sock* sk, struct message* m) {
    struct user_address to = {};

    if (!m->name) return bpf_ntohs(LOAD(sk, __sk_common.skc_dport));
    read_given(&to, 4, m->name, m->kernel_name);
    return bpf_ntohs(to.port);
}

static __noinline int report_question(struct sock* sk, struct message* m, long result) {
    if (!notice(REC_NETWORK_DNS)) return 0;
    struct slot* s = slot_claim(REC_NETWORK_DNS, sizeof(struct rec_net));
    if (!s) return 0;
    struct rec_net* r = (void*)s->rec;
    struct ends e = {};

    begin_current(&r->h, result);
    r->h.flags = m->flags;
    fill_ends(&e, sk);
    if (m->name) {
        fill_given(&e, e.peer, &e.peer_port, m->name, m->kernel_name);
        r->h.flags |= REC_F_USER_SUPPLIED;
    }
    fill_net(r, sk, &e);
    r->outgoing = 1;
    put_message(s, &r->payload, m, WHODID_TEXT_MAX / 2);
    emit(s, REC_NETWORK_DNS);
    return 0;
}

/* Without an address in the message the connect has told where it goes. */
static __always_inline int report_datagram(struct sock* sk, struct message* m, long result) {
    if (port_of(sk, m) == PORT_DNS) return report_question(sk, m, result);
    if (!m->name) return 0;
    return report_inet(
        REC_NETWORK_SEND, sk,
        &(struct call){
            .result = result, .address = m->name, .kernel_address = m->kernel_name, .flags = m->flags});
}

/* `socket`: a number, which is what a global function takes. */
SHARED int report_sent(__u64 socket, struct message* m, enum sort sort, long result) {
    struct sock* sk = TYPED(struct sock, socket);

    if (!m) return 0;
    switch (sort) {
        case SORT_DATAGRAM:
            return report_datagram(sk, m, result);
        case SORT_LOG:
            return report_syslog(sk, m, result);
        case SORT_AUDIT:
            return report_audit(m, result);
        default:
            return 0;
    }
}

/* What a call says it sends. */
struct sent {
    __s32 fd;
    __u32 name_length;
    unsigned long buffer, bytes, name;
};

static __always_inline int report_sendto(const struct call_exit* ctx, const struct sent* given) {
    struct sock* sk = socket_of(file_of(given->fd));
    enum sort sort = sort_of(sk);
    struct message m = {};

    if (sort == SORT_NONE) return 0;
    if (ctx->compat) m.flags = REC_F_COMPAT;
    message_of_buffer(&m, given->buffer, given->bytes, given->name, given->name_length);
    return report_sent(number((__u64*)&sk), &m, sort, ctx->result);
}

ON_EXIT(sendto) {
    return report_sendto(ctx, &(struct sent){.fd = call_arg(ctx, 0),
                                             .buffer = call_arg(ctx, 1),
                                             .bytes = call_arg(ctx, 2),
                                             .name = call_arg(ctx, 4),
                                             .name_length = call_arg(ctx, 5)});
}

SHARED int message_of_call(struct message* m, unsigned long header, int compat) {
    if (!m) return 0;
    if (compat)
        message_of_compat_header(m, header);
    else
        message_of_header(m, header);
    return 0;
}

static __always_inline int report_sendmsg(const struct call_exit* ctx, int fd, unsigned long header) {
    struct sock* sk = socket_of(file_of(fd));
    enum sort sort = sort_of(sk);
    struct message m = {};

    if (sort == SORT_NONE) return 0;
    message_of_call(&m, header, ctx->compat);
    return report_sent(number((__u64*)&sk), &m, sort, ctx->result);
}

ON_EXIT(sendmsg) { return report_sendmsg(ctx, call_arg(ctx, 0), call_arg(ctx, 1)); }

/* The result counts messages; how many bytes of each went is written behind its header. */
static __always_inline int report_sendmmsg(const struct call_exit* ctx, int fd, unsigned long header) {
    struct sock* sk = socket_of(file_of(fd));
    enum sort sort = sort_of(sk);
    __u64 head_bytes = ctx->compat ? sizeof(struct user_compat_msghdr) : sizeof(struct user_msghdr_abi);
    __u64 bytes_each = ctx->compat ? sizeof(struct user_compat_mmsghdr) : sizeof(struct user_mmsghdr);
    long sent = ctx->result < 0 ? 1 : ctx->result; /* an error is the first one's */

    if (sort == SORT_NONE) return 0;
    for (int i = 0; i < MESSAGES_MAX; i++, header += bytes_each) {
        struct message m = {};
        __u32 bytes = 0;

        if (i >= sent) break;
        message_of_call(&m, header, ctx->compat);
        bpf_probe_read_user(&bytes, sizeof(bytes), (void*)(header + head_bytes));
        report_sent(number((__u64*)&sk), &m, sort, ctx->result < 0 ? ctx->result : bytes);
    }
    return 0;
}

ON_EXIT(sendmmsg) { return report_sendmmsg(ctx, call_arg(ctx, 0), call_arg(ctx, 1)); }

/* include/uapi/linux/net.h */
enum {
    SYS_BIND = 2,
    SYS_CONNECT,
    SYS_LISTEN,
    SYS_ACCEPT,
    SYS_SEND = 9,
    SYS_SENDTO = 11,
    SYS_SENDMSG = 16,
    SYS_ACCEPT4 = 18,
    SYS_SENDMMSG = 20,
};

/*
 * i386's one call for all that sockets do. Its arguments lie in memory, where another thread may change them
 * before they are read here.
 */
ON_COMPAT_EXIT(socketcall, socketcall) {
    __u32 a[6] = {};

    for (int i = 0; i < 6; i++) /* one by one: fewer may be there */
        bpf_probe_read_user(&a[i], sizeof(a[i]), (void*)(call_arg(ctx, 1) + 4 * i));
    switch (call_arg(ctx, 0)) {
        case SYS_BIND:
            return report_local(REC_NETWORK_BIND, file_of(a[0]), CALL(.address = a[1], .length = a[2]));
        case SYS_CONNECT:
            return report_connect(file_of(a[0]), CALL(.address = a[1], .length = a[2]));
        case SYS_LISTEN:
            return report_local(REC_NETWORK_LISTEN, file_of(a[0]), CALL());
        case SYS_ACCEPT:
        case SYS_ACCEPT4:
            return report_accept(file_of(ctx->result), CALL());
        case SYS_SEND:
        case SYS_SENDTO:
            return report_sendto(ctx, &(struct sent){.fd = a[0],
                                                     .buffer = a[1],
                                                     .bytes = a[2],
                                                     .name = call_arg(ctx, 0) == SYS_SENDTO ? a[4] : 0,
                                                     .name_length = a[5]});
        case SYS_SENDMSG:
            return report_sendmsg(ctx, a[0], a[1]);
        case SYS_SENDMMSG:
            return report_sendmmsg(ctx, a[0], a[1]);
        default:
            return 0;
    }
}
