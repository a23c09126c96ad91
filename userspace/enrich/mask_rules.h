// SPDX-License-Identifier: Apache-2.0
// What is a secret where: the tables of mask_rules.cpp and the questions asked of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace whodid::mask_rules {

/// Which bytes of a value are the secret.
enum class Secret : uint8_t {
    kNone,         ///< not secret although the option sounds like it
    kAll,          ///< the whole value
    kUnnamed,      ///< the whole value, unless it is name=value or a URL
    kUserColon,    ///< user:SECRET, one per line
    kUserPercent,  ///< user%SECRET
    kUserComma,    ///< user,SECRET
    kUserSlash,    ///< user/SECRET[@host]
    kLogin,        ///< user:SECRET@host, without a scheme
    kTarget,       ///< [domain/]user:SECRET[@host]
    kHeader,       ///< Authorization: scheme SECRET
    kCookie,       ///< name=SECRET; name=SECRET
    kPassSource,   ///< pass:SECRET, but env:NAME or file:path
    kValues,       ///< name=SECRET, whatever the name is
    kCommunity,    ///< SNMP community, unless it is the well-known "public"
    kAnswers,      ///< debconf, .netrc: ... password SECRET
    kDialog,       ///< lines "PASS SECRET" or "AUTH SECRET"
    kLastField,    ///< .pgpass: host:port:database:user:SECRET
    kThirdWord,    ///< chap-secrets: client server SECRET
    kExpect,       ///< an expect script: what is sent once a password was asked for
    kTwo,          ///< two words, both secret
    kNamedNext,    ///< two words: a name, and a secret if the name says so
    kLine,         ///< a shell command line
    kCommand,      ///< the following words are a command, up to ";" or "+"
};

/// Where an option's value is.
enum Take : uint8_t {
    kAttached = 1,  ///< -pVALUE, --password=VALUE
    kNext = 2,      ///< -p VALUE
    kEither = 3,
    kMaybe = 7,  ///< as kEither, but a next word that looks like an option is no value
};

/// `programs` are comma separated; "docker login" is the subcommand. `options` are blank separated; one that
/// ends in ":" or "=" is a prefix and need not start with "-".
struct OptionRule {
    std::string_view programs;
    std::string_view options;
    Take take;
    Secret secret;
};

/// `pattern` is matched against the operands (words that are neither options nor their values): a word or
/// words a|b in any case, !a|b any other word, `_` any word, `?` a word that names a secret, `*` the secret,
/// `*...` all that follow, `$` the end; a leading `...` lets it start at any operand. `needs`: an option or
/// word that must be there too.
struct OperandRule {
    std::string_view programs;
    std::string_view pattern;
    Secret secret;
    std::string_view needs;
};

/// How a program reads its words. `valued`: options that take the next word; after a leading "!" those that
/// do not while all others do. `command_after`: how many operands come before a command it runs.
struct Program {
    std::string_view names;
    std::string_view valued;
    int command_after;
};
inline constexpr int kNoCommand = -1;
/// Its words are patterns or names of things, never options with secrets.
inline constexpr int kSearches = -2;

/// A program that reads a secret from its input: `echo SECRET | program needs`.
struct InputRule {
    std::string_view programs;
    std::string_view needs;
    Secret secret;
};

/// Tokens recognised by their shape: one of the (blank separated) prefixes, then at least `min` bytes of an
/// alphabet.
struct TokenShape {
    std::string_view prefixes;
    std::string_view more;  ///< bytes of the alphabet besides letters and digits
    size_t min;
};

inline constexpr size_t kShortestToken = 14;  ///< bytes of prefix and alphabet together

struct TokenPrefix {
    std::string_view prefix;
    const TokenShape* shape;
};

/// A URL whose path is the credential: what follows `prefix`, up to one of `stops`.
struct SecretPath {
    std::string_view prefix;
    std::string_view stops;
};

/// What the tables say about one program.
struct Tool {
    std::vector<const OptionRule*> options;
    std::vector<const OperandRule*> operands;
    const Program* program = nullptr;
};

/// The name the tables know a program by: "docker" for "podman".
std::string_view canonical_name(std::string_view name);
/// Finds "mysql" or "docker login"; nullptr if no table has it.
const Tool* find_tool(std::string_view name);

/// What a file of this path holds, if secrets: .htpasswd, .pgpass, anything named after a secret.
std::optional<Secret> secret_of_file(std::string_view path);

std::span<const InputRule> input_rules();
std::span<const TokenPrefix> tokens_that_begin(char first);
std::span<const SecretPath> secret_paths();

/// Does an option, variable or key of this name (--db-password, PGPASSWORD, keyStorePassword) hold a secret?
bool names_secret(std::string_view name);
/// Does it hold a command line (GIT_SSH_COMMAND, ProxyCommand)?
bool names_command(std::string_view name);
/// Does it hold user:password (auth, basic-auth, proxy-user)?
bool names_login(std::string_view name);
/// An HTTP header that carries a credential.
bool is_secret_header(std::string_view name);
/// A query parameter that does (besides those of names_secret); `value` decides for vague names such as
/// "key".
bool is_secret_parameter(std::string_view name, std::string_view value);
/// The scheme of an Authorization header.
bool is_auth_scheme(std::string_view word);
/// A key of name=value pairs that is not secret even among secrets: user, host, ...
bool is_plain_key(std::string_view name);
/// A value that cannot be a secret: true, none, file:..., an absolute path, an AWS key id.
bool is_plain_value(std::string_view value);
/// Which argument of a function is the secret: 1 of bcrypt("x"); 0 if none.
int secret_argument(std::string_view function);
/// A word after which a quoted string is the secret: PASSWORD 'x', IDENTIFIED BY 'x'.
bool precedes_string(std::string_view word);
/// A program that has both -u and -p, the latter for something else.
bool keeps_p_plain(std::string_view program);
/// Long, and changes between letters, digits and cases as no typed name does.
bool looks_random(std::string_view text);

/// Calls `f` for each part of a list of words; stops and returns true when `f` does.
template <class F>
bool any_of(std::string_view list, char separator, F f) {
    while (!list.empty()) {
        size_t end = std::min(list.find(separator), list.size());
        if (end > 0 && f(list.substr(0, end))) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

/// Is `name` one of the parts of a list of words?
inline bool lists(std::string_view list, char separator, std::string_view name) {
    return any_of(list, separator, [&](std::string_view part) { return part == name; });
}

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace whodid::mask_rules
