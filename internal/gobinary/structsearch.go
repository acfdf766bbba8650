// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"maps"
	"strings"
)

// structSearch has the structs that are wanted, by their names without package.
type structSearch map[string][]*wantedStruct

// wantedStruct is one struct of a search, with what has been found of it.
type wantedStruct struct {
	pkg, name string
	fields    map[string]bool

	found map[packageMatch]structOffsets
	// Types of that name that differ in the wanted fields.
	ambiguous map[packageMatch]bool
}

// structOffsets are the offsets of the wanted fields that a struct has.
type structOffsets map[string]uint32

func newStructSearch(fields []Field) structSearch {
	type key struct{ pkg, name string }
	structs := make(map[key]*wantedStruct)
	search := make(structSearch)
	for _, f := range fields {
		k := key{f.Package, f.Struct}
		s, ok := structs[k]
		if !ok {
			s = &wantedStruct{
				pkg:       f.Package,
				name:      f.Struct,
				fields:    make(map[string]bool),
				found:     make(map[packageMatch]structOffsets),
				ambiguous: make(map[packageMatch]bool),
			}
			structs[k] = s
			search[f.Struct] = append(search[f.Struct], s)
		}
		s.fields[f.Field] = true
	}
	return search
}

// complete tells whether all structs have been found.
func (s structSearch) complete() bool {
	for _, wanted := range s {
		for _, w := range wanted {
			if _, ok := w.result(); !ok {
				return false
			}
		}
	}
	return true
}

// add takes note of a type of that name.
func (w *wantedStruct) add(match packageMatch, offsets structOffsets) {
	known, ok := w.found[match]
	if ok && !maps.Equal(known, offsets) {
		w.ambiguous[match] = true
	}
	w.found[match] = offsets
}

// result returns what has been found, unless it is ambiguous.
func (w *wantedStruct) result() (structOffsets, bool) {
	for _, match := range []packageMatch{exactMatch, vendoredMatch} {
		if w.ambiguous[match] {
			return nil, false
		}
		if offsets, ok := w.found[match]; ok {
			return offsets, true
		}
	}
	return nil, false
}

// packageMatch tells whether a package is the wanted one.
type packageMatch uint8

const (
	noMatch packageMatch = iota
	vendoredMatch
	exactMatch
)

// matchPackage compares import paths.
func matchPackage(path, wanted string) packageMatch {
	if path == wanted {
		return exactMatch
	}
	if rest, ok := strings.CutSuffix(path, wanted); ok && (rest == "vendor/" || strings.HasSuffix(rest, "/vendor/")) {
		return vendoredMatch
	}
	return noMatch
}
