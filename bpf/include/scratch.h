/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Working memory that is too large for the 512 bytes of a BPF stack. It is not per CPU, because a uprobe
 * program can be preempted and moved: it is taken by compare-and-swap and given back before the program ends.
 */
#ifndef EBPFGO_SCRATCH_H
#define EBPFGO_SCRATCH_H

#include "loss.h"
#include "parent.h"

#define SCRATCH_TRIES 8
#define STRUCT_MAX 512
#define GROUP_MAX 384
#define KEY_MAX 40
#define HEADERS_MAX 16
#define VALUES_MAX 256
#define STRING_MAX 8192
#define EVENT_STRINGS_MAX 8192 /* what all strings of one event may take before the last one is added */
#define EVENT_MAX (EVENT_STRINGS_MAX + STRING_MAX)

struct scratch {
	u32 busy;
	u32 length;		     /* bytes of event that are in use */
	u32 lengths;		     /* of the names of headers that are wanted, as bits */
	u32 settings;		     /* of the target */
	u32 values_length;	     /* bytes of values that were read */
	u32 tracestates;	     /* how many values of a tracestate were read */
	u64 bias;		     /* of the site that the event comes from */
	u64 refused;		     /* bits of characters in it that it may not have */
	u64 values_from;	     /* the address that they stand at, and before: the lowest and the highest of headers */
	u64 values_to;
	struct parent parent;	     /* of the span that is opened */
	struct parent named;	     /* of another one that is looked for meanwhile */
	u64 headers[HEADERS_MAX][2]; /* address and count of the values of each wanted header */
	u8 object[STRUCT_MAX];	     /* a Go struct, as it was read */
	u8 group[GROUP_MAX];	     /* a bucket or group of a Go map */
	u8 name[KEY_MAX];	     /* a key of it that may be wanted */
	u8 values[VALUES_MAX];	     /* the Go strings that the wanted headers have for values, where they stand together */
	u8 event[EVENT_MAX];
};

/* The number of slots that user space sets: one per possible CPU and some more. */
const volatile u32 scratch_slots = 64;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *take_scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	for (u32 i = 0; i < SCRATCH_TRIES; i++) {
		u32 slot = (cpu + i) % scratch_slots;
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);

		if (scratch && !__sync_val_compare_and_swap(&scratch->busy, 0, 1))
			return scratch;
	}
	count_loss(LOSS_SCRATCH_BUSY);
	return NULL;
}

/*
 * target_settings: those that find_target has returned. They are read each time that one is asked for, because the verifier,
 * which keeps track of each bit of a word that was looked at, would follow every combination of them through all that comes after.
 */
static __always_inline u32 target_settings(const struct scratch *scratch)
{
	return *(const volatile u32 *)&scratch->settings;
}

/*
 * forget_parent: what is known of a parent is in the scratch memory, for the same reason: the verifier keeps track of
 * what is on the stack.
 */
static __always_inline struct parent *forget_parent(struct parent *parent)
{
	__builtin_memset(parent, 0, sizeof(*parent));
	return parent;
}

static __always_inline void give_scratch(struct scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->busy, 0);
}

#endif
