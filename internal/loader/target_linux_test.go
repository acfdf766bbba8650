// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
)

// goroutine is the state of a goroutine with open spans, as the kernel side writes it.
func goroutine(count uint32, spans ...uint64) (state goroutineState) {
	binary.LittleEndian.PutUint32(state[8:], count)
	for i, id := range spans {
		binary.LittleEndian.PutUint64(state[16+i*openSpanSize+spanIDInState:], id)
	}
	return state
}

// detached is the state of a span that runs on no goroutine.
func detached(span uint64) (state detachedState) {
	binary.LittleEndian.PutUint64(state[spanIDInState:], span)
	return state
}

func spanID(id uint64) (s pcommon.SpanID) {
	binary.LittleEndian.PutUint64(s[:], id)
	return s
}

func TestOpenSpans(t *testing.T) {
	l := load(t, catalog.Libraries()...)
	open, err := l.OpenSpans()
	require.NoError(t, err)
	assert.Empty(t, open)

	require.NoError(t, l.put("goroutines", stateKey{1, 10}, goroutine(2, 0x101, 0x102, 0x103)))
	require.NoError(t, l.put("goroutines", stateKey{1, 11}, goroutine(0, 0x201)))
	require.NoError(t, l.put("goroutines", stateKey{2, 11}, goroutine(1<<32-1, 0x301, 0x302, 0x303, 0x304)))
	require.NoError(t, l.put("detached", stateKey{1, 11}, detached(0x401)))
	open, err = l.OpenSpans()
	require.NoError(t, err)
	expected := map[pcommon.SpanID]bool{}
	for _, id := range []uint64{0x101, 0x102, 0x301, 0x302, 0x303, 0x304, 0x401} {
		expected[spanID(id)] = true
	}
	assert.Equal(t, expected, open)
}

// TestForget frees what is kept of one process and leaves the others alone, however much it is.
func TestForget(t *testing.T) {
	const mine, other = uint32(10), uint32(11)
	const many = 3*stateBatch + 1
	l := load(t, catalog.Libraries()...)
	require.NoError(t, l.Trace(mine, 1, 0, 0))
	require.NoError(t, l.Trace(other, 1, PropagateSocket|FormatB3|3<<samplerShift, 4026531840))
	const kept = 17
	for id := range uint64(many) {
		state := goroutine(1, id+1)
		if id < kept {
			state[keptInState] = 1
		}
		require.NoError(t, l.put("goroutines", stateKey{id, uint64(mine)}, state))
		require.NoError(t, l.put("detached", stateKey{id, uint64(mine)}, detached(id+1+many)))
		require.NoError(t, l.put("contexts", stateKey{id, uint64(mine)}, contextState{}))
		require.NoError(t, l.put("outgoing", stateKey{id, uint64(mine)}, outgoingState{}))
	}
	require.NoError(t, l.put("goroutines", stateKey{7, uint64(other)}, goroutine(1, 0xabcdef)))
	require.NoError(t, l.put("detached", stateKey{7, uint64(other)}, detached(0xabcdf0)))
	require.NoError(t, l.put("contexts", stateKey{7, uint64(other)}, contextState{}))
	require.NoError(t, l.put("outgoing", stateKey{7, uint64(other)}, outgoingState{}))
	open, err := l.OpenSpans()
	require.NoError(t, err)
	assert.Equal(t, 2*many+2, len(open))

	require.NoError(t, l.Forget(mine))
	open, err = l.OpenSpans()
	require.NoError(t, err)
	assert.Equal(t, map[pcommon.SpanID]bool{spanID(0xabcdef): true, spanID(0xabcdf0): true}, open)
	var left []stateKey
	require.NoError(t, eachState(l.maps["contexts"], func(key stateKey, _ *contextState) { left = append(left, key) }))
	require.NoError(t, eachState(l.maps["outgoing"], func(key stateKey, _ *outgoingState) { left = append(left, key) }))
	assert.Equal(t, []stateKey{{7, uint64(other)}, {7, uint64(other)}}, left)
	var state targetState
	assert.ErrorIs(t, l.maps["targets"].Lookup(mine, &state), ebpf.ErrKeyNotExist)
	assert.NoError(t, l.maps["targets"].Lookup(other, &state))
	assert.Equal(t, targetState{Binary: 2, Settings: PropagateSocket | FormatB3 | 3<<samplerShift, Network: 4026531840, Identity: state.Identity}, state)

	assert.NoError(t, l.Forget(mine), "again")
	var forgotten uint64
	require.NoError(t, l.maps["keeping"].Lookup(keepingForgotten, &forgotten))
	assert.Equal(t, uint64(kept), forgotten)
}

func TestBinaries(t *testing.T) {
	const index = MaxBinaries - 1
	library := catalog.Libraries()[0]
	l := load(t, library)
	layout := make([]byte, l.maps[library.LayoutMap()].ValueSize())
	layout[0] = 0xab
	described := Binary{
		Runtime:  RuntimeLayout{Goid: 152, MapKind: mapSwiss},
		Contexts: []gobinary.ContextType{{Type: 0x1000, Offset: 8}, {Type: 0x2000, Offset: 16, Via: 24, Deref: true}},
		Layouts:  map[string]any{library.LayoutMap(): layout},
	}
	require.NoError(t, l.AddBinary(index, described))
	require.NoError(t, l.TraceAll(index, true, PropagateJoin|3<<samplerShift))

	var runtime RuntimeLayout
	require.NoError(t, l.maps["runtime_layouts"].Lookup(uint32(index), &runtime))
	assert.Equal(t, described.Runtime, runtime)
	stored := make([]byte, len(layout))
	require.NoError(t, l.maps[library.LayoutMap()].Lookup(uint32(index), &stored))
	assert.Equal(t, layout, stored)
	var context contextType
	require.NoError(t, l.maps["context_types"].Lookup(contextTypeKey{0x1000, index}, &context))
	assert.Equal(t, contextType{Offset: 8}, context)
	require.NoError(t, l.maps["context_types"].Lookup(contextTypeKey{0x2000, index}, &context))
	assert.Equal(t, contextType{Offset: 16, Via: 24, Dereference: 1}, context)
	var settings Settings
	require.NoError(t, l.maps["binaries"].Lookup(uint32(index), &settings))
	assert.Equal(t, traced|PropagateJoin|3<<samplerShift, settings)

	require.NoError(t, l.RemoveBinary(index, described))
	assert.ErrorIs(t, l.maps["context_types"].Lookup(contextTypeKey{0x1000, index}, &context), ebpf.ErrKeyNotExist)
	require.NoError(t, l.maps["binaries"].Lookup(uint32(index), &settings))
	assert.Zero(t, settings)

	assert.ErrorContains(t, l.AddBinary(MaxBinaries, described), "map runtime_layouts")
	err := l.AddBinary(index, Binary{Layouts: map[string]any{"nowhere": layout}})
	require.ErrorIs(t, err, errNoMap)
	assert.ErrorContains(t, err, "map nowhere")
}
