// SPDX-License-Identifier: Apache-2.0
// What this kernel lets the sensor see, as the program itself says it. tools/gen-kernels makes the table of
// docs/kernels.md of what these tests record.
#include <sys/utsname.h>

#include <set>

#include "sensor.h"
#include "stage.h"
#include "stage_assert.h"

namespace whodid::live {
namespace {

class Kernel : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
    static Json page(const std::string& command) {
        RunOptions options;
        options.limit = milliseconds(60'000);
        const auto ran = run_in(this_world(), {sensor_program(), command, "-o", "json"}, options);
        EXPECT_TRUE(exited(0, ran));
        return ran ? Json::parse(ran->out) : Json();
    }
};

/// The sorts of programs that serve a kind: "fexit, lsm".
std::string ways_of(const Json& kind) {
    std::set<std::string> ways;
    for (const Json& hook : kind["attached"]) {
        const std::string where = hook["where"];
        ways.insert(where.starts_with("tp/") ? "tracepoint" : where.substr(0, where.find('/')));
    }
    std::string text;
    for (const std::string& way : ways) text += (text.empty() ? "" : ", ") + way;
    return text;
}

TEST_F(Kernel, EveryKindIsSeenOrSaysWhyNot) {
    const Json check = page("check"), fields = page("fields");
    ASSERT_TRUE(check.is_object() && fields.is_object());
    ASSERT_FALSE(fields["kinds"].empty());
    for (const Json& kind : fields["kinds"]) {
        const std::string name = kind["name"];
        // The sensor's own words, and what many acts came to, come from no hook.
        if (name.starts_with("sensor.") || name.starts_with("summary.")) continue;
        ASSERT_TRUE(check["kinds"].contains(name)) << name << " is not told of";
        const Json& served = check["kinds"][name];
        const std::string state = served["state"];
        EXPECT_EQ(state == "missing" || state == "nothing to see", served["attached"].empty()) << served;
        EXPECT_EQ(state == "missing" || state == "partial", !served["absent"].empty()) << served;
        for (const Json& hook : served["absent"]) EXPECT_NE(at(hook, "absent"), nullptr) << name;
        RecordProperty("kind:" + name, served["attached"].empty() ? state : ways_of(served));
    }
    for (const Json& finding : check["findings"])
        if (finding["ok"] == false)
            RecordProperty("without:" + finding["what"].get<std::string>(),
                           finding["detail"].get<std::string>());
    utsname name{};
    ASSERT_EQ(::uname(&name), 0);
    RecordProperty("release", name.release);
    RecordProperty("version", name.version);
}

}  // namespace
}  // namespace whodid::live
