// SPDX-License-Identifier: Apache-2.0
// The one table keeps its own rules.
#include "event/kinds.h"

#include <gtest/gtest.h>
#include <whodid/limits.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json_writer.h"

namespace whodid {
namespace {

TEST(Kinds, NumbersAndNamesAreUnique) {
    std::set<std::uint16_t> numbers;
    std::set<std::string_view> names;
    for (const Kind& kind : kinds()) {
        EXPECT_TRUE(numbers.insert(kind.id).second) << kind.name;
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_LT(kind.id, WHODID_KIND_MAX);
        EXPECT_GT(kind.id, 0);
        EXPECT_EQ(find_kind(kind.id), &kind);
        EXPECT_EQ(find_kind(kind.name), &kind);
        EXPECT_EQ(find_kind("whodid." + std::string(kind.name)), &kind);
        EXPECT_FALSE(kind.doc.empty()) << kind.name;
        EXPECT_TRUE(kind.act) << kind.name;
        EXPECT_TRUE(kind.what) << kind.name;
        EXPECT_EQ(std::ranges::count(kind.name, '.'), 1) << kind.name;
        EXPECT_EQ(kind.internal, kind.id >= 100) << kind.name;
    }
    EXPECT_EQ(find_kind(0), nullptr);
    EXPECT_EQ(find_kind(WHODID_KIND_MAX), nullptr);
    EXPECT_EQ(find_kind("file"), nullptr);
    EXPECT_EQ(find_kind(""), nullptr);
}

/// The wire's numbers: changing one breaks every recording.
TEST(Kinds, NumbersNeverChange) {
    const std::map<std::uint16_t, std::string_view> expected = {
        {1, "process.exec"},      {2, "process.fork"},  {3, "process.exit"},     {10, "file.open"},
        {11, "file.create"},      {12, "file.unlink"},  {13, "file.rename"},     {14, "file.link"},
        {15, "file.symlink"},     {16, "file.chmod"},   {17, "file.chown"},      {18, "file.truncate"},
        {19, "file.mkdir"},       {20, "file.rmdir"},   {21, "file.setxattr"},   {30, "network.connect"},
        {31, "network.accept"},   {32, "network.bind"}, {33, "network.listen"},  {34, "network.send"},
        {35, "network.close"},    {36, "network.dns"},  {40, "auth.attempt"},    {41, "auth.account"},
        {42, "session.start"},    {43, "session.end"},  {44, "identity.change"}, {24, "file.map"},
        {22, "file.mount"},       {23, "file.umount"},  {50, "kernel.module"},   {51, "kernel.bpf"},
        {52, "process.ptrace"},   {60, "sensor.start"}, {61, "sensor.stop"},     {62, "sensor.loss"},
        {64, "sensor.tamper"},    {100, "raw.task"},    {101, "raw.audit"},      {102, "raw.syslog"},
        {103, "raw.credentials"}, {63, "sensor.blind"}, {105, "raw.signal"},     {66, "sensor.heartbeat"},
        {65, "sensor.budget"}};
    for (const auto& [number, name] : expected) {
        const Kind* kind = find_kind(number);
        ASSERT_TRUE(kind) << name;
        EXPECT_EQ(kind->name, name);
    }
}

TEST(Kinds, SlicesLieInTheFixedPart) {
    for (const Kind& kind : kinds()) {
        std::set<std::uint16_t> taken;
        EXPECT_GE(kind.layout.size, sizeof(rec_hdr));
        EXPECT_EQ(kind.layout.size % 8, 0u) << kind.name;
        for (const std::uint16_t at : kind.layout.strings) {
            EXPECT_GE(at, sizeof(rec_hdr)) << kind.name;
            EXPECT_LE(at + sizeof(rec_str), kind.layout.size) << kind.name;
            EXPECT_TRUE(taken.insert(at).second) << kind.name;
        }
        for (const std::uint16_t at : kind.layout.paths) {
            EXPECT_GE(at, sizeof(rec_hdr)) << kind.name;
            EXPECT_LE(at + sizeof(rec_path), kind.layout.size) << kind.name;
            EXPECT_TRUE(taken.insert(at).second) << kind.name;
        }
        const Layout& layout = kind.layout;
        EXPECT_TRUE(layout.object == 0 || std::ranges::count(layout.paths, layout.object)) << kind.name;
        if (layout.target == 0) continue;
        EXPECT_GE(layout.target, sizeof(rec_hdr)) << kind.name;
        EXPECT_LE(layout.target + sizeof(rec_target), layout.size) << kind.name;
    }
}

bool is_word(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
}

TEST(Kinds, KeysOfOneEventAreUnique) {
    for (const Kind& kind : kinds()) {
        std::set<std::string_view> keys;
        for_each_field(kind, [&](const Field& field) {
            EXPECT_TRUE(keys.insert(field.key).second) << kind.name << " " << field.key;
            EXPECT_TRUE(is_word(field.key)) << field.key;
            EXPECT_FALSE(field.doc.empty()) << field.key;
            EXPECT_EQ(find_field(kind, field.key), &field) << field.key;
        });
        // Nested JSON: a key cannot be a value and an object at once.
        for (const std::string_view key : keys)
            for (const std::string_view other : keys)
                EXPECT_FALSE(other.starts_with(std::string(key) + "."))
                    << kind.name << " " << key << " " << other;
    }
}

TEST(Kinds, KeysNestAsDeepAsAWriterGoes) {
    for (const Kind& kind : kinds())
        for_each_field(kind, [](const Field& field) {
            EXPECT_LT(std::ranges::count(field.key, '.'), static_cast<long>(JsonWriter::kDepthMax))
                << field.key;
        });
}

TEST(Kinds, OneKeyMeansOneThing) {
    std::map<std::string_view, const Field*> first;
    std::map<std::string_view, std::string_view> key_of;
    for (const Kind& kind : kinds()) {
        for_each_field(kind, [&](const Field& field) {
            const auto [known, made] = first.emplace(field.key, &field);
            EXPECT_EQ(known->second->type, field.type) << field.key;
            EXPECT_EQ(known->second->alias, field.alias) << field.key;
            if (field.alias.empty()) return;
            const auto [owner, taken] = key_of.emplace(field.alias, field.key);
            EXPECT_EQ(owner->second, field.key) << field.alias << " is the alias of two keys";
            EXPECT_FALSE(first.contains(field.alias) && field.alias != field.key) << field.alias;
        });
    }
    EXPECT_EQ(find_field("exe")->key, "process.executable.path");
    EXPECT_EQ(find_field("process.executable.path")->alias, "exe");
    EXPECT_EQ(find_field("nonsense"), nullptr);
    EXPECT_EQ(find_field(""), nullptr);
}

/// OpenTelemetry's namespaces hold only its own names; ours are below whodid.
TEST(Kinds, NothingIsInventedInForeignNamespaces) {
    const std::set<std::string_view> conventions = {"time",
                                                    "message",  // the line's own
                                                    "event.name",
                                                    "event.id",
                                                    "event.outcome",
                                                    "error.type",
                                                    "host.name",
                                                    "host.id",
                                                    "user.id",
                                                    "user.name",
                                                    "session.id",
                                                    "process.pid",
                                                    "process.parent_pid",
                                                    "process.executable.path",
                                                    "process.executable.name",
                                                    "process.executable.build_id.gnu",
                                                    "process.user.id",
                                                    "process.user.name",
                                                    "process.real_user.id",
                                                    "process.real_user.name",
                                                    "process.saved_user.id",
                                                    "process.saved_user.name",
                                                    "container.id",
                                                    "container.runtime.name",
                                                    "container.name",
                                                    "container.image.name",
                                                    "k8s.pod.uid",
                                                    "k8s.pod.name",
                                                    "k8s.namespace.name",
                                                    "process.command_args",
                                                    "process.args_count",
                                                    "process.working_directory",
                                                    "process.interactive",
                                                    "process.exit.code",
                                                    "file.path",
                                                    "file.inode",
                                                    "file.mode",
                                                    "file.owner.id",
                                                    "network.transport",
                                                    "network.type",
                                                    "network.peer.address",
                                                    "network.peer.port",
                                                    "network.local.address",
                                                    "network.local.port",
                                                    "server.address",
                                                    "dns.question.name",
                                                    "client.address",
                                                    "client.port"};
    for (const Kind& kind : kinds())
        for_each_field(kind, [&](const Field& field) {
            EXPECT_TRUE(field.key.starts_with("whodid.") || conventions.contains(field.key)) << field.key;
        });
}

}  // namespace
}  // namespace whodid
