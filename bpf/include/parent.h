/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What is known of the span that another one is the child of. */
#ifndef EBPFGO_PARENT_H
#define EBPFGO_PARENT_H

#include "types.h"

struct span_context {
	u64 trace_id[2];
	u64 span_id;
};

struct parent {
	struct span_context context;
	u64 goid; /* of the goroutine that it is open on; found by context only */
	u64 at;	  /* data word of the context.Context that names it, or names one around it; 0: none does */
	u8 known;
	u8 sampled;
	u8 denied; /* there is none, and whoever called wants no span either */
	u8 has_tracestate; /* and tracestates has it */
	u8 sampler; /* of the process that the child is in, set before join_trace: see sampler.h */
	u8 padding[3];
};

#endif
