// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// clientStart is struct client_start behind its start_event.
type clientStart struct {
	contentLength int64 // 0: none, or not known
	method        string
	url           clientURL
}

func (l library) decodeClientStart(b events.Body) (clientStart, error) {
	var c clientStart
	var method []byte
	var u rawURL
	c.contentLength = b.Int64()
	u.hasUser = b.Uint8() != 0
	b.Bytes(7)
	b.Texts(&method, &u.scheme, &u.opaque, &u.host, &u.path, &u.rawPath, &u.rawQuery, &u.fragment)
	c.method, c.url = l.texts.Of(method), u.redacted()
	return c, b.Err()
}

// clientEnd is struct client_end behind its end_event.
type clientEnd struct {
	contentLength          int64 // -1: not known
	status                 uint16
	protoMajor, protoMinor uint8
}

func decodeClientEnd(b events.Body) (clientEnd, error) {
	if b.Empty() {
		return clientEnd{contentLength: -1}, nil // the round trip did not finish
	}
	e := clientEnd{contentLength: b.Int64(), status: b.Uint16(), protoMajor: b.Uint8(), protoMinor: b.Uint8()}
	return e, b.Err()
}

// clientSpan follows the semantic conventions of HTTP client spans.
func (l library) clientSpan(r instrument.Record, span ptrace.Span) error {
	c, err := l.decodeClientStart(r.StartBody())
	if err != nil {
		return fmt.Errorf("start of a client span: %w", err)
	}
	e, err := decodeClientEnd(r.EndBody())
	if err != nil {
		return fmt.Errorf("end of a client span: %w", err)
	}
	attributes := span.Attributes()
	attributes.EnsureCapacity(9)
	span.SetKind(ptrace.SpanKindClient)
	if c.method == "" {
		c.method = "GET" // what an empty Request.Method means to a Transport
	}
	span.SetName(putMethod(c.method, attributes))

	attributes.PutStr(string(semconv.URLFullKey), instrument.Text(c.url.full))
	host, port := instrument.SplitHostPort(c.url.host)
	if port == 0 {
		port = defaultPort(c.url.scheme)
	}
	instrument.PutAddress(attributes, string(semconv.ServerAddressKey), string(semconv.ServerPortKey), host, port)
	if c.contentLength > 0 {
		attributes.PutInt(string(semconv.HTTPRequestBodySizeKey), c.contentLength)
	}
	if e.status != 0 {
		attributes.PutInt(string(semconv.HTTPResponseStatusCodeKey), int64(e.status))
		if version := protocolVersion(e.protoMajor, e.protoMinor); version != "" {
			attributes.PutStr(string(semconv.NetworkProtocolVersionKey), version)
		}
		if e.contentLength >= 0 && c.method != "HEAD" {
			attributes.PutInt(string(semconv.HTTPResponseBodySizeKey), e.contentLength)
		}
	}
	putOutcome(r, e.status, 400, span)
	return nil
}
