// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
)

// batch collects the spans of one session: one ResourceSpans for each process, one
// ScopeSpans for each library in it.
type batch struct {
	traces ptrace.Traces
	spans  int
	since  time.Time        // of the first span
	counts map[string]int64 // spans by instrumentation
	scopes map[scopeKey]ptrace.ScopeSpans
	places map[*output]ptrace.ResourceSpans
}

type scopeKey struct {
	output  *output
	library int
}

func newBatch() *batch {
	return &batch{
		traces: ptrace.NewTraces(),
		counts: map[string]int64{},
		scopes: map[scopeKey]ptrace.ScopeSpans{},
		places: map[*output]ptrace.ResourceSpans{},
	}
}

// add makes room for a span of a library in a process.
func (b *batch) add(o *output, library int, name, version string) ptrace.Span {
	key := scopeKey{o, library}
	scope, ok := b.scopes[key]
	if !ok {
		place, ok := b.places[o]
		if !ok {
			place = b.traces.ResourceSpans().AppendEmpty()
			place.SetSchemaUrl(resource.SchemaURL)
			o.resource.CopyTo(place.Resource())
			b.places[o] = place
		}
		scope = place.ScopeSpans().AppendEmpty()
		scope.SetSchemaUrl(resource.SchemaURL)
		scope.Scope().SetName(scopePrefix + name)
		scope.Scope().SetVersion(version)
		b.scopes[key] = scope
	}
	if b.spans == 0 {
		b.since = time.Now()
	}
	b.spans++
	return scope.Spans().AppendEmpty()
}

// drop takes back the span that was added last to a scope.
func (b *batch) drop(o *output, library int) {
	spans := b.scopes[scopeKey{o, library}].Spans()
	last := spans.Len() - 1
	spans.RemoveIf(func(ptrace.Span) bool {
		last--
		return last < 0
	})
	b.spans--
}

// output is where the spans of a target go: a session, with the resource that its
// configuration makes of the process.
type output struct {
	session  *Session
	resource pcommon.Resource
}
