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

// wants lists the fields of a connector that are there to be read.
func (c *connector) wants(l *connectorLayout) []instrument.Want {
	var wants []instrument.Want
	if c.behind != "" {
		wants = append(wants, instrument.Want{Offset: &l.Pointer}.Or(structField(c.behind)))
	}
	var within []gobinary.Field
	for _, name := range c.within {
		within = append(within, structField(name))
	}
	for _, f := range []struct {
		name   string
		offset *uint16
	}{{c.source, &l.Source}, {c.database, &l.Database}, {c.extra, &l.Extra}, {c.port, &l.Port}} {
		if f.name != "" {
			wants = append(wants, instrument.Want{Offset: f.offset}.Or(append(slices.Clone(within), structField(f.name))...))
		}
	}
	return wants
}

func (e codedError) want(l *errorLayout) instrument.Want {
	return instrument.Want{Offset: &l.Offset}.Or(e.structField())
}

// driverFields lists the fields of the types that a binary has.
func driverFields(addresses map[string]uint64) []gobinary.Field {
	return instrument.Fields(driverWants(func(typeName string) bool { return addresses[typeName] != 0 }))
}

// driverWants lists what is read of those types of the table of drivers that has says.
func driverWants(has func(typeName string) bool) []instrument.Want {
	var wants []instrument.Want
	for _, kind := range connectorKinds {
		if slices.ContainsFunc(either(kind.typeName), has) {
			wants = append(wants, kind.wants(new(connectorLayout))...)
		}
	}
	for _, err := range driverErrors() {
		if has(err.typeName) {
			wants = append(wants, err.want(new(errorLayout)))
		}
	}
	return wants
}

func (library) Fields() []gobinary.Field {
	l := new(layout)
	return instrument.Fields(slices.Concat(
		l.wants(true, true, true), l.recoveryWants(21), l.recoveryWants(22),
		driverWants(func(string) bool { return true }),
	))
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
		found := errorLayout{Type: address, Kind: coded.kind}
		missing = append(missing, instrument.Resolve([]instrument.Want{coded.want(&found)}, fields)...)
		if found.Offset == instrument.Missing {
			continue
		}
		if len(errors) == maxErrors {
			return nil, fmt.Errorf("more than %d types of errors", maxErrors)
		}
		errors = append(errors, found)
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
		candidate, lacks, complete := kind.layout(fields)
		candidate.Driver = uint8(index)
		if complete {
			return candidate, nil, true
		}
		if !ok {
			found, missing, ok = candidate, lacks, true
		}
	}
	return found, missing, ok
}

// layout finds where a connector has its fields. Without all of them it has none.
func (c *connector) layout(fields gobinary.Layout) (l connectorLayout, missing []gobinary.Field, complete bool) {
	none := connectorLayout{
		Pointer: instrument.Missing, Source: instrument.Missing, Database: instrument.Missing,
		Extra: instrument.Missing, Port: instrument.Missing,
	}
	l = none
	l.PortSize = c.portSize
	wants := c.wants(&l)
	missing = instrument.Resolve(wants, fields)
	for _, want := range wants {
		if *want.Offset == instrument.Missing {
			return none, missing, false
		}
	}
	return l, nil, true
}
