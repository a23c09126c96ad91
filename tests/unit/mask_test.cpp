// SPDX-License-Identifier: Apache-2.0
// Masking: a corpus of command lines with misses and over-masking counted, and the properties it must keep.
#include "enrich/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "enrich/mask_rules.h"

namespace whodid {
namespace {

using Args = std::vector<std::string>;

// ---- the corpus ---------------------------------------------------------------------------------------

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// The byte after a backslash at `line[at]`; moves `at` behind it.
char unescape(std::string_view line, std::size_t& at) {
    char c = at < line.size() ? line[at++] : '\\';
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    if (c != 'x' || at + 2 > line.size()) return c;
    at += 2;
    return static_cast<char>(hex_digit(line[at - 2]) * 16 + hex_digit(line[at - 1]));
}

// The quoting of command_lines.tsv, described at its top.
Args read_words(std::string_view line) {
    Args words(1);
    for (std::size_t at = 0; at < line.size();) {
        char c = line[at++];
        if (c == ' ') {
            words.emplace_back();
        } else if (c == '\\') {
            words.back() += unescape(line, at);
        } else if (c == '\'' || c == '"') {
            std::size_t end = std::min(line.find(c, at), line.size());
            words.back() += line.substr(at, end - at);
            at = end + 1;
        } else {
            words.back() += c;
        }
    }
    return words;
}

struct Case {
    std::string expected, original;
};

std::string source_directory() {
    const std::string file = __FILE__;
    return file.substr(0, file.rfind("tests/unit/"));
}

std::vector<Case> read_corpus() {
    std::vector<Case> cases;
    std::ifstream file(source_directory() + "tests/data/command_lines.tsv");
    for (std::string line; std::getline(file, line);) {
        std::size_t tab = line.find('\t');
        if (!line.starts_with("#") && tab != line.npos)
            cases.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    EXPECT_FALSE(cases.empty()) << "no corpus: " << source_directory() << "tests/data/command_lines.tsv";
    return cases;
}

std::string join(const Args& words) {
    std::string all;
    for (const std::string& word : words) all += "[" + word + "] ";
    return all;
}

std::size_t stars(const Args& words) {
    std::size_t count = 0;
    for (const std::string& word : words)
        for (std::size_t at = 0; (at = word.find("****", at)) != word.npos; at += 4) ++count;
    return count;
}

// A wrong line misses a secret if it has fewer masks than expected or keeps bytes that should be masked.
bool misses(const Args& got, const Args& expected) {
    if (stars(got) < stars(expected)) return true;
    std::size_t got_bytes = join(got).size() - 4 * stars(got),
                kept = join(expected).size() - 4 * stars(expected);
    return got_bytes > kept;
}

TEST(MaskCorpus, HasNoMissesAndNoOverMasking) {
    std::vector<Case> cases = read_corpus();
    ASSERT_GE(cases.size(), 320u);
    int missed = 0, over = 0, secret = 0;
    for (const Case& c : cases) {
        Args expected = read_words(c.expected), got = read_words(c.original);
        secret += c.expected != c.original;
        bool masked = mask_args(got);
        EXPECT_EQ(masked, got != read_words(c.original)) << c.original;
        if (got == expected) continue;
        bool miss = misses(got, expected);
        ++(miss ? missed : over);
        std::printf("%s\n  original: %s\n  expected: %s\n  masked:   %s\n", miss ? "MISS" : "OVER",
                    c.original.c_str(), join(expected).c_str(), join(got).c_str());
    }
    std::printf("misses: %d, over-masked: %d of %zu (%d with secrets)\n", missed, over, cases.size(), secret);
    EXPECT_EQ(missed, 0);
    EXPECT_EQ(over, 0);
    EXPECT_GE(secret, 220);
    EXPECT_GE(cases.size() - static_cast<std::size_t>(secret), 100u);
}

TEST(MaskCorpus, MaskingTwiceChangesNothing) {
    for (const Case& c : read_corpus()) {
        Args once = read_words(c.original);
        mask_args(once);
        Args twice = once;
        EXPECT_FALSE(mask_args(twice)) << c.original;
        EXPECT_EQ(once, twice) << c.original;
    }
}

// ---- arguments ----------------------------------------------------------------------------------------

Args masked(Args argv) {
    mask_args(argv);
    return argv;
}

TEST(MaskArgs, KeepsWhatIsNotSecret) {
    EXPECT_EQ(masked({"curl", "-u", "svc:s3cret", "https://files.example/x"}),
              (Args{"curl", "-u", "svc:****", "https://files.example/x"}));
    EXPECT_EQ(masked({"mysql", "-uroot", "-phunter2", "shop"}), (Args{"mysql", "-uroot", "-p****", "shop"}));
}

TEST(MaskArgs, TellsWhetherAnythingWasMasked) {
    Args plain{"ssh", "-p", "22", "bob@h"}, secret{"sshpass", "-p", "x1", "ssh", "h"},
        done{"mysql", "-p****"}, none;
    EXPECT_FALSE(mask_args(plain));
    EXPECT_TRUE(mask_args(secret));
    EXPECT_FALSE(mask_args(done));
    EXPECT_FALSE(mask_args(none));
}

TEST(MaskArgs, LooksThroughWrappers) {
    EXPECT_EQ(masked({"sudo", "-u", "app", "env", "A=b", "timeout", "-k", "5", "10", "mysql", "-px1"}).back(),
              "-p****");
    EXPECT_EQ(masked({"docker", "run", "-p", "80:80", "img", "mysql", "-px1"}),
              (Args{"docker", "run", "-p", "80:80", "img", "mysql", "-p****"}));
}

TEST(MaskArgs, KeepsTheRestOfAShellLineByteForByte) {
    EXPECT_EQ(masked({"sh", "-c", "mysql  -u root\t-p'a b' \\\n  -e \"select 1\" 2>/dev/null # x"})[2],
              "mysql  -u root\t-p'****' \\\n  -e \"select 1\" 2>/dev/null # x");
    EXPECT_EQ(masked({"sh", "-c", "mysql -pa\"b c\"d e"})[2], "mysql -p****\"\" e");
    EXPECT_EQ(masked({"sh", "-c", "mysql -pa\\ b e"})[2], "mysql -p**** e");
}

TEST(MaskArgs, LeavesWhatTheShellPutsInLater) {
    for (const char* line :
         {"mysql -p$PW", "mysql -p\"$PW\"", "mysql -p${PW}", "mysql -p$(cat /run/pw)",
          "mysql -p`cat /run/pw`", "PGPASSWORD=$(cat /run/pw) psql", "app --token \"$TOKEN\""})
        EXPECT_EQ(masked({"bash", "-c", line})[2], line);
}

TEST(MaskArgs, FollowsShellsInShells) {
    EXPECT_EQ(masked({"bash", "-c", "ssh db1 \"sudo su - app -c 'mysql -px1'\""})[2],
              "ssh db1 \"sudo su - app -c 'mysql -p****'\"");
    EXPECT_EQ(masked({"bash", "-c", "X=\"$(curl -u \"a:b 1\" http://x)\" && echo \"$X\""})[2],
              "X=\"$(curl -u \"a:****\" http://x)\" && echo \"$X\"");
}

TEST(MaskArgs, StopsAtADepthWithoutCrashing) {
    std::string line = "mysql -px1";
    for (int depth = 0; depth < 12; ++depth) line.insert(0, "sh -c '").append("'");
    Args argv{"sh", "-c", line};
    mask_args(argv);
    EXPECT_EQ(argv.size(), 3u);
}

TEST(MaskArgs, ReadsHereDocuments) {
    EXPECT_EQ(masked({"sh", "-c", "chpasswd <<EOF\nbob:one\neve:two\nEOF\necho done"})[2],
              "chpasswd <<EOF\nbob:****\neve:****\nEOF\necho done");
}

TEST(MaskArgs, MasksBytesThatAreNotUtf8) {
    EXPECT_EQ(masked({"curl", "-u", "svc:\xff\xfe\x80"})[2], "svc:****");
    EXPECT_EQ(masked({"\xff\xff", "\xc3\x28"}), (Args{"\xff\xff", "\xc3\x28"}));
}

// ---- flat lines ---------------------------------------------------------------------------------------

struct LineCase {
    const char *line, *expected;
};

// As sudo writes them: the quotes around arguments are lost, or every special byte has a backslash (sudo -s,
// -i).
const LineCase kLines[] = {
    {"/usr/bin/mysql -uroot -phunter2 -e select 1", "/usr/bin/mysql -uroot -p**** -e select 1"},
    {"/usr/bin/curl -u svc:s3cret https://files.example/x",
     "/usr/bin/curl -u svc:**** https://files.example/x"},
    {"/usr/bin/curl -H Authorization: Bearer abc.def12 http://x",
     "/usr/bin/curl -H Authorization: Bearer **** http://x"},
    {"/usr/bin/curl -H Cookie: sid=abc; theme=dark http://x",
     "/usr/bin/curl -H Cookie: sid=****; theme=**** http://x"},
    {"/usr/bin/curl -H X-Api-Key: k991 http://x", "/usr/bin/curl -H X-Api-Key: **** http://x"},
    {"/bin/sh -c mysql -uroot -phunter2 app", "/bin/sh -c mysql -uroot -p**** app"},
    {"/bin/bash -c mysql\\ -uroot\\ -phunter2\\ app", "/bin/bash -c mysql\\ -uroot\\ -p****\\ app"},
    {"/usr/sbin/usermod -p $6$saltsalt$0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ bob",
     "/usr/sbin/usermod -p **** bob"},
    {"/usr/bin/env PGPASSWORD=x1 psql -U app", "/usr/bin/env PGPASSWORD=**** psql -U app"},
    {"/usr/bin/docker login -u bob -p d0ck registry.example",
     "/usr/bin/docker login -u bob -p **** registry.example"},
    {"/usr/bin/echo it's --password x1", "/usr/bin/echo it's --password ****"},
    {"/usr/bin/ssh -p 22 root@h", "/usr/bin/ssh -p 22 root@h"},
    {"/usr/bin/passwd alice", "/usr/bin/passwd alice"},
    {"/usr/bin/apt-get install -y libpam-passwdqc", "/usr/bin/apt-get install -y libpam-passwdqc"},
    {"/usr/bin/mysql -p", "/usr/bin/mysql -p"},
    {"", ""},
    {"   ", "   "},
};

TEST(MaskCommandLine, MasksFlatLines) {
    for (const LineCase& c : kLines) {
        std::string line = c.line;
        bool changed = mask_command_line(line);
        EXPECT_EQ(line, c.expected);
        EXPECT_EQ(changed, line != c.line) << c.line;
        EXPECT_FALSE(mask_command_line(line)) << c.line;
    }
}

// ---- URLs ---------------------------------------------------------------------------------------------

const LineCase kUrls[] = {
    {"https://user:pa55@h/x", "https://user:****@h/x"},
    {"https://user:p@ss@h/x", "https://user:****@h/x"},
    {"postgres://u:p/w?d@h/db", "postgres://u:****@h/db"},
    {"redis://:pw@h:6379", "redis://:****@h:6379"},
    {"see https://u:p1@a/ and https://u:p2@b/", "see https://u:****@a/ and https://u:****@b/"},
    {"https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@git.example/x", "https://****@git.example/x"},
    {"https://h/x?access_token=abc&page=2", "https://h/x?access_token=****&page=2"},
    {"https://h/x?page=2&sig=a%2Fb%3D#top", "https://h/x?page=2&sig=****#top"},
    {"https://b/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2Fx&X-Amz-Signature=00ff",
     "https://b/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2Fx&X-Amz-Signature=****"},
    {"https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/****"},
    {"https://user@h/x", "https://user@h/x"},
    {"https://h:8080/x@y", "https://h:8080/x@y"},
    {"https://h/x?page=2&key=name", "https://h/x?page=2&key=name"},
    {"ssh://git@github.com:22/o/r", "ssh://git@github.com:22/o/r"},
    {"docker://nginx:1.25@sha256:00ff", "docker://nginx:1.25@sha256:00ff"},
    {"no url at all, password=x", "no url at all, password=x"},
};

TEST(MaskUrl, MasksUsersAndParameters) {
    for (const LineCase& c : kUrls) {
        std::string text = c.line;
        bool changed = mask_url(text);
        EXPECT_EQ(text, c.expected);
        EXPECT_EQ(changed, text != c.line) << c.line;
        EXPECT_FALSE(mask_url(text)) << c.line;
    }
}

// ---- names --------------------------------------------------------------------------------------------

TEST(MaskRules, KnowsWhichNamesHoldSecrets) {
    for (const char* name :
         {"password", "PGPASSWORD", "MYSQL_PWD", "SSHPASS", "keyStorePassword", "api-key", "APIKey",
          "AWS_SECRET_ACCESS_KEY", "auth.rootPassword", "client_secret", "DB_PASS_PROD", "_authToken",
          "password2", "SECRET_KEY_BASE", "wifi-sec.psk", "s3a.secret.key", "GITHUB_TOKEN"})
        EXPECT_TRUE(mask_rules::names_secret(name)) << name;
    for (const char* name : {"PWD",
                             "OLDPWD",
                             "PASSWORD_FILE",
                             "password-file",
                             "token-ttl",
                             "no-password",
                             "ask-pass",
                             "max-tokens",
                             "pass-through",
                             "bypass",
                             "AWS_ACCESS_KEY_ID",
                             "secretName",
                             "compass",
                             "key",
                             "PasswordAuthentication",
                             "image.pullSecret",
                             "existingSecret",
                             "token_type",
                             "monkey",
                             ""})
        EXPECT_FALSE(mask_rules::names_secret(name)) << name;
}

// ---- hostile input ------------------------------------------------------------------------------------

std::string repeated(std::string_view part, std::size_t size) {
    std::string all;
    while (all.size() < size) all += part;
    return all;
}

// No clock: what takes quadratic time here runs for minutes and is noticed.
TEST(MaskHostile, TakesAMebibyteOfAnything) {
    for (const char* part : {"a",
                             " ",
                             "=",
                             ":",
                             "@",
                             "/",
                             "'",
                             "\"",
                             "\\",
                             "$(",
                             "`",
                             "(",
                             ")",
                             "{",
                             ";",
                             "|",
                             "<",
                             "<<a ",
                             "\n",
                             "-",
                             "--",
                             "://",
                             "://a",
                             "a://b:c",
                             "a=",
                             "password=",
                             "password='",
                             "auth=",
                             "a_cmd=",
                             "x_proxy=",
                             "&sig=",
                             "cookie:",
                             "authorization: ",
                             "bearer ",
                             "eyJ",
                             "eyJ-",
                             "eyJaaaa.",
                             "sk-",
                             "sk-a",
                             "ghp_",
                             "$6$",
                             "AKIA",
                             "IA",
                             "crypt(",
                             "crypt('",
                             "a) values(",
                             "password\" : \"",
                             "{password:",
                             "<password>",
                             "PRIVATE KEY-----",
                             "send \"ass\"",
                             "/with/key/",
                             "hooks.slack.com/services/",
                             "a:b@c:1",
                             "user:",
                             "pass \\n",
                             "s/password__/",
                             "sh -c ",
                             "env ",
                             "echo a|chpasswd ",
                             "(a)|",
                             "{ a;}|passwd;",
                             "find -exec ",
                             "-p a ",
                             "--password a ",
                             "\xff",
                             "a;",
                             "$'\\'",
                             "INSERT (password) values ('",
                             ") values ",
                             ") values(1",
                             "(password) values(1",
                             "x=y,PASSWORD=",
                             "a@",
                             "`$(\"'"}) {
        std::string text = repeated(part, 1 << 20), line = text.substr(0, 64 << 10), url = line;
        Args argv{"app", text}, shell{"sh", "-c", line}, short_words{"sudo"};
        for (std::size_t i = 0; i < (1 << 12); ++i) short_words.push_back(part);
        mask_args(argv);
        mask_args(shell);
        mask_args(short_words);
        mask_command_line(line);
        mask_url(url);
        EXPECT_EQ(argv.size(), 2u);
        EXPECT_LE(argv[1].size(), 4 * text.size()) << part;
    }
}

TEST(MaskHostile, SettlesWhereMaskingChangesTheReading) {
    for (const char* text :
         {"a:b@c:d@e://f:g@h", "password=token=secret=x", "'password=\"x' y\"", "--token=--token=x",
          "sh -c 'sh -c \"mysql -p'a\" b'", "****x****", "password=***", "-p* -p** -p***"}) {
        std::string line = text;
        mask_command_line(line);
        std::string again = line;
        EXPECT_FALSE(mask_command_line(again)) << text;
        EXPECT_EQ(line, again);
    }
}

}  // namespace
}  // namespace whodid
