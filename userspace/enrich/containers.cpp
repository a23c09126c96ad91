// SPDX-License-Identifier: Apache-2.0
// Containers by their ids.
#include "enrich/containers.h"

#include <algorithm>
#include <utility>

namespace whodid {

namespace {

/// Users make directories below their own manager as they like: such an id is their word, and theirs alone.
std::string key_of(const CgroupInfo& info) {
    const bool is_theirs = info.user_controlled && info.user_uid;
    return is_theirs ? info.container_id + "/" + std::to_string(*info.user_uid) : info.container_id;
}

}  // namespace

Containers::Containers(const Host& host) {
    if (!host.is_live()) return;
    reader_ = std::make_unique<Worker<ContainerQuestion, ContainerAnswer>>(
        [&host](const ContainerQuestion& asked) { return read_container(host, asked); }, kQueueMax);
}

Containers::Entry& Containers::find_or_make(const CgroupInfo& info) {
    const std::string key = key_of(info);
    if (const auto found = ids_.find(key); found != ids_.end()) return containers_[found->second];
    if (containers_.size() >= kMax) make_room();
    auto container = std::make_shared<Container>();
    container->number = ++made_;
    container->id = info.container_id;
    container->runtime = info.runtime;
    container->pod_uid = info.pod_uid;
    ids_[key] = container->number;
    Entry& entry = containers_[container->number];
    if (info.user_controlled) entry.owner = info.user_uid;
    entry.snapshot = std::move(container);
    return entry;
}

void Containers::make_room() {
    std::uint64_t oldest = made_;
    for (const auto& [number, entry] : containers_) oldest = std::min(oldest, number);
    forget(oldest);
    ++evicted_;
}

Containers::Entered Containers::enter(const CgroupInfo& info, const rec_task& task) {
    Entry& entry = find_or_make(info);
    if (!is_apart(task.mount_ns)) return {entry.snapshot, Entering::kFromTheHost};
    const bool is_first = !std::exchange(entry.entered, true);
    if (is_first) {
        entry.first_pid = task.tgid;
        entry.first_start_ns = task.start_ns;
    }
    ask_what_is_lacking(entry, task);
    return {entry.snapshot, is_first ? Entering::kFirst : Entering::kLater};
}

void Containers::foresee(const CgroupInfo& info, const rec_task& task) {
    ask_what_is_lacking(find_or_make(info), task);
}

void Containers::ask_what_is_lacking(Entry& entry, const rec_task& task) {
    const bool lacks = !entry.has_state || !entry.snapshot->view;
    if (lacks && !entry.waits && entry.asked < kAsksMax) ask(entry, question_of(entry, task));
}

ContainerQuestion Containers::question_of(const Entry& entry, const rec_task& task) const {
    const Container& c = *entry.snapshot;
    return {c.number, c.id, c.runtime, entry.owner, task.tgid, task.mount_ns, host_mount_ns_, task.start_ns};
}

void Containers::ask(Entry& entry, ContainerQuestion question) {
    if (!reader_) return;
    entry.waits = reader_->ask(std::move(question));
    if (entry.waits) ++entry.asked;
}

const ContainerSnapshot& Containers::current(const ContainerSnapshot& known) const {
    const auto found = containers_.find(known->number);
    return found == containers_.end() ? known : found->second.snapshot;
}

void Containers::left(const Container& container, const rec_task& task) {
    const auto found = containers_.find(container.number);
    if (found == containers_.end() || found->second.first_pid != task.tgid ||
        found->second.first_start_ns != task.start_ns)
        return;
    forget(container.number);
}

/// Snapshots that are of it stay as they are.
void Containers::forget(std::uint64_t number) {
    containers_.erase(number);
    std::erase_if(ids_, [&](const auto& item) { return item.second == number; });
}

void Containers::changed(const Container& container, const rec_task& task) {
    const auto found = containers_.find(container.number);
    if (found == containers_.end()) return;
    Entry& entry = found->second;
    entry.asked = 0;
    ContainerQuestion question = question_of(entry, task);
    if (entry.waits)
        entry.next = std::move(question);
    else
        ask(entry, std::move(question));
}

void Containers::refresh() {
    if (!reader_) return;
    for (const ContainerAnswer& answer : reader_->answers()) learn(answer);
}

void Containers::learn(const ContainerAnswer& answer) {
    const auto found = containers_.find(answer.number);
    if (found == containers_.end()) return;
    Entry& entry = found->second;
    entry.waits = false;
    auto now = std::make_shared<Container>(*entry.snapshot);
    if (answer.state) {
        entry.has_state = true;
        now->name = answer.state->name;
        now->image = answer.state->image;
        now->pod_name = answer.state->pod_name;
        now->pod_namespace = answer.state->pod_namespace;
        if (now->pod_uid.empty()) now->pod_uid = answer.state->pod_uid;
        if (now->runtime.empty()) now->runtime = answer.runtime;
    }
    if (answer.view) now->view = answer.view;
    entry.snapshot = std::move(now);
    if (entry.next) ask(entry, *std::exchange(entry.next, std::nullopt));
}

}  // namespace whodid
