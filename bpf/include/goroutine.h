/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The spans that are open on each goroutine, innermost last. Keyed by the goroutine's id, because runtime.g
 * structs are used again and ids never are.
 */
#ifndef EBPFGO_GOROUTINE_H
#define EBPFGO_GOROUTINE_H

#include "loss.h"
#include "memory.h"
#include "site.h"

#define GOROUTINES_MAX 65536
#define OPEN_SPANS_MAX 4

/* Offsets in the runtime's structs, per binary. Kept equal to runtimeLayout in internal/loader/layout.go. */
struct runtime_layout {
	u16 g_goid;
	u16 g_parent_goid; /* Go 1.21 */
	u16 g_stack_hi;
	u16 g_panic;
	u16 panic_arg;
	u16 panic_goexit;
	u16 map_kind; /* enum map_kind, bpf/include/header.h */
	u16 g_m;      /* from here on Go 1.21, as g_parent_goid */
	u16 m_p;
	u16 p_goid_cache;
	u16 p_goid_cache_end;
	u16 padding;
	u64 goid_gen; /* link-time address of runtime.sched.goidgen; 0: not known */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct runtime_layout);
} runtime_layouts SEC(".maps");

struct span_context {
	u64 trace_id[2];
	u64 span_id;
};

/*
 * A moment in the life of a process, told by the ids of goroutines. Each P takes them by the batch, runtime/proc.go:
 * newproc1. A goroutine was certainly started later if its id was left in the batch of the P that ran then, or is
 * larger than all that any P had taken. Of those that other Ps have started it cannot be told.
 */
struct moment {
	u64 cache;     /* ids from here on */
	u64 cache_end; /* to before this one */
	u64 gen;       /* and all above this one */
};

struct open_span {
	struct span_context context;
	u64 key;    /* the context.Context that names this span in contexts; 0: none */
	u64 object; /* what the end of the span is read from, defined by the operation */
	u64 request;
	u64 check;  /* a word of *request that proves at the end that it is still the same */
	u64 parent_id; /* 0: not known, or of no interest to find_parent */
	u32 depth;  /* bytes between the stack's base and the frame: it survives the copying of stacks */
	u8 operation;
	u8 sampled;
	u8 silent;  /* its start was lost: its end is not sent */
	u8 discarded;
	u8 serves; /* see serve */
	u8 has_tracestate; /* its trace came with one: see tracestate.h */
	u8 registered;	   /* its request is: see register_outgoing */
	u8 padding[5];
};

struct goroutine_key {
	u64 goid;
	u64 tgid;
};

struct goroutine {
	u64 goid; /* repeated here: an element of a map can be given to another key while it is read */
	u32 count;
	u32 padding;
	struct open_span spans[OPEN_SPANS_MAX];
	struct moment served_since; /* the start of the innermost span that serves */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GOROUTINES_MAX);
	__type(key, struct goroutine_key);
	__type(value, struct goroutine);
} goroutines SEC(".maps");

static const struct goroutine no_open_spans;

static __always_inline struct runtime_layout *runtime_layout(u32 binary)
{
	return bpf_map_lookup_elem(&runtime_layouts, &binary);
}

/* read_goroutine_key: false when the goroutine's id could not be read. Ids start at 1. */
static __always_inline bool read_goroutine_key(struct registers *ctx, const struct runtime_layout *layout, struct goroutine_key *key)
{
	key->goid = read_word(goroutine_pointer(ctx) + layout->g_goid);
	key->tgid = bpf_get_current_pid_tgid() >> 32;
	return key->goid != 0;
}

/* frame_depth: 0 when the stack's base could not be read. */
static __always_inline u32 frame_depth(struct registers *ctx, const struct runtime_layout *layout)
{
	u64 base = read_word(goroutine_pointer(ctx) + layout->g_stack_hi);

	return base ? base - stack_pointer(ctx) : 0;
}

/* never is a moment that no goroutine was started after. */
static const struct moment never = {.gen = ~0ULL};

/* now: never when it cannot be told. */
static __always_inline struct moment now(struct registers *ctx, const struct site *site, const struct runtime_layout *layout)
{
	struct moment moment = {};
	u64 p;

	if (!layout->goid_gen || layout->g_m == MISSING || layout->m_p == MISSING || layout->p_goid_cache == MISSING ||
	    layout->p_goid_cache_end == MISSING)
		return never;
	moment.gen = read_word(layout->goid_gen + site->bias);
	if (!moment.gen)
		return never;
	p = read_word(read_word(goroutine_pointer(ctx) + layout->g_m) + layout->m_p);
	moment.cache = read_word(p + layout->p_goid_cache);
	moment.cache_end = read_word(p + layout->p_goid_cache_end);
	return moment;
}

static __always_inline bool started_after(u64 goid, const struct moment *moment)
{
	return (goid >= moment->cache && goid < moment->cache_end) || goid > moment->gen;
}

/*
 * serve makes the goroutines that this one starts for a span children of it. With alone it runs for nothing else, so
 * that they are all that it ever starts.
 */
static __always_inline void serve(struct registers *ctx, const struct site *site, const struct runtime_layout *layout,
				  struct goroutine *goroutine, struct open_span *span, bool alone)
{
	const struct moment ever = {};

	span->serves = true;
	goroutine->served_since = alone ? ever : now(ctx, site, layout);
}

static __always_inline struct goroutine *find_goroutine(const struct goroutine_key *key)
{
	return bpf_map_lookup_elem(&goroutines, key);
}

/* add_goroutine: the state of a goroutine, new if need be; expected_new saves a look-up where it mostly is. */
static __always_inline struct goroutine *add_goroutine(const struct goroutine_key *key, bool expected_new)
{
	struct goroutine *goroutine = expected_new ? NULL : find_goroutine(key);

	if (goroutine)
		return goroutine;
	bpf_map_update_elem(&goroutines, key, &no_open_spans, BPF_NOEXIST);
	goroutine = find_goroutine(key);
	if (goroutine)
		goroutine->goid = key->goid;
	else
		count_loss(LOSS_STATE_FULL);
	return goroutine;
}

/* innermost_span: NULL when no span is open. */
static __always_inline struct open_span *innermost_span(struct goroutine *goroutine)
{
	u32 last = goroutine->count - 1;

	return last < OPEN_SPANS_MAX ? &goroutine->spans[last] : NULL;
}

#endif
