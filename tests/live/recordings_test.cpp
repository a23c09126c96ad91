// SPDX-License-Identifier: Apache-2.0
// Makes the recordings of tests/data/recordings anew, and looks at nothing. Needs root, ip(8), perl and curl:
//     build/tests/live --gtest_also_run_disabled_tests --gtest_filter='*MakeRecordings*'
//     UPDATE_GOLDEN=1 build/tests/golden
// They are made in the stage's world, by a recorder that runs in it, and hold that world's processes alone:
// of the machine they tell its programs' inode numbers, its system accounts and the time.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "event/decode.h"
#include "sensor.h"
#include "source/recording.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

using Key = std::pair<std::uint32_t, std::uint64_t>;

Key key_of(const rec_hdr& record) { return {record.task.tgid, record.task.start_ns}; }

std::vector<std::vector<char>> records_of(const std::string& path, RecordingHeader& header) {
    std::vector<std::vector<char>> records;
    auto reader = RecordingReader::open(path);
    if (!reader) throw std::runtime_error(reader.error().message);
    header = (*reader)->header();
    while (true) {
        const auto frame = (*reader)->next();
        if (!frame) throw std::runtime_error(frame.error().message);
        if (*frame == RecordingReader::Frame::kEnd) return records;
        if (*frame != RecordingReader::Frame::kRecord) continue;
        const auto record = (*reader)->record();
        records.emplace_back(record.begin(), record.end());
    }
}

const rec_hdr& header_of(const std::vector<char>& record) {
    return *reinterpret_cast<const rec_hdr*>(record.data());
}

std::string_view text_of(const std::vector<char>& record, rec_path slice) {
    return {record.data() + slice.off, slice.len};
}

/// Programs that are no part of a story: the recorder, and what would be on another machine.
bool is_backstage(std::string_view exe) {
    const std::string_view name = exe.substr(exe.rfind('/') + 1);
    return name == "whodid" || name == "ssh" || name == "perl";
}

/// Reading what every program reads is left out: it fills a recording and says nothing.
bool is_dull(const std::vector<char>& record) {
    const rec_hdr& header = header_of(record);
    if (header.kind != REC_FILE_OPEN) return false;
    const auto& file = *reinterpret_cast<const rec_file*>(record.data());
    if ((file.open_flags & 3) != 0) return false;
    if (header.result < 0) return header.result == -ENOENT;
    const std::string_view path = text_of(record, file.path);
    for (const char* dull : {"/usr/",         "/lib",          "/etc/ld.so",     "/etc/passwd",
                             "/etc/group",    "/etc/nsswitch", "/etc/localtime", "/etc/pam.d",
                             "/etc/security", "/etc/login",    "/etc/gai",       "/etc/host",
                             "/etc/services", "/etc/ssl",      "/etc/default",   "/etc/environment",
                             "/etc/bash",     "/etc/profile",  "/etc/inputrc",   "/proc/",
                             "/sys/",         "/dev/",         "/home/alice/.",  "/root/.",
                             "/srv/",         "/run/"})
        if (path.starts_with(dull)) return true;
    return false;
}

/// Lines of passwd and group, those of the machine left out: "name:x:id:…".
std::string without_local_accounts(const std::string& lines) {
    std::string kept;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        const std::size_t id_at = line.find(':', line.find(':') + 1) + 1;
        const long id = std::strtol(line.c_str() + id_at, nullptr, 10);
        if (id < 100 || id > 60000) kept += line + "\n";
    }
    return kept;
}

/// Copies what the processes of one mount namespace did.
void keep_the_story(const std::string& from, const std::string& to, std::uint32_t mount_ns) {
    RecordingHeader header;
    const auto records = records_of(from, header);
    std::set<Key> inside, backstage;
    for (const auto& record : records) {
        const rec_hdr& h = header_of(record);
        if ((h.task.flags & REC_TASK_FULL) && h.task.mount_ns == mount_ns) inside.insert(key_of(h));
        if (h.kind == REC_PROCESS_EXEC && h.result == 0 &&
            is_backstage(text_of(record, reinterpret_cast<const rec_exec*>(record.data())->exe)))
            backstage.insert(key_of(h));
        if (h.kind == REC_RAW_TASK &&
            is_backstage(text_of(record, reinterpret_cast<const rec_process*>(record.data())->exe)))
            backstage.insert(key_of(h));
    }
    header.made_by = "whodid";
    header.host.links.clear();
    std::erase_if(header.host.files, [](const auto& file) { return !file.first.starts_with("/etc/"); });
    for (auto& [name, content] : header.host.files) content = without_local_accounts(content);
    auto writer = RecordingWriter::create(to, true);
    ASSERT_TRUE(worked(writer));
    ASSERT_TRUE((*writer)->begin(header));
    std::uint64_t last_ns = header.stream.sensor_start_ns;
    for (const auto& record : records) {
        const rec_hdr& h = header_of(record);
        if (h.cpu == REC_OWN_CPU || !inside.contains(key_of(h)) || backstage.contains(key_of(h)) ||
            is_dull(record))
            continue;
        (*writer)->record(h);
        last_ns = std::max(last_ns, h.boot_ns);
    }
    ASSERT_TRUE((*writer)->finish((last_ns - header.stream.sensor_start_ns) / 1'000'000'000, 0));
    ASSERT_EQ(::chmod(to.c_str(), 0644), 0);  // it is for everybody
}

class DISABLED_MakeRecordings : public testing::Test {
protected:
    void SetUp() override {
        auto made = Stage::create();
        ASSERT_TRUE(worked(made));
        stage_ = std::move(*made);
        does({"ip", "addr", "add", "198.51.100.7/32", "dev", "lo"});  // where alice comes from
        does({"ip", "addr", "add", "203.0.113.50/32", "dev", "lo"});  // where somebody else does
        does({"ip", "addr", "add", "203.0.113.9/32", "dev", "lo"});   // what alice connects to
    }
    void does(const std::vector<std::string>& argv) {
        const auto run = stage_->run(argv);
        ASSERT_TRUE(worked(run));
        ASSERT_EQ(run->exit_code(), 0) << run->to_string();
    }
    void start_recorder() {
        auto child = Child::start(stage_->world(),
                                  {sensor_program(), "record", kInside, "--force", "--host-name", "web-17"},
                                  {}, Stdio::kPipes);
        ASSERT_TRUE(worked(child));
        recorder_ = std::make_unique<Child>(std::move(*child));
        // The header is written when everything is attached.
        const auto is_recording = [this] {
            std::error_code error;
            const auto size = fs::file_size(stage_->path_of(kInside), error);
            return !error && size > 0;
        };
        for (int i = 0; i < 500 && !is_recording(); ++i) pause(milliseconds(20));
        ASSERT_TRUE(is_recording());
        pause(milliseconds(1000));
    }
    void stop_recorder(const std::string& name) {
        pause(milliseconds(1500));
        recorder_->send_signal(SIGINT);
        ASSERT_TRUE(worked(recorder_->wait(milliseconds(60'000))));
        struct stat mounts {};
        ASSERT_EQ(::fstat(stage_->world().mounts.get(), &mounts), 0);
        fs::create_directories("tests/data/recordings");
        keep_the_story(stage_->path_of(kInside), "tests/data/recordings/" + name + ".whodid",
                       static_cast<std::uint32_t>(mounts.st_ino));
    }
    static void pause(milliseconds time) { std::this_thread::sleep_for(time); }

    static constexpr const char* kInside = "/tmp/story.whodid";
    std::unique_ptr<Stage> stage_;
    std::unique_ptr<Child> recorder_;
};

TEST_F(DISABLED_MakeRecordings, Exec) {
    start_recorder();
    does({"/bin/sh", "-c",
          "printf '#!/bin/sh\\ntrue\\n' > /tmp/script.sh; chmod +x /tmp/script.sh; cd /tmp; ./script.sh 'two "
          "words'"});
    for (const char* way :
         {"execveat_fd", "memfd", "deleted", "big_argv", "null_argv", "fail_enoent", "fail_eacces",
          "fail_enoexec", "path_search", "segv", "exit_by_thread", "double_fork"})
        ASSERT_TRUE(worked(stage_->deed("exec_ways", {way, "/tmp"}))) << way;
    stop_recorder("exec");
}

TEST_F(DISABLED_MakeRecordings, Accounts) {
    start_recorder();
    does({"useradd", "-m", "carol"});
    does({"/bin/sh", "-c", "echo carol:-in-the-stage-7 | chpasswd"});
    does({"usermod", "-aG", "adm", "carol"});
    does({"userdel", "-r", "carol"});
    stop_recorder("accounts");
}

TEST_F(DISABLED_MakeRecordings, Story) {
    auto server = Child::start(stage_->world(),
                               {"perl", "-MIO::Socket::INET", "-e",
                                "$s = IO::Socket::INET->new(LocalAddr => '203.0.113.9', LocalPort => 8080, "
                                "Listen => 5, ReuseAddr => 1);"
                                "while ($c = $s->accept) { sysread $c, $_, 4096; print $c \"HTTP/1.0 200 "
                                "OK\\r\\n\\r\\nhello\\n\"; close $c }"},
                               {}, Stdio::kPipes);
    ASSERT_TRUE(worked(server));
    start_recorder();

    auto opened = stage_->open_terminal({"ssh", "-tt", "-b", "198.51.100.7", "-i", kAliceKey, "-o",
                                         "PreferredAuthentications=publickey", "alice@127.0.0.1"},
                                        {});
    ASSERT_TRUE(worked(opened));
    PtySession& alice = **opened;
    ASSERT_TRUE(worked(alice.expect("alice> ")));
    pause(milliseconds(1200));
    ASSERT_TRUE(worked(alice.ask("ls -l /srv", "alice> ")));
    pause(milliseconds(900));
    ASSERT_TRUE(worked(alice.ask("cat /etc/shadow", "alice> ")));
    pause(milliseconds(1100));
    ASSERT_TRUE(worked(alice.ask("sudo -i", "password for alice: ")));
    ASSERT_TRUE(worked(alice.ask(kAlice.password, "root> ")));
    pause(milliseconds(1500));
    ASSERT_TRUE(
        worked(alice.ask("sed -i 's/^MaxStartups.*/MaxStartups 10/' /etc/ssh/sshd_config", "root> ")));
    pause(milliseconds(1000));
    ASSERT_TRUE(worked(alice.ask("curl -s -u svc:hunter2 http://203.0.113.9:8080/x -o /tmp/x", "root> ")));
    pause(milliseconds(600));
    ASSERT_TRUE(worked(alice.ask("curl -s https://203.0.113.9/y", "root> ")));
    pause(milliseconds(400));

    // Meanwhile, from elsewhere.
    for (const char* name : {"bob", "bob", "hunter2"}) {
        RunOptions options;
        options.answers = {{"password:", "wrong"}};
        const auto refused =
            stage_->run({"ssh", "-b", "203.0.113.50", "-o", "PreferredAuthentications=password",
                         std::string(name) + "@127.0.0.1"},
                        options);
        ASSERT_TRUE(worked(refused));
        ASSERT_EQ(refused->exit_code(), 255) << refused->to_string();
    }

    ASSERT_TRUE(worked(alice.ask("/opt/tools/missing", "root> ")));
    pause(milliseconds(700));
    ASSERT_TRUE(worked(alice.ask("exit", "alice> ")));
    ASSERT_TRUE(worked(alice.send("exit")));
    ASSERT_TRUE(worked(alice.wait()));
    stop_recorder("story");
}

}  // namespace
}  // namespace whodid::live
