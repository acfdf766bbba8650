// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuilds(t *testing.T) {
	t.Parallel()
	versions := Versions()
	for _, version := range []string{versions[0], versions[len(versions)-1]} {
		for _, build := range []Build{
			{},
			{Strip: true},
			{PIE: true},
			{Strip: true, PIE: true},
			{CGO: true},
			{CGO: true, PIE: true},
			{CGO: true, Static: true},
			{CGO: true, Static: true, PIE: true},
			{Tags: []string{"netgo", "osusergo"}},
			{Trimpath: true},
			{GOPATH: true},
			{GOARCH: "arm64", Strip: true},
		} {
			build.Program, build.Go = "httpserver", version
			t.Run(build.String(), func(t *testing.T) {
				t.Parallel()
				binary := Binary(t, build)
				checkExecutable(t, binary, build)
				if build.GOARCH != "" {
					return // it does not run here
				}
				x := Start(t, binary)
				response, err := x.Client().Get(x.URL() + "/items/1")
				require.NoError(t, err)
				response.Body.Close()
				assert.Equal(t, http.StatusOK, response.StatusCode)
			})
		}
	}
}

// checkExecutable holds an executable to what its build says.
func checkExecutable(t *testing.T, binary string, build Build) {
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	assert.Equal(t, build.version(), info.GoVersion)

	file, err := elf.Open(binary)
	require.NoError(t, err)
	defer file.Close()
	machines := map[string]elf.Machine{"": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	assert.Equal(t, machines[build.GOARCH], file.Machine)
	kind := elf.ET_EXEC
	if build.PIE {
		kind = elf.ET_DYN
	}
	assert.Equal(t, kind, file.Type)
	_, err = file.Symbols()
	assert.Equal(t, build.Strip, errors.Is(err, elf.ErrNoSymbols))
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	assert.Equal(t, build.CGO && !build.Static, len(libraries) > 0, "libraries %v", libraries)
}

func TestBinaryIsBuiltOnce(t *testing.T) {
	t.Parallel()
	build := Build{Program: "httpserver"}
	first := Binary(t, build)
	before, err := os.Stat(first)
	require.NoError(t, err)
	second, err := build.binary() // as another process would
	require.NoError(t, err)
	assert.Equal(t, first, second)
	after, err := os.Stat(second)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.NotEqual(t, first, Binary(t, Build{Program: "httpclient"}))
}
