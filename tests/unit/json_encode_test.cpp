// SPDX-License-Identifier: Apache-2.0
// JSON lines, read by somebody else's parser.
#include "sink/json_encode.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "made_event.h"

namespace whodid {
namespace {

using nlohmann::json;

struct Json : testing::Test, test::Maker {
    static std::string text(const Event& e, JsonShape shape = JsonShape::kNested,
                            std::vector<std::string> keys = {}) {
        JsonEncoder encoder(shape, keys);
        if (e.process) e.process->rendered = {};  // a snapshot is rendered for one encoder
        std::string out;
        encoder.append(e, out);
        return out;
    }
    static json parsed(const Event& e, JsonShape shape = JsonShape::kNested,
                       std::vector<std::string> keys = {}) {
        return json::parse(text(e, shape, std::move(keys)));
    }
    /// No null and no empty text, list or object, at any depth.
    static void expect_filled(const json& value, const std::string& at) {
        EXPECT_FALSE(value.is_null()) << at;
        if (value.is_string() || value.is_structured()) {
            EXPECT_FALSE(value.empty() || value == "") << at;
        }
        if (value.is_object())
            for (const auto& [key, member] : value.items()) expect_filled(member, at + "." + key);
    }
    static std::set<std::string> dotted(const json& value, const std::string& prefix = "") {
        std::set<std::string> keys;
        for (const auto& [key, member] : value.items()) {
            const bool identities =
                prefix + key == "whodid.identity.from" || prefix + key == "whodid.identity.to";
            if (member.is_object() && !identities)
                keys.merge(dotted(member, prefix + key + "."));
            else
                keys.insert(prefix + key);
        }
        return keys;
    }
};

TEST_F(Json, NestedShape) {
    auto made = record<rec_exec>(REC_PROCESS_EXEC);
    made->argc = made->argv_count = 2;
    made->argv_bytes = 26;
    made.text(&rec_exec::argv, std::string("vim\0/etc/ssh/sshd_config\0", 25)).text(&rec_exec::tty, "pts/0");
    const json e = parsed(event(std::move(made), alice(0, "/usr/bin/vim.basic")));
    EXPECT_EQ(e["time"], "2026-11-24T14:02:31.118204411Z");
    EXPECT_EQ(e["event"]["name"], "whodid.process.exec");
    EXPECT_EQ(e["event"]["outcome"], "success");
    EXPECT_EQ(e["event"]["id"].get<std::string>().size(), 32u);
    EXPECT_EQ(e["message"], "alice from 198.51.100.7, as root via sudo, ran vim /etc/ssh/sshd_config");
    EXPECT_EQ(e["host"]["name"], "web-17");
    EXPECT_EQ(e["user"], (json{{"id", "1004"}, {"name", "alice"}}));
    EXPECT_EQ(e["session"]["id"], "118");
    EXPECT_EQ(e["process"]["pid"], 4188);
    EXPECT_EQ(e["process"]["interactive"], true);
    EXPECT_EQ(e["process"]["executable"]["path"], "/usr/bin/vim.basic");
    EXPECT_EQ(e["process"]["executable"]["name"], "vim.basic");
    EXPECT_EQ(e["process"]["command_args"], (json{"vim", "/etc/ssh/sshd_config"}));
    EXPECT_EQ(e["process"]["user"], (json{{"id", 0}, {"name", "root"}}));
    EXPECT_EQ(e["whodid"]["origin"]["address"], "198.51.100.7");
    EXPECT_EQ(e["whodid"]["origin"]["port"], 58932);
    EXPECT_EQ(e["whodid"]["chain"], (json{"alice:bash[4102]", "sudo[4131]", "root:bash[4140]"}));
    EXPECT_EQ(e["whodid"]["basis"], (json{{"user", "kernel"}, {"origin", "pam"}, {"method", "log"}}));
    EXPECT_EQ(e["whodid"]["seq"], 88123);
    EXPECT_FALSE(e.contains("error"));
}

TEST_F(Json, StartsWithTimeAndIsOneLine) {
    const std::string line = text(exec({"a\nb"}, alice()));
    EXPECT_TRUE(line.starts_with("{\"time\":\"2026-11-24T14:02:31.118204411Z\",\"event\":{\"name\":"))
        << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
}

// A login uid that was never set has no user.id: not 4294967295, not 0, not null (traps 1 and 3).
TEST_F(Json, UnsetIsAbsent) {
    auto p = daemon("/usr/sbin/nginx", 33);
    p->effective_user.clear();
    const json e = parsed(file(REC_FILE_OPEN, "/etc/shadow", p, -EACCES));
    EXPECT_FALSE(e.contains("user"));
    EXPECT_FALSE(e.contains("session"));
    EXPECT_FALSE(e["whodid"].contains("session"));
    EXPECT_FALSE(e["whodid"].contains("origin"));
    EXPECT_FALSE(e["process"]["user"].contains("name"));
    EXPECT_FALSE(e["file"].contains("inode")) << "a failed open has no object";
    EXPECT_EQ(e["whodid"]["basis"]["user"], "kernel");
    EXPECT_EQ(e["error"]["type"], "EACCES");
    EXPECT_EQ(e["event"]["outcome"], "failure");
    EXPECT_EQ(text(file(REC_FILE_OPEN, "/x", p)).find("4294967295"), std::string::npos);
}

TEST_F(Json, NoEmptyValueOnAnyKind) {
    const std::vector<Event> events = {
        exec({}, alice()),
        exec({"x"}, daemon("")),
        event(record<rec_fork>(REC_PROCESS_FORK), alice()),
        event(record<rec_exit>(REC_PROCESS_EXIT), alice()),
        file(REC_FILE_OPEN, "", alice(), -ENOENT),
        file(REC_FILE_RENAME, "/a", alice()),
        file(REC_FILE_SETXATTR, "/a", alice()),
        event(record<rec_net>(REC_NETWORK_CONNECT), alice()),
        unix_socket("", alice()),
        event(record<rec_auth>(REC_AUTH_ATTEMPT), alice()),
        event(record<rec_account>(REC_AUTH_ACCOUNT), alice()),
        event(record<rec_session>(REC_SESSION_START), daemon("")),
        event(record<rec_session>(REC_SESSION_END), daemon("")),
        event(record<rec_identity>(REC_IDENTITY_CHANGE), alice()),
        event(record<rec_sensor>(REC_SENSOR_START), nullptr),
        event(record<rec_sensor>(REC_SENSOR_LOSS), nullptr),
    };
    for (const Event& e : events) {
        expect_filled(parsed(e), std::string(e.kind->name));
        expect_filled(parsed(e, JsonShape::kFlat), std::string(e.kind->name));
    }
}

TEST_F(Json, EveryKeyIsInTheTable) {
    for (const Event& e :
         {exec({"x"}, alice(0)), file(REC_FILE_CHMOD, "/x", alice()), net(REC_NETWORK_CLOSE, alice()),
          auth({.service = "sudo", .account = "alice", .address = "::1"}, alice()),
          identity("setuid", alice())}) {
        std::set<std::string> known;
        for_each_field(*e.kind, [&](const Field& field) { known.insert(std::string(field.key)); });
        for (const std::string& key : dotted(parsed(e))) EXPECT_TRUE(known.contains(key)) << key;
        std::set<std::string> flat;
        const json line = parsed(e, JsonShape::kFlat);
        for (const auto& [key, member] : line.items()) flat.insert(key);
        EXPECT_EQ(flat, dotted(parsed(e)));
    }
}

TEST_F(Json, BytesThatAreNotText) {
    const json e = parsed(file(REC_FILE_UNLINK, "/tmp/\xff\xfe", alice()));
    EXPECT_EQ(e["file"]["path"], "/tmp/\ufffd\ufffd");
    EXPECT_EQ(e["file"]["path_b64"], "L3RtcC///g==");
    const json args = parsed(exec({"ok", "\xc3"}, alice()))["process"];
    EXPECT_EQ(args["command_args"], (json{"ok", "\ufffd"}));
    EXPECT_EQ(args["command_args_b64"], (json{"b2s=", "ww=="}));
    EXPECT_FALSE(parsed(file(REC_FILE_UNLINK, "/tmp/ä", alice()))["file"].contains("path_b64"));
}

TEST_F(Json, HostileTextStaysText) {
    const std::string name = "/tmp/\"},\"user\":{\"name\":\"root\"}\n\x1b[2J\u202e\x01";
    const json e = parsed(file(REC_FILE_UNLINK, name, alice()));
    EXPECT_EQ(e["file"]["path"], name);
    EXPECT_EQ(e["user"]["name"], "alice");
    EXPECT_EQ(text(file(REC_FILE_UNLINK, name, alice())).find('\x1b'), std::string::npos);
}

TEST_F(Json, ChosenFields) {
    EXPECT_EQ(text(exec({"x"}, alice()), JsonShape::kNested, {"user", "pid"}),
              R"({"user":{"name":"alice"},"process":{"pid":4188}})");
    EXPECT_EQ(text(exec({"x"}, alice()), JsonShape::kFlat, {"user.name", "process.pid"}),
              R"({"user.name":"alice","process.pid":4188})");
}

TEST_F(Json, OneSnapshotServesSeveralEventsAndShapes) {
    const auto p = alice();
    JsonEncoder nested(JsonShape::kNested);
    std::string first, second;
    nested.append(file(REC_FILE_UNLINK, "/a", p), first);
    nested.append(file(REC_FILE_UNLINK, "/a", p), second);
    EXPECT_EQ(first, second);
    EXPECT_EQ(json::parse(first)["user"]["name"], "alice");
}

TEST_F(Json, Repeats) {
    Event e = exec({"x"}, alice());
    EXPECT_FALSE(parsed(e)["whodid"].contains("count"));
    e.count = 6;
    e.first_ns = kWallNs;
    e.last_ns = kWallNs + 1;
    const json folded = parsed(e)["whodid"];
    EXPECT_EQ(folded["count"], 6);
    EXPECT_EQ(folded["first"], "2026-11-24T14:02:31.118204411Z");
    EXPECT_EQ(folded["last"], "2026-11-24T14:02:31.118204412Z");
}

}  // namespace
}  // namespace whodid
