/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Loops with a body that has many ways through it: bpf_for_each_map_elem (Linux 5.13) calls its callback once per
 * element of a map that has as many as there may be rounds. The verifier reads the callback once, where it would read the
 * body of a for statement once per round and way.
 */
#ifndef EBPFGO_ROUNDS_H
#define EBPFGO_ROUNDS_H

/* The callback's results. */
enum { NEXT_ROUND = 0, LAST_ROUND = 1 };

#endif
