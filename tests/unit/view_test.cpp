// SPDX-License-Identifier: Apache-2.0
// The file that -w names.
#include "app/view.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace whodid {
namespace {

namespace fs = std::filesystem;

struct ViewFile : testing::Test {
    ViewFile() {
        std::string name = fs::temp_directory_path() / "view-XXXXXX";
        directory_ = ::mkdtemp(name.data());
        options_.write_path = directory_ / "events.json";
        options_.quiet = true;
    }
    ~ViewFile() override { fs::remove_all(directory_); }
    std::string contents() const {
        std::ostringstream out;
        out << std::ifstream(options_.write_path).rdbuf();
        return out.str();
    }

    fs::path directory_;
    ViewOptions options_;
};

TEST_F(ViewFile, KeepsWhatItHeldUntilEventsCanCome) {
    std::ofstream(options_.write_path) << "yesterday\n";
    auto view = View::open(options_);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_EQ(contents(), "yesterday\n");
    ASSERT_TRUE(view->begin());
    EXPECT_EQ(contents(), "");
}

TEST_F(ViewFile, IsForItsOwnerAlone) {
    std::ofstream(options_.write_path) << "";
    ASSERT_EQ(::chmod(options_.write_path.c_str(), 0666), 0);
    auto view = View::open(options_);
    ASSERT_TRUE(view && view->begin());
    struct stat st {};
    ASSERT_EQ(::stat(options_.write_path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST_F(ViewFile, ThatCannotBeWrittenIsNamed) {
    options_.write_path = directory_ / "missing" / "events.json";
    const auto view = View::open(options_);
    ASSERT_FALSE(view);
    EXPECT_NE(view.error().message.find(options_.write_path), std::string::npos);
}

}  // namespace
}  // namespace whodid
