/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The tracestate that a request came with, kept while its server's span is open, so that requests of the same trace that
 * go out can pass it on: W3C Trace Context, section 3.3.
 */
#ifndef EBPFGO_TRACESTATE_H
#define EBPFGO_TRACESTATE_H

#include "lineage.h"

#define TRACESTATE_MAX 512 /* what must be passed on at least (section 3.3.1.5); a longer one is not */
#define TRACESTATES_MAX 4096

struct tracestate_key {
	u64 trace_id[2];
	u64 tgid;
};

struct tracestate {
	struct tracestate_key key; /* repeated, as in struct goroutine */
	u64 owner;		   /* the server's span that it came with */
	u64 length;
	u8 text[TRACESTATE_MAX]; /* spaces behind it */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRACESTATES_MAX);
	__type(key, struct tracestate_key);
	__type(value, struct tracestate);
} tracestates SEC(".maps");

#endif
