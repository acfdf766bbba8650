// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// loadBuilds are the oldest and the newest Go, and both kinds of prologues and maps with them.
var loadBuilds = []targettest.Build{
	{Program: "httpserver", Go: "1.18", Strip: true, PIE: true},
	{Program: "httpserver", Go: "1.27", Strip: true, PIE: true},
}

// Each request has exactly one span, however many run at the same time or in a row.
func TestOneSpanPerRequest(t *testing.T) {
	for _, build := range loadBuilds {
		for _, test := range []struct {
			name    string
			load    targettest.Load
			options []targettest.Option
		}{
			{
				name: "2000 at once",
				load: targettest.Load{PathPrefix: "/sleep/", Query: "d=2s", Requests: 2000, Concurrency: 2000},
			},
			{
				name:    "2000 at once on one processor",
				load:    targettest.Load{PathPrefix: "/sleep/", Query: "d=2s", Requests: 2000, Concurrency: 2000},
				options: []targettest.Option{targettest.GOMAXPROCS(1)},
			},
			{
				name:    "2000 at once of HTTP2",
				load:    targettest.Load{PathPrefix: "/sleep/", Query: "d=1s", Requests: 2000, Concurrency: 2000, HTTP2: true},
				options: []targettest.Option{targettest.TLS(), targettest.GOMAXPROCS(8)},
			},
			{
				name: "10000 in a row",
				load: targettest.Load{PathPrefix: "/ok/", Requests: 10000, KeepAlive: true},
			},
			{
				name:    "10000 by eight",
				load:    targettest.Load{PathPrefix: "/ok/", Requests: 10000, Concurrency: 8, KeepAlive: true},
				options: []targettest.Option{targettest.GOMAXPROCS(8)},
			},
			{
				name:    "growing stacks",
				load:    targettest.Load{PathPrefix: "/deep/", Query: "n=300", Requests: 1000, Concurrency: 50},
				options: []targettest.Option{targettest.Env("GOGC=10")},
			},
		} {
			t.Run(build.Go+" "+test.name, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				x := c.start(build, test.options...)
				test.load.URL = x.URL()
				outcomes := test.load.Run(t.Context())
				checkOneToOne(t, c.gather(x, len(outcomes)), outcomes)
				c.nothingElseServed(x)
			})
		}
	}
}

// A handler that takes half a minute has its span like any other.
func TestLongRequests(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	x := c.start(targettest.Build{Program: "httpserver", Go: "1.26", Strip: true})
	outcomes := targettest.Load{URL: x.URL(), PathPrefix: "/sleep/", Query: "d=30s", Requests: 100, Concurrency: 100}.Run(t.Context())
	spans := c.gather(x, len(outcomes))
	checkOneToOne(t, spans, outcomes)
	checkTimes(t, spans, outcomes, 30e9)
	c.nothingElseServed(x)
}

// A call that is made at any depth of the stack has one span: also where the stack has to grow for
// the very function that is probed, which then begins a second time.
func TestStackGrowsAtProbe(t *testing.T) {
	const depths = 100 // of 1 KiB each
	for _, version := range []string{"1.18", "1.20", "1.21", "1.27"} {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			c := startCollector(t)
			x := c.start(build)
			for n := range depths {
				// On a connection of its own, whose goroutine begins with a small stack.
				get(t, x, fmt.Sprintf("/deep/%d?n=%d&url=%s", n, n, url.QueryEscape(peer.URL()+"/ok")))
			}
			spans := c.next(x, 2*depths)
			require.Len(t, spans, 2*depths)
			for n := range depths {
				server, client := spans[2*n], spans[2*n+1]
				assert.Equal(t, fmt.Sprintf("/deep/%d", n), server.attribute("url.path"))
				assert.True(t, client.isChildOf(server), "depth %d: %v", n, spans[2*n:2*n+2])
			}
			c.nothingElseServed(x)
		})
	}
}

// Collecting garbage all the time, the runtime moves and shrinks stacks and checks its own state.
func TestGarbageCollection(t *testing.T) {
	const requests = 2000
	for _, version := range []string{"1.18", "1.20", "1.21", "1.24", "1.27"} {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		for _, options := range [][]targettest.Option{
			{targettest.GOMAXPROCS(1), targettest.Env("GOGC=1")},
			{targettest.GOMAXPROCS(8), targettest.Env("GOGC=1", "GODEBUG=gccheckmark=1")},
		} {
			t.Run(build.String(), func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				x := c.start(build, options...)
				collected := make(chan []targettest.Outcome)
				go func() {
					collected <- targettest.Load{URL: x.URL(), PathPrefix: "/gc/", Requests: requests / 100}.Run(t.Context())
				}()
				outcomes := targettest.Load{URL: x.URL(), PathPrefix: "/deep/", Query: "n=50", Requests: requests, Concurrency: 20, KeepAlive: true}.Run(t.Context())
				outcomes = append(outcomes, <-collected...)
				checkOneToOne(t, c.gather(x, len(outcomes)), outcomes)
				c.nothingElseServed(x)
			})
		}
	}
}

// Requests that end without a response leave nothing behind that the next ones stumble over.
func TestEndsUnderLoad(t *testing.T) {
	for _, build := range loadBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.TLS()}} {
				x := c.start(build, options...)
				for _, path := range []string{"/panic/", "/goexit/", "/abort/", "/recovered/"} {
					load := targettest.Load{URL: x.URL(), PathPrefix: path, Requests: 300, Concurrency: 20, HTTP2: options != nil}
					outcomes := load.Run(t.Context())
					spans := c.gather(x, len(outcomes))
					for i := range outcomes {
						assert.Equal(t, path == "/recovered/", outcomes[i].Err == nil)
						outcomes[i].Err = nil
					}
					checkPaths(t, spans, outcomes)
				}
				c.nothingElseServed(x)
			}
		})
	}
}

// checkOneToOne holds spans to requests that were answered with 200.
func checkOneToOne(t *testing.T, spans []span, outcomes []targettest.Outcome) {
	t.Helper()
	for _, outcome := range outcomes {
		require.NoError(t, outcome.Err, outcome.Path)
		require.Equal(t, http.StatusOK, outcome.Status, outcome.Path)
	}
	checkPaths(t, spans, outcomes)
	for _, s := range spans {
		assert.EqualValues(t, http.StatusOK, s.attribute("http.response.status_code"), "%v", s)
	}
}

// checkPaths looks for exactly one span of each request.
func checkPaths(t *testing.T, spans []span, outcomes []targettest.Outcome) {
	t.Helper()
	assert.Len(t, spans, len(outcomes))
	paths := byPath(t, spans)
	var missing []string
	for _, outcome := range outcomes {
		if _, ok := paths[outcome.Path]; !ok {
			missing = append(missing, outcome.Path)
		}
	}
	assert.Empty(t, missing, "requests without span, on %d processors: %s", runtime.NumCPU(), strings.Join(missing, " "))
}
