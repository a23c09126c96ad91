// SPDX-License-Identifier: Apache-2.0
// What is watched, as a tree of names.
#include "filter/watch_list.h"

#include <utility>

namespace whodid {

namespace {

constexpr int kLinksMax = 40;  // as the kernel: include/linux/namei.h, MAXSYMLINKS

void append_name(std::string& path, std::string_view name) { path.append(1, '/').append(name); }

/// Where the links of a path lead, its patterns and what follows them left as they are. The path itself where
/// there is no link, or no end of them.
std::string resolve_links(const std::string& path, const Host& host) {
    std::string resolved, going = path;  // going: names, and the target of a link before them
    int links = 0;
    std::size_t own_bytes = PathNames(path).rest().size();
    for (PathNames names(going); !names.done();) {
        const bool is_own = names.rest().size() <= own_bytes;  // not of a link: it may be a pattern
        const std::string name(names.take());
        if (is_own) own_bytes = names.rest().size();
        if (is_own && is_pattern(name)) {
            append_name(resolved, name);
            if (!names.done()) append_name(resolved, names.rest());
            return resolved;
        }
        if (name == ".") continue;
        if (name == "..") {
            resolved.resize(std::min(resolved.rfind('/'), resolved.size()));
            continue;
        }
        std::string way = resolved;
        append_name(way, name);
        const std::string target = host.link(way);
        if (target.empty()) {
            append_name(resolved, is_own ? name : escape_pattern(name));
            continue;
        }
        if (++links > kLinksMax) return path;
        if (target.starts_with('/')) resolved.clear();
        going = target + "/" + std::string(names.rest());
        names = PathNames(going);
    }
    return resolved.empty() ? "/" : resolved;
}

}  // namespace

std::string escape_pattern(std::string_view name) {
    std::string pattern;
    for (const char c : name) {
        if (is_pattern({&c, 1})) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

const WatchList::Name* WatchList::find(const Node& node, std::string_view name) const {
    const auto at = std::ranges::lower_bound(node.names, name, {}, &Name::text);
    return at != node.names.end() && at->text == name ? &*at : nullptr;
}

/// The node that a name leads to; made where there is none yet.
WatchList::Index WatchList::step(Index from, std::string_view name) {
    const auto made = static_cast<Index>(nodes_.size());
    Node& node = nodes_[from];
    if (is_pattern(name)) {
        const auto known = std::ranges::find(node.patterns, name, &Pattern::text);
        if (known != node.patterns.end()) return known->node;
        node.patterns.push_back({std::string(name), Glob(name), made});
    } else {
        if (const Name* known = find(node, name)) return known->node;
        node.names.insert(std::ranges::lower_bound(node.names, name, {}, &Name::text),
                          {std::string(name), made});
    }
    nodes_.emplace_back();
    return made;
}

void WatchList::add(WatchEntry entry) {
    std::vector<Index> way = {0};
    for (PathNames names(entry.path); !names.done();) way.push_back(step(way.back(), names.take()));
    std::vector<Index>& here = nodes_[way.back()].entries;
    if (std::ranges::any_of(here, [&](Index index) { return entries_[index] == entry; })) return;
    for (const Index node : way) nodes_[node].accesses |= entry.accesses;
    here.push_back(static_cast<Index>(entries_.size()));
    entries_.push_back(std::move(entry));
}

void WatchList::add(const WatchList& other) {
    for (const WatchEntry& entry : other.entries_) add(entry);
}

void WatchList::follow_links(const Host& host) {
    const std::size_t written = entries_.size();
    for (std::size_t i = 0; i < written; ++i) {
        WatchEntry entry = entries_[i];
        std::string resolved = resolve_links(entry.path, host);
        if (!entry.link.empty() || resolved == entry.path) continue;
        entry.link = std::exchange(entry.path, std::move(resolved));
        const auto same_but_link = [&](const WatchEntry& known) {
            return known.path == entry.path && known.is_tree == entry.is_tree &&
                   known.accesses == entry.accesses && known.tags == entry.tags;
        };
        if (std::ranges::none_of(entries_, same_but_link)) add(std::move(entry));
    }
}

const WatchEntry* WatchList::match(std::string_view path, WatchAccesses accesses) const {
    const WatchEntry* first = nullptr;
    for_each_match(path, accesses, [&](const WatchEntry& entry) {
        if (!first) first = &entry;
    });
    return first;
}

}  // namespace whodid
