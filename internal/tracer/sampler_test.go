// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	wire "encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TestBoundOfRatio: the SDK decides the same, for traces at the bound and for any others.
func TestBoundOfRatio(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, ratio := range []float64{
		-1, 0, math.SmallestNonzeroFloat64, 1e-18, 1e-9, 0.01, 0.25, 1.0 / 3, 0.5, 0.75, 0.999999, math.Nextafter(1, 0), 1, 2, math.Inf(1),
	} {
		sdk := sdk.TraceIDRatioBased(ratio)
		for _, samplerType := range []SamplerType{SamplerTraceIDRatio, SamplerParentBasedTraceIDRatio} {
			bound := Sampler{samplerType, ratio}.bound()
			numbers := []uint64{0, 1, bound - 1, bound, bound + 1, 1<<63 - 1}
			for range 100 {
				numbers = append(numbers, random.Uint64())
			}
			for _, number := range numbers {
				number &= 1<<63 - 1
				for _, last := range []uint64{0, 1} {
					var id trace.TraceID
					wire.BigEndian.PutUint64(id[:], random.Uint64())
					wire.BigEndian.PutUint64(id[8:], number<<1|last)
					assert.Equal(t, sampledBy(sdk, id), number < bound, "ratio %g, trace %s", ratio, id)
				}
			}
		}
	}
}

func sampledBy(sampler sdk.Sampler, id trace.TraceID) bool {
	return sampler.ShouldSample(sdk.SamplingParameters{TraceID: id}).Decision == sdk.RecordAndSample
}

func TestSamplerTypes(t *testing.T) {
	for samplerType, want := range map[SamplerType]struct {
		bound       uint64
		parentBased bool
	}{
		"":                             {allTraces, true},
		SamplerAlwaysOn:                {allTraces, false},
		SamplerAlwaysOff:               {0, false},
		SamplerTraceIDRatio:            {allTraces / 4, false},
		SamplerParentBasedAlwaysOn:     {allTraces, true},
		SamplerParentBasedAlwaysOff:    {0, true},
		SamplerParentBasedTraceIDRatio: {allTraces / 4, true},
	} {
		s := Sampler{samplerType, 0.25}
		assert.Equal(t, want.bound, s.bound(), samplerType)
		assert.Equal(t, want.parentBased, s.parentBased(), samplerType)
	}
}

func TestSamplersOfSessions(t *testing.T) {
	// Each keeps more than those before it.
	order := []Sampler{
		{Type: SamplerAlwaysOff},
		{Type: SamplerParentBasedAlwaysOff},
		{SamplerTraceIDRatio, 0.25},
		{SamplerParentBasedTraceIDRatio, 0.25},
		{SamplerTraceIDRatio, 0.5},
		{SamplerParentBasedTraceIDRatio, 1},
		{Type: SamplerAlwaysOn},
	}
	all := samplers{}
	for i, s := range order {
		all.add(s)
		all.add(order[0])
		assert.Equal(t, s, all.most())
		for j, other := range order {
			assert.Equal(t, i > j, s.keepsMoreThan(other), "%v, %v", s, other)
		}
	}
	all.add(order[3])
	for i := len(order) - 1; i > 0; i-- {
		assert.Equal(t, order[i], all.most())
		if i == 3 {
			assert.False(t, all.remove(order[i]), "another session wants it")
			assert.Equal(t, order[i], all.most())
		}
		assert.True(t, all.remove(order[i]))
	}
	assert.Equal(t, order[0], all.most())
}
