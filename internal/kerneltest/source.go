// SPDX-License-Identifier: Apache-2.0

package kerneltest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Source is what source files of the kernel side define: the structs of events are not in the
// type information of the compiled objects, because no map holds them.
type Source struct {
	Enums   map[string][]Enumerator
	Numbers map[string]int // enumerators and macros that are numbers
	structs map[string]layout
}

// Enumerator is a named number of an enum.
type Enumerator struct {
	Name  string
	Value int
}

type layout struct {
	fields      []Field
	size, align int
}

var (
	comments    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	macro       = regexp.MustCompile(`(?m)^#define (\w+) (\w+) *$`)
	definition  = regexp.MustCompile(`(?s)\b(enum|struct) (\w+) \{(.*?)\};`)
	declaration = regexp.MustCompile(`^(struct )?(\w+) (\w+)(?:\[(\w+)\])?$`)
)

// ReadSource reads files of the folder bpf. Structs and enums must be defined before they are
// used, and have no others inside.
func ReadSource(t testing.TB, files ...string) Source {
	t.Helper()
	s := Source{Enums: map[string][]Enumerator{}, Numbers: map[string]int{}, structs: map[string]layout{}}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder(t), file))
		require.NoError(t, err)
		code := comments.ReplaceAllString(string(text), "")
		for _, match := range macro.FindAllStringSubmatch(code, -1) {
			if value, err := strconv.ParseInt(match[2], 0, 64); err == nil {
				s.Numbers[match[1]] = int(value)
			}
		}
		for _, match := range definition.FindAllStringSubmatch(code, -1) {
			if match[1] == "enum" {
				s.addEnum(t, match[2], match[3])
			} else {
				s.addStruct(match[2], match[3])
			}
		}
	}
	return s
}

// folder finds the folder bpf, from the package folder that the test runs in upwards.
func folder(t testing.TB) string {
	at, err := os.Getwd()
	require.NoError(t, err)
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "bpf")
		}
	}
	t.Fatal("the test does not run in the module")
	return ""
}

func (s *Source) addEnum(t testing.TB, name, body string) {
	next := 0
	for _, item := range strings.Split(body, ",") {
		item, value, given := strings.Cut(strings.TrimSpace(item), "=")
		if item == "" {
			continue
		}
		if given {
			var err error
			next, err = strconv.Atoi(strings.TrimSpace(value))
			require.NoError(t, err, name)
		}
		item = strings.TrimSpace(item)
		s.Enums[name] = append(s.Enums[name], Enumerator{item, next})
		s.Numbers[item] = next
		next++
	}
}

// addStruct lays a struct out by the rules of both architectures: every number on a multiple of
// its size. One with members that are not understood is left out.
func (s *Source) addStruct(name, body string) {
	made := layout{align: 1}
	for _, line := range strings.Split(body, ";") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			continue
		}
		match := declaration.FindStringSubmatch(line)
		if match == nil {
			return
		}
		member, known := s.structs[match[2]]
		if match[1] == "" {
			member, known = number(match[2])
		}
		count, suffix := 1, ""
		if match[4] != "" {
			var err error
			if count, err = strconv.Atoi(match[4]); err != nil {
				count = s.Numbers[match[4]]
			}
			suffix = "[%d]"
		}
		if !known || count == 0 {
			return
		}
		made.align = max(made.align, member.align)
		made.size = roundUp(made.size, member.align)
		for i := range count {
			path := match[3]
			if suffix != "" {
				path += fmt.Sprintf(suffix, i)
			}
			for _, field := range member.fields {
				made.fields = append(made.fields, Field{strings.TrimSuffix(path+"."+field.Path, "."), made.size + field.Offset, field.Size})
			}
			made.size += member.size
		}
	}
	made.size = roundUp(made.size, made.align)
	s.structs[name] = made
}

func number(name string) (layout, bool) {
	sizes := map[string]int{"u8": 1, "u16": 2, "u32": 4, "u64": 8, "s64": 8}
	size, ok := sizes[name]
	return layout{fields: []Field{{Size: size}}, size: size, align: size}, ok
}

func roundUp(n, align int) int { return (n + align - 1) / align * align }

// Struct returns the fields of a struct in the order of memory, and its size in bytes.
func (s Source) Struct(t testing.TB, name string) ([]Field, int) {
	t.Helper()
	require.Contains(t, s.structs, name)
	return s.structs[name].fields, s.structs[name].size
}

// Record returns a struct of the kernel side as bytes, with its named fields set. All others are
// zero.
func (s Source) Record(t testing.TB, name string, values map[string]uint64) []byte {
	t.Helper()
	fields, size := s.Struct(t, name)
	record := make([]byte, size)
	set := 0
	for _, field := range fields {
		value, ok := values[field.Path]
		if !ok {
			continue
		}
		set++
		for i := range field.Size {
			record[field.Offset+i] = byte(value >> (8 * i))
		}
	}
	require.Equal(t, len(values), set, "struct %s has not all of the fields %v", name, values)
	return record
}
