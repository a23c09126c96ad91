// SPDX-License-Identifier: Apache-2.0
// Containers: what is found in a host's files, when it is asked for, and for how long it holds.
#include "enrich/containers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "world.h"

namespace whodid {
namespace {

using test::Actor;
using test::kMs;
using test::kSecond;

const std::string kId(64, 'a');

/// A host that is asked, like a live one.
class AskedHost : public RecordedHost {
public:
    bool is_live() const override { return true; }
};

constexpr std::uint32_t kHostNs = 4026531841, kOwnNs = 4026532999;

/// A container with one process, as its runtime leaves it.
void add_process(RecordedHost& host, std::uint32_t pid, std::uint64_t start_ns, std::uint32_t mount_ns) {
    const std::string process = "/proc/" + std::to_string(pid);
    host.links[process + "/ns/mnt"] = "mnt:[" + std::to_string(mount_ns) + "]";
    host.links[process + "/root"] = "/";
    host.files[process + "/stat"] = std::to_string(pid) + " (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                    std::to_string(start_ns / 10'000'000) + " 0 0\n";
    host.files[process + "/uid_map"] = host.files[process + "/gid_map"] = "0 0 4294967295\n";
    host.files[process + "/mountinfo"] = "67 44 254:0 /var/roots/web / rw - ext4 /dev/vda rw\n";
    host.files[process + "/root/etc/passwd"] = "root:x:0:0::/:/bin/sh\ninside:x:1004:7::/:/bin/sh\n";
    host.files[process + "/root/etc/group"] = "wheel:x:7:\n";
}

void add_host(RecordedHost& host) {
    host.links["/proc/1/ns/mnt"] = "mnt:[" + std::to_string(kHostNs) + "]";
    host.files["/proc/1/mountinfo"] = "27 1 254:0 / / rw - ext4 /dev/vda rw\n";
    host.files["/etc/passwd"] = "root:x:0:0::/root:/bin/sh\nalice:x:1004:1104::/home/alice:/bin/sh\n";
}

ContainerQuestion question(const std::string& runtime = "docker") {
    ContainerQuestion asked;
    asked.id = kId;
    asked.runtime = runtime;
    asked.pid = 6000;
    asked.start_ns = 60 * kSecond;
    asked.mount_ns = kOwnNs;
    asked.host_mount_ns = kHostNs;
    return asked;
}

class ContainerFilesTest : public testing::Test {
protected:
    void SetUp() override {
        add_host(host_);
        add_process(host_, 6000, 60 * kSecond, kOwnNs);
    }
    RecordedHost host_;
};

TEST_F(ContainerFilesTest, TheStateOfEachRuntime) {
    const std::string oci = R"({"ociVersion":"1.0.2","annotations":{"io.kubernetes.cri.image-name":"shop:2",)"
                            R"("io.kubernetes.cri-o.ImageName":"shop:2"}})";
    host_.files["/var/lib/docker/containers/" + kId + "/config.v2.json"] = R"({"Config":{"Image":"shop:2"}})";
    host_.files["/var/lib/containers/storage/vfs-containers/containers.json"] =
        R"([{"id":")" + kId + R"(","metadata":"{\"image-name\":\"shop:2\"}"}])";
    host_.files["/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + kId + "/config.json"] = oci;
    host_.files["/run/containers/storage/overlay-containers/" + kId + "/userdata/config.json"] = oci;
    for (const char* runtime : {"docker", "podman", "containerd", "cri-o", ""}) {
        const ContainerAnswer answer = read_container(host_, question(runtime));
        ASSERT_TRUE(answer.state) << runtime;
        EXPECT_EQ(answer.state->image, "shop:2") << runtime;
        EXPECT_EQ(answer.runtime, *runtime ? runtime : "containerd");
    }
    EXPECT_FALSE(read_container(host_, question("lxc")).state);
}

// What a user's own runtime wrote is in their home, and nothing else counts for a container of theirs.
TEST_F(ContainerFilesTest, AUsersContainersAreOfTheirHome) {
    const std::string list = R"([{"id":")" + kId + R"(","names":["mine"]}])";
    host_.files["/var/lib/containers/storage/overlay-containers/containers.json"] = list;
    ContainerQuestion asked = question("podman");
    asked.owner = 1004;
    EXPECT_FALSE(read_container(host_, asked).state);
    host_.files["/home/alice/.local/share/containers/storage/overlay-containers/containers.json"] = list;
    ASSERT_TRUE(read_container(host_, asked).state);
    EXPECT_EQ(read_container(host_, asked).state->name, "mine");
    asked.owner = 1005;  // has no account here
    EXPECT_FALSE(read_container(host_, asked).state);
}

TEST_F(ContainerFilesTest, ItsOwnAccountsAndPaths) {
    const auto view = read_container(host_, question()).view;
    ASSERT_TRUE(view);
    EXPECT_EQ(view->mount_ns, kOwnNs);
    EXPECT_EQ(view->users, (AccountNames{{0, "root"}, {1004, "inside"}}));
    EXPECT_EQ(view->groups, (AccountNames{{7, "wheel"}}));
    EXPECT_EQ(host_path(view->directories, "/etc/shadow", 0), "/var/roots/web/etc/shadow");
}

TEST_F(ContainerFilesTest, NamesOfAUserNamespaceAreOfTheHostsNumbers) {
    host_.files["/proc/6000/uid_map"] = "0 1004 1\n1 100000 65536\n";
    const auto view = read_container(host_, question()).view;
    ASSERT_TRUE(view);
    EXPECT_EQ(view->users, (AccountNames{{1004, "root"}, {101003, "inside"}}));
}

// traps.md 14 and 53: a number that was used again is another process, whose accounts are not the
// container's.
TEST_F(ContainerFilesTest, Trap14_AnotherProcessOfThatNumberIsNotLookedAt) {
    ContainerQuestion asked = question();
    asked.start_ns = 61 * kSecond;
    EXPECT_FALSE(read_container(host_, asked).view);
    asked = question();
    asked.mount_ns = kHostNs;
    EXPECT_FALSE(read_container(host_, asked).view);
    host_.links["/proc/6000/root"] = "/srv/jail";  // a chroot: others' accounts
    EXPECT_FALSE(read_container(host_, question()).view);
    host_.files.erase("/proc/6000/stat");
    EXPECT_FALSE(read_container(host_, question()).view);
}

// The sensor may have a mount namespace of its own, and process 1 may be out of reach.
TEST_F(ContainerFilesTest, TheHostsMountsAreFoundByItsNamespace) {
    host_.links["/proc/self/ns/mnt"] = "mnt:[4026533000]";
    host_.links["/proc/77/ns/mnt"] = host_.links["/proc/1/ns/mnt"];
    host_.files["/proc/77/mountinfo"] = host_.files["/proc/1/mountinfo"];
    host_.links.erase("/proc/1/ns/mnt");
    host_.files.erase("/proc/1/mountinfo");
    const auto view = read_container(host_, question()).view;
    ASSERT_TRUE(view);
    EXPECT_EQ(host_path(view->directories, "/etc/shadow", 0), "/var/roots/web/etc/shadow");
}

TEST_F(ContainerFilesTest, AFileSystemSomebodyServesIsNotRead) {
    host_.files["/proc/6000/mountinfo"] =
        "67 44 254:0 /var/roots/web / rw - ext4 /dev/vda rw\n68 67 0:80 / /etc rw - fuse.evil x rw\n";
    const auto view = read_container(host_, question()).view;
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->users.empty());
    EXPECT_EQ(host_path(view->directories, "/srv/x", 0), "/var/roots/web/srv/x");
}

class ContainersTest : public testing::Test {
protected:
    ContainersTest() {
        add_host(host_);
        actor_.task.start_ns = 60 * kSecond;
        actor_.task.mount_ns = other_.task.mount_ns = kOwnNs;
        add_process(host_, 6000, 60 * kSecond, kOwnNs);
        host_.files["/var/lib/docker/containers/" + kId + "/config.v2.json"] = R"({"Name":"/web"})";
        info_.container_id = kId;
        info_.runtime = "docker";
    }
    /// Waits until it is known by another snapshot.
    static ContainerSnapshot learnt(Containers& containers, const ContainerSnapshot& before) {
        for (int tries = 0; containers.current(before) == before && tries < 1000; ++tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            containers.refresh();
        }
        return containers.current(before);
    }
    /// A snapshot of the first container, with nothing in it.
    static ContainerSnapshot unknown_number_one() {
        auto container = std::make_shared<Container>();
        container->number = 1;
        return container;
    }
    AskedHost host_;
    CgroupInfo info_;
    Actor actor_ = Actor::process(6000), other_ = Actor::process(6001);
};

TEST_F(ContainersTest, IsAskedForElsewhereAndLearntLater) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    EXPECT_FALSE(containers.is_apart(kHostNs));
    EXPECT_TRUE(containers.is_apart(kOwnNs));
    const auto entered = containers.enter(info_, actor_.task);
    EXPECT_EQ(entered.how, Containers::Entering::kFirst);
    EXPECT_EQ(entered.container->id, kId);
    EXPECT_EQ(entered.container->name, "");
    const auto later = learnt(containers, entered.container);
    EXPECT_EQ(later->name, "web");
    ASSERT_TRUE(later->view);
    EXPECT_EQ(later->number, entered.container->number);
    EXPECT_EQ(entered.container->name, "") << "an older snapshot never shows a later state";
    EXPECT_EQ(containers.enter(info_, other_.task).how, Containers::Entering::kLater);
}

// traps.md 53: what is asked for when the record comes may be gone when its turn does.
TEST_F(ContainersTest, Trap53_IsAskedForAhead) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    containers.foresee(info_, actor_.task);
    ContainerSnapshot known;
    for (int tries = 0; !known && tries < 1000; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        containers.refresh();
        known = containers.current(unknown_number_one());
        if (known->name.empty()) known = nullptr;
    }
    ASSERT_TRUE(known);
    const auto entered = containers.enter(info_, actor_.task);
    EXPECT_EQ(entered.how, Containers::Entering::kFirst);
    EXPECT_EQ(entered.container->name, "web");
    EXPECT_TRUE(entered.container->view);
}

// runc is in the container's cgroup, and not yet in its namespaces.
TEST_F(ContainersTest, ItsRuntimeIsNotItsFirstProcess) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    Actor runc = Actor::process(5999);
    runc.task.mount_ns = kHostNs;
    const auto preparing = containers.enter(info_, runc.task);
    EXPECT_EQ(preparing.how, Containers::Entering::kFromTheHost);
    EXPECT_EQ(preparing.container->id, kId);
    EXPECT_EQ(containers.enter(info_, actor_.task).how, Containers::Entering::kFirst);
}

TEST_F(ContainersTest, EndsWithItsFirstProcess) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    const auto first = containers.enter(info_, actor_.task).container;
    containers.left(*first, other_.task);
    EXPECT_EQ(containers.enter(info_, actor_.task).container->number, first->number);
    containers.left(*first, actor_.task);
    EXPECT_EQ(containers.size(), 0u);
    EXPECT_EQ(containers.current(first), first);
    const auto again = containers.enter(info_, actor_.task);  // `ctr run` with the same name
    EXPECT_EQ(again.how, Containers::Entering::kFirst);
    EXPECT_NE(again.container->number, first->number);
}

// traps.md 12: users make cgroups below their own manager as they like.
TEST_F(ContainersTest, Trap12_AUsersIdIsNotTheSystemsContainer) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    const auto systems = containers.enter(info_, actor_.task).container;
    CgroupInfo theirs = info_;
    theirs.user_controlled = true;
    theirs.user_uid = 1004;
    const auto claimed = containers.enter(theirs, other_.task);
    EXPECT_EQ(claimed.how, Containers::Entering::kFirst);
    EXPECT_NE(claimed.container->number, systems->number);
}

TEST_F(ContainersTest, IsLookedAtAgainWhenItHasChanged) {
    Containers containers(host_);
    containers.set_host(kHostNs);
    const auto before = learnt(containers, containers.enter(info_, actor_.task).container);
    ASSERT_TRUE(before->view);
    EXPECT_FALSE(before->view->users.contains(1005));
    host_.files["/proc/6000/root/etc/passwd"] += "new:x:1005:1005::/:/bin/sh\n";
    containers.changed(*before, actor_.task);
    EXPECT_EQ(learnt(containers, before)->view->users.at(1005), "new");
}

TEST_F(ContainersTest, Bounded) {
    const RecordedHost quiet;
    Containers containers(quiet);
    EXPECT_TRUE(containers.is_apart(kHostNs));
    for (int i = 0; i < 3000; ++i) {
        info_.container_id = std::to_string(i);
        containers.enter(info_, actor_.task);
    }
    EXPECT_EQ(containers.size(), 1024u);
}

}  // namespace
}  // namespace whodid
