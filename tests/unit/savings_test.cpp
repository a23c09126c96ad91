// SPDX-License-Identifier: Apache-2.0
// What may be left out, and that the filter leaves out exactly that.
#include "filter/savings.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "event/kinds.h"
#include "filter/expression.h"
#include "sample_events.h"
#include "sink/json_encode.h"

namespace whodid {
namespace {

using Strings = std::vector<std::string>;

EventLine read_back(const Event& event, JsonEncoder& encoder) {
    std::string line;
    encoder.append(event, line);
    auto again = read_event_line(line);
    EXPECT_TRUE(again) << line;
    return again ? *again : EventLine();
}

/// A successful read of that file, by a daemon.
EventLine a_read(const std::string& path) {
    EventLine event;
    event.kind = "file.open";
    event.outcome = "success";
    event.exe = "/usr/bin/x";
    event.path = path;
    event.access = "r";
    event.user_basis = "kernel";
    return event;
}
EventLine with(EventLine event, std::string EventLine::*member, const std::string& text) {
    event.*member = text;
    return event;
}

// Whatever else is in the event.
TEST(Savings, OnlyTheseKindsAreEverLeftOut) {
    std::set<std::string> kinds_left_out;
    for (const Kind& kind : kinds()) {
        const CutsOf cuts = cuts_of(with(a_read("/tmp/x"), &EventLine::kind, std::string(kind.name)));
        if (!cuts.empty()) kinds_left_out.insert(std::string(kind.name));
    }
    EXPECT_EQ(kinds_left_out, (std::set<std::string>{"file.create", "file.mkdir", "file.open", "file.rmdir",
                                                     "file.truncate", "file.unlink", "network.close",
                                                     "network.dns", "process.exit", "process.fork"}));
    EXPECT_TRUE(cuts_of(with(a_read("/tmp/x"), &EventLine::kind, "kind.of.tomorrow")).empty());
}

TEST(Savings, PlacesOfReading) {
    const auto place = [](const std::string& path) { return cuts_of(a_read(path)).place; };
    EXPECT_EQ(place("/usr/lib/x.so"), "/usr/lib/**");
    EXPECT_EQ(place("/usr/lib64/x.so"), "/usr/lib64/**");
    EXPECT_EQ(place("/etc/ld.so.cache"), "/etc/ld.so.cache");
    EXPECT_EQ(place("/proc/1/stat"), "/proc/**");
    EXPECT_EQ(place("/dev/null"), "/dev/null, zero, full, random");
    EXPECT_EQ(place("/home/bob/.cache/x/y"), "/home/*/.cache/**");
    EXPECT_EQ(place("/home/bob/src/node_modules/x.js"), "build trees in /home/*/**");
    EXPECT_EQ(place("/home/bob/src/a/b/.git/objects/12/34"), "build trees in /home/*/**");
    for (const char* path :
         {"", "x", "/etc/shadow", "/etc/ld.so.cache.d", "/usr/local/etc/x", "/usr/lib", "/proc/1/mem",
          "/proc/1/environ", "/proc/kcore", "/dev/sda", "/dev/mem", "/home/bob/.ssh/id_rsa",
          "/home/bob/x/.cache/y", "/home/bob/src/.git/hooks/x", "/home/bob/target/x", "/root/.ssh/id_rsa",
          "/var/lib/x", "/tmpx/y", "/srv/tmp/x"})
        EXPECT_EQ(place(path), "") << path;
}

TEST(Savings, WhatMattersIsKept) {
    const EventLine read = a_read("/tmp/x");
    EXPECT_EQ(cuts_of(read).place, "/tmp/**");
    EXPECT_EQ(cuts_of(read).program, "/usr/bin/x");

    EventLine event = read;
    event.is_tagged = true;
    EXPECT_TRUE(cuts_of(event).empty()) << "somebody watches it";
    event = read;
    event.is_user_supplied = true;
    EXPECT_TRUE(cuts_of(event).empty()) << "who names the file chooses the place";
    event.error = "ENOENT";
    event.outcome = "failure";
    EXPECT_FALSE(cuts_of(event).empty()) << "there is no such file";
    event.error = "EACCES";
    EXPECT_TRUE(cuts_of(event).empty()) << "denied";

    EXPECT_TRUE(cuts_of(with(a_read("/usr/lib/x"), &EventLine::access, "rw")).empty());
    EXPECT_EQ(cuts_of(with(read, &EventLine::access, "rw")).place, "/tmp/**");
    EXPECT_EQ(cuts_of(with(read, &EventLine::access, "rw")).program, "") << "reading alone";
    EXPECT_EQ(cuts_of(with(read, &EventLine::user_id, "1004")).program, "") << "somebody did it";
    EXPECT_EQ(cuts_of(with(read, &EventLine::user_basis, "unknown")).program, "") << "nobody knows who";

    const EventLine exit = with(read, &EventLine::kind, "process.exit");
    EXPECT_EQ(cuts_of(exit).program, "/usr/bin/x");
    EXPECT_TRUE(cuts_of(with(exit, &EventLine::exit_signal, "SIGSEGV")).empty()) << "crashed";
    EXPECT_TRUE(cuts_of(with(exit, &EventLine::exe, "")).empty());
    EXPECT_TRUE(cuts_of(with(exit, &EventLine::exe, "/x\xEF\xBF\xBD")).empty()) << "a name nobody can type";
}

TEST(Savings, FiltersSayWhatTheyLeaveOut) {
    EXPECT_EQ(filter_of({"process.fork", "", "/usr/bin/make"}),
              R"(not (kind == process.fork and exe == "/usr/bin/make"))");
    EXPECT_EQ(
        filter_of({"process.exit", "", "/usr/bin/make"}),
        R"(not (kind == process.exit and exe == "/usr/bin/make" and not exists whodid.process.exit.signal))");
    EXPECT_EQ(
        filter_of({"file.open", "/usr/lib/**", ""}),
        R"(not (kind == file.open and path startswith "/usr/lib/" and access == "r" and not exists tag and )"
        R"((error == "ENOENT" or outcome == success and not whodid.file.user_supplied)))");
    EXPECT_EQ(gives_up({"file.open", "/usr/lib/**", ""}), "what is read in /usr/lib/**");
    EXPECT_EQ(gives_up({"file.unlink", "/tmp/**", ""}), "file.unlinks in /tmp/**");
    EXPECT_EQ(gives_up({"network.dns", "", "/usr/bin/x"}), "/usr/bin/x: the names it asked for");
    EXPECT_EQ(gives_up({"file.open", "", "/usr/bin/x"}), "/usr/bin/x: what it reads where nobody logged in");
}

/// Many events, and all cuts that any of them is in.
class EveryCut : public testing::Test, public test::SampleEvents {
protected:
    EveryCut() {
        const Strings paths = {"/usr/lib/x.so",
                               "/usr/share/x",
                               "/etc/ld.so.cache",
                               "/etc/ld.so.cachex",
                               "/etc/shadow",
                               "/proc/1/stat",
                               "/proc/1/mem",
                               "/sys/x",
                               "/dev/null",
                               "/dev/sda",
                               "/tmp/x",
                               "/var/tmp/x",
                               "/var/cache/x",
                               "/root/.cache/x",
                               "/home/b/.cache/x",
                               "/home/b/s/obj/x",
                               "/home/b/s/t/target/x",
                               "/nix/store/x",
                               "/bin/x",
                               "/lib/x",
                               "/usr/bin/x"};
        for (const std::string& path : paths)
            for (const std::uint16_t kind : {REC_FILE_OPEN, REC_FILE_CREATE, REC_FILE_UNLINK, REC_FILE_CHMOD})
                for (const int result : {0, -ENOENT, -EACCES})
                    for (const std::uint32_t flags : {O_RDONLY, O_WRONLY}) add_all(kind, path, result, flags);
        for (const auto& exe : {"/usr/bin/x", "/opt/a \"b\" c"})
            for (const std::uint16_t kind : {REC_NETWORK_CLOSE, REC_NETWORK_DNS, REC_NETWORK_CONNECT})
                events_.push_back(net(kind, alice(1004, exe)));
        for (const auto& [name, event] : all()) events_.push_back(event);
    }

    void add_all(std::uint16_t kind, const std::string& path, int result, std::uint32_t flags) {
        auto nobody_knows = daemon("/usr/bin/x");
        nobody_knows->user_basis = Basis::kUnknown;
        for (const auto& process : {alice(), daemon("/usr/bin/x"), nobody_knows}) {
            const Event plain = file(kind, path, process, result, flags);
            events_.push_back(plain);
            events_.push_back(plain);
            events_.back().tags = keep(std::string("watch\0", 6));
            auto made = record<rec_file>(kind, result);
            made->open_flags = flags;
            made->h.flags |= REC_F_USER_SUPPLIED;
            events_.push_back(event(std::move(made), process));
            events_.back().path = keep(path);
        }
    }

    std::vector<Event> events_;
};

TEST_F(EveryCut, ItsFilterLeavesOutJustThat) {
    std::set<std::string> all_filters;
    std::vector<Strings> filters_of_event;
    JsonEncoder encoder(JsonShape::kNested);
    for (const Event& event : events_) {
        const EventLine line = read_back(event, encoder);
        const CutsOf cuts = cuts_of(line);
        Strings filters;
        if (!cuts.place.empty()) filters.push_back(filter_of({line.kind, std::string(cuts.place), ""}));
        if (!cuts.program.empty()) filters.push_back(filter_of({line.kind, "", std::string(cuts.program)}));
        all_filters.insert(filters.begin(), filters.end());
        filters_of_event.push_back(std::move(filters));
    }
    EXPECT_GT(all_filters.size(), 30u);
    Scratch scratch;
    for (const std::string& filter : all_filters) {
        auto expression = Expression::compile(filter);
        ASSERT_TRUE(expression) << expression.error().message;
        for (std::size_t i = 0; i < events_.size(); ++i) {
            scratch.reset();
            const bool is_counted =
                std::ranges::find(filters_of_event[i], filter) != filters_of_event[i].end();
            EXPECT_EQ(expression->holds(events_[i], scratch), !is_counted)
                << filter << "\n"
                << events_[i].kind->name << " " << events_[i].path;
        }
    }
}

}  // namespace
}  // namespace whodid
