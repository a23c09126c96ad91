// SPDX-License-Identifier: Apache-2.0
// ProgramExaminer: reads build ids and hashes of programs, and asks who packaged them, on a thread of its
// own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "enrich/program_file.h"
#include "event/program.h"

namespace whodid {

/// How much may be hashed: so many bytes at once, refilled at so many a second.
class HashBudget {
public:
    HashBudget(std::uint64_t bytes_per_second, std::uint64_t bytes_at_once)
        : bytes_per_second_(bytes_per_second), most_(bytes_at_once), left_(bytes_at_once) {}

    /// Takes them if they are there. No more than `bytes_at_once` ever are.
    bool take(std::uint64_t bytes, std::uint64_t now_ns);

private:
    std::uint64_t bytes_per_second_, most_, left_;
    std::uint64_t filled_ns_ = 0;
};

class ProgramExaminer {
public:
    static constexpr std::uint64_t kHashedMax = 512 << 20;      // bytes of one file; a larger one has no hash
    static constexpr std::uint64_t kBytesPerSecond = 64 << 20;  // a twentieth of one CPU, at 1.3 GB/s
    static constexpr std::uint64_t kBytesAtOnce = 64 << 20;

    ProgramExaminer();
    /// Waits for the thread at most a second: what it reads may have stopped to answer.
    ~ProgramExaminer();
    ProgramExaminer(const ProgramExaminer&) = delete;
    ProgramExaminer& operator=(const ProgramExaminer&) = delete;

    /// False: too many are waiting.
    bool ask(ProgramPlace place);

    /// Null: the file could not be had, or not now. A program comes first without its hash, and once more
    /// with it.
    struct Finding {
        FileVersion version;
        std::shared_ptr<const Program> program;
    };
    std::vector<Finding> findings();

    /// Has this written to that file, in its turn.
    void save(std::string path, std::string bytes);

private:
    struct Shared;  // with the thread, which may outlive this
    std::shared_ptr<Shared> shared_;
};

}  // namespace whodid
