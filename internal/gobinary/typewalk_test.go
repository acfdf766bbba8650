// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTypeWalkOfCorruptTypes has what no compiler writes.
func TestTypeWalkOfCorruptTypes(t *testing.T) {
	for _, test := range []struct {
		name    string
		corrupt func(b *typesBuilder, s rtype)
		err     string
	}{
		{"no kind", func(b *typesBuilder, s rtype) { b.data[s+rtypeKind] = 0 }, "is of no kind"},
		{"unknown kind", func(b *typesBuilder, s rtype) { b.data[s+rtypeKind] = 27 }, "is of no kind"},
		{"pointer to this out of range", func(b *typesBuilder, s rtype) { b.put32(uint64(s)+rtypePtrToThis, 1<<30) }, "outside the types"},
		{"pointer to this not aligned", func(b *typesBuilder, s rtype) { b.put32(uint64(s)+rtypePtrToThis, uint64(s)+4) }, "outside the types"},
		{"fields out of range", func(b *typesBuilder, s rtype) { b.setList(s, 1<<40, 1) }, "outside the types"},
		{"fields before the types", func(b *typesBuilder, s rtype) { b.setList(s, ^uint64(0)-typesBuilderBase, 1) }, "outside the types"},
		{"fields without end", func(b *typesBuilder, s rtype) { b.setList(s, 8, -1) }, "elements"},
		{"more fields than types have room for", func(b *typesBuilder, s rtype) { b.setList(s, 8, len(b.data)) }, "elements"},
		{"field behind the struct", func(b *typesBuilder, s rtype) {
			b.setFields(s, builtField{name: "x", typ: s, offset: 1025})
		}, "struct of 1024 bytes"},
		{"field type out of range", func(b *typesBuilder, s rtype) {
			b.setFields(s, builtField{name: "x", typ: 1 << 31})
		}, "outside the types"},
		{"methods out of range", func(b *typesBuilder, s rtype) {
			u := uint64(s) + rtypeSize + 32
			binary.LittleEndian.PutUint16(b.data[u+4:], 1)
			b.put32(u+8, 1<<31)
		}, "outside the types"},
		{"kind with a larger descriptor at the end", func(b *typesBuilder, s rtype) {
			at := b.align()
			b.data = append(b.data, make([]byte, rtypeSize)...)
			b.data[at+rtypeKind] = byte(kindStruct)
			b.put32(uint64(s)+rtypePtrToThis, at)
		}, "outside the types"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newTypesBuilder()
			s := b.named(kindStruct, "net/url", "url.URL")
			test.corrupt(b, s)
			_, err := b.walk(s)
			assert.ErrorContains(t, err, test.err)
		})
	}
}

// TestTypeWalkIsBounded has a hundred thousand structs that share a hundred
// thousand fields.
func TestTypeWalkIsBounded(t *testing.T) {
	const n = 100_000
	b := newTypesBuilder()
	first := b.named(kindStruct, "main", "main.T")
	name := b.name("x", false)
	list := b.align()
	for range n {
		at := uint64(len(b.data))
		b.data = append(b.data, make([]byte, structFieldSize)...)
		b.putAddress(at, name)
		b.putAddress(at+8, uint64(first))
	}
	b.setList(first, list, n)
	last := first
	for range n {
		at := b.align()
		b.data = append(b.data, b.data[first:first+rtypeSize+32+uncommonSize]...)
		b.put32(uint64(last)+rtypePtrToThis, at)
		last = rtype(at)
	}
	_, err := b.walk(first)
	assert.ErrorContains(t, err, "more references")
}

// TestContextParentIsBounded has structs that embed each other without end.
func TestContextParentIsBounded(t *testing.T) {
	b := newTypesBuilder()
	ctx := b.context()
	var structs []rtype
	for i := range 3 * maxEmbedding {
		structs = append(structs, b.named(kindStruct, "main", fmt.Sprintf("main.T%d", i)))
	}
	var pointers []rtype
	for i, s := range structs {
		b.implement(s, ctx)
		p := b.pointer(structs[(i+1)%len(structs)])
		b.implement(p, ctx)
		pointers = append(pointers, p)
		fields := []builtField{{name: "next", typ: p, embedded: true}, {name: "value", typ: structs[(i+1)%len(structs)], offset: 8, embedded: true}}
		if i == len(structs)-1 {
			fields = []builtField{{name: "Context", typ: ctx, offset: 16, embedded: true}}
		}
		b.setFields(s, fields...)
	}
	types, err := b.walk(append(pointers, ctx)...)
	require.NoError(t, err)
	search := newContextSearch(types)
	require.Len(t, search.methods, 4)

	parent, ok := search.parent(structs[len(structs)-1], 0)
	assert.True(t, ok)
	assert.Equal(t, ContextType{Offset: 16}, parent)
	parent, ok = search.parent(structs[len(structs)-2], 0)
	assert.True(t, ok)
	assert.Equal(t, ContextType{Offset: 0, Via: 16, Deref: true}, parent)
	_, ok = search.parent(structs[0], 0)
	assert.False(t, ok, "too deep")
	require.NoError(t, types.failure())
}

func TestTypeAreaReadsOverChunks(t *testing.T) {
	data := make([]byte, 2*typeChunkSize+16)
	for i := range data {
		data[i] = byte(i >> 8)
	}
	place := uint32(typesBuilderBase + typeChunkSize)
	area := areaAt(typesBuilderBase, data, typeFormat{}, []relocation{
		{typesBuilderBase - 8, 1}, {place, 0x22334455}, {typesBuilderBase + 2*typeChunkSize + 12, 3},
	})
	assert.Equal(t, uint64(0x22334455), area.uint64(typeChunkSize), "relocated")
	crossing := area.bytes(typeChunkSize-2, 6)
	assert.Equal(t, []byte{255, 255, 0x55, 0x44, 0x33, 0x22}, crossing)
	assert.Equal(t, data[2*typeChunkSize:], area.bytes(2*typeChunkSize, 16))
	require.NoError(t, area.failure())

	assert.Nil(t, area.bytes(2*typeChunkSize+8, 16))
	assert.ErrorIs(t, area.failure(), errOutsideTypes)
	assert.Zero(t, area.uint64(0), "after an error")
}

// FuzzTypes goes over descriptors with everything that looks at them.
func FuzzTypes(f *testing.F) {
	for _, toolchain := range []string{"go1.18.10", "go1.23.12", "go1.27.4"} {
		r, err := os.Open(program{name: "small", toolchain: toolchain, flags: flagsStripped}.path(f))
		require.NoError(f, err)
		file, err := Open(r)
		require.NoError(f, err)
		types, err := file.types()
		require.NoError(f, err)
		minor, err := file.GoMinor()
		require.NoError(f, err)
		data := make([]byte, min(types.size, 16<<10))
		require.NoError(f, file.image.read(types.base, data))
		r.Close()
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
	f.Fuzz(func(t *testing.T, data []byte, minor uint8, base uint64, root uint32) {
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
		} {
			area.err = nil
			look()
		}
	})
}
