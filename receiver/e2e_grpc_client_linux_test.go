// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

const (
	echoMethod = "/example.Unary/Echo"
	chatMethod = "/example.Stream/Chat"
	listMethod = "/example.Stream/List"
	waitMethod = "/example.Unary/Wait"
)

// grpcClientCases are the calls that every build of the client makes, to servers that are not traced:
// over plain TCP, over TLS, over sockets, and to an address where there is none.
func grpcClientCases(plain, secure, socket, abstract, nowhere, unique string) []grpcCase {
	type call = targettest.Call
	echo := []call{{Target: plain, Method: echoMethod, Messages: []string{"x"}}}
	return []grpcCase{
		{name: "unary", call: call{Target: plain, Method: echoMethod, Messages: []string{"hello"}}},
		{name: "goroutine", call: call{Target: plain, Method: echoMethod, Goroutine: true}},
		{name: "context", call: call{Target: plain, Method: echoMethod, Context: "chain"}},
		{name: "tls", call: call{Target: secure, TLS: true, Method: echoMethod}},
		{name: "client-stream", call: call{Target: plain, Stream: "client", Method: "/example.Stream/Gather", Messages: []string{"a", "b", "c"}}},
		{name: "server-stream", call: call{Target: plain, Stream: "server", Method: listMethod, Messages: []string{"3"}}},
		{name: "bidi-stream", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b", "c"}}},
		{name: "elsewhere", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b", "c"}, Elsewhere: true}},

		{name: "passthrough", call: call{Target: "passthrough:///" + plain, Method: echoMethod}},
		{name: "dns", call: call{Target: "dns:///" + plain, Method: echoMethod}},
		{name: "dns-name", call: call{Target: "dns:///localhost" + strings.TrimPrefix(plain, "127.0.0.1"), Method: echoMethod}},
		{name: "unix", call: call{Target: "unix:" + socket, Method: echoMethod}},
		{name: "unix-authority", call: call{Target: "unix://" + socket, Method: echoMethod}},
		{name: "unix-abstract", call: call{Target: "unix-abstract:" + abstract, Method: echoMethod}, since: 56},

		{name: "statuses", call: call{Target: plain, Method: "/example.Unary/Status", Messages: []string{"{n} status {n}"}, N: 18}, spans: 18},
		{name: "stream-statuses", call: call{Target: plain, Stream: "bidi", Method: "/example.Stream/Status", Messages: []string{"{n} status {n}"}, N: 18}, spans: 18},
		{name: "unknown-method", call: call{Target: plain, Method: "/example.Unary/Nowhere"}, code: "Unimplemented"},
		{name: "cancelled", call: call{Target: plain, Method: waitMethod, Messages: []string{"1m"}, CancelAfter: shortly}, code: "Canceled"},
		{name: "deadline", call: call{Target: plain, Method: waitMethod, Messages: []string{"1m"}, Timeout: shortly}, code: "DeadlineExceeded"},
		{name: "stream-cancelled", call: call{Target: plain, Stream: "bidi", Method: "/example.Stream/Wait", Messages: []string{"1m"}, CancelAfter: shortly}, code: "Canceled"},
		{name: "stream-deadline", call: call{Target: plain, Stream: "bidi", Method: "/example.Stream/Wait", Messages: []string{"1m"}, Timeout: shortly}, code: "DeadlineExceeded"},
		{name: "stream-abandoned", call: call{Target: plain, Stream: "server", Method: listMethod, Messages: []string{"-1"}, Leave: "cancel"}},
		{name: "stream-closed", call: call{Target: plain, Name: "stream-closed", Stream: "bidi", Method: chatMethod, Messages: []string{"a"}, Leave: "close"}},

		{name: "no-connection", call: call{Target: nowhere, Method: echoMethod}, code: "Unavailable", message: "connection refused"},
		{name: "stream-no-connection", call: call{Target: nowhere, Stream: "bidi", Method: chatMethod}, code: "Unavailable", message: "connection refused"},
		{name: "never-ready", call: call{Target: nowhere, Method: echoMethod, WaitForReady: true, Timeout: shortly}, code: "DeadlineExceeded"},
		{name: "closed", call: call{Target: plain, Name: "closed", Method: echoMethod, CloseFirst: true}, code: "Canceled", message: "the client connection is closing"},
		{name: "stream-on-closed", call: call{Target: plain, Name: "stream-on-closed", Stream: "bidi", Method: chatMethod, CloseFirst: true}, code: "Canceled", message: "the client connection is closing"},
		{name: "bad-metadata", call: call{Target: plain, Method: echoMethod, Metadata: map[string]string{"not a key": "x"}}, code: "Internal", message: "illegal characters", since: 56},
		{name: "stream-bad-metadata", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Metadata: map[string]string{"not a key": "x"}}, code: "Internal", message: "illegal characters", since: 56},

		{name: "retry", call: call{Target: plain, Method: "/example.Unary/Flaky", Messages: []string{"unary " + unique}, Retry: true}},
		{name: "stream-retry", call: call{Target: plain, Stream: "bidi", Method: "/example.Stream/Flaky", Messages: []string{"stream " + unique}, Retry: true}},
		{name: "no-retry", call: call{Target: plain, Method: "/example.Unary/Flaky", Messages: []string{"no " + unique}}, code: "Unavailable", message: "attempt 1"},
		{name: "retries-exhausted", call: call{Target: plain, Method: "/example.Unary/Status", Messages: []string{"14 never"}, Retry: true}, code: "Unavailable", message: "never"},

		{name: "derive", call: call{Target: plain, Method: echoMethod, Interceptor: "derive"}},
		{name: "stream-derive", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a"}, Interceptor: "derive"}},
		{name: "twice", call: call{Target: plain, Method: echoMethod, Interceptor: "twice"}, spans: 2},
		{name: "stream-twice", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a"}, Interceptor: "twice"}, spans: 2},
		{name: "nested", call: call{Target: plain, Method: echoMethod, Token: plain}, spans: 2},
		{name: "stream-nested", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a"}, Token: plain}, spans: 2},
		{name: "between", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, Between: echo}, spans: 2},
		{name: "between-streams", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, Between: []call{
			{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"c"}, Between: echo},
		}}, spans: 3},
		{name: "between-elsewhere", call: call{Target: plain, Stream: "bidi", Method: chatMethod, Messages: []string{"a", "b"}, Elsewhere: true, Between: echo}, spans: 2},
		{name: "between-abandoned", call: call{Target: plain, Stream: "server", Method: listMethod, Messages: []string{"-1"}, Leave: "cancel", Between: echo}, spans: 2},
	}
}

// retryOn makes grpc 1.40 retry, which later versions do unless they are told not to.
var retryOn = targettest.Env("GRPC_GO_RETRY=on")

func TestGRPCClient(t *testing.T) {
	// From 1.76 on a server resets streams at their deadline, which may come before its answer.
	server := targettest.Binary(t, targettest.Build{Program: "grpcserver", ModFile: "grpc1.69.mod"})
	socket := filepath.Join(t.TempDir(), "socket")
	plain, secure := targettest.Start(t, server), targettest.Start(t, server, targettest.TLS())
	targettest.Start(t, server, targettest.Args("-addr", "unix:"+socket))
	abstract := fmt.Sprintf("ebpfgo-test-%d", os.Getpid())
	targettest.Start(t, server, targettest.Args("-addr", "unix:@"+abstract))
	nowhere := unusedAddress(t)
	addresses := map[string]string{
		plain.Address(): "plain", secure.Address(): "secure", nowhere: "nowhere", socket: "/socket", "@" + abstract: "@abstract",
		"localhost" + strings.TrimPrefix(plain.Address(), "127.0.0.1"): "plain",
	}

	for _, build := range targettest.GRPCBuilds("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build, retryOn)
			cases := since(grpcClientCases(plain.Address(), secure.Address(), socket, abstract, nowhere, build.String()), grpcMinor(t, build))
			for _, test := range cases {
				test.run(t, x)
			}
			// An interceptor that does not call makes no span.
			refuse := targettest.Call{Target: plain.Address(), Method: echoMethod, Interceptor: "refuse"}
			assert.Equal(t, "PermissionDenied", x.Call(refuse)[0].Code)
			spans := c.gather(x, spanCount(cases))
			compareCalled(t, "grpc-client-", cases, spans, expectation{golden: isGolden(build), routes: true, addresses: addresses})
			c.nothingElseCalled(x, x, targettest.Call{Target: plain.Address()})
		})
	}
}

// A call that waits for a server has one span, from when it was made to its end, however many times
// the channel tried to connect.
func TestGRPCWaitForReady(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			address := unusedAddress(t)
			for _, call := range []targettest.Call{
				{Method: echoMethod},
				{Stream: "bidi", Method: chatMethod, Messages: []string{"a"}},
			} {
				call.Target, call.Name, call.WaitForReady = address, call.Stream, true
				wait := x.BeginCall(call)
				listener, err := net.Listen("tcp", address) // the first connection is cut
				require.NoError(t, err)
				conn, err := listener.Accept()
				require.NoError(t, err)
				require.NoError(t, conn.Close())
				require.NoError(t, listener.Close())
				server := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcserver"}), targettest.Args("-addr", address))
				result := wait()[0]
				require.Equal(t, "OK", result.Code, result.Message)
				spans := c.next(x, 1)
				require.Len(t, spans, 1)
				assert.Equal(t, "OK", spans[0].attribute("rpc.response.status_code"))
				checkCallTimes(t, spans[0], result)
				c.nothingElseCalled(x, x, targettest.Call{Target: address})
				server.Stop()
			}
		})
	}
}
