// SPDX-License-Identifier: Apache-2.0
// Where a login's key is known from.
#include "enrich/login_key.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "enrich/authorized_keys.h"
#include "enrich/passwd.h"
#include "enrich/scan.h"

namespace whodid {
namespace {

// The connection's process is gone after a short login; the listener stays. Then the sensor's own view.
std::vector<std::string> roots_of(const Processes& processes, Snapshot program) {
    std::vector<std::string> roots;
    constexpr int kGenerationsMax = 4;
    for (int i = 0; i < kGenerationsMax && program && program->exe_name().starts_with("sshd"); ++i) {
        roots.push_back(fmt::format("/proc/{}/root", program->pid));
        program = processes.parent(*program);
    }
    roots.emplace_back();
    return roots;
}

bool find_key(const Host& host, const std::string& path, std::string_view fingerprint, LoginKey& found) {
    const auto text = host.read_file(path);
    const auto line = text ? find_authorized_key(*text, fingerprint) : std::nullopt;
    if (!line) return false;
    found.comment = line->comment;
    found.files.emplace_back(path, fmt::format("{} {} {}\n", line->type, line->key, line->comment));
    return true;
}

bool find_account_key(const Host& host, const std::string& root, const SshdLine& accepted, LoginKey& found) {
    const std::string path = root + "/etc/passwd";
    const auto text = host.read_file(path);
    if (!text) return false;
    const auto accounts = parse_passwd(*text).entries;
    const auto account = std::ranges::find(accounts, accepted.user, &PasswdEntry::name);
    if (account == accounts.end() || !account->home.starts_with('/')) return false;
    // The sensor's own is in the recording whole.
    if (!root.empty()) found.files.emplace_back(path, format_passwd(*account));
    const std::string directory = root + account->home + "/.ssh/";
    return find_key(host, directory + "authorized_keys", accepted.fingerprint, found) ||
           find_key(host, directory + "authorized_keys2", accepted.fingerprint, found);
}

// "TrustedUserCAKeys /etc/ssh/ca.pub", also with '=' and quotes; empty for other lines and for none.
std::string_view authorities_path(std::string_view line) {
    constexpr std::string_view kKeyword = "TrustedUserCAKeys", kBetween = " \t=\"";
    line = c_text(line);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.size() <= kKeyword.size() || strncasecmp(line.data(), kKeyword.data(), kKeyword.size()) != 0)
        return {};
    line.remove_prefix(kKeyword.size());
    const std::size_t start = line.find_first_not_of(kBetween);
    if (start == 0 || start == line.npos || line[start] != '/') return {};
    line.remove_prefix(start);
    return line.substr(0, line.find_first_of(" \t\""));
}

bool find_authority(const Host& host, const std::string& root, std::string_view fingerprint,
                    LoginKey& found) {
    const std::string main = root + "/etc/ssh/sshd_config", more = main + ".d";
    std::vector<std::string> configs = {main};
    for (const std::string& name : host.list(more)) configs.push_back(fmt::format("{}/{}", more, name));
    for (const std::string& config : configs) {
        const auto text = host.read_file(config);
        std::string_view left = text ? std::string_view(*text) : std::string_view();
        while (!left.empty()) {
            const std::string_view path = authorities_path(take_until(left, '\n'));
            if (path.empty() || !find_key(host, root + std::string(path), fingerprint, found)) continue;
            found.files.emplace_back(config, fmt::format("TrustedUserCAKeys {}\n", path));
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<LoginKey> find_login_key(const Host& host, const Processes& processes,
                                       const Snapshot& login_program, const SshdLine& accepted) {
    if (accepted.fingerprint.empty()) return std::nullopt;
    for (const std::string& root : roots_of(processes, login_program)) {
        LoginKey found;
        if (accepted.cert_id.empty() ? find_account_key(host, root, accepted, found)
                                     : find_authority(host, root, accepted.ca_fingerprint, found))
            return found;
    }
    return std::nullopt;
}

}  // namespace whodid
