/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The headers of Zipkin (B3 Propagation): the single one, "{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}" of which
 * the last two may be missing, or a sampling state alone; and X-B3-TraceId and its kin, one for each part.
 */
#ifndef EBPFGO_B3_H
#define EBPFGO_B3_H

#include "traceparent.h"

#define B3_ID 16	     /* digits of a span's identifier, and of a trace's that has 64 bits */
#define B3_TRACE_ID 32	     /* of a trace's that has 128 */
#define B3_SPAN (1 + B3_ID)  /* "-" and the span's identifier */
#define B3_STATE (B3_SPAN + 2)
#define B3_PARENT (B3_STATE + 1 + B3_ID)

/* one_value: the value of a header that is there once; more are as good as none. */
static __always_inline struct go_string one_value(const struct scratch *scratch, enum header header)
{
	struct go_string none = {};

	return scratch->headers[header][1] == 1 ? first_value(scratch, header) : none;
}

/* parse_b3_trace_id: one of 64 bits gets zeros before it. The text goes where entries of headers were read to. */
static __always_inline bool parse_b3_trace_id(struct scratch *scratch, u64 address, u64 digits, u64 trace_id[2])
{
	u8 *text = scratch->group;
	u32 invalid = 0;

	if (digits == B3_ID) {
		if (bpf_probe_read_user(text, B3_ID, (void *)address))
			return false;
		trace_id[0] = 0;
		invalid |= parse_hex(text, (u8 *)&trace_id[1], 8);
	} else {
		if (digits != B3_TRACE_ID || bpf_probe_read_user(text, B3_TRACE_ID, (void *)address))
			return false;
		invalid |= parse_hex(text, (u8 *)trace_id, 16);
	}
	return invalid <= 0xf && (trace_id[0] | trace_id[1]);
}

/* parse_b3_state: what is said of sampling. Nothing leaves it to who is called, which here is to sample. */
static __always_inline bool parse_b3_state(u8 state, struct parent *parent)
{
	parent->sampled = state != '0';
	return state == '0' || state == '1' || state == 'd';
}

/* read_b3_state: a sampling state without a span. To deny is to say that there is nothing to trace. */
static __always_inline bool read_b3_state(struct go_string value, struct parent *parent)
{
	u8 state = value.length == 1 ? read_byte(value.data) : 0;

	parent->denied = state == '0';
	return parent->denied;
}

/* read_b3: the parent, or the denial, that the single header says. */
static __always_inline bool read_b3(struct scratch *scratch, struct parent *parent)
{
	struct go_string value = one_value(scratch, HEADER_B3);
	u8 *text = scratch->group;
	u64 parent_id;
	u32 digits, rest, invalid = 0;

	if (value.length < B3_ID + B3_SPAN)
		return read_b3_state(value, parent);
	/* With a trace identifier of either length, the three forms have six different lengths. */
	digits = value.length == B3_ID + B3_SPAN || value.length == B3_ID + B3_STATE || value.length == B3_ID + B3_PARENT ? B3_ID : B3_TRACE_ID;
	rest = value.length - digits;
	if (value.length > B3_TRACE_ID + B3_PARENT || (rest != B3_SPAN && rest != B3_STATE && rest != B3_PARENT))
		return false;
	if (bpf_probe_read_user(text, rest, (void *)(value.data + digits)) || text[0] != '-')
		return false;
	invalid |= parse_hex(text + 1, (u8 *)&parent->context.span_id, 8);
	parent->sampled = true;
	if (rest >= B3_STATE && (text[B3_SPAN] != '-' || !parse_b3_state(text[B3_SPAN + 1], parent)))
		return false;
	if (rest == B3_PARENT) {
		if (text[B3_STATE] != '-')
			return false;
		invalid |= parse_hex(text + B3_STATE + 1, (u8 *)&parent_id, 8);
	}
	parent->known = invalid <= 0xf && parent->context.span_id && parse_b3_trace_id(scratch, value.data, digits, parent->context.trace_id);
	return parent->known;
}

/* read_b3_multi: the same by one header for each part. X-B3-Flags: 1 is the debug state, X-B3-ParentSpanId is of no interest. */
static __always_inline bool read_b3_multi(struct scratch *scratch, struct parent *parent)
{
	struct go_string trace_id = one_value(scratch, HEADER_B3_TRACE_ID), span_id = one_value(scratch, HEADER_B3_SPAN_ID);
	struct go_string sampled = one_value(scratch, HEADER_B3_SAMPLED), flags = one_value(scratch, HEADER_B3_FLAGS);
	bool debug = flags.length == 1 && read_byte(flags.data) == '1';
	u32 invalid = 0;

	if (!scratch->headers[HEADER_B3_TRACE_ID][1] && !scratch->headers[HEADER_B3_SPAN_ID][1])
		return !debug && read_b3_state(sampled, parent);
	if (span_id.length != B3_ID || bpf_probe_read_user(scratch->group, B3_ID, (void *)span_id.data))
		return false;
	invalid |= parse_hex(scratch->group, (u8 *)&parent->context.span_id, 8);
	parent->sampled = true;
	if (!debug && scratch->headers[HEADER_B3_SAMPLED][1] &&
	    (sampled.length != 1 || !parse_b3_state(read_byte(sampled.data), parent)))
		return false;
	parent->known = invalid <= 0xf && parent->context.span_id && parse_b3_trace_id(scratch, trace_id.data, trace_id.length, parent->context.trace_id);
	return parent->known;
}

#endif
