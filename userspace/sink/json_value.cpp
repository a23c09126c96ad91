// SPDX-License-Identifier: Apache-2.0
// Values as JSON.
#include "sink/json_value.h"

#include <utility>

#include "base/escape.h"

namespace whodid {

namespace {

template <class F>
void put_list(JsonWriter& out, std::string_view block, F put_one) {
    out.raw("[");
    bool first = true;
    for_each_string(block, [&](std::string_view element) {
        if (!std::exchange(first, false)) out.raw(",");
        put_one(element);
    });
    out.raw("]");
}

}  // namespace

bool put_value(JsonWriter& out, const Value& value) {
    bool clean = true;
    switch (value.state) {
        case Value::State::kText:
            clean = out.text(value.text);
            break;
        case Value::State::kInteger:
            out.integer(value.integer);
            break;
        case Value::State::kBoolean:
            out.boolean(value.boolean);
            break;
        case Value::State::kReal:
            out.real(value.real);
            break;
        case Value::State::kJson:
            out.raw(value.text);
            break;
        case Value::State::kList:
            put_list(out, value.text, [&](std::string_view element) { clean &= out.text(element); });
            break;
        case Value::State::kAbsent:
            break;
    }
    return clean;
}

void put_exact_bytes(JsonWriter& out, const Value& value) {
    if (value.state == Value::State::kList)
        put_list(out, value.text, [&](std::string_view element) { out.text(base64(element)); });
    else
        out.text(base64(value.text));
}

}  // namespace whodid
