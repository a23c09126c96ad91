// SPDX-License-Identifier: Apache-2.0
// Events as ECS lines: a plan for each kind, made of the field table and the mapping.
#include "sink/ecs_encode.h"

#include <whodid/limits.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/escape.h"
#include "base/ip_address.h"
#include "base/json_writer.h"
#include "sink/json_value.h"

namespace whodid {

namespace {

/// Calls f(part) for each part of a text that `separator` divides.
template <class F>
void for_each_part(std::string_view text, char separator, F f) {
    for (std::size_t end = text.find(separator); end != text.npos; end = text.find(separator)) {
        f(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    f(text);
}

std::vector<std::string> parts_of(std::string_view key) {
    std::vector<std::string> parts;
    for_each_part(key, '.', [&](std::string_view part) { parts.emplace_back(part); });
    return parts;
}

bool may_hold_bytes(Type type) {
    return type == Type::kText || type == Type::kList || type == Type::kAddress;
}

/// Of "/etc/passwd" "/etc", of "/" and of "passwd" nothing.
std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || path.size() == 1) return {};
    return path.substr(0, std::max<std::size_t>(slash, 1));
}

bool is_sound(const Value& value) {
    const bool has_text = value.state == Value::State::kText || value.state == Value::State::kList;
    return !has_text || valid_utf8(value.text);
}

}  // namespace

/// Makes the plan of one kind.
class EcsEncoder::Builder {
public:
    explicit Builder(const Kind& kind) {
        for_each_field(kind, [&](const Field& field) { add_source(field.key, field.read); });
        for (const EcsComputed& computed : ecs_computed()) add_source(computed.name, computed.read);
        for (const EcsRow& row : ecs_rows()) add_row(row);
        for_each_field(kind, [&](const Field& field) { add_own(field); });
        std::ranges::sort(plan_.members, {}, &Member::key);
        add_steps();
        const auto direction = sources("whodid.network.direction");
        if (!direction.empty()) plan_.direction = direction.front();
    }
    Plan take() { return std::move(plan_); }

private:
    void add_source(std::string_view name, Reader read) {
        names_.push_back(name);
        plan_.readers.push_back(read);
    }

    /// Those of the names that this kind has.
    std::vector<std::size_t> sources(std::string_view names) const {
        std::vector<std::size_t> found;
        for_each_part(names, '|', [&](std::string_view name) {
            const auto at = std::ranges::find(names_, name);
            if (at != names_.end()) found.push_back(static_cast<std::size_t>(at - names_.begin()));
        });
        return found;
    }

    void add_row(const EcsRow& row) {
        Member member{std::string(row.key), row.shape, sources(row.from), {}};
        if (member.from.empty()) return;
        if (!row.from_if_ingress.empty()) member.ingress = sources(row.from_if_ingress);
        plan_.members.push_back(std::move(member));
        if (row.moves) moved_.insert(row.from);
    }

    void add_own(const Field& field) {
        const std::string key = own_key_in_ecs(field.key);
        const std::vector<std::size_t> source = sources(field.key);
        if (!moved_.contains(field.key)) plan_.members.push_back({key, EcsShape::kPlain, source, {}});
        if (may_hold_bytes(field.type)) plan_.members.push_back({key + "_b64", EcsShape::kExact, source, {}});
    }

    /// Sorted keys, as objects that open and close between them.
    void add_steps() {
        std::vector<std::string> open;
        for (std::size_t i = 0; i < plan_.members.size(); ++i) {
            std::vector<std::string> path = parts_of(plan_.members[i].key);
            const std::string leaf = path.back();
            path.pop_back();
            const auto common =
                static_cast<std::size_t>(std::ranges::mismatch(open, path).in1 - open.begin());
            for (; open.size() > common; open.pop_back())
                plan_.steps.push_back({Step::What::kClose, open.back()});
            for (std::size_t at = common; at < path.size(); ++at) {
                plan_.steps.push_back({Step::What::kOpen, path[at]});
                open.push_back(path[at]);
            }
            plan_.steps.push_back({Step::What::kMember, leaf, i});
        }
        for (; !open.empty(); open.pop_back()) plan_.steps.push_back({Step::What::kClose, open.back()});
    }

    Plan plan_;
    std::vector<std::string_view> names_;  // of the readers
    std::set<std::string_view> moved_;
};

EcsEncoder::EcsEncoder() : plans_(WHODID_KIND_MAX) {
    for (const Kind& kind : kinds()) plans_[kind.id] = Builder(kind).take();
}

void EcsEncoder::put_union(const std::vector<std::size_t>& from, bool of_ips, std::string_view key,
                           JsonWriter& out) {
    told_.clear();
    for (const std::size_t source : from) {
        const Value& value = values_[source];
        if (value.state != Value::State::kText || std::ranges::count(told_, value.text) != 0) continue;
        if (!of_ips || parse_ip(value.text)) told_.push_back(value.text);
    }
    if (told_.empty()) return;
    out.key(key);
    for (std::size_t i = 0; i < told_.size(); ++i) {
        out.raw(i == 0 ? "[" : ",");
        out.text(told_[i]);
    }
    out.raw("]");
}

Value EcsEncoder::shaped(EcsShape shape, const Value& value) {
    switch (shape) {
        case EcsShape::kKeyword:
            return value.state == Value::State::kInteger
                       ? decimal(static_cast<std::uint64_t>(value.integer), scratch_)
                       : value;
        case EcsShape::kNanoseconds:
            return value.present() ? Value::of_integer(std::llround(value.real * 1e9)) : value;
        case EcsShape::kIp:
            return parse_ip(value.text) ? value : Value::absent();
        case EcsShape::kBaseName:
            return Value::of_text(value.text.substr(value.text.rfind('/') + 1));
        case EcsShape::kDirectory:
            return Value::of_text(parent_of(value.text));
        case EcsShape::kExact:
            return is_sound(value) ? Value::absent() : value;
        case EcsShape::kPlain:
        case EcsShape::kUnion:
        case EcsShape::kIpUnion:
            break;
    }
    return value;
}

void EcsEncoder::put(const Member& member, std::string_view key, bool is_ingress, JsonWriter& out) {
    if (member.shape == EcsShape::kUnion || member.shape == EcsShape::kIpUnion) {
        put_union(member.from, member.shape == EcsShape::kIpUnion, key, out);
        return;
    }
    const auto& from = is_ingress && !member.ingress.empty() ? member.ingress : member.from;
    const Value value = shaped(member.shape, values_[from.front()]);
    if (!value.present()) return;
    out.key(key);
    if (member.shape == EcsShape::kExact)
        put_exact_bytes(out, value);
    else
        (void)put_value(out, value);
}

void EcsEncoder::append(const Event& event, std::string& out) {
    scratch_.reset();
    const Plan& plan = plans_[event.kind->id];
    values_.clear();
    for (const Reader read : plan.readers) values_.push_back(read(event, scratch_));
    // Who waits for connections has no direction: what it has is the receiving end.
    const bool is_ingress = plan.direction && values_[*plan.direction].text != "egress";
    JsonWriter writer(out);
    writer.begin();
    for (const Step& step : plan.steps) {
        switch (step.what) {
            case Step::What::kOpen:
                writer.open(step.key);
                break;
            case Step::What::kClose:
                writer.close();
                break;
            case Step::What::kMember:
                put(plan.members[step.member], step.key, is_ingress, writer);
                break;
        }
    }
    writer.end();
}

}  // namespace whodid
