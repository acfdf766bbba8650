/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which processes are traced. */
#ifndef EBPFGO_TARGET_H
#define EBPFGO_TARGET_H

#include "site.h"

/* Kept equal to the constants in internal/loader/target.go. */
#define TARGETS_MAX 65536
#define BINARIES_MAX 4096

/*
 * What is asked of a traced process besides spans. Kept equal to Settings in internal/loader/settings.go: the ways by which
 * its requests are given a traceparent, the formats of incoming ones that are read, and the number of the sampler that
 * decides about its traces, see sampler.h.
 */
#define PROPAGATE_WRITE 1
#define PROPAGATE_SOCKET 2
#define PROPAGATE_JOIN 4
#define FORMAT_TRACECONTEXT 8
#define FORMAT_B3 16
#define FORMAT_B3_MULTI 32
#define SAMPLER_SHIFT 8
#define SAMPLER_MASK 0xff
#define TRACED 0x80000000U /* set in what find_target returns of a target, and in binaries */

#define PROPAGATE (PROPAGATE_WRITE | PROPAGATE_SOCKET | PROPAGATE_JOIN)

struct target {
	u32 binary; /* index of the binary that it is traced as, plus one; 0: it is none */
	u32 settings;
	u64 network; /* inode of its network namespace; 0: not known */
	u64 identity; /* a number that no other process has had and that nobody can guess */
};

/*
 * Processes that were decided about, by thread group id in the initial pid namespace. A file that was touched while it
 * ran is another binary for later processes, but the same to the kernel: a hit counts for one of the two.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TARGETS_MAX);
	__type(key, u32);
	__type(value, struct target);
} targets SEC(".maps");

/*
 * Per binary: whether, and with which settings, a process that was not decided about yet is traced. It is where the
 * executable's path alone makes a process a target, so that a new process is traced from its first instruction.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BINARIES_MAX);
	__type(key, u32);
	__type(value, u32);
} binaries SEC(".maps");

/* find_target: TRACED and the settings of the running process, 0 if it is no target. It sets the site's identity. */
static __always_inline u32 find_target(struct site *site)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct target *target = bpf_map_lookup_elem(&targets, &tgid);

	if (target) {
		site->identity = target->identity;
		return target->binary == site->binary + 1 ? target->settings | TRACED : 0;
	}

	u32 *all = bpf_map_lookup_elem(&binaries, &site->binary);

	return all ? *all : 0;
}

#endif
