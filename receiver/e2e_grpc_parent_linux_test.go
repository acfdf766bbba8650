// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// toPeer is the query by which a handler calls a server.
func toPeer(peer *targettest.Target, method, message string) string {
	return url.Values{"target": {peer.Address()}, "method": {method}, "message": {message}}.Encode()
}

// A call that a handler makes is its child, whichever way the handler's span is to be found.
func TestParentOfGRPCCall(t *testing.T) {
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			web := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "httpserver"}))
			callPeer := toPeer(peer, echoMethod, "hello")
			requests := []struct{ method, request string }{
				{"Deep", "n=1000&" + callPeer},
				// On the handler's own goroutine even a call with the context of nobody is its child.
				{"Call", "context=background&" + callPeer},
				{"CallGoroutine", callPeer},
				{"CallPool", "context=named&" + callPeer},
				{"Get", url.Values{"url": {web.URL() + "/ok"}}.Encode()},
				{"Get", url.Values{"url": {web.URL() + "/ok"}, "context": {"chain"}}.Encode()},
			}
			for _, context := range contexts(minor(t, build)) {
				requests = append(requests, struct{ method, request string }{"Call", "context=" + context + "&" + callPeer})
			}
			client := startGRPCClient(t)
			c := startCollector(t)
			for _, transport := range grpcTransports {
				x := c.start(build, transport.options...)
				for _, kind := range unaryAndStream {
					for _, request := range requests {
						result := client.Call(targettest.Call{
							Target: x.Address(), TLS: transport.secure, Stream: kind.stream,
							Method: "/" + kind.service + "/" + request.method, Messages: []string{request.request},
						})[0]
						require.Equal(t, "OK", result.Code, result.Message)
					}
					spans := c.gather(x, 2*len(requests))
					require.Len(t, spans, 2*len(requests), "%s: %v", transport.name, spans)
					for i, request := range requests {
						server, caller := spans[2*i], spans[2*i+1]
						of := fmt.Sprintf("%s: %s/%s %s: %v", transport.name, kind.service, request.method, request.request, spans[2*i:2*i+2])
						assert.Equal(t, kind.service+"/"+request.method, server.attribute("rpc.method"), of)
						assert.Equal(t, ptrace.SpanKindServer, server.Kind(), of)
						assert.Equal(t, ptrace.SpanKindClient, caller.Kind(), of)
						assert.True(t, server.isRoot(), of)
						// What a worker has started for one call and what for another cannot always be told.
						hired := request.method == "CallGoroutine" && strings.Contains(transport.name, "workers")
						if !hired || !caller.isRoot() {
							assert.True(t, caller.isChildOf(server), of)
						}
					}
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address(), TLS: transport.secure})
			}
		})
	}
}

// A gRPC call that the handler of an HTTP request makes is the request's child, over every protocol,
// and gRPC calls on the same port are none of HTTP's.
func TestGRPCCallOfHTTPRequest(t *testing.T) {
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			client := startGRPCClient(t)
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.TLS()}} {
				x := c.start(build, append(options, targettest.Args("-handler"))...)
				clients := []*http.Client{h2Client(x), x.Client()}
				clients[1].Transport.(*http.Transport).ForceAttemptHTTP2 = false
				const rounds = 3
				for range rounds {
					for _, requester := range clients {
						response, err := requester.Get(x.URL() + "/call?" + toPeer(peer, echoMethod, "hello"))
						require.NoError(t, err)
						response.Body.Close()
						require.Equal(t, http.StatusOK, response.StatusCode)
					}
					result := client.Call(targettest.Call{Target: x.Address(), TLS: options != nil, Method: echoMethod})[0]
					require.Equal(t, "OK", result.Code, result.Message)
				}
				spans := c.gather(x, 5*rounds)
				require.Len(t, spans, 5*rounds)
				for ; len(spans) > 0; spans = spans[5:] {
					for i := range clients {
						server, caller := spans[2*i], spans[2*i+1]
						assert.Equal(t, "/call", server.attribute("url.path"), "%v", server)
						assert.Equal(t, "grpc", caller.attribute("rpc.system.name"), "%v", caller)
						assert.True(t, server.isRoot())
						assert.True(t, caller.isChildOf(server), "%v", spans[:5])
					}
					assert.Equal(t, "example.Unary/Echo", spans[4].attribute("rpc.method"))
					assert.Equal(t, ptrace.SpanKindServer, spans[4].Kind())
					assert.Nil(t, spans[4].attribute("url.path"))
					assert.True(t, spans[4].isRoot())
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address(), TLS: options != nil})
			}
		})
	}
}

// A span that has ended is nobody's parent: a goroutine that the handler started, and that calls
// after it, calls for itself.
func TestEndedGRPCSpanIsNoParent(t *testing.T) {
	const calls = 10
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			client := startGRPCClient(t)
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.Args("-workers", "2")}, {targettest.Args("-handler")}} {
				x := c.start(build, options...)
				for _, kind := range unaryAndStream {
					results := client.Call(targettest.Call{
						Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/CallBackground",
						Messages: []string{toPeer(peer, echoMethod, "hello")}, N: calls,
					})
					for _, result := range results {
						require.Equal(t, "OK", result.Code, result.Message)
					}
					traces := map[string]bool{}
					for _, s := range c.next(x, 2*calls) {
						assert.True(t, s.isRoot(), "%v", s)
						traces[s.TraceID().String()] = true
					}
					assert.Len(t, traces, 2*calls)
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
			}
		})
	}
}

// Calls that run at the same time, on one connection or on many, whose streams then have the same
// numbers, never get each other's calls.
func TestParallelGRPCCallsDoNotMix(t *testing.T) {
	const calls = 1000
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		for name, options := range map[string][]targettest.Option{
			"http2": nil, "workers": {targettest.Args("-workers", "50", "-interceptors")}, "handler": {targettest.Args("-handler")},
		} {
			t.Run(build.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				peer := targettest.Start(t, targettest.Binary(t, build))
				// The peer sleeps, so that all of them are open at once.
				sleep := toPeer(peer, "/example.Unary/Sleep", "100ms")
				client := startGRPCClient(t)
				c := startCollector(t)
				x := c.start(build, options...)
				for _, channels := range []int{1, 100} {
					for _, kind := range []string{"Unary/Call", "Unary/CallGoroutine", "Stream/Call"} {
						call := targettest.Call{
							Target: x.Address(), Channels: channels, Method: "/example." + kind, Messages: []string{sleep},
							Metadata: map[string]string{"traceparent": "00-0000000000000001{hex}-{hex}-01"}, N: calls, Concurrency: calls,
						}
						if strings.HasPrefix(kind, "Stream") {
							call.Stream = "bidi"
						}
						for _, result := range client.Call(call) {
							require.Equal(t, "OK", result.Code, result.Message)
						}
						spans := c.gather(x, 2*calls)
						assert.Len(t, spans, 2*calls)
						traces := byTrace(spans)
						orphans := 0
						for i := range calls {
							trace := traces[fmt.Sprintf("%016x%016x", 1, i+1)]
							// A worker serves one call after the other. Whether it started a goroutine for this one or
							// for one before cannot always be told, and then the goroutine's call is nobody's child.
							if name == "workers" && kind == "Unary/CallGoroutine" && len(trace) == 1 {
								orphans++
								continue
							}
							if !assert.Len(t, trace, 2, "call %d of %s: %v", i, kind, trace) {
								continue
							}
							assert.Equal(t, "example."+kind, trace[0].attribute("rpc.method"))
							assert.Equal(t, fmt.Sprintf("%016x", i+1), trace[0].ParentSpanID().String())
							assert.True(t, trace[1].isChildOf(trace[0]), "call %d of %s: %v", i, kind, trace)
						}
						assert.Less(t, orphans, calls/10)
						assert.Len(t, traces, calls+orphans, "each in a trace of its own")
					}
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
			})
		}
	}
}

// byTrace sorts spans by their trace, the server's first.
func byTrace(spans []span) map[string][]span {
	traces := map[string][]span{}
	for _, s := range spans {
		id := s.TraceID().String()
		traces[id] = append(traces[id], s)
	}
	for _, trace := range traces {
		slices.SortStableFunc(trace, func(a, b span) int { return int(a.Kind()) - int(b.Kind()) })
	}
	return traces
}
