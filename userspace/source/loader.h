// SPDX-License-Identifier: Apache-2.0
// Loader: puts the kernel side in place and makes its descriptors. Parses nothing from outside.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/ledger.h"
#include "base/result.h"
#include "source/backend.h"
#include "source/fold_table.h"
#include "source/kernel_side.h"
#include "source/map_memory.h"
#include "source/ring.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;

namespace whodid {

struct LoadOptions {
    std::uint32_t ring_bytes = 16 << 20;  // powers of two, at least a page
    std::uint32_t vital_ring_bytes = 8 << 20;
    std::uint64_t wake_bytes = 1 << 20;  // the reader is woken when this much waits
    bool folds = false;                  // acts that are alike are counted instead of told
    std::uint32_t fold_entries = 8192;   // sorts that are counted at once: 128 bytes each, a power of two
    FoldWindow fold_window = {};         // of whoever reads the table
    bool tracepoints_only = false;       // although this kernel has something better
    bool pam_uprobes = false;            // libpam's functions as a second source of logins

    bool operator==(const LoadOptions&) const = default;
};

class Loader : public KernelSide {
public:
    /// Loads and attaches. An Error with EPERM or EOPNOTSUPP means that this machine or these rights do not
    /// allow it, and says what is missing.
    static Result<std::unique_ptr<Loader>> load(const LoadOptions& options);
    ~Loader() override;
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    KernelDescriptors descriptors() const override;
    const std::vector<Hook>& hooks() const override { return hooks_; }
    Result<void> read_counters(Ledger& ledger) override;
    Result<void> put(const rec_policy& policy) override;
    std::uint32_t policy_map() const override { return policy_id_; }
    void let_pass(std::uint32_t tid) override;
    void will_sleep() override;
    std::span<rec_fold> folds() const override;
    Result<void> stop() override;

    /// What sends a record for every process there is when it is read to its end, see list_tasks().
    Result<Fd> task_lister();

    /// What the kernel side consists of, but for policy_map(): enum rec_bpf_object, and the kernel's number.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> objects() const;

private:
    Loader() = default;
    struct Attempt;
    static Result<std::unique_ptr<Loader>> load_object(Attempt& attempt);
    Result<void> prepare(const Attempt& attempt);
    Result<void> attach(Attempt& attempt);
    int map_fd(const char* name) const;
    Result<void> mark_maps();
    static Result<Fd> make_policy(const rec_policy& policy);
    Result<void> enforce(const Fd& policy);
    Result<void> put_first_policy();
    static Result<bpf_link*> attach_uprobe(const bpf_program* program, const Hook& hook,
                                           const std::string& library);
    Result<void> share_exit();
    Result<void> map_memory();
    Result<void> read_misses(Ledger& ledger);
    Result<void> set_config(const Attempt& attempt);

    bpf_object* object_ = nullptr;
    bpf_program* task_iterator_ = nullptr;
    bpf_program* shared_exit_ = nullptr;
    bpf_link* task_link_ = nullptr;  // one of links_, made when it is first needed
    std::vector<bpf_link*> links_;
    std::vector<Hook> hooks_;
    struct Attached {
        int program;               // descriptor
        std::uint16_t kind;        // that is missing when the kernel skips it
        std::uint64_t missed = 0;  // when it was asked last
    };
    std::vector<Attached> attached_;
    std::size_t misses_turn_ = 0;
    bool are_misses_known_ = false, is_stopped_ = false;
    MapMemory counters_, reader_, folds_;
    bool does_fold_ = false;
    Fd stopped_;                   // the last policy, made first: it is put in force by who may make none
    std::uint32_t policy_id_ = 0;  // of the map with the policy in force
};

/// Sends a record for every process there is.
Result<void> list_tasks(int lister);

}  // namespace whodid
