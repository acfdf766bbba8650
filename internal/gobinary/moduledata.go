// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// moduleData is what is read of runtime.firstmoduledata (type moduledata in
// runtime/symtab.go). All are link-time addresses.
type moduleData struct {
	addr          uint64
	text, etext   uint64
	types, etypes uint64
	rodata        uint64
	gofunc        uint64 // base of the offsets of funcdata

	typelinks table // of int32, offsets from types. Go 1.27 has none
	itablinks table // of *itab. Go 1.27 has none

	// Go 1.27 has all type descriptors in [types, types+typedesclen), and
	// then all itabs, one after the other.
	typedesclen uint64
	itabs       uint64 // address
	itabsSize   uint64 // in bytes
}

// table is a slice header: address and number of elements.
type table struct {
	addr, len uint64
}

// moduleLayout has the places of some fields of moduledata, in words. What
// stands before them has not moved since Go 1.18.
type moduleLayout struct {
	types, etypes, typedesclen, itaboffset, itabsize, rodata, gofunc, typelinks, itablinks int
}

// Places in moduledata, in words, of all releases.
const (
	modulePcHeader  = 0
	moduleFuncnames = 1
	modulePctab     = 10
	moduleFtab      = 16
	moduleMinPC     = 20
	moduleMaxPC     = 21
	moduleText      = 22
	moduleEtext     = 23
	moduleWords     = 24 // as far as all releases agree
)

// Releases whose moduledata is known. A newer one is refused, not guessed.
const (
	minGoMinor = 18
	maxGoMinor = 27
)

func moduleLayoutOf(minor int) (moduleLayout, error) {
	switch {
	case minor < minGoMinor:
		return moduleLayout{}, fmt.Errorf("Go 1.%d is older than 1.%d, the oldest that is supported", minor, minGoMinor)
	case minor <= 19:
		return moduleLayout{types: 35, etypes: 36, rodata: 37, gofunc: 38, typelinks: 42, itablinks: 45}, nil
	case minor <= 25: // 1.20 inserted covctrs and ecovctrs
		return moduleLayout{types: 37, etypes: 38, rodata: 39, gofunc: 40, typelinks: 44, itablinks: 47}, nil
	case minor == 26: // inserted epclntab
		return moduleLayout{types: 37, etypes: 38, rodata: 39, gofunc: 40, typelinks: 45, itablinks: 48}, nil
	case minor <= maxGoMinor: // 1.27 put an area of types in the place of typelinks and itablinks
		return moduleLayout{types: 37, typedesclen: 38, etypes: 39, itaboffset: 40, itabsize: 41, rodata: 42, gofunc: 43}, nil
	}
	return moduleLayout{}, fmt.Errorf("Go 1.%d is newer than 1.%d, the newest that is supported", minor, maxGoMinor)
}

// readModuleData reads runtime.firstmoduledata.
func (f *File) readModuleData() (*moduleData, error) {
	minor, err := f.GoMinor()
	if err != nil {
		return nil, err
	}
	layout, err := moduleLayoutOf(minor)
	if err != nil {
		return nil, err
	}
	addr, err := f.moduleDataAddress()
	if err != nil {
		return nil, err
	}
	r := moduleReader{m: f.image, addr: addr}
	d := &moduleData{
		addr:   addr,
		text:   r.word(moduleText),
		etext:  r.word(moduleEtext),
		types:  r.word(layout.types),
		etypes: r.word(layout.etypes),
		rodata: r.word(layout.rodata),
		gofunc: r.word(layout.gofunc),
	}
	if layout.typedesclen != 0 {
		d.typedesclen = r.word(layout.typedesclen)
		d.itabs = d.types + r.word(layout.itaboffset)
		d.itabsSize = r.word(layout.itabsize)
	} else {
		d.typelinks = table{r.word(layout.typelinks), r.word(layout.typelinks + 1)}
		d.itablinks = table{r.word(layout.itablinks), r.word(layout.itablinks + 1)}
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading runtime.firstmoduledata: %w", r.err)
	}
	if err := d.check(f.image); err != nil {
		return nil, fmt.Errorf("runtime.firstmoduledata at %#x: %w", addr, err)
	}
	return d, nil
}

// check refuses what a wrong layout would give.
func (d *moduleData) check(m *image) error {
	typesSize := d.etypes - d.types
	switch {
	case d.types >= d.etypes || !inFile(m, d.types, typesSize):
		return fmt.Errorf("types [%#x, %#x) are not in the file", d.types, d.etypes)
	case d.typedesclen > typesSize:
		return fmt.Errorf("%#x bytes of type descriptors in %#x bytes of types", d.typedesclen, typesSize)
	case !inFile(m, d.itabs, d.itabsSize):
		return fmt.Errorf("%#x bytes of itabs at %#x are not in the file", d.itabsSize, d.itabs)
	case !d.typelinks.inFile(m, 4):
		return fmt.Errorf("%d typelinks at %#x are not in the file", d.typelinks.len, d.typelinks.addr)
	case !d.itablinks.inFile(m, 8):
		return fmt.Errorf("%d itablinks at %#x are not in the file", d.itablinks.len, d.itablinks.addr)
	case !inFile(m, d.gofunc, 0):
		return fmt.Errorf("function data at %#x are not in the file", d.gofunc)
	}
	return nil
}

func (t table) inFile(m *image, elementSize uint64) bool {
	return t.len <= 1<<32 && inFile(m, t.addr, t.len*elementSize)
}

// inFile tells whether size bytes at addr are in the file. No bytes are
// everywhere.
func inFile(m *image, addr, size uint64) bool {
	if size == 0 {
		return true
	}
	for _, s := range m.segments {
		if within(s, addr) {
			return size <= s.Vaddr+s.Filesz-addr
		}
	}
	return false
}

// findModuleData finds runtime.firstmoduledata, which no header names, by
// its first word: the address of the pclntab.
func (f *File) findModuleData() (uint64, error) {
	t, err := f.pclntab()
	if err != nil {
		return 0, err
	}
	candidates, err := f.image.wordsEqual(t.addr)
	if err != nil {
		return 0, err
	}
	for _, addr := range candidates {
		if isModuleData(f.image, addr, t) {
			return addr, nil
		}
	}
	return 0, errors.New("runtime.firstmoduledata is not there")
}

// isModuleData compares what moduledata repeats of the pclntab's header.
func isModuleData(m *image, addr uint64, t *pclntab) bool {
	r := moduleReader{m: m, addr: addr}
	minPC, maxPC := r.word(moduleMinPC), r.word(moduleMaxPC)
	text, etext := r.word(moduleText), r.word(moduleEtext)
	return r.word(modulePcHeader) == t.addr &&
		r.word(moduleFuncnames) == t.names &&
		r.word(modulePctab) == t.pctab &&
		r.word(moduleFtab) == t.functions &&
		r.word(moduleFtab+1) == t.count+1 &&
		text <= minPC && minPC <= maxPC && maxPC <= etext &&
		inText(m, text, etext) &&
		r.err == nil
}

// moduleReader reads words of moduledata, and keeps the first error.
type moduleReader struct {
	m    *image
	addr uint64
	err  error
}

func (r *moduleReader) word(n int) uint64 {
	if r.err != nil {
		return 0
	}
	var value uint64
	value, r.err = r.m.pointer(r.addr + uint64(n)*8)
	return value
}

const (
	maxWordsEqual = 64
	maxSearch     = 256 << 20 // bytes
)

// wordsEqual returns the addresses of the aligned words of writable memory that
// hold a value, 64 at the most.
func (m *image) wordsEqual(value uint64) ([]uint64, error) {
	var found []uint64
	relocations, err := m.relocations()
	if err != nil {
		return nil, fmt.Errorf("reading the relocations: %w", err)
	}
	for _, r := range relocations {
		if uint64(r.value) == value && len(found) < maxWordsEqual {
			found = append(found, uint64(r.place))
		}
	}
	var chunk [64 << 10]byte
	searched := 0
	for _, s := range m.segments {
		if elf.ProgType(s.Type) != elf.PT_LOAD || elf.ProgFlag(s.Flags)&elf.PF_W == 0 {
			continue
		}
		end := s.Vaddr + s.Filesz
		for addr := (s.Vaddr + 7) &^ 7; addr+8 <= end; addr += uint64(len(chunk)) {
			words := chunk[:min(end-addr, uint64(len(chunk)))&^7]
			if searched += len(words); searched > maxSearch {
				return found, nil
			}
			if err := m.read(addr, words); err != nil {
				return nil, err
			}
			for i := 0; i < len(words) && len(found) < maxWordsEqual; i += 8 {
				if binary.LittleEndian.Uint64(words[i:]) == value {
					found = append(found, addr+uint64(i))
				}
			}
		}
	}
	return found, nil
}
