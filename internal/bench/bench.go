// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// warmUp is how long a load runs before it is measured.
const warmUp = 500 * time.Millisecond

// bench is a server that is traced by turns.
type bench struct {
	t          testing.TB
	rounds     int
	duration   time.Duration
	profile    string
	executable string // of the target; nobody else runs it
	upstream   *targettest.Target
	target     *targettest.Target
	http2      *targettest.Target // runs the same executable with TLS
}

// goVersion is that of the target.
func goVersion() string { return targettest.Versions()[len(targettest.Versions())-1] }

// newBench starts the target, and a server that it can call and that is not traced.
func newBench(t testing.TB, rounds int, duration time.Duration) *bench {
	t.Helper()
	built := targettest.Binary(t, targettest.Build{Program: "httpserver", Go: goVersion(), Strip: true})
	b := &bench{t: t, rounds: rounds, duration: duration, executable: copyTo(t, t.TempDir(), built)}
	b.upstream = targettest.Start(t, copyTo(t, t.TempDir(), built))
	b.target = targettest.Start(t, b.executable)
	b.http2 = targettest.Start(t, b.executable, targettest.TLS())
	return b
}

func copyTo(t testing.TB, folder, executable string) string {
	t.Helper()
	content, err := os.ReadFile(executable)
	if err != nil {
		t.Fatalf("%v", err)
	}
	path := filepath.Join(folder, filepath.Base(executable))
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatalf("%v", err)
	}
	return path
}

// scenario is a load on a target.
type scenario struct {
	Name   string
	target *targettest.Target
	load   load
	spans  int // of each request
}

func (b *bench) scenarios() []scenario {
	url := b.target.URL()
	return []scenario{
		{"HTTP/1.1 server", b.target, load{url: url + "/ok", clients: 16}, 1},
		{"HTTP/1.1 server, 2 000 requests/s", b.target, load{url: url + "/ok", clients: 8, rate: 2000}, 1},
		{"HTTP/2 server", b.http2, load{url: b.http2.URL() + "/ok", http2: true, clients: 16}, 1},
		// net/http keeps two connections to one host by default.
		{"HTTP/1.1 server that calls another", b.target, load{url: url + "/call?url=" + b.upstream.URL() + "/ok", clients: 2}, 2},
	}
}

// sample is what one run of a load measured. Times are µs.
type sample struct {
	requests, spans   int
	rate              float64 // requests a second
	target, collector float64 // processor time for each request
	p50, p99          float64
}

// round is a run without the receiver and one with it.
type round struct{ without, with sample }

// added is the processor time that tracing adds to a request, in µs.
func (r round) added() float64 { return r.with.target - r.without.target + r.with.collector }

// measure runs a load without and with the receiver, by turns.
func (b *bench) measure(s scenario) []round {
	b.t.Helper()
	rounds := make([]round, b.rounds)
	for i := range rounds {
		rounds[i].without = b.run(s, nil)
		c := b.trace(s)
		rounds[i].with = b.run(s, c)
		c.stop()
	}
	return rounds
}

// trace starts a collector and returns when all further requests are traced.
func (b *bench) trace(s scenario) *collector {
	b.t.Helper()
	c := startCollector(b.t, b.executable, b.profile)
	one := s.load
	one.clients, one.rate, one.requests = 1, 0, 1
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		before := c.spans(0)
		one.run(b.t, 0)
		if c.spans(before+s.spans) == before+s.spans {
			return c
		}
	}
	b.t.Fatalf("%s: the target is not traced after a minute", s.Name)
	return nil
}

// run measures one run. c is nil where nothing is traced.
func (b *bench) run(s scenario, c *collector) sample {
	b.t.Helper()
	spans := func(int) int { return 0 }
	collected := func() time.Duration { return 0 }
	if c != nil {
		spans = c.spans
		collected = func() time.Duration { return processorTime(b.t, c.pid()) }
	}
	before := spans(0)
	before = spans(before + s.spans*len(s.load.run(b.t, warmUp)))

	target, collector, start := processorTime(b.t, s.target.PID()), collected(), time.Now()
	measured := s.load.run(b.t, b.duration)
	requests := len(measured)
	took := time.Since(start)
	target = processorTime(b.t, s.target.PID()) - target
	after := spans(before + s.spans*requests)
	collector = collected() - collector

	each := func(total time.Duration) float64 { return total.Seconds() * 1e6 / float64(requests) }
	return sample{
		requests: requests, spans: after - before, rate: float64(requests) / took.Seconds(),
		target: each(target), collector: each(collector),
		p50: measured.percentile(50).Seconds() * 1e6, p99: measured.percentile(99).Seconds() * 1e6,
	}
}

// hits is what one probe costs.
type hits struct {
	Program    string
	Hits       float64 // of a request
	Hit, Total float64 // ns in the program, of a hit and of a request
}

// count counts the hits of each probe in a run of its own, because the kernel's counting takes
// time too.
func (b *bench) count(s scenario) []hits {
	b.t.Helper()
	c := b.trace(s)
	defer c.stop()
	counting, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		b.t.Fatalf("count the runs of BPF programs: %v", err)
	}
	defer counting.Close()
	before, spans := probeRuns(b.t, c.pid()), c.spans(0)
	n := len(s.load.run(b.t, b.duration))
	c.spans(spans + s.spans*n) // a request may end after its response was read
	requests := float64(n)
	var counted []hits
	for name, runs := range probeRuns(b.t, c.pid()) {
		n := float64(runs.RunCount - before[name].RunCount)
		took := float64(runs.Runtime - before[name].Runtime)
		if n > 0 {
			counted = append(counted, hits{name, n / requests, took / n, took / requests})
		}
	}
	slices.SortFunc(counted, func(a, b hits) int { return strings.Compare(a.Program, b.Program) })
	return counted
}

// idle is the processor time in ms that the collector takes in a second without requests.
func (b *bench) idle(s scenario) float64 {
	b.t.Helper()
	c := b.trace(s)
	defer c.stop()
	before, start := processorTime(b.t, c.pid()), time.Now()
	time.Sleep(b.duration)
	return (processorTime(b.t, c.pid()) - before).Seconds() * 1000 / time.Since(start).Seconds()
}
