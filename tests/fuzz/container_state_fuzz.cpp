// SPDX-License-Identifier: Apache-2.0
// Any text, as a runtime's file: no text above the bound, and no state of a container that is not in the
// list.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "enrich/container_state.h"

namespace {

void check(const std::optional<whodid::ContainerState>& state) {
    if (!state) return;
    for (const std::string* text :
         {&state->name, &state->image, &state->pod_name, &state->pod_namespace, &state->pod_uid})
        if (text->size() > 512) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(whodid::parse_docker_config(text));
    check(whodid::parse_oci_config(text));
    const auto found = whodid::parse_storage_list(text, "4f1c0f9e");
    check(found);
    if (found && text.find("4f1c0f9e") == text.npos && text.find('\\') == text.npos) abort();
    return 0;
}
