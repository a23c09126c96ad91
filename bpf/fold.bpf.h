/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Folding: the first act of its sort travels as a record; what is the same after it is counted in a table,
 * which userspace reads where it lies and closes entry by entry (source/fold_table.h).
 *
 * An entry's word holds its state, its generation and its count. Whoever counts has read the word, then
 * compared the key, and adds by compare-and-swap: that takes effect only if the entry was neither closed nor
 * given to another key meanwhile, so no act is counted in a wrong place, or in an entry that was read
 * already. What cannot be counted travels by itself: a full table, or a word that others are quicker to
 * change, costs a record and never an act.
 */
#pragma once

#include "syscall.bpf.h"

#define EPERM 1
#define ENOENT 2
#define EACCES 13

static __always_inline int is_denied(__s64 result) { return result == -EPERM || result == -EACCES; }

/* A hash of 128 bits of what names an object, keyed so that nobody can find two names that are alike. */
struct mix {
    __u64 a, b;
};
#define NEW_MIX ((struct mix){config.seed[0], config.seed[1]})

static __always_inline void mix_in(struct mix* m, __u64 word) {
    m->a = (m->a ^ word) * (config.seed[1] | 1);
    m->b = (m->b ^ word) * (config.seed[0] | 1);
    m->a ^= m->a >> 32;
    m->b ^= m->b >> 29;
}

/* Longer names are not folded. */
#define MIXED_NAME_MAX 128

/* Mixes a name in. 0: it is longer, or cannot be read; 2: it is absolute. */
SHARED int mix_in_name(struct mix* m, __u64 from, int in_kernel) {
    __u64 words[MIXED_NAME_MAX / 8] = {};
    long n;

    if (!CAN_FOLD || !m) return 0;
    if (in_kernel)
        n = bpf_probe_read_kernel_str(words, sizeof(words), (void*)from);
    else
        n = bpf_probe_read_user_str(words, sizeof(words), (void*)from);
    if (n < 0 || n >= MIXED_NAME_MAX) return 0;
    for (int i = 0; i < MIXED_NAME_MAX / 8; i++) {
        if (i * 8 > n) break;
        mix_in(m, words[i]);
    }
    return (words[0] & 0xff) == '/' ? 2 : 1;
}

static __always_inline void mix_in_inode(struct mix* m, struct inode* mixed) {
    struct inode* inode = TYPED(struct inode, mixed);

    mix_in(m, LOAD(inode, i_ino));
    mix_in(m, LOAD(inode, i_sb, s_dev));
}

/* A name, and the directory that it starts from. 0: as above. */
static __always_inline int mix_in_path(struct mix* m, int dirfd, __u64 name, int in_kernel) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    int mixed = mix_in_name(m, name, in_kernel);

    if (mixed == 1 && dirfd != AT_FDCWD) {
        struct file* file = file_of(dirfd);
        if (file) mix_in_inode(m, LOAD(TYPED(struct file, file), f_inode));
    } else if (mixed) {
        struct fs_struct* fs = LOAD(task, fs);
        mix_in_inode(m, mixed == 1 ? LOAD(fs, pwd.dentry, d_inode) : LOAD(fs, root.dentry, d_inode));
    }
    return mixed;
}

static __always_inline int is_interactive(struct task_struct* who, __u32 loginuid) {
    return loginuid != REC_UNSET && LOAD(TYPED(struct task_struct, who), signal, tty) != 0;
}

/* The actor's part. */
static __always_inline void begin_fold_key(struct rec_fold_key* key, __u16 kind, __s64 result,
                                           __u16 record_flags) {
    struct task_struct* task = TYPED(struct task_struct, bpf_get_current_task());
    struct rec_task audit = {};
    struct mm_struct* mm = LOAD(task, mm);
    struct inode* exe = LOAD(mm, exe_file, f_inode);

    fill_audit(&audit, task);
    key->loginuid = audit.loginuid;
    key->sessionid = audit.sessionid;
    key->euid = LOAD(task, cred, euid.val);
    key->cgroup_id = LOAD(task, cgroups, dfl_cgrp, kn, id);
    key->exe_inode = LOAD(exe, i_ino);
    key->exe_dev = LOAD(exe, i_sb, s_dev);
    key->result = result < 0 ? result : 0;
    key->kind = kind;
    key->record_flags = record_flags;
    if (is_interactive(task, audit.loginuid)) key->flags |= REC_FOLD_INTERACTIVE;
}

static __always_inline void set_named(struct rec_fold_key* key, const struct mix* m) {
    key->object[0] = m->a;
    key->object[1] = m->b;
    key->flags |= REC_FOLD_NAMED;
}

static __always_inline void set_inode(struct rec_fold_key* key, struct inode* object) {
    struct inode* inode = TYPED(struct inode, object);

    key->object[0] = LOAD(inode, i_ino);
    key->object[1] = (__u64)LOAD(inode, i_sb, s_dev) << 32 | LOAD(inode, i_generation);
}

#define TOLD_EACH_TIME -1

#ifdef WHODID_NO_CAS
static __always_inline int fold(const struct rec_fold_key* key) { return 0; }
static __always_inline int find_room(const struct rec_fold_key* key) { return 0; }
static __always_inline void add_bytes(int entry, __u64 sent, __u64 received) {}
static __always_inline void begin_counting(const struct rec_hdr* h, int sent) {}
#else

struct fold_set {
    struct rec_fold ways[WHODID_FOLD_WAYS];
};
/* max_entries is set to config.fold_sets at load. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct fold_set);
} folds SEC(".maps");

#define FOLD_TRIES 4
#define fold_state(word) ((word) >> 56)
#define fold_count(word) ((__u32)(word))
/* The next life of an entry: another generation, so that who still looks at the last one cannot change it. */
#define fold_next(word, state) ((((word) + (1ull << 32)) & 0x00ffffff00000000ull) | (__u64)(state) << 56)

static __always_inline __u64 word_of(struct rec_fold* f) { return *(volatile __u64*)&f->word; }

static __always_inline int swap_word(struct rec_fold* f, __u64 from, __u64 to) {
    return __sync_val_compare_and_swap(&f->word, from, to) == from;
}

static __always_inline int is_same(const struct rec_fold_key* a, const struct rec_fold_key* b) {
    const __u64 *x = (void*)a, *y = (void*)b;
    __u64 differs = 0;

#pragma unroll
    for (__u32 i = 0; i < sizeof(*a) / sizeof(*x); i++) differs |= x[i] ^ y[i];
    return !differs;
}

/* Odd constants, one for each word: the products are independent, so a processor makes them side by side. */
static __always_inline __u32 fold_hash(const struct rec_fold_key* key) {
    const __u64* k = (void*)key;
    __u64 h = k[0] * 0x9e3779b97f4a7c15ull + k[1] * 0xc2b2ae3d27d4eb4full + k[2] * 0x165667b19e3779f9ull +
              k[3] * 0xd6e8feb86659fd93ull + k[4] * 0xff51afd7ed558ccdull + k[5] * 0xc4ceb9fe1a85ec53ull +
              k[6] * 0x9fb21c651e98df25ull + k[7] * 0xa0761d6478bd642full;

    return (h ^ h >> 29) >> 32;
}

static __always_inline __u32 set_of(const struct rec_fold_key* key) {
    return fold_hash(key) & (config.fold_sets - 1);
}

/* What becomes of an act whose key is the table's. */
enum { FOLD_NONE, FOLD_COUNTED, FOLD_TOLD };

static __always_inline int counted_in(struct rec_fold* f, const struct rec_fold_key* key) {
    for (int i = 0; i < FOLD_TRIES; i++) {
        __u64 word = word_of(f);
        int tells = fold_state(word) == REC_FOLD_TELL;

        if ((!tells && fold_state(word) != REC_FOLD_OPEN) || !is_same(&f->key, key)) return FOLD_NONE;
        if (tells) {
            f->last_ns = bpf_ktime_get_boot_ns();
            return FOLD_TOLD;
        }
        if (fold_count(word) == ~0u) return FOLD_NONE;
        if (!swap_word(f, word, word + 1)) continue;
        f->last_ns = bpf_ktime_get_boot_ns();
        return FOLD_COUNTED;
    }
    return FOLD_NONE;
}

/* Entries have numbers from 1 on. */
static __always_inline struct rec_fold* entry_of(int number) {
    __u32 entry = number - 1, index = entry / WHODID_FOLD_WAYS;
    struct fold_set* set = bpf_map_lookup_elem(&folds, &index);

    return set ? &set->ways[entry % WHODID_FOLD_WAYS] : 0;
}

/*
 * Counts the act with those before it, in the entry of the number that is returned. 0: it is to be told, and
 * may be the first of its sort; TOLD_EACH_TIME: it is to be told, and no more of it.
 */
SHARED int fold(const struct rec_fold_key* key) {
    if (!CAN_FOLD || !key) return 0;
    __u32 index = set_of(key);
    struct fold_set* set = bpf_map_lookup_elem(&folds, &index);

    if (!set) return 0;
    for (int i = 0; i < WHODID_FOLD_WAYS; i++) {
        int how = counted_in(&set->ways[i], key);
        if (how == FOLD_NONE) continue;
        if (how == FOLD_TOLD) return TOLD_EACH_TIME;
        folded(key->kind & (WHODID_KIND_MAX - 1));
        return index * WHODID_FOLD_WAYS + i + 1;
    }
    return 0;
}

/* Of an act that was counted. */
static __always_inline void add_bytes(int number, __u64 sent, __u64 received) {
    struct rec_fold* f = entry_of(number);

    if (!f) return;
    __sync_fetch_and_add(&f->bytes_sent, sent);
    __sync_fetch_and_add(&f->bytes_received, received);
}

/* What was denied to a person at a terminal is told each time. */
static __always_inline int is_told_each_time(const struct rec_fold_key* key) {
    return key->flags & REC_FOLD_INTERACTIVE && is_denied(key->result);
}

/*
 * Room for what is going to be told: its number, for the record's task.fold; 0: there is none. Besides free
 * entries those are taken that have counted nothing: their record has travelled, so nothing is lost.
 */
SHARED int find_room(const struct rec_fold_key* key) {
    if (!CAN_FOLD || !key) return 0;
    __u32 index = set_of(key);
    struct fold_set* set = bpf_map_lookup_elem(&folds, &index);

    if (!set || is_told_each_time(key)) return 0;
    for (int i = 0; i < 2 * WHODID_FOLD_WAYS; i++) {
        struct rec_fold* f = &set->ways[i % WHODID_FOLD_WAYS];
        __u64 word = word_of(f);
        int is_room = i < WHODID_FOLD_WAYS ? fold_state(word) == REC_FOLD_FREE
                                           : fold_state(word) == REC_FOLD_OPEN && !fold_count(word);

        if (!is_room || !swap_word(f, word, fold_next(word, REC_FOLD_BUSY))) continue;
        f->key = *key;
        return index * WHODID_FOLD_WAYS + i % WHODID_FOLD_WAYS + 1;
    }
    return 0;
}

/* The entry belongs to who made it busy: until its word says otherwise nobody else writes here. */
static __always_inline void begin_counting(const struct rec_hdr* h, int sent) {
    if (!CAN_FOLD || !h->task.fold) return;
    struct rec_fold* f = entry_of(h->task.fold);
    if (!f) return;
    __u64 word = word_of(f);

    f->first_ns = f->last_ns = h->boot_ns;
    f->of_seq = h->seq;
    f->of_cpu = h->cpu;
    f->bytes_sent = f->bytes_received = 0;
    swap_word(f, word, fold_next(word, sent ? REC_FOLD_OPEN : REC_FOLD_FREE));
}
#endif
