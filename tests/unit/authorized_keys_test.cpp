// SPDX-License-Identifier: Apache-2.0
// Lines of authorized_keys, and which one a fingerprint names.
#include "enrich/authorized_keys.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

// Made by ssh-keygen, the fingerprints as `ssh-keygen -l` prints them.
const std::string kAlice =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFMaJdiSOgft0pniVt82/M+XmG451lH74pkOVacC6BBg alice@mac";
const std::string kBob =
    "ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIAW9Iz0ldusRAJbsS9tsSmbZfB6ztBqKc51d063dF8stFaExEFi"
    "1UT4t2jaj8rKtq7JQowUVTqI0a2vn8Stv9Y= bob laptop";
const std::string kAliceFingerprint = "SHA256:2GhMghoQeMZ/L3VgIbK1mVwZV8HEymOF28LqA9vTYyw";
const std::string kBobFingerprint = "SHA256:9+r9Ndv+lwjHVTLCmB/VGi90Q19hj2GNw/MMiV+J9R4";

TEST(AuthorizedKeys, ALine) {
    const std::string text = kBob + "\r";
    const auto line = parse_authorized_key(text);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->options, "");
    EXPECT_EQ(line->type, "ecdsa-sha2-nistp256");
    EXPECT_EQ(line->comment, "bob laptop");
    EXPECT_EQ(key_fingerprint(line->key), kBobFingerprint);
}

TEST(AuthorizedKeys, OptionsMayHoldBlanksAndQuotes) {
    for (const std::string& options :
         {std::string("restrict"), std::string(R"(command="/bin/echo \"a b\" # c",no-pty)"),
          std::string(R"(from="10.0.0.0/8,*.example",environment="A=ssh-ed25519 AAAA")")}) {
        const std::string text = "  " + options + " \t " + kAlice;
        const auto line = parse_authorized_key(text);
        ASSERT_TRUE(line) << options;
        EXPECT_EQ(line->options, options);
        EXPECT_EQ(line->comment, "alice@mac");
        EXPECT_EQ(key_fingerprint(line->key), kAliceFingerprint);
    }
}

TEST(AuthorizedKeys, ACommentMayBeMissingAndIsCut) {
    const std::string bare = kAlice.substr(0, kAlice.rfind(' '));
    ASSERT_TRUE(parse_authorized_key(bare));
    EXPECT_EQ(parse_authorized_key(bare)->comment, "");
    const std::string long_one = bare + ' ' + std::string(1000, 'x');
    ASSERT_TRUE(parse_authorized_key(long_one));
    EXPECT_EQ(parse_authorized_key(long_one)->comment.size(), kKeyCommentMax);
}

TEST(AuthorizedKeys, NoKey) {
    const std::string key = kAlice.substr(12, 68);
    for (const std::string& text :
         {std::string(), std::string("  "), "# " + kAlice, "#" + kAlice, std::string("ssh-ed25519"),
          std::string("ssh-ed25519 AAAA"), "ssh-rsa " + key, "ssh-ed2551 " + key, "ssh-ed25519 *" + key,
          "command=\"unclosed " + kAlice, std::string("\"")})
        EXPECT_FALSE(parse_authorized_key(text)) << text;
}

TEST(AuthorizedKeys, TheFingerprintNamesTheFirstLineWithItsKey) {
    const std::string again = kAlice.substr(0, kAlice.rfind(' ')) + " mallory";
    const std::string text = "# people\n\nnonsense\n" + kBob + "\nrestrict " + kAlice + "\n" + again;
    ASSERT_TRUE(find_authorized_key(text, kAliceFingerprint));
    EXPECT_EQ(find_authorized_key(text, kAliceFingerprint)->comment, "alice@mac");
    EXPECT_EQ(find_authorized_key(text, kBobFingerprint)->comment, "bob laptop");
    EXPECT_FALSE(find_authorized_key(text, "SHA256:"));
    EXPECT_FALSE(find_authorized_key(text, ""));
}

}  // namespace
}  // namespace whodid
