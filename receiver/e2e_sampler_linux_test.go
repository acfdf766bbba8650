// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// sampling is a sampler of the receiver and that of the SDK which decides the same.
type sampling struct {
	config receiver.SamplerConfig
	sdk    sdk.Sampler
	roots  float64 // how many of the traces that begin here are sampled
}

func samplings() []sampling {
	ratio := func(samplerType string, ratio float64) receiver.SamplerConfig {
		return receiver.SamplerConfig{Type: samplerType, Ratio: &ratio}
	}
	return []sampling{
		{receiver.SamplerConfig{Type: "always_on"}, sdk.AlwaysSample(), 1},
		{receiver.SamplerConfig{Type: "always_off"}, sdk.NeverSample(), 0},
		{ratio("trace_id_ratio", 0.25), sdk.TraceIDRatioBased(0.25), 0.25},
		{receiver.SamplerConfig{Type: "parent_based_always_on"}, sdk.ParentBased(sdk.AlwaysSample()), 1},
		{receiver.SamplerConfig{Type: "parent_based_always_off"}, sdk.ParentBased(sdk.NeverSample()), 0},
		{ratio("parent_based_trace_id_ratio", 0), sdk.ParentBased(sdk.TraceIDRatioBased(0)), 0},
		{ratio("parent_based_trace_id_ratio", 0.25), sdk.ParentBased(sdk.TraceIDRatioBased(0.25)), 0.25},
		{ratio("parent_based_trace_id_ratio", 1), sdk.ParentBased(sdk.TraceIDRatioBased(1)), 1},
	}
}

func (s sampling) String() string {
	if s.config.Ratio == nil {
		return s.config.Type
	}
	return fmt.Sprintf("%s %g", s.config.Type, *s.config.Ratio)
}

func (s sampling) configure(config *receiver.Config) { config.Sampler = s.config }

// keeps asks the SDK. Without a valid parent the trace begins here.
func (s sampling) keeps(id trace.TraceID, parent trace.SpanContext) bool {
	decision := s.sdk.ShouldSample(sdk.SamplingParameters{
		ParentContext: trace.ContextWithRemoteSpanContext(context.Background(), parent), TraceID: id,
	})
	return decision.Decision == sdk.RecordAndSample
}

// checkRoots looks at the spans of n traces that began here: the right ones are kept, and as
// many as can be expected.
func (s sampling) checkRoots(t *testing.T, spans []span, n int) {
	t.Helper()
	expected := s.roots * float64(n)
	// Six standard deviations: one run in half a milliard is further off.
	deviation := 6 * math.Sqrt(expected*(1-s.roots))
	assert.InDelta(t, expected, len(spans), deviation, "of %d", n)
	for _, span := range spans {
		assert.True(t, span.isRoot(), "%v", span)
		assert.EqualValues(t, 1, span.Flags()&1, "%v", span)
		assert.True(t, s.keeps(trace.TraceID(span.TraceID()), trace.SpanContext{}), "%v of trace %s", span, span.TraceID())
	}
}

// sent is the span that a caller names as the parent, of any trace, sampled or not; each other
// request has none.
func sent(i int) trace.SpanContext {
	if i%2 == 0 {
		return trace.SpanContext{}
	}
	random := rand.New(rand.NewPCG(7, uint64(i)))
	config := trace.SpanContextConfig{SpanID: trace.SpanID{7: 1}, TraceFlags: trace.TraceFlags(i / 2 % 2), Remote: true}
	binary.BigEndian.PutUint64(config.TraceID[:], random.Uint64())
	binary.BigEndian.PutUint64(config.TraceID[8:], random.Uint64())
	return trace.NewSpanContext(config)
}

func headersOf(parent trace.SpanContext) http.Header {
	headers := http.Header{}
	if parent.IsValid() {
		headers.Set("traceparent", fmt.Sprintf("00-%s-%s-%s", parent.TraceID(), parent.SpanID(), parent.TraceFlags()))
	}
	return headers
}

// Requests with and without a parent are sampled as the SDK would do it, and what they call is
// sampled if they are.
func TestSamplerOfHTTP(t *testing.T) {
	const n = 4000
	for i, s := range samplings() {
		build := loadBuilds[i%len(loadBuilds)]
		for name, http2 := range map[string]bool{"HTTP1": false, "HTTP2": true} {
			t.Run(s.String()+" "+build.Go+" "+name, func(t *testing.T) {
				t.Parallel()
				peer := targettest.Start(t, targettest.Binary(t, build))
				c := newCollector(t, s.configure)
				var options []targettest.Option
				if http2 {
					options = append(options, targettest.TLS())
				}
				x := c.start(build, options...)
				outcomes := targettest.Load{
					URL: x.URL(), PathPrefix: "/call/", Query: "url=" + url.QueryEscape(peer.URL()+"/ok"), HTTP2: http2,
					Requests: n, Concurrency: 4, KeepAlive: true, Headers: func(i int) http.Header { return headersOf(sent(i)) },
				}.Run(t.Context())
				c.stop()
				for i, outcome := range outcomes {
					require.Equal(t, http.StatusOK, outcome.Status, "request %d: %v", i, outcome.Err)
				}

				servers, clients := serversAndClients(t, c.take(x.PID()))
				var roots []span
				kept := map[int]bool{}
				for id, server := range servers {
					path, _ := server.attribute("url.path").(string)
					i, err := strconv.Atoi(strings.TrimPrefix(path, "/call/"))
					require.NoError(t, err)
					kept[i] = true
					if !sent(i).IsValid() {
						roots = append(roots, server)
					}
					if client, ok := clients[id]; assert.True(t, ok, "%v has no child", server) {
						assert.True(t, client.isChildOf(server), "%v", client)
					}
				}
				assert.Len(t, clients, len(servers), "a child has no parent")
				s.checkRoots(t, roots, n/2)
				for i := 1; i < n; i += 2 {
					assert.Equal(t, s.keeps(sent(i).TraceID(), sent(i)), kept[i], "request %d, with parent %v", i, headersOf(sent(i)))
				}
			})
		}
	}
}

// serversAndClients are the spans of each trace, which has one of each kind at the most.
func serversAndClients(t *testing.T, spans []span) (servers, clients map[pcommon.TraceID]span) {
	t.Helper()
	servers, clients = map[pcommon.TraceID]span{}, map[pcommon.TraceID]span{}
	for _, s := range spans {
		of := clients
		if s.Kind() == ptrace.SpanKindServer {
			of = servers
		}
		assert.NotContains(t, of, s.TraceID(), "%v", s)
		of[s.TraceID()] = s
	}
	return servers, clients
}

// The same for calls, on either side.
func TestSamplerOfGRPC(t *testing.T) {
	const n = 2000
	clients, servers := oldestAndNewestGRPC("grpcclient"), oldestAndNewestGRPC("grpcserver")
	for i, s := range samplings() {
		client, server := clients[i%len(clients)], servers[i%len(servers)]
		t.Run(s.String()+" "+client.Go, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, s.configure)
			x, y := c.start(client), c.start(server)
			others := struct{ client, server *targettest.Target }{
				targettest.Start(t, targettest.Binary(t, client)), targettest.Start(t, targettest.Binary(t, server)),
			}
			do := func(from, to *targettest.Target, n int, metadata map[string]string) {
				t.Helper()
				for _, result := range from.Call(targettest.Call{Target: to.Address(), Method: echoMethod, Metadata: metadata, N: n, Concurrency: 4}) {
					require.Equal(t, "OK", result.Code, result.Message)
				}
			}
			do(x, others.server, n, nil)
			do(others.client, y, n, nil)
			const sent = 100
			for flags := range 2 {
				do(others.client, y, sent, map[string]string{"traceparent": fmt.Sprintf("00-000000000000000%d{hex}-{hex}-0%d", flags+1, flags)})
			}
			c.stop()

			s.checkRoots(t, c.take(x.PID()), n)
			var roots []span
			kept := map[trace.TraceID]bool{}
			for _, span := range c.take(y.PID()) {
				if span.isRoot() {
					roots = append(roots, span)
				} else {
					kept[trace.TraceID(span.TraceID())] = true
				}
			}
			s.checkRoots(t, roots, n)
			for flags := range 2 {
				for i := range sent {
					id := trace.TraceID{7: byte(flags + 1), 15: byte(i + 1)}
					parent := trace.NewSpanContext(trace.SpanContextConfig{
						TraceID: id, SpanID: trace.SpanID{7: 1}, TraceFlags: trace.TraceFlags(flags), Remote: true,
					})
					assert.Equal(t, s.keeps(id, parent), kept[id], "call %d with flags %d", i, flags)
				}
			}
		})
	}
}

// The same for statements, outside of requests and in those that have a parent.
func TestSamplerOfSQL(t *testing.T) {
	const n, served = 2000, 100
	build := driverBuilds()[0]
	for _, s := range samplings() {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, s.configure)
			x := c.start(build)
			command := targettest.SQLCommand{
				Driver: "fake", DSN: "ok", N: n, Concurrency: 4, Steps: []sqlStep{{Do: "query", Query: "SELECT value AS n{n}"}},
			}
			for _, results := range x.DoSQL(command) {
				require.Empty(t, results[0].Error)
			}
			command.N = 1
			for i := range served {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, x.URL()+"/run/", strings.NewReader(command.Form().Encode()))
				require.NoError(t, err)
				request.Header = headersOf(sent(2*i + 1))
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				response, err := x.Client().Do(request)
				require.NoError(t, err)
				response.Body.Close()
				require.Equal(t, http.StatusOK, response.StatusCode)
			}
			c.stop()

			var roots, others []span
			for _, span := range c.take(x.PID()) {
				if span.isRoot() {
					roots = append(roots, span)
				} else {
					others = append(others, span)
				}
			}
			s.checkRoots(t, roots, n)
			requests, statements := serversAndClients(t, others)
			assert.Len(t, statements, len(requests))
			for i := range served {
				id := pcommon.TraceID(sent(2*i + 1).TraceID())
				request, ok := requests[id]
				assert.Equal(t, s.keeps(trace.TraceID(id), sent(2*i+1)), ok, "request %d", i)
				if ok {
					assert.True(t, statements[id].isChildOf(request), "%v", statements[id])
				}
			}
		})
	}
}

// Of two receivers that trace one process, that which keeps more decides, as long as it is there.
func TestSamplersOfTwoReceivers(t *testing.T) {
	t.Parallel()
	few := newCollector(t, func(config *receiver.Config) { config.Sampler.Type = "parent_based_always_off" })
	x := few.start(loadBuilds[1])
	get(t, x, "/ok/first")
	most := newCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID()}}))
	most.waitTraced(x)
	get(t, x, "/ok/second")
	for _, c := range []*collector{few, most} {
		spans := c.next(x, 1)
		assert.Len(t, spans, 1)
		assert.Contains(t, spans[0].String(), "/ok/second")
	}
	most.stop()
	get(t, x, "/ok/third")
	few.stop()
	assert.Empty(t, few.take(x.PID()))
}
