// SPDX-License-Identifier: Apache-2.0

// Package kerneltest lets tests hold what Go code knows of the kernel side, package bpf, to
// what is there.
package kerneltest

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Field is a number in a struct, or in one that is part of it.
type Field struct {
	Path   string // "spans[1].depth"
	Offset int    // in bytes, from the start of the outermost struct
	Size   int    // in bytes
}

// Struct returns the fields of a struct of the kernel side in the order of memory, and its size
// in bytes.
func Struct(t testing.TB, spec *ebpf.CollectionSpec, name string) ([]Field, int) {
	t.Helper()
	var found *btf.Struct
	require.NoError(t, spec.Types.TypeByName(name, &found))
	return ofBTF(t, nil, "", 0, found), int(found.Size)
}

func ofBTF(t testing.TB, fields []Field, path string, offset int, typ btf.Type) []Field {
	switch typ := btf.UnderlyingType(typ).(type) {
	case *btf.Int:
		return append(fields, Field{path, offset, int(typ.Size)})
	case *btf.Array:
		size, err := btf.Sizeof(typ.Type)
		require.NoError(t, err)
		for i := range int(typ.Nelems) {
			fields = ofBTF(t, fields, fmt.Sprintf("%s[%d]", path, i), offset+i*size, typ.Type)
		}
	case *btf.Struct:
		for _, member := range typ.Members {
			fields = ofBTF(t, fields, join(path, member.Name), offset+int(member.Offset.Bytes()), member.Type)
		}
	default:
		t.Fatalf("%s: %v is not a type that user space shares with the kernel side", path, typ)
	}
	return fields
}

// CheckStruct compares a Go struct with the struct of that name of the kernel side, field by
// field. A Go name is the C name in camel case, of which the first words may be left out.
func CheckStruct(t testing.TB, spec *ebpf.CollectionSpec, name string, value any) {
	t.Helper()
	expected, size := Struct(t, spec, name)
	typ := reflect.TypeOf(value)
	actual := ofGo(t, nil, "", 0, typ)
	assert.Equal(t, size, int(typ.Size()), name)
	// A map's value is written field by field: padding counts only where it has a name.
	assert.Equal(t, size, binary.Size(value), name)
	require.Len(t, actual, len(expected), name)
	for i := range expected {
		assert.Equal(t, expected[i].Offset, actual[i].Offset, expected[i].Path)
		assert.Equal(t, expected[i].Size, actual[i].Size, expected[i].Path)
		goNames, cNames := strings.Split(actual[i].Path, "."), strings.Split(expected[i].Path, ".")
		require.Len(t, goNames, len(cNames), expected[i].Path)
		for j := range cNames {
			cName := strings.ReplaceAll(cNames[j], "_", "")
			assert.True(t, strings.HasSuffix(cName, strings.ToLower(goNames[j])), "%s is %s in Go", expected[i].Path, actual[i].Path)
		}
	}
}

func ofGo(t testing.TB, fields []Field, path string, offset int, typ reflect.Type) []Field {
	switch typ.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return append(fields, Field{path, offset, int(typ.Size())})
	case reflect.Array:
		for i := range typ.Len() {
			fields = ofGo(t, fields, fmt.Sprintf("%s[%d]", path, i), offset+i*int(typ.Elem().Size()), typ.Elem())
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			field := typ.Field(i)
			fields = ofGo(t, fields, join(path, field.Name), offset+int(field.Offset), field.Type)
		}
	default:
		t.Fatalf("%s: %v has no fixed size", path, typ)
	}
	return fields
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
