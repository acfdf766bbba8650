/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What the kernel side sends: one event when a span starts and one when it ends. Both are built in the scratch
 * memory and copied into the ring buffer with their exact length. Kept equal to internal/events.
 */
#ifndef EBPFGO_EVENT_H
#define EBPFGO_EVENT_H

#include "memory.h"
#include "scratch.h"
#include "site.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

enum event_type {
	EVENT_START = 1,
	EVENT_END = 2,
	EVENT_SOCKET = 3, /* no span: see struct socket_event, bpf/include/insertion.h */
};

/* How a span ended. */
enum outcome {
	OUTCOME_RETURNED = 0,  /* error_type says whether with an error */
	OUTCOME_PANICKED = 1,  /* error_type is the type of the panic's value */
	OUTCOME_GOEXIT = 2,    /* runtime.Goexit */
	OUTCOME_ABANDONED = 3, /* its frame is gone, but nothing said how */
	OUTCOME_DISCARDED = 4, /* another span stands for the same operation: this one is not emitted */
};

struct event {
	u8 type;
	u8 operation; /* each instrumentation's own number */
	u16 binary;
	u32 tgid;
	u64 time; /* ns since boot, suspend included: CLOCK_BOOTTIME */
	u64 span_id;
};

struct start_event {
	struct event event;
	u64 trace_id[2];
	u64 parent_id; /* 0: the span is a root */
	u8 trace_flags;
	u8 parent_is_remote;
	u8 padding[6];
};

struct end_event {
	struct event event;
	u64 error_type; /* link-time address of a type descriptor; 0: no error, or not known */
	u8 outcome;
	u8 has_error;
	u8 padding[6];
};

/* The reader is woken when that much waits for it; below, it looks by itself now and then. */
const volatile u64 wakeup_bytes = 1 << 20;

/* begin_event starts an event of size fixed bytes; the strings follow. */
static __always_inline void *begin_event(struct scratch *scratch, const struct site *site, u32 size)
{
	scratch->length = size;
	scratch->bias = site->bias;
	__builtin_memset(scratch->event, 0, size);
	return scratch->event;
}

/*
 * A string that cannot be read may be a constant on a page of the executable that nothing has read yet, or that the
 * kernel has dropped; a uprobe's program cannot wait for it. In its place the event has its link-time address, of 8 bytes:
 * user space reads it in the file. Its length has this bit.
 */
#define STRING_ABSENT 0x8000

/* append_bytes adds at most limit bytes of the target's memory to the event. It returns what stands for their length. */
static __always_inline u16 append_bytes(struct scratch *scratch, u64 address, u64 length, u32 limit, bool may_be_absent)
{
	u32 at = scratch->length;

	if (length > limit)
		length = limit;
	if (length == 0 || at >= EVENT_STRINGS_MAX)
		return 0;
	/*
	 * The barrier keeps the compiler from merging checks into arithmetic that older verifiers cannot follow. The
	 * mask says again what was checked, for they do not know of a value that was spilled that its copy was.
	 */
	asm volatile("" : "+r"(length), "+r"(at));
	at &= EVENT_STRINGS_MAX - 1;
	if (length > STRING_MAX)
		return 0;
	if (!bpf_probe_read_user(scratch->event + at, length, (void *)address)) {
		scratch->length = at + length;
		return length;
	}
	if (!may_be_absent)
		return 0;
	address -= scratch->bias;
	__builtin_memcpy(scratch->event + at, &address, sizeof(address));
	scratch->length = at + sizeof(address);
	return length | STRING_ABSENT;
}

static __always_inline u16 append_string(struct scratch *scratch, struct go_string string, u32 limit)
{
	return append_bytes(scratch, string.data, string.length, limit, true);
}

/*
 * append_pair adds two strings that stand in the target's memory with one character between them, by one read of all
 * three. False, with nothing added, if they do not.
 */
static __always_inline bool append_pair(struct scratch *scratch, struct go_string first, struct go_string second, u32 limit)
{
	if (!second.length || first.length >= limit || second.length >= limit - first.length || second.data != first.data + first.length + 1)
		return false;
	return append_bytes(scratch, first.data, first.length + 1 + second.length, limit, false);
}

/* send_event: false when it was lost, which is counted. */
static __always_inline bool send_event(struct scratch *scratch)
{
	u32 length = scratch->length;
	u64 flags = BPF_RB_NO_WAKEUP;

	if (length > EVENT_MAX)
		return false;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > wakeup_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&events, scratch->event, length, flags)) {
		count_loss(LOSS_RING_FULL);
		return false;
	}
	return true;
}

#endif
