// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// FuzzTypes goes over descriptors with everything that looks at them.
func FuzzTypes(f *testing.F) {
	for _, version := range []string{"1.18", "1.23", "1.27"} {
		file, _ := openBuild(f, targettest.Build{Program: "small", Go: version, Strip: true})
		types, err := file.types()
		require.NoError(f, err)
		minor, err := file.GoMinor()
		require.NoError(f, err)
		data := make([]byte, min(types.size, 16<<10))
		require.NoError(f, file.image.read(types.base, data))
		for _, t := range types.all {
			if uint64(t) < uint64(len(data)) {
				f.Add(data, uint8(minor), types.base, uint32(t))
				break
			}
		}
	}
	b := newTypesBuilder()
	ctx := b.context()
	s := b.named(kindStruct, "net/http", "http.Request")
	b.implement(s, ctx)
	b.setFields(s, builtField{name: "ctx", typ: ctx, offset: 8, embedded: true})
	f.Add(b.data, uint8(26), uint64(typesBuilderBase), uint32(s))
	f.Fuzz(func(_ *testing.T, data []byte, minor uint8, base uint64, root uint32) {
		if base > 1<<40 {
			return
		}
		area := areaAt(base&^7, data, typeFormatOf(int(minor), ""), nil)
		w := newTypeWalk(area)
		w.add(area.at(area.base + uint64(root)))
		w.addTypedescs(uint64(len(data)) / 2)
		// Go on after errors, or nothing but the first would be seen; what has
		// not been counted is not looked at.
		for i := 0; i < len(w.found); i++ {
			area.err = nil
			w.addReferences(w.found[i])
			if w.steps == 0 {
				return
			}
		}
		found := &types{typeArea: area, all: w.found}
		for _, look := range []func(){
			func() { _ = found.findStructs(newStructSearch(tracedFields(int(minor)))) },
			func() { _, _ = found.contextTypes() },
			func() { _, _ = found.addresses([]string{"*net/http.Request", "net/http.Request"}) },
		} {
			area.err = nil
			look()
		}
	})
}

func FuzzTypeNames(f *testing.F) {
	file, _ := openBuild(f, targettest.Build{Program: "small", Go: "1.26", Strip: true})
	types, err := file.types()
	require.NoError(f, err)
	piece := make([]byte, 8<<10)
	require.NoError(f, file.image.read(types.base+uint64(types.all[0]), piece))
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
