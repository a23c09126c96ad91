// SPDX-License-Identifier: Apache-2.0
// A running `whodid trace` for live tests.
#include "sensor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {

namespace {

constexpr milliseconds kStartLimit{20'000};
constexpr milliseconds kPoll{20};
/// By so much an event may seem older than it is: the sensor's clocks are tied to each other at its start.
constexpr std::uint64_t kClockSlackNs = 5'000'000;

std::string rfc3339_of(std::uint64_t wall_ns) {
    std::string text(kRfc3339Length, ' ');
    format_rfc3339(wall_ns, text.data());
    return text;
}

/// Lines of JSON begin with their time, whose text is ordered as the times are.
bool is_older(std::string_view line, std::string_view since) {
    constexpr std::string_view kBegin = R"({"time":")";
    return line.starts_with(kBegin) && line.substr(kBegin.size(), since.size()) < since;
}

bool matches_text(const std::string& line, const Query& query) {
    return (query.kind.empty() || line.find("\"whodid." + query.kind + "\"") != std::string::npos) &&
           (query.pid == 0 || line.find("\"pid\":" + std::to_string(query.pid)) != std::string::npos);
}

std::optional<Json> matches(const std::string& line, const Query& query) {
    if (!matches_text(line, query)) return std::nullopt;
    Json event = Json::parse(line, nullptr, false);
    if (event.is_discarded()) return std::nullopt;  // see torn_lines
    if (!query.kind.empty() && at(event, "event.name") != "whodid." + query.kind) return std::nullopt;
    if (query.pid != 0 && at(event, "process.pid") != query.pid) return std::nullopt;
    if (query.where && !query.where(event)) return std::nullopt;
    return event;
}

/// It says that this kernel or these rights do not allow it. Guests are made to allow it: there it is wrong.
bool is_unmet(int wait_status) {
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 3 && !std::getenv("WHODID_THROWAWAY");
}

/// Once for all suites, gone when the last test has run: detaching takes seconds.
class SharedSensor : public testing::Environment {
public:
    Result<Sensor*> get() {
        const char* backend = std::getenv("WHODID_BACKEND");
        if (!made_) made_.emplace(Sensor::start({"--backend", backend ? backend : "auto"}));
        if (!*made_) return made_->error();
        return (*made_)->get();
    }
    void TearDown() override {
        if (!made_ || !*made_) return;
        const auto said = (**made_)->stop();
        ASSERT_TRUE(worked(said));
        const Json ledger = ledger_of(*said);
        EXPECT_EQ(at(ledger, "balanced"), true) << *said;
        EXPECT_EQ(at(ledger, "total.malformed"), 0) << *said;
        EXPECT_EQ(said->find("nothing is folded"), std::string::npos) << *said;
        made_.reset();
    }

private:
    std::optional<Result<std::unique_ptr<Sensor>>> made_;
};

SharedSensor& the_shared_sensor =
    *static_cast<SharedSensor*>(testing::AddGlobalTestEnvironment(new SharedSensor));

}  // namespace

std::string sensor_program() {
    const char* set = std::getenv("WHODID");
    return std::filesystem::absolute(set ? set : "build/whodid");
}

World this_world() {
    return {Fd(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)), Fd(), Fd(::open("/", O_PATH | O_CLOEXEC))};
}

Json at(const Json& event, const std::string& dotted) {
    const Json* value = &event;
    std::size_t from = 0;
    while (from <= dotted.size()) {
        const std::size_t dot = std::min(dotted.find('.', from), dotted.size());
        const auto found = value->find(dotted.substr(from, dot - from));
        if (found == value->end()) return nullptr;
        value = &*found;
        from = dot + 1;
    }
    return *value;
}

std::string text_at(const Json& event, const std::string& dotted) {
    const Json value = at(event, dotted);
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

std::string lacking(const Json& event, const std::vector<std::pair<std::string, Json>>& expected) {
    std::string differs;
    for (const auto& [key, value] : expected)
        if (const Json is = at(event, key); is != value)
            differs += key + " is " + is.dump() + ", not " + value.dump() + "\n";
    return differs.empty() ? "" : differs + "in " + event.dump();
}

Json ledger_of(const std::string& said) {
    const std::size_t from = said.find("{\"ledger\"");
    if (from == std::string::npos) return nullptr;
    return Json::parse(said.substr(from, said.find('\n', from) - from))["ledger"];
}

Result<std::unique_ptr<Sensor>> Sensor::start(const std::vector<std::string>& arguments) {
    return launch({"trace", "--standalone", "-a", "-o", "json"}, "-w", arguments);
}

Result<std::unique_ptr<Sensor>> Sensor::serve(const std::vector<std::string>& arguments) {
    // Everything, unless the test is about a profile.
    const bool names_one = std::ranges::find(arguments, "--profile") != arguments.end();
    const std::vector<std::string> all = {"run", "--profile", "forensic", "--for",
                                          "1h",  "--reason",  "a test"};
    return launch(names_one ? std::vector<std::string>{"run"} : all, "--output", arguments);
}

Result<std::unique_ptr<Sensor>> Sensor::launch(std::vector<std::string> argv, const std::string& output,
                                               const std::vector<std::string>& arguments) {
    std::unique_ptr<Sensor> sensor(new Sensor);
    char directory[] = "/dev/shm/whodid-test-XXXXXX";
    if (!::mkdtemp(directory)) return Error::from_errno("cannot make a directory in /dev/shm");
    sensor->directory_ = directory;
    const std::string file = sensor->output();
    argv.insert(argv.begin(), sensor_program());
    argv.insert(argv.end(), {"--ledger", "json", output, file});
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    auto child = Child::start(this_world(), argv, {}, Stdio::kPipes);
    if (!child) return child.error();
    sensor->child_ = std::make_unique<Child>(std::move(*child));
    const auto end = std::chrono::steady_clock::now() + patient(kStartLimit);
    while (std::chrono::steady_clock::now() < end) {
        if (!sensor->file_) sensor->file_ = Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (const auto first = sensor->wait_for({"sensor.start", 0, {}}, kPoll)) {
            sensor->about_ = at(*first, "message").get<std::string>();
            return {std::move(sensor)};
        }
        const auto ended = sensor->child_->wait(milliseconds(0));
        read_available(sensor->child_->err(), sensor->said_);
        if (ended)
            return Error{"whodid ended at once: " + sensor->said_, is_unmet(*ended) ? ENOTSUP : ECHILD};
    }
    return Error{"whodid did not start: " + sensor->said_, ETIMEDOUT};
}

Sensor::~Sensor() {
    if (!directory_.empty()) {
        ::unlink((directory_ + "/events").c_str());
        ::rmdir(directory_.c_str());
    }
}

const std::string& Sensor::said() {
    read_lines();
    return said_;
}

pid_t Sensor::pid() const { return child_->pid(); }

void Sensor::read_lines() {
    char buffer[65536];
    ssize_t n = 0;
    while (file_ && (n = ::read(file_.get(), buffer, sizeof buffer)) > 0) {
        partial_.append(buffer, static_cast<std::size_t>(n));
        std::size_t from = 0;
        for (std::size_t end = 0; (end = partial_.find('\n', from)) != std::string::npos; from = end + 1)
            if (std::string line = partial_.substr(from, end - from); !is_older(line, since_))
                lines_.push_back(std::move(line));
        partial_.erase(0, from);
    }
    read_available(child_->err(), said_);
}

std::optional<Json> Sensor::wait_for(const Query& query, milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + patient(limit);
    std::size_t seen = 0;
    while (true) {
        read_lines();
        for (; seen < lines_.size(); ++seen)
            if (auto event = matches(lines_[seen], query)) return event;
        if (std::chrono::steady_clock::now() >= end) return std::nullopt;
        std::this_thread::sleep_for(kPoll);  // the file has no readiness to wait for
    }
}

std::vector<Json> Sensor::all(const Query& query) {
    read_lines();
    std::vector<Json> found;
    for (const std::string& line : lines_)
        if (auto event = matches(line, query)) found.push_back(std::move(*event));
    return found;
}

void Sensor::forget() {
    since_ = rfc3339_of(wall_now_ns() - kClockSlackNs);
    read_lines();
    lines_.clear();
}

std::size_t Sensor::torn_lines() {
    read_lines();
    return static_cast<std::size_t>(
        std::ranges::count_if(lines_, [](const std::string& line) { return !Json::accept(line); }));
}

std::size_t Sensor::count(const std::string& kind, const std::string& text) {
    read_lines();
    return static_cast<std::size_t>(std::ranges::count_if(lines_, [&](const std::string& line) {
        return matches_text(line, {kind, 0, {}}) && line.find(text) != std::string::npos;
    }));
}

std::vector<Json> Sensor::all_until(const Query& query, const Query& last, milliseconds limit) {
    wait_for(last, limit);
    return all(query);
}

Result<std::string> Sensor::stop() {
    child_->send_signal(SIGTERM);
    const auto ended = child_->wait(milliseconds(30'000));
    if (!ended) return ended.error();
    read_lines();
    if (*ended != 0)
        return Error{"whodid ended with wait status " + std::to_string(*ended) + ": " + said_, ECHILD};
    return said_;
}

Result<Sensor*> shared_sensor() { return the_shared_sensor.get(); }

void SensorTest::SetUp() {
    if (const std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
    const auto sensor = shared_sensor();
    if (cannot_be_here(sensor)) GTEST_SKIP() << sensor.error().message;
    ASSERT_TRUE(worked(sensor));
    const auto stage = shared_stage();
    ASSERT_TRUE(worked(stage));
    sensor_ = *sensor;
    sensor_->forget();
    stage_ = *stage;
}

std::optional<Json> SensorTest::exec_of_echo(const std::string& argument) {
    return sensor_->wait_for({"process.exec", 0, [=](const Json& e) {
                                  const Json arguments = at(e, "process.command_args");
                                  return at(e, "process.executable.name") == "echo" &&
                                         arguments.size() == 2 && arguments[1] == argument;
                              }});
}

}  // namespace whodid::live
