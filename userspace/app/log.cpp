// SPDX-License-Identifier: Apache-2.0
// The operator's log.
#include "app/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace whodid {

void start_log(bool verbose) {
    auto logger = spdlog::stderr_logger_mt("whodid");
    logger->set_pattern("whodid: %l: %v");
    logger->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace whodid
