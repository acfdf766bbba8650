// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// declares tells whether the source of a package declares a type, as one release of Go builds
// it. A program that lacks a type may do so because it does not use it, but then the source
// has it.
func declares(folder, name, arch, release string) (bool, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled, context.ReleaseTags = "linux", arch, false, releaseTags(release)
	for _, entry := range entries {
		file := entry.Name()
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		match, err := context.MatchFile(folder, file)
		if err != nil {
			return false, err
		}
		if !match {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return false, err
		}
		if declaresType(parsed, name) {
			return true, nil
		}
	}
	return false, nil
}

// declaresType tells whether a file declares a type of its own by a name: an alias is not one.
func declaresType(file *ast.File, name string) bool {
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			if spec := spec.(*ast.TypeSpec); spec.Name.Name == name && !spec.Assign.IsValid() {
				return true
			}
		}
	}
	return false
}

// releaseTags are the build tags go1.1 to that of a release.
func releaseTags(release string) []string {
	newest, _ := strconv.Atoi(strings.TrimPrefix(version.Lang(release), "go1."))
	var tags []string
	for minor := 1; minor <= newest; minor++ {
		tags = append(tags, fmt.Sprintf("go1.%d", minor))
	}
	return tags
}
