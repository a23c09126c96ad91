// SPDX-License-Identifier: Apache-2.0
// The table of kinds and fields.
#include "app/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "app/exit_code.h"
#include "app/say.h"
#include "base/json_writer.h"
#include "event/kinds.h"
#include "filter/filter.h"

namespace whodid {

namespace {

using KindList = std::vector<const Kind*>;

/// A key with one meaning, and the kinds that have it so.
struct Row {
    const Field* field;
    KindList kinds;
};

/// Rows in the table's order; a key that means something else on another kind has a row for each.
std::vector<Row> rows_of(const KindList& kinds) {
    std::vector<Row> rows;
    for (const Kind* kind : kinds)
        for_each_field(*kind, [&](const Field& field) {
            const auto same = [&](const Row& row) {
                return row.field->key == field.key && row.field->doc == field.doc;
            };
            auto found = std::ranges::find_if(rows, same);
            if (found == rows.end()) found = rows.insert(rows.end(), {&field, {}});
            found->kinds.push_back(kind);
        });
    return rows;
}

/// "file.*" where a group is complete, else its members.
std::string names_of(const KindList& some, const KindList& all) {
    if (some.size() == all.size()) return "all";
    std::string out;
    const auto group = [](const Kind* k) { return k->name.substr(0, k->name.find('.')); };
    for (std::size_t i = 0; i < some.size();) {
        const auto in_group = [&](const Kind* k) { return group(k) == group(some[i]); };
        const auto has = std::ranges::count_if(some, in_group), of = std::ranges::count_if(all, in_group);
        if (!out.empty()) out += ", ";
        if (has == of && has > 1) {
            out += std::string(group(some[i])) + ".*";
            i += static_cast<std::size_t>(has);
        } else {
            out += some[i++]->name;
        }
    }
    return out;
}

// ---- text -------------------------------------------------------------------------------------------------

void append_line(std::string& out, std::string_view key, std::string_view alias, std::string_view type,
                 std::string_view kinds, std::string_view doc) {
    fmt::format_to(std::back_inserter(out), "{:<34} {:<9} {:<15} {:<29} {}\n", key, alias, type, kinds, doc);
}

std::string text(const KindList& kinds) {
    std::string out = fmt::format("{:<34} {}\n", "KIND", "WHAT HAPPENED");
    for (const Kind* kind : kinds) out += fmt::format("{:<34} {}\n", kind->name, kind->doc);
    out += '\n';
    append_line(out, "FIELD", "ALIAS", "TYPE", "KINDS", "MEANING");
    for (const Row& row : rows_of(kinds))
        append_line(out, row.field->key, row.field->alias.empty() ? "-" : row.field->alias,
                    type_name(row.field->type), names_of(row.kinds, kinds), row.field->doc);
    return out;
}

// ---- JSON -------------------------------------------------------------------------------------------------

void put_text(JsonWriter& out, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out.key(key);
    out.text(value);
}

template <class List, class Put>
void put_list(JsonWriter& out, std::string_view key, const List& list, Put put) {
    out.key(key);
    out.raw("[");
    bool first = true;
    for (const auto& item : list) {
        if (!first) out.raw(",");
        first = false;
        put(item);
    }
    out.raw("]");
}

std::string json(const KindList& kinds) {
    std::string line;
    JsonWriter out(line);
    out.begin();
    put_list(out, "kinds", kinds, [&](const Kind* kind) {
        out.begin();
        put_text(out, "name", kind->name);
        put_text(out, "event", "whodid." + std::string(kind->name));
        put_text(out, "doc", kind->doc);
        out.end();
    });
    put_list(out, "fields", rows_of(kinds), [&](const Row& row) {
        out.begin();
        put_text(out, "key", row.field->key);
        put_text(out, "alias", row.field->alias);
        put_text(out, "type", type_name(row.field->type));
        put_text(out, "doc", row.field->doc);
        put_list(out, "kinds", row.kinds, [&](const Kind* kind) { out.text(kind->name); });
        out.end();
    });
    out.end();
    return line + "\n";
}

// ---- Markdown ---------------------------------------------------------------------------------------------

void append_table(std::string& out, std::span<const Field> fields) {
    out += "| key | alias | type | meaning |\n|---|---|---|---|\n";
    for (const Field& field : fields)
        out += fmt::format("| `{}` | {} | {} | {} |\n", field.key,
                           field.alias.empty() ? "" : fmt::format("`{}`", field.alias), type_name(field.type),
                           field.doc);
    out += '\n';
}

constexpr std::string_view kIntroduction =
    "# Events\n\n"
    "What whodid writes, kind by kind. This page is generated from the program's own table "
    "(`userspace/event/kinds.cpp`)\nby `make docs`; `whodid fields` prints the same.\n\n"
    "`-o json` nests the keys below as objects, `-o flat` writes them with their dots. A key that has no "
    "value "
    "is\nabsent: never null, never 0, never \"\". Keys never change their meaning; new ones may appear. A "
    "text "
    "whose bytes\nare not UTF-8 has U+FFFD in their place, and `<key>_b64` beside it carries the exact bytes "
    "in "
    "base64.\n\n"
    "An alias is what `--fields` takes instead of the key. Names are those of the OpenTelemetry semantic "
    "conventions\nwhere there is one, `whodid.*` where there is none.\n\n";

std::string markdown(const KindList& kinds) {
    std::string out(kIntroduction);
    out += "## Kinds\n\n| kind | what happened |\n|---|---|\n";
    for (const Kind* kind : kinds)
        out += fmt::format(
            "| [`{0}`](#{1}) | {2} |\n", kind->name,
            [&] {
                std::string anchor(kind->name);
                std::erase(anchor, '.');
                return anchor;
            }(),
            kind->doc);
    out += "\n`event.name` is `whodid.` and the kind.\n\n## On every event\n\n";
    append_table(out, common_fields());
    out += "## Who: on every event that a process caused\n\n";
    append_table(out, actor_fields());
    for (const Kind* kind : kinds) {
        out += fmt::format("## {}\n\n{}.\n\n", kind->name, kind->doc);
        if (!kind->fields.empty()) append_table(out, kind->fields);
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
}

}  // namespace

Result<std::string> describe_fields(const FieldsOptions& options) {
    KindList chosen;
    for (const Kind& kind : kinds())
        if (!kind.internal) chosen.push_back(&kind);
    if (!options.kind.empty()) {
        auto found = resolve_kind(options.kind);
        if (!found) return found.error();
        chosen = std::move(*found);
    }
    switch (options.format) {
        case TableFormat::kText:
            return text(chosen);
        case TableFormat::kJson:
            return json(chosen);
        case TableFormat::kMarkdown:
            return markdown(chosen);
    }
    return std::string();
}

int fields(const FieldsOptions& options) {
    const auto page = describe_fields(options);
    if (!page) return fail_usage(page.error());
    return print_page(*page);
}

}  // namespace whodid
