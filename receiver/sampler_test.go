// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

func TestSamplerConfig(t *testing.T) {
	for text, want := range map[string]tracer.Sampler{
		`{}`:                          {Type: tracer.SamplerParentBasedAlwaysOn},
		`sampler: {type: always_off}`: {Type: tracer.SamplerAlwaysOff},
		`sampler: {type: trace_id_ratio, ratio: 0}`:                 {Type: tracer.SamplerTraceIDRatio},
		`sampler: {type: parent_based_trace_id_ratio, ratio: 1}`:    {Type: tracer.SamplerParentBasedTraceIDRatio, Ratio: 1},
		`sampler: {type: parent_based_trace_id_ratio, ratio: 0.01}`: {Type: tracer.SamplerParentBasedTraceIDRatio, Ratio: 0.01},
	} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, parse(t, text).Unmarshal(cfg), text)
		require.NoError(t, cfg.Sampler.validate(), text)
		assert.Equal(t, want, cfg.Sampler.sampler(), text)
	}
	for _, samplerType := range tracer.SamplerTypes {
		config := SamplerConfig{Type: string(samplerType)}
		if samplerType.HasRatio() {
			config.Ratio = new(float64)
		}
		assert.NoError(t, config.validate(), samplerType)
	}
}
