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

// sampling is a scenario of whose operations few or none are sampled. Nothing of it is measured at a fixed rate.
type sampling struct {
	measured
	counted
}

// measureSampling measures requests whose parent is not sampled, and statements that are roots.
func (b *bench) measureSampling(r *report) {
	b.t.Helper()
	for _, s := range b.unsampled() {
		what := s.Name + ", not sampled"
		m := sampling{measured{Name: s.Name}, counted{scenario: s, spans: 1}}
		m.rounds = b.byTurns(what, func(mode mode) (t turn) {
			b.sampled(s, mode, func(subject subject) {
				t.saturated = b.run(what, unsampledLoad(s.saturated(subject.targets[0])), subject)
			})
			return t
		})
		b.sampled(s, traced, func(subject subject) {
			m.Hits = b.count(what, unsampledLoad(s.saturated(s.plain)), subject)
		})
		r.Sampling = append(r.Sampling, m)
	}
}

// unsampled are scenarios whose servers with an SDK have a sampler.
func (b *bench) unsampled() []scenario {
	b.t.Helper()
	option := targettest.Env("OTEL_TRACES_SAMPLER=parentbased_traceidratio", fmt.Sprintf("OTEL_TRACES_SAMPLER_ARG=%g", sampledRatio))
	all := b.scenarios()
	web, rpc, sql := all[0], all[2], b.query()
	web.sdk, rpc.sdk, sql.sdk = b.startSDK("sdkhttpserver", option), b.startSDK("sdkgrpcserver", option), b.startSDK("sdksqlclient", option)
	return []scenario{web, rpc, sql}
}

// unsampledLoad is a load of requests whose parent is not sampled, or, of a protocol that knows no parents, of roots.
func unsampledLoad(l load) load {
	if p, ok := l.protocol.(interface{ unsampled() protocol }); ok {
		l.protocol, l.spans = p.unsampled(), 0
	} else {
		l.ratio = sampledRatio
	}
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
