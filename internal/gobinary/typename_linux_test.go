// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

func TestTypeNames(t *testing.T) {
	eachTypes(t, func(t *testing.T, f *File, r *os.File) {
		names, err := f.TypeNames()
		require.NoError(t, err)
		types, err := f.types()
		require.NoError(t, err)
		found := make(map[string]bool)
		for _, typ := range types.all {
			name, err := names.Name(r, types.base+uint64(typ))
			require.NoError(t, err)
			if types.named(typ) && !strings.HasSuffix(name, "]") && !strings.HasPrefix(name, "go.shape.") {
				assert.Equal(t, string(types.shortName(typ)), name[strings.LastIndexByte(name, '.')+1:])
			}
			found[name] = true
		}
		require.NoError(t, types.failure())
		for _, name := range []string{
			"int", "string", "error", "[]uint8", "*net.OpError", "context.deadlineExceededError", "*errors.errorString",
			"*http.Request", "map[string][]string", "main.Pair[string,int]", "func(string) string",
		} {
			assert.True(t, found[name], name)
		}
	})
}

func TestTypeNamesOfWrongAddresses(t *testing.T) {
	f, r := openBuild(t, targettest.Build{Program: "types", Go: "1.26", Strip: true})
	names, err := f.TypeNames()
	require.NoError(t, err)
	types, err := f.types()
	require.NoError(t, err)
	good := types.base + uint64(types.all[0])
	for name, addr := range map[string]uint64{
		"null":                   0,
		"before the types":       names.types - 8,
		"start of the types":     names.types,
		"not aligned":            good + 4,
		"last bytes":             (names.etypes - 8) &^ 7,
		"behind the types":       names.etypes,
		"far out":                ^uint64(7),
		"in the heap of process": 0xc000012340,
	} {
		_, err := names.Name(r, addr)
		assert.Error(t, err, name)
	}

	_, err = names.Name(bytes.NewReader(nil), good)
	assert.ErrorIs(t, err, io.EOF, "another file")
}
