// SPDX-License-Identifier: Apache-2.0
// EcsRow: what the Elastic Common Schema (ECS 9.4) calls a field of ours, or what it has that we put
// together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event/field.h"

namespace whodid {

/// How a value is written.
enum class EcsShape : std::uint8_t {
    kPlain,        // as it is
    kKeyword,      // a number as text
    kNanoseconds,  // of seconds
    kIp,           // if it is an IP address
    kBaseName,     // of a path
    kDirectory,    // of a path
    kUnion,        // each value once, of several fields
    kIpUnion,      // the same of IP addresses
    kExact,        // of text that is not UTF-8 its bytes, in base64
};

struct EcsRow {
    std::string_view key;
    EcsShape shape;
    /// Our key, or one of ecs_computed(); several of a union, with a '|' between them.
    std::string_view from;
    /// What it is instead where the other end began: its source is our peer.
    std::string_view from_if_ingress = {};
    /// The field is not told again below "whodid".
    bool moves = true;
};

std::span<const EcsRow> ecs_rows();

/// What no field of ours says.
struct EcsComputed {
    std::string_view name;  // "=..."
    Value (*read)(const Event&, Scratch&);
};
std::span<const EcsComputed> ecs_computed();

/// Where a key of ours lies that ECS has no name for; always below "whodid".
std::string own_key_in_ecs(std::string_view key);

}  // namespace whodid
