// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// togetherBuilds are builds of the service that uses all libraries.
var togetherBuilds = []targettest.Build{
	{Program: "together", Go: "1.21"},
	{Program: "together", Go: "1.21", Strip: true, PIE: true},
	{Program: "together", Go: "1.24", Strip: true},
	{Program: "together", Go: "1.27", ModFile: "go.latest.mod"},
	{Program: "together", Go: "1.27", ModFile: "go.latest.mod", Strip: true, PIE: true},
}

// together is a service that is traced, with those that are not: the peer that it calls, and a client of gRPC.
type together struct {
	*collector
	x, peer, caller *targettest.Target
}

func startTogether(t *testing.T, build targettest.Build, args ...string) together {
	t.Helper()
	binary := targettest.Binary(t, build)
	peer := targettest.Start(t, binary)
	c := startCollector(t, func(config *receiver.Config) {
		// The identifiers of requests stand in the statements.
		config.Instrumentations = map[string]receiver.InstrumentationConfig{
			"database_sql": {Options: map[string]any{"query_text": "raw"}},
		}
	})
	x := c.startBinary(binary, targettest.Args(append(args, "-peer", peer.Address())...))
	caller := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcclient"}))
	return together{collector: c, x: x, peer: peer, caller: caller}
}

// grpcAddress is where a target that is together takes gRPC calls.
func grpcAddress(x *targettest.Target) string {
	return strings.Replace(x.Address(), "127.0.0.1:", "127.0.0.2:", 1)
}

// The methods of a service that is together.
const (
	runMethod     = "/example.Together/Run"
	runEachMethod = "/example.Together/RunEach" // a stream of requests
	releaseMethod = "/example.Together/Release"
)

// entries are the ways by which requests come in: each makes requests 0 to n-1 of a series at once, with the same query
// and each with a traceparent of its own.
var entries = []struct {
	name string
	make func(y together, query string, series, n int)
}{
	{"http", func(y together, query string, series, n int) {
		y.load(targettest.Load{Query: query, Requests: n, Concurrency: n}, series)
	}},
	{"http keep-alive", func(y together, query string, series, n int) {
		y.load(targettest.Load{Query: query, Requests: n, Concurrency: (n + 3) / 4, KeepAlive: true}, series)
	}},
	{"grpc", func(y together, query string, series, n int) {
		y.call(targettest.Call{Method: runMethod, Messages: []string{"id={n}&" + query}, N: n, Concurrency: n}, series)
	}},
	{"grpc channels", func(y together, query string, series, n int) {
		y.call(targettest.Call{Method: runMethod, Messages: []string{"id={n}&" + query}, N: n, Concurrency: n, Channels: 8}, series)
	}},
	{"grpc stream", func(y together, query string, series, n int) {
		y.call(targettest.Call{Method: runEachMethod, Stream: "bidi", Messages: []string{"id={n}&" + query}, N: n, Concurrency: n}, series)
	}},
}

// load makes requests by HTTP.
func (y together) load(load targettest.Load, series int) {
	y.t.Helper()
	load.URL, load.PathPrefix = y.x.URL(), "/run/"
	load.Headers = func(i int) http.Header { return http.Header{"Traceparent": {traceparent(series, i)}} }
	for _, outcome := range load.Run(y.t.Context()) {
		require.NoError(y.t, outcome.Err, load.Query)
		require.Equal(y.t, http.StatusOK, outcome.Status, load.Query)
	}
}

// call makes requests by gRPC.
func (y together) call(call targettest.Call, series int) {
	y.t.Helper()
	call.Target = grpcAddress(y.x)
	call.Metadata = map[string]string{"traceparent": fmt.Sprintf("00-%016x{hex}-{hex}-01", series+1)}
	for _, result := range y.caller.Call(call) {
		require.Equal(y.t, "OK", result.Code, "%s: %s", call.Messages, result.Message)
	}
}

// oneWorker has one goroutine handle all calls by gRPC that come one by one.
var oneWorker = []string{"-workers", "1"}

// oneByOne are the ways to send one request after the other that one goroutine of the service handles: what is "run"
// or "release".
func (y together) oneByOne() map[string]func(what string, id int, query string) {
	client, calls := y.x.Client(), 0
	return map[string]func(what string, id int, query string){
		"http": func(what string, id int, query string) {
			y.t.Helper()
			response, err := client.Get(fmt.Sprintf("%s/%s/%d?%s", y.x.URL(), what, id, query))
			require.NoError(y.t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(y.t, err)
			require.Equal(y.t, http.StatusOK, response.StatusCode, "%s: %s", query, body)
		},
		"grpc": func(what string, id int, query string) {
			y.t.Helper()
			method := map[string]string{"run": runMethod, "release": releaseMethod}[what]
			y.call(targettest.Call{Method: method, Messages: []string{fmt.Sprintf("id=%d&%s", id, query)}}, calls)
			calls++
		},
	}
}

func sortByStart(spans []span) {
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.StartTimestamp(), b.StartTimestamp()) })
}

// foreground waits until n spans have come that are not of the service's background queries, and returns them and
// those apart, each in the order in which they began.
func (y together) foreground(n int) (spans, background []span) {
	y.t.Helper()
	for deadline := time.Now().Add(spanPatience); ; {
		for _, s := range y.gather(y.x, 1) {
			if isBackground(s) {
				background = append(background, s)
			} else {
				spans = append(spans, s)
			}
		}
		if len(spans) >= n || time.Now().After(deadline) {
			sortByStart(spans)
			sortByStart(background)
			return spans, background
		}
	}
}
