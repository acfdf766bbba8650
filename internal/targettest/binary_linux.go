// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built holds the builds of this process by program and build, so that a test that asks again does
// not hash the sources again.
var built sync.Map // string → func() (string, error)

// Binary returns the path of the executable that b describes. It is built at most once: executables
// are kept in ebpfgo-targets in the user's cache folder, under the hash of all that went into them,
// and shared by test processes that run at the same time. They must not be changed or removed; a
// test that does so takes a copy.
func Binary(t testing.TB, b Build) string {
	t.Helper()
	once, _ := built.LoadOrStore(b.Program+" "+b.String(), sync.OnceValues(b.binary))
	path, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("build %s as %s: %v", b.Program, b, err)
	}
	return path
}

// Executable is Binary for programs that are no tests. It looks for the sources from the working
// directory upwards.
func (b Build) Executable() (string, error) { return b.binary() }

// CacheName is the path of the executable below the user's cache folder. Binary finds it there also
// on a machine that cannot build it, if the sources are there too: they are in the name.
func (b Build) CacheName() (string, error) {
	source, err := programFolder(b.Program)
	if err != nil {
		return "", err
	}
	hash, err := b.hash(source)
	if err != nil {
		return "", err
	}
	// A folder for each, so that the executable has the name that a deployment would give it.
	return filepath.Join("ebpfgo-targets", b.String()+"-"+hash, b.Program), nil
}

func (b Build) binary() (string, error) {
	name, err := b.CacheName()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	source, err := programFolder(b.Program)
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(folder, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)

	output := filepath.Join(work, "output")
	if err := b.build(source, work, output); err != nil {
		return "", err
	}
	// A link and not a rename: where another process was faster, its file stays, which may run already.
	if err := os.Link(output, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, nil
}

// build builds the sources into output. work is a folder for what it needs on the way.
func (b Build) build(source, work, output string) error {
	goCommand, err := b.goCommand(source)
	if err != nil {
		return err
	}
	env := b.environment()
	if b.Vendor || b.GOPATH {
		if source, err = b.vendored(goCommand, source, work); err != nil {
			return err
		}
		b.ModFile = ""
	}
	if b.GOPATH {
		env = append(env, "GO111MODULE=off", "GOPATH="+filepath.Join(work, gopath))
	}
	_, err = run(source, env, goCommand, append(b.arguments(), "-o", output, ".")...)
	return err
}

// goCommand returns the path of the go command of b's version. It is called by its path, because
// without modules the one in PATH takes no notice of GOTOOLCHAIN.
func (b Build) goCommand(source string) (string, error) {
	root, err := run(source, append(os.Environ(), "GOROOT=", "GOTOOLCHAIN="+b.toolchain()), "go", "env", "GOROOT")
	return filepath.Join(root, "bin", "go"), err
}

// run runs a command in a folder and returns what it prints to stdout. The go command says on stderr that it
// downloads a toolchain.
func run(folder string, env []string, name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	command := exec.Command(name, args...)
	command.Dir = folder
	command.Env = append(env, "PWD="+folder)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// programFolder finds the folder of a program, from the package folder that the test runs in upwards.
func programFolder(program string) (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		source := filepath.Join(folder, "testdata", program)
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("no testdata/%s/go.mod in %s or above it", program, start)
		}
	}
}
