// SPDX-License-Identifier: Apache-2.0

// Package events is the wire format of what the kernel side sends, bpf/include/event.h,
// and the ring buffer that it comes through.
package events

import (
	"encoding/binary"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Type tells the two events of a span apart, and from those that belong to none.
type Type uint8

// The types, enum event_type.
const (
	TypeStart  Type = 1
	TypeEnd    Type = 2
	TypeSocket Type = 3 // see package socket
)

// Operation is what a span was. Each instrumentation has one of its own, see instrument.Instrumentation.
type Operation uint8

// Outcome is how a span ended.
type Outcome uint8

// The outcomes, enum outcome. Died is user space's own: the process ended with the span open.
const (
	Returned  Outcome = 0
	Panicked  Outcome = 1
	Goexit    Outcome = 2
	Abandoned Outcome = 3
	Discarded Outcome = 4
	Died      Outcome = 5
)

// Header is what every event begins with, struct event.
type Header struct {
	Type      Type
	Operation Operation
	Binary    uint16 // index of the binary's layouts
	TGID      uint32 // process, in the initial pid namespace
	Time      uint64 // ns of CLOCK_BOOTTIME
	SpanID    pcommon.SpanID
}

// Start is the event of a span that started, struct start_event. Body, the operation's
// own part, points into the record that was decoded.
type Start struct {
	Header
	TraceID        pcommon.TraceID
	ParentID       pcommon.SpanID // empty: a root
	Flags          uint8          // W3C trace flags
	ParentIsRemote bool
	Body           []byte
}

// End is the event of a span that ended, struct end_event.
type End struct {
	Header
	ErrorType uint64 // link-time address of a type descriptor; 0: none, or not known
	Outcome   Outcome
	HasError  bool
	Body      []byte
}

const (
	headerSize = 24
	startSize  = headerSize + 32
	endSize    = headerSize + 16
)

// DecodeHeader reads the part that all events share.
func DecodeHeader(record []byte) (Header, error) {
	if len(record) < headerSize {
		return Header{}, fmt.Errorf("event of %d bytes is shorter than its header of %d", len(record), headerSize)
	}
	return Header{
		Type:      Type(record[0]),
		Operation: Operation(record[1]),
		Binary:    binary.LittleEndian.Uint16(record[2:]),
		TGID:      binary.LittleEndian.Uint32(record[4:]),
		Time:      binary.LittleEndian.Uint64(record[8:]),
		SpanID:    pcommon.SpanID(record[16:24]),
	}, nil
}

// DecodeStart reads an event whose header says TypeStart.
func DecodeStart(header Header, record []byte) (Start, error) {
	if len(record) < startSize {
		return Start{}, fmt.Errorf("start event of %d bytes is shorter than %d", len(record), startSize)
	}
	return Start{
		Header:         header,
		TraceID:        pcommon.TraceID(record[24:40]),
		ParentID:       pcommon.SpanID(record[40:48]),
		Flags:          record[48],
		ParentIsRemote: record[49] != 0,
		Body:           record[startSize:],
	}, nil
}

// DecodeEnd reads an event whose header says TypeEnd.
func DecodeEnd(header Header, record []byte) (End, error) {
	if len(record) < endSize {
		return End{}, fmt.Errorf("end event of %d bytes is shorter than %d", len(record), endSize)
	}
	return End{
		Header:    header,
		ErrorType: binary.LittleEndian.Uint64(record[24:]),
		Outcome:   Outcome(record[32]),
		HasError:  record[33] != 0,
		Body:      record[endSize:],
	}, nil
}
