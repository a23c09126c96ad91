// SPDX-License-Identifier: Apache-2.0
// What the status socket is asked, and what it answers.
#include "app/http_request.h"

#include <gtest/gtest.h>

#include <string>

#include "app/http_answer.h"

namespace whodid {
namespace {

int status_of(std::string_view text) { return read_http_request(text).status; }

std::string with_headers(const std::string& headers) {
    return "GET /status HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

TEST(HttpRequest, PathAndQuery) {
    const HttpRequest plain = read_http_request("GET /status HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.path, "/status");
    EXPECT_EQ(plain.query, "");
    const HttpRequest asked = read_http_request("GET /status?text?more HTTP/1.0\n\nwhatever follows");
    EXPECT_EQ(asked.status, 200);
    EXPECT_EQ(asked.path, "/status");
    EXPECT_EQ(asked.query, "text?more");
}

TEST(HttpRequest, NotWholeBeforeItsEmptyLine) {
    const std::string whole = with_headers("A: b\r\n");
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(status_of(whole.substr(0, n)), 0) << n;
    EXPECT_EQ(status_of(whole), 200);
}

TEST(HttpRequest, Malformed) {
    for (const char* text :
         {"\r\n\r\n", "GET\r\n\r\n", "GET /status\r\n\r\n", "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET status HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://x/status HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", "G(T /status HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /status XTTP/1.1\r\nHost: x\r\n\r\n"})
        EXPECT_EQ(status_of(text), 400) << text;
    EXPECT_EQ(status_of(std::string_view("GET /\0 HTTP/1.0\r\n\r\n", 20)), 400);
}

TEST(HttpRequest, Headers) {
    EXPECT_EQ(status_of(with_headers("no colon\r\n")), 400);
    EXPECT_EQ(status_of(with_headers("Name : x\r\n")), 400) << "a blank before the colon";
    EXPECT_EQ(status_of(with_headers("A: b\r\n folded\r\n")), 400);
    EXPECT_EQ(status_of(with_headers(": x\r\n")), 400);
    EXPECT_EQ(status_of(with_headers("A: \x1b[31m\r\n")), 400);
    EXPECT_EQ(status_of(with_headers("A:\tb\xff \r\n")), 200);
    EXPECT_EQ(status_of(with_headers("hOST: y\r\n")), 400) << "two of them";
    EXPECT_EQ(status_of("GET /status HTTP/1.1\r\n\r\n"), 400) << "none";
}

TEST(HttpRequest, NoBody) {
    EXPECT_EQ(status_of(with_headers("Content-Length: 0\r\n")), 200);
    EXPECT_EQ(status_of(with_headers("content-length: 5\r\n")), 400);
    EXPECT_EQ(status_of(with_headers("Transfer-Encoding: chunked\r\n")), 400);
}

TEST(HttpRequest, OtherMethodsAndVersions) {
    for (const char* method : {"POST", "HEAD", "get", "DELETE"})
        EXPECT_EQ(status_of(std::string(method) + " /status HTTP/1.1\r\nHost: x\r\n\r\n"), 405) << method;
    EXPECT_EQ(status_of("GET /status HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
}

TEST(HttpRequest, EightKibibytesAndNoMore) {
    const std::string most(kHttpRequestBytesMax - with_headers("A: \r\n").size(), 'x');
    EXPECT_EQ(with_headers("A: " + most + "\r\n").size(), kHttpRequestBytesMax);
    EXPECT_EQ(status_of(with_headers("A: " + most + "\r\n")), 200);
    EXPECT_EQ(status_of(with_headers("A: x" + most + "\r\n")), 431);
    EXPECT_EQ(status_of(std::string(kHttpRequestBytesMax, 'x')), 431);
    EXPECT_EQ(status_of(std::string(kHttpRequestBytesMax - 1, 'x')), 0);
}

TEST(SensorAnswer, OnlyASensorsWholeOne) {
    const std::string head = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n";
    const std::string text = head + "Whodid-Healthy: false\r\n\r\nstop\n";
    const auto answer = read_sensor_answer(text);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_FALSE(answer->healthy);
    EXPECT_EQ(answer->body, "stop\n");
    for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(read_sensor_answer(text.substr(0, n))) << n;
    EXPECT_FALSE(read_sensor_answer(text + "more"));
    EXPECT_FALSE(read_sensor_answer(head + "\r\nstop\n")) << "somebody else's";
    EXPECT_FALSE(read_sensor_answer(head + "Whodid-Healthy: maybe\r\n\r\nstop\n"));
    EXPECT_FALSE(read_sensor_answer("HTTP/1.1 abc\r\nContent-Length: 0\r\nWhodid-Healthy: true\r\n\r\n"));
    EXPECT_FALSE(read_sensor_answer("hello"));
}

}  // namespace
}  // namespace whodid
