// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// appendStrings writes strings as the kernel side does: all lengths, padded to a whole
// number of words of four bytes, and then the bytes.
func appendStrings(body []byte, strings ...string) []byte {
	for _, s := range strings {
		body = binary.LittleEndian.AppendUint16(body, uint16(len(s)))
	}
	for _, s := range strings {
		body = append(body, s...)
	}
	return body
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func (s serverStart) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(s.contentLength))
	body = append(body, s.protoMajor, s.protoMinor, flag(s.tls), 0)
	f := s.forwarding
	return appendStrings(body, s.method, s.uri, s.host, s.remoteAddr, s.userAgent, s.tracestate, f.forwarded, f.xFor, f.xHost, f.xProto)
}

func (e serverEnd) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(e.written))
	body = binary.LittleEndian.AppendUint16(body, e.status)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(e.pattern)))
	return append(append(body, 0, 0, 0, 0), e.pattern...)
}

func (c clientStart) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(c.contentLength))
	body = append(body, flag(c.url.User != nil), 0, 0, 0, 0, 0, 0, 0)
	u := c.url
	return appendStrings(body, c.method, u.Scheme, u.Opaque, u.Host, u.Path, u.RawPath, u.RawQuery, u.Fragment)
}

func (e clientEnd) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(e.contentLength))
	body = binary.LittleEndian.AppendUint16(body, e.status)
	return append(body, e.protoMajor, e.protoMinor, 0, 0, 0, 0)
}

// ending is an end event and the name of its error's type.
type ending struct {
	events.End
	typeName string
}

// recordOf makes a record of two events.
func recordOf(operation events.Operation, start []byte, end ending) instrument.Record {
	return instrument.Record{
		Start:    events.Start{Header: events.Header{Type: events.TypeStart, Operation: operation}, Body: start},
		End:      end.End,
		TypeName: func(uint64) string { return end.typeName },
	}
}

// spanOf makes a span of two events.
func spanOf(t *testing.T, operation events.Operation, start []byte, end ending) ptrace.Span {
	t.Helper()
	span := ptrace.NewSpan()
	require.NoError(t, Library().Span(recordOf(operation, start, end), span))
	return span
}

// with returns a copy of attributes with others added or in their place, and without some.
func with(attributes, others map[string]any, without ...string) map[string]any {
	merged := map[string]any{}
	for _, m := range []map[string]any{attributes, others} {
		for key, value := range m {
			merged[key] = value
		}
	}
	for _, key := range without {
		delete(merged, key)
	}
	return merged
}
