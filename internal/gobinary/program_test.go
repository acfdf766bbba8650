// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// toolchains has the last patch of every release that is supported.
var toolchains = []string{
	"go1.18.10", "go1.19.13", "go1.20.14", "go1.21.13", "go1.22.12",
	"go1.23.12", "go1.24.13", "go1.25.11", "go1.26.8", "go1.27.4",
}

// program is a program below testdata, built in a certain way.
type program struct {
	name      string
	toolchain string
	arch      string // amd64 if empty
	flags     string // of go build, with spaces between
	cgo       bool
}

// Flags of go build.
const (
	flagsPlain    = ""
	flagsStripped = "-ldflags=-s\x00-w"
	flagsPIE      = "-buildmode=pie"
	flagsBoth     = flagsPIE + " " + flagsStripped
)

func (p program) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", p.name, p.toolchain, p.arch, strings.ReplaceAll(p.flags, "\x00", " ")))
}

// executables has the paths of the programs that have been built, for all tests
// of the package.
var executables struct {
	sync.Mutex
	dir   string
	paths map[program]func() (string, error)
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gobinary")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	executables.dir = dir
	executables.paths = make(map[program]func() (string, error))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// executable builds a program, once, and returns its path.
func executable(t testing.TB, p program) string {
	t.Helper()
	executables.Lock()
	build, ok := executables.paths[p]
	if !ok {
		path := filepath.Join(executables.dir, fmt.Sprintf("%s-%d", p.name, len(executables.paths)))
		build = sync.OnceValues(func() (string, error) { return path, p.build(path) })
		executables.paths[p] = build
	}
	executables.Unlock()
	path, err := build()
	require.NoError(t, err)
	return path
}

func (p program) build(path string) error {
	args := []string{"build", "-o", path}
	for _, flag := range strings.Fields(p.flags) {
		args = append(args, strings.ReplaceAll(flag, "\x00", " "))
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = filepath.Join("testdata", p.name)
	cgo := "CGO_ENABLED=0"
	if p.cgo {
		cgo = "CGO_ENABLED=1"
	}
	arch := p.arch
	if arch == "" {
		arch = "amd64"
	}
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+p.toolchain, "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=mod", "GOWORK=off", cgo)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", p, err, output)
	}
	return nil
}

// open builds a program and opens it. The file is closed when the test ends.
func open(t testing.TB, p program) (*File, *os.File) {
	t.Helper()
	r, err := os.Open(executable(t, p))
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	f, err := Open(r)
	require.NoError(t, err)
	return f, r
}
