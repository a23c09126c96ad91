// SPDX-License-Identifier: Apache-2.0
// Files of the container runtimes, as they write them, and as somebody else might.
#include "enrich/container_state.h"

#include <gtest/gtest.h>

namespace whodid {
namespace {

TEST(ContainerState, Docker) {
    const auto state = parse_docker_config(R"({"ID":"4f1c","Name":"/web","Image":"sha256:1b37",
        "Config":{"Hostname":"4f1c","Image":"nginx:1.25","Labels":{}},"State":{"Pid":4711}})");
    ASSERT_TRUE(state);
    EXPECT_EQ(*state, (ContainerState{"web", "nginx:1.25", "", "", ""}));
}

TEST(ContainerState, DockerBelowKubernetes) {
    const auto state = parse_docker_config(R"({"Name":"/k8s_app_web-0_shop_11ee_0","Config":{"Image":"shop:2",
        "Labels":{"io.kubernetes.container.name":"app","io.kubernetes.pod.name":"web-0",
                  "io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"11ee"}}})");
    ASSERT_TRUE(state);
    EXPECT_EQ(*state, (ContainerState{"app", "shop:2", "web-0", "shop", "11ee"}));
}

TEST(ContainerState, PodmanFindsItsOwn) {
    constexpr std::string_view kList =
        R"([{"id":"aa","names":["other"],"metadata":"{\"image-name\":\"other:1\"}"},
            {"id":"bb","names":["web","alias"],"image":"1b37",
             "metadata":"{\"image-name\":\"localhost/stage:1\",\"name\":\"web\"}"},
            {"id":"cc"}])";
    EXPECT_EQ(parse_storage_list(kList, "bb"), (ContainerState{"web", "localhost/stage:1", "", "", ""}));
    EXPECT_EQ(parse_storage_list(kList, "cc"), ContainerState{});  // --rootfs has no image
    EXPECT_EQ(parse_storage_list(kList, "dd"), std::nullopt);
}

TEST(ContainerState, Containerd) {
    const auto state = parse_oci_config(R"({"ociVersion":"1.0.2","annotations":{
        "io.kubernetes.cri.container-name":"app","io.kubernetes.cri.image-name":"registry.example/shop:2",
        "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop",
        "io.kubernetes.cri.sandbox-uid":"11ee"}})");
    EXPECT_EQ(state, (ContainerState{"app", "registry.example/shop:2", "web-0", "shop", "11ee"}));
    EXPECT_EQ(parse_oci_config(R"({"ociVersion":"1.0.2"})"), ContainerState{});
    EXPECT_EQ(parse_oci_config(R"({"ociVersion":"1.0","annotations":{"nerdctl/name":"db"}})")->name, "db");
}

TEST(ContainerState, Crio) {
    const auto state = parse_oci_config(R"({"ociVersion":"1.0.2","annotations":{
        "io.kubernetes.container.name":"app","io.kubernetes.cri-o.ImageName":"quay.example/shop:2",
        "io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"11ee"}})");
    EXPECT_EQ(state, (ContainerState{"app", "quay.example/shop:2", "web-0", "shop", "11ee"}));
}

TEST(ContainerState, OtherFilesAreNone) {
    for (const char* text : {"", "{", "null", "[]", "\"x\"", "3", "{\"a\":1}", "\xff\xfe", "[[[[[[["}) {
        EXPECT_EQ(parse_oci_config(text), std::nullopt) << text;
        EXPECT_EQ(parse_storage_list(text, "a"), std::nullopt) << text;
    }
    EXPECT_EQ(parse_docker_config("[]"), std::nullopt);
    EXPECT_EQ(parse_docker_config("{"), std::nullopt);
}

TEST(ContainerState, ValuesOfAnotherKindAreNone) {
    EXPECT_EQ(parse_docker_config(R"({"Name":7,"Config":[],"Labels":null})"), ContainerState{});
    EXPECT_EQ(parse_docker_config(R"({"Name":"/a","Config":{"Image":{},"Labels":"x"}})")->name, "a");
    EXPECT_EQ(parse_storage_list(R"([1,null,"x",{"id":5},{"id":"a","names":{},"metadata":[]}])", "a"),
              ContainerState{});
    EXPECT_EQ(parse_storage_list(R"([{"id":"a","names":[7],"metadata":"not json"}])", "a"), ContainerState{});
}

TEST(ContainerState, BoundedAndText) {
    const std::string long_name(513, 'n');
    EXPECT_EQ(parse_docker_config("{\"Name\":\"" + long_name + "\"}")->name, "");
    EXPECT_EQ(parse_docker_config("{\"Name\":\"\xff\"}"), std::nullopt);
    EXPECT_EQ(parse_docker_config(std::string(200'000, '[')), std::nullopt);  // depth is no recursion
}

}  // namespace
}  // namespace whodid
