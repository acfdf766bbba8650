// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// Each call has exactly one span on each side, of the right method and with the right parent, however
// many run at the same time or in a row, on one connection or on many.
func TestOneSpanPerCall(t *testing.T) {
	for i, build := range oldestAndNewestGRPC("grpcclient") {
		server := oldestAndNewestGRPC("grpcserver")[i]
		for _, test := range []struct {
			name    string
			call    targettest.Call
			options []targettest.Option // of the server
		}{
			{name: "1000 at once on one connection", call: targettest.Call{Messages: []string{"1s"}, N: 1000, Concurrency: 1000}},
			{name: "1000 at once on 200 connections", call: targettest.Call{Messages: []string{"1s"}, N: 1000, Concurrency: 1000, Channels: 200}},
			{
				name:    "1000 at once by workers",
				call:    targettest.Call{Messages: []string{"100ms"}, N: 1000, Concurrency: 1000, Channels: 10},
				options: []targettest.Option{targettest.Args("-workers", "100"), targettest.GOMAXPROCS(8)},
			},
			{
				name:    "1000 at once behind net/http",
				call:    targettest.Call{Messages: []string{"200ms"}, N: 1000, Concurrency: 1000, Channels: 10},
				options: []targettest.Option{targettest.Args("-handler")},
			},
			{
				name:    "1000 at once on one processor",
				call:    targettest.Call{Messages: []string{"1s"}, N: 1000, Concurrency: 1000, Channels: 10},
				options: []targettest.Option{targettest.GOMAXPROCS(1), targettest.Env("GOGC=10")},
			},
			{name: "10000 in a row", call: targettest.Call{N: 10000}},
			{name: "10000 by eight", call: targettest.Call{N: 10000, Concurrency: 8, Channels: 3, Goroutine: true}, options: []targettest.Option{targettest.GOMAXPROCS(8)}},
		} {
			t.Run(build.Go+" "+test.name, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				y := c.start(server, append(test.options, targettest.Args("-proxy"))...)
				x := c.start(build)
				call := test.call
				// A method for each call: the client's span is found by it, the server's by the remote parent.
				call.Target, call.Method = y.Address(), "/example.Each/Call{n}"
				call.Metadata = map[string]string{"traceparent": "00-0000000000000001{hex}-{hex}-01"}
				for _, result := range x.Call(call) {
					require.Equal(t, "OK", result.Code, result.Message)
				}
				checkCalls(t, c.gather(x, call.N), call.N, func(i int, s span) { assert.True(t, s.isRoot(), "call %d: %v", i, s) })
				checkCalls(t, c.gather(y, call.N), call.N, func(i int, s span) {
					assert.Equal(t, traceparent(0, i), fmt.Sprintf("00-%s-%s-01", s.TraceID(), s.ParentSpanID()), "call %d: %v", i, s)
				})
				call.N, call.Metadata = 1, nil
				call.Method = "/" + lastMethod
				require.Equal(t, "OK", x.Call(call)[0].Code)
				assert.Len(t, c.next(x, 1), 1)
				assert.Len(t, c.next(y, 1), 1)
			})
		}
	}
}

// checkCalls looks for exactly one span of each of the methods example.Each/Call0 and following.
func checkCalls(t *testing.T, spans []span, n int, check func(i int, s span)) {
	t.Helper()
	assert.Len(t, spans, n)
	methods := map[string]span{}
	for _, s := range spans {
		method := methodOf(s)
		_, known := methods[method]
		assert.False(t, known, "two spans of %s", method)
		methods[method] = s
	}
	var missing []int
	for i := range n {
		s, ok := methods[fmt.Sprintf("example.Each/Call%d", i)]
		if !ok {
			missing = append(missing, i)
			continue
		}
		assert.Equal(t, "OK", s.attribute("rpc.response.status_code"), "%v", s)
		check(i, s)
	}
	assert.Empty(t, missing, "calls without span")
}

// Calls of every kind, a hundred thousand in a row, leave nothing behind in the kernel, while both
// processes live on.
func TestGRPCLeavesNothingBehind(t *testing.T) {
	const rounds = 10
	for i, build := range oldestAndNewestGRPC("grpcclient") {
		for name, options := range map[string][]targettest.Option{
			"http2": nil, "workers": {targettest.Args("-workers", "4")}, "handler": {targettest.Args("-handler")},
		} {
			t.Run(build.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				y := c.start(oldestAndNewestGRPC("grpcserver")[i], append(options, targettest.Args("-recover"))...)
				x := c.start(build, retryOn)
				type call = targettest.Call
				calls := []call{
					{Method: echoMethod, N: 1400},
					{Method: "/example.Unary/Status", Messages: []string{"14 status"}, N: 50},
					{Method: "/example.Unary/Status", Messages: []string{"14 status"}, Retry: true, N: 10},
					{Method: "/example.Unary/Panic", N: 50},
					{Method: "/example.Unary/Nowhere", N: 50},
					{Method: waitMethod, Messages: []string{"1m"}, CancelAfter: "1ms", N: 50},
					{Method: waitMethod, Messages: []string{"1m"}, Timeout: "1ms", N: 50},
					{Method: "/example.Unary/Late", CancelAfter: "1ms", N: 50},
					{Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, N: 50},
					{Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, Elsewhere: true, N: 50},
					{Stream: "client", Method: "/example.Stream/Gather", Messages: []string{"a", "b"}, N: 50},
					{Stream: "server", Method: listMethod, Messages: []string{"3"}, N: 50},
					{Stream: "server", Method: listMethod, Messages: []string{"-1"}, Leave: "cancel", N: 50},
					{Stream: "bidi", Method: "/example.Stream/Panic", Messages: []string{"a"}, N: 50},
					{Stream: "bidi", Method: waitMethod, Messages: []string{"1m"}, Timeout: "1ms", N: 50},
					{Method: echoMethod, Interceptor: "twice", N: 50},
					{Method: echoMethod, CloseFirst: true, Name: "closed {n}"},
				}
				if name != "workers" { // they would all be gone
					calls = append(calls, call{Method: "/example.Unary/Goexit", Timeout: "1ms", N: 20})
				}
				if build.Go == "1.27" && name == "http2" {
					calls[0].N = 10000
				}
				n := 0
				for range rounds {
					for _, each := range calls {
						each.Target, each.Concurrency = y.Address(), 8
						n += len(x.Call(each))
					}
					c.forget()
				}
				t.Logf("%d calls", n)
				for _, target := range []*targettest.Target{x, y} {
					assert.Eventually(t, func() bool { return len(kernelEntries(t, target)) == 0 }, patience, interval)
					assert.Empty(t, kernelEntries(t, target))
				}
			})
		}
	}
}

// forget drops the spans that have come, of which a long test has more than fit into memory.
func (c *collector) forget() {
	c.sink.Reset()
	c.read, c.unread = 0, nil
}

// stateMaps are the maps of the kernel side that hold what is open, by a word and the number of the process.
var stateMaps = []string{"goroutines", "contexts", "detached"}

// kernelEntries lists what the kernel side holds of a process, but for the goroutines of connections that are open.
func kernelEntries(t testing.TB, x *targettest.Target) (entries []string) {
	t.Helper()
	seen := map[string]bool{}
	for id := ebpf.MapID(0); ; {
		var err error
		if id, err = ebpf.MapGetNextID(id); errors.Is(err, os.ErrNotExist) {
			break
		}
		require.NoError(t, err)
		state, err := ebpf.NewMapFromID(id)
		if errors.Is(err, os.ErrNotExist) {
			continue // it is gone
		}
		require.NoError(t, err)
		info, err := state.Info()
		require.NoError(t, err)
		if slices.Contains(stateMaps, info.Name) && info.KeySize == 16 {
			seen[info.Name] = true
			for _, entry := range entriesOf(t, state) {
				if binary.NativeEndian.Uint64(entry.key[8:]) != uint64(x.PID()) || info.Name == "goroutines" && isKept(entry.value) {
					continue
				}
				entries = append(entries, fmt.Sprintf("%s %x", info.Name, entry.key))
			}
		}
		require.NoError(t, state.Close())
	}
	require.Len(t, seen, len(stateMaps), "maps that were found")
	return entries
}

// isKept tells whether a struct goroutine is kept, and has no open spans.
func isKept(goroutine []byte) bool {
	const count, kept = 8, 12
	return goroutine[kept] != 0 && binary.NativeEndian.Uint32(goroutine[count:]) == 0
}

type entry struct{ key, value []byte }

// entriesOf lists the entries of a map that is used at the same time.
func entriesOf(t testing.TB, m *ebpf.Map) (list []entry) {
	t.Helper()
	for range 100 {
		list = nil
		var key, value []byte
		entries := m.Iterate()
		for entries.Next(&key, &value) {
			list = append(list, entry{slices.Clone(key), slices.Clone(value)})
		}
		if !errors.Is(entries.Err(), ebpf.ErrIterationAborted) {
			require.NoError(t, entries.Err())
			return list
		}
	}
	t.Fatal("the map changes too fast to be read")
	return nil
}
