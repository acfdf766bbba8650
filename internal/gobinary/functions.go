// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Function is one function of a binary. Addresses are link-time ones; End is
// the entry of the next function, so that padding counts in.
type Function struct {
	Name       string
	Entry, End uint64
}

const (
	// maxNameSize bounds a function's name. Names of generic functions with
	// long type arguments are shortened by the linker.
	maxNameSize = 4 << 10
	// maxMatches bounds the functions that are returned for one name.
	maxMatches = 64
)

// Functions looks for functions by the names that runtime.FuncForPC gives
// them, such as "net/http.(*conn).serve" and "gopkg.in/yaml%2ev3.Unmarshal",
// in one pass over the pclntab. A name finds its vendored spelling too,
// ".../vendor/" and the name, so that there can be several. Names that are not
// there, for example because every call is inlined, have no key in the result.
func (f *File) Functions(names ...string) (map[string][]Function, error) {
	t, err := f.pclntab()
	if err != nil {
		return nil, err
	}
	text, err := f.textStart()
	if err != nil {
		return nil, err
	}
	wanted, err := t.findNames(f.image, names)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]Function)
	err = t.each(f.image, func(r *functionRecord) error {
		match, ok := wanted[r.name]
		if !ok || len(found[match.asked]) == maxMatches {
			return nil
		}
		fn := Function{Name: match.name, Entry: text + uint64(r.entry), End: text + uint64(r.end)}
		if fn.Entry >= fn.End || !inText(f.image, fn.Entry, fn.End) {
			return fmt.Errorf("function %s at [%#x, %#x) is not in the text of the file", fn.Name, fn.Entry, fn.End)
		}
		found[match.asked] = append(found[match.asked], fn)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the pclntab: %w", err)
	}
	return found, nil
}

// textStart returns what the entries of functions are relative to. The header
// of the pclntab has it only up to Go 1.25, moduledata in all releases and at
// the same place.
func (f *File) textStart() (uint64, error) {
	addr, err := f.moduleDataAddress()
	if err != nil {
		return 0, err
	}
	return f.image.pointer(addr + moduleText*8)
}

// nameMatch is a name in the pclntab, and the name that it was found for.
type nameMatch struct {
	name, asked string
}

// findNames returns which of the names the pclntab has, by their offsets in its
// names. Names of functions that are only ever inlined are there too.
func (t *pclntab) findNames(m *image, names []string) (map[uint32]nameMatch, error) {
	asked := make(map[string]bool, len(names))
	for _, name := range names {
		asked[name] = true
	}
	found := make(map[uint32]nameMatch)
	vendor := []byte("/vendor/")
	match := func(offset uint64, name []byte, vendored bool) {
		spelled := name
		if vendored && !asked[string(name)] {
			if i := bytes.LastIndex(name, vendor); i >= 0 {
				spelled = name[i+len(vendor):]
			}
		}
		if asked[string(spelled)] && len(found) < maxMatches*len(names) {
			found[uint32(offset)] = nameMatch{name: string(name), asked: string(spelled)}
		}
	}
	var chunk [64 << 10]byte
	for offset := uint64(0); offset < t.namesSize; {
		rest := chunk[:min(t.namesSize-offset, uint64(len(chunk)))]
		if err := m.read(t.names+offset, rest); err != nil {
			return nil, fmt.Errorf("reading the names of the pclntab: %w", err)
		}
		vendored := bytes.Contains(rest, vendor) // no name is, as a rule, and to look at each takes time
		for {
			name, tail, ended := bytes.Cut(rest, []byte{0})
			if !ended {
				break
			}
			if len(name) > 0 && len(name) <= maxNameSize {
				match(offset, name, vendored)
			}
			offset += uint64(len(name)) + 1
			rest = tail
		}
		if len(rest) == len(chunk) {
			return nil, fmt.Errorf("the pclntab has a name of more than %d bytes", len(rest))
		}
		if offset+uint64(len(rest)) >= t.namesSize {
			break
		}
	}
	return found, nil
}

// functionRecord is the head of one runtime._func.
type functionRecord struct {
	addr       uint64 // link-time address of the record
	entry, end uint32 // offsets from the start of text
	name       uint32 // offset in the names
}

// each calls visit for every function, in the order of their entries, and stops
// at the first error. The record is valid until visit returns.
func (t *pclntab) each(m *image, visit func(*functionRecord) error) error {
	const entrySize = 8 // runtime.functab: entry and record, both offsets
	var chunk [(8<<10 + 1) * entrySize]byte
	var head [8]byte // entryOff, nameOff
	var r functionRecord
	for done := uint64(0); done < t.count; {
		// Each entry needs the next one, to tell where the function ends.
		n := min(t.count-done, uint64(len(chunk)/entrySize-1))
		entries := chunk[:(n+1)*entrySize]
		if err := m.read(t.functions+done*entrySize, entries); err != nil {
			return err
		}
		for ; len(entries) > entrySize; entries = entries[entrySize:] {
			r = functionRecord{
				addr:  t.functions + uint64(binary.LittleEndian.Uint32(entries[4:])),
				entry: binary.LittleEndian.Uint32(entries),
				end:   binary.LittleEndian.Uint32(entries[entrySize:]),
			}
			if r.addr > t.end-uint64(len(head)) {
				return fmt.Errorf("record of a function at %#x, behind the end of the pclntab", r.addr)
			}
			if err := m.read(r.addr, head[:]); err != nil {
				return err
			}
			r.name = binary.LittleEndian.Uint32(head[4:])
			if err := visit(&r); err != nil {
				return err
			}
		}
		done += n
	}
	return nil
}
