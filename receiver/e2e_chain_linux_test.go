// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// Three services in a row have one trace of each request, whatever they speak, with or without one that came in.
func TestChain(t *testing.T) {
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startChain(t, build)
			for _, hops := range chainHops(t, build) {
				for id, header := range []http.Header{
					nil,
					{"Traceparent": {traceparent(1, 1)}, "Tracestate": {"vendor=value"}},
					{"Traceparent": {traceparent(1, 1)}}, // by connections that are there
				} {
					what := fmt.Sprintf("request %d by %v", id, hops)
					trail := y.request(id, hops, header)
					spans := y.checkChain(t, what, y.spansOfRequests(1))
					if spans == nil {
						continue
					}
					tracestate := cmp.Or(header.Get("Tracestate"), "-")
					for i, protocol := range hops {
						want := []string{"-", "-"}
						if y.isOnWire(protocol) {
							client := spans[2*i+1]
							want = []string{fmt.Sprintf("00-%s-%s-01", client.TraceID(), client.SpanID()), tracestate}
						} else {
							tracestate = "-" // it is in no header, and goes no further
						}
						assert.Equal(t, want, trail[i+1], "%s: headers that came to service %d", what, i+1)
					}
					if header != nil {
						assert.Equal(t, traceparent(1, 1), fmt.Sprintf("00-%s-%s-01", spans[0].TraceID(), spans[0].ParentSpanID()), what)
					}
					// What becomes of a tracestate depends on the way.
					if isGolden(build) && header != nil && header.Get("Tracestate") == "" && hops[0] == hops[1] {
						y.compareGolden(t, "chain-"+hops[0], spans)
					}
				}
			}
		})
	}
}

// compareGolden holds the spans of a request to the golden ones.
func (y chain) compareGolden(t *testing.T, name string, spans []span) {
	t.Helper()
	addresses := map[string]string{}
	for i, x := range y.services {
		for _, protocol := range protocols {
			addresses[x.PropagationAddress(protocol.name)] = fmt.Sprintf("service-%d", i)
		}
	}
	hideAddresses(spans, addresses)
	for _, s := range spans {
		// The answer says which headers came, and that depends on the way.
		s.Attributes().Remove("http.response.body.size")
	}
	compareGolden(t, name, spans, expectation{golden: true, routes: true, addresses: addresses})
}

// isOnWire tells whether the way that is in force gives requests by a protocol a header, and does not join the two
// ends of them otherwise.
func (c *collector) isOnWire(protocol string) bool {
	c.t.Helper()
	var ways []string
	for _, point := range c.points("ebpfgo.propagation.targets") {
		if way, _ := point.Attributes.Value("way"); point.Value > 0 {
			ways = append(ways, way.AsString())
		}
	}
	require.Len(c.t, ways, 1, "one way is in force for all targets")
	return ways[0] == "write" || ways[0] == "socket" && slices.Contains([]string{"http1", "h2c", "grpc"}, protocol)
}

// A request that is not sampled is not in any service behind, and is told so.
func TestChainNotSampled(t *testing.T) {
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startChain(t, build)
			incoming := strings.TrimSuffix(traceparent(1, 1), "01") + "00"
			for id, hops := range chainHops(t, build) {
				trail := y.request(id, hops, http.Header{"Traceparent": {incoming}})
				for i, protocol := range hops {
					if y.isOnWire(protocol) {
						assert.Equal(t, incoming[:36], trail[i+1][0][:36], "%v: trace", hops)
						assert.Equal(t, "-00", trail[i+1][0][52:], "%v: flags", hops)
					}
				}
				// Of this one there are spans, and of the one before there would have been.
				y.request(id, hops, nil)
				y.checkChain(t, fmt.Sprint(hops), y.spansOfRequests(1))
			}
		})
	}
}

// However many requests are in the chain at the same time, each has its own trace.
func TestChainsInParallel(t *testing.T) {
	const requests = 300
	for _, build := range crowdBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startChain(t, build)
			for series, hops := range chainHops(t, build) {
				load := targettest.Load{
					URL: y.services[0].URL(), PathPrefix: "/chain/", Query: "next=" + y.hops(hops),
					Requests: requests, Concurrency: requests,
					Headers: func(i int) http.Header { return http.Header{"Traceparent": {traceparent(series, i)}} },
				}
				for _, outcome := range load.Run(t.Context()) {
					require.NoError(t, outcome.Err, "%v", hops)
					require.Equal(t, http.StatusOK, outcome.Status, "%v", hops)
				}
				traces := byTrace(y.spansOfRequests(requests))
				assert.Len(t, traces, requests, "%v", hops)
				for i := range requests {
					y.checkChain(t, fmt.Sprintf("request %d by %v", i, hops), traces[traceparent(series, i)[3:35]])
				}
			}
		})
	}
}
