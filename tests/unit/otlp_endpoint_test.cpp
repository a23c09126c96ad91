// SPDX-License-Identifier: Apache-2.0
// Endpoints and headers as people write them, and that no error repeats a secret.
#include "sink/otlp_endpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/directory.h"

namespace whodid {
namespace {

constexpr auto kHttp = OtlpProtocol::kHttpProtobuf;

std::string endpoint(OtlpProtocol protocol, EndpointChoice choice, OtlpSignal signal = OtlpSignal::kLogs) {
    const auto url = otlp_endpoint(signal, protocol, choice);
    return url ? *url : "error: " + url.error().message;
}

TEST(OtlpEndpoint, OfTheSignalAsItIsElseBelowTheBase) {
    EXPECT_EQ(endpoint(kHttp, {}), "http://localhost:4318/v1/logs");
    EXPECT_EQ(endpoint(kHttp, {}, OtlpSignal::kMetrics), "http://localhost:4318/v1/metrics");
    EXPECT_EQ(endpoint(kHttp, {"", "http://c:4318", false}), "http://c:4318/v1/logs");
    EXPECT_EQ(endpoint(kHttp, {"", "http://c:4318/", false}), "http://c:4318/v1/logs");
    EXPECT_EQ(endpoint(kHttp, {"", "https://c/otlp", false}), "https://c/otlp/v1/logs");
    EXPECT_EQ(endpoint(kHttp, {"", "https://c/otlp/?t=1", false}), "https://c/otlp/v1/logs?t=1");
    EXPECT_EQ(endpoint(kHttp, {"", "https://c?t=1", false}), "https://c/v1/logs?t=1");
    EXPECT_EQ(endpoint(kHttp, {"http://d/x", "http://c:4318", false}), "http://d/x");
    EXPECT_EQ(endpoint(kHttp, {"http://d", "", false}), "http://d/");
    EXPECT_EQ(endpoint(kHttp, {"http://d?t=1", "", false}), "http://d/?t=1");
    EXPECT_EQ(endpoint(OtlpProtocol::kHttpJson, {"HTTP://[::1]:4318/", "", false}), "HTTP://[::1]:4318/");
}

TEST(OtlpEndpoint, OfGrpcHasNoPath) {
    constexpr auto kGrpc = OtlpProtocol::kGrpc;
    EXPECT_EQ(endpoint(kGrpc, {}), "http://localhost:4317");
    EXPECT_EQ(endpoint(kGrpc, {"", "http://c:4317/", false}), "http://c:4317");
    EXPECT_EQ(endpoint(kGrpc, {"", "c:4317", false}), "https://c:4317");
    EXPECT_EQ(endpoint(kGrpc, {"", "c:4317", true}), "http://c:4317");
    EXPECT_EQ(endpoint(kGrpc, {"", "https://c:4317", true}), "https://c:4317") << "the scheme says it";
    EXPECT_NE(endpoint(kGrpc, {"", "http://c:4317/v1/logs", false}).find("gRPC has a path of its own"),
              std::string::npos);
}

TEST(OtlpEndpoint, WhatIsNoneIsSaid) {
    for (const char* url : {"c:4318",
                            "//c",
                            "ftp://c",
                            "unix:/run/x",
                            "http://",
                            "http:///v1",
                            "http://:4318",
                            "http://c:0",
                            "http://c:65536",
                            "http://c:",
                            "http://c:4318x",
                            "http://[::1",
                            "http://[]",
                            "http://c d/",
                            "http://c/\n",
                            "http://c/\x1b[31m",
                            "http://\xc3\xa4/",
                            "http://c/#part",
                            "http://u:s3cret@c/",
                            "http://u:s3/cret@c/",
                            "http://u:s3?s3cret@c/",
                            "u:s3cret@c",
                            "u:s3cret@c://d"}) {
        const std::string said = endpoint(kHttp, {url, "", false});
        EXPECT_TRUE(said.starts_with("error: OTLP endpoint '")) << url << ": " << said;
        EXPECT_EQ(said.find("s3"), std::string::npos) << said;
        EXPECT_EQ(said.find('\x1b'), std::string::npos);
    }
    EXPECT_EQ(shown_endpoint("https://c:1/p?key=s3cret#f"), "https://c:1/p");
}

using Headers = HttpHeaders;

TEST(OtlpHeaders, OfTheEnvironment) {
    const auto headers = parse_otlp_headers("api-key=k%2C1, Authorization = Basic%20YQ== ,,empty=,plus=a+b,");
    ASSERT_TRUE(headers) << headers.error().message;
    EXPECT_EQ(*headers,
              (Headers{{"api-key", "k,1"}, {"Authorization", "Basic YQ=="}, {"empty", ""}, {"plus", "a+b"}}));
    EXPECT_TRUE(parse_otlp_headers("")->empty());
    for (const char* text :
         {"a=b,s3cret", "a=s3cret;p=1", "a=s3cret%2", "a=s3cret%zz", "a=s3cret%0d%0ab", "a b=s3cret",
          "=s3cret", "Content-Length=s3cret", "grpc-timeout=s3cret", "a=s3cret%00"}) {
        const auto bad = parse_otlp_headers(text);
        ASSERT_FALSE(bad) << text;
        EXPECT_TRUE(bad.error().message.starts_with("header ")) << bad.error().message;
        EXPECT_EQ(bad.error().message.find("s3cret"), std::string::npos) << bad.error().message;
    }
}

TEST(OtlpHeaders, OfLines) {
    const auto headers =
        parse_header_lines("# token of May\r\nAuthorization: Bearer a:b=c \r\n\n  X-Scope:1\n");
    ASSERT_TRUE(headers) << headers.error().message;
    EXPECT_EQ(*headers, (Headers{{"Authorization", "Bearer a:b=c"}, {"X-Scope", "1"}}));
    const auto bad = parse_header_lines("A: b\nBearer s3cret\n");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message, "line 2 is not \"Name: value\"");
}

class HeaderFile : public testing::Test {
protected:
    std::string error_of(const std::string& path) const {
        const auto headers = read_header_file(path);
        EXPECT_FALSE(headers) << path;
        return headers ? "" : headers.error().message;
    }
    std::string file(std::string_view text, mode_t mode) const {
        const std::string path = directory_.write("headers", text);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    test::Directory directory_;
};

TEST_F(HeaderFile, OnlyItsOwnerAndGroupMayReadIt) {
    for (const mode_t mode : {0600, 0640, 0400, 0440}) {
        const auto headers = read_header_file(file("A: s3cret\n", mode));
        ASSERT_TRUE(headers) << headers.error().message;
        EXPECT_EQ(headers->at(0).second, "s3cret");
    }
    for (const mode_t mode : {0644, 0604, 0660, 0620, 0602, 0666}) {
        const std::string said = error_of(file("A: s3cret\n", mode));
        EXPECT_NE(said.find("chmod 0600"), std::string::npos) << said;
        EXPECT_EQ(said.find("s3cret"), std::string::npos);
    }
}

TEST_F(HeaderFile, WhatItIsNot) {
    EXPECT_NE(error_of(directory_.path + "/none").find("none: No such file"), std::string::npos);
    EXPECT_NE(error_of(directory_.path).find("not a regular file"), std::string::npos);
    const std::string pipe = directory_.path + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_NE(error_of(pipe).find("not a regular file"), std::string::npos)
        << "and nobody waits for its other end";
    EXPECT_NE(error_of(file(std::string(65537, '#'), 0600)).find("larger than 64 KiB"), std::string::npos);
    const std::string said = error_of(file("A: b\ns3cret\n", 0600));
    EXPECT_EQ(said, "headers in " + directory_.path + "/headers: line 2 is not \"Name: value\"");
}

TEST_F(HeaderFile, ALinkIsWhatItLeadsTo) {
    const std::string link = directory_.path + "/link";
    ASSERT_EQ(::symlink(file("A: b\n", 0600).c_str(), link.c_str()), 0);
    EXPECT_TRUE(read_header_file(link));
    file("A: b\n", 0644);
    EXPECT_NE(error_of(link).find("chmod"), std::string::npos);
}

TEST_F(HeaderFile, SomebodyElseMayNotOwnIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: to give a file away";
    const std::string path = file("A: b\n", 0600);
    ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
    EXPECT_NE(error_of(path).find("uid 12345 owns it"), std::string::npos);
}

}  // namespace
}  // namespace whodid
