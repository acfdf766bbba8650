// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// chain is services in a row, each of which calls the next one. All of them are traced.
type chain struct {
	*collector
	services []*targettest.Target
}

// chainLength is how many services a chain has.
const chainLength = 3

func startChain(t *testing.T, build targettest.Build) chain {
	t.Helper()
	y := chain{collector: startCollector(t)}
	for range chainLength {
		y.services = append(y.services, y.start(build))
	}
	return y
}

// hops are what a request says that is to go through the chain by these protocols.
func (y chain) hops(protocols []string) string {
	var hops []string
	for i, protocol := range protocols {
		hops = append(hops, protocol+"/"+y.services[i+1].PropagationAddress(protocol))
	}
	return strings.Join(hops, ",")
}

// chainHops are the protocols that chains of a build go by, from the first service to the second and on to the third.
func chainHops(t *testing.T, build targettest.Build) (hops [][]string) {
	t.Helper()
	var all []string
	for _, protocol := range protocols {
		if speaks(t, build, protocol.name) {
			all = append(all, protocol.name)
		}
	}
	for i, protocol := range all {
		hops = append(hops, []string{protocol, protocol}, []string{protocol, all[(i+1)%len(all)]})
	}
	return hops
}

// request sends a request through the chain. It returns what headers came to each service, as the services say:
// traceparent and tracestate, "-" where there is none.
func (y chain) request(id int, protocols []string, header http.Header) (trail [][]string) {
	y.t.Helper()
	request, err := http.NewRequestWithContext(y.t.Context(), http.MethodGet,
		fmt.Sprintf("%s/chain/%d?next=%s", y.services[0].URL(), id, y.hops(protocols)), nil)
	require.NoError(y.t, err)
	request.Header = header
	response, err := y.services[0].Client().Do(request)
	require.NoError(y.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(y.t, err)
	require.Equal(y.t, http.StatusOK, response.StatusCode, "%v: %s", protocols, body)
	for line := range strings.Lines(string(body)) {
		trail = append(trail, strings.Fields(line))
	}
	require.Len(y.t, trail, chainLength, "%s", body)
	return trail
}

// chainSpans is how many spans a request through a chain has: one for the server and one for the client in each
// service, but for the last one's client.
const chainSpans = 2*chainLength - 1

// spansOfRequests waits for the spans of n requests. Those of a service are in the order in which they began.
func (y chain) spansOfRequests(n int) (all []span) {
	y.t.Helper()
	for i, x := range y.services {
		want := 2 * n
		if i == chainLength-1 {
			want = n
		}
		spans := y.gather(x, want)
		assert.Len(y.t, spans, want, "service %d", i)
		all = append(all, spans...)
	}
	return all
}

// checkChain holds spans to those of one request that went through a chain: one trace, in which each is the child of
// the one before. It returns them in this order, nil if they are others.
func (y chain) checkChain(t *testing.T, what string, spans []span) (inOrder []span) {
	t.Helper()
	if !assert.Len(t, spans, chainSpans, "%s: %v", what, spans) {
		return nil
	}
	var parents, want []string
	for i := range chainSpans {
		x, kind, parent := y.services[i/2], ptrace.SpanKindServer, fmt.Sprintf("%d, remote", i-1)
		if i%2 == 1 {
			kind, parent = ptrace.SpanKindClient, strconv.Itoa(i-1)
		}
		at := slices.IndexFunc(spans, func(s span) bool { return s.pid() == x.PID() && s.Kind() == kind })
		if !assert.GreaterOrEqual(t, at, 0, "%s: service %d has no such span: %v", what, i/2, spans) {
			return nil
		}
		inOrder = append(inOrder, spans[at])
		if i > 0 {
			parents, want = append(parents, parentIn(inOrder, spans[at])), append(want, parent)
		}
	}
	if !assert.Equal(t, want, parents, "%s: the parents of all spans but the first: %v", what, inOrder) {
		return nil
	}
	return inOrder
}

// parentIn says which of the spans is the parent of a span, and whether it is another process's.
func parentIn(spans []span, child span) string {
	for i, s := range spans {
		if s.SpanID() == child.ParentSpanID() && s.TraceID() == child.TraceID() {
			if child.hasRemoteParent() {
				return fmt.Sprintf("%d, remote", i)
			}
			return strconv.Itoa(i)
		}
	}
	return "none of them"
}
