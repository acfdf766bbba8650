// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// bench is targets that are measured in several modes by turns.
type bench struct {
	plan
	t        testing.TB
	profile  string
	versions []string // of Go, whose sites are listed
	otlp     *collector
	all      []scenario
	failures []string
}

// server is a target and its executable, which no other process runs that is not to be traced.
type server struct {
	*targettest.Target
	executable string
	sdk        bool
}

// goVersion is that of the targets.
func goVersion() string { return targettest.Versions()[len(targettest.Versions())-1] }

// start starts a program of testdata, stripped, from an executable of its own.
func (b *bench) start(program string, options ...targettest.Option) server {
	b.t.Helper()
	executable := copyTo(b.t, b.t.TempDir(), b.build(program))
	return server{Target: targettest.Start(b.t, executable, options...), executable: executable}
}

func (b *bench) build(program string) string {
	b.t.Helper()
	return targettest.Binary(b.t, targettest.Build{Program: program, Go: goVersion(), Strip: true})
}

// sdkQueue is how many spans the batch processor of an SDK holds. Its default, 2048, is too few for any
// load here. All else is as the SDK has it.
const sdkQueue = 1 << 18

// startSDK starts a program of testdata that has an SDK.
func (b *bench) startSDK(program string, options ...targettest.Option) server {
	b.t.Helper()
	if b.otlp == nil {
		b.otlp = startOTLP(b.t)
	}
	options = append(options, targettest.Env(
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+b.otlp.address,
		fmt.Sprintf("OTEL_BSP_MAX_QUEUE_SIZE=%d", sdkQueue),
		"OTEL_SERVICE_NAME="+program,
	))
	s := b.start(program, options...)
	s.sdk = true
	return s
}

func copyTo(t testing.TB, folder, executable string) string {
	t.Helper()
	path := filepath.Join(folder, filepath.Base(executable))
	if err := targettest.CopyExecutable(executable, path); err != nil {
		t.Fatalf("%v", err)
	}
	return path
}

// expect notes that a measurement is worthless if spans are missing, or if there are too many. It goes on,
// because the others may still tell why.
func (b *bench) expect(what string, spans, wanted int) {
	if spans == wanted {
		return
	}
	failure := fmt.Sprintf("%s: %d spans of %d", what, spans, wanted)
	b.t.Logf("FAILED %s", failure)
	b.failures = append(b.failures, failure)
}

// expectSpans is expect for the spans of a load's operations. Where chance decides, more than four standard deviations from
// the mean happen once in some ten thousand times.
func (b *bench) expectSpans(what string, l load, spans, operations int) {
	wanted := l.wanted(operations)
	if l.ratio != 0 && math.Abs(float64(spans-wanted)) <= 1+4*math.Sqrt(float64(wanted)) {
		return
	}
	b.expect(what, spans, wanted)
}
