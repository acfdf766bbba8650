// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	wire "encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// fakeLibrary has two instrumentations. Its spans are named by the body of their start, and
// those that are to be named "bad" cannot be made.
type fakeLibrary struct{}

const (
	operationA events.Operation = 1
	operationB events.Operation = 2
)

func (fakeLibrary) Name() string { return "fake" }

func (fakeLibrary) Instrumentations() []instrument.Instrumentation {
	return []instrument.Instrumentation{{Name: "a", Operation: operationA}, {Name: "b", Operation: operationB}}
}

func (fakeLibrary) Programs() (*ebpf.CollectionSpec, error) { return nil, errors.ErrUnsupported }

func (fakeLibrary) LayoutMap() string { return "" }

func (fakeLibrary) Fields() []gobinary.Field { return nil }

func (fakeLibrary) Plan(*gobinary.File) (instrument.Plan, error) { return instrument.Plan{}, nil }

func (fakeLibrary) Span(r instrument.Record, span ptrace.Span) error {
	span.SetName(string(r.Start.Body))
	span.Attributes().PutInt("outcome", int64(r.End.Outcome))
	span.Attributes().PutStr("option", r.Options["of"])
	if string(r.Start.Body) == "bad" {
		return errors.New("bad")
	}
	return nil
}

// fakeTelemetry keeps what was counted, by name.
type fakeTelemetry struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (f *fakeTelemetry) add(name string, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]int64{}
	}
	f.counts[name] += n
}

func (f *fakeTelemetry) Targets(delta int64)                     { f.add("targets", delta) }
func (f *fakeTelemetry) Binary(o BinaryOutcome, _ time.Duration) { f.add("binary "+string(o), 1) }
func (f *fakeTelemetry) Fields(source string, n int64)           { f.add("fields "+source, n) }
func (f *fakeTelemetry) ProbesAttached(name string, delta int64) { f.add("attached "+name, delta) }
func (f *fakeTelemetry) ProbesFailed(name string, n int64)       { f.add("failed "+name, n) }
func (f *fakeTelemetry) Spans(name string, n int64)              { f.add("spans "+name, n) }
func (f *fakeTelemetry) Lost(reason events.Loss, n int64)        { f.add("lost "+string(reason), n) }
func (f *fakeTelemetry) Propagated(o events.Propagation, n int64) {
	f.add("propagated "+string(o), n)
}
func (f *fakeTelemetry) PropagationTargets(way PropagationWay, reason PropagationReason, delta int64) {
	f.add("propagation "+string(way)+" "+string(reason), delta)
}

// fakeSession is a session that nothing is behind.
type fakeSession struct {
	*Session
	telemetry *fakeTelemetry
	delivered []ptrace.Traces
	spans     []int // as Deliver was told, for each batch
	full      bool  // Deliver refuses
}

// newSession returns a session for some of the instrumentations.
func newSession(maxSpans int, enabled ...string) *fakeSession {
	f := &fakeSession{telemetry: &fakeTelemetry{}}
	f.Session = &Session{batch: newBatch(), options: Options{
		Telemetry: f.telemetry,
		Enabled: func(name string) bool {
			for _, other := range enabled {
				if name == other {
					return true
				}
			}
			return false
		},
		InstrumentationOptions: func(name string) map[string]string { return map[string]string{"of": name} },

		MaxSpans: maxSpans,
		Timeout:  time.Second,
		Deliver: func(batch ptrace.Traces, spans int) bool {
			if f.full {
				return false
			}
			f.delivered = append(f.delivered, batch)
			f.spans = append(f.spans, spans)
			return true
		},
		ScopeVersion: "v1",
	}}
	return f
}

// output is where spans of a service go in this session.
func (f *fakeSession) output(service string) *output {
	res := pcommon.NewResource()
	res.Attributes().PutStr("service.name", service)
	return &output{session: f.Session, resource: res}
}

// names flushes the session and returns the names of all spans that it was given.
func (f *fakeSession) names() []string {
	f.flush()
	var names []string
	for _, span := range f.all() {
		names = append(names, span.Name())
	}
	return names
}

func (f *fakeSession) all() []ptrace.Span {
	var spans []ptrace.Span
	for _, traces := range f.delivered {
		for _, place := range traces.ResourceSpans().All() {
			for _, scope := range place.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					spans = append(spans, span)
				}
			}
		}
	}
	return spans
}

// startRecord and endRecord are events as the kernel side writes them, see package events.
func startRecord(tgid uint32, id byte, operation events.Operation, name string) []byte {
	record := make([]byte, 56)
	record[0], record[1] = byte(events.TypeStart), byte(operation)
	wire.LittleEndian.PutUint32(record[4:], tgid)
	wire.LittleEndian.PutUint64(record[8:], 1000)
	record[16], record[24] = id, id
	return append(record, name...)
}

func endRecord(tgid uint32, id byte, outcome events.Outcome) []byte {
	record := make([]byte, 40)
	record[0] = byte(events.TypeEnd)
	wire.LittleEndian.PutUint32(record[4:], tgid)
	wire.LittleEndian.PutUint64(record[8:], 3000)
	record[16], record[32] = id, byte(outcome)
	return record
}
