// SPDX-License-Identifier: Apache-2.0
// The messages of OTLP as our own encoder and readers have them.
#pragma once

#include "sink/otlp_codec.h"
#include "sink/otlp_encode.h"
#include "sink/settings.h"

namespace whodid {

/// For one receiver: what an answer is read as depends on what was asked last.
OtlpCodec otlp_codec(OtlpProtocol protocol, EncodedSource source);

}  // namespace whodid
