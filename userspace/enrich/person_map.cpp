// SPDX-License-Identifier: Apache-2.0
// The administrator's word on who is who.
#include "enrich/person_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/ip_address.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

// "SHA256:" and 32 bytes of base64 without padding; or an account, and an address as sshd logs it.
bool is_subject(std::string_view text) {
    if (consume(text, "SHA256:")) return text.size() == 43;
    const std::size_t at = text.rfind('@');
    return at != text.npos && at > 0 && parse_ip(text.substr(at + 1)).has_value();
}

}  // namespace

Result<PersonMap> PersonMap::parse(std::string_view text) {
    PersonMap map;
    for (int number = 1; !text.empty(); ++number) {
        const std::string_view line = c_text(take_until(text, '\n'));
        if (line.empty() || line.starts_with('#')) continue;
        std::string_view name = line;
        const std::string_view subject = take_until(name, ' ');
        name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
        if (!is_subject(subject) || name.empty())
            return Error{fmt::format("line {}: '{}' is neither \"SHA256:fingerprint name\" nor "
                                     "\"account@address name\"",
                                     number, line),
                         EINVAL};
        if (!map.names_.try_emplace(std::string(subject), name).second)
            return Error{fmt::format("line {}: {} is named twice", number, subject), EINVAL};
    }
    return map;
}

Person PersonMap::find(std::string_view key, std::string_view account, std::string_view address) const {
    Person person;
    for (const std::string& subject : {std::string(key), fmt::format("{}@{}", account, address)}) {
        const auto found = names_.find(subject);
        if (found == names_.end()) continue;
        person.id = found->second;
        person.basis = PersonBasis::kMap;
        break;
    }
    return person;
}

}  // namespace whodid
