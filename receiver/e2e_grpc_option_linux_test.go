// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// What is switched off has no spans, and takes none from the others: a call that comes in through
// net/http is a request of HTTP where nobody asks for gRPC.
func TestGRPCInstrumentationsOff(t *testing.T) {
	const (
		rpcServer  = "Server example.Unary/Call"
		rpcClient  = "Client example.Unary/Echo"
		httpServer = "Server POST"
	)
	for _, test := range []struct {
		name    string
		off     string
		options []targettest.Option
		spans   []string // of a call whose handler calls another server
	}{
		{"none", "", nil, []string{rpcServer, rpcClient}},
		{"server", "grpc_server", nil, []string{rpcClient}},
		{"client", "grpc_client", nil, []string{rpcServer}},
		{"none, net/http", "", []targettest.Option{targettest.Args("-handler")}, []string{rpcServer, rpcClient}},
		{"server, net/http", "grpc_server", []targettest.Option{targettest.Args("-handler")}, []string{httpServer, rpcClient}},
		{"HTTP server, net/http", "net_http_server", []targettest.Option{targettest.Args("-handler")}, []string{rpcServer, rpcClient}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// An executable of its own: what other collectors want of a shared one is attached to it too.
			binary := copyBinary(t, targettest.Build{Program: "grpcserver", Go: "1.27", Strip: true, PIE: true})
			peer := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcserver"}))
			configure := []func(*receiver.Config){targets(receiver.SelectorConfig{Executable: binary})}
			if test.off != "" {
				configure = append(configure, instrumentation(test.off, false, nil))
			}
			c := startCollector(t, configure...)
			x := targettest.Start(t, binary, test.options...)
			c.waitTraced(x)
			client := startGRPCClient(t)
			const calls = 3
			results := client.Call(targettest.Call{
				Target: x.Address(), Method: "/example.Unary/Call", Messages: []string{toPeer(peer, echoMethod, "hello")}, N: calls,
			})
			for _, result := range results {
				require.Equal(t, "OK", result.Code, result.Message)
			}
			spans := c.next(x, calls*len(test.spans))
			var names []string
			for i, s := range spans {
				names = append(names, s.Kind().String()+" "+s.Name())
				if len(test.spans) == 2 && i%2 == 1 {
					assert.True(t, s.isChildOf(spans[i-1]), "%v", spans[i-1:i+1])
				} else {
					assert.True(t, s.isRoot(), "%v", s)
				}
			}
			var want []string
			for range calls {
				want = append(want, test.spans...)
			}
			assert.Equal(t, want, names)
		})
	}
}
