// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/dwarf"
	"debug/elf"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// TestLayoutOfPrograms finds all that is traced in every release, linked in
// every way, at the offsets that DWARF has.
func TestLayoutOfPrograms(t *testing.T) {
	var all []targettest.Build
	for _, version := range targettest.Versions() {
		all = append(all,
			targettest.Build{Go: version},
			targettest.Build{Go: version, Strip: true},
			targettest.Build{Go: version, PIE: true},
			targettest.Build{Go: version, Strip: true, PIE: true})
	}
	for _, version := range []string{"1.18", "1.24", "1.27"} {
		all = append(all,
			targettest.Build{Go: version, CGO: true},
			targettest.Build{Go: version, CGO: true, PIE: true, Strip: true},
			targettest.Build{Go: version, CGO: true, Static: true},
			targettest.Build{Go: version, CGO: true, Static: true, PIE: true, Strip: true},
			targettest.Build{Go: version, GOARCH: "arm64"},
			targettest.Build{Go: version, GOARCH: "arm64", Strip: true},
			targettest.Build{Go: version, GOARCH: "arm64", PIE: true, Strip: true})
	}
	for _, b := range all {
		b.Program = "types"
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			_, plain := openBuild(t, targettest.Build{Program: "types", Go: b.Go, GOARCH: b.GOARCH})
			offsets := dwarfOffsets(t, plain)
			f, _ := openBuild(t, b)
			minor, err := f.GoMinor()
			require.NoError(t, err)
			wanted := tracedFields(minor)
			layout, err := f.Layout(wanted)
			require.NoError(t, err)
			for _, field := range wanted {
				require.Contains(t, offsets, field)
				assert.Equal(t, Offset{offsets[field], SourceTypes}, layout[field], field)
			}
			assert.Len(t, layout, len(wanted))
		})
	}
}

// TestLayoutOfVendoredPackage has golang.org/x/net/http2 below the folder of
// the program that uses it.
func TestLayoutOfVendoredPackage(t *testing.T) {
	fields := fieldsOf("golang.org/x/net/http2", "responseWriterState", "status wroteHeader stream req")
	modules, _ := openBuild(t, targettest.Build{Program: "h2cserver", Go: "1.26", Strip: true})
	want, err := modules.Layout(fields)
	require.NoError(t, err)
	require.Len(t, want, len(fields))
	vendored, _ := openBuild(t, targettest.Build{Program: "h2cserver", Go: "1.26", Strip: true, GOPATH: true})
	layout, err := vendored.Layout(fields)
	require.NoError(t, err)
	assert.Equal(t, want, layout)
}

// TestTypesAgreeWithDWARF compares every field of every struct.
func TestTypesAgreeWithDWARF(t *testing.T) {
	for _, version := range targettest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, targettest.Build{Program: "types", Go: version})
			types, err := f.types()
			require.NoError(t, err)
			offsets := dwarfOffsets(t, r)
			structs, compared := 0, 0
			for _, s := range types.all {
				name := string(types.shortName(s))
				if types.kind(s) != kindStruct || !types.named(s) || name == "" || name == "Twice" {
					continue
				}
				structs++
				pkg := string(types.packagePath(s))
				for field := range types.fields(s) {
					key := Field{pkg, name, string(types.name(field.name))}
					if offset, ok := offsets[key]; ok && key.Field != "_" {
						assert.Equal(t, offset, field.offset, key)
						compared++
					}
				}
			}
			require.NoError(t, types.failure())
			assert.Greater(t, structs, 500)
			assert.Greater(t, compared, 2000)
		})
	}
}

// dwarfOffsets reads the offsets of all fields by the standard library.
func dwarfOffsets(t *testing.T, r io.ReaderAt) map[Field]uint32 {
	t.Helper()
	file, err := elf.NewFile(r)
	require.NoError(t, err)
	data, err := file.DWARF()
	require.NoError(t, err)
	offsets := make(map[Field]uint32)
	var pkg, structure string
	for entries := data.Reader(); ; {
		entry, err := entries.Next()
		require.NoError(t, err)
		if entry == nil {
			return offsets
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		switch entry.Tag {
		case dwarf.TagStructType:
			pkg, structure = splitLinkName(name)
		case dwarf.TagMember:
			offset, ok := entry.Val(dwarf.AttrDataMemberLoc).(int64)
			require.True(t, ok, name)
			offsets[Field{pkg, structure, name}] = uint32(offset)
		case 0, dwarf.TagCompileUnit:
		default:
			if entry.Children {
				entries.SkipChildren()
			}
		}
	}
}

func TestLayoutTellsTypesApart(t *testing.T) {
	for _, version := range targettest.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f, _ := openBuild(t, targettest.Build{Program: "types", Go: version, Strip: true})
			for _, test := range []struct {
				name  string
				field Field
				want  Layout
			}{
				{"of the standard library", Field{"net/http", "Request", "Method"}, Layout{{"net/http", "Request", "Method"}: {0, SourceTypes}}},
				{"of package main", Field{"main", "Request", "Method"}, Layout{{"main", "Request", "Method"}: {8, SourceTypes}}},
				{"of one package of two of that name", Field{"html/template", "Template", "Tree"}, Layout{{"html/template", "Template", "Tree"}: {24, SourceTypes}}},
				{"of the other one", Field{"text/template", "Template", "Tree"}, Layout{{"text/template", "Template", "Tree"}: {16, SourceTypes}}},
				{"vendored by the standard library", Field{"golang.org/x/net/http2/hpack", "HeaderField", "Value"}, Layout{{"golang.org/x/net/http2/hpack", "HeaderField", "Value"}: {16, SourceTypes}}},
				{"behind a struct without a name", Field{"main", "Anonymous", "Method"}, Layout{{"main", "Anonymous", "Method"}: {24, SourceTypes}}},
				{"short name of a package", Field{"http", "Request", "Method"}, Layout{}},
				{"end of a package path", Field{"template", "Template", "Tree"}, Layout{}},
				{"no such field", Field{"net/http", "Request", "method"}, Layout{{"net/http", "Request", "method"}: {NoField, SourceTypes}}},
				{"no such struct", Field{"net/http", "Demand", "Method"}, Layout{}},
				{"generic type", Field{"main", "Pair", "Value"}, Layout{}},
				{"namesake in a function", Field{"main", "Twice", "Second"}, Layout{}},
			} {
				t.Run(test.name, func(t *testing.T) {
					layout, err := f.Layout([]Field{test.field})
					require.NoError(t, err)
					assert.Equal(t, test.want, layout)
				})
			}
		})
	}
}

// TestLayoutFromDWARF asks for a struct that has no descriptor, together with
// one that has.
func TestLayoutFromDWARF(t *testing.T) {
	onStack := Field{"main", "onStack", "count"}
	known := Field{"net/url", "URL", "Host"}
	for _, version := range targettest.Versions() {
		for _, pie := range []bool{false, true} {
			b := targettest.Build{Program: "types", Go: version, PIE: pie}
			t.Run(b.String(), func(t *testing.T) {
				t.Parallel()
				f, _ := openBuild(t, b)
				layout, err := f.Layout([]Field{onStack, known})
				require.NoError(t, err)
				assert.Equal(t, Layout{
					onStack: {8, SourceDWARF},
					known:   {40, SourceTypes},
				}, layout)
			})
		}
	}
	f, _ := openBuild(t, targettest.Build{Program: "types", Go: "1.26", Strip: true})
	layout, err := f.Layout([]Field{onStack, known})
	require.NoError(t, err)
	assert.Equal(t, Layout{known: {40, SourceTypes}}, layout)
}
