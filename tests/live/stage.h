// SPDX-License-Identifier: Apache-2.0
// A stage for live tests: people log in, become root and do deeds for real, in a world that leaves no trace
// on the machine. See stage_world.h for what the world shares with it.
//
// Two things no namespace holds back: user messages of PAM and sudo reach the kernel's audit, hence the log
// of an auditd that runs; and the kernel's counters of processes and audit sessions go on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stage_accounts.h"
#include "stage_facts.h"
#include "stage_process.h"
#include "stage_pty.h"
#include "stage_syslog.h"
#include "stage_world.h"

namespace whodid::live {

struct StageOptions {
    bool own_network = true;
    bool sshd = true;
    /// Where the built deeds are; empty: none. "auto": $WHODID_DEEDS, else ../deeds as seen from the running
    /// program, else build/deeds.
    std::string deeds_dir = "auto";
};

using SshResult = RunResult;

/// Made once for a suite of tests, best before the program has threads. Everything in it dies with it.
class Stage {
public:
    /// Why there can be no stage here, as a reason to skip; empty if there can.
    static std::string available();
    static Result<std::unique_ptr<Stage>> create(const StageOptions& options = {});
    /// Kills all processes in the stage's mount namespace, which nobody else's can be in.
    ~Stage();

    /// Runs a program to its end, see run_in.
    Result<RunResult> run(const std::vector<std::string>& argv, const RunOptions& options = {}) const;
    /// Runs kDeedsDir/NAME and returns the facts it told; an Error too if it failed or told none.
    Result<std::vector<Facts>> deed(const std::string& name, const std::vector<std::string>& arguments,
                                    const RunOptions& options = {}) const;
    /// Starts an interactive program.
    Result<std::unique_ptr<PtySession>> open_terminal(const std::vector<std::string>& argv,
                                                      const RunOptions& options = {}) const;

    // ssh to the stage's sshd, as root of a client that offers one method only. A refused log-in is a result:
    // ssh exits with 255 and says why in err. An empty command starts the login shell with nothing to read.
    Result<SshResult> ssh_password(const std::string& user, const std::string& password,
                                   const std::string& command) const;
    Result<SshResult> ssh_kbdint(const std::string& user, const std::string& password,
                                 const std::string& command) const;
    Result<SshResult> ssh_key(const std::string& user, const std::string& keyfile,
                              const std::string& command) const;
    /// Logs a user in on a terminal and waits for the prompt, "NAME> ".
    Result<std::unique_ptr<PtySession>> ssh_terminal(const User& user) const;

    const World& world() const { return built_.world; }
    const SyslogReader& log() const { return *log_; }
    uint16_t ssh_port() const { return built_.port; }
    pid_t sshd_pid() const { return sshd_ ? sshd_->pid() : -1; }
    /// A path by which this program reaches a file of the stage.
    std::string path_of(const std::string& inside) const;

private:
    Stage() = default;
    Result<void> start_sshd();
    Result<SshResult> ssh(const std::string& method, const std::string& user, const std::string& command,
                          const RunOptions& options) const;

    BuiltWorld built_;
    std::unique_ptr<SyslogReader> log_;
    std::unique_ptr<Child> sshd_;
};

}  // namespace whodid::live
