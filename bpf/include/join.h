/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Joining the two ends of one request that both run on this host, where its bytes cannot carry a header: the client's end
 * notes its span under the connection and the stream, before a byte is written, and the server's end takes it out.
 *
 * An entry is taken for no other request. Streams of HTTP/2 are numbered once; a connection of HTTP/1 has one request at a
 * time, and the next one replaces the entry; who serves a request takes its entry out, so that a second one finds none.
 * What no server took is deleted when the client's span ends, which is as soon as its connection breaks, and for a process
 * that dies as soon as that is noticed: before another client could be given the same port, has shaken hands and sends a
 * request of the same number.
 */
#ifndef EBPFGO_JOIN_H
#define EBPFGO_JOIN_H

#include "connection.h"
#include "lineage.h"
#include "target.h"

#define JOINS_MAX 16384

/* One request by the connection that it takes, as its server sees it, and by the number of its stream. */
struct join_key {
	u8 client[16];
	u8 server[16];
	u16 client_port;
	u16 server_port;
	u32 stream_id; /* 0: HTTP/1 */
	u64 network;   /* the network namespace, if the addresses mean something in it alone; else 0 */
};

/* Requests under way that a server's span may be the child of. */
struct join {
	struct span_context context; /* of the client's span */
	u64 tgid;		     /* of the client */
	u32 stream_id;		     /* repeated, as in struct goroutine */
	u16 client_port;
	u8 sampled;
	u8 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, JOINS_MAX);
	__type(key, struct join_key);
	__type(value, struct join);
} joins SEC(".maps");

/* Where each client's span is in joins, for its end. */
struct joined {
	struct join_key key;
	u64 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, JOINS_MAX);
	__type(key, u64);
	__type(value, struct joined);
} joined SEC(".maps");

/* is_local: loopback and link-local addresses, in either version of IP. */
static __always_inline bool is_local(const u8 address[16])
{
	const u64 *half = (const void *)address;

	if (half[0] == 0) {
		const u32 mapped = 0xffff0000; /* ::ffff:a.b.c.d, in the order of memory */
		const u32 *word = (const void *)address;

		if (word[2] == mapped)
			return address[12] == 127 || (address[12] == 169 && address[13] == 254);
		return word[2] == 0 && word[3] == 0x01000000; /* ::1 */
	}
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80; /* fe80::/10 */
}

static __always_inline bool same_address(const u8 a[16], const u8 b[16])
{
	const u64 *left = (const void *)a, *right = (const void *)b;

	return left[0] == right[0] && left[1] == right[1];
}

/*
 * scope_join adds the network namespace, where addresses can be those of other sockets in another one: local addresses,
 * and a connection from an address to itself. False if the namespace of such a connection is not known.
 */
static __always_inline bool scope_join(struct join_key *key, u32 tgid)
{
	struct target *target;

	if (!is_local(key->client) && !is_local(key->server) && !same_address(key->client, key->server))
		return true;
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (target)
		key->network = target->network;
	return key->network != 0;
}

static __always_inline void forget_join_of(const struct join_key *key, u64 span_id)
{
	struct join *join = bpf_map_lookup_elem(&joins, key);

	if (join && join->context.span_id == span_id)
		bpf_map_delete_elem(&joins, key);
}

/* forget_join is for the end of any client's span. */
static __always_inline void forget_join(u64 span_id)
{
	struct joined *noted = bpf_map_lookup_elem(&joined, &span_id);

	if (!noted)
		return;

	struct join_key key = noted->key;

	bpf_map_delete_elem(&joined, &span_id);
	forget_join_of(&key, span_id);
}

/*
 * remember_join notes the span of a request before its first byte is written to a connection of the running process. A
 * request that is tried again has the entry of its last try. False where it cannot be noted.
 */
static __always_inline bool remember_join(const struct connection_key *connection, u32 stream_id,
					  const struct span_context *context, u8 sampled)
{
	u64 span_id = context->span_id;
	struct joined place = {.tgid = connection->tgid};
	struct join join = {
		.context = *context,
		.tgid = connection->tgid,
		.stream_id = stream_id,
		.client_port = connection->local_port,
		.sampled = sampled,
	};

	__builtin_memcpy(place.key.client, connection->local, sizeof(place.key.client));
	__builtin_memcpy(place.key.server, connection->remote, sizeof(place.key.server));
	place.key.client_port = connection->local_port;
	place.key.server_port = connection->remote_port;
	place.key.stream_id = stream_id;
	if (!scope_join(&place.key, connection->tgid))
		return false;
	forget_join(span_id);
	if (bpf_map_update_elem(&joined, &span_id, &place, BPF_ANY))
		return false;
	return !bpf_map_update_elem(&joins, &place.key, &join, BPF_ANY);
}

/* take_join: the client's span of a request that came over a connection of the running process, which then is nobody else's. */
static __always_inline bool take_join(const struct connection_key *connection, u32 stream_id, struct parent *parent)
{
	struct join_key key = {
		.client_port = connection->remote_port,
		.server_port = connection->local_port,
		.stream_id = stream_id,
	};
	struct join *join;

	__builtin_memcpy(key.client, connection->remote, sizeof(key.client));
	__builtin_memcpy(key.server, connection->local, sizeof(key.server));
	if (!scope_join(&key, connection->tgid))
		return false;
	join = bpf_map_lookup_elem(&joins, &key);
	if (!join)
		return false;
	parent->context = join->context;
	parent->sampled = join->sampled;
	/* The element may have been given to another key meanwhile: then it is gone, or does not repeat what it was found by. */
	parent->known = join->stream_id == stream_id && join->client_port == key.client_port && !bpf_map_delete_elem(&joins, &key);
	return parent->known;
}

#endif
