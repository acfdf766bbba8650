/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The spans that are open on each goroutine, innermost last. Keyed by the goroutine's id, because runtime.g
 * structs are used again and ids never are.
 */
#ifndef EBPFGO_GOROUTINE_H
#define EBPFGO_GOROUTINE_H

#include "loss.h"
#include "memory.h"
#include "parent.h"
#include "scratch.h"
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
	u16 g_size; /* bytes of runtime.g that hold all of the above that are read of it */
	u64 goid_gen; /* link-time address of runtime.sched.goidgen; 0: not known */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct runtime_layout);
} runtime_layouts SEC(".maps");

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
	u8 kept; /* it stays without open spans: see keep_goroutine */
	u8 padding[3];
	struct open_span spans[OPEN_SPANS_MAX];
	struct moment served_since; /* the start of the innermost span that serves */
	u64 begun; /* identity of the process when the goroutine was seen to begin, until it serves something; 0: it was not */
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

/* What the start of a span needs of the running goroutine's runtime.g. */
struct running {
	u64 stack_hi;
	u64 parent_goid; /* 0: none, or not known */
	u64 m;
};

static __always_inline u64 group_word(const struct scratch *scratch, u32 offset)
{
	/* The barrier keeps the compiler from checking one register and using another, which the verifier would refuse. */
	asm volatile("" : "+r"(offset));
	return offset > GROUP_MAX - sizeof(u64) ? 0 : *(const u64 *)(scratch->group + offset);
}

/*
 * read_running reads all of it at once, because a read of the target's memory costs about the same for a word and for
 * all of this. False when the goroutine's id could not be read.
 */
static __always_inline bool read_running(struct registers *ctx, const struct runtime_layout *layout, struct scratch *scratch,
					 struct goroutine_key *key, struct running *running)
{
	u32 size = layout->g_size;

	asm volatile("" : "+r"(size));
	if (size == 0 || size > GROUP_MAX || bpf_probe_read_user(scratch->group, size, (void *)goroutine_pointer(ctx)))
		return false;
	key->goid = group_word(scratch, layout->g_goid);
	key->tgid = bpf_get_current_pid_tgid() >> 32;
	running->stack_hi = group_word(scratch, layout->g_stack_hi);
	running->parent_goid = group_word(scratch, layout->g_parent_goid);
	running->m = group_word(scratch, layout->g_m);
	return key->goid != 0;
}

/* read_stack_hi: the base of the running goroutine's stack, for what needs nothing else of it. */
static __always_inline u64 read_stack_hi(struct registers *ctx, const struct runtime_layout *layout)
{
	return read_word(goroutine_pointer(ctx) + layout->g_stack_hi);
}

/* frame_depth: 0 when the stack's base is not known. */
static __always_inline u32 frame_depth(struct registers *ctx, u64 stack_hi)
{
	return stack_hi ? stack_hi - stack_pointer(ctx) : 0;
}

/* never is a moment that no goroutine was started after. */
static const struct moment never = {.gen = ~0ULL};

/* now: never when it cannot be told. */
static __always_inline struct moment now(const struct site *site, const struct runtime_layout *layout, const struct running *running)
{
	struct moment moment = {};
	u64 p;

	/* The end of the batch stands behind its beginning in every release: both are read at once. */
	if (!layout->goid_gen || !running->m || layout->m_p == MISSING || layout->p_goid_cache == MISSING ||
	    layout->p_goid_cache_end != layout->p_goid_cache + sizeof(u64))
		return never;
	moment.gen = read_word(layout->goid_gen + site->bias);
	if (!moment.gen)
		return never;
	p = read_word(running->m + layout->m_p);
	if (bpf_probe_read_user(&moment.cache, 2 * sizeof(u64), (void *)(p + layout->p_goid_cache)))
		moment.cache = moment.cache_end = 0;
	return moment;
}

static __always_inline bool started_after(u64 goid, const struct moment *moment)
{
	return (goid >= moment->cache && goid < moment->cache_end) || goid > moment->gen;
}

/*
 * serve makes the goroutines that this one starts for a span children of it. With alone it has run for nothing else yet,
 * so that they are all that it has ever started.
 */
static __always_inline void serve(const struct site *site, const struct runtime_layout *layout, const struct running *running,
				  struct goroutine *goroutine, struct open_span *span, bool alone)
{
	const struct moment ever = {};

	span->serves = true;
	goroutine->served_since = alone ? ever : now(site, layout, running);
}

static __always_inline struct goroutine *find_goroutine(const struct goroutine_key *key)
{
	return bpf_map_lookup_elem(&goroutines, key);
}

/*
 * How many goroutines are kept, by who counts: kept, released and refused by the kernel side, forgotten by user space,
 * which deletes the state of processes that have ended.
 */
enum keeping { KEEPING_KEPT, KEEPING_RELEASED, KEEPING_FORGOTTEN, KEEPING_REFUSED, KEEPINGS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KEEPINGS);
	__type(key, u32);
	__type(value, u64);
} keeping SEC(".maps");

static __always_inline u64 *keeping_count(enum keeping number)
{
	u32 key = number;

	return bpf_map_lookup_elem(&keeping, &key);
}

/*
 * keep_goroutine keeps the state of a goroutine when it has no open spans, until release_goroutine: one that serves
 * request after request saves the making of it for each. At most half of the states are kept, so that there is room for
 * others.
 */
static __always_inline void keep_goroutine(struct goroutine *goroutine)
{
	u64 *kept = keeping_count(KEEPING_KEPT), *released = keeping_count(KEEPING_RELEASED);
	u64 *forgotten = keeping_count(KEEPING_FORGOTTEN), *refused = keeping_count(KEEPING_REFUSED);

	if (goroutine->kept || !kept || !released || !forgotten || !refused)
		return;
	if (*kept - *released - *forgotten >= GOROUTINES_MAX / 2) {
		__sync_fetch_and_add(refused, 1);
		return;
	}
	__sync_fetch_and_add(kept, 1);
	goroutine->kept = true;
}

/*
 * serves_first: whether the running goroutine, which was seen to begin by this process as it is traced now, has served
 * nothing yet.
 */
static __always_inline bool serves_first(struct goroutine *goroutine, const struct site *site)
{
	bool first = site->identity && goroutine->begun == site->identity;

	goroutine->begun = 0;
	return first;
}

static __always_inline void release_goroutine(struct goroutine *goroutine)
{
	u64 *released = keeping_count(KEEPING_RELEASED);

	if (goroutine->kept && released)
		__sync_fetch_and_add(released, 1);
	goroutine->kept = false;
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
