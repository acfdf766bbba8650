// SPDX-License-Identifier: Apache-2.0

// Package offsetsdb knows where fields are in their structs, by the version of the module
// that declares them. It is for executables that do not tell it themselves. What it has was
// measured, version by version, by cmd/offsets-tracker; of any other version it knows
// nothing. docs/offsets.md describes the file.
package offsetsdb

import "math"

// Std stands for the standard library among the modules. Its versions are those of Go.
const Std = "std"

// Field names a field of a struct, such as {"net/http", "Request", "Method"}. The package is
// its import path; one that the standard library vendors is named without "vendor/".
type Field struct {
	Package, Struct, Name string
}

// String returns the field as in net/http.Request.Method.
func (f Field) String() string { return f.Package + "." + f.Struct + "." + f.Name }

// Answer tells what the database knows of a field.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota // the field was not measured in this version
	Absent                // this version has no such field
	Known                 // the offset was measured
)

// DB is a database of offsets. It can be used by many goroutines.
type DB struct {
	modules map[string][]*module // by path: the same one under several conditions
	base    func() *DB           // has what modules do not have; may be nil
}

// module is what is known of one module, as certain releases of Go build it.
type module struct {
	condition condition
	versions  []string       // that were measured, in their order
	index     map[string]int // of a version in versions
	broken    map[string]string
	fields    map[Field]*[len(arches)][]span
}

// arches are the architectures that there are offsets for, as GOARCH names them.
var arches = [...]string{"amd64", "arm64"}

// span says that a field is at an offset, or absent, in each version from first to last.
type span struct {
	first, last uint16 // places in module.versions
	offset      uint32 // or one of the following
}

const (
	absent   = math.MaxUint32
	unproven = math.MaxUint32 - 1 // measurements differ, or there was nothing to measure
)

// Build is a module as it is in one executable.
type Build struct {
	Module string // its path, or Std
	// Version is as in a build information: "go1.26.8" for the standard library, "v1.60.0",
	// "v2.0.0+incompatible" or a pseudo-version for others.
	Version string
	Go      string // the version of Go that built it; not of interest for the standard library
	Arch    string // as GOARCH names it
}

// Lookup returns the offset in bytes of a field. Versions are compared as they stand, so that
// whatever was not measured, such as "devel go1.28-abc", "go1.22.1 X:boringcrypto" or
// "(devel)", is Unknown. It does not allocate.
func (db *DB) Lookup(build Build, field Field) (offset uint32, answer Answer) {
	for ; db != nil; db = db.next() {
		for _, m := range db.modules[build.Module] {
			if offset, answer = m.lookup(build, field); answer != Unknown {
				return offset, answer
			}
		}
	}
	return 0, Unknown
}

func (db *DB) next() *DB {
	if db.base == nil {
		return nil
	}
	return db.base()
}

func (m *module) lookup(build Build, field Field) (uint32, Answer) {
	at, ok := m.index[build.Version]
	spans := m.fields[field]
	if !ok || spans == nil || !m.condition.holds(build.Go) {
		return 0, Unknown
	}
	for i, arch := range arches {
		if arch != build.Arch {
			continue
		}
		for _, s := range spans[i] {
			if at >= int(s.first) && at <= int(s.last) {
				return s.answer()
			}
		}
	}
	return 0, Unknown
}

func (s span) answer() (uint32, Answer) {
	switch s.offset {
	case absent:
		return 0, Absent
	case unproven:
		return 0, Unknown
	}
	return s.offset, Known
}
