// SPDX-License-Identifier: Apache-2.0
// whodid filter explain.
#include "app/explain.h"

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/say.h"
#include "filter/expression.h"
#include "filter/gate.h"

namespace whodid {

Result<std::string> explain_filter(std::string_view expression) {
    const auto compiled = Expression::compile(expression);
    if (!compiled) return compiled.error();
    Demand demand;
    demand.filters = {&*compiled};
    return fmt::format(
        "{}\n\n{}\n"
        "What the kernel can tell it leaves out, where no more is needed to know that nobody wants it:\n{}\n"
        "All else comes out and is held against the whole expression in userspace. Denied acts always come\n"
        "out, and what sessions are told by; sensor.loss, sensor.blind, sensor.tamper and sensor.budget "
        "pass\n"
        "every filter.\n",
        compiled->text(), compiled->tree(), describe(make_gate(demand)));
}

int filter_explain(const std::string& expression) {
    const auto page = explain_filter(expression);
    return page ? print_page(*page) : fail_usage(page.error());
}

}  // namespace whodid
