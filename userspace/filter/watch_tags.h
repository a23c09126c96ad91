// SPDX-License-Identifier: Apache-2.0
// WatchTags: what events are called that are accesses to what is watched.
#pragma once

#include "base/arena.h"
#include "filter/key_reader.h"
#include "filter/watch_list.h"

namespace whodid {

/// What an event does to its path and to its target path.
struct EventAccesses {
    WatchAccesses path = 0, target = 0;
};

/// As auditd's classes have it: who makes, removes or renames a name writes it, and a link changes what is
/// linked as well. Nothing is done to what is not there. Execs are none of these: their program is no path
/// of the event.
EventAccesses accesses_of(const Event& event);

class WatchTags {
public:
    /// `list` outlives it, and what it has tagged.
    explicit WatchTags(const WatchList& list) : list_(list) {}

    /// Sets the event's tags: each once, of all entries that watch what it did. They lie in the list, or in
    /// the arena where several entries have tags for it. Paths are the host's, of containers' files too.
    void tag(Event& event, Arena& arena);

private:
    void add(std::string_view path, WatchAccesses accesses, Event& event, Arena& arena) const;
    void tag_exec(Event& event, Arena& arena);

    const WatchList& list_;
    const KeyReader path_{"file.path"}, target_{"whodid.file.target_path"};
    Scratch scratch_;
};

}  // namespace whodid
