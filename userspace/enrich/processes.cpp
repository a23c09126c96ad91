// SPDX-License-Identifier: Apache-2.0
// The process table.
#include "enrich/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "enrich/auth.h"
#include "enrich/cgroup_path.h"

namespace whodid {

namespace {

/// Zero where the record does not tell.
ProcessKey parent_of(const rec_task& task) { return {task.parent_tgid, task.parent_start_ns}; }

Credentials credentials_of(const rec_task& t) {
    return {t.uid, t.gid, t.suid, t.sgid, t.euid, t.egid, t.fsuid, t.fsgid};
}

/// "alice:bash[4102]", or "sudo[4131]" for a program that lends rights.
std::string chain_link(const Process& p, bool set_id) {
    if (set_id) return fmt::format("{}[{}]", p.exe_name(), p.pid);
    const std::string user =
        p.effective_user.empty() ? fmt::format("{}", p.credentials.euid) : p.effective_user;
    return fmt::format("{}:{}[{}]", user, p.exe_name(), p.pid);
}

/// On hosts with both hierarchies a container may be seen in one only.
struct Found {
    CgroupInfo info;
    std::string_view path;
};
Found find_container(std::string_view unified, std::string_view v1) {
    Found found{parse_cgroup_path(unified), unified};
    if (!found.info.container_id.empty()) return found;
    Found other{parse_cgroup_path(v1), v1};
    return other.info.container_id.empty() ? found : other;
}

/// By what the container itself calls it; empty where that is not known.
std::string own_name(const Process& p, AccountNames ContainerView::*names, std::uint32_t id) {
    const ContainerView* view = p.view();
    if (!view) return {};
    const auto found = (view->*names).find(id);
    return found == (view->*names).end() ? std::string() : found->second;
}

}  // namespace

Processes::Processes(const Stream& stream, Users& users, Sessions& sessions, Containers& containers)
    : stream_(stream), users_(users), sessions_(sessions), containers_(containers) {}

std::shared_ptr<Process> Processes::make(const rec_task& task) const {
    auto p = std::make_shared<Process>();
    p->pid = task.tgid;
    p->start_ns = task.start_ns;
    p->entity = hash_numbers(stream_.boot, {task.tgid, task.start_ns});
    return p;
}

std::shared_ptr<Process> Processes::derive(const Process& from) const {
    auto p = std::make_shared<Process>(from);
    p->rendered = {};
    for (std::string& fragment : p->fragments) fragment.clear();
    return p;
}

void Processes::fill_login(Process& p, const rec_task& task) {
    const bool no_audit = task.flags & REC_TASK_NO_AUDIT;
    const std::uint32_t before = std::exchange(p.audit_session, no_audit ? REC_UNSET : task.sessionid);
    p.login_uid = no_audit ? REC_UNSET : task.loginuid;
    p.user_basis = no_audit ? Basis::kUnknown : Basis::kKernel;
    // Daemons start containers, and what is run in them later, for people that the kernel does not know.
    if (p.entry && p.login_uid == REC_UNSET) p.user_basis = Basis::kUnknown;
    p.session = session_of(p);
    p.login_user = users_.name(p.login_uid);
    if (p.login_uid != REC_UNSET && p.audit_session == before) return;
    p.chain = nullptr; /* each login has its own */
    p.chain_uid = REC_UNSET;
}

/// The login, or else how it came into its container.
std::shared_ptr<const Session> Processes::session_of(const Process& p) const {
    return p.audit_session == REC_UNSET ? p.entry : sessions_.of(p.audit_session, p.login_uid);
}

void Processes::fill_rights(Process& p, const rec_task& task) {
    p.credentials = credentials_of(task);
    p.cap_effective = task.cap_effective;
    if (task.flags & REC_TASK_FULL) {
        p.parent_pid = task.parent_tgid;
        // Who started it, also when it has since been given to init.
        if (p.parent_entity == Id128{})
            p.parent_entity = hash_numbers(stream_.boot, {task.parent_tgid, task.parent_start_ns});
        p.mount_ns = task.mount_ns;
        p.user_ns = task.user_ns;
        p.net_ns = task.net_ns;
        p.task_flags = task.flags;
    }
    if (p.container) p.container = containers_.current(p.container);
    p.apart = p.container && containers_.is_apart(p.mount_ns);
    p.effective_user = user_name(p, task.euid);
    p.real_user = user_name(p, task.uid);
    p.saved_user = user_name(p, task.suid);
    p.effective_group = group_name(p, task.egid);
}

/// The host's names do not hold in a container: its uids may be other people.
std::string Processes::user_name(const Process& p, std::uint32_t uid) const {
    return p.apart ? own_name(p, &ContainerView::users, uid) : users_.name(uid);
}
std::string Processes::group_name(const Process& p, std::uint32_t gid) const {
    return p.apart ? own_name(p, &ContainerView::groups, gid) : users_.group(gid);
}

void Processes::fill_cgroup(Process& p, std::string_view unified, std::string_view v1, const rec_task& task,
                            const Snapshot& from) {
    const auto [info, path] = find_container(unified, v1);
    p.cgroup = path;
    p.container = nullptr;
    p.entry = nullptr;
    if (info.container_id.empty()) return;
    const auto [container, how] = containers_.enter(info, task);
    p.container = container;
    if (how == Containers::Entering::kFromTheHost) return;
    const bool was_there = from && from->entry && from->container->number == container->number;
    p.entry = was_there ? from->entry : make_entry(p, how == Containers::Entering::kFirst);
}

void Processes::foresee(const Event& event) {
    const auto& r = event.as<rec_exec>();
    const CgroupInfo info = find_container(event.text(r.cgroup), event.text(r.cgroup_v1)).info;
    if (!info.container_id.empty()) containers_.foresee(info, r.h.task);
}

/// Who is in a container without a login: a session that begins with the process that came into it.
std::shared_ptr<const Session> Processes::make_entry(const Process& p, bool is_first) const {
    auto session = std::make_shared<Session>();
    session->entity = p.entity;
    session->origin_type = is_first ? "container" : "container-exec";
    session->origin_basis = Basis::kInferred;
    session->since_ns = p.start_ns;
    return session;
}

void Processes::extend_chain(Process& p, bool set_id) const {
    if (p.login_uid == REC_UNSET) return;
    // The login program itself, still preparing the session, is no step of it.
    const bool preparing = p.credentials.euid != p.login_uid || Auth::is_login_program(p.exe);
    if (!p.chain && preparing && !set_id) return;
    if (p.chain && !set_id && p.chain_uid == p.credentials.euid) return;
    const Chain* before = p.chain ? p.chain.get() : p.session ? p.session->outer_chain.get() : nullptr;
    auto longer = before ? std::make_shared<Chain>(*before) : std::make_shared<Chain>();
    constexpr std::size_t kLinksMax = 32;
    if (longer->size() >= kLinksMax) return;
    longer->push_back(chain_link(p, set_id));
    p.chain = std::move(longer);
    p.chain_uid = set_id ? REC_UNSET : p.credentials.euid;
}

Snapshot Processes::store(const rec_task& task, std::shared_ptr<Process> p, ProcessKey parent) {
    const ProcessKey key = key_of(task);
    if (table_.size() >= kMax && !exited_.empty()) {
        evicted_ += table_.erase(exited_.front().second);
        exited_.pop_front();
    }
    Entry& entry = table_[key];
    if (entry.parent.tgid == 0) entry.parent = parent;
    entry.snapshot = std::move(p);
    newest_[key.tgid] = std::max(newest_[key.tgid], key.start_ns);
    return entry.snapshot;
}

Snapshot Processes::add_existing(const Event& event) {
    const auto& r = event.as<rec_process>();
    const rec_task& task = r.h.task;
    if (task.tgid == 1) containers_.set_host(task.mount_ns);
    // Programs attach before the iterator runs: what a live event told is newer.
    if (Snapshot known = find(key_of(task)); known && known->known) return known;
    auto p = make(task);
    p->exe = event.text(r.exe);
    p->exe_inode = r.exe_inode;
    p->exe_dev = r.exe_dev;
    p->tty = event.text(r.tty);
    const Snapshot parent = find(parent_of(task));
    fill_cgroup(*p, event.text(r.cgroup), event.text(r.cgroup_v1), task, parent);
    fill_login(*p, task);
    fill_rights(*p, task);
    inherit_chain(*p, parent);
    return store(task, std::move(p), parent_of(task));
}

/// They are listed by number, so that parents mostly come first.
void Processes::inherit_chain(Process& p, const Snapshot& parent) const {
    if (parent && parent->audit_session == p.audit_session) {
        p.chain = parent->chain;
        p.chain_uid = parent->chain_uid;
    }
    const bool rose = parent && p.credentials.euid == 0 && p.credentials.uid != 0 && p.chain;
    extend_chain(p, rose && parent->credentials.euid != 0);
}

Snapshot Processes::fork(const rec_task& child) {
    const Snapshot parent = find(parent_of(child));
    auto p = make(child);
    if (parent) {
        const auto entity = p->entity;
        p = derive(*parent);
        p->pid = child.tgid;
        p->start_ns = child.start_ns;
        p->entity = entity;
        p->parent_entity = {};
    } else {
        p->known = false;
    }
    p->forked = true;
    fill_login(*p, child);
    fill_rights(*p, child);
    return store(child, std::move(p), parent_of(child));
}

Snapshot Processes::exec(const Event& event) {
    const auto& r = event.as<rec_exec>();
    const rec_task& task = r.h.task;
    const Snapshot before = find(key_of(task));
    auto p = before ? derive(*before) : make(task);
    p->known = true;
    p->forked = false;
    p->exe = event.text(r.exe);
    p->exe_inode = r.exe_inode;
    p->exe_dev = r.exe_dev;
    p->tty = event.text(r.tty);
    fill_cgroup(*p, event.text(r.cgroup), event.text(r.cgroup_v1), task,
                before ? before : find(parent_of(task)));
    fill_login(*p, task);
    fill_rights(*p, task);
    if (!before) { /* its fork was lost: it has at least its parent's login */
        inherit_chain(*p, find(parent_of(task)));
        return store(task, std::move(p), parent_of(task));
    }
    const bool set_id = r.secure && before->credentials.euid != task.euid;
    extend_chain(*p, set_id);
    return store(task, std::move(p), parent_of(task));
}

Snapshot Processes::exit(const rec_task& task, std::uint64_t boot_ns) {
    exited_.emplace_back(boot_ns, key_of(task));
    Snapshot was = of(task);
    if (was->container) containers_.left(*was->container, task);
    return was;
}

bool Processes::fits(const Process& p, const rec_task& task) const {
    const bool no_audit = task.flags & REC_TASK_NO_AUDIT;
    return p.credentials == credentials_of(task) && p.cap_effective == task.cap_effective &&
           (no_audit || (p.login_uid == task.loginuid && p.audit_session == task.sessionid)) &&
           p.session == session_of(p) && (!p.container || p.container == containers_.current(p.container)) &&
           !has_new_names(p);
}

/// The name service has answered since. A name that was there stays: it was true when the process began.
bool Processes::has_new_names(const Process& p) const {
    if (p.login_user.empty() && !users_.name(p.login_uid).empty()) return true;
    return !p.apart && p.effective_user.empty() && !users_.name(p.credentials.euid).empty();
}

Snapshot Processes::of(const rec_task& task) {
    Snapshot known = find(key_of(task));
    if (known && fits(*known, task)) return known;
    auto p = known ? derive(*known) : make(task);
    if (!known) p->known = false;
    fill_login(*p, task);
    fill_rights(*p, task);
    return store(task, std::move(p), parent_of(task));
}

Snapshot Processes::learn_exe(const rec_task& task, std::string_view exe, std::uint64_t inode,
                              std::uint32_t dev) {
    auto p = derive(*of(task));
    p->exe = exe;
    p->exe_inode = inode;
    p->exe_dev = dev;
    return store(task, std::move(p), {});
}

Snapshot Processes::find(const ProcessKey& key) const {
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : found->second.snapshot;
}

Snapshot Processes::find_pid(std::uint32_t pid) const {
    const auto found = newest_.find(pid);
    return found == newest_.end() ? nullptr : find({pid, found->second});
}

Snapshot Processes::parent(const Process& process) const {
    const auto found = table_.find({process.pid, process.start_ns});
    return found == table_.end() ? nullptr : find(found->second.parent);
}

bool Processes::descends_from(const Process& process, std::uint32_t pid) const {
    constexpr int kGenerationsMax = 256;
    ProcessKey key{process.pid, process.start_ns};
    for (int i = 0; i < kGenerationsMax && key.tgid != 0; ++i) {
        if (key.tgid == pid) return true;
        const auto found = table_.find(key);
        if (found == table_.end()) return false;
        key = found->second.parent;
    }
    return false;
}

void Processes::for_each(const std::function<void(const Snapshot&)>& f) const {
    for (const auto& [key, entry] : table_) f(entry.snapshot);
}

void Processes::expire(std::uint64_t boot_now_ns) {
    while (!exited_.empty() && exited_.front().first + kLingerNs < boot_now_ns) {
        const ProcessKey key = exited_.front().second;
        exited_.pop_front();
        table_.erase(key);
        if (const auto found = newest_.find(key.tgid);
            found != newest_.end() && found->second == key.start_ns)
            newest_.erase(found);
    }
}

}  // namespace whodid
