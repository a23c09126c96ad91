// SPDX-License-Identifier: Apache-2.0
// Loading and attaching the kernel side.
#include "source/loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

#include "base/fd.h"
#include "base/rights.h"
#include "source/hooks.h"
#include "source/pam_library.h"
#include "source/probe.h"
#include "source/uretprobe.h"
#include "whodid.skel.h"
#include "whodid_nocas.skel.h"

namespace whodid {

namespace {

constexpr std::size_t kMissesParts = 8;
/// Which is attached nowhere: the programs of many calls go on in it (ON_SHARED_EXIT in bpf/syscall.bpf.h).
constexpr std::string_view kSharedExit = "on_shared_exit";

/// Which program the kernel refused last: libbpf tells it in words only.
std::string refused_program;

void note_refused(std::string_view message) {
    constexpr std::string_view kBegin = "prog '", kEnd = "': failed to load";
    const std::size_t begin = message.find(kBegin), end = message.find(kEnd);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return;
    refused_program = message.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

/// libbpf tells of a refused program with the verifier's whole log in one message; its end has the reason.
int print_libbpf(libbpf_print_level level, const char* format, va_list args) {
    constexpr std::size_t kTail = 2000;
    if (level == LIBBPF_DEBUG) return 0;
    char* made = nullptr;
    if (::vasprintf(&made, format, args) < 0) return 0;
    const std::unique_ptr<char, decltype(&std::free)> owner(made, std::free);
    std::string_view text = made;
    note_refused(text);
    if (text.size() > kTail) text.remove_prefix(text.size() - kTail);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (end > 0) spdlog::debug("libbpf: {}", text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return 0;
}

std::string_view bytes_of(const void* (*elf)(std::size_t*)) {
    std::size_t bytes = 0;
    const void* at = elf(&bytes);
    return {static_cast<const char*>(at), bytes};
}

/// What is missing when the kernel skips a run of it: of several kinds the first; of a hook that tells the
/// object of a call that object, the call is there.
std::uint16_t missing_with(const Hook& hook) {
    if (is_object_hook(hook)) return REC_RAW_OBJECT;
    const HookUse* use = find_hook_use(hook.program);
    return use && !use->kinds.empty() ? use->kinds.front() : std::uint16_t{0};
}

bool has_tracepoint(const std::string& category_and_name) {
    return ::access((tracefs_path() + "/events/" + category_and_name + "/id").c_str(), F_OK) == 0;
}

/// 0: none, as of a link that is a mere perf event's descriptor (before 5.15).
std::uint32_t object_id(std::uint32_t object, int fd) {
    bpf_prog_info program{};
    bpf_map_info map{};
    bpf_link_info link{};
    const bool is_program = object == REC_BPF_PROGRAM, is_map = object == REC_BPF_MAP;
    void* info = is_program ? static_cast<void*>(&program) : is_map ? static_cast<void*>(&map) : &link;
    auto bytes = static_cast<std::uint32_t>(is_program ? sizeof program : is_map ? sizeof map : sizeof link);
    if (fd < 0 || bpf_obj_get_info_by_fd(fd, info, &bytes) != 0) return 0;
    return is_program ? program.id : is_map ? map.id : link.id;
}

/// Scratch slots of each CPU. Where programs keep the CPU one is enough, but for an interrupt's; where they
/// do not, those at functions and security hooks hold theirs while others run.
std::uint32_t slots_per_cpu(const Offers& offers) { return offers.preempts ? 4 : 2; }

/// Where the kernel's own types lack one, libbpf 1.1 goes on with those of modules, which it may list with
/// CAP_SYS_ADMIN only, and fails without. No type here is a module's: told where to look, it looks nowhere
/// else.
const char* types_without_modules() {
    const auto held = rights();
    return held && (*held & right(CAP_SYS_ADMIN)) == 0 ? "/sys/kernel/btf/vmlinux" : nullptr;
}

}  // namespace

/// In libbpf's place, which calls it to list the types of modules when it looks for a kernel function:
/// without the right to, there is none, or a weak one that this kernel lacks (bpf_rdonly_cast before 6.2)
/// would be an error.
extern "C" int bpf_btf_get_next_id(__u32 start_id, __u32* next_id) {
    bpf_attr attr{};
    attr.start_id = start_id;
    const auto failed = static_cast<int>(::syscall(SYS_bpf, BPF_BTF_GET_NEXT_ID, &attr, sizeof attr));
    if (failed == 0) *next_id = attr.next_id;
    if (failed != 0 && errno == EPERM) errno = ENOENT;
    return failed == 0 ? 0 : -errno;
}

/// One way to load. A program that turns out not to attach is refused, and the whole tried again without it:
/// what stands in for it must be loaded as well.
struct Loader::Attempt {
    std::string_view elf;
    const LoadOptions& options;
    Offers offers;
    std::set<std::string> refused;
    std::string pam_library;
    bool again = false;

    /// False when it is one that nothing stands in for, or was left out before.
    bool do_without(const std::string& program) {
        const bool optional = act_of(program) != program;  // at a function or a security hook
        constexpr std::size_t kMost = 16;                  // beyond that it is not the programs
        again = optional && refused.size() < kMost && refused.insert(program).second;
        return again;
    }
};

Result<std::unique_ptr<Loader>> Loader::load(const LoadOptions& options) {
    libbpf_set_print(print_libbpf);
    if (auto ready = require_kernel(); !ready) return ready.error();
    if (auto ready = ensure_tracefs(); !ready) return ready.error();
    Result<std::string> pam = std::string();
    if (options.pam_uprobes) {
        pam = find_pam_library();
        if (!pam) return pam.error();
        if (auto harmless = try_uretprobe(); !harmless) return harmless.error();
    }
    // From the best to what loads everywhere. 5.13 to 5.15 refuse the weak kernel function in the main
    // object.
    const std::string_view main = bytes_of(whodid_bpf__elf_bytes),
                           plain = bytes_of(whodid_nocas_bpf__elf_bytes);
    std::vector<std::string_view> objects = {plain};
    if (has_compare_and_swap()) objects.insert(objects.begin(), main);
    std::vector<Offers> backends = {Offers{}};
    if (const Offers offers = probe_offers(); offers.fexit && !options.tracepoints_only)
        backends.insert(backends.begin(), offers);
    Result<std::unique_ptr<Loader>> loader = Error{"nothing was tried", EINVAL};
    std::set<std::string> refused;
    std::string why;  // of the better object
    for (Offers& offers : backends) {
        offers.pam = options.pam_uprobes;
        for (const std::string_view elf : objects) {
            Attempt attempt{elf, options, offers, refused, *pam};
            loader = load_object(attempt);
            if (loader) {
                if (elf == plain && !why.empty())
                    spdlog::warn("nothing is folded or left in the kernel: {}", why);
                return loader;
            }
            refused = std::move(attempt.refused);
            if (elf == main) why = loader.error().message;
        }
    }
    return loader;
}

Result<std::unique_ptr<Loader>> Loader::load_object(Attempt& attempt) {
    std::unique_ptr<Loader> loader;
    do {
        attempt.again = false;
        loader.reset(new Loader);
        bpf_object_open_opts open{};
        open.sz = sizeof open;
        open.object_name = "whodid";
        open.btf_custom_path = types_without_modules();
        loader->object_ = bpf_object__open_mem(attempt.elf.data(), attempt.elf.size(), &open);
        if (!loader->object_) return Error::from_errno("cannot open the built-in BPF object");
        if (auto done = loader->prepare(attempt); !done) return done.error();
        refused_program.clear();
        if (const int err = bpf_object__load(loader->object_); err != 0) {
            if (attempt.do_without(refused_program)) continue;
            return Error{fmt::format("the kernel refused to load a program: {} (-v shows its reasons)",
                                     strerror(-err)),
                         EOPNOTSUPP};
        }
        if (auto done = loader->share_exit(); !done) return done.error();
        if (auto done = loader->map_memory(); !done) return done.error();
        if (auto done = loader->mark_maps(); !done) return done.error();
        if (auto done = loader->put_first_policy(); !done) return done.error();
        if (auto done = loader->attach(attempt); !done) return done.error();
    } while (attempt.again);
    return loader;
}

Result<void> Loader::prepare(const Attempt& attempt) {
    btf* kernel = btf__load_vmlinux_btf();
    if (!kernel) return Error::from_errno("cannot read the kernel's BTF");
    const auto in_btf = [kernel](const std::string& name, std::uint32_t sort) {
        return btf__find_by_name_kind(kernel, name.c_str(), sort) >= 0;
    };
    const KernelPlaces places{
        has_tracepoint,
        [&](const std::string& name) { return in_btf("btf_trace_" + name, BTF_KIND_TYPEDEF); },
        [&](const std::string& name) { return in_btf(name, BTF_KIND_FUNC); }};
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_) {
        Hook hook{bpf_program__name(program), bpf_program__section_name(program), {}};
        if (hook.where.starts_with("?")) hook.where.erase(0, 1);
        if (hook.where == "iter/task") task_iterator_ = program;
        if (hook.program == kSharedExit) shared_exit_ = program;
        hooks_.push_back(std::move(hook));
    }
    choose_hooks(hooks_, attempt.offers, places, attempt.refused);
    btf__free(kernel);
    std::size_t i = 0;
    bpf_object__for_each_program(program, object_) {
        const Hook& hook = hooks_[i++];
        bpf_program__set_autoload(program, hook.absent.empty());
        if (hook.compat && hook.absent.empty())
            bpf_program__set_attach_target(program, 0, hook.where.c_str() + hook.where.find('/') + 1);
    }
    return set_config(attempt);
}

Result<void> Loader::set_config(const Attempt& attempt) {
    const LoadOptions& options = attempt.options;
    const auto cpus = static_cast<std::uint32_t>(libbpf_num_possible_cpus());
    rec_config config{};
    config.wake_bytes = options.wake_bytes;
    config.cpus = cpus;
    config.audit_at_hook = has_audit_hook(hooks_);
    bpf_map* folds = bpf_object__find_map_by_name(object_, "folds");  // not there for kernels before 5.12
    does_fold_ = folds && options.folds;
    if (does_fold_) config.fold_sets = options.fold_entries / WHODID_FOLD_WAYS;
    if (::getrandom(config.seed, sizeof config.seed, 0) != sizeof config.seed)
        return Error::from_errno("cannot make a random number");
    bpf_object* o = object_;
    const auto map = [o](const char* name) { return bpf_object__find_map_by_name(o, name); };
    const int errors[] = {
        bpf_map__set_initial_value(map(".rodata.config"), &config, sizeof config),
        bpf_map__set_max_entries(map("slots"), slots_per_cpu(attempt.offers) * cpus),
        bpf_map__set_max_entries(map("big_slots"), 2 * cpus),
        bpf_map__set_max_entries(map("counters"), cpus),
        bpf_map__set_max_entries(map("ring"), options.ring_bytes),
        bpf_map__set_max_entries(map("vital_ring"), options.vital_ring_bytes),
    };
    for (const int err : errors)
        if (err != 0) return Error::from_errno("cannot size the BPF maps", -err);
    if (does_fold_ && bpf_map__set_max_entries(folds, config.fold_sets) != 0)
        return Error::from_errno("cannot size the table of folds");
    return {};
}

Result<void> Loader::attach(Attempt& attempt) {
    std::size_t i = 0;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_) {
        Hook& hook = hooks_[i++];
        if (!hook.absent.empty() || program == task_iterator_ || program == shared_exit_) continue;
        if (is_uprobe(hook)) {
            const auto uprobe = attach_uprobe(program, hook, attempt.pam_library);
            if (!uprobe) return uprobe.error();
            links_.push_back(*uprobe);
            continue;
        }
        bpf_link* link = bpf_program__attach(program);
        if (link) {
            links_.push_back(link);
            attached_.push_back({bpf_program__fd(program), missing_with(hook)});
            continue;
        }
        if (errno == ENOENT && hook.where.starts_with("tp")) {
            hook.absent = "no such tracepoint in this kernel";
            continue;
        }
        if (hook.where.starts_with("tp"))
            return Error::from_errno(fmt::format("cannot attach {} to {}", hook.program, hook.where));
        spdlog::debug("{} does not attach to {}: {}", hook.program, hook.where, strerror(errno));
        attempt.do_without(hook.program);
    }
    return {};
}

/// Until then the calls that go on in it would see nothing, so it is done before anything is attached.
Result<void> Loader::share_exit() {
    const std::uint32_t zero = 0;
    const int program = bpf_program__fd(shared_exit_);
    if (bpf_map_update_elem(map_fd("shared_exits"), &zero, &program, BPF_ANY) != 0)
        return Error::from_errno("cannot give the calls the program that they share");
    return {};
}

int Loader::map_fd(const char* name) const {
    return bpf_map__fd(bpf_object__find_map_by_name(object_, name));
}

/// In every process that has the library's file, now or later.
Result<bpf_link*> Loader::attach_uprobe(const bpf_program* program, const Hook& hook,
                                        const std::string& library) {
    const std::string function = hook.where.substr(hook.where.find(':') + 1);
    const auto offset = find_function(library, function);
    if (!offset) return offset.error();
    const bool at_end = hook.where.starts_with("uretprobe/");
    bpf_link* link = bpf_program__attach_uprobe(program, at_end, -1, library.c_str(), *offset);
    if (!link) return Error::from_errno(fmt::format("cannot attach {} to {}", hook.program, library));
    return link;
}

Loader::~Loader() {
    for (bpf_link* link : links_) bpf_link__destroy(link);
    bpf_object__close(object_);
}

KernelDescriptors Loader::descriptors() const { return {map_fd("ring"), map_fd("vital_ring")}; }

Result<void> Loader::map_memory() {
    auto counters = MapMemory::of(map_fd("counters"));
    if (!counters) return counters.error();
    auto reader = MapMemory::of(map_fd("reader"));
    if (!reader) return reader.error();
    if (does_fold_) {
        auto folds = MapMemory::of(map_fd("folds"));
        if (!folds) return folds.error();
        folds_ = std::move(*folds);
    }
    counters_ = std::move(*counters);
    reader_ = std::move(*reader);
    return {};
}

Result<Fd> Loader::task_lister() {
    if (!task_link_) {
        task_link_ = bpf_program__attach_iter(task_iterator_, nullptr);
        if (!task_link_) return Error::from_errno("cannot attach the task iterator");
        links_.push_back(task_link_);
    }
    Fd lister(bpf_iter_create(bpf_link__fd(task_link_)));
    if (!lister.valid()) return Error::from_errno("cannot run the task iterator");
    return lister;
}

Result<void> Loader::read_counters(Ledger& ledger) {
    struct State {
        std::uint64_t seq;
        rec_counters kinds[WHODID_KIND_MAX];
    };
    for (std::size_t cpu = 0; cpu < counters_.size(); ++cpu)
        for (std::uint16_t kind = 0; kind < WHODID_KIND_MAX; ++kind)
            add(ledger[kind].kernel, counters_.value<const State>(cpu).kinds[kind]);
    return read_misses(ledger);
}

/// The kernel skips a program on a CPU where another task's run of it was preempted, and counts that since
/// 5.12. To ask for the count costs more than all else here: a part of the programs is asked each time, all
/// of them at first and at the end.
Result<void> Loader::read_misses(Ledger& ledger) {
    const std::size_t parts = are_misses_known_ && !is_stopped_ ? kMissesParts : 1;
    ++misses_turn_;
    for (std::size_t i = 0; i < attached_.size(); ++i) {
        Attached& attached = attached_[i];
        if (i % parts == misses_turn_ % parts) {
            bpf_prog_info info{};
            std::uint32_t size = sizeof info;
            if (bpf_obj_get_info_by_fd(attached.program, &info, &size) != 0)
                return Error::from_errno("cannot ask what the kernel skipped");
            attached.missed = info.recursion_misses;
        }
        ledger[attached.kind].missed += attached.missed;
    }
    are_misses_known_ = true;
    return {};
}

/// Tells the kernel side which maps are its own, for good.
Result<void> Loader::mark_maps() {
    const int own = map_fd("own_maps");
    const std::uint32_t reader = object_id(REC_BPF_MAP, map_fd("reader"));
    const std::uint8_t here = 1;
    for (const auto& [object, id] : objects())
        if (object == REC_BPF_MAP && id != reader && bpf_map_update_elem(own, &id, &here, BPF_ANY) != 0)
            return Error::from_errno("cannot tell the kernel side its own maps");
    if (bpf_map_freeze(own) != 0)
        return Error::from_errno("cannot freeze the list of the kernel side's maps");
    return {};
}

/// A policy as a whole, frozen before it is in force.
Result<Fd> Loader::make_policy(const rec_policy& policy) {
    const std::uint32_t zero = 0;
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    options.map_flags = BPF_F_RDONLY_PROG;
    Fd made(bpf_map_create(BPF_MAP_TYPE_ARRAY, "whodid_policy", sizeof zero, sizeof policy, 1, &options));
    if (!made.valid() || bpf_map_update_elem(made.get(), &zero, &policy, BPF_ANY) != 0 ||
        bpf_map_freeze(made.get()) != 0)
        return Error::from_errno("cannot make a policy for the kernel side");
    return made;
}

/// The kernel returns when no program runs by the one before any more.
Result<void> Loader::enforce(const Fd& policy) {
    const std::uint32_t zero = 0;
    const int number = policy.get();
    if (bpf_map_update_elem(map_fd("policies"), &zero, &number, BPF_ANY) != 0)
        return Error::from_errno("cannot give the kernel side its policy");
    policy_id_ = object_id(REC_BPF_MAP, number);
    return {};
}

Result<void> Loader::put_first_policy() {
    rec_policy last{};
    last.stopped = 1;
    auto made = make_policy(last);
    if (!made) return made.error();
    stopped_ = std::move(*made);
    // Attaching is done by bpf(2), which the first of the programs already see. Its start is not known yet: 0
    // stands for it until the process table is filled.
    return put(guarding({{0, static_cast<std::uint32_t>(::getpid()), 0}}));
}

Result<void> Loader::put(const rec_policy& policy) {
    const auto made = make_policy(policy);
    return made ? enforce(*made) : made.error();
}

void Loader::let_pass(std::uint32_t tid) {
    __atomic_store_n(&reader_.value<rec_reader>(0).canary_tid, tid, __ATOMIC_RELEASE);
}

void Loader::will_sleep() { __atomic_store_n(&reader_.value<rec_reader>(0).sleeps, 1, __ATOMIC_SEQ_CST); }

std::span<rec_fold> Loader::folds() const {
    if (folds_.size() == 0) return {};
    return {&folds_.value<rec_fold>(0), folds_.size() * WHODID_FOLD_WAYS};
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Loader::objects() const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
    const auto add = [&found](std::uint32_t object, int fd) {
        if (const std::uint32_t id = object_id(object, fd)) found.emplace_back(object, id);
    };
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_) add(REC_BPF_PROGRAM, bpf_program__fd(program));
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_) add(REC_BPF_MAP, bpf_map__fd(map));
    add(REC_BPF_MAP, stopped_.get());
    for (const bpf_link* link : links_) add(REC_BPF_LINK, bpf_link__fd(link));
    return found;
}

Result<void> Loader::stop() {
    is_stopped_ = true;
    return enforce(stopped_);
}

Result<void> list_tasks(int lister) {
    char none[64];  // the iterator writes to the ring, not here
    ssize_t n = 0;
    while ((n = ::read(lister, none, sizeof none)) != 0)
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return Error::from_errno("cannot read the task iterator");
    return {};
}

}  // namespace whodid
