// SPDX-License-Identifier: Apache-2.0
// Profile: how much of a stream one sink is given, after everything else has seen all of it.
// docs/profiles.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "event/event.h"
#include "filter/visibility.h"

namespace whodid {

enum class Profile : std::uint8_t {
    kQuiet,     // what a person did: logins, rights, commands typed, changes of what is watched, new peers
    kStandard,  // what trace shows by itself
    kForensic,  // everything; for a time, and for a reason
};

std::string_view profile_name(Profile profile);

/// What was first, and which event told it; forgets what was longest not asked for.
class FirstTimes {
public:
    /// `at_most`: keys that are certainly remembered; at most twice as many are.
    explicit FirstTimes(std::size_t at_most) : at_most_(at_most) {}

    /// Whether this event, or the one that it counts on for, was the first of its key.
    bool is_first(std::uint64_t key, const Event& event);
    /// Whether the key was ever put.
    bool has(std::uint64_t key);
    void put(std::uint64_t key);

private:
    const Id128* find(std::uint64_t key);
    void make_room();

    std::size_t at_most_;
    std::unordered_map<std::uint64_t, Id128> young_, old_;
};

/// Which execs are commands that a person typed.
class TypedCommands {
public:
    explicit TypedCommands(Lineage lineage);

    /// To be told every exec, before what it starts is asked for.
    void note(const Event& event);
    bool has(const Event& event);

private:
    Lineage lineage_;
    FirstTimes shells_;  // that ask for commands
};

class ProfileRules {
public:
    ProfileRules(Profile profile, Lineage lineage);

    Profile profile() const { return profile_; }
    /// To be asked of every event, in the stream's order: what was new is learnt from what is asked.
    bool keeps(const Event& event);
    /// Of the program that an event which was asked for started: whether a person typed it.
    bool is_typed(const Event& event) { return typed_.has(event); }

private:
    bool is_quiet(const Event& event);
    bool is_new_to_service(const Event& event);
    bool is_new_peer(const Event& event);

    Profile profile_;
    Lineage lineage_;
    TypedCommands typed_;
    FirstTimes programs_, peers_;
};

}  // namespace whodid
