/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which processes are traced. */
#ifndef EBPFGO_TARGET_H
#define EBPFGO_TARGET_H

#include "types.h"

/* Kept equal to the constants in internal/loader/target.go. */
#define TARGETS_MAX 65536
#define BINARIES_MAX 4096

/*
 * Processes that were decided about, by thread group id in the initial pid namespace: 0, or the index of the binary
 * that they are traced as, plus one. A file that was touched while it ran is another binary for later processes,
 * but the same to the kernel: a hit counts for one of the two.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TARGETS_MAX);
	__type(key, u32);
	__type(value, u32);
} targets SEC(".maps");

/*
 * Per binary: whether a process that was not decided about yet is traced. It is where the executable's path
 * alone makes a process a target, so that a new process is traced from its first instruction.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BINARIES_MAX);
	__type(key, u32);
	__type(value, u8);
} binaries SEC(".maps");

static __always_inline bool is_target(u32 tgid, u32 binary)
{
	u32 *traced = bpf_map_lookup_elem(&targets, &tgid);

	if (traced)
		return *traced == binary + 1;

	u8 *all = bpf_map_lookup_elem(&binaries, &binary);

	return all && *all;
}

#endif
