// SPDX-License-Identifier: Apache-2.0
// EcsEncoder: an event as one JSON line in the Elastic Common Schema, nested.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "event/kinds.h"
#include "sink/ecs_table.h"

namespace whodid {

class EcsEncoder {
public:
    EcsEncoder();

    /// Appends one object without a newline. What ECS has no name for stays below "whodid", and so do the
    /// exact bytes, in base64, of text that is not UTF-8: "whodid.file.path_b64".
    void append(const Event& event, std::string& out);

private:
    using Reader = Value (*)(const Event&, Scratch&);
    /// A member of one kind's line. Numbers are those of the plan's readers.
    struct Member {
        std::string key;
        EcsShape shape = EcsShape::kPlain;
        std::vector<std::size_t> from;     // of a union several
        std::vector<std::size_t> ingress;  // instead, where the other end began; empty: the same
    };
    struct Step {
        enum class What : std::uint8_t { kOpen, kClose, kMember } what;
        std::string key;         // the last part of it
        std::size_t member = 0;  // kMember
    };
    struct Plan {
        std::vector<Reader> readers;
        std::vector<Member> members;
        std::vector<Step> steps;
        std::optional<std::size_t> direction;  // the reader that tells who began
    };
    class Builder;

    Value shaped(EcsShape shape, const Value& value);
    void put(const Member& member, std::string_view key, bool is_ingress, class JsonWriter& out);
    void put_union(const std::vector<std::size_t>& from, bool of_ips, std::string_view key,
                   class JsonWriter& out);

    std::vector<Plan> plans_;    // by kind number
    std::vector<Value> values_;  // of the event at hand, by reader
    std::vector<std::string_view> told_;
    Scratch scratch_;
};

}  // namespace whodid
