// SPDX-License-Identifier: Apache-2.0
// The first question of DNS queries.
#include "enrich/dns_question.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

using namespace std::string_literals;

// Header of a query with recursion desired, then `rest`.
std::string query(const std::string& rest, std::uint8_t flags = 0x01, std::uint8_t questions = 1) {
    std::string message = "\x12\x34"s;
    message += static_cast<char>(flags);
    message += "\0\0"s;
    message += static_cast<char>(questions);
    return message + "\0\0\0\0\0\0"s + rest;
}

std::optional<DnsQuestion> parse(const std::string& message) {
    return parse_dns_question({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
}

TEST(DnsQuestion, Queries) {
    const struct {
        std::string rest;
        const char *name, *type;
    } cases[] = {
        {"\7example\3com\0\0\1\0\1"s, "example.com", "A"},
        {"\7example\3com\0\0\x1c\0\1"s, "example.com", "AAAA"},
        {"\7eXaMpLe\3CoM\0\0\x41\0\1"s, "eXaMpLe.CoM", "HTTPS"},
        {"\0\0\2\0\1"s, ".", "NS"},
        {"\4_ldap\4_tcp\0\0\x21\0\1"s.replace(0, 1, "\5"), "_ldap._tcp", "SRV"},
        {"\1x\0\x12\x67\0\1"s, "x", "TYPE4711"},
        {"\1x\0\0\xff\0\1"s, "x", "ANY"},
        {"\1x\0\0\1\0\1 and then an OPT record"s, "x", "A"},
    };
    for (const auto& c : cases) {
        const auto question = parse(query(c.rest));
        ASSERT_TRUE(question) << c.name;
        EXPECT_EQ(question->name, c.name);
        EXPECT_EQ(question->type_name, c.type);
    }
}

TEST(DnsQuestion, Trap33_NamesAreEscapedAndUnambiguous) {
    const struct {
        std::string rest;
        const char* name;
    } cases[] = {
        {"\3a.b\3com\0\0\1\0\1"s, R"(a\046b.com)"}, {"\3a\\b\0\0\1\0\1"s, R"(a\092b)"},
        {"\3a b\0\0\1\0\1"s, R"(a\032b)"},          {"\4\x1b[2J\0\0\1\0\1"s, R"(\027[2J)"},
        {"\2\0\xff\0\0\1\0\1"s, R"(\000\255)"},
    };
    for (const auto& c : cases) {
        const auto question = parse(query(c.rest));
        ASSERT_TRUE(question) << c.name;
        EXPECT_EQ(question->name, c.name);
    }
}

TEST(DnsQuestion, Rejects) {
    const std::string good = "\1x\0\0\1\0\1"s;
    EXPECT_TRUE(parse(query(good)));
    EXPECT_FALSE(parse(query(good, 0x81))) << "an answer";
    EXPECT_FALSE(parse(query(good, 0x29))) << "an update";
    EXPECT_FALSE(parse(query(good, 0x01, 0))) << "no question";
    EXPECT_FALSE(parse(query("\xc0\x0c\0\1\0\1"s))) << "a pointer to itself";
    EXPECT_FALSE(parse(query("\1x\xc0\x0c\0\1\0\1"s))) << "a pointer behind a label";
    EXPECT_FALSE(
        parse(query("\x41"
                    "x\0\0\1\0\1"s)))
        << "label type 01";
    const std::string message = query("\7example\3com\0\0\1\0\1"s);
    for (std::size_t size = 0; size < message.size(); size++)
        EXPECT_FALSE(parse(message.substr(0, size))) << size;
}

TEST(DnsQuestion, LongestName) {
    const std::string label = "\x3f" + std::string(63, 'a');
    const std::string tail = "\0\0\1\0\1"s;
    const auto longest = parse(query(label + label + label + "\x3d" + std::string(61, 'a') + tail));
    ASSERT_TRUE(longest);
    EXPECT_EQ(longest->name.size(), 253u);
    EXPECT_FALSE(parse(query(label + label + label + "\x3e" + std::string(62, 'a') + tail)));
    EXPECT_FALSE(parse(query(label + label + label + label + label + tail)));
}

}  // namespace
}  // namespace whodid
