/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Requests that are about to be written to a connection, by targets whose own memory is not written to. */
#ifndef EBPFGO_ARM_H
#define EBPFGO_ARM_H

#include "insertion.h"
#include "join.h"

static __always_inline enum propagation arm_connection(u32 settings, enum connection_kind kind, const struct connection_place *place,
						       struct insertion *wanted, u64 offset)
{
	switch (kind) {
	case CONNECTION_PLAIN:
		return settings & PROPAGATE_SOCKET ? arm_insertion(place, wanted, offset) : PROPAGATION_REFUSED;
	case CONNECTION_ENCRYPTED:
		return PROPAGATION_ENCRYPTED;
	case CONNECTION_NOT_TCP:
		return PROPAGATION_NOT_TCP;
	default:
		return PROPAGATION_UNREADABLE;
	}
}

/* join_connection: a request that gets no header can be found by its connection, if that was told. HTTP/1 has no streams. */
static __always_inline bool join_connection(u32 settings, enum connection_kind kind, const struct connection_place *place,
					    const struct insertion *wanted)
{
	return settings & PROPAGATE_JOIN && (kind == CONNECTION_PLAIN || kind == CONNECTION_ENCRYPTED) &&
	       remember_join(&place->key, wanted->stream_id, &wanted->request.context, wanted->request.sampled);
}

/*
 * arm is for a request whose header block will stand offset bytes behind what was written to its connection so far.
 * wanted is all that but its position.
 */
static __always_inline void arm(struct site *site, struct go_interface conn, struct insertion *wanted, u64 offset)
{
	u32 settings = find_target(site);
	struct connection_place place = {};
	enum connection_kind kind = read_connection(site, conn, &place);
	enum propagation outcome = arm_connection(settings, kind, &place, wanted, offset);

	if (outcome == PROPAGATION_INSERTED)
		return;
	count_propagation(join_connection(settings, kind, &place, wanted) ? PROPAGATION_JOINABLE : outcome);
}

#endif
