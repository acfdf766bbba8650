// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"fmt"
	"iter"
	"math"
	"strings"
)

// rtype is a type descriptor: its offset in the area of types. Zero, where the
// area starts, is never one. The layouts of descriptors are those of
// internal/abi/type.go (before Go 1.21: runtime/type.go).
type rtype uint32

// kind is an abi.Kind.
type kind uint8

// The kinds whose descriptors have more than a head.
const (
	kindArray         kind = 17
	kindChan          kind = 18
	kindFunc          kind = 19
	kindInterface     kind = 20
	kindMap           kind = 21
	kindPointer       kind = 22
	kindSlice         kind = 23
	kindStruct        kind = 25
	kindUnsafePointer kind = 26
)

// Places in the head of every descriptor, abi.Type.
const (
	rtypeTFlag     = 20
	rtypeKind      = 23
	rtypeStr       = 40
	rtypePtrToThis = 44
	rtypeSize      = 48 // of the head; behind it stands what the kind needs
)

const (
	kindMask = 1<<5 - 1
	// The value itself is the data word of an interface: a flag in the kind up
	// to Go 1.25, and since in the tflag, where the bit had no use before.
	directInterface = 1 << 5

	tflagUncommon  = 1 << 0
	tflagExtraStar = 1 << 1
	tflagNamed     = 1 << 2
)

const (
	uncommonSize        = 16
	methodSize          = 16
	interfaceMethodSize = 8
	structFieldSize     = 24
)

// typeFormat is what differs between the releases.
type typeFormat struct {
	mapSize uint64 // of a map's descriptor
	// Go 1.18 has "embedded" in the lowest bit of a field's offset, later ones
	// in the flags of its name.
	embeddedInOffset bool
}

func typeFormatOf(minor int, goVersion string) typeFormat {
	format := typeFormat{embeddedInOffset: minor <= 18}
	switch {
	case minor <= 23 || strings.Contains(goVersion, "noswissmap"): // an experiment of 1.24 and 1.25
		format.mapSize = 88
	case minor <= 26:
		format.mapSize = 112
	default:
		format.mapSize = 136
	}
	return format
}

func (a *typeArea) kind(t rtype) kind { return kind(a.uint8(uint64(t)+rtypeKind) & kindMask) }

func (a *typeArea) tflag(t rtype) uint8 { return a.uint8(uint64(t) + rtypeTFlag) }

func (a *typeArea) named(t rtype) bool { return a.tflag(t)&tflagNamed != 0 }

func (a *typeArea) direct(t rtype) bool {
	return (a.uint8(uint64(t)+rtypeKind)|a.tflag(t))&directInterface != 0
}

// baseSize returns the size of a descriptor as far as its kind determines it.
func (a *typeArea) baseSize(t rtype) uint64 {
	switch k := a.kind(t); k {
	case kindArray:
		return rtypeSize + 24
	case kindChan:
		return rtypeSize + 16
	case kindFunc, kindPointer, kindSlice:
		return rtypeSize + 8
	case kindInterface, kindStruct:
		return rtypeSize + 32
	case kindMap:
		return a.format.mapSize
	default:
		if k == 0 || k > kindUnsafePointer {
			a.fail(fmt.Errorf("type at address %#x is of no kind", a.base+uint64(t)))
		}
		return rtypeSize
	}
}

// descriptorSize is abi.Type.DescriptorSize of Go 1.27.
func (a *typeArea) descriptorSize(t rtype) uint64 {
	size := a.baseSize(t)
	if u, ok := a.uncommon(t); ok {
		size += uncommonSize + a.methodCount(u)*methodSize
	}
	switch a.kind(t) {
	case kindFunc:
		in, out := a.parameterCounts(t)
		size += (in + out) * 8
	case kindInterface:
		size += a.list(t).len * interfaceMethodSize
	case kindStruct:
		size += a.list(t).len * structFieldSize
	}
	return size
}

// at returns the descriptor at an address, and 0 for address 0.
func (a *typeArea) at(addr uint64) rtype {
	if addr == 0 {
		return 0
	}
	if addr%8 != 0 || addr <= a.base || addr-a.base >= a.size {
		a.fail(fmt.Errorf("type at address %#x: %w", addr, errOutsideTypes))
		return 0
	}
	return rtype(addr - a.base)
}

// atOffset is at for an abi.TypeOff, which is 0 or -1 for a type that is not
// in the executable.
func (a *typeArea) atOffset(offset uint32) rtype {
	if offset == 0 || int32(offset) == -1 {
		return 0
	}
	return a.at(a.base + uint64(offset))
}

func (a *typeArea) pointerToThis(t rtype) rtype {
	return a.atOffset(a.uint32(uint64(t) + rtypePtrToThis))
}

// elem returns the element type of an array, channel, pointer or slice.
func (a *typeArea) elem(t rtype) rtype {
	return a.at(a.uint64(uint64(t) + rtypeSize))
}

// list returns the fields of a struct type or the methods of an interface
// type: a slice behind the package path. Its address is an offset in the area.
func (a *typeArea) list(t rtype) table {
	list := table{
		addr: a.uint64(uint64(t)+rtypeSize+8) - a.base,
		len:  a.uint64(uint64(t) + rtypeSize + 16),
	}
	if list.len > a.size/interfaceMethodSize {
		a.fail(fmt.Errorf("type at address %#x has %d elements", a.base+uint64(t), list.len))
		return table{}
	}
	return list
}

// parameterCounts returns how many types of parameters and results follow a
// function's descriptor.
func (a *typeArea) parameterCounts(t rtype) (in, out uint64) {
	const variadic = 1 << 15
	in = uint64(a.uint16(uint64(t) + rtypeSize))
	out = uint64(a.uint16(uint64(t)+rtypeSize+2) &^ variadic)
	return in, out
}

// parameters returns the types of a function's parameters and results, as
// addresses that stand at an offset of the area.
func (a *typeArea) parameters(t rtype) table {
	in, out := a.parameterCounts(t)
	place := uint64(t) + a.baseSize(t)
	if a.tflag(t)&tflagUncommon != 0 {
		place += uncommonSize
	}
	return table{addr: place, len: in + out}
}

// structField is one field of a struct type.
type structField struct {
	typ      rtype
	offset   uint32
	embedded bool
	name     uint64 // an offset
}

// fields goes over the fields of a struct type.
func (a *typeArea) fields(t rtype) iter.Seq[structField] {
	return func(yield func(structField) bool) {
		size := a.uint64(uint64(t))
		list := a.list(t)
		for i := range list.len {
			a.step()
			place := list.addr + i*structFieldSize
			f := structField{
				name: a.uint64(place) - a.base,
				typ:  a.at(a.uint64(place + 8)),
			}
			offset := a.uint64(place + 16)
			if a.format.embeddedInOffset {
				f.embedded = offset&1 != 0
				offset >>= 1
			} else {
				const embedded = 1 << 3
				f.embedded = a.uint8(f.name)&embedded != 0
			}
			if offset > min(size, math.MaxUint32) {
				a.fail(fmt.Errorf("struct of %d bytes at address %#x has a field at %d", size, a.base+uint64(t), offset))
			}
			f.offset = uint32(offset)
			if a.err != nil || !yield(f) {
				return
			}
		}
	}
}

// method is a method: its name, and its type without receiver.
type method struct {
	name uint64 // an offset
	typ  rtype
}

// methods goes over the method set of a type: those of an interface type, or
// those that a type has or gets from embedded fields.
func (a *typeArea) methods(t rtype) iter.Seq[method] {
	return func(yield func(method) bool) {
		list, size := a.methodList(t)
		for i := range list.len {
			a.step()
			place := list.addr + i*size
			m := method{
				name: uint64(a.uint32(place)),
				typ:  a.atOffset(a.uint32(place + 4)),
			}
			if a.err != nil || !yield(m) {
				return
			}
		}
	}
}

// methodList returns the methods of a type and the size of one of them, an
// abi.Imethod or an abi.Method. Both start with name and type.
func (a *typeArea) methodList(t rtype) (list table, size uint64) {
	if a.kind(t) == kindInterface {
		return a.list(t), interfaceMethodSize
	}
	if u, ok := a.uncommon(t); ok {
		list = table{addr: u + uint64(a.uint32(u+8)), len: a.methodCount(u)}
	}
	return list, methodSize
}

// uncommon returns the offset of a type's abi.UncommonType.
func (a *typeArea) uncommon(t rtype) (uint64, bool) {
	if a.tflag(t)&tflagUncommon == 0 {
		return 0, false
	}
	return uint64(t) + a.baseSize(t), true
}

func (a *typeArea) methodCount(uncommon uint64) uint64 {
	return uint64(a.uint16(uncommon + 4))
}
