// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// span is a span with what it came in.
type span struct {
	ptrace.Span
	place ptrace.ResourceSpans
	scope ptrace.ScopeSpans
}

// spansOf lists the spans of a batch.
func spansOf(batch ptrace.Traces) (spans []span) {
	for _, place := range batch.ResourceSpans().All() {
		for _, scope := range place.ScopeSpans().All() {
			for _, s := range scope.Spans().All() {
				spans = append(spans, span{s, place, scope})
			}
		}
	}
	return spans
}

func (s span) String() string {
	return fmt.Sprintf("%s %s %s, parent %s, of pid %d: %v\n", s.Kind(), s.Name(), s.SpanID(), s.ParentSpanID(), s.pid(), s.Attributes().AsRaw())
}

// pid is the process that the span tells of.
func (s span) pid() int {
	pid, _ := s.place.Resource().Attributes().Get("process.pid")
	return int(pid.Int())
}

// attribute is the value of an attribute, nil if the span does not have it.
func (s span) attribute(key string) any {
	value, ok := s.Attributes().Get(key)
	if !ok {
		return nil
	}
	return value.AsRaw()
}

// isRoot tells whether the span has no parent, not even a remote one.
func (s span) isRoot() bool { return s.ParentSpanID() == pcommon.SpanID{} }

// isChildOf tells whether the span's parent is another one of the same process.
func (s span) isChildOf(parent span) bool {
	return s.ParentSpanID() == parent.SpanID() && s.TraceID() == parent.TraceID() && !s.hasRemoteParent()
}

// The bits of a span's flags above the W3C trace flags (opentelemetry.proto.trace.v1.SpanFlags).
const (
	flagsHasIsRemote = 0x100
	flagsIsRemote    = 0x200
)

func (s span) hasRemoteParent() bool { return s.Flags()&flagsIsRemote != 0 }
