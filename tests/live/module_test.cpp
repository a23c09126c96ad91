// SPDX-License-Identifier: Apache-2.0
// Kernel modules loaded and removed: the deed for real, and every field of its event.
#include <map>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Module : public SensorTest {
protected:
    Facts do_way(const std::string& way, const RunOptions& options) {
        EXPECT_TRUE(exited(0, stage_->run({"/bin/mkdir", "-p", "-m", "777", "/tmp/module_ways"})));
        const auto facts = stage_->deed("module_ways", {way, "/tmp/module_ways"}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    static RunOptions alices_root() {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        return options;
    }
    static std::map<std::string, Json> refused(const char* error) {
        return {{"event.outcome", "failure"},
                {"error.type", error},
                {"user.id", std::to_string(kAlice.uid)},
                {"process.user.id", 0},
                {"process.executable.path", std::string(kDeedsDir) + "/module_ways"},
                {"whodid.module.operation", "load"},
                {"whodid.module.name", nullptr},
                {"whodid.module.flags", nullptr},
                {"file.path", nullptr},
                {"file.inode", nullptr},
                {"whodid.file.device", nullptr},
                {"whodid.module.user_supplied", nullptr}};
    }
    void expect(const Facts& facts, const std::map<std::string, Json>& expected) {
        const auto event = sensor_->wait_for({"kernel.module", facts.pid(), {}});
        ASSERT_TRUE(event);
        EXPECT_EQ(lacking(*event, {expected.begin(), expected.end()}), "");
        EXPECT_EQ(event->dump().find("hunter2"), std::string::npos) << "parameters are not told";
    }
};

#define SKIP_WITHOUT_MODULES(facts) \
    if ((facts).result() == -ENOSYS) GTEST_SKIP() << "this kernel has no modules"

TEST_F(Module, AFileThatIsNone) {
    const Facts facts = do_way("file", alices_root());
    SKIP_WITHOUT_MODULES(facts);
    ASSERT_EQ(facts.result(), -ENOEXEC);
    auto expected = refused("ENOEXEC");
    expected["file.path"] = facts.text("path");
    expected["file.inode"] = facts.text("inode");
    expected["whodid.module.flags"] = Json::array({"ignore_modversions"});
    expected.erase("whodid.file.device");
    expect(facts, expected);
}

TEST_F(Module, AnImageThatIsNone) {
    const Facts facts = do_way("image", alices_root());
    SKIP_WITHOUT_MODULES(facts);
    ASSERT_EQ(facts.result(), -ENOEXEC);
    expect(facts, refused("ENOEXEC"));
}

TEST_F(Module, RemovingOneThatIsNotThere) {
    const Facts facts = do_way("remove", alices_root());
    SKIP_WITHOUT_MODULES(facts);
    ASSERT_EQ(facts.result(), -ENOENT);
    auto expected = refused("ENOENT");
    expected["whodid.module.operation"] = "unload";
    expected["whodid.module.name"] = facts.text("name");
    expected["whodid.module.flags"] = Json::array({"force"});
    expected["whodid.module.user_supplied"] = true;
    expect(facts, expected);
}

TEST_F(Module, WithoutRights) {
    const Facts facts = do_way("file", as_user(kAlice));
    SKIP_WITHOUT_MODULES(facts);
    ASSERT_EQ(facts.result(), -EPERM);
    auto expected = refused("EPERM");
    expected["process.user.id"] = kAlice.uid;
    expected["file.path"] = facts.text("path");
    expected["file.inode"] = facts.text("inode");
    expected["whodid.module.flags"] = Json::array({"ignore_modversions"});
    expected.erase("user.id");
    expected.erase("whodid.file.device");
    expect(facts, expected);
}

// `dummy` makes network devices that lead nowhere, and goes again.
TEST_F(Module, OneThatIsLoadedAndRemoved) {
    const auto found =
        stage_->run({"/bin/sh", "-c", "! grep -q '^dummy ' /proc/modules && modinfo -n dummy"});
    if (!found || found->exit_code() != 0 || found->out.find(".ko") == std::string::npos)
        GTEST_SKIP() << "no module to load here, or it is in use";
    const auto load = stage_->run({"/sbin/modprobe", "dummy", "numdummies=0"}, alices_root());
    ASSERT_TRUE(exited(0, load));
    const auto remove = stage_->run({"/sbin/rmmod", "dummy"}, alices_root());
    ASSERT_TRUE(exited(0, remove));
    const auto loaded = sensor_->wait_for({"kernel.module", load->pid, {}});
    ASSERT_TRUE(loaded);
    EXPECT_EQ(lacking(*loaded, {{"event.outcome", "success"},
                                {"user.id", std::to_string(kAlice.uid)},
                                {"whodid.module.operation", "load"},
                                {"whodid.module.name", "dummy"},
                                {"whodid.module.user_supplied", nullptr}}),
              "");
    const auto removed = sensor_->wait_for({"kernel.module", remove->pid, {}});
    ASSERT_TRUE(removed);
    EXPECT_EQ(lacking(*removed, {{"event.outcome", "success"},
                                 {"whodid.module.operation", "unload"},
                                 {"whodid.module.name", "dummy"},
                                 {"whodid.module.user_supplied", true}}),
              "");
}

}  // namespace
}  // namespace whodid::live
