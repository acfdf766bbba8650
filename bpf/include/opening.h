/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* A hit that opens a span: what every such program needs first. */
#ifndef EBPFGO_OPENING_H
#define EBPFGO_OPENING_H

#include "goroutine.h"
#include "target.h"

struct opening {
	struct site site;
	const struct runtime_layout *runtime;
	struct scratch *scratch; /* taken: to be given back */
	struct goroutine_key key;
	struct running running;
};

/* begin_opening: false, with nothing to be given back, if the hit is of no process that is traced, or could not be read. */
static __always_inline bool begin_opening(struct registers *ctx, struct opening *opening)
{
	u32 settings;

	if (!read_site(ctx, &opening->site))
		return false;
	opening->runtime = runtime_layout(opening->site.binary);
	settings = find_target(&opening->site);
	if (!opening->runtime || !settings)
		return false;
	opening->scratch = take_scratch();
	if (!opening->scratch)
		return false;
	opening->scratch->settings = settings;
	if (read_running(ctx, opening->runtime, opening->scratch, &opening->key, &opening->running))
		return true;
	count_loss(LOSS_UNREADABLE);
	give_scratch(opening->scratch);
	return false;
}

#endif
