// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// sampledRatio is how many of the traces that begin in a target are sampled, by the receiver and by the SDK: both
// are asked for parent_based_trace_id_ratio.
const sampledRatio = 0.01

// sampling is operations of which few or none are sampled.
type sampling struct {
	Name   string
	rounds [][modes]sample
	hits   []hits
}

// unsampled is a scenario, and the same without spans.
type unsampled struct {
	scenario
	load func(server) load
}

// measureSampling measures requests whose parent is not sampled, and statements that are roots.
func (b *bench) measureSampling(r *report) {
	b.t.Helper()
	for _, u := range b.unsampled() {
		m := sampling{Name: u.Name}
		for i := range b.rounds {
			b.t.Logf("%s, not sampled, round %d of %d", u.Name, i+1, b.rounds)
			var round [modes]sample
			for k := range modes {
				mode := (mode(i) + k) % modes
				b.sampled(u.scenario, mode, func(subject subject) {
					round[mode] = b.run(u.Name+", not sampled", u.load(subject.targets[0]), subject)
				})
			}
			m.rounds = append(m.rounds, round)
		}
		b.sampled(u.scenario, traced, func(subject subject) {
			m.hits = b.count(u.Name+", not sampled", u.load(u.plain), subject)
		})
		r.Sampling = append(r.Sampling, m)
	}
}

func (b *bench) unsampled() []unsampled {
	b.t.Helper()
	option := targettest.Env("OTEL_TRACES_SAMPLER=parentbased_traceidratio", fmt.Sprintf("OTEL_TRACES_SAMPLER_ARG=%g", sampledRatio))
	all := b.scenarios()
	web, rpc, sql := all[0], all[2], b.query()
	web.sdk, rpc.sdk, sql.sdk = b.startSDK("sdkhttpserver", option), b.startSDK("sdkgrpcserver", option), b.startSDK("sdksqlclient", option)
	return []unsampled{
		{web, func(s server) load { return withoutSpans(web.saturated(s), http1To(s.URL()+"/ok").unsampled()) }},
		{rpc, func(s server) load {
			l := rpc.saturated(s)
			return withoutSpans(l, l.protocol.(grpcCall).unsampled())
		}},
		{sql, func(s server) load {
			l := sql.saturated(s)
			l.ratio = sampledRatio
			return l
		}},
	}
}

func withoutSpans(l load, p protocol) load {
	l.protocol, l.spans = p, 0
	return l
}

// sampled calls do with a scenario's server in a mode, in which few traces are sampled.
func (b *bench) sampled(s scenario, mode mode, do func(subject)) {
	b.t.Helper()
	if mode != traced {
		b.as(s, mode, do)
		return
	}
	c := startCollector(b.t, b.profile, []string{fmt.Sprintf("%s=%g", ratioVariable, sampledRatio)}, s.plain.executable)
	defer c.stop()
	l := s.saturated(s.plain) // requests whose parent is sampled
	l.clients, l.requests = 1, 1
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if before := c.spans(0, 0).spans; len(l.run(b.t, 0)) > 0 && c.spans(before+1, shortPatience).spans > before {
			do(subject{traced, []server{s.plain}, c})
			return
		}
	}
	b.t.Fatalf("%s: no span after a minute", s.Name)
}

func (s sampling) costs() (c costs) {
	for _, round := range s.rounds {
		for mode, sample := range round {
			c[mode] = append(c[mode], sample)
		}
	}
	return c
}

// The columns of the document.
func (s sampling) Untraced() spread { return s.costs().Target() }
func (s sampling) Traps() spread    { return s.costs().Traps() }
func (s sampling) Added() spread    { return s.costs().Added() }
func (s sampling) SDKAdded() spread { return s.costs().SDKAdded() }

// Hits is how many probes an operation hits, Microseconds what it spends in them, with what the counting takes.
func (s sampling) Hits() float64         { return counted{Hits: s.hits}.HitsOfOperation() }
func (s sampling) Microseconds() float64 { return counted{Hits: s.hits}.Microseconds() }
