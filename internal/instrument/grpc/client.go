// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// clientStart is struct client_start behind its start_event.
type clientStart struct {
	method, target string
}

func (l library) decodeClientStart(b events.Body) (clientStart, error) {
	var method, target []byte
	b.Bytes(4)
	b.Texts(&method, &target)
	return clientStart{method: l.texts.Of(method), target: l.texts.Of(target)}, b.Err()
}

// clientEnd is struct client_end behind its end_event.
type clientEnd struct {
	outcome
	peer peer // of the last attempt
}

func (l library) decodeClientEnd(b events.Body) (clientEnd, error) {
	if b.Empty() {
		return clientEnd{}, nil // the call did not finish
	}
	var e clientEnd
	var text string
	ip := decodePeer(&b)
	e.code = b.Uint32()
	e.known = b.Uint8() != 0
	b.Bytes(7)
	b.Strings(&e.message, &text)
	e.peer = l.peers.named(ip, text)
	return e, b.Err()
}

// clientSpan follows the semantic conventions of gRPC client spans.
func (l library) clientSpan(r instrument.Record, span ptrace.Span) error {
	c, err := l.decodeClientStart(r.StartBody())
	if err != nil {
		return fmt.Errorf("start of a client span: %w", err)
	}
	e, err := l.decodeClientEnd(r.EndBody())
	if err != nil {
		return fmt.Errorf("end of a client span: %w", err)
	}
	attributes := span.Attributes()
	attributes.EnsureCapacity(8)
	span.SetKind(ptrace.SpanKindClient)
	putMethod(c.method, true, span)
	host, port := serverOf(c.target)
	instrument.PutAddress(attributes, string(semconv.ServerAddressKey), string(semconv.ServerPortKey), host, port)
	putPeer(e.peer, attributes)
	putStatus(r, e.outcome, func(code uint32) bool { return codeName(code) != "OK" }, span)
	return nil
}
