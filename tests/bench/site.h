// SPDX-License-Identifier: Apache-2.0
// Site: the files that the loads work on, in a directory of their own.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace whodid::bench {

class Site {
public:
    /// Below TMPDIR, or /tmp. `program` is what the exec load runs.
    static Result<Site> make(std::string program);
    Site(Site&& other) noexcept = default;
    Site& operator=(Site&&) = delete;
    ~Site();

    const std::string& directory() const { return directory_; }
    const std::string& program() const { return program_; }
    const std::string& file() const { return files_.front(); }
    const std::vector<std::string>& files() const { return files_; }
    std::string missing() const { return directory_ + "/missing"; }
    std::string socket() const { return directory_ + "/socket"; }

    /// An empty file that is gone when its last descriptor is closed: nothing big stays behind.
    Result<Fd> scratch() const;

private:
    Site() = default;

    std::string directory_, program_;
    std::vector<std::string> files_;
};

}  // namespace whodid::bench
