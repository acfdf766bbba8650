// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/template"
)

// report is what the document says.
type report struct {
	Machine   machine
	Go        string
	Rounds    int
	Seconds   float64 // of each run
	Idle      float64
	Scenarios []measured
	Sites     *siteTable
}

// measured is a scenario with what came out.
type measured struct {
	scenario
	rounds []round
	Hits   []hits
}

// report measures scenarios, and chooses sites for versions of Go.
func (b *bench) report(scenarios []scenario, versions []string) *report {
	b.t.Helper()
	r := &report{Machine: thisMachine(), Go: goVersion(), Rounds: b.rounds, Seconds: b.duration.Seconds()}
	for _, s := range scenarios {
		b.t.Logf("%s", s.Name)
		r.Scenarios = append(r.Scenarios, measured{s, b.measure(s), b.count(s)})
	}
	r.Idle = b.idle(r.Scenarios[0].scenario)
	b.t.Logf("Sites")
	r.Sites = chooseSites(b.t, versions)
	return r
}

// The columns of the tables: what was measured without and with the receiver, or both.
func (m measured) without(number func(sample) float64) spread {
	return of(m.rounds, func(r round) float64 { return number(r.without) })
}

func (m measured) with(number func(sample) float64) spread {
	return of(m.rounds, func(r round) float64 { return number(r.with) })
}

func rate(s sample) float64       { return s.rate }
func target(s sample) float64     { return s.target }
func collecting(s sample) float64 { return s.collector }
func p50(s sample) float64        { return s.p50 }
func p99(s sample) float64        { return s.p99 }

func (m measured) Rate() string         { return thousands(m.without(rate).Median()) }
func (m measured) TracedRate() string   { return thousands(m.with(rate).Median()) }
func (m measured) Target() spread       { return m.without(target) }
func (m measured) TracedTarget() spread { return m.with(target) }
func (m measured) Collector() spread    { return m.with(collecting) }
func (m measured) Added() spread        { return of(m.rounds, round.added) }
func (m measured) P50() spread          { return m.without(p50) }
func (m measured) TracedP50() spread    { return m.with(p50) }
func (m measured) P99() spread          { return m.without(p99) }
func (m measured) TracedP99() spread    { return m.with(p99) }

// AddedTarget is the part of Added that the target has.
func (m measured) AddedTarget() spread {
	return of(m.rounds, func(r round) float64 { return r.with.target - r.without.target })
}

// HasLatency tells whether the load generator sees how long an operation takes.
func (m measured) HasLatency() bool { return m.batch == 1 }

// Operations is how many were traced, Wanted and Spans how many spans they should have given and gave.
func (m measured) Operations() int { return m.sum(func(s sample) int { return s.operations }) }
func (m measured) Wanted() int     { return m.Operations() * m.spans }
func (m measured) Spans() int      { return m.sum(func(s sample) int { return s.spans }) }

func (m measured) sum(number func(sample) int) (n int) {
	for _, r := range m.rounds {
		n += number(r.with)
	}
	return n
}

// HitsOfOperation is how many probes an operation hits, and InPrograms the ns that it spends in them.
func (m measured) HitsOfOperation() float64 {
	return m.total(func(h hits) float64 { return h.Hits })
}

func (m measured) InPrograms() float64 {
	return m.total(func(h hits) float64 { return h.Total })
}

// Microseconds is InPrograms in µs.
func (m measured) Microseconds() float64 { return m.InPrograms() / 1000 }

func (m measured) total(number func(hits) float64) (sum float64) {
	for _, n := range of(m.Hits, number) {
		sum += n
	}
	return sum
}

// Headline says the number that matters most.
func (r *report) Headline() string {
	server := r.Scenarios[0]
	return fmt.Sprintf("A traced request of an HTTP/1.1 server costs %.1f µs of processor time more: %.1f in the server, %.1f in the collector.",
		server.Added().Median(), server.AddedTarget().Median(), server.Collector().Median())
}

// thousands separates the thousands of a number by a space.
func thousands(n float64) string {
	digits := strconv.Itoa(int(n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

//go:embed performance.md.tmpl
var document string

// write writes the document to a file.
func (r *report) write(path string) error {
	var text strings.Builder
	if err := r.render(&text); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

func (r *report) render(w io.Writer) error {
	parsed, err := template.New("performance.md").Parse(document)
	if err != nil {
		return err
	}
	return parsed.Execute(w, r)
}
