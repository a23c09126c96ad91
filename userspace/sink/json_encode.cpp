// SPDX-License-Identifier: Apache-2.0
// Events as JSON lines.
#include "sink/json_encode.h"

#include <whodid/limits.h>

#include <algorithm>
#include <list>
#include <utility>

#include "base/escape.h"
#include "base/json_writer.h"
#include "sink/json_value.h"

namespace whodid {

namespace {

/// Order of the top-level objects; others stand before "whodid".
int rank(std::string_view key) {
    constexpr std::string_view kOrder[] = {"time", "event", "error",   "message",
                                           "host", "user",  "session", "process"};
    const auto* found = std::ranges::find(kOrder, key);
    if (found != std::end(kOrder)) return static_cast<int>(found - kOrder);
    return key == "whodid" ? 100 : 50;
}

}  // namespace

/// A part of the key tree.
struct JsonEncoder::Node {
    std::string_view key;
    const Field* field = nullptr;  // leaf
    std::list<Node> children;

    bool all_actor() const {
        return field ? field->actor
                     : std::ranges::all_of(children, [](const Node& c) { return c.all_actor(); });
    }
    Node& child(std::string_view name) {
        for (Node& c : children)
            if (c.key == name && !c.field) return c;
        return children.emplace_back(Node{name, nullptr, {}});
    }
};

JsonEncoder::JsonEncoder(JsonShape shape, const std::vector<std::string>& keys)
    : shape_(shape), keys_(keys), plans_(WHODID_KIND_MAX) {
    for (const Kind& kind : kinds()) build(kind);
}

bool JsonEncoder::wanted(const Field& field) const {
    if (keys_.empty()) return true;
    return std::ranges::any_of(keys_, [&](const std::string& k) {
        return k == field.key || (!field.alias.empty() && k == field.alias);
    });
}

void JsonEncoder::build(const Kind& kind) {
    Node root;
    for_each_field(kind, [&](const Field& field) {
        if (!wanted(field)) return;
        std::string_view key = field.key;
        Node* at = &root;
        if (shape_ == JsonShape::kNested) {
            for (std::size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
                at = &at->child(key.substr(0, dot));
                key.remove_prefix(dot + 1);
            }
        }
        at->children.push_back(Node{key, &field, {}});
    });
    root.children.sort([](const Node& a, const Node& b) { return rank(a.key) < rank(b.key); });
    lay_out(root, plans_[kind.id]);
}

/// A member with all below it, as steps.
void JsonEncoder::expand(const Node& node, Plan& plan) {
    if (node.field) {
        plan.push_back({Step::What::kField, node.key, node.field});
        return;
    }
    plan.push_back({Step::What::kOpen, node.key});
    for (const Node& child : node.children) expand(child, plan);
    plan.push_back({Step::What::kClose, node.key});
}

/// Members of the actor that stand together become one run.
void JsonEncoder::lay_out(const Node& node, Plan& plan) {
    Plan run;
    const auto flush = [&] {
        if (!run.empty())
            plan.push_back({Step::What::kActor, {}, nullptr, intern_run(std::exchange(run, {}))});
    };
    for (const Node& child : node.children) {
        if (child.all_actor()) {
            expand(child, run);
            continue;
        }
        flush();
        if (child.field) {
            plan.push_back({Step::What::kField, child.key, child.field});
            continue;
        }
        plan.push_back({Step::What::kOpen, child.key});
        lay_out(child, plan);
        plan.push_back({Step::What::kClose, child.key});
    }
    flush();
}

std::size_t JsonEncoder::intern_run(Plan run) {
    const auto same = [](const Step& a, const Step& b) {
        return a.what == b.what && a.field == b.field && a.key == b.key;
    };
    for (std::size_t i = 0; i < runs_.size(); ++i)
        if (std::ranges::equal(runs_[i], run, same)) return i;
    runs_.push_back(std::move(run));
    return runs_.size() - 1;
}

std::string_view JsonEncoder::fragment(std::size_t index, const Event& event) {
    const Process& p = *event.process;
    if (!p.rendered[index]) {
        std::string& text = p.fragments[index];
        text.clear();
        JsonWriter out(text);
        run_steps(runs_[index], event, out);
        p.rendered[index] = true;
    }
    return p.fragments[index];
}

void JsonEncoder::put_field(const Step& step, const Event& event, JsonWriter& out) {
    const Value value = step.field->read(event, scratch_);
    if (!value.present()) return;
    out.key(step.key);
    if (put_value(out, value)) return;
    // The readable value has U+FFFD; this one has the exact bytes.
    out.key(std::string(step.key) + "_b64");
    put_exact_bytes(out, value);
}

void JsonEncoder::run_steps(const Plan& plan, const Event& event, JsonWriter& out) {
    for (const Step& step : plan) {
        switch (step.what) {
            case Step::What::kOpen:
                out.open(step.key);
                break;
            case Step::What::kClose:
                out.close();
                break;
            case Step::What::kField:
                put_field(step, event, out);
                break;
            case Step::What::kActor:
                if (event.process) out.members(fragment(step.fragment, event));
                break;
        }
    }
}

void JsonEncoder::append(const Event& event, std::string& out) {
    scratch_.reset();
    JsonWriter writer(out);
    writer.begin();
    run_steps(plans_[event.kind->id], event, writer);
    writer.end();
}

}  // namespace whodid
