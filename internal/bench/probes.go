// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// hits is what one probe costs.
type hits struct {
	Program    string
	Hits       float64 // of an operation
	Hit, Total float64 // ns in the program, of a hit and of an operation
}

// counted is a scenario with what its probes cost.
type counted struct {
	scenario
	spans int // of an operation
	Hits  []hits
}

// measureProbes counts the hits of each probe in runs of their own, because the kernel's counting takes
// time too.
func (b *bench) measureProbes(r *report) {
	b.t.Helper()
	for _, s := range b.scenarios() {
		b.t.Logf("%s", s.Name)
		l := s.saturated(s.plain)
		b.as(s, traced, func(subject subject) {
			r.Probes = append(r.Probes, counted{s, l.spans, b.count(s.Name, l, subject)})
		})
	}
}

func (b *bench) count(what string, l load, s subject) (counted []hits) {
	b.t.Helper()
	counting, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		b.t.Fatalf("count the runs of BPF programs: %v", err)
	}
	defer counting.Close()
	l.requests = b.requests
	before, spans := probeRuns(b.t, s.collector.pid()), s.spans(0)
	n := l.operations(len(l.run(b.t, b.duration)))
	b.expectSpans(what+", with probes counted", l, s.spans(spans+l.wanted(n))-spans, n)
	operations := float64(n)
	for name, runs := range probeRuns(b.t, s.collector.pid()) {
		n := float64(runs.RunCount - before[name].RunCount)
		took := float64(runs.Runtime - before[name].Runtime)
		if n > 0 {
			counted = append(counted, hits{name, n / operations, took / n, took / operations})
		}
	}
	slices.SortFunc(counted, func(a, b hits) int { return strings.Compare(a.Program, b.Program) })
	return counted
}

// HitsOfOperation is how many probes an operation hits, and InPrograms the ns that it spends in them.
func (c counted) HitsOfOperation() float64 {
	return c.total(func(h hits) float64 { return h.Hits })
}

func (c counted) InPrograms() float64 {
	return c.total(func(h hits) float64 { return h.Total })
}

// Microseconds is InPrograms in µs.
func (c counted) Microseconds() float64 { return c.InPrograms() / 1000 }

func (c counted) total(number func(hits) float64) (sum float64) {
	for _, n := range of(c.Hits, number) {
		sum += n
	}
	return sum
}

// measureIdle measures the processor time in ms that the collector takes in a second without requests.
func (b *bench) measureIdle(r *report) {
	b.t.Helper()
	const least = 250 * time.Millisecond // several of its looks at the ring buffer
	s := b.scenarios()[0]
	b.as(s, traced, func(subject subject) {
		pid := subject.collector.pid()
		before, start := processorTime(b.t, pid), time.Now()
		time.Sleep(max(2*b.duration, least))
		r.Idle = (processorTime(b.t, pid) - before).Seconds() * 1000 / time.Since(start).Seconds()
	})
}
