// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/dwarf"
	"debug/elf"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fieldsOf(pkg, structure, fields string) []Field {
	var all []Field
	for _, f := range strings.Fields(fields) {
		all = append(all, Field{pkg, structure, f})
	}
	return all
}

// tracedFields returns what probes on net/http read, of a release.
func tracedFields(minor int) []Field {
	var fields []Field
	add := func(since, until int, pkg, structure, names string) {
		if since <= minor && minor <= until {
			fields = append(fields, fieldsOf(pkg, structure, names)...)
		}
	}
	add(18, 27, "net/http", "Request", "Method URL Proto ProtoMajor ProtoMinor Header ContentLength Host RemoteAddr TLS RequestURI ctx")
	add(22, 27, "net/http", "Request", "pat")
	add(23, 27, "net/http", "Request", "Pattern")
	add(18, 27, "net/http", "response", "conn req wroteHeader status written")
	add(18, 27, "net/http", "conn", "hijackedv")
	add(22, 27, "net/http", "pattern", "str")
	add(18, 27, "net/url", "URL", "Scheme Opaque User Host Path RawPath RawQuery ForceQuery")
	add(18, 27, "net/http", "Response", "StatusCode ProtoMajor ProtoMinor Request ContentLength")
	add(18, 27, "runtime", "g", "goid stack _panic")
	add(21, 27, "runtime", "g", "parentGoid")
	add(18, 27, "runtime", "_panic", "arg goexit recovered")
	add(18, 27, "runtime", "stack", "hi")
	add(18, 26, "net/http", "http2responseWriter", "rws")
	add(18, 26, "net/http", "http2responseWriterState", "status wroteHeader wroteBytes req stream")
	add(27, 27, "net/http/internal/http2", "responseWriter", "rws")
	add(27, 27, "net/http/internal/http2", "responseWriterState", "status wroteHeader wroteBytes req stream")
	add(18, 23, "runtime", "hmap", "count B buckets oldbuckets")
	add(24, 27, "internal/runtime/maps", "Map", "used dirPtr dirLen")
	add(24, 27, "internal/runtime/maps", "table", "groups")
	add(24, 27, "internal/runtime/maps", "groupsReference", "data lengthMask")
	return fields
}

// TestLayoutOfEveryRelease finds all that is traced in every release, in
// executables with and without debug information, at the offsets that DWARF
// has.
func TestLayoutOfEveryRelease(t *testing.T) {
	for _, toolchain := range toolchains {
		t.Run(toolchain, func(t *testing.T) {
			plain := program{name: "types", toolchain: toolchain}
			f, r := plain.open(t)
			minor, err := f.GoMinor()
			require.NoError(t, err)
			wanted := tracedFields(minor)
			offsets := dwarfOffsets(t, r)
			for _, flags := range []string{flagsPlain, flagsStripped, flagsPIE, flagsBoth} {
				f, _ := program{name: "types", toolchain: toolchain, flags: flags}.open(t)
				layout, err := f.Layout(wanted)
				require.NoError(t, err)
				for _, field := range wanted {
					require.Contains(t, offsets, field)
					assert.Equal(t, Offset{offsets[field], SourceTypes}, layout[field], "%s with %q", field, flags)
				}
				assert.Len(t, layout, len(wanted))
			}
		})
	}
}

// TestLayoutOfExternalLinker has what the C compiler's linker makes of the
// types and their relocations.
func TestLayoutOfExternalLinker(t *testing.T) {
	for _, flags := range []string{
		"-ldflags=-linkmode=external",
		"-buildmode=pie -ldflags=-linkmode=external",
		"-buildmode=pie -ldflags=-linkmode=external\x00-s\x00-w",
		"-ldflags=-linkmode=external\x00-extldflags=-static",
	} {
		for _, toolchain := range []string{"go1.21.13", "go1.27.4"} {
			p := program{name: "types", toolchain: toolchain, flags: flags, cgo: true}
			t.Run(p.String(), func(t *testing.T) {
				assertTracedLayout(t, p, program{name: "types", toolchain: toolchain})
			})
		}
	}
}

func TestLayoutOfARM64(t *testing.T) {
	for _, toolchain := range []string{"go1.20.14", "go1.24.13", "go1.27.4"} {
		plain := program{name: "types", toolchain: toolchain, arch: "arm64"}
		for _, flags := range []string{flagsPlain, flagsStripped, flagsBoth} {
			p := plain
			p.flags = flags
			t.Run(p.String(), func(t *testing.T) {
				assertTracedLayout(t, p, plain)
			})
		}
	}
}

// assertTracedLayout compares a layout to the DWARF of another executable.
func assertTracedLayout(t *testing.T, p, plain program) {
	_, r := plain.open(t)
	offsets := dwarfOffsets(t, r)
	f, _ := p.open(t)
	minor, err := f.GoMinor()
	require.NoError(t, err)
	wanted := tracedFields(minor)
	layout, err := f.Layout(wanted)
	require.NoError(t, err)
	for _, field := range wanted {
		assert.Equal(t, Offset{offsets[field], SourceTypes}, layout[field], field)
	}
}

// TestTypesAgreeWithDWARF compares every field of every struct.
func TestTypesAgreeWithDWARF(t *testing.T) {
	for _, toolchain := range toolchains {
		t.Run(toolchain, func(t *testing.T) {
			f, r := program{name: "types", toolchain: toolchain}.open(t)
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
	for _, toolchain := range []string{"go1.18.10", "go1.22.12", "go1.27.4"} {
		p := program{name: "types", toolchain: toolchain, flags: flagsStripped}
		t.Run(toolchain, func(t *testing.T) {
			f, _ := p.open(t)
			for _, test := range []struct {
				name  string
				field Field
				want  Layout
			}{
				{"of the standard library", Field{"net/http", "Request", "Method"}, Layout{{"net/http", "Request", "Method"}: {0, SourceTypes}}},
				{"of package main", Field{"main", "Request", "Method"}, Layout{{"main", "Request", "Method"}: {8, SourceTypes}}},
				{"of a package of the same name", Field{"example.com/types/http", "Request", "Method"}, Layout{{"example.com/types/http", "Request", "Method"}: {48, SourceTypes}}},
				{"dot in the package path", Field{"example.com/types/dotted.v2", "Node", "Value"}, Layout{{"example.com/types/dotted.v2", "Node", "Value"}: {8, SourceTypes}}},
				{"vendored by the standard library", Field{"golang.org/x/net/http2/hpack", "HeaderField", "Value"}, Layout{{"golang.org/x/net/http2/hpack", "HeaderField", "Value"}: {16, SourceTypes}}},
				{"behind a struct without a name", Field{"main", "Anonymous", "Method"}, Layout{{"main", "Anonymous", "Method"}: {24, SourceTypes}}},
				{"short name of a package", Field{"http", "Request", "Method"}, Layout{}},
				{"end of a package path", Field{"types/http", "Request", "Method"}, Layout{}},
				{"no such field", Field{"net/http", "Request", "method"}, Layout{}},
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

// TestLayoutFromDWARF asks for structs that have no descriptor, together with
// one that has.
func TestLayoutFromDWARF(t *testing.T) {
	onStack := Field{"main", "onStack", "count"}
	leaf := Field{"example.com/types/dotted.v2", "Leaf", "value"}
	known := Field{"net/url", "URL", "Host"}
	for _, toolchain := range toolchains {
		variants := []string{flagsPlain, flagsPIE}
		if toolchain == "go1.26.8" {
			variants = append(variants, "-ldflags=-compressdwarf=false")
		}
		for _, flags := range variants {
			p := program{name: "types", toolchain: toolchain, flags: flags}
			t.Run(p.String(), func(t *testing.T) {
				f, _ := p.open(t)
				layout, err := f.Layout([]Field{onStack, known, leaf})
				require.NoError(t, err)
				assert.Equal(t, Layout{
					onStack: {8, SourceDWARF},
					leaf:    {8, SourceDWARF},
					known:   {40, SourceTypes},
				}, layout)
			})
		}
	}
	f, _ := program{name: "types", toolchain: "go1.26.8", flags: flagsStripped}.open(t)
	layout, err := f.Layout([]Field{onStack, known, leaf})
	require.NoError(t, err)
	assert.Equal(t, Layout{known: {40, SourceTypes}}, layout)
}

func TestLayoutSourcesDisagree(t *testing.T) {
	layout := Layout{{"net/url", "URL", "Host"}: {40, SourceTypes}}
	search := newStructSearch(fieldsOf("net/url", "URL", "Host Path"))
	search["URL"][0].add(exactMatch, structOffsets{"Host": 40, "Path": 56})
	require.NoError(t, layout.add(search, SourceDWARF))
	assert.Equal(t, Layout{
		{"net/url", "URL", "Host"}: {40, SourceTypes},
		{"net/url", "URL", "Path"}: {56, SourceDWARF},
	}, layout)

	search = newStructSearch(fieldsOf("net/url", "URL", "Host"))
	search["URL"][0].add(exactMatch, structOffsets{"Host": 48})
	assert.EqualError(t, layout.add(search, SourceDWARF), "net/url.URL.Host is at 40 by types and at 48 by dwarf")
}
