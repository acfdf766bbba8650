// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// The remote parent is found wherever it stands in the metadata.
func TestTraceparentAmongMetadata(t *testing.T) {
	const repeat = 20 // maps are seeded: with each call the key stands elsewhere
	for _, build := range eachGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			client := startGRPCClient(t)
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.Args("-interceptors")}, {targettest.Args("-handler")}} {
				x := c.start(build, options...)
				for series, others := range []int{0, 1, 4, 5, 8, 30, 200} {
					metadata := map[string]string{"tracestate": "vendor=value"}
					for i := range others {
						metadata[fmt.Sprintf("x-key-%d", i)] = "value"
					}
					metadata["traceparent"] = fmt.Sprintf("00-%016x{hex}-{hex}-01", series+1)
					for _, kind := range unaryAndStream {
						results := client.Call(targettest.Call{
							Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/Echo", Messages: []string{"x"},
							Metadata: metadata, N: repeat,
						})
						spans := c.next(x, repeat)
						require.Len(t, spans, repeat)
						for i, s := range spans {
							require.Equal(t, "OK", results[i].Code, results[i].Message)
							assert.Equal(t, traceparent(series, i), fmt.Sprintf("00-%s-%s-01", s.TraceID(), s.ParentSpanID()), "%d other keys", others)
							assert.Equal(t, "vendor=value", s.TraceState().AsRaw(), "%d other keys", others)
							assert.EqualValues(t, flagsHasIsRemote|flagsIsRemote|1, s.Flags(), "%d other keys", others)
						}
					}
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
			}
		})
	}
}

// A traceparent that is not one by the specification is as good as none.
func TestTraceparentInvalidInMetadata(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			client := startGRPCClient(t)
			c := startCollector(t)
			x := c.start(build)
			for _, value := range []string{
				"", "00", strings.ToUpper(remoteParent), remoteParent + "-more", "ff" + remoteParent[2:],
				"00-" + strings.Repeat("0", 32) + "-fedcba9876543210-01", "00-" + remoteTrace + "-0000000000000000-01",
			} {
				result := client.Call(targettest.Call{
					Target: x.Address(), Method: echoMethod, Metadata: map[string]string{"traceparent": value, "tracestate": "vendor=value"},
				})[0]
				require.Equal(t, "OK", result.Code, result.Message)
				spans := c.next(x, 1)
				require.Len(t, spans, 1)
				assert.True(t, spans[0].isRoot(), "%q: %v", value, spans[0])
				assert.NotEqual(t, remoteTrace, spans[0].TraceID().String())
				assert.False(t, spans[0].TraceID().IsEmpty())
				assert.Empty(t, spans[0].TraceState().AsRaw())
			}
			c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
		})
	}
}

// A call that its caller does not sample has no span, and neither has what is done for it.
func TestGRPCNotSampled(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			client := startGRPCClient(t)
			c := startCollector(t)
			for _, options := range [][]targettest.Option{nil, {targettest.Args("-handler")}} {
				x := c.start(build, append(options, targettest.Args("-recover"))...)
				for method, code := range map[string]string{"Echo": "OK", "Error": "InvalidArgument", "Panic": "Internal", "Call": "OK", "CallGoroutine": "OK", "Nowhere": "Unimplemented"} {
					for _, kind := range unaryAndStream {
						result := client.Call(targettest.Call{
							Target: x.Address(), Stream: kind.stream, Method: "/" + kind.service + "/" + method,
							Messages: []string{toPeer(peer, echoMethod, "hello")},
							Metadata: map[string]string{"traceparent": "00-" + remoteTrace + "-fedcba9876543210-00"},
						})[0]
						require.Equal(t, code, result.Code, result.Message)
					}
				}
				c.nothingElseCalled(x, client, targettest.Call{Target: x.Address()})
			}
		})
	}
}
