// SPDX-License-Identifier: Apache-2.0

// Package tracer traces processes: it analyses their binaries, attaches probes, reads
// what the kernel side sends and makes spans of it. Any number of sessions, one for each
// configured receiver, share one kernel side.
package tracer

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// Options are what a session wants.
type Options struct {
	Logger    *zap.Logger
	Telemetry Telemetry
	// Enabled tells whether an instrumentation is on.
	Enabled func(instrumentation string) bool
	// InstrumentationOptions returns the values of an instrumentation's options, by name.
	InstrumentationOptions func(instrumentation string) map[string]string
	// Propagation says how the trace context passes between processes.
	Propagation Propagation
	// Sampler says which traces are sampled.
	Sampler Sampler
	// MaxSpans and Timeout end a batch: its number of spans, and the age of the oldest.
	MaxSpans int
	Timeout  time.Duration
	// Deliver takes a batch of so many spans. It must not block: false says that there
	// was no room for it.
	Deliver func(batch ptrace.Traces, spans int) bool
	// Offsets has the layouts that executables do not tell themselves.
	Offsets *offsetsdb.DB
	// Sources are where layouts come from, for tests that leave some out; nil is all of them.
	Sources []gobinary.Source
	// ScopeVersion is the version of the instrumentation scopes.
	ScopeVersion string

	settings loader.Settings // what came of Propagation
}

// Telemetry takes what the internal metrics count. It is safe for concurrent use.
type Telemetry interface {
	Targets(delta int64)
	Binary(outcome BinaryOutcome, analysis time.Duration)
	Fields(source string, n int64)
	ProbesAttached(instrumentation string, delta int64)
	ProbesFailed(instrumentation string, n int64)
	Spans(instrumentation string, n int64)
	Lost(reason events.Loss, n int64)
	Propagated(outcome events.Propagation, n int64)
	PropagationTargets(way PropagationWay, reason PropagationReason, delta int64)
}

// BinaryOutcome is what the analysis of an executable came to, named as the metric
// ebpfgo.binaries names it.
type BinaryOutcome string

// The outcomes.
const (
	BinaryTraced         BinaryOutcome = "traced"
	BinaryNothingToTrace BinaryOutcome = "nothing_to_trace" // none of the libraries is in it
	BinaryNotSupported   BinaryOutcome = "not_supported"    // a Go version or platform that is not known
	BinaryInvalid        BinaryOutcome = "invalid"          // it cannot be analysed
	BinaryFailed         BinaryOutcome = "failed"           // the kernel refused the probes
)

// scopePrefix stands before the name of a library in its instrumentation scope.
const scopePrefix = "github.com/ebpfgo/ebpfgoreceiver/internal/instrument/"
