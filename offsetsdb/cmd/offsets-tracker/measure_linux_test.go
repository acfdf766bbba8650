// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// TestMeasure measures a small part of the standard library with the go command of the test.
func TestMeasure(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "program")
	m := module{path: offsetsdb.Std, roots: []string{"fmt.Errorf"}}
	require.NoError(t, writeProgram(folder, &m))
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	sources := func(pkg string) string { return filepath.Join(strings.TrimSpace(string(root)), "src", pkg) }

	wrapped := offsetsdb.Field{Package: "fmt", Struct: "wrapError", Name: "err"}
	fields := []offsetsdb.Field{
		wrapped,
		{Package: "fmt", Struct: "wrapError", Name: "none"},      // no such field
		{Package: "fmt", Struct: "None", Name: "err"},            // no such struct
		{Package: "none", Struct: "None", Name: "err"},           // no such package
		{Package: "net/http", Struct: "Request", Name: "Method"}, // not in the program
	}
	found, err := measure(t.Context(), localGo(t.TempDir(), 1), folder, "arm64", fields, sources)
	require.NoError(t, err)
	assert.Equal(t, offsets{wrapped: 16, fields[1]: offsetsdb.NoField, fields[2]: offsetsdb.NoField, fields[3]: offsetsdb.NoField}, found)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() { undefined() }\n"), 0o600))
	_, err = measure(t.Context(), localGo(t.TempDir(), 1), folder, "amd64", fields, sources)
	assert.ErrorContains(t, err, "go build: exit status 1: ./main.go:3:15: undefined: undefined")
}

// TestSourcesAgree holds type descriptors, DWARF and database against each other: all that the
// instrumentations read, in programs of all libraries, by every version of Go. `make
// offsets-check` does so for every version of everything.
func TestSourcesAgree(t *testing.T) {
	for _, build := range sampleBuilds() {
		t.Run(build.Program+"-"+build.String(), func(t *testing.T) {
			t.Parallel()
			compareSources(t, targettest.Binary(t, build))
		})
	}
}

// sampleBuilds are builds that other tests need, too.
func sampleBuilds() []targettest.Build {
	var builds []targettest.Build
	for _, version := range targettest.Versions() {
		builds = append(builds, targettest.Build{Program: "httpserver", Go: version})
	}
	for _, version := range []string{"1.18", "1.23", "1.27"} {
		builds = append(builds, targettest.Build{Program: "httpserver", Go: version, GOARCH: "arm64"})
	}
	builds = append(builds, targettest.GRPCBuilds("grpcserver")...)
	return append(builds,
		targettest.Build{Program: "httpclient", Go: "1.18"},
		targettest.Build{Program: "httpclient", Go: "1.27"},
		targettest.Build{Program: "h2cserver", Go: "1.18"},
		targettest.Build{Program: "h2cserver", Go: "1.27"},
		targettest.Build{Program: "h2cserver", Go: "1.27", ModFile: "go.latest.mod"},
		targettest.Build{Program: "sqlclient", Go: "1.21"},
		targettest.Build{Program: "sqlclient", Go: "1.27", ModFile: "go.latest.mod"},
	)
}

func compareSources(t *testing.T, path string) {
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var fields []gobinary.Field
	for _, f := range declaredFields() {
		fields = append(fields, gobinary.Field{Package: f.Package, Struct: f.Struct, Field: f.Name})
	}
	layouts := map[gobinary.Source]gobinary.Layout{}
	for _, source := range []gobinary.Source{gobinary.SourceTypes, gobinary.SourceDWARF, gobinary.SourceOffsetsDB} {
		f, err := gobinary.Open(file, gobinary.Database(offsetsdb.Embedded()), gobinary.Only(source))
		require.NoError(t, err)
		layouts[source], err = f.Layout(fields)
		require.NoError(t, err)
	}
	compared := 0
	for _, field := range fields {
		byTypes, hasTypes := layouts[gobinary.SourceTypes][field]
		byDWARF, hasDWARF := layouts[gobinary.SourceDWARF][field]
		byDatabase, hasDatabase := layouts[gobinary.SourceOffsetsDB][field]
		if hasTypes && hasDWARF {
			assert.Equal(t, byTypes.Value, byDWARF.Value, field)
		}
		if hasDatabase && hasTypes {
			assert.Equal(t, byTypes.Value, byDatabase.Value, field)
			compared++
		}
		if hasDatabase && hasDWARF {
			assert.Equal(t, byDWARF.Value, byDatabase.Value, field)
			compared++
		}
		if owner(databaseField(field).Package) == offsetsdb.Std && hasTypes {
			assert.True(t, hasDatabase, "%s is not in the database", field)
		}
	}
	assert.Greater(t, compared, 40)
}
