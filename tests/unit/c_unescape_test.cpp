// SPDX-License-Identifier: Apache-2.0
// C-style escapes turned back into bytes.
#include "enrich/c_unescape.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

using namespace std::string_literals;

TEST(CUnescape, Table) {
    const struct {
        std::string text, want;
    } cases[] = {
        {"plain", "plain"},
        {R"(EXAMPLE\\alice)", R"(EXAMPLE\alice)"},
        {R"(J\303\251r\303\264me)", "J\u00e9r\u00f4me"},
        {R"(a\nb\tc\sd)", "a\nb\tc d"},
        {R"(\x41\x7)", "Ax7"},
        {R"(\000)", "\0"s},
        {R"(\377\400)",
         "\xff"
         "400"},
        {R"(say \"hi\" \$HOME)", "say \"hi\" $HOME"},
        {R"(\\n)", R"(\n)"},
        {"\\", "\\"},
        {R"(\01)", "01"},
    };
    for (const auto& c : cases) EXPECT_EQ(c_unescape(c.text), c.want) << c.text;
}

}  // namespace
}  // namespace whodid
