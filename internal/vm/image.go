// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// Places in the image. Tests find testdata from their package's folder upwards, and the programs
// that they trace in the cache.
const (
	imageSource = "/src"
	imageCache  = "/cache"
)

// image is what all machines of one architecture have in common: the tests, what they read, and the
// programs that they trace.
type image struct {
	arch  string
	files map[string]string // on this machine, by their absolute path in the image
}

// build compiles all that goes into the image, in a folder, and names the files.
func (m *image) build(ctx context.Context, a archive, folder string, suites []suite) error {
	loader, place, err := a.loader(ctx, m.arch)
	if err != nil {
		return err
	}
	m.files = map[string]string{place: loader}
	if err := m.goBuild(ctx, filepath.Join(folder, "init"), "/init", "build", "./internal/vm/init"); err != nil {
		return err
	}
	for _, s := range suites {
		if err := m.goBuild(ctx, filepath.Join(folder, s.name()+".test"), s.binary(), "test", "-c", "./"+s.pkg); err != nil {
			return err
		}
		for _, build := range s.builds() {
			if err := m.target(build); err != nil {
				return err
			}
		}
		if err := m.tree(s.pkg + "/testdata"); err != nil {
			return err
		}
	}
	return m.tree("testdata")
}

// goBuild runs the go command so that it writes a static executable.
func (m *image) goBuild(ctx context.Context, output, name string, args ...string) error {
	last := len(args) - 1
	args = append(args[:last:last], "-ldflags=-s -w", "-o", output, args[last])
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+m.arch)
	if message, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, message)
	}
	m.files[name] = output
	return nil
}

// target builds a program that is traced. In the image it is the one of the machine's own architecture.
func (m *image) target(build targettest.Build) error {
	name, err := build.CacheName()
	if err != nil {
		return err
	}
	if m.files[path.Join(imageCache, name)] != "" {
		return nil
	}
	if m.arch != runtime.GOARCH { // tests on this machine share the others
		build.GOARCH = m.arch
	}
	file, err := build.Executable()
	if err != nil {
		return fmt.Errorf("build %s as %s: %w", build.Program, build, err)
	}
	m.files[path.Join(imageCache, name)] = file
	return nil
}

// tree adds a folder of the sources with all below it, if it is there.
func (m *image) tree(folder string) error {
	return filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return fs.SkipAll
		}
		if err != nil || entry.IsDir() {
			return err
		}
		m.files[path.Join(imageSource, filepath.ToSlash(file))] = file
		return nil
	})
}

// small are files that the standard library looks for.
var small = []struct{ name, content string }{
	{"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
	{"/etc/passwd", "root:x:0:0:root:/root:/none\nnobody:x:65534:65534:nobody:/:/none\n"},
	{"/etc/group", "root:x:0:\n"},
}

// write writes the file system of a machine with these orders.
func (m *image) write(file string, orders []byte) (err error) {
	output, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if closed := output.Close(); err == nil {
			err = closed
		}
	}()
	archive := newCPIOWriter(output)
	for _, folder := range []string{"/dev", "/proc", "/sys", "/tmp", "/run", "/root", "/bin"} {
		archive.folder(folder)
	}
	for _, f := range small {
		archive.file(f.name, cpioFile, []byte(f.content))
	}
	archive.file(ordersFile, cpioFile, orders)
	for name, source := range m.files {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		info, err := os.Stat(source)
		if err != nil {
			return err
		}
		mode := uint32(cpioFile)
		if info.Mode()&0o100 != 0 {
			mode = cpioExecutable
		}
		archive.file(name, mode, content)
	}
	return archive.close()
}
