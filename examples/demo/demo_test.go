// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// testSpan describes a span: times are milliseconds since the epoch.
type testSpan struct {
	service    string
	name       string
	kind       ptrace.SpanKind
	trace      byte
	id, parent byte
	start, end int64
	failed     bool
	attributes map[string]any
}

// line is what the file exporter writes for spans.
func line(t *testing.T, spans ...testSpan) string {
	traces := ptrace.NewTraces()
	for _, s := range spans {
		resource := traces.ResourceSpans().AppendEmpty()
		resource.Resource().Attributes().PutStr("service.name", s.service)
		span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetName(s.name)
		span.SetKind(s.kind)
		span.SetTraceID(pcommon.TraceID{s.trace})
		span.SetSpanID(pcommon.SpanID{s.id})
		span.SetParentSpanID(pcommon.SpanID{s.parent})
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.UnixMilli(s.start)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.UnixMilli(s.end)))
		require.NoError(t, span.Attributes().FromRaw(s.attributes))
		if s.failed {
			span.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	json, err := new(ptrace.JSONMarshaler).MarshalTraces(traces)
	require.NoError(t, err)
	return string(json) + "\n"
}

func TestTreesOfVisits(t *testing.T) {
	const server, client = ptrace.SpanKindServer, ptrace.SpanKindClient
	file := filepath.Join(t.TempDir(), "traces.json")
	trees, err := readTrees(file)
	require.NoError(t, err, "no file yet")
	assert.Zero(t, trees.size())

	list := map[string]any{"rpc.method": "shop.Catalog/ListProducts", "rpc.response.status_code": "OK"}
	query := map[string]any{"db.query.summary": "SELECT products", "db.query.text": "SELECT id FROM products LIMIT ?"}
	content := line(t, // of the first visit: children before their parents, services apart
		testSpan{service: "frontend", name: "shop.Catalog/ListProducts", kind: client, trace: 1, id: 3, parent: 2, start: 30, end: 40, attributes: list},
		testSpan{service: "frontend", name: "POST", kind: client, trace: 1, id: 4, parent: 2, start: 12, end: 20, failed: true,
			attributes: map[string]any{"http.response.status_code": 500}},
		testSpan{service: "catalog", name: "SELECT products", kind: client, trace: 9, id: 2, parent: 1, start: 32, end: 33, attributes: query},
		testSpan{service: "catalog", name: "shop.Catalog/ListProducts", kind: server, trace: 9, id: 1, start: 31, end: 39, attributes: list},
	) + line(t,
		testSpan{service: "frontend", name: "GET /", kind: server, trace: 1, id: 2, parent: 77, start: 10, end: 50},
		testSpan{service: "frontend", name: "GET /probe", kind: server, trace: 8, id: 1, start: 1, end: 9},
	) + line(t, // of the second visit
		testSpan{service: "frontend", name: "GET /", kind: server, trace: 2, id: 2, parent: 77, start: 60, end: 61},
	)
	require.NoError(t, os.WriteFile(file, []byte(content+content[:20]), 0o600)) // and a line without its end
	trees, err = readTrees(file)
	require.NoError(t, err)
	assert.Equal(t, 7, trees.size())

	first := visit{what: "first", method: "GET", path: "/", trace: pcommon.TraceID{1}, status: 200, duration: 41 * time.Millisecond, spans: 5}
	visits := []visit{first, {trace: pcommon.TraceID{2}, spans: 1}, {trace: pcommon.TraceID{3}}}
	groups := group(trees, visits)
	assert.Equal(t, 5, groups[0].size())
	assert.Equal(t, 1, groups[1].size())
	assert.Equal(t, 0, groups[2].size(), "a visit that left no trace")
	assert.True(t, complete(visits, groups))
	for _, spans := range []int{0, 2} {
		visits[1].spans = spans
		assert.False(t, complete(visits, groups), "1 span instead of %d", spans)
	}

	var text strings.Builder
	printer{out: &text}.visit(first, groups[0])
	assert.Equal(t, strings.Join([]string{
		"",
		"GET /  200  41.00 ms  first",
		"  frontend server GET /  40.00 ms  ok",
		"    ├─ frontend client POST  8.00 ms  error  http.response.status_code=500",
		"    └─ frontend client shop.Catalog/ListProducts  10.00 ms  ok  rpc.response.status_code=OK",
		"  catalog server shop.Catalog/ListProducts  8.00 ms  ok  rpc.response.status_code=OK",
		"    └─ catalog client SELECT products  1.00 ms  ok  db.query.text=SELECT id FROM products LIMIT ?",
		"",
	}, "\n"), text.String())
}

func TestReadTreesOfWhatIsNoTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "traces.json")
	require.NoError(t, os.WriteFile(file, []byte("no JSON\n"), 0o600))
	_, err := readTrees(file)
	assert.ErrorContains(t, err, file)
}

// TestShop runs the services: what they answer is what the visits say, and what they promise.
func TestShop(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, build(t.Context(), "../services", folder))
	shop, err := startShop(folder)
	defer shop.stop()
	require.NoError(t, err)
	made, err := shop.visit(t.Context())
	require.NoError(t, err)
	var statuses []int
	for _, v := range made {
		statuses = append(statuses, v.status)
	}
	assert.Equal(t, []int{200, 200, 404, 201, 402, 502}, statuses)

	for path, want := range map[string]string{
		"/products/3": `{"id": 3, "name": "a telescope", "price": 89900}`,
		"/": `[{"id": 2, "name": "a notebook", "price": 450}, {"id": 1, "name": "a pair of binoculars", "price": 12900},
			{"id": 3, "name": "a telescope", "price": 89900}]`,
	} {
		response, err := http.Get("http://" + shop.addresses["frontend"] + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, errors.Join(err, response.Body.Close()))
		assert.JSONEq(t, want, string(body))
	}

	// Of the 1000 pieces in stock, an order that fails takes none.
	for _, o := range []struct {
		what   string
		visit  visit
		status int
	}{
		{"payment panics", order("1", 990, "XXX"), 502},
		{"declined", order("1", 990, "EUR"), 402},
		{"paid", order("1", 80, "SEK"), 201},
		{"all that is left", order("2", 997, "SEK"), 201},
		{"more than is left", order("2", 1, "SEK"), 409},
		{"more than there ever was", order("1", 1001, "SEK"), 409},
		{"what there is not", order("99", 1, "EUR"), 404},
		{"nothing", order("1", 0, "EUR"), 400},
		{"no product", visit{method: "POST", path: "/checkout", form: url.Values{"quantity": {"1"}}}, 400},
		{"no quantity", visit{method: "POST", path: "/checkout", form: url.Values{"product": {"1"}}}, 400},
	} {
		v, err := shop.send(t.Context(), o.visit)
		require.NoError(t, err)
		assert.Equal(t, o.status, v.status, o.what)
	}
	for _, p := range shop.processes {
		assert.NoError(t, p.hasEnded())
	}
}
