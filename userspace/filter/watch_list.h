// SPDX-License-Identifier: Apache-2.0
// WatchList: the files and directories that are watched, for which accesses, and what that is called.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "base/host.h"

namespace whodid {

/// What can be done to a file, as auditd's -p has it. Numbers as in linux/audit.h: AUDIT_PERM_*.
enum WatchAccess : std::uint8_t {
    kWatchExecute = 1,
    kWatchWrite = 2,
    kWatchRead = 4,
    kWatchAttributes = 8,
};
using WatchAccesses = std::uint8_t;
constexpr WatchAccesses kWatchEverything = 15;
constexpr WatchAccesses kWatchByDefault = kWatchWrite | kWatchAttributes;

struct WatchEntry {
    std::string path;      // absolute, one "/" between names and none at its end; a name may be a pattern
    bool is_tree = false;  // a directory, and all that is below
    WatchAccesses accesses = kWatchByDefault;
    std::string tags;  // each followed by NUL; at least one
    std::string link;  // the path as it was written, where this is what links lead to; else empty

    bool operator==(const WatchEntry&) const = default;
};

/// Whether this name of a path is a pattern of base/glob and not just a name.
constexpr bool is_pattern(std::string_view name) { return name.find_first_of("*?[\\") != name.npos; }
/// The pattern that this name alone meets.
std::string escape_pattern(std::string_view name);

/// A path's names, one after the other.
class PathNames {
public:
    explicit PathNames(std::string_view path) : rest_(path) { skip_slashes(); }
    bool done() const { return rest_.empty(); }
    std::string_view take() {
        const std::string_view name = rest_.substr(0, rest_.find('/'));
        rest_.remove_prefix(name.size());
        skip_slashes();
        return name;
    }
    std::string_view rest() const { return rest_; }

private:
    void skip_slashes() { rest_.remove_prefix(std::min(rest_.find_first_not_of('/'), rest_.size())); }
    std::string_view rest_;
};

/// Names are compared by name, from the root down, so what is not watched costs a look at its first names.
class WatchList {
public:
    WatchList() : nodes_(1) {}

    /// The same entry is not added twice.
    void add(WatchEntry entry);
    void add(const WatchList& other);

    /// Watches what the links in the entries lead to as well, up to the first pattern: the kernel tells a
    /// path without links. As they are now; what is linked elsewhere later is not followed.
    void follow_links(const Host& host);

    std::span<const WatchEntry> entries() const { return entries_; }

    /// Calls f(entry) for each entry that watches an absolute path for any of the accesses. Trees from the
    /// root down. Allocates nothing.
    template <class F>
    void for_each_match(std::string_view path, WatchAccesses accesses, F f) const {
        if (path.starts_with('/')) visit(nodes_.front(), PathNames(path), accesses, f);
    }
    /// The first of them; null: there is none. Valid until something is added.
    const WatchEntry* match(std::string_view path, WatchAccesses accesses) const;

private:
    using Index = std::uint32_t;
    struct Name {
        std::string text;
        Index node;
    };
    struct Pattern {
        std::string text;
        Glob glob;
        Index node;
    };
    /// A path, and what it can go on with.
    struct Node {
        std::vector<Name> names;  // sorted
        std::vector<Pattern> patterns;
        std::vector<Index> entries;  // that end here
        WatchAccesses accesses = 0;  // of those, and of all below
    };

    Index step(Index from, std::string_view name);
    const Name* find(const Node& node, std::string_view name) const;

    template <class F>
    void visit(const Node& node, PathNames names, WatchAccesses accesses, F& f) const {
        if (!(node.accesses & accesses)) return;
        for (const Index index : node.entries) {
            const WatchEntry& entry = entries_[index];
            if ((entry.accesses & accesses) && (entry.is_tree || names.done())) f(entry);
        }
        if (names.done()) return;
        const std::string_view name = names.take();
        if (const Name* found = find(node, name)) visit(nodes_[found->node], names, accesses, f);
        for (const Pattern& pattern : node.patterns)
            if (pattern.glob.matches(name)) visit(nodes_[pattern.node], names, accesses, f);
    }

    std::vector<WatchEntry> entries_;
    std::vector<Node> nodes_;
};

}  // namespace whodid
