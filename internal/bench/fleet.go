// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// fleet is servers that run at the same time, from one or several executables.
type fleet struct {
	b           *bench
	executables []string
	servers     []server
}

// newFleet copies an executable so often.
func (b *bench) newFleet(executables int) *fleet {
	b.t.Helper()
	f := &fleet{b: b}
	folder, built := b.t.TempDir(), b.build("httpserver")
	for i := range executables {
		place := filepath.Join(folder, strconv.Itoa(i))
		if err := os.Mkdir(place, 0o750); err != nil {
			b.t.Fatalf("%v", err)
		}
		f.executables = append(f.executables, copyTo(b.t, place, built))
	}
	return f
}

// grow starts servers until there are n.
func (f *fleet) grow(n int) {
	f.b.t.Helper()
	for i := len(f.servers); i < n; i++ {
		executable := f.executables[i%len(f.executables)]
		f.servers = append(f.servers, server{Target: targettest.Start(f.b.t, executable), executable: executable})
	}
}

func (f *fleet) stop() {
	for _, s := range f.servers {
		s.Stop()
	}
}

// load is one of clients that send each request to the next server.
func (f *fleet) load(clients int) load {
	var urls []string
	for _, s := range f.servers {
		urls = append(urls, s.URL()+"/ok")
	}
	return load{protocol: http1To(urls...), clients: clients, batch: 1, spans: 1}
}

// fleetPoint is what was measured with one fleet of one size.
type fleetPoint struct {
	Executables int
	point       // over the number of processes
	Start       start
}

// measureFleets measures start, memory and the cost of a request over the number of targets.
func (b *bench) measureFleets(r *report) {
	b.t.Helper()
	for _, executables := range []int{1, b.executables} {
		f := b.newFleet(executables)
		for _, n := range b.processes {
			f.grow(n)
			what := fmt.Sprintf("%d processes of %d executables", n, min(n, executables))
			p := fleetPoint{min(n, executables), point{X: n}, start{}}
			for i := range b.fewer() {
				b.t.Logf("%s, round %d of %d", what, i+1, b.fewer())
				var round [modes]sample
				round[untraced] = b.run(what, f.load(usualClients), plainSubject(f.servers...))
				c := p.Start.add(b, f)
				s := b.traceBy(what, c, f.load(1), f.servers...)
				round[traced] = b.run(what, f.load(usualClients), s)
				p.Start.end(c)
				p.rounds = append(p.rounds, round)
			}
			r.Fleets = append(r.Fleets, p)
		}
		f.stop()
	}
}

// measureLarge measures start and memory with one process of a large executable.
func (b *bench) measureLarge(r *report) {
	b.t.Helper()
	executable := b.largeExecutable()
	size, err := os.Stat(executable)
	if err != nil {
		b.t.Fatalf("%v", err)
	}
	f := &fleet{b: b, executables: []string{copyTo(b.t, b.t.TempDir(), executable)}}
	f.grow(1)
	defer f.stop()
	large := &largePoint{Bytes: size.Size()}
	for i := range b.fewer() {
		b.t.Logf("round %d of %d", i+1, b.fewer())
		large.Start.end(large.Start.add(b, f))
	}
	r.Large = large
}

// largePoint is what was measured with the large executable.
type largePoint struct {
	Bytes int64
	Start start
}
