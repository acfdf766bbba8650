// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// call is shop.Catalog/Get as a server gets it.
func call(change func(*serverStart)) serverStart {
	s := serverStart{peer: peer{"192.0.2.7", 4711}, method: "/shop.Catalog/Get", authority: "shop.example:8443"}
	if change != nil {
		change(&s)
	}
	return s
}

// callAttributes are those of call and of an answer.
var callAttributes = map[string]any{
	"rpc.system.name":          "grpc",
	"rpc.method":               "shop.Catalog/Get",
	"rpc.response.status_code": "OK",
	"server.address":           "shop.example",
	"server.port":              int64(8443),
	"client.address":           "192.0.2.7",
	"client.port":              int64(4711),
	"network.peer.address":     "192.0.2.7",
	"network.peer.port":        int64(4711),
}

// with is attributes with others over them, and without some.
func with(attributes, others map[string]any, lack ...string) map[string]any {
	all := maps.Clone(attributes)
	maps.Copy(all, others)
	for _, key := range lack {
		delete(all, key)
	}
	return all
}

func TestServerSpan(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*serverStart)
		end     serverEnd
		name    string // shop.Catalog/Get if empty
		with    map[string]any
		lack    []string
		failed  bool
		message string
	}{
		"answered": {end: serverEnd{outcome: statusOf(0, "")}},
		"method without slash": {
			change: func(s *serverStart) { s.method = "shop.Catalog/Get" }, end: serverEnd{outcome: statusOf(0, "")},
		},
		"unreadable method": {
			change: func(s *serverStart) { s.method = "" }, end: serverEnd{outcome: statusOf(0, "")},
			name: "grpc", with: map[string]any{"rpc.method": "_OTHER"},
		},
		"unknown method": {
			end: serverEnd{outcome: statusOf(12, "unknown method Get for service shop.Catalog"), unknownMethod: true}, name: "grpc",
			with: map[string]any{
				"rpc.method": "_OTHER", "rpc.method_original": "shop.Catalog/Get",
				"rpc.response.status_code": "UNIMPLEMENTED", "error.type": "UNIMPLEMENTED",
			},
			failed: true, message: "unknown method Get for service shop.Catalog",
		},
		"method that says it is unimplemented": {
			end: serverEnd{outcome: statusOf(12, "later")}, failed: true, message: "later",
			with: map[string]any{"rpc.response.status_code": "UNIMPLEMENTED", "error.type": "UNIMPLEMENTED"},
		},
		"status that is the client's fault": {
			end:  serverEnd{outcome: statusOf(5, "no such item")},
			with: map[string]any{"rpc.response.status_code": "NOT_FOUND"},
		},
		"status that is the server's fault": {
			end: serverEnd{outcome: statusOf(13, "no\xff")}, failed: true, message: "no\uFFFD",
			with: map[string]any{"rpc.response.status_code": "INTERNAL", "error.type": "INTERNAL"},
		},
		"status without a name": {
			end:  serverEnd{outcome: statusOf(77, "")},
			with: map[string]any{"rpc.response.status_code": "77"},
		},
		"no status": {lack: []string{"rpc.response.status_code"}},
		"no authority": {
			change: func(s *serverStart) { s.authority = "" }, end: serverEnd{outcome: statusOf(0, "")},
			lack: []string{"server.address", "server.port"},
		},
		"authority without a port": {
			change: func(s *serverStart) { s.authority = "shop.example" }, end: serverEnd{outcome: statusOf(0, "")},
			lack: []string{"server.port"},
		},
		"Unix domain socket": {
			change: func(s *serverStart) { s.peer, s.authority = peer{"/run/shop", 0}, "localhost" },
			end:    serverEnd{outcome: statusOf(0, "")},
			with:   map[string]any{"client.address": "/run/shop", "network.peer.address": "/run/shop", "server.address": "localhost"},
			lack:   []string{"client.port", "network.peer.port", "server.port"},
		},
		"Unix domain socket without a name": {
			change: func(s *serverStart) { s.peer = peer{"@", 0} }, end: serverEnd{outcome: statusOf(0, "")},
			lack: []string{"client.address", "client.port", "network.peer.address", "network.peer.port"},
		},
		"peer of net/http": {
			change: func(s *serverStart) { s.peer = peer{"[2001:db8::1]:4711", 0} }, end: serverEnd{outcome: statusOf(0, "")},
			with: map[string]any{"client.address": "2001:db8::1", "network.peer.address": "2001:db8::1"},
		},
		"IPv4 peer of a dual-stack listener": {
			change: func(s *serverStart) { s.peer.address = "::ffff:192.0.2.7" }, end: serverEnd{outcome: statusOf(0, "")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			span := instrumenttest.Span(t, Library(), operationServer, call(test.change).body(), instrumenttest.Ending{End: events.End{Body: test.end.body()}})
			if test.name == "" {
				test.name = "shop.Catalog/Get"
			}
			assert.Equal(t, test.name, span.Name())
			assert.Equal(t, ptrace.SpanKindServer, span.Kind())
			assert.Equal(t, with(callAttributes, test.with, test.lack...), span.Attributes().AsRaw())
			assert.Equal(t, test.failed, span.Status().Code() == ptrace.StatusCodeError)
			assert.Equal(t, test.message, span.Status().Message())
		})
	}
}

// TestServerErrors holds the codes that are errors on the server's side to the list of the
// semantic conventions.
func TestServerErrors(t *testing.T) {
	var names []string
	for code := range uint32(40) {
		if isServerError(code) {
			names = append(names, codeName(code))
		}
	}
	assert.Equal(t, []string{"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}, names)
	assert.Equal(t, "UNAUTHENTICATED", codeName(16))
	assert.Equal(t, "17", codeName(17))
	assert.Equal(t, "-1", codeName(0xffffffff))
}

// TestServerSpanWithoutStatus has the ends that no status belongs to.
func TestServerSpanWithoutStatus(t *testing.T) {
	for name, test := range map[string]struct {
		end       instrumenttest.Ending
		errorType string
		message   string
	}{
		"broken connection": {
			instrumenttest.Ending{End: events.End{HasError: true, Body: serverEnd{}.body()}, TypeName: "transport.ConnectionError"}, "transport.ConnectionError", "",
		},
		"Goexit":    {instrumenttest.Ending{End: events.End{Outcome: events.Goexit, Body: serverEnd{}.body()}}, "runtime.Goexit", "the goroutine exited"},
		"abandoned": {instrumenttest.Ending{End: events.End{Outcome: events.Abandoned}}, "_OTHER", "the function did not return"},
		"died":      {instrumenttest.Ending{End: events.End{Outcome: events.Died}}, "_OTHER", "the process ended"},
	} {
		t.Run(name, func(t *testing.T) {
			span := instrumenttest.Span(t, Library(), operationServer, call(nil).body(), test.end)
			assert.Equal(t, with(callAttributes, map[string]any{"error.type": test.errorType}, "rpc.response.status_code"), span.Attributes().AsRaw())
			assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
			assert.Equal(t, test.message, span.Status().Message())
		})
	}
}

func TestServerSpanHasTracestate(t *testing.T) {
	cut := "vendor=1," + strings.Repeat("x", instrument.MaxTracestate-len("vendor=1,"))
	for sent, want := range map[string]string{"": "", "vendor=1,other=2": "vendor=1,other=2", cut: "vendor=1"} {
		start := call(func(s *serverStart) { s.tracestate = sent })
		assert.Equal(t, want, instrumenttest.Span(t, Library(), operationServer, start.body(), instrumenttest.Ending{}).TraceState().AsRaw())
	}
}

func TestEventsThatAreTooShortAreErrors(t *testing.T) {
	server, client := call(nil).body(), clientStart{"/m", "t"}.body()
	for name, r := range map[string]instrument.Record{
		"server's start": instrumenttest.Record(operationServer, server[:len(server)-1], instrumenttest.Ending{}),
		"server's end":   instrumenttest.Record(operationServer, server, instrumenttest.Ending{End: events.End{Body: serverEnd{}.body()[:1]}}),
		"client's start": instrumenttest.Record(operationClient, client[:len(client)-1], instrumenttest.Ending{}),
		"client's end":   instrumenttest.Record(operationClient, client, instrumenttest.Ending{End: events.End{Body: clientEnd{}.body()[:1]}}),
		"operation":      instrumenttest.Record(0, client, instrumenttest.Ending{}),
	} {
		require.Error(t, Library().Span(r, ptrace.NewSpan()), name)
	}
}
