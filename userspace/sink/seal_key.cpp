// SPDX-License-Identifier: Apache-2.0
// Reads and replaces the key.
#include "sink/seal_key.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/escape.h"
#include "sink/file_io.h"

namespace whodid {

namespace {

constexpr std::string_view kKeyFirstWord = "whodid-seal-key-1 ";
constexpr std::size_t kKeyFileMax = 256;  // bytes

std::optional<unsigned char> hex_byte(std::string_view digits) {
    unsigned char value = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value, 16);
    return error == std::errc() && end == last ? std::optional(value) : std::nullopt;
}

/// Takes as many digits as fill it.
bool take_hex(std::string_view& text, std::span<unsigned char> bytes) {
    if (text.size() < 2 * bytes.size()) return false;
    for (unsigned char& byte : bytes) {
        const auto value = hex_byte(text.substr(0, 2));
        if (!value) return false;
        byte = *value;
        text.remove_prefix(2);
    }
    return true;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

}  // namespace

std::string format_seal_key(const SealKey& key) {
    return fmt::format("{}{} {} {}\n", kKeyFirstWord, key.index, hex_text(key.lineage), hex_text(key.key));
}

Result<SealKey> parse_seal_key(std::string_view text) {
    const Error none{"it is no key of whodid's seals: one line, \"whodid-seal-key-1 INDEX LINEAGE KEY\"",
                     EBADMSG};
    SealKey key;
    if (!take(text, kKeyFirstWord)) return none;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key.index);
    if (error != std::errc()) return none;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const bool whole = take(text, " ") && take_hex(text, key.lineage) && take(text, " ") &&
                       take_hex(text, key.key) && (text.empty() || text == "\n");
    if (!whole) return none;
    return key;
}

Result<SealKey> read_seal_key(const std::string& path) {
    const auto text = read_whole(path, kKeyFileMax);
    if (!text && text.error().code == ENOENT)
        return Error{text.error().message +
                         "; the key of the sink NAME is NAME.key in the directory spool.path, "
                         "/var/lib/whodid/spool by default: give that one, or your copy of it",
                     ENOENT};
    if (!text) return text.error();
    auto key = parse_seal_key(*text);
    if (!key) return Error{"cannot use " + escape_for_terminal(path) + ": " + key.error().message, EBADMSG};
    return key;
}

Result<void> write_seal_key(const std::string& path, const SealKey& key) {
    const auto old = open_regular(path, O_WRONLY);
    if (!old && old.error().code != ENOENT) return old.error();
    if (auto replaced = replace_file(path, format_seal_key(key), 0600); !replaced) return replaced;
    if (!old) return {};
    const std::string zeros(size_of(old->get()), '0');
    if (::pwrite(old->get(), zeros.data(), zeros.size(), 0) < 0 || ::fsync(old->get()) != 0)
        return Error::from_errno("cannot overwrite the old key of " + escape_for_terminal(path));
    return {};
}

}  // namespace whodid
