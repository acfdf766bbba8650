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
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// underCalls runs do while a client makes calls of every kind, of which none may fail, and returns how
// many there were. No more than grpcConcurrency are open at a time.
func underCalls(t *testing.T, client, server *targettest.Target, do func()) (n int) {
	t.Helper()
	calls := []targettest.Call{
		{Method: echoMethod, Messages: []string{"x"}, N: 100},
		{Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, N: 20},
		{Stream: "server", Method: listMethod, Messages: []string{"3"}, N: 20},
		{Method: "/example.Unary/Sleep", Messages: []string{"5ms"}, N: 20},
	}
	stop, stopped := make(chan struct{}), make(chan int, 1)
	go func() {
		n := 0
		defer func() { stopped <- n }() // also if Call ends the test
		for {
			for _, call := range calls {
				call.Target, call.Concurrency = server.Address(), grpcConcurrency
				for _, result := range client.Call(call) {
					assert.Equal(t, "OK", result.Code, "%s: %s", call.Method, result.Message)
					n++
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	defer func() { // also if do ends the test
		close(stop)
		n = <-stopped
	}()
	do()
	return n
}

const grpcConcurrency = 4

// A client and a server do not notice how collectors come and go, in the middle of their calls.
func TestRestartUnderCalls(t *testing.T) {
	for i, build := range oldestAndNewestGRPC("grpcclient") {
		for name, options := range map[string][]targettest.Option{"http2": {targettest.Args("-workers", "4")}, "handler": {targettest.Args("-handler")}} {
			t.Run(build.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				x := targettest.Start(t, targettest.Binary(t, build))
				y := targettest.Start(t, targettest.Binary(t, oldestAndNewestGRPC("grpcserver")[i]), options...)
				calls := underCalls(t, x, y, func() {
					for range 3 {
						c := newCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID(), y.PID()}}))
						c.waitTraced(x)
						c.waitTraced(y)
						c.next(x, 100)
						c.next(y, 100)
						c.inFlight = 2 * grpcConcurrency
						c.stop()
						assert.Zero(t, traps(t, x))
						assert.Zero(t, traps(t, y))
					}
				})
				t.Logf("%d calls", calls)
			})
		}
	}
}

// A collector that is killed takes its probes with it, and no call of its targets fails, while it
// traces, while it dies, and after.
func TestCollectorIsKilledUnderCalls(t *testing.T) {
	for i, build := range oldestAndNewestGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprintf("killed-calls-%d-%s", os.Getpid(), build)
			marked := targettest.Env(markVariable + "=" + mark)
			x := targettest.Start(t, targettest.Binary(t, build), marked)
			y := targettest.Start(t, targettest.Binary(t, oldestAndNewestGRPC("grpcserver")[i]), marked)
			calls := underCalls(t, x, y, func() {
				for range 3 {
					collector := startProcess(t, mark)
					for _, target := range []*targettest.Target{x, y} {
						require.Eventually(t, func() bool { return traps(t, target) > 0 }, patience, interval)
					}
					require.NoError(t, collector.Process.Kill())
					_ = collector.Wait() // it says "signal: killed"
					for _, target := range []*targettest.Target{x, y} {
						assert.Eventually(t, func() bool { return traps(t, target) == 0 }, patience, interval, "probes are left")
					}
				}
			})
			t.Logf("%d calls", calls)
		})
	}
}

// A target that starts again, after it was killed with a call open, is traced from its first call on.
func TestGRPCTargetStartsAgain(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			binary := copyBinary(t, build)
			c := startCollector(t, targets(receiver.SelectorConfig{Executable: binary}))
			first := targettest.Start(t, binary) // keeps the probes attached
			c.waitTraced(first)
			client := startGRPCClient(t)
			for range 5 {
				x := targettest.Start(t, binary)
				result := client.Call(targettest.Call{Target: x.Address(), Method: echoMethod})[0]
				require.Equal(t, "OK", result.Code, result.Message)
				spans := c.next(x, 1)
				require.Len(t, spans, 1)
				assert.Equal(t, "example.Unary/Echo", spans[0].attribute("rpc.method"))
				openCalls(t, x, startGRPCClient(t), targettest.Call{Target: x.Address(), Method: "/example.Unary/Late"}, 1)
				x.Kill()
				spans = c.next(x, 1)
				require.Len(t, spans, 1)
				checkDied(t, spans[0], time.Now())
				c.waitEnded(x)
				assert.Empty(t, c.take(x.PID()))
				assert.Empty(t, kernelEntries(t, x))
			}
			c.nothingElseCalled(first, client, targettest.Call{Target: first.Address()})
		})
	}
}
