/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Following what a connection sends, message by message, and inserting into it. If anything is not as expected, nothing
 * is inserted; nothing else is ever changed, and no message is dropped.
 *
 * The kernel asks for care, net/core/filter.c and net/ipv4/tcp_bpf.c:
 * - bpf_msg_push_data has split any element but the first one of a message at the wrong place (until 2026). So all up to
 *   the place is pulled into the first element before.
 * - tcp_bpf_send_verdict, when TCP takes less than the whole message, reports the rest as not sent, inserted bytes
 *   included, and the program sends that many bytes again. So nothing is inserted unless TCP will certainly take
 *   all up to the end of it.
 */
#ifndef EBPFGO_STREAM_H
#define EBPFGO_STREAM_H

#include "frame.h"
#include "insert.h"
#include "insertion.h"

#define PREFIX_MAX 4096	 /* bytes of a message before a place; more are sent first, by themselves */
#define TOGETHER_MAX 8192 /* bytes that are worth copying, so that they go out in one packet */
#define SKIPPED_MAX 4	 /* insertions that are given up at a time */

/* Messages without an insertion that a connection may send before its socket is not watched any more. */
#define PATIENCE_NEW 1	      /* a client of HTTP/1.1 begins with a request */
#define PATIENCE_HTTP2 64     /* HTTP/2 begins with settings */
#define PATIENCE_KNOWN 1024   /* it had an insertion before: bodies are messages, too */

/* The kernel's own structs, with the fields that are read. Their offsets are those of the running kernel (CO-RE). */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct proto {
	unsigned long *memory_pressure;
};
struct netns_ipv4 {
	unsigned int sysctl_tcp_notsent_lowat;
};
struct net {
	struct netns_ipv4 ipv4;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	struct proto *skc_prot;
	possible_net_t skc_net;
};
struct sock {
	struct sock_common __sk_common;
	int sk_wmem_queued;
	int sk_sndbuf;
};
struct inet_sock {
	struct sock sk;
};
struct inet_connection_sock {
	struct inet_sock icsk_inet;
};
struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u32 write_seq;
	u32 snd_nxt;
	u32 notsent_lowat;
	u32 mss_cache;
};
#pragma clang attribute pop

#define SEGMENT_MIN 500	     /* bytes of the smallest segments that SEND_OVERHEAD is right for */
#define SEND_OVERHEAD 8192   /* what the first few buffers of a message take besides the data; struct sk_buff and more */

/*
 * takes: whether TCP takes the first length bytes of a message at once. tcp_sendmsg_locked asks sk_stream_memory_free
 * before each new buffer, which compares what is queued with the send buffer and with tcp_notsent_lowat, and
 * tcp_wmem_schedule, which fails when TCP as a whole is out of memory.
 */
static __always_inline bool takes(struct tcp_sock *tcp, u32 length)
{
	struct proto *proto = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_prot;
	struct net *net = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net;
	s64 queued = tcp->inet_conn.icsk_inet.sk.sk_wmem_queued, size = tcp->inet_conn.icsk_inet.sk.sk_sndbuf;
	u32 lowat = tcp->notsent_lowat;
	unsigned long *pressure_at = proto->memory_pressure, pressure = 0;

	if (!lowat)
		lowat = net->ipv4.sysctl_tcp_notsent_lowat;
	if (pressure_at && (bpf_probe_read_kernel(&pressure, sizeof(pressure), pressure_at) || pressure))
		return false;
	/* In the smallest segments, the buffers take three times what the data does. */
	return tcp->mss_cache >= SEGMENT_MIN && queued + 4 * (s64)length + SEND_OVERHEAD < size &&
	       tcp->write_seq - tcp->snd_nxt + length < lowat;
}

/*
 * fill writes what was built over the bytes of a message that were pulled: in words, of which the last one may overlap,
 * because the verifier follows each round of a loop.
 */
static __always_inline bool fill(struct sk_msg_md *msg, const struct scratch *scratch, u32 length)
{
	u8 *data = msg->data, *end = msg->data_end;
	u32 last = length - sizeof(u64);

	for (u32 i = 0; i < INSERT_MAX - sizeof(u64) && i < last; i += sizeof(u64)) {
		if (data + i + sizeof(u64) > end)
			return false;
		*(u64 *)(data + i) = *(const u64 *)(scratch->event + i);
	}
	/* Read again: older verifiers lose themselves in what they have learnt of a number in a loop. */
	last = *(const volatile u32 *)&scratch->length - sizeof(u64);
	asm volatile("" : "+r"(last));
	if (last > INSERT_MAX - sizeof(u64))
		return false;
	data += last;
	if (data + sizeof(u64) > end)
		return false;
	*(u64 *)data = *(const u64 *)(scratch->event + last);
	return true;
}

/* insert puts what was built at a place in a message. */
static __always_inline enum propagation insert(struct sk_msg_md *msg, struct tcp_sock *tcp, const struct scratch *scratch, u32 at)
{
	u32 length = scratch->length;

	if (length == 0 || length > INSERT_MAX)
		return PROPAGATION_REFUSED;
	if (!takes(tcp, at + length))
		return PROPAGATION_NO_ROOM;
	if (bpf_msg_pull_data(msg, 0, at, 0) || bpf_msg_push_data(msg, at, length, 0))
		return PROPAGATION_REFUSED;
	/* What was pushed is an element of its own, or part of one: to pull it needs no memory. */
	if (!bpf_msg_pull_data(msg, at, at + length, 0) && fill(msg, scratch, length))
		return PROPAGATION_INSERTED;
	bpf_msg_pop_data(msg, at, length, 0);
	return PROPAGATION_REFUSED;
}

/* find_line: whether another line ends at an offset of the message. PROPAGATION_INSERTED says yes. */
static __always_inline enum propagation find_line(struct sk_msg_md *msg, u32 offset)
{
	const u8 *data, *end;

	if (offset < 2)
		return PROPAGATION_SPLIT;
	if (bpf_msg_pull_data(msg, offset - 2, offset, 0))
		return PROPAGATION_REFUSED;
	data = msg->data;
	end = msg->data_end;
	return data + 2 <= end && data[0] == '\r' && data[1] == '\n' ? PROPAGATION_INSERTED : PROPAGATION_MISMATCH;
}

/* pull_frame: the header of the frame at an offset of the message, or NULL. */
static __always_inline struct frame_header *pull_frame(struct sk_msg_md *msg, u32 offset)
{
	struct frame_header *frame;

	if (bpf_msg_pull_data(msg, offset, offset + FRAME_HEADER, 0))
		return NULL;
	frame = msg->data;
	return (void *)(frame + 1) > msg->data_end ? NULL : frame;
}

/*
 * find_frame: whether a HEADERS frame of a stream is at an offset of the message, with all of a header block and nothing
 * behind it. PROPAGATION_INSERTED says yes.
 */
static __always_inline enum propagation find_frame(struct sk_msg_md *msg, u32 offset, u32 stream_id, u32 *length)
{
	struct frame_header *frame;

	if (offset + FRAME_HEADER > msg->size)
		return PROPAGATION_SPLIT;
	frame = pull_frame(msg, offset);
	if (!frame)
		return PROPAGATION_REFUSED;
	if (frame->type != FRAME_HEADERS || frame_stream(frame) != stream_id)
		return PROPAGATION_MISMATCH;
	*length = frame_length(frame);
	/* Continued, padded, or not all there: the end of the block is not that of these bytes. */
	if (!(frame->flags & FLAG_END_HEADERS) || frame->flags & FLAG_PADDED || offset + FRAME_HEADER + *length > msg->size)
		return PROPAGATION_SPLIT;
	return PROPAGATION_INSERTED;
}

/* lengthen corrects the length of the frame at an offset of the message. */
static __always_inline bool lengthen(struct sk_msg_md *msg, u32 offset, u32 length)
{
	struct frame_header *frame = pull_frame(msg, offset);

	if (!frame)
		return false;
	set_frame_length(frame, length);
	return true;
}

/* carry_out does an insertion that begins at an offset of the message. *end is where it ends then. */
static __always_inline enum propagation carry_out(struct sk_msg_md *msg, struct tcp_sock *tcp, struct scratch *scratch,
						  const struct insertion *wanted, u64 tgid, u32 offset, u32 *end)
{
	bool is_frame = wanted->kind == INSERTION_FRAME;
	u32 length = 0, at;
	enum propagation outcome = is_frame ? find_frame(msg, offset, wanted->stream_id, &length) : find_line(msg, offset);

	if (outcome != PROPAGATION_INSERTED)
		return outcome;
	at = is_frame ? offset + FRAME_HEADER + length : offset;
	if (is_frame)
		build_field(scratch, &wanted->request, tgid);
	else
		build_line(scratch, &wanted->request, tgid);
	length += scratch->length;
	if (is_frame && length > FRAME_MAX)
		return PROPAGATION_NO_ROOM;
	outcome = insert(msg, tcp, scratch, at);
	if (outcome == PROPAGATION_INSERTED && is_frame && !lengthen(msg, offset, length)) {
		bpf_msg_pop_data(msg, at, scratch->length, 0);
		return PROPAGATION_REFUSED;
	}
	*end = at + scratch->length;
	return outcome;
}

/* drop_insertion: the first one that waits. */
static __always_inline void drop_insertion(struct connection *connection, const struct insertion_key *key)
{
	bpf_map_delete_elem(&insertions, key);
	connection->head++;
}

/* next_insertion copies the first one that does not lie before a position, and gives up those that do. */
static __always_inline bool next_insertion(struct connection *connection, u32 position, struct insertion_key *key,
					   struct insertion *next)
{
	key->connection = connection->id;
	for (u32 i = 0; i < SKIPPED_MAX && connection->head != connection->tail; i++) {
		struct insertion *waiting;

		key->number = connection->head;
		waiting = bpf_map_lookup_elem(&insertions, key);
		if (waiting) {
			*next = *waiting;
			if ((int)(next->position - position) >= 0)
				return true;
		}
		count_propagation(waiting ? PROPAGATION_SPLIT : PROPAGATION_STATE_FULL);
		drop_insertion(connection, key);
	}
	return false;
}

/* leave asks user space not to watch a connection's socket any more. */
static __always_inline void leave(struct connection *connection, const struct connection_key *key, enum connection_state state)
{
	connection->state = state;
	send_socket_event(key, 0, false);
}

#define HTTP2_PREFACE "PRI * HT" /* RFC 9113, section 3.4; enough of it to tell */

static __always_inline bool begins_http2(struct sk_msg_md *msg)
{
	const char preface[] = HTTP2_PREFACE;
	const u8 *data, *end;
	bool same = true;

	if (msg->size < sizeof(preface) - 1 || bpf_msg_pull_data(msg, 0, sizeof(preface) - 1, 0))
		return false;
	data = msg->data;
	end = msg->data_end;
	if (data + sizeof(preface) - 1 > end)
		return false;
	for (u32 i = 0; i < sizeof(preface) - 1; i++)
		same &= data[i] == preface[i];
	return same;
}

/* wait_on: a message went by with nothing to insert. */
static __always_inline void wait_on(struct sk_msg_md *msg, struct connection *connection, const struct connection_key *key)
{
	if (connection->patience == PATIENCE_NEW && begins_http2(msg))
		connection->patience = PATIENCE_HTTP2;
	if (connection->patience > 1)
		connection->patience--;
	else
		leave(connection, key, CONNECTION_IDLE);
}

/* send_together makes one piece of small ones: TCP would send each in a packet of its own. */
static __always_inline void send_together(struct sk_msg_md *msg, u32 end)
{
	bpf_msg_pull_data(msg, 0, msg->size <= TOGETHER_MAX ? msg->size : end, 0);
}

/* insert_next does one insertion, which begins at an offset of the message, and hands what is behind it to the next run. */
static __always_inline void insert_next(struct sk_msg_md *msg, struct tcp_sock *tcp, struct connection *connection,
					const struct connection_key *key, const struct insertion *wanted, u32 offset)
{
	struct scratch *scratch = take_scratch();
	enum propagation outcome;
	u32 end = 0;

	if (!scratch) {
		count_propagation(PROPAGATION_STATE_FULL);
		return;
	}
	outcome = carry_out(msg, tcp, scratch, wanted, key->tgid, offset, &end);
	if (outcome == PROPAGATION_INSERTED) {
		connection->inserted += scratch->length;
		connection->patience = PATIENCE_KNOWN;
	}
	give_scratch(scratch);
	count_propagation(outcome);
	if (outcome == PROPAGATION_MISMATCH) {
		leave(connection, key, CONNECTION_LOST);
		return;
	}
	if (outcome != PROPAGATION_INSERTED)
		end = offset + 1;
	else
		send_together(msg, end);
	if (connection->head != connection->tail && end < msg->size)
		bpf_msg_apply_bytes(msg, end);
}

/*
 * follow is for each message of a watched connection. It does one insertion: a program that says by
 * bpf_msg_apply_bytes how much of the message it has dealt with is run again for the rest.
 */
static __always_inline void follow(struct sk_msg_md *msg, struct connection *connection, const struct connection_key *key)
{
	struct tcp_sock *tcp = msg->sk ? bpf_skc_to_tcp_sock(msg->sk) : NULL;
	struct insertion_key waiting = {};
	struct insertion next;
	u32 start, offset, before;

	if (!tcp)
		return;
	start = tcp->write_seq - connection->inserted;
	connection->position = start + msg->size;
	connection->state = CONNECTION_FOLLOWED;
	if (!next_insertion(connection, start, &waiting, &next)) {
		wait_on(msg, connection, key);
		return;
	}
	offset = next.position - start;
	if (offset >= msg->size)
		return;
	before = next.kind == INSERTION_LINE && offset >= 2 ? offset - 2 : offset;
	if (before > PREFIX_MAX) {
		bpf_msg_apply_bytes(msg, before);
		return;
	}
	drop_insertion(connection, &waiting);
	insert_next(msg, tcp, connection, key, &next, offset);
}

#endif
