// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
)

// uncounted is a Telemetry that counts nothing.
type uncounted struct{}

func (uncounted) Targets(int64)                                               {}
func (uncounted) Binary(BinaryOutcome, time.Duration)                         {}
func (uncounted) Fields(string, int64)                                        {}
func (uncounted) ProbesAttached(string, int64)                                {}
func (uncounted) ProbesFailed(string, int64)                                  {}
func (uncounted) Spans(string, int64)                                         {}
func (uncounted) Lost(events.Loss, int64)                                     {}
func (uncounted) Propagated(events.Propagation, int64)                        {}
func (uncounted) PropagationTargets(PropagationWay, PropagationReason, int64) {}

const (
	benchmarkPID   = 42
	benchmarkBatch = 1024
)

// newCounting returns an assembler for benchmarkPID with the libraries as they are, and a
// session that counts the spans that it delivers, and does nothing with them.
func newCounting(t testing.TB) (a *assembler, session *Session, spans *int) {
	a = newAssembler(catalog.Libraries(), func(reason events.Loss, n int64) { t.Fatalf("lost %d: %s", n, reason) })
	spans = new(int)
	options := map[string]string{"query_text": "sanitized"}
	session = &Session{batch: newBatch(), options: Options{
		Telemetry:              uncounted{},
		Enabled:                func(string) bool { return true },
		InstrumentationOptions: func(string) map[string]string { return options },
		MaxSpans:               benchmarkBatch,
		Deliver:                func(_ ptrace.Traces, n int) bool { *spans += n; return true },
	}}
	a.add(benchmarkPID, &target{
		types:   &typeNames{},
		outputs: []*output{{session: session, resource: pcommon.NewResource()}},
		open:    map[pcommon.SpanID]*openSpan{},
	})
	return a, session, spans
}

// events returns the records of so many spans, in the order of a program that has some of
// them open at a time.
func (s usualSpan) events(n int) [][]byte {
	const open = 16
	starts, ends := make([][]byte, n), make([][]byte, n)
	for i := range n {
		starts[i], ends[i] = s.records(i)
	}
	var all [][]byte
	for i := range n + open {
		if i < n {
			all = append(all, starts[i])
		}
		if i >= open {
			all = append(all, ends[i-open])
		}
	}
	return all
}

// BenchmarkSpan makes spans of events.
func BenchmarkSpan(b *testing.B) {
	for _, usual := range usualSpans(b, benchmarkPID) {
		records := usual.events(benchmarkBatch)
		b.Run(usual.kind, func(b *testing.B) {
			a, session, spans := newCounting(b)
			b.ReportAllocs()
			next := 0
			before := processorTime(b)
			for b.Loop() {
				a.event(records[next])
				a.event(records[next+1])
				next = (next + 2) % len(records)
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/span")
			session.flush()
			if *spans < b.N-16 {
				b.Fatalf("%d spans of %d", *spans, b.N)
			}
		})
	}
}

// TestAllocations bounds what is allocated for a span on its way from the ring buffer to the
// consumer: what pdata needs, which is one for the span, one for its attributes and one for
// the value of each, and the strings that are new each time. What a batch needs is shared by
// its spans.
func TestAllocations(t *testing.T) {
	const ofBatch = 0.05
	for _, usual := range usualSpans(t, benchmarkPID) {
		t.Run(usual.kind, func(t *testing.T) {
			records := usual.events(benchmarkBatch)
			a, session, spans := newCounting(t)
			attributes := 0
			session.options.Deliver = func(traces ptrace.Traces, n int) bool {
				*spans += n
				attributes = traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Len()
				return true
			}
			batch := func() {
				for _, record := range records {
					a.event(record)
				}
			}
			batch() // what is remembered, and what is used again
			allocations := testing.AllocsPerRun(10, batch) / benchmarkBatch
			assert.Equal(t, 12*benchmarkBatch, *spans)
			assert.LessOrEqual(t, allocations, float64(2+attributes+usual.strings)+ofBatch, "%d attributes", attributes)
		})
	}
}
