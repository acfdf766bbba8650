// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package kerneltest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/bpf"
)

// TestSource holds what is read of the source to what the compiler made of it.
func TestSource(t *testing.T) {
	spec, err := bpf.LoadNethttp()
	require.NoError(t, err)
	source := ReadSource(t, "include/parent.h", "include/goroutine.h", "include/lineage.h", "include/scratch.h", "nethttp.bpf.c")
	for _, name := range []string{"goroutine", "open_span", "runtime_layout", "context_type", "context_span", "net_http_layout"} {
		compiled, compiledSize := Struct(t, spec, name)
		fields, size := source.Struct(t, name)
		assert.Equal(t, compiled, fields, name)
		assert.Equal(t, compiledSize, size, name)
	}
	assert.Equal(t, []Enumerator{{"HTTP2_BUNDLED", 0}, {"HTTP2_INTERNAL", 1}, {"HTTP2_MODULE", 2}, {"HTTP2_KINDS", 3}}, source.Enums["http2"])
	assert.Equal(t, 512, source.Numbers["STRUCT_MAX"])
}

func TestRecord(t *testing.T) {
	source := ReadSource(t, "include/parent.h", "include/goroutine.h")
	record := source.Record(t, "goroutine", map[string]uint64{"count": 0x01020304, "spans[1].operation": 7})
	assert.Len(t, record, 16+4*80+24+8)
	assert.Equal(t, []byte{4, 3, 2, 1}, record[8:12])
	assert.Equal(t, byte(7), record[16+80+68])
}
