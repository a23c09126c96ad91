/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections asked for, answered, accepted and closed; sockets bound and listening. */

#include "socket.bpf.h"

#define EINTR 4
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115
#define ECANCELED 125
#define SHUTDOWN_MASK 3

/*
 * Whose a TCP connection is. Its state changes arrive in interrupts, where the running task is anybody; only
 * SYN_SENT is entered by the caller itself, whatever way it took (connect, io_uring, a first send with Fast
 * Open). Keyed by the socket's address, which the kernel hands out again: `inode` tells this one from the
 * next.
 */
struct connection {
    struct rec_task task;
    __u64 asked_ns, established_ns;
    __u64 inode; /* of the socket, 0 when no descriptor belongs to it (MPTCP's subflows) */
    __u8 outgoing;
    __u8 guarded;  /* the sensor's own: counted once, never reported */
    __u8 answered; /* its outcome was reported */
    __u8 pad[5];
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 32768);
    __type(key, __u64);
    __type(value, struct connection);
} connections SEC(".maps");

static __always_inline __u64 socket_inode(struct sock* sk) {
    return LOAD(sk, sk_socket, file, f_inode, i_ino);
}

static __always_inline struct connection* connection_of(struct sock* sk) {
    __u64 key = (__u64)sk;

    return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void forget(struct sock* sk) {
    __u64 key = (__u64)sk;

    bpf_map_delete_elem(&connections, &key);
}

static __always_inline void remember(struct sock* sk, struct connection* c) {
    __u64 key = (__u64)sk;

    c->inode = socket_inode(sk);
    fill_task(&c->task, (void*)bpf_get_current_task());
    bpf_map_update_elem(&connections, &key, c, BPF_ANY);
}

/* ---- TCP, by its changes of state ---- */

static __always_inline void asked(struct sock* sk) {
    struct connection c = {.outgoing = 1, .asked_ns = bpf_ktime_get_boot_ns()};

    c.guarded = guards_current(policy());
    if (c.guarded) own_act(REC_NETWORK_CONNECT);
    remember(sk, &c);
}

/* In an interrupt: no slot, and the task is the one remembered. */
static __always_inline struct rec_net* begin_remembered(__u32 kind, struct sock* sk, struct connection* c,
                                                        __s32 result) {
    if (!notice_always(kind)) return 0;
    struct rec_net* r = reserve(&ring, struct rec_net, kind);
    if (!r) return 0;
    begin(&r->h, result);
    r->h.task = c->task;
    r->outgoing = c->outgoing;
    fill_socket(r, sk);
    return r;
}

static __always_inline void answered(struct sock* sk, struct connection* c, __s32 result) {
    c->answered = 1;
    struct rec_net* r = begin_remembered(REC_NETWORK_CONNECT, sk, c, result);
    if (!r) return;
    r->since_ns = c->asked_ns;
    submit(&ring, r, REC_NETWORK_CONNECT, sizeof(*r));
}

/*
 * Sequence numbers count SYN and FIN as a byte each, so bytes_acked and bytes_received do too: our SYN where
 * we asked (the other side starts counting behind it), our FIN once it is acknowledged, which as the last
 * thing written it is when nothing written is left, and the peer's FIN, which sets SOCK_DONE.
 */
static __always_inline void fill_bytes(struct rec_net* r, struct sock* sk, int state) {
    struct tcp_sock* tcp = TYPED(struct tcp_sock, sk);
    int fin_sent =
        state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING || state == TCP_LAST_ACK;

    r->bytes_sent = LOAD(tcp, bytes_acked);
    r->bytes_received = LOAD(tcp, bytes_received);
    if (r->outgoing && r->bytes_sent) r->bytes_sent--;
    if (fin_sent && LOAD(tcp, snd_una) == LOAD(tcp, write_seq) && r->bytes_sent) r->bytes_sent--;
    if (LOAD(sk, __sk_common.skc_flags) >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1 &&
        r->bytes_received)
        r->bytes_received--;
}

static __always_inline void closed(struct sock* sk, struct connection* c, int state) {
    struct rec_net* r = begin_remembered(REC_NETWORK_CLOSE, sk, c, -LOAD(sk, sk_err));

    if (!r) return;
    r->since_ns = c->established_ns;
    fill_bytes(r, sk, state);
    submit(&ring, r, REC_NETWORK_CLOSE, sizeof(*r));
}

/*
 * CLOSE without an answer. No error and no shutdown: connect(2) itself is failing right now (no port left, no
 * route) and tells why at its exit. No error but shut down: the process gave up waiting.
 */
static __always_inline void not_answered(struct sock* sk, struct connection* c) {
    int error = LOAD(sk, sk_err);

    if (!error && LOAD(sk, sk_shutdown) != SHUTDOWN_MASK) {
        forget(sk);
        return;
    }
    answered(sk, c, error ? -error : -ECANCELED);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock* sk, int from, int to) {
    if (LOAD(sk, sk_protocol) != IPPROTO_TCP) return 0;
    if (to == TCP_SYN_SENT) {
        asked(sk);
        return 0;
    }
    if (to != TCP_ESTABLISHED && to != TCP_CLOSE) return 0;
    struct connection* c = connection_of(sk);
    if (!c) {
        if (from == TCP_SYN_SENT) { /* pushed out by newer ones, or asked before the sensor came */
            if (!notice_always(REC_NETWORK_CONNECT)) return 0;
            no_slot(REC_NETWORK_CONNECT);
        }
        return 0;
    }
    /* Not from SYN_SENT alone: when both ends ask at once SYN_RECV lies between. */
    if (to == TCP_ESTABLISHED) {
        if (c->answered) return 0; /* an earlier socket at this address, which was refused */
        c->established_ns = bpf_ktime_get_boot_ns();
        if (!c->guarded) answered(sk, c, 0);
        return 0;
    }
    if (c->established_ns) {
        if (!c->guarded) closed(sk, c, from);
        forget(sk);
    } else if (c->guarded) {
        forget(sk);
    } else if (!c->answered) {
        not_answered(sk, c);
    }
    return 0;
}

/* ---- the calls ---- */

/* What was asked of a socket, by a system call or io_uring. */
struct call {
    __s64 result;
    unsigned long address; /* in the process, or the kernel's copy of that */
    __u32 length;
    __u16 flags; /* REC_F_* */
    __u16 kernel_address;
};

static __noinline int report_inet(__u32 kind, struct sock* sk, struct call* call) {
    if (!notice(kind)) return 0;
    struct rec_net* r = reserve(&ring, struct rec_net, kind);
    if (!r) return 0;
    begin_current(&r->h, call->result);
    r->h.flags = call->flags;
    fill_socket(r, sk);
    r->outgoing = kind == REC_NETWORK_CONNECT || kind == REC_NETWORK_SEND;
    /* The socket knows better where it is connected or bound to; a failed call has left nothing there. */
    if (call->address && (call->result < 0 || kind == REC_NETWORK_SEND)) {
        if (kind == REC_NETWORK_BIND)
            fill_given(r, r->local, &r->local_port, call->address, call->kernel_address);
        else
            fill_given(r, r->peer, &r->peer_port, call->address, call->kernel_address);
    }
    submit(&ring, r, kind, sizeof(*r));
    return 0;
}

/* A name neither absolute nor abstract means something only where it was bound: then it is told as given. */
static __noinline int report_unix(__u32 kind, struct sock* sk, struct call* call) {
    if (!notice(kind)) return 0;
    struct slot* s = slot_claim(kind, sizeof(struct rec_net));
    if (!s) return 0;
    struct rec_net* r = (void*)s->rec;
    struct sock* named = kind == REC_NETWORK_CONNECT ? unix_peer(sk) : sk;

    begin_current(&r->h, call->result);
    r->h.flags = call->flags;
    fill_socket(r, sk);
    r->outgoing = kind == REC_NETWORK_CONNECT;
    if (call->result >= 0 && (kind == REC_NETWORK_CONNECT || kind == REC_NETWORK_ACCEPT))
        fill_unix_peer(r, sk);
    if (call->result >= 0 && named) put_bound_path(s, bound_address(named));
    int letter = first_letter(s, &r->unix_path);
    if (call->address && letter != '/' && letter != '@') put_given_path(s, call->address, call->length);
    emit(s, kind);
    return 0;
}

/* Answered is what the state's change reported; the error that connect(2) returns then is the same one. */
static __always_inline int was_answered(struct sock* sk) {
    struct connection* c = connection_of(sk);

    if (!c || !c->answered || c->inode != socket_inode(sk)) return 0;
    forget(sk);
    return 1;
}

/* Not over, or not begun. */
static __always_inline int undecided(long result) {
    return result == -EINPROGRESS || result == -EALREADY || result == -EISCONN || result == -EINTR ||
           interrupted(result);
}

static __noinline int report_connect(struct file* file, struct call* call) {
    struct sock* sk = undecided(call->result) ? 0 : socket_of(file);
    __u16 family, protocol;

    if (!sk) return 0;
    family = family_of(sk);
    /* To connect to AF_UNSPEC is to dissolve: no peer is left, and a datagram socket is in CLOSE. */
    if (family == AF_UNIX)
        return call->result >= 0 && !unix_peer(sk) ? 0 : report_unix(REC_NETWORK_CONNECT, sk, call);
    if (!is_inet(family)) return 0;
    protocol = LOAD(sk, sk_protocol);
    if (protocol == IPPROTO_MPTCP) /* its subflows are TCP */
        return 0;
    if (protocol == IPPROTO_TCP && (call->result >= 0 || was_answered(sk))) return 0;
    if (call->result >= 0 && LOAD(sk, __sk_common.skc_state) != TCP_ESTABLISHED) return 0;
    return report_inet(REC_NETWORK_CONNECT, sk, call);
}

static __noinline int report_accept(struct file* file, struct call* call) {
    struct sock* sk = call->result < 0 ? 0 : socket_of(file);
    __u16 family;

    if (!sk) return 0;
    family = family_of(sk);
    if (family == AF_UNIX) return report_unix(REC_NETWORK_ACCEPT, sk, call);
    if (!is_inet(family)) return 0;
    if (LOAD(sk, sk_protocol) == IPPROTO_TCP) {
        struct connection c = {.answered = 1, .established_ns = bpf_ktime_get_boot_ns()};

        c.guarded = guards_current(policy());
        remember(sk, &c);
        if (LOAD(sk, __sk_common.skc_state) == TCP_CLOSE) forget(sk); /* over before it was accepted */
    }
    return report_inet(REC_NETWORK_ACCEPT, sk, call);
}

static __noinline int report_local(__u32 kind, struct file* file, struct call* call) {
    struct sock* sk = socket_of(file);
    __u16 family;

    if (!sk) return 0;
    family = family_of(sk);
    if (family == AF_UNIX) return report_unix(kind, sk, call);
    return is_inet(family) ? report_inet(kind, sk, call) : 0;
}

#define CALL(...) \
    &(struct call) { .result = ctx->result, .flags = ctx->compat ? REC_F_COMPAT : 0, __VA_ARGS__ }

ON_EXIT(connect) {
    return report_connect(file_of(call_arg(ctx, 0)),
                          CALL(.address = call_arg(ctx, 1), .length = call_arg(ctx, 2)));
}

ON_EXIT(accept) { return report_accept(file_of(ctx->result), CALL()); }
ON_EXIT(accept4) { return report_accept(file_of(ctx->result), CALL()); }

ON_EXIT(bind) {
    return report_local(REC_NETWORK_BIND, file_of(call_arg(ctx, 0)),
                        CALL(.address = call_arg(ctx, 1), .length = call_arg(ctx, 2)));
}

ON_EXIT(listen) { return report_local(REC_NETWORK_LISTEN, file_of(call_arg(ctx, 0)), CALL()); }
