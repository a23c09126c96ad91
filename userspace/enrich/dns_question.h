// SPDX-License-Identifier: Apache-2.0
// The first question of a DNS query: which name of which type was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace whodid {

/// `name` is printable ASCII in the sender's letter case, labels joined by '.', without a final dot ("." is
/// the root). Inside a label everything but 0x21 to 0x7E, and '.' and '\', is \DDD in decimal (RFC 1035
/// section 5.1), so that two different names never look the same.
struct DnsQuestion {
    std::string name;
    std::uint16_t type = 0;  // QTYPE
    std::string type_name;   // "A", "AAAA", "HTTPS"; "TYPE4711" when not named here (RFC 3597)
};

/// `message` starts at the DNS header (12 bytes, RFC 1035 section 4.1), without the length that TCP puts
/// before it, and may be cut after the first question. nullopt for answers, opcodes other than QUERY, no
/// question, a question that is cut, a name above 255 bytes and any compressed label: a first question has
/// nothing to point back to.
std::optional<DnsQuestion> parse_dns_question(std::span<const std::uint8_t> message);

/// "A" for 1; "TYPE4711" when there is no mnemonic. From the IANA registry "DNS Parameters".
std::string dns_type_name(std::uint16_t type);

}  // namespace whodid
