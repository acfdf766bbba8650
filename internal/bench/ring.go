// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"syscall"
	"time"
)

// batchSpans is how many spans the receiver hands on together by default. A full batch waits for nothing.
const batchSpans = 1024

// ring is how fast a collector that has one core takes spans out of the ring buffer.
type ring struct {
	Burst     int    // spans that waited there
	Rate      spread // spans a second, from the moment on that it could take them
	Processor spread // µs of its processor time for a span

	Produced spread // spans a second that targets produced as fast as they could
	Share    spread // of the core that it took for those, in per cent
}

// measureRing lets spans gather in the ring buffer while a collector is stopped, then lets it go on and
// measures how long it takes until the last one has passed through to the consumer. None may be missing,
// neither then nor while targets produce them as fast as they can.
func (b *bench) measureRing(r *report) {
	b.t.Helper()
	s := b.query()
	l := s.saturated(s.plain)
	c := startCollector(b.t, b.profile, []string{"GOMAXPROCS=1"}, s.plain.executable)
	defer c.stop()
	subject := b.traceBy(s.Name, c, l, s.plain)
	r.Ring = &ring{Burst: b.burst}
	b.bursts(r.Ring, l, subject)
	for range b.rounds {
		produced := b.run("spans as fast as targets produce them", l, subject)
		r.Ring.Produced = append(r.Ring.Produced, produced.rate)
		r.Ring.Share = append(r.Ring.Share, 100*produced.rate*produced.collector/1e6)
	}
}

func (b *bench) bursts(r *ring, l load, s subject) {
	b.t.Helper()
	statements := l.protocol.(statements)
	statements.command.N = b.burst
	burst := load{protocol: statements, clients: 1, requests: 1, batch: b.burst, spans: 1}
	c := s.collector
	for i := range 2 * b.rounds {
		before := s.spans(0)
		used := processorTime(b.t, c.pid())
		b.signal(c, syscall.SIGSTOP)
		awaitStopped(b.t, c.pid())
		burst.run(b.t, 0)
		b.signal(c, syscall.SIGCONT)
		begin := time.Now()
		got := c.spans(before+b.burst, patience)
		b.expect("burst in the ring buffer", got.spans-before, b.burst)
		used = processorTime(b.t, c.pid()) - used
		if i == 0 {
			continue // the first one makes the collector's heap grow
		}
		r.Rate = append(r.Rate, float64(b.burst)/got.last.Sub(begin).Seconds())
		r.Processor = append(r.Processor, used.Seconds()*1e6/float64(b.burst))
	}
}

// query is the scenario with the most spans a second.
func (b *bench) query() scenario {
	b.t.Helper()
	for _, s := range b.scenarios() {
		if _, is := s.saturated(s.plain).protocol.(statements); is {
			return s
		}
	}
	b.t.Fatalf("no scenario performs statements")
	return scenario{}
}

func (b *bench) signal(c *collector, signal syscall.Signal) {
	b.t.Helper()
	if err := c.command.Process.Signal(signal); err != nil {
		b.t.Fatalf("signal %v to the collector: %v", signal, err)
	}
}
