// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"syscall"
	"time"
)

// mode is how targets are traced.
type mode int

const (
	untraced mode = iota
	trapped       // not traced, but with probes that do nothing
	traced        // by the receiver
	sdk           // by the OpenTelemetry SDK in them
	modes
)

func (m mode) String() string { return [modes]string{"untraced", "traps", "ebpfgo", "SDK"}[m] }

// subject is what a load runs on: targets in one mode.
type subject struct {
	mode
	targets   []server
	collector *collector // of the spans, nil if there are none
}

func plainSubject(targets ...server) subject { return subject{untraced, targets, nil} }

func (b *bench) sdkSubject(target server) subject { return subject{sdk, []server{target}, b.otlp} }

// spans waits until there have been so many spans, as long as there is hope, and returns how many
// there have been.
func (s subject) spans(wanted int) int {
	switch s.mode {
	case traced:
		return s.collector.spans(wanted, patience).spans
	case sdk:
		return s.flush(wanted)
	}
	return 0
}

// flushes is how often an SDK is told to export: a span may end after its response was read.
const flushes = 3

func (s subject) flush(wanted int) (spans int) {
	for range flushes {
		for _, target := range s.targets {
			// One that has ended says so in the next request.
			_ = syscall.Kill(target.PID(), syscall.SIGUSR1)
		}
		if spans = s.collector.spans(wanted, patience).spans; spans >= wanted {
			break
		}
	}
	return spans
}

// processorTime is that of the targets and of the collector.
func (b *bench) processorTime(s subject) (targets, collector time.Duration) {
	b.t.Helper()
	for _, target := range s.targets {
		targets += processorTime(b.t, target.PID())
	}
	if s.collector != nil {
		collector = processorTime(b.t, s.collector.pid())
	}
	return targets, collector
}

// trace starts a collector for targets and returns when all further operations are traced. The caller
// must stop the collector. l is a load that reaches each of the targets in turn.
func (b *bench) trace(what string, l load, targets ...server) subject {
	b.t.Helper()
	return b.traceBy(what, startCollector(b.t, b.profile, nil, executables(targets)...), l, targets...)
}

// traceBy is trace with a collector that runs already.
func (b *bench) traceBy(what string, c *collector, l load, targets ...server) subject {
	b.t.Helper()
	l.clients, l.rate, l.requests = 1, 0, len(targets)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		before := c.spans(0, 0).spans
		wanted := before + l.operations(len(l.run(b.t, 0)))*l.spans
		if c.spans(wanted, shortPatience).spans == wanted {
			return subject{traced, targets, c}
		}
	}
	b.t.Fatalf("%s: not all targets are traced after a minute", what)
	return subject{}
}

func executables(targets []server) (paths []string) {
	seen := map[string]bool{}
	for _, target := range targets {
		if !seen[target.executable] {
			seen[target.executable] = true
			paths = append(paths, target.executable)
		}
	}
	return paths
}
