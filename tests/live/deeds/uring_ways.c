// SPDX-License-Identifier: Apache-2.0
// Deeds that enter the kernel as requests on a ring, not as system calls. Usage: uring_ways WAY [DIRECTORY].
//   pid= deed=WAY result=as the system call would have returned  path=|remote=
// _async runs in a worker thread of the caller, _sqpoll in a kernel thread that took its identity, the others
// in the caller.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "deed.h"

struct ring {
    int fd;
    unsigned int setup_flags;
    struct io_uring_params params;
    char* rings;
    struct io_uring_sqe* entries;
};

static unsigned int* at(struct ring* ring, unsigned int offset) {
    return (unsigned int*)(ring->rings + offset);
}

static void open_ring(struct ring* ring, unsigned int setup_flags) {
    *ring = (struct ring){.setup_flags = setup_flags};
    ring->params.flags = setup_flags;
    ring->params.sq_thread_idle = 100;
    ring->fd = must(syscall(SYS_io_uring_setup, 4, &ring->params), "io_uring_setup");
    if (!(ring->params.features & IORING_FEAT_SINGLE_MMAP)) errno = ENOSYS, die("io_uring older than 5.4");
    size_t submitted = ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned int);
    size_t completed = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
    ring->rings = mmap(NULL, submitted > completed ? submitted : completed, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
    ring->entries = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
    if (ring->rings == MAP_FAILED || ring->entries == MAP_FAILED) die("map the ring");
}

static void put(struct ring* ring, const struct io_uring_sqe* request) {
    unsigned int* tail = at(ring, ring->params.sq_off.tail);
    unsigned int slot = *tail & *at(ring, ring->params.sq_off.ring_mask);
    ring->entries[slot] = *request;
    at(ring, ring->params.sq_off.array)[slot] = slot;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_SEQ_CST);
}

// Submits one request, waits for it and returns its result.
static long complete(struct ring* ring, const struct io_uring_sqe* request) {
    put(ring, request);
    // A polling kernel thread takes the request itself and only has to be woken when it sleeps.
    unsigned int flags = IORING_ENTER_GETEVENTS, submit = 1;
    if (ring->setup_flags & IORING_SETUP_SQPOLL) {
        submit = 0;
        if (__atomic_load_n(at(ring, ring->params.sq_off.flags), __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
            flags |= IORING_ENTER_SQ_WAKEUP;
    }
    must(syscall(SYS_io_uring_enter, ring->fd, submit, 1, flags, NULL, 0), "io_uring_enter");

    unsigned int* head = at(ring, ring->params.cq_off.head);
    if (*head == __atomic_load_n(at(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE))
        errno = ENODATA, die("the ring completed nothing");
    struct io_uring_cqe* answers = (struct io_uring_cqe*)(ring->rings + ring->params.cq_off.cqes);
    long result = answers[*head & *at(ring, ring->params.cq_off.ring_mask)].res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return result;
}

static const char* make_file(const char* name) {
    const char* path = in_dir(name);
    close(must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path));
    return path;
}

static void openat_and_say(const char* way, const char* path, unsigned int setup_flags, unsigned char flags) {
    struct ring ring;
    open_ring(&ring, setup_flags);
    struct io_uring_sqe request = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .flags = flags};
    request.addr = (unsigned long)path;
    request.open_flags = O_RDONLY;
    say(way, complete(&ring, &request), "path=%s", quoted(path));
}

static void way_openat(const char* way) { openat_and_say(way, make_file("ring-inline"), 0, 0); }
static void way_openat_async(const char* way) {
    openat_and_say(way, make_file("ring-async"), 0, IOSQE_ASYNC);
}
static void way_openat_sqpoll(const char* way) {
    openat_and_say(way, make_file("ring-sqpoll"), IORING_SETUP_SQPOLL, 0);
}
static void way_openat_enoent(const char* way) { openat_and_say(way, in_dir("no-such-file"), 0, 0); }

// A request on a file that has just been made.
static void change_and_say(const char* way, unsigned char opcode, unsigned int setup_flags,
                           unsigned char flags) {
    struct ring ring;
    open_ring(&ring, setup_flags);
    const char *path = make_file(way), *to = in_dir("ring-renamed");
    struct io_uring_sqe request = {.opcode = opcode, .fd = AT_FDCWD, .addr = (unsigned long)path};
    request.flags = flags;
    if (opcode == IORING_OP_RENAMEAT) request.len = AT_FDCWD, request.addr2 = (unsigned long)to;
    say(way, complete(&ring, &request), "path=%s to=%s", quoted(path), quoted(to));
}

static void way_unlinkat(const char* way) { change_and_say(way, IORING_OP_UNLINKAT, 0, 0); }
static void way_unlinkat_async(const char* way) { change_and_say(way, IORING_OP_UNLINKAT, 0, IOSQE_ASYNC); }
static void way_unlinkat_sqpoll(const char* way) {
    change_and_say(way, IORING_OP_UNLINKAT, IORING_SETUP_SQPOLL, 0);
}
static void way_renameat(const char* way) { change_and_say(way, IORING_OP_RENAMEAT, 0, 0); }
static void way_renameat_async(const char* way) { change_and_say(way, IORING_OP_RENAMEAT, 0, IOSQE_ASYNC); }
static void way_renameat_sqpoll(const char* way) {
    change_and_say(way, IORING_OP_RENAMEAT, IORING_SETUP_SQPOLL, 0);
}

// Keeps root's rights on a ring, gives them up, and opens by the ring what only root may. Needs root.
static void way_personality(const char* way) {
    struct ring ring;
    open_ring(&ring, 0);
    struct io_uring_sqe request = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD};
    request.addr = (unsigned long)"/etc/shadow";
    request.open_flags = O_RDONLY;
    request.personality =
        must(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_PERSONALITY, NULL, 0), "personality");
    must(setresuid(61002, 61002, 61002), "setresuid");
    say(way, complete(&ring, &request), "path=/etc/shadow uid=%d", geteuid());
}

// A datagram to that port of this host, where nobody has to listen.
static void send_and_say(const char* way, const char* bytes, size_t length, int port, unsigned char opcode,
                         unsigned int setup_flags, unsigned char flags) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct ring ring;
    open_ring(&ring, setup_flags);
    struct iovec part = {(void*)bytes, length};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    struct io_uring_sqe request = {.opcode = opcode, .flags = flags};
    if (opcode == IORING_OP_SENDMSG) {
        request.addr = (unsigned long)&message, request.len = 1;
    } else {
        request.addr = (unsigned long)bytes, request.len = length;
        request.addr2 = (unsigned long)&to, request.addr_len = sizeof to;
    }
    request.fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    if (flags & IOSQE_CQE_SKIP_SUCCESS) {  // sent, inline, when the call returns
        put(&ring, &request);
        must(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0), "io_uring_enter");
        say(way, length, "remote=127.0.0.1:%d", port);
        return;
    }
    say(way, complete(&ring, &request), "remote=127.0.0.1:%d", port);
}

static void discard(const char* way, unsigned char opcode, unsigned int setup_flags, unsigned char flags) {
    send_and_say(way, "datagram", 8, 9, opcode, setup_flags, flags);
}
static void way_sendmsg(const char* way) { discard(way, IORING_OP_SENDMSG, 0, 0); }
static void way_sendmsg_async(const char* way) { discard(way, IORING_OP_SENDMSG, 0, IOSQE_ASYNC); }
static void way_sendmsg_sqpoll(const char* way) { discard(way, IORING_OP_SENDMSG, IORING_SETUP_SQPOLL, 0); }
static void way_send(const char* way) { discard(way, IORING_OP_SEND, 0, 0); }
static void way_send_silent(const char* way) { discard(way, IORING_OP_SEND, 0, IOSQE_CQE_SKIP_SUCCESS); }
static void way_send_async(const char* way) { discard(way, IORING_OP_SEND, 0, IOSQE_ASYNC); }
static void way_send_sqpoll(const char* way) { discard(way, IORING_OP_SEND, IORING_SETUP_SQPOLL, 0); }

// Asks for the address of secret.example.
static void way_ask(const char* way) {
    static const char question[] =
        "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06secret\x07"
        "example\x00\x00\x01\x00\x01";
    send_and_say(way, question, sizeof question - 1, 53, IORING_OP_SEND, 0, 0);
}

static void connect_and_say(const char* way, int listening, unsigned int setup_flags, unsigned char flags) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    int server = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(bind(server, (struct sockaddr*)&to, size), "bind");
    if (listening) must(listen(server, 1), "listen");
    must(getsockname(server, (struct sockaddr*)&to, &size), "getsockname");

    struct ring ring;
    open_ring(&ring, setup_flags);
    struct io_uring_sqe request = {.opcode = IORING_OP_CONNECT, .addr = (unsigned long)&to, .off = size};
    request.flags = flags;
    request.fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    say(way, complete(&ring, &request), "remote=127.0.0.1:%d", ntohs(to.sin_port));
}

static void way_connect(const char* way) { connect_and_say(way, 1, 0, 0); }
static void way_connect_async(const char* way) { connect_and_say(way, 1, 0, IOSQE_ASYNC); }
static void way_connect_sqpoll(const char* way) { connect_and_say(way, 1, IORING_SETUP_SQPOLL, 0); }
static void way_connect_refused(const char* way) { connect_and_say(way, 0, 0, 0); }

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"openat", way_openat},
        {"openat_async", way_openat_async},
        {"openat_sqpoll", way_openat_sqpoll},
        {"openat_enoent", way_openat_enoent},
        {"unlinkat", way_unlinkat},
        {"unlinkat_async", way_unlinkat_async},
        {"unlinkat_sqpoll", way_unlinkat_sqpoll},
        {"renameat", way_renameat},
        {"renameat_async", way_renameat_async},
        {"renameat_sqpoll", way_renameat_sqpoll},
        {"personality", way_personality},
        {"sendmsg", way_sendmsg},
        {"sendmsg_async", way_sendmsg_async},
        {"sendmsg_sqpoll", way_sendmsg_sqpoll},
        {"send", way_send},
        {"send_silent", way_send_silent},
        {"send_async", way_send_async},
        {"send_sqpoll", way_send_sqpoll},
        {"ask", way_ask},
        {"connect", way_connect},
        {"connect_async", way_connect_async},
        {"connect_sqpoll", way_connect_sqpoll},
        {"connect_refused", way_connect_refused},
    };
    return RUN_WAY(argc, argv, ways);
}
