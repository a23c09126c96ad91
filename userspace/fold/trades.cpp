// SPDX-License-Identifier: Apache-2.0
// Programs by name.
#include "fold/trades.h"

#include <algorithm>
#include <initializer_list>

#include "base/file_name.h"

namespace whodid {

namespace {

using Programs = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view name, Programs names) {
    return std::ranges::find(names, name) != names.end();
}

/// "x86_64-linux-gnu-g++" of x86_64-linux-gnu-g++-12.
std::string_view without_version(std::string_view name) {
    const std::size_t end = name.find_last_not_of("0123456789.");
    const bool has = end != name.npos && end + 1 < name.size() && name[end] == '-';
    return has ? name.substr(0, end) : name;
}

bool is_compiler(std::string_view name) {
    name = without_version(name);
    if (is_one_of(name, {"cc", "c++", "tcc", "rustc", "javac", "ghc", "gfortran"})) return true;
    constexpr std::string_view kOfTargets[] = {"gcc", "g++", "clang", "clang++"};  // ARCHITECTURE-gcc, too
    return std::ranges::any_of(kOfTargets, [name](std::string_view compiler) {
        return name == compiler ||
               (name.ends_with(compiler) && name[name.size() - compiler.size() - 1] == '-');
    });
}

bool builds(std::string_view name) {
    return is_one_of(name, {"make",    "gmake",    "bmake",  "ninja", "samu", "cmake",  "ctest",
                            "meson",   "scons",    "bazel",  "cargo", "go",   "mvn",    "gradle",
                            "ant",     "sbt",      "npm",    "yarn",  "pnpm", "dotnet", "dpkg-buildpackage",
                            "debuild", "rpmbuild", "makepkg"});
}

bool installs_packages(std::string_view name) {
    return is_one_of(name, {"apt", "apt-get", "aptitude", "dpkg", "unattended-upgrade", "unattended-upgrades",
                            "rpm", "dnf", "dnf5", "yum", "microdnf", "zypper", "pacman", "apk"});
}

}  // namespace

std::string_view program_of(const Event& exec) {
    const auto& r = exec.as<rec_exec>();
    const bool is_script = exec.text(r.filename) != exec.text(r.interp);
    if (!is_script) return exec.process->exe;
    return exec.path.empty() ? exec.text(r.filename) : exec.path;
}

bool interprets(const Process& process) {
    const std::string_view name = process.exe_name();
    constexpr std::string_view kOfVersions[] = {"python", "perl",  "ruby",     "lua",
                                                "php",    "tclsh", "ld-linux", "ld-musl"};  // python3.11
    return is_one_of(name,
                     {"sh",    "bash",        "dash",    "zsh",     "fish",    "ksh",     "mksh",   "tcsh",
                      "csh",   "ash",         "busybox", "node",    "nodejs",  "deno",    "pwsh",   "gawk",
                      "mawk",  "env",         "xargs",   "timeout", "nice",    "nohup",   "setsid", "stdbuf",
                      "flock", "chroot",      "nsenter", "unshare", "setpriv", "runuser", "su",     "sudo",
                      "doas",  "systemd-run", "docker",  "podman",  "nerdctl", "kubectl", "crictl", "ctr",
                      "find",  "parallel",    "watch",   "gdb",     "strace"}) ||
           std::ranges::any_of(kOfVersions, [name](std::string_view v) { return name.starts_with(v); });
}

Trade trade_of(const Event& exec) {
    const std::string_view program = program_of(exec);
    if (!is_system_path(program) || program.find("/../") != program.npos) return Trade::kNone;
    const std::string_view name = base_name(program);
    if (builds(name)) return Trade::kBuild;
    if (is_compiler(name)) return Trade::kCompile;
    return installs_packages(name) ? Trade::kPackages : Trade::kNone;
}

bool writes_packages(const Process& process) {
    const std::string_view name = process.exe_name();
    return is_system_path(process.exe) &&
           (installs_packages(name) ||
            is_one_of(name, {"dpkg-deb", "dpkg-divert", "dpkg-statoverride", "update-alternatives",
                             "ldconfig", "update-mime-database", "fc-cache", "mandb"}));
}

bool reaches_out(const Process& process) {
    return is_one_of(process.exe_name(),
                     {"curl", "wget", "wget2", "aria2c", "nc", "ncat", "nc.openbsd", "nc.traditional",
                      "socat", "ftp", "tftp", "scp", "sftp", "ssh", "rsync", "telnet", "nmap"});
}

}  // namespace whodid
