// SPDX-License-Identifier: Apache-2.0
// Detaching the kernel side without anybody waiting for it.
#pragma once

namespace whodid {

/// Starts a child that holds the kernel side's descriptors until this process is gone, and then lets go of
/// them. The kernel detaches a program when the last descriptor of its link is closed, one after the other,
/// which takes seconds for dozens of tracepoints; with the child holding on, this process' own closing is
/// immediate. The child has a session of its own, no terminal, no working directory and no other descriptor,
/// so that pipes, terminals and mounts are free at once, and init reaps it.
///
/// Does nothing when WHODID_DETACH=wait: then this process detaches by itself. Call when everything is
/// attached and before threads are started; what is opened later the child does not hold.
void detach_behind();

}  // namespace whodid
