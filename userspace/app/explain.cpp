// SPDX-License-Identifier: Apache-2.0
// whodid filter explain.
#include "app/explain.h"

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/say.h"
#include "filter/expression.h"

namespace whodid {

Result<std::string> explain_filter(std::string_view expression) {
    const auto compiled = Expression::compile(expression);
    if (!compiled) return compiled.error();
    return fmt::format(
        "{}\n\n{}\n"
        "Each event comes out of the kernel and is held against this in userspace: this version has no gate "
        "in\n"
        "the kernel. sensor.loss, sensor.blind, sensor.tamper and sensor.budget pass every filter.\n",
        compiled->text(), compiled->tree());
}

int filter_explain(const std::string& expression) {
    const auto page = explain_filter(expression);
    return page ? print_page(*page) : fail_usage(page.error());
}

}  // namespace whodid
