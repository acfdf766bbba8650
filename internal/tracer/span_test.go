// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/clock"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

func TestSetContext(t *testing.T) {
	c := clock.New()
	for name, test := range map[string]struct {
		start    events.Start
		end      uint64
		flags    uint32
		duration pcommon.Timestamp
	}{
		"root":          {events.Start{Flags: 1}, 0, 0x101, 0},
		"not sampled":   {events.Start{}, 0, 0x100, 0},
		"local parent":  {events.Start{Flags: 1, ParentID: pcommon.SpanID{3}}, 0, 0x101, 0},
		"remote parent": {events.Start{Flags: 1, ParentID: pcommon.SpanID{3}, ParentIsRemote: true}, 0, 0x301, 0},
		"duration":      {events.Start{Header: events.Header{Time: 5}}, 12, 0x100, 7},
		// A hostile or broken clock does not make a span end before it starts.
		"end before start": {events.Start{Header: events.Header{Time: 12}}, 5, 0x100, 0},
	} {
		t.Run(name, func(t *testing.T) {
			test.start.SpanID, test.start.TraceID = pcommon.SpanID{1}, pcommon.TraceID{2}
			span := ptrace.NewSpan()
			setContext(test.start, events.End{Header: events.Header{Time: test.end}}, c, span)
			assert.Equal(t, pcommon.SpanID{1}, span.SpanID())
			assert.Equal(t, pcommon.TraceID{2}, span.TraceID())
			assert.Equal(t, test.start.ParentID, span.ParentSpanID())
			assert.Equal(t, test.flags, span.Flags())
			assert.Equal(t, test.duration, span.EndTimestamp()-span.StartTimestamp())
		})
	}
}
