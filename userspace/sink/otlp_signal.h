// SPDX-License-Identifier: Apache-2.0
// OtlpSignal: what an OTLP request holds, and with it what its answer is called.
#pragma once

namespace whodid {

enum class OtlpSignal { kLogs, kMetrics };

}  // namespace whodid
