// SPDX-License-Identifier: Apache-2.0
// Any bytes as an OTLP request: one JSON object on one line, or a reason why not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "sink/otlp_json.h"

namespace {

void check(std::string_view request, whodid::OtlpSignal signal, std::string_view key) {
    const auto text = whodid::to_otlp_json(request, signal);
    if (!text) {
        if (!text.error().message.starts_with("cannot write an OTLP request ")) abort();
        return;
    }
    if (text->find('\n') != text->npos) abort();
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object() || json.size() > 1) abort();
    if (!json.empty() && !json.contains(key)) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view request(reinterpret_cast<const char*>(data), size);
    check(request, whodid::OtlpSignal::kLogs, "resourceLogs");
    check(request, whodid::OtlpSignal::kMetrics, "resourceMetrics");
    return 0;
}
