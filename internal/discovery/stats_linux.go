// SPDX-License-Identifier: Apache-2.0

package discovery

import "sync/atomic"

// Stats are the counts of a Watcher since it was made.
type Stats struct {
	Execs     uint64 // exec events read
	ExecsLost uint64 // exec events that the kernel could not deliver; all processes are looked at then
	Gone      uint64 // processes that ended before they could be looked at
	Denied    uint64 // looks at a process that the kernel refused, wholly or in part
	Failed    uint64 // looks that failed otherwise
	Inspected uint64 // executable files read to see whether they are Go programs
	Started   uint64 // targets reported
	Exited    uint64 // targets reported to have ended
}

type counters struct {
	execs, execsLost, gone, denied, failed, inspected, started, exited atomic.Uint64
}

func (c *counters) stats() Stats {
	return Stats{
		Execs:     c.execs.Load(),
		ExecsLost: c.execsLost.Load(),
		Gone:      c.gone.Load(),
		Denied:    c.denied.Load(),
		Failed:    c.failed.Load(),
		Inspected: c.inspected.Load(),
		Started:   c.started.Load(),
		Exited:    c.exited.Load(),
	}
}
