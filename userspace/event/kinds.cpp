// SPDX-License-Identifier: Apache-2.0
// THE table: every kind of event, its fields and its words. A new kind is a struct in record.h, a hook in
// bpf/, and a row here.
#include "event/kinds.h"

#include <whodid/limits.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "event/field_readers.h"
#include "event/words.h"

namespace whodid {

namespace {

// ---- every event ------------------------------------------------------------------------------------------

constexpr Field kCommon[] = {
    {"time", "time", Type::kText, "When it happened: RFC 3339, nanoseconds, UTC", read_time},
    {"event.name", "kind", Type::kKind, "whodid. and the kind", read_event_name},
    {"event.id", "id", Type::kText, "Stable: a replay or a second delivery has the same", read_event_id},
    {"event.outcome", "outcome", Type::kOutcome, "success, failure or unknown", read_outcome},
    {"error.type", "error", Type::kText, "errno name of a failure", read_error},
    {"message", "", Type::kText, "One sentence", read_message},
    {"host.name", "host", Type::kText, "Name of the host", read_host_name},
    {"host.id", "", Type::kText, "/etc/machine-id", read_host_id},
    {"whodid.count", "count", Type::kInteger, "How many alike this event stands for", read_count},
    {"whodid.first", "", Type::kText, "Time of the first of them", read_first},
    {"whodid.last", "", Type::kText, "Time of the last of them", read_last},
    {"whodid.fold.of", "", Type::kText,
     "Id of the first of them, which was told by itself and is counted here again", read_fold_of},
    {"whodid.seq", "", Type::kInteger, "Number in this stream, without gaps", read_seq},
    {"whodid.via", "via", Type::kText,
     "How it was asked for, where not by an ordinary system call: io_uring, 32-bit", read_via},
    {"whodid.tags", "tag", Type::kList, "What the watch list calls this access to this file (docs/watch.md)",
     read_tags},
    {"whodid.late", "", Type::kBoolean, "Arrived after later events were delivered", read_late},
    {"whodid.chain", "", Type::kList, "From the login to now, one entry a change of rights", read_chain},
};

// ---- the actor --------------------------------------------------------------------------------------------

#define ACTOR(key, alias, type, doc, ...)             \
    Field {                                           \
        key, alias, type, doc,                        \
            [](const Event& e, Scratch& s) -> Value { \
                (void)s;                              \
                if (!e.process) return {};            \
                const Process& p = *e.process;        \
                (void)p;                              \
                return __VA_ARGS__;                   \
            },                                        \
            true                                      \
    }

const Field kActor[] = {
    ACTOR("user.id", "", Type::kText, "Login uid; absent when never set",
          decimal_unless_unset(p.login_uid, s)),
    ACTOR("user.name", "user", Type::kText, "Name of the login user", Value::of_text(p.login_user)),
    ACTOR("session.id", "session", Type::kText, "Audit session",
          p.session ? Value::of_text(p.session->id) : Value::absent()),
    ACTOR("process.pid", "pid", Type::kInteger, "Process id in the initial namespace",
          Value::of_integer(p.pid)),
    ACTOR("process.parent_pid", "ppid", Type::kInteger, "Its parent's",
          p.parent_pid ? Value::of_integer(p.parent_pid) : Value::absent()),
    ACTOR("process.executable.path", "exe", Type::kText, "What runs, links resolved", Value::of_text(p.exe)),
    ACTOR("process.executable.name", "name", Type::kText, "Its last component", Value::of_text(p.exe_name())),
    ACTOR("process.user.id", "euid", Type::kInteger, "Effective uid",
          integer_unless_unset(p.credentials.euid)),
    ACTOR("process.user.name", "euser", Type::kText,
          "Effective user; in a container by the container's own accounts", Value::of_text(p.effective_user)),
    ACTOR("process.real_user.id", "uid", Type::kInteger, "Real uid, where it differs",
          integer_if_other(p.credentials.uid, p.credentials.euid)),
    ACTOR("process.real_user.name", "", Type::kText, "Real user, where it differs",
          p.credentials.uid == p.credentials.euid ? Value::absent() : Value::of_text(p.real_user)),
    ACTOR("process.saved_user.id", "suid", Type::kInteger, "Saved uid, where it differs",
          integer_if_other(p.credentials.suid, p.credentials.euid)),
    ACTOR("process.saved_user.name", "", Type::kText, "Saved user, where it differs",
          p.credentials.suid == p.credentials.euid ? Value::absent() : Value::of_text(p.saved_user)),
    ACTOR("container.id", "container", Type::kText, "Container, from the cgroup path",
          container_text(p, &Container::id)),
    ACTOR("container.runtime.name", "runtime", Type::kText, "docker, containerd, cri-o, podman, ...",
          container_text(p, &Container::runtime)),
    ACTOR("container.name", "", Type::kText, "Its name, once its runtime's files were read",
          container_text(p, &Container::name)),
    ACTOR("container.image.name", "image", Type::kText, "Its image, as it was asked for",
          container_text(p, &Container::image)),
    ACTOR("k8s.pod.uid", "", Type::kText, "Pod, from the cgroup path",
          container_text(p, &Container::pod_uid)),
    ACTOR("k8s.pod.name", "pod", Type::kText, "Its name, from the runtime's files",
          container_text(p, &Container::pod_name)),
    ACTOR("k8s.namespace.name", "namespace", Type::kText, "Its namespace",
          container_text(p, &Container::pod_namespace)),
    ACTOR("whodid.session.id", "", Type::kText, "hash(boot, session): unique over boots and hosts",
          p.session ? hex_text(p.session->entity, s) : Value::absent()),
    ACTOR("whodid.person.id", "person", Type::kText, "Who it is beyond a shared account",
          Value::of_text(person_id(p))),
    ACTOR("whodid.person.basis", "", Type::kText,
          "What says so: certificate; own_certificate and key_comment, claims of who can write the account's "
          "authorized_keys; map; login",
          person_id(p).empty() ? Value::absent() : Value::of_text(person_basis_name(person_basis(p)))),
    ACTOR("whodid.person.serial", "", Type::kText, "Serial number of the certificate",
          p.session ? Value::of_text(p.session->person.serial) : Value::absent()),
    ACTOR("whodid.person.authority", "authority", Type::kText,
          "Fingerprint of the key that signed the certificate",
          p.session ? Value::of_text(p.session->person.authority) : Value::absent()),
    ACTOR("whodid.origin.type", "origin", Type::kText, "ssh, console, cron, at, systemd, container, ...",
          origin_text(p, &Session::origin_type)),
    ACTOR("whodid.origin.address", "from", Type::kAddress, "Address the login came from",
          origin_text(p, &Session::address)),
    ACTOR("whodid.origin.port", "", Type::kInteger, "Its port",
          p.session&& p.session->port ? Value::of_integer(p.session->port) : Value::absent()),
    ACTOR("whodid.origin.method", "", Type::kText, "publickey, password, ...",
          origin_text(p, &Session::method)),
    ACTOR("whodid.origin.key", "", Type::kText, "Fingerprint of the key", origin_text(p, &Session::key)),
    ACTOR("whodid.origin.session", "", Type::kText,
          "Session on this host that it was opened from; address and port are that one's, and "
          "type, but for a job's",
          origin_text(p, &Session::outer)),
    ACTOR("whodid.origin.terminal", "", Type::kText, "Terminal of the login",
          origin_text(p, &Session::terminal)),
    ACTOR("whodid.basis.user", "", Type::kText, "How the login user is known", basis_text(p.user_basis)),
    ACTOR("whodid.basis.origin", "", Type::kText, "How the origin is known",
          p.session ? basis_text(p.session->origin_basis) : Value::absent()),
    ACTOR("whodid.basis.method", "", Type::kText, "How the method is known",
          p.session ? basis_text(p.session->method_basis) : Value::absent()),
    ACTOR("whodid.process.entity_id", "entity", Type::kText, "hash(boot, pid, start)", hex_text(p.entity, s)),
    ACTOR("whodid.process.parent_entity_id", "", Type::kText, "The parent's", hex_text(p.parent_entity, s)),
    ACTOR("whodid.process.group.id", "egid", Type::kInteger, "Effective gid",
          integer_unless_unset(p.credentials.egid)),
    ACTOR("whodid.process.group.name", "", Type::kText, "Effective group", Value::of_text(p.effective_group)),
    ACTOR("whodid.cgroup.path", "", Type::kText, "cgroup, in containers",
          p.container ? Value::of_text(p.cgroup) : Value::absent()),
};
#undef ACTOR

#define PATH_IN_CONTAINER(read) \
    { "whodid.file.path_in_container", "", Type::kText, "The same as a container's process sees it", read }

// ---- processes --------------------------------------------------------------------------------------------

constexpr Field kExec[] = {
    {"process.command_args", "args", Type::kList, "Arguments, secrets masked", read_args},
    field<&rec_exec::argc>("process.args_count", "", "Arguments as the kernel counted them"),
    {"process.working_directory", "cwd", Type::kText, "Working directory", read_cwd},
    {"process.interactive", "", Type::kBoolean, "Has a terminal", read_interactive},
    field<&rec_exec::tty>("whodid.process.tty", "tty", "Controlling terminal"),
    {"whodid.process.args_bytes", "", Type::kInteger, "Bytes of the arguments, before cutting",
     read_args_bytes},
    {"whodid.process.args_truncated", "", Type::kBoolean, "Arguments are not complete", read_args_cut},
    {"whodid.process.masked", "", Type::kBoolean, "A secret was masked", read_masked},
    {"whodid.process.script", "", Type::kText, "The script an interpreter was started for", read_script},
    {"whodid.process.script_inode", "", Type::kText, "Its inode number, where the kernel told",
     read_script_inode},
    {"whodid.process.fileless", "fileless", Type::kBoolean, "Runs from memory: no file has this program",
     read_fileless},
    {"whodid.process.deleted", "", Type::kBoolean, "Its file was already deleted", read_exe_deleted},
    {"whodid.process.upper_layer", "", Type::kBoolean, "Written after the container was started", read_upper},
    {"whodid.process.preload", "preload", Type::kText, "LD_PRELOAD or LD_AUDIT it was started with",
     read_preload},
    {"whodid.process.environment", "", Type::kList,
     "LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH: what it was started with, of these", read_environment},
    {"process.executable.build_id.gnu", "build_id", Type::kText, "GNU build id of the program",
     read_build_id},
    {"whodid.process.executable.hash.sha256", "sha256", Type::kText,
     "SHA-256 of the program's file, once it is computed", read_sha256},
    {"whodid.process.executable.package.name", "package", Type::kText,
     "Package that has a file of this path on this host, whatever is in the file now", read_package},
    {"whodid.process.executable.package.version", "", Type::kText, "Installed version of the package",
     read_package_version},
    {"whodid.process.first_seen_on_host", "first_seen", Type::kBoolean,
     "Whether this file, in this state, was never seen to run before: since the file of --seen was begun, "
     "without one since whodid was started",
     read_first_seen},
    {"file.path", "path", Type::kText, "What a failed exec tried to run", read_tried},
    PATH_IN_CONTAINER(read_tried_in_container),
    {"whodid.file.user_supplied", "", Type::kBoolean, "Names come from the process, not the kernel",
     read_user_supplied},
};

constexpr Field kExit[] = {
    {"process.exit.code", "", Type::kInteger, "Exit code", read_exit_code},
    {"whodid.process.exit.signal", "", Type::kText, "Signal that ended it", read_exit_signal},
    {"whodid.process.duration", "", Type::kReal, "Seconds it lived", read_lifetime},
};

#define TARGET_PROCESS                                                                                      \
    {"whodid.target.process.pid", "target", Type::kInteger, "The other process, in the initial namespace",  \
     read_target_pid},                                                                                      \
        {"whodid.target.process.entity_id", "", Type::kText, "hash(boot, pid, start)", read_target_entity}, \
        {"whodid.target.process.executable.path", "", Type::kText, "What it runs", read_target_exe}, {      \
        "whodid.target.thread.id", "", Type::kInteger, "The thread, where it is not the leader",            \
            read_target_thread                                                                              \
    }

constexpr Field kPtrace[] = {
    TARGET_PROCESS,
    {"whodid.target.process.vpid", "", Type::kInteger,
     "The number the caller gave, where it means no process", read_target_number},
    {"whodid.process.operation", "operation", Type::kText,
     "attach, seize, traceme, poke, setregs, process_vm_readv, process_vm_writev, pidfd_getfd",
     read_operation},
    {"whodid.process.operation_bytes", "", Type::kInteger, "Bytes of its memory that were read or written",
     read_operation_bytes},
    {"file.path", "path", Type::kText, "What a descriptor that was taken leads to", read_path},
    PATH_IN_CONTAINER(read_path_in_container),
};
#undef TARGET_PROCESS

// ---- files ------------------------------------------------------------------------------------------------

#define FILE_OBJECT                                                                                       \
    {"file.path", "path", Type::kText, "Absolute path on the host; of a container's file where known",    \
     read_path},                                                                                          \
        PATH_IN_CONTAINER(read_path_in_container),                                                        \
        {"file.inode", "", Type::kText, "Inode number", read_inode},                                      \
        {"file.mode", "", Type::kText, "Permission bits, octal", read_mode},                              \
        {"file.owner.id", "", Type::kText, "Owner", read_owner},                                          \
        {"whodid.file.device", "", Type::kText, "Device of the file system, major:minor", read_device}, { \
        "whodid.file.user_supplied", "", Type::kBoolean, "Names come from the process, not the kernel",   \
            read_user_supplied                                                                            \
    }

constexpr Field kOpen[] = {
    FILE_OBJECT,
    {"whodid.file.access", "access", Type::kText, "r, w, rw or x", read_access},
    {"whodid.file.flags", "flags", Type::kList, "open(2)'s flags; absent where none is set: O_RDONLY is 0",
     read_flags},
};
constexpr Field kObject[] = {FILE_OBJECT};
constexpr Field kTwoNames[] = {
    FILE_OBJECT,
    {"whodid.file.target_path", "to", Type::kText, "New name, or what a link points to", read_target},
    {"whodid.file.target_path_in_container", "", Type::kText, "New name, as a container's process sees it",
     read_target_in_container},
};
constexpr Field kChmod[] = {
    FILE_OBJECT,
    {"whodid.file.new_mode", "", Type::kText, "Permission bits asked for, octal", read_new_mode},
};
constexpr Field kChown[] = {
    FILE_OBJECT,
    {"whodid.file.new_owner.id", "", Type::kText, "Owner asked for", read_new_owner},
    {"whodid.file.new_group.id", "", Type::kText, "Group asked for", read_new_group},
};
constexpr Field kTruncate[] = {
    FILE_OBJECT,
    field<&rec_file::length>("whodid.file.length", "", "Length asked for, bytes"),
};
constexpr Field kSetxattr[] = {
    FILE_OBJECT,
    field<&rec_file::name2>("whodid.file.attribute", "", "Extended attribute's name"),
};
constexpr Field kMount[] = {
    FILE_OBJECT,
    field<&rec_mount::source>("whodid.mount.source", "source",
                              "Device, directory or name of what was mounted"),
    field<&rec_mount::type>("whodid.mount.type", "fstype", "Type of the file system"),
    {"whodid.mount.flags", "", Type::kList,
     "ro, nosuid, nodev, noexec, nosymfollow; bind, move, remount, ...", read_mount_flags},
    {"whodid.mount.removable", "removable", Type::kBoolean, "On a medium that can be taken out, or by USB",
     read_mount_removable},
    {"whodid.mount.device.bus", "", Type::kText, "usb, ata, nvme, mmc, virtio, scsi, loop", read_mount_bus},
    {"whodid.mount.device.vendor", "", Type::kText, "As the device says", read_mount_vendor},
    {"whodid.mount.device.model", "", Type::kText, "As the device says", read_mount_model},
    {"whodid.mount.device.serial", "", Type::kText, "As the device says", read_mount_serial},
    {"whodid.mount.device.image", "", Type::kText, "The file behind a loop device", read_mount_image},
};
constexpr Field kUmount[] = {
    FILE_OBJECT,
    {"whodid.mount.flags", "", Type::kList, "force, detach, expire, nofollow", read_umount_flags},
};
#undef FILE_OBJECT

// ---- network ----------------------------------------------------------------------------------------------

#define NETWORK_ENDS                                                                               \
    {"network.transport", "proto", Type::kText, "tcp, udp, unix", read_transport},                 \
        {"network.type", "", Type::kText, "ipv4, ipv6", read_network_type},                        \
        {"network.peer.address", "peer", Type::kAddress, "The other end; unix: the socket's path", \
         read_peer},                                                                               \
        {"network.peer.port", "dport", Type::kInteger, "Its port", read_peer_port},                \
        {"network.local.address", "local", Type::kAddress, "This end", read_local}, {              \
        "network.local.port", "lport", Type::kInteger, "Its port", read_local_port                 \
    }

constexpr Field kEnds[] = {
    NETWORK_ENDS,
    {"server.address", "server", Type::kText, "Name this process had asked for", read_name},
    {"whodid.network.direction", "", Type::kText, "egress or ingress", read_direction},
};
constexpr Field kConnect[] = {
    NETWORK_ENDS,
    {"server.address", "server", Type::kText, "Name this process had asked for", read_name},
    {"whodid.network.direction", "", Type::kText, "egress or ingress", read_direction},
    {"whodid.network.duration", "", Type::kReal, "Seconds until the answer", read_network_duration},
};
constexpr Field kClose[] = {
    NETWORK_ENDS,
    {"server.address", "server", Type::kText, "Name this process had asked for", read_name},
    {"whodid.network.direction", "", Type::kText, "egress or ingress", read_direction},
    field<&rec_net::bytes_sent>("whodid.network.bytes_sent", "sent", "Bytes the other end acknowledged"),
    field<&rec_net::bytes_received>("whodid.network.bytes_received", "received", "Bytes received"),
    {"whodid.network.duration", "", Type::kReal, "Seconds it was open", read_network_duration},
};
constexpr Field kDns[] = {
    NETWORK_ENDS,
    {"dns.question.name", "qname", Type::kText, "Name asked for", read_name},
};
#undef NETWORK_ENDS

// ---- authentication, sessions, identity -------------------------------------------------------------------

constexpr Field kAuth[] = {
    field<&rec_auth::service>("whodid.auth.service", "service", "sshd, sudo, su, login, ..."),
    field<&rec_auth::method>("whodid.auth.method", "method", "publickey, password, ..."),
    field<&rec_auth::account>("whodid.auth.account", "account",
                              "Account that was asked for, where it exists"),
    field<&rec_auth::account_hash>("whodid.auth.account_hash", "", "Keyed hash of an unknown account name"),
    {"whodid.auth.account_length", "", Type::kInteger, "Bytes of an unknown account name",
     read_account_length},
    field<&rec_auth::key>("whodid.auth.key", "", "Fingerprint of the key"),
    field<&rec_auth::command>("whodid.auth.command", "", "Command asked for (sudo), secrets masked"),
    field<&rec_auth::target_user>("whodid.auth.target_user", "", "User to become"),
    with_type(Type::kAddress,
              field<&rec_auth::address>("client.address", "client", "Where the attempt came from")),
    {"client.port", "", Type::kInteger, "Its port", read_auth_port},
    field<&rec_auth::terminal>("whodid.auth.terminal", "", "Terminal named in the message"),
    {"whodid.auth.unverified", "", Type::kBoolean, "From a container or an unknown program: a claim",
     read_auth_unverified},
    {"whodid.auth.source", "", Type::kText,
     "pam_uprobe: libpam's functions told it, seen from outside (--pam-uprobes)", read_auth_source},
};
constexpr Field kAccount[] = {
    field<&rec_account::service>("whodid.auth.service", "service", "Program that changed it"),
    field<&rec_account::operation>("whodid.auth.operation", "", "What was changed"),
    field<&rec_account::account>("whodid.auth.account", "account", "Account that was changed"),
    field<&rec_account::group>("whodid.auth.group", "", "Group that was changed"),
    {"whodid.auth.account_id", "", Type::kInteger, "Its uid or gid, where told", read_account_id},
};
constexpr Field kSession[] = {
    field<&rec_session::service>("whodid.auth.service", "service", "sshd, login, cron, ..."),
};
constexpr Field kSessionEnd[] = {
    field<&rec_session::service>("whodid.auth.service", "service", "sshd, login, cron, ..."),
    {"whodid.session.duration", "", Type::kReal, "Seconds it lasted", read_session_duration},
    field<&rec_session::execs>("whodid.session.execs", "", "Programs started in it"),
    field<&rec_session::writes>("whodid.session.writes", "", "Files opened for writing in it"),
    field<&rec_session::bytes_sent>("whodid.session.bytes_sent", "", "Bytes sent by TCP in it"),
    field<&rec_session::bytes_received>("whodid.session.bytes_received", "", "Bytes received by TCP in it"),
};
constexpr Field kIdentity[] = {
    {"whodid.identity.from", "", Type::kIdentities, "uids, gids and capabilities before", read_identity_from},
    {"whodid.identity.to", "", Type::kIdentities, "uids, gids and capabilities after", read_identity_to},
    field<&rec_identity::how>("whodid.identity.how", "how",
                              "sudo, su, setuid-exec, setuid, capset, namespace, ..."),
};

// ---- the kernel -------------------------------------------------------------------------------------------

constexpr Field kModule[] = {
    {"whodid.module.operation", "", Type::kText, "load or unload", read_module_operation},
    field<&rec_module::name>("whodid.module.name", "module",
                             "Its name, where the kernel got so far as to read it"),
    {"whodid.module.flags", "", Type::kList, "ignore_modversions, ignore_vermagic, compressed; unload: force",
     read_module_flags},
    {"file.path", "path", Type::kText, "The file it was loaded from", read_path},
    PATH_IN_CONTAINER(read_path_in_container),
    {"file.inode", "", Type::kText, "Inode number", read_module_inode},
    {"whodid.file.device", "", Type::kText, "Device of the file system, major:minor", read_module_device},
    {"whodid.module.user_supplied", "", Type::kBoolean, "The name comes from the process, not the kernel",
     read_user_supplied},
};

constexpr Field kBpf[] = {
    {"whodid.bpf.command", "command", Type::kText, "bpf(2)'s command: PROG_LOAD, LINK_CREATE, ...",
     read_bpf_command},
    {"whodid.bpf.object.type", "", Type::kText, "program, map or link: what was made or is held",
     read_bpf_object},
    {"whodid.bpf.object.id", "", Type::kInteger, "Its number", read_bpf_object_id},
    {"whodid.bpf.program.id", "", Type::kInteger, "Number of the program, of a link its own",
     read_bpf_program_id},
    {"whodid.bpf.program.name", "program", Type::kText, "Its name", read_bpf_program_name},
    {"whodid.bpf.program.type", "", Type::kText, "kprobe, xdp, tracing, ...", read_bpf_program_type},
    {"whodid.bpf.program.instructions", "", Type::kInteger, "Its length", read_bpf_instructions},
    {"whodid.bpf.map.name", "", Type::kText, "Name of the map", read_bpf_map_name},
    {"whodid.bpf.map.type", "", Type::kText, "hash, ringbuf, ...", read_bpf_map_type},
    {"whodid.bpf.link.type", "", Type::kText, "tracing, cgroup, netns, ...", read_bpf_link_type},
    {"whodid.bpf.attach_type", "", Type::kText, "Where a program was attached or taken off",
     read_bpf_attach_type},
    {"whodid.bpf.path", "", Type::kText, "Where it was pinned, or got from; as given", read_bpf_path},
    {"whodid.bpf.tracepoint", "", Type::kText, "The raw tracepoint; as given", read_bpf_tracepoint},
    {"whodid.bpf.user_supplied", "", Type::kBoolean, "Some words are the process' own, not the kernel's",
     read_user_supplied},
};

// ---- the sensor itself ------------------------------------------------------------------------------------

constexpr Field kSensor[] = {
    field<&rec_sensor::text>("whodid.sensor.text", "", "What happened"),
};
constexpr Field kLoss[] = {
    field<&rec_sensor::stage>("whodid.loss.stage", "",
                              "Where: kernel_ring, kernel_slot, kernel_hook (its run was skipped), worker "
                              "(it died), sensor (all of it did), sink NAME (why)"),
    field<&rec_sensor::kind>("whodid.loss.kind", "", "Kind of the events that are missing"),
    {"whodid.loss.count", "", Type::kInteger, "How many; absent: nobody knows", read_loss_count},
    {"whodid.loss.since", "", Type::kText, "Not before", read_since},
    {"whodid.loss.until", "", Type::kText, "Not after", read_until},
};

constexpr Field kHeartbeat[] = {
    field<&rec_heartbeat::delivered>("whodid.heartbeat.delivered", "",
                                     "Events told since the sensor's start"),
    field<&rec_heartbeat::lost>("whodid.heartbeat.lost", "", "Of those seen, how many are missing"),
    field<&rec_heartbeat::missed>("whodid.heartbeat.missed", "",
                                  "Runs of hooks that the kernel skipped: at most so many more"),
    {"whodid.heartbeat.lag", "", Type::kReal,
     "Seconds from an act to its telling, the longest since the last heartbeat", read_heartbeat_lag},
};

// ---- summaries --------------------------------------------------------------------------------------------

#define WHAT_ACTS_CAME_TO                                                                                   \
    {"whodid.summary.events", "", Type::kInteger, "How many events this stands for: they were not told",    \
     read_number<&rec_summary::events>},                                                                    \
        {"whodid.summary.execs", "", Type::kInteger, "Programs started", read_number<&rec_summary::execs>}, \
        {"whodid.summary.reads", "", Type::kInteger,                                                        \
         "Files opened to read, and found; absent where the kernel side is told to leave them out",         \
         read_number<&rec_summary::reads>},                                                                 \
        {"whodid.summary.writes", "", Type::kInteger, "Files opened to write, or made",                     \
         read_number<&rec_summary::writes>},                                                                \
        {"whodid.summary.changes", "", Type::kInteger, "Names and rights of files changed",                 \
         read_number<&rec_summary::changes>},                                                               \
        {"whodid.summary.failures", "", Type::kInteger,                                                     \
         "Processes that ended by a signal, or with another code than 0",                                   \
         read_number<&rec_summary::failures>},                                                              \
        {"whodid.summary.programs", "", Type::kList, "The most started, each with its number",              \
         read_summary_list<&rec_summary::programs>},                                                        \
        {"whodid.summary.places", "", Type::kList, "Where most was read and written, each with its number", \
         read_summary_list<&rec_summary::places>},                                                          \
        {"whodid.summary.cpu", "", Type::kReal, "Seconds of CPU time of the processes that ended",          \
         read_summary_cpu},                                                                                 \
    {                                                                                                       \
        "whodid.summary.duration", "", Type::kReal, "Seconds since the first one began",                    \
            read_summary_duration                                                                           \
    }

constexpr Field kSummaryBuild[] = {
    {"process.command_args", "args", Type::kList, "Arguments of the program that builds, secrets masked",
     read_summary_list<&rec_summary::args>},
    field<&rec_summary::directory>("process.working_directory", "cwd", "Where it was started"),
    WHAT_ACTS_CAME_TO,
    {"whodid.summary.part", "", Type::kInteger, "Of a build that takes long: each counts for itself",
     read_summary_part},
    {"process.exit.code", "", Type::kInteger, "Exit code of the program that builds, once it has ended",
     read_summary_exit_code},
    {"whodid.process.exit.signal", "", Type::kText, "Signal that ended it", read_summary_exit_signal},
};
constexpr Field kSummaryProcess[] = {
    {"whodid.summary.of", "", Type::kText,
     "packages: a program that installs packages and all that it started; repeats: a program that one "
     "process "
     "started again and again",
     read_summary_of},
    {"process.command_args", "args", Type::kList, "Arguments of the first one, secrets masked",
     read_summary_list<&rec_summary::args>},
    field<&rec_summary::directory>("process.working_directory", "cwd", "Where it was started"),
    {"whodid.summary.commands", "", Type::kList, "Of repeats: the first few command lines that differ",
     read_summary_list<&rec_summary::commands>},
    WHAT_ACTS_CAME_TO,
    {"whodid.summary.part", "", Type::kInteger, "Of what takes long: each counts for itself",
     read_summary_part},
    {"process.exit.code", "", Type::kInteger, "Of packages: exit code of the program, once it has ended",
     read_summary_exit_code},
    {"whodid.process.exit.signal", "", Type::kText, "Signal that ended it", read_summary_exit_signal},
};
#undef WHAT_ACTS_CAME_TO

// ---- layouts: where each struct keeps its slices ----------------------------------------------------------

#define AT(type, member) static_cast<std::uint16_t>(offsetof(type, member))
constexpr std::uint16_t kExecStrings[] = {AT(rec_exec, filename), AT(rec_exec, interp), AT(rec_exec, argv),
                                          AT(rec_exec, env), AT(rec_exec, tty)};
constexpr std::uint16_t kExecPaths[] = {AT(rec_exec, exe), AT(rec_exec, cwd), AT(rec_exec, cgroup),
                                        AT(rec_exec, cgroup_v1)};
constexpr std::uint16_t kPtracePaths[] = {AT(rec_ptrace, path)};
constexpr std::uint16_t kTaskStrings[] = {AT(rec_process, tty)};
constexpr std::uint16_t kTaskPaths[] = {AT(rec_process, exe), AT(rec_process, cgroup),
                                        AT(rec_process, cgroup_v1)};
constexpr std::uint16_t kFileStrings[] = {AT(rec_file, name), AT(rec_file, name2)};
constexpr std::uint16_t kFilePaths[] = {AT(rec_file, path), AT(rec_file, base), AT(rec_file, base2)};
constexpr std::uint16_t kMountStrings[] = {AT(rec_mount, file.name), AT(rec_mount, file.name2),
                                           AT(rec_mount, source), AT(rec_mount, type)};
constexpr std::uint16_t kNetStrings[] = {AT(rec_net, unix_path), AT(rec_net, payload)};
constexpr std::uint16_t kTextStrings[] = {AT(rec_text, text)};
constexpr std::uint16_t kTextPaths[] = {AT(rec_text, exe)};
constexpr std::uint16_t kObjectPaths[] = {AT(rec_object, path), AT(rec_object, path2)};
constexpr std::uint16_t kAuthStrings[] = {
    AT(rec_auth, service),      AT(rec_auth, method),  AT(rec_auth, account),
    AT(rec_auth, account_hash), AT(rec_auth, key),     AT(rec_auth, command),
    AT(rec_auth, target_user),  AT(rec_auth, address), AT(rec_auth, terminal)};
constexpr std::uint16_t kPamStrings[] = {AT(rec_pam, service), AT(rec_pam, user), AT(rec_pam, host),
                                         AT(rec_pam, terminal)};
constexpr std::uint16_t kAccountStrings[] = {AT(rec_account, service), AT(rec_account, operation),
                                             AT(rec_account, account), AT(rec_account, group)};
constexpr std::uint16_t kSessionStrings[] = {AT(rec_session, service), AT(rec_session, terminal)};
constexpr std::uint16_t kIdentityStrings[] = {AT(rec_identity, how)};
constexpr std::uint16_t kModuleStrings[] = {AT(rec_module, name)};
constexpr std::uint16_t kModulePaths[] = {AT(rec_module, path)};
constexpr std::uint16_t kBpfStrings[] = {AT(rec_bpf, name), AT(rec_bpf, target)};
constexpr std::uint16_t kSensorStrings[] = {AT(rec_sensor, stage), AT(rec_sensor, kind),
                                            AT(rec_sensor, text)};
constexpr std::uint16_t kSummaryStrings[] = {AT(rec_summary, directory), AT(rec_summary, args),
                                             AT(rec_summary, commands), AT(rec_summary, programs),
                                             AT(rec_summary, places)};

constexpr Layout kExecLayout{sizeof(rec_exec), kExecStrings, kExecPaths};
constexpr Layout kPtraceLayout{
    sizeof(rec_ptrace), {}, kPtracePaths, AT(rec_ptrace, path), AT(rec_ptrace, target)};
constexpr Layout kFileLayout{sizeof(rec_file), kFileStrings, kFilePaths};
constexpr Layout kMountLayout{sizeof(rec_mount), kMountStrings, kFilePaths};
constexpr Layout kNetLayout{sizeof(rec_net), kNetStrings, {}};
constexpr Layout kTextLayout{sizeof(rec_text), kTextStrings, kTextPaths};
constexpr Layout kAuthLayout{sizeof(rec_auth), kAuthStrings, {}};
constexpr Layout kAccountLayout{sizeof(rec_account), kAccountStrings, {}};
constexpr Layout kSessionLayout{sizeof(rec_session), kSessionStrings, {}};
constexpr Layout kIdentityLayout{sizeof(rec_identity), kIdentityStrings, {}};
constexpr Layout kSignalLayout{sizeof(rec_signal), {}, {}, 0, AT(rec_signal, target)};
constexpr Layout kModuleLayout{sizeof(rec_module), kModuleStrings, kModulePaths, AT(rec_module, path)};
constexpr Layout kBpfLayout{sizeof(rec_bpf), kBpfStrings, {}};
constexpr Layout kSensorLayout{sizeof(rec_sensor), kSensorStrings, {}};
constexpr Layout kSummaryLayout{sizeof(rec_summary), kSummaryStrings, {}};
#undef AT

// ---- words ------------------------------------------------------------------------------------------------

template <std::size_t N>
struct Text {
    char letters[N];
    constexpr Text(const char (&text)[N]) { std::copy_n(text, N, letters); }
};
/// An ACT that is always the same.
template <Text Always>
std::string_view word(const Event&) {
    return {Always.letters, sizeof(Always.letters) - 1};
}

}  // namespace

// clang-format off
static const Kind kKinds[] = {
    {REC_PROCESS_EXEC, "process.exec", "A program was started, or failed to start", kExecLayout, kExec,
     word<"exec">, what_exec, nullptr, "ran", true},
    {REC_PROCESS_FORK, "process.fork", "A process was made", {sizeof(rec_fork), {}, {}}, {},
     word<"fork">, what_process, nullptr, "", false, false, true},
    {REC_PROCESS_EXIT, "process.exit", "A process ended", {sizeof(rec_exit), {}, {}}, kExit,
     word<"exit">, what_process, result_exit, "", false, false, true},
    {REC_PROCESS_PTRACE, "process.ptrace", "One process took hold of another: of its life, memory or descriptors",
     kPtraceLayout, kPtrace, word<"ptrace">, what_ptrace, nullptr, "took hold of a process:", true},

    {REC_FILE_OPEN, "file.open", "A file was opened, or could not be", kFileLayout, kOpen, act_open, what_file,
     nullptr, ""},
    {REC_FILE_CREATE, "file.create", "An open made a new file", kFileLayout, kOpen, word<"create">, what_file,
     nullptr, ""},
    {REC_FILE_UNLINK, "file.unlink", "A name was removed", kFileLayout, kObject, word<"unlink">, what_file,
     nullptr, ""},
    {REC_FILE_RENAME, "file.rename", "A name was changed", kFileLayout, kTwoNames, word<"rename">, what_two_names,
     nullptr, ""},
    {REC_FILE_LINK, "file.link", "A second name was made", kFileLayout, kTwoNames, word<"link">, what_two_names,
     nullptr, ""},
    {REC_FILE_SYMLINK, "file.symlink", "A symbolic link was made", kFileLayout, kTwoNames, word<"symlink">,
     what_two_names, nullptr, ""},
    {REC_FILE_CHMOD, "file.chmod", "Permissions were changed", kFileLayout, kChmod, word<"chmod">, what_chmod,
     nullptr, ""},
    {REC_FILE_CHOWN, "file.chown", "The owner was changed", kFileLayout, kChown, word<"chown">, what_chown,
     nullptr, ""},
    {REC_FILE_TRUNCATE, "file.truncate", "A file was cut or extended", kFileLayout, kTruncate, word<"truncate">,
     what_file, nullptr, ""},
    {REC_FILE_MKDIR, "file.mkdir", "A directory was made", kFileLayout, kObject, word<"mkdir">, what_file,
     nullptr, ""},
    {REC_FILE_RMDIR, "file.rmdir", "A directory was removed", kFileLayout, kObject, word<"rmdir">, what_file,
     nullptr, ""},
    {REC_FILE_SETXATTR, "file.setxattr", "An extended attribute was set", kFileLayout, kSetxattr,
     word<"setxattr">, what_setxattr, nullptr, ""},
    {REC_FILE_MOUNT, "file.mount", "A file system was mounted, moved or changed", kMountLayout, kMount,
     word<"mount">, what_mount, nullptr, ""},
    {REC_FILE_UMOUNT, "file.umount", "A file system was taken out of the tree", kMountLayout, kUmount,
     word<"umount">, what_umount, nullptr, ""},
    {REC_FILE_MAP, "file.map", "A file was mapped to be run, as libraries are; once for each session", kFileLayout,
     kObject, word<"map">, what_file, nullptr, "", false, false, true},

    {REC_NETWORK_CONNECT, "network.connect", "A connection was asked for; outcome is the network's answer",
     kNetLayout, kConnect, word<"connect">, what_peer, result_connect, ""},
    {REC_NETWORK_ACCEPT, "network.accept", "A connection was taken", kNetLayout, kEnds, word<"accept">, what_accept,
     nullptr, ""},
    {REC_NETWORK_BIND, "network.bind", "A local address was taken", kNetLayout, kEnds, word<"bind">, what_local,
     nullptr, "", false, false, true},
    {REC_NETWORK_LISTEN, "network.listen", "Waits for connections", kNetLayout, kEnds, word<"listen">, what_local,
     nullptr, ""},
    {REC_NETWORK_SEND, "network.send", "A datagram to an address of its own", kNetLayout, kEnds, word<"send">,
     what_peer, nullptr, "", false, false, true},
    {REC_NETWORK_CLOSE, "network.close", "A TCP connection ended", kNetLayout, kClose, word<"close">, what_peer,
     result_close, "", false, false, true},
    {REC_NETWORK_DNS, "network.dns", "A name was asked for", kNetLayout, kDns, word<"dns">, what_dns, nullptr, "",
     false, false, true},

    {REC_AUTH_ATTEMPT, "auth.attempt", "Somebody proved, or failed to prove, who they are", kAuthLayout, kAuth,
     act_auth, what_auth, result_auth, "tried", true},
    {REC_AUTH_ACCOUNT, "auth.account", "A user, a group or a password was changed", kAccountLayout, kAccount,
     word<"ACCOUNT">, what_account, nullptr, "changed accounts:", true},
    {REC_SESSION_START, "session.start", "A login began", kSessionLayout, kSession, word<"LOGIN">, what_login,
     result_ok, "logged in by", true},
    {REC_SESSION_END, "session.end", "A login ended", kSessionLayout, kSessionEnd, word<"LOGOUT">, what_logout,
     nullptr, "logged out:", true},
    {REC_IDENTITY_CHANGE, "identity.change", "A process changed its rights", kIdentityLayout, kIdentity,
     word<"IDENTITY">, what_identity, nullptr, "changed identity:", true},

    {REC_KERNEL_MODULE, "kernel.module", "A kernel module was loaded or removed", kModuleLayout, kModule,
     word<"module">, what_module, nullptr, "changed the kernel's modules:", true},
    {REC_KERNEL_BPF, "kernel.bpf", "A BPF program, map or link was made, attached or taken hold of", kBpfLayout,
     kBpf, word<"bpf">, what_bpf, nullptr, "gave the kernel BPF:", true},

    {REC_SENSOR_START, "sensor.start", "The sensor began", kSensorLayout, kSensor, word<"START">, what_sensor,
     nullptr, "started:", false},
    {REC_SENSOR_STOP, "sensor.stop", "The sensor ended", kSensorLayout, kSensor, word<"STOP">, what_sensor,
     nullptr, "stopped:", false},
    {REC_SENSOR_LOSS, "sensor.loss", "Events are missing", kSensorLayout, kLoss, word<"LOSS">, what_loss, nullptr,
     "lost", false},
    {REC_SENSOR_BLIND, "sensor.blind", "The sensor sees nothing, or not what it does itself, or sees it again",
     kSensorLayout, kSensor, word<"BLIND">, what_sensor, nullptr, "tested its sight:", false},
    {REC_SENSOR_TAMPER, "sensor.tamper", "Somebody tried to mislead or change what records them", kSensorLayout,
     kSensor, word<"TAMPER">, what_sensor, nullptr, "tampered:", true},
    {REC_SENSOR_BUDGET, "sensor.budget", "From here on more or less of the same is told", kSensorLayout, kSensor,
     word<"BUDGET">, what_sensor, nullptr, "changed what is told:", false},
    {REC_SENSOR_HEARTBEAT, "sensor.heartbeat", "The sensor is there: every minute of `whodid run`",
     {sizeof(rec_heartbeat), {}, {}}, kHeartbeat, word<"BEAT">, what_heartbeat, nullptr, "is there:", false, false,
     true},

    {REC_SUMMARY_PROCESS, "summary.process", "What many acts of programs that installed packages, or were started "
     "again and again, came to", kSummaryLayout, kSummaryProcess, act_summary, what_summary, result_summary, "ran"},
    {REC_SUMMARY_BUILD, "summary.build", "What all acts of a build came to", kSummaryLayout, kSummaryBuild,
     word<"built">, what_summary, result_summary, "built"},

    {REC_RAW_TASK, "raw.task", "A process that was there before", {sizeof(rec_process), kTaskStrings, kTaskPaths},
     {}, word<"raw">, what_process, nullptr, "", false, true},
    {REC_RAW_AUDIT, "raw.audit", "A message to the kernel's audit socket", kTextLayout, {}, word<"raw">,
     what_process, nullptr, "", false, true},
    {REC_RAW_SYSLOG, "raw.syslog", "A line to the system log", kTextLayout, {}, word<"raw">, what_process, nullptr,
     "", false, true},
    {REC_RAW_CREDENTIALS, "raw.credentials", "A call of the setuid family",
     {sizeof(rec_credentials), {}, {}}, {}, word<"raw">, what_process, nullptr, "", false, true},
    {REC_RAW_OBJECT, "raw.object", "What a call is about to change", {sizeof(rec_object), {}, kObjectPaths}, {},
     word<"raw">, what_process, nullptr, "", false, true},
    {REC_RAW_SIGNAL, "raw.signal", "A signal sent to a sensor", kSignalLayout, {}, word<"raw">, what_process,
     nullptr, "", false, true},
    {REC_RAW_PAM, "raw.pam", "A function of libpam has ended", {sizeof(rec_pam), kPamStrings, {}}, {},
     word<"raw">, what_process, nullptr, "", false, true},
    {REC_RAW_FOLD, "raw.fold", "How many acts were counted instead of told", {sizeof(rec_folded), {}, {}}, {},
     word<"raw">, what_process, nullptr, "", false, true},
};
// clang-format on

std::span<const Kind> kinds() { return kKinds; }
std::span<const Field> common_fields() { return kCommon; }
std::span<const Field> actor_fields() { return kActor; }

const Kind* find_kind(std::uint16_t id) {
    static const auto kById = [] {
        std::array<const Kind*, WHODID_KIND_MAX> table{};
        for (const Kind& kind : kKinds) table[kind.id] = &kind;
        return table;
    }();
    return id < kById.size() ? kById[id] : nullptr;
}

const Kind* find_kind(std::string_view name) {
    constexpr std::string_view kPrefix = "whodid.";
    if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
    const auto* found = std::ranges::find(kKinds, name, &Kind::name);
    return found == std::end(kKinds) ? nullptr : found;
}

const Field* find_field(const Kind& kind, std::string_view key) {
    const auto matches = [key](const Field& field) { return field.key == key; };
    for (std::span<const Field> fields : {kind.fields, common_fields(), actor_fields()})
        if (const auto found = std::ranges::find_if(fields, matches); found != fields.end()) return &*found;
    return nullptr;
}

const Field* find_field(std::string_view name) {
    const auto matches = [name](const Field& f) {
        return f.key == name || (!f.alias.empty() && f.alias == name);
    };
    for (const Kind& kind : kKinds) {
        for (std::span<const Field> fields : {common_fields(), actor_fields(), kind.fields})
            if (const auto found = std::ranges::find_if(fields, matches); found != fields.end())
                return &*found;
    }
    return nullptr;
}

}  // namespace whodid
