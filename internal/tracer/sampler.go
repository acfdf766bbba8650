// SPDX-License-Identifier: Apache-2.0

package tracer

// Sampler says which traces are sampled, by the rules of the SDK of OpenTelemetry for Go.
// The zero value is SamplerParentBasedAlwaysOn.
type Sampler struct {
	Type  SamplerType
	Ratio float64 // of the traces, where the type has one
}

// SamplerType is what a sampler decides by.
type SamplerType string

// The types. What is based on the parent decides about roots alone: all other spans are
// sampled if their parent is, on this machine or another.
const (
	SamplerAlwaysOn                SamplerType = "always_on"
	SamplerAlwaysOff               SamplerType = "always_off"
	SamplerTraceIDRatio            SamplerType = "trace_id_ratio"
	SamplerParentBasedAlwaysOn     SamplerType = "parent_based_always_on"
	SamplerParentBasedAlwaysOff    SamplerType = "parent_based_always_off"
	SamplerParentBasedTraceIDRatio SamplerType = "parent_based_trace_id_ratio"
)

// SamplerTypes are all types.
var SamplerTypes = []SamplerType{
	SamplerAlwaysOn, SamplerAlwaysOff, SamplerTraceIDRatio,
	SamplerParentBasedAlwaysOn, SamplerParentBasedAlwaysOff, SamplerParentBasedTraceIDRatio,
}

// HasRatio tells whether a sampler of the type has a ratio.
func (t SamplerType) HasRatio() bool {
	return t == SamplerTraceIDRatio || t == SamplerParentBasedTraceIDRatio
}

// allTraces is above the number of each trace, which has 63 bits.
const allTraces = 1 << 63

// bound is what the number of a trace must be below: see TraceIDRatioBased
// (go.opentelemetry.io/otel/sdk/trace, sampling.go).
func (s Sampler) bound() uint64 {
	switch s.Type {
	case SamplerAlwaysOff, SamplerParentBasedAlwaysOff:
		return 0
	case SamplerTraceIDRatio, SamplerParentBasedTraceIDRatio:
		if s.Ratio < 1 {
			return uint64(max(s.Ratio, 0) * allTraces)
		}
	}
	return allTraces
}

// parentBased tells whether the parent decides, where there is one.
func (s Sampler) parentBased() bool {
	return s.Type != SamplerAlwaysOn && s.Type != SamplerAlwaysOff && s.Type != SamplerTraceIDRatio
}

// samplers counts what sessions want of the same processes. The kernel side decides once for
// all of them, so the one that keeps most is in force.
type samplers map[Sampler]int

func (s samplers) add(sampler Sampler) { s[sampler]++ }

// remove undoes add, and tells whether another sampler is in force then.
func (s samplers) remove(sampler Sampler) (changed bool) {
	before := s.most()
	if s[sampler]--; s[sampler] <= 0 {
		delete(s, sampler)
	}
	return s.most() != before
}

// most is the sampler that keeps most.
func (s samplers) most() Sampler {
	var most Sampler
	first := true
	for sampler := range s {
		if first || sampler.keepsMoreThan(most) {
			most, first = sampler, false
		}
	}
	return most
}

// keepsMoreThan compares two samplers by the traces that they begin, then by what they keep
// of those that others have begun.
func (s Sampler) keepsMoreThan(other Sampler) bool {
	if s.bound() != other.bound() {
		return s.bound() > other.bound()
	}
	if s.bound() == allTraces {
		return other.parentBased() && !s.parentBased()
	}
	return s.parentBased() && !other.parentBased()
}
