// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// openCalls makes calls whose handlers wait until their call is over, and returns when all do. What it
// returns waits for the results.
func openCalls(t *testing.T, x, client *targettest.Target, call targettest.Call, n int) func() []targettest.CallResult {
	t.Helper()
	const line = "\nwaiting\n"
	waiting := func() int { return strings.Count(strings.ReplaceAll(x.Output(), "\n", "\n\n"), line) }
	before := waiting()
	call.Messages, call.N, call.Concurrency = []string{"1m"}, n, n
	wait := client.BeginCall(call)
	require.Eventually(t, func() bool { return waiting() == before+n }, patience, interval, "handlers do not wait")
	return wait
}

// unaryAndStream are the two services of the server, with the kind of stream that the second one has.
var unaryAndStream = []struct{ service, stream string }{{"example.Unary", ""}, {"example.Stream", "bidi"}}

// A call whose connection breaks has one span, which ends with its handler. It has not gone well, even
// if the handler says so to nobody. Behind net/http, grpc may hear of the handler's success before it
// hears of the connection, and then believes it.
func TestGRPCConnectionBreaks(t *testing.T) {
	const calls = 5
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			for _, transport := range grpcTransports {
				if strings.Contains(transport.name, "workers") {
					continue // there are fewer of them than calls
				}
				x := c.start(build, transport.options...)
				for _, kind := range unaryAndStream {
					for _, method := range []string{"/Wait", "/Late"} {
						client := startGRPCClient(t)
						openCalls(t, x, client, targettest.Call{
							Target: x.Address(), TLS: transport.secure, Stream: kind.stream, Method: "/" + kind.service + method,
						}, calls)
						broken := time.Now()
						client.Kill()
						spans := c.gather(x, calls)
						require.Len(t, spans, calls, "%s: %s%s", transport.name, kind.service, method)
						for _, s := range spans {
							assert.Equal(t, kind.service+method, s.attribute("rpc.method"))
							if method == "/Wait" || !strings.HasPrefix(transport.name, "net/http") {
								assert.NotEqual(t, "OK", s.attribute("rpc.response.status_code"), "%s: %v", transport.name, s)
							}
							assert.False(t, s.EndTimestamp().AsTime().Before(broken.Add(-tolerance)), "%s: %v", transport.name, s)
						}
					}
				}
				c.nothingElseCalled(x, startGRPCClient(t), targettest.Call{Target: x.Address(), TLS: transport.secure})
			}
		})
	}
}

// A server that stops ends its calls, one way or the other, and each has its span.
func TestGRPCServerStops(t *testing.T) {
	const calls = 5
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			for _, kind := range unaryAndStream {
				x := c.start(build)
				openCalls(t, x, startGRPCClient(t), targettest.Call{Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/Late"}, calls)
				stop := targettest.Call{Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/Stop", Messages: []string{"wait"}}
				assert.Equal(t, "Unavailable", startGRPCClient(t).Call(stop)[0].Code)
				spans := c.next(x, calls+1)
				assert.Len(t, spans, calls+1)
				for _, s := range spans {
					assert.NotEqual(t, "OK", s.attribute("rpc.response.status_code"), "%v", s)
				}
				x.Stop()
				c.waitEnded(x)
				assert.Empty(t, c.take(x.PID()))

				x = c.start(build)
				client := startGRPCClient(t)
				wait := client.BeginCall(targettest.Call{
					Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/Wait", Messages: []string{"200ms"}, N: calls, Concurrency: calls,
				})
				require.Eventually(t, func() bool { return strings.Count(x.Output(), "waiting") == calls }, patience, interval)
				stop.Target, stop.Method, stop.Messages = x.Address(), "/"+kind.service+"/GracefulStop", []string{""}
				assert.Equal(t, "OK", startGRPCClient(t).Call(stop)[0].Code)
				for _, result := range wait() {
					assert.Equal(t, "OK", result.Code, result.Message)
				}
				spans = c.next(x, calls+1)
				assert.Len(t, spans, calls+1)
				for _, s := range spans {
					assert.Equal(t, "OK", s.attribute("rpc.response.status_code"), "%v", s)
				}
				x.Stop()
				c.waitEnded(x)
				assert.Empty(t, c.take(x.PID()))
			}
		})
	}
}

// A server that dies leaves the spans of its calls, with an error: also if it is a handler that panics,
// behind net/http too, for grpc starts a goroutine for it.
func TestGRPCServerDies(t *testing.T) {
	const others = 5
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		for _, how := range []string{"PanicError", "Die panic", "Die exit", "Die segv", "Die overflow", "Die kill"} {
			t.Run(build.Go+" "+how, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				for _, options := range [][]targettest.Option{nil, {targettest.Args("-handler")}} {
					x := c.start(build, append(options, targettest.ExpectCrash())...)
					openCalls(t, x, startGRPCClient(t), targettest.Call{Target: x.Address(), Method: "/example.Unary/Late"}, others)
					method, request, _ := strings.Cut(how, " ")
					result := startGRPCClient(t).Call(targettest.Call{Target: x.Address(), Method: "/example.Unary/" + method, Messages: []string{request}})[0]
					require.Equal(t, "Unavailable", result.Code, result.Message)
					x.WaitExit()
					spans := c.next(x, others+1)
					c.waitEnded(x)
					assert.Len(t, spans, others+1)
					assert.Equal(t, "example.Unary/"+method, spans[others].attribute("rpc.method"))
					for _, s := range spans {
						checkDied(t, s, result.End)
					}
					assert.Empty(t, c.take(x.PID()))
				}
			})
		}
	}
}

// checkDied holds a span to the death of its process.
func checkDied(t *testing.T, s span, died time.Time) {
	t.Helper()
	assert.Equal(t, "Error", s.Status().Code().String(), "%v", s)
	assert.Equal(t, "the process ended", s.Status().Message(), "%v", s)
	assert.Nil(t, s.attribute("rpc.response.status_code"), "%v", s)
	assert.WithinDuration(t, died, s.EndTimestamp().AsTime(), spanPatience)
}

// A client that dies leaves the spans of its calls too: of those that wait, and of streams that nobody reads.
func TestGRPCClientDies(t *testing.T) {
	const calls = 5
	for _, build := range oldestAndNewestGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			server := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcserver"}))
			c := startCollector(t)
			x := c.start(build)
			left := x.Call(targettest.Call{Target: server.Address(), Stream: "bidi", Method: chatMethod, Messages: []string{"a"}, Leave: "open", N: calls})
			for _, result := range left {
				require.Equal(t, "OK", result.Code, result.Message)
			}
			openCalls(t, server, x, targettest.Call{Target: server.Address(), Method: "/example.Unary/Late"}, calls)
			assert.Empty(t, c.take(x.PID()), "a stream that is open has no span yet")
			x.Kill()
			died := time.Now()
			spans := c.next(x, 2*calls)
			c.waitEnded(x)
			assert.Len(t, spans, 2*calls)
			for _, s := range spans {
				checkDied(t, s, died)
			}
			assert.Empty(t, c.take(x.PID()))
		})
	}
}

// A client whose server dies has the spans of its calls, with the status that grpc gives them.
func TestGRPCServerIsGone(t *testing.T) {
	const calls = 5
	for _, build := range eachGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, kind := range unaryAndStream {
				server := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcserver"}))
				wait := openCalls(t, server, x, targettest.Call{Target: server.Address(), Stream: kind.stream, Method: "/" + kind.service + "/Wait"}, calls)
				server.Kill()
				results := wait()
				spans := c.next(x, calls)
				require.Len(t, spans, calls)
				for i, s := range spans {
					assert.Equal(t, kind.service+"/Wait", s.attribute("rpc.method"))
					assert.Equal(t, "Unavailable", results[i].Code, results[i].Message)
					assert.Equal(t, "UNAVAILABLE", s.attribute("rpc.response.status_code"), "%v", s)
					assert.Equal(t, "UNAVAILABLE", s.attribute("error.type"), "%v", s)
					assert.Equal(t, "Error", s.Status().Code().String(), "%v", s)
					assert.Equal(t, results[i].Message, s.Status().Message())
				}
				c.nothingElseCalled(x, x, targettest.Call{Target: targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcserver"})).Address()})
				assert.Empty(t, kernelEntries(t, x))
			}
		})
	}
}
