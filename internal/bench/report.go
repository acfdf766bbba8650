// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// report is what the document says. What was not measured is nil.
type report struct {
	Machine  machine
	Go       string
	Plan     plan
	Took     time.Duration
	Failures []string

	Requests    []measured
	Probes      []counted
	Sampling    []sampling
	Idle        float64
	Concurrency *curve
	Headers     *curve
	Fleets      []fleetPoint
	Large       *largePoint
	Attaching   []attaching
	Ring        *ring
	Sites       *siteTable
}

// How it was measured.
func (r *report) Rounds() int           { return r.Plan.rounds }
func (r *report) Fewer() int            { return r.Plan.fewer() }
func (r *report) Seconds() float64      { return r.Plan.duration.Seconds() }
func (r *report) Minutes() float64      { return r.Took.Minutes() }
func (r *report) SDKQueue() string      { return thousands(sdkQueue) }
func (r *report) SampledRatio() float64 { return sampledRatio }
func (r *report) StartRate() string     { return thousands(startRate) }
func (r *report) AttachRate() string    { return thousands(attachRate) }
func (r *report) Clients() int          { return usualClients }
func (r *report) StatementClients() int { return statementClients }

// Headline says the number that matters most.
func (r *report) Headline() string {
	server := r.Requests[0].Saturated()
	return fmt.Sprintf("A traced request of an HTTP/1.1 server costs %.1f µs of processor time more: %.1f in the server, %.1f in the collector. "+
		"With the OpenTelemetry SDK and OTLP it is %.1f µs.",
		server.Added().Median(), server.AddedTarget().Median(), server.Collector().Median(), server.SDKAdded().Median())
}

// PerProcess and PerExecutable are what a target and a binary more take of the collector's memory, in KiB.
func (r *report) PerProcess() float64 {
	one := r.Fleets[:len(r.Fleets)/2]
	return perOne(one[0], one[len(one)-1], one[len(one)-1].X-one[0].X)
}

func (r *report) PerExecutable() float64 {
	one, several := r.Fleets[len(r.Fleets)/2-1], r.Fleets[len(r.Fleets)-1]
	return perOne(one, several, several.Executables-one.Executables)
}

func perOne(less, more fleetPoint, n int) float64 {
	const kibibytes = 1024 // of a MiB
	return (more.Start.Resident.Median() - less.Start.Resident.Median()) * kibibytes / float64(n)
}

// Mebibytes is the size of the large executable.
func (l *largePoint) Mebibytes() int64 { return l.Bytes >> 20 }

// Second writes a number of spans a second.
func (*ring) Second(s spread) string { return s.whole() }

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

// write writes the document to a file, and its plots beside it.
func (r *report) write(path string) error {
	var text strings.Builder
	if err := r.render(&text); err != nil {
		return err
	}
	if err := r.draw(filepath.Dir(path)); err != nil {
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
