// SPDX-License-Identifier: Apache-2.0

package loader

import "github.com/ebpfgo/ebpfgoreceiver/internal/instrument"

// Settings say what is asked of a target besides spans: the ways by which its requests are
// given a traceparent, the formats of incoming ones that are read, and the number of the
// sampler, see bpf/include/target.h and Loader.Sampler. Without any, requests go out as the
// program makes them.
type Settings uint32

// The settings.
const (
	PropagateWrite     = Settings(instrument.WayWrite)
	PropagateSocket    = Settings(instrument.WaySocket)
	PropagateJoin      = Settings(instrument.WayJoin)
	FormatTraceContext = Settings(8)
	FormatB3           = Settings(16)
	FormatB3Multi      = Settings(32)

	samplerShift = 8 // of the number of the sampler, 8 bits
	maxSamplers  = 255

	traced = Settings(1 << 31)
)

// Ways returns the ways of propagation that are in force.
func (s Settings) Ways() instrument.Way {
	return instrument.Way(s & (PropagateWrite | PropagateSocket | PropagateJoin))
}
