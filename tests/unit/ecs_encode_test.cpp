// SPDX-License-Identifier: Apache-2.0
// ECS lines, held against Elastic's own list of fields (tests/data/ecs_fields.csv), and read by somebody
// else's parser.
#include "sink/ecs_encode.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/ip_address.h"
#include "unit/every_kind.h"

namespace whodid {
namespace {

using nlohmann::json;

struct EcsType {
    std::string type;
    bool is_array = false;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
    return parts;
}

/// Lines of "field,NAME,TYPE,array or nothing" and "category,NAME,event types".
struct EcsFields {
    std::map<std::string, EcsType> fields;
    std::map<std::string, std::vector<std::string>> categories;

    EcsFields() {
        std::ifstream file("tests/data/ecs_fields.csv");
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with('#')) continue;
            const std::vector<std::string> columns = split(line, ',');
            if (columns.at(0) == "field")
                fields[columns.at(1)] = {columns.at(2), columns.size() > 3 && columns[3] == "array"};
            else
                categories[columns.at(1)] = split(columns.at(2), ' ');
        }
    }
};

struct Ecs : testing::Test, test::Maker {
    static json parsed(const Event& event) {
        static EcsEncoder encoder;  // its plans are as many as there are kinds
        std::string line;
        encoder.append(event, line);
        EXPECT_EQ(line.find('\n'), std::string::npos);
        // A key that an object has twice would be lost when it is read.
        std::vector<std::set<std::string>> keys;
        const auto look = [&keys](int, json::parse_event_t what, json& value) {
            if (what == json::parse_event_t::object_start) keys.emplace_back();
            if (what == json::parse_event_t::object_end) keys.pop_back();
            if (what == json::parse_event_t::key) {
                EXPECT_TRUE(keys.back().insert(value.get<std::string>()).second) << "twice: " << value;
            }
            return true;
        };
        return json::parse(line, look);
    }
    /// Leaves by dotted key; objects of our own are one.
    static std::map<std::string, json> leaves(const json& value, const std::string& prefix = "") {
        std::map<std::string, json> all;
        for (const auto& [key, member] : value.items()) {
            if (member.is_object())
                all.merge(leaves(member, prefix + key + "."));
            else
                all[prefix + key] = member;
        }
        return all;
    }
    static bool is_of_type(const json& value, const std::string& type) {
        if (type == "long") return value.is_number_integer();
        if (type == "boolean") return value.is_boolean();
        if (type == "ip") return value.is_string() && parse_ip(value.get<std::string>());
        if (type == "date") return value.is_string() && value.get<std::string>().ends_with('Z');
        return value.is_string() && !value.get<std::string>().empty();
    }
};

TEST_F(Ecs, EveryKeyIsElasticsAndOfItsType) {
    const EcsFields ecs;
    ASSERT_GT(ecs.fields.size(), 50u);
    std::set<std::string> seen;
    for (const Event& event : test::EveryKind().events) {
        for (const auto& [key, value] : leaves(parsed(event))) {
            if (key.starts_with("whodid.")) continue;
            const auto found = ecs.fields.find(key);
            if (found == ecs.fields.end()) {
                ADD_FAILURE() << key << " is not in ECS: " << event.kind->name;
                continue;
            }
            seen.insert(key);
            EXPECT_EQ(value.is_array(), found->second.is_array) << key;
            for (const json& element : value.is_array() ? value : json::array({value}))
                EXPECT_TRUE(is_of_type(element, found->second.type) || key == "process.args")
                    << key << " is no " << found->second.type << ": " << element;
        }
    }
    EXPECT_GT(seen.size(), 60u);
}

TEST_F(Ecs, CategoriesHaveTheTypesThatElasticExpects) {
    const EcsFields ecs;
    for (const Event& event : test::EveryKind().events) {
        if (event.kind->internal) continue;
        const json e = parsed(event)["event"];
        EXPECT_NE(e.value("kind", ""), "") << event.kind->name;
        EXPECT_NE(e.value("action", ""), "") << event.kind->name << " is not in the table";
        EXPECT_EQ(e.contains("category"), e.contains("type"));
        if (!e.contains("category")) continue;
        for (const json& type : e["type"]) {
            bool expected = false;
            for (const json& category : e["category"]) {
                const auto& types = ecs.categories.at(category.get<std::string>());
                expected |= std::ranges::count(types, type.get<std::string>()) != 0;
            }
            EXPECT_TRUE(expected) << event.kind->name << " " << e["category"] << " " << type;
        }
    }
}

// Whatever the JSON line says is there: renamed, or below "whodid".
TEST_F(Ecs, NothingIsLost) {
    const auto has = [](const json& line, std::string key) {
        std::ranges::replace(key, '.', '/');
        return line.contains(json::json_pointer("/" + key));
    };
    for (const Event& event : test::EveryKind().events) {
        Scratch scratch;
        const json line = parsed(event);
        for_each_field(*event.kind, [&](const Field& field) {
            if (!field.read(event, scratch).present()) return;
            const bool is_renamed = std::ranges::any_of(ecs_rows(), [&](const EcsRow& row) {
                return row.moves && (row.from == field.key || row.from_if_ingress == field.key) &&
                       has(line, std::string(row.key));
            });
            EXPECT_TRUE(is_renamed || has(line, own_key_in_ecs(field.key)))
                << field.key << " of " << event.kind->name;
        });
    }
}

TEST_F(Ecs, Exec) {
    const json e = parsed(exec({"bash", "-c", "id"}, alice(0)));
    EXPECT_EQ(e["@timestamp"], "2026-11-24T14:02:31.118204411Z");
    EXPECT_EQ(e["ecs"]["version"], "9.4.0");
    EXPECT_EQ(e["event"]["category"], json{"process"});
    EXPECT_EQ(e["event"]["type"], json{"start"});
    EXPECT_EQ(e["event"]["action"], "exec");
    EXPECT_EQ(e["event"]["outcome"], "success");
    EXPECT_EQ(e["event"]["sequence"], 88123);
    EXPECT_EQ(e["user"],
              (json{{"id", "1004"}, {"name", "alice"}, {"effective", {{"id", "0"}, {"name", "root"}}}}));
    EXPECT_EQ(e["process"]["args"], (json{"bash", "-c", "id"}));
    EXPECT_EQ(e["process"]["args_count"], 3);
    EXPECT_EQ(e["process"]["executable"], "/usr/bin/bash");
    EXPECT_EQ(e["process"]["name"], "bash");
    EXPECT_EQ(e["process"]["pid"], 4188);
    EXPECT_EQ(e["process"]["parent"]["pid"], 4140);
    EXPECT_EQ(e["process"]["user"], (json{{"id", "0"}, {"name", "root"}}));
    EXPECT_EQ(e["process"]["entry_leader"],
              (json{{"attested_user", {{"id", "1004"}, {"name", "alice"}}},
                    {"entry_meta", {{"type", "sshd"}, {"source", {{"ip", "198.51.100.7"}}}}}}));
    EXPECT_EQ(e["related"],
              (json{{"user", {"alice", "root"}}, {"ip", {"198.51.100.7"}}, {"hosts", {"web-17"}}}));
    EXPECT_EQ(e["host"]["architecture"], "x86_64");
    EXPECT_EQ(e["whodid"]["session"]["audit_id"], "118");
    EXPECT_EQ(e["whodid"]["origin"]["type"], "ssh");
    EXPECT_FALSE(e["whodid"].contains("process")) << "its ids have names in ECS";
}

TEST_F(Ecs, ConnectionsHaveTheirEndsByWhoBegan) {
    const json out = parsed(net(REC_NETWORK_CONNECT, alice()));
    EXPECT_EQ(out["source"], (json{{"address", "10.0.0.5"}, {"ip", "10.0.0.5"}, {"port", 8080}}));
    EXPECT_EQ(out["destination"], (json{{"address", "203.0.113.9"}, {"ip", "203.0.113.9"}, {"port", 443}}));
    EXPECT_EQ(out["server"], out["destination"]);
    EXPECT_EQ(out["event"]["duration"], 84'000'000);
    EXPECT_EQ(out["network"], (json{{"transport", "tcp"}, {"type", "ipv4"}, {"direction", "egress"}}));
    EXPECT_EQ(out["related"]["ip"], (json{"10.0.0.5", "203.0.113.9", "198.51.100.7"}));
    const json in = parsed(net(REC_NETWORK_ACCEPT, alice()));
    EXPECT_EQ(in["source"]["ip"], "203.0.113.9");
    EXPECT_EQ(in["client"]["ip"], "203.0.113.9");
    EXPECT_EQ(in["destination"]["port"], 8080);
    const json listening = parsed(net(REC_NETWORK_LISTEN, alice()));
    EXPECT_EQ(listening["server"]["port"], 8080);
    EXPECT_FALSE(listening["network"].contains("direction"));
    const json ended = parsed(net(REC_NETWORK_CLOSE, alice()));  // that the peer began
    EXPECT_EQ(ended["network"]["direction"], "ingress");
    EXPECT_EQ(ended["source"]["bytes"], 48'000);
    EXPECT_EQ(ended["destination"]["bytes"], 1234);
}

TEST_F(Ecs, ASocketsPathIsAnAddressAndNoIp) {
    const json e = parsed(unix_socket("/run/docker.sock", alice()));
    EXPECT_EQ(e["destination"], (json{{"address", "/run/docker.sock"}}));
    EXPECT_EQ(e["related"]["ip"], json{"198.51.100.7"});
}

TEST_F(Ecs, Files) {
    const json read = parsed(file(REC_FILE_OPEN, "/etc/shadow", alice(), -EACCES));
    EXPECT_EQ(read["event"]["type"], json{"access"});
    EXPECT_EQ(read["event"]["outcome"], "failure");
    EXPECT_EQ(read["error"]["code"], "EACCES");
    EXPECT_EQ(read["file"], (json{{"path", "/etc/shadow"}, {"name", "shadow"}, {"directory", "/etc"}}));
    const json written = parsed(file(REC_FILE_OPEN, "/x", alice(), 0, O_WRONLY));
    EXPECT_EQ(written["event"]["type"], json{"change"});
    EXPECT_EQ(written["file"]["directory"], "/");
    EXPECT_EQ(written["file"]["uid"], "0");
    EXPECT_EQ(written["whodid"]["file"]["access"], "w");
    Event link = file(REC_FILE_SYMLINK, "/tmp/l", alice());
    link.target_path = keep("/etc");
    EXPECT_EQ(parsed(link)["file"]["target_path"], "/etc");
    link.kind = find_kind("file.rename");
    EXPECT_FALSE(parsed(link)["file"].contains("target_path"));
    EXPECT_EQ(parsed(link)["whodid"]["file"]["target_path"], "/etc");
}

TEST_F(Ecs, Authentication) {
    const json e = parsed(auth({.service = "sudo",
                                .method = "password",
                                .account = "alice",
                                .target = "root",
                                .address = "203.0.113.50",
                                .result = -EACCES},
                               alice()));
    EXPECT_EQ(e["event"]["category"], json{"authentication"});
    EXPECT_EQ(e["event"]["outcome"], "failure");
    EXPECT_EQ(e["source"]["ip"], "203.0.113.50");
    EXPECT_EQ(e["user"]["target"]["name"], "root");
    EXPECT_EQ(e["related"]["user"], (json{"alice", "root"}));
    const json odd = parsed(auth({.service = "sshd", .address = "host.example"}, alice()));
    EXPECT_EQ(odd["source"], (json{{"address", "host.example"}}));
}

TEST_F(Ecs, OnlyASessionOfItsFirstProcessNamesAnEntryLeader) {
    EXPECT_FALSE(parsed(exec({"x"}, alice()))["process"]["entry_leader"].contains("entity_id"));
    auto process = alice();
    auto service = std::make_shared<Session>(*session);
    service->id.clear();
    service->origin_type = "systemd";
    process->session = service;
    const json leader = parsed(exec({"x"}, process))["process"]["entry_leader"];
    EXPECT_EQ(leader["entity_id"], "00000000000001180000000000000118");
    EXPECT_EQ(leader["entry_meta"]["type"], "init");
}

TEST_F(Ecs, BytesThatAreNotText) {
    const json e = parsed(file(REC_FILE_UNLINK, "/tmp/\xff\xfe", alice()));
    EXPECT_EQ(e["file"]["path"], "/tmp/\ufffd\ufffd");
    EXPECT_EQ(e["whodid"]["file"]["path_b64"], "L3RtcC///g==");
    const json args = parsed(exec({"ok", "\xc3"}, alice()));
    EXPECT_EQ(args["process"]["args"], (json{"ok", "\ufffd"}));
    EXPECT_EQ(args["whodid"]["process"]["command_args_b64"], (json{"b2s=", "ww=="}));
}

TEST_F(Ecs, HostileTextStaysText) {
    const std::string name = "/tmp/\"},\"user\":{\"name\":\"root\"}\n\x1b[2J\u202e\x01";
    const json e = parsed(file(REC_FILE_UNLINK, name, alice()));
    EXPECT_EQ(e["file"]["path"], name);
    EXPECT_EQ(e["user"]["name"], "alice");
}

}  // namespace
}  // namespace whodid
