// SPDX-License-Identifier: Apache-2.0
// Exports over gRPC as Wireshark's dissectors read them off the wire.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "receivers/programs.h"
#include "receivers/sent_events.h"

namespace whodid {
namespace {

using test::ReceiverProcess;
using test::SentEvents;

/// What passes over the loopback to and from a port, from when it was made.
class Capture {
public:
    explicit Capture(int port)
        : port_(std::to_string(port)),
          null_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
          dumpcap_({"dumpcap", "-q", "-i", "lo", "-f", "tcp port " + port_, "-w", path()}, null_.get()) {
        is_running_ = test::comes_true([this] { return bytes() > 0 || dumpcap_.has_ended(); }) && bytes() > 0;
    }
    bool is_running() const { return is_running_; }
    std::uintmax_t bytes() const {
        std::error_code none;
        const std::uintmax_t size = std::filesystem::file_size(path(), none);
        return none ? 0 : size;
    }
    /// The fields of packets that pass a filter, a line for each packet: those of one name parted by ';',
    /// then a tab.
    std::vector<std::string> packets(const std::string& filter,
                                     const std::vector<std::string>& fields) const {
        std::vector<std::string> words = {"tshark",
                                          "-r",
                                          path(),
                                          "-d",
                                          "tcp.port==" + port_ + ",http2",
                                          "-o",
                                          "uat:protobuf_search_paths:\"" +
                                              std::filesystem::canonical("tests/data/proto").string() +
                                              "\",\"TRUE\"",
                                          "-o",
                                          "protobuf.preload_protos:TRUE",
                                          "-Y",
                                          filter,
                                          "-T",
                                          "fields",
                                          "-E",
                                          "aggregator=;"};
        for (const std::string& field : fields) words.insert(words.end(), {"-e", field});
        std::istringstream lines(test::output_of(words).first);
        std::vector<std::string> found;
        for (std::string line; std::getline(lines, line);) found.push_back(line);
        return found;
    }

private:
    std::string path() const { return directory_.path + "/capture"; }

    const test::Directory directory_;
    const std::string port_;
    const Fd null_;
    test::Program dumpcap_;
    bool is_running_ = false;
};

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, at);) parts.push_back(part);
    return parts;
}

/// The public numbers of opentelemetry-proto. "attributes" are those of a resource, and of a record.
const std::set<std::string> kNumbers = {"resource_logs=1",
                                        "resource=1",
                                        "attributes=1",
                                        "scope_logs=2",
                                        "schema_url=3",
                                        "scope=1",
                                        "name=1",
                                        "version=2",
                                        "log_records=2",
                                        "time_unix_nano=1",
                                        "body=5",
                                        "attributes=6",
                                        "event_name=12",
                                        "key=1",
                                        "observed_time_unix_nano=11",
                                        "value=2",
                                        "string_value=1",
                                        "bool_value=2",
                                        "int_value=3",
                                        "double_value=4",
                                        "array_value=5",
                                        "severity_number=2",
                                        "values=1"};

class Tshark : public testing::Test {
protected:
    void SetUp() override {
        if (!test::has_program("tshark") || !test::has_program("dumpcap"))
            GTEST_SKIP() << "no tshark: run tools/install-deps test";
        if (!test::succeeds({test::kPython, "-c", "import grpc"}))
            GTEST_SKIP() << "no python3-grpcio: run tools/install-deps test";
    }
    /// All samples are sent to a server of gRPC, which takes them.
    static void send(const ReceiverProcess& process, bool gzip, const SentEvents& sent) {
        OtlpSettings settings;
        settings.protocol = OtlpProtocol::kGrpc;
        settings.endpoint = "http://127.0.0.1:" + std::to_string(process.port());
        settings.gzip = gzip;
        test::RealSink sink(settings);
        sink.write(sent.events);
        ASSERT_TRUE(sink.is_emptied()) << sink.counts().last_error;
        ASSERT_EQ(sink.counts().written, sent.events.size());
    }
};

TEST_F(Tshark, SeesWholeMessagesOfTheirFields) {
    const ReceiverProcess process("otlp_grpc.py", {});
    const Capture capture(process.port());
    if (!capture.is_running()) GTEST_SKIP() << "dumpcap cannot capture on lo: run as root";
    const SentEvents sent;
    for (const bool gzip : {false, true}) send(process, gzip, sent);
    const std::size_t requests = process.requests().size();
    std::vector<std::string> packets;
    ASSERT_TRUE(test::comes_true([&] {
        packets =
            capture.packets("protobuf.field.name == \"log_records\"",
                            {"protobuf.field.name", "protobuf.field.number", "protobuf.field.value.string"});
        return packets.size() >= requests;
    })) << packets.size()
        << " of " << requests << " requests";
    EXPECT_EQ(packets.size(), requests);
    std::set<std::string> numbers;
    std::map<std::string, int> told;
    for (const std::string& packet : packets) {
        const auto fields = split(packet, '\t');
        ASSERT_GE(fields.size(), 3u) << packet;
        const auto names = split(fields[0], ';'), fields_numbers = split(fields[1], ';');
        ASSERT_EQ(names.size(), fields_numbers.size());
        for (std::size_t i = 0; i < names.size(); ++i) numbers.insert(names[i] + "=" + fields_numbers[i]);
        for (const std::string& text : split(fields[2], ';')) ++told[text];
    }
    EXPECT_EQ(numbers, kNumbers);
    for (const std::string& id : sent.ids()) EXPECT_EQ(told[id], 2) << id;
    EXPECT_EQ(capture.packets("_ws.malformed || _ws.unreassembled || _ws.expert.severity == \"Error\" || "
                              "grpc.body_malformed || protobuf.failed_parse_tag || "
                              "protobuf.field.message_type_not_found",
                              {"frame.number"}),
              std::vector<std::string>());
}

}  // namespace
}  // namespace whodid
