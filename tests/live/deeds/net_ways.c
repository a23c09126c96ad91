// SPDX-License-Identifier: Apache-2.0
// Ways to use sockets, all on loopback. Usage: net_ways WAY [DIRECTORY [ARGUMENT]].
//   pid= deed=WAY result=0|bytes|-errno local=ADDRESS remote=ADDRESS
// ARGUMENT: the number of bytes for transfer, the name asked for in the dns_ ways.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "deed.h"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    };
    socklen_t size;
};

static struct address loopback4(int port) {
    struct address a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}, .size = sizeof a.v4};
    a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static struct address loopback6(int port) {
    struct address a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}, .size = sizeof a.v6};
    a.v6.sin6_addr = in6addr_loopback;
    return a;
}

static struct address mapped(int port) {
    struct address a = loopback6(port);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.v6.sin6_addr);
    return a;
}

// A name that starts with @ is abstract.
static struct address unix_name(const char* name) {
    struct address a = {.un = {.sun_family = AF_UNIX}};
    snprintf(a.un.sun_path, sizeof a.un.sun_path, "%s", name);
    a.size = offsetof(struct sockaddr_un, sun_path) + strlen(a.un.sun_path) + (name[0] != '@');
    if (name[0] == '@') a.un.sun_path[0] = 0;
    return a;
}

static int port_of(const struct address* a) {
    return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

static const char* text_of(const struct address* a) {
    static char texts[4][160];
    static int turn;
    char *text = texts[turn++ % 4], host[INET6_ADDRSTRLEN] = "";
    if (a->any.sa_family == AF_UNIX)
        snprintf(text, sizeof texts[0], "%s%s", a->un.sun_path[0] ? "" : "@",
                 quoted(a->un.sun_path + !a->un.sun_path[0]));
    else if (a->any.sa_family == AF_INET)
        snprintf(text, sizeof texts[0], "%s:%d", inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host),
                 port_of(a));
    else
        snprintf(text, sizeof texts[0], "[%s]:%d", inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host),
                 port_of(a));
    return text;
}

static struct address local_of(int fd) {
    struct address a = {.size = sizeof(struct sockaddr_un)};
    must(getsockname(fd, &a.any, &a.size), "getsockname");
    return a;
}

static int make_socket(const struct address* like, int type) {
    return must(socket(like->any.sa_family, type | SOCK_CLOEXEC, 0), "socket");
}

static int bound(struct address at, int type) {
    int fd = make_socket(&at, type);
    must(bind(fd, &at.any, at.size), text_of(&at));
    return fd;
}

static int listening(struct address at, int backlog) {
    int fd = bound(at, SOCK_STREAM);
    must(listen(fd, backlog), "listen");
    return fd;
}

static int port_of_fd(int fd) {
    struct address a = local_of(fd);
    return port_of(&a);
}

static void say_ends(const char* way, long result, int fd, const struct address* remote) {
    struct address local = local_of(fd);
    say(way, result, "local=%s remote=%s", text_of(&local), text_of(remote));
}

static int connect_and_say(const char* way, struct address to) {
    int fd = make_socket(&to, SOCK_STREAM);
    long result = outcome(connect(fd, &to.any, to.size));
    say_ends(way, result, fd, &to);
    return fd;
}

// A port nobody listens on: bound by us, so that nobody else can.
static int dead_port(void) { return port_of_fd(bound(loopback4(0), SOCK_STREAM)); }

// ---- connections -----------------------------------------------------------------------------------
static void way_tcp4(const char* way) {
    int server = listening(loopback4(0), 1);
    int fd = connect_and_say(way, loopback4(port_of_fd(server)));
    close(must(accept(server, NULL, NULL), "accept"));
    close(fd);
}

static void way_tcp6(const char* way) {
    int server = listening(loopback6(0), 1);
    int fd = connect_and_say(way, loopback6(port_of_fd(server)));
    close(must(accept(server, NULL, NULL), "accept"));
    close(fd);
}

static void way_mapped(const char* way) {
    int server = listening(loopback4(0), 1);
    int fd = connect_and_say(way, mapped(port_of_fd(server)));
    close(must(accept(server, NULL, NULL), "accept"));
    close(fd);
}

static void way_refused(const char* way) { connect_and_say(way, loopback4(dead_port())); }

// A listener whose queue is full drops what comes, so no packet has to leave for an unreachable address. The
// user timeout ends the wait at the first retransmission, a second later.
static void way_timed_out(const char* way) {
    struct address to = loopback4(port_of_fd(listening(loopback4(0), 0)));
    int first = make_socket(&to, SOCK_STREAM), fd = make_socket(&to, SOCK_STREAM);
    must(connect(first, &to.any, to.size), "fill the queue");
    unsigned int tries = 1, limit_ms = 500;
    must(setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof tries), "TCP_SYNCNT");
    must(setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms), "TCP_USER_TIMEOUT");
    long result = outcome(connect(fd, &to.any, to.size));
    say_ends(way, result, fd, &to);
}

// later= is what SO_ERROR tells when the connection is decided.
static void connect_without_waiting(const char* way, struct address to) {
    int fd = make_socket(&to, SOCK_STREAM | SOCK_NONBLOCK), later = 0;
    long result = outcome(connect(fd, &to.any, to.size));
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    must(poll(&wait, 1, 5000), "poll");
    struct address local = local_of(fd);
    must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &later, &(socklen_t){sizeof later}), "SO_ERROR");
    say(way, result, "later=%d local=%s remote=%s", -later, text_of(&local), text_of(&to));
}

static void way_nonblocking(const char* way) {
    connect_without_waiting(way, loopback4(port_of_fd(listening(loopback4(0), 1))));
}

static void way_nonblocking_refused(const char* way) { connect_without_waiting(way, loopback4(dead_port())); }

// ---- datagrams -------------------------------------------------------------------------------------
static struct address udp_receiver(void) { return loopback4(port_of_fd(bound(loopback4(0), SOCK_DGRAM))); }

static void way_udp_connect(const char* way) {
    struct address to = udp_receiver();
    int fd = make_socket(&to, SOCK_DGRAM);
    long result = outcome(connect(fd, &to.any, to.size));
    say_ends(way, result, fd, &to);
    must(send(fd, "datagram", 8, 0), "send");
}

static long send_by_sendto(int fd, struct address* to, const void* data, size_t size) {
    return outcome(sendto(fd, data, size, 0, &to->any, to->size));
}

static long send_by_sendmsg(int fd, struct address* to, const void* data, size_t size) {
    struct iovec part = {(void*)data, size};
    struct msghdr message = {.msg_name = to, .msg_namelen = to->size, .msg_iov = &part, .msg_iovlen = 1};
    return outcome(sendmsg(fd, &message, 0));
}

// Returns the number of messages.
static long send_by_sendmmsg(int fd, struct address* to, const void* data, size_t size) {
    struct iovec part = {(void*)data, size};
    struct mmsghdr twice[2] = {0};
    for (int i = 0; i < 2; i++)
        twice[i].msg_hdr =
            (struct msghdr){.msg_name = to, .msg_namelen = to->size, .msg_iov = &part, .msg_iovlen = 1};
    return outcome(sendmmsg(fd, twice, 2, 0));
}

static long send_connected(int fd, struct address* to, const void* data, size_t size) {
    must(connect(fd, &to->any, to->size), "connect");
    return outcome(send(fd, data, size, 0));
}

typedef long send_way(int fd, struct address* to, const void* data, size_t size);

static void send_and_say(const char* way, send_way* send_it) {
    struct address to = udp_receiver();
    int fd = make_socket(&to, SOCK_DGRAM);
    long result = send_it(fd, &to, "datagram", 8);
    say_ends(way, result, fd, &to);
}

static void way_udp_sendto(const char* way) { send_and_say(way, send_by_sendto); }
static void way_udp_sendmsg(const char* way) { send_and_say(way, send_by_sendmsg); }
static void way_udp_sendmmsg(const char* way) { send_and_say(way, send_by_sendmmsg); }

// ---- names asked for (RFC 1035 section 4.1); nobody has to answer ----------------------------------
static size_t make_question(const char* name, unsigned char* to) {
    static const unsigned char head[12] = {0x12, 0x34, 0x01, 0x00, 0x00, 0x01};
    unsigned char* at = to + sizeof head;
    memcpy(to, head, sizeof head);
    for (const char* label = name; *label;) {
        size_t size = strcspn(label, ".");
        *at++ = size;
        memcpy(at, label, size);
        at += size, label += size + (label[size] == '.');
    }
    memcpy(at, "\0\0\1\0\1", 5);  // the root label, type A, class IN
    return at + 5 - to;
}

static void ask(const char* way, send_way* send_it) {
    char name[200];
    unsigned char question[512];
    snprintf(name, sizeof name, "%s", way_argument ? way_argument : "question.whodid.test");
    struct address to = loopback4(53);
    int fd = make_socket(&to, SOCK_DGRAM);
    long result = send_it(fd, &to, question, make_question(name, question));
    struct address local = local_of(fd);
    say(way, result, "local=%s remote=%s name=%s", text_of(&local), text_of(&to), quoted(name));
}

static void way_dns_sendto(const char* way) { ask(way, send_by_sendto); }
static void way_dns_send(const char* way) { ask(way, send_connected); }
static void way_dns_sendmsg(const char* way) { ask(way, send_by_sendmsg); }
static void way_dns_sendmmsg(const char* way) { ask(way, send_by_sendmmsg); }

// ---- unix sockets ----------------------------------------------------------------------------------
static void way_unix_path(const char* way) {
    const char* path = in_dir("listener.sock");
    unlink(path);
    listening(unix_name(path), 1);
    connect_and_say(way, unix_name(path));
}

static void way_unix_abstract(const char* way) {
    char name[64];
    snprintf(name, sizeof name, "@whodid-deed-%d", getpid());
    listening(unix_name(name), 1);
    connect_and_say(way, unix_name(name));
}

static void way_unix_enoent(const char* way) { connect_and_say(way, unix_name(in_dir("nobody.sock"))); }

static void way_unix_refused(const char* way) {
    const char* path = in_dir("left.sock");
    unlink(path);
    close(bound(unix_name(path), SOCK_STREAM));
    connect_and_say(way, unix_name(path));
}

// ---- the server's side -----------------------------------------------------------------------------
static void way_bind(const char* way) {
    struct address at = loopback4(0);
    int fd = make_socket(&at, SOCK_STREAM);
    long result = outcome(bind(fd, &at.any, at.size));
    say_ends(way, result, fd, &at);
}

static void way_bind_taken(const char* way) {
    struct address at = loopback4(port_of_fd(listening(loopback4(0), 1)));
    long result = outcome(bind(make_socket(&at, SOCK_STREAM), &at.any, at.size));
    say(way, result, "local=%s", text_of(&at));
}

static void way_listen(const char* way) {
    int fd = bound(loopback4(0), SOCK_STREAM);
    long result = outcome(listen(fd, 7));
    struct address local = local_of(fd);
    say(way, result, "local=%s backlog=7", text_of(&local));
}

static void way_accept(const char* way) {
    int server = listening(loopback4(0), 1);
    struct address to = local_of(server), from = {.size = sizeof from.v6};
    pid_t client = must(fork(), "fork");
    if (!client) {
        int fd = make_socket(&to, SOCK_STREAM);
        must(connect(fd, &to.any, to.size), "connect");
        char byte;
        _exit(read(fd, &byte, 1) != 0);  // until the server closes
    }
    int fd = accept4(server, &from.any, &from.size, SOCK_CLOEXEC);
    long result = outcome(fd);
    say(way, result, "client=%d local=%s remote=%s", client, text_of(&to), text_of(&from));
    close(fd);
    must(waitpid(client, NULL, 0), "waitpid");
}

// ---- what a connection carried ---------------------------------------------------------------------
static long receive_all(int fd) {
    char buffer[65536];
    long total = 0;
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0) total += got;
    must(got, "read");
    return total;
}

static long send_all(int fd, long size) {
    static const char buffer[65536];
    long total = 0;
    while (total < size) {
        long rest = size - total, most = sizeof buffer;
        total += must(write(fd, buffer, rest < most ? rest : most), "write");
    }
    return total;
}

static void serve(int server) {
    struct address from = {.size = sizeof from.v6};
    int fd = must(accept(server, &from.any, &from.size), "accept");
    long received = receive_all(fd), sent = send_all(fd, received / 2);
    struct address local = local_of(fd);
    say("transfer_server", 0, "sent=%ld received=%ld local=%s remote=%s", sent, received, text_of(&local),
        text_of(&from));
    _exit(0);
}

// Without a system call that names the socket's data.
static long send_by_sendfile(int fd, long size) {
    int file = must(memfd_create("data", MFD_CLOEXEC), "memfd_create");
    must(ftruncate(file, size), "ftruncate");
    long total = 0;
    while (total < size) total += must(sendfile(fd, file, NULL, size - total), "sendfile");
    return total;
}

// The client sends ARGUMENT bytes and gets half of them back.
static void transfer(const char* way, long (*send_it)(int fd, long size)) {
    long size = number_argument(way_argument ? way_argument : "100000", "ARGUMENT");
    int server = listening(loopback4(0), 1);
    struct address to = local_of(server);
    pid_t child = must(fork(), "fork");
    if (!child) serve(server);
    int fd = make_socket(&to, SOCK_STREAM);
    must(connect(fd, &to.any, to.size), "connect");
    struct address local = local_of(fd);
    long sent = send_it(fd, size);
    must(shutdown(fd, SHUT_WR), "shutdown");
    long received = receive_all(fd), result = outcome(close(fd));
    say(way, result, "server=%d sent=%ld received=%ld local=%s remote=%s", child, sent, received,
        text_of(&local), text_of(&to));
    must(waitpid(child, NULL, 0), "waitpid");
}

static void way_transfer(const char* way) { transfer(way, send_all); }
static void way_sendfile(const char* way) { transfer(way, send_by_sendfile); }

static void way_close_idle(const char* way) {
    int server = listening(loopback4(0), 1);
    struct address to = local_of(server);
    int fd = make_socket(&to, SOCK_STREAM);
    must(connect(fd, &to.any, to.size), "connect");
    struct address local = local_of(fd);
    long result = outcome(close(fd));
    say(way, result, "sent=0 received=0 local=%s remote=%s", text_of(&local), text_of(&to));
}

int main(int argc, char** argv) {
    static const struct way ways[] = {
        {"tcp4", way_tcp4},
        {"tcp6", way_tcp6},
        {"mapped", way_mapped},
        {"refused", way_refused},
        {"timed_out", way_timed_out},
        {"nonblocking", way_nonblocking},
        {"nonblocking_refused", way_nonblocking_refused},
        {"udp_connect", way_udp_connect},
        {"udp_sendto", way_udp_sendto},
        {"udp_sendmsg", way_udp_sendmsg},
        {"udp_sendmmsg", way_udp_sendmmsg},
        {"dns_sendto", way_dns_sendto},
        {"dns_send", way_dns_send},
        {"dns_sendmsg", way_dns_sendmsg},
        {"dns_sendmmsg", way_dns_sendmmsg},
        {"unix_path", way_unix_path},
        {"unix_abstract", way_unix_abstract},
        {"unix_enoent", way_unix_enoent},
        {"unix_refused", way_unix_refused},
        {"bind", way_bind},
        {"bind_taken", way_bind_taken},
        {"listen", way_listen},
        {"accept", way_accept},
        {"transfer", way_transfer},
        {"sendfile", way_sendfile},
        {"close_idle", way_close_idle},
    };
    return RUN_WAY(argc, argv, ways);
}
