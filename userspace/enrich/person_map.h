// SPDX-License-Identifier: Apache-2.0
// Person map: the administrator's word on who uses which key, or comes to a shared account from where.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/actor.h"

namespace whodid {

class PersonMap {
public:
    /// Lines "SHA256:fingerprint name" or "account@address name"; blank ones and # comments are skipped.
    /// Errors name the line and what is wrong with it.
    static Result<PersonMap> parse(std::string_view text);

    /// By the key, else by where the login came from; the login itself when the map names nobody.
    Person find(std::string_view key, std::string_view account, std::string_view address) const;

private:
    std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace whodid
