// SPDX-License-Identifier: Apache-2.0
// JsonEncoder: an event as one JSON line, nested or flat, by the field table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/kinds.h"

namespace whodid {

enum class JsonShape { kNested, kFlat };

class JsonEncoder {
public:
    /// `keys`: only these (dotted, or aliases); empty: all.
    explicit JsonEncoder(JsonShape shape, const std::vector<std::string>& keys = {});

    /// Appends one object without a newline. Allocation-free once its buffers are warm, except for lists of
    /// bytes that are not UTF-8.
    void append(const Event& event, std::string& out);

private:
    /// A step of one kind's line. Actor members that stand together are one step, rendered once per snapshot.
    struct Step {
        enum class What : std::uint8_t { kOpen, kClose, kField, kActor } what;
        std::string_view key;          // kOpen, kField: the last part, or the dotted key when flat
        const Field* field = nullptr;  // kField
        std::size_t fragment = 0;      // kActor: index into Process::fragments and runs_
    };
    using Plan = std::vector<Step>;
    struct Node;

    void build(const Kind& kind);
    static void expand(const Node& node, Plan& plan);
    void lay_out(const Node& node, Plan& plan);
    std::size_t intern_run(Plan run);
    void run_steps(const Plan& plan, const Event& event, class JsonWriter& out);
    void put_field(const Step& step, const Event& event, class JsonWriter& out);
    std::string_view fragment(std::size_t index, const Event& event);
    bool wanted(const Field& field) const;

    JsonShape shape_;
    std::vector<std::string> keys_;
    std::vector<Plan> plans_;  // by kind number
    std::vector<Plan> runs_;   // actor runs, shared between kinds
    Scratch scratch_;
};

}  // namespace whodid
