// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
)

// How many of the requests of a scenario are given a header where requests of the protocol are.
const (
	none = iota // the program sends its own
	some        // there is not always room, or one does not know which request it is
	each
)

// bytesScenarios are what the program propagation does with a peer, by the families of protocols that it is for.
var bytesScenarios = []struct {
	name           string
	families       []string
	n, concurrency int
	added          int
}{
	{"plain", []string{"http", "grpc"}, 20, 1, each},
	{"headers", []string{"http", "grpc"}, 200, 1, some},
	{"headers", []string{"http", "grpc"}, 300, 30, some},
	{"padded", []string{"http", "grpc"}, 1000, 2, some},
	{"bodies", []string{"http", "grpc"}, 120, 2, each},
	{"expect", []string{"http"}, 60, 1, each},
	{"own", []string{"http", "grpc"}, 40, 4, none},
	{"shared", []string{"http"}, 20, 1, each},
	{"shared", []string{"http"}, 100, 10, some},
	{"retry", []string{"http1"}, 40, 1, each},
	{"upgrade", []string{"http1"}, 40, 4, each},
	{"stream", []string{"grpc"}, 40, 1, each},
	// What several streams send fills the transport's write buffer, whose end can be within a HEADERS frame.
	{"stream", []string{"grpc"}, 100, 10, some},
}

// What peers receive is what the program sent plus one header.
func TestBytes(t *testing.T) {
	for _, build := range targettest.PropagationBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			w := startTwins(t, build)
			added := 0
			for _, protocol := range protocols {
				if !speaks(t, build, protocol.name) {
					continue
				}
				peer := wiretest.Listen(t, protocol.peer(t))
				for _, scenario := range bytesScenarios {
					if !protocol.isOneOf(scenario.families) {
						continue
					}
					exchanges := targettest.Exchanges{
						Scenario: scenario.name, Protocol: protocol.name, N: scenario.n, Concurrency: scenario.concurrency,
					}
					d := w.have(t, peer, exchanges)
					added += d.Added
					require.GreaterOrEqual(t, d.Requests, scenario.n, "%+v", exchanges)
					switch {
					case scenario.added == none || !w.collector.isOnWire(protocol.name):
						assert.Zero(t, d.Added, "%+v", exchanges)
					case scenario.added == each:
						assert.Equal(t, d.Requests, d.Added, "%+v; all requests so far: %v", exchanges, w.collector.propagations())
					default:
						assert.Positive(t, d.Added, "%+v", exchanges)
					}
				}
			}
			// The kernel side counts for all collectors of a process at once, which tests that run at the same time have.
			assert.Eventually(t, func() bool { return w.collector.added() >= added }, patience, interval,
				"%d headers have come, and the collector counts fewer: %d", added, w.collector.added())
		})
	}
}

// added is how many requests have been given a header, as the collector counts them.
func (c *collector) added() int {
	outcomes := c.propagations()
	return outcomes["written"] + outcomes["inserted"]
}

// propagations is what the collector counts of the requests that go out.
func (c *collector) propagations() map[string]int {
	outcomes := map[string]int{}
	for _, point := range c.points("ebpfgo.propagation.requests") {
		outcome, _ := point.Attributes.Value(attribute.Key("outcome"))
		outcomes[outcome.AsString()] += int(point.Value)
	}
	return outcomes
}
