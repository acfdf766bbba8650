// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// either returns the names of a type and of a pointer to it: which of them a value is in
// an interface, is up to each driver.
func either(typeName string) []string { return []string{typeName, "*" + typeName} }

// structField splits "path/of/package.Struct.Field".
func structField(name string) gobinary.Field {
	dot := strings.LastIndexByte(name, '.')
	structDot := strings.LastIndexByte(name[:dot], '.')
	return gobinary.Field{Package: name[:structDot], Struct: name[structDot+1 : dot], Field: name[dot+1:]}
}

// structField is the field that has the code.
func (e codedError) structField() gobinary.Field {
	return structField(strings.TrimPrefix(e.typeName, "*") + "." + e.field)
}

// driverErrors lists the errors of all drivers, and those that may be around them.
func driverErrors() []codedError {
	all := wrappers
	for _, driver := range drivers {
		all = append(all[:len(all):len(all)], driver.errors...)
	}
	return all
}

// typeNames lists the types that the table of drivers names, each once.
func typeNames() []string {
	names := []string{typeDSNConnector}
	for _, kind := range connectorKinds {
		names = append(names, either(kind.typeName)...)
	}
	for _, err := range driverErrors() {
		names = append(names, err.typeName)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fieldNames lists the fields of a connector that are there to be read.
func (c *connector) fieldNames() []string {
	var names []string
	for _, name := range []string{c.behind, c.source, c.database, c.extra, c.port} {
		if name != "" {
			names = append(names, name)
		}
	}
	return append(names, c.within...)
}

func (library) Fields() []gobinary.Field {
	l := new(layout)
	wants := slices.Concat(l.wants(true, true, true), l.recoveryWants(21), l.recoveryWants(22))
	return append(instrument.Fields(wants), allDriverFields()...)
}

// allDriverFields lists the fields of the table of drivers.
func allDriverFields() []gobinary.Field {
	everything := make(map[string]uint64)
	for _, name := range typeNames() {
		everything[name] = 1
	}
	return driverFields(everything)
}

// driverFields lists the fields of the types that a binary has.
func driverFields(addresses map[string]uint64) []gobinary.Field {
	var fields []gobinary.Field
	has := func(typeName string) bool { return addresses[typeName] != 0 }
	for _, kind := range connectorKinds {
		if slices.ContainsFunc(either(kind.typeName), has) {
			for _, name := range kind.fieldNames() {
				fields = append(fields, structField(name))
			}
		}
	}
	for _, err := range driverErrors() {
		if has(err.typeName) {
			fields = append(fields, err.structField())
		}
	}
	return fields
}

// setDrivers fills the tables of connectors and errors with what a binary has of the
// table of drivers. It returns what it knows the type of, but not the fields.
func (l *layout) setDrivers(addresses map[string]uint64, fields gobinary.Layout) (missing []gobinary.Field, err error) {
	l.DSNConnector = addresses[typeDSNConnector]
	connectors := l.Connectors[:0]
	for _, name := range typeNames() {
		address, ok := addresses[name]
		if !ok {
			continue
		}
		found, lacks, ok := connectorOf(strings.TrimPrefix(name, "*"), fields)
		if !ok {
			continue
		}
		if len(connectors) == maxConnectors {
			return nil, fmt.Errorf("more than %d types of connectors", maxConnectors)
		}
		found.Type = address
		connectors = append(connectors, found)
		missing = append(missing, lacks...)
	}
	errors := l.Errors[:0]
	for _, coded := range driverErrors() {
		address, ok := addresses[coded.typeName]
		if !ok {
			continue
		}
		offset, ok := fields[coded.structField()]
		if !ok || offset.Value >= instrument.Missing {
			missing = append(missing, coded.structField())
			continue
		}
		if len(errors) == maxErrors {
			return nil, fmt.Errorf("more than %d types of errors", maxErrors)
		}
		errors = append(errors, errorLayout{Type: address, Offset: uint16(offset.Value), Kind: coded.kind})
	}
	return missing, nil
}

// connectorOf finds the entry for a type: the first of which the fields are known, or else
// the first, without them.
func connectorOf(typeName string, fields gobinary.Layout) (found connectorLayout, missing []gobinary.Field, ok bool) {
	for index, kind := range connectorKinds {
		if kind.typeName != typeName {
			continue
		}
		candidate, lacks := kind.layout(fields)
		candidate.Driver = uint8(index)
		if len(lacks) == 0 {
			return candidate, nil, true
		}
		if !ok {
			found, missing, ok = candidate, lacks, true
		}
	}
	return found, missing, ok
}

// layout finds where a connector has its fields. Without all of them it has none.
func (c *connector) layout(fields gobinary.Layout) (connectorLayout, []gobinary.Field) {
	none := connectorLayout{
		Pointer: instrument.Missing, Source: instrument.Missing, Database: instrument.Missing,
		Extra: instrument.Missing, Port: instrument.Missing,
	}
	l := none
	var missing []gobinary.Field
	offset := func(name string) uint32 {
		field := structField(name)
		found, ok := fields[field]
		if !ok {
			missing = append(missing, field)
		}
		return found.Value
	}
	base := uint32(0)
	for _, name := range c.within {
		base += offset(name)
	}
	if c.behind != "" {
		l.Pointer = uint16(min(offset(c.behind), instrument.Missing))
	}
	for _, f := range []struct {
		name string
		at   *uint16
	}{{c.source, &l.Source}, {c.database, &l.Database}, {c.extra, &l.Extra}, {c.port, &l.Port}} {
		if f.name != "" {
			*f.at = uint16(min(base+offset(f.name), instrument.Missing))
		}
	}
	l.PortSize = c.portSize
	if missing != nil {
		return none, missing
	}
	return l, nil
}
