// SPDX-License-Identifier: Apache-2.0
// Facts from uname, /proc and /sys.
#include "machine.h"

#include <bpf/bpf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace whodid::bench {

namespace {

std::string first_line(const char* path) {
    std::string line;
    std::ifstream file(path);
    std::getline(file, line);
    return line;
}

/// The value of a "key : value" line of /proc/cpuinfo.
std::string cpu_fact(std::string_view key) {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key)) return line.substr(std::min(line.size(), line.find(':') + 2));
    return {};
}

std::string hypervisor() {
    if (cpu_fact("flags").find(" hypervisor") == std::string::npos) return "none seen";
    std::string vendor = first_line("/sys/class/dmi/id/sys_vendor");
    const std::string product = first_line("/sys/class/dmi/id/product_name");
    if (!product.empty()) vendor += ' ' + product;
    return vendor.empty() ? "yes, of unknown make" : vendor;
}

/// debugfs has all modes in one line, the one in force in parentheses.
std::string preemption() {
    const std::string modes = first_line("/sys/kernel/debug/sched/preempt");
    const std::size_t open = modes.find('('), close = modes.find(')');
    return close == std::string::npos ? "" : modes.substr(open + 1, close - open - 1);
}

unsigned loaded_programs() {
    unsigned count = 0;
    for (std::uint32_t id = 0; bpf_prog_get_next_id(id, &id) == 0;) ++count;
    return count;
}

struct Ticks {
    double all = 0, idle = 0;
};

Ticks cpu_ticks() {
    std::istringstream line(first_line("/proc/stat"));
    std::string cpu;
    Ticks ticks;
    line >> cpu;
    double value = 0;
    for (int i = 0; i < 8 && line >> value; ++i) {  // user nice system idle iowait irq softirq steal
        ticks.all += value;
        if (i == 3 || i == 4) ticks.idle += value;
    }
    return ticks;
}

}  // namespace

Machine describe_machine() {
    Machine machine;
    utsname name{};
    ::uname(&name);
    machine.kernel = name.release;
    machine.build = name.version;
    machine.architecture = name.machine;
    machine.preemption = preemption();
    machine.cpu_model = cpu_fact("model name");
    machine.hypervisor = hypervisor();
    machine.cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
    machine.bpf_programs = loaded_programs();
    machine.bpf_stats = first_line("/proc/sys/kernel/bpf_stats_enabled") == "1";
    machine.load_average = std::strtod(first_line("/proc/loadavg").c_str(), nullptr);
    return machine;
}

double busy_share(double seconds) {
    const Ticks before = cpu_ticks();
    ::usleep(static_cast<unsigned>(seconds * 1e6));
    const Ticks after = cpu_ticks();
    const double all = after.all - before.all;
    return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
}

}  // namespace whodid::bench
