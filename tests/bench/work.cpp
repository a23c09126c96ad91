// SPDX-License-Identifier: Apache-2.0
// A build, a search, a look at a repository.
#include "work.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "child.h"
#include "process.h"

namespace whodid::bench {

namespace {

namespace fs = std::filesystem;

constexpr unsigned kUnits = 60, kHeaders = 6;
constexpr unsigned kTreeDirectories = 200, kTreeFiles = 100;
constexpr unsigned kRepositoryDirectories = 40, kRepositoryFiles = 50;

Result<void> write_file(const fs::path& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    return file ? Result<void>() : Result<void>(Error::from_errno("cannot write " + path.string()));
}

std::string header_text(unsigned number) {
    return fmt::format(
        "#pragma once\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "struct shape{0} {{ int sides; double length; char name[32]; }};\n"
        "static inline double around{0}(const struct shape{0}* s) {{ return s->sides * s->length; }}\n",
        number);
}

std::string unit_text(unsigned number) {
    std::string text;
    for (unsigned h = 0; h < kHeaders; ++h) text += fmt::format("#include \"shape{}.h\"\n", h);
    for (unsigned f = 0; f < 6; ++f)
        text += fmt::format(
            "double sum{0}_{1}(const struct shape{2}* all, int n) {{\n"
            "    double sum = 0;\n"
            "    for (int i = 0; i < n; ++i)\n"
            "        if (strlen(all[i].name) % {3} == 0) sum += around{2}(&all[i]) / (i + {1}.5);\n"
            "    return sum;\n}}\n",
            number, f, f % kHeaders, f + 2);
    return text;
}

constexpr const char* kMakefile =
    "objects := $(patsubst %.c,%.o,$(wildcard unit*.c))\n"
    "all: program\n"
    "program: main.o $(objects)\n\tgcc -o $@ $^\n"
    "%.o: %.c\n\tgcc -c -o $@ $<\n"
    "clean:\n\trm -f *.o program\n";

Result<void> make_project(const fs::path& directory, unsigned units) {
    fs::create_directory(directory);
    if (auto done = write_file(directory / "Makefile", kMakefile); !done) return done;
    if (auto done = write_file(directory / "main.c", "int main(void) { return 0; }\n"); !done) return done;
    for (unsigned h = 0; h < kHeaders; ++h)
        if (auto done = write_file(directory / fmt::format("shape{}.h", h), header_text(h)); !done)
            return done;
    for (unsigned u = 0; u < units; ++u)
        if (auto done = write_file(directory / fmt::format("unit{}.c", u), unit_text(u)); !done) return done;
    return {};
}

Result<void> make_tree(const fs::path& directory, unsigned directories, unsigned files) {
    for (unsigned d = 0; d < directories; ++d) {
        const fs::path below = directory / fmt::format("{:02}", d % 10) / fmt::format("{:03}", d);
        fs::create_directories(below);
        for (unsigned f = 0; f < files; ++f)
            if (auto done =
                    write_file(below / fmt::format("file-{:03}.txt", f), fmt::format("{} {}\n", d, f));
                !done)
                return done;
    }
    return {};
}

/// An Error with what it said last when it fails.
Result<void> run_quietly(const std::vector<std::string>& argv) {
    const Fd out = memory_file();
    const auto ended = run_to_end(argv, out);
    if (!ended) return ended.error();
    if (ended->status == 0) return {};
    return Error{fmt::format("{} failed: {}", fmt::join(argv, " "), last_line(ended->said)), ENOEXEC};
}

/// Whatever the user's own configuration says, it is not asked.
std::vector<std::string> git(const fs::path& repository, const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {find_program("env"),
                                     "GIT_CONFIG_GLOBAL=/dev/null",
                                     "GIT_CONFIG_SYSTEM=/dev/null",
                                     find_program("git"),
                                     "-C",
                                     repository.string(),
                                     "-c",
                                     "user.name=bench",
                                     "-c",
                                     "user.email=bench@localhost"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

Result<void> make_repository(const fs::path& directory, unsigned directories) {
    if (auto done = make_tree(directory, directories, kRepositoryFiles); !done) return done;
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "all"}})
        if (auto done = run_quietly(git(directory, arguments)); !done) return done;
    return {};
}

std::string first_missing(const std::vector<std::string>& programs) {
    for (const std::string& program : programs)
        if (find_program(program).empty()) return program;
    return {};
}

int run_once(const std::vector<std::string>& argv) {
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = ::vfork();
    if (child == 0) {
        ::execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0 ? 0 : ENOEXEC;
}

}  // namespace

Result<std::vector<Work>> make_works(const Site& site, unsigned divisor) {
    const fs::path top(site.directory());
    const fs::path project = top / "project", tree = top / "tree", repository = top / "repository";
    const unsigned units = kUnits / divisor;
    Work build{fmt::format("make -j2, {} C files", units), first_missing({"make", "gcc"}), {}, {}, 1};
    Work search{"find, 20000 files", first_missing({"find"}), {}, {}, 10};
    Work look{"git status, 2000 files", first_missing({"git", "env"}), {}, {}, 20};
    if (build.missing.empty()) {
        if (auto made = make_project(project, units); !made) return made.error();
        build.prepare = {{find_program("make"), "-s", "-C", project.string(), "clean"}};
        build.run = {find_program("make"), "-s", "-j2", "-C", project.string()};
    }
    if (search.missing.empty()) {
        if (auto made = make_tree(tree, kTreeDirectories, kTreeFiles); !made) return made.error();
        search.run = {find_program("find"), tree.string(), "-type", "f", "-size", "+8k"};
    }
    if (look.missing.empty()) {
        if (auto made = make_repository(repository, kRepositoryDirectories); !made) return made.error();
        look.run = git(repository, {"status", "--porcelain"});
    }
    return std::vector<Work>{build, search, look};
}

Result<Cost> run_work(const Work& work) {
    for (const auto& argv : work.prepare)
        if (auto done = run_quietly(argv); !done) return done.error();
    auto child = Child<Cost>::start([&](Cost& cost) {
        const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
        Stopwatch watch;
        watch.start();
        for (unsigned i = 0; i < work.times; ++i)
            if (const int error = run_once(work.run); error != 0) return error;
        watch.stop();
        cost = {watch.total().cpu_ns / work.times, watch.total().wall_ns / work.times};
        return 0;
    });
    if (!child) return child.error();
    const auto cost = child->finish();
    if (!cost) return Error{fmt::format("{}: {}", work.name, cost.error().message), cost.error().code};
    return *cost;
}

}  // namespace whodid::bench
