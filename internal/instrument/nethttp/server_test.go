// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// request is GET http://shop.example/items/17 as HTTP/1.1 brings it.
func request(change func(*serverStart)) serverStart {
	s := serverStart{
		protoMajor: 1, protoMinor: 1, method: "GET", uri: "/items/17",
		host: "shop.example", remoteAddr: "192.0.2.7:4711",
	}
	if change != nil {
		change(&s)
	}
	return s
}

// requestAttributes are those of request and an answer of 200 with 12 bytes.
var requestAttributes = map[string]any{
	"http.request.method":       "GET",
	"http.request.body.size":    int64(0),
	"http.response.status_code": int64(200),
	"http.response.body.size":   int64(12),
	"url.path":                  "/items/17",
	"url.scheme":                "http",
	"server.address":            "shop.example",
	"server.port":               int64(80),
	"client.address":            "192.0.2.7",
	"network.peer.address":      "192.0.2.7",
	"network.peer.port":         int64(4711),
	"network.protocol.version":  "1.1",
}

func TestServerSpan(t *testing.T) {
	ok := serverEnd{status: 200, written: 12}
	for name, test := range map[string]struct {
		change func(*serverStart)
		end    serverEnd
		name   string // GET if empty
		with   map[string]any
		lack   []string
	}{
		"plain": {end: ok},
		"route": {
			end:  serverEnd{status: 200, written: 12, pattern: []byte("/items/{id}")},
			name: "GET /items/{id}", with: map[string]any{"http.route": "/items/{id}"},
		},
		"route with method": {
			end:  serverEnd{status: 200, written: 12, pattern: []byte("GET /items/{id}")},
			name: "GET /items/{id}", with: map[string]any{"http.route": "/items/{id}"},
		},
		"route with method and host": {
			end:  serverEnd{status: 200, written: 12, pattern: []byte("GET shop.example/items/{id}")},
			name: "GET /items/{id}", with: map[string]any{"http.route": "/items/{id}"},
		},
		"no route": {end: serverEnd{status: 200, written: 12, pattern: []byte("GET")}},
		"unknown method": {
			change: func(s *serverStart) { s.method = "BREW" }, end: ok,
			name: "HTTP", with: map[string]any{"http.request.method": "_OTHER", "http.request.method_original": "BREW"},
		},
		"unknown method with route": {
			change: func(s *serverStart) { s.method = "get" }, end: serverEnd{status: 200, written: 12, pattern: []byte("/")},
			name: "HTTP /",
			with: map[string]any{"http.request.method": "_OTHER", "http.request.method_original": "get", "http.route": "/"},
		},
		"unreadable method": {
			change: func(s *serverStart) { s.method = "" }, end: ok,
			name: "HTTP", with: map[string]any{"http.request.method": "_OTHER"},
		},
		"query method": {
			change: func(s *serverStart) { s.method = "QUERY" }, end: ok,
			name: "QUERY", with: map[string]any{"http.request.method": "QUERY"},
		},
		"HEAD": {
			change: func(s *serverStart) { s.method = "HEAD" }, end: ok,
			name: "HEAD", with: map[string]any{"http.request.method": "HEAD"}, lack: []string{"http.response.body.size"},
		},
		"query": {
			change: func(s *serverStart) { s.uri = "/items/17?a=1&b=%20?" }, end: ok,
			with: map[string]any{"url.query": "a=1&b=%20?"},
		},
		"secret query": {
			change: func(s *serverStart) { s.uri = "/items/17?a=1&sig=abc" }, end: ok,
			with: map[string]any{"url.query": "a=1&sig=REDACTED"},
		},
		"empty query": {change: func(s *serverStart) { s.uri = "/items/17?" }, end: ok},
		"escaped path": {
			change: func(s *serverStart) { s.uri = "/items/%2F17" }, end: ok, with: map[string]any{"url.path": "/items/%2F17"},
		},
		"path like an authority": {
			change: func(s *serverStart) { s.uri = "//other.example/x?y=http://z/" }, end: ok,
			with: map[string]any{"url.path": "//other.example/x", "url.query": "y=http://z/"},
		},
		"absolute form": {
			change: func(s *serverStart) { s.uri = "http://user:secret@shop.example/items/17?q=1" }, end: ok,
			with: map[string]any{"url.query": "q=1"},
		},
		"absolute form without path": {
			change: func(s *serverStart) { s.uri = "http://shop.example" }, end: ok, with: map[string]any{"url.path": ""},
		},
		"absolute form that was cut in an escape": {
			change: func(s *serverStart) { s.uri = "http://user:secret@shop.example/items/%4" }, end: ok,
			with: map[string]any{"url.path": "/items/%4"},
		},
		"asterisk form": {
			change: func(s *serverStart) { s.method, s.uri = "OPTIONS", "*" }, end: ok,
			name: "OPTIONS", with: map[string]any{"http.request.method": "OPTIONS", "url.path": "*"},
		},
		"authority form": {
			change: func(s *serverStart) { s.method, s.uri = "CONNECT", "shop.example:443" }, end: ok,
			name: "CONNECT", with: map[string]any{"http.request.method": "CONNECT", "url.path": ""},
		},
		"TLS": {
			change: func(s *serverStart) { s.tls = true }, end: ok,
			with: map[string]any{"url.scheme": "https", "server.port": int64(443)},
		},
		"port": {
			change: func(s *serverStart) { s.host = "shop.example:8080" }, end: ok,
			with: map[string]any{"server.port": int64(8080)},
		},
		"IPv6": {
			change: func(s *serverStart) { s.host, s.remoteAddr = "[2001:db8::1]:8443", "[2001:db8::2%eth0]:9" }, end: ok,
			with: map[string]any{
				"server.address": "2001:db8::1", "server.port": int64(8443), "client.address": "2001:db8::2%eth0",
				"network.peer.address": "2001:db8::2%eth0", "network.peer.port": int64(9),
			},
		},
		"IPv6 without port": {
			change: func(s *serverStart) { s.host = "[2001:db8::1]" }, end: ok,
			with: map[string]any{"server.address": "2001:db8::1"},
		},
		"no host": {
			change: func(s *serverStart) { s.host, s.protoMinor = "", 0 }, end: ok,
			with: map[string]any{"network.protocol.version": "1.0"}, lack: []string{"server.address", "server.port"},
		},
		"Unix domain socket": {
			change: func(s *serverStart) { s.remoteAddr = "@" }, end: ok,
			lack: []string{"client.address", "network.peer.address", "network.peer.port"},
		},
		"HTTP/2": {
			change: func(s *serverStart) { s.protoMajor, s.protoMinor = 2, 0 }, end: ok,
			with: map[string]any{"network.protocol.version": "2"},
		},
		"unknown protocol": {
			change: func(s *serverStart) { s.protoMajor, s.protoMinor = 0, 0 }, end: ok, lack: []string{"network.protocol.version"},
		},
		"user agent": {
			change: func(s *serverStart) { s.userAgent = "curl/8.0" }, end: ok,
			with: map[string]any{"user_agent.original": "curl/8.0"},
		},
		"request body": {
			change: func(s *serverStart) { s.contentLength = 5 }, end: ok, with: map[string]any{"http.request.body.size": int64(5)},
		},
		"request body of unknown size": {
			change: func(s *serverStart) { s.contentLength = -1 }, end: ok, lack: []string{"http.request.body.size"},
		},
		"response body of unknown size": {end: serverEnd{status: 200, written: -1}, lack: []string{"http.response.body.size"}},
		"no response": {
			end: serverEnd{written: 12}, lack: []string{"http.response.status_code", "http.response.body.size"},
		},
		"forwarded": {
			change: func(s *serverStart) {
				s.forwarding.forwarded = `for=203.0.113.9;host="front.example:444";proto=https, for=10.0.0.1`
			},
			end: ok,
			with: map[string]any{
				"url.scheme": "https", "client.address": "203.0.113.9", "server.address": "front.example", "server.port": int64(444),
			},
		},
		"forwarded without port": {
			change: func(s *serverStart) {
				s.host = "10.0.0.5:8080"
				s.forwarding = forwarding{xFor: "203.0.113.9, 10.0.0.1", xHost: "front.example", xProto: "https"}
			},
			end: ok,
			with: map[string]any{
				"url.scheme": "https", "client.address": "203.0.113.9", "server.address": "front.example", "server.port": int64(443),
			},
		},
		"not UTF-8": {
			change: func(s *serverStart) {
				s.method, s.uri, s.host, s.remoteAddr, s.userAgent = "G\xff", "/\xc3?\xff", "\xfe", "\xfd", "\xe2\x82"
			},
			end:  serverEnd{status: 200, written: 12, pattern: []byte("/\xf0")},
			name: "HTTP /\uFFFD",
			with: map[string]any{
				"http.request.method": "_OTHER", "http.request.method_original": "G\uFFFD", "url.path": "/\uFFFD",
				"url.query": "\uFFFD", "http.route": "/\uFFFD", "server.address": "\uFFFD", "user_agent.original": "\uFFFD",
				"client.address": "\uFFFD", "network.peer.address": "\uFFFD",
			},
			lack: []string{"network.peer.port"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			end := instrumenttest.Ending{End: events.End{Body: test.end.body()}}
			span := instrumenttest.Span(t, Library(), operationServer, request(test.change).body(), end)
			if test.name == "" {
				test.name = "GET"
			}
			assert.Equal(t, test.name, span.Name())
			assert.Equal(t, ptrace.SpanKindServer, span.Kind())
			assert.Equal(t, with(requestAttributes, test.with, test.lack...), span.Attributes().AsRaw())
			assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
		})
	}
}

// There is room for the attributes, and for no more where nothing is unusual.
func TestServerAttributes(t *testing.T) {
	for name, test := range map[string]struct {
		start serverStart
		end   serverEnd
		spare int
	}{
		"plain": {request(nil), serverEnd{status: 200, written: 12}, 0},
		"all": {
			request(func(s *serverStart) { s.uri, s.userAgent = "/items/17?a=1", "curl/8.0" }),
			serverEnd{status: 200, written: 12, pattern: []byte("/items/{id}")}, 0,
		},
		"nothing": {serverStart{contentLength: -1}, serverEnd{written: -1}, 0},
		"HEAD":    {request(func(s *serverStart) { s.method = "HEAD" }), serverEnd{status: 200, written: 12}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			end := instrumenttest.Ending{End: events.End{Body: test.end.body()}}
			span := instrumenttest.Span(t, Library(), operationServer, test.start.body(), end)
			assert.Equal(t, span.Attributes().Len()+test.spare, serverAttributes(test.start, test.end))
		})
	}
}

func TestTracestate(t *testing.T) {
	cut := "vendor=1," + strings.Repeat("x", instrument.MaxTracestate-len("vendor=1,"))
	for sent, want := range map[string]string{"vendor=1,other=2": "vendor=1,other=2", cut: "vendor=1"} {
		start := request(func(s *serverStart) { s.tracestate = sent })
		span := instrumenttest.Span(t, Library(), operationServer, start.body(), instrumenttest.Ending{})
		assert.Equal(t, want, span.TraceState().AsRaw(), sent)
	}
}

func TestServerSpanBoundsPathAndQuery(t *testing.T) {
	long := strings.Repeat("ä", maxComponent)
	start := request(func(s *serverStart) { s.uri = "/" + long[:maxComponent+100] + "?" + long[:2000] + "&sig=" + long[:100] })
	span := instrumenttest.Span(t, Library(), operationServer, start.body(), instrumenttest.Ending{})
	path, _ := span.Attributes().Get("url.path")
	// The last rune is cut in half.
	assert.Equal(t, "/"+long[:maxComponent-2]+"\uFFFD", path.Str())
	query, _ := span.Attributes().Get("url.query")
	assert.Equal(t, long[:2000]+"&sig=REDACTED", query.Str())
}

// A handler that did not finish sends no body: what it answered is not known.
func TestServerSpanWithoutEnd(t *testing.T) {
	span := instrumenttest.Span(t, Library(), operationServer, request(nil).body(), instrumenttest.Ending{End: events.End{Outcome: events.Died}})
	expected := with(requestAttributes, map[string]any{"error.type": "_OTHER"}, "http.response.status_code", "http.response.body.size")
	assert.Equal(t, expected, span.Attributes().AsRaw())
	assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
}

func TestTruncatedServerEvents(t *testing.T) {
	start, end := request(nil).body(), serverEnd{status: 200, pattern: []byte("/")}.body()
	for n := range start {
		err := Library().Span(instrumenttest.Record(operationServer, start[:n], instrumenttest.Ending{End: events.End{Body: end}}), ptrace.NewSpan())
		require.ErrorContains(t, err, "start of a server span", "%d bytes", n)
	}
	for n := range end {
		if n == 0 {
			continue // the end of a handler that did not finish
		}
		err := Library().Span(instrumenttest.Record(operationServer, start, instrumenttest.Ending{End: events.End{Body: end[:n]}}), ptrace.NewSpan())
		require.ErrorContains(t, err, "end of a server span", "%d bytes", n)
	}
}

func TestUnknownOperation(t *testing.T) {
	err := Library().Span(instrumenttest.Record(99, nil, instrumenttest.Ending{}), ptrace.NewSpan())
	assert.ErrorContains(t, err, "operation 99")
}
