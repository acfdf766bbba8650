// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// What starts a pclntab; see internal/abi/symtab.go.
const (
	pclntabMagic116 = 0xfffffffa
	pclntabMagic118 = 0xfffffff0
	pclntabMagic120 = 0xfffffff1
)

const (
	pclntabHeaderSize = 72
	// An executable of 100 MB has about 300 000 functions.
	maxFunctions = 4 << 20
	// Their names have 14 MB.
	maxNamesSize = 128 << 20
)

// pclntab is the table that the runtime finds functions and lines in. It has
// the same form since Go 1.18, but for the size of its function records.
type pclntab struct {
	addr      uint64
	count     uint64 // number of functions
	names     uint64 // address of NUL-terminated names
	namesSize uint64
	pctab     uint64 // address of the tables by program counter
	functions uint64 // address of the function table, and base of the offsets of the records
	end       uint64 // upper bound of all of the above
	// since120: records name the start line, and inline trees no position.
	since120 bool
}

// findPclntab looks in the sections that the Go linker makes, and then, for
// external linkers that merge them, in those that they make.
func findPclntab(m *image) (*pclntab, error) {
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		if addr, size, ok := m.section(name); ok {
			return parsePclntab(m, addr, addr+size)
		}
	}
	for _, name := range []string{".data.rel.ro", ".rodata"} {
		if addr, size, ok := m.section(name); ok {
			if t := searchPclntab(m, addr, addr+min(size, maxSearch)); t != nil {
				return t, nil
			}
		}
	}
	return nil, errors.New("no pclntab: neither a section of its own nor a place in .data.rel.ro or .rodata")
}

// searchPclntab returns the first pclntab between two addresses, or nil.
func searchPclntab(m *image, addr, end uint64) *pclntab {
	var chunk [64 << 10]byte
	for addr = (addr + 7) &^ 7; addr+pclntabHeaderSize <= end; addr += uint64(len(chunk)) {
		words := chunk[:min(end-addr, uint64(len(chunk)))&^7]
		if m.read(addr, words) != nil {
			return nil
		}
		for i := 0; i < len(words); i += 8 {
			// The magic is followed by two zeros and the sizes of an
			// instruction and of a pointer.
			switch binary.LittleEndian.Uint32(words[i:]) {
			case pclntabMagic118, pclntabMagic120:
				if t, err := parsePclntab(m, addr+uint64(i), end); err == nil {
					return t
				}
			}
		}
	}
	return nil
}

// parsePclntab reads the header, runtime.pcHeader, of the pclntab at addr.
func parsePclntab(m *image, addr, end uint64) (*pclntab, error) {
	var header [pclntabHeaderSize]byte
	if err := m.read(addr, header[:]); err != nil {
		return nil, fmt.Errorf("reading the header of the pclntab: %w", err)
	}
	t := &pclntab{addr: addr, end: end}
	switch magic := binary.LittleEndian.Uint32(header[:]); magic {
	case pclntabMagic118:
	case pclntabMagic120:
		t.since120 = true
	case pclntabMagic116:
		return nil, errors.New("the pclntab is that of Go 1.16 or 1.17; Go 1.18 is the oldest that is supported")
	default:
		return nil, fmt.Errorf("the pclntab has unknown magic %#x", magic)
	}
	step, pointer := byte(1), byte(8)
	if m.arch == ARM64 {
		step = 4
	}
	if !bytes.Equal(header[4:8], []byte{0, 0, step, pointer}) {
		return nil, fmt.Errorf("the pclntab's header is corrupt: % x", header[:8])
	}
	offset := func(at int) uint64 { return binary.LittleEndian.Uint64(header[at:]) }
	t.count = offset(8)
	names, units, pctab, functions := offset(32), offset(40), offset(56), offset(64)
	size := end - addr
	if t.count > maxFunctions || functions > size || (size-functions)/8 < t.count+1 ||
		names > units || units > size || units-names > maxNamesSize || pctab > size {
		return nil, fmt.Errorf("the pclntab's header is corrupt: %d functions, tables at %#x, %#x, %#x, %#x of %#x bytes",
			t.count, names, units, pctab, functions, size)
	}
	t.names, t.namesSize = addr+names, units-names
	t.pctab = addr + pctab
	t.functions = addr + functions
	return t, nil
}

// inText tells whether [start, end) is mapped executable.
func inText(m *image, start, end uint64) bool {
	for _, s := range m.segments {
		if elf.ProgFlag(s.Flags)&elf.PF_X != 0 && within(s, start) && start <= end && end-s.Vaddr <= s.Filesz {
			return true
		}
	}
	return false
}
