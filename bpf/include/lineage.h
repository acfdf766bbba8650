/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Whose child is a span: that of the nearest traced context.Context in the chain that the call was given, else the span
 * that runs on this goroutine, else the one that the goroutine which started it serves and served when it did. A span
 * that has ended is in none of the three places, so it is nobody's parent.
 */
#ifndef EBPFGO_LINEAGE_H
#define EBPFGO_LINEAGE_H

#include "goroutine.h"
#include "itab.h"
#include "rounds.h"

#define CONTEXTS_MAX 65536
#define CONTEXT_TYPES_MAX 65536
#define CONTEXT_CHAIN_MAX 24

/* The loop over a chain of contexts: see rounds.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CONTEXT_CHAIN_MAX);
	__type(key, u32);
	__type(value, u8);
} context_rounds SEC(".maps");

/* Open spans by the context.Context that their work was given: the data word of the interface value. */
struct context_key {
	u64 data;
	u64 tgid;
};

struct context_span {
	struct span_context context;
	u64 data; /* repeated, as in struct goroutine */
	u64 goid;
	u8 sampled;
	u8 has_tracestate;
	u8 padding[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTEXTS_MAX);
	__type(key, struct context_key);
	__type(value, struct context_span);
} contexts SEC(".maps");

/*
 * Where a concrete type that implements context.Context keeps its parent. The type descriptors of each binary
 * say it; a type that has no parent is not in here. Kept equal to contextType in internal/loader/layout.go.
 */
struct context_type_key {
	u64 type; /* link-time address of the dynamic type */
	u64 binary;
};

struct context_type {
	u32 offset; /* of the parent's interface value, or of a pointer to what holds it */
	u32 via;    /* behind that pointer: offset of the interface value */
	u32 dereference;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CONTEXT_TYPES_MAX);
	__type(key, struct context_type_key);
	__type(value, struct context_type);
} context_types SEC(".maps");

/* A walk up a chain of contexts. */
struct context_walk {
	struct site site;
	u64 tgid;
	struct go_interface at;
	struct parent *parent;
	u64 key_type; /* of the value that is looked for, and the value: gRPC */
	u64 value;
	u64 until; /* data word of a context that it is not looked for in, nor in those around it */
};

/* to_outer_context: false where the chain ends, or goes on with a type that is not known. */
static __always_inline bool to_outer_context(struct context_walk *walk, u64 type)
{
	struct context_type_key key = {.type = type - walk->site.bias, .binary = walk->site.binary};
	struct context_type *description = bpf_map_lookup_elem(&context_types, &key);
	u64 place;

	if (!description)
		return false;
	place = walk->at.data + description->offset;
	if (description->dereference) {
		place = read_word(place);
		if (!place)
			return false;
		place += description->via;
	}
	walk->at = read_interface(place);
	return walk->at.data;
}

static long next_context(void *map, const void *round, void *value, struct context_walk *walk)
{
	struct context_key key = {.data = walk->at.data, .tgid = walk->tgid};
	struct context_span *span = bpf_map_lookup_elem(&contexts, &key);
	u64 type;

	if (span) {
		walk->parent->context = span->context;
		walk->parent->goid = span->goid;
		walk->parent->at = walk->at.data;
		walk->parent->sampled = span->sampled;
		walk->parent->has_tracestate = span->has_tracestate;
		walk->parent->known = span->data == walk->at.data && walk->parent->context.span_id;
		return LAST_ROUND;
	}
	type = itab_type(&walk->site, walk->at.type);
	return type && to_outer_context(walk, type) ? NEXT_ROUND : LAST_ROUND;
}

/* parent_by_context: *parent, which must be all zeros before, is in the scratch memory. */
static __always_inline bool parent_by_context(struct go_interface value, u64 tgid, const struct site *site, struct parent *parent)
{
	struct context_walk walk = {.site = *site, .tgid = tgid, .at = value, .parent = parent};

	if (value.data)
		bpf_for_each_map_elem(&context_rounds, next_context, &walk, 0);
	return parent->known;
}

/* parent_by_goroutine: the innermost span of the running goroutine. */
static __always_inline bool parent_by_goroutine(struct goroutine *goroutine, struct parent *parent)
{
	struct open_span *span = innermost_span(goroutine);

	if (!span)
		return false;
	parent->context = span->context;
	parent->sampled = span->sampled;
	parent->has_tracestate = span->has_tracestate;
	parent->known = true;
	return true;
}

/*
 * runs_within: whether a span runs on this goroutine that is a child of the one that a context names. What is
 * started now is then that span's work, although its context is the one that the span itself was given.
 */
static __always_inline bool runs_within(const struct goroutine *goroutine, const struct parent *parent)
{
	bool found = false;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		found |= i < goroutine->count && goroutine->spans[i].parent_id == parent->context.span_id;
	return found;
}

/*
 * parent_by_starter copies the span that the starter of goroutine goid serves, and served when it started it. The
 * starter's state changes while it is read: the copy counts only if the same span was there before and after.
 */
static __always_inline bool parent_by_starter(const struct goroutine_key *starter, u64 goid, struct parent *parent)
{
	struct goroutine *goroutine = find_goroutine(starter);

	if (!goroutine)
		return false;
	for (u32 i = OPEN_SPANS_MAX; i-- > 0;) {
		struct open_span *span = &goroutine->spans[i];

		if (i >= *(volatile u32 *)&goroutine->count || !*(volatile u8 *)&span->serves)
			continue;

		u64 span_id = *(volatile u64 *)&span->context.span_id;
		struct moment since = goroutine->served_since;

		parent->context = span->context;
		parent->sampled = span->sampled;
		parent->has_tracestate = span->has_tracestate;
		parent->known = *(volatile u64 *)&goroutine->goid == starter->goid && i < *(volatile u32 *)&goroutine->count &&
				*(volatile u64 *)&span->context.span_id == span_id && span_id &&
				parent->context.span_id == span_id && started_after(goid, &since);
		return parent->known;
	}
	return false;
}

/* find_parent: starter is the goroutine that started the running one, 0 if that is not known. */
static __always_inline void find_parent(const struct site *site, const struct goroutine_key *key, u64 starter, struct goroutine *goroutine,
					struct go_interface context, struct parent *parent)
{
	if (parent_by_context(context, key->tgid, site, parent) && !runs_within(goroutine, parent))
		return;
	if (parent_by_goroutine(goroutine, parent))
		return;

	struct goroutine_key starter_key = {.goid = starter, .tgid = key->tgid};

	if (starter)
		parent_by_starter(&starter_key, key->goid, parent);
}

#endif
