// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
)

// batch collects the spans of one session: one ResourceSpans for each process, one
// ScopeSpans for each library in it.
type batch struct {
	traces  ptrace.Traces
	spans   int
	since   time.Time   // of the first span
	counts  []spanCount // by operation
	outputs []*output   // that have a place in it
}

// spanCount is how many spans there are of an instrumentation.
type spanCount struct {
	instrumentation string
	n               int64
}

func newBatch() *batch { return &batch{traces: ptrace.NewTraces()} }

// add makes room for a span of a library in a process.
func (b *batch) add(o *output, library int, name, version string) ptrace.Span {
	for library >= len(o.scopes) {
		o.scopes = append(o.scopes, scope{})
	}
	scope := &o.scopes[library]
	if !scope.inBatch {
		if !o.inBatch {
			o.place = b.traces.ResourceSpans().AppendEmpty()
			o.place.SetSchemaUrl(resource.SchemaURL)
			o.resource.CopyTo(o.place.Resource())
			o.inBatch = true
			b.outputs = append(b.outputs, o)
		}
		made := o.place.ScopeSpans().AppendEmpty()
		made.SetSchemaUrl(resource.SchemaURL)
		made.Scope().SetName(scopePrefix + name)
		made.Scope().SetVersion(version)
		scope.spans, scope.inBatch = made.Spans(), true
		scope.spans.EnsureCapacity(scope.before)
	}
	if b.spans == 0 {
		b.since = time.Now()
	}
	b.spans++
	return scope.spans.AppendEmpty()
}

// drop takes back the span that was added last to a scope.
func (b *batch) drop(o *output, library int) {
	spans := o.scopes[library].spans
	last := spans.Len() - 1
	spans.RemoveIf(func(ptrace.Span) bool {
		last--
		return last < 0
	})
	b.spans--
}

// count counts a span of an instrumentation.
func (b *batch) count(operation events.Operation, instrumentation string) {
	for int(operation) >= len(b.counts) {
		b.counts = append(b.counts, spanCount{})
	}
	b.counts[operation].instrumentation = instrumentation
	b.counts[operation].n++
}

// leave takes the places of the outputs from them: the batch is another component's now.
func (b *batch) leave() {
	for _, o := range b.outputs {
		for i := range o.scopes {
			if scope := &o.scopes[i]; scope.inBatch {
				o.scopes[i].before = scope.spans.Len()
				scope.spans, scope.inBatch = ptrace.SpanSlice{}, false
			}
		}
		o.place, o.inBatch = ptrace.ResourceSpans{}, false
	}
}

// output is where the spans of a target go: a session, with the resource that its
// configuration makes of the process.
type output struct {
	session  *Session
	resource pcommon.Resource
	choices  []choice // by operation

	// What the session's batch has of it.
	inBatch bool
	place   ptrace.ResourceSpans
	scopes  []scope // by library
}

// choice is what a session wants of the spans of an operation.
type choice struct {
	enabled bool
	options map[string]string
}

// scope is the spans of a library in a batch.
type scope struct {
	inBatch bool
	spans   ptrace.SpanSlice
	before  int // how many there were in the last batch with any
}
