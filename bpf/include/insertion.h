/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What is to be inserted into the bytes that a program sends, behind its back, and what is kept of the connections that
 * this is done to. A uprobe arms an insertion before the bytes are written; the sk_msg program of socket.bpf.c carries
 * it out when they pass.
 */
#ifndef EBPFGO_INSERTION_H
#define EBPFGO_INSERTION_H

#include "connection.h"
#include "event.h"
#include "outgoing.h"

#define CONNECTIONS_MAX 32768
#define INSERTIONS_MAX 16384
#define ARMED_MAX 4096			/* insertions of one connection that wait at a time */
#define ASK_AGAIN_AFTER 1000000000ULL	/* ns, before user space is asked again to watch a socket */

/* Kept equal to the states in internal/socket/state.go. */
enum connection_state {
	CONNECTION_WANTED,   /* user space was asked to watch its socket */
	CONNECTION_FRESH,    /* it is watched; where in its stream it is will show with what it sends next */
	CONNECTION_FOLLOWED, /* its position is known */
	CONNECTION_IDLE,     /* user space was asked not to watch it any more: it sends nothing that is traced */
	CONNECTION_LOST,     /* what it sent was not what was expected, or it cannot be watched: it is left alone for good */
};

/*
 * A position is a place in the stream of bytes that the program sends. It counts as TCP's sequence numbers do, less
 * what was inserted before it. The kernel's own count (tcp_sock.write_seq) says where a message begins, so that it does
 * not matter which messages went by unseen, or were sent in part.
 */
struct connection {
	u64 id;	       /* the cookie of its socket: names its insertions */
	u64 asked;     /* when user space was asked last; ns since boot */
	u32 position;  /* of the next byte that the program sends */
	u32 inserted;  /* bytes so far */
	u32 head;      /* number of the first insertion that waits */
	u32 tail;      /* number of the next one that is armed */
	u32 patience;  /* messages without an insertion that it may still send */
	u8 state;
	u8 padding[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, struct connection_key);
	__type(value, struct connection);
} connections SEC(".maps");

struct insertion_key {
	u64 connection;
	u32 number;
	u32 padding;
};

enum insertion_kind {
	INSERTION_LINE,	 /* HTTP/1.1: a line of the header block ends right before it */
	INSERTION_FRAME, /* HTTP/2: the HEADERS frame of the stream begins there; what is inserted goes to its end */
};

struct insertion {
	struct outgoing request;
	u32 position;
	u32 stream_id;
	u8 kind;
	u8 padding[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, INSERTIONS_MAX);
	__type(key, struct insertion_key);
	__type(value, struct insertion);
} insertions SEC(".maps");

/* Kept equal to decode in internal/socket/event.go. */
struct socket_event {
	struct event event;
	struct connection_key connection;
	u32 fd;
	u8 watch; /* whether its socket is to be watched, or not any more */
	u8 padding[3];
};

static __always_inline void send_socket_event(const struct connection_key *key, u32 fd, bool watch)
{
	struct socket_event event = {
		.event = {.type = EVENT_SOCKET, .tgid = key->tgid, .time = bpf_ktime_get_boot_ns()},
		.connection = *key,
		.fd = fd,
		.watch = watch,
	};

	if (bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_NO_WAKEUP))
		count_loss(LOSS_RING_FULL);
}

/* want_socket asks user space to watch a socket, for the requests that come after this one. */
static __always_inline void want_socket(const struct connection_place *place, struct connection *connection)
{
	u64 now = bpf_ktime_get_boot_ns();

	if (connection) {
		if (now - connection->asked < ASK_AGAIN_AFTER)
			return;
		connection->asked = now;
		connection->state = CONNECTION_WANTED;
	} else {
		struct connection wanted = {.asked = now, .state = CONNECTION_WANTED};

		if (bpf_map_update_elem(&connections, &place->key, &wanted, BPF_NOEXIST))
			return;
	}
	send_socket_event(&place->key, place->fd, true);
}

/*
 * arm_insertion: PROPAGATION_INSERTED when something will be inserted offset bytes behind what the program has sent so
 * far; whether it was is counted by the program that does it. Otherwise why not. Nothing else may be written to the
 * connection meanwhile. wanted is all that but its position.
 */
static __always_inline enum propagation arm_insertion(const struct connection_place *place, struct insertion *wanted, u64 offset)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &place->key);
	struct insertion_key key = {};

	if (!connection || connection->state == CONNECTION_WANTED || connection->state == CONNECTION_IDLE) {
		want_socket(place, connection);
		return PROPAGATION_UNKNOWN_SOCKET;
	}
	if (connection->state == CONNECTION_FRESH)
		return PROPAGATION_UNKNOWN_SOCKET;
	if (connection->state != CONNECTION_FOLLOWED)
		return PROPAGATION_REFUSED;
	if (connection->tail - connection->head >= ARMED_MAX)
		return PROPAGATION_STATE_FULL;
	key.connection = connection->id;
	key.number = connection->tail;
	wanted->position = connection->position + offset;
	if (bpf_map_update_elem(&insertions, &key, wanted, BPF_ANY))
		return PROPAGATION_STATE_FULL;
	connection->tail++;
	return PROPAGATION_INSERTED;
}

#endif
