// SPDX-License-Identifier: Apache-2.0
// What befalls a service: it is killed, its disk or its memory is full, its spool is damaged, its receiver
// hangs, descriptors run out, processes come faster than they can be told. Each test prints the account of
// its fault, as daemon_test.cpp does. Short here, as `make test` runs them; `make soak` has them long.
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "app/configuration.h"
#include "app/make_sinks.h"
#include "app/replay.h"
#include "base/clock.h"
#include "bench/multiply.h"
#include "daemon.h"
#include "sink/event_text.h"

namespace whodid::live {
namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point begin) {
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool write_text(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text << std::flush;
    return file.good();
}

class Fault : public DaemonTest {
protected:
    /// Without the sensor that other tests share: here it would double each load.
    void SetUp() override {
        if (const std::string reason = Stage::available(); !reason.empty()) GTEST_SKIP() << reason;
        static const auto checked = run_in(this_world(), {sensor_program(), "check"}, {});
        if (!std::getenv("WHODID_THROWAWAY") && checked && checked->exit_code() == 3)
            GTEST_SKIP() << tail_of(checked->out);
        make_directory();
    }
    /// A test that failed may have left what it mounted.
    void TearDown() override {
        for (const fs::path& mounted : {files(), state()}) ::umount2(mounted.c_str(), MNT_DETACH);
        DaemonTest::TearDown();
    }

    /// What alice does, and the sensor says of itself: others on this machine do as they like.
    void configure_alice(const std::string& sinks) const { configure(sinks, filter_alice()); }
    static std::string filter_alice() {
        return "filter: ['user.id == " + std::to_string(kAlice.uid) + "']\n";
    }
    /// alice starts programs, twenty at a time.
    static Beside load() {
        return Beside([](int i) { act("load" + std::to_string(i) + "-", 20); });
    }
    /// The same each time: a fault that was found can be looked for again.
    std::size_t random(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }
    void sleep_at_random(std::size_t most_ms) { std::this_thread::sleep_for(milliseconds(random(most_ms))); }

    /// Programs, files, and what is not there.
    static void act_mixed(const fs::path& where, int i) {
        EXPECT_TRUE(exited(0, as_alice("cd " + where.string() + " && for n in 1 2 3 4 5; do /bin/true mixed" +
                                       std::to_string(i) +
                                       "-$n; : >a$n; cat a$n b$n 2>/dev/null; mv a$n c$n; rm c$n; done; "
                                       "sleep 0.1")));
    }

    /// A sink's line with more settings.
    static std::string with(const std::string& sink, const std::string& more) {
        return sink.substr(0, sink.rfind('}')) + ", " + more + "}\n";
    }
    /// That finds out within moments that its receiver is there again.
    static std::string hasty_sink(const std::string& name, int port) {
        return with(otlp_sink(name, "http/protobuf", port),
                    "timeout: " + std::to_string(patient(milliseconds(2000)).count()) +
                        "ms, retry: {first: 100ms, most: 500ms}");
    }

    /// Of a receiver that is gone.
    static int vacant_port() { return ReceiverProcess("otlp_http.py", {}).port(); }
    static ReceiverProcess receiver_at(int port) {
        return ReceiverProcess("otlp_http.py", {"--port", std::to_string(port)});
    }

    static Query loss_of(const std::string& stage) {
        return {"sensor.loss", 0,
                [stage](const Json& e) { return text_at(e, "whodid.loss.stage").starts_with(stage); }};
    }
    static testing::AssertionResult says(Sensor& sensor, const std::string& what) {
        if (comes_true([&] { return sensor.said().find(what) != std::string::npos; }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << "not said: " << what << "\n" << sensor.said();
    }
    fs::path files() const { return directory_ / "files"; }
    fs::path state() const { return directory_ / "state"; }
    fs::path spool() const { return state() / "spool" / "far"; }
    void expect_intact(const fs::path& path) const {
        EXPECT_TRUE(exited(0, whodid({"verify", path.string()})));
    }

    std::mt19937 random_{static_cast<std::mt19937::result_type>(asked("WHODID_SEED", 1))};
};

// ---- killed -----------------------------------------------------------------------------------------------

/// Of what was accepted and came no further, how many happened after `since`.
std::uint64_t missing_since(Sensor& sensor, const Ids& delivered, const std::string& since) {
    std::uint64_t missing = 0;
    for (const Json& event : sensor.all({}))
        missing += !delivered.contains(text_at(event, "event.id")) && text_at(event, "time") >= since;
    return missing;
}

// Where the supervisor alone is killed, its worker drains the rings and says so. Where both are, what they
// had not told is gone with the rings: the successor declares since when.
TEST_F(Fault, SupervisorsKilledLoseNothingThatWasAcknowledged) {
    const ReceiverProcess http("otlp_http.py", {});
    configure_alice(files_sink() + hasty_sink("far", http.port()));
    const long kills = asked("WHODID_KILLS", 2);
    std::vector<std::unique_ptr<Sensor>> lives;
    std::vector<std::string> silent_since;  // as the next one declares it
    Beside acts = load();
    for (long i = 0; i <= kills; ++i) {
        lives.push_back(serve_configured());
        ASSERT_TRUE(lives.back());
        Sensor& own = *lives.back();
        if (i > 0) {
            const auto gap = own.wait_for(loss_of("sensor"));
            ASSERT_TRUE(gap) << "after kill " << i;
            EXPECT_LT(text_at(*gap, "whodid.loss.since"), text_at(*gap, "whodid.loss.until"));
            EXPECT_TRUE(at(*gap, "whodid.loss.count").is_null()) << *gap;
            silent_since.push_back(text_at(*gap, "whodid.loss.since"));
        }
        if (i == kills) break;
        const pid_t worker = worker_of(own);
        ASSERT_NE(worker, 0);
        sleep_at_random(700);
        if (i % 2 == 1) ::kill(worker, SIGSTOP);  // at the same moment
        ::kill(own.pid(), SIGKILL);
        if (i % 2 == 1) ::kill(worker, SIGKILL);
        ASSERT_TRUE(comes_true([&] { return is_gone(own.pid()) && is_gone(worker); }));
        EXPECT_EQ(own.all(said("sensor.stop", "")).size(), i % 2 == 1 ? 0u : 1u);
    }
    acts.stop();
    act("last", 1);
    EXPECT_TRUE(has(http, lives.back()->wait_for(exec_of("last0"))));
    expect_balance(lives.back()->stop());
    for (const auto& [name, delivered] :
         {std::pair("files", ids_of_lines(files())), std::pair("OTLP", ids_of(http, "200"))}) {
        Accepted accepted;
        std::uint64_t declared = 0;
        for (std::size_t i = 0; i < lives.size(); ++i) {
            accepted.merge(accepted_by(*lives[i]));
            if (i < silent_since.size()) declared += missing_since(*lives[i], delivered, silent_since[i]);
        }
        expect_all(accepted, delivered, "supervisors killed " + std::to_string(kills) + " times: " + name,
                   declared);
    }
    expect_intact(files());
}

// ---- the disk ---------------------------------------------------------------------------------------------

void mount_small(const fs::path& at) {
    fs::create_directories(at);
    ASSERT_EQ(::mount("none", at.c_str(), "tmpfs", 0, "size=64m"), 0) << std::strerror(errno);
}

bool remount(const fs::path& at, unsigned long flags) {
    return ::mount("none", at.c_str(), "tmpfs", MS_REMOUNT | flags, "size=64m") == 0;
}

// The kernel makes none read-only in which somebody writes: so it happens while a worker dies.
TEST_F(Fault, AReadOnlyFileSystemIsDeclaredAndLeft) {
    const ReceiverProcess http("otlp_http.py", {});
    mount_small(files());
    mount_small(state());
    configure_alice(files_sink() + hasty_sink("far", http.port()));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    Beside acts = load();
    pid_t worker = 0;
    bool is_read_only = false;
    for (int deaths = 0; !is_read_only && deaths < 20; ++deaths) {
        worker = worker_of(*own, worker);
        ::kill(worker, SIGKILL);
        while (!is_gone(worker)) std::this_thread::yield();
        is_read_only = remount(files(), MS_RDONLY) && remount(state(), MS_RDONLY);
        if (!is_read_only) (void)remount(files(), 0);  // or what that worker misses dies with it, undeclared
        ASSERT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    }
    ASSERT_TRUE(is_read_only) << std::strerror(errno);
    EXPECT_TRUE(own->wait_for(loss_of("sink files")));
    EXPECT_TRUE(own->wait_for(loss_of("sink far")));
    ASSERT_TRUE(remount(files(), 0) && remount(state(), 0));
    EXPECT_TRUE(says(*own, "sink files: events are written again"));
    EXPECT_TRUE(says(*own, "sink far: it takes events again"));
    acts.stop();
    act("after", 1);
    EXPECT_TRUE(has(http, own->wait_for(exec_of("after0"))));
    expect_balance(own->stop());
    const Accepted accepted = accepted_by(*own, true);
    expect_all(accepted, ids_of_lines(files()), "read-only: files", declared_by(*own, "sink files"));
    expect_all(accepted, ids_of(http, "200"), "read-only: spool", declared_by(*own, "sink far"));
    expect_intact(files());
    EXPECT_EQ(::umount(files().c_str()) + ::umount(state().c_str()), 0) << std::strerror(errno);
}

/// Changes bytes of the files of a spool, each by itself.
void damage(const fs::path& path, std::size_t bytes, std::mt19937& random) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path))
        if (entry.path().filename() != "lock" && entry.file_size() > 0) files.push_back(entry.path());
    std::ranges::sort(files);
    ASSERT_FALSE(files.empty());
    while (bytes-- > 0) {
        const fs::path& file = files[random() % files.size()];
        std::string text = text_of(file);
        char& hit = text[random() % text.size()];
        hit = static_cast<char>(hit ^ (1 + random() % 255));
        ASSERT_TRUE(write_text(file, text));
    }
}

TEST_F(Fault, ASpoolThatIsDamagedGivesTheRest) {
    const int port = vacant_port();
    configure_alice(hasty_sink("far", port));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    act("kept", 100);
    ASSERT_TRUE(own->wait_for(exec_of("kept99")));
    expect_balance(own->stop());
    damage(spool(), static_cast<std::size_t>(asked("WHODID_DAMAGE", 20)), random_);
    const ReceiverProcess receiver = receiver_at(port);
    const auto next = serve_configured();
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->wait_for(loss_of("sink far (spool_damaged)")));
    act("later", 5);
    EXPECT_TRUE(has(receiver, next->wait_for(exec_of("later4"))));
    expect_balance(next->stop());
    const Ids delivered = ids_of(receiver, "200");
    expect_all(*own, delivered, "a damaged spool", declared_by(*next, "sink far (spool_damaged)"));
    expect_all(*next, delivered, "a damaged spool: what came later");
}

/// Of a directory, packed or not.
Ids ids_of_packed(const fs::path& path) {
    Ids ids;
    for (const auto& file : fs::directory_iterator(path)) {
        if (file.path().extension() != ".zst" && file.path().extension() != ".jsonl") continue;
        auto text = EventText::open(file.path().string());
        EXPECT_TRUE(worked(text));
        std::string whole;
        while (text) {
            const auto piece = text->next();
            EXPECT_TRUE(worked(piece));
            if (!piece || piece->empty()) break;
            whole += *piece;
        }
        std::istringstream lines(whole);
        for (std::string line; std::getline(lines, line);) ++ids[text_at(Json::parse(line), "event.id")];
    }
    return ids;
}

TEST_F(Fault, RotationUnderLoadLosesNoLine) {
    configure_alice("  - {name: files, type: jsonl, path: " + files().string() + "/, rotate: {size: 64K}}\n");
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const auto count = [&] { return std::distance(fs::directory_iterator(files()), {}); };
    Beside acts = load();
    EXPECT_TRUE(
        comes_true([&] { return count() >= 2 * asked("WHODID_ROTATIONS", 6); }, milliseconds(600'000)));
    acts.stop();
    act("last", 1);
    EXPECT_TRUE(own->wait_for(exec_of("last0")));
    expect_balance(own->stop());
    expect_all(*own, ids_of_packed(files()), "rotation, " + std::to_string(count()) + " files");
    expect_intact(files());
}

// ---- what runs out ----------------------------------------------------------------------------------------

std::size_t event_files_in(const fs::path& path) {
    std::size_t found = 0;
    for (const auto& file : fs::directory_iterator(path)) found += file.path().extension() == ".jsonl";
    return found;
}

/// What a supervisor waits for at once: below that it sees nothing, not even that its worker ends.
constexpr rlim_t kWaitedFor = 4;

/// How many descriptors a process may have. How many it might have before.
rlim_t limit_descriptors(pid_t pid, rlim_t to) {
    rlimit limit{}, before{};
    EXPECT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0) << std::strerror(errno);
    limit.rlim_cur = to;
    EXPECT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, &before), 0) << std::strerror(errno);
    return before.rlim_cur;
}

TEST_F(Fault, DescriptorsThatRunOutCostWhatIsDeclared) {
    const int port = vacant_port();
    configure_alice("  - {name: files, type: jsonl, path: " + files().string() +
                    "/, compress: false, rotate: {size: 64K}}\n" + hasty_sink("far", port));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    const rlim_t many = limit_descriptors(worker, 0);  // what it has stays
    Beside acts = load();
    EXPECT_TRUE(says(*own, "/files/")) << "it can neither close a file nor begin one";
    EXPECT_NE(own->said().find("Too many open files"), std::string::npos) << own->said();
    const ReceiverProcess receiver = receiver_at(port);
    EXPECT_FALSE(exited(0, whodid({"status", "--socket", socket()}))) << "nobody can be let in";
    limit_descriptors(worker, many);
    const std::size_t begun = event_files_in(files());
    EXPECT_TRUE(comes_true([&] { return event_files_in(files()) > begun; })) << own->said();
    EXPECT_TRUE(comes_true([&] { return !ids_of(receiver, "200").empty(); })) << own->said();
    acts.stop();
    // Nothing is lost any more, and what was is declared: it would die with the worker.
    EXPECT_TRUE(comes_true([&] { return whodid({"status", "--socket", socket()})->exit_code() == 0; }));

    limit_descriptors(own->pid(), kWaitedFor);
    ::kill(worker, SIGKILL);
    EXPECT_TRUE(says(*own, "for the worker: Too many open files; it is tried again every second"));
    act("unheard", 20);
    limit_descriptors(own->pid(), many);
    EXPECT_TRUE(goes_on_for(*own, worker, "was killed by SIGKILL"));
    EXPECT_TRUE(has(receiver, own->wait_for(exec_of("unheard19"))));
    expect_balance(own->stop());
    const Accepted accepted = accepted_by(*own, true);
    expect_all(accepted, ids_of_lines(files()), "no descriptors: files", declared_by(*own, "sink files"));
    expect_all(accepted, ids_of(receiver, "200"), "no descriptors: OTLP", declared_by(*own, "sink far"));
    expect_intact(files());
}

/// A group of processes that may have so much memory; no such processes are left when it ends.
class MemoryGroup {
public:
    /// Where either hierarchy has the controller and lets it be used; else none.
    MemoryGroup() {
        const fs::path root = "/sys/fs/cgroup";
        const bool is_v2 = text_of(root / "cgroup.controllers").find("memory") != std::string::npos;
        if (is_v2) (void)write_text(root / "cgroup.subtree_control", "+memory");
        path_ = (is_v2 ? root : root / "memory") / ("whodid-test-" + std::to_string(::getpid()));
        limit_ = is_v2 ? "memory.max" : "memory.limit_in_bytes";
        used_ = is_v2 ? "memory.current" : "memory.usage_in_bytes";
        std::error_code failed;
        fs::create_directory(path_, failed);
        is_there_ = fs::exists(path_ / limit_);
    }
    ~MemoryGroup() {
        std::error_code failed;
        comes_true([&] { return fs::remove(path_, failed) || !fs::exists(path_); });
    }
    bool is_there() const { return is_there_; }
    bool take(pid_t pid) const { return write_text(path_ / "cgroup.procs", std::to_string(pid)); }
    bool limit(std::size_t bytes) const { return write_text(path_ / limit_, std::to_string(bytes)); }
    std::size_t used() const { return std::strtoull(text_of(path_ / used_).c_str(), nullptr, 10); }

private:
    fs::path path_;
    std::string limit_, used_;
    bool is_there_ = false;
};

TEST_F(Fault, MemoryThatIsLimitedIsNotExceededAndADeathOfItIsDeclared) {
    const MemoryGroup group;
    if (!group.is_there()) GTEST_SKIP() << "no memory controller of control groups is to be had here";
    const int port = vacant_port();
    configure_alice(hasty_sink("far", port));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t first = worker_of(*own);
    ASSERT_TRUE(group.take(own->pid()));
    ::kill(first, SIGKILL);  // its successor's memory counts
    ASSERT_TRUE(goes_on_for(*own, first, "was killed by SIGKILL"));
    const pid_t worker = worker_of(*own, first);
    constexpr std::size_t kMiB = 1 << 20;
    ASSERT_TRUE(group.limit(64 * kMiB));
    const int flood = static_cast<int>(asked("WHODID_FLOOD", 400));
    act("flood", flood);
    EXPECT_TRUE(own->wait_for(exec_of("flood" + std::to_string(flood - 1)), milliseconds(30'000)));
    EXPECT_FALSE(is_gone(worker)) << "what it cannot send is on disk";
    std::printf("within 64 MiB: %zu MiB used\n", group.used() / kMiB);

    Beside acts([](int) { (void)as_alice("for n in 1 2 3 4 5; do /bin/true load; done"); });
    std::size_t limit = group.used();
    EXPECT_TRUE(comes_true([&] {
        while (limit > kMiB && group.limit(limit - kMiB / 4)) limit -= kMiB / 4;
        return is_gone(worker);
    })) << "it has reached its limit";
    ASSERT_TRUE(group.limit(512 * kMiB));
    acts.stop();
    EXPECT_TRUE(
        says(*own, "the worker " + std::to_string(worker) + " was killed by SIGKILL; another one goes on"));
    act("after", 1);
    const auto last = own->wait_for(exec_of("after0"), milliseconds(30'000));
    const ReceiverProcess receiver = receiver_at(port);
    EXPECT_TRUE(has(receiver, last));
    expect_balance(own->stop());
    expect_all(*own, ids_of(receiver, "200"), "memory limit reached", declared_by(*own, "sink far"), true);
}

// ---- the receiver -----------------------------------------------------------------------------------------

/// A receiver that takes connections and never says a word; `is_full`: that takes none any more.
class BlackHole {
public:
    explicit BlackHole(bool is_full) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int yes = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at_), sizeof at_), 0);
        EXPECT_EQ(::listen(listener_.get(), is_full ? 0 : 100), 0);
        socklen_t length = sizeof at_;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at_), &length);
        while (is_full && connects()) {
        }
    }
    int port() const { return ntohs(at_.sin_port); }

private:
    /// False: it would have to wait.
    bool connects() {
        Fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        (void)::connect(made.get(), reinterpret_cast<sockaddr*>(&at_), sizeof at_);
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        std::this_thread::sleep_for(milliseconds(20));
        const bool is_connected = ::getpeername(made.get(), reinterpret_cast<sockaddr*>(&peer), &length) == 0;
        waiting_.push_back(std::move(made));
        return is_connected && waiting_.size() < 100;
    }

    sockaddr_in at_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    Fd listener_;
    std::vector<Fd> waiting_;
};

TEST_F(Fault, AReceiverThatNeverAnswersHoldsUpNothing) {
    auto silent = std::make_unique<BlackHole>(false), full = std::make_unique<BlackHole>(true);
    const int silent_port = silent->port(), full_port = full->port();
    configure_alice(hasty_sink("silent", silent_port) + hasty_sink("full", full_port));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    act("swallowed", 50);
    ASSERT_TRUE(own->wait_for(exec_of("swallowed49")));
    EXPECT_TRUE(exited(0, whodid({"status", "--socket", socket(), "--probe", "live"})));
    const auto begin = steady_clock::now();
    expect_balance(own->stop());
    std::printf("stopped within %.1f s, a request under way\n", seconds_since(begin));

    const auto next = serve_configured();
    ASSERT_TRUE(next);
    act("swallowed-too", 5);
    silent.reset();
    full.reset();
    const ReceiverProcess a = receiver_at(silent_port), b = receiver_at(full_port);
    const auto last = next->wait_for(exec_of("swallowed-too4"));
    EXPECT_TRUE(has(a, last));
    EXPECT_TRUE(has(b, last));
    expect_balance(next->stop());
    Accepted accepted = accepted_by(*own);
    accepted.merge(accepted_by(*next));
    expect_all(accepted, ids_of(a, "200"), "a receiver that never answers");
    expect_all(accepted, ids_of(b, "200"), "a receiver whose backlog is full");
}

// ---- time -------------------------------------------------------------------------------------------------

// As when a machine is suspended, but that others go on meanwhile.
TEST_F(Fault, AGapInWhichItDoesNotRunCostsNothing) {
    configure_alice(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    for (const pid_t pid : {own->pid(), worker}) ::kill(pid, SIGSTOP);
    act("stopped", 200);
    for (const pid_t pid : {own->pid(), worker}) ::kill(pid, SIGCONT);
    EXPECT_TRUE(own->wait_for(exec_of("stopped199")));
    EXPECT_FALSE(is_gone(worker));
    EXPECT_EQ(own->all(exec_of("stopped0")).size(), 1u);
    expect_balance(own->stop());
    expect_one_stream(*own);
    expect_all(*own, ids_of_lines(files()), "a gap");
    expect_intact(files());
}

void step_clock(long seconds) {
    timespec now{};
    ASSERT_EQ(::clock_gettime(CLOCK_REALTIME, &now), 0);
    now.tv_sec += seconds;
    ASSERT_EQ(::clock_settime(CLOCK_REALTIME, &now), 0) << std::strerror(errno);
}

/// For a guest that is gone afterwards.
class FaultOfTime : public Fault {
protected:
    void SetUp() override {
        if (const std::string reason = kept_machine(); !reason.empty()) GTEST_SKIP() << reason;
        Fault::SetUp();
    }
};

TEST_F(FaultOfTime, AClockThatIsSetByAnHourLosesNothing) {
    const ReceiverProcess http("otlp_http.py", {});
    configure_alice(files_sink() + hasty_sink("far", http.port()));
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    for (const long step : {0, 3600, -7200, 3600}) {
        step_clock(step);
        const std::string mark = "step" + std::to_string(step) + "-";
        act(mark, 5);
        EXPECT_TRUE(has(http, own->wait_for(exec_of(mark + "4")))) << step;
    }
    expect_balance(own->stop());
    expect_one_stream(*own);
    expect_all(*own, ids_of_lines(files()), "a clock that is set: files");
    expect_all(*own, ids_of(http, "200"), "a clock that is set: OTLP");
    expect_intact(files());
}

// ---- too much ---------------------------------------------------------------------------------------------

/// Starts programs that end at once, from each CPU one after another. How many.
std::uint64_t storm(const std::string& mark, long seconds) {
    std::atomic<std::uint64_t> started = 0;
    std::vector<std::thread> threads;
    const auto end = steady_clock::now() + std::chrono::seconds(seconds);
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
        threads.emplace_back([&] {
            std::string program = "/bin/true", argument = mark;
            char* const words[] = {program.data(), argument.data(), nullptr};
            while (steady_clock::now() < end) {
                pid_t pid = 0;
                if (::posix_spawn(&pid, words[0], nullptr, nullptr, words, environ) != 0) continue;
                ::waitpid(pid, nullptr, 0);
                ++started;
            }
        });
    for (std::thread& thread : threads) thread.join();
    return started;
}

TEST_F(Fault, ProcessesAsFastAsTheyCanBeMadeAreToldOrDeclared) {
    configure(files_sink());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const auto begin = steady_clock::now();
    const std::uint64_t started = storm("storm", asked("WHODID_STORM_SECONDS", 3));
    std::printf("short-lived processes: %.0f a second\n",
                static_cast<double>(started) / seconds_since(begin));
    act("last", 1);
    EXPECT_TRUE(own->wait_for(exec_of("last0"), milliseconds(60'000)));
    const auto said = own->stop();
    expect_balance(said);
    const std::uint64_t declared = declared_by(*own, "kernel_");
    EXPECT_GE(own->count("process.exec", "\"storm\"") + declared, started);
    expect_all(*own, ids_of_lines(files()), "processes as fast as they can be made");
    EXPECT_LE(at(ledger_of(*said), "total.ring_full").get<std::uint64_t>() +
                  at(ledger_of(*said), "total.no_slot").get<std::uint64_t>(),
              declared);
}

/// A recording through a service's pipeline and sinks: all that is done with a record once it is there.
class ServiceReplay {
public:
    ServiceReplay(std::unique_ptr<RecordingReader> recording, const Settings& settings,
                  std::unique_ptr<HandOver> hand_over)
        : source_(std::move(recording)),
          hand_over_(std::move(hand_over)),
          sinks_(*hand_over_, monotonic_now_ns) {
        EXPECT_TRUE(worked(add_sinks(settings.sinks, {stream_, false, state_directory(settings)}, sinks_)));
        sinks_.open_all();
        sinks_.set_tap([this](const Batch& batch) {
            for (const Event& event : batch.events) told_.emplace_back(event.id(), event.kind);
        });
    }
    /// Ends when each event is in a file or a spool.
    void play() {
        PipelineOptions options;
        options.filter.everything = true;
        options.reorder = false;
        auto pipeline = Pipeline::make(stream_, source_.header().host, ledger_, options, &sinks_);
        ASSERT_TRUE(worked(pipeline));
        EXPECT_TRUE(worked(whodid::play(source_, **pipeline)));
        EXPECT_TRUE(worked(sinks_.flush()));
    }
    /// Ends when the receivers have them all too.
    void deliver() { sinks_.close(3600'000'000'000); }

    const Ledger& ledger() const { return ledger_; }
    Accepted accepted() const {
        Accepted accepted;
        for (const auto& [id, kind] : told_) accepted.emplace(id.hex(), kind->name);
        return accepted;
    }
    std::uint64_t declared() {
        std::uint64_t sum = 0;
        for (const SinkSet::NamedLoss& loss : sinks_.take_last_losses({})) sum += loss.loss.count;
        return sum;
    }

private:
    ReplaySource source_;
    const Stream stream_ = source_.header().stream;
    const std::unique_ptr<HandOver> hand_over_;
    std::vector<std::pair<Id128, const Kind*>> told_;
    SinkSet sinks_;
    Ledger ledger_;
};

double thread_cpu_s() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// Runs it in this thread, and prints how fast that went: by the clock, whatever else this machine does, and
/// by the thread's CPU time. What others of its threads do meanwhile, compress and send, is told beside it.
template <class F>
void print_rate(const Ledger& ledger, F f) {
    const auto begin = steady_clock::now();
    const double own_begin_s = thread_cpu_s();
    const std::uint64_t all_begin_ns = cpu_used_ns();
    f();
    const auto events = static_cast<double>(ledger.total().written);
    const double own_s = thread_cpu_s() - own_begin_s;
    std::printf(
        "replay: %.0f events in files and in a spool: %.0f a second, %.0f a second of CPU time "
        "(%.1f s, all threads %.1f s)\n",
        events, events / seconds_since(begin), events / own_s, own_s,
        static_cast<double>(cpu_used_ns() - all_begin_ns) / 1e9);
}

TEST_F(Fault, AReplayOfMoreThanAnyHostTellsIsDelivered) {
    const std::string many = (directory_ / "many.whodid").string();
    const auto count = static_cast<unsigned>(asked("WHODID_REPLAYED", 15'000));
    ASSERT_TRUE(worked(
        bench::multiply_process("tests/data/recordings/exec.whodid", many, "/usr/bin/chmod", count, true)));
    const ReceiverProcess http("otlp_http.py", {});
    configure("  - {name: files, type: jsonl, path: " + files().string() + "/, keep: {size: none}}\n" +
              with(otlp_sink("far", "http/protobuf", http.port()), "spool: {size: none}"));
    const auto settings = load_settings((directory_ / "whodid.yaml").string(), {});
    auto recording = RecordingReader::open(many);
    auto hand_over = HandOver::make();
    ASSERT_TRUE(worked(settings) && worked(recording) && worked(hand_over));
    ServiceReplay replay(std::move(*recording), *settings, std::move(*hand_over));
    print_rate(replay.ledger(), [&] { replay.play(); });
    const auto played = steady_clock::now();
    replay.deliver();
    std::printf("replay: the rest is delivered by OTLP %.1f s later\n", seconds_since(played));
    EXPECT_EQ(replay.ledger().imbalances(), std::vector<std::string>{});
    EXPECT_EQ(replay.ledger().total().malformed, 0u);
    EXPECT_GE(replay.ledger().total().written, 3 * std::uint64_t{count});
    const Accepted accepted = replay.accepted();
    EXPECT_EQ(accepted.size(), replay.ledger().total().written);
    EXPECT_EQ(replay.declared(), 0u);
    expect_all(accepted, ids_of_packed(files()), "a replay: files");
    expect_all(accepted, ids_of(http, "200"), "a replay: OTLP");
    expect_intact(files());
}

// ---- long -------------------------------------------------------------------------------------------------

/// Its own, in KiB: without the rings, which are mapped, and programs' files.
long memory_of(pid_t pid) { return std::atol(status_of(pid, "RssAnon").c_str()); }

/// Prints what a process took, and whether it takes ever more: once it is warm, after a quarter of the time,
/// the least of the last quarter is to be no more than a twentieth, or 512 KiB, above the most of the second.
/// Of too short a time nothing is expected.
void expect_flat(const char* name, const std::vector<long>& kib, bool is_long) {
    ASSERT_GE(kib.size(), 4u);
    const auto quarter = static_cast<std::ptrdiff_t>(kib.size() / 4);
    const auto [least, most] = std::ranges::minmax(kib);
    const long second = std::ranges::max(std::span(kib).subspan(quarter, quarter));
    const long last = std::ranges::min(std::span(kib).last(quarter));
    std::printf(
        "%s: %ld KiB at first, %ld at last, %ld to %ld in %zu samples; the second quarter's most %ld, "
        "the last one's least %ld\n",
        name, kib.front(), kib.back(), least, most, kib.size(), second, last);
    if (is_long) {
        EXPECT_LE(last, second + std::max(second / 20, 512L)) << name << " grows";
    }
}

/// What a service remembers, by what it says itself: of each table how many entries, and no more than it may.
void expect_tables_within_limits(const Json& status) {
    ASSERT_FALSE(at(status, "caches").empty()) << status;
    for (const Json& table : at(status, "caches")) {
        const auto entries = at(table, "entries").get<std::uint64_t>();
        const Json limit = at(table, "limit");
        std::printf(" %s %llu", text_at(table, "name").c_str(), static_cast<unsigned long long>(entries));
        if (!limit.is_null()) {
            EXPECT_LE(entries, limit.get<std::uint64_t>()) << table;
        }
    }
    std::printf("\n");
}

// Of each sort of acts that is counted the first is kept, so that with as many as there are by default memory
// grows for hours until all are in use: here they are few.
TEST_F(Fault, ASoakKeepsItsMemory) {
    const long seconds = asked("SOAK_SECONDS", 4);
    const auto pause = milliseconds(std::clamp(seconds * 1000 / 40, 200L, 10'000L));
    const ReceiverProcess http("otlp_http.py", {});
    configure("  - {name: files, type: jsonl, path: " + files().string() + "/, rotate: {size: 1M}}\n" +
                  hasty_sink("far", http.port()),
              "kernel: {fold_entries: 256}\n" + filter_alice());
    const auto own = serve_configured();
    ASSERT_TRUE(own);
    const pid_t worker = worker_of(*own);
    std::vector<long> supervisors, workers;
    fs::create_directory(directory_ / "mixed");
    Beside acts([this](int i) { act_mixed(directory_ / "mixed", i); });
    for (const auto end = steady_clock::now() + std::chrono::seconds(seconds); steady_clock::now() < end;) {
        std::this_thread::sleep_for(pause);
        supervisors.push_back(memory_of(own->pid()));
        workers.push_back(memory_of(worker));
    }
    const auto status = whodid({"status", "--socket", socket(), "-o", "json"});
    ASSERT_TRUE(worked(status));
    acts.stop();
    act("last", 1);
    EXPECT_FALSE(is_gone(worker));
    EXPECT_TRUE(has(http, own->wait_for(exec_of("last0"))));
    expect_balance(own->stop());
    const std::string what = "a soak of " + std::to_string(seconds) + " s: ";
    expect_all(*own, ids_of_packed(files()), what + "files");
    expect_all(*own, ids_of(http, "200"), what + "OTLP");
    expect_intact(files());
    expect_tables_within_limits(Json::parse(status->out, nullptr, false));
    expect_flat("supervisor", supervisors, seconds >= 60);
    expect_flat("worker", workers, seconds >= 60);
}

}  // namespace
}  // namespace whodid::live
