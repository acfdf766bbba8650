// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// A position-independent executable of 100 MB has about a million relocations.
const (
	maxRelocations    = 4 << 20
	maxDynamicEntries = 512
)

// relocation is one word that the dynamic loader fills in with an address of
// the executable itself. Place and value are link-time addresses; they fit 32
// bits in every executable that has such relocations, because code for both
// instruction sets reaches its data within 4 GiB.
type relocation struct {
	place, value uint32
}

// relocated returns the value that the relocation at addr, if there is one,
// puts there. Relocations of section .relr.dyn need no care, because the file
// has their values in place.
func (m *image) relocated(addr uint64) (value uint64, ok bool, err error) {
	if !m.pie || addr > math.MaxUint32 {
		return 0, false, nil
	}
	relocations, err := m.relocations()
	if err != nil {
		return 0, false, fmt.Errorf("reading the relocations: %w", err)
	}
	i, found := slices.BinarySearchFunc(relocations, uint32(addr), func(r relocation, place uint32) int {
		return cmp.Compare(r.place, place)
	})
	if !found {
		return 0, false, nil
	}
	return uint64(relocations[i].value), true, nil
}

// readRelocations reads the relative relocations of the dynamic table.
func (m *image) readRelocations() ([]relocation, error) {
	table, size, err := m.relocationTable()
	if err != nil {
		return nil, err
	}
	relative := uint32(elf.R_X86_64_RELATIVE)
	if m.arch == ARM64 {
		relative = uint32(elf.R_AARCH64_RELATIVE)
	}
	const entrySize = 24 // Elf64_Rela: offset, info, addend
	count := size / entrySize
	if count > maxRelocations {
		return nil, fmt.Errorf("%d relocations, at most %d are read", count, maxRelocations)
	}
	var relocations []relocation
	chunk := make([]byte, 4096*entrySize)
	for count > 0 {
		n := min(count, 4096)
		entries := chunk[:n*entrySize]
		if err := m.read(table, entries); err != nil {
			return nil, err
		}
		for ; len(entries) > 0; entries = entries[entrySize:] {
			place := binary.LittleEndian.Uint64(entries)
			info := binary.LittleEndian.Uint64(entries[8:])
			addend := binary.LittleEndian.Uint64(entries[16:])
			if uint32(info) == relative && place <= math.MaxUint32 && addend <= math.MaxUint32 {
				relocations = append(relocations, relocation{uint32(place), uint32(addend)})
			}
		}
		table += n * entrySize
		count -= n
	}
	byPlace := func(a, b relocation) int { return cmp.Compare(a.place, b.place) }
	if !slices.IsSortedFunc(relocations, byPlace) {
		slices.SortFunc(relocations, byPlace)
	}
	return relocations, nil
}

// relocationTable returns address and size of the table that DT_RELA names;
// size is 0 if there is none.
func (m *image) relocationTable() (addr, size uint64, err error) {
	i := slices.IndexFunc(m.segments, func(s elf.Prog64) bool {
		return elf.ProgType(s.Type) == elf.PT_DYNAMIC
	})
	if i < 0 {
		return 0, 0, nil
	}
	dynamic := m.segments[i]
	for n := uint64(0); n < min(dynamic.Filesz/16, maxDynamicEntries); n++ {
		var entry [16]byte
		if err := m.read(dynamic.Vaddr+n*16, entry[:]); err != nil {
			return 0, 0, err
		}
		value := binary.LittleEndian.Uint64(entry[8:])
		switch elf.DynTag(binary.LittleEndian.Uint64(entry[:])) {
		case elf.DT_NULL:
			return addr, size, nil
		case elf.DT_RELA:
			addr = value
		case elf.DT_RELASZ:
			size = value
		}
	}
	return addr, size, nil
}
