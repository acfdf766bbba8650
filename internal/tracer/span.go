// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/clock"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// The bits of Span.flags above the W3C trace flags (opentelemetry.proto.trace.v1.SpanFlags).
const (
	flagHasIsRemote = 1 << 8
	flagIsRemote    = 1 << 9
)

// setContext sets what is the same for spans of all libraries.
func setContext(start events.Start, end events.End, clock *clock.Clock, span ptrace.Span) {
	span.SetTraceID(start.TraceID)
	span.SetSpanID(start.SpanID)
	span.SetParentSpanID(start.ParentID)
	flags := uint32(start.Flags) | flagHasIsRemote
	if start.ParentIsRemote {
		flags |= flagIsRemote
	}
	span.SetFlags(flags)
	begin := clock.Epoch(start.Time)
	span.SetStartTimestamp(begin)
	// By the duration, so that a clock that is set in between does not change it.
	span.SetEndTimestamp(begin)
	if end.Time > start.Time {
		span.SetEndTimestamp(begin + pcommon.Timestamp(end.Time-start.Time))
	}
}
