// SPDX-License-Identifier: Apache-2.0
// Hashing by xxHash and OpenSSL: the only file that knows them.
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace whodid {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

void hex64(std::uint64_t value, char* out) {
    for (int i = 15; i >= 0; --i, value >>= 4) out[i] = kDigits[value & 15];
}

std::string hex_of(const unsigned char* bytes, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += kDigits[bytes[i] >> 4];
        text += kDigits[bytes[i] & 15];
    }
    return text;
}

}  // namespace

void Id128::hex_to(char* out) const {
    hex64(high, out);
    hex64(low, out + 16);
}

std::string Id128::hex() const {
    std::string text(32, '0');
    hex_to(text.data());
    return text;
}

Id128 hash_bytes(std::string_view bytes) {
    const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
    return {h.high64, h.low64};
}

Id128 hash_numbers(const Id128& seed, std::initializer_list<std::uint64_t> numbers) {
    std::uint64_t words[8] = {seed.high, seed.low};
    std::size_t n = 2;
    for (std::uint64_t number : numbers) words[n++ % 8] = number;
    const XXH128_hash_t h = XXH3_128bits(words, n * sizeof(words[0]));
    return {h.high64, h.low64};
}

std::string sha256(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
    return {reinterpret_cast<const char*>(digest), length};
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL offers no SHA-256: is its configuration broken?");
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

std::string Sha256::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_, digest, &length);
    return hex_of(digest, length);
}

Sha256Digests::Sha256Digests()
    : context_(EVP_MD_CTX_new()), algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
    if (!context_ || !algorithm_)
        throw std::runtime_error("OpenSSL offers no SHA-256: is its configuration broken?");
}

Sha256Digests::~Sha256Digests() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
}

Digest Sha256Digests::of(std::string_view first, std::string_view second) {
    Digest digest{};
    EVP_DigestInit_ex(context_, algorithm_, nullptr);
    EVP_DigestUpdate(context_, first.data(), first.size());
    EVP_DigestUpdate(context_, second.data(), second.size());
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return digest;
}

Digest hmac_sha256(const Digest& key, std::string_view text) {
    Digest digest{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
    return digest;
}

void fill_random(std::span<unsigned char> bytes) {
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("OpenSSL has no random bytes: is /dev/urandom there?");
}

void wipe(std::span<unsigned char> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

std::string hex_text(std::span<const unsigned char> bytes) { return hex_of(bytes.data(), bytes.size()); }

KeyedHash::KeyedHash() { fill_random(key_); }

std::string KeyedHash::operator()(std::string_view text) const {
    return hex_of(hmac_sha256(key_, text).data(), 16);
}

}  // namespace whodid
