// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

func resolve(t *testing.T, path string) (RuntimeLayout, []gobinary.Field) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	f, err := gobinary.Open(file)
	require.NoError(t, err)
	layout, fields, missing, err := ResolveRuntime(f)
	require.NoError(t, err)
	assert.NotEmpty(t, fields)
	return layout, missing
}

// TestResolveRuntime: the offsets are those of runtime/runtime2.go of each version.
func TestResolveRuntime(t *testing.T) {
	for _, version := range targettest.Versions() {
		t.Run(version, func(t *testing.T) {
			layout, missing := resolve(t, targettest.Binary(t, targettest.Build{Program: "httpserver", Go: version, Strip: true}))
			assert.Empty(t, missing)
			minor, err := strconv.Atoi(strings.TrimPrefix(version, "1."))
			require.NoError(t, err)
			goid, parentGoid, maps := uint16(152), uint16(272), uint16(mapBuckets)
			switch {
			case minor < 21:
				parentGoid = instrument.Missing
			case minor == 23 || minor == 24:
				goid, parentGoid = 160, 280
			case minor > 25:
				parentGoid = 280
			}
			if minor >= 24 {
				maps = mapSwiss
			}
			assert.Equal(t, goid, layout.Goid)
			assert.Equal(t, parentGoid, layout.ParentGoid)
			assert.Equal(t, uint16(8), layout.StackHi, "stack is the first field of g, hi the second of stack")
			assert.Equal(t, uint16(32), layout.Panic, "behind stack and the two stack guards")
			assert.NotEqual(t, uint16(instrument.Missing), layout.PanicArg)
			assert.NotEqual(t, uint16(instrument.Missing), layout.PanicGoexit)
			assert.Equal(t, maps, layout.MapKind)
			if minor >= 21 {
				assert.EqualValues(t, 48, layout.M, "behind the defers, which are behind the panics")
				assert.NotEqual(t, uint16(instrument.Missing), layout.MP)
				assert.NotEqual(t, uint16(instrument.Missing), layout.GoidCache)
				assert.Equal(t, layout.GoidCache+8, layout.GoidCacheEnd)
				assert.NotZero(t, layout.GoidGen)
			}
		})
	}
}

// A database that contradicts the executable is told of, and is not used.
func TestRuntimeContradicted(t *testing.T) {
	file, err := os.Open(targettest.Binary(t, targettest.Build{Program: "httpserver", Go: "1.27", Strip: true}))
	require.NoError(t, err)
	defer file.Close()
	info, err := buildinfo.Read(file)
	require.NoError(t, err)
	wrong, err := offsetsdb.Parse("wrong", strings.NewReader(
		"offsetsdb 1\nmodule std\nversions "+info.GoVersion+"\nstruct runtime.g\n\tgoid 8 ..\n"))
	require.NoError(t, err)
	f, err := gobinary.Open(file, gobinary.Database(wrong))
	require.NoError(t, err)
	layout, _, missing, err := ResolveRuntime(f)
	assert.ErrorContains(t, err, "runtime.g.goid is at 152 by types and at 8 by offsetsdb")
	assert.EqualValues(t, 152, layout.Goid)
	assert.Empty(t, missing)
}

// TestBucketMapsByExperiment: Go 1.24 and 1.25 can still be told to use the maps of before.
func TestBucketMapsByExperiment(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module small\n\ngo 1.24\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600))
	command := exec.Command("go", "build", "-o", "small", ".")
	command.Dir = folder
	command.Env = append(os.Environ(),
		"GOROOT=", "GOTOOLCHAIN=go1.24.13", "GOEXPERIMENT=noswissmap", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	layout, _ := resolve(t, filepath.Join(folder, "small"))
	assert.EqualValues(t, mapBuckets, layout.MapKind)
}
