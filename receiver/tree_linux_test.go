// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// requests are the attributes that hold the identifier of the request of the service together that a span is for,
// by the name that trees have for such a span.
var requests = []struct {
	name, attribute string
	value           *regexp.Regexp
}{
	{"sql", "db.query.text", regexp.MustCompile(`^SELECT number FROM orders WHERE request = (-?\d+) AND pause = \?$`)},
	{"exec", "db.query.text", regexp.MustCompile(`^UPDATE orders SET pause = \? WHERE request = (\d+)$`)},
	{"grpc", "rpc.method", regexp.MustCompile(`^example\.Peer/Call(\d+)$`)},
	{"http", "url.full", regexp.MustCompile(`^http://[^/]+/ok/(\d+)\?d=`)},
}

// noRequest stands for the identifier in spans that have none.
const noRequest = math.MinInt

// request is the name of a client's span and the request that it is for. The spans of what has no room for an
// identifier have their own names, in lower case: "begin".
func request(s span) (name string, id int) {
	if s.Kind() == ptrace.SpanKindServer {
		return "server", noRequest
	}
	for _, known := range requests {
		value, _ := s.attribute(known.attribute).(string)
		if match := known.value.FindStringSubmatch(value); match != nil {
			id, _ = strconv.Atoi(match[1])
			return known.name, id
		}
	}
	return strings.ToLower(s.Name()), noRequest
}

// isBackground tells whether a span is one of the queries that the service makes for no request: their identifiers
// count down from -1.
func isBackground(s span) bool {
	_, id := request(s)
	return id < 0 && id != noRequest
}

// tree is a span with its children and theirs, "sql(grpc(http))", in alphabetical order. Spans that are for another
// request have its identifier behind their name.
func tree(root span, spans []span, id int) string {
	name, of := request(root)
	if of != id && of != noRequest {
		name += fmt.Sprintf("#%d", of)
	}
	var children []string
	for _, s := range spans {
		if s.isChildOf(root) {
			children = append(children, tree(s, spans, id))
		}
	}
	if len(children) == 0 {
		return name
	}
	slices.Sort(children)
	return name + "(" + strings.Join(children, " ") + ")"
}

// forest are the trees of all spans without a parent of the same process, in alphabetical order. They must have all
// spans in them.
func forest(t *testing.T, what string, spans []span, id int) string {
	t.Helper()
	var trees []string
	for _, s := range spans {
		if s.isRoot() || s.hasRemoteParent() {
			trees = append(trees, tree(s, spans, id))
		}
	}
	slices.Sort(trees)
	all := strings.Join(trees, " ")
	assert.Equal(t, len(spans), size(all), "%s: spans whose parent is missing: %v", what, spans)
	return all
}

// size is the number of spans in trees.
func size(trees string) int {
	return len(strings.FieldsFunc(trees, func(r rune) bool { return strings.ContainsRune("() ", r) }))
}

// outcome is what is to come of a request.
type outcome struct {
	below string // the trees below the server's span
	roots string // the trees that are no part of the request's trace, each with a trace of its own
}

func (o outcome) size() int { return 1 + size(o.below) + size(o.roots) }

// trace is the tree of the request's own trace.
func (o outcome) trace() string {
	if o.below == "" {
		return "server"
	}
	return "server(" + o.below + ")"
}

// checkRequests holds spans, in the order in which they began, to requests 0 to n-1 of a series: each has exactly what
// is to come of it.
func checkRequests(t *testing.T, what string, spans []span, series, n int, want outcome) {
	t.Helper()
	traces := map[string][]span{}
	for _, s := range spans {
		traces[s.TraceID().String()] = append(traces[s.TraceID().String()], s)
	}
	for i := range n {
		header := strings.Split(traceparent(series, i), "-")
		trace := traces[header[1]]
		delete(traces, header[1])
		what := fmt.Sprintf("%s, request %d", what, i)
		if assert.Equal(t, want.trace(), forest(t, what, trace, i), "%s: %v", what, trace) {
			assert.Equal(t, header[2], trace[0].ParentSpanID().String(), "%s: %v", what, trace)
		}
	}
	apart := map[int][]span{}
	for _, trace := range traces {
		_, id := request(trace[0])
		apart[id] = append(apart[id], trace...)
	}
	for i := range n {
		what := fmt.Sprintf("%s, apart from request %d", what, i)
		assert.Equal(t, want.roots, forest(t, what, apart[i], i), "%s: %v", what, apart[i])
		delete(apart, i)
	}
	assert.Empty(t, apart, "%s: traces of no request", what)
}
