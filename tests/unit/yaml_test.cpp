// SPDX-License-Identifier: Apache-2.0
// YAML as a tree with places.
#include "app/yaml.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

YamlNode read(std::string_view text) {
    auto root = parse_yaml(text, "f.yaml");
    EXPECT_TRUE(root) << (root ? "" : root.error().message);
    return root ? *root : YamlNode{};
}

std::string fault_of(std::string_view text) {
    const auto root = parse_yaml(text, "f.yaml");
    return root ? "none" : root.error().message;
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
}

/// Sorts, texts and places: "{a: x@1:4, b: [y@2:5]@2:4}@1:1".
std::string shown(const YamlNode& node) {
    const std::string place = "@" + std::to_string(node.at.line) + ":" + std::to_string(node.at.column);
    if (node.sort == YamlNode::Sort::kNull) return "null" + place;
    if (node.sort == YamlNode::Sort::kText) return node.text + place;
    std::string inside;
    for (const YamlNode& item : node.items) {
        inside += inside.empty() ? "" : ", ";
        if (node.sort == YamlNode::Sort::kMap) inside += item.key + ": ";
        inside += shown(item);
    }
    return node.sort == YamlNode::Sort::kMap ? "{" + inside + "}" + place : "[" + inside + "]" + place;
}

TEST(Yaml, EveryNodeKnowsItsPlace) {
    EXPECT_EQ(shown(read("a: x\nb:\n  - y\n  - {c: 'z z'}\n")),
              "{a: x@1:4, b: [y@3:5, {c: z z@4:9}@4:5]@3:3}@1:1");
    const YamlNode root = read("# note\n  key: value\n");
    ASSERT_EQ(root.items.size(), 1u);
    EXPECT_EQ(root.items[0].key_at.line, 2u);
    EXPECT_EQ(root.items[0].key_at.column, 3u);
}

TEST(Yaml, ScalarsAreTextAsTheyStand) {
    EXPECT_EQ(shown(read("a: true\nb: 0x10\nc: \"t\\tx\"\nd: |\n  two\n  lines\n")),
              "{a: true@1:4, b: 0x10@2:4, c: t\tx@3:4, d: two\nlines\n@4:4}@1:1");
}

TEST(Yaml, NothingIsNull) {
    EXPECT_EQ(read("").sort, YamlNode::Sort::kNull);
    EXPECT_EQ(read("# only a note\n").sort, YamlNode::Sort::kNull);
    EXPECT_EQ(read("---\n...\n").sort, YamlNode::Sort::kNull);
    const YamlNode root = read("a:\nb: ~\n");
    ASSERT_EQ(root.items.size(), 2u);
    EXPECT_EQ(root.items[0].sort, YamlNode::Sort::kNull);
    EXPECT_EQ(root.items[1].sort, YamlNode::Sort::kNull);
}

TEST(Yaml, WhatTheParserSaysHasItsPlace) {
    EXPECT_EQ(fault_of("a: [1, 2\n"), "f.yaml:2:1: no YAML: end of sequence flow not found");
    EXPECT_EQ(fault_of("a: b: c\n"), "f.yaml:1:5: no YAML: illegal map value");
    EXPECT_EQ(fault_of("a: 'x\n"), "f.yaml:2:1: no YAML: a quote before this is not closed");
    EXPECT_EQ(fault_of("a: \"\\q\"\n"), "f.yaml:1:7: no YAML: unknown escape character: q");
    EXPECT_EQ(fault_of("a:\n\t- x\n").substr(0, 9), "f.yaml:2:");
}

TEST(Yaml, AKeyGivenTwiceIsRefused) {
    EXPECT_EQ(fault_of("a: 1\nb: {c: 1, c: 2}\n"), "f.yaml:2:11: 'c' is given twice: leave one of them");
    EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: 'a' is given twice: leave one of them");
    EXPECT_EQ(shown(read("a: {x: 1}\nb: {x: 1}\n")), "{a: {x: 1@1:8}@1:4, b: {x: 1@2:8}@2:4}@1:1");
}

TEST(Yaml, KeysAreText) {
    EXPECT_EQ(fault_of("? [a]\n: x\n"), "f.yaml:1:3: a key has to be text");
    EXPECT_EQ(fault_of("? {a: b}\n: x\n"), "f.yaml:1:3: a key has to be text");
    EXPECT_EQ(fault_of(": x\n").substr(0, 9), "f.yaml:1:");
}

// The billion laughs, CVE-2003-1564's kin: nine lines that become gigabytes.
TEST(Yaml, AnchorsAndAliasesAreRefused) {
    EXPECT_EQ(fault_of("a: &x [lol]\nb: [*x, *x]\n"),
              "f.yaml:1:4: anchors (&) and aliases (*) are not taken: write it out");
    EXPECT_EQ(fault_of("a: &x lol\n"), "f.yaml:1:4: anchors (&) and aliases (*) are not taken: write it out");
    EXPECT_EQ(fault_of("a: *x\n").substr(0, 9), "f.yaml:1:");
}

TEST(Yaml, TagsAreRefused) {
    EXPECT_EQ(fault_of("a: !!binary xx\n"),
              "f.yaml:1:4: tags (!) are not taken; text with a ! in front needs quotes");
    EXPECT_EQ(fault_of("a: !x {b: c}\n"),
              "f.yaml:1:4: tags (!) are not taken; text with a ! in front needs quotes");
    EXPECT_EQ(read("a: '!x'\n").items.at(0).text, "!x");
}

TEST(Yaml, OneDocument) {
    EXPECT_EQ(fault_of("a: 1\n---\nb: 2\n"), "f.yaml:2:1: a second document: one file is one document");
}

TEST(Yaml, DepthIsBounded) {
    const auto nested = [](std::size_t levels) { return repeated("[", levels) + repeated("]", levels); };
    EXPECT_EQ(fault_of(nested(kYamlDepthMax)), "none");
    EXPECT_EQ(fault_of(nested(kYamlDepthMax + 1)), "f.yaml:1:33: nested deeper than 32 levels");
    EXPECT_EQ(fault_of(nested(2000)), "f.yaml:1:33: nested deeper than 32 levels");
    EXPECT_EQ(fault_of(repeated("{a: ", 1000) + repeated("}", 1000)),
              "f.yaml:1:129: nested deeper than 32 levels");
    EXPECT_EQ(fault_of(repeated("- ", 1000) + "a"), "f.yaml:1:65: nested deeper than 32 levels");
    EXPECT_NE(fault_of(repeated("[", 2000)), "none");
    EXPECT_NE(fault_of(repeated("{a: ", 2000)), "none");
}

TEST(Yaml, SizeIsBounded) {
    EXPECT_EQ(fault_of(std::string(kYamlBytesMax + 1, '#')),
              "f.yaml:1:1: more than 1048576 bytes: no configuration");
    const std::string many = "[" + repeated("a,", kYamlNodesMax + 1) + "]";
    EXPECT_NE(fault_of(many).find("more than 16384 values"), std::string::npos);
}

TEST(Yaml, BytesThatAreNoTextAreRefused) {
    EXPECT_EQ(fault_of("a: b\nc: \xff\n"), "f.yaml:2:1: this line is not UTF-8");
    EXPECT_EQ(fault_of(std::string_view("a: b\n\0", 6)), "f.yaml:2:1: a control character (0x00)");
    EXPECT_EQ(fault_of("a: \x1b[31m\n"), "f.yaml:1:4: a control character (0x1b)");
    EXPECT_EQ(read("a: gr\xc3\xbc\xc3\x9f"
                   "e\r\n")
                  .items.at(0)
                  .text,
              "gr\xc3\xbc\xc3\x9f"
              "e");
}

TEST(Yaml, TheNameIsEscaped) {
    const auto root = parse_yaml("[", "x\x1b[31m.yaml");
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().message.substr(0, 16), "x\\x1b[31m.yaml:1");
}

TEST(Yaml, WrittenTextReadsAsItself) {
    for (const std::string_view text : {"",
                                        "a",
                                        "none",
                                        "~",
                                        "null",
                                        "true",
                                        "-",
                                        "- x",
                                        "a: b",
                                        "a #b",
                                        "#",
                                        "'",
                                        "\"",
                                        "\\",
                                        "a\nb\tc",
                                        "[x]",
                                        "{x}",
                                        "http://127.0.0.1:4318/v1",
                                        "2%",
                                        "%x",
                                        "@x",
                                        "`x",
                                        "!x",
                                        "&x",
                                        "*x",
                                        "x:",
                                        "user == \"bob\"",
                                        "gr\xc3\xbc\xc3\x9f",
                                        "\xe2\x80\xae",
                                        " x ",
                                        "5MB/day",
                                        "a,b",
                                        "?",
                                        "=",
                                        "..",
                                        "---",
                                        "...",
                                        "1.5s"}) {
        const std::string page = "a: " + yaml_text(text) + "\nb: [" + yaml_text(text) + ", x]\n";
        const YamlNode root = read(page);
        ASSERT_EQ(root.items.size(), 2u) << page;
        EXPECT_EQ(root.items[0].sort, YamlNode::Sort::kText) << page;
        EXPECT_EQ(root.items[0].text, text) << page;
        ASSERT_EQ(root.items[1].items.size(), 2u) << page;
        EXPECT_EQ(root.items[1].items[0].text, text) << page;
    }
    EXPECT_EQ(yaml_text("/var/log/whodid/"), "/var/log/whodid/");
    EXPECT_EQ(yaml_text("\xe2\x80\xae\x1b"), "\"\\u202e\\x1b\"");
}

}  // namespace
}  // namespace whodid
