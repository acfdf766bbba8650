// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// callAttributes are those of GET http://shop.example/items and an answer of 200 with 12 bytes.
var callAttributes = map[string]any{
	"http.request.method":       "GET",
	"http.response.status_code": int64(200),
	"http.response.body.size":   int64(12),
	"url.full":                  "http://shop.example/items",
	"server.address":            "shop.example",
	"server.port":               int64(80),
	"network.protocol.version":  "1.1",
}

func TestClientSpan(t *testing.T) {
	const plain = "http://shop.example/items"
	for name, test := range map[string]struct {
		url    string // as a program parses it; plain if empty
		change func(*requested, *clientEnd)
		name   string // GET if empty
		with   map[string]any
		lack   []string
	}{
		"plain": {},
		"empty method": {
			change: func(c *requested, _ *clientEnd) { c.method = "" },
		},
		"POST": {
			change: func(c *requested, _ *clientEnd) { c.method, c.contentLength = "POST", 7 },
			name:   "POST", with: map[string]any{"http.request.method": "POST", "http.request.body.size": int64(7)},
		},
		"body of unknown size": {
			change: func(c *requested, _ *clientEnd) { c.contentLength = -1 },
		},
		"HEAD": {
			change: func(c *requested, _ *clientEnd) { c.method = "HEAD" },
			name:   "HEAD", with: map[string]any{"http.request.method": "HEAD"}, lack: []string{"http.response.body.size"},
		},
		"unknown method": {
			change: func(c *requested, _ *clientEnd) { c.method = "BREW" },
			name:   "HTTP", with: map[string]any{"http.request.method": "_OTHER", "http.request.method_original": "BREW"},
		},
		"https": {
			url:  "https://shop.example/items",
			with: map[string]any{"url.full": "https://shop.example/items", "server.port": int64(443)},
		},
		"another scheme": {
			url: "gopher://shop.example/items", with: map[string]any{"url.full": "gopher://shop.example/items"},
			lack: []string{"server.port"},
		},
		"port": {
			url:  "http://shop.example:8080/items",
			with: map[string]any{"url.full": "http://shop.example:8080/items", "server.port": int64(8080)},
		},
		"IPv6": {
			url: "http://[2001:db8::1]/items", with: map[string]any{"url.full": "http://[2001:db8::1]/items", "server.address": "2001:db8::1"},
		},
		"credentials": {
			url: "http://user:secret@shop.example/items", with: map[string]any{"url.full": "http://REDACTED:REDACTED@shop.example/items"},
		},
		"user alone": {
			url: "http://user@shop.example/items", with: map[string]any{"url.full": "http://REDACTED:REDACTED@shop.example/items"},
		},
		"signature": {
			url:  plain + "?a=b&X-Amz-Signature=0123&c#part",
			with: map[string]any{"url.full": plain + "?a=b&X-Amz-Signature=REDACTED&c#part"},
		},
		"credentials in an opaque URL": {
			change: func(c *requested, _ *clientEnd) { c.url.Opaque = "//user:secret@shop.example/items?sig=0123&a" },
			with:   map[string]any{"url.full": "http://REDACTED:REDACTED@shop.example/items?sig=REDACTED&a"},
		},
		"escapes": {
			url: "http://shop.example/a%2Fb/%FF?q=%20", with: map[string]any{"url.full": "http://shop.example/a%2Fb/%FF?q=%20"},
		},
		"a path that was cut": {
			change: func(c *requested, _ *clientEnd) { c.url.Path, c.url.RawPath = "/a/b", "/a%2" },
			with:   map[string]any{"url.full": "http://shop.example/a/b"},
		},
		"not UTF-8": {
			change: func(c *requested, _ *clientEnd) { c.method, c.url.Host, c.url.RawQuery = "\xff", "\xff", "\xff" },
			name:   "HTTP",
			with: map[string]any{
				"http.request.method": "_OTHER", "http.request.method_original": "\uFFFD",
				"url.full": "http://%FF/items?\uFFFD", "server.address": "\uFFFD",
			},
		},
		"HTTP/2": {
			change: func(_ *requested, e *clientEnd) { e.protoMajor, e.protoMinor = 2, 0 },
			with:   map[string]any{"network.protocol.version": "2"},
		},
		"answer of unknown size": {
			change: func(_ *requested, e *clientEnd) { e.contentLength = -1 }, lack: []string{"http.response.body.size"},
		},
		"no answer": {
			change: func(_ *requested, e *clientEnd) { *e = clientEnd{contentLength: -1} },
			lack:   []string{"http.response.status_code", "http.response.body.size", "network.protocol.version"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.url == "" {
				test.url = plain
			}
			parsed, err := url.Parse(test.url)
			require.NoError(t, err)
			start, end := requested{method: "GET", url: *parsed}, clientEnd{status: 200, contentLength: 12, protoMajor: 1, protoMinor: 1}
			if test.change != nil {
				test.change(&start, &end)
			}
			span := instrumenttest.Span(t, Library(), operationClient, start.body(), instrumenttest.Ending{End: events.End{Body: end.body()}})
			if test.name == "" {
				test.name = "GET"
			}
			assert.Equal(t, test.name, span.Name())
			assert.Equal(t, ptrace.SpanKindClient, span.Kind())
			assert.Equal(t, with(callAttributes, test.with, test.lack...), span.Attributes().AsRaw())
			assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
		})
	}
}

func TestTruncatedClientEvents(t *testing.T) {
	start := requested{method: "GET", url: url.URL{Scheme: "http", Host: "a", Path: "/"}}.body()
	end := clientEnd{status: 200, contentLength: 1}.body()
	for n := range start {
		err := Library().Span(instrumenttest.Record(operationClient, start[:n], instrumenttest.Ending{End: events.End{Body: end}}), ptrace.NewSpan())
		require.ErrorContains(t, err, "start of a client span", "%d bytes", n)
	}
	// The padding at the end carries nothing.
	for n := 1; n < len(end)-4; n++ {
		err := Library().Span(instrumenttest.Record(operationClient, start, instrumenttest.Ending{End: events.End{Body: end[:n]}}), ptrace.NewSpan())
		require.ErrorContains(t, err, "end of a client span", "%d bytes", n)
	}
}
