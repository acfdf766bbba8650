/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* How a deferred function came to run: runtime/panic.go. */
#ifndef EBPFGO_PANIC_H
#define EBPFGO_PANIC_H

#include "event.h"
#include "goroutine.h"

/*
 * read_panic: the deferred functions of a span's operation run because of a panic or runtime.Goexit if the goroutine's
 * innermost _panic, which is in the frame of what raised it, is further in than the operation.
 */
static __always_inline void read_panic(struct registers *ctx, const struct site *site, const struct runtime_layout *runtime,
				       const struct open_span *span, struct end_event *event)
{
	u64 goroutine = goroutine_pointer(ctx), panic = runtime->g_panic == MISSING ? 0 : read_word(goroutine + runtime->g_panic);

	if (!panic || read_stack_hi(ctx, runtime) - panic <= span->depth)
		return;
	if (runtime->panic_goexit != MISSING && read_byte(panic + runtime->panic_goexit)) {
		event->outcome = OUTCOME_GOEXIT;
		return;
	}
	event->outcome = OUTCOME_PANICKED;
	event->has_error = true;
	if (runtime->panic_arg != MISSING) {
		u64 type = read_word(panic + runtime->panic_arg);

		event->error_type = type ? type - site->bias : 0;
	}
}

#endif
