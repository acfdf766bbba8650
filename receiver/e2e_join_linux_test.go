// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// joining makes the collector join what is encrypted, whatever the machine allows besides.
func joining(config *receiver.Config) { config.Propagation.Mode = tracer.PropagationSocket }

// joinBuilds are the Go versions with another server or another place of its connection.
func joinBuilds(program string) (builds []targettest.Build) {
	for _, version := range []string{"1.18", "1.23", "1.26", "1.27"} {
		builds = append(builds, targettest.Build{Program: program, Go: version, Strip: true, PIE: version != "1.23"})
	}
	return builds
}

// httpProtocols are those of net/http over TLS.
var httpProtocols = map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true}

// assertJoined holds the span of a server to be the only child of that of its client.
func assertJoined(t *testing.T, client, server span, what string) {
	t.Helper()
	assert.Equal(t, client.TraceID(), server.TraceID(), what)
	assert.Equal(t, client.SpanID(), server.ParentSpanID(), what)
	assert.True(t, server.hasRemoteParent(), what)
}

// byURLPath finds clients' spans by the path of their URL, of which each has one.
func byURLPath(t *testing.T, x *targettest.Target, spans []span) map[string]span {
	t.Helper()
	paths := map[string]span{}
	for _, s := range spans {
		full, _ := s.attribute("url.full").(string)
		path, found := strings.CutPrefix(full, x.URL())
		require.True(t, found, full)
		path, _, _ = strings.Cut(path, "?")
		assert.NotContains(t, paths, path)
		paths[path] = s
	}
	return paths
}

// Many requests at once, over few connections or many, and then again over the same ones: each server's span is the child
// of the span of its own request.
func TestJoinOverTLS(t *testing.T) {
	const requests = 300
	for _, build := range joinBuilds("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, joining)
			server := c.start(build, targettest.TLS())
			clientBuild := build
			clientBuild.Program = "httpclient"
			client := c.start(clientBuild)
			for protocol, http2 := range httpProtocols {
				for _, concurrency := range []int{requests, 8} {
					results := client.Do(targettest.Command{
						URL: server.URL() + "/sleep/{n}?d=20ms", HTTP2: http2, Insecure: true, N: requests, Concurrency: concurrency,
					})
					for _, result := range results {
						require.Equal(t, http.StatusOK, result.Status, result.Error)
						require.Equal(t, protocol, result.Protocol)
					}
					clients := byURLPath(t, server, c.next(client, requests))
					for path, s := range byPath(t, c.next(server, requests)) {
						assertJoined(t, clients[path], s, fmt.Sprintf("%s, %d at once: %s", protocol, concurrency, path))
					}
				}
			}
			c.nothingElseServed(server)
		})
	}
}

// byMessage finds spans by the message of their status.
func byMessage(t *testing.T, spans []span) map[string]span {
	t.Helper()
	messages := map[string]span{}
	for _, s := range spans {
		assert.NotContains(t, messages, s.Status().Message())
		messages[s.Status().Message()] = s
	}
	return messages
}

func TestJoinOfGRPC(t *testing.T) {
	const calls = 300
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			clientBuild := build
			clientBuild.Program = "grpcclient"
			for _, options := range [][]targettest.Option{{targettest.Args("-tls")}, {targettest.Args("-tls", "-handler")}} {
				c := startCollector(t, joining)
				server, client := c.start(build, options...), c.start(clientBuild)
				for _, channels := range []int{1, 30} {
					for _, kind := range unaryAndStream {
						client.Call(targettest.Call{
							Target: server.Address(), TLS: true, Channels: channels, Stream: kind.stream, Method: "/" + kind.service + "/Status",
							Messages: []string{"2 call {n}"}, N: calls, Concurrency: calls,
						})
						clients := byMessage(t, c.next(client, calls))
						require.Len(t, clients, calls)
						for message, s := range byMessage(t, c.next(server, calls)) {
							require.Contains(t, message, "call ")
							assertJoined(t, clients[message], s, message)
						}
					}
				}
			}
		})
	}
}

// Each attempt of a call is a call for its server: all are children of the one span of the client.
func TestJoinOfRetries(t *testing.T) {
	c := startCollector(t, joining)
	server := c.start(targettest.Build{Program: "grpcserver"}, targettest.Args("-tls"))
	client := c.start(targettest.Build{Program: "grpcclient"})
	result := client.Call(targettest.Call{Target: server.Address(), TLS: true, Retry: true, Method: "/example.Unary/Flaky", Messages: []string{"x"}})[0]
	require.Equal(t, "OK", result.Code, result.Message)
	spans := c.next(client, 1)
	require.Len(t, spans, 1)
	attempts := c.next(server, 3)
	require.Len(t, attempts, 3)
	for i, s := range attempts {
		assertJoined(t, spans[0], s, fmt.Sprintf("attempt %d", i))
	}
}

// A request whose client goes away is joined if its server began before that, else it has no parent: never another one.
// Neither have those that come after it on the same connections.
func TestJoinOfCancelled(t *testing.T) {
	const requests = 200
	for _, version := range []string{"1.18", "1.27"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, joining)
			server := c.start(targettest.Build{Program: "httpserver", Go: version, Strip: true}, targettest.TLS())
			client := c.start(targettest.Build{Program: "httpclient", Go: version, Strip: true})
			for protocol, http2 := range httpProtocols {
				for _, after := range []string{"1ms", "5ms", "50ms"} {
					client.Do(targettest.Command{
						URL: server.URL() + "/sleep/{n}?d=30ms", HTTP2: http2, Insecure: true, CancelAfter: after, N: requests, Concurrency: 20,
					})
					clients := byURLPath(t, server, c.next(client, requests))
					checkNoFalseParent(t, clients, c.take(server.PID()), protocol+" "+after)

					results := client.Do(targettest.Command{URL: server.URL() + "/items/{n}", HTTP2: http2, Insecure: true, N: requests, Concurrency: 20})
					for _, result := range results {
						require.Equal(t, http.StatusOK, result.Status, result.Error)
					}
					for path, s := range byURLPath(t, server, c.next(client, requests)) {
						clients[path] = s
					}
					c.settleServed(server, requests, func(spans []span) { checkNoFalseParent(t, clients, spans, protocol+" behind "+after) })
				}
			}
		})
	}
}

// checkNoFalseParent holds servers' spans to be roots or children of their own request's span. What was not cancelled has
// been joined in any case.
func checkNoFalseParent(t *testing.T, clients map[string]span, servers []span, what string) {
	t.Helper()
	for _, s := range servers {
		path := s.attribute("url.path").(string)
		if s.isRoot() && strings.HasPrefix(path, "/sleep/") {
			continue
		}
		assertJoined(t, clients[path], s, what+": "+path)
	}
}

// settleServed hands the spans of a server to check until those of so many requests to /items/ have come.
func (c *collector) settleServed(server *targettest.Target, items int, check func([]span)) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		spans := c.take(server.PID())
		check(spans)
		for _, s := range spans {
			if strings.HasPrefix(s.attribute("url.path").(string), "/items/") {
				items--
			}
		}
		return items <= 0
	}, spanPatience, interval, "%d spans are missing", items)
}

// A client that is not traced has no span: what it asks for is a root, also over a connection that has the addresses, or
// in a process that has the memory, of one that was traced.
func TestJoinOfNobody(t *testing.T) {
	c := startCollector(t, joining)
	server := c.start(targettest.Build{Program: "httpserver", Strip: true}, targettest.TLS())
	for range 100 {
		get(t, server, "/ok")
	}
	spans := c.next(server, 100)
	for _, s := range spans {
		assert.True(t, s.isRoot(), "%v", s)
	}
}

// A request that names its parent is the child of that, and not of who has sent it on.
func TestJoinGivesWay(t *testing.T) {
	c := startCollector(t, joining)
	server := c.start(targettest.Build{Program: "httpserver", Strip: true}, targettest.TLS())
	client := c.start(targettest.Build{Program: "httpclient", Strip: true})
	for _, http2 := range httpProtocols {
		client.Do(targettest.Command{URL: server.URL() + "/ok", HTTP2: http2, Insecure: true, Headers: map[string]string{"traceparent": remoteParent}})
		s := c.next(server, 1)[0]
		assert.Equal(t, remoteTrace, s.TraceID().String())
		assert.Equal(t, pcommon.SpanID{0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}, s.ParentSpanID())
	}
}

// Loopback addresses are those of other sockets in each network namespace: while a client waits for a server that is not
// traced, one in another namespace with the same addresses and ports asks a server that is.
func TestJoinInNetworkNamespaces(t *testing.T) {
	const address = "127.0.0.1:8443"
	server := targettest.Binary(t, targettest.Build{Program: "httpserver", Strip: true})
	client := targettest.Build{Program: "httpclient", Strip: true}
	for protocol, http2 := range httpProtocols {
		t.Run(protocol, func(t *testing.T) {
			c := startCollector(t, joining)
			options := []targettest.Option{targettest.TLS(), targettest.Args("-addr", address), targettest.NetworkNamespace()}
			there, here := targettest.Start(t, server, options...), c.startBinary(server, options...)
			there.LocalPorts(40000, 40000)
			here.LocalPorts(40000, 40000)
			caller := c.start(client, targettest.NetworkOf(there))
			stranger := targettest.Start(t, targettest.Binary(t, client), targettest.NetworkOf(here))

			waiting := caller.BeginDo(targettest.Command{URL: there.URL() + "/wait?d=1m", HTTP2: http2, Insecure: true, Timeout: "3s"})
			require.Eventually(t, func() bool { return c.propagated("joinable") == 1 }, patience, interval)
			result := stranger.Do(targettest.Command{URL: here.URL() + "/ok", HTTP2: http2, Insecure: true})[0]
			require.Equal(t, http.StatusOK, result.Status, result.Error)
			require.Equal(t, protocol, result.Protocol)
			s := c.next(here, 1)[0]
			assert.True(t, s.isRoot(), "%v", s)
			assert.NotEmpty(t, waiting()[0].Error)

			// One that is traced, in its server's namespace.
			here.LocalPorts(40001, 40001)
			neighbour := c.start(client, targettest.NetworkOf(here))
			result = neighbour.Do(targettest.Command{URL: here.URL() + "/ok", HTTP2: http2, Insecure: true})[0]
			require.Equal(t, http.StatusOK, result.Status, result.Error)
			assertJoined(t, c.next(neighbour, 1)[0], c.next(here, 1)[0], protocol)
		})
	}
}

// propagated is how many requests had an outcome.
func (c *collector) propagated(outcome string) (n int64) {
	for _, point := range c.points("ebpfgo.propagation.requests") {
		if value, _ := point.Attributes.Value("outcome"); value.AsString() == outcome {
			n += point.Value
		}
	}
	return n
}
