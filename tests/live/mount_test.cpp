// SPDX-License-Identifier: Apache-2.0
// File systems mounted and unmounted, and files mapped to be run: the deed for real, and every field of its
// event.
#include <map>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

struct Way {
    const char* name;
    std::vector<std::pair<std::string, Json>> fields;
};

class Mount : public SensorTest {
protected:
    Facts do_way(const std::string& program, const std::string& way, RunOptions options,
                 const std::string& argument = "0") {
        const std::string directory = "/tmp/" + program;
        EXPECT_TRUE(exited(0, stage_->run({"/bin/mkdir", "-p", directory})));
        const auto facts = stage_->deed(program, {way, directory, argument}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    static RunOptions alices_root() {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        return options;
    }
    /// A way makes others first, to have something to work on: the last is the one that is meant.
    std::optional<Json> last(const std::string& kind, const Facts& facts) {
        EXPECT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
        const auto events = sensor_->all({kind, facts.pid(), {}});
        return events.empty() ? std::nullopt : std::optional(events.back());
    }
    static std::map<std::string, Json> common(const Facts& facts) {
        return {{"event.outcome", facts.result() < 0 ? "failure" : "success"},
                {"user.id", std::to_string(kAlice.uid)},
                {"process.user.id", 0},
                {"process.executable.path", std::string(kDeedsDir) + "/mount_ways"},
                {"file.path", facts.text("path")},
                {"whodid.mount.removable", nullptr},
                {"whodid.mount.device", nullptr}};
    }
};

class MountWay : public Mount, public testing::WithParamInterface<Way> {};

TEST_P(MountWay, IsTold) {
    const Facts facts = do_way("mount_ways", GetParam().name, alices_root());
    ASSERT_EQ(facts.result(), 0) << GetParam().name;
    const auto event = last("file.mount", facts);
    ASSERT_TRUE(event) << "no file.mount by " << facts.pid();
    auto expected = common(facts);
    expected["error.type"] = nullptr;
    expected["whodid.mount.source"] = facts.text("source").empty() ? Json() : Json(facts.text("source"));
    // The mount itself was there to be asked, and cannot lie.
    expected["whodid.mount.type"] = "tmpfs";
    expected["file.inode"] = facts.text("inode");
    expected["file.owner.id"] = "0";
    expected["whodid.file.device"] = facts.text("device");
    expected["whodid.file.user_supplied"] = nullptr;
    for (const auto& [key, value] : GetParam().fields) expected[key] = value;
    EXPECT_EQ(lacking(*event, {expected.begin(), expected.end()}), "");
}

Json flags(std::initializer_list<const char*> names) {
    Json list = Json::array();
    for (const char* name : names) list.push_back(name);
    return list;
}

const std::pair<std::string, Json> kOwnWords{"whodid.file.user_supplied", true},
    kNoInode{"file.inode", nullptr}, kNoOwner{"file.owner.id", nullptr},
    kNoDevice{"whodid.file.device", nullptr}, kNoType{"whodid.mount.type", nullptr};
const char* kFlags = "whodid.mount.flags";
INSTANTIATE_TEST_SUITE_P(
    Ways, MountWay,
    testing::Values(
        Way{"memory",
            {{"file.owner.id", "7"},
             {"file.mode", "0711"},
             {kFlags, flags({"ro", "nosuid", "nodev", "noexec"})}}},
        Way{"relative", {{kFlags, nullptr}}}, Way{"short_name", {{kFlags, flags({"nodev"})}}},
        Way{"bind", {kOwnWords, {kFlags, flags({"nodev", "bind"})}}},
        Way{"rbind", {kOwnWords, {"file.mode", "0711"}, {kFlags, flags({"bind", "rec"})}}},
        Way{"remount",
            {kOwnWords,
             kNoInode,
             kNoOwner,
             kNoDevice,
             kNoType,
             {kFlags, flags({"ro", "nosuid", "remount"})}}},
        Way{"move", {kOwnWords, kNoInode, kNoOwner, kNoDevice, kNoType, {kFlags, flags({"move"})}}},
        Way{"private",
            {kOwnWords, kNoInode, kNoOwner, kNoDevice, kNoType, {kFlags, flags({"private", "rec"})}}},
        Way{"fsmount", {{kFlags, flags({"ro", "nodev"})}}},
        Way{"move_mount", {kOwnWords, kNoInode, kNoOwner, kNoDevice, kNoType, {kFlags, flags({"move"})}}},
        Way{"setattr",
            {kOwnWords,
             kNoInode,
             kNoOwner,
             kNoDevice,
             kNoType,
             {kFlags, flags({"nosuid", "noexec", "remount", "rec"})}}}),
    [](const auto& way) { return std::string(way.param.name); });

// A password in the source is masked; one in the options was never copied.
TEST_F(Mount, ARefusedOneTellsWhatWasAskedFor) {
    const Facts facts = do_way("mount_ways", "no_such_type", alices_root());
    ASSERT_EQ(facts.result(), -ENODEV);
    // Not just the last before the exit: on a starved machine a record may come late.
    const auto event = sensor_->wait_for(
        {"file.mount", facts.pid(), [](const Json& e) { return at(e, "event.outcome") == "failure"; }});
    ASSERT_TRUE(event);
    auto expected = common(facts);
    expected["error.type"] = "ENODEV";
    expected["whodid.mount.source"] = "ftp://alice:****@files.example/";
    expected["whodid.mount.type"] = "nosuchfs";
    expected[kFlags] = flags({"nodev"});
    expected["file.inode"] = nullptr;
    expected["whodid.file.user_supplied"] = true;
    EXPECT_EQ(lacking(*event, {expected.begin(), expected.end()}), "");
    EXPECT_EQ(event->dump().find("hunter2"), std::string::npos);
}

TEST_F(Mount, WithoutRights) {
    const Facts facts = do_way("mount_ways", "denied", as_user(kAlice));
    ASSERT_EQ(facts.result(), -EPERM);
    const auto event = last("file.mount", facts);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"error.type", "EPERM"},
                               {"file.path", "/srv"},
                               {"process.user.id", kAlice.uid},
                               {"whodid.mount.source", "deed"},
                               {"whodid.mount.type", "tmpfs"}}),
              "");
}

// It was made, and nobody ever saw it.
TEST_F(Mount, WhatWasNotAttachedTellsWhatItIs) {
    const Facts facts = do_way("mount_ways", "fsmount_nowhere", alices_root());
    ASSERT_EQ(facts.result(), -ENOENT);
    const auto event = last("file.mount", facts);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"error.type", "ENOENT"},
                               {"file.path", facts.text("path")},
                               {"whodid.mount.source", "newer"},
                               {"whodid.mount.type", "tmpfs"},
                               {"whodid.file.user_supplied", true}}),
              "");
}

TEST_F(Mount, AnImageIsTracedToItsFile) {
    const std::string image = "/tmp/mount_ways/fs.img";
    const auto made =
        stage_->run({"/bin/sh", "-c", "mkdir -p /tmp/mount_ways && mkfs.ext4 -q " + image + " 256"});
    if (!made || made->exit_code() != 0) GTEST_SKIP() << "no mkfs.ext4 here";
    const Facts facts = do_way("mount_ways", "image", alices_root(), image);
    if (facts.result() < 0) GTEST_SKIP() << "no loop device here: " << facts.result();
    const auto event = last("file.mount", facts);
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"file.path", facts.text("path")},
                               {"whodid.mount.source", facts.text("source")},
                               {"whodid.mount.type", "ext4"},
                               {"whodid.file.device", facts.text("device")},
                               {"whodid.mount.flags", flags({"ro"})},
                               {"whodid.mount.removable", false},
                               {"whodid.mount.device.bus", "loop"},
                               {"whodid.mount.device.image", image},
                               {"whodid.mount.device.model", nullptr},
                               {"whodid.file.user_supplied", nullptr}}),
              "");
}

TEST_F(Mount, UmountsAreTold) {
    for (const auto& [way, names] : std::map<std::string, Json>{
             {"umount", nullptr}, {"detach", flags({"detach", "nofollow"})}, {"umount_nothing", nullptr}}) {
        const Facts facts = do_way("mount_ways", way, alices_root());
        const auto event = last("file.umount", facts);
        ASSERT_TRUE(event) << way;
        auto expected = common(facts);
        expected["error.type"] = facts.result() < 0 ? Json("EINVAL") : Json();
        expected[kFlags] = names;
        expected["whodid.file.user_supplied"] = true;
        EXPECT_EQ(lacking(*event, {expected.begin(), expected.end()}), "") << way;
    }
}

// ---- files mapped to be run
// ---------------------------------------------------------------------------------

TEST_F(Mount, AMappedLibraryIsToldOncePerSession) {
    const Facts facts = do_way("map_ways", "library", alices_root());
    ASSERT_EQ(facts.result(), 0);
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const auto maps = sensor_->all(
        {"file.map", facts.pid(), [&](const Json& e) { return at(e, "file.path") == facts.text("path"); }});
    ASSERT_EQ(maps.size(), 1u);
    EXPECT_EQ(lacking(maps[0], {{"event.outcome", "success"},
                                {"user.id", std::to_string(kAlice.uid)},
                                {"process.user.id", 0},
                                {"process.executable.path", std::string(kDeedsDir) + "/map_ways"},
                                {"file.inode", facts.text("inode")},
                                {"file.mode", "0750"},
                                {"file.owner.id", "0"},
                                {"whodid.file.user_supplied", nullptr}}),
              "");
    EXPECT_TRUE(at(maps[0], "whodid.file.device").is_string());
}

TEST_F(Mount, DataIsNoLibrary) {
    const Facts facts = do_way("map_ways", "data", alices_root());
    ASSERT_EQ(facts.result(), 0);
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    EXPECT_TRUE(sensor_
                    ->all({"file.map", facts.pid(),
                           [&](const Json& e) { return at(e, "file.path") == facts.text("path"); }})
                    .empty());
}

}  // namespace
}  // namespace whodid::live
