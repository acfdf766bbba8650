// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test program the collector that the benchmark starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == collectorCommand {
		os.Exit(collect(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// requests is how many a client sends. Which load it is does not matter here, only that it is counted.
const requests = 10

func TestReport(t *testing.T) {
	b := &bench{t: t, rounds: 1, duration: time.Millisecond}
	scenarios := b.scenarios()
	for i := range scenarios {
		scenarios[i].load.requests = requests
	}
	r := b.report(scenarios, []string{goVersion()})

	require.Len(t, r.Scenarios, len(scenarios))
	for _, m := range r.Scenarios {
		assert.Equal(t, b.rounds*requests*m.load.clients*m.batch, m.Operations(), m.Name)
		assert.Equal(t, m.Operations()*m.spans, m.Spans(), "%s: spans", m.Name)
		for _, s := range m.rounds {
			assert.Positive(t, s.without.target, m.Name)
			assert.Positive(t, s.with.target, m.Name)
			assert.Zero(t, s.without.collector, m.Name)
			assert.Positive(t, s.with.collector, m.Name)
			assert.LessOrEqual(t, s.with.p50, s.with.p99, m.Name)
		}
		assertHits(t, m)
	}
	assertSites(t, r.Sites)
	assertDocument(t, r)
}

// hitsOfOperation is what the document says about them, where they are not two for each span. The third ones
// have their reasons: the route of a request over HTTP/2 (Go 1.27), and that sql.DB tries again what
// it does for itself, but not what it does for a transaction.
var hitsOfOperation = map[string]float64{
	"HTTP/2 server":            3,
	"SQL, a query":             3,
	"SQL, begin, exec, commit": 7,
}

// assertHits holds each operation to its number of hits. The end of a connection hits one more probe.
func assertHits(t *testing.T, m measured) {
	t.Helper()
	total := 0.0
	for _, hits := range m.Hits {
		assert.Positive(t, hits.Hit, "%s: time in %s", m.Name, hits.Program)
		if hits.Program != "net_http_server_unwind" {
			total += hits.Hits
		}
	}
	want, ok := hitsOfOperation[m.Name]
	if !ok {
		want = float64(2 * m.spans)
	}
	assert.InDelta(t, want, total, 1e-9, "%s: %v", m.Name, m.Hits)
}

func assertSites(t *testing.T, sites *siteTable) {
	t.Helper()
	stepped := map[string]bool{}
	programs := map[string]bool{}
	for _, row := range sites.Rows {
		programs[row.Program] = true
		assert.NotEmpty(t, row.Cell(goVersion()), row.Program)
		if row.Stepped() {
			stepped[row.Program+" "+row.Function] = true
		}
	}
	for _, program := range []string{
		"net_http_server_start", "net_http_server_end", "net_http_server_unwind",
		"net_http2_server_start", "net_http2_server_end", "net_http2_server_request",
		"net_http_client_start", "net_http_client_end",
		"grpc_server_start", "grpc_server_end", "grpc_server_exit",
		"grpc_client_start", "grpc_client_end", "grpc_client_detach", "grpc_client_failure",
		"sql_statement_start", "sql_transaction_start", "sql_ping_start", "sql_end", "sql_begin_end", "sql_return",
	} {
		assert.Contains(t, programs, program)
	}
	assert.Equal(t, map[string]bool{
		"net_http_client_end net/http.(*Transport).roundTrip":      true,
		"net_http2_server_request net/http.http2Handler.ServeHTTP": true,

		"grpc_client_failure google.golang.org/grpc.newClientStream":           true,
		"grpc_client_failure google.golang.org/grpc.newClientStreamWithParams": true,

		"sql_end database/sql.(*DB).retry":             true,
		"sql_end database/sql.(*DB).beginDC":           true,
		"sql_end database/sql.(*DB).pingDC":            true,
		"sql_return database/sql.(*Conn).QueryContext": true,
		"sql_return database/sql.(*Conn).ExecContext":  true,
		"sql_return database/sql.(*Conn).BeginTx":      true,
		"sql_return database/sql.(*Conn).PingContext":  true,
		"sql_return database/sql.(*Tx).QueryContext":   true,
		"sql_return database/sql.(*Tx).ExecContext":    true,
		"sql_return database/sql.(*Tx).Commit":         true,
	}, stepped, "what the document says about single-stepped sites")
}

// assertDocument looks for the tables: as many rows as there are results.
func assertDocument(t *testing.T, r *report) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "performance.md")
	require.NoError(t, r.write(path))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(content)
	assert.Contains(t, text, r.Headline())
	for _, wrong := range []string{"%!", "NaN", "Inf", "<no value>"} {
		assert.NotContains(t, text, wrong)
	}
	hits := 0
	for _, m := range r.Scenarios {
		hits += len(m.Hits) + 1
	}
	for heading, rows := range map[string]int{
		"Processor time for each request": len(r.Scenarios),
		"Throughput and latency":          len(r.Scenarios),
		"Probes that a request hits":      hits,
		"Sites":                           len(r.Sites.Rows),
	} {
		_, section, found := strings.Cut(text, "\n## "+heading+"\n")
		require.True(t, found, heading)
		section, _, _ = strings.Cut(section, "\n## ")
		const header = 2
		assert.Equal(t, header+rows, strings.Count(section, "\n|"), heading)
	}
}

func TestSpread(t *testing.T) {
	assert.InDelta(t, 2.0, spread{3, 1, 2}.Median(), 0)
	assert.InDelta(t, 2.5, spread{4, 1, 2, 3}.Median(), 0)
	assert.Equal(t, "2.0 (1.0 to 3.0)", spread{3, 1, 2}.String())
}

func TestPercentile(t *testing.T) {
	l := latencies{}
	for i := range 101 {
		l = append(l, time.Duration(i))
	}
	assert.Equal(t, time.Duration(50), l.percentile(50))
	assert.Equal(t, time.Duration(99), l.percentile(99))
	assert.Equal(t, time.Duration(7), latencies{7}.percentile(99))
}

func TestThousands(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999: "999", 1000: "1 000", 1234567.8: "1 234 567"} {
		assert.Equal(t, want, thousands(n))
	}
}
