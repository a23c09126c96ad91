// SPDX-License-Identifier: Apache-2.0
// Finding libpam and its functions by BCC. The files are root's own.
#include "source/pam_library.h"

#include <bcc/bcc_proc.h>
#include <bcc/bcc_syms.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace whodid {

namespace {

using Text = std::unique_ptr<const char, void (*)(const char*)>;

Text own(const char* text) {
    return {text, [](const char* gone) { std::free(const_cast<char*>(gone)); }};
}

}  // namespace

Result<std::string> find_pam_library() {
    const Text path = own(bcc_procutils_which_so("pam", 0));
    if (!path) return Error{"no libpam on this host: leave --pam-uprobes out", ENOENT};
    return std::string(path.get());
}

Result<std::uint64_t> find_function(const std::string& library, const std::string& function) {
    bcc_symbol_option options{};
    options.use_symbol_type = BCC_SYM_ALL_TYPES;
    bcc_symbol symbol{};
    const int err = bcc_resolve_symname(library.c_str(), function.c_str(), 0, 0, &options, &symbol);
    const Text module = own(symbol.module);
    if (err != 0 || symbol.offset == 0)
        return Error{fmt::format("{} has no function {}", library, function), ENOENT};
    return symbol.offset;
}

}  // namespace whodid
