// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// The remote parent is found wherever it stands in the headers: Go has bucket maps up to 1.23 and
// swiss maps from 1.24 on, each in several shapes.
func TestTraceparentAmongHeaders(t *testing.T) {
	for _, version := range []string{"1.18", "1.23", "1.24", "1.27"} {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			// Maps are seeded: with each request the header stands elsewhere.
			const repeat = 20
			many := 1000
			if minor(t, build) >= 27 {
				many = 490 // http.DefaultMaxHeaderValueCount is 500
			}
			for _, others := range []int{0, 1, 7, 8, 9, 30, 200, many} {
				load := targettest.Load{
					URL: x.URL(), PathPrefix: fmt.Sprintf("/ok/%d/", others), Requests: repeat, Concurrency: 4,
					Headers: func(i int) http.Header { return headers(others, traceparent(others, i), "vendor=value") },
				}
				for _, outcome := range load.Run(t.Context()) {
					require.NoError(t, outcome.Err)
					require.Equal(t, http.StatusOK, outcome.Status)
				}
				spans := byPath(t, c.next(x, repeat))
				for i := range repeat {
					s, ok := spans[fmt.Sprintf("/ok/%d/%d", others, i)]
					if !assert.True(t, ok, "no span of request %d with %d other headers", i, others) {
						continue
					}
					assert.Equal(t, traceparent(others, i), fmt.Sprintf("00-%s-%s-01", s.TraceID(), s.ParentSpanID()), "%d other headers", others)
					assert.Equal(t, "vendor=value", s.TraceState().AsRaw(), "%d other headers", others)
					assert.EqualValues(t, flagsHasIsRemote|flagsIsRemote|1, s.Flags(), "%d other headers", others)
				}
			}
			c.nothingElseServed(x)
		})
	}
}

// traceparent is the header of request i of a series.
func traceparent(series, i int) string {
	return fmt.Sprintf("00-%016x%016x-%016x-01", series+1, i+1, i+1)
}

// headers are a traceparent, a tracestate and a number of others.
func headers(others int, traceparent, tracestate string) http.Header {
	h := http.Header{"Traceparent": {traceparent}, "Tracestate": {tracestate}}
	for i := range others {
		h[fmt.Sprintf("X-Header-%d", i)] = []string{"value"}
	}
	return h
}

// byPath finds spans by their path, of which each may have one.
func byPath(t *testing.T, spans []span) map[string]span {
	t.Helper()
	paths := map[string]span{}
	for _, s := range spans {
		path, _ := s.attribute("url.path").(string)
		_, known := paths[path]
		assert.False(t, known, "two spans of %s", path)
		paths[path] = s
	}
	return paths
}

// A traceparent that is not one by the specification is as good as none: the span is a root.
func TestTraceparentInvalid(t *testing.T) {
	const trace, parent = "0123456789abcdef0123456789abcdef", "fedcba9876543210"
	for _, build := range []targettest.Build{
		{Go: "1.18", Strip: true, PIE: true},
		{Go: "1.27", Strip: true, PIE: true},
	} {
		build.Program = "httpserver"
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for name, test := range map[string]struct {
				values []string
				valid  bool
			}{
				"valid":                        {[]string{"00-" + trace + "-" + parent + "-01"}, true},
				"other flags":                  {[]string{"00-" + trace + "-" + parent + "-ff"}, true},
				"future version":               {[]string{"01-" + trace + "-" + parent + "-01"}, true},
				"future version, more":         {[]string{"cc-" + trace + "-" + parent + "-01-what-else"}, true},
				"none":                         {nil, false},
				"empty":                        {[]string{""}, false},
				"upper case":                   {[]string{"00-" + strings.ToUpper(trace) + "-" + parent + "-01"}, false},
				"upper case parent":            {[]string{"00-" + trace + "-" + strings.ToUpper(parent) + "-01"}, false},
				"zero trace":                   {[]string{"00-" + strings.Repeat("0", 32) + "-" + parent + "-01"}, false},
				"zero parent":                  {[]string{"00-" + trace + "-0000000000000000-01"}, false},
				"version ff":                   {[]string{"ff-" + trace + "-" + parent + "-01"}, false},
				"too short":                    {[]string{"00-" + trace + "-" + parent + "-0"}, false},
				"too long":                     {[]string{"00-" + trace + "-" + parent + "-01-more"}, false},
				"future version, no separator": {[]string{"01-" + trace + "-" + parent + "-01more"}, false},
				"separators":                   {[]string{"00_" + trace + "_" + parent + "_01"}, false},
				"no hexadecimal digits":        {[]string{"00-" + strings.Repeat("g", 32) + "-" + parent + "-01"}, false},
				"flags":                        {[]string{"00-" + trace + "-" + parent + "-0x"}, false},
				"twice":                        {[]string{"00-" + trace + "-" + parent + "-01", "00-" + trace + "-" + parent + "-01"}, false},
			} {
				t.Run(name, func(t *testing.T) {
					header := http.Header{"Tracestate": {"vendor=value"}}
					if test.values != nil {
						header["Traceparent"] = test.values
					}
					serverCase{path: "/ok", header: header, status: http.StatusOK}.run(t, x)
					spans := c.next(x, 1)
					require.Len(t, spans, 1)
					s := spans[0]
					assert.False(t, s.TraceID().IsEmpty())
					assert.False(t, s.SpanID().IsEmpty())
					if test.valid {
						assert.Equal(t, trace, s.TraceID().String())
						assert.Equal(t, parent, s.ParentSpanID().String())
						assert.Equal(t, "vendor=value", s.TraceState().AsRaw())
						assert.True(t, s.hasRemoteParent())
						return
					}
					assert.NotEqual(t, trace, s.TraceID().String())
					assert.True(t, s.isRoot())
					assert.Empty(t, s.TraceState().AsRaw())
					assert.EqualValues(t, flagsHasIsRemote|1, s.Flags())
				})
			}
			c.nothingElseServed(x)
		})
	}
}

// A request that its caller does not sample has no span, and neither has what is done for it.
func TestNotSampled(t *testing.T) {
	for _, build := range []targettest.Build{
		{Go: "1.18", Strip: true, PIE: true},
		{Go: "1.27", Strip: true, PIE: true},
	} {
		build.Program = "httpserver"
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			callPeer := "url=" + url.QueryEscape(peer.URL()+"/ok")
			c := startCollector(t)
			for _, x := range []*targettest.Target{
				c.start(build, targettest.Args("-upstream", peer.URL())),
				c.start(build, targettest.Args("-upstream", peer.URL()), targettest.TLS()),
			} {
				unsampled := http.Header{"Traceparent": {"00-" + remoteTrace + "-fedcba9876543210-00"}}
				paths := []string{"/ok", "/call?" + callPeer, "/call?context=chain&" + callPeer, "/proxy/ok"}
				if minor(t, build) >= 21 { // g.parentGoid
					paths = append(paths, "/call-goroutine?"+callPeer)
				}
				for _, path := range paths {
					serverCase{path: path, header: unsampled, status: http.StatusOK}.run(t, x)
				}
				serverCase{path: "/panic", header: unsampled}.run(t, x)
				c.nothingElseServed(x)
			}
		})
	}
}
