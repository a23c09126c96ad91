// SPDX-License-Identifier: Apache-2.0
// Directory: one of its own for a test, gone with it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace whodid::test {

class Directory {
public:
    Directory() {
        char name[] = "/tmp/whodid-unit-XXXXXX";
        path = ::mkdtemp(name) ? name : "";
        EXPECT_FALSE(path.empty()) << "cannot make a directory in /tmp";
    }
    ~Directory() {
        std::error_code ignored;
        if (!path.empty()) std::filesystem::remove_all(path, ignored);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    /// Writes a file below it and returns its whole path.
    std::string write(const std::string& name, std::string_view text) const {
        const std::string whole = path + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
        std::ofstream(whole, std::ios::binary | std::ios::trunc) << text;
        return whole;
    }

    std::string path;
};

}  // namespace whodid::test
