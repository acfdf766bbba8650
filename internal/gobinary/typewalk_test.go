// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTypeWalk(t *testing.T) {
	b := newTypesBuilder()
	inner := b.named(kindStruct, "gopkg.in/yaml.v3", "yaml.Node")
	outer := b.named(kindStruct, "net/url", "url.URL")
	b.setFields(outer, builtField{name: "Host", typ: inner, offset: 40}, builtField{name: "next", typ: b.pointer(outer)})
	b.setFields(inner, builtField{name: "Kind", typ: outer, offset: 8})
	types, err := b.walk(b.pointer(outer))
	require.NoError(t, err)
	assert.Len(t, types.all, 4)

	search := newStructSearch([]Field{{"net/url", "URL", "Host"}, {"gopkg.in/yaml.v3", "Node", "Kind"}})
	require.NoError(t, types.findStructs(search))
	assert.True(t, search.complete())
	layout := make(Layout)
	require.NoError(t, layout.add(search, SourceTypes))
	assert.Equal(t, Layout{
		{"net/url", "URL", "Host"}:           {40, SourceTypes},
		{"gopkg.in/yaml.v3", "Node", "Kind"}: {8, SourceTypes},
	}, layout)
}

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
