// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

const pid = 4711

// newTest returns an assembler, what it loses, and a session whose output gets the spans of pid.
func newTest(outputs ...*output) (*assembler, map[events.Loss]int64) {
	lost := map[events.Loss]int64{}
	a := newAssembler([]instrument.Library{fakeLibrary{}}, func(reason events.Loss, n int64) { lost[reason] += n })
	if len(outputs) > 0 {
		a.add(pid, newTarget(outputs...))
	}
	return a, lost
}

func newTarget(outputs ...*output) *target {
	return &target{types: &typeNames{}, outputs: outputs, open: map[pcommon.SpanID]*openSpan{}}
}

func TestStartAndEnd(t *testing.T) {
	s := newSession(100, "a")
	a, lost := newTest(s.output("shop"))
	a.event(startRecord(pid, 1, operationA, "one"))
	a.event(startRecord(pid, 2, operationA, "two"))
	assert.Zero(t, s.batch.spans, "nothing has ended")
	a.event(endRecord(pid, 2, events.Returned))
	a.event(endRecord(pid, 1, events.Panicked))
	assert.Equal(t, []string{"two", "one"}, s.names())
	assert.Empty(t, lost)
	assert.Empty(t, a.targets[pid].open)
	assert.Equal(t, map[string]int64{"spans a": 2}, s.telemetry.counts)

	span := s.all()[1]
	assert.Equal(t, pcommon.SpanID{1}, span.SpanID())
	assert.Equal(t, pcommon.TraceID{1}, span.TraceID())
	assert.Equal(t, map[string]any{"outcome": int64(events.Panicked), "option": "a"}, span.Attributes().AsRaw())
	assert.Equal(t, pcommon.Timestamp(2000), span.EndTimestamp()-span.StartTimestamp())
}

// Records are read into one buffer again and again: what the assembler keeps is its own.
func TestRecordsAreCopied(t *testing.T) {
	s := newSession(100, "a")
	a, _ := newTest(s.output("shop"))
	waiting := startRecord(pid+1, 2, operationA, "two")
	a.event(waiting)
	clear(waiting)
	for range 3 { // the second round uses the buffer of the first
		record := startRecord(pid, 1, operationA, "one")
		a.event(record)
		clear(record)
		a.event(endRecord(pid, 1, events.Returned))
	}
	a.add(pid+1, newTarget(s.output("other")))
	a.event(endRecord(pid+1, 2, events.Returned))
	assert.Equal(t, []string{"one", "one", "one", "two"}, s.names())
}

func TestEventsThatAreLost(t *testing.T) {
	start := startRecord(pid, 1, operationA, "one")
	unknownType := startRecord(pid, 1, operationA, "one")
	unknownType[0] = 9
	end := endRecord(pid, 1, events.Returned)
	for name, test := range map[string]struct {
		records [][]byte
		lost    map[events.Loss]int64
		spans   []string
	}{
		"end without start":     {[][]byte{end}, map[events.Loss]int64{events.LossUnmatched: 1}, nil},
		"two ends":              {[][]byte{start, end, end}, map[events.Loss]int64{events.LossUnmatched: 1}, []string{"one"}},
		"empty record":          {[][]byte{{}}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"part of a header":      {[][]byte{start[:20]}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"part of a start":       {[][]byte{start[:40], end}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"part of an end":        {[][]byte{start, end[:30], end}, map[events.Loss]int64{events.LossMalformed: 1, events.LossUnmatched: 1}, nil},
		"unknown type":          {[][]byte{unknownType}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"unknown operation":     {[][]byte{startRecord(pid, 1, 77, "one"), end}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"no span can be made":   {[][]byte{startRecord(pid, 1, operationA, "bad"), end}, map[events.Loss]int64{events.LossMalformed: 1}, nil},
		"discarded":             {[][]byte{start, endRecord(pid, 1, events.Discarded)}, map[events.Loss]int64{}, nil},
		"instrumentation off":   {[][]byte{startRecord(pid, 1, operationB, "one"), end}, map[events.Loss]int64{}, nil},
		"outcome of the future": {[][]byte{start, endRecord(pid, 1, 99)}, map[events.Loss]int64{}, []string{"one"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(100, "a")
			a, lost := newTest(s.output("shop"))
			for _, record := range test.records {
				a.event(record)
			}
			assert.Equal(t, test.lost, lost)
			assert.Equal(t, test.spans, s.names())
			assert.Empty(t, a.targets[pid].open)
			assert.EqualValues(t, len(test.spans), s.telemetry.counts["spans a"])
		})
	}
}

// A span that cannot be made leaves those before and after it alone.
func TestBadSpanAmongOthers(t *testing.T) {
	s := newSession(3, "a")
	a, lost := newTest(s.output("shop"))
	for i, name := range []string{"one", "bad", "two", "bad", "three", "four"} {
		a.event(startRecord(pid, byte(i+1), operationA, name))
		a.event(endRecord(pid, byte(i+1), events.Returned))
	}
	assert.Equal(t, []int{3}, s.spans, "bad ones do not fill a batch")
	assert.Equal(t, []string{"one", "two", "three", "four"}, s.names())
	assert.Equal(t, map[events.Loss]int64{events.LossMalformed: 2}, lost)
}

// Each session gets the spans of the instrumentations that it wants, of the processes that
// it traces.
func TestSessions(t *testing.T) {
	first, second := newSession(100, "a"), newSession(100, "a", "b")
	a, _ := newTest(first.output("shop"))
	a.add(pid, newTarget(second.output("shop, by another name")))
	a.add(pid+1, newTarget(second.output("other")))
	for i, operation := range []events.Operation{operationA, operationB} {
		for _, tgid := range []uint32{pid, pid + 1} {
			a.event(startRecord(tgid, byte(i+1), operation, string(rune('a'+i))))
			a.event(endRecord(tgid, byte(i+1), events.Returned))
		}
	}
	assert.Equal(t, []string{"a"}, first.names())
	assert.Equal(t, []string{"a", "b", "a", "b"}, second.names())
	assert.Equal(t, map[string]int64{"spans a": 1}, first.telemetry.counts)
	assert.Equal(t, map[string]int64{"spans a": 2, "spans b": 2}, second.telemetry.counts)
}

func TestLeave(t *testing.T) {
	first, second := newSession(100, "a"), newSession(100, "a")
	mine, others := first.output("shop"), second.output("shop")
	a, lost := newTest(mine, others)
	a.event(startRecord(pid, 1, operationA, "one"))
	a.leave(pid, mine)
	a.leave(pid, mine)
	a.event(endRecord(pid, 1, events.Returned))
	assert.Empty(t, first.names())
	assert.Equal(t, []string{"one"}, second.names())

	a.event(startRecord(pid, 2, operationA, "two"))
	a.leave(pid, others)
	assert.NotContains(t, a.targets, uint32(pid))
	a.leave(pid, others)
	assert.Equal(t, map[string]int64{"lost unmatched": 1}, first.telemetry.counts, "it left before the end of the first")
	assert.Equal(t, map[string]int64{"spans a": 1, "lost unmatched": 1}, second.telemetry.counts, "it left before the end of the second")
	assert.Empty(t, lost)
}

func TestDied(t *testing.T) {
	s := newSession(100, "a")
	mine := s.output("shop")
	a, lost := newTest(mine)
	a.event(startRecord(pid, 1, operationA, "one"))
	a.event(startRecord(pid, 2, operationB, "two"))
	a.event(startRecord(pid, 3, operationA, "three"))
	a.event(endRecord(pid, 3, events.Returned))
	a.died(pid, s.output("shop"), 8000)
	assert.Contains(t, a.targets, uint32(pid), "an output that it does not have")
	a.died(pid, mine, 8000)
	assert.Equal(t, []string{"three", "one"}, s.names())
	assert.Empty(t, a.targets)
	assert.Empty(t, lost)
	span := s.all()[1]
	assert.Equal(t, map[string]any{"outcome": int64(events.Died), "option": "a"}, span.Attributes().AsRaw())
	assert.Equal(t, pcommon.Timestamp(7000), span.EndTimestamp()-span.StartTimestamp())
	a.died(pid, mine, 9000)
	assert.Len(t, s.names(), 2)
}

func TestDropEnded(t *testing.T) {
	s := newSession(100, "a")
	a, lost := newTest(s.output("shop"))
	for id := byte(1); id <= 3; id++ {
		a.event(startRecord(pid, id, operationA, "span"))
	}
	open := map[pcommon.SpanID]bool{{1}: true}
	look := func() { a.dropEnded(func(id pcommon.SpanID) bool { return open[id] }) }

	look()
	assert.True(t, a.suspects, "two are suspects")
	assert.Len(t, a.targets[pid].open, 3)

	open[pcommon.SpanID{2}] = true // its state was looked at while it changed
	look()
	assert.Len(t, a.targets[pid].open, 2)
	assert.NotContains(t, a.targets[pid].open, pcommon.SpanID{3})
	assert.False(t, a.suspects)

	open = nil
	look()
	assert.Len(t, a.targets[pid].open, 2, "denied once since it was seen last")
	a.event(endRecord(pid, 1, events.Returned)) // its end was on the way
	look()
	assert.Empty(t, a.targets[pid].open)
	assert.False(t, a.suspects)
	assert.Equal(t, []string{"span"}, s.names())
	assert.Empty(t, lost)
}

// Events of a process that nothing is known of yet wait until something is.
func TestWaitingEvents(t *testing.T) {
	s := newSession(100, "a")
	a, lost := newTest()
	a.event(startRecord(pid, 1, operationA, "one"))
	a.event(startRecord(pid+1, 1, operationA, "another's"))
	a.event(endRecord(pid, 1, events.Returned))
	a.event(startRecord(pid, 2, operationA, "two"))
	a.add(pid, newTarget(s.output("shop")))
	assert.Equal(t, []string{"one"}, s.names())
	a.event(endRecord(pid, 2, events.Returned))
	assert.Equal(t, []string{"one", "two"}, s.names())
	assert.Empty(t, lost)
	assert.False(t, a.suspects)
	assert.Len(t, a.waiting.processes, 1)
}

// When there is no room for events to wait, spans that were begun are lost and counted, and
// those whose end had no room are looked for.
func TestWaitingEventsWithoutRoom(t *testing.T) {
	s := newSession(10000, "a")
	a, lost := newTest()
	for range maxWaiting - 1 {
		a.event(startRecord(pid, 1, operationA, "one"))
		// The same span over and over: only their number matters.
	}
	a.event(startRecord(pid, 2, operationA, "two"))
	a.event(startRecord(pid, 3, operationA, "three"))
	a.event(endRecord(pid, 2, events.Returned))
	assert.Equal(t, map[events.Loss]int64{events.LossNoTarget: 1}, lost)
	a.add(pid, newTarget(s.output("shop")))
	assert.Len(t, a.targets[pid].open, 2)
	assert.True(t, a.suspects)
}
