// SPDX-License-Identifier: Apache-2.0

package events

// Loss is a reason for which an event did not become a span, named as the metric
// ebpfgo.events.lost names it.
type Loss string

// What user space loses.
const (
	LossQueueFull Loss = "queue_full" // the pipeline is slower than the targets
	LossUnmatched Loss = "unmatched"  // an end without its start, or a start without its end
	LossMalformed Loss = "malformed"  // a record that cannot be decoded
	LossNoTarget  Loss = "no_target"  // from a process that nothing became known of in time
)

// KernelLosses are the reasons that the kernel side counts, in the order of enum loss,
// bpf/include/loss.h.
var KernelLosses = [...]Loss{"ring_full", "state_full", "nesting", "scratch_busy", "unreadable"}
