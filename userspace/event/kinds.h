// SPDX-License-Identifier: Apache-2.0
// The one table: every kind of event with its fields. JSON keys, columns, filter names and documents are
// loops over it, so they cannot drift apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event/field.h"

namespace whodid {

/// Where a record's slices are: offsets into the fixed struct.
struct Layout {
    std::size_t size = 0;  // of the fixed struct
    std::span<const std::uint16_t> strings, paths;
    /// What the event is about: the rec_path of a thing, the rec_target of a process. Offsets; 0: neither.
    std::uint16_t object = 0, target = 0;
};

struct Kind {
    std::uint16_t id;
    std::string_view name;  // without "whodid."
    std::string_view doc;
    Layout layout;
    std::span<const Field> fields;
    /// The ACT column; capitals for what a person did to get in or up.
    std::string_view (*act)(const Event&);
    /// The WHAT column, raw bytes: escaped by whoever prints it.
    void (*what)(const Event&, std::string&);
    /// Beyond "ok" and an errno name; null for none.
    void (*result)(const Event&, std::string&);
    /// The message's verb: "<who> <verb> <what>". Empty: no message.
    std::string_view verb;
    bool chain = false;     // carries whodid.chain
    bool internal = false;  // feeds events, is none itself
    bool hidden = false;    // trace shows it only when asked
};

std::span<const Kind> kinds();

/// Of what happens to files: its record starts with a rec_file.
constexpr bool is_file(std::uint16_t id) { return id >= REC_FILE_OPEN && id < REC_NETWORK_CONNECT; }

/// What says that events are missing or were tampered with.
constexpr bool is_alarm(std::uint16_t id) { return id >= REC_SENSOR_LOSS && id <= REC_SENSOR_BUDGET; }

/// What stands for many acts of several kinds.
constexpr bool is_summary(std::uint16_t id) { return id == REC_SUMMARY_PROCESS || id == REC_SUMMARY_BUILD; }

/// Null for a number that is not in use.
const Kind* find_kind(std::uint16_t id);
/// By name, with or without "whodid."; null when there is none.
const Kind* find_kind(std::string_view name);

/// Fields of every event, and those of the actor.
std::span<const Field> common_fields();
std::span<const Field> actor_fields();

/// By key or alias, over all kinds; null when there is none.
const Field* find_field(std::string_view name);

/// The field as this kind has it (own fields first, then common ones); null when it has none.
const Field* find_field(const Kind& kind, std::string_view key);

/// Calls f(field) for each field of a kind: common, actor, own.
template <class F>
void for_each_field(const Kind& kind, F f) {
    for (const Field& field : common_fields()) f(field);
    for (const Field& field : actor_fields()) f(field);
    for (const Field& field : kind.fields) f(field);
}

}  // namespace whodid
