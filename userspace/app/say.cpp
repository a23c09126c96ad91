// SPDX-License-Identifier: Apache-2.0
// What the commands say themselves.
#include "app/say.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "app/exit_code.h"

namespace whodid {

void ensure_standard_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);  // takes the lowest number: this one
}

void say(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

int print_page(std::string_view page) {
    const bool written =
        std::fwrite(page.data(), 1, page.size(), stdout) == page.size() && std::fflush(stdout) == 0;
    return written ? kOk : fail(Error::from_errno("cannot write to standard output"));
}

}  // namespace whodid
