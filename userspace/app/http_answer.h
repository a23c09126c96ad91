// SPDX-License-Identifier: Apache-2.0
// What a sensor's status socket answers.
#pragma once

#include <optional>
#include <string_view>

namespace whodid {

/// Borrowed from the text that was read.
struct SensorAnswer {
    int status = 0;
    bool healthy = false;  // of the header Whodid-Healthy
    std::string_view body;
};

/// nullopt: it is not whole, or not a sensor's. `text`: all that came until the other end closed.
std::optional<SensorAnswer> read_sensor_answer(std::string_view text);

}  // namespace whodid
