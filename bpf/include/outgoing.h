/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Requests that are about to be sent, and the client's span that each of them is to name. A request is told by an
 * object that both the call that makes it and the goroutine that writes it have: for net/http the map of its headers,
 * for gRPC the first of its header fields.
 */
#ifndef EBPFGO_OUTGOING_H
#define EBPFGO_OUTGOING_H

#include "goroutine.h"

#define OUTGOING_MAX 65536
#define PENDING_MAX 16384

/* What became of a request of a target whose requests are to carry a traceparent. Kept equal to internal/events. */
enum propagation {
	PROPAGATION_WRITTEN,  /* the header is in the program's own buffer */
	PROPAGATION_INSERTED, /* the header was inserted at the socket */
	PROPAGATION_JOINABLE, /* nothing on the wire: its server's span is found by the connection */
	PROPAGATION_PRESENT,  /* the program sends a traceparent of its own */
	/* From here on: it went out without a header. */
	PROPAGATION_NO_ROOM,	    /* the buffer or the frame is full */
	PROPAGATION_SPLIT,	    /* the place for the header is not in one message */
	PROPAGATION_ENCRYPTED,	    /* TLS, which the socket way cannot look into */
	PROPAGATION_NOT_TCP,	    /* another kind of connection */
	PROPAGATION_UNKNOWN_SOCKET, /* the connection is older than the tracing of its process */
	PROPAGATION_STATE_FULL,	    /* more at once than the state holds */
	PROPAGATION_UNREADABLE,	    /* the target's memory could not be read */
	PROPAGATION_REFUSED,	    /* the kernel would not write */
	PROPAGATION_AMBIGUOUS,	    /* several requests at once share their headers */
	PROPAGATION_MISMATCH,	    /* what is about to be sent is not what was expected */
	PROPAGATIONS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROPAGATIONS);
	__type(key, u32);
	__type(value, u64);
} propagations SEC(".maps");

static __always_inline void count_propagation(enum propagation outcome)
{
	u32 key = outcome;
	u64 *count = bpf_map_lookup_elem(&propagations, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
}

struct outgoing_key {
	u64 object;
	u64 tgid;
};

struct outgoing {
	struct span_context context; /* of the client's span */
	u64 object;		     /* repeated here: an element can be given to another key while it is read */
	u64 goid;		     /* of the goroutine that the span is open on */
	u32 sharers;		     /* open spans that are registered for the object */
	u8 sampled;
	u8 has_tracestate; /* and tracestates has it */
	u8 ambiguous;	   /* there was more than one of them at once: none is given a header */
	u8 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OUTGOING_MAX);
	__type(key, struct outgoing_key);
	__type(value, struct outgoing);
} outgoing SEC(".maps");

/* find_outgoing copies what is registered for an object. */
static __always_inline bool find_outgoing(u64 object, u64 tgid, struct outgoing *request)
{
	struct outgoing_key key = {.object = object, .tgid = tgid};
	struct outgoing *registered = object ? bpf_map_lookup_elem(&outgoing, &key) : NULL;

	if (!registered)
		return false;
	*request = *registered;
	return request->object == object && *(volatile u64 *)&registered->object == object;
}

static __always_inline void forget_outgoing(u64 object, u64 tgid)
{
	struct outgoing_key key = {.object = object, .tgid = tgid};

	if (object)
		bpf_map_delete_elem(&outgoing, &key);
}

/* is_open: whether the span of a registered request has not ended. */
static __always_inline bool is_open(const struct outgoing *request, u64 tgid)
{
	struct goroutine_key key = {.goid = request->goid, .tgid = tgid};
	struct goroutine *goroutine = find_goroutine(&key);
	bool open = false;

	if (!goroutine)
		return false;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		open |= i < goroutine->count && goroutine->spans[i].context.span_id == request->context.span_id;
	return open;
}

/*
 * share_outgoing: another request has the object already. If it has not ended, nobody can tell which of the two is
 * written, and neither is given a header. One on the same goroutine is around this one, as where a Transport hands a
 * request on to another, and does not write by itself.
 */
static __always_inline bool share_outgoing(const struct outgoing_key *key, const struct goroutine_key *goroutine)
{
	struct outgoing *other = bpf_map_lookup_elem(&outgoing, key);

	if (!other || other->object != key->object)
		return false;
	if (!other->ambiguous && (other->goid == goroutine->goid || !is_open(other, key->tgid)))
		return false;
	other->ambiguous = true;
	__sync_fetch_and_add(&other->sharers, 1);
	return true;
}

/* register_outgoing makes a request carry a span, until unregister_outgoing. */
static __always_inline void register_outgoing(u64 object, struct open_span *span, const struct goroutine_key *goroutine,
					      bool with_tracestate)
{
	struct outgoing_key key = {.object = object, .tgid = goroutine->tgid};
	struct outgoing request = {
		.context = span->context,
		.object = object,
		.goid = goroutine->goid,
		.sharers = 1,
		.sampled = span->sampled,
		.has_tracestate = with_tracestate && span->has_tracestate,
	};

	if (!object) {
		count_propagation(PROPAGATION_UNREADABLE);
		return;
	}
	span->registered = true;
	if (!bpf_map_update_elem(&outgoing, &key, &request, BPF_NOEXIST) || share_outgoing(&key, goroutine))
		return;
	if (bpf_map_update_elem(&outgoing, &key, &request, BPF_ANY)) {
		span->registered = false;
		count_propagation(PROPAGATION_STATE_FULL);
	}
}

/* unregister_outgoing is for the end of a span. */
static __always_inline void unregister_outgoing(u64 object, u64 tgid, const struct open_span *span)
{
	struct outgoing_key key = {.object = object, .tgid = tgid};
	struct outgoing *request;

	if (!span->registered)
		return;
	request = bpf_map_lookup_elem(&outgoing, &key);
	if (!request || request->object != object)
		return;
	if (request->ambiguous ? __sync_fetch_and_sub(&request->sharers, 1) == 1 : request->context.span_id == span->context.span_id)
		bpf_map_delete_elem(&outgoing, &key);
}

/* A request whose header block is being written, by the goroutine that does so. */
struct pending {
	struct outgoing request;
	u64 goid;     /* repeated, as above */
	u64 buffer;   /* gRPC: *transport.bufWriter */
	u64 position; /* gRPC: bytes that stood in it before */
	u32 stream_id;
	u32 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PENDING_MAX);
	__type(key, struct goroutine_key);
	__type(value, struct pending);
} pending SEC(".maps");

/* take_pending moves what the running goroutine is writing to *request. */
static __always_inline bool take_pending(const struct goroutine_key *key, struct pending *request)
{
	struct pending *kept = bpf_map_lookup_elem(&pending, key);

	if (!kept)
		return false;
	*request = *kept;
	return request->goid == key->goid && !bpf_map_delete_elem(&pending, key);
}

#endif
