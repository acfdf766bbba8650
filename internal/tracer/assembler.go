// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/clock"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// assembler makes spans of events. Only the reader's goroutine uses it.
type assembler struct {
	clock      *clock.Clock
	libraries  []instrument.Library
	operations []operation        // by number
	targets    map[uint32]*target // by thread group id
	waiting    waiting
	free       []*openSpan // to be used again
	lost       func(events.Loss, int64)
	suspects   bool // there may be spans whose end was lost: dropEnded is to look for them
}

// operation is what an operation's number stands for.
type operation struct {
	library         int    // index in assembler.libraries
	instrumentation string // "": none has this number
}

func newAssembler(libraries []instrument.Library, lost func(events.Loss, int64)) *assembler {
	a := &assembler{
		clock:     clock.New(),
		libraries: libraries,
		targets:   map[uint32]*target{},
		waiting:   waiting{processes: map[uint32]*waitingProcess{}},
		lost:      lost,
	}
	for i, library := range libraries {
		for _, instrumentation := range library.Instrumentations() {
			if more := int(instrumentation.Operation) + 1 - len(a.operations); more > 0 {
				a.operations = append(a.operations, make([]operation, more)...)
			}
			a.operations[instrumentation.Operation] = operation{library: i, instrumentation: instrumentation.Name}
		}
	}
	return a
}

// choices returns what a session wants of the spans of each operation, by its number: to ask
// the session for each span would take longer.
func (a *assembler) choices(o Options) []choice {
	choices := make([]choice, len(a.operations))
	for i, operation := range a.operations {
		if name := operation.instrumentation; name != "" && o.Enabled(name) {
			choices[i] = choice{enabled: true, options: o.InstrumentationOptions(name)}
		}
	}
	return choices
}

// event takes one record of the ring buffer, which it does not keep.
func (a *assembler) event(record []byte) {
	header, err := events.DecodeHeader(record)
	if err != nil {
		a.lost(events.LossMalformed, 1)
		return
	}
	t, ok := a.targets[header.TGID]
	if !ok {
		// It runs a binary all of whose processes are traced, and was not looked at yet.
		if !a.waiting.add(header, record, time.Now()) && header.Type == events.TypeStart {
			a.lost(events.LossNoTarget, 1)
		}
		return
	}
	switch header.Type {
	case events.TypeStart:
		a.start(t, header, record)
	case events.TypeEnd:
		a.end(t, header, record)
	default:
		a.lost(events.LossMalformed, 1)
	}
}

const (
	maxFree       = 4096
	maxFreeRecord = 1024
)

// start keeps a copy of a start event. One that is there already is replaced: of two
// operations that are one, the second knows more.
func (a *assembler) start(t *target, header events.Header, record []byte) {
	span, ok := t.open[header.SpanID]
	if !ok {
		span = a.unused()
		t.open[header.SpanID] = span
	}
	span.record = append(span.record[:0], record...)
	span.suspect = false
}

// unused returns an openSpan to be filled.
func (a *assembler) unused() *openSpan {
	last := len(a.free) - 1
	if last < 0 {
		return &openSpan{}
	}
	span := a.free[last]
	a.free = a.free[:last]
	return span
}

// release takes a span that has ended to be used again, unless its record is unusually large.
func (a *assembler) release(span *openSpan) {
	if cap(span.record) <= maxFreeRecord && len(a.free) < maxFree {
		a.free = append(a.free, span)
	}
}

func (a *assembler) end(t *target, header events.Header, record []byte) {
	open, ok := t.open[header.SpanID]
	if !ok {
		a.lost(events.LossUnmatched, 1)
		return
	}
	delete(t.open, header.SpanID)
	end, err := events.DecodeEnd(header, record)
	switch {
	case err != nil:
		a.lost(events.LossMalformed, 1)
	case end.Outcome != events.Discarded:
		a.emit(t, open, end)
	}
	a.release(open)
}

// emit adds a span to the batch of every session that wants it.
func (a *assembler) emit(t *target, open *openSpan, end events.End) {
	header, err := events.DecodeHeader(open.record)
	if err != nil {
		a.lost(events.LossMalformed, 1)
		return
	}
	start, err := events.DecodeStart(header, open.record)
	if err != nil || int(header.Operation) >= len(a.operations) || a.operations[header.Operation].instrumentation == "" {
		a.lost(events.LossMalformed, 1)
		return
	}
	operation := a.operations[header.Operation]
	record := instrument.Record{Start: start, End: end, TypeName: t.typeName, Constants: t.constants}
	library := a.libraries[operation.library]
	for _, output := range t.outputs {
		session, choice := output.session, &output.choices[header.Operation]
		if !choice.enabled {
			continue
		}
		span := session.batch.add(output, operation.library, library.Name(), session.options.ScopeVersion)
		setContext(start, end, a.clock, span)
		record.Options = choice.options
		if err := library.Span(record, span); err != nil {
			session.batch.drop(output, operation.library)
			a.lost(events.LossMalformed, 1)
			continue
		}
		session.batch.count(header.Operation, operation.instrumentation)
		if session.batch.spans >= session.options.MaxSpans {
			session.flush()
		}
	}
}

// add begins to make spans of a process, those that came before it was known first.
func (a *assembler) add(tgid uint32, t *target) {
	t.typeName = t.types.name
	for _, o := range t.outputs {
		o.choices = a.choices(o.session.options)
	}
	if known, ok := a.targets[tgid]; ok {
		known.outputs = append(known.outputs, t.outputs...)
		return
	}
	a.targets[tgid] = t
	records, complete := a.waiting.take(tgid)
	for _, record := range records {
		a.event(record)
	}
	a.suspects = a.suspects || !complete
}

// died ends the spans that a process left open, at the time of its death, for all outputs.
func (a *assembler) died(tgid uint32, o *output, now uint64) {
	t := a.targets[tgid]
	if t == nil || !slices.Contains(t.outputs, o) {
		return
	}
	for id, open := range t.open {
		a.emit(t, open, events.End{
			Header:  events.Header{Type: events.TypeEnd, TGID: tgid, Time: now, SpanID: id},
			Outcome: events.Died,
		})
	}
	delete(a.targets, tgid)
}

// leave takes a session's output from a process. The session loses the spans that are
// open: nothing will tell it of their ends.
func (a *assembler) leave(tgid uint32, o *output) {
	t := a.targets[tgid]
	if t == nil || !slices.Contains(t.outputs, o) {
		return
	}
	if open := len(t.open); open > 0 {
		o.session.options.Telemetry.Lost(events.LossUnmatched, int64(open))
	}
	t.outputs = slices.DeleteFunc(t.outputs, func(other *output) bool { return other == o })
	if len(t.outputs) == 0 {
		delete(a.targets, tgid)
	}
}

// dropEnded forgets the spans that isOpen has denied twice in a row. Their loss was
// counted where it happened.
func (a *assembler) dropEnded(isOpen func(pcommon.SpanID) bool) {
	a.suspects = false
	for _, t := range a.targets {
		for id, open := range t.open {
			switch {
			case isOpen(id):
				open.suspect = false
			case open.suspect:
				delete(t.open, id)
				a.release(open)
			default:
				open.suspect = true
				a.suspects = true
			}
		}
	}
}
