// SPDX-License-Identifier: Apache-2.0
// Parser of the first question of a DNS query.
#include "enrich/dns_question.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace whodid {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMaxNameBytes = 255;  // RFC 1035 section 2.3.4, lengths and root included
constexpr std::uint8_t kMaxLabelBytes = 63;

struct RecordType {
    std::uint16_t type;
    std::string_view name;
};

constexpr RecordType kRecordTypes[] = {
    {1, "A"},       {2, "NS"},      {5, "CNAME"},   {6, "SOA"},     {10, "NULL"},    {12, "PTR"},
    {13, "HINFO"},  {15, "MX"},     {16, "TXT"},    {17, "RP"},     {18, "AFSDB"},   {24, "SIG"},
    {25, "KEY"},    {28, "AAAA"},   {29, "LOC"},    {33, "SRV"},    {35, "NAPTR"},   {36, "KX"},
    {37, "CERT"},   {39, "DNAME"},  {41, "OPT"},    {43, "DS"},     {44, "SSHFP"},   {45, "IPSECKEY"},
    {46, "RRSIG"},  {47, "NSEC"},   {48, "DNSKEY"}, {49, "DHCID"},  {50, "NSEC3"},   {51, "NSEC3PARAM"},
    {52, "TLSA"},   {53, "SMIMEA"}, {55, "HIP"},    {59, "CDS"},    {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {62, "CSYNC"},  {63, "ZONEMD"}, {64, "SVCB"},   {65, "HTTPS"},  {99, "SPF"},     {108, "EUI48"},
    {109, "EUI64"}, {249, "TKEY"},  {250, "TSIG"},  {251, "IXFR"},  {252, "AXFR"},   {255, "ANY"},
    {256, "URI"},   {257, "CAA"},   {32768, "TA"},  {32769, "DLV"},
};

std::uint16_t read_u16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

bool is_query(std::span<const std::uint8_t> message) {
    constexpr std::uint8_t kResponseAndOpcode = 0xF8;
    return message.size() >= kHeaderBytes && (message[2] & kResponseAndOpcode) == 0 &&
           read_u16(message, 4) > 0;
}

void append_label_byte(std::string& name, std::uint8_t byte) {
    if (byte > 0x20 && byte < 0x7F && byte != '.' && byte != '\\') {
        name += static_cast<char>(byte);
        return;
    }
    name += '\\';
    name += static_cast<char>('0' + byte / 100);
    name += static_cast<char>('0' + byte / 10 % 10);
    name += static_cast<char>('0' + byte % 10);
}

// The name at the front of `bytes`, which leaves them; nullopt when it does not end there or is not plain
// labels.
std::optional<std::string> take_name(std::span<const std::uint8_t>& bytes) {
    std::string name;
    std::size_t used = 0;
    while (used < bytes.size() && bytes[used] != 0) {
        const std::size_t length = bytes[used];
        if (length > kMaxLabelBytes || used + length + 2 > kMaxNameBytes) return std::nullopt;
        if (used + 1 + length > bytes.size()) return std::nullopt;
        if (used > 0) name += '.';
        for (std::uint8_t byte : bytes.subspan(used + 1, length)) append_label_byte(name, byte);
        used += 1 + length;
    }
    if (used >= bytes.size()) return std::nullopt;
    if (used == 0) name = ".";
    bytes = bytes.subspan(used + 1);
    return name;
}

}  // namespace

std::string dns_type_name(std::uint16_t type) {
    const auto entry = std::find_if(std::begin(kRecordTypes), std::end(kRecordTypes),
                                    [&](const RecordType& t) { return t.type == type; });
    return entry == std::end(kRecordTypes) ? "TYPE" + std::to_string(type) : std::string(entry->name);
}

std::optional<DnsQuestion> parse_dns_question(std::span<const std::uint8_t> message) {
    constexpr std::size_t kTypeAndClassBytes = 4;
    if (!is_query(message)) return std::nullopt;
    std::span<const std::uint8_t> rest = message.subspan(kHeaderBytes);
    auto name = take_name(rest);
    if (!name || rest.size() < kTypeAndClassBytes) return std::nullopt;
    DnsQuestion question;
    question.name = std::move(*name);
    question.type = read_u16(rest, 0);
    question.type_name = dns_type_name(question.type);
    return question;
}

}  // namespace whodid
