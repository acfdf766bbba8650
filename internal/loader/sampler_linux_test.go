// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestSamplers(t *testing.T) {
	l := load(t, catalog.Libraries()[0])
	settings, err := l.Sampler(Sampler{Bound: 1 << 63, ParentBased: true})
	require.NoError(t, err)
	assert.Zero(t, settings, "the default")
	for i := range uint64(maxSamplers) {
		for range 2 { // the second time it is known
			settings, err := l.Sampler(Sampler{Bound: i / 2, ParentBased: i%2 == 1})
			require.NoError(t, err)
			assert.Equal(t, Settings(i+1)<<8, settings)
			var state samplerState
			require.NoError(t, l.maps["samplers"].Lookup(uint32(i+1), &state))
			assert.Equal(t, samplerState{Bound: i / 2, ParentBased: uint8(i % 2)}, state)
		}
	}
	_, err = l.Sampler(Sampler{Bound: maxSamplers})
	require.ErrorContains(t, err, "255 different samplers")
	settings, err = l.Sampler(Sampler{Bound: 0, ParentBased: true})
	require.NoError(t, err)
	assert.Equal(t, Settings(2)<<8, settings, "those that are known go on")
}

func TestSamplerNumberOfKernelSide(t *testing.T) {
	numbers := kerneltest.ReadSource(t, "include/target.h").Numbers
	assert.Equal(t, numbers["SAMPLER_SHIFT"], samplerShift)
	assert.Equal(t, numbers["SAMPLER_MASK"], maxSamplers)
}
