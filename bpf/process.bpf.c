// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//go:build ignore

/*
 * Which processes execute a program: the event source of internal/discovery. It stands apart from the
 * instrumentations, in a ring buffer of its own, because an exec must be noticed at once, while spans are
 * delivered in batches.
 */

#include "include/types.h"

struct exec_event {
	u32 tgid; /* the process that executed a program, in the initial pid namespace */
	/*
	 * How many events had been lost when this one was written. A reader that sees the number change knows
	 * that it must look at every process again.
	 */
	u32 lost;
};

/* Room for 16 384 execs that nobody has read yet: an event takes 8 bytes, and its record header another 8. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct exec_event);
} process_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} process_events_lost SEC(".maps");

/*
 * The tracepoint fires when the new image is in place: /proc/PID/exe and environ are those of the new program.
 * Kernel threads never get here.
 */
SEC("raw_tracepoint/sched_process_exec")
int process_exec(void *ctx)
{
	u32 key = 0;
	u32 *lost = bpf_map_lookup_elem(&process_events_lost, &key);

	if (!lost)
		return 0;

	struct exec_event event = {
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.lost = *lost,
	};

	/* No flags: the reader is woken whenever it has read all that came before. */
	if (bpf_ringbuf_output(&process_events, &event, sizeof(event), 0))
		__sync_fetch_and_add(lost, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
