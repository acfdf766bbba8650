// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// SamplerConfig says which traces are sampled. What is not costs its service the probes and
// next to nothing more.
type SamplerConfig struct {
	// Type is what the decision is made by, as in the SDK of OpenTelemetry: always_on,
	// always_off or trace_id_ratio, or one of these behind parent_based_, which decides
	// about roots alone, because all other spans are sampled if their parent is.
	Type string `mapstructure:"type"`

	// Ratio is that of the traces that are sampled, from 0 to 1, where the type has one.
	Ratio *float64 `mapstructure:"ratio"`
}

func (c *SamplerConfig) validate() error {
	samplerType := tracer.SamplerType(c.Type)
	if !slices.Contains(tracer.SamplerTypes, samplerType) {
		return fmt.Errorf("sampler.type: %q is not one of %s", c.Type, samplerTypes(func(tracer.SamplerType) bool { return true }))
	}
	switch {
	case !samplerType.HasRatio() && c.Ratio != nil:
		return fmt.Errorf("sampler.ratio: %s has none; those that do are %s", c.Type, samplerTypes(tracer.SamplerType.HasRatio))
	case samplerType.HasRatio() && c.Ratio == nil:
		return errors.New("sampler.ratio: is required, for " + c.Type)
	case c.Ratio != nil && !(*c.Ratio >= 0 && *c.Ratio <= 1): // neither for NaN
		return fmt.Errorf("sampler.ratio: %v is not between 0 and 1", *c.Ratio)
	}
	return nil
}

func samplerTypes(which func(tracer.SamplerType) bool) string {
	var names []string
	for _, samplerType := range tracer.SamplerTypes {
		if which(samplerType) {
			names = append(names, string(samplerType))
		}
	}
	return strings.Join(names, ", ")
}

func (c *SamplerConfig) sampler() tracer.Sampler {
	s := tracer.Sampler{Type: tracer.SamplerType(c.Type)}
	if c.Ratio != nil {
		s.Ratio = *c.Ratio
	}
	return s
}
