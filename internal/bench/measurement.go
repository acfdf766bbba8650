// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// measurement is a part of the document that can be asked for by its name.
type measurement struct {
	name, what string
	measure    func(*bench, *report)
}

// measurements are all of them, in the order in which they run.
var measurements = []measurement{
	{"requests", "processor time, latency and spans of a request, untraced, traced and with an SDK", (*bench).measureRequests},
	{"probes", "probes that a request hits, and the time in each", (*bench).measureProbes},
	{"sampling", "processor time of a request that is not sampled", (*bench).measureSampling},
	{"idle", "processor time of the collector without requests", (*bench).measureIdle},
	{"concurrency", "processor time over the number of clients", (*bench).measureConcurrency},
	{"headers", "processor time over the number of headers", (*bench).measureHeaders},
	{"processes", "start, memory and processor time over the number of targets", (*bench).measureFleets},
	{"large", "start and memory with a large executable", (*bench).measureLarge},
	{"attach", "latency while probes are attached", (*bench).measureAttaching},
	{"ring", "spans that a core takes from the ring buffer", (*bench).measureRing},
	{"sites", "instructions that probes sit on", (*bench).measureSites},
}

// named returns the measurements of a list of names, all if it is empty.
func named(list string) ([]measurement, error) {
	if list == "" {
		return measurements, nil
	}
	var chosen []measurement
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(measurements, func(m measurement) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no measurement %q; there are %s", name, names())
		}
		chosen = append(chosen, measurements[i])
	}
	return chosen, nil
}

func names() string {
	var list []string
	for _, m := range measurements {
		list = append(list, m.name)
	}
	return strings.Join(list, ",")
}

// report makes measurements.
func (b *bench) report(chosen []measurement) *report {
	b.t.Helper()
	r := &report{Machine: thisMachine(), Go: goVersion(), Plan: b.plan}
	start := time.Now()
	for i, m := range chosen {
		b.t.Logf("[%d/%d] %s: %s", i+1, len(chosen), m.name, m.what)
		begin := time.Now()
		m.measure(b, r)
		b.t.Logf("[%d/%d] %s took %v", i+1, len(chosen), m.name, time.Since(begin).Round(time.Second))
	}
	r.Took, r.Failures = time.Since(start), b.failures
	return r
}
