// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

const (
	b3Trace, b3Parent = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"
	b3Short           = "48485a3953bb6124"
	b3Single          = b3Trace + "-" + b3Parent
)

func formats(names ...tracer.PropagationFormat) func(*receiver.Config) {
	return func(config *receiver.Config) { config.Propagation.Formats = names }
}

// b3Case is what a request says of its parent, and what comes of it.
type b3Case struct {
	name    string
	headers map[string]string // in lower case
	trace   string            // of the parent; empty: the span is a root
	denied  bool              // there is no span
}

// b3Cases are for servers that read all formats.
func b3Cases() []b3Case {
	single := func(value string) map[string]string { return map[string]string{"b3": value} }
	multi := func(trace, span string, more ...string) map[string]string {
		headers := map[string]string{"x-b3-traceid": trace, "x-b3-spanid": span}
		for i := 0; i < len(more); i += 2 {
			headers[more[i]] = more[i+1]
		}
		return headers
	}
	short := strings.Repeat("0", 16) + b3Short
	return []b3Case{
		{name: "none"},

		{name: "single, sampled", headers: single(b3Single + "-1"), trace: b3Trace},
		{name: "single, debug", headers: single(b3Single + "-d"), trace: b3Trace},
		{name: "single, deferred", headers: single(b3Single), trace: b3Trace},
		{name: "single, with parent", headers: single(b3Single + "-1-05e3ac9a4f6e3b90"), trace: b3Trace},
		{name: "single, short", headers: single(b3Short + "-" + b3Parent), trace: short},
		{name: "single, short, sampled", headers: single(b3Short + "-" + b3Parent + "-1"), trace: short},
		{name: "single, short, with parent", headers: single(b3Short + "-" + b3Parent + "-1-05e3ac9a4f6e3b90"), trace: short},
		{name: "single, high half of zeros", headers: single(short + "-" + b3Parent + "-1"), trace: short},
		{name: "single, not sampled", headers: single(b3Single + "-0"), denied: true},
		{name: "single, not sampled, with parent", headers: single(b3Single + "-0-05e3ac9a4f6e3b90"), denied: true},
		{name: "single, denied", headers: single("0"), denied: true},
		{name: "single, accepted", headers: single("1")},
		{name: "single, debug alone", headers: single("d")},
		{name: "single, empty", headers: single("")},
		{name: "single, upper case", headers: single(strings.ToUpper(b3Single))},
		{name: "single, unknown state", headers: single(b3Single + "-2")},
		{name: "single, long state", headers: single(b3Single + "-10")},
		{name: "single, cut", headers: single(b3Single[:48])},
		{name: "single, of 24 digits", headers: single(b3Trace[:24] + "-" + b3Parent)},
		{name: "single, no digits", headers: single(strings.Repeat("g", 32) + "-" + b3Parent)},
		{name: "single, no digits of the parent", headers: single(b3Single + "-1-05e3ac9a4f6e3b9x")},
		{name: "single, zero trace", headers: single(strings.Repeat("0", 32) + "-" + b3Parent)},
		{name: "single, zero span", headers: single(b3Trace + "-" + strings.Repeat("0", 16))},
		{name: "single, separators", headers: single(b3Trace + "_" + b3Parent)},
		{name: "single, more", headers: single(b3Single + "-1-05e3ac9a4f6e3b90-1")},

		{name: "multi, sampled", headers: multi(b3Trace, b3Parent, "x-b3-sampled", "1"), trace: b3Trace},
		{name: "multi, deferred", headers: multi(b3Trace, b3Parent), trace: b3Trace},
		{name: "multi, short", headers: multi(b3Short, b3Parent, "x-b3-sampled", "1"), trace: short},
		{name: "multi, debug", headers: multi(b3Trace, b3Parent, "x-b3-flags", "1"), trace: b3Trace},
		{name: "multi, debug wins", headers: multi(b3Trace, b3Parent, "x-b3-flags", "1", "x-b3-sampled", "0"), trace: b3Trace},
		{name: "multi, no flags", headers: multi(b3Trace, b3Parent, "x-b3-flags", "0", "x-b3-sampled", "0"), denied: true},
		{name: "multi, with parent", headers: multi(b3Trace, b3Parent, "x-b3-sampled", "1", "x-b3-parentspanid", "05e3ac9a4f6e3b90"), trace: b3Trace},
		{name: "multi, not sampled", headers: multi(b3Trace, b3Parent, "x-b3-sampled", "0"), denied: true},
		{name: "multi, denied", headers: map[string]string{"x-b3-sampled": "0"}, denied: true},
		{name: "multi, accepted", headers: map[string]string{"x-b3-sampled": "1"}},
		{name: "multi, unknown state", headers: multi(b3Trace, b3Parent, "x-b3-sampled", "yes")},
		{name: "multi, no span", headers: map[string]string{"x-b3-traceid": b3Trace, "x-b3-sampled": "1"}},
		{name: "multi, no trace", headers: map[string]string{"x-b3-spanid": b3Parent, "x-b3-sampled": "1"}},
		{name: "multi, upper case", headers: multi(strings.ToUpper(b3Trace), b3Parent)},
		{name: "multi, long span", headers: multi(b3Trace, b3Parent+"00")},
		{name: "multi, zero trace", headers: multi(strings.Repeat("0", 32), b3Parent)},
		{name: "multi, zero span", headers: multi(b3Trace, strings.Repeat("0", 16))},

		{name: "tracecontext first", trace: remoteTrace, headers: map[string]string{
			"traceparent": "00-" + remoteTrace + "-" + b3Parent + "-01", "b3": "0", "x-b3-sampled": "0"}},
		{name: "then single", trace: b3Trace, headers: map[string]string{
			"traceparent": "00", "b3": b3Single, "x-b3-traceid": short, "x-b3-spanid": b3Parent}},
		{name: "then multi", trace: b3Trace, headers: multi(b3Trace, b3Parent, "traceparent", "00", "b3", "what")},
		{name: "a tracestate of nobody", trace: b3Trace, headers: map[string]string{"b3": b3Single, "tracestate": "vendor=value"}},
		// Names that have the lengths, the sixth character and more of those that are looked for.
		{name: "other headers", headers: map[string]string{
			"b4": b3Single, "x-b3-trace_d": b3Trace, "x-c3-traceid": b3Trace, "x-b3-spanie": b3Parent, "x-b3s": "1", "x-b3-sampler": "0"}},
	}
}

// check holds the spans that a request has made to what it said.
func (test b3Case) check(t *testing.T, spans []span) {
	t.Helper()
	require.Len(t, spans, 1)
	s := spans[0]
	assert.Empty(t, s.TraceState().AsRaw())
	if test.trace == "" {
		assert.True(t, s.isRoot(), "%v", s)
		assert.False(t, s.TraceID().IsEmpty())
		return
	}
	assert.Equal(t, test.trace, s.TraceID().String())
	assert.Equal(t, b3Parent, s.ParentSpanID().String())
	assert.True(t, s.hasRemoteParent())
}

func (test b3Case) header() http.Header {
	header := http.Header{}
	for name, value := range test.headers {
		header.Set(name, value)
	}
	return header
}

func TestB3(t *testing.T) {
	for _, version := range []string{"1.18", "1.23", "1.27"} {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, formats(tracer.PropagationFormats...))
			for protocol, options := range map[string][]targettest.Option{"HTTP/1.1": nil, "HTTP/2": {targettest.TLS()}} {
				x := c.start(build, options...)
				for _, test := range b3Cases() {
					t.Run(protocol+", "+test.name, func(t *testing.T) {
						serverCase{path: "/ok", header: test.header(), status: http.StatusOK}.run(t, x)
						if test.denied {
							c.nothingElseServed(x)
							return
						}
						test.check(t, c.next(x, 1))
					})
				}
				c.nothingElseServed(x)
			}
		})
	}
}

// Of a header that is there twice nobody knows which one counts.
func TestB3Twice(t *testing.T) {
	c := startCollector(t, formats(tracer.FormatB3, tracer.FormatB3Multi))
	x := c.start(targettest.Build{Program: "httpserver", Strip: true})
	for _, header := range []http.Header{
		{"B3": {b3Single, b3Single}},
		{"X-B3-Traceid": {b3Trace, b3Trace}, "X-B3-Spanid": {b3Parent}},
		{"X-B3-Traceid": {b3Trace}, "X-B3-Spanid": {b3Parent, b3Parent}},
		{"X-B3-Traceid": {b3Trace}, "X-B3-Spanid": {b3Parent}, "X-B3-Sampled": {"1", "0"}},
	} {
		serverCase{path: "/ok", header: header, status: http.StatusOK}.run(t, x)
		b3Case{}.check(t, c.next(x, 1))
	}
	c.nothingElseServed(x)
}

func TestB3InMetadata(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			client := startGRPCClient(t)
			c := startCollector(t, formats(tracer.PropagationFormats...))
			for _, options := range [][]targettest.Option{nil, {targettest.Args("-handler")}} {
				x := c.start(build, options...)
				for _, test := range b3Cases() {
					t.Run(test.name, func(t *testing.T) {
						result := client.Call(targettest.Call{Target: x.Address(), Method: echoMethod, Metadata: test.headers})[0]
						require.Equal(t, "OK", result.Code, result.Message)
						if test.denied {
							c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
							return
						}
						test.check(t, c.next(x, 1))
					})
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
			}
		})
	}
}

// A format that the configuration does not name is not read.
func TestFormats(t *testing.T) {
	build := targettest.Build{Program: "httpserver", Strip: true}
	for format, trace := range map[tracer.PropagationFormat]string{
		tracer.FormatTraceContext: strings.Repeat("1", 32),
		tracer.FormatB3:           strings.Repeat("2", 32),
		tracer.FormatB3Multi:      strings.Repeat("3", 32),
	} {
		t.Run(string(format), func(t *testing.T) {
			c := startCollector(t, formats(format))
			x := c.start(build)
			all := b3Case{trace: trace, headers: map[string]string{
				"traceparent":  "00-" + strings.Repeat("1", 32) + "-" + b3Parent + "-01",
				"b3":           strings.Repeat("2", 32) + "-" + b3Parent + "-1",
				"x-b3-traceid": strings.Repeat("3", 32), "x-b3-spanid": b3Parent, "x-b3-sampled": "1",
			}}
			serverCase{path: "/ok", header: all.header(), status: http.StatusOK}.run(t, x)
			all.check(t, c.next(x, 1))
			c.nothingElseServed(x)
		})
	}
}
