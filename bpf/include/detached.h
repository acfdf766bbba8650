/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Spans of operations that go on without the goroutine that began them, such as a stream: they are nobody's parent
 * by goroutine, and are found by the object that stands for the operation.
 */
#ifndef EBPFGO_DETACHED_H
#define EBPFGO_DETACHED_H

#include "goroutine.h"

#define DETACHED_MAX 65536

struct detached_key {
	u64 object; /* address of the object */
	u64 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DETACHED_MAX);
	__type(key, struct detached_key);
	__type(value, struct open_span);
} detached SEC(".maps");

/*
 * detach_span moves the innermost span from its goroutine to an object. Without room, which is counted, it stays
 * where it is, and false is returned.
 */
static __always_inline bool detach_span(struct goroutine *goroutine, u64 tgid, u64 object)
{
	struct detached_key key = {.object = object, .tgid = tgid};
	struct open_span *span = innermost_span(goroutine);

	if (!span || !object)
		return false;
	if (bpf_map_update_elem(&detached, &key, span, BPF_ANY)) {
		count_loss(LOSS_STATE_FULL);
		return false;
	}
	goroutine->count--;
	return true;
}

/* take_detached moves the span of an object to *span. Of several goroutines that end it at once, one succeeds. */
static __always_inline bool take_detached(u64 tgid, u64 object, struct open_span *span)
{
	struct detached_key key = {.object = object, .tgid = tgid};
	struct open_span *open = bpf_map_lookup_elem(&detached, &key);

	if (!open)
		return false;
	*span = *open;
	return !bpf_map_delete_elem(&detached, &key);
}

#endif
