// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// grpcServerCases are the calls that every build of the server gets, however they come in. peer is a
// server that is not traced.
func grpcServerCases(x, peer *targettest.Target, secure bool) []grpcCase {
	call := func(method string, messages ...string) targettest.Call {
		return targettest.Call{Target: x.Address(), TLS: secure, Method: "/example.Unary/" + method, Messages: messages}
	}
	stream := func(kind, method string, messages ...string) targettest.Call {
		return targettest.Call{Target: x.Address(), TLS: secure, Stream: kind, Method: "/example.Stream/" + method, Messages: messages}
	}
	with := func(c targettest.Call, change func(*targettest.Call)) targettest.Call {
		change(&c)
		return c
	}
	callPeer := url.Values{"target": {peer.Address()}, "method": {"/example.Unary/Echo"}, "message": {"hello"}}.Encode()
	return []grpcCase{
		{name: "unary", call: call("Echo", "hello")},
		{name: "client-stream", call: stream("client", "Gather", "a", "b", "c")},
		{name: "server-stream", call: stream("server", "List", "3")},
		{name: "bidi-stream", call: stream("bidi", "Chat", "a", "b", "c")},
		{name: "large", call: call("Large", "1000000")},
		{name: "statuses", call: with(call("Status", "{n} status {n}"), func(c *targettest.Call) { c.N = 18 }), spans: 18},
		{name: "stream-statuses", call: with(stream("bidi", "Status", "{n} status {n}"), func(c *targettest.Call) { c.N = 18 }), spans: 18},
		{name: "no-message", call: call("Status", "13"), code: "Internal"},
		{name: "odd-message", call: call("Status", "13 50% of \"naïve\"\nlines\tand 日本"), code: "Internal", message: "50%"},
		{name: "long-message", call: call("Status", "13 "+strings.Repeat("long ", 1000)), code: "Internal", message: "long"},
		{name: "error-plain", call: call("Error", "plain"), code: "Unknown", message: "a plain error"},
		{name: "error-own", call: call("Error", "own"), code: "Unknown", message: "an error of its own type"},
		{name: "error-constant", call: call("Error", "constant"), code: "Unknown", message: "a constant message"},
		{name: "error-status", call: call("Error", "status"), code: "AlreadyExists", message: "a status of its own"},
		{name: "error-details", call: call("Error", "details"), code: "ResourceExhausted", message: "a status with details"},
		{name: "error-eof", call: call("Error", "eof"), code: "Unknown", message: "EOF"},
		{name: "error-wrapped", call: call("Error", "wrapped"), code: "NotFound", message: "a wrapped status", since: 56},
		{name: "error-cancelled", call: call("Error", "cancelled"), code: "Canceled", message: "context canceled", since: 56},
		{name: "error-deadline", call: call("Error", "deadline"), code: "DeadlineExceeded", message: "context deadline exceeded", since: 56},
		{name: "stream-error", call: stream("bidi", "Error", "plain"), code: "Unknown", message: "a plain error"},
		{name: "unknown-method", call: call("Nowhere"), code: "Unimplemented", message: "Nowhere"},
		{name: "unknown-stream", call: stream("bidi", "Nowhere"), code: "Unimplemented", message: "Nowhere"},
		{name: "unknown-service", call: with(call(""), func(c *targettest.Call) { c.Method = "/example.Nowhere/Echo" }), code: "Unimplemented", message: "example.Nowhere"},
		{name: "malformed-method", call: with(call(""), func(c *targettest.Call) { c.Method = "/Echo" }), code: "Unimplemented", message: "malformed method name"},
		{name: "cancelled", call: with(call("Wait", "1m"), func(c *targettest.Call) { c.CancelAfter = shortly }), code: "Canceled"},
		{name: "stream-cancelled", call: with(stream("bidi", "Wait", "1m"), func(c *targettest.Call) { c.CancelAfter = shortly }), code: "Canceled"},
		{name: "deadline", call: call("Wait"), send: func(t *testing.T) { deadlineCall(t, x, "/example.Unary/Wait", "1m") }},
		{name: "stream-deadline", call: stream("bidi", "Wait"), send: func(t *testing.T) { deadlineCall(t, x, "/example.Stream/Wait", "1m") }},
		{name: "recovered", call: call("PanicError"), code: "Internal", message: "recovered: a handler that panics with an error"},
		{name: "stream-recovered", call: stream("bidi", "PanicError", "x"), code: "Internal", message: "recovered: a handler that panics with an error"},
		// Their handlers have run by then.
		{name: "goexit", call: with(call("Goexit"), func(c *targettest.Call) { c.Timeout = (4 * shortTime).String() }), code: "DeadlineExceeded"},
		{name: "stream-goexit", call: with(stream("bidi", "Goexit", "x"), func(c *targettest.Call) { c.Timeout = (4 * shortTime).String() }), code: "DeadlineExceeded"},
		{name: "traceparent", call: with(call("Echo", "hello"), func(c *targettest.Call) {
			c.Metadata = map[string]string{"traceparent": remoteParent, "tracestate": "vendor=value,other=1"}
		})},
		{name: "stream-traceparent", call: with(stream("bidi", "Chat", "hello"), func(c *targettest.Call) {
			c.Metadata = map[string]string{"traceparent": remoteParent}
		})},
		{name: "call", call: call("Call", callPeer), spans: 2},
		{name: "stream-call", call: stream("bidi", "Call", callPeer), spans: 2},
	}
}

// grpcTransports are the ways in which a server is called. The same traces come of all of them.
var grpcTransports = []struct {
	name    string
	options []targettest.Option
	secure  bool
}{
	{name: "http2"},
	{name: "http2 with workers", options: []targettest.Option{targettest.Args("-workers", "2")}},
	{name: "http2 over TLS", options: []targettest.Option{targettest.TLS()}, secure: true},
	{name: "interceptors", options: []targettest.Option{targettest.Args("-interceptors")}},
	{name: "net/http over h2c", options: []targettest.Option{targettest.Args("-handler")}},
	{name: "net/http over TLS", options: []targettest.Option{targettest.Args("-handler", "-interceptors"), targettest.TLS()}, secure: true},
}

func TestGRPCServer(t *testing.T) {
	for _, build := range targettest.GRPCBuilds("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			client := startGRPCClient(t)
			c := startCollector(t)
			for i, transport := range grpcTransports {
				x := c.start(build, append(transport.options, targettest.Args("-recover"))...)
				cases := since(grpcServerCases(x, peer, transport.secure), grpcMinor(t, build))
				for _, test := range cases {
					test.run(t, client)
				}
				spans := c.gather(x, spanCount(cases))
				e := expectation{
					golden:    isGolden(build) && i == 0,
					routes:    true,
					addresses: map[string]string{x.Address(): "target", peer.Address(): "peer"},
				}
				t.Run(transport.name, func(t *testing.T) { compareServed(t, "grpc-server-", cases, spans, e) })
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address(), TLS: transport.secure})
				x.Kill() // it would wait for the calls whose goroutines are gone
			}
		})
	}
}

// A server on a socket has no port, and clients without names.
func TestGRPCServerOnSocket(t *testing.T) {
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			client := startGRPCClient(t)
			socket := "unix:" + filepath.Join(t.TempDir(), "socket")
			c := startCollector(t)
			x := c.start(build, targettest.Args("-addr", socket))
			cases := []grpcCase{{name: "socket", call: targettest.Call{Target: socket, Method: echoMethod}}}
			cases[0].run(t, client)
			compareServed(t, "grpc-server-", cases, c.next(x, 1), expectation{golden: isGolden(build), routes: true})
			c.nothingElseCalled(x, client, targettest.Call{Target: socket})
		})
	}
}
