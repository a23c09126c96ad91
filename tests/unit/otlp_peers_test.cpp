// SPDX-License-Identifier: Apache-2.0
// OTLP to receivers of other people's making: Python's server of HTTP, gRPC's own, and both over TLS.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "sink/otlp_receiver.h"
#include "unit/directory.h"
#include "unit/otlp_messages.h"
#include "unit/receiver_process.h"

namespace whodid {
namespace {

using test::ReceiverProcess;
using What = Outcome::What;

constexpr std::uint64_t kSecond = 1'000'000'000;

// Which of the packages are there is asked once.
bool has_openssl() {
    static const bool has = test::succeeds({"/usr/bin/openssl", "version"});
    return has;
}
bool has_python() {
    static const bool has = test::succeeds({test::kPython, "-c", "import http.server, ssl"});
    return has;
}
bool has_grpc() {
    static const bool has = test::succeeds({test::kPython, "-c", "import grpc"});
    return has;
}

class OtlpPeers : public testing::Test {
protected:
    static void SetUpTestSuite() { ::setenv("no_proxy", "127.0.0.1,localhost", 1); }

    std::unique_ptr<OtlpReceiver> receiver(OtlpProtocol protocol, const std::string& endpoint) {
        settings.protocol = protocol;
        settings.endpoint = endpoint;
        auto made = OtlpReceiver::make(settings, test::id_codec(), "0.1.0");
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    static Outcome deliver(OtlpReceiver& to, const std::string& id) {
        const std::vector<std::string> ids = {id + "a", id + "b"};
        return to.deliver(test::records_of(ids));
    }

    OtlpSettings settings;
};

std::string at_loopback(const char* scheme, const ReceiverProcess& process) {
    return scheme + std::string("://127.0.0.1:") + std::to_string(process.port());
}

struct Step {
    std::string script;
    What what;
    std::uint64_t rejected = 0, retry_after_ns = 0;
    std::string said = "";
};

std::string script_of(std::span<const Step> steps) {
    std::string script;
    for (const Step& step : steps) script += (script.empty() ? "" : ",") + step.script;
    return script;
}

void expect_outcome(const Outcome& outcome, const Step& step) {
    EXPECT_EQ(outcome.what, step.what) << step.script << ": " << outcome.why;
    EXPECT_EQ(outcome.rejected, step.rejected) << step.script;
    EXPECT_EQ(outcome.retry_after_ns, step.retry_after_ns) << step.script;
    EXPECT_NE(outcome.why.find(step.said), std::string::npos) << step.script << ": " << outcome.why;
}

/// That request by request the ids of deliver() came.
void expect_ids(const ReceiverProcess& process, std::span<const Step> steps, std::size_t count) {
    const auto requests = process.requests();
    ASSERT_EQ(requests.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string& script = steps[i % steps.size()].script;
        EXPECT_EQ(requests[i].first, script.substr(0, script.find(':')));
        EXPECT_EQ(requests[i].second, std::to_string(i) + "a " + std::to_string(i) + "b");
    }
}

TEST_F(OtlpPeers, FiftyRequestsToGrpc) {
    if (!has_grpc()) GTEST_SKIP() << "no python3-grpcio: run tools/install-deps test";
    const Step steps[] = {
        {"OK", What::kTaken},
        {"UNAVAILABLE:2", What::kRetry, 0, 2 * kSecond, "UNAVAILABLE: as told: 100 %, größer"},
        {"RESOURCE_EXHAUSTED", What::kRefused, 0, 0, "RESOURCE_EXHAUSTED: as told"},
        {"RESOURCE_EXHAUSTED:3", What::kRetry, 0, 3 * kSecond},
        {"INVALID_ARGUMENT", What::kRefused, 0, 0, "INVALID_ARGUMENT"},
        {"DEADLINE_EXCEEDED", What::kRetry, 0, 0, "DEADLINE_EXCEEDED"},
        {"PARTIAL:1", What::kTaken, 1, 0, "rejects 1: as told"},
        {"UNAUTHENTICATED", What::kRefused, 0, 0, "credentials"},
        {"UNAVAILABLE", What::kRetry},
        {"OK", What::kTaken},
    };
    ReceiverProcess process("otlp_grpc.py", {"--gzip", "--script", script_of(steps)});
    const auto zipping = receiver(OtlpProtocol::kGrpc, at_loopback("http", process));
    settings.gzip = false;
    const auto plain = receiver(OtlpProtocol::kGrpc, at_loopback("http", process));
    for (std::size_t i = 0; i < 50; ++i)
        expect_outcome(deliver(i < 30 ? *zipping : *plain, std::to_string(i)), steps[i % std::size(steps)]);
    expect_ids(process, steps, 50);
}

TEST_F(OtlpPeers, GrpcThatIsTooSlowOrNotThere) {
    if (!has_grpc()) GTEST_SKIP() << "no python3-grpcio: run tools/install-deps test";
    std::unique_ptr<OtlpReceiver> to;
    {
        ReceiverProcess process("otlp_grpc.py", {"--script", "SLEEP:400,OK"});
        settings.timeout_ns = 100'000'000;
        to = receiver(OtlpProtocol::kGrpc, at_loopback("http", process));
        EXPECT_EQ(deliver(*to, "0").what, What::kRetry);
    }
    EXPECT_EQ(deliver(*to, "1").what, What::kRetry);
}

TEST_F(OtlpPeers, MetricsToGrpc) {
    if (!has_grpc()) GTEST_SKIP() << "no python3-grpcio: run tools/install-deps test";
    ReceiverProcess process("otlp_grpc.py", {"--script", "PARTIAL:7"});
    settings.metrics_endpoint = at_loopback("http", process) + "/";
    const auto to = receiver(OtlpProtocol::kGrpc, at_loopback("http", process));
    const Metric metric{"", "", "", Metric::Sort::kGauge, {}};
    EXPECT_EQ(to->deliver_metrics(std::span(&metric, 1)).rejected, 7u);
}

TEST_F(OtlpPeers, HttpThatFailsInEveryWay) {
    if (!has_python()) GTEST_SKIP() << "no " << test::kPython;
    const Step steps[] = {
        {"200", What::kTaken},
        {"503:4", What::kRetry, 0, 4 * kSecond, "answers 503: as told"},
        {"half", What::kRetry, 0, 0, "no answer"},
        {"429", What::kRetry},
        {"400", What::kRefused, 0, 0, "as told"},
        {"partial:2", What::kTaken, 2, 0, "as told"},
        {"413", What::kTooLarge},
        {"garbage", What::kTaken, 0, 0, "cannot be read"},
        {"502", What::kRetry},
    };
    ReceiverProcess process("otlp_http.py", {"--script", script_of(steps)});
    const auto to = receiver(OtlpProtocol::kHttpProtobuf, at_loopback("http", process) + "/v1/logs");
    for (std::size_t i = 0; i < 18; ++i)
        expect_outcome(deliver(*to, std::to_string(i)), steps[i % std::size(steps)]);
    expect_ids(process, steps, 18);
}

TEST_F(OtlpPeers, HttpThatClosesWithoutAnAnswer) {
    if (!has_python()) GTEST_SKIP() << "no " << test::kPython;
    ReceiverProcess process("otlp_http.py", {"--script", "cut"});
    const auto to = receiver(OtlpProtocol::kHttpProtobuf, at_loopback("http", process) + "/v1/logs");
    EXPECT_EQ(deliver(*to, "0").what, What::kRetry);
}

/// An authority, a certificate of it for 127.0.0.1 and one for a client; and another authority. PEM.
class OtlpOverTls : public OtlpPeers {
protected:
    static void SetUpTestSuite() {
        OtlpPeers::SetUpTestSuite();
        if (!has_openssl()) return;
        directory_ = std::make_unique<test::Directory>();
        const std::vector<std::string> by_ca = {"-CA", pem("ca"), "-CAkey", key("ca")};
        is_made_ = make("ca", {}) && make("other", {}) &&
                   make("server", by_ca, "subjectAltName=IP:127.0.0.1") && make("client", by_ca);
    }
    static void TearDownTestSuite() { directory_.reset(); }
    void SetUp() override {
        if (!has_openssl()) GTEST_SKIP() << "no openssl: install the package of that name";
        if (!has_python()) GTEST_SKIP() << "no " << test::kPython;
        ASSERT_TRUE(is_made_) << "openssl makes no certificates";
    }

    static std::string pem(const std::string& name) { return directory_->path + "/" + name + ".pem"; }
    static std::string key(const std::string& name) { return directory_->path + "/" + name + ".key"; }
    static bool make(const std::string& name, const std::vector<std::string>& issuer,
                     const std::string& extension = "") {
        std::vector<std::string> words = {"/usr/bin/openssl",
                                          "req",
                                          "-x509",
                                          "-newkey",
                                          "ec",
                                          "-pkeyopt",
                                          "ec_paramgen_curve:P-256",
                                          "-nodes",
                                          "-days",
                                          "1",
                                          "-subj",
                                          "/CN=" + name,
                                          "-keyout",
                                          key(name),
                                          "-out",
                                          pem(name)};
        words.insert(words.end(), issuer.begin(), issuer.end());
        if (!extension.empty()) words.insert(words.end(), {"-addext", extension});
        return test::succeeds(words);
    }
    static std::vector<std::string> server_options() {
        return {"--certificate", pem("server"), "--key", key("server")};
    }
    static std::vector<std::string> strict_options() {
        auto options = server_options();
        options.insert(options.end(), {"--client-ca", pem("ca")});
        return options;
    }
    Outcome deliver_over_http(const std::string& base) {
        return deliver(*receiver(OtlpProtocol::kHttpProtobuf, base + "/v1/logs"), "0");
    }

    static inline std::unique_ptr<test::Directory> directory_;
    static inline bool is_made_ = false;
};

TEST_F(OtlpOverTls, OnlyWhoTheAuthorityVouchesFor) {
    ReceiverProcess process("otlp_http.py", server_options());
    const std::string base = at_loopback("https", process);
    Outcome outcome = deliver_over_http(base);
    EXPECT_EQ(outcome.what, What::kRetry) << "the system's authorities do not know it";
    EXPECT_NE(outcome.why.find("certificate"), std::string::npos) << outcome.why;
    settings.ca_path = pem("other");
    outcome = deliver_over_http(base);
    EXPECT_EQ(outcome.what, What::kRetry);
    EXPECT_NE(outcome.why.find("certificate"), std::string::npos) << outcome.why;
    settings.ca_path = pem("ca");
    outcome = deliver_over_http("https://localhost:" + std::to_string(process.port()));
    EXPECT_EQ(outcome.what, What::kRetry) << "it is not the name in the certificate";
    EXPECT_TRUE(process.requests().empty());
    outcome = deliver_over_http(base);
    EXPECT_EQ(outcome.what, What::kTaken) << outcome.why;
    EXPECT_EQ(process.requests().size(), 1u);
    outcome = deliver_over_http(at_loopback("http", process));
    EXPECT_EQ(outcome.what, What::kRetry) << "cleartext";
}

TEST_F(OtlpOverTls, AReceiverMayAskForACertificate) {
    ReceiverProcess process("otlp_http.py", strict_options());
    settings.ca_path = pem("ca");
    Outcome outcome = deliver_over_http(at_loopback("https", process));
    EXPECT_EQ(outcome.what, What::kRetry) << outcome.why;
    settings.certificate_path = pem("client");
    settings.key_path = key("other");
    outcome = deliver_over_http(at_loopback("https", process));
    EXPECT_EQ(outcome.what, What::kRetry) << "the key is another's: " << outcome.why;
    EXPECT_TRUE(process.requests().empty());
    settings.key_path = key("client");
    outcome = deliver_over_http(at_loopback("https", process));
    EXPECT_EQ(outcome.what, What::kTaken) << outcome.why;
}

TEST_F(OtlpOverTls, Grpc) {
    if (!has_grpc()) GTEST_SKIP() << "no python3-grpcio: run tools/install-deps test";
    auto options = strict_options();
    options.insert(options.end(), {"--script", "OK,UNAVAILABLE:1"});
    ReceiverProcess process("otlp_grpc.py", options);
    settings.ca_path = pem("ca");
    settings.certificate_path = pem("client");
    settings.key_path = key("client");
    const auto to = receiver(OtlpProtocol::kGrpc, at_loopback("https", process));
    for (int i = 0; i < 20; ++i) {
        const Outcome outcome = deliver(*to, std::to_string(i));
        EXPECT_EQ(outcome.what, i % 2 ? What::kRetry : What::kTaken) << outcome.why;
    }
    EXPECT_EQ(process.requests().size(), 20u);
    settings.ca_path = pem("other");
    EXPECT_EQ(deliver(*receiver(OtlpProtocol::kGrpc, at_loopback("https", process)), "x").what, What::kRetry);
}

}  // namespace
}  // namespace whodid
