// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// These tests take the way that is in force here: which one that is depends on the kernel.

// propagationBuilds are two builds of a program that have the older and the newer of all that matters.
func propagationBuilds(program string) []targettest.Build {
	return []targettest.Build{
		{Program: program, Go: "1.18", Strip: true},
		{Program: program, Go: "1.27", Strip: true, PIE: true},
	}
}

// checkPairs checks that each request of a client has a server's span below its own, in one trace.
func checkPairs(t *testing.T, what string, clients, servers []span) {
	t.Helper()
	require.Len(t, servers, len(clients), what)
	below := map[string]span{}
	for _, s := range servers {
		below[s.ParentSpanID().String()] = s
	}
	for _, c := range clients {
		s, ok := below[c.SpanID().String()]
		if assert.True(t, ok, "%s: no server's span is the child of %v", what, c) {
			assert.Equal(t, c.TraceID(), s.TraceID(), what)
			assert.True(t, s.hasRemoteParent(), what)
		}
	}
}

// A request's client and server tell one trace.
func TestPropagationHTTP(t *testing.T) {
	for _, build := range propagationBuilds("httpclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			server := targettest.Build{Program: "httpserver", Go: build.Go, Strip: build.Strip, PIE: build.PIE}
			x, plain, secure := c.start(build), c.start(server), c.start(server, targettest.TLS())
			for _, test := range []struct {
				name    string
				server  *targettest.Target
				command targettest.Command
			}{
				{"HTTP/1.1", plain, targettest.Command{URL: plain.URL() + "/ok/{n}"}},
				{"HTTP/1.1 body", plain, targettest.Command{Method: "POST", URL: plain.URL() + "/echo", Body: "hello"}},
				{"HTTP/1.1 TLS", secure, targettest.Command{URL: secure.URL() + "/ok/{n}", Insecure: true}},
				{"HTTP/2", secure, targettest.Command{URL: secure.URL() + "/ok/{n}", Insecure: true, HTTP2: true}},
				{"HTTP/2 body", secure, targettest.Command{Method: "POST", URL: secure.URL() + "/echo", Body: "hello", Insecure: true, HTTP2: true}},
			} {
				test.command.N, test.command.Concurrency = 40, 4
				for i, result := range x.Do(test.command) {
					require.Equal(t, http.StatusOK, result.Status, "%s: request %d: %s", test.name, i, result.Error)
				}
				checkPairs(t, test.name, c.next(x, test.command.N), c.next(test.server, test.command.N))

				// What the program sends by itself stays, and the client's span is in that trace.
				test.command.N = 1
				test.command.Headers = map[string]string{"traceparent": traceparent(7, 7)}
				x.Do(test.command)
				for _, s := range []span{c.next(x, 1)[0], c.next(test.server, 1)[0]} {
					assert.Equal(t, traceparent(7, 7), fmt.Sprintf("00-%s-%s-01", s.TraceID(), s.ParentSpanID()), test.name)
				}
			}
		})
	}
}

// What a service calls is told in the trace of its own caller, whose tracestate it is given, too.
func TestPropagationThrough(t *testing.T) {
	const requests = 10
	for _, build := range propagationBuilds("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x, y := c.start(build), c.start(build)
			for series, tracestate := range []string{"", "vendor=value", "a=1,b=2"} {
				for i := range requests {
					request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.URL()+"/call?url="+url.QueryEscape(y.URL()+"/ok"), nil)
					require.NoError(t, err)
					request.Header.Set("Traceparent", traceparent(series, i))
					if tracestate != "" {
						request.Header.Set("Tracestate", tracestate)
					}
					response, err := x.Client().Do(request)
					require.NoError(t, err)
					require.NoError(t, response.Body.Close())
					require.Equal(t, http.StatusOK, response.StatusCode)
				}
				var clients []span
				for _, s := range c.next(x, 2*requests) {
					if !s.hasRemoteParent() {
						clients = append(clients, s)
					}
				}
				servers := c.next(y, requests)
				checkPairs(t, tracestate, clients, servers)
				for _, s := range servers {
					assert.Equal(t, tracestate, s.TraceState().AsRaw())
				}
			}
		})
	}
}

func TestPropagationGRPC(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			server := targettest.Build{Program: "grpcserver", Go: build.Go, ModFile: build.ModFile, Strip: build.Strip, PIE: build.PIE}
			x, plain, secure := c.start(build), c.start(server), c.start(server, targettest.TLS())
			for _, y := range []*targettest.Target{plain, secure} {
				for _, kind := range unaryAndStream {
					what := fmt.Sprintf("TLS: %v, %q", y == secure, kind.stream)
					call := targettest.Call{
						Target: y.Address(), TLS: y == secure, Stream: kind.stream, Method: "/" + kind.service + "/Echo", Messages: []string{"x"},
						N: 40, Concurrency: 4,
					}
					for _, result := range x.Call(call) {
						require.Equal(t, "OK", result.Code, result.Message)
					}
					checkPairs(t, what, c.next(x, call.N), c.next(y, call.N))

					call.N, call.Metadata = 1, map[string]string{"traceparent": traceparent(7, 7)}
					x.Call(call)
					c.next(x, 1)
					s := c.next(y, 1)[0]
					assert.Equal(t, traceparent(7, 7), fmt.Sprintf("00-%s-%s-01", s.TraceID(), s.ParentSpanID()), what)
				}
			}
		})
	}
}
