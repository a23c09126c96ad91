/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same acts through io_uring, which no system call hook sees. A request is reported when it completes: in
 * the task that submitted it, its io-wq worker or its sqpoll thread, all of one thread group, with its files
 * and its credentials. TCP's connects need nothing here. Limits: requests under a registered personality
 * are reported with the task's own credentials, questions to DNS from registered buffers without their name,
 * and not at all: accepts of the multishot kind or without a descriptor, sends to a registered file that want
 * no completion.
 */

#include "socket.bpf.h"

enum {
    IORING_OP_SENDMSG = 9,
    IORING_OP_ACCEPT = 13,
    IORING_OP_CONNECT = 16,
    IORING_OP_OPENAT = 18,
    IORING_OP_SEND = 26,
    IORING_OP_OPENAT2 = 28,
    IORING_OP_RENAMEAT = 35,
    IORING_OP_UNLINKAT = 36,
    IORING_OP_MKDIRAT = 37,
    IORING_OP_SYMLINKAT = 38,
    IORING_OP_LINKAT = 39,
    IORING_OP_SEND_ZC = 47,
    IORING_OP_SENDMSG_ZC = 48,
    IORING_OP_BIND = 56,
    IORING_OP_LISTEN = 57
};
#define IOSQE_FIXED_FILE 1
#define IOSQE_CQE_SKIP_SUCCESS 0x40 /* from linux/io_uring.h; a request keeps these flags where they were */

#define NAME_BYTES 512

/* The names of requests under way. The kernel's copies, which nobody can rewrite, are gone at completion. */
struct request_names {
    char first[NAME_BYTES], second[NAME_BYTES];
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH); /* not all requests complete visibly: nothing may fill this up */
    __uint(max_entries, 2048);
    __type(key, __u64);
    __type(value, struct request_names);
} request_names SEC(".maps");
static const struct request_names no_names;

/* Where datagrams under way go, on kernels that keep it with the request's own data until it is done. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 2048);
    __type(key, __u64);
    __type(value, struct user_address);
} request_addresses SEC(".maps");

/* 0: not a change of the file system. Names point into the kernel, at submission only. */
static __always_inline int fill_change(struct io_kiocb* request, struct change* c) {
    c->uring = 1;
    c->dirfd2 = AT_FDCWD;
    switch (LOAD(request, opcode)) {
        case IORING_OP_OPENAT:
        case IORING_OP_OPENAT2: {
            struct io_open* open = TYPED(struct io_open, request);
            c->dirfd = LOAD(open, dfd);
            c->name = (__u64)LOAD(open, filename, name);
            c->flags = LOAD(open, how.flags);
            c->no_descriptor = LOAD(open, file_slot) != 0;
            c->kind = REC_FILE_OPEN;
            return 1;
        }
        case IORING_OP_UNLINKAT: {
            struct io_unlink* unlink = TYPED(struct io_unlink, request);
            c->dirfd = LOAD(unlink, dfd);
            c->name = (__u64)LOAD(unlink, filename, name);
            c->flags = LOAD(unlink, flags);
            c->kind = c->flags & AT_REMOVEDIR ? REC_FILE_RMDIR : REC_FILE_UNLINK;
            return 1;
        }
        case IORING_OP_MKDIRAT: {
            struct io_mkdir* mkdir = TYPED(struct io_mkdir, request);
            c->dirfd = LOAD(mkdir, dfd);
            c->name = (__u64)LOAD(mkdir, filename, name);
            c->mode = LOAD(mkdir, mode);
            c->kind = REC_FILE_MKDIR;
            return 1;
        }
        case IORING_OP_RENAMEAT: {
            struct io_rename* rename = TYPED(struct io_rename, request);
            c->dirfd = LOAD(rename, old_dfd);
            c->dirfd2 = LOAD(rename, new_dfd);
            c->name = (__u64)LOAD(rename, oldpath, name);
            c->name2 = (__u64)LOAD(rename, newpath, name);
            c->flags = LOAD(rename, flags);
            c->kind = REC_FILE_RENAME;
            return 1;
        }
        case IORING_OP_LINKAT: {
            struct io_link* link = TYPED(struct io_link, request);
            c->dirfd = LOAD(link, old_dfd);
            c->dirfd2 = LOAD(link, new_dfd);
            c->name = (__u64)LOAD(link, oldpath, name);
            c->name2 = (__u64)LOAD(link, newpath, name);
            c->kind = REC_FILE_LINK;
            return 1;
        }
        case IORING_OP_SYMLINKAT: {
            struct io_link* link = TYPED(struct io_link, request);
            c->dirfd = LOAD(link, new_dfd);
            c->name = (__u64)LOAD(link, newpath, name);
            c->text2 = (__u64)LOAD(link, oldpath, name);
            c->kind = REC_FILE_SYMLINK;
            return 1;
        }
        default:
            return 0;
    }
}

static __always_inline int sends(struct io_kiocb* request) {
    __u8 opcode = LOAD(request, opcode);

    return opcode == IORING_OP_SEND || opcode == IORING_OP_SENDMSG || opcode == IORING_OP_SEND_ZC ||
           opcode == IORING_OP_SENDMSG_ZC;
}

/* Apart from its callers, as what follows is: kernels before 6.13 count the stack of a whole chain of calls.
 */
static __noinline int message_of_request(struct message* m, struct io_kiocb* request) {
    struct io_sr_msg* asked = TYPED(struct io_sr_msg, request);
    __u8 opcode = LOAD(request, opcode);

    m->flags = REC_F_URING;
    if (opcode == IORING_OP_SENDMSG || opcode == IORING_OP_SENDMSG_ZC) {
        struct io_ring_ctx* ring_ctx = LOAD(request, ctx);
        __u64 header = (__u64)LOAD(asked, umsg);

        return message_of_call(m, number(&header), BPF_CORE_READ_BITFIELD_PROBED(ring_ctx, compat));
    }
    message_of_buffer(m, (unsigned long)LOAD(asked, buf), LOAD(asked, len), 0, 0);
    if (bpf_core_field_exists(asked->addr)) {
        m->name = (unsigned long)LOAD(asked, addr);
        m->name_length = LOAD(asked, addr_len);
    }
    return 0;
}

/* `address`: the kernel's copy, 0 where the request or its header has the process' own. */
static __noinline int sent(struct io_kiocb* request, struct file* file, unsigned long address, __s32 result,
                           __u16 flags) {
    struct sock* sk = socket_of(file);
    enum sort sort = sort_of(sk);
    struct message m = {};

    if (sort == SORT_NONE) return 0;
    message_of_request(&m, request);
    m.flags |= flags;
    if (address) {
        m.name = address;
        m.kernel_name = 1;
    }
    return report_sent(number((__u64*)&sk), &m, sort, result);
}

/* The request has its address itself on 6.1 and 6.12. On 6.18 it was copied when the request was prepared,
 * and the copy is gone at completion. */
static __always_inline void* prepared_address(struct io_kiocb* request) {
    struct io_async_msghdr* prepared = TYPED(struct io_async_msghdr, LOAD(request, async_data));

    if (bpf_core_field_exists(struct io_sr_msg, addr) || !prepared) return 0;
    return LOAD(prepared, msg.msg_name);
}

/* What wants no completion when it succeeds is reported now. The request has no file yet, but its number,
 * where the result will be. */
static __noinline int sending(struct io_kiocb* request) {
    void* address = prepared_address(request);
    __u32 flags = LOAD(request, flags);
    __u64 key = (__u64)request;
    struct user_address kept = {};

    if (flags & IOSQE_CQE_SKIP_SUCCESS)
        return flags & IOSQE_FIXED_FILE ? 0
                                        : sent(request, file_of(LOAD(request, cqe.fd)),
                                               (unsigned long)address, 0, REC_F_NO_RESULT);
    if (!address) return 0;
    bpf_probe_read_kernel(&kept, sizeof(kept), address);
    bpf_map_update_elem(&request_addresses, &key, &kept, BPF_ANY);
    return 0;
}

static __always_inline int sent_at_last(struct io_kiocb* request, __s32 result) {
    __u64 key = (__u64)request;
    struct user_address* kept = 0;

    if (!bpf_core_field_exists(struct io_sr_msg, addr)) kept = bpf_map_lookup_elem(&request_addresses, &key);
    sent(request, LOAD(request, file), (unsigned long)kept, result, 0);
    if (kept) bpf_map_delete_elem(&request_addresses, &key);
    return 0;
}

/* A request that wants no completion when it succeeds is reported here: nothing will tell how it went. */
static __noinline int changing(struct io_kiocb* request) {
    struct change c = {};
    int known = fill_change(request, &c);
    __u64 key = (__u64)request;

    if (!known) return 0;
    bpf_map_update_elem(&request_names, &key, &no_names, BPF_ANY);
    struct request_names* kept = bpf_map_lookup_elem(&request_names, &key);
    if (kept) {
        bpf_probe_read_kernel_str(kept->first, NAME_BYTES, (void*)c.name);
        bpf_probe_read_kernel_str(kept->second, NAME_BYTES, (void*)(c.name2 ?: c.text2));
    }
    if (LOAD(request, flags) & IOSQE_CQE_SKIP_SUCCESS) {
        c.no_result = c.no_descriptor = 1;
        if (c.kind == REC_FILE_OPEN)
            report_open(&c);
        else
            report_change(&c);
    }
    return 0;
}

static __always_inline int on_submitted(struct io_kiocb* submitted) {
    if (!bpf_core_type_exists(struct io_cmd_data)) /* 6.0 gave the tracepoints the request */
        return 0;
    struct io_kiocb* request = TYPED(struct io_kiocb, submitted);

    return sends(request) ? sending(request) : changing(request);
}

SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb* request) { return on_submitted(request); }

SEC("?tp_btf/io_uring_submit_sqe") /* the same before 6.4 */
int BPF_PROG(on_uring_submit_sqe, struct io_kiocb* request) { return on_submitted(request); }

static __noinline int changed(struct io_kiocb* request, __s32 result) {
    struct change c = {};
    int known = fill_change(request, &c);
    __u64 key = (__u64)request;

    if (!known) return 0;
    struct request_names* kept = bpf_map_lookup_elem(&request_names, &key);
    c.result = result;
    if (kept) {
        c.name = (__u64)kept->first;
        c.name2 = c.name2 ? (__u64)kept->second : 0;
        c.text2 = c.text2 ? (__u64)kept->second : 0;
    } else {
        c.name = c.name2 = c.text2 = 0;
    }
    if (c.kind == REC_FILE_OPEN)
        report_open(&c);
    else
        report_change(&c);
    if (kept) bpf_map_delete_elem(&request_names, &key);
    return 1;
}

static __always_inline int connected(struct io_kiocb* request, __s32 result) {
    struct io_connect* connect = TYPED(struct io_connect, request);

    return report_connect(LOAD(request, file), &(struct call){.result = result,
                                                              .address = (__u64)LOAD(connect, addr),
                                                              .length = LOAD(connect, addr_len),
                                                              .flags = REC_F_URING});
}

/* The result is read from the request: the tracepoint's own arguments changed, this did not. */
SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete, void* ring_ctx, void* completed) {
    if (!completed || !bpf_core_type_exists(struct io_cmd_data)) return 0;
    struct io_kiocb* request = TYPED(struct io_kiocb, completed);
    __s32 result = LOAD(request, cqe.res);
    struct call call = {.result = result, .flags = REC_F_URING};

    if (sends(request)) return sent_at_last(request, result);
    switch (LOAD(request, opcode)) {
        case IORING_OP_ACCEPT:
            return LOAD(TYPED(struct io_accept, completed), file_slot)
                       ? 0
                       : report_accept(file_of(result), &call);
        case IORING_OP_CONNECT:
            return connected(request, result);
        case IORING_OP_BIND:
            return report_local(REC_NETWORK_BIND, LOAD(request, file), &call);
        case IORING_OP_LISTEN:
            return report_local(REC_NETWORK_LISTEN, LOAD(request, file), &call);
        default:
            changed(request, result);
            return 0;
    }
}
