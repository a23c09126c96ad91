// SPDX-License-Identifier: Apache-2.0
// Dpkg: which Debian package a program belongs to, by dpkg's own files.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whodid {

struct PackageOwner {
    std::string name, version;  // version: empty where it is not certain
    bool operator==(const PackageOwner&) const = default;
};

/// dpkg-divert(1): `package` alone has a file at `from`, everybody else's is at `to`. Empty: nobody's
/// package, the administrator wanted it so.
struct Diversion {
    std::string from, to, package;
    bool operator==(const Diversion&) const = default;
};

/// /var/lib/dpkg/diversions: three lines each; the last that is not whole is left out.
std::vector<Diversion> parse_diversions(std::string_view text);

/// /var/lib/dpkg/status: versions of what is installed, by "name" and by "name:architecture".
std::map<std::string, std::string, std::less<>> parse_dpkg_status(std::string_view text);

class Dpkg {
public:
    /// `root` is put before every path that is read: a test's world.
    explicit Dpkg(std::string root = {}) : root_(std::move(root)) {}

    /// Reads what has changed since the last call: the first time all, which takes tenths of a second.
    void refresh();
    /// The package that says it has a file of this name, whatever is in that file, as of now. None where none
    /// or several do.
    std::optional<PackageOwner> owner(std::string_view path);

private:
    /// Of one package, "NAME.list" or "NAME:ARCHITECTURE.list".
    struct FileList {
        std::int64_t changed_ns = 0;
        std::vector<std::uint64_t> files;  // hashes of paths, sorted
    };
    using Lists = std::map<std::string, FileList, std::less<>>;

    void refresh_lists();
    std::vector<std::uint64_t> read_list(const std::string& path) const;
    void read_links();
    std::uint64_t key_of(std::string_view path) const;
    std::vector<std::string_view> listed_by(std::string_view path) const;
    std::vector<std::string_view> owners_of(std::string_view path) const;
    std::string version_of(std::string_view package) const;
    bool has_changed(const std::string& path, std::int64_t& changed_ns) const;

    const std::string root_;
    Lists lists_;
    std::vector<Diversion> diversions_;
    std::map<std::string, std::string, std::less<>> versions_;
    std::vector<std::string> links_;  // directories that are links into /usr: "/bin", "/lib"
    std::int64_t lists_changed_ns_ = 0, diversions_changed_ns_ = 0, status_changed_ns_ = 0;
};

}  // namespace whodid
