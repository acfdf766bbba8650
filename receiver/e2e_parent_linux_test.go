// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// A call that a handler makes is its child, whichever way the handler's span is to be found.
func TestParentOfCall(t *testing.T) {
	for _, version := range targettest.Versions() {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			callPeer := "url=" + url.QueryEscape(peer.URL()+"/ok")
			paths := []string{
				"/proxy/ok",
				"/deep?n=1000&" + callPeer,
				"/withcontext/call?" + callPeer,
				// On the handler's own goroutine even a call with the context of nobody is its child.
				"/call?context=background&" + callPeer,
			}
			for _, context := range contexts(minor(t, build)) {
				paths = append(paths, "/call?context="+context+"&"+callPeer)
			}
			if minor(t, build) >= 21 { // g.parentGoid
				paths = append(paths, "/call-goroutine?"+callPeer)
			}
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.TLS()}} {
				x := c.start(build, append(options, targettest.Args("-upstream", peer.URL()))...)
				for _, path := range paths {
					serverCase{path: path, status: http.StatusOK}.run(t, x)
					spans := c.next(x, 2)
					require.Len(t, spans, 2, "%s: %v", path, spans)
					server, client := spans[0], spans[1]
					assert.Equal(t, ptrace.SpanKindServer, server.Kind())
					assert.Equal(t, ptrace.SpanKindClient, client.Kind())
					assert.True(t, server.isRoot(), path)
					assert.True(t, client.isChildOf(server), "%s: %v", path, spans)
				}
				c.nothingElseServed(x)
			}
		})
	}
}

// contexts lists the kinds of contexts that a minor version of Go has and that lead to the handler's.
func contexts(minor int) []string {
	names := []string{"", "value", "cancel", "timeout", "embedded", "named", "struct", "chain"}
	if minor >= 21 {
		names = append(names, "without_cancel", "after_func")
	}
	return names
}

// A span that has ended is nobody's parent: a goroutine that the handler started, and that calls
// after it, calls for itself.
func TestEndedSpanIsNoParent(t *testing.T) {
	for _, version := range targettest.Versions() {
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.TLS()}} {
				x := c.start(build, options...)
				const requests = 10
				for range requests {
					get(t, x, "/call-background?url="+url.QueryEscape(peer.URL()+"/ok"))
				}
				traces := map[string]bool{}
				for _, s := range c.next(x, 2*requests) {
					assert.True(t, s.isRoot(), "%v", s)
					traces[s.TraceID().String()] = true
				}
				assert.Len(t, traces, 2*requests)
				c.nothingElseServed(x)
			}
		})
	}
}

// What an earlier request of a connection has started is none of a later one's, even if nobody traced the earlier one.
func TestConnectionFromBefore(t *testing.T) {
	for _, version := range targettest.Versions() {
		if version < "1.21" { // g.parentGoid
			continue
		}
		build := targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := "from-before-" + build.String()
			peer := targettest.Start(t, targettest.Binary(t, build))
			x := targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark))
			connection := &http.Transport{MaxConnsPerHost: 1}
			t.Cleanup(connection.CloseIdleConnections)
			ask := func(path string) {
				answer, err := (&http.Client{Transport: connection}).Get(x.URL() + path)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, answer.Body)
				require.NoError(t, errors.Join(err, answer.Body.Close()))
				require.Equal(t, http.StatusOK, answer.StatusCode)
			}
			callWorker := "/call-worker?url=" + url.QueryEscape(peer.URL()+"/ok")

			ask("/start-worker")
			c := startCollector(t, targets(receiver.SelectorConfig{Environment: map[string]string{markVariable: mark}}))
			c.waitTraced(x)
			for range 2 {
				ask(callWorker)
				spans := c.next(x, 2)
				require.Len(t, spans, 2)
				assert.True(t, spans[0].isRoot(), "%v", spans)
				assert.True(t, spans[1].isRoot(), "%v", spans)
			}
			// What a request starts while it is traced is its own, over the same connection, too.
			ask("/call-goroutine?url=" + url.QueryEscape(peer.URL()+"/ok"))
			spans := c.next(x, 2)
			require.Len(t, spans, 2)
			assert.True(t, spans[1].isChildOf(spans[0]), "%v", spans)
			c.nothingElseServed(x)
		})
	}
}

// Requests that run at the same time never get each other's calls.
func TestParallelRequestsDoNotMix(t *testing.T) {
	const requests = 200
	for _, build := range []targettest.Build{
		{Go: "1.18", Strip: true, PIE: true},
		{Go: "1.21", Strip: true, PIE: true},
		{Go: "1.27", Strip: true, PIE: true},
	} {
		build.Program = "httpserver"
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			// The peer sleeps, so that all of them are open at once.
			sleep := "url=" + url.QueryEscape(peer.URL()+"/sleep?d=50ms&request=")
			kinds := []string{"/call?" + sleep, "/call?context=chain&" + sleep, "/call?context=background&" + sleep, "/deep?n=100&" + sleep}
			if minor(t, build) >= 21 {
				kinds = append(kinds, "/call-goroutine?"+sleep)
			}
			c := startCollector(t)
			x := c.start(build)
			for _, kind := range kinds {
				path, query, _ := strings.Cut(kind, "?")
				load := targettest.Load{URL: x.URL(), PathPrefix: path + "/", Query: query, Requests: requests, Concurrency: requests}
				load.Headers = func(i int) http.Header { return http.Header{"Traceparent": {traceparent(0, i)}} }
				for _, outcome := range load.Run(t.Context()) {
					require.NoError(t, outcome.Err)
					require.Equal(t, http.StatusOK, outcome.Status)
				}
				spans := c.next(x, 2*requests)
				assert.Len(t, spans, 2*requests)
				for i := range requests {
					trace := slices.DeleteFunc(slices.Clone(spans), func(s span) bool {
						return s.TraceID().String() != fmt.Sprintf("%016x%016x", 1, i+1)
					})
					if assert.Len(t, trace, 2, "request %d of %s: %v", i, path, trace) {
						assert.Equal(t, fmt.Sprintf("%s/%d", path, i), trace[0].attribute("url.path"))
						assert.True(t, trace[1].isChildOf(trace[0]), "request %d of %s: %v", i, path, trace)
					}
				}
			}
			c.nothingElseServed(x)
		})
	}
}
