// SPDX-License-Identifier: Apache-2.0
// The thread that looks at programs: what is quick first, then hashes, the smallest file's first.
#include "enrich/program_examiner.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "enrich/build_id.h"
#include "enrich/dpkg.h"
#include "enrich/seen_programs.h"

namespace whodid {

namespace {

constexpr std::size_t kQuestionsMax = 256;  // that wait
constexpr std::size_t kHashesMax = 64;      // files that are held open
constexpr std::size_t kPieceBytes = 256 << 10;
constexpr auto kRetry = std::chrono::milliseconds(10);  // where the budget is used up
constexpr auto kEndLimit = std::chrono::seconds(1);
constexpr std::uint64_t kSecondNs = 1'000'000'000;

/// A file that is being hashed.
struct Hashing {
    ProgramFile file;
    FileVersion version;
    Program program;
    Sha256 hash;
    std::uint64_t done = 0;

    std::uint64_t left() const { return version.size - done; }
};

}  // namespace

bool HashBudget::take(std::uint64_t bytes, std::uint64_t now_ns) {
    const std::uint64_t gone_ns = std::min(now_ns - std::exchange(filled_ns_, now_ns), 10 * kSecondNs);
    const std::uint64_t refill = gone_ns * (bytes_per_second_ >> 10) / kSecondNs << 10;
    if (refill == 0) filled_ns_ = now_ns - gone_ns;  // not lost: it adds up until the next time
    left_ = std::min(most_, left_ + refill);
    if (left_ < bytes) return false;
    left_ -= bytes;
    return true;
}

struct ProgramExaminer::Shared {
    std::mutex mutex;
    std::condition_variable wake, over;
    std::deque<ProgramPlace> questions;
    std::vector<Finding> findings;
    std::optional<std::pair<std::string, std::string>> to_save;  // path, bytes
    bool stop = false, ended = false;
};

namespace {

using Finding = ProgramExaminer::Finding;

/// What only the thread has.
class Work {
public:
    Work() { dpkg_.refresh(); }

    /// All but the hash, which is put off.
    Finding examine(const ProgramPlace& place) {
        if (hashes_.size() >= kHashesMax) return {place.version, nullptr};
        auto file = ProgramFile::open(place);
        if (!file) return {place.version, nullptr};
        Program program;
        program.build_id = read_build_id(file->fd());
        if (file->is_on_host()) {
            if (auto owner = dpkg_.owner(place.path)) {
                program.package = std::move(owner->name);
                program.package_version = std::move(owner->version);
            }
        }
        if (!file->is_same()) return {place.version, nullptr};
        if (place.version.size <= ProgramExaminer::kHashedMax)
            hashes_.push_back({std::move(*file), place.version, program, {}, 0});
        return {place.version, std::make_shared<const Program>(std::move(program))};
    }

    bool has_hashes() const { return !hashes_.empty(); }

    /// Goes on with the file that has the least left. Nothing while the budget is used up; `waits` says so.
    std::optional<Finding> hash_on(bool& waits) {
        const auto next = std::ranges::min_element(hashes_, {}, &Hashing::left);
        waits = !budget_.take(std::min<std::uint64_t>(next->left(), kPieceBytes), boot_now_ns());
        if (waits) return std::nullopt;
        const ssize_t n =
            ::pread(next->file.fd(), piece_.data(), piece_.size(), static_cast<off_t>(next->done));
        if (n > 0) {
            next->hash.add({piece_.data(), static_cast<std::size_t>(n)});
            next->done += static_cast<std::uint64_t>(n);
            if (next->left() > 0 && next->done <= next->version.size) return std::nullopt;
        }
        const bool whole = next->done == next->version.size && next->file.is_same();
        Hashing done = std::move(*next);
        hashes_.erase(next);
        if (!whole) return Finding{done.version, nullptr};
        done.program.sha256 = done.hash.finish();
        return Finding{done.version, std::make_shared<const Program>(std::move(done.program))};
    }

private:
    Dpkg dpkg_;
    HashBudget budget_{ProgramExaminer::kBytesPerSecond, ProgramExaminer::kBytesAtOnce};
    std::vector<Hashing> hashes_;
    std::vector<char> piece_ = std::vector<char>(kPieceBytes);
};

void save_now(const std::pair<std::string, std::string>& what) {
    if (const auto saved = save_seen(what.first, what.second); !saved)
        spdlog::warn("{}", saved.error().message);
}

}  // namespace

ProgramExaminer::ProgramExaminer() : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_] {
        ::pthread_setname_np(::pthread_self(), "programs");
        Work work;
        std::unique_lock lock(shared->mutex);
        bool waits = false;
        const auto is_due = [&] { return shared->stop || shared->to_save || !shared->questions.empty(); };
        while (true) {
            if (!work.has_hashes())
                shared->wake.wait(lock, is_due);
            else if (waits)
                shared->wake.wait_for(lock, kRetry, is_due);
            if (auto saved = std::exchange(shared->to_save, std::nullopt)) {
                lock.unlock();
                save_now(*saved);
                lock.lock();
                continue;
            }
            if (shared->stop) break;
            std::optional<ProgramPlace> place;
            if (!shared->questions.empty()) {
                place = std::move(shared->questions.front());
                shared->questions.pop_front();
            }
            lock.unlock();
            auto finding = place ? work.examine(*place) : work.hash_on(waits);
            lock.lock();
            if (finding) shared->findings.push_back(std::move(*finding));
        }
        shared->ended = true;
        shared->over.notify_all();
    }).detach();
}

ProgramExaminer::~ProgramExaminer() {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->wake.notify_one();
    shared_->over.wait_for(lock, kEndLimit, [this] { return shared_->ended; });
}

bool ProgramExaminer::ask(ProgramPlace place) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->questions.size() >= kQuestionsMax) return false;
        shared_->questions.push_back(std::move(place));
    }
    shared_->wake.notify_one();
    return true;
}

std::vector<ProgramExaminer::Finding> ProgramExaminer::findings() {
    const std::lock_guard lock(shared_->mutex);
    return std::exchange(shared_->findings, {});
}

void ProgramExaminer::save(std::string path, std::string bytes) {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->to_save.emplace(std::move(path), std::move(bytes));
    }
    shared_->wake.notify_one();
}

}  // namespace whodid
