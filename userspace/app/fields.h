// SPDX-License-Identifier: Apache-2.0
// whodid fields: the table of kinds and fields, for people and programs.
#pragma once

#include <string>

#include "base/result.h"

namespace whodid {

enum class TableFormat { kText, kJson, kMarkdown };

struct FieldsOptions {
    std::string kind;  // as for trace; empty: all
    TableFormat format = TableFormat::kText;
};

int fields(const FieldsOptions& options);

/// What `fields` prints. docs/events.md is this, in Markdown, for all kinds (tools/gen-docs).
Result<std::string> describe_fields(const FieldsOptions& options);

}  // namespace whodid
