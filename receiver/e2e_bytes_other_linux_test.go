// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
)

// What is no request of a client of ours stays as it is: other protocols, whatever their bytes look like, and what
// transports say to proxies.
func TestBytesOfOtherProtocols(t *testing.T) {
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			w := startTwins(t, build)
			for _, test := range []struct {
				peer      wiretest.Protocol
				exchanges targettest.Exchanges
				proxy     bool
			}{
				{wiretest.Echo, targettest.Exchanges{Protocol: "tcp", Scenario: "echo", N: 100, Concurrency: 5}, false},
				{wiretest.Echo, targettest.Exchanges{Protocol: "tcp", Scenario: "pipelined", N: 50, Concurrency: 5}, false},
				{wiretest.HTTP1, targettest.Exchanges{Protocol: "http1", Scenario: "headers", N: 50, Concurrency: 5}, true},
				{wiretest.Proxy(wiretest.TLS(t, wiretest.HTTP1)), targettest.Exchanges{Protocol: "https1", Scenario: "headers", N: 50}, true},
				{wiretest.Proxy(wiretest.TLS(t, wiretest.HTTP2, "h2")), targettest.Exchanges{Protocol: "h2", Scenario: "headers", N: 50}, true},
			} {
				peer := wiretest.Listen(t, test.peer)
				if test.proxy {
					test.exchanges.Proxy, test.exchanges.Address = peer.Address(), "service.test:443"
				}
				d := w.have(t, peer, test.exchanges)
				assert.GreaterOrEqual(t, d.Requests, test.exchanges.N)
				if !test.proxy {
					assert.Zero(t, d.Added)
				}
			}
		})
	}
}

// A reverse proxy passes on the traceparent that came in, as it came, and has ours where none came.
func TestBytesOfReverseProxy(t *testing.T) {
	const requests = 50
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := wiretest.Listen(t, wiretest.HTTP1)
			w := startTwins(t, build, "-upstream", peer.Address())
			load := targettest.Load{URL: "http://service.test", PathPrefix: "/upstream/", Requests: requests, Concurrency: 5}
			load.Headers = func(i int) http.Header {
				if i%2 == 0 {
					return nil
				}
				return http.Header{"Traceparent": {traceparent(1, i)}, "Tracestate": {fmt.Sprintf("vendor=%d", i)}}
			}
			onWire := w.collector.isOnWire("http1")
			var runs [2][]wiretest.Connection
			for i, x := range []*targettest.Target{w.plain, w.traced} {
				load.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return x.DialContext(ctx, network, x.Address())
				}
				for _, outcome := range load.Run(t.Context()) {
					require.NoError(t, outcome.Err)
					require.Equal(t, http.StatusOK, outcome.Status)
				}
				x.Stop() // and closes the connections that it keeps
				runs[i] = peer.Take()
			}
			d := compare(t, runs[0], runs[1], targettest.Exchanges{Protocol: "http1", Scenario: "reverse proxy"})
			assert.Equal(t, requests, d.Requests)
			assert.LessOrEqual(t, d.Added, requests/2)
			assert.Equal(t, onWire, d.Added > 0)
		})
	}
}
