// SPDX-License-Identifier: Apache-2.0
// Reads event files in pieces.
#include "sink/event_text.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/escape.h"
#include "sink/event_file_name.h"
#include "sink/file_io.h"

namespace whodid {

namespace {

constexpr std::size_t kReadBytes = 64 << 10;

}  // namespace

Result<EventText> EventText::open(const std::string& path) {
    EventText text;
    text.path_ = escape_for_terminal(path);
    if (path.ends_with(kPackedEnding)) {
        auto frames = ZstdFrames::open(path);
        if (!frames) return frames.error();
        text.frames_ = std::move(*frames);
        return text;
    }
    auto file = open_regular(path, O_RDONLY);
    if (!file) return file.error();
    text.file_ = std::move(*file);
    return text;
}

Result<std::string> EventText::next() {
    auto piece = next_unnamed();
    if (!piece) return Error{"cannot read " + path_ + ": " + piece.error().message, piece.error().code};
    return piece;
}

Result<std::string> EventText::next_unnamed() {
    if (!frames_) return next_plain();
    while (at_ < frames_->frames().size()) {
        auto plain = frames_->plain(frames_->frames()[at_++]);
        if (!plain || !plain->empty()) return plain;
    }
    return std::string();
}

Result<std::string> EventText::next_plain() {
    while (begun_.size() < kFramePlainMax) {
        const std::size_t have = begun_.size(), wanted = std::min(kFramePlainMax - have, kReadBytes);
        begun_.resize(have + wanted);
        const ssize_t n = ::read(file_.get(), begun_.data() + have, wanted);
        const int code = errno;
        begun_.resize(have + static_cast<std::size_t>(n < 0 ? 0 : n));
        if (n < 0 && code == EINTR) continue;
        if (n < 0) return Error{std::strerror(code), code};
        if (n == 0) return std::exchange(begun_, {});
    }
    const std::size_t newline = begun_.rfind('\n');
    if (newline == std::string::npos) return std::exchange(begun_, {});
    std::string rest = begun_.substr(newline + 1);
    begun_.resize(newline + 1);
    return std::exchange(begun_, std::move(rest));
}

}  // namespace whodid
