// SPDX-License-Identifier: Apache-2.0

package events

// Propagation is what became of the trace context of a request that a target sent, named
// as the metric ebpfgo.propagation.requests names it.
type Propagation string

// Propagations are the outcomes that the kernel side counts, in the order of enum
// propagation, bpf/include/outgoing.h. From no_room on, the server cannot know its client.
var Propagations = [...]Propagation{
	"written", "inserted", "joinable", "present",
	"no_room", "split", "encrypted", "not_tcp", "unknown_socket", "state_full", "unreadable", "refused", "ambiguous", "mismatch",
}
