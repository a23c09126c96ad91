// SPDX-License-Identifier: Apache-2.0
// Trying a uretprobe behind a seccomp filter.
#include "source/uretprobe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/host.h"

namespace whodid {

namespace {

/// What the uretprobe is put on: not inlined, and with something in it.
[[gnu::noinline, gnu::used]] void probed() { asm volatile("nop; nop; nop; nop" ::: "memory"); }

/// Where in its file an address of a loaded program or library lies.
struct PlaceInFile {
    std::uintptr_t address = 0;
    std::optional<std::uint64_t> offset;
};

int find_segment(dl_phdr_info* loaded, std::size_t, void* sought) {
    auto& place = *static_cast<PlaceInFile*>(sought);
    for (const ElfW(Phdr) & segment : std::span(loaded->dlpi_phdr, loaded->dlpi_phnum)) {
        const std::uintptr_t start = loaded->dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && place.address - start < segment.p_filesz)
            place.offset = place.address - start + segment.p_offset;
    }
    return place.offset.has_value();
}

std::optional<std::uint64_t> offset_of(void (*function)()) {
    PlaceInFile place{reinterpret_cast<std::uintptr_t>(function), std::nullopt};
    ::dl_iterate_phdr(find_segment, &place);
    return place.offset;
}

/// A number in a file of the uprobe PMU; "config:0" is 0.
std::optional<std::uint32_t> pmu_number(const char* file) {
    const auto text = LiveHost().read_file(std::string("/sys/bus/event_source/devices/uprobe/") + file);
    if (!text) return std::nullopt;
    const std::size_t begin = text->find(':') == std::string::npos ? 0 : text->find(':') + 1;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text->data() + begin, text->data() + text->size(), number);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// In force as long as the descriptor is open, for that process alone.
Fd put_uretprobe(pid_t pid) {
    const auto type = pmu_number("type"), bit = pmu_number("format/retprobe");
    const auto offset = offset_of(probed);
    if (!type || !bit || *bit > 63 || !offset) return {};
    const std::string path = "/proc/self/exe";
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = *type;
    attr.config = std::uint64_t{1} << *bit;
    attr.uprobe_path = reinterpret_cast<std::uintptr_t>(path.c_str());
    attr.probe_offset = *offset;
    return Fd(static_cast<int>(::syscall(SYS_perf_event_open, &attr, pid, -1, -1,
                                         static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC))));
}

/// Nothing but to end is allowed.
bool shut_off() {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    const sock_fprog filter{std::size(code), code};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// The child: system calls only, it may be one of many threads that was copied.
[[noreturn]] void run_into(int go) {
    char none = 0;
    const bool told = ::read(go, &none, 1) == 1;
    if (!told || !shut_off()) ::_exit(1);
    probed();
    ::_exit(0);
}

}  // namespace

Result<void> judge_uretprobe(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGKILL))
        return Error{
            "uretprobes kill services behind seccomp filters on this kernel (a child of whodid was): "
            "boot one with \"seccomp: passthrough uretprobe\", Linux 6.14 or a newer 6.12, or leave "
            "--pam-uprobes out",
            EOPNOTSUPP};
    return Error{fmt::format("cannot find out whether uretprobes do harm here: the child that ran into one "
                             "ended with status {:#x}; leave --pam-uprobes out",
                             status),
                 EOPNOTSUPP};
}

Result<void> try_uretprobe() {
    int go[2];
    if (::pipe2(go, O_CLOEXEC) != 0) return Error::from_errno("cannot try a uretprobe: pipe");
    const Fd in(go[0]);
    Fd out(go[1]);
    const pid_t child = ::fork();
    if (child < 0) return Error::from_errno("cannot try a uretprobe: fork");
    if (child == 0) {
        ::close(go[1]);
        run_into(go[0]);
    }
    const Fd probe = put_uretprobe(child);
    const int why = errno;
    if (probe.valid()) (void)!::write(out.get(), "", 1);
    out = Fd();
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!probe.valid())
        return Error::from_errno("cannot put a uretprobe in place, which --pam-uprobes needs", why);
    return judge_uretprobe(status);
}

}  // namespace whodid
