// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// fuzz makes spans of events that say anything: no panic, and whatever becomes a span
// can be encoded, has a kind and a name that no bytes of the target are in but the route.
func fuzz(t *testing.T, operation events.Operation, start, end []byte, outcome uint8, hasError bool, errorType string) {
	span := ptrace.NewSpan()
	ended := instrumenttest.Ending{End: events.End{Outcome: events.Outcome(outcome), HasError: hasError, Body: end}, TypeName: errorType}
	err := Library().Span(instrumenttest.Record(operation, start, ended), span)
	if err != nil {
		return
	}
	method, _ := span.Attributes().Get("http.request.method")
	name, route, _ := strings.Cut(span.Name(), " ")
	if (!isKnown(method.Str()) || name != method.Str()) && (method.Str() != "_OTHER" || name != "HTTP") {
		t.Errorf("name %q, method %q", span.Name(), method.Str())
	}
	if value, ok := span.Attributes().Get("http.route"); ok != (route != "") || ok && value.Str() != route {
		t.Errorf("name %q, route %v", span.Name(), span.Attributes().AsRaw()["http.route"])
	}
	_, failed := span.Attributes().Get("error.type")
	if failed != (span.Status().Code() == ptrace.StatusCodeError) {
		t.Errorf("status %v, error.type %v", span.Status().Code(), failed)
	}
	if !utf8.ValidString(span.Name()) || !utf8.ValidString(span.TraceState().AsRaw()) {
		t.Errorf("name %q or state %q is not UTF-8", span.Name(), span.TraceState().AsRaw())
	}
	span.Attributes().Range(func(key string, value pcommon.Value) bool {
		if !utf8.ValidString(value.AsString()) {
			t.Errorf("%s %q is not UTF-8", key, value.AsString())
		}
		return true
	})
}

func FuzzServerSpan(f *testing.F) {
	f.Add(request(nil).body(), serverEnd{status: 200, pattern: []byte("GET /items/{id}")}.body(), uint8(0), false, "")
	f.Add(request(func(s *serverStart) {
		s.uri, s.host, s.tracestate = "http://u:p@h/%4?sig=1&%73ig", "[::1]:x", "a=1"
		s.forwarding = forwarding{forwarded: `for="[::1]:1";host=h;proto=https, x`, xFor: ",", xHost: ":", xProto: "http"}
	}).body(), []byte{}, uint8(events.Died), true, "*errors.errorString")
	f.Add([]byte{}, []byte{1}, uint8(200), true, "\xff")
	f.Fuzz(func(t *testing.T, start, end []byte, outcome uint8, hasError bool, errorType string) {
		fuzz(t, operationServer, start, end, outcome, hasError, errorType)
	})
}

func FuzzClientSpan(f *testing.F) {
	user := url.URL{Scheme: "https", User: url.User("u"), Host: "[::1]:8", Path: "/\xff/b", RawPath: "/%ff%2", RawQuery: "sig=1&a", Fragment: "f"}
	opaque := url.URL{Scheme: "http", Opaque: "//u:p@h/x?sig=1", Host: "h:1:2"}
	f.Add(requested{method: "POST", contentLength: 1, url: user}.body(), clientEnd{status: 404, protoMajor: 2}.body(), uint8(0), false, "")
	f.Add(requested{url: opaque}.body(), []byte{}, uint8(events.Panicked), true, "*net.OpError")
	f.Add([]byte{}, []byte{1}, uint8(200), true, "\xff")
	f.Fuzz(func(t *testing.T, start, end []byte, outcome uint8, hasError bool, errorType string) {
		fuzz(t, operationClient, start, end, outcome, hasError, errorType)
	})
}
