// SPDX-License-Identifier: Apache-2.0
// dpkg's files: which package lists a path, what was diverted, which versions are installed.
#include "enrich/dpkg.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/hash.h"
#include "base/host.h"
#include "enrich/scan.h"

namespace whodid {

namespace {

constexpr std::size_t kDpkgFileMax = 64 << 20;  // bytes of one of dpkg's files
constexpr std::string_view kSuffix = ".list";

constexpr const char* kInfo = "/var/lib/dpkg/info";
constexpr const char* kStatus = "/var/lib/dpkg/status";
constexpr const char* kDiversions = "/var/lib/dpkg/diversions";
constexpr const char* kUpdates = "/var/lib/dpkg/updates";  // what dpkg has done and not written to its status

/// Of a file or a directory; 0 where there is none.
std::int64_t change_time(const std::string& path) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) return 0;
    return st.st_mtim.tv_sec * std::int64_t{1'000'000'000} + st.st_mtim.tv_nsec;
}

std::string text_of(const std::string& path) {
    auto text = read_regular_file(path, kDpkgFileMax);
    return text ? std::move(*text) : std::string();
}

/// "libc6" of "libc6:amd64".
std::string_view without_architecture(std::string_view package) {
    return package.substr(0, package.find(':'));
}

/// "Version: 1.2-3" where `key` is "Version".
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') return std::nullopt;
    line.remove_prefix(key.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
}

/// What the status file says of one package.
struct Stanza {
    std::string_view name, version, architecture, status;

    void read(std::string_view line) {
        if (const auto value = value_of(line, "Package")) name = *value;
        if (const auto value = value_of(line, "Version")) version = *value;
        if (const auto value = value_of(line, "Architecture")) architecture = *value;
        if (const auto value = value_of(line, "Status")) status = *value;
    }
    bool is_installed() const { return !name.empty() && !version.empty() && status.ends_with(" installed"); }
};

}  // namespace

std::vector<Diversion> parse_diversions(std::string_view text) {
    std::vector<Diversion> diversions;
    while (!text.empty()) {
        const std::string_view from = take_until(text, '\n'), to = take_until(text, '\n');
        const std::string_view package = take_until(text, '\n');
        if (!from.starts_with('/') || !to.starts_with('/') || package.empty()) continue;
        diversions.push_back(
            {std::string(from), std::string(to), package == ":" ? "" : std::string(package)});
    }
    return diversions;
}

std::map<std::string, std::string, std::less<>> parse_dpkg_status(std::string_view text) {
    std::map<std::string, std::string, std::less<>> versions;
    Stanza stanza;
    while (!text.empty()) {
        const std::string_view line = take_until(text, '\n');
        stanza.read(line);
        if (!line.empty() && !text.empty()) continue;
        if (stanza.is_installed()) {
            const std::string name(stanza.name), version(stanza.version);
            versions.insert_or_assign(name, version);
            versions.insert_or_assign(std::string(name).append(":").append(stanza.architecture), version);
        }
        stanza = {};
    }
    return versions;
}

std::optional<PackageOwner> Dpkg::owner(std::string_view path) {
    refresh();
    const auto owners = owners_of(path);
    if (owners.size() != 1) return std::nullopt;
    return PackageOwner{std::string(without_architecture(owners.front())), version_of(owners.front())};
}

std::vector<std::string_view> Dpkg::owners_of(std::string_view path) const {
    for (const Diversion& d : diversions_) {
        const bool is_from = key_of(d.from) == key_of(path);
        if (!is_from && key_of(d.to) != key_of(path)) continue;
        auto owners = listed_by(d.from);
        std::erase_if(owners, [&](std::string_view package) {
            return (without_architecture(package) == d.package) != is_from;
        });
        return owners;
    }
    return listed_by(path);
}

std::vector<std::string_view> Dpkg::listed_by(std::string_view path) const {
    std::vector<std::string_view> packages;
    const std::uint64_t key = key_of(path);
    for (const auto& [package, list] : lists_)
        if (std::ranges::binary_search(list.files, key)) packages.push_back(package);
    return packages;
}

/// While dpkg is at work the status file is of before.
std::string Dpkg::version_of(std::string_view package) const {
    if (!LiveHost().list(root_ + kUpdates).empty()) return {};
    const auto found = versions_.find(package);
    return found == versions_.end() ? std::string() : found->second;
}

bool Dpkg::has_changed(const std::string& path, std::int64_t& changed_ns) const {
    const std::int64_t before = std::exchange(changed_ns, change_time(root_ + path));
    return changed_ns != before;
}

void Dpkg::refresh() {
    if (has_changed(kDiversions, diversions_changed_ns_))
        diversions_ = parse_diversions(text_of(root_ + kDiversions));
    if (has_changed(kStatus, status_changed_ns_)) versions_ = parse_dpkg_status(text_of(root_ + kStatus));
    if (has_changed(kInfo, lists_changed_ns_)) refresh_lists();
}

void Dpkg::refresh_lists() {
    read_links();
    Lists now;
    for (const std::string& name : LiveHost().list(root_ + kInfo)) {
        if (!name.ends_with(kSuffix)) continue;
        const std::string package = name.substr(0, name.size() - kSuffix.size());
        const std::string path = (root_ + kInfo).append("/").append(name);
        const std::int64_t changed_ns = change_time(path);
        const auto before = lists_.find(package);
        const bool is_known = before != lists_.end() && before->second.changed_ns == changed_ns;
        now[package] = is_known ? std::move(before->second) : FileList{changed_ns, read_list(path)};
    }
    lists_ = std::move(now);
}

std::vector<std::uint64_t> Dpkg::read_list(const std::string& path) const {
    const std::string text = text_of(path);
    std::vector<std::uint64_t> files;
    for (std::string_view rest = text; !rest.empty();) files.push_back(key_of(take_until(rest, '\n')));
    std::ranges::sort(files);
    files.shrink_to_fit();
    return files;
}

/// Packages still list /bin/ls where /bin is a link and the kernel says /usr/bin/ls.
void Dpkg::read_links() {
    links_.clear();
    for (const char* directory : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
        const std::string to = LiveHost().link(root_ + directory);
        if (to == std::string("usr") + directory || to == std::string("/usr") + directory)
            links_.emplace_back(directory);
    }
}

/// One for all names of a path.
std::uint64_t Dpkg::key_of(std::string_view path) const {
    for (const std::string& link : links_)
        if (path.starts_with(link) && path.substr(link.size()).starts_with('/'))
            return hash_bytes(std::string("/usr").append(path)).low;
    return hash_bytes(path).low;
}

}  // namespace whodid
