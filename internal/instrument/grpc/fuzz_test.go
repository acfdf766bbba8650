// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// fuzz makes spans of events that say anything: no panic, and whatever becomes a span can be
// encoded, has the name that its method has, and a status that its error.type fits.
func fuzz(t *testing.T, operation events.Operation, start, end []byte, outcome uint8, hasError bool, errorType string) {
	span := ptrace.NewSpan()
	ended := instrumenttest.Ending{End: events.End{Outcome: events.Outcome(outcome), HasError: hasError, Body: end}, TypeName: errorType}
	if err := Library().Span(instrumenttest.Record(operation, start, ended), span); err != nil {
		return
	}
	method, ok := span.Attributes().Get("rpc.method")
	if !ok || method.Str() != span.Name() && (method.Str() != "_OTHER" || span.Name() != "grpc") {
		t.Errorf("name %q, method %q", span.Name(), method.Str())
	}
	_, failed := span.Attributes().Get("error.type")
	if failed != (span.Status().Code() == ptrace.StatusCodeError) {
		t.Errorf("status %v, error.type %v", span.Status().Code(), failed)
	}
	for _, s := range []string{span.Name(), span.TraceState().AsRaw(), span.Status().Message()} {
		if !utf8.ValidString(s) {
			t.Errorf("%q is not UTF-8", s)
		}
	}
	span.Attributes().Range(func(key string, value pcommon.Value) bool {
		if !utf8.ValidString(value.AsString()) {
			t.Errorf("%s %q is not UTF-8", key, value.AsString())
		}
		return true
	})
}

func FuzzServerSpan(f *testing.F) {
	f.Add(call(nil).body(), serverEnd{outcome: statusOf(13, "\xff")}.body(), uint8(0), false, "")
	f.Add(call(func(s *serverStart) { s.peer, s.tracestate = peer{"/a:b", 0}, "a=1" }).body(), serverEnd{unknownMethod: true}.body(),
		uint8(events.Goexit), true, "transport.ConnectionError")
	f.Add([]byte{}, []byte{1}, uint8(200), true, "\xff")
	f.Fuzz(func(t *testing.T, start, end []byte, outcome uint8, hasError bool, errorType string) {
		fuzz(t, operationServer, start, end, outcome, hasError, errorType)
	})
}

func FuzzClientSpan(f *testing.F) {
	f.Add(clientStart{"/shop.Catalog/Get", "dns:///[::1]:1"}.body(), clientEnd{statusOf(5, "no"), peer{"::1", 1}}.body(), uint8(0), false, "")
	f.Add(clientStart{"\xff", "unix:\xff"}.body(), []byte{}, uint8(events.Died), true, "")
	f.Add([]byte{}, []byte{1}, uint8(200), true, "\xff")
	f.Fuzz(func(t *testing.T, start, end []byte, outcome uint8, hasError bool, errorType string) {
		fuzz(t, operationClient, start, end, outcome, hasError, errorType)
	})
}
