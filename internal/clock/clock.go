// SPDX-License-Identifier: Apache-2.0

// Package clock turns the times of kernel events into times since the epoch.
//
// Events carry the time since boot, suspend included (bpf_ktime_get_boot_ns, which
// is CLOCK_BOOTTIME). The kernel keeps it, CLOCK_MONOTONIC and CLOCK_REALTIME from
// one counter and adjusts their rate together, so that the difference between
// since-boot and since-epoch is constant, until the clock is set.
package clock

import (
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// A sample needs one attempt in which the thread was not held up, which takes
	// about a microsecond. So many are made, and more while all were held up.
	minAttempts = 5
	maxAttempts = 100
	// tolerance is by how much the wall clock may have moved against the monotonic
	// clock before the offset is sampled again. It is wider than the time between two
	// readings as a rule, and far below the millisecond that a span may be wrong by.
	tolerance = 100 * time.Microsecond
)

// source reads the clocks of the machine, in nanoseconds.
type source struct {
	boot func() int64 // since boot, suspend included
	// now reads the wall clock, since the epoch, and the monotonic clock, since any
	// fixed moment.
	now func() (wall, monotonic int64)
}

// Clock knows the epoch time of the machine's boot. It is safe for concurrent use.
type Clock struct {
	source source
	sample atomic.Pointer[sample]
}

// sample is the relation of the clocks to each other at one moment.
type sample struct {
	boot      int64 // epoch time of the boot
	monotonic int64 // epoch time of the zero of the monotonic clock
}

// New returns a clock that has been sampled.
func New() *Clock {
	start := time.Now()
	return newClock(source{boot: sinceBoot, now: func() (int64, int64) {
		now := time.Now() // reads both clocks without a system call
		return now.UnixNano(), int64(now.Sub(start))
	}})
}

func newClock(s source) *Clock {
	c := &Clock{source: s}
	c.Sample()
	return c
}

// Sample finds the epoch time of the boot anew: it reads the wall clock between two
// readings of the time since boot and keeps the narrowest of several attempts.
// Look calls it when it must.
func (c *Clock) Sample() {
	var best sample
	narrowest := int64(-1)
	for i := range maxAttempts {
		if i >= minAttempts && narrowest >= 0 && narrowest <= int64(tolerance) {
			break
		}
		before := c.source.boot()
		wall, monotonic := c.source.now()
		after := c.source.boot()
		if width := after - before; width >= 0 && (narrowest < 0 || width < narrowest) {
			narrowest = width
			best = sample{boot: wall - (before + width/2), monotonic: wall - monotonic}
		}
	}
	c.sample.Store(&best)
}

// Look checks, in some fifty nanoseconds, that the wall clock was not set since the last
// sample, and samples it again if it was.
func (c *Clock) Look() {
	wall, monotonic := c.source.now()
	if moved := time.Duration(wall - monotonic - c.sample.Load().monotonic); moved < -tolerance || moved > tolerance {
		c.Sample()
	}
}

// Epoch returns the time of a kernel event, from the nanoseconds after boot that it
// carries. The result is right to well under a millisecond against the wall clock
// as it was set at the last Look. A time before the epoch gives 0.
func (c *Clock) Epoch(boot uint64) pcommon.Timestamp {
	epoch := c.sample.Load().boot + int64(boot)
	if epoch < 0 {
		return 0
	}
	return pcommon.Timestamp(epoch)
}
