// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP, against a server that answers what it is told to: every row of the specification's tables,
// and answers that are none.
#include "sink/otlp_receiver.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "sink/gzip.h"
#include "unit/directory.h"
#include "unit/otlp_messages.h"
#include "unit/scripted_server.h"

namespace whodid {
namespace {

using test::answer;
using test::Reply;
using test::ScriptedServer;
using What = Outcome::What;
using Then = Reply::Then;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::string_view kProtobuf = "Content-Type: application/x-protobuf\r\n";

class OtlpOverHttp : public testing::Test {
protected:
    // A proxy of the environment is not for the loopback.
    static void SetUpTestSuite() { ::setenv("no_proxy", "127.0.0.1,localhost", 1); }

    std::unique_ptr<OtlpReceiver> receiver(const std::string& url) {
        settings.endpoint = url;
        auto made = OtlpReceiver::make(settings, test::id_codec(), "0.1.0");
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    /// Of one record, of which the server makes what it is told to.
    Outcome outcome_of(const ScriptedServer& server) {
        return receiver(server.url("/v1/logs"))->deliver(test::records_of(ids));
    }
    Outcome outcome_of(Reply reply) { return outcome_of(ScriptedServer({std::move(reply)})); }

    OtlpSettings settings;
    std::vector<std::string> ids = {"one", "two", "three"};
};

std::string contents(const std::string& body) { return gunzip(body, 1 << 20).value_or("not gzip"); }

TEST_F(OtlpOverHttp, ARequestIsWhatTheSpecificationSays) {
    const ScriptedServer server({answer("200 OK", kProtobuf, "")});
    settings.headers = {{"Authorization", "Bearer s3cret"}, {"X-Empty", ""}};
    const auto to = receiver(server.url("/v1/logs?tenant=a"));
    const Outcome outcome = to->deliver(test::records_of(ids));
    EXPECT_EQ(outcome.what, What::kTaken);
    EXPECT_EQ(outcome.why, "");
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_TRUE(requests[0].head.starts_with("POST /v1/logs?tenant=a HTTP/1.1\r\n")) << requests[0].head;
    EXPECT_EQ(requests[0].header("content-type"), "application/x-protobuf");
    EXPECT_EQ(requests[0].header("content-encoding"), "gzip");
    EXPECT_EQ(requests[0].header("accept-encoding"), "gzip");
    EXPECT_EQ(requests[0].header("user-agent"), "whodid/0.1.0 OTel-OTLP-Exporter-Cpp/0.1.0");
    EXPECT_EQ(requests[0].header("authorization"), "Bearer s3cret");
    EXPECT_NE(requests[0].head.find("X-Empty:"), std::string::npos) << "an empty value is a value";
    EXPECT_EQ(requests[0].header("expect"), "");
    std::string expected;
    test::append_request(test::records_of(ids), expected);
    EXPECT_EQ(contents(requests[0].body), expected);
}

TEST_F(OtlpOverHttp, ARequestInJsonWithoutCompression) {
    const ScriptedServer server({answer("200 OK", "Content-Type: application/json\r\n", "{}")});
    settings.protocol = OtlpProtocol::kHttpJson;
    settings.gzip = false;
    settings.endpoint = server.url("/v1/logs");
    OtlpCodec codec = test::id_codec();
    codec.make_logs_request = [](std::span<const SpoolRecord>, std::string& out) {
        out += "{\"resourceLogs\":[]}";
    };
    std::string read;
    codec.read_response = [&](std::string_view body) {
        read = body;
        return OtlpCodec::Response{1, "as JSON"};
    };
    auto to = OtlpReceiver::make(settings, codec, "0.1.0");
    ASSERT_TRUE(to);
    EXPECT_EQ((*to)->deliver(test::records_of(ids)).rejected, 1u);
    EXPECT_EQ(read, "{}");
    EXPECT_EQ(server.requests()[0].header("content-type"), "application/json");
    EXPECT_EQ(server.requests()[0].header("content-encoding"), "");
    EXPECT_EQ(server.requests()[0].body, "{\"resourceLogs\":[]}");
}

TEST_F(OtlpOverHttp, NothingToSendIsNotSent) {
    const ScriptedServer server({answer("200 OK", kProtobuf, "")});
    const auto to = receiver(server.url("/v1/logs"));
    EXPECT_EQ(to->deliver({}).what, What::kTaken);
    const Metric metric{"whodid.events", "{event}", "", Metric::Sort::kCounter, {}};
    EXPECT_EQ(to->deliver_metrics(std::span(&metric, 1)).what, What::kTaken) << "no endpoint for them";
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(OtlpOverHttp, MetricsGoToTheirOwnEndpoint) {
    const ScriptedServer server({answer("200 OK", kProtobuf, test::response(2, "too old"))});
    settings.metrics_endpoint = server.url("/v1/metrics");
    const auto to = receiver(server.url("/v1/logs"));
    const Metric metric{"whodid.events", "{event}", "", Metric::Sort::kCounter, {}};
    EXPECT_EQ(to->deliver_metrics(std::span(&metric, 1)).rejected, 2u);
    ASSERT_EQ(server.requests().size(), 1u);
    EXPECT_TRUE(server.requests()[0].head.starts_with("POST /v1/metrics ")) << server.requests()[0].head;
    EXPECT_EQ(contents(server.requests()[0].body), test::bytes_field(1, "whodid.events"));
}

TEST_F(OtlpOverHttp, ConnectionsAreKept) {
    const ScriptedServer server({answer("200 OK", kProtobuf, "")});
    const auto to = receiver(server.url("/v1/logs"));
    for (int i = 0; i < 50; ++i) ASSERT_EQ(to->deliver(test::records_of(ids)).what, What::kTaken);
    ASSERT_EQ(server.requests().size(), 50u);
    EXPECT_EQ(server.requests().back().connection, 1);
}

TEST_F(OtlpOverHttp, PartialSuccessIsNotSentAgain) {
    const Outcome some = outcome_of(answer("200 OK", kProtobuf, test::response(2, "bad time\n\x1b[31m")));
    EXPECT_EQ(some.what, What::kTaken);
    EXPECT_EQ(some.rejected, 2u);
    EXPECT_NE(some.why.find("rejects 2: bad time\\n\\x1b[31m"), std::string::npos) << some.why;
    const Outcome warned = outcome_of(answer("200 OK", kProtobuf, test::response(0, "deprecated")));
    EXPECT_EQ(warned.what, What::kTaken);
    EXPECT_EQ(warned.rejected, 0u);
    EXPECT_NE(warned.why.find("warns: deprecated"), std::string::npos) << warned.why;
    EXPECT_EQ(outcome_of(answer("200 OK", kProtobuf, test::response(1'000'000, "all"))).rejected, 3u)
        << "no more than were sent";
}

TEST_F(OtlpOverHttp, ACompressedAnswerIsRead) {
    std::string body;
    Gzip().append(test::response(1, "one"), body);
    EXPECT_EQ(
        outcome_of(answer("200 OK", std::string(kProtobuf) + "Content-Encoding: gzip\r\n", body)).rejected,
        1u);
}

struct StatusRow {
    const char* status;
    What what;
    const char* headers = "";
    std::uint64_t retry_after_ns = 0;
    const char* said = "";
};
void PrintTo(const StatusRow& row, std::ostream* out) { *out << row.status << ' ' << row.headers; }

class OtlpHttpStatus : public OtlpOverHttp, public testing::WithParamInterface<StatusRow> {};

TEST_P(OtlpHttpStatus, MeansWhatTheTableSays) {
    const StatusRow& row = GetParam();
    const std::string headers = std::string(kProtobuf) + row.headers;
    const Outcome outcome = outcome_of(answer(row.status, headers, test::status(13, "in its words")));
    EXPECT_EQ(outcome.what, row.what) << outcome.why;
    EXPECT_EQ(outcome.retry_after_ns, row.retry_after_ns);
    EXPECT_EQ(outcome.rejected, 0u);
    EXPECT_NE(outcome.why.find(std::string("answers ") + std::string(row.status, 3) + ": in its words"),
              std::string::npos)
        << outcome.why;
    EXPECT_NE(outcome.why.find(row.said), std::string::npos) << outcome.why;
}

constexpr StatusRow kStatusRows[] = {
    {"429 Too Many Requests", What::kRetry},
    {"429 Too Many Requests", What::kRetry, "Retry-After: 7\r\n", 7 * kSecond},
    {"502 Bad Gateway", What::kRetry},
    {"503 Service Unavailable", What::kRetry, "Retry-After: 2\r\n", 2 * kSecond},
    {"503 Service Unavailable", What::kRetry, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
    {"503 Service Unavailable", What::kRetry, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
     3600 * kSecond},
    {"503 Service Unavailable", What::kRetry, "Retry-After: soon\r\n", 0},
    {"504 Gateway Timeout", What::kRetry},
    {"400 Bad Request", What::kRefused, "Retry-After: 7\r\n", 0},
    {"401 Unauthorized", What::kRefused, "", 0, "credentials"},
    {"403 Forbidden", What::kRefused, "", 0, "credentials"},
    {"404 Not Found", What::kRefused, "", 0, "path"},
    {"405 Method Not Allowed", What::kRefused, "", 0, "path"},
    {"408 Request Timeout", What::kRefused},
    {"409 Conflict", What::kRefused},
    {"413 Content Too Large", What::kTooLarge},
    {"415 Unsupported Media Type", What::kRefused, "", 0, "compression"},
    {"500 Internal Server Error", What::kRefused, "Retry-After: 7\r\n", 0},
    {"501 Not Implemented", What::kRefused},
    {"505 HTTP Version Not Supported", What::kRefused},
    {"301 Moved Permanently", What::kRefused, "Location: /elsewhere?token=s3cret\r\n", 0, "redirects"},
    {"302 Found", What::kRefused, "Location: /elsewhere\r\n", 0, "redirects"},
    {"300 Multiple Choices", What::kRefused, "", 0, "redirects"},
};
INSTANTIATE_TEST_SUITE_P(Rows, OtlpHttpStatus, testing::ValuesIn(kStatusRows));

TEST_F(OtlpOverHttp, OtherSuccessesAreOnes) {
    EXPECT_EQ(outcome_of(answer("202 Accepted", "", "")).what, What::kTaken);
    const Outcome none = outcome_of({"HTTP/1.1 204 No Content\r\n\r\n", Then::kKeep});
    EXPECT_EQ(none.what, What::kTaken);
    EXPECT_EQ(none.why, "");
}

TEST_F(OtlpOverHttp, ARedirectIsNotFollowed) {
    const ScriptedServer elsewhere({answer("200 OK", kProtobuf, "")});
    const std::string location = "Location: " + elsewhere.url("/v1/logs?token=s3cret") + "\r\n";
    for (const char* status : {"301 Moved Permanently", "307 Temporary Redirect", "308 Permanent Redirect"}) {
        const ScriptedServer server({answer(status, location, "")});
        const Outcome outcome = outcome_of(server);
        EXPECT_EQ(outcome.what, What::kRefused);
        EXPECT_EQ(outcome.why.find("s3cret"), std::string::npos) << outcome.why;
        EXPECT_EQ(server.requests().size(), 1u);
    }
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_F(OtlpOverHttp, WithoutAnAnswerItIsTriedAgain) {
    struct {
        const char* name;
        Reply reply;
    } const cuts[] = {
        {"nothing", {"", Then::kClose}},
        {"half a status line", {"HTTP/1.1 20", Then::kClose}},
        {"half the headers", {"HTTP/1.1 200 OK\r\nContent-", Then::kClose}},
        {"half a body", {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::kClose}},
        {"half a chunk", {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", Then::kClose}},
        {"no chunk", {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Then::kClose}},
        {"another protocol", {"SSH-2.0-OpenSSH_9.2p1\r\n", Then::kClose}},
        {"a terminal's", {"\x1b[31mHTTP/1.1 \xff\xfe\r\n\r\n", Then::kClose}},
    };
    for (const auto& [name, reply] : cuts) {
        const Outcome outcome = outcome_of(reply);
        EXPECT_EQ(outcome.what, What::kRetry) << name << ": " << outcome.why;
        EXPECT_TRUE(outcome.why.starts_with("no answer from http://127.0.0.1:"))
            << name << ": " << outcome.why;
        EXPECT_EQ(outcome.why.find('\x1b'), std::string::npos) << name;
    }
}

TEST_F(OtlpOverHttp, AConnectionThatWasClosedMeanwhileIsMadeAnew) {
    Reply last = answer("200 OK", kProtobuf, "");
    last.then = Then::kClose;  // without having said so
    const ScriptedServer server({last});
    const auto to = receiver(server.url("/v1/logs"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(to->deliver(test::records_of(ids)).what, What::kTaken);
    EXPECT_EQ(server.requests().back().connection, 3);
}

TEST_F(OtlpOverHttp, SlowAnswersEndWithTheTimeout) {
    settings.timeout_ns = 50'000'000;
    for (const char* begun :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nslow"}) {
        const ScriptedServer server({{begun, Then::kStall}, answer("200 OK", kProtobuf, "")});
        const auto to = receiver(server.url("/v1/logs"));
        const Outcome outcome = to->deliver(test::records_of(ids));
        EXPECT_EQ(outcome.what, What::kRetry) << begun;
        EXPECT_NE(outcome.why.find("timed out"), std::string::npos) << outcome.why;
        EXPECT_TRUE(outcome.is_late) << begun;
        EXPECT_EQ(to->deliver(test::records_of(ids)).what, What::kTaken) << "the next one, after " << begun;
    }
}

TEST_F(OtlpOverHttp, ARequestIsCancelled) {
    settings.timeout_ns = 600 * kSecond;
    const ScriptedServer server({{"HTTP/1.1 200 OK\r\n", Then::kStall}});
    const auto to = receiver(server.url("/v1/logs"));
    std::thread other([&] {
        while (server.requests().empty()) std::this_thread::yield();
        to->cancel();
    });
    EXPECT_EQ(to->deliver(test::records_of(ids)).what, What::kRetry);
    other.join();
    EXPECT_EQ(to->deliver(test::records_of(ids)).what, What::kRetry) << "and each after it";
}

TEST_F(OtlpOverHttp, NobodyListens) {
    const test::LoopbackPort port;
    const auto to = receiver(port.url("/v1/logs"));
    const Outcome outcome = to->deliver(test::records_of(ids));
    EXPECT_EQ(outcome.what, What::kRetry);
    EXPECT_FALSE(outcome.is_late);
    EXPECT_NE(outcome.why.find("connect"), std::string::npos) << outcome.why;
}

// The name is longer than DNS allows, so that nobody is asked.
TEST_F(OtlpOverHttp, ANameThatIsNone) {
    const auto to = receiver("http://" + std::string(64, 'x') + ".invalid/v1/logs");
    const Outcome outcome = to->deliver(test::records_of(ids));
    EXPECT_EQ(outcome.what, What::kRetry);
    EXPECT_NE(outcome.why.find("resolve host"), std::string::npos) << outcome.why;
}

TEST_F(OtlpOverHttp, HugeAnswersAreRefused) {
    const std::string most(kAnswerBytesMax, '\0');
    const Outcome just = outcome_of(answer("503 Service Unavailable", kProtobuf, most));
    EXPECT_EQ(just.what, What::kRetry) << just.why;
    EXPECT_EQ(outcome_of(answer("200 OK", kProtobuf, most + '\0')).what, What::kRefused);
    EXPECT_EQ(outcome_of(answer("503 Service Unavailable", kProtobuf, most + '\0')).what, What::kRefused);
    std::string bomb;
    Gzip().append(std::string(kAnswerBytesMax + 1, '\0'), bomb);
    ASSERT_LT(bomb.size(), 10'000u);
    const Outcome outcome =
        outcome_of(answer("200 OK", std::string(kProtobuf) + "Content-Encoding: gzip\r\n", bomb));
    EXPECT_EQ(outcome.what, What::kRefused);
    EXPECT_NE(outcome.why.find("more than 4 MiB"), std::string::npos) << outcome.why;
    std::string headers;
    for (int i = 0; i < 20; ++i) headers += "X-" + std::to_string(i) + ": " + std::string(4000, 'x') + "\r\n";
    EXPECT_EQ(outcome_of(answer("200 OK", headers, "")).what, What::kRefused);
}

TEST_F(OtlpOverHttp, ASuccessWhoseAnswerIsNoneIsStillOne) {
    const std::string gzip_type = std::string(kProtobuf) + "Content-Encoding: gzip\r\n";
    const Reply replies[] = {
        answer("200 OK", kProtobuf, "\xff\xff\xff"),
        answer("200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<html>"),
        answer("200 OK", gzip_type, "no gzip at all"),
        answer("200 OK", std::string(kProtobuf) + "Content-Encoding: br\r\n", "unasked"),
    };
    for (const Reply& reply : replies) {
        const Outcome outcome = outcome_of(reply);
        EXPECT_EQ(outcome.what, What::kTaken) << reply.bytes << outcome.why;
        EXPECT_EQ(outcome.rejected, 0u);
        EXPECT_NE(outcome.why.find("answer cannot be read"), std::string::npos) << reply.bytes << outcome.why;
    }
    EXPECT_EQ(outcome_of(answer("503 Service Unavailable", gzip_type, "no gzip")).what, What::kRetry);
}

TEST_F(OtlpOverHttp, AnInterimAnswerIsNotTheAnswer) {
    Reply reply = answer("503 Service Unavailable", "Retry-After: 3\r\n", "");
    reply.bytes.insert(0, "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\nX: y\r\n\r\n");
    const Outcome outcome = outcome_of(reply);
    EXPECT_EQ(outcome.what, What::kRetry);
    EXPECT_EQ(outcome.retry_after_ns, 3 * kSecond);
}

TEST_F(OtlpOverHttp, WhatIsTooLargeIsNotSent) {
    const ScriptedServer server({answer("200 OK", kProtobuf, "")});
    settings.endpoint = server.url("/v1/logs");
    OtlpCodec codec = test::id_codec();
    codec.make_logs_request = [](std::span<const SpoolRecord>, std::string& out) {
        out.resize(kOtlpRequestBytesMax + 1);
    };
    auto to = OtlpReceiver::make(settings, codec, "0.1.0");
    ASSERT_TRUE(to);
    const Outcome outcome = (*to)->deliver(test::records_of(ids));
    EXPECT_EQ(outcome.what, What::kTooLarge);
    EXPECT_NE(outcome.why.find("not sent"), std::string::npos) << outcome.why;
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(OtlpOverHttp, AProxyIsAskedForTheWholeUrl) {
    const ScriptedServer proxy({answer("200 OK", kProtobuf, "")});
    settings.proxy = "http://user:s3cret@127.0.0.1:" + std::to_string(proxy.port());
    const auto to = receiver("http://receiver.invalid:4318/v1/logs");
    EXPECT_EQ(to->deliver(test::records_of(ids)).what, What::kTaken);
    ASSERT_EQ(proxy.requests().size(), 1u);
    EXPECT_TRUE(
        proxy.requests()[0].head.starts_with("POST http://receiver.invalid:4318/v1/logs HTTP/1.1\r\n"));
}

TEST_F(OtlpOverHttp, NoSecretIsEverSaid) {
    const test::LoopbackPort port;
    settings.headers = {{"Authorization", "Bearer s3cret"}};
    for (const std::string proxy : {"", "http://u:s3cret@127.0.0.1:", "gopher://u:s3cret@127.0.0.1:"}) {
        settings.proxy = proxy.empty() ? "" : proxy + std::to_string(port.number);
        const Outcome outcome = receiver(port.url("/v1/logs?key=s3cret"))->deliver(test::records_of(ids));
        EXPECT_EQ(outcome.what, What::kRetry);
        EXPECT_EQ(outcome.why.find("s3cret"), std::string::npos) << outcome.why;
    }
}

TEST_F(OtlpOverHttp, SettingsThatCannotBeUsed) {
    const test::Directory directory;
    const auto error_of = [&](const char* what) {
        auto made = OtlpReceiver::make(settings, test::id_codec(), "0.1.0");
        EXPECT_FALSE(made) << what;
        return made ? "" : made.error().message;
    };
    settings.endpoint = "ftp://127.0.0.1/";
    EXPECT_NE(error_of("scheme").find("http:// or https://"), std::string::npos);
    settings.endpoint = "http://127.0.0.1/";
    settings.ca_path = directory.path + "/none.pem";
    EXPECT_NE(error_of("CA").find("none.pem: No such file"), std::string::npos);
    settings.ca_path.clear();
    settings.certificate_path = directory.write("client.pem", "");
    EXPECT_NE(error_of("half a pair").find("both or neither"), std::string::npos);
    settings.certificate_path.clear();
    settings.headers = {{"Content-Type", "text/plain"}};
    EXPECT_NE(error_of("header").find("header 1 sets Content-Type"), std::string::npos);
    settings.headers = {{"X", "a\r\nY: s3cret"}};
    EXPECT_EQ(error_of("smuggled"), "header 1 has control characters in the value of X");
    settings.headers.clear();
    settings.headers_path = directory.write("headers", "Authorization: Bearer s3cret\n");
    ::chmod(settings.headers_path.c_str(), 0644);
    EXPECT_NE(error_of("open to all").find("chmod 0600"), std::string::npos);
    ::chmod(settings.headers_path.c_str(), 0600);
    EXPECT_TRUE(OtlpReceiver::make(settings, test::id_codec(), "0.1.0"));
}

TEST_F(OtlpOverHttp, WhereLibcurlIsNotThere) {
    const auto none = load_curl("libwhodid-has-none.so.4");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("install the package libcurl4"), std::string::npos)
        << none.error().message;
    const auto other = load_curl("libz.so.1");
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("no whole libcurl"), std::string::npos) << other.error().message;
    EXPECT_TRUE(load_curl());
}

}  // namespace
}  // namespace whodid
