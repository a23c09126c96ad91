// SPDX-License-Identifier: Apache-2.0
// The directory of the loads.
#include "site.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace whodid::bench {

namespace {
constexpr int kFiles = 1000;
}

Result<Site> Site::make(std::string program) {
    if (::access(program.c_str(), X_OK) != 0) return Error::from_errno("cannot run " + program);
    const char* parent = ::getenv("TMPDIR");
    Site site;
    site.program_ = std::move(program);
    site.directory_ = fmt::format("{}/whodid-bench-XXXXXX", parent ? parent : "/tmp");
    if (!::mkdtemp(site.directory_.data())) {
        const Error error = Error::from_errno("cannot make a directory " + site.directory_);
        site.directory_.clear();
        return error;
    }
    const std::string below = site.directory_ + "/files";
    if (::mkdir(below.c_str(), 0700) != 0) return Error::from_errno("cannot make " + below);
    for (int i = 0; i < kFiles; ++i) {
        site.files_.push_back(fmt::format("{}/file-{:04}", below, i));
        const Fd file(::open(site.files_.back().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (!file.valid()) return Error::from_errno("cannot make " + site.files_.back());
    }
    return site;
}

Site::~Site() {
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Result<Fd> Site::scratch() const {
    std::string name = directory_ + "/scratch-XXXXXX";
    Fd file(::mkostemp(name.data(), O_APPEND | O_CLOEXEC));
    if (!file.valid()) return Error::from_errno("cannot make " + name);
    ::unlink(name.c_str());
    return file;
}

}  // namespace whodid::bench
