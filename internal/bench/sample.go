// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "time"

// sample is what one run of a load measured. Times are µs.
type sample struct {
	operations, spans, wanted int
	rate                      float64 // operations a second
	target, collector         float64 // processor time for each operation
	p50, p99, p999            float64
}

// cost is the processor time of an operation, of target and collector.
func (s sample) cost() float64 { return s.target + s.collector }

// run measures one run of a load. One before it, on the same connections, warms up.
func (b *bench) run(what string, l load, s subject) sample {
	b.t.Helper()
	if l.requests == 0 {
		l.requests = b.requests
	}
	clients := l.dial(b.t)
	defer clients.close()
	before := s.spans(0)
	before = s.spans(before + l.wanted(l.operations(len(clients.run(b.t, b.warmUp)))))

	targets, collector := b.processorTime(s)
	start := time.Now()
	requests := clients.run(b.t, b.duration)
	took := time.Since(start)
	operations := l.operations(len(requests))
	if operations == 0 {
		b.t.Fatalf("%s: no request in %v", what, b.duration)
	}
	wanted := l.wanted(operations)
	spans := s.spans(before+wanted) - before
	targetsAfter, collectorAfter := b.processorTime(s)
	if s.mode == traced {
		b.expectSpans(what, l, spans, operations)
	}
	each := func(total time.Duration) float64 { return total.Seconds() * 1e6 / float64(operations) }
	latency := requests.latencies()
	return sample{
		operations: operations, spans: spans, wanted: wanted, rate: float64(operations) / took.Seconds(),
		target: each(targetsAfter - targets), collector: each(collectorAfter - collector),
		p50:  latency.percentile(50).Seconds() * 1e6,
		p99:  latency.percentile(99).Seconds() * 1e6,
		p999: latency.percentile(99.9).Seconds() * 1e6,
	}
}
