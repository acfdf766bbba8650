// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
)

// protocol is one by which the program propagation makes requests.
type protocol struct {
	name string
	// families are its own name and those that it shares with others.
	families []string
	peer     func(testing.TB) wiretest.Protocol
}

var protocols = []protocol{
	{"http1", []string{"http1", "http"}, func(testing.TB) wiretest.Protocol { return wiretest.HTTP1 }},
	{"https1", []string{"http1", "http"}, func(t testing.TB) wiretest.Protocol { return wiretest.TLS(t, wiretest.HTTP1) }},
	{"h2c", []string{"http"}, func(testing.TB) wiretest.Protocol { return wiretest.HTTP2 }},
	{"h2", []string{"http"}, func(t testing.TB) wiretest.Protocol { return wiretest.TLS(t, wiretest.HTTP2, "h2") }},
	{"grpc", []string{"grpc"}, func(testing.TB) wiretest.Protocol { return wiretest.HTTP2 }},
	{"grpcs", []string{"grpc"}, func(t testing.TB) wiretest.Protocol { return wiretest.TLS(t, wiretest.HTTP2, "h2") }},
}

func (p protocol) isOneOf(families []string) bool {
	return slices.ContainsFunc(families, func(family string) bool { return slices.Contains(p.families, family) })
}

// speaks tells whether a build of propagation has a protocol.
func speaks(t *testing.T, build targettest.Build, protocol string) bool {
	t.Helper()
	switch protocol {
	case "h2c":
		return minor(t, build) >= 24 // http.Protocols
	case "grpc", "grpcs":
		return slices.Contains(build.Tags, "grpc")
	}
	return true
}

// twins are two processes of one program, of which the first is not traced and the second is, with a peer that both
// have exchanges with.
type twins struct {
	plain, traced *targettest.Target
	collector     *collector
	seed          int64
}

func startTwins(t *testing.T, build targettest.Build, args ...string) twins {
	t.Helper()
	binary := targettest.Binary(t, build)
	plain := targettest.Start(t, binary, targettest.Args(args...))
	c := startCollector(t)
	return twins{plain: plain, traced: c.startBinary(binary, targettest.Args(args...)), collector: c, seed: time.Now().UnixNano()}
}

// have has both have the same exchanges, one after the other, and holds what the peer has of the second to what it has
// of the first.
func (w twins) have(t *testing.T, peer *wiretest.Peer, exchanges targettest.Exchanges) wiretest.Difference {
	t.Helper()
	exchanges.Seed = w.seed
	exchanges.Warm = true // what a peer of HTTP/2 says at first has come, so that windows do not cut frames
	if exchanges.Address == "" {
		exchanges.Address = peer.Address()
	}
	var runs [2][]wiretest.Connection
	for i, x := range []*targettest.Target{w.plain, w.traced} {
		checkHad(t, x.Have(exchanges), exchanges)
		runs[i] = peer.Take()
	}
	return compare(t, runs[0], runs[1], exchanges)
}

// checkHad holds what became of exchanges to that none failed.
func checkHad(t *testing.T, had targettest.Had, exchanges targettest.Exchanges) {
	t.Helper()
	require.Zero(t, had.Failed, "%+v: %v", exchanges, had.Failures)
}

// maxFaults bounds what a test says.
const maxFaults = 5

// compare holds what came while a program was traced to what came before.
func compare(t *testing.T, plain, traced []wiretest.Connection, exchanges targettest.Exchanges) wiretest.Difference {
	t.Helper()
	d := wiretest.Compare(plain, traced)
	for _, fault := range d.Faults[:min(len(d.Faults), maxFaults)] {
		assert.Fail(t, "bytes differ", "%+v: %s", exchanges, fault)
	}
	t.Logf("%s %s: %d requests, %d of them with a header of ours, %d faults", exchanges.Protocol, exchanges.Scenario, d.Requests, d.Added, len(d.Faults))
	return d
}
