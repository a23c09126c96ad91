// SPDX-License-Identifier: Apache-2.0
// The seal of an event file: what stands in NAME.seal beside NAME.jsonl, docs/log-files.md. Numbers are
// little endian, as the structs lie in memory; a field is never moved, a new version has a new magic.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/hash.h"

namespace whodid {

using Salt = std::array<unsigned char, 16>;
using KeyLineage = std::array<unsigned char, 16>;  // which initial key a key comes from

/// The bytes of a struct as they stand in a file.
template <class T>
std::string_view bytes_of(const T& value) {
    static_assert(std::has_unique_object_representations_v<T>);
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

constexpr std::array<char, 16> seal_magic(std::string_view text) {
    std::array<char, 16> magic{};
    for (std::size_t i = 0; i < text.size(); ++i) magic[i] = text[i];
    return magic;
}

struct SealHeader {
    static constexpr std::array<char, 16> kMagic = seal_magic("whodid seal 1\n");

    std::array<char, 16> magic = kMagic;
    std::array<char, 16> series{};  // its name, then zeros
    std::array<char, 16> begun{};   // "20261130T152100Z", as in the file's name
    std::uint64_t sequence = 0;     // of the file in its series, from 1
    Digest previous{};              // seal_of the footer of the file before; zeros: there was none
};

/// One for each line. A salt of zeros: the record was erased.
struct SealRecord {
    Salt salt{};
    Digest digest{};  // SHA-256(salt || line without its newline)

    bool is_erased() const { return salt == Salt{}; }
};

/// Behind the last record, once the file is closed.
struct SealFooter {
    static constexpr std::array<char, 16> kMagic = seal_magic("whodid sealed\n");

    std::array<char, 16> magic = kMagic;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  // of the event file, newlines too, before anything was erased
    std::uint64_t key_index = 0;
    std::uint64_t journal_entries = 0;  // how far the journal of erasures was then
    Digest journal_head{};              // seal_of the last of them
    KeyLineage lineage{};
    Digest chain{};
    Digest previous{};  // as in the header
    Digest mac{};       // HMAC-SHA256(key, "whodid seal" || all before)

    std::string_view covered() const { return bytes_of(*this).substr(0, sizeof *this - sizeof mac); }
};

static_assert(sizeof(SealHeader) == 88 && sizeof(SealRecord) == 48 && sizeof(SealFooter) == 192);

/// The key that the next footer is made with. Copies are wiped when they go.
struct SealKey {
    std::uint64_t index = 0;
    KeyLineage lineage{};
    Digest key{};

    static SealKey make();
    ~SealKey() { wipe(key); }
    SealKey() = default;
    SealKey(const SealKey&) = default;
    SealKey& operator=(const SealKey&) = default;

    /// The next one: SHA-256("whodid seal" || key). There is no way back.
    void evolve();
    /// `purpose`: no MAC of one sort can stand for another's.
    Digest mac(std::string_view purpose, std::string_view text) const;
};

constexpr std::size_t kSealedLineMax = 16 << 20;  // bytes; no event has so many

constexpr std::string_view kSealPurpose = "whodid seal", kErasurePurpose = "whodid erasure";

/// The chain of one file's digests: c_0 = SHA-256(header), c_n = SHA-256(c_(n-1) || digest_n).
class SealChain {
public:
    struct State {
        Digest value{};
        std::uint64_t records = 0, bytes = 0;
    };

    void begin(const SealHeader& header);
    void resume(const State& state) { state_ = state; }
    /// Takes a line's digest, of `bytes` with its newline.
    void add(const Digest& digest, std::uint64_t bytes);
    /// Salts, digests and takes a line, without its newline.
    SealRecord seal(std::string_view line);
    const State& state() const { return state_; }

    Digest digest(const Salt& salt, std::string_view line);
    Digest digest(std::string_view bytes) { return digests_.of(bytes); }

private:
    const Salt& next_salt();

    Sha256Digests digests_;
    State state_;
    std::array<Salt, 64> salts_{};  // random, used from the back
    std::size_t salts_left_ = 0;
};

/// SHA-256 of the whole: what the one that follows names.
Digest seal_of(std::string_view bytes);

/// The file's footer, before its MAC.
SealFooter make_footer(const SealHeader& header, const SealChain::State& state);
void sign(SealFooter& footer, const SealKey& key);

/// What stands for an erased record in the event file.
std::string tombstone(const Digest& digest);

}  // namespace whodid
