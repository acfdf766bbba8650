// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hash is over all that decides what the executable is: the sources, the build and its toolchain.
func (b Build) hash(source string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %+v %q\n", b.version(), b, b.arguments())
	err := eachFile(source, func(name string, content []byte) error {
		_, err := fmt.Fprintf(sum, "%q %d\n%s", name, len(content), content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// eachFile calls do with the files of a program, which has no folders below its own, in the order
// of their names. It follows symbolic links.
func eachFile(source string, do func(name string, content []byte) error) error {
	files, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(source, file.Name()))
		if err != nil {
			return err
		}
		if err := do(file.Name(), content); err != nil {
			return err
		}
	}
	return nil
}

// vendored copies the sources to a folder below work, where their dependencies are in a vendor
// folder, and returns that folder and the environment to build it with.
func (b Build) vendored(source, work string, env []string) (string, []string, error) {
	gopath := filepath.Join(work, "gopath")
	folder := filepath.Join(gopath, "src", "example.com", b.Program)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", nil, err
	}
	err := eachFile(source, func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(folder, name), content, 0o644)
	})
	if err != nil {
		return "", nil, err
	}
	if b.ModFile != "" {
		for name, standard := range map[string]string{
			b.ModFile: "go.mod",
			strings.TrimSuffix(b.ModFile, ".mod") + ".sum": "go.sum",
		} {
			if err := os.Rename(filepath.Join(folder, name), filepath.Join(folder, standard)); err != nil {
				return "", nil, err
			}
		}
	}
	if _, err := goCommand(folder, env, "mod", "vendor"); err != nil {
		return "", nil, err
	}
	if !b.GOPATH {
		return folder, env, nil
	}
	// Toolchains come from the module cache, which would else be below the new GOPATH.
	modules, err := goCommand(folder, env, "env", "GOMODCACHE")
	if err != nil {
		return "", nil, err
	}
	return folder, append(env, "GO111MODULE=off", "GOPATH="+gopath, "GOMODCACHE="+modules), nil
}
