// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// typesBuilderBase is where the types of a typesBuilder start in memory.
const typesBuilderBase = 0x10000

// typesBuilder writes type descriptors as Go 1.26 does: what no compiler would,
// too.
type typesBuilder struct {
	data []byte
}

func newTypesBuilder() *typesBuilder {
	return &typesBuilder{data: make([]byte, 8)} // no type is at the start
}

func (b *typesBuilder) align() uint64 {
	for len(b.data)%8 != 0 {
		b.data = append(b.data, 0)
	}
	return uint64(len(b.data))
}

func (b *typesBuilder) put32(at uint64, value uint64) {
	binary.LittleEndian.PutUint32(b.data[at:], uint32(value))
}

// putAddress writes the address of something at an offset.
func (b *typesBuilder) putAddress(at uint64, offset uint64) {
	binary.LittleEndian.PutUint64(b.data[at:], typesBuilderBase+offset)
}

// name writes an abi.Name and returns its offset.
func (b *typesBuilder) name(s string, embedded bool) uint64 {
	at := uint64(len(b.data))
	flags := byte(0)
	if embedded {
		flags = 1 << 3
	}
	b.data = append(b.data, flags)
	b.data = binary.AppendUvarint(b.data, uint64(len(s)))
	b.data = append(b.data, s...)
	return at
}

// named writes the descriptor of a named type with no fields and no methods.
// Structs are 1024 bytes large.
func (b *typesBuilder) named(k kind, pkg, str string) rtype {
	path, name := b.name(pkg, false), b.name(str, false)
	at := b.align()
	base := rtypeSize
	if k == kindStruct || k == kindInterface {
		base += 32
	}
	b.data = append(b.data, make([]byte, base+uncommonSize)...)
	binary.LittleEndian.PutUint64(b.data[at:], 1024)
	b.data[at+rtypeTFlag] = tflagNamed | tflagUncommon
	b.data[at+rtypeKind] = byte(k)
	b.put32(at+rtypeStr, name)
	b.put32(at+uint64(base), path)
	return rtype(at)
}

// pointer writes the descriptor of a pointer type, with room for methods.
func (b *typesBuilder) pointer(elem rtype) rtype {
	at := b.align()
	b.data = append(b.data, make([]byte, rtypeSize+8+uncommonSize)...)
	b.data[at+rtypeTFlag] = tflagUncommon
	b.data[at+rtypeKind] = byte(kindPointer | directInterface)
	b.putAddress(at+rtypeSize, uint64(elem))
	return rtype(at)
}

type builtField struct {
	name     string
	typ      rtype
	offset   uint64
	embedded bool
}

// setFields gives a struct type its fields.
func (b *typesBuilder) setFields(t rtype, fields ...builtField) {
	names := make([]uint64, len(fields))
	for i, f := range fields {
		names[i] = b.name(f.name, f.embedded)
	}
	list := b.align()
	for i, f := range fields {
		at := uint64(len(b.data))
		b.data = append(b.data, make([]byte, structFieldSize)...)
		b.putAddress(at, names[i])
		b.putAddress(at+8, uint64(f.typ))
		binary.LittleEndian.PutUint64(b.data[at+16:], f.offset)
	}
	b.setList(t, list, len(fields))
}

// setList gives a struct or interface type a list of elements.
func (b *typesBuilder) setList(t rtype, list uint64, length int) {
	b.putAddress(uint64(t)+rtypeSize+8, list)
	binary.LittleEndian.PutUint64(b.data[t+rtypeSize+16:], uint64(length))
}

// context writes context.Context with methods of a type that has none.
func (b *typesBuilder) context() rtype {
	typ := b.named(kindInterface, "context", "context.Context")
	method := b.named(kindStruct, "context", "context.method")
	var names []uint64
	for _, name := range contextMethodNames {
		names = append(names, b.name(name, false))
	}
	list := b.align()
	for _, name := range names {
		at := uint64(len(b.data))
		b.data = append(b.data, make([]byte, interfaceMethodSize)...)
		b.put32(at, name)
		b.put32(at+4, uint64(method))
	}
	b.setList(typ, list, len(names))
	return typ
}

var contextMethodNames = []string{"Deadline", "Done", "Err", "Value"}

// implement gives a struct or pointer type the methods of a context.
func (b *typesBuilder) implement(t, context rtype) {
	area := b.area()
	u, _ := area.uncommon(t)
	list := b.align()
	for m := range area.methods(context) {
		at := uint64(len(b.data))
		b.data = append(b.data, make([]byte, methodSize)...)
		b.put32(at, m.name)
		b.put32(at+4, uint64(m.typ))
	}
	binary.LittleEndian.PutUint16(b.data[u+4:], uint16(len(contextMethodNames)))
	b.put32(u+8, list-u)
}

// area returns what has been built as the types of an image.
func (b *typesBuilder) area() *typeArea {
	return areaAt(typesBuilderBase, slices.Clone(b.data), typeFormatOf(26, "go1.26.0"), nil)
}

// walk finds the types from some of them.
func (b *typesBuilder) walk(roots ...rtype) (*types, error) {
	area := b.area()
	w := newTypeWalk(area)
	for _, t := range roots {
		w.add(t)
	}
	w.follow()
	return &types{typeArea: area, all: w.found}, area.failure()
}

// areaAt makes an area of types of some bytes.
func areaAt(base uint64, data []byte, format typeFormat, relocations []relocation) *typeArea {
	m := &image{
		file: &pageCache{r: bytes.NewReader(data)},
		segments: []elf.Prog64{{
			Type: uint32(elf.PT_LOAD), Vaddr: base, Filesz: uint64(len(data)), Memsz: uint64(len(data)),
		}},
		relocations: func() ([]relocation, error) { return relocations, nil },
	}
	area, err := newTypeArea(m, base, base+uint64(len(data)), format)
	if err != nil {
		panic(err)
	}
	return area
}
