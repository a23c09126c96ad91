// SPDX-License-Identifier: Apache-2.0
// Objects: what the kernel found a call about to change, kept until the call's own record comes.
#pragma once

#include <whodid/record.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "event/batch.h"
#include "event/event.h"

namespace whodid {

/// Names that a call's end takes from the process' memory may have been rewritten since by another of its
/// threads. Where the security hooks told the object itself, its path and identity take their place.
class Objects {
public:
    /// Of the thread that is in the call. `event` has a rec_object.
    void found(const Event& event);

    /// Puts the object into a change of files that worked, and takes its mark of user_supplied away; leaves
    /// the event alone when none was told of for this very call. The names then lie in the batch's arena. An
    /// object that the kernel could not name keeps the process' name, marked.
    void put_into(Event& event, rec_file& record, Batch& batch);

    /// The file that an exec which is over was asked to run: of a script the script, whose new program is its
    /// interpreter. Nothing when none was told of, or the program itself was asked for.
    void put_script_into(Event& event, Batch& batch);

    /// The thread is gone.
    void forget(std::uint32_t tid) { of_.erase(tid); }

private:
    struct Object {
        rec_object record;
        std::string path, path2;
    };

    std::optional<Object> take(std::uint32_t tid);

    std::unordered_map<std::uint32_t, Object> of_;  // by thread: it is in one call at a time
};

}  // namespace whodid
