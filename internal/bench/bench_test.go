// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
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

// smokePlan is as little of everything as there can be: which load it is does not matter here, only that it
// is counted.
func smokePlan() plan {
	return plan{
		rounds: 1, duration: time.Millisecond, warmUp: time.Millisecond, requests: 10,
		concurrency: []int{1, 8}, headers: []int{0, 30}, processes: []int{1, 3}, executables: 2,
		large: 1, burst: batchSpans,
	}
}

// TestReport has everything measured, and looks whether the measurements can be and are in the document.
func TestReport(t *testing.T) {
	b := &bench{plan: smokePlan(), t: t, versions: []string{goVersion()}}
	r := b.report(measurements)

	assert.Empty(t, r.Failures)
	for _, m := range r.Requests {
		assertCosts(t, m.Name+", saturated", m.Saturated())
		assertCosts(t, m.Name+", fixed rate", m.Steady())
		assert.Positive(t, m.rate, m.Name)
	}
	for _, c := range r.Probes {
		assertHits(t, c)
	}
	require.Len(t, r.Sampling, 3)
	for _, s := range r.Sampling {
		assert.Positive(t, s.Saturated().Target().Median(), s.Name)
		assertHits(t, s.counted)
	}
	assert.Positive(t, r.Idle)
	assertCurve(t, b.concurrency, r.Concurrency)
	assertCurve(t, b.headers, r.Headers)
	assertFleets(t, b.plan, r.Fleets)
	assertStart(t, r.Large.Start)
	assert.Greater(t, r.Large.Bytes, int64(packageBytes))
	for _, a := range r.Attaching {
		assert.Positive(t, a.P50.Median(), a.Name)
		assert.LessOrEqual(t, a.P50.Median(), a.Max.Median(), a.Name)
	}
	assert.Positive(t, r.Ring.Rate.Median())
	assert.Positive(t, r.Ring.Processor.Median())
	assertSites(t, r.Sites)
	assertDocument(t, r)
}

// assertCosts holds a load to what it must measure in each mode. Of so few spans the SDK misses none either.
func assertCosts(t *testing.T, what string, c costs) {
	t.Helper()
	for mode, samples := range c {
		require.Len(t, samples, 1, what)
		s := samples[0]
		what := what + ", " + modeName(mode)
		assert.Positive(t, s.operations, what)
		assert.Positive(t, s.rate, what)
		assert.Positive(t, s.target, what)
		assert.LessOrEqual(t, s.p50, s.p99, what)
		assert.LessOrEqual(t, s.p99, s.p999, what)
		if m := modeName(mode); m == "untraced" || m == "traps" {
			assert.Zero(t, s.collector, what)
			assert.Zero(t, s.spans, what)
			continue
		}
		assert.Positive(t, s.collector, what)
		assert.Equal(t, s.wanted, s.spans, what)
	}
}

func modeName(number int) string { return mode(number).String() }

func assertCurve(t *testing.T, values []int, c *curve) {
	t.Helper()
	require.Len(t, c.Points, len(values))
	for i, p := range c.Points {
		assert.Equal(t, values[i], p.X)
		for _, mode := range c.modes {
			assert.Positive(t, p.cost(mode).Median(), "%d %v", p.X, mode)
		}
	}
}

func assertFleets(t *testing.T, p plan, fleets []fleetPoint) {
	t.Helper()
	var sizes [][2]int
	for _, f := range fleets {
		sizes = append(sizes, [2]int{f.Executables, f.X})
		assertStart(t, f.Start)
		assert.Positive(t, f.Untraced().Median())
	}
	few, many := p.processes[0], p.processes[1]
	assert.Equal(t, [][2]int{{1, few}, {1, many}, {1, few}, {p.executables, many}}, sizes)
}

func assertStart(t *testing.T, s start) {
	t.Helper()
	assert.Positive(t, s.First.Median())
	assert.LessOrEqual(t, s.First.Median(), s.All.Median())
	assert.Positive(t, s.Processor.Median())
	assert.Positive(t, s.Resident.Median())
	assert.Greater(t, s.Maps.Median(), 8.0, "MiB; the ring buffer alone has so many")
	assert.Positive(t, s.Detached.Median())
}

// hitsOfOperation is what the document says about them, where they are not two for each span, without those that
// give a request its header. The third one has its reason: the route of a request over HTTP/2 (Go 1.27).
var hitsOfOperation = map[string]float64{"HTTP/2 server": 3}

// givesHeader are the programs that give a request its header, by whichever way is in force here.
var givesHeader = regexp.MustCompile("_client_(headers|arm|write)")

// assertHits holds each operation to its number of hits. The beginning and the end of a connection hit one more probe each.
func assertHits(t *testing.T, c counted) {
	t.Helper()
	total := 0.0
	for _, hits := range c.Hits {
		assert.Positive(t, hits.Hit, "%s: time in %s", c.Name, hits.Program)
		switch {
		case hits.Program == "net_http_server_accept", hits.Program == "net_http_server_unwind":
		case givesHeader.MatchString(hits.Program):
			assert.InDelta(t, 1, hits.Hits, 1e-9, "%s: %s", c.Name, hits.Program)
		default:
			total += hits.Hits
		}
	}
	want, ok := hitsOfOperation[c.Name]
	if !ok {
		want = float64(2 * c.spans)
	}
	assert.InDelta(t, want, total, 1e-9, "%s: %v", c.Name, c.Hits)
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
		"net_http_server_accept", "net_http_server_start", "net_http_server_end", "net_http_server_unwind",
		"net_http2_server_start", "net_http2_server_end", "net_http2_server_request",
		"net_http_client_start", "net_http_client_end",
		"grpc_server_start", "grpc_server_end", "grpc_server_exit",
		"grpc_client_start", "grpc_client_end", "grpc_client_detach", "grpc_client_failure",
		"sql_statement_start", "sql_transaction_start", "sql_ping_start", "sql_end", "sql_success", "sql_return",
	} {
		assert.Contains(t, programs, program)
	}
	assert.Equal(t, map[string]bool{
		"net_http_client_end net/http.(*Transport).roundTrip": true,

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

// assertDocument looks for the tables, as many rows as there are results, and for the plots.
func assertDocument(t *testing.T, r *report) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, r.write(filepath.Join(folder, "performance.md")))
	content, err := os.ReadFile(filepath.Join(folder, "performance.md"))
	require.NoError(t, err)
	text := string(content)
	assert.Contains(t, text, r.Headline())
	for _, wrong := range []string{"%!", "NaN", "Inf", "<no value>", "\n\n\n", "FAILED"} {
		assert.NotContains(t, text, wrong)
	}
	hits := 0
	for _, c := range r.Probes {
		hits += len(c.Hits) + 1
	}
	const header = 2
	for heading, rows := range map[string]int{
		"Processor time for each request": header + 2*len(r.Requests),
		"Spans":                           len(r.Requests),
		"Latency":                         len(r.Requests),
		"Throughput":                      len(r.Requests),
		"Concurrency":                     len(r.Concurrency.Points),
		"Headers":                         len(r.Headers.Points),
		"Targets":                         len(r.Fleets),
		"A large executable":              1,
		"While probes are attached":       len(r.Attaching),
		"Probes that a request hits":      hits,
		"Sites":                           len(r.Sites.Rows),
		"Requests that are not sampled":   len(r.Sampling),
	} {
		_, section, found := strings.Cut(text, "\n## "+heading+"\n")
		require.True(t, found, heading)
		section, _, _ = strings.Cut(section, "\n## ")
		assert.Equal(t, header+rows, strings.Count(section, "\n|"), heading)
	}
	assertPlots(t, folder, text)
}

// assertPlots looks for the plots that the document shows: well-formed, with numbers in them.
func assertPlots(t *testing.T, folder, text string) {
	t.Helper()
	shown := regexp.MustCompile(`\]\((.*\.svg)\)`).FindAllStringSubmatch(text, -1)
	files, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	require.NoError(t, err)
	assert.Len(t, shown, len(files))
	for _, name := range shown {
		content, err := os.ReadFile(filepath.Join(folder, name[1]))
		require.NoError(t, err)
		var image struct {
			Title string `xml:"title"`
		}
		require.NoError(t, xml.Unmarshal(content, &image), name[1])
		assert.NotEmpty(t, image.Title)
		assert.NotContains(t, string(content), "NaN", name[1])
		assert.NotContains(t, string(content), "Inf", name[1])
	}
}

// A run in which spans are missing says so, and which.
func TestFailure(t *testing.T) {
	b := &bench{t: &harness{}}
	b.expect("all", 7, 7)
	b.expect("too few", 6, 7)
	b.expect("too many", 8, 7)
	r := &report{Failures: b.failures}
	var text strings.Builder
	require.NoError(t, r.render(&text))
	assert.Contains(t, text.String(), "This run failed")
	assert.Contains(t, text.String(), "\n- too few: 6 spans of 7\n- too many: 8 spans of 7\n")
	assert.NotContains(t, text.String(), "all: 7")
}

func TestNamed(t *testing.T) {
	all, err := named("")
	require.NoError(t, err)
	assert.Len(t, all, len(measurements))
	two, err := named("ring,idle")
	require.NoError(t, err)
	require.Len(t, two, 2)
	assert.Equal(t, "ring", two[0].name)
	_, err = named("ring,nothing")
	assert.ErrorContains(t, err, `"nothing"`)
}

func TestTicks(t *testing.T) {
	for top, want := range map[float64][]float64{
		10:  {0, 2, 4, 6, 8, 10},
		42:  {0, 10, 20, 30, 40},
		160: {0, 20, 40, 60, 80, 100, 120, 140, 160},
	} {
		assert.Equal(t, want, ticks(top), top)
	}
}

func TestSpread(t *testing.T) {
	assert.InDelta(t, 2.0, spread{3, 1, 2}.Median(), 0)
	assert.InDelta(t, 2.5, spread{4, 1, 2, 3}.Median(), 0)
	assert.Equal(t, "2.0 (1.0 to 3.0)", spread{3, 1, 2}.String())
	assert.Equal(t, "2.25 (2.25 to 2.25)", spread{2.25}.With(2))
}

func TestPercentile(t *testing.T) {
	l := latencies{}
	for i := range 101 {
		l = append(l, time.Duration(i))
	}
	assert.Equal(t, time.Duration(50), l.percentile(50))
	assert.Equal(t, time.Duration(99), l.percentile(99))
	assert.Equal(t, time.Duration(99), l.percentile(99.9))
	assert.Equal(t, time.Duration(100), l.percentile(100))
	assert.Equal(t, time.Duration(7), latencies{7}.percentile(99))
}

func TestThousands(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999: "999", 1000: "1 000", 1234567.8: "1 234 567"} {
		assert.Equal(t, want, thousands(n))
	}
}
