// SPDX-License-Identifier: Apache-2.0

// Package instrument defines what belongs to one instrumented library: which of its
// functions are probed, and how what the probes saw becomes spans. Each library has a
// package below this one; package catalog lists them.
package instrument

import (
	"github.com/cilium/ebpf"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

// Library is one instrumented library.
type Library interface {
	// Name is the name of the library's package here, the last element of its
	// instrumentation scope.
	Name() string

	// Instrumentations are the parts that the configuration switches on and off.
	Instrumentations() []Instrumentation

	// Programs is the library's part of the kernel side. The error wraps
	// errors.ErrUnsupported where there is none for the platform.
	Programs() (*ebpf.CollectionSpec, error)

	// LayoutMap names the map of the kernel side that holds a Plan's Layout for
	// each binary, by the index of the binary.
	LayoutMap() string

	// Fields are those that the library may read, of any version of what it traces. The
	// database of offsets has them.
	Fields() []gobinary.Field

	// Plan chooses the probes for one binary. A library that is not in the binary
	// gives an empty plan.
	Plan(*gobinary.File) (Plan, error)

	// Span sets name, kind, attributes and status of a span. Identifiers, parent
	// and times are set already. It is an error if an event cannot be decoded. It is not
	// safe for concurrent use: what comes again and again is remembered.
	Span(Record, ptrace.Span) error
}

// Instrumentation is a part of a library that the configuration names.
type Instrumentation struct {
	Name      string           // as in the configuration, e.g. net_http_server
	Operation events.Operation // of its events; no two instrumentations share one
	Options   []Option         // that it has besides being on or off
}

// Option is a key of an instrumentation's configuration.
type Option struct {
	Name   string
	Values []string // that it can have; the first is the default
}

// Record is what the kernel side says of one operation, and how it is to be told.
type Record struct {
	Start events.Start
	End   events.End
	// TypeName returns the type whose descriptor has a link-time address, in the form
	// of reflect.Type.String, or "" when it is not known.
	TypeName func(address uint64) string
	// Constants are those of the executable.
	Constants events.Constants
	// Options are the values of the instrumentation's options, by name.
	Options map[string]string
}

// StartBody reads the operation's own part of the start.
func (r *Record) StartBody() events.Body { return events.NewBody(r.Start.Body, r.Constants) }

// EndBody reads the operation's own part of the end. It is empty where the operation did not finish.
func (r *Record) EndBody() events.Body { return events.NewBody(r.End.Body, r.Constants) }

// Plan says how one binary is probed.
type Plan struct {
	Probes []Probe
	Layout any             // value of the LayoutMap: a struct of fixed size, shaped as in the kernel side
	Fields gobinary.Layout // the fields that were found
	// Missing are the fields that no source has: what needs them is off.
	Missing []gobinary.Field
	// Problems say, one sentence each, what of the library is in the binary but
	// cannot be traced, and why.
	Problems []string
}

// Probe is one program at one site.
type Probe struct {
	Instrumentation string
	Program         string // name in Programs
	Site            gobinary.Site
	Variant         uint8 // 0 to 7, handed to the program; its meaning is the program's
	// Way are the ways of propagation that the probe is for: without one of them it is not
	// attached. 0 is attached in any case.
	Way Way
}
