// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// serverStart is struct server_start behind its start_event.
type serverStart struct {
	peer              peer
	method, authority string
	tracestate        string
}

func (l library) decodeServerStart(b events.Body) (serverStart, error) {
	var method, authority, tracestate, text []byte
	ip := decodePeer(&b)
	b.Texts(&method, &authority, &tracestate, &text)
	return serverStart{
		peer:   l.peers.named(ip, string(text)),
		method: l.texts.Of(method), authority: l.texts.Of(authority), tracestate: string(tracestate),
	}, b.Err()
}

// serverEnd is struct server_end behind its end_event.
type serverEnd struct {
	outcome
	unknownMethod bool // nothing is registered under the name that was called
}

// outcome is the status of a call.
type outcome struct {
	known   bool
	code    uint32
	message string
}

func decodeServerEnd(b events.Body) (serverEnd, error) {
	if b.Empty() {
		return serverEnd{}, nil // the handler did not finish
	}
	var e serverEnd
	e.code = b.Uint32()
	e.known = b.Uint8() != 0
	e.unknownMethod = b.Uint8() != 0
	b.Strings(&e.message)
	return e, b.Err()
}

// serverSpan follows the semantic conventions of gRPC server spans.
func (l library) serverSpan(r instrument.Record, span ptrace.Span) error {
	s, err := l.decodeServerStart(r.StartBody())
	if err != nil {
		return fmt.Errorf("start of a server span: %w", err)
	}
	e, err := decodeServerEnd(r.EndBody())
	if err != nil {
		return fmt.Errorf("end of a server span: %w", err)
	}
	attributes := span.Attributes()
	attributes.EnsureCapacity(10)
	span.SetKind(ptrace.SpanKindServer)
	span.TraceState().FromRaw(instrument.Tracestate(s.tracestate))
	putMethod(s.method, !e.unknownMethod, span)
	host, port := instrument.SplitHostPort(s.authority)
	instrument.PutAddress(attributes, string(semconv.ServerAddressKey), string(semconv.ServerPortKey), host, port)
	instrument.PutAddress(attributes, string(semconv.ClientAddressKey), string(semconv.ClientPortKey), s.peer.address, s.peer.port)
	putPeer(s.peer, attributes)
	putStatus(r, e.outcome, isServerError, span)
	return nil
}
