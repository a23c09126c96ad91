// SPDX-License-Identifier: Apache-2.0
// Field: one key of an event: its name, its type, and how to read it. Every output is a loop over fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/arena.h"
#include "event/event.h"

namespace whodid {

/// What a field's values are. Addresses, kinds and outcomes are text that a filter knows more of.
enum class Type : std::uint8_t {
    kText,
    kInteger,
    kBoolean,
    kReal,  // seconds
    kList,
    kIdentities,
    kAddress,  // IP, but for a unix socket's path
    kKind,
    kOutcome,  // success, failure, unknown
};

/// As documents and JSON have it.
std::string_view type_name(Type type);

/// What a field holds for one event. Text and lists are borrowed: from the record, a snapshot, or the
/// scratch.
struct Value {
    enum class State : std::uint8_t { kAbsent, kText, kInteger, kBoolean, kReal, kList, kJson };
    State state = State::kAbsent;
    union {
        std::int64_t integer = 0;
        bool boolean;
        double real;
    };
    std::string_view text;  // kText; kList: elements, each followed by NUL; kJson: rendered

    bool present() const { return state != State::kAbsent; }

    static Value absent() { return {}; }
    static Value of_text(std::string_view t) {
        Value v;
        if (t.empty()) return v;
        v.state = State::kText;
        v.text = t;
        return v;
    }
    static Value of_integer(std::int64_t i) {
        Value v;
        v.state = State::kInteger;
        v.integer = i;
        return v;
    }
    static Value of_boolean(bool b) {
        Value v;
        v.state = State::kBoolean;
        v.boolean = b;
        return v;
    }
    static Value of_real(double d) {
        Value v;
        v.state = State::kReal;
        v.real = d;
        return v;
    }
    static Value of_list(std::string_view nul_terminated) {
        Value v = of_text(nul_terminated);
        if (v.present()) v.state = State::kList;
        return v;
    }
    static Value of_json(std::string_view rendered) {
        Value v = of_text(rendered);
        if (v.present()) v.state = State::kJson;
        return v;
    }
};

/// Calls f(element) for each string of a NUL-separated block; the last may lack its NUL.
template <class F>
void for_each_string(std::string_view block, F f) {
    while (!block.empty()) {
        const std::size_t n = block.find('\0');
        f(block.substr(0, n));
        if (n == std::string_view::npos) return;
        block.remove_prefix(n + 1);
    }
}

/// Where a reader puts text it has to make up; valid until the next event.
using Scratch = Arena;

struct Field {
    std::string_view key;    // dotted, OpenTelemetry's name where one exists
    std::string_view alias;  // what people type; may be empty
    Type type;
    std::string_view doc;
    Value (*read)(const Event&, Scratch&);
    bool actor = false;  // depends on the process snapshot alone
};

// ---- readers made from member pointers ------------------------------------------------------------------

namespace detail {

template <class T>
struct MemberOf;
template <class C, class M>
struct MemberOf<M C::*> {
    using Class = C;
    using Member = M;
};

template <class T>
const T& follow(const T& object) {
    return object;
}
template <class T, class Step, class... Rest>
const auto& follow(const T& object, Step step, Rest... rest) {
    return follow(object.*step, rest...);
}

inline Value to_value(const Event& e, rec_str slice) { return Value::of_text(e.text(slice)); }
inline Value to_value(const Event& e, rec_path slice) { return Value::of_text(e.text(slice)); }
template <class T>
requires std::is_integral_v<T> Value to_value(const Event&, T number) {
    return Value::of_integer(static_cast<std::int64_t>(number));
}

template <class T>
constexpr Type type_of() {
    return std::is_integral_v<T> ? Type::kInteger : Type::kText;
}

}  // namespace detail

/// A field that is a path of member pointers from the record: field<&rec_exec::argc>(key, alias, doc).
template <auto First, auto... Rest>
constexpr Field field(std::string_view key, std::string_view alias, std::string_view doc) {
    using Record = typename detail::MemberOf<decltype(First)>::Class;
    using Leaf = std::remove_cvref_t<decltype(detail::follow(std::declval<const Record&>(), First, Rest...))>;
    return Field{key, alias, detail::type_of<Leaf>(), doc, [](const Event& e, Scratch&) {
                     return detail::to_value(e, detail::follow(e.as<Record>(), First, Rest...));
                 }};
}

constexpr Field with_type(Type type, Field field) {
    field.type = type;
    return field;
}

/// A decimal number as text, for keys that the conventions declare as strings.
Value decimal(std::uint64_t number, Scratch& scratch);

}  // namespace whodid
