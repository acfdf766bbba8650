// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	wire "encoding/binary"
	"testing"
	"time"

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

// serverRecords returns the events of a usual request of an HTTP/1.1 server, as the structs
// server_start and server_end of bpf/nethttp.bpf.c.
func serverRecords(tgid uint32) (start, end []byte) {
	header := func(kind events.Type, at uint64) []byte {
		record := []byte{byte(kind), 1, 0, 0}
		record = wire.LittleEndian.AppendUint32(record, tgid)
		record = wire.LittleEndian.AppendUint64(record, at)
		return wire.LittleEndian.AppendUint64(record, 0x1234)
	}
	start = header(events.TypeStart, 1_000_000)
	start = wire.LittleEndian.AppendUint64(start, 1) // trace
	start = wire.LittleEndian.AppendUint64(start, 2)
	start = wire.LittleEndian.AppendUint64(start, 3) // parent
	start = append(start, 1, 1, 0, 0, 0, 0, 0, 0)    // sampled, remote
	start = wire.LittleEndian.AppendUint64(start, 0) // content length
	start = append(start, 1, 1, 0, 0)                // HTTP/1.1 in the clear
	strings := []string{"GET", "/items/4711?page=2", "shop.example:8080", "10.0.0.7:51234", "Go-http-client/1.1", "", "", "", "", ""}
	for _, s := range strings {
		start = wire.LittleEndian.AppendUint16(start, uint16(len(s)))
	}
	for _, s := range strings {
		start = append(start, s...)
	}
	const route = "GET /items/{id}"
	end = header(events.TypeEnd, 1_500_000)
	end = append(end, make([]byte, 16)...)         // no error
	end = wire.LittleEndian.AppendUint64(end, 512) // bytes
	end = wire.LittleEndian.AppendUint16(end, 200) // status
	end = wire.LittleEndian.AppendUint16(end, uint16(len(route)))
	end = append(end, 0, 0, 0, 0)
	return start, append(end, route...)
}

// BenchmarkServerSpan makes a span of the events of an HTTP server's request.
func BenchmarkServerSpan(b *testing.B) {
	const tgid = 42
	a := newAssembler(catalog.Libraries(), func(reason events.Loss, n int64) { b.Fatalf("lost %d: %s", n, reason) })
	spans := 0
	session := &Session{batch: newBatch(), options: Options{
		Telemetry:              uncounted{},
		Enabled:                func(string) bool { return true },
		InstrumentationOptions: func(string) map[string]string { return nil },
		MaxSpans:               1024,
		Deliver:                func(_ ptrace.Traces, n int) bool { spans += n; return true },
	}}
	a.add(tgid, &target{
		types:   &typeNames{},
		outputs: []*output{{session: session, resource: pcommon.NewResource()}},
		open:    map[pcommon.SpanID]*openSpan{},
	})
	start, end := serverRecords(tgid)
	b.ReportAllocs()
	for b.Loop() {
		a.event(start)
		a.event(end)
	}
	session.flush()
	if spans != b.N {
		b.Fatalf("%d spans of %d requests", spans, b.N)
	}
}
