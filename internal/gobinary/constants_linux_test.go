// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

func TestConstants(t *testing.T) {
	eachTypes(t, func(t *testing.T, f *File, r *os.File) {
		data, err := f.moduleData()
		require.NoError(t, err)
		constants := f.Constants()
		expected, text := make([]byte, 64), make([]byte, 64)
		require.NoError(t, f.image.read(data.text, expected))
		require.NoError(t, constants.Read(r, data.text, text))
		assert.Equal(t, expected, text, "code is as constant as data")
		assert.ErrorIs(t, constants.Read(r, data.addr, text[:8]), errNoConstant, "moduledata is a variable")
	})
}

func TestConstantsOfWrongAddresses(t *testing.T) {
	f, r := openBuild(t, targettest.Build{Program: "types", Go: "1.26", Strip: true})
	constants := f.Constants()
	require.NotEmpty(t, constants.segments)
	last := constants.segments[len(constants.segments)-1]
	end := last.Vaddr + last.Filesz
	text := make([]byte, 16)
	require.NoError(t, constants.Read(r, end-16, text))
	for name, addr := range map[string]uint64{
		"null":           0,
		"across the end": end - 15,
		"far out":        ^uint64(7),
		"in the heap":    0xc000012340,
	} {
		assert.ErrorIs(t, constants.Read(r, addr, text), errNoConstant, name)
	}
	assert.ErrorIs(t, constants.Read(bytes.NewReader(nil), end-16, text), io.EOF, "another file")
}
