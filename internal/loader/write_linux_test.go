// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
)

// TestCanWrite: root can, unless the kernel is locked down.
func TestCanWrite(t *testing.T) {
	l := load(t, catalog.Libraries()...)
	can, reason := l.CanWrite()
	content, err := os.ReadFile(lockdownFile)
	if err == nil && !strings.Contains(string(content), "[none]") {
		assert.False(t, can)
		assert.Contains(t, reason, "locked down")
	} else {
		assert.True(t, can, reason)
		assert.Empty(t, reason)
	}
	assert.Equal(t, can, l.programs["net_http_client_write"] != nil)
	assert.NotNil(t, l.programs["net_http_client_arm"])
}

func TestWithoutWriters(t *testing.T) {
	spec := &ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{
		"writes": {Instructions: asm.Instructions{asm.FnProbeWriteUser.Call(), asm.Return()}},
		"reads":  {Instructions: asm.Instructions{asm.FnProbeReadUser.Call(), asm.Return()}},
		// A number that is no call.
		"counts": {Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, int32(asm.FnProbeWriteUser)), asm.Return()}},
	}}
	withoutWriters(spec)
	assert.Len(t, spec.Programs, 2)
	assert.NotContains(t, spec.Programs, "writes")
}
