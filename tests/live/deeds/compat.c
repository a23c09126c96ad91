// SPDX-License-Identifier: Apache-2.0
// System calls made the 32-bit way, by int 0x80: built as a 32-bit program and as a 64-bit one, without a
// library. Usage: compat DIRECTORY, which has a file "there". Tells facts as deed.h says; names lie where 32
// bits reach.
#define MAX 256

enum {  // arch/x86/entry/syscalls/syscall_32.tbl
    kExit = 1,
    kWrite = 4,
    kOpen = 5,
    kClose = 6,
    kUnlink = 10,
    kExecve = 11,
    kChmod = 15,
    kGetpid = 20,
    kOldUmount = 22,
    kRename = 38,
    kMkdir = 39,
    kOldMmap = 90,
    kSocketcall = 102,
    kChown16 = 182,
    kMmap2 = 192,
    kTruncate64 = 193,
    kOpenat = 295,
    kSocket = 359,
    kConnect = 362,
    kSendto = 369,
};
enum { kBindCall = 2, kConnectCall = 3, kSendtoCall = 11 };  // of socketcall

static long call(long nr, long a, long b, long c, long d, long e, long f) {
    static long sixth;
    long result;
    sixth = f;
#ifdef __i386__
    __asm__ volatile("push %%ebp\n mov %7, %%ebp\n int $0x80\n pop %%ebp"
                     : "=a"(result)
                     : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(sixth)
                     : "memory");
#else
    __asm__ volatile("push %%rbp\n mov %7, %%rbp\n int $0x80\n pop %%rbp"
                     : "=a"(result)
                     : "0"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(sixth)
                     : "memory", "r8", "r9", "r10", "r11");
    result = (int)result;
#endif
    return result;
}
#define CALL(nr, a, b, c) call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static char directory[MAX], line[4 * MAX], names[3][MAX];
static unsigned used;

static void put(const char* text) {
    while (*text && used < sizeof line) line[used++] = *text++;
}

static void put_number(long value) {
    char digits[24], *at = digits + sizeof digits;
    unsigned long rest = value < 0 ? -value : value;
    *--at = 0;
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) *--at = '-';
    put(at);
}

static void tell(const char* deed, long result, const char* path, const char* to) {
    used = 0;
    put("pid=");
    put_number(CALL(kGetpid, 0, 0, 0));
    put(" deed=");
    put(deed);
    put(" result=");
    put_number(result);
    put(" path=");
    put(path);
    if (to) {
        put(" to=");
        put(to);
    }
    put("\n");
    CALL(kWrite, 1, line, used);
}

static const char* in_dir(unsigned which, const char* name) {
    unsigned n = 0;
    for (const char* from = directory; *from && n < MAX - 40; from++) names[which][n++] = *from;
    names[which][n++] = '/';
    while (*name) names[which][n++] = *name++;
    names[which][n] = 0;
    return names[which];
}

struct address {
    unsigned short family;
    unsigned char port[2], ip[4], pad[8];
};

// What i386 has names of its own for, mostly older ones.
static void act_by_own_names(const char* there) {
    static struct address at[] = {
        {2, {0, 0}, {127, 0, 0, 4}, {0}}, {2, {0, 1}, {127, 0, 0, 3}, {0}}, {2, {0, 1}, {127, 0, 0, 2}, {0}}};
    static unsigned map[] = {0, 4096, 5, 2, 0, 0};  // read and execute, private
    static unsigned bind[3], connect[3], send[6];
    tell("file.chown", CALL(kChown16, there, 0xffff, 0), there, 0);
    long fd = CALL(kOpen, there, 0, 0);
    long mapped = call(kMmap2, 0, 4096, 5, 2, fd, 0);
    tell("file.map", mapped < 0 && mapped > -4096 ? mapped : 0, there, 0);
    CALL(kClose, fd, 0, 0);
    tell("file.truncate", CALL(kTruncate64, there, 705032704, 1), there, 0);  // 5e9
    fd = CALL(kOpen, in_dir(2, "second"), 0102, 0700);
    map[4] = (unsigned)fd;
    mapped = CALL(kOldMmap, map, 0, 0);
    tell("file.map", mapped < 0 && mapped > -4096 ? mapped : 0, names[2], 0);
    CALL(kClose, fd, 0, 0);
    tell("file.umount", CALL(kOldUmount, directory, 0, 0), directory, 0);

    fd = CALL(kSocket, 2, 2, 0);
    bind[0] = connect[0] = send[0] = (unsigned)fd;
    bind[1] = (unsigned)(unsigned long)&at[0];
    connect[1] = (unsigned)(unsigned long)&at[1];
    send[1] = (unsigned)(unsigned long)"hello";
    send[2] = 5;
    send[4] = (unsigned)(unsigned long)&at[2];
    bind[2] = connect[2] = send[5] = sizeof at[0];
    tell("network.bind", CALL(kSocketcall, kBindCall, bind, 0), "127.0.0.4", 0);
    tell("network.connect", CALL(kSocketcall, kConnectCall, connect, 0), "127.0.0.3", 0);
    long sent = CALL(kSocketcall, kSendtoCall, send, 0);
    tell("network.send", sent < 0 ? sent : 0, "127.0.0.2", 0);
    CALL(kClose, fd, 0, 0);
}

static void act(void) {
    static struct address to = {2, {0, 1}, {127, 0, 0, 1}, {0}};  // port 1: nobody listens
    static unsigned arguments[2];
    const char* there = in_dir(0, "there");
    long fd = CALL(kOpen, there, 0, 0);
    tell("file.open", fd < 0 ? fd : 0, there, 0);
    CALL(kClose, fd, 0, 0);
    fd = CALL(kOpenat, -100, in_dir(1, "missing"), 0);
    tell("file.open", fd, names[1], 0);
    tell("file.chmod", CALL(kChmod, there, 0600, 0), there, 0);
    act_by_own_names(there);
    tell("file.rename", CALL(kRename, there, in_dir(1, "moved"), 0), there, names[1]);
    tell("file.unlink", CALL(kUnlink, names[1], 0, 0), names[1], 0);
    tell("file.mkdir", CALL(kMkdir, in_dir(0, "made"), 0700, 0), names[0], 0);
    fd = CALL(kSocket, 2, 1, 0);
    tell("network.connect", CALL(kConnect, fd, &to, sizeof to), "127.0.0.1", 0);
    CALL(kClose, fd, 0, 0);
    fd = CALL(kSocket, 2, 2, 0);
    long sent = call(kSendto, fd, (long)"hello", 5, 0, (long)&to, sizeof to);
    tell("network.send", sent < 0 ? sent : 0, "127.0.0.1", 0);
    CALL(kClose, fd, 0, 0);
    arguments[0] = (unsigned)(unsigned long)in_dir(0, "no-program");
    tell("process.exec", CALL(kExecve, names[0], arguments, 0), names[0], 0);
}

__attribute__((used)) static void begin(long* stack) {
    const char* given = stack[0] == 2 ? (const char*)stack[2] : 0;
    unsigned n = 0;
    if (!given) CALL(kExit, 2, 0, 0);
    for (; given[n] && n < MAX - 1; n++) directory[n] = given[n];
    act();
    CALL(kExit, 0, 0, 0);
}

#ifdef __i386__
__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin");
#else
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin");
#endif
