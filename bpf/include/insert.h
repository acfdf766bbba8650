/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The bytes that a request is given: traceparent, and tracestate if its trace came with one, as lines of HTTP/1.1 (RFC
 * 9112, section 5) or as fields of HTTP/2 (RFC 7541, section 6.2.3: literal, never indexed, so that no table changes).
 * They are built in the scratch memory for events: scratch->event has them, scratch->length says how many.
 */
#ifndef EBPFGO_INSERT_H
#define EBPFGO_INSERT_H

#include "outgoing.h"
#include "scratch.h"
#include "tracestate.h"

#define INSERT_MIN 69 /* a traceparent alone, as a field */
#define INSERT_MAX 640

#define LINE_START "Traceparent: 00-"
#define LINE_END "\r\n"
#define LINE_TRACESTATE "Tracestate: "
#define FIELD_START "\x10\x0btraceparent\x37" "00-"
#define FIELD_TRACESTATE "\x10\x0atracestate"
#define FIELD_LENGTH_MAX 127 /* the largest value of a length's first byte, which says that more bytes follow */

static const char hex_of[16] = "0123456789abcdef";

/* put_text adds a string constant. It and the others add at a place that is known when the program is compiled. */
#define put_text(scratch, at, text)                                                                                                         \
	({                                                                                                                                  \
		__builtin_memcpy((scratch)->event + (at), text, sizeof(text) - 1);                                                          \
		(at) + sizeof(text) - 1;                                                                                                    \
	})

static __always_inline u32 put_hex(struct scratch *scratch, u32 at, const void *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		scratch->event[at + 2 * i] = hex_of[((const u8 *)bytes)[i] >> 4];
		scratch->event[at + 2 * i + 1] = hex_of[((const u8 *)bytes)[i] & 0xf];
	}
	return at + 2 * count;
}

/* put_ids adds what stands behind the version of a traceparent. */
static __always_inline u32 put_ids(struct scratch *scratch, u32 at, const struct outgoing *request)
{
	at = put_hex(scratch, at, request->context.trace_id, 16);
	scratch->event[at++] = '-';
	at = put_hex(scratch, at, &request->context.span_id, 8);
	at = put_text(scratch, at, "-0");
	scratch->event[at++] = request->sampled ? '1' : '0';
	return at;
}

/* find_tracestate: NULL when the request has none to pass on. */
static __always_inline struct tracestate *find_tracestate(const struct outgoing *request, u64 tgid)
{
	struct tracestate_key key = {.trace_id = {request->context.trace_id[0], request->context.trace_id[1]}, .tgid = tgid};
	struct tracestate *state = request->has_tracestate ? bpf_map_lookup_elem(&tracestates, &key) : NULL;

	if (!state || state->key.trace_id[0] != key.trace_id[0] || state->key.trace_id[1] != key.trace_id[1])
		return NULL;
	return state;
}

/* put_state adds the text of a tracestate, and spaces, at a place that may depend on its length. */
static __always_inline void put_state(struct scratch *scratch, u32 at, const struct tracestate *state)
{
	for (u32 i = 0; i < TRACESTATE_MAX; i += sizeof(u64))
		*(u64 *)(scratch->event + ((at + i) & 0x3ff)) = *(const u64 *)(state->text + i);
}

/* build_line: complete lines, which stand between other lines. */
static __always_inline void build_line(struct scratch *scratch, const struct outgoing *request, u64 tgid)
{
	struct tracestate *state = find_tracestate(request, tgid);
	u32 at = put_text(scratch, 0, LINE_START);

	at = put_ids(scratch, at, request);
	at = put_text(scratch, at, LINE_END);
	if (state) {
		u32 length = state->length & (2 * TRACESTATE_MAX - 1);

		at = put_text(scratch, at, LINE_TRACESTATE);
		put_state(scratch, at, state);
		at += length;
		at = put_text(scratch, at, LINE_END);
	}
	scratch->length = at;
}

/* build_field: complete fields, which stand behind all others of a header block. */
static __always_inline void build_field(struct scratch *scratch, const struct outgoing *request, u64 tgid)
{
	struct tracestate *state = find_tracestate(request, tgid);
	u32 at = put_text(scratch, 0, FIELD_START);

	at = put_ids(scratch, at, request);
	if (state) {
		u32 length = state->length & (2 * TRACESTATE_MAX - 1), rest = length - FIELD_LENGTH_MAX;

		/* RFC 7541, section 5.1: a number that does not fit seven bits goes on in bytes of seven bits, lowest first. */
		at = put_text(scratch, at, FIELD_TRACESTATE);
		if (length < FIELD_LENGTH_MAX) {
			scratch->event[at++] = length;
		} else if (rest < 128) {
			scratch->event[at++] = FIELD_LENGTH_MAX;
			scratch->event[at++] = rest;
		} else {
			scratch->event[at++] = FIELD_LENGTH_MAX;
			scratch->event[at++] = 0x80 | (rest & 0x7f);
			scratch->event[at++] = rest >> 7;
		}
		put_state(scratch, at, state);
		at += length;
	}
	scratch->length = at;
}

#endif
