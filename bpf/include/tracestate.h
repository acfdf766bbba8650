/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The tracestate that a request came with, kept while its server's span is open, so that requests of the same trace that
 * go out can pass it on: W3C Trace Context, section 3.3.
 */
#ifndef EBPFGO_TRACESTATE_H
#define EBPFGO_TRACESTATE_H

#include "header.h"
#include "lineage.h"

#define TRACESTATE_MAX 512 /* what must be passed on at least (section 3.3.1.5); a longer one is not */
#define TRACESTATES_MAX 4096
#define TRACESTATE_VALUES_MAX 4

struct tracestate_key {
	u64 trace_id[2];
	u64 tgid;
};

struct tracestate {
	struct tracestate_key key; /* repeated, as in struct goroutine */
	u64 owner;		   /* the server's span that it came with */
	u64 length;
	u8 text[TRACESTATE_MAX]; /* spaces behind it */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRACESTATES_MAX);
	__type(key, struct tracestate_key);
	__type(value, struct tracestate);
} tracestates SEC(".maps");

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* is_printable: whether all eight characters are printable ASCII, as all of a header's value must be. */
static __always_inline bool is_printable(u64 characters)
{
	u64 below_space = (characters - EACH_BYTE(' ')) & ~characters;
	u64 del = characters ^ EACH_BYTE(0x7f);
	u64 is_del = (del - EACH_BYTE(1)) & ~del;

	return !((below_space | is_del | characters) & EACH_BYTE(0x80));
}

/* read_tracestate: the text of all values, with commas between them (section 3.3.1.1). */
static __always_inline bool read_tracestate(const struct scratch *scratch, struct tracestate *state)
{
	u64 values = scratch->headers[HEADER_TRACESTATE][1];
	bool printable = true;

	if (!values || values > TRACESTATE_VALUES_MAX)
		return false;
	for (u32 i = 0; i < TRACESTATE_MAX; i += sizeof(u64))
		*(u64 *)(state->text + i) = EACH_BYTE(' ');
	state->length = 0;
	for (u32 i = 0; i < TRACESTATE_VALUES_MAX && i < values; i++) {
		struct go_string value = read_string(scratch->headers[HEADER_TRACESTATE][0] + i * sizeof(value));
		u64 at = state->length, length = value.length;

		if (i > 0 && at < TRACESTATE_MAX)
			state->text[at++] = ',';
		/* The barrier keeps the compiler from merging checks into arithmetic that older verifiers cannot follow. */
		asm volatile("" : "+r"(at), "+r"(length));
		if (length == 0 || length > TRACESTATE_MAX || at >= TRACESTATE_MAX || at + length > TRACESTATE_MAX)
			return false;
		at &= TRACESTATE_MAX - 1;
		if (bpf_probe_read_user(state->text + at, length, (void *)value.data))
			return false;
		state->length = at + length;
	}
	for (u32 i = 0; i < TRACESTATE_MAX; i += sizeof(u64))
		printable &= is_printable(*(u64 *)(state->text + i));
	return printable;
}

/*
 * keep_tracestate is for a server's span with a parent, behind find_headers. The event is built later. It is a function
 * of its own for the stack of those that call it, which has 512 bytes with all that is called.
 */
static __noinline void keep_tracestate(struct scratch *scratch, struct open_span *span, u64 tgid)
{
	struct tracestate *state = (void *)scratch->event;

	if (!read_tracestate(scratch, state))
		return;
	state->key.trace_id[0] = span->context.trace_id[0];
	state->key.trace_id[1] = span->context.trace_id[1];
	state->key.tgid = tgid;
	state->owner = span->context.span_id;
	span->has_tracestate = !bpf_map_update_elem(&tracestates, &state->key, state, BPF_ANY);
}

/* forget_tracestate is for the end of a server's span. */
static __always_inline void forget_tracestate(const struct open_span *span, u64 tgid)
{
	struct tracestate_key key = {.trace_id = {span->context.trace_id[0], span->context.trace_id[1]}, .tgid = tgid};
	struct tracestate *state = span->has_tracestate ? bpf_map_lookup_elem(&tracestates, &key) : NULL;

	if (state && state->owner == span->context.span_id)
		bpf_map_delete_elem(&tracestates, &key);
}

#endif
