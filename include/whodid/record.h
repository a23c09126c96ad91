/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire: every record that crosses the ring, is written to a recording, or is made by userspace in the
 * same shape. Little endian as the kernel writes it, explicit padding, fields only ever appended, numbers
 * never reused. A record is a fixed struct followed by a tail; rec_str and rec_path are slices of that tail.
 */
#pragma once

#include <whodid/limits.h>

#ifdef __cplusplus
#include <cstdint>
typedef std::uint8_t rec_u8;
typedef std::uint16_t rec_u16;
typedef std::uint32_t rec_u32;
typedef std::uint64_t rec_u64;
typedef std::int32_t rec_s32;
#define REC_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
typedef __u8 rec_u8;
typedef __u16 rec_u16;
typedef __u32 rec_u32;
typedef __u64 rec_u64;
typedef __s32 rec_s32;
#define REC_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

/* Kind numbers. Events below 100; what is not an event itself but feeds one is above. */
enum rec_kind {
    REC_PROCESS_EXEC = 1,
    REC_PROCESS_FORK = 2,
    REC_PROCESS_EXIT = 3,

    REC_FILE_OPEN = 10,
    REC_FILE_CREATE = 11,
    REC_FILE_UNLINK = 12,
    REC_FILE_RENAME = 13,
    REC_FILE_LINK = 14,
    REC_FILE_SYMLINK = 15,
    REC_FILE_CHMOD = 16,
    REC_FILE_CHOWN = 17,
    REC_FILE_TRUNCATE = 18,
    REC_FILE_MKDIR = 19,
    REC_FILE_RMDIR = 20,
    REC_FILE_SETXATTR = 21,
    REC_FILE_MOUNT = 22,
    REC_FILE_UMOUNT = 23,
    REC_FILE_MAP = 24,

    REC_NETWORK_CONNECT = 30,
    REC_NETWORK_ACCEPT = 31,
    REC_NETWORK_BIND = 32,
    REC_NETWORK_LISTEN = 33,
    REC_NETWORK_SEND = 34,
    REC_NETWORK_CLOSE = 35,
    REC_NETWORK_DNS = 36,

    REC_AUTH_ATTEMPT = 40,
    REC_AUTH_ACCOUNT = 41,
    REC_SESSION_START = 42,
    REC_SESSION_END = 43,
    REC_IDENTITY_CHANGE = 44,
    REC_KERNEL_MODULE = 50,
    REC_KERNEL_BPF = 51,
    REC_PROCESS_PTRACE = 52,

    REC_SENSOR_START = 60,
    REC_SENSOR_STOP = 61,
    REC_SENSOR_LOSS = 62,
    REC_SENSOR_BLIND = 63,
    REC_SENSOR_TAMPER = 64,
    REC_SENSOR_BUDGET = 65,
    REC_SENSOR_HEARTBEAT = 66,
    REC_SUMMARY_PROCESS = 70,
    REC_SUMMARY_BUILD = 71,
    /* 80 alert: reserved */

    REC_RAW_TASK = 100,        /* a process that was there before the sensor */
    REC_RAW_AUDIT = 101,       /* a message sent to the kernel's audit socket */
    REC_RAW_SYSLOG = 102,      /* a datagram sent to the system log */
    REC_RAW_CREDENTIALS = 103, /* a successful call of the setuid family */
    REC_RAW_OBJECT = 104,      /* what a call is about to change, as the kernel found it */
    REC_RAW_SIGNAL = 105,      /* sent to a sensor by a process */
    REC_RAW_PAM = 106,         /* a function of libpam has ended */
    REC_RAW_FOLD = 107,        /* how many acts were counted instead of told */
};

/* rec_hdr.flags */
#define REC_F_URING 0x0001         /* through io_uring */
#define REC_F_COMPAT 0x0002        /* 32-bit system call */
#define REC_F_USER_SUPPLIED 0x0004 /* names come from the process' memory: another thread may rewrite it */
#define REC_F_PATH_LOST 0x0008     /* the path walk failed: the object has no name here */
#define REC_F_ARGS_CUT 0x0010      /* argv longer than WHODID_ARGS_MAX, or a page of it absent */
#define REC_F_LATE 0x0020          /* arrived after its place in the order had gone by (set by the reader) */
#define REC_F_NO_RESULT 0x0080     /* asked for; nothing tells whether it succeeded */
#define REC_F_MASKED 0x0040        /* a secret was masked (set by the reader) */

/* rec_task.flags */
#define REC_TASK_FULL 0x0001         /* parent, capabilities, namespaces and session leader are filled */
#define REC_TASK_INIT_USER_NS 0x0002 /* credentials are of the initial user namespace */
#define REC_TASK_NO_AUDIT 0x0004     /* this kernel keeps no login uid: loginuid and sessionid mean nothing */
#define REC_TASK_KTHREAD 0x0008

#define REC_UNSET 0xffffffffu   /* audit's "no login uid", "no session" */
#define REC_OWN_CPU 0xffffffffu /* rec_hdr.cpu of what the sensor itself has to say, numbered apart */

struct rec_str {
    rec_u16 off, len; /* from the record's start; len has no terminating NUL */
};

/* A path as the kernel's dentry walk leaves it: components from leaf to root, each with its NUL. */
struct rec_path {
    rec_u16 off, len, flags, pad;
};
#define REC_PATH_DELETED 0x0001 /* the name is gone from its directory */
#define REC_PATH_CUT 0x0002     /* more components than WHODID_COMPONENTS_MAX, or no room */
#define REC_PATH_PSEUDO 0x0004  /* no directory above: memfd, pipe, socket */
#define REC_PATH_ABSENT 0x0008  /* nothing was walked */
#define REC_PATH_TURNED 0x0010  /* decoded: components are in reading order (set by the reader) */

/* A second process, the one something was done to. All 0 where the kernel found none. */
struct rec_target {
    rec_u64 start_ns; /* with tgid, its identity, as in rec_task */
    rec_u32 tgid, tid;
};

/* Who: of the thread that acted. */
struct rec_task {
    rec_u64 start_ns; /* start_boottime of the thread group leader; with tgid, the process' identity */
    rec_u64 parent_start_ns;
    rec_u64 cgroup_id; /* in the unified hierarchy */
    rec_u64 cap_effective;
    rec_u32 tgid, tid, parent_tgid, session_leader; /* as the initial pid namespace numbers them */
    rec_u32 loginuid, sessionid;                    /* audit's; REC_UNSET when never set */
    rec_u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
    rec_u32 mount_ns, user_ns, net_ns; /* inode numbers */
    rec_u16 flags;
    rec_u16 fold; /* of the record, not of the task: more of its sort are counted in that entry; 0: none */
    char comm[16];
};

struct rec_hdr {
    rec_u32 size; /* of the whole record, tail included */
    rec_u16 kind, flags;
    rec_u64 boot_ns; /* CLOCK_BOOTTIME */
    rec_u64 seq;     /* per CPU, without gaps: a gap is a lost record */
    rec_u32 cpu;
    rec_s32 result; /* of the system call: negative errno, else what it returned */
    struct rec_task task;
};

/* REC_PROCESS_EXEC: success (result 0) with the new program, or failure with what was tried. */
struct rec_exec {
    struct rec_hdr h;
    struct rec_path exe; /* success: what runs, the interpreter of a script */
    struct rec_path cwd;
    struct rec_path cgroup, cgroup_v1; /* unified hierarchy; that of the pids controller */
    struct rec_str filename;           /* as asked for: a script's own path, /dev/fd/N for fexecve */
    struct rec_str interp;             /* the last interpreter, equal to filename when there is none */
    struct rec_str argv; /* NUL separated, from the new image (success) or the caller (failure) */
    struct rec_str env;  /* NUL separated, only the variables of bpf/process.bpf.h */
    struct rec_str tty;
    rec_u32 argc, argv_count; /* as the kernel counted; strings kept in argv */
    rec_u64 argv_bytes;       /* before cutting */
    rec_u64 exe_inode;
    rec_u32 exe_dev; /* kernel encoding: major << 20 | minor */
    rec_u32 exe_mode, exe_uid, exe_links;
    rec_u32 exe_magic;  /* file system type, as in statfs(2) */
    rec_u32 secure;     /* the program runs with more rights than its caller: AT_SECURE */
    rec_u32 upper;      /* overlayfs: 1 written in the upper layer, 2 from a lower one */
    rec_u32 caller_tid; /* the thread that called, gone when it was not the leader */
    rec_s32 dirfd;
    rec_u32 pad;
    rec_u64 exe_ctime_ns, exe_size; /* which state of the file it was; ctime since 1970 */
};

/* REC_PROCESS_FORK: h.task is the child. */
struct rec_fork {
    struct rec_hdr h;
};

/* REC_PROCESS_EXIT: of the whole process, at its last thread. */
struct rec_exit {
    struct rec_hdr h;
    rec_u32 code, signal;
    rec_u64 user_ns, system_ns;
};

/* REC_PROCESS_PTRACE: one process took hold of another. */
enum rec_hold {
    REC_HOLD_ATTACH = 1,
    REC_HOLD_SEIZE = 2,
    REC_HOLD_TRACEME = 3, /* a process asks to be held by its parent: caller and target are one */
    REC_HOLD_POKE = 4,    /* memory written by ptrace */
    REC_HOLD_SETREGS = 5, /* registers, or the system call it is in */
    REC_HOLD_READ = 6,    /* process_vm_readv */
    REC_HOLD_WRITE = 7,   /* process_vm_writev */
    REC_HOLD_GETFD = 8,   /* pidfd_getfd: a descriptor of its */
};
struct rec_ptrace {
    struct rec_hdr h;
    struct rec_target target;
    struct rec_path path; /* REC_HOLD_GETFD: what the descriptor leads to */
    rec_u32 operation;    /* enum rec_hold */
    rec_s32 asked;        /* the number given, as the caller's pid namespace has it; 0: given otherwise */
};

/* REC_RAW_TASK: h.task, and what an exec would have told. */
struct rec_process {
    struct rec_hdr h;
    struct rec_path exe;
    struct rec_path cgroup, cgroup_v1;
    struct rec_str tty, pad_str;
    rec_u64 exe_inode;
    rec_u32 exe_dev, pad;
    rec_u64 exe_ctime_ns, exe_size;
};

/* REC_FILE_*: success with the object's own path, failure and changes with the names as given. */
struct rec_file {
    struct rec_hdr h;
    struct rec_path path;        /* of the object, where a file was at hand */
    struct rec_path base, base2; /* the directory the names start from */
    struct rec_str name, name2;  /* as given by the process; name2: the new name, or a link's target */
    rec_u64 inode;
    rec_u32 dev, mode, owner, group; /* of the object */
    rec_u32 open_flags, file_mode;   /* O_*, FMODE_* */
    rec_u32 new_mode, new_owner, new_group;
    rec_u32 magic;
    rec_u64 length; /* truncate */
};

/* REC_FILE_MOUNT, REC_FILE_UMOUNT. file.path: the mount point; file.base, file.name: as it was given. */
struct rec_mount {
    union {
        struct rec_file file;
        struct rec_hdr h;
    };
    struct rec_str source, type; /* the kernel's where it has a mount to ask, else as given */
    rec_u32 call_flags;          /* MS_* of mount(2), MNT_* and UMOUNT_* of umount(2) */
    rec_u32 mount_flags;         /* MNT_* of the mount itself */
    rec_u32 found;               /* the mount was there to be asked: mount_flags mean something */
    rec_u32 pad;
};

/* REC_NETWORK_*. Addresses are 16 bytes, IPv4 in the first four. Ports in host order. */
struct rec_net {
    struct rec_hdr h;
    rec_u8 local[16], peer[16];
    rec_u16 local_port, peer_port;
    rec_u16 family, type; /* AF_*, SOCK_* */
    rec_u16 protocol, pad;
    rec_u32 peer_tgid; /* unix: who listens */
    rec_u64 socket;    /* its address in the kernel: tells connections apart, means nothing else */
    rec_u64 bytes_sent, bytes_received;
    rec_u64 since_ns; /* connect: when it was asked for; close: when it was established */
    rec_u32 outgoing, peer_uid;
    struct rec_str unix_path; /* "@name" for the abstract namespace */
    struct rec_str payload;   /* DNS: the packet's head */
};

/* REC_RAW_AUDIT, REC_RAW_SYSLOG. */
struct rec_text {
    struct rec_hdr h;
    struct rec_path exe; /* of the sender: what it runs, whatever the text claims */
    struct rec_str text;
    rec_u64 exe_inode;
    rec_u32 exe_dev;
    rec_u32 type;   /* audit: nlmsg_type */
    rec_u32 length; /* before cutting */
    rec_u32 pad;
};

/* REC_RAW_CREDENTIALS: h.task has the new ones. */
struct rec_credentials {
    struct rec_hdr h;
    rec_u32 syscall, pad;
};

/* REC_RAW_OBJECT: told from inside the call, whose own record comes at its end. */
struct rec_object {
    struct rec_hdr h;
    struct rec_path path, path2; /* path2: the new name, of a rename or a link */
    rec_u64 inode;               /* 0: there is none yet */
    rec_u32 dev, mode, owner, group;
    rec_u32 magic, kind; /* which kind of change */
};

/* REC_RAW_SIGNAL: h.task sent it. */
struct rec_signal {
    struct rec_hdr h;
    struct rec_target target;
    rec_u32 signal, pad;
};

/* REC_RAW_PAM: what the library's handle says is the program's word. */
enum rec_pam_call {
    REC_PAM_AUTHENTICATE = 1,
    REC_PAM_ACCOUNT = 2,
    REC_PAM_SESSION = 3,
};
struct rec_pam {
    struct rec_hdr h;
    struct rec_str service, user, host, terminal;
    rec_u32 call, returned; /* enum rec_pam_call; 0: PAM_SUCCESS */
};

/* REC_KERNEL_MODULE */
struct rec_module {
    struct rec_hdr h;
    struct rec_path path; /* finit_module: the file */
    struct rec_str name;  /* load: as the kernel found it in the image; unload: as given */
    rec_u64 inode;
    rec_u32 dev, flags; /* flags: MODULE_INIT_*; unload: O_NONBLOCK, O_TRUNC */
    rec_u32 unload, pad;
};

/* REC_KERNEL_BPF: the kernel's own words for an object that was made or is held, else the caller's. */
enum rec_bpf_object {
    REC_BPF_PROGRAM = 1,
    REC_BPF_MAP = 2,
    REC_BPF_LINK = 3,
};
struct rec_bpf {
    struct rec_hdr h;
    struct rec_str name;     /* the program's or map's; of a link its program's */
    struct rec_str target;   /* the path of a pin; the tracepoint */
    rec_u32 command, object; /* enum bpf_cmd, enum rec_bpf_object */
    rec_u32 id, program_id;  /* 0: none, or not known */
    rec_u32 program_type;    /* 0 (unspec): no program */
    rec_u32 map_type;        /* 0 (unspec): no map */
    rec_u32 link_type;       /* 0 (unspec): no link */
    rec_u32 attach_type;     /* REC_UNSET: none told */
    rec_u32 instructions, pad;
};

/*
 * Acts that are alike: the same actor's, by the same program, on the same object, in the same way, with the
 * same outcome. Every byte counts, there is no padding.
 */
struct rec_fold_key {
    rec_u64 exe_inode, cgroup_id;
    rec_u32 exe_dev, loginuid, sessionid, euid;
    rec_u64 object[2]; /* file: inode, device << 32 | generation; peer: its address; else a keyed hash */
    rec_u32 access;    /* open: O_*; network: port, family << 16, protocol << 24 */
    rec_s32 result;    /* negative errno, else 0 */
    rec_u16 kind;
    rec_u16 record_flags; /* REC_F_* */
    rec_u32 flags;
};
#define REC_FOLD_INTERACTIVE 0x0001 /* a login's process with a terminal */
#define REC_FOLD_NAMED 0x0002       /* object is a hash of names */
#define REC_FOLD_INCOMING 0x0004    /* the peer asked; access has the local port */

/* The states of an entry, in the highest byte of its word; below it 24 bits of generation, 32 of count. */
enum rec_fold_state {
    REC_FOLD_FREE = 0,
    REC_FOLD_BUSY = 1, /* a program is giving it to a key */
    REC_FOLD_OPEN = 2,
    REC_FOLD_CLOSED = 3, /* by userspace: its count is final */
    REC_FOLD_TELL = 4,   /* by userspace: acts of this key are told each time */
};
struct rec_fold {
    rec_u64 word;
    struct rec_fold_key key;
    rec_u64 first_ns, last_ns;          /* CLOCK_BOOTTIME; the first one travelled as a record, */
    rec_u64 of_seq;                     /* with this number, */
    rec_u32 of_cpu, pad;                /* of this CPU */
    rec_u64 bytes_sent, bytes_received; /* network close: of those that were counted */
    rec_u64 apart;                      /* no cache line is two entries' */
};

/* REC_RAW_FOLD: made by the reader of an entry it has closed. */
struct rec_folded {
    struct rec_hdr h; /* boot_ns: when it was closed; task.fold: which entry it was */
    struct rec_fold_key key;
    rec_u64 count; /* of those that were counted, without the first */
    rec_u64 first_ns, last_ns;
    rec_u64 of_seq;
    rec_u32 of_cpu, pad;
    rec_u64 bytes_sent, bytes_received;
};

/* Made by userspace, in the same shape. */

/* REC_AUTH_ATTEMPT */
struct rec_auth {
    struct rec_hdr h;
    struct rec_str service, method, account, account_hash, key, command, target_user, address, terminal;
    rec_u32 account_length; /* bytes of a name that is not shown */
    rec_u16 port, verified;
    rec_u32 by_uprobe, pad; /* libpam's functions tell it, not the program */
};

/* REC_AUTH_ACCOUNT */
struct rec_account {
    struct rec_hdr h;
    struct rec_str service, operation, account, group;
    rec_u32 account_id, pad; /* REC_UNSET when not told */
};

/* REC_SESSION_START, REC_SESSION_END */
struct rec_session {
    struct rec_hdr h;
    struct rec_str service, terminal;
    rec_u64 since_ns, execs, writes, bytes_sent, bytes_received;
};

/* REC_IDENTITY_CHANGE */
struct rec_identity {
    struct rec_hdr h;
    struct rec_str how;
    rec_u32 from_uid, from_euid, from_suid, from_gid, from_egid, from_sgid;
    rec_u64 from_caps;
};

/* REC_SENSOR_* */
struct rec_sensor {
    struct rec_hdr h;
    struct rec_str stage, kind, text;
    rec_u64 count, since_ns, until_ns;
};

/* REC_SENSOR_HEARTBEAT: sums since the sensor's start. */
struct rec_heartbeat {
    struct rec_hdr h;
    rec_u64 delivered, lost;
    rec_u64 missed; /* runs of hooks that the kernel skipped */
    rec_u64 lag_ns; /* the longest from an act to its telling, since the last heartbeat */
};

/* REC_SUMMARY_*: what many acts came to. h: of the first one, but for the time. Lists: each with its NUL. */
enum rec_summary_of {
    REC_SUMMARY_OF_BUILD = 1,    /* what a program that builds did, with all that it started */
    REC_SUMMARY_OF_PACKAGES = 2, /* the same of one that installs packages */
    REC_SUMMARY_OF_REPEATS = 3,  /* one process started a program again and again */
};
struct rec_summary {
    struct rec_hdr h;
    struct rec_str directory, args; /* of the first one */
    struct rec_str commands;        /* repeats: some of the command lines */
    struct rec_str programs;        /* the most started, each with its number: "cc1 1203" */
    struct rec_str places;          /* where most was read and written, each with its number */
    rec_u32 of, part;               /* enum rec_summary_of; 1 for the first, or only, one */
    rec_u64 events;                 /* that this stands for: they were not told */
    rec_u64 execs, reads, writes, changes;
    rec_u64 ends, failures; /* of processes; an exit code, or a signal */
    rec_u64 user_ns, system_ns;
    rec_u64 since_ns;    /* when the first one began, CLOCK_BOOTTIME */
    rec_u32 ended, code; /* whether the first one did: code and signal are its own */
    rec_u32 signal, pad;
};

/* What the kernel side counts, per CPU and kind. seen = gated + folded + emitted + ring_full + no_slot. */
struct rec_counters {
    rec_u64 seen, gated, folded, emitted, ring_full, no_slot, self, bytes;
};

/* How the kernel side is built, set before load and frozen. */
struct rec_config {
    rec_u64 wake_bytes; /* wake the reader when more than this is waiting */
    rec_u32 cpus, pad;
    rec_u32 audit_at_hook; /* messages to audit are told by a security hook, not by the calls that send */
    rec_u32 fold_sets;     /* of WHODID_FOLD_WAYS entries each, a power of two; 0: nothing is folded */
    rec_u64 seed[2];       /* of the hashes of names: nobody can find two that are alike */
};

/* A sensor process, whose file and network activity is counted but not reported. */
struct rec_guard {
    rec_u64 start_ns;
    rec_u32 tgid, pad;
};

/*
 * The gate: which acts nobody wants to be told of. A test asks whether a number lies in some ranges; the
 * answers of all tests are the bits of a number, and a row of `drop` has a bit for each such number. Who
 * makes it knows what the filters ask (userspace/filter/gate.h).
 */
enum rec_gate_fact {
    REC_FACT_LOGIN, /* login uid, REC_UNSET for nobody's */
    REC_FACT_EUID,
    REC_FACT_PID,
    REC_FACT_ERROR, /* errno, 0 for what worked */
    REC_FACT_PEER_PORT,
    REC_FACT_LOCAL_PORT,
    REC_FACT_PEER, /* IPv4: REC_PEER_V4 | address; IPv6: its first 8 bytes. In the host's byte order */
    REC_FACTS = 8
};
#define REC_PEER_V4 (1ull << 32)
/* Kinds that may be dropped. All others carry state, or are rare. */
enum rec_gate_row {
    REC_GATE_OPEN, /* to read, and not denied */
    REC_GATE_MAP,
    REC_GATE_CONNECT, /* these four: without a session, and with other hosts */
    REC_GATE_ACCEPT,
    REC_GATE_SEND,
    REC_GATE_CLOSE,
    REC_GATE_ROWS = 8
};
struct rec_range {
    rec_u64 low, high; /* both included */
    rec_u32 fact, test;
};
struct rec_gate {
    rec_u16 rows;      /* a bit for each row that drops anything; 0: there is no gate */
    rec_u16 successes; /* of these, the rows that may drop what worked */
    rec_u32 used;      /* of ranges */
    struct rec_range ranges[WHODID_GATE_RANGES];
    rec_u32 drop[REC_GATE_ROWS][(1 << WHODID_GATE_TESTS) / 32];
    rec_u64 spared[WHODID_SPARED_MAX]; /* inodes whose opening is always told; a free one is 0 */
};

/* What userspace decides while the kernel side runs: replaced whole, never written into. */
struct rec_policy {
    rec_u32 stopped,
        pad; /* set: nothing is seen any more, so that the ledger can be closed before detaching */
    struct rec_guard guards[WHODID_GUARDED_MAX]; /* a free one has tgid 0 */
    struct rec_gate gate;
};

/* What the reader of the rings writes where it lies. */
struct rec_reader {
    rec_u32 canary_tid; /* its thread that does an act which must come back, while it does it; 0: none */
    rec_u32 sleeps;     /* the next record wakes it */
};

REC_SIZE(struct rec_target, 16);
REC_SIZE(struct rec_task, 120);
REC_SIZE(struct rec_hdr, 152);
REC_SIZE(struct rec_exec, 288);
REC_SIZE(struct rec_fork, 152);
REC_SIZE(struct rec_exit, 176);
REC_SIZE(struct rec_ptrace, 184);
REC_SIZE(struct rec_process, 216);
REC_SIZE(struct rec_file, 240);
REC_SIZE(struct rec_mount, 264);
REC_SIZE(struct rec_net, 248);
REC_SIZE(struct rec_text, 192);
REC_SIZE(struct rec_credentials, 160);
REC_SIZE(struct rec_object, 200);
REC_SIZE(struct rec_signal, 176);
REC_SIZE(struct rec_pam, 176);
REC_SIZE(struct rec_module, 192);
REC_SIZE(struct rec_bpf, 200);
REC_SIZE(struct rec_fold_key, 64);
REC_SIZE(struct rec_fold, 128);
REC_SIZE(struct rec_folded, 272);
REC_SIZE(struct rec_auth, 208);
REC_SIZE(struct rec_account, 176);
REC_SIZE(struct rec_session, 200);
REC_SIZE(struct rec_identity, 192);
REC_SIZE(struct rec_sensor, 192);
REC_SIZE(struct rec_heartbeat, 184);
REC_SIZE(struct rec_summary, 280);
