// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// offsets are what was measured in one program. A field that it has no trace of is absent.
type offsets map[offsetsdb.Field]uint32

// measure builds the program in a folder and reads where fields are. sources returns the
// folder of a package's source.
func measure(ctx context.Context, g goCommand, folder, arch string, fields []offsetsdb.Field, sources func(pkg string) string) (offsets, error) {
	executable := filepath.Join(folder, "offsets-"+arch)
	defer os.Remove(executable)
	if err := g.build(ctx, folder, arch, executable); err != nil {
		return nil, err
	}
	found, err := read(executable, fields)
	if err != nil {
		return nil, err
	}
	for _, field := range fields {
		if _, ok := found[field]; ok {
			continue
		}
		declared, err := declares(sources(field.Package), field.Struct, arch, g.version)
		if err != nil {
			return nil, err
		}
		if !declared {
			found[field] = offsetsdb.NoField
		}
	}
	return found, nil
}

// read reads where fields are by the type descriptors and by DWARF, which must agree.
func read(executable string, fields []offsetsdb.Field) (offsets, error) {
	file, err := os.Open(executable)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	wanted := make([]gobinary.Field, len(fields))
	for i, field := range fields {
		wanted[i] = gobinary.Field{Package: field.Package, Struct: field.Struct, Field: field.Name}
	}
	found := make(offsets)
	for _, source := range []gobinary.Source{gobinary.SourceTypes, gobinary.SourceDWARF} {
		f, err := gobinary.Open(file, gobinary.Only(source))
		if err != nil {
			return nil, err
		}
		layout, err := f.Layout(wanted)
		if err != nil {
			return nil, err
		}
		for i, field := range fields {
			offset, ok := layout[wanted[i]]
			if !ok {
				continue
			}
			if known, ok := found[field]; ok && known != offset.Value {
				return nil, fmt.Errorf("%s is at %d by types and %s", field, known, offset)
			}
			found[field] = offset.Value
		}
	}
	return found, nil
}
