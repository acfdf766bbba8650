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
)

func TestTypeNames(t *testing.T) {
	for _, toolchain := range toolchains {
		for _, flags := range []string{flagsStripped, flagsBoth} {
			p := program{name: "types", toolchain: toolchain, flags: flags}
			t.Run(p.String(), func(t *testing.T) {
				f, r := p.open(t)
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
	}
}

func TestTypeNamesOfWrongAddresses(t *testing.T) {
	f, r := program{name: "types", toolchain: "go1.26.8", flags: flagsStripped}.open(t)
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

// TestTypeNamesAreBounded has names that go on for ever.
func TestTypeNamesAreBounded(t *testing.T) {
	b := newTypesBuilder()
	long := b.named(kindStruct, "main", "main."+strings.Repeat("x", maxTypeName+1))
	fits := b.named(kindStruct, "main", "main."+strings.Repeat("x", maxTypeName-len("main.")))
	names := &TypeNames{types: typesBuilderBase, etypes: typesBuilderBase + uint64(len(b.data))}

	_, err := names.Name(bytes.NewReader(b.data), typesBuilderBase+uint64(long))
	assert.ErrorContains(t, err, "4102 bytes")
	name, err := names.Name(bytes.NewReader(b.data), typesBuilderBase+uint64(fits))
	require.NoError(t, err)
	assert.Len(t, name, maxTypeName)
}

func FuzzTypeNames(f *testing.F) {
	path := program{name: "types", toolchain: "go1.26.8", flags: flagsStripped}.path(f)
	r, err := os.Open(path)
	require.NoError(f, err)
	file, err := Open(r)
	require.NoError(f, err)
	types, err := file.types()
	require.NoError(f, err)
	piece := make([]byte, 8<<10)
	require.NoError(f, file.image.read(types.base+uint64(types.all[0]), piece))
	r.Close()
	f.Add(piece, uint64(0))
	f.Add(piece, uint64(64))
	f.Fuzz(func(t *testing.T, data []byte, addr uint64) {
		names := &TypeNames{types: 0x1000, etypes: 0x1000 + uint64(len(data))}
		name, err := names.Name(bytes.NewReader(data), addr)
		if err == nil && len(name) > maxTypeName {
			t.Errorf("name of %d bytes", len(name))
		}
	})
}
