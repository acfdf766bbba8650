// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
	"github.com/ebpfgo/ebpfgoreceiver/internal/wiretest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// No request fails with propagation that does not fail without. What it costs is printed: the three targets take turns,
// so that what else the machine does meets all of them.
func TestPropagationCost(t *testing.T) {
	const rounds, requests = 5, 400
	build := targettest.PropagationBuilds[len(targettest.PropagationBuilds)-1]
	binary := targettest.Binary(t, build)
	subjects := []struct {
		name string
		x    *targettest.Target
	}{{"not traced", targettest.Start(t, binary)}}
	for _, mode := range []tracer.PropagationMode{"off", "auto"} {
		c := startCollector(t, func(config *receiver.Config) { config.Propagation.Mode = mode })
		subjects = append(subjects, struct {
			name string
			x    *targettest.Target
		}{"propagation " + string(mode), c.startBinary(binary)})
	}
	table := []string{fmt.Sprintf("%-10s %-18s %12s %12s %16s %8s", "protocol", "target", "p50", "p99", "CPU per request", "failed")}
	for _, protocol := range protocols {
		peer := wiretest.Listen(t, protocol.peer(t))
		had := make([][]targettest.Had, len(subjects))
		for range rounds {
			for i, subject := range subjects {
				exchanges := targettest.Exchanges{Protocol: protocol.name, Scenario: "plain", Address: peer.Address(), N: requests, Warm: true}
				h := subject.x.Have(exchanges)
				checkHad(t, h, exchanges)
				for _, connection := range peer.Take() {
					require.Empty(t, connection.Faults)
				}
				had[i] = append(had[i], h)
			}
		}
		for i, subject := range subjects {
			table = append(table, fmt.Sprintf("%-10s %-18s %12v %12v %16v %8d", protocol.name, subject.name,
				median(had[i], func(h targettest.Had) time.Duration { return h.P50 }),
				median(had[i], func(h targettest.Had) time.Duration { return h.P99 }),
				median(had[i], func(h targettest.Had) time.Duration { return h.CPU / time.Duration(h.N) }), 0))
		}
	}
	t.Logf("%s, %d rounds of %d requests, one at a time:\n%s", build, rounds, requests, strings.Join(table, "\n"))
}

// median is that of a duration over all rounds.
func median(had []targettest.Had, of func(targettest.Had) time.Duration) time.Duration {
	var all []time.Duration
	for _, h := range had {
		all = append(all, of(h))
	}
	slices.Sort(all)
	return all[len(all)/2].Round(100 * time.Nanosecond)
}
