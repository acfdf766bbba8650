// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
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

// The sources of offsets, in the order in which they are asked.
const (
	SourceTypes     Source = iota + 1 // the type descriptors that the runtime uses
	SourceDWARF                       // the debug information
	SourceOffsetsDB                   // the database, by the versions in the build information
)

var allSources = []Source{SourceTypes, SourceDWARF, SourceOffsetsDB}

// String returns "types", "dwarf" or "offsetsdb".
func (s Source) String() string {
	switch s {
	case SourceTypes:
		return "types"
	case SourceDWARF:
		return "dwarf"
	case SourceOffsetsDB:
		return "offsetsdb"
	}
	return fmt.Sprintf("Source(%d)", uint8(s))
}

// NoField is the offset of a field that its struct is known not to have.
const NoField = math.MaxUint32

// Offset is where a field starts in its struct, in bytes, or NoField.
type Offset struct {
	Value  uint32
	Source Source
}

// String returns the offset as in "at 8 by types".
func (o Offset) String() string {
	if o.Value == NoField {
		return "nowhere by " + o.Source.String()
	}
	return fmt.Sprintf("at %d by %s", o.Value, o.Source)
}

// Layout has the offsets of fields.
type Layout map[Field]Offset

// Layout finds the offsets of fields. What no source knows of is absent; so is
// a field of a struct whose name two different types bear, as those that
// functions declare may.
//
// The type descriptors come first. They have a struct with all its fields or
// not at all, so that DWARF, if there is any, is read only when a whole struct
// is missing, once for all of them. Where DWARF then has an offset that the
// type descriptors have, too, they must agree. If DWARF alone cannot be read,
// the error says so, and the layout is what the type descriptors have.
//
// The database comes last. Where it contradicts the executable, this is not
// built from what its versions say: the error says so, and nothing of the
// layout is from the database.
func (f *File) Layout(fields []Field) (Layout, error) {
	layout, err := f.ownLayout(fields)
	if layout == nil || !slices.Contains(f.sources, SourceOffsetsDB) {
		return layout, err
	}
	found, lookupErr := f.lookUp(fields, layout)
	maps.Copy(layout, found)
	return layout, errors.Join(err, lookupErr)
}

// ownLayout finds what the executable itself tells.
func (f *File) ownLayout(fields []Field) (Layout, error) {
	layout := make(Layout)
	if slices.Contains(f.sources, SourceTypes) {
		types, err := f.types()
		if err != nil {
			return nil, err
		}
		search := newStructSearch(fields)
		if err := types.findStructs(search); err != nil {
			return nil, err
		}
		if err := layout.add(search, SourceTypes); err != nil {
			return nil, err
		}
		if search.complete() {
			return layout, nil
		}
	}
	if !slices.Contains(f.sources, SourceDWARF) {
		return layout, nil
	}
	search := newStructSearch(fields)
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
			for name := range s.fields {
				field := Field{s.pkg, s.name, name}
				found := Offset{NoField, source}
				if value, ok := offsets[name]; ok {
					found.Value = value
				}
				known, ok := l[field]
				if ok && known.Value != found.Value {
					return fmt.Errorf("%s is %s and %s", field, known, found)
				}
				if !ok {
					l[field] = found
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
