// SPDX-License-Identifier: Apache-2.0
// Any bytes as a receiver's answer, protobuf, JSON and base64: what comes out is bounded and may be shown,
// and what does not has a reason.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/escape.h"
#include "sink/otlp_answer.h"

namespace {

void check_text(const std::string& text) {
    if (text.size() > whodid::kAnswerTextMax || !whodid::valid_utf8(text)) abort();
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) abort();
}

void check(const whodid::Result<whodid::OtlpAnswer>& answer) {
    if (answer)
        check_text(answer->message);
    else if (!answer.error().message.starts_with("the receiver's answer cannot be read: "))
        abort();
}

void check(const whodid::Result<whodid::RpcStatus>& status) {
    if (!status) {
        if (!status.error().message.starts_with("the receiver's ")) abort();
        return;
    }
    check_text(status->message);
    if (status->retry_after_ns > whodid::kRetryAfterMax) abort();
    if (status->retry_after_ns != 0 && !status->has_retry_info) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    for (const auto encoding : {whodid::OtlpEncoding::kProtobuf, whodid::OtlpEncoding::kJson}) {
        check(whodid::read_otlp_answer(body, encoding, whodid::OtlpSignal::kLogs));
        check(whodid::read_otlp_answer(body, encoding, whodid::OtlpSignal::kMetrics));
        check(whodid::read_rpc_status(body, encoding));
    }
    check(whodid::read_rpc_status_details(body));
    return 0;
}
