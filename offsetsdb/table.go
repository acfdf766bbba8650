// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Table is a database that can be added to and written, version by version. It is for tools.
type Table struct {
	modules map[string]map[string]*Measured // by name, by version
}

// Measured is what is known of one version of a module.
type Measured struct {
	// Broken is why the version could not be measured, in one line, or "".
	Broken string
	// Offsets has the offsets in bytes by architecture. NoField is that of a field that
	// the version lacks.
	Offsets map[string]map[Field]uint32
}

// What stands for the offset of a field without one.
const (
	NoField  uint32 = absent   // the version is known not to have the field
	Unproven uint32 = unproven // the field was looked for, but no offset holds
)

// NewTable returns a table with what a database has itself: what it is laid over is not in it.
func NewTable(db *DB) *Table {
	t := &Table{modules: make(map[string]map[string]*Measured)}
	for name, modules := range db.modules {
		for _, m := range modules {
			t.add(name+m.condition.String(), m)
		}
	}
	return t
}

func (t *Table) add(name string, m *module) {
	for version, reason := range m.broken {
		t.Put(name, version, &Measured{Broken: reason})
	}
	for _, version := range m.versions {
		t.Put(name, version, &Measured{})
	}
	for field, byArch := range m.fields {
		for i, spans := range byArch {
			for _, s := range spans {
				for _, version := range m.versions[s.first : s.last+1] {
					t.modules[name][version].Set(arches[i], field, s.offset)
				}
			}
		}
	}
}

// Set notes the offset of a field.
func (m *Measured) Set(arch string, field Field, offset uint32) {
	if m.Offsets == nil {
		m.Offsets = make(map[string]map[Field]uint32)
	}
	if m.Offsets[arch] == nil {
		m.Offsets[arch] = make(map[Field]uint32)
	}
	m.Offsets[arch][field] = offset
}

// Put replaces what is known of a version. Modules are named as in the file: by their path, and
// perhaps the releases of Go that build them so, as in "golang.org/x/net from go1.27".
func (t *Table) Put(name, version string, m *Measured) {
	if t.modules[name] == nil {
		t.modules[name] = make(map[string]*Measured)
	}
	t.modules[name][version] = m
}

// Get returns what is known of a version, or nil.
func (t *Table) Get(name, version string) *Measured { return t.modules[name][version] }

// Modules lists the names of the modules, the standard library first.
func (t *Table) Modules() []string {
	return slices.SortedFunc(maps.Keys(t.modules), func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == Std:
			return -1
		case b == Std:
			return 1
		}
		return strings.Compare(a, b)
	})
}

// Versions lists the versions of a module that something is known of, oldest first.
func (t *Table) Versions(name string) []string {
	return t.versions(name, func(m *Measured) bool { return len(m.Offsets) > 0 })
}

// Broken lists the versions of a module that could not be measured.
func (t *Table) Broken(name string) []string {
	return t.versions(name, func(m *Measured) bool { return m.Broken != "" })
}

func (t *Table) versions(name string, wanted func(*Measured) bool) []string {
	var versions []string
	for version, m := range t.modules[name] {
		if wanted(m) {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, func(a, b string) int { return CompareVersions(name, a, b) })
	return versions
}

// Fields lists the fields of a module that something is known of, in order.
func (t *Table) Fields(name string) []Field {
	all := make(map[Field]bool)
	for _, m := range t.modules[name] {
		for _, fields := range m.Offsets {
			for field := range fields {
				all[field] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b Field) int { return strings.Compare(a.String(), b.String()) })
}

// Write writes the table as a file that Parse reads. Equal tables give equal files.
func (t *Table) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(header + "\n# Made by cmd/offsets-tracker; docs/offsets.md says how to read it and how to add to it.\n")
	for _, name := range t.Modules() {
		t.writeModule(&b, name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) writeModule(b *strings.Builder, name string) {
	versions, broken := t.Versions(name), t.Broken(name)
	if len(versions)+len(broken) == 0 {
		return
	}
	fmt.Fprintf(b, "\nmodule %s\n", name)
	// One line for each minor release: a new version then changes one line.
	for rest := versions; len(rest) > 0; {
		n := 1
		for n < len(rest) && minorOf(rest[n]) == minorOf(rest[0]) {
			n++
		}
		fmt.Fprintf(b, "versions %s\n", strings.Join(rest[:n], " "))
		rest = rest[n:]
	}
	for _, version := range broken {
		fmt.Fprintf(b, "broken %s %s\n", version, t.Get(name, version).Broken)
	}
	structure := ""
	for _, field := range t.Fields(name) {
		if name := field.Package + "." + field.Struct; name != structure {
			structure = name
			fmt.Fprintf(b, "struct %s\n", name)
		}
		var lines [len(arches)]string
		for i, arch := range arches {
			lines[i] = t.ranges(name, arch, field, versions)
		}
		if lines[0] == lines[1] {
			fmt.Fprintf(b, "\t%s%s\n", field.Name, lines[0])
			continue
		}
		for i, line := range lines {
			if line != "" {
				fmt.Fprintf(b, "\t%s %s%s\n", field.Name, arches[i], line)
			}
		}
	}
}

// minorOf returns "go1.26" or "v1.60".
func minorOf(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return major + "." + minor
}

// ranges writes where a field is, in which versions.
func (t *Table) ranges(name, arch string, field Field, versions []string) string {
	var b strings.Builder
	last := len(versions) - 1
	for i, before := 0, int64(-1); i <= last; i++ {
		offset, ok := t.Get(name, versions[i]).Offsets[arch][field]
		if !ok {
			continue
		}
		first := i
		for i < last {
			next, ok := t.Get(name, versions[i+1]).Offsets[arch][field]
			if !ok || next != offset {
				break
			}
			i++
		}
		if int64(offset) != before {
			before = int64(offset)
			b.WriteString(" " + formatOffset(offset))
		}
		b.WriteString(" " + rangeOf(versions, first, i))
	}
	return b.String()
}

func formatOffset(offset uint32) string {
	switch offset {
	case NoField:
		return "-"
	case Unproven:
		return "?"
	}
	return strconv.FormatUint(uint64(offset), 10)
}

func rangeOf(versions []string, first, last int) string {
	if first == last && len(versions) > 1 {
		return versions[first]
	}
	from, to := "", ""
	if first > 0 {
		from = versions[first]
	}
	if last < len(versions)-1 {
		to = versions[last]
	}
	return from + ".." + to
}
