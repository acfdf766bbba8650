// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// tolerance is how far the times of a span may be from the clock of the collector's host.
const tolerance = time.Millisecond

// Start and end are those of the request on the epoch clock.
func TestTimes(t *testing.T) {
	for _, build := range loadBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.TLS()}} {
				x := c.start(build, options...)
				load := targettest.Load{URL: x.URL(), PathPrefix: "/sleep/", Query: "d=20ms", Requests: 50, KeepAlive: true, HTTP2: options != nil}
				outcomes := load.Run(t.Context())
				spans := c.gather(x, len(outcomes))
				checkOneToOne(t, spans, outcomes)
				checkTimes(t, spans, outcomes, 20*time.Millisecond)
			}
		})
	}
}

// checkTimes holds the times of spans to those of the requests, whose handlers took at least that long.
func checkTimes(t *testing.T, spans []span, outcomes []targettest.Outcome, took time.Duration) {
	t.Helper()
	paths := byPath(t, spans)
	for _, outcome := range outcomes {
		s, ok := paths[outcome.Path]
		if !assert.True(t, ok, outcome.Path) {
			continue
		}
		start, end := s.StartTimestamp().AsTime(), s.EndTimestamp().AsTime()
		assert.False(t, start.Before(outcome.Start.Add(-tolerance)), "%s starts %v before its request", outcome.Path, outcome.Start.Sub(start))
		assert.False(t, start.After(outcome.End.Add(tolerance-took)), "%s starts %v too late", outcome.Path, start.Sub(outcome.End.Add(-took)))
		assert.False(t, end.Before(outcome.Start.Add(took-tolerance)), "%s ends %v too early", outcome.Path, outcome.Start.Add(took).Sub(end))
		assert.False(t, end.After(outcome.End.Add(tolerance)), "%s ends %v after its response", outcome.Path, end.Sub(outcome.End))
		assert.GreaterOrEqual(t, end.Sub(start), took, outcome.Path)
	}
}
