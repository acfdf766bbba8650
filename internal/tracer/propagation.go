// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// Propagation is what a session wants of the trace context that passes between processes.
type Propagation struct {
	Mode    PropagationMode
	Formats []PropagationFormat
}

// PropagationMode says which ways the trace context may take out of a target.
type PropagationMode string

// The modes.
const (
	PropagationAuto   PropagationMode = "auto"   // the best way that the kernel and the privileges allow
	PropagationWrite  PropagationMode = "write"  // into the target's own buffer, or none
	PropagationSocket PropagationMode = "socket" // in the socket layer, or none
	PropagationOff    PropagationMode = "off"
)

// PropagationModes are all modes.
var PropagationModes = []PropagationMode{PropagationAuto, PropagationWrite, PropagationSocket, PropagationOff}

// PropagationFormat is a form in which an incoming request names its parent.
type PropagationFormat string

// The formats. Of those that one request has, the first in this order counts.
const (
	FormatTraceContext PropagationFormat = "tracecontext" // traceparent of W3C Trace Context
	FormatB3           PropagationFormat = "b3"           // the single header of Zipkin
	FormatB3Multi      PropagationFormat = "b3multi"      // X-B3-TraceId and its kin
)

// PropagationFormats are all formats.
var PropagationFormats = []PropagationFormat{FormatTraceContext, FormatB3, FormatB3Multi}

// PropagationWay is the way in force for a target, named as the metric
// ebpfgo.propagation.targets names it.
type PropagationWay string

// The ways.
const (
	WayWrite  PropagationWay = "write"  // into the target's own buffer
	WaySocket PropagationWay = "socket" // in the socket layer; what is encrypted is joined
	WayJoin   PropagationWay = "join"   // nothing on the wire: two ends on this host are joined
	WayNone   PropagationWay = "none"
)

// PropagationReason says why a way is in force, named as the same metric names it.
type PropagationReason string

// The reasons.
const (
	ReasonConfigured    PropagationReason = "configured"     // the mode asks for it
	ReasonAvailable     PropagationReason = "available"      // it is the best one, and there is nothing against it
	ReasonWriteRefused  PropagationReason = "write_refused"  // memory of targets must not be written
	ReasonSocketRefused PropagationReason = "socket_refused" // the socket layer is not open either, or alone was asked for
)

// propagation is what comes of a mode on this machine.
type propagation struct {
	way    PropagationWay
	reason PropagationReason
	// refusal says what is against a better way; nil: nothing.
	refusal error
}

// choose says which way a mode leads to. write says what is against writing, and socket,
// which is asked only where it matters, what is against the socket layer; nil: nothing.
func (m PropagationMode) choose(write error, socket func() error) propagation {
	switch m {
	case PropagationWrite:
		if write != nil {
			return propagation{WayNone, ReasonWriteRefused, write}
		}
		return propagation{way: WayWrite, reason: ReasonConfigured}
	case PropagationSocket:
		if err := socket(); err != nil {
			return propagation{WayNone, ReasonSocketRefused, err}
		}
		return propagation{way: WaySocket, reason: ReasonConfigured}
	case PropagationAuto:
		if write == nil {
			return propagation{way: WayWrite, reason: ReasonAvailable}
		}
		if err := socket(); err != nil {
			return propagation{WayJoin, ReasonSocketRefused, fmt.Errorf("%w; %w", write, err)}
		}
		return propagation{WaySocket, ReasonWriteRefused, write}
	}
	return propagation{way: WayNone, reason: ReasonConfigured}
}

// settings says it to the kernel side.
func (w PropagationWay) settings() loader.Settings {
	switch w {
	case WayWrite:
		return loader.PropagateWrite
	case WaySocket:
		return loader.PropagateSocket | loader.PropagateJoin
	case WayJoin:
		return loader.PropagateJoin
	}
	return 0
}

func (f PropagationFormat) settings() loader.Settings {
	switch f {
	case FormatTraceContext:
		return loader.FormatTraceContext
	case FormatB3:
		return loader.FormatB3
	case FormatB3Multi:
		return loader.FormatB3Multi
	}
	return 0
}
