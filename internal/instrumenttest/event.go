// SPDX-License-Identifier: Apache-2.0

package instrumenttest

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// DecodeStart takes the record of a start as the tracer does.
func DecodeStart(t testing.TB, record []byte) events.Start {
	t.Helper()
	header, err := events.DecodeHeader(record)
	require.NoError(t, err)
	start, err := events.DecodeStart(header, record)
	require.NoError(t, err)
	return start
}

// DecodeEnd is DecodeStart for an end.
func DecodeEnd(t testing.TB, record []byte) events.End {
	t.Helper()
	header, err := events.DecodeHeader(record)
	require.NoError(t, err)
	end, err := events.DecodeEnd(header, record)
	require.NoError(t, err)
	return end
}

// AppendStrings writes strings as the kernel side does: all lengths, and then the bytes.
func AppendStrings(body []byte, strings ...string) []byte {
	for _, s := range strings {
		body = binary.LittleEndian.AppendUint16(body, uint16(len(s)))
	}
	for _, s := range strings {
		body = append(body, s...)
	}
	return body
}

// Flag is a bool as the kernel side writes it.
func Flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// Ending is an end event and the name of its error's type.
type Ending struct {
	events.End
	TypeName string
}

// Record makes a record of the body of a start event and an end event.
func Record(operation events.Operation, start []byte, end Ending) instrument.Record {
	return instrument.Record{
		Start:    events.Start{Header: events.Header{Type: events.TypeStart, Operation: operation}, Body: start},
		End:      end.End,
		TypeName: func(uint64) string { return end.TypeName },
	}
}

// Span has a library make a span of a Record.
func Span(t testing.TB, library instrument.Library, operation events.Operation, start []byte, end Ending) ptrace.Span {
	t.Helper()
	span := ptrace.NewSpan()
	require.NoError(t, library.Span(Record(operation, start, end), span))
	return span
}
