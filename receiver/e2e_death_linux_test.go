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

// A process that dies while it serves requests leaves their spans, with an error.
func TestTargetDies(t *testing.T) {
	for _, build := range loadBuilds {
		for _, how := range []string{"panic", "exit&code=3", "segv", "overflow", "kill"} {
			t.Run(build.Go+" "+how, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				x := c.start(build, targettest.ExpectCrash())
				const others = 5
				openRequests(t, x, others)
				_, err := x.Client().Get(x.URL() + "/die?how=" + how)
				require.Error(t, err)
				died := time.Now()
				x.WaitExit()
				spans := c.next(x, others+1)
				c.waitEnded(x)
				assert.Len(t, spans, others+1)
				assert.Equal(t, "/die", spans[others].attribute("url.path"))
				for _, s := range spans {
					assert.Equal(t, "Error", s.Status().Code().String())
					assert.Equal(t, "the process ended", s.Status().Message())
					assert.WithinDuration(t, died, s.EndTimestamp().AsTime(), spanPatience)
				}
				assert.Empty(t, c.take(x.PID()))
			})
		}
	}
}

// openRequests makes requests whose handlers have begun to answer, and cannot end before somebody reads on.
func openRequests(t *testing.T, x *targettest.Target, n int) {
	t.Helper()
	client := x.Client()
	for i := range n {
		response, err := client.Get(fmt.Sprintf("%s/big/%d?n=%d", x.URL(), i, 1<<40))
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
	}
}
