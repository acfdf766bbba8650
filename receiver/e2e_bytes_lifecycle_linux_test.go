// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// traffic is a target that makes requests all the time.
type traffic struct {
	*targettest.Target
	peer      *wiretest.Peer
	exchanges targettest.Exchanges
	end       func() targettest.Had
}

// trafficClients is how many requests of traffic are under way at a time.
const trafficClients = 3

// startTraffic starts a target for each protocol that a build has, with the mark of a collector.
func startTraffic(t *testing.T, build targettest.Build, mark string) (all []traffic) {
	t.Helper()
	for _, protocol := range protocols {
		peer := wiretest.Listen(t, protocol.peer(t))
		x := traffic{
			Target: targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark)),
			peer:   peer,
			exchanges: targettest.Exchanges{
				Protocol: protocol.name, Scenario: "headers", Address: peer.Address(), Seed: time.Now().UnixNano(),
				N: 20_000, Concurrency: trafficClients, Pause: 20 * time.Millisecond,
			},
		}
		x.end = x.Begin(x.exchanges)
		all = append(all, x)
	}
	return all
}

// letSomePass waits until each has made some more requests.
func letSomePass(t *testing.T, all []traffic) {
	t.Helper()
	const more = 30
	for _, x := range all {
		until := x.peer.Requests() + more
		require.Eventually(t, func() bool { return x.peer.Requests() >= until }, patience, interval, x.exchanges.Protocol)
	}
}

// finish ends it, and holds what has come to what comes of the same requests while nothing traces the target.
func finish(t *testing.T, all []traffic) (added int) {
	t.Helper()
	for _, x := range all {
		had := x.end()
		checkHad(t, had, x.exchanges)
		traced := x.peer.Take()
		x.exchanges.N, x.exchanges.Pause = had.N, 0
		checkHad(t, x.Have(x.exchanges), x.exchanges)
		d := compare(t, x.peer.Take(), traced, x.exchanges)
		assert.Equal(t, had.N, d.Requests)
		added += d.Added
	}
	return added
}

// Collectors come and go in the middle of requests, whose connections are there before, and stay: every request has
// one header or none.
func TestBytesWhileCollectorsComeAndGo(t *testing.T) {
	for _, build := range crowdBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprintf("bytes-%d-%s", os.Getpid(), build)
			all, onWire := startTraffic(t, build, mark), false
			for range 2 {
				letSomePass(t, all)
				c := newCollector(t, targets(receiver.SelectorConfig{Environment: map[string]string{markVariable: mark}}))
				for _, x := range all {
					c.waitTraced(x.Target)
				}
				letSomePass(t, all)
				onWire = c.isOnWire("http1")
				c.inFlight = int64(len(all) * trafficClients)
				c.stop()
			}
			letSomePass(t, all)
			assert.Equal(t, onWire, finish(t, all) > 0)
		})
	}
}

// The same of collectors that are killed.
func TestBytesWhileCollectorsAreKilled(t *testing.T) {
	for _, build := range crowdBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprintf("bytes-killed-%d-%s", os.Getpid(), build)
			all := startTraffic(t, build, mark)
			for range 2 {
				letSomePass(t, all)
				collector := startProcess(t, mark)
				for _, x := range all {
					require.Eventually(t, func() bool { return traps(t, x.Target) > 0 }, patience, interval)
				}
				letSomePass(t, all)
				require.NoError(t, collector.Process.Kill())
				_ = collector.Wait() // it says "signal: killed"
				for _, x := range all {
					assert.Eventually(t, func() bool { return traps(t, x.Target) == 0 }, patience, interval, "probes are left")
				}
			}
			letSomePass(t, all)
			finish(t, all)
		})
	}
}
