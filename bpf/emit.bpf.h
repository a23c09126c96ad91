/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records leave here and nowhere else: scratch slots, the two rings, and the counters that let the ledger
 * balance. seen = emitted + ring_full + no_slot + gated + folded, per kind.
 */
#pragma once

#include "kernel.h"

/*
 * A body that several programs or places share. The verifier goes through a global function once, knowing
 * nothing of its callers, and not once for every state it is called in. Before 5.13 such a function takes
 * only numbers.
 */
#ifdef WHODID_NO_CAS
#define SHARED static __noinline
#else
#define SHARED __noinline
#endif

/*
 * Calls step(number, state) up to `times` times, until it returns something. The verifier follows a loop that
 * is written out as often as it may run, and the helper's step once or twice. The helper came with 5.17.
 */
#ifdef WHODID_NO_CAS
#define LOOP(times, step, state)           \
    for (int i_ = 0; i_ < (times); i_++) { \
        if (step(i_, state)) break;        \
    }
#else
#define LOOP(times, step, state) bpf_loop(times, step, state, 0)
#endif

/* A record's tail may start a string below this offset; the slack holds the longest string there is. */
#define SLOT_TAIL 16384
#define SLOT_BYTES (SLOT_TAIL + WHODID_PATH_MAX)
/* Exec records carry argv and environment behind their paths. */
#define BIG_TAIL 61440
#define BIG_BYTES (BIG_TAIL + WHODID_ARGS_MAX)
/* A CPU has so many at most: the loader says how many. */
#define SLOT_TRIES 4
/* For what only makes an act's record truer: one is left for the record itself. */
#define OBJECT_TRIES (SLOT_TRIES - 1)

/*
 * Where a walk along a path is (path.bpf.h): addresses, whose types each step finds again. In the slot and
 * not on the stack: what lies in a map the verifier does not follow.
 */
struct walk {
    __u64 dentry, mount, top, flags;
};

/*
 * A slot belongs to whoever set `owner`. Per-CPU scratch is not enough: where programs can be preempted (lsm
 * and uprobe today, tracepoints in later kernels) two tasks on one CPU write into the same record.
 */
struct slot {
    __u64 owner;
    __u64 off;      /* where the tail ends, from the record's start */
    __u32 key, big; /* which one this is, and of which map */
    struct walk walk;
    __u8 rec[SLOT_BYTES];
};
struct big_slot {
    __u64 owner, off;
    __u32 key, big;
    struct walk walk;
    __u8 rec[BIG_BYTES];
};

/* max_entries of both is set at load, to a multiple of config.cpus. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct slot);
} slots SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct big_slot);
} big_slots SEC(".maps");

/* Everything but the vital kinds: files and network. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 16 << 20);
} ring SEC(".maps");
/* What is rare and matters (exec, logins, ptrace, ...): a flood of opens cannot fill this one. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 8 << 20);
} vital_ring SEC(".maps");

struct cpu_state {
    __u64 seq;
    struct rec_counters kinds[WHODID_KIND_MAX];
    __u64 apart[7]; /* no cache line is two CPUs' */
};
/* One for each CPU, max_entries is set to config.cpus at load. Read where it lies: see MapMemory. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cpu_state);
} counters SEC(".maps");

/* Set before load. A section of its own, so that the loader needs no generated type for it. */
const volatile struct rec_config config SEC(".rodata.config") = {.wake_bytes = 1 << 20, .cpus = 1};
/*
 * The policy in force: the one slot holds an array that was frozen before it came here. Nobody can write into
 * that or map it, so to change the policy takes a bpf(2) on this map, which is told whoever makes it
 * (bpf_call.bpf.c). The two lookups are a few instructions each: the verifier writes them out.
 */
struct frozen_policy {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_RDONLY_PROG);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32)); /* sizes: clang describes no type that only a map in a map has */
    __uint(value_size, sizeof(struct rec_policy));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct frozen_policy);
} policies SEC(".maps");
/*
 * What the rings' reader says of itself. Not in the policy: to replace that would undo what somebody else put
 * there to blind the sensor. Who writes here hides nothing, and delays it by a second at most.
 */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct rec_reader);
} reader SEC(".maps");

#define count(state, kind, what, by) __sync_fetch_and_add(&(state)->kinds[kind].what, by)

static __always_inline struct cpu_state* cpu_state(void) {
    __u32 cpu = bpf_get_smp_processor_id();
    return bpf_map_lookup_elem(&counters, &cpu);
}

/* 0: none yet, and nothing is seen. */
static __always_inline struct rec_policy* policy(void) {
    __u32 zero = 0;
    void* current = bpf_map_lookup_elem(&policies, &zero);
    return current ? bpf_map_lookup_elem(current, &zero) : 0;
}

/*
 * Never by name or path: only what the loader registered, and only the process that is meant (pid reuse). The
 * start is 0 for the instant before the loader has learnt its own.
 */
static __always_inline int guards(const struct rec_policy* p, struct task_struct* task, __u32 tgid) {
    for (int i = 0; i < WHODID_GUARDED_MAX; i++) {
        if (p->guards[i].tgid != tgid) continue;
        return !p->guards[i].start_ns ||
               BPF_CORE_READ(task, group_leader, start_boottime) == p->guards[i].start_ns;
    }
    return 0;
}

static __always_inline int is_guarded(struct task_struct* task, __u32 tgid) {
    const struct rec_policy* p = policy();
    return p && guards(p, task, tgid);
}

static __always_inline int guards_current(const struct rec_policy* p) {
    return p && guards(p, (void*)bpf_get_current_task(), bpf_get_current_pid_tgid() >> 32);
}

/* The act that is to come back, done by a guarded thread. */
static __always_inline int is_canary(void) {
    __u32 zero = 0;
    struct rec_reader* r = bpf_map_lookup_elem(&reader, &zero);
    return r && r->canary_tid == (__u32)bpf_get_current_pid_tgid();
}

/* Known when the programs are loaded: what is not used the verifier does not look at. */
#ifdef WHODID_NO_CAS
#define CAN_FOLD 0
#else
#define CAN_FOLD (config.fold_sets != 0)
#endif

/* What is to become of an act. ACT_USUAL: it may be dropped, or counted with others, instead of told. */
enum { ACT_IGNORED, ACT_TOLD, ACT_USUAL };
#define MAY_FOLD(act) (CAN_FOLD && (act) == ACT_USUAL)

/* Counts the event as seen. 0: the sensor's own act, counted and not reported. */
static __always_inline int notice(__u32 kind) {
    struct cpu_state* state = cpu_state();
    const struct rec_policy* p = policy();
    if (!state || !p || p->stopped) return ACT_IGNORED;
    if (guards_current(p)) {
        if (!is_canary()) {
            count(state, kind, self, 1);
            return ACT_IGNORED;
        }
        count(state, kind, seen, 1);
        return ACT_TOLD;
    }
    count(state, kind, seen, 1);
    return ACT_USUAL;
}

static __always_inline void own_act(__u32 kind) {
    struct cpu_state* state = cpu_state();
    if (state) count(state, kind, self, 1);
}

/* For kinds that carry state: seen and reported also when a sensor process does it. */
static __always_inline int notice_always(__u32 kind) {
    struct cpu_state* state = cpu_state();
    const struct rec_policy* p = policy();
    if (!state || !p || p->stopped) return ACT_IGNORED;
    count(state, kind, seen, 1);
    return ACT_USUAL;
}

/* For what is done to the kernel side itself: whatever the policy says, which may be what was changed. */
static __always_inline int notice_regardless(__u32 kind) {
    struct cpu_state* state = cpu_state();
    if (!state) return 0;
    count(state, kind, seen, 1);
    return 1;
}

static __always_inline void no_slot(__u32 kind) {
    struct cpu_state* state = cpu_state();
    if (state) count(state, kind, no_slot, 1);
}

/* Seen, and of a sort that is not reported. */
static __always_inline void gated(__u32 kind) {
    struct cpu_state* state = cpu_state();
    if (state) count(state, kind, gated, 1);
}

/* Seen, and the same as one that was just reported. */
static __always_inline void folded(__u32 kind) {
    struct cpu_state* state = cpu_state();
    if (state) count(state, kind, folded, 1);
}

/* Kernels before 5.12 have no compare-and-swap in BPF; none of them preempts a tracepoint program. */
static __always_inline int claim(__u64* owner, __u64 me) {
#ifdef WHODID_NO_CAS
    if (*(volatile __u64*)owner) return 0;
    *(volatile __u64*)owner = me;
    return 1;
#else
    return __sync_val_compare_and_swap(owner, 0, me) == 0;
#endif
}

#define DEFINE_SLOT_CLAIM(type, map, is_big)                                               \
    static __always_inline struct type* claim_##type(__u32 kind, __u32 fixed, int tries) { \
        __u64 me = bpf_get_current_pid_tgid() | 1ull << 63;                                \
        __u32 key = bpf_get_smp_processor_id();                                            \
        for (int i = 0; i < tries; i++, key += config.cpus) {                              \
            struct type* s = bpf_map_lookup_elem(&map, &key);                              \
            if (!s) break;                                                                 \
            if (!claim(&s->owner, me)) continue;                                           \
            __builtin_memset(s->rec, 0, fixed);                                            \
            s->off = fixed;                                                                \
            s->key = key;                                                                  \
            s->big = is_big;                                                               \
            return s;                                                                      \
        }                                                                                  \
        no_slot(kind);                                                                     \
        return 0;                                                                          \
    }
DEFINE_SLOT_CLAIM(slot, slots, 0)
DEFINE_SLOT_CLAIM(big_slot, big_slots, 1)
#define slot_claim(kind, fixed) claim_slot(kind, fixed, SLOT_TRIES)
#define big_slot_claim(kind, fixed) claim_big_slot(kind, fixed, SLOT_TRIES)

#define slot_release(s) (*(volatile __u64*)&(s)->owner = 0)

static __always_inline __u64 next_seq(struct cpu_state* state) {
#ifdef WHODID_NO_CAS
    return state->seq++;
#else
    return __sync_fetch_and_add(&state->seq, 1);
#endif
}

/*
 * Nobody is woken per event: a wake-up costs ten times the record (ARCHITECTURE, "Wake-ups"). Two are: the
 * first one after a reader went to sleep because there was none for a while; and when much waits, the reader
 * is late because others have the CPU: a record in 64 asks.
 */
#define WAKE_EVERY 64
static __always_inline __u64 wake_flags(void* to, const struct rec_hdr* h) {
    __u32 zero = 0;
    struct rec_reader* r = bpf_map_lookup_elem(&reader, &zero);

    if (r && r->sleeps) {
        r->sleeps = 0;
        return BPF_RB_FORCE_WAKEUP;
    }
    if (to == &ring && h->seq % WAKE_EVERY) return BPF_RB_NO_WAKEUP;
    return bpf_ringbuf_query(to, BPF_RB_AVAIL_DATA) > config.wake_bytes ? BPF_RB_FORCE_WAKEUP
                                                                        : BPF_RB_NO_WAKEUP;
}

static __always_inline void stamp(struct cpu_state* state, struct rec_hdr* h, __u32 kind, __u32 size) {
    h->size = size;
    h->kind = kind;
    h->cpu = bpf_get_smp_processor_id();
    h->seq = next_seq(state);
}

/* The record that is the first of its sort, once it is numbered; sent: it is in the ring. */
static __always_inline void begin_counting(const struct rec_hdr* h, int sent);

static __always_inline void send(void* to, void* rec, __u32 kind, __u64 size) {
    struct cpu_state* state = cpu_state();
    if (!state) return;
    stamp(state, rec, kind, size);
    int sent = !bpf_ringbuf_output(to, rec, size, wake_flags(to, rec));
    begin_counting(rec, sent);
    if (!sent) {
        count(state, kind, ring_full, 1);
        return;
    }
    count(state, kind, emitted, 1);
    count(state, kind, bytes, size);
}

static __always_inline void emit_to(void* to, struct slot* s, __u32 kind) {
    __u64 size = s->off;
    asm volatile("%0 &= 0x7fff"
                 : "+r"(size)); /* SLOT_BYTES fits: the verifier sees a bound on this very register */
    if (size <= SLOT_BYTES) send(to, s->rec, kind, size);
    slot_release(s);
}
#define emit(s, kind) emit_to(&ring, s, kind)
#define emit_vital(s, kind) emit_to(&vital_ring, s, kind)

static __always_inline void emit_big(struct big_slot* s, __u32 kind) {
    __u64 size = s->off;
    asm volatile("%0 &= 0xffff" : "+r"(size));
    send(&vital_ring, s->rec, kind, size);
    slot_release(s);
}

/* Records without a tail go straight into the ring; also from interrupts, where no slot is to be had. */
#define reserve(to, type, kind) ((type*)reserve_bytes(to, sizeof(type), kind))
static __always_inline void* reserve_bytes(void* to, __u64 size, __u32 kind) {
    struct rec_hdr* h = bpf_ringbuf_reserve(to, size, 0);
    struct cpu_state* state = cpu_state();
    if (!h) {
        if (state) count(state, kind, ring_full, 1);
        return 0;
    }
    __builtin_memset(h, 0, size);
    return h;
}

static __always_inline void submit(void* to, void* rec, __u32 kind, __u32 size) {
    struct cpu_state* state = cpu_state();
    if (state) {
        stamp(state, rec, kind, size);
        count(state, kind, emitted, 1);
        count(state, kind, bytes, size);
    }
    begin_counting(rec, 1);
    bpf_ringbuf_submit(rec, wake_flags(to, rec));
}
