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
	if children == nil {
		return name
	}
	return name + "(" + joined(children) + ")"
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
	all := joined(trees)
	assert.Equal(t, len(spans), size(all), "%s: spans whose parent is missing: %v", what, spans)
	return all
}

// joined are trees in alphabetical order.
func joined(trees []string) string {
	slices.Sort(trees)
	return strings.Join(trees, " ")
}

// size is the number of spans in trees.
func size(trees string) int {
	return len(strings.FieldsFunc(trees, func(r rune) bool { return strings.ContainsRune("() ", r) }))
}

// outcome is what is to come of a request.
type outcome struct {
	below string // the trees below the server's span
	apart string // the trees that are no part of the request's trace, each with a trace of its own
	// unsure is for what goroutines do without a context that the handler starts once it may have gone to another
	// processor: it cannot always be told that they were not there before. Then it is apart.
	unsure bool
}

func (o outcome) size() int { return 1 + size(o.below) + size(o.apart) }

// check holds the spans of one request, those of its trace and those of others, to what is to come of it.
func (o outcome) check(t *testing.T, what string, trace, apart []span, id int) {
	t.Helper()
	if o.unsure {
		var trees []string
		for _, s := range slices.Concat(trace[1:], apart) {
			if s.isRoot() || s.isChildOf(trace[0]) {
				trees = append(trees, tree(s, slices.Concat(trace, apart), id))
			}
		}
		assert.Equal(t, o.below, joined(trees), "%s: %v and %v", what, trace, apart)
		return
	}
	below := "server"
	if o.below != "" {
		below = "server(" + o.below + ")"
	}
	assert.Equal(t, below, forest(t, what, trace, id), "%s: %v", what, trace)
	assert.Equal(t, o.apart, forest(t, what, apart, id), "apart from %s: %v", what, apart)
}

// checkRequests holds spans, in the order in which they began, to requests 0 to n-1 of a series: each has exactly what
// is to come of it.
func checkRequests(t *testing.T, what string, spans []span, series, n int, want outcome) {
	t.Helper()
	traces, parents, apart := make([][]span, n), make([]string, n), map[int][]span{}
	known := map[string]int{}
	for i := range n {
		header := strings.Split(traceparent(series, i), "-")
		known[header[1]], parents[i] = i, header[2]
	}
	for id, trace := range byTrace(spans) {
		if i, ok := known[id]; ok {
			traces[i] = trace
		} else {
			_, i := request(trace[0])
			if n == 1 {
				i = 0 // also where a span does not say it
			}
			apart[i] = append(apart[i], trace...)
		}
	}
	for i, trace := range traces {
		what := fmt.Sprintf("request %d of %s", i, what)
		if assert.NotEmpty(t, trace, "%s has no trace", what) {
			assert.Equal(t, parents[i], trace[0].ParentSpanID().String(), "%s: %v", what, trace)
			want.check(t, what, trace, apart[i], i)
			delete(apart, i)
		}
	}
	assert.Empty(t, apart, "%s: traces of no request", what)
}
