// SPDX-License-Identifier: Apache-2.0
// What the benchmark executes: linked statically, it costs little beyond fork, exec and exit themselves. With
// an argument it stays until a signal ends it: one of many processes that live.
#include <unistd.h>

int main(int argc, char** argv) {
    (void)argv;
    if (argc > 1) pause();
    return 0;
}
