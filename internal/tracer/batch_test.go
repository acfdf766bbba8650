// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
)

func TestBatchGroupsSpans(t *testing.T) {
	s := newSession(100)
	shop, other := s.output("shop"), s.output("other")
	b := newBatch()
	b.add(shop, 0, "x", "v1").SetName("1")
	b.add(other, 0, "x", "v1").SetName("2")
	b.add(shop, 1, "y", "v1").SetName("3")
	b.add(shop, 0, "x", "v1").SetName("4")
	assert.Equal(t, 4, b.spans)

	places := b.traces.ResourceSpans()
	require.Equal(t, 2, places.Len(), "one for each process")
	assert.Equal(t, map[string]any{"service.name": "shop"}, places.At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, resource.SchemaURL, places.At(0).SchemaUrl())
	scopes := places.At(0).ScopeSpans()
	require.Equal(t, 2, scopes.Len(), "one for each library")
	assert.Equal(t, scopePrefix+"x", scopes.At(0).Scope().Name())
	assert.Equal(t, "v1", scopes.At(0).Scope().Version())
	assert.Equal(t, resource.SchemaURL, scopes.At(0).SchemaUrl())
	require.Equal(t, 2, scopes.At(0).Spans().Len())
	assert.Equal(t, "4", scopes.At(0).Spans().At(1).Name())
	assert.Equal(t, "3", scopes.At(1).Spans().At(0).Name())
	assert.Equal(t, "2", places.At(1).ScopeSpans().At(0).Spans().At(0).Name())

	other.resource.Attributes().PutStr("later", "x")
	assert.NotContains(t, places.At(1).Resource().Attributes().AsRaw(), "later", "a resource is a copy")
}

func TestBatchDrop(t *testing.T) {
	s := newSession(100)
	shop := s.output("shop")
	b := newBatch()
	b.add(shop, 0, "x", "").SetName("1")
	b.add(shop, 1, "y", "").SetName("2")
	b.add(shop, 0, "x", "").SetName("3")
	b.drop(shop, 0)
	assert.Equal(t, 2, b.spans)
	scopes := b.traces.ResourceSpans().At(0).ScopeSpans()
	require.Equal(t, 1, scopes.At(0).Spans().Len())
	assert.Equal(t, "1", scopes.At(0).Spans().At(0).Name())
	assert.Equal(t, 1, scopes.At(1).Spans().Len())
	b.drop(shop, 0)
	b.drop(shop, 1)
	assert.Zero(t, b.traces.SpanCount())
	assert.Zero(t, b.spans)
}

func TestBatchEndsBySize(t *testing.T) {
	s := newSession(2, "a")
	a, _ := newTest(s.output("shop"))
	for id := range byte(5) {
		a.event(startRecord(pid, id+1, operationA, "span"))
		a.event(endRecord(pid, id+1, events.Returned))
	}
	assert.Equal(t, []int{2, 2}, s.spans)
	assert.Equal(t, 1, s.batch.spans)
	assert.Len(t, s.names(), 5)
	for i, traces := range s.delivered {
		assert.Equal(t, s.spans[i], traces.SpanCount())
	}
	s.flush()
	assert.Len(t, s.spans, 3, "an empty batch is not handed on")
}

func TestBatchEndsByAge(t *testing.T) {
	s := newSession(100)
	s.batch.add(s.output("shop"), 0, "x", "")
	begin := s.batch.since
	s.batch.add(s.output("shop"), 0, "x", "")
	assert.Equal(t, begin, s.batch.since, "the first span counts")
	s.flushOld(begin.Add(s.options.Timeout - 1))
	assert.Empty(t, s.spans)
	s.flushOld(begin.Add(s.options.Timeout))
	assert.Equal(t, []int{2}, s.spans)
	s.flushOld(begin.Add(10 * s.options.Timeout))
	assert.Equal(t, []int{2}, s.spans)
}

func TestBatchWithoutRoom(t *testing.T) {
	s := newSession(2, "a")
	s.full = true
	s.batch.add(s.output("shop"), 0, "x", "")
	s.batch.add(s.output("shop"), 0, "x", "")
	s.flush()
	assert.Equal(t, map[string]int64{"lost queue_full": 2}, s.telemetry.counts)
	assert.Zero(t, s.batch.spans)
}
