/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The traceparent header: W3C Trace Context, section 3.2. */
#ifndef EBPFGO_TRACEPARENT_H
#define EBPFGO_TRACEPARENT_H

#include "header.h"
#include "span.h"

#define TRACEPARENT_LENGTH 55 /* of version 00 */

/*
 * The value of each lower-case hexadecimal digit, which alone are allowed, plus one. A table and no comparisons:
 * the verifier follows every branch of every digit.
 */
static const u8 hex_digits[256] = {
	['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/*
 * parse_hex reads count bytes at text. The result has a bit above the low four if a character is no digit. It is a
 * function of its own for the stack of those that call it, which has 512 bytes with all that is called.
 */
static __noinline u32 parse_hex(const u8 *text, u8 *bytes, u32 count)
{
	u32 invalid = 0;

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < count; i++) {
		u32 high = (u32)hex_digits[text[2 * i]] - 1, low = (u32)hex_digits[text[2 * i + 1]] - 1;

		invalid |= high | low;
		bytes[i] = high << 4 | low;
	}
	return invalid;
}

/* read_traceparent: the parent that the caller names, if it names one in the form of the specification. */
static __always_inline bool read_traceparent(struct scratch *scratch, struct parent *parent)
{
	/* More than one traceparent header is as good as none (section 3.2.1 wants one). */
	if (scratch->headers[HEADER_TRACEPARENT][1] != 1)
		return false;

	struct go_string value = first_value(scratch, HEADER_TRACEPARENT);
	u8 *text = scratch->group; /* where entries of headers were read to */
	u8 version, flags;
	u32 invalid = 0;

	if (value.length < TRACEPARENT_LENGTH || bpf_probe_read_user(text, TRACEPARENT_LENGTH, (void *)value.data))
		return false;
	if (text[2] != '-' || text[35] != '-' || text[52] != '-')
		return false;
	invalid |= parse_hex(text, &version, 1);
	invalid |= parse_hex(text + 3, (u8 *)parent->context.trace_id, 16);
	invalid |= parse_hex(text + 36, (u8 *)&parent->context.span_id, 8);
	invalid |= parse_hex(text + 53, &flags, 1);
	if (invalid > 0xf || version == 0xff || !(parent->context.trace_id[0] | parent->context.trace_id[1]) || !parent->context.span_id)
		return false;
	if (value.length > TRACEPARENT_LENGTH && (version == 0 || read_byte(value.data + TRACEPARENT_LENGTH) != '-'))
		return false;
	parent->sampled = flags & 1;
	parent->known = true;
	return true;
}

/*
 * follow_traceparent makes a client's span a part of the trace that the headers of its request name already. The parent
 * stays that which was found if it is in the same trace.
 */
static __always_inline void follow_traceparent(struct scratch *scratch, struct open_span *span, struct parent *parent)
{
	struct parent *named = forget_parent(&scratch->named);

	if (!read_traceparent(scratch, named))
		return;
	if (named->context.trace_id[0] == span->context.trace_id[0] && named->context.trace_id[1] == span->context.trace_id[1])
		return;
	named->sampler = parent->sampler;
	*parent = *named;
	join_trace(span, parent);
}

#endif
