/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections asked for, answered, accepted and closed; sockets bound and listening. */

#include "fold.bpf.h"
#include "gate.bpf.h"
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
    struct rec_fold_key fold; /* the actor's part; all 0: its acts are told one by one */
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

/* ---- what is alike ---- */

/*
 * Connections within this host are told one by one: that is how a login by way of this host itself is led
 * back to whoever asked for it.
 */
static __always_inline int stays_on_host(const __u8* local, const __u8* peer, __u16 family) {
    const __u32 *l = (void*)local, *p = (void*)peer;

    if (family == AF_INET) return p[0] == l[0] || peer[0] == 127;
    if (!p[0] && !p[1] && p[2] == bpf_htonl(0xffff)) return peer[12] == 127 || p[3] == l[3];
    return (p[0] == l[0] && p[1] == l[1] && p[2] == l[2] && p[3] == l[3]) ||
           (!p[0] && !p[1] && !p[2] && p[3] == bpf_htonl(1));
}

/* Whom it is with, and by which port: that of who was asked. 0: it is to be told. */
static __always_inline int set_peer(struct rec_fold_key* key, const struct ends* e, int outgoing) {
    if (!key->result && stays_on_host(e->local, e->peer, e->family)) return 0;
    __builtin_memcpy(key->object, e->peer, sizeof(key->object));
    key->access =
        (outgoing ? e->peer_port : e->local_port) | (__u32)e->family << 16 | (__u32)e->protocol << 24;
    if (!outgoing) key->flags |= REC_FOLD_INCOMING;
    return 1;
}

/* ---- what nobody wants ---- */

/* Who it is with, as the gate's ranges have it. 0: nobody, or an address that they have no room for. */
static __always_inline __u64 peer_fact(const struct ends* e) {
    const __u32* p = (void*)e->peer;
    int is_v4 = e->family == AF_INET, is_mapped = !p[0] && !p[1] && p[2] == bpf_htonl(0xffff);

    if (is_v4 || is_mapped)
        return p[is_v4 ? 0 : 3] || e->peer_port ? REC_PEER_V4 | bpf_ntohl(p[is_v4 ? 0 : 3]) : 0;
    __u64 high = (__u64)bpf_ntohl(p[0]) << 32 | bpf_ntohl(p[1]);
    return high >= 2 * REC_PEER_V4 ? high : 0;
}

static __always_inline int row_of(__u32 kind) {
    switch (kind) {
        case REC_NETWORK_CONNECT:
            return REC_GATE_CONNECT;
        case REC_NETWORK_ACCEPT:
            return REC_GATE_ACCEPT;
        case REC_NETWORK_SEND:
            return REC_GATE_SEND;
        case REC_NETWORK_CLOSE:
            return REC_GATE_CLOSE;
        default:
            return REC_GATE_ROWS - 1; /* nothing's */
    }
}

/*
 * With another host, and by no session: those are told at its end how much they moved, and connections within
 * this host how a login came about.
 */
static __always_inline int is_peer_gated(__u32 kind, struct gate_facts* facts, __u32 sessionid,
                                         struct ends* e) {
    if (sessionid != REC_UNSET || stays_on_host(e->local, e->peer, e->family)) return 0;
    facts->peer = peer_fact(e);
    facts->peer_port = e->peer_port;
    facts->local_port = e->local_port;
    return facts->peer && gates(kind, row_of(kind), facts);
}

/* ---- TCP, by its changes of state ---- */

static __always_inline void asked(struct sock* sk) {
    struct connection c = {.outgoing = 1, .asked_ns = bpf_ktime_get_boot_ns()};

    c.guarded = guards_current(policy());
    if (c.guarded) own_act(REC_NETWORK_CONNECT);
    begin_fold_key(&c.fold, REC_NETWORK_CONNECT, 0, 0);
    remember(sk, &c);
}

/* What is told of a connection in an interrupt: no slot, and the task is the one remembered. */
struct remembered {
    struct rec_fold_key key;
    struct ends ends;
    int folds, entry;
};

/* 0: it is not told. */
static __always_inline int begin_remembered(struct remembered* m, __u32 kind, struct sock* sk,
                                            struct connection* c, __s32 result) {
    int act = notice_always(kind);

    if (!act) return 0;
    fill_ends(&m->ends, sk);
    if (act == ACT_USUAL && has_gate(row_of(kind))) {
        struct gate_facts facts = {};
        set_facts(&facts, &c->task, result);
        if (is_peer_gated(kind, &facts, c->task.sessionid, &m->ends)) return 0;
    }
    m->key = c->fold;
    m->key.kind = kind;
    m->key.result = result < 0 ? result : 0;
    m->folds = MAY_FOLD(act) && set_peer(&m->key, &m->ends, c->outgoing);
    return 1;
}

/* Counted with others, in m->entry; else m->folds says whether others may be counted with it. */
static __always_inline int is_folded(struct remembered* m) {
    m->entry = m->folds ? fold(&m->key) : TOLD_EACH_TIME;
    m->folds = !m->entry;
    return m->entry > 0;
}

static __always_inline struct rec_net* put_remembered(const struct remembered* m, __u32 kind, struct sock* sk,
                                                      struct connection* c, __s32 result) {
    struct rec_net* r = reserve(&ring, struct rec_net, kind);

    if (!r) return 0;
    begin(&r->h, result);
    r->h.task = c->task;
    if (m->folds) r->h.task.fold = find_room(&m->key);
    r->outgoing = c->outgoing;
    fill_net(r, sk, &m->ends);
    return r;
}

static __noinline int answered(struct sock* sk, struct connection* c, __s32 result) {
    struct remembered m = {};

    c->answered = 1;
    if (!begin_remembered(&m, REC_NETWORK_CONNECT, sk, c, result)) return 0;
    if (is_folded(&m)) return 0;
    struct rec_net* r = put_remembered(&m, REC_NETWORK_CONNECT, sk, c, result);
    if (!r) return 0;
    r->since_ns = c->asked_ns;
    submit(&ring, r, REC_NETWORK_CONNECT, sizeof(*r));
    return 0;
}

/*
 * Sequence numbers count SYN and FIN as a byte each, so bytes_acked and bytes_received do too: our SYN where
 * we asked (the other side starts counting behind it), our FIN once it is acknowledged, which as the last
 * thing written it is when nothing written is left, and the peer's FIN, which sets SOCK_DONE.
 */
static __always_inline __u64 bytes_sent(struct sock* sk, int outgoing, int state) {
    struct tcp_sock* tcp = TYPED(struct tcp_sock, sk);
    int fin_sent =
        state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING || state == TCP_LAST_ACK;
    __u64 bytes = LOAD(tcp, bytes_acked);

    if (outgoing && bytes) bytes--;
    if (fin_sent && LOAD(tcp, snd_una) == LOAD(tcp, write_seq) && bytes) bytes--;
    return bytes;
}

static __always_inline __u64 bytes_received(struct sock* sk) {
    __u64 bytes = LOAD(TYPED(struct tcp_sock, sk), bytes_received);
    int done = LOAD(sk, __sk_common.skc_flags) >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;

    return done && bytes ? bytes - 1 : bytes;
}

static __noinline int closed(struct sock* sk, struct connection* c, int state) {
    struct remembered m = {};
    int result = -LOAD(sk, sk_err);
    __u64 sent = bytes_sent(sk, c->outgoing, state), received = bytes_received(sk);

    if (!begin_remembered(&m, REC_NETWORK_CLOSE, sk, c, result)) return 0;
    if (is_folded(&m)) {
        add_bytes(m.entry, sent, received);
        return 0;
    }
    struct rec_net* r = put_remembered(&m, REC_NETWORK_CLOSE, sk, c, result);
    if (!r) return 0;
    r->since_ns = c->established_ns;
    r->bytes_sent = sent;
    r->bytes_received = received;
    submit(&ring, r, REC_NETWORK_CLOSE, sizeof(*r));
    return 0;
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
    struct ends e = {};
    struct rec_fold_key key = {};
    int act = notice(kind), outgoing = kind == REC_NETWORK_CONNECT || kind == REC_NETWORK_SEND;
    int folds = MAY_FOLD(act) && (outgoing || kind == REC_NETWORK_ACCEPT);

    if (!act) return 0;
    fill_ends(&e, sk);
    /* The socket knows better where it is connected or bound to; a failed call has left nothing there. */
    if (call->address && (call->result < 0 || kind == REC_NETWORK_SEND)) {
        if (kind == REC_NETWORK_BIND)
            fill_given(&e, e.local, &e.local_port, call->address, call->kernel_address);
        else
            fill_given(&e, e.peer, &e.peer_port, call->address, call->kernel_address);
        call->flags |= REC_F_USER_SUPPLIED;
    }
    if (act == ACT_USUAL && has_gate(row_of(kind)) && !(call->flags & REC_F_NO_RESULT)) {
        struct gate_facts facts = {};
        __u32 sessionid = set_current_facts(&facts, call->result);
        if (is_peer_gated(kind, &facts, sessionid, &e)) return 0;
    }
    if (folds) {
        begin_fold_key(&key, kind, call->result, call->flags);
        folds = set_peer(&key, &e, outgoing);
        int entry = folds ? fold(&key) : TOLD_EACH_TIME;
        if (entry > 0) return 0;
        folds = !entry;
    }
    struct rec_net* r = reserve(&ring, struct rec_net, kind);
    if (!r) return 0;
    begin_current(&r->h, call->result);
    if (folds) r->h.task.fold = find_room(&key);
    r->h.flags = call->flags;
    fill_net(r, sk, &e);
    r->outgoing = outgoing;
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

/* Apart from its caller, as what follows is: kernels before 6.13 count the stack of a whole chain of calls.
 */
static __noinline int remember_accepted(struct sock* sk) {
    struct connection c = {.answered = 1, .established_ns = bpf_ktime_get_boot_ns()};

    c.guarded = guards_current(policy());
    begin_fold_key(&c.fold, REC_NETWORK_ACCEPT, 0, 0);
    remember(sk, &c);
    if (LOAD(sk, __sk_common.skc_state) == TCP_CLOSE) forget(sk); /* over before it was accepted */
    return 0;
}

static __noinline int report_accept(struct file* file, struct call* call) {
    struct sock* sk = call->result < 0 ? 0 : socket_of(file);
    __u16 family;

    if (!sk) return 0;
    family = family_of(sk);
    if (family == AF_UNIX) return report_unix(REC_NETWORK_ACCEPT, sk, call);
    if (!is_inet(family)) return 0;
    if (LOAD(sk, sk_protocol) == IPPROTO_TCP) remember_accepted(sk);
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
