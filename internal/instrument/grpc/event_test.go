// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// appendStrings writes strings as the kernel side does: all lengths, and then the bytes.
func appendStrings(body []byte, strings ...string) []byte {
	for _, s := range strings {
		body = binary.LittleEndian.AppendUint16(body, uint16(len(s)))
	}
	for _, s := range strings {
		body = append(body, s...)
	}
	return body
}

// append writes the peer by its IP address. One without is left to the text that it returns.
func (p peer) append(body []byte) (with []byte, text string) {
	var ip [16]byte
	length := 0
	if address, err := netip.ParseAddr(p.address); err == nil {
		length = copy(ip[:], address.AsSlice())
	} else {
		text = p.address
	}
	body = append(body, ip[:]...)
	body = binary.LittleEndian.AppendUint16(body, uint16(p.port))
	return append(body, byte(length), 0, 0, 0, 0, 0), text
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func (s serverStart) body() []byte {
	body, text := s.peer.append(nil)
	return appendStrings(body, s.method, s.authority, s.tracestate, text)
}

func (e serverEnd) body() []byte {
	body := binary.LittleEndian.AppendUint32(nil, e.code)
	return appendStrings(append(body, flag(e.known), flag(e.unknownMethod)), e.message)
}

func (c clientStart) body() []byte { return appendStrings(make([]byte, 4), c.method, c.target) }

func (e clientEnd) body() []byte {
	body, text := e.peer.append(nil)
	body = binary.LittleEndian.AppendUint32(body, e.code)
	return appendStrings(append(body, flag(e.known), 0, 0, 0, 0, 0, 0, 0), e.message, text)
}

// statusOf is the outcome of a call that was given one.
func statusOf(code uint32, message string) outcome { return outcome{true, code, message} }

// ending is how an operation ended, with the type of its error under its name.
type ending struct {
	events.End
	typeName string
}

func recordOf(operation events.Operation, start []byte, end ending) instrument.Record {
	return instrument.Record{
		Start:    events.Start{Header: events.Header{Operation: operation}, Body: start},
		End:      end.End,
		TypeName: func(uint64) string { return end.typeName },
	}
}

func spanOf(t *testing.T, operation events.Operation, start []byte, end ending) ptrace.Span {
	t.Helper()
	span := ptrace.NewSpan()
	require.NoError(t, Library().Span(recordOf(operation, start, end), span))
	return span
}
