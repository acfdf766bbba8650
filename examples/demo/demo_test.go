// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
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
		if s.failed {
			span.Status().SetCode(ptrace.StatusCodeError)
			span.Attributes().PutInt("http.response.status_code", 500)
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

	content := line(t, // of the first visit: children before their parents, services apart
		testSpan{service: "frontend", name: "GET", kind: client, trace: 1, id: 3, parent: 2, start: 30, end: 40},
		testSpan{service: "frontend", name: "POST", kind: client, trace: 1, id: 4, parent: 2, start: 12, end: 20, failed: true},
		testSpan{service: "catalog", name: "GET /products", kind: server, trace: 9, id: 1, start: 31, end: 39},
	) + line(t,
		testSpan{service: "frontend", name: "GET /", kind: server, trace: 1, id: 2, parent: 77, start: 10, end: 50},
		testSpan{service: "frontend", name: "GET /probe", kind: server, trace: 8, id: 1, start: 1, end: 9},
	) + line(t, // of the second visit
		testSpan{service: "frontend", name: "GET /", kind: server, trace: 2, id: 2, parent: 77, start: 60, end: 61},
	)
	require.NoError(t, os.WriteFile(file, []byte(content+content[:20]), 0o600)) // and a line without its end
	trees, err = readTrees(file)
	require.NoError(t, err)
	assert.Equal(t, 6, trees.size())

	first := visit{what: "first", method: "GET", path: "/", trace: pcommon.TraceID{1}, status: 200, duration: 41 * time.Millisecond}
	groups := group(trees, []visit{first, {trace: pcommon.TraceID{2}}, {trace: pcommon.TraceID{3}}})
	assert.Equal(t, 4, groups[0].size())
	assert.Equal(t, 1, groups[1].size())
	assert.Equal(t, 0, groups[2].size(), "a visit that left no trace")

	var text strings.Builder
	printer{out: &text}.visit(first, groups[0])
	assert.Equal(t, strings.Join([]string{
		"",
		"GET /  200  41.00 ms  first",
		"  frontend server GET /  40.00 ms  ok",
		"    ├─ frontend client POST  8.00 ms  error  http.response.status_code=500",
		"    └─ frontend client GET  10.00 ms  ok",
		"  catalog server GET /products  8.00 ms  ok",
		"",
	}, "\n"), text.String())
}

func TestReadTreesOfWhatIsNoTrace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "traces.json")
	require.NoError(t, os.WriteFile(file, []byte("no JSON\n"), 0o600))
	_, err := readTrees(file)
	assert.ErrorContains(t, err, file)
}

// TestShop runs the services: what they answer is what the visits say.
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
	bad, err := shop.send(t.Context(), visit{method: "POST", path: "/checkout", form: url.Values{"product": {"1"}}})
	require.NoError(t, err)
	assert.Equal(t, 400, bad.status, "an order without a quantity")
	for _, p := range shop.processes {
		assert.NoError(t, p.hasEnded())
	}
}
