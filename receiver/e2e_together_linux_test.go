// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// What requests to the service together do, and the trees that are to come of it. A call that is made in the middle of
// another one is its child; one that is made while a stream, a transaction or the rows of a query are open is not.
var togetherActions = []struct{ do, trees string }{
	{"sql,exec,http,grpc", "exec grpc http sql"},
	{"transaction", "begin commit exec grpc http sql"},
	{"rows", "grpc grpc http http sql"},
	{"stream", "exec grpc http sql"},
	{"intercepted", "grpc sql"},
	{"intercepted_stream", "grpc sql"},
	{"authorized", "grpc(http)"},
	{"querying_http", "http(sql)"},
	{"driver_http", "sql(http)"},
	{"driver_grpc", "sql(grpc)"},
	{"driver_authorized", "sql(grpc(http))"},
}

// The goroutines that do it, the contexts that they have for it, and whether they do it for the request as far as
// anybody can tell. A goroutine that was there before the request does not without the request's context.
var togetherWays = []togetherWay{
	{"", "", false},
	{"", "chain", false},
	{"", "without_cancel", false},
	{"", "background", false},
	{"goroutine", "", false},
	{"goroutine", "chain", false},
	{"goroutine", "background", false},
	{"errgroup", "", false},
	{"errgroup", "background", false},
	{"pool", "", false},
	{"pool", "chain", false},
	{"pool", "background", true},
	{"hired", "", false}, // first, so that the goroutines are there
	{"hired", "background", true},
}

// togetherWay is a goroutine, and what its work is given for a context.
type togetherWay struct {
	via, context string
	unknown      bool
}

func (w togetherWay) query(do string) string {
	return fmt.Sprintf("via=%s&context=%s&do=%s", w.via, w.context, do)
}

func (w togetherWay) outcome(trees string) outcome {
	if w.unknown {
		return outcome{apart: trees}
	}
	return outcome{below: trees}
}

// between are the spans that began with the one request of a series, before that of the next series.
func between(spans []span, series int) []span {
	server := func(series int) int {
		id := traceparent(series, 0)[3:35]
		i := slices.IndexFunc(spans, func(s span) bool { return s.TraceID().String() == id })
		if i < 0 {
			return len(spans)
		}
		return i
	}
	return spans[server(series):max(server(series), server(series+1))]
}

// One trace comes of each request, whichever way it came in, and whatever it does on whichever goroutine.
func TestTogether(t *testing.T) {
	for _, build := range togetherBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startTogether(t, build)
			series := 0
			for _, entry := range entries {
				for _, way := range togetherWays {
					first, total := series, 0
					for _, action := range togetherActions {
						entry.make(y, way.query(action.do), series, 1)
						total += way.outcome(action.trees).size()
						series++
					}
					spans := y.gather(y.x, total)
					assert.Len(t, spans, total, "%s %s", entry.name, way.query(""))
					for i, action := range togetherActions {
						what := entry.name + " " + way.query(action.do)
						checkRequests(t, what, between(spans, first+i), first+i, 1, way.outcome(action.trees))
					}
				}
			}
			y.nothingElseServed(y.x)
		})
	}
}

// A stream that its client keeps open has everything below it that it does for any of its messages.
func TestTogetherStreamOfRequests(t *testing.T) {
	for _, build := range togetherBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startTogether(t, build)
			const streams = 20
			call := targettest.Call{Method: runEachMethod, Stream: "bidi", N: streams, Concurrency: streams}
			for _, query := range []string{"do=sql", "do=stream", "do=http&via=pool", "do=exec&via=goroutine", "do=authorized&via=errgroup"} {
				call.Messages = append(call.Messages, "id={n}&"+query)
			}
			y.call(call, 0)
			want := outcome{below: "exec exec grpc grpc(http) http http sql sql"}
			checkRequests(t, "stream", y.gather(y.x, streams*want.size()), 0, streams, want)
			y.nothingElseServed(y.x)
		})
	}
}

// What goes on after its request is no part of its trace, nor of that of the request which the same goroutine has come
// to serve by then. A statement that has begun before still is part of the trace.
func TestTogetherAfterwards(t *testing.T) {
	for _, build := range togetherBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startTogether(t, build, oneWorker...)
			id := 0
			for name, send := range y.oneByOne() {
				for _, test := range []struct{ do, context, want string }{
					{"wait,sql,exec,http,grpc", "without_cancel", "exec grpc http server server sql"},
					{"wait,sql,exec,http,grpc", "background", "exec grpc http server server sql"},
					{"wait,driver_authorized,stream", "without_cancel", "exec grpc http server server sql sql(grpc(http))"},
					{"wait,driver_authorized,stream", "background", "exec grpc http server server sql sql(grpc(http))"},
					{"sql_held,exec,http,grpc", "without_cancel", "exec grpc http server server(sql)"},
				} {
					id++
					what := fmt.Sprintf("%s, %s with context %s", name, test.do, test.context)
					send("run", id, fmt.Sprintf("via=later&context=%s&do=%s", test.context, test.do))
					send("release", id, "") // is open until all of it is done
					spans := y.gather(y.x, size(test.want))
					assert.Equal(t, test.want, forest(t, what, spans, id), "%s: %v", what, spans)
				}
			}
			y.nothingElseServed(y.x)
		})
	}
}

// Goroutines that a request has started for all requests do nothing for it when it is over, nor for the request which
// its own goroutine has come to serve by then.
func TestTogetherHired(t *testing.T) {
	for _, build := range togetherBuilds {
		for _, name := range []string{"http", "grpc"} {
			t.Run(build.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				y := startTogether(t, build, oneWorker...)
				send := y.oneByOne()[name]
				send("run", 0, "via=hired&do=sql")
				spans := y.gather(y.x, 2)
				assert.Equal(t, "server(sql)", forest(t, name, spans, 0), "%v", spans)
				for id := range 20 {
					send("run", id, "via=hired&context=background&do=sql,exec,http,grpc")
					spans := y.gather(y.x, 5)
					assert.Equal(t, "exec grpc http server sql", forest(t, name, spans, id), "%v", spans)
				}
				y.nothingElseServed(y.x)
			})
		}
	}
}

// Requests that are open at the same time, all of them, never get each other's calls, nor those of a goroutine that
// works for none of them.
func TestTogetherInParallel(t *testing.T) {
	const requests = 300
	for _, build := range togetherBuilds {
		if !build.Strip {
			continue
		}
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startTogether(t, build, "-background", "1ms")
			series := 0
			var background []span
			for _, entry := range entries {
				for _, test := range []struct{ via, context, do, trees string }{
					{"", "", "sql,exec,http,grpc", "exec grpc http sql"},
					{"", "background", "transaction,stream", "begin commit exec exec grpc grpc http http sql sql"},
					{"goroutine", "chain", "authorized,rows", "grpc grpc grpc(http) http http sql"},
					{"goroutine", "background", "sql,http,grpc", "grpc http sql"},
					{"pool", "without_cancel", "sql,http,driver_authorized", "http sql sql(grpc(http))"},
					{"errgroup", "", "sql,exec,http,grpc,stream,driver_http", "exec exec grpc grpc http http sql sql sql(http)"},
					{"errgroup", "background", "intercepted,querying_http,driver_grpc", "grpc http(sql) sql sql(grpc)"},
				} {
					query := fmt.Sprintf("via=%s&context=%s&do=%s&pause=5ms", test.via, test.context, test.do)
					want := outcome{below: test.trees}
					// The goroutine of a connection that is kept serves many requests.
					want.unsure = entry.name == "http keep-alive" && test.via != "" && test.context == "background"
					entry.make(y, query, series, requests)
					spans, others := y.foreground(requests * want.size())
					checkRequests(t, entry.name+" "+query, spans, series, requests, want)
					background = append(background, others...)
					series++
				}
			}
			checkBackground(t, background)
		})
	}
}

// checkBackground holds the service's background queries to one root for each.
func checkBackground(t *testing.T, spans []span) {
	t.Helper()
	require.NotEmpty(t, spans)
	_, first := request(spans[0])
	traces := map[string]bool{}
	for i, s := range spans {
		_, id := request(s)
		assert.Equal(t, first-i, id)
		assert.True(t, s.isRoot(), "%v", s)
		traces[s.TraceID().String()] = true
	}
	assert.Len(t, traces, len(spans))
}

// What the libraries say of one request, span by span.
func TestTogetherGolden(t *testing.T) {
	for _, build := range togetherBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			y := startTogether(t, build)
			addresses := map[string]string{
				y.x.Address(): "target", grpcAddress(y.x): "target", y.peer.Address(): "peer", grpcAddress(y.peer): "peer",
			}
			e := expectation{golden: isGolden(build), routes: build.ModFile != "", addresses: addresses}
			for _, entry := range []string{"http", "grpc"} {
				send := y.oneByOne()[entry]
				for _, test := range []struct {
					name, query string
					spans       int
				}{
					{"calls", "do=sql,exec,http,grpc", 5},
					{"transaction", "do=transaction", 7},
					{"stream", "do=stream&via=goroutine", 5},
					{"within", "do=driver_authorized,querying_http&via=pool", 6},
				} {
					send("run", 1, test.query)
					spans := y.gather(y.x, test.spans)
					require.Len(t, spans, test.spans, "%v", spans)
					hideAddresses(spans, addresses)
					compareGolden(t, "together-"+entry+"-"+test.name, spans, e)
				}
			}
			y.nothingElseServed(y.x)
		})
	}
}
