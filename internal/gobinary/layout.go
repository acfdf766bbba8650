// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"fmt"
)

// Field names a field of a struct, such as {"net/http", "Request", "Method"}.
// The package is its import path. A copy that is vendored by the standard
// library or in GOPATH mode, "…/vendor/" and the path, is found under the same
// name, unless the executable has the package itself, too.
type Field struct {
	Package, Struct, Field string
}

// String returns the field as in net/http.Request.Method.
func (f Field) String() string { return f.Package + "." + f.Struct + "." + f.Field }

// Source tells where an offset was found.
type Source uint8

// The sources of the offsets in an executable.
const (
	SourceTypes Source = iota + 1 // the type descriptors that the runtime uses
	SourceDWARF                   // the debug information
)

// String returns "types" or "dwarf".
func (s Source) String() string {
	switch s {
	case SourceTypes:
		return "types"
	case SourceDWARF:
		return "dwarf"
	}
	return fmt.Sprintf("Source(%d)", uint8(s))
}

// Offset is where a field starts in its struct, in bytes.
type Offset struct {
	Value  uint32
	Source Source
}

// Layout has the offsets of fields.
type Layout map[Field]Offset

// Layout finds the offsets of fields. What the executable has no trace of is
// absent; so is a field of a struct whose name two different types bear, as
// those that functions declare may.
//
// The type descriptors come first. They have a struct with all its fields or
// not at all, so that DWARF, if there is any, is read only when a whole struct
// is missing, once for all of them. Where DWARF then has an offset that the
// type descriptors have, too, they must agree. If DWARF alone cannot be read,
// the error says so, and the layout is what the type descriptors have.
func (f *File) Layout(fields []Field) (Layout, error) {
	types, err := f.types()
	if err != nil {
		return nil, err
	}
	search := newStructSearch(fields)
	if err := types.findStructs(search); err != nil {
		return nil, err
	}
	layout := make(Layout)
	if err := layout.add(search, SourceTypes); err != nil {
		return nil, err
	}
	if search.complete() {
		return layout, nil
	}
	search = newStructSearch(fields)
	if err := f.image.findDWARFStructs(search); err != nil && !errors.Is(err, errNoDWARF) {
		return layout, fmt.Errorf("debug information: %w", err)
	}
	if err := layout.add(search, SourceDWARF); err != nil {
		return nil, err
	}
	return layout, nil
}

// add takes over what a search found in a source.
func (l Layout) add(search structSearch, source Source) error {
	for _, wanted := range search {
		for _, s := range wanted {
			offsets, ok := s.result()
			if !ok {
				continue
			}
			for name, value := range offsets {
				field := Field{s.pkg, s.name, name}
				known, ok := l[field]
				if ok && known.Value != value {
					return fmt.Errorf("%s is at %d by %s and at %d by %s",
						field, known.Value, known.Source, value, source)
				}
				if !ok {
					l[field] = Offset{value, source}
				}
			}
		}
	}
	return nil
}

// findStructs searches the type descriptors.
func (t *types) findStructs(search structSearch) error {
	for _, s := range t.all {
		if t.kind(s) != kindStruct || !t.named(s) {
			continue
		}
		wanted := search[string(t.shortName(s))]
		if len(wanted) == 0 {
			continue
		}
		path := string(t.packagePath(s))
		for _, w := range wanted {
			if match := matchPackage(path, w.pkg); match != noMatch {
				w.add(match, t.offsets(s, w))
			}
		}
	}
	return t.failure()
}

// offsets returns the offsets of the wanted fields that a struct type has.
func (t *types) offsets(s rtype, w *wantedStruct) structOffsets {
	offsets := make(structOffsets)
	for f := range t.fields(s) {
		if name := t.name(f.name); w.fields[string(name)] {
			offsets[string(name)] = f.offset
		}
	}
	return offsets
}
