/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the kernel side could not deliver, counted by reason. Nothing is lost without a number that says so. */
#ifndef EBPFGO_LOSS_H
#define EBPFGO_LOSS_H

#include "types.h"

/* Kept equal to Loss in internal/events/loss.go. */
enum loss {
	LOSS_RING_FULL,	   /* the ring buffer had no room: the reader is behind */
	LOSS_STATE_FULL,   /* more goroutines with open spans than the state holds */
	LOSS_NESTING,	   /* more open spans on one goroutine than its state holds */
	LOSS_SCRATCH_BUSY, /* every working buffer was in use */
	LOSS_UNREADABLE,   /* the target's memory could not be read where a span needs it */
	LOSS_REASONS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOSS_REASONS);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

static __always_inline void count_loss(enum loss reason)
{
	u32 key = reason;
	u64 *count = bpf_map_lookup_elem(&losses, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
}

#endif
