// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// declaredFields are the fields that the instrumentations and the kernel side may read.
func declaredFields() []offsetsdb.Field {
	all := append(loader.RuntimeFields(), loader.ConnectionFields()...)
	for _, library := range catalog.Libraries() {
		all = append(all, library.Fields()...)
	}
	fields := make([]offsetsdb.Field, len(all))
	for i, field := range all {
		fields[i] = databaseField(field)
	}
	return fields
}

func databaseField(f gobinary.Field) offsetsdb.Field {
	return offsetsdb.Field{Package: f.Package, Struct: f.Struct, Name: f.Field}
}

// parseField takes a field as in net/http.Request.Method.
func parseField(text string) (field offsetsdb.Field, err error) {
	dot := strings.LastIndexByte(text, '.')
	structDot := strings.LastIndexByte(text[:max(dot, 0)], '.')
	if structDot <= 0 || dot-structDot < 2 || dot == len(text)-1 {
		return field, fmt.Errorf("%q is not a field as in net/http.Request.Method", text)
	}
	return offsetsdb.Field{Package: text[:structDot], Struct: text[structDot+1 : dot], Name: text[dot+1:]}, nil
}

// fieldsOf returns the fields of a module: those of a list, and those that the table has
// already, each once.
func (m *module) fieldsOf(list []offsetsdb.Field, table *offsetsdb.Table) []offsetsdb.Field {
	var fields []offsetsdb.Field
	for _, field := range list {
		if m.reads(field) {
			fields = append(fields, field)
		}
	}
	for _, section := range table.Modules() {
		if path, _, _ := strings.Cut(section, " "); path == m.path {
			fields = append(fields, table.Fields(section)...)
		}
	}
	slices.SortFunc(fields, func(a, b offsetsdb.Field) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(fields)
}
