/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bounds that both sides of the ring agree on. */
#pragma once

#define WHODID_KIND_MAX 128       /* kind numbers are below this: counters are arrays */
#define WHODID_ARGS_MAX 32768     /* bytes of argv kept of one exec */
#define WHODID_ENV_VALUE_MAX 1024 /* bytes of one selected environment variable */
#define WHODID_TEXT_MAX 1024      /* bytes of an audit message, a syslog line or a DNS packet */
#define WHODID_PATH_MAX 4096      /* bytes of a path, and of a string taken from a process */
#define WHODID_COMPONENTS_MAX 128 /* path components walked, mount crossings included */
#define WHODID_RECORD_MAX 65535   /* offsets in a record are 16 bit */
#define WHODID_GUARDED_MAX 8      /* sensor processes on one host */
#define WHODID_FOLD_WAYS 4        /* entries of the fold table among which a key may lie */
#define WHODID_GATE_TESTS 8       /* questions the gate asks of an act */
#define WHODID_GATE_RANGES 64     /* of numbers, in all of them together */
#define WHODID_SPARED_MAX 4       /* files whose opening is told whatever the gate says */
