/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Opening and closing spans: identifiers, the state of the goroutine, and the events. */
#ifndef EBPFGO_SPAN_H
#define EBPFGO_SPAN_H

#include "detached.h"
#include "event.h"
#include "join.h"
#include "opening.h"
#include "outgoing.h"
#include "sampler.h"

static __always_inline u64 random_word(void)
{
	return (u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
}

/* An identifier of all zeros is invalid (W3C Trace Context, sections 3.2.2.3 and 3.2.2.4). */
static __always_inline u64 new_span_id(void)
{
	u64 id = random_word();

	return id ? id : 1;
}

static __always_inline void new_trace_id(u64 trace_id[2])
{
	trace_id[0] = random_word();
	trace_id[1] = new_span_id();
}

static __always_inline void forget_context(struct open_span *span, u64 tgid)
{
	struct context_key key = {.data = span->key, .tgid = tgid};

	if (span->key)
		bpf_map_delete_elem(&contexts, &key);
}

/*
 * forget_context_of_dropped: a span that is dropped may have been over for long, and the memory of its context may
 * be that of another one by now.
 */
static __always_inline void forget_context_of_dropped(struct open_span *span, u64 tgid)
{
	struct context_key key = {.data = span->key, .tgid = tgid};
	struct context_span *named = span->key ? bpf_map_lookup_elem(&contexts, &key) : NULL;

	if (named && named->context.span_id == span->context.span_id)
		bpf_map_delete_elem(&contexts, &key);
}

/* remember_context makes work that is given this context.Context a child of the span. */
static __always_inline void remember_context(struct open_span *span, struct go_interface context, const struct goroutine_key *goroutine)
{
	struct context_key key = {.data = context.data, .tgid = goroutine->tgid};
	struct context_span named = {
		.context = span->context,
		.data = context.data,
		.goid = goroutine->goid,
		.sampled = span->sampled,
		.has_tracestate = span->has_tracestate,
	};

	if (!context.data)
		return;
	if (!bpf_map_update_elem(&contexts, &key, &named, BPF_ANY))
		span->key = context.data;
	else
		count_loss(LOSS_STATE_FULL);
}

/* begin_end fills what every end event has; the operation adds its own and sends. */
static __always_inline struct end_event *begin_end(struct scratch *scratch, const struct open_span *span, u64 tgid, const struct site *site,
						   u32 size)
{
	struct end_event *event = begin_event(scratch, site, size);

	event->event.type = EVENT_END;
	event->event.operation = span->operation;
	event->event.binary = site->binary;
	event->event.tgid = tgid;
	event->event.time = bpf_ktime_get_boot_ns();
	event->event.span_id = span->context.span_id;
	event->outcome = span->discarded ? OUTCOME_DISCARDED : OUTCOME_RETURNED;
	return event;
}

/* drop_span takes the innermost span off the goroutine's state and, when nothing else did, says that it is over. */
static __always_inline void drop_span(struct scratch *scratch, struct goroutine *goroutine, u64 tgid, const struct site *site)
{
	struct open_span *span = innermost_span(goroutine);

	if (!span)
		return;
	forget_context_of_dropped(span, tgid);
	forget_join(span->context.span_id);
	unregister_outgoing(span->object, tgid, span);
	if (span->sampled && !span->silent) {
		struct end_event *event = begin_end(scratch, span, tgid, site, sizeof(struct end_event));

		if (event->outcome == OUTCOME_RETURNED)
			event->outcome = OUTCOME_ABANDONED;
		send_event(scratch);
	}
	goroutine->count--;
}

/*
 * open_span adds a span to the goroutine. Spans whose frame is not below the new one are gone: a panic passed
 * through them. NULL, and counted, when there is no room.
 */
static __always_inline struct open_span *open_span(struct scratch *scratch, struct goroutine *goroutine, u64 tgid, const struct site *site, u32 depth)
{
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *inner = innermost_span(goroutine);

		if (!inner || !depth || inner->depth < depth)
			break;
		drop_span(scratch, goroutine, tgid, site);
	}

	u32 place = goroutine->count;

	if (place >= OPEN_SPANS_MAX) {
		count_loss(LOSS_NESTING);
		return NULL;
	}

	struct open_span *span = &goroutine->spans[place];

	__builtin_memset(span, 0, sizeof(*span));
	span->depth = depth;
	return span;
}

/* close_goroutine forgets a goroutine without open spans, unless it is kept. */
static __always_inline void close_goroutine(struct goroutine *goroutine, const struct goroutine_key *key)
{
	if (goroutine->count == 0 && !goroutine->kept)
		bpf_map_delete_elem(&goroutines, key);
}

/*
 * find_open: the innermost open span of an operation; those further in are dropped, because a function that ends
 * has no frame below it any more. NULL when there is none: then nothing is dropped.
 */
static __always_inline struct open_span *find_open(struct scratch *scratch, struct goroutine *goroutine, u64 tgid, const struct site *site, u8 operation)
{
	bool found = false;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		found |= i < goroutine->count && goroutine->spans[i].operation == operation;
	if (!found)
		return NULL;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *inner = innermost_span(goroutine);

		if (!inner || inner->operation == operation)
			return inner;
		drop_span(scratch, goroutine, tgid, site);
	}
	return NULL;
}

/* join_trace makes a span a part of its parent's trace, or the root of a new one. */
static __always_inline void join_trace(struct open_span *span, const struct parent *parent)
{
	if (parent->known) {
		span->context.trace_id[0] = parent->context.trace_id[0];
		span->context.trace_id[1] = parent->context.trace_id[1];
		span->has_tracestate = parent->has_tracestate;
		span->parent_id = parent->context.span_id;
	} else {
		new_trace_id(span->context.trace_id);
	}
	span->sampled = !parent->denied && is_sampled(span->context.trace_id, parent);
	span->context.span_id = new_span_id();
}

/*
 * open_child adds a span to the running goroutine, as the child of the parent that is found for what is given a
 * context. NULL, and counted, when there is no room.
 */
static __always_inline struct open_span *open_child(struct registers *ctx, const struct opening *opening, struct go_interface context,
						    struct parent *parent)
{
	struct goroutine *goroutine = add_goroutine(&opening->key, false);
	struct open_span *span;

	if (!goroutine)
		return NULL;
	span = open_span(opening->scratch, goroutine, opening->key.tgid, &opening->site, frame_depth(ctx, opening->running.stack_hi));
	if (!span) {
		close_goroutine(goroutine, &opening->key);
		return NULL;
	}
	find_parent(&opening->site, &opening->key, opening->running.parent_goid, goroutine, context, parent);
	parent->sampler = sampler_of(target_settings(opening->scratch));
	join_trace(span, parent);
	goroutine->count++;
	return span;
}

/* begin_start fills what every start event has; the operation adds its own and sends. */
static __always_inline struct start_event *begin_start(struct scratch *scratch, const struct open_span *span, const struct parent *parent,
						       u64 tgid, const struct site *site, u32 size)
{
	struct start_event *event = begin_event(scratch, site, size);

	event->event.type = EVENT_START;
	event->event.operation = span->operation;
	event->event.binary = site->binary;
	event->event.tgid = tgid;
	event->event.time = bpf_ktime_get_boot_ns();
	event->event.span_id = span->context.span_id;
	event->trace_id[0] = span->context.trace_id[0];
	event->trace_id[1] = span->context.trace_id[1];
	event->parent_id = parent->known ? parent->context.span_id : 0;
	event->trace_flags = span->sampled;
	return event;
}

#endif
