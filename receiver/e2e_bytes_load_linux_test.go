// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
)

// crowdBuilds are those that tests with many requests at the same time run.
var crowdBuilds = targettest.PropagationBuilds[2:]

// As many requests as there are at the same time, on connections of their own or on streams of one connection, none of
// them gets what is another's.
func TestBytesOfCrowds(t *testing.T) {
	const crowd = 1000
	for _, build := range crowdBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			w := startTwins(t, build)
			for _, protocol := range protocols {
				peer := wiretest.Listen(t, protocol.peer(t))
				exchanges := targettest.Exchanges{
					Protocol: protocol.name, Scenario: "plain", Address: peer.Address(), Seed: w.seed,
					N: 2*crowd + 1, Concurrency: crowd, Warm: true,
				}
				var runs [2][]wiretest.Connection
				for i, x := range []*targettest.Target{w.plain, w.traced} {
					peer.Hold(crowd)
					checkHad(t, x.Have(exchanges), exchanges)
					runs[i] = peer.Take()
					assert.True(t, hasCrowd(runs[i], crowd), "%+v: %d requests were not open at the same time as they should", exchanges, crowd)
				}
				d := compare(t, runs[0], runs[1], exchanges)
				assert.Equal(t, exchanges.N, d.Requests)
				assert.Equal(t, w.collector.isOnWire(protocol.name), d.Added > 0, "%+v", exchanges)
			}
		})
	}
}

// hasCrowd tells whether so many requests came on connections of their own, or on one.
func hasCrowd(connections []wiretest.Connection, n int) bool {
	return len(connections) >= n || slices.ContainsFunc(connections, func(c wiretest.Connection) bool { return len(c.Messages) >= n })
}

// A peer that does not read as fast as the program writes has the kernel take what it can of a write, and the rest later.
func TestBytesOfSlowPeers(t *testing.T) {
	for _, build := range crowdBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			w := startTwins(t, build)
			for _, protocol := range protocols {
				peer := wiretest.Listen(t, wiretest.Slow(protocol.peer(t)))
				exchanges := targettest.Exchanges{Protocol: protocol.name, Scenario: "bodies", N: 100, Concurrency: 25}
				d := w.have(t, peer, exchanges)
				assert.GreaterOrEqual(t, d.Requests, exchanges.N)
				assert.Equal(t, w.collector.isOnWire(protocol.name), d.Added > 0, "%+v", exchanges)
			}
		})
	}
}
