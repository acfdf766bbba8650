// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

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
	// send makes the call to call.Method, for what a Call cannot.
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

// compareCalled holds spans of a client to the golden traces of the calls that it made one after the other.
func compareCalled(t *testing.T, prefix string, cases []grpcCase, spans []span, e expectation) {
	t.Helper()
	require.Len(t, spans, spanCount(cases), "spans of %s: %v", prefix, spans)
	hideAddresses(spans, e.addresses)
	for _, test := range cases {
		n := max(1, test.spans)
		compareGolden(t, prefix+test.name, spans[:n], e)
		spans = spans[n:]
	}
}

// compareServed is compareCalled for a server. It may begin a call that its client gave up after the
// call that the client made next: a call's spans are found by the method.
func compareServed(t *testing.T, prefix string, cases []grpcCase, spans []span, e expectation) {
	t.Helper()
	hideAddresses(spans, e.addresses)
	for _, test := range cases {
		var served []span
		spans = slices.DeleteFunc(spans, func(s span) bool {
			mine := len(served) < max(1, test.spans) &&
				(s.Kind() == ptrace.SpanKindServer && "/"+methodOf(s) == test.call.Method || len(served) > 0 && s.isChildOf(served[0]))
			if mine {
				served = append(served, s)
			}
			return mine
		})
		compareGolden(t, prefix+test.name, served, e)
	}
	assert.Empty(t, spans, "more spans than expected")
}

// methodOf is the method that the caller named, whether or not the server knows it.
func methodOf(s span) string {
	method, ok := s.attribute("rpc.method_original").(string)
	if !ok {
		method, _ = s.attribute("rpc.method").(string)
	}
	return method
}

// eachGRPC is one build of a program for each version of grpc.
func eachGRPC(program string) (builds []targettest.Build) {
	seen := map[string]bool{}
	for _, build := range slices.Backward(targettest.GRPCBuilds(program)) {
		if !seen[build.ModFile] {
			builds = append(builds, build)
		}
		seen[build.ModFile] = true
	}
	return builds
}

// oldestAndNewestGRPC are the two builds of a program that are furthest apart.
func oldestAndNewestGRPC(program string) []targettest.Build {
	builds := targettest.GRPCBuilds(program)
	return []targettest.Build{builds[0], builds[len(builds)-1]}
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
