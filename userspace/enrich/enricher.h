// SPDX-License-Identifier: Apache-2.0
// Enricher: from decoded records to events: who, from where, with whose rights, and the names of things.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "base/hash.h"
#include "base/host.h"
#include "base/ledger.h"
#include "base/table_size.h"
#include "enrich/auth.h"
#include "enrich/containers.h"
#include "enrich/host_names.h"
#include "enrich/objects.h"
#include "enrich/processes.h"
#include "enrich/sessions.h"
#include "enrich/users.h"
#include "event/batch.h"
#include "event/decode.h"

namespace whodid {

class Enricher {
public:
    /// All arguments outlive it.
    Enricher(const Stream& stream, const Host& host, const PersonMap& people, Ledger& ledger);

    /// Updates the state and appends the events this record gives rise to: none, one, or several. The record
    /// lies in the batch's arena.
    void enrich(const Decoded& decoded, bool masked, Batch& batch);

    /// A record that waits for its turn. Of a program started in a container what its host's files tell is
    /// asked for now: in a tenth of a second both may be gone.
    void foresee(std::span<const char> bytes);

    /// Appends what was waiting for more that did not come: call with the time up to which all is in.
    void tick(std::uint64_t boot_ns, Batch& batch);
    /// Everything that still waits.
    void finish(Batch& batch) { tick(~std::uint64_t{0}, batch); }

    /// Records of failed execs that wait.
    std::size_t waiting() const { return searches_.size(); }

    const Sessions& sessions() const { return sessions_; }
    const Processes& processes() const { return processes_; }
    /// Of all it keeps.
    std::vector<TableSize> table_sizes() const;
    const Users& users() const { return users_; }
    /// What times are told by.
    const ClockAnchor& anchor() const { return anchor_; }

    /// An event made in userspace, its record in the batch's arena.
    void append_made(const rec_hdr* record, Snapshot process, Batch& batch);
    /// What an act did to the sensor: an event of its own, with that act's actor and outcome.
    const rec_hdr* append_tamper(const Event& cause, std::string_view did, Batch& batch);

    /// Acts of which the first is not known here: what the key says of them. Empty for a kind that is not
    /// folded.
    std::optional<Event> unknown_first(const rec_folded& folded, Batch& batch) const;
    /// Acts that a session did beside the first one, which was told.
    void count_folded(const Event& first, const rec_folded& folded);

private:
    /// A failed exec for lack of the file: a step of a PATH search unless nothing follows.
    struct Search {
        Event event;
        std::vector<char> record;  // the batch's arena is gone when it is needed
        std::string path;
    };

    Event begin(const Decoded& decoded, bool masked) const;
    void learn_exe(Event& event);
    void name_subject(Event& event, Batch& batch) const;
    void note_login(const Event& event, const Snapshot& before, Batch& batch);
    void on_exec(Event event, Batch& batch);
    void on_exec_failed(Event event, Batch& batch);
    void on_exit(Event event, Batch& batch);
    void on_credentials(Event event, Batch& batch);
    void on_file(Event event, rec_file& record, Batch& batch);
    void note_container_change(const Event& event);
    void on_network(Event event, Batch& batch);
    void identity_change(const Event& cause, const Snapshot& before, std::string_view how, Batch& batch);
    void drop_search(const ProcessKey& key);
    void release_search(Search search, Batch& batch);
    void name_object(Event& event, Batch& batch) const;

    const Stream& stream_;
    const Host& host_;
    const PersonMap& people_;
    Ledger& ledger_;
    ClockAnchor anchor_;
    Users users_;
    Sessions sessions_;
    Containers containers_;
    Processes processes_;
    HostNames host_names_;
    Objects objects_;
    OwnConnections own_connections_;
    Auth auth_;
    std::unordered_map<ProcessKey, Search, ProcessKeyHash> searches_;
    std::uint64_t refreshed_ns_ = 0;
    bool restore_due_ = false;  // the table was filled: older logins can be pieced together
};

}  // namespace whodid
