// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// grpcCase is one way in which a call goes. It has a golden trace by its name.
type grpcCase struct {
	name string
	call targettest.Call
	// code and message are what the client gets: OK if code is empty, a message with that in it.
	code, message string
	spans         int // that the traced side makes of it; 1 if it is 0
	since         int // the minor version of grpc from which on the call goes so
	// send makes the call, for what a Call cannot.
	send func(t *testing.T)
}

// run makes the call.
func (c grpcCase) run(t *testing.T, client *targettest.Target) {
	t.Helper()
	if c.send != nil {
		c.send(t)
		return
	}
	for _, result := range client.Call(c.call) {
		if c.code != "" || c.call.N == 0 { // many calls go in many ways
			want := c.code
			if want == "" {
				want = "OK"
			}
			assert.Equal(t, want, result.Code, "%s: %s", c.name, result.Message)
			assert.Contains(t, result.Message, c.message, c.name)
		}
	}
}

// spanCount is how many spans the cases make.
func spanCount(cases []grpcCase) (n int) {
	for _, test := range cases {
		n += max(1, test.spans)
	}
	return n
}

// compareCases holds spans to the golden traces of calls that were made one after the other.
func compareCases(t *testing.T, prefix string, cases []grpcCase, spans []span, e expectation) {
	t.Helper()
	if !assert.Len(t, spans, spanCount(cases), "spans of %s: %v", prefix, spans) {
		return
	}
	hideAddresses(spans, e.addresses)
	for _, test := range cases {
		n := max(1, test.spans)
		compareGolden(t, prefix+test.name, spans[:n], e)
		spans = spans[n:]
	}
}

// grpcMinor is 85 for a build with grpc 1.85.
func grpcMinor(t *testing.T, build targettest.Build) int {
	t.Helper()
	if build.ModFile == "" {
		return 85
	}
	number, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(build.ModFile, "grpc1."), ".mod"))
	require.NoError(t, err)
	return number
}

// since leaves out the cases that an older version of grpc does not have.
func since(cases []grpcCase, minor int) []grpcCase {
	return slices.DeleteFunc(cases, func(c grpcCase) bool { return c.since > minor })
}

// hideAddresses replaces what differs from run to run and the golden traces of HTTP do not have: ports
// of clients, sockets, and addresses in the messages of statuses, of which grpc 1.40 writes one otherwise.
func hideAddresses(spans []span, addresses map[string]string) {
	for _, s := range spans {
		if port, ok := s.Attributes().Get("client.port"); ok {
			port.SetStr("*")
		}
		s.Status().SetMessage(strings.Replace(s.Status().Message(), "while dialing dial", "while dialing: dial", 1))
		for address, name := range addresses {
			if peer, ok := s.Attributes().Get("network.peer.address"); ok && peer.Str() == address {
				peer.SetStr(name)
			}
			s.Status().SetMessage(strings.ReplaceAll(s.Status().Message(), address, name))
		}
	}
}

// startGRPCClient starts a client that is not traced.
func startGRPCClient(t testing.TB) *targettest.Target {
	return targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "grpcclient"}))
}

// lastMethod is that of the call by which a test knows that no more spans follow.
const lastMethod = "example.Stream/Last"

// nothingElseCalled checks that a target has no more spans than those that were taken: the span of
// the call to lastMethod, which the target makes or serves, follows all others.
func (c *collector) nothingElseCalled(x, client *targettest.Target, call targettest.Call) {
	c.t.Helper()
	call.Method = "/" + lastMethod
	assert.Equal(c.t, "Unimplemented", client.Call(call)[0].Code)
	spans := c.next(x, 1)
	assert.Len(c.t, spans, 1, "more spans than expected: %v", spans)
	assert.Contains(c.t, spans[len(spans)-1].String(), lastMethod)
}
