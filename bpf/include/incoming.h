/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The headers of an incoming request, and the parent that they, or where it came from, name. */
#ifndef EBPFGO_INCOMING_H
#define EBPFGO_INCOMING_H

#include "b3.h"
#include "join.h"
#include "tracestate.h"

/* find_incoming_headers finds what is read of any request, and the trace context in the formats that are on. */
static __always_inline void find_incoming_headers(struct scratch *scratch, u64 address, u16 kind)
{
	u32 lengths = LENGTHS_SERVER;

	if (target_settings(scratch) & FORMAT_B3)
		lengths |= LENGTHS_B3;
	if (target_settings(scratch) & FORMAT_B3_MULTI)
		lengths |= LENGTHS_B3_MULTI;
	find_headers(scratch, address, kind, lengths);
}

/*
 * read_parent: of the formats that are on, the first one in the order of these lines that says something valid. A
 * tracestate belongs to a traceparent alone: without one it is as if it were not there (section 3.3.1).
 */
static __always_inline void read_parent(struct scratch *scratch, struct parent *parent)
{
	if (target_settings(scratch) & FORMAT_TRACECONTEXT && read_traceparent(scratch, parent))
		return;
	scratch->headers[HEADER_TRACESTATE][1] = 0;
	if (target_settings(scratch) & FORMAT_B3 && read_b3(scratch, parent))
		return;
	if (target_settings(scratch) & FORMAT_B3_MULTI)
		read_b3_multi(scratch, parent);
}

/*
 * join_client: the client's span, if that runs on this host, too, and could give the request no header. One that came with
 * a context of its own belongs to that.
 */
static __always_inline void join_client(struct scratch *scratch, const struct site *site, struct go_interface connection, u32 stream_id, struct parent *parent)
{
	/* Where entries of headers were read to: the stack has no room for it. */
	struct connection_place *place = (void *)scratch->group;
	enum connection_kind kind;

	__builtin_memset(place, 0, sizeof(*place));
	kind = read_connection(site, connection, place);
	if (kind == CONNECTION_PLAIN || kind == CONNECTION_ENCRYPTED)
		take_join(&place->key, stream_id, parent);
}

/* wants_join: no header has said anything of a parent. */
static __always_inline bool wants_join(const struct scratch *scratch, const struct parent *parent)
{
	return target_settings(scratch) & PROPAGATE_JOIN && !parent->known && !parent->denied;
}

#define TRACESTATE_VALUES_MAX 4
#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* not_printable: bits for those of eight characters that are no printable ASCII, which all of a header's value must be. */
static __always_inline u64 not_printable(u64 characters)
{
	u64 below_space = (characters - EACH_BYTE(' ')) & ~characters;
	u64 del = characters ^ EACH_BYTE(0x7f);
	u64 is_del = (del - EACH_BYTE(1)) & ~del;

	return (below_space | is_del | characters) & EACH_BYTE(0x80);
}

/* The loop over the values of a tracestate: see rounds.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TRACESTATE_VALUES_MAX);
	__type(key, u32);
	__type(value, u8);
} value_rounds SEC(".maps");

/* A walk over the values of a tracestate. */
struct value_walk {
	struct scratch *scratch;
};

static long next_tracestate(void *map, const u32 *round, void *unused, struct value_walk *walk)
{
	struct scratch *scratch = walk->scratch;
	struct tracestate *state = (void *)scratch->event;
	struct go_string value;
	u64 at, length;

	if (*round >= scratch->headers[HEADER_TRACESTATE][1])
		return LAST_ROUND;
	value = read_string(scratch->headers[HEADER_TRACESTATE][0] + *round * sizeof(value));
	at = state->length;
	length = value.length;
	/* The barriers keep the compiler from merging checks into arithmetic that older verifiers cannot follow. */
	asm volatile("" : "+r"(at));
	if (at >= TRACESTATE_MAX)
		return LAST_ROUND;
	if (*round > 0)
		state->text[at++] = ',';
	asm volatile("" : "+r"(at), "+r"(length));
	if (length == 0 || length > TRACESTATE_MAX || at >= TRACESTATE_MAX || at + length > TRACESTATE_MAX)
		return LAST_ROUND;
	at &= TRACESTATE_MAX - 1;
	if (bpf_probe_read_user(state->text + at, length, (void *)value.data))
		return LAST_ROUND;
	state->length = at + length;
	scratch->tracestates = *round + 1;
	return NEXT_ROUND;
}

/*
 * read_tracestate reads the text of all values, with commas between them (section 3.3.1.1), to where the event is built
 * later. False if there is none that all of can be kept.
 */
static __always_inline bool read_tracestate(struct scratch *scratch)
{
	struct tracestate *state = (void *)scratch->event;
	struct value_walk walk = {.scratch = scratch};
	u64 values = scratch->headers[HEADER_TRACESTATE][1];

	if (!values || values > TRACESTATE_VALUES_MAX)
		return false;
	for (u32 i = 0; i < TRACESTATE_MAX; i += sizeof(u64))
		*(u64 *)(state->text + i) = EACH_BYTE(' ');
	state->length = 0;
	scratch->tracestates = 0;
	scratch->refused = 0;
	bpf_for_each_map_elem(&value_rounds, next_tracestate, &walk, 0);
	for (u32 i = 0; i < TRACESTATE_MAX; i += sizeof(u64))
		scratch->refused |= not_printable(*(u64 *)(state->text + i));
	return !scratch->refused && scratch->tracestates == values;
}

/*
 * keep_tracestate is for a server's span with a parent, behind find_headers. It is a function of its own for the stack of
 * those that call it, which has 512 bytes with all that is called.
 */
static __noinline bool keep_tracestate(struct scratch *scratch, const struct open_span *span, u64 tgid)
{
	struct tracestate *state = (void *)scratch->event;

	if (!read_tracestate(scratch))
		return false;
	state->key.trace_id[0] = span->context.trace_id[0];
	state->key.trace_id[1] = span->context.trace_id[1];
	state->key.tgid = tgid;
	state->owner = span->context.span_id;
	return !bpf_map_update_elem(&tracestates, &state->key, state, BPF_ANY);
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
