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
	fmt.Fprintf(sum, "%s %s %q\n", b.version(), b, b.arguments())
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

// gopath is the folder in which vendored works, laid out as GOPATH is.
const gopath = "gopath"

// vendored copies the sources to a folder below work, with their dependencies in a vendor folder,
// and returns that folder.
func (b Build) vendored(goCommand, source, work string) (string, error) {
	folder := filepath.Join(work, gopath, "src", "example.com", b.Program)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	err := eachFile(source, func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(folder, name), content, 0o644)
	})
	if err != nil {
		return "", err
	}
	if b.ModFile != "" {
		for name, standard := range map[string]string{
			b.ModFile: "go.mod",
			strings.TrimSuffix(b.ModFile, ".mod") + ".sum": "go.sum",
		} {
			if err := os.Rename(filepath.Join(folder, name), filepath.Join(folder, standard)); err != nil {
				return "", err
			}
		}
	}
	_, err = run(folder, b.environment(), goCommand, "mod", "vendor")
	return folder, err
}
