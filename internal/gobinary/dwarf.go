// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
)

// errNoDWARF says that an executable has no debug information, or none in a
// form that Go's linker writes.
var errNoDWARF = errors.New("no debug information")

// Values of the DWARF standard, sections 7.5.1 to 7.5.4.
const (
	dwarfTagMember    = 0x0d
	dwarfTagUnit      = 0x11
	dwarfTagStruct    = 0x13
	dwarfUnitCompile  = 0x01
	dwarfAttrName     = 0x03
	dwarfAttrLocation = 0x38 // DW_AT_data_member_location
)

// findDWARFStructs goes over the debug information once. debug/dwarf would need
// all of it in memory, and look at every entry; here it passes as a stream, and
// only one package's units are looked into: Go's linker puts all types into a
// unit of package runtime (cmd/link/internal/ld/dwarf.go, movetomodule).
func (m *image) findDWARFStructs(search structSearch) error {
	abbrevs, err := m.readAbbrevs()
	if err != nil {
		return err
	}
	info, err := m.debugSection("info")
	if err != nil {
		return err
	}
	r := newDWARFReader(info)
	for {
		unit, err := r.nextUnit()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if unit.supported {
			if err := findUnitStructs(r, unit, abbrevs, search); err != nil {
				return fmt.Errorf("unit at %#x: %w", unit.start, err)
			}
		}
		if r.pos > unit.end {
			return fmt.Errorf("unit at %#x does not end with an entry", unit.start)
		}
		r.skip(unit.end - r.pos)
	}
}

// findUnitStructs looks at the entries of one unit, if it may have types.
func findUnitStructs(r *dwarfReader, unit dwarfUnit, tables *abbrevTables, search structSearch) error {
	abbrevs, err := tables.at(unit.abbrevs)
	if err != nil {
		return err
	}
	var wanted []dwarfStruct // the struct whose members come, by the names that it was asked for
	for depth := 0; r.pos < unit.end && r.err == nil; {
		code := r.uvarint()
		if code == 0 {
			depth--
			continue
		}
		abbrev, ok := abbrevs[code]
		if !ok {
			return fmt.Errorf("entry at %#x has no abbreviation %d", r.pos, code)
		}
		entry := r.entry(abbrev)
		switch {
		case depth == 0 && (abbrev.tag != dwarfTagUnit || string(entry.name) != "runtime"):
			return r.err
		case depth == 1:
			addDWARFStructs(wanted)
			wanted = nil
			if abbrev.tag == dwarfTagStruct {
				wanted = wantedDWARFStructs(string(entry.name), search)
			}
		case depth == 2 && abbrev.tag == dwarfTagMember && entry.location <= math.MaxUint32:
			for _, s := range wanted {
				if s.fields[string(entry.name)] {
					s.offsets[string(entry.name)] = uint32(entry.location)
				}
			}
		}
		if abbrev.children {
			depth++
		}
	}
	addDWARFStructs(wanted)
	return r.err
}

// dwarfStruct is a wanted struct with the members that have been seen.
type dwarfStruct struct {
	*wantedStruct
	match   packageMatch
	offsets structOffsets
}

func wantedDWARFStructs(linkName string, search structSearch) []dwarfStruct {
	pkg, name := splitLinkName(linkName)
	var wanted []dwarfStruct
	for _, s := range search[name] {
		if match := matchPackage(pkg, s.pkg); match != noMatch {
			wanted = append(wanted, dwarfStruct{s, match, make(structOffsets)})
		}
	}
	return wanted
}

func addDWARFStructs(structs []dwarfStruct) {
	for _, s := range structs {
		s.add(s.match, s.offsets)
	}
}

// splitLinkName splits the linker's name of a type, such as
// "gopkg.in/yaml%2ev3.Node", into the import path and the name.
func splitLinkName(linkName string) (pkg, name string) {
	slash := strings.LastIndexByte(linkName, '/') + 1
	last, name, _ := strings.Cut(linkName[slash:], ".")
	pkg = linkName[:slash] + last
	if path, err := url.PathUnescape(pkg); err == nil {
		pkg = path
	}
	return pkg, name
}
