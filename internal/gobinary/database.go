// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// lookUp returns what the database knows of the fields that a layout lacks. It
// is an error if it contradicts what the layout has.
func (f *File) lookUp(fields []Field, layout Layout) (Layout, error) {
	if f.database == nil {
		return nil, nil
	}
	found := make(Layout)
	for _, field := range fields {
		build, ok := f.buildOf(field.Package)
		if !ok {
			continue
		}
		value, answer := f.database.Lookup(build, offsetsdb.Field{Package: field.Package, Struct: field.Struct, Name: field.Field})
		offset := Offset{value, SourceOffsetsDB}
		switch answer {
		case offsetsdb.Unknown:
			continue
		case offsetsdb.Absent:
			offset.Value = NoField
		}
		known, ok := layout[field]
		if ok && known.Value != offset.Value {
			return nil, fmt.Errorf("%s is %s and %s, for %s %s", field, known, offset, build.Module, build.Version)
		}
		if !ok {
			found[field] = offset
		}
	}
	return found, nil
}

// buildOf returns the module whose package that is, in the version of the
// source that it was built from.
func (f *File) buildOf(pkg string) (build offsetsdb.Build, ok bool) {
	var owner *debug.Module
	for _, module := range slices.Concat(f.info.Deps, []*debug.Module{&f.info.Main}) {
		if module == nil || module.Path == "" || !inModule(pkg, module.Path) {
			continue
		}
		switch {
		case owner == nil || len(module.Path) > len(owner.Path):
			owner = module
		case module.Path == owner.Path:
			return build, false // no build has a module twice
		}
	}
	build = offsetsdb.Build{Module: offsetsdb.Std, Version: f.info.GoVersion, Go: f.info.GoVersion, Arch: f.Arch().String()}
	if owner == nil {
		// Only a build with modules tells which copy of a package it is, if it is
		// not of the standard library: that one has its own, vendored.
		first, _, _ := strings.Cut(pkg, "/")
		standard := first != "main" && !strings.Contains(first, ".")
		return build, standard || f.info.Main.Path != ""
	}
	if owner.Replace != nil {
		owner = owner.Replace
	}
	build.Module, build.Version = owner.Path, owner.Version
	return build, build.Version != ""
}

// inModule tells whether a package is in the tree of a module.
func inModule(pkg, module string) bool {
	rest, ok := strings.CutPrefix(pkg, module)
	return ok && (rest == "" || rest[0] == '/')
}
