// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"net/url"
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

// bench is targets that are traced by turns.
type bench struct {
	t        testing.TB
	rounds   int
	duration time.Duration
	profile  string
}

// server is a target and its executable, which no other process runs that is not to be traced.
type server struct {
	*targettest.Target
	executable string
}

// goVersion is that of the targets.
func goVersion() string { return targettest.Versions()[len(targettest.Versions())-1] }

// start starts a program of testdata, stripped, from an executable of its own.
func (b *bench) start(program string, options ...targettest.Option) server {
	b.t.Helper()
	built := targettest.Binary(b.t, targettest.Build{Program: program, Go: goVersion(), Strip: true})
	executable := copyTo(b.t, b.t.TempDir(), built)
	return server{targettest.Start(b.t, executable, options...), executable}
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
	target server
	load   load
	spans  int // of each operation
	// batch is how many operations a request is. Those of batches have no latency of their own.
	batch int
}

// What the load that performs statements asks the target for at a time.
const (
	statementBatch   = 1000
	statementClients = 16
)

// scenarios starts the targets, and servers that they can call and that are not traced.
func (b *bench) scenarios() []scenario {
	web, webUpstream, tls := b.start("httpserver"), b.start("httpserver"), b.start("httpserver", targettest.TLS())
	rpc, rpcUpstream := b.start("grpcserver"), b.start("grpcserver")
	sql := b.start("sqlclient")
	ok := http1{web.URL() + "/ok"}
	onward := url.Values{"target": {"passthrough:///" + rpcUpstream.Address()}, "method": {"/example.Unary/Echo"}, "message": {"ok"}}
	query := targettest.SQLCommand{
		Driver: "fake", DSN: "ok", N: statementBatch, Concurrency: statementClients,
		Steps: []targettest.SQLStep{{Do: "query", Query: "SELECT name, price FROM products WHERE id = 7 AND shop = 'main'"}},
	}
	transaction := query
	transaction.Steps = []targettest.SQLStep{
		{Do: "begin"},
		{Do: "exec", On: "tx", Query: "UPDATE products SET price = 3 WHERE id = 7"},
		{Do: "commit"},
	}
	return []scenario{
		{"HTTP/1.1 server", web, load{protocol: ok, clients: 16}, 1, 1},
		{"HTTP/1.1 server, 2 000 requests/s", web, load{protocol: ok, clients: 8, rate: 2000}, 1, 1},
		{"HTTP/2 server", tls, load{protocol: http2{tls.URL() + "/ok"}, clients: 16}, 1, 1},
		// net/http keeps two connections to one host by default.
		{"HTTP/1.1 server that calls another", web, load{protocol: http1{web.URL() + "/call?url=" + webUpstream.URL() + "/ok"}, clients: 2}, 2, 1},
		{"gRPC server, unary", rpc, load{protocol: grpcCall{rpc.Address(), "/example.Unary/Echo", "ok", false}, clients: 16}, 1, 1},
		{"gRPC server, stream", rpc, load{protocol: grpcCall{rpc.Address(), "/example.Stream/Echo", "ok", true}, clients: 16}, 1, 1},
		{"gRPC server that calls another", rpc, load{protocol: grpcCall{rpc.Address(), "/example.Unary/Call", onward.Encode(), false}, clients: 16}, 2, 1},
		{"SQL, a query", sql, load{protocol: statements{sql.Target, query}, clients: 1}, 1, statementBatch},
		{"SQL, begin, exec, commit", sql, load{protocol: statements{sql.Target, transaction}, clients: 1}, 3, statementBatch},
	}
}

// sample is what one run of a load measured. Times are µs.
type sample struct {
	operations, spans int
	rate              float64 // operations a second
	target, collector float64 // processor time for each operation
	p50, p99          float64
}

// round is a run without the receiver and one with it.
type round struct{ without, with sample }

// added is the processor time that tracing adds to an operation, in µs.
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

// trace starts a collector and returns when all further operations are traced.
func (b *bench) trace(s scenario) *collector {
	b.t.Helper()
	c := startCollector(b.t, s.target.executable, b.profile)
	one := s.load
	one.clients, one.rate, one.requests = 1, 0, 1
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		before := c.spans(0)
		one.run(b.t, 0)
		if c.spans(before+s.spans*s.batch) == before+s.spans*s.batch {
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
	before = spans(before + s.spans*s.batch*len(s.load.run(b.t, warmUp)))

	target, collector, start := processorTime(b.t, s.target.PID()), collected(), time.Now()
	measured := s.load.run(b.t, b.duration)
	operations := len(measured) * s.batch
	took := time.Since(start)
	target = processorTime(b.t, s.target.PID()) - target
	after := spans(before + s.spans*operations)
	collector = collected() - collector

	each := func(total time.Duration) float64 { return total.Seconds() * 1e6 / float64(operations) }
	return sample{
		operations: operations, spans: after - before, rate: float64(operations) / took.Seconds(),
		target: each(target), collector: each(collector),
		p50: measured.percentile(50).Seconds() * 1e6, p99: measured.percentile(99).Seconds() * 1e6,
	}
}

// hits is what one probe costs.
type hits struct {
	Program    string
	Hits       float64 // of an operation
	Hit, Total float64 // ns in the program, of a hit and of an operation
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
	n := len(s.load.run(b.t, b.duration)) * s.batch
	c.spans(spans + s.spans*n) // a request may end after its response was read
	operations := float64(n)
	var counted []hits
	for name, runs := range probeRuns(b.t, c.pid()) {
		n := float64(runs.RunCount - before[name].RunCount)
		took := float64(runs.Runtime - before[name].Runtime)
		if n > 0 {
			counted = append(counted, hits{name, n / operations, took / n, took / operations})
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
