// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func programs(t *testing.T) *ebpf.CollectionSpec {
	spec, err := catalog.Libraries()[0].Programs()
	require.NoError(t, err)
	return spec
}

// outgoingPrograms are those of a library whose requests are given headers.
func outgoingPrograms(t *testing.T) *ebpf.CollectionSpec {
	for _, library := range catalog.Libraries() {
		spec, err := library.Programs()
		require.NoError(t, err)
		if spec.Maps["outgoing"] != nil {
			return spec
		}
	}
	t.Fatal("no library has requests that go out")
	return nil
}

func TestStructsOfKernelSide(t *testing.T) {
	spec := programs(t)
	kerneltest.CheckStruct(t, spec, "runtime_layout", RuntimeLayout{})
	kerneltest.CheckStruct(t, spec, "context_type", contextType{})
	kerneltest.CheckStruct(t, spec, "context_type_key", contextTypeKey{})
	kerneltest.CheckStruct(t, spec, "target", targetState{})
	kerneltest.CheckStruct(t, spec, "sampler", samplerState{})
}

// TestStateOfKernelSide holds what is read of the state of goroutines to its struct.
func TestStateOfKernelSide(t *testing.T) {
	spec := outgoingPrograms(t)
	offsets := func(name string) map[string]int {
		fields, _ := kerneltest.Struct(t, spec, name)
		all := map[string]int{}
		for _, field := range fields {
			all[field.Path] = field.Offset
		}
		return all
	}
	for name, key := range map[string]string{"goroutine_key": "goid", "context_key": "data", "outgoing_key": "object"} {
		_, size := kerneltest.Struct(t, spec, name)
		assert.Equal(t, size, int(unsafe.Sizeof(stateKey{})))
		assert.Equal(t, offsets(name)[key], int(unsafe.Offsetof(stateKey{}.ID)))
		assert.Equal(t, offsets(name)["tgid"], int(unsafe.Offsetof(stateKey{}.TGID)))
	}
	_, size := kerneltest.Struct(t, spec, "context_span")
	assert.Equal(t, size, len(contextState{}))
	_, size = kerneltest.Struct(t, spec, "outgoing")
	assert.Equal(t, size, len(outgoingState{}))

	_, size = kerneltest.Struct(t, spec, "goroutine")
	assert.Equal(t, size, len(goroutineState{}))
	_, size = kerneltest.Struct(t, spec, "open_span")
	assert.Equal(t, size, openSpanSize)
	goroutine := offsets("goroutine")
	assert.Equal(t, 8, goroutine["count"])
	assert.Equal(t, keptInState, goroutine["kept"])
	for i := range openSpansMax {
		id := fmt.Sprintf("spans[%d].context.span_id", i)
		require.Contains(t, goroutine, id)
		assert.Equal(t, 16+i*openSpanSize+spanIDInState, goroutine[id])
	}
	assert.NotContains(t, goroutine, fmt.Sprintf("spans[%d].depth", openSpansMax))
}

// TestRoomForBinaries: an index of a binary is a key of each of these maps.
func TestRoomForBinaries(t *testing.T) {
	spec := programs(t)
	for _, name := range []string{"runtime_layouts", "binaries", catalog.Libraries()[0].LayoutMap()} {
		require.Contains(t, spec.Maps, name)
		assert.EqualValues(t, MaxBinaries, spec.Maps[name].MaxEntries, name)
	}
}

func TestSettingsOfKernelSide(t *testing.T) {
	numbers := kerneltest.ReadSource(t, "include/target.h").Numbers
	for name, settings := range map[string]Settings{
		"PROPAGATE_WRITE":     PropagateWrite,
		"PROPAGATE_SOCKET":    PropagateSocket,
		"PROPAGATE_JOIN":      PropagateJoin,
		"FORMAT_TRACECONTEXT": FormatTraceContext,
		"FORMAT_B3":           FormatB3,
		"FORMAT_B3_MULTI":     FormatB3Multi,
	} {
		assert.Equal(t, numbers[name], int(settings), name)
	}
	assert.Equal(t, instrument.WayWrite|instrument.WayJoin, (PropagateWrite | PropagateJoin | FormatB3).Ways())
}
