// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
)

// What peers receive is what the program sent plus one header.
func TestBytes(t *testing.T) {
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			w := startTwins(t, build)
			for _, protocol := range protocols {
				if !speaks(t, build, protocol.name) {
					continue
				}
				peer := wiretest.Listen(t, protocol.peer(t))
				for _, test := range []struct {
					scenario       string
					n, concurrency int
					own            bool // the program sends a traceparent of its own
					only           string
				}{
					{scenario: "plain", n: 20},
					{scenario: "headers", n: 200},
					{scenario: "headers", n: 300, concurrency: 30},
					{scenario: "padded", n: 1000, concurrency: 2},
					{scenario: "bodies", n: 120, concurrency: 2},
					{scenario: "expect", n: 60, only: "http"},
					{scenario: "own", n: 40, concurrency: 4, own: true},
					{scenario: "shared", n: 20, only: "http"},
					{scenario: "shared", n: 100, concurrency: 10, only: "http"},
					{scenario: "retry", n: 40, only: "http1"},
					{scenario: "upgrade", n: 40, concurrency: 4, only: "http1"},
					{scenario: "stream", n: 100, concurrency: 10, only: "grpc"},
				} {
					if !speaksOf(protocol.name, test.only) {
						continue
					}
					exchanges := targettest.Exchanges{Scenario: test.scenario, Protocol: protocol.name, N: test.n, Concurrency: test.concurrency}
					d := w.have(t, peer, exchanges)
					assert.GreaterOrEqual(t, d.Requests, test.n, "%+v", exchanges)
					if test.own {
						assert.Zero(t, d.Added, "%+v", exchanges)
					}
				}
			}
		})
	}
}

// speaksOf tells whether a protocol is one of those that a scenario is for.
func speaksOf(protocol, family string) bool {
	of := map[string]string{
		"http1": "http http1", "https1": "http http1", "h2c": "http", "h2": "http", "grpc": "grpc", "grpcs": "grpc",
	}
	for _, name := range strings.Fields(of[protocol]) {
		if name == family {
			return true
		}
	}
	return family == ""
}
