// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// soakVariable is how long TestSoak lasts, as time.ParseDuration reads it.
const soakVariable = "EBPFGO_TEST_SOAK"

// Three processes are traced that keep all processors busy, so that programs of the kernel side are preempted
// by each other all the time, for as long as it is wanted. Every request has its span, and none is lost.
func TestSoak(t *testing.T) {
	duration := time.Second
	if text, ok := os.LookupEnv(soakVariable); ok {
		var err error
		duration, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	c := startCollector(t)
	web := c.start(targettest.Build{Program: "httpserver", Go: "1.27", Strip: true, PIE: true})
	server := c.start(oldestAndNewestGRPC("grpcserver")[1], targettest.Args("-proxy"))
	client := c.start(oldestAndNewestGRPC("grpcclient")[1])
	call := targettest.Call{Target: server.Address(), Method: "/example.Each/Call{n}", N: 500, Concurrency: 8, Channels: 2, Goroutine: true}
	load := targettest.Load{URL: web.URL(), PathPrefix: "/ok/", Requests: 500, Concurrency: 8, KeepAlive: true}
	rounds := 0
	for begun := time.Now(); rounds == 0 || time.Since(begun) < duration; rounds++ {
		wait := client.BeginCall(call)
		outcomes := load.Run(t.Context())
		for _, result := range wait() {
			require.Equal(t, "OK", result.Code, result.Message)
		}
		checkOneToOne(t, c.gather(web, len(outcomes)), outcomes)
		for _, x := range []*targettest.Target{server, client} {
			methods := map[string]bool{}
			spans := c.gather(x, call.N)
			for _, s := range spans {
				methods[methodOf(s)] = true
			}
			assert.Len(t, spans, call.N)
			assert.Len(t, methods, call.N, "calls that have a span")
		}
		c.forget()
		if t.Failed() {
			t.Fatalf("round %d, after %v", rounds, time.Since(begun))
		}
	}
	t.Logf("%d rounds, %d requests and calls", rounds, rounds*(load.Requests+call.N))
}
