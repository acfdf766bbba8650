// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"fmt"
	"slices"
)

// Sampler says which traces of a target are sampled.
type Sampler struct {
	// Bound is what the number of a trace, the last 63 bits of its identifier but for
	// the very last, must be below. 1<<63 is above all.
	Bound uint64
	// ParentBased says that a span that has a parent is sampled if that is.
	ParentBased bool
}

// everyTrace is the sampler that the kernel side has without being told: number 0.
var everyTrace = Sampler{Bound: 1 << 63, ParentBased: true}

// samplerState is struct sampler.
type samplerState struct {
	Bound       uint64
	ParentBased uint8
	Padding     [7]byte
}

// Sampler returns the settings of targets that have a sampler. It is not safe for
// concurrent use.
func (l *Loader) Sampler(s Sampler) (Settings, error) {
	if s == everyTrace {
		return 0, nil
	}
	known := slices.Index(l.samplers, s)
	if known < 0 {
		known = len(l.samplers)
		if known == maxSamplers {
			return 0, fmt.Errorf("there are %d different samplers already", maxSamplers)
		}
		state := samplerState{Bound: s.Bound}
		if s.ParentBased {
			state.ParentBased = 1
		}
		if err := l.put("samplers", uint32(known+1), state); err != nil {
			return 0, err
		}
		l.samplers = append(l.samplers, s)
	}
	return Settings(known+1) << samplerShift, nil
}
