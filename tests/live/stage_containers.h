// SPDX-License-Identifier: Apache-2.0
// Containers for live tests, made by the runtimes that are installed. They run on the machine itself: a
// runtime needs its cgroups, and the sensor looks for its state where it lies by default.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stage_process.h"

namespace whodid::live {

/// In a container's own accounts: inside, whose number is alice's on the stage, of the group insiders.
inline constexpr const char* kInside = "inside";
inline constexpr const char* kInsiders = "insiders";

/// A root directory of its own: busybox, accounts, /data/secret; and a volume with a file called note.
class ContainerRoot {
public:
    static Result<std::unique_ptr<ContainerRoot>> create();
    ~ContainerRoot();

    std::string root() const { return directory_ + "/root"; }
    std::string volume() const { return directory_ + "/volume"; }
    const std::string& directory() const { return directory_; }

    /// Reads /data/secret, and /vol/note if it is there, ten times a second until it is killed.
    static std::vector<std::string> reader();

private:
    std::string directory_;
};

/// Podman with its default storage: no daemon. The containers it ran are removed with it.
class Podman {
public:
    /// Why there are none here; empty if there can be.
    static std::string available();
    ~Podman();

    /// Starts one and returns its id. `arguments` end with the root or image, and the command.
    Result<std::string> run(const std::string& name, std::vector<std::string> arguments,
                            const RunOptions& options = {});
    Result<RunResult> call(std::vector<std::string> arguments, const RunOptions& options = {}) const;
    void remove(const std::string& name);

private:
    std::vector<std::string> names_;
};

/// A containerd of the test's own, and what ctr started in it.
class Containerd {
public:
    /// Why there is none here; empty if there can be.
    static std::string available();
    /// Starts the daemon and waits for its socket.
    static Result<std::unique_ptr<Containerd>> start(const std::string& directory);
    ~Containerd();

    Result<void> run(const std::string& name, std::vector<std::string> arguments);
    Result<RunResult> call(std::vector<std::string> arguments) const;

private:
    std::string socket_;
    std::unique_ptr<Child> daemon_;
    std::vector<std::string> names_;
};

}  // namespace whodid::live
