// SPDX-License-Identifier: Apache-2.0
#include "stage_accounts.h"

#include <crypt.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace whodid::live {
namespace {

namespace fs = std::filesystem;

constexpr const User* kUsers[] = {&kRoot, &kAlice, &kBob};

std::vector<std::string> lines_of(const std::string& path) {
    std::vector<std::string> lines;
    std::istringstream text(read_file(path));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

std::string name_in(const std::string& line) { return line.substr(0, line.find(':')); }

bool is_ours(const std::string& line) {
    for (const User* user : kUsers)
        if (name_in(line) == user->name) return true;
    return false;
}

// Replaces the lines of our users in a file whose lines start with a name, and adapts the others.
void rewrite_table(const std::string& path, unsigned mode,
                   const std::function<std::string(const User&)>& line_for,
                   const std::function<std::string(std::string)>& adapt) {
    std::string text;
    for (const User* user : kUsers) text += line_for(*user) + "\n";
    for (const std::string& line : lines_of(path))
        if (!is_ours(line)) text += adapt(line) + "\n";
    write_file(path, text, mode);
}

// The fewest rounds that the method knows: a log-in should cost the sensor's test nothing.
std::string hash_of(const char* password) {
    crypt_data data{};
    const char* hash = crypt_r(password, "$6$rounds=1000$whodidstage$", &data);
    if (!hash || hash[0] == '*') throw std::runtime_error("crypt(3) does not know SHA-512 ($6$)");
    return hash;
}

void make_directory(const std::string& path, unsigned mode, const User& owner) {
    fs::create_directories(path);
    if (chown(path.c_str(), owner.uid, owner.gid) < 0 || chmod(path.c_str(), mode) < 0)
        throw std::system_error(errno, std::generic_category(), "give " + path + " its owner and mode");
}

void make_home(const User& user) {
    std::string home = user.home;
    make_directory(home, 0700, user);
    // A prompt to wait for: "alice> ".
    std::string prompt = "PS1='" + std::string(user.name) + "> '\n";
    for (const char* file : {"/.bashrc", "/.profile"}) write_file(home + file, prompt, 0644, user);
    write_file(home + "/.hushlogin", "", 0644, user);
}

void make_key(const std::string& path, const std::string& comment) {
    run_tool({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path});
}

// The certificate lies beside the key, where ssh looks for it.
void make_certified_key(const std::string& path, const std::string& authority, const User& user) {
    make_key(authority, "authority");
    make_key(path, "not shown");
    run_tool({"/usr/bin/ssh-keygen", "-q", "-s", authority, "-I", "carol@corp", "-z", "7", "-n", user.name,
              path + ".pub"});
}

}  // namespace

RunOptions as_user(const User& user) {
    RunOptions options;
    options.uid = user.uid;
    options.gid = user.gid;
    options.cwd = user.home;
    options.env = {std::string("HOME=") + user.home, std::string("USER=") + user.name,
                   std::string("LOGNAME=") + user.name, "SHELL=/bin/bash"};
    return options;
}

void write_accounts() {
    auto keep = [](std::string line) { return line; };
    rewrite_table(
        "/etc/passwd", 0644,
        [](const User& user) {
            return std::string(user.name) + ":x:" + std::to_string(user.uid) + ":" +
                   std::to_string(user.gid) + "::" + user.home + ":/bin/bash";
        },
        keep);
    rewrite_table(
        "/etc/group", 0644,
        [](const User& user) { return std::string(user.name) + ":x:" + std::to_string(user.gid) + ":"; },
        keep);
    // The machine's own people cannot log in here, and their hashes have no business in a test.
    rewrite_table(
        "/etc/shadow", 0640,
        [](const User& user) {
            return std::string(user.name) + ":" + hash_of(user.password) + ":19700:0:99999:7:::";
        },
        [](const std::string& line) { return name_in(line) + ":*:19700:0:99999:7:::"; });
    for (const User* user : kUsers) make_home(*user);

    // Nothing may ask the network or a daemon of the machine for a name.
    write_file("/etc/nsswitch.conf",
               "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files\n"
               "services: files\nprotocols: files\n");
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    write_file("/etc/hosts", "127.0.0.1 localhost " + std::string(host) + "\n::1 localhost\n");
    for (const char* file : {"/etc/nologin", "/etc/motd", "/etc/environment"}) fs::remove(file);
    write_file("/etc/default/locale", "LANG=C.UTF-8\n");
}

void write_sudoers() {
    fs::remove_all("/etc/sudoers.d");
    make_directory("/etc/sudoers.d", 0755, kRoot);
    write_file("/etc/sudoers",
               "Defaults env_reset, use_pty, lecture=never\n"
               "Defaults timestamp_timeout=0\n"  // every test is asked, whatever ran before it
               "Defaults !mail_badpass, !mail_no_user\n"
               "Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n"
               "root ALL=(ALL:ALL) ALL\n"
               "@includedir /etc/sudoers.d\n",
               0440);
    // The last entry that fits counts.
    write_file("/etc/sudoers.d/alice",
               "alice ALL=(ALL:ALL) ALL\nalice ALL=(root) NOPASSWD: " + std::string(kNopasswdProgram) + "\n",
               0440);
    write_file("/etc/doas.conf", "permit alice\n", 0400);
}

// The machine's own stacks, with the login uid set by sshd and without the waits after a wrong password. (su
// still waits a second by itself.)
void adapt_pam() {
    for (const auto& entry : fs::directory_iterator("/etc/pam.d")) {
        if (!entry.is_regular_file()) continue;
        std::string text;
        bool has_loginuid = false;
        for (std::string line : lines_of(entry.path())) {
            if (line.find("pam_faildelay.so") != std::string::npos) continue;
            if (line.starts_with("auth") && line.find("pam_unix.so") != std::string::npos) line += " nodelay";
            has_loginuid |= !line.starts_with("#") && line.find("pam_loginuid.so") != std::string::npos;
            text += line + "\n";
        }
        if (entry.path().filename() == "sshd" && !has_loginuid) text += "session required pam_loginuid.so\n";
        write_file(entry.path(), text);
    }
}

void write_ssh_setup(uint16_t port) {
    const std::string host_key = "/etc/ssh/ssh_host_ed25519_key", number = std::to_string(port);
    fs::remove_all("/etc/ssh");
    make_directory("/etc/ssh", 0755, kRoot);
    make_directory("/root/keys", 0700, kRoot);
    make_key(host_key, "stage");
    make_key(kAliceKey, "alice@stage");
    make_key(kStrangerKey, "stranger@stage");
    const std::string authority = "/etc/ssh/authority", own_authority = "/root/keys/own_authority";
    make_certified_key(kCarolKey, authority, kBob);
    make_certified_key(kMalloryKey, own_authority, kBob);

    make_directory("/home/alice/.ssh", 0700, kAlice);
    write_file("/home/alice/.ssh/authorized_keys", read_file(std::string(kAliceKey) + ".pub"), 0600, kAlice);
    make_directory("/home/bob/.ssh", 0700, kBob);
    write_file("/home/bob/.ssh/authorized_keys", "cert-authority " + read_file(own_authority + ".pub"), 0600,
               kBob);
    write_file("/etc/ssh/ssh_known_hosts", "[127.0.0.1]:" + number + " " + read_file(host_key + ".pub"));
    write_file("/etc/ssh/ssh_config", "Host *\n    Port " + number +
                                          "\n"
                                          "    StrictHostKeyChecking yes\n"
                                          "    UserKnownHostsFile /dev/null\n"
                                          "    UpdateHostKeys no\n"
                                          "    IdentitiesOnly yes\n"
                                          "    NumberOfPasswordPrompts 1\n"
                                          "    ConnectTimeout 60\n"
                                          "    LogLevel ERROR\n");
    write_file("/etc/ssh/sshd_config", "Port " + number +
                                           "\n"
                                           "ListenAddress 127.0.0.1\n"
                                           "HostKey " +
                                           host_key +
                                           "\n"
                                           "PidFile none\n"
                                           "UsePAM yes\n"
                                           "PasswordAuthentication yes\n"
                                           "KbdInteractiveAuthentication yes\n"
                                           "PubkeyAuthentication yes\n"
                                           "PermitRootLogin no\n"
                                           "TrustedUserCAKeys " +
                                           authority +
                                           ".pub\n"
                                           "UseDNS no\n"
                                           "PrintMotd no\n"
                                           "MaxStartups 100\n"
                                           "LoginGraceTime 120\n"
                                           "SyslogFacility AUTH\n"
                                           "LogLevel VERBOSE\n");
}

void write_file(const std::string& path, const std::string& text, unsigned mode, const User& owner) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    // In this order: chown takes a setuid bit away.
    if (!file || chown(path.c_str(), owner.uid, owner.gid) < 0 || chmod(path.c_str(), mode) < 0)
        throw std::system_error(errno, std::generic_category(), "write " + path);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::system_error(errno, std::generic_category(), "read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void run_tool(std::vector<std::string> argv) {
    std::vector<char*> pointers(argv.size() + 1, nullptr);
    std::transform(argv.begin(), argv.end(), pointers.begin(), [](std::string& s) { return s.data(); });
    pid_t child;
    int status = 0;
    if (int error = posix_spawn(&child, pointers[0], nullptr, nullptr, pointers.data(), environ))
        throw std::system_error(error, std::generic_category(), "run " + argv[0]);
    if (waitpid(child, &status, 0) < 0 || status != 0)
        throw std::runtime_error(argv[0] + " failed with wait status " + std::to_string(status));
}

uint32_t group_id(const std::string& name) {
    for (const std::string& line : lines_of("/etc/group")) {
        if (name_in(line) != name) continue;
        size_t second = line.find(':', name.size() + 1);
        return static_cast<uint32_t>(std::stoul(line.substr(second + 1)));
    }
    return 0;
}

}  // namespace whodid::live
