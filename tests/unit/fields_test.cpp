// SPDX-License-Identifier: Apache-2.0
// The table as people and programs see it.
#include "app/fields.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "event/kinds.h"

namespace whodid {
namespace {

std::string described(TableFormat format, const std::string& kind = "") {
    const auto page = describe_fields({kind, format});
    EXPECT_TRUE(page);
    return page ? *page : "";
}

TEST(Fields, CommittedPageIsFresh) {
    std::ifstream file("docs/events.md");
    std::stringstream committed;
    committed << file.rdbuf();
    EXPECT_TRUE(committed.str() == described(TableFormat::kMarkdown))
        << "docs/events.md is not what the table says: run `make docs`";
}

// What serves a kind on which kernel is known by trying only; that it was tried shows in its row.
TEST(Fields, TheKernelsPageHasEveryKind) {
    std::ifstream file("docs/kernels.md");
    if (!file) GTEST_SKIP() << "there is no docs/kernels.md: run `make kernels`";
    std::stringstream page;
    page << file.rdbuf();
    for (const Kind& kind : kinds()) {
        const bool from_a_hook = !kind.internal && !is_summary(kind.id) && !kind.name.starts_with("sensor.");
        EXPECT_EQ(page.str().find("\n| `" + std::string(kind.name) + "` |") != std::string::npos, from_a_hook)
            << kind.name << ": docs/kernels.md is older than the table: run `make kernels`";
    }
}

TEST(Fields, TextListsEveryKindAndKey) {
    const std::string page = described(TableFormat::kText);
    for (const Kind& kind : kinds()) {
        EXPECT_EQ(page.find("\n" + std::string(kind.name) + " ") != std::string::npos, !kind.internal)
            << kind.name;
        if (kind.internal) continue;
        for_each_field(kind, [&](const Field& field) {
            EXPECT_NE(page.find("\n" + std::string(field.key) + " "), std::string::npos) << field.key;
        });
    }
    EXPECT_NE(page.find("file.inode                         -         string          file.*"),
              std::string::npos);
}

TEST(Fields, OfOneKind) {
    const std::string page = described(TableFormat::kText, "exec");
    EXPECT_NE(page.find("process.command_args"), std::string::npos);
    EXPECT_EQ(page.find("network.peer.port"), std::string::npos);
    EXPECT_FALSE(describe_fields({"nokind", TableFormat::kText}));
}

TEST(Fields, Json) {
    const auto table = nlohmann::json::parse(described(TableFormat::kJson));
    std::size_t events = 0;
    for (const Kind& kind : kinds()) events += !kind.internal;
    EXPECT_EQ(table["kinds"].size(), events);
    bool found = false;
    for (const auto& field : table["fields"]) {
        EXPECT_FALSE(field["key"].empty());
        EXPECT_FALSE(field["type"].empty());
        EXPECT_FALSE(field["kinds"].empty());
        if (field["key"] != "user.name") continue;
        found = true;
        EXPECT_EQ(field["alias"], "user");
        EXPECT_EQ(field["kinds"].size(), events);
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace whodid
