// SPDX-License-Identifier: Apache-2.0
// Readers of the fields that are more than a member of a record. Named by kinds.cpp only.
#pragma once

#include "event/field.h"

namespace whodid {

// every event
Value read_time(const Event& e, Scratch& s);
Value read_event_name(const Event& e, Scratch& s);
Value read_event_id(const Event& e, Scratch& s);
Value read_outcome(const Event& e, Scratch& s);
Value read_error(const Event& e, Scratch& s);
Value read_message(const Event& e, Scratch& s);
Value read_host_name(const Event& e, Scratch& s);
Value read_host_id(const Event& e, Scratch& s);
Value read_count(const Event& e, Scratch& s);
Value read_first(const Event& e, Scratch& s);
Value read_fold_of(const Event& e, Scratch& s);
Value read_last(const Event& e, Scratch& s);
Value read_seq(const Event& e, Scratch& s);
Value read_via(const Event& e, Scratch& s);
Value read_tags(const Event& e, Scratch& s);
Value read_late(const Event& e, Scratch& s);
Value read_chain(const Event& e, Scratch& s);

// the actor
Value decimal_unless_unset(std::uint32_t number, Scratch& s);
Value integer_unless_unset(std::uint32_t number);
Value integer_if_other(std::uint32_t number, std::uint32_t than);
Value hex_text(const Id128& id, Scratch& s);
Value origin_text(const Process& p, std::string Session::*member);
Value container_text(const Process& p, std::string Container::*member);
Value basis_text(Basis basis);
PersonBasis person_basis(const Process& p);
/// The login user's name where nothing tells more.
std::string_view person_id(const Process& p);

// processes
Value read_args(const Event& e, Scratch& s);
Value read_args_bytes(const Event& e, Scratch& s);
Value read_args_cut(const Event& e, Scratch& s);
Value read_cwd(const Event& e, Scratch& s);
Value read_interactive(const Event& e, Scratch& s);
Value read_masked(const Event& e, Scratch& s);
Value read_script(const Event& e, Scratch& s);
Value read_tried(const Event& e, Scratch& s);
Value read_tried_in_container(const Event& e, Scratch& s);
Value read_script_inode(const Event& e, Scratch& s);
Value read_fileless(const Event& e, Scratch& s);
Value read_exe_deleted(const Event& e, Scratch& s);
Value read_upper(const Event& e, Scratch& s);
Value read_preload(const Event& e, Scratch& s);
Value read_environment(const Event& e, Scratch& s);
Value read_user_supplied(const Event& e, Scratch& s);
Value read_build_id(const Event& e, Scratch& s);
Value read_sha256(const Event& e, Scratch& s);
Value read_package(const Event& e, Scratch& s);
Value read_package_version(const Event& e, Scratch& s);
Value read_first_seen(const Event& e, Scratch& s);
Value read_exit_code(const Event& e, Scratch& s);
Value read_exit_signal(const Event& e, Scratch& s);
Value read_lifetime(const Event& e, Scratch& s);

// the process it was done to
Value read_target_pid(const Event& e, Scratch& s);
Value read_target_thread(const Event& e, Scratch& s);
Value read_target_entity(const Event& e, Scratch& s);
Value read_target_exe(const Event& e, Scratch& s);
Value read_target_number(const Event& e, Scratch& s);
Value read_operation(const Event& e, Scratch& s);
Value read_operation_bytes(const Event& e, Scratch& s);

// files
Value read_path(const Event& e, Scratch& s);
Value read_path_in_container(const Event& e, Scratch& s);
Value read_target(const Event& e, Scratch& s);
Value read_target_in_container(const Event& e, Scratch& s);
Value read_inode(const Event& e, Scratch& s);
Value read_mode(const Event& e, Scratch& s);
Value read_owner(const Event& e, Scratch& s);
Value read_device(const Event& e, Scratch& s);
Value read_access(const Event& e, Scratch& s);
Value read_flags(const Event& e, Scratch& s);
Value read_new_mode(const Event& e, Scratch& s);
Value read_new_owner(const Event& e, Scratch& s);
Value read_new_group(const Event& e, Scratch& s);
Value read_mount_flags(const Event& e, Scratch& s);
Value read_umount_flags(const Event& e, Scratch& s);
Value read_mount_removable(const Event& e, Scratch& s);
Value read_mount_bus(const Event& e, Scratch& s);
Value read_mount_vendor(const Event& e, Scratch& s);
Value read_mount_model(const Event& e, Scratch& s);
Value read_mount_serial(const Event& e, Scratch& s);
Value read_mount_image(const Event& e, Scratch& s);

// network
Value read_transport(const Event& e, Scratch& s);
Value read_network_type(const Event& e, Scratch& s);
Value read_peer(const Event& e, Scratch& s);
Value read_peer_port(const Event& e, Scratch& s);
Value read_local(const Event& e, Scratch& s);
Value read_local_port(const Event& e, Scratch& s);
Value read_direction(const Event& e, Scratch& s);
Value read_network_duration(const Event& e, Scratch& s);
Value read_name(const Event& e, Scratch& s);

// authentication, sessions, identity, the sensor
Value read_account_length(const Event& e, Scratch& s);
Value read_auth_port(const Event& e, Scratch& s);
Value read_auth_unverified(const Event& e, Scratch& s);
Value read_auth_source(const Event& e, Scratch& s);
Value read_account_id(const Event& e, Scratch& s);
Value read_session_duration(const Event& e, Scratch& s);
Value read_identity_from(const Event& e, Scratch& s);
Value read_identity_to(const Event& e, Scratch& s);
Value read_loss_count(const Event& e, Scratch& s);
Value read_since(const Event& e, Scratch& s);
Value read_until(const Event& e, Scratch& s);
Value read_heartbeat_lag(const Event& e, Scratch& s);

// the kernel
Value read_module_operation(const Event& e, Scratch& s);
Value read_module_flags(const Event& e, Scratch& s);
Value read_module_inode(const Event& e, Scratch& s);
Value read_module_device(const Event& e, Scratch& s);
Value read_bpf_command(const Event& e, Scratch& s);
Value read_bpf_object(const Event& e, Scratch& s);
Value read_bpf_object_id(const Event& e, Scratch& s);
Value read_bpf_program_id(const Event& e, Scratch& s);
Value read_bpf_program_name(const Event& e, Scratch& s);
Value read_bpf_program_type(const Event& e, Scratch& s);
Value read_bpf_instructions(const Event& e, Scratch& s);
Value read_bpf_map_name(const Event& e, Scratch& s);
Value read_bpf_map_type(const Event& e, Scratch& s);
Value read_bpf_link_type(const Event& e, Scratch& s);
Value read_bpf_attach_type(const Event& e, Scratch& s);
Value read_bpf_path(const Event& e, Scratch& s);
Value read_bpf_tracepoint(const Event& e, Scratch& s);

/// "r", "w", "rw", or "x" for O_PATH and exec-only opens.
std::string_view access_text(const rec_file& record);
/// IPv4-mapped addresses come out as IPv4. `to` has room for kAddressBytes, and the text lies there.
constexpr std::size_t kAddressBytes = 46;  // INET6_ADDRSTRLEN
std::string_view address_text(const std::uint8_t* bytes, std::uint16_t family, char* to);

// summaries
template <auto Member>
Value read_number(const Event& e, Scratch&) {
    const std::uint64_t number = e.as<rec_summary>().*Member;
    return number ? Value::of_integer(static_cast<std::int64_t>(number)) : Value::absent();
}
template <auto Member>
Value read_summary_list(const Event& e, Scratch&) {
    return Value::of_list(e.text(e.as<rec_summary>().*Member));
}
Value read_summary_of(const Event& e, Scratch& s);
Value read_summary_part(const Event& e, Scratch& s);
Value read_summary_cpu(const Event& e, Scratch& s);
Value read_summary_duration(const Event& e, Scratch& s);
Value read_summary_exit_code(const Event& e, Scratch& s);
Value read_summary_exit_signal(const Event& e, Scratch& s);

}  // namespace whodid
