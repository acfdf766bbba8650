// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"time"
)

// start is how collectors started and ended, each with the same processes running.
type start struct {
	First, All     spread // seconds from the start of the collector's process to the first span, and to spans of all processes
	Processor      spread // seconds of processor time until then
	Resident, Maps spread // MiB of the collector then: its own, and of its maps in the kernel
	Detached       spread // seconds from when the collector is told to end until it has and no probe is left
}

// startRate is in requests a second, to all processes by turns.
const startRate = 2000

// add starts a collector while requests are sent to the processes of a fleet, and returns it when spans of
// all of them have come.
func (s *start) add(b *bench, f *fleet) *collector {
	b.t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	l := f.load(4)
	l.rate, l.stop = startRate, stop
	go func() {
		defer close(stopped)
		l.run(b.t, time.Minute)
	}()
	c := startCollector(b.t, b.profile, nil, executables(f.servers)...)
	got := c.spans(0, 0)
	for deadline := time.Now().Add(50 * time.Second); got.processes < len(f.servers) && time.Now().Before(deadline); {
		got = c.spans(got.spans+1, patience)
	}
	used := processorTime(b.t, c.pid())
	close(stop)
	<-stopped
	if got.processes < len(f.servers) {
		b.t.Fatalf("spans of %d processes of %d came in 50 s", got.processes, len(f.servers))
	}
	const mebibyte = 1 << 20
	s.First = append(s.First, got.first.Sub(c.begin).Seconds())
	s.All = append(s.All, got.news.Sub(c.begin).Seconds())
	s.Processor = append(s.Processor, used.Seconds())
	s.Resident = append(s.Resident, float64(residentMemory(b.t, c.pid()))/mebibyte)
	s.Maps = append(s.Maps, float64(mapMemory(b.t, c.pid()))/mebibyte)
	return c
}

// end ends a collector that add has started.
func (s *start) end(c *collector) {
	c.t.Helper()
	s.Detached = append(s.Detached, c.detach().Seconds())
}
