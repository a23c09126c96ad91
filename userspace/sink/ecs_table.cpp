// SPDX-License-Identifier: Apache-2.0
// The mapping to ECS: names, and what kind of event each kind is.
#include "sink/ecs_table.h"

#include <algorithm>
#include <iterator>

#include "event/kinds.h"

namespace whodid {

namespace {

/// ECS's four words for a kind. Lists are NUL-terminated; an empty one is absent.
struct EcsClass {
    std::uint16_t kind;
    std::string_view category, type, action;
    std::string_view event_kind = "event";
};

using namespace std::string_view_literals;

constexpr EcsClass kClasses[] = {
    {REC_PROCESS_EXEC, "process\0"sv, "start\0"sv, "exec"},
    {REC_PROCESS_FORK, "process\0"sv, "start\0"sv, "fork"},
    {REC_PROCESS_EXIT, "process\0"sv, "end\0"sv, "end"},
    {REC_PROCESS_PTRACE, "process\0"sv, "access\0"sv, "ptrace"},
    {REC_FILE_OPEN, "file\0"sv, "access\0"sv, "open"},
    {REC_FILE_CREATE, "file\0"sv, "creation\0"sv, "create"},
    {REC_FILE_UNLINK, "file\0"sv, "deletion\0"sv, "unlink"},
    {REC_FILE_RENAME, "file\0"sv, "change\0"sv, "rename"},
    {REC_FILE_LINK, "file\0"sv, "creation\0"sv, "link"},
    {REC_FILE_SYMLINK, "file\0"sv, "creation\0"sv, "symlink"},
    {REC_FILE_CHMOD, "file\0"sv, "change\0"sv, "chmod"},
    {REC_FILE_CHOWN, "file\0"sv, "change\0"sv, "chown"},
    {REC_FILE_TRUNCATE, "file\0"sv, "change\0"sv, "truncate"},
    {REC_FILE_MKDIR, "file\0"sv, "creation\0"sv, "mkdir"},
    {REC_FILE_RMDIR, "file\0"sv, "deletion\0"sv, "rmdir"},
    {REC_FILE_SETXATTR, "file\0"sv, "change\0"sv, "setxattr"},
    {REC_FILE_MOUNT, "host\0"sv, "change\0"sv, "mount"},
    {REC_FILE_UMOUNT, "host\0"sv, "change\0"sv, "umount"},
    {REC_FILE_MAP, "library\0"sv, "start\0"sv, "map"},
    {REC_NETWORK_CONNECT, "network\0"sv, "connection\0start\0"sv, "connect"},
    {REC_NETWORK_ACCEPT, "network\0"sv, "connection\0start\0"sv, "accept"},
    {REC_NETWORK_BIND, "network\0"sv, "info\0"sv, "bind"},
    {REC_NETWORK_LISTEN, "network\0"sv, "start\0"sv, "listen"},
    {REC_NETWORK_SEND, "network\0"sv, "connection\0"sv, "send"},
    {REC_NETWORK_CLOSE, "network\0"sv, "connection\0end\0"sv, "close"},
    {REC_NETWORK_DNS, "network\0"sv, "protocol\0info\0"sv, "dns"},
    {REC_AUTH_ATTEMPT, "authentication\0"sv, "start\0"sv, "user_login"},
    {REC_AUTH_ACCOUNT, "iam\0"sv, "change\0user\0"sv, "account"},
    {REC_SESSION_START, "authentication\0session\0"sv, "start\0"sv, "session_start"},
    {REC_SESSION_END, "authentication\0session\0"sv, "end\0"sv, "session_end"},
    {REC_IDENTITY_CHANGE, "process\0"sv, "change\0"sv, "identity_change"},
    {REC_KERNEL_MODULE, "driver\0"sv, "start\0"sv, "module_load"},
    {REC_KERNEL_BPF, "driver\0"sv, "change\0"sv, "bpf"},
    {REC_SENSOR_START, ""sv, ""sv, "sensor_start", "state"},
    {REC_SENSOR_STOP, ""sv, ""sv, "sensor_stop", "state"},
    {REC_SENSOR_LOSS, ""sv, ""sv, "sensor_loss", "state"},
    {REC_SENSOR_BLIND, ""sv, ""sv, "sensor_blind", "state"},
    {REC_SENSOR_TAMPER, "intrusion_detection\0"sv, "info\0"sv, "sensor_tamper", "alert"},
    {REC_SENSOR_BUDGET, ""sv, ""sv, "sensor_budget", "state"},
    {REC_SENSOR_HEARTBEAT, ""sv, ""sv, "sensor_heartbeat", "state"},
    {REC_SUMMARY_PROCESS, "process\0"sv, "info\0"sv, "summary"},
    {REC_SUMMARY_BUILD, "process\0"sv, "info\0"sv, "summary_build"},
};
/// What a kind is in the other of its two cases.
constexpr EcsClass kOpenToWrite = {REC_FILE_OPEN, "file\0"sv, "change\0"sv, "open"};
constexpr EcsClass kModuleUnload = {REC_KERNEL_MODULE, "driver\0"sv, "end\0"sv, "module_unload"};
/// A kind that is newer than this table.
constexpr EcsClass kOther = {0, ""sv, ""sv, ""sv};

const EcsClass& class_of(const Event& e) {
    const std::uint16_t kind = e.kind->id;
    constexpr std::uint32_t kWriteOnly = 1, kReadWrite = 2;  // O_WRONLY, O_RDWR
    if (kind == REC_FILE_OPEN && (e.as<rec_file>().open_flags & (kWriteOnly | kReadWrite)) != 0)
        return kOpenToWrite;
    if (kind == REC_KERNEL_MODULE && e.as<rec_module>().unload != 0) return kModuleUnload;
    const auto* found = std::ranges::find(kClasses, kind, &EcsClass::kind);
    return found == std::end(kClasses) ? kOther : *found;
}

/// entry_meta.type of where a login came from; a word of ours where ECS has none.
Value entry_type(const Event& e) {
    if (!e.process || !e.process->session) return {};
    const std::string& origin = e.process->session->origin_type;
    if (origin == "ssh") return Value::of_text("sshd");
    if (origin == "systemd") return Value::of_text("init");
    return Value::of_text(origin);
}

/// Only where the session is named by its first process, because the kernel has no number for it.
Value entry_entity(const Event& e, Scratch& s) {
    if (!e.process || !e.process->session || !e.process->session->id.empty()) return {};
    const Id128& entity = e.process->session->entity;
    if (entity == Id128{}) return {};
    char* at = s.allocate(32);
    entity.hex_to(at);
    return Value::of_text({at, 32});
}

bool is_in_pod(const Event& e) {
    if (!e.process || !e.process->container) return false;
    return !e.process->container->pod_uid.empty() || !e.process->container->pod_name.empty();
}

Value link_target(const Event& e) {
    return e.kind->id == REC_FILE_SYMLINK ? Value::of_text(e.target_path) : Value::absent();
}

Value text_if(bool is_so, std::string_view text) { return is_so ? Value::of_text(text) : Value::absent(); }

constexpr EcsComputed kComputed[] = {
    {"=version", [](const Event&, Scratch&) { return Value::of_text("9.4.0"); }},
    {"=module", [](const Event&, Scratch&) { return Value::of_text("whodid"); }},
    {"=kind", [](const Event& e, Scratch&) { return Value::of_text(class_of(e).event_kind); }},
    {"=category", [](const Event& e, Scratch&) { return Value::of_list(class_of(e).category); }},
    {"=type", [](const Event& e, Scratch&) { return Value::of_list(class_of(e).type); }},
    {"=action", [](const Event& e, Scratch&) { return Value::of_text(class_of(e).action); }},
    {"=architecture", [](const Event& e, Scratch&) { return Value::of_text(e.stream->architecture); }},
    {"=entry", [](const Event& e, Scratch&) { return entry_type(e); }},
    {"=entry_entity", entry_entity},
    {"=link", [](const Event& e, Scratch&) { return link_target(e); }},
    {"=orchestrator", [](const Event& e, Scratch&) { return text_if(is_in_pod(e), "kubernetes"); }},
    {"=pod", [](const Event& e, Scratch&) { return text_if(is_in_pod(e), "pod"); }},
    {"=protocol", [](const Event& e, Scratch&) { return text_if(e.kind->id == REC_NETWORK_DNS, "dns"); }},
};

namespace ecs_table {

using enum EcsShape;

constexpr EcsRow copy(std::string_view key, EcsShape shape, std::string_view from,
                      std::string_view from_if_ingress = {}) {
    return {key, shape, from, from_if_ingress, false};
}

constexpr EcsRow kRows[] = {
    {"@timestamp", kPlain, "time"},
    {"message", kPlain, "message"},
    {"tags", kPlain, "whodid.tags"},
    {"ecs.version", kPlain, "=version"},
    {"event.module", kPlain, "=module"},
    {"event.kind", kPlain, "=kind"},
    {"event.category", kPlain, "=category"},
    {"event.type", kPlain, "=type"},
    {"event.action", kPlain, "=action"},
    {"event.id", kPlain, "event.id"},
    {"event.outcome", kPlain, "event.outcome"},
    {"event.sequence", kPlain, "whodid.seq"},
    {"event.start", kPlain, "whodid.first"},
    {"event.end", kPlain, "whodid.last"},
    {"event.duration", kNanoseconds, "whodid.network.duration"},
    {"event.duration", kNanoseconds, "whodid.session.duration"},
    {"error.code", kPlain, "error.type"},
    {"host.name", kPlain, "host.name"},
    {"host.id", kPlain, "host.id"},
    {"host.architecture", kPlain, "=architecture"},

    {"user.id", kPlain, "user.id"},
    {"user.name", kPlain, "user.name"},
    copy("user.effective.id", kKeyword, "process.user.id"),
    copy("user.effective.name", kPlain, "process.user.name"),
    {"user.target.name", kPlain, "whodid.auth.target_user"},

    {"process.pid", kPlain, "process.pid"},
    {"process.entity_id", kPlain, "whodid.process.entity_id"},
    {"process.parent.pid", kPlain, "process.parent_pid"},
    {"process.parent.entity_id", kPlain, "whodid.process.parent_entity_id"},
    {"process.executable", kPlain, "process.executable.path"},
    {"process.name", kPlain, "process.executable.name"},
    {"process.args", kPlain, "process.command_args"},
    {"process.args_count", kPlain, "process.args_count"},
    {"process.env_vars", kPlain, "whodid.process.environment"},
    {"process.working_directory", kPlain, "process.working_directory"},
    {"process.interactive", kPlain, "process.interactive"},
    {"process.hash.sha256", kPlain, "whodid.process.executable.hash.sha256"},
    {"process.exit_code", kPlain, "process.exit.code"},
    {"process.user.id", kKeyword, "process.user.id"},
    {"process.user.name", kPlain, "process.user.name"},
    {"process.real_user.id", kKeyword, "process.real_user.id"},
    {"process.real_user.name", kPlain, "process.real_user.name"},
    {"process.saved_user.id", kKeyword, "process.saved_user.id"},
    {"process.saved_user.name", kPlain, "process.saved_user.name"},
    {"process.group.id", kKeyword, "whodid.process.group.id"},
    {"process.group.name", kPlain, "whodid.process.group.name"},
    copy("process.entry_leader.attested_user.id", kPlain, "user.id"),
    copy("process.entry_leader.attested_user.name", kPlain, "user.name"),
    {"process.entry_leader.entity_id", kPlain, "=entry_entity"},
    {"process.entry_leader.entry_meta.type", kPlain, "=entry"},
    copy("process.entry_leader.entry_meta.source.ip", kIp, "whodid.origin.address"),

    {"container.id", kPlain, "container.id"},
    {"container.name", kPlain, "container.name"},
    {"container.runtime", kPlain, "container.runtime.name"},
    {"container.image.name", kPlain, "container.image.name"},
    {"orchestrator.type", kPlain, "=orchestrator"},
    {"orchestrator.namespace", kPlain, "k8s.namespace.name"},
    {"orchestrator.resource.type", kPlain, "=pod"},
    {"orchestrator.resource.id", kPlain, "k8s.pod.uid"},
    {"orchestrator.resource.name", kPlain, "k8s.pod.name"},

    {"file.path", kPlain, "file.path"},
    copy("file.name", kBaseName, "file.path"),
    copy("file.directory", kDirectory, "file.path"),
    {"file.inode", kPlain, "file.inode"},
    {"file.mode", kPlain, "file.mode"},
    {"file.uid", kPlain, "file.owner.id"},
    {"file.target_path", kPlain, "=link"},

    {"network.transport", kPlain, "network.transport"},
    {"network.type", kPlain, "network.type"},
    {"network.direction", kPlain, "whodid.network.direction"},
    {"network.protocol", kPlain, "=protocol"},
    {"dns.question.name", kPlain, "dns.question.name"},
    {"source.address", kPlain, "network.local.address", "network.peer.address"},
    {"source.ip", kIp, "network.local.address", "network.peer.address"},
    {"source.port", kPlain, "network.local.port", "network.peer.port"},
    {"source.bytes", kPlain, "whodid.network.bytes_sent", "whodid.network.bytes_received"},
    {"destination.address", kPlain, "network.peer.address", "network.local.address"},
    {"destination.ip", kIp, "network.peer.address", "network.local.address"},
    {"destination.port", kPlain, "network.peer.port", "network.local.port"},
    {"destination.bytes", kPlain, "whodid.network.bytes_received", "whodid.network.bytes_sent"},
    {"destination.domain", kPlain, "server.address"},
    copy("client.address", kPlain, "network.local.address", "network.peer.address"),
    copy("client.ip", kIp, "network.local.address", "network.peer.address"),
    copy("client.port", kPlain, "network.local.port", "network.peer.port"),
    copy("server.address", kPlain, "network.peer.address", "network.local.address"),
    copy("server.ip", kIp, "network.peer.address", "network.local.address"),
    copy("server.port", kPlain, "network.peer.port", "network.local.port"),
    copy("server.domain", kPlain, "server.address"),
    {"source.address", kPlain, "client.address"},
    {"source.ip", kIp, "client.address"},
    {"source.port", kPlain, "client.port"},
    copy("client.address", kPlain, "client.address"),
    copy("client.ip", kIp, "client.address"),
    copy("client.port", kPlain, "client.port"),

    copy("related.user", kUnion,
         "user.name|process.user.name|process.real_user.name|process.saved_user.name|whodid.auth.account|"
         "whodid.auth.target_user"),
    copy("related.ip", kIpUnion,
         "network.local.address|network.peer.address|client.address|whodid.origin.address"),
    copy("related.hosts", kUnion, "host.name|server.address|dns.question.name"),
    copy("related.hash", kUnion, "whodid.process.executable.hash.sha256"),
};

}  // namespace ecs_table

}  // namespace

std::span<const EcsRow> ecs_rows() { return ecs_table::kRows; }
std::span<const EcsComputed> ecs_computed() { return kComputed; }

std::string own_key_in_ecs(std::string_view key) {
    if (key == "session.id") return "whodid.session.audit_id";  // whodid.session.id is another
    return key.starts_with("whodid.") ? std::string(key) : "whodid." + std::string(key);
}

}  // namespace whodid
