// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

func TestGoReleases(t *testing.T) {
	var toolchains []string
	for _, version := range []string{"go1.20", "go1.20.2", "go1.21.3", "go1.22rc1", "go1.23.0", "go1.8beta1"} {
		toolchains = append(toolchains, fmt.Sprintf("v0.0.1-%s.%s-%s", version, runtime.GOOS, runtime.GOARCH), "v0.0.1-go1.30.1.plan9-mips")
	}
	releases := goReleases(append(toolchains, "golang.org/toolchain"))
	slices.Sort(releases)
	assert.Equal(t, []string{"go1.20", "go1.20.1", "go1.20.2", "go1.21.0", "go1.21.1", "go1.21.2", "go1.21.3", "go1.23.0"}, releases)
}

func TestNewestBefore(t *testing.T) {
	releases := []string{"go1.26.0", "go1.26.11", "go1.27.0", "go1.27.4"}
	assert.Equal(t, "go1.27.4", newestBefore(releases, ""))
	assert.Equal(t, "go1.26.11", newestBefore(releases, "go1.27"))
	assert.Equal(t, "", newestBefore(releases, "go1.26"))
}

func TestIsRelease(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.2.3": true, "v2.0.0+incompatible": true, "go1.26.8": true, "v1.2.3-dev": false, "v0.0.0-20200102030405-0123456789ab": false,
	} {
		assert.Equal(t, want, isRelease(version), version)
	}
}

func TestProgramsAreSound(t *testing.T) {
	for _, m := range modules {
		_, err := parser.ParseFile(token.NewFileSet(), "main.go", m.program(), parser.AllErrors)
		assert.NoError(t, err, m.path)
	}
}

// Each field that is read belongs to a module that is tracked, but for those that say why not.
func TestDeclaredFieldsAreTracked(t *testing.T) {
	untracked := map[string]bool{
		"google.golang.org/genproto/googleapis/rpc/status": true, // has no versions, only pseudo-versions
		"github.com/mattn/go-sqlite3":                      true, // does not build without a C compiler for each architecture
	}
	for _, field := range declaredFields() {
		if !untracked[field.Package] {
			assert.NotEmpty(t, owner(field.Package), field)
		}
	}
}

func TestReads(t *testing.T) {
	for path, want := range map[string][]string{
		"runtime":                           {offsetsdb.Std},
		"net/http":                          {offsetsdb.Std},
		"golang.org/x/net/http2":            {"golang.org/x/net"},
		"golang.org/x/net/http2/hpack":      {offsetsdb.Std, "golang.org/x/net"}, // vendored
		"google.golang.org/grpc/peer":       {"google.golang.org/grpc"},
		"google.golang.org/grpcweb":         nil,
		"github.com/jackc/pgx/v5/pgconn":    {"github.com/jackc/pgx/v5"},
		"github.com/jackc/pgx/v3/pgconn":    nil,
		"example.com/unknown/net/http/mine": nil,
	} {
		var got []string
		for _, m := range modules {
			if m.reads(offsetsdb.Field{Package: path, Struct: "S", Name: "f"}) {
				got = append(got, m.path)
			}
		}
		assert.Equal(t, want, got, path)
	}
}

func TestParseField(t *testing.T) {
	field, err := parseField("gopkg.in/yaml.v3.Node.Kind")
	require.NoError(t, err)
	assert.Equal(t, offsetsdb.Field{Package: "gopkg.in/yaml.v3", Struct: "Node", Name: "Kind"}, field)
	for _, text := range []string{"", "a", "a.b", ".a.b", "a..b", "a.b.", "..."} {
		_, err := parseField(text)
		assert.ErrorContains(t, err, "is not a field as in net/http.Request.Method", text)
	}
}

func TestSelection(t *testing.T) {
	for text, want := range map[string][]string{
		"google.golang.org/grpc":                   {"v1.40.0", "v1.41.0", "v1.42.0", "v1.43.0"},
		"google.golang.org/grpc@v1.41.0":           {"v1.41.0"},
		"google.golang.org/grpc@v1.41.0..v1.42.0":  {"v1.41.0", "v1.42.0"},
		"google.golang.org/grpc@v1.42.0..":         {"v1.42.0", "v1.43.0"},
		"google.golang.org/grpc@..v1.40.5":         {"v1.40.0"},
		"google.golang.org/grpc@v1.42.5..v1.42.99": nil,
	} {
		s, err := parseSelection(text)
		require.NoError(t, err, text)
		var got []string
		for _, version := range []string{"v1.40.0", "v1.41.0", "v1.42.0", "v1.43.0"} {
			if s.has(version) {
				got = append(got, version)
			}
		}
		assert.Equal(t, want, got, text)
	}
	_, err := parseSelection("example.com/none@v1.0.0")
	assert.ErrorContains(t, err, `module "example.com/none" is not tracked`)
}

func TestReason(t *testing.T) {
	assert.Equal(t, "a.go:1: undefined: x; b.go:2: undefined: y", reason("go: downloading a v1.0.0\n# example.com/a\na.go:1: undefined: x\n\n\tb.go:2:  undefined: y\n"))
	assert.Len(t, reason(strings.Repeat("long ", 100)), maxReason)
	assert.Empty(t, reason(""))
}

func TestDeclares(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.go":       "package p\ntype A struct{}\ntype Alias = A\nfunc f() { type Local struct{} }\n",
		"b.go":       "//go:build !go1.27\n\npackage p\ntype Old struct{}\n",
		"c_arm64.go": "package p\ntype (\n\tX int\n\tARM struct{}\n)\n",
		"d_test.go":  "package p\ntype Test struct{}\n",
		"e.txt":      "type Text struct{}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	for name, want := range map[string][2]bool{ // with Go 1.26 on amd64, with Go 1.27 on arm64
		"A": {true, true}, "Old": {true, false}, "ARM": {false, true},
		"Alias": {}, "Local": {}, "Test": {}, "Text": {}, "Nothing": {},
	} {
		older, err := declares(folder, name, "amd64", "go1.26.8")
		require.NoError(t, err)
		newer, err := declares(folder, name, "arm64", "go1.27.0")
		require.NoError(t, err)
		assert.Equal(t, want, [2]bool{older, newer}, name)
	}
	declared, err := declares(filepath.Join(folder, "nowhere"), "A", "amd64", "go1.26.8")
	require.NoError(t, err)
	assert.False(t, declared)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.go"), []byte("package p\ntype"), 0o600))
	_, err = declares(folder, "Nothing", "amd64", "go1.26.8")
	assert.Error(t, err)
}
