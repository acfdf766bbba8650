// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// Start and end are those of the call on the epoch clock, on both sides.
func TestGRPCTimes(t *testing.T) {
	const calls, took = 20, 20 * time.Millisecond
	for i, build := range oldestAndNewestGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			server := oldestAndNewestGRPC("grpcserver")[i]
			for _, options := range [][]targettest.Option{nil, {targettest.Args("-handler")}} {
				y := c.start(server, options...)
				for service, stream := range map[string]string{"Unary": "", "Stream": "bidi"} {
					results := x.Call(targettest.Call{
						Target: y.Address(), Stream: stream, Method: "/example." + service + "/Sleep", Messages: []string{took.String()}, N: calls,
					})
					callers, servers := c.next(x, calls), c.next(y, calls)
					require.Len(t, callers, calls)
					require.Len(t, servers, calls)
					for n, result := range results {
						require.Equal(t, "OK", result.Code, result.Message)
						for _, s := range []span{callers[n], servers[n]} {
							checkCallTimes(t, s, result)
							assert.GreaterOrEqual(t, s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime()), took, "%v", s)
						}
					}
				}
			}
		})
	}
}

// checkCallTimes holds the times of a span to those that the caller measured around the call.
func checkCallTimes(t *testing.T, s span, result targettest.CallResult) {
	t.Helper()
	start, end := s.StartTimestamp().AsTime(), s.EndTimestamp().AsTime()
	of := fmt.Sprintf("%v, of a call from %v to %v", s, result.Start, result.End)
	assert.False(t, start.Before(result.Start.Add(-tolerance)), "starts %v before the call: %s", result.Start.Sub(start), of)
	assert.False(t, end.After(result.End.Add(tolerance)), "ends %v after the call: %s", end.Sub(result.End), of)
	assert.False(t, end.Before(start), of)
}
