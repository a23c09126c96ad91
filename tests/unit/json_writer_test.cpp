// SPDX-License-Identifier: Apache-2.0
// JSON strings and nested objects.
#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace whodid {
namespace {

using namespace std::string_literals;

TEST(JsonString, Trap33_EveryByteComesOutValid) {
    struct Case {
        std::string in, out;
        bool clean;
    };
    const Case cases[] = {
        {"", R"("")", true},
        {"vim", R"("vim")", true},
        {"a\"b\\c", R"("a\"b\\c")", true},
        {"\n\r\t", R"("\n\r\t")", true},
        {"\0\x01\x1f"s, "\"\\u0000\\u0001\\u001f\"", true},
        {"\x7f", "\"\\u007f\"", true},
        {"\x1b[2J", "\"\\u001b[2J\"", true},
        {"</script>", R"("</script>")", true},
        {"h\u00e9 \u20ac \U0001F600", "\"h\u00e9 \u20ac \U0001F600\"", true},
        {"\xff", "\"\ufffd\"", false},
        {"a\xc3(", "\"a\ufffd(\"", false},
        {"\xe2\x82", "\"\ufffd\"", false},  // one maximal subpart, one U+FFFD
        {"\xf0\x9f\x98", "\"\ufffd\"", false},
        {"\xc0\xaf", "\"\ufffd\ufffd\"", false},                      // overlong
        {"\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\"", false},            // a surrogate
        {"\xf4\x90\x80\x80", "\"\ufffd\ufffd\ufffd\ufffd\"", false},  // beyond U+10FFFF
        {"\xe2\x82\xe2\x82\xac", "\"\ufffd\u20ac\"", false},
    };
    for (const Case& c : cases) {
        std::string out;
        EXPECT_EQ(append_json_string(out, c.in), c.clean) << c.out;
        EXPECT_EQ(out, c.out);
    }
}

TEST(JsonWriter, ObjectsOpenOnlyWhenNeeded) {
    std::string out;
    JsonWriter json(out);
    json.begin();
    json.open("a");
    json.open("empty");
    json.close();
    json.open("b");
    json.key("x");
    json.integer(-1);
    json.close();
    json.key("y");
    json.boolean(true);
    json.close();
    json.open("nothing");
    json.close();
    json.key("z");
    json.raw("[1]");
    json.end();
    EXPECT_EQ(out, R"({"a":{"b":{"x":-1},"y":true},"z":[1]})");
}

TEST(JsonWriter, Nothing) {
    std::string out;
    JsonWriter json(out);
    json.begin();
    json.open("a");
    json.close();
    json.end();
    EXPECT_EQ(out, "{}");
}

TEST(JsonWriter, MembersRenderedBefore) {
    std::string out;
    JsonWriter json(out);
    json.begin();
    json.members("");
    json.open("o");
    json.members("");
    json.members(R"("a":1,"b":2)");
    json.key("c");
    json.integer(3);
    json.members(R"("d":4)");
    json.close();
    json.members(R"("e":5)");
    json.end();
    EXPECT_EQ(out, R"({"o":{"a":1,"b":2,"c":3,"d":4},"e":5})");
}

TEST(JsonWriter, Numbers) {
    std::string out;
    JsonWriter json(out);
    json.begin();
    json.key("a");
    json.integer(std::numeric_limits<std::int64_t>::min());
    json.key("b");
    json.number(std::numeric_limits<std::uint64_t>::max());
    json.key("c");
    json.real(0.1);
    json.end();
    EXPECT_EQ(out, R"({"a":-9223372036854775808,"b":18446744073709551615,"c":0.1})");
}

}  // namespace
}  // namespace whodid
