// SPDX-License-Identifier: Apache-2.0
// Chains digests, signs footers.
#include "sink/seal.h"

namespace whodid {

namespace {

std::string_view chars(std::span<const unsigned char> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

SealKey SealKey::make() {
    SealKey key;
    fill_random(key.lineage);
    fill_random(key.key);
    return key;
}

void SealKey::evolve() {
    Sha256Digests digests;
    key = digests.of(kSealPurpose, chars(key));
    ++index;
}

Digest SealKey::mac(std::string_view purpose, std::string_view text) const {
    return hmac_sha256(key, std::string(purpose).append(text));
}

void SealChain::begin(const SealHeader& header) { state_ = {digests_.of(bytes_of(header)), 0, 0}; }

void SealChain::add(const Digest& digest, std::uint64_t bytes) {
    state_.value = digests_.of(chars(state_.value), chars(digest));
    ++state_.records;
    state_.bytes += bytes;
}

SealRecord SealChain::seal(std::string_view line) {
    SealRecord record;
    record.salt = next_salt();
    record.digest = digest(record.salt, line);
    add(record.digest, line.size() + 1);
    return record;
}

Digest SealChain::digest(const Salt& salt, std::string_view line) { return digests_.of(chars(salt), line); }

const Salt& SealChain::next_salt() {
    if (salts_left_ == 0) {
        fill_random({salts_.front().data(), sizeof salts_});
        salts_left_ = salts_.size();
    }
    return salts_[--salts_left_];
}

Digest seal_of(std::string_view bytes) { return Sha256Digests().of(bytes); }

SealFooter make_footer(const SealHeader& header, const SealChain::State& state) {
    SealFooter footer;
    footer.records = state.records;
    footer.bytes = state.bytes;
    footer.chain = state.value;
    footer.previous = header.previous;
    return footer;
}

void sign(SealFooter& footer, const SealKey& key) {
    footer.key_index = key.index;
    footer.lineage = key.lineage;
    footer.mac = key.mac(kSealPurpose, footer.covered());
}

std::string tombstone(const Digest& digest) {
    return "{\"erased\":{\"digest\":\"" + hex_text(digest) + "\"}}";
}

}  // namespace whodid
