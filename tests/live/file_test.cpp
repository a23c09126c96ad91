// SPDX-License-Identifier: Apache-2.0
// Files opened and changed: the deed for real, and every field of its event.
#include <map>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

/// "%0A" back to a newline, as deed.h quotes.
std::string unquoted(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    return out;
}

struct Way {
    const char* name;
    const char* kind;
    std::vector<std::pair<std::string, Json>> fields;
};

class File : public SensorTest {
protected:
    Facts do_way(const std::string& program, const std::string& way) {
        RunOptions options = as_user(kRoot);
        options.loginuid = kAlice.uid;
        const auto made = stage_->run({"/bin/mkdir", "-p", "/tmp/" + program});
        EXPECT_TRUE(exited(0, made));
        const auto facts = stage_->deed(program, {way, "/tmp/" + program}, options);
        EXPECT_TRUE(worked(facts)) << way;
        return facts && !facts->empty() ? facts->front() : Facts("");
    }
    std::optional<Json> event_of(const Facts& facts, const std::string& kind,
                                 std::function<bool(const Json&)> where) {
        return sensor_->wait_for({kind, facts.pid(), std::move(where)});
    }
    static std::function<bool(const Json&)> at_path(const std::string& path) {
        return [path](const Json& e) { return at(e, "file.path") == path; };
    }
};

class FileOpen : public File, public testing::WithParamInterface<Way> {};

TEST_P(FileOpen, NamesTheFileThatWasFound) {
    const Facts facts = do_way("open_ways", GetParam().name);
    auto expected = GetParam().fields;
    expected.emplace_back("file.path", unquoted(facts.text("path")));
    expected.emplace_back("event.outcome", facts.result() < 0 ? "failure" : "success");
    expected.emplace_back("user.id", std::to_string(kAlice.uid));
    expected.emplace_back("process.user.id", 0);
    // A way may open the file more than once to prepare it.
    const auto event =
        event_of(facts, GetParam().kind, [&](const Json& e) { return lacking(e, expected).empty(); });
    ASSERT_TRUE(event) << "no " << GetParam().kind << " with these fields: " << Json(expected).dump();
    EXPECT_EQ(at(*event, "file.inode").is_string(), facts.result() >= 0) << event->dump();
}

const Json kRead = "r", kWrite = "w", kYes = true;
INSTANTIATE_TEST_SUITE_P(
    Ways, FileOpen,
    testing::Values(
        Way{"read",
            "file.open",
            {{"whodid.file.access", kRead}, {"file.mode", "0644"}, {"file.owner.id", "0"}}},
        Way{"write", "file.open", {{"whodid.file.access", kWrite}}},
        Way{"append", "file.open", {{"whodid.file.access", kWrite}}},
        Way{"trunc", "file.open", {{"whodid.file.access", kWrite}}},
        // traps.md 28 and 29: names are not files. Relative, by directory, through links: the file is told.
        Way{"relative", "file.open", {}}, Way{"dirfd", "file.open", {}}, Way{"symlink", "file.open", {}},
        Way{"proc_self_root", "file.open", {}}, Way{"openat2_beneath", "file.open", {}},
        Way{"openat2_in_root", "file.open", {}},
        // traps.md 30 and 31: bind mounts, a chroot, what a mount covers, a name that is gone.
        Way{"bind_mount", "file.open", {}}, Way{"chroot", "file.open", {}}, Way{"covered", "file.open", {}},
        Way{"deleted", "file.open", {}}, Way{"creat", "file.create", {{"whodid.file.access", kWrite}}},
        Way{"proc_self_fd", "file.open", {}}, Way{"by_handle", "file.open", {}},
        Way{"enoent", "file.open", {{"error.type", "ENOENT"}, {"whodid.file.user_supplied", kYes}}},
        Way{"deep", "file.create", {}}),
    [](const auto& way) { return std::string(way.param.name); });

TEST_F(File, AFileWithoutANameIsTold) {
    const Facts facts = do_way("open_ways", "tmpfile");
    const auto event = event_of(facts, "file.open", [](const Json& e) {
        return at(e, "whodid.file.flags").dump().find("O_TMPFILE") != std::string::npos;
    });
    ASSERT_TRUE(event);
    EXPECT_EQ(lacking(*event, {{"event.outcome", "success"}, {"whodid.file.access", "rw"}}), "");
    EXPECT_TRUE(at(*event, "file.path").get<std::string>().starts_with("/tmp/open_ways/")) << event->dump();
}

// traps.md 51: an LSM hook comes after the permission bits, and sees no denied open.
TEST_F(File, Trap51_DeniedIsTold) {
    const auto facts = stage_->deed("open_ways", {"eacces", kAlice.home}, as_user(kAlice));
    ASSERT_TRUE(worked(facts));
    const auto event =
        event_of(facts->front(), "file.open", [](const Json& e) { return at(e, "error.type") == "EACCES"; });
    ASSERT_TRUE(event) << facts->front().result() << " " << facts->front().text("path");
    EXPECT_EQ(at(*event, "file.path"), unquoted(facts->front().text("path")));
}

// The kernel refused to look: only the name is there, joined to where it starts.
TEST_F(File, ARefusedLookTellsTheName) {
    for (const auto& [way, error, path] : {std::tuple{"openat2_escape", "EXDEV", "/tmp/plain"},
                                           {"openat2_no_symlinks", "ELOOP", "/tmp/open_ways/link"}}) {
        const Facts facts = do_way("open_ways", way);
        const auto event =
            event_of(facts, "file.open", [&](const Json& e) { return at(e, "error.type") == error; });
        ASSERT_TRUE(event) << way;
        EXPECT_EQ(lacking(*event, {{"file.path", path}, {"whodid.file.user_supplied", true}}), "");
    }
}

// traps.md 33: a name with newline, ESC or bytes that are not UTF-8 forges no line and can be had back
// exactly.
TEST_F(File, Trap33_HostileNamesStayOneReversibleLine) {
    for (const char* way : {"hostile_newline", "hostile_escape"}) {
        const Facts facts = do_way("open_ways", way);
        EXPECT_TRUE(event_of(facts, "file.open", at_path(unquoted(facts.text("path")))) ||
                    event_of(facts, "file.create", at_path(unquoted(facts.text("path")))))
            << way;
    }
    const Facts facts = do_way("open_ways", "hostile_utf8");
    const auto exact = [](const Json& e) { return at(e, "file.path_b64").is_string(); };
    EXPECT_TRUE(event_of(facts, "file.open", exact) || event_of(facts, "file.create", exact));
}

// traps.md 31: what is longer than the walk is cut, and says so; nothing is silently shortened.
TEST_F(File, Trap31_LongPathsAreMarkedWhereCut) {
    const Facts facts = do_way("open_ways", "long_path");
    const std::string path = unquoted(facts.text("path"));
    const auto event = event_of(facts, "file.create", [&](const Json& e) {
        const Json told = at(e, "file.path");
        if (!told.is_string()) return false;
        const auto text = told.get<std::string>();
        const std::string mark = "…";
        return text == path || (text.starts_with(mark) && path.ends_with(text.substr(mark.size())));
    });
    EXPECT_TRUE(event);
}

// traps.md 29: by its number a file may be another one by the time somebody looks. Of a descriptor that
// another thread replaces no other file is told than one that was behind it.
TEST_F(File, Trap29_AReplacedDescriptorIsNoInvention) {
    const Facts facts = do_way("open_ways", "close_race");
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const std::string raced = unquoted(facts.text("path")), decoy = unquoted(facts.text("decoy"));
    long told = 0;
    for (const Json& open : sensor_->all({"file.open", facts.pid(), [&](const Json& e) {
                                              return at(e, "whodid.file.access") == "r" &&
                                                     at(e, "file.path").dump().find("/tmp/open_ways") == 1;
                                          }})) {
        ++told;
        EXPECT_TRUE(at(open, "file.path") == raced || at(open, "file.path") == decoy) << open.dump();
        EXPECT_EQ(at(open, "event.outcome"), "success") << open.dump();
    }
    EXPECT_GE(told, facts.number("opened"));
}

// traps.md 47: the name changes while the call reads it. What is told is the file that was opened.
TEST_F(File, Trap47_ANameThatChangesDoesNotDeceive) {
    const Facts facts = do_way("open_ways", "name_race");
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const std::map<std::string, std::string> inodes = {
        {unquoted(facts.text("path")), facts.text("inode")},
        {unquoted(facts.text("other")), facts.text("other_inode")}};
    long told = 0;
    for (const Json& open : sensor_->all({"file.open", facts.pid(), [](const Json& e) {
                                              return at(e, "whodid.file.access") == "r" &&
                                                     at(e, "file.path").dump().find("/race-") !=
                                                         std::string::npos;
                                          }})) {
        ++told;
        const auto file = inodes.find(at(open, "file.path").get<std::string>());
        ASSERT_NE(file, inodes.end()) << open.dump();
        EXPECT_EQ(at(open, "file.inode"), file->second);
        EXPECT_TRUE(at(open, "whodid.file.user_supplied").is_null()) << open.dump();
    }
    EXPECT_EQ(told, facts.number("opened"));
}

// traps.md 15: a scratch record that was not cleared shows what the last one on that processor left in it.
TEST_F(File, Trap15_NothingIsLeftOfTheRecordBefore) {
    const auto facts = stage_->deed("open_ways", {"turns", "/tmp"});
    ASSERT_TRUE(worked(facts));
    ASSERT_EQ(facts->size(), 2u);
    for (const Facts& person : *facts) {
        ASSERT_TRUE(sensor_->wait_for({"process.exit", person.pid(), {}}));
        const auto opens = sensor_->all(
            {"file.open", person.pid(), [&](const Json& e) { return at(e, "process.user.id") != 0; }});
        EXPECT_EQ(opens.size(), 100u);
        for (const Json& open : opens) {
            const bool failed = at(open, "event.outcome") == "failure";
            EXPECT_EQ(lacking(open, {{"process.user.id", person.number("uid")},
                                     {"whodid.process.group.id", person.number("gid")},
                                     {"file.path", person.text(failed ? "missing" : "path")},
                                     {"file.owner.id", failed ? Json() : Json("0")}}),
                      "");
            EXPECT_EQ(at(open, "file.inode").is_null(), failed) << open.dump();
        }
    }
}

// traps.md 45: the processors that run are not those that there may be, and their numbers may have gaps.
TEST_F(File, Trap45_EveryProcessorIsHeard) {
    const auto facts = stage_->deed("open_ways", {"each_cpu", "/tmp"});
    ASSERT_TRUE(worked(facts));
    for (const Facts& open : *facts)
        EXPECT_TRUE(event_of(open, "file.open",
                             [&](const Json& e) {
                                 return at(e, "file.path") == open.text("path") &&
                                        at(e, "whodid.file.access") == "r";
                             }))
            << "processor " << open.text("cpu");
}

// traps.md 30: overlayfs works on other file systems for every call; the call is one event, by the name used.
TEST_F(File, Trap30_OneUnlinkOnOverlayfsIsOne) {
    const Facts facts = do_way("change_ways", "overlay");
    if (facts.result() < 0) GTEST_SKIP() << "no overlayfs here: " << -facts.result();
    ASSERT_TRUE(sensor_->wait_for({"process.exit", facts.pid(), {}}));
    const auto unlinks = sensor_->all({"file.unlink", facts.pid(), {}});
    ASSERT_EQ(unlinks.size(), 1u);
    EXPECT_EQ(at(unlinks[0], "file.path"), unquoted(facts.text("path")));
    EXPECT_TRUE(sensor_->all({"file.rename", facts.pid(), {}}).empty());
}

class FileChange : public File, public testing::WithParamInterface<Way> {};

TEST_P(FileChange, IsTold) {
    const Facts facts = do_way("change_ways", GetParam().name);
    if (facts.result() == -ENOSYS) GTEST_SKIP() << "this kernel has no such call";
    const auto event = event_of(facts, GetParam().kind, at_path(unquoted(facts.text("path"))));
    ASSERT_TRUE(event) << "no " << GetParam().kind << " of " << facts.text("path");
    auto expected = GetParam().fields;
    expected.emplace_back("event.outcome", "success");
    expected.emplace_back("user.id", std::to_string(kAlice.uid));
    if (facts.has("to") && std::string(GetParam().kind) != "file.setxattr")
        expected.emplace_back("whodid.file.target_path", unquoted(facts.text("to")));
    if (facts.has("name")) expected.emplace_back("whodid.file.attribute", facts.text("name"));
    EXPECT_EQ(lacking(*event, expected), "");
}

INSTANTIATE_TEST_SUITE_P(
    Ways, FileChange,
    testing::Values(Way{"unlink", "file.unlink", {}}, Way{"unlinkat", "file.unlink", {}},
                    Way{"mkdir", "file.mkdir", {}}, Way{"rmdir", "file.rmdir", {}},
                    Way{"rename", "file.rename", {}}, Way{"rename_over", "file.rename", {}},
                    Way{"rename_exchange", "file.rename", {}}, Way{"link", "file.link", {}},
                    Way{"symlink", "file.symlink", {}}, Way{"chmod", "file.chmod", {}},
                    Way{"fchmod", "file.chmod", {}}, Way{"fchmodat", "file.chmod", {}},
                    Way{"chown", "file.chown", {}}, Way{"fchown", "file.chown", {}},
                    Way{"lchown", "file.chown", {}}, Way{"truncate", "file.truncate", {}},
                    Way{"ftruncate", "file.truncate", {}}, Way{"setxattr", "file.setxattr", {}},
                    Way{"fsetxattr", "file.setxattr", {}}, Way{"setxattrat", "file.setxattr", {}}),
    [](const auto& way) { return std::string(way.param.name); });

// traps.md 47: where the kernel tells what it changed, it does so of attributes too.
TEST_F(File, Trap47_AttributesAreOfTheKernelsObjectAsRemovalsAre) {
    const auto told = [this](const char* way, const char* kind) {
        const Facts facts = do_way("change_ways", way);
        return event_of(facts, kind, at_path(unquoted(facts.text("path"))));
    };
    const auto removed = told("unlink", "file.unlink"), changed = told("setxattr", "file.setxattr");
    ASSERT_TRUE(removed && changed);
    for (const char* key : {"whodid.file.user_supplied", "file.inode", "whodid.file.device"})
        EXPECT_EQ(at(*changed, key).is_null(), at(*removed, key).is_null()) << key << ": " << changed->dump();
}

// traps.md 49: io_uring never enters the system calls that are hooked.
TEST_F(File, Trap49_OpensThroughIoUringAreTold) {
    for (const char* way : {"openat", "openat_async", "openat_sqpoll"}) {
        const auto facts = stage_->deed("uring_ways", {way, "/tmp"});
        if (!facts || facts->empty() || facts->front().result() == -ENOSYS ||
            facts->front().result() == -EPERM)
            GTEST_SKIP() << "no io_uring here";
        const std::string path = unquoted(facts->front().text("path"));
        EXPECT_TRUE(event_of(facts->front(), "file.open", at_path(path))) << way << " " << path;
    }
}

}  // namespace
}  // namespace whodid::live
