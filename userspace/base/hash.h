// SPDX-License-Identifier: Apache-2.0
// Stable 128-bit ids, and the keyed hash that stands for a name we must not show.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct evp_md_ctx_st;
struct evp_md_st;

namespace whodid {

/// 128 bits, printed as 32 hexadecimal digits.
struct Id128 {
    std::uint64_t high = 0, low = 0;

    bool operator==(const Id128&) const = default;
    std::string hex() const;
    /// Writes exactly 32 characters.
    void hex_to(char* out) const;
};

/// XXH3 128 over the bytes (xxHash, Collet; specification 0.1.1). Not for secrets.
Id128 hash_bytes(std::string_view bytes);

/// Hashes numbers, each as eight little-endian bytes, after a seed that names the host's boot.
Id128 hash_numbers(const Id128& seed, std::initializer_list<std::uint64_t> numbers);

/// SHA-256 (FIPS 180-4): 32 bytes.
std::string sha256(std::string_view bytes);

/// SHA-256 of what comes piece by piece.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
    Sha256& operator=(Sha256&& other) noexcept {
        std::swap(context_, other.context_);
        return *this;
    }

    void add(std::string_view bytes);
    /// 64 hexadecimal digits; nothing is added after it.
    std::string finish();

private:
    evp_md_ctx_st* context_;
};

using Digest = std::array<unsigned char, 32>;

/// SHA-256 of one short text after the other: OpenSSL looks the algorithm up once.
class Sha256Digests {
public:
    Sha256Digests();
    ~Sha256Digests();
    Sha256Digests(const Sha256Digests&) = delete;
    Sha256Digests& operator=(const Sha256Digests&) = delete;

    /// Of both, one behind the other.
    Digest of(std::string_view first, std::string_view second = {});

private:
    evp_md_ctx_st* context_;
    evp_md_st* algorithm_;
};

/// HMAC-SHA256 (RFC 2104).
Digest hmac_sha256(const Digest& key, std::string_view text);

/// Fills it from OpenSSL's generator, which the kernel seeds; throws where there is none.
void fill_random(std::span<unsigned char> bytes);

/// Zeros that the compiler does not leave out.
void wipe(std::span<unsigned char> bytes);

/// Two lower-case hexadecimal digits a byte.
std::string hex_text(std::span<const unsigned char> bytes);

/// HMAC-SHA256 (RFC 2104), first 16 bytes: equal names give equal text under one key, and nobody without the
/// key can test a guess.
class KeyedHash {
public:
    /// A fresh random key: hashes are comparable within one run.
    KeyedHash();
    explicit KeyedHash(std::array<unsigned char, 32> key) : key_(key) {}
    std::string operator()(std::string_view text) const;

private:
    std::array<unsigned char, 32> key_;
};

}  // namespace whodid
