// SPDX-License-Identifier: Apache-2.0
// What the benchmark executes: linked statically, it costs little beyond fork, exec and exit themselves.
int main(void) { return 0; }
