// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Go's abbreviations have some hundred bytes, the same for all units. Those of C
// come in a table for each unit.
const (
	maxAbbrevSection = 32 << 20
	maxAbbrevAttrs   = 4 << 20
	maxAbbrevTables  = 64 << 10
)

// dwarfAbbrev is the form of some entries: which attributes they have, and how
// these are written.
type dwarfAbbrev struct {
	tag      uint64
	children bool
	attrs    []dwarfAttr
}

type dwarfAttr struct {
	attr, form uint64
}

// tagHasName tells whether names of such entries are of interest.
func (a dwarfAbbrev) tagHasName() bool {
	return a.tag == dwarfTagUnit || a.tag == dwarfTagStruct || a.tag == dwarfTagMember
}

// abbrevTable has abbreviations by their codes.
type abbrevTable map[uint64]dwarfAbbrev

// abbrevTables are the tables of a section, read as they are asked for.
type abbrevTables struct {
	data  []byte
	read  map[uint64]abbrevTable
	attrs int // in all of them
}

func (m *image) readAbbrevs() (*abbrevTables, error) {
	section, err := m.debugSection("abbrev")
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(section, maxAbbrevSection))
	if err != nil {
		return nil, fmt.Errorf("abbreviations: %w", err)
	}
	return &abbrevTables{data: data, read: make(map[uint64]abbrevTable)}, nil
}

// at returns the table at an offset of the section.
func (t *abbrevTables) at(offset uint64) (abbrevTable, error) {
	if table, ok := t.read[offset]; ok {
		return table, nil
	}
	if offset >= uint64(len(t.data)) || len(t.read) == maxAbbrevTables {
		return nil, fmt.Errorf("abbreviations at %#x are not there", offset)
	}
	table := make(abbrevTable)
	r := abbrevReader{Reader: *bytes.NewReader(t.data[offset:])}
	for code := r.uvarint(); code != 0; code = r.uvarint() {
		abbrev := dwarfAbbrev{tag: r.uvarint(), children: r.uvarint() != 0}
		for {
			a := dwarfAttr{attr: r.uvarint(), form: r.uvarint()}
			if a.form == dwarfFormImplicit {
				r.uvarint() // signed, but only its end matters
			}
			if a == (dwarfAttr{}) {
				break
			}
			if t.attrs++; t.attrs > maxAbbrevAttrs {
				return nil, errors.New("too many abbreviations")
			}
			abbrev.attrs = append(abbrev.attrs, a)
		}
		table[code] = abbrev
	}
	if r.err != nil {
		return nil, fmt.Errorf("abbreviations at %#x: %w", offset, r.err)
	}
	t.read[offset] = table
	return table, nil
}

// abbrevReader keeps its first error, and returns zeros from then on.
type abbrevReader struct {
	bytes.Reader
	err error
}

func (r *abbrevReader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	var value uint64
	value, r.err = binary.ReadUvarint(r)
	if r.err != nil {
		return 0
	}
	return value
}
