// SPDX-License-Identifier: Apache-2.0
// Containers: which one, whose, and what their processes' users and paths are.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"
#include "stage_containers.h"

namespace whodid::live {
namespace {

const std::string kAlices = std::to_string(kAlice.uid), kBobs = std::to_string(kBob.uid);

/// Root, behind somebody's login.
RunOptions by(const User& user) {
    RunOptions options;
    options.loginuid = user.uid;
    return options;
}

std::string name_of(const char* what) { return "whodid-" + std::to_string(::getpid()) + "-" + what; }

class ContainerTest : public SensorTest {
protected:
    static void TearDownTestSuite() {
        podman_.reset();
        containerd_.reset();
        root_.reset();
    }
    void SetUp() override {
        SensorTest::SetUp();
        if (IsSkipped() || HasFatalFailure() || root_) return;
        auto root = ContainerRoot::create();
        ASSERT_TRUE(worked(root));
        root_ = std::move(*root);
    }
    /// In a chroot the machine's mounts cannot be seen, neither by the sensor.
    static bool sees_the_machines_root() {
        std::ifstream mounts("/proc/self/mountinfo");
        for (std::string line; std::getline(mounts, line);) {
            std::istringstream words(line);
            std::string id, parent, device, root, point;
            if (words >> id >> parent >> device >> root >> point && point == "/") return true;
        }
        return false;
    }
    /// The container's own reading of a file, once what `where` asks for is known too.
    std::optional<Json> reading(const std::string& container, const std::string& path,
                                const std::string& known = "container.name") {
        return sensor_->wait_for({"file.open", 0, [=](const Json& e) {
                                      return at(e, "container.id") == container &&
                                             at(e, "whodid.file.path_in_container") == path &&
                                             !at(e, known).is_null();
                                  }});
    }
    std::optional<Json> exec_with(const std::string& argument) {
        return sensor_->wait_for({"process.exec", 0, [=](const Json& e) {
                                      const Json arguments = at(e, "process.command_args");
                                      return !arguments.empty() && arguments.back() == argument &&
                                             !at(e, "container.id").is_null();
                                  }});
    }

    static std::unique_ptr<ContainerRoot> root_;
    static std::unique_ptr<Podman> podman_;
    static std::unique_ptr<Containerd> containerd_;
};
std::unique_ptr<ContainerRoot> ContainerTest::root_;
std::unique_ptr<Podman> ContainerTest::podman_;
std::unique_ptr<Containerd> ContainerTest::containerd_;

// ---- podman: no daemon, so that the kernel knows who -----------------------------------------------------

class ContainerByPodman : public ContainerTest {
protected:
    void SetUp() override {
        if (const std::string why = Podman::available(); !why.empty()) GTEST_SKIP() << why;
        ContainerTest::SetUp();
        if (IsSkipped() || HasFatalFailure() || !id_.empty()) return;
        podman_ = std::make_unique<Podman>();
        std::vector<std::string> arguments = {"--user",   kAlices + ":" + std::to_string(kAlice.gid),
                                              "-v",       root_->volume() + ":/vol",
                                              "--rootfs", root_->root()};
        for (const std::string& word : ContainerRoot::reader()) arguments.push_back(word);
        const auto id = podman_->run(kName, arguments, by(kAlice));
        ASSERT_TRUE(worked(id));
        id_ = *id;
    }
    static void TearDownTestSuite() {
        id_.clear();
        ContainerTest::TearDownTestSuite();
    }
    static std::string id_;
    static inline const std::string kName = name_of("web");
};
std::string ContainerByPodman::id_;

TEST_F(ContainerByPodman, IsThePersonWhoRanIt) {
    const auto event = reading(id_, "/data/secret");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"container.runtime.name", "podman"},
                               {"container.name", kName},
                               {"container.image.name", nullptr},
                               {"user.id", kAlices},
                               {"process.user.id", kAlice.uid},
                               {"whodid.basis.user", "kernel"}}),
              "");
    EXPECT_FALSE(at(*event, "session.id").is_null());
    EXPECT_NE(at(*event, "whodid.cgroup.path").get<std::string>().find(id_), std::string::npos);
}

TEST_F(ContainerByPodman, AnExecIntoItIsThePersonWhoDidIt) {
    ASSERT_TRUE(
        exited(0, podman_->call({"exec", kName, "/bin/busybox", "echo", "by-podman-exec"}, by(kBob))));
    const auto exec = exec_with("by-podman-exec");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"container.id", id_}, {"user.id", kBobs}, {"whodid.basis.user", "kernel"}}),
              "");
}

// traps.md 14: the number is alice's on the host, the name is the container's.
TEST_F(ContainerByPodman, Trap14_UsersAreItsOwn) {
    const auto event = reading(id_, "/data/secret", "process.user.name");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"process.user.id", kAlice.uid},
                               {"process.user.name", kInside},
                               {"whodid.process.group.id", kAlice.gid},
                               {"whodid.process.group.name", kInsiders}}),
              "");
}

// traps.md 30
TEST_F(ContainerByPodman, Trap30_PathsAreTheHostsAndItsOwn) {
    if (!sees_the_machines_root()) GTEST_SKIP() << "runs in a chroot: no path is known on the host";
    const auto event = reading(id_, "/data/secret", "file.path");
    ASSERT_TRUE(event);
    const std::string path = root_->root() + "/data/secret";
    EXPECT_EQ(at(*event, "file.path"), path);
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_EQ(at(*event, "file.inode"), std::to_string(st.st_ino));
}

TEST_F(ContainerByPodman, AVolumesPathIsTheHosts) {
    if (!sees_the_machines_root()) GTEST_SKIP() << "runs in a chroot: no path is known on the host";
    const auto event = reading(id_, "/vol/note", "file.path");
    ASSERT_TRUE(event);
    EXPECT_EQ(at(*event, "file.path"), root_->volume() + "/note");
}

// What runs on the host is not told apart.
TEST_F(ContainerByPodman, TheHostsFilesHaveOnePath) {
    const auto ran = run_in(this_world(), {"cat", root_->root() + "/data/secret"}, {});
    ASSERT_TRUE(exited(0, ran));
    const auto event =
        sensor_->wait_for({"file.open", ran->pid, [](const Json& e) {
                               return at(e, "file.path").dump().find("/data/secret") != std::string::npos;
                           }});
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"whodid.file.path_in_container", nullptr}, {"container.id", nullptr}}), "");
}

TEST_F(ContainerByPodman, AnOverlaysPathIsWhereTheHostHasItMounted) {
    if (!sees_the_machines_root()) GTEST_SKIP() << "runs in a chroot: no path is known on the host";
    const std::string name = name_of("overlay");
    std::vector<std::string> arguments = {"--rootfs", root_->root() + ":O"};
    for (const std::string& word : ContainerRoot::reader()) arguments.push_back(word);
    const auto id = podman_->run(name, arguments, by(kAlice));
    if (!id) GTEST_SKIP() << "no overlay here: " << id.error().message;
    const auto event = reading(*id, "/data/secret", "file.path");
    struct stat st {};
    const bool there = event && ::stat(at(*event, "file.path").get<std::string>().c_str(), &st) == 0;
    podman_->remove(name);
    ASSERT_TRUE(event);
    EXPECT_TRUE(there) << event->dump();
    EXPECT_EQ(at(*event, "file.inode"), std::to_string(st.st_ino));
}

TEST_F(ContainerByPodman, TheImageIsTheRuntimesWord) {
    const std::string tag = "localhost/" + name_of("image") + ":1", name = name_of("imaged");
    const std::string tar = root_->directory() + "/image.tar";
    ASSERT_TRUE(exited(0, run_in(this_world(), {"tar", "-C", root_->root(), "-cf", tar, "."}, {})));
    ASSERT_TRUE(exited(0, podman_->call({"import", tar, tag})));
    std::vector<std::string> arguments = {tag};
    for (const std::string& word : ContainerRoot::reader()) arguments.push_back(word);
    const auto id = podman_->run(name, arguments, by(kAlice));
    const auto event = id ? reading(*id, "/data/secret") : std::nullopt;
    podman_->remove(name);
    (void)podman_->call({"rmi", "-f", tag});
    ASSERT_TRUE(worked(id));
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"container.name", name}, {"container.image.name", tag}}), "");
}

// traps.md 53: the id is the kernel's, and needs nothing that is gone a moment later.
TEST_F(ContainerByPodman, Trap53_OneThatLivesAMoment) {
    const std::string name = name_of("moment");
    const auto id =
        podman_->run(name, {"--rootfs", root_->root(), "/bin/busybox", "echo", "a-moment"}, by(kAlice));
    ASSERT_TRUE(worked(id));
    const auto exec = exec_with("a-moment");
    podman_->remove(name);
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"container.id", *id},
                              {"container.runtime.name", "podman"},
                              {"user.id", kAlices},
                              {"process.user.id", 0}}),
              "");
}

TEST_F(ContainerByPodman, IsKnownToASensorThatCameLater) {
    auto later = Sensor::start();
    ASSERT_TRUE(worked(later));
    const auto event = (*later)->wait_for({"file.open", 0, [&](const Json& e) {
                                               return at(e, "container.id") == id_ &&
                                                      !at(e, "process.user.name").is_null() &&
                                                      !at(e, "container.name").is_null();
                                           }});
    ASSERT_TRUE(worked((*later)->stop()));
    ASSERT_TRUE(event);
    EXPECT_EQ(
        lacking(*event, {{"container.name", kName}, {"user.id", kAlices}, {"process.user.name", kInside}}),
        "");
}

// ---- containerd: a daemon starts it, for whom nobody knows -----------------------------------------------

class ContainerByContainerd : public ContainerTest {
protected:
    void SetUp() override {
        if (containerd_ == nullptr)
            if (const std::string why = Containerd::available(); !why.empty()) GTEST_SKIP() << why;
        ContainerTest::SetUp();
        if (IsSkipped() || HasFatalFailure() || containerd_) return;
        auto started = Containerd::start(root_->directory());
        ASSERT_TRUE(worked(started));
        containerd_ = std::move(*started);
        std::vector<std::string> arguments = {
            "--annotation", "io.kubernetes.cri.image-name=registry.example/shop:2",
            "--annotation", "io.kubernetes.cri.container-name=shop",
            "--annotation", "io.kubernetes.cri.sandbox-name=web-0",
            "--annotation", "io.kubernetes.cri.sandbox-namespace=prod",
            "--rootfs",     root_->root(),
            kName};
        for (const std::string& word : ContainerRoot::reader()) arguments.push_back(word);
        ASSERT_TRUE(worked(containerd_->run(kName, arguments)));
    }
    static inline const std::string kName = name_of("shop");
};

TEST_F(ContainerByContainerd, Trap07_IsNobodysAndSaysSo) {
    const auto event = reading(kName, "/data/secret");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"container.runtime.name", "containerd"},
                               {"user.id", nullptr},
                               {"user.name", nullptr},
                               {"session.id", nullptr},
                               {"whodid.session.id", at(*event, "whodid.process.entity_id")},
                               {"whodid.basis.user", "unknown"},
                               {"whodid.basis.origin", "inferred"},
                               {"whodid.origin.type", "container"}}),
              "");
}

TEST_F(ContainerByContainerd, AnExecIntoItIsToldAsOne) {
    ASSERT_TRUE(exited(0, containerd_->call({"task", "exec", "--exec-id", "e1", kName, "/bin/busybox", "echo",
                                             "by-ctr-exec"})));
    const auto exec = exec_with("by-ctr-exec");
    ASSERT_TRUE(exec);
    EXPECT_EQ(lacking(*exec, {{"container.id", kName},
                              {"user.id", nullptr},
                              {"whodid.session.id", at(*exec, "whodid.process.entity_id")},
                              {"whodid.basis.user", "unknown"},
                              {"whodid.basis.origin", "inferred"},
                              {"whodid.origin.type", "container-exec"}}),
              "");
}

TEST_F(ContainerByContainerd, ItsPodIsTheRuntimesWord) {
    const auto event = reading(kName, "/data/secret");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"container.name", "shop"},
                               {"container.image.name", "registry.example/shop:2"},
                               {"k8s.pod.name", "web-0"},
                               {"k8s.namespace.name", "prod"}}),
              "");
}

TEST_F(ContainerByContainerd, Trap30_PathsAreTheHostsAndItsOwn) {
    if (!sees_the_machines_root()) GTEST_SKIP() << "runs in a chroot: no path is known on the host";
    const auto event = reading(kName, "/data/secret", "file.path");
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"file.path", root_->root() + "/data/secret"}, {"process.user.name", "root"}}),
              "");
}

}  // namespace
}  // namespace whodid::live
