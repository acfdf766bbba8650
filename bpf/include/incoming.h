/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The headers of an incoming request, and the parent that they, or where it came from, name. */
#ifndef EBPFGO_INCOMING_H
#define EBPFGO_INCOMING_H

#include "b3.h"
#include "join.h"

/* find_incoming_headers finds what is read of any request, and the trace context in the formats that are on. */
static __always_inline void find_incoming_headers(struct scratch *scratch, u64 address, u16 kind, u32 settings)
{
	u32 lengths = LENGTHS_SERVER;

	if (settings & FORMAT_B3)
		lengths |= LENGTHS_B3;
	if (settings & FORMAT_B3_MULTI)
		lengths |= LENGTHS_B3_MULTI;
	find_headers(scratch, address, kind, lengths);
}

/*
 * read_parent: of the formats that are on, the first one in the order of these lines that says something valid. A
 * tracestate belongs to a traceparent alone: without one it is as if it were not there (section 3.3.1).
 */
static __always_inline void read_parent(struct scratch *scratch, u32 settings, struct parent *parent)
{
	if (settings & FORMAT_TRACECONTEXT && read_traceparent(scratch, parent))
		return;
	scratch->headers[HEADER_TRACESTATE][1] = 0;
	if (settings & FORMAT_B3 && read_b3(scratch, parent))
		return;
	if (settings & FORMAT_B3_MULTI)
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
static __always_inline bool wants_join(u32 settings, const struct parent *parent)
{
	return settings & PROPAGATE_JOIN && !parent->known && !parent->denied;
}

#endif
