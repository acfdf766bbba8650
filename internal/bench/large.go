// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What a large executable is made of: packages with types, whose methods are kept because the program may look for
// any of them by reflection. Of code, type descriptors and function tables it has about the shares
// that programs have which link many large libraries.
const (
	typesOfPackage = 40
	methodsOfType  = 20
	// baseBytes are those of the executable without any package, packageBytes what each adds to it,
	// without symbols and DWARF.
	baseBytes    = 8_300_000
	packageBytes = 1_660_000
)

// largeExecutable returns the path of httpserver with so many packages linked in that it has about the size
// that the plan wants. It is built once and kept where the programs of testdata are.
func (b *bench) largeExecutable() string {
	b.t.Helper()
	small := b.build("httpserver")
	info, err := buildinfo.ReadFile(small)
	if err != nil {
		b.t.Fatalf("%v", err)
	}
	files, err := largeSources(max(1, (b.large-baseBytes)/packageBytes))
	if err != nil {
		b.t.Fatalf("sources of a large executable: %v", err)
	}
	sum := sha256.New()
	fmt.Fprintln(sum, info.GoVersion)
	for _, file := range files {
		fmt.Fprintf(sum, "%q %q\n", file.name, file.content)
	}
	folder := filepath.Join(filepath.Dir(filepath.Dir(small)), "large-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	path := filepath.Join(folder, "httpserver")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	b.t.Logf("building an executable of %d MiB", b.large>>20)
	if err := buildLarge(files, info.GoVersion, b.t.TempDir(), folder); err != nil {
		b.t.Fatalf("build a large executable: %v", err)
	}
	return path
}

// source is a file of the sources.
type source struct{ name, content string }

// largeSources are those of httpserver and of so many packages.
func largeSources(packages int) ([]source, error) {
	paths, err := filepath.Glob(filepath.Join("testdata", "httpserver", "*"))
	if len(paths) == 0 { // in a test
		paths, err = filepath.Glob(filepath.Join("..", "..", "testdata", "httpserver", "*"))
	}
	if err != nil {
		return nil, err
	}
	var files []source
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, source{filepath.Base(path), string(content)})
	}
	var imports, calls strings.Builder
	for i := range packages {
		fmt.Fprintf(&imports, "\t\"example.com/httpserver/p%d\"\n", i)
		fmt.Fprintf(&calls, "\tkeep(p%d.All())\n", i)
		files = append(files, source{fmt.Sprintf("p%d/all.go", i), largePackage(i)})
	}
	return append(files, source{"large.go", "package main\n\nimport (\n\t\"os\"\n\t\"reflect\"\n" + imports.String() + `)

func keep(all []any) {
	for _, one := range all {
		for _, name := range os.Args[1:] {
			if method := reflect.ValueOf(one).MethodByName(name); method.IsValid() {
				println(name)
			}
		}
	}
}

func init() {
` + calls.String() + "}\n"}), nil
}

// largePackage is the source of a package.
func largePackage(number int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package p%d\n\nimport \"fmt\"\n\nfunc All() []any {\n\treturn []any{", number)
	for t := range typesOfPackage {
		fmt.Fprintf(&b, "&T%d{}, ", t)
	}
	b.WriteString("}\n}\n")
	for t := range typesOfPackage {
		fmt.Fprintf(&b, "\ntype T%d struct {\n\tName string\n\tCount int\n\tNext *T%d\n\tMore map[string][]*T%d\n}\n", t, (t+1)%typesOfPackage, (t+2)%typesOfPackage)
		for m := range methodsOfType {
			fmt.Fprintf(&b, "\nfunc (t *T%d) Method%d(by int, name string) (string, error) {\n\tswitch by {\n", t, m)
			for c := range 8 {
				fmt.Fprintf(&b, "\tcase %d:\n\t\tt.Count += len(t.More[name]) * %d\n\t\treturn fmt.Sprintf(\"p%d.T%d.Method%d by %d: %%s %%d\", t.Name, t.Count), nil\n", c, c+m, number, t, m, c)
			}
			fmt.Fprintf(&b, "\t}\n\treturn \"\", fmt.Errorf(\"p%d.T%d.Method%d: %%d of %%q\", by, name)\n}\n", number, t, m)
		}
	}
	return b.String()
}

// buildLarge builds sources in a folder for work, and leaves the executable in another one.
func buildLarge(files []source, toolchain, work, folder string) error {
	for _, file := range files {
		path := filepath.Join(work, file.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(file.content), 0o644); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	output := filepath.Join(folder, "output")
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", output, ".")
	command.Dir = work
	command.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain, "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	if err := os.Link(output, filepath.Join(folder, "httpserver")); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Remove(output)
}
