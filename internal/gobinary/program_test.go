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

// programs has the paths of the programs that have been built, for all tests of
// the package.
var programs struct {
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
	programs.dir = dir
	programs.paths = make(map[program]func() (string, error))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// path builds the program, once, and returns where the executable is.
func (p program) path(t testing.TB) string {
	t.Helper()
	programs.Lock()
	build, ok := programs.paths[p]
	if !ok {
		path := filepath.Join(programs.dir, fmt.Sprintf("%s-%d", p.name, len(programs.paths)))
		build = sync.OnceValues(func() (string, error) { return path, p.build(path) })
		programs.paths[p] = build
	}
	programs.Unlock()
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

// open builds the program and opens it. The file is closed when the test ends.
func (p program) open(t testing.TB) (*File, *os.File) {
	t.Helper()
	r, err := os.Open(p.path(t))
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	f, err := Open(r)
	require.NoError(t, err)
	return f, r
}
