// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

const testDatabase = `offsetsdb 1
module std
versions go1.26.8
struct net/http.Request
	Method 0 ..
	URL 16 ..
	gone - ..
struct golang.org/x/net/http2/hpack.HeaderField
	Name 0 ..

module example.com/lib
versions v1.0.0 v1.2.0
struct example.com/lib/deep.Config
	Host 16 v1.0.0 24 v1.2.0

module example.com/fork
versions v1.0.1
struct example.com/lib/deep.Config
	Host 40 ..
`

func databaseFile(t *testing.T, info debug.BuildInfo) *File {
	t.Helper()
	db, err := offsetsdb.Parse("test.txt", strings.NewReader(testDatabase))
	require.NoError(t, err)
	return &File{image: &image{arch: AMD64}, info: &info, sources: []Source{SourceOffsetsDB}, database: db}
}

// TestLookUpByBuildInfo: the answer is for the very source that the executable was built from, or there is none.
func TestLookUpByBuildInfo(t *testing.T) {
	method, config := Field{"net/http", "Request", "Method"}, Field{"example.com/lib/deep", "Config", "Host"}
	hpack := Field{"golang.org/x/net/http2/hpack", "HeaderField", "Name"}
	main := debug.Module{Path: "example.com/main", Version: "(devel)"}
	deps := func(modules ...*debug.Module) debug.BuildInfo {
		return debug.BuildInfo{GoVersion: "go1.26.8", Main: main, Deps: modules}
	}
	lib := func(version string, replace *debug.Module) *debug.Module {
		return &debug.Module{Path: "example.com/lib", Version: version, Replace: replace}
	}
	at := func(field Field, offset uint32) Layout { return Layout{field: {offset, SourceOffsetsDB}} }
	for name, test := range map[string]struct {
		info  debug.BuildInfo
		field Field
		want  Layout
	}{
		"standard library":         {deps(), method, at(method, 0)},
		"no such field":            {deps(), Field{"net/http", "Request", "gone"}, at(Field{"net/http", "Request", "gone"}, NoField)},
		"unknown field":            {deps(), Field{"net/http", "Request", "new"}, Layout{}},
		"other Go":                 {debug.BuildInfo{GoVersion: "go1.26.9", Main: main}, method, Layout{}},
		"Go with an experiment":    {debug.BuildInfo{GoVersion: "go1.26.8 X:boringcrypto", Main: main}, method, Layout{}},
		"module":                   {deps(lib("v1.0.0", nil)), config, at(config, 16)},
		"other version":            {deps(lib("v1.2.0", nil)), config, at(config, 24)},
		"version between":          {deps(lib("v1.1.0", nil)), config, Layout{}},
		"module of a fork":         {deps(lib("v1.0.0", &debug.Module{Path: "example.com/fork", Version: "v1.0.1"})), config, at(config, 40)},
		"other version of itself":  {deps(lib("v1.0.0", &debug.Module{Path: "example.com/lib", Version: "v1.2.0"})), config, at(config, 24)},
		"unknown fork":             {deps(lib("v1.0.0", &debug.Module{Path: "example.com/none", Version: "v1.0.1"})), config, Layout{}},
		"folder":                   {deps(lib("v1.0.0", &debug.Module{Path: "../lib"})), config, Layout{}},
		"module inside of it":      {deps(lib("v1.0.0", nil), &debug.Module{Path: "example.com/lib/deep", Version: "v1.0.0"}), config, Layout{}},
		"module of similar name":   {deps(&debug.Module{Path: "example.com/li", Version: "v1.0.0"}), config, Layout{}},
		"module that is not there": {deps(), config, Layout{}},
		"main module":              {debug.BuildInfo{GoVersion: "go1.26.8", Main: *lib("v1.0.0", nil)}, config, at(config, 16)},
		"main module, changed":     {debug.BuildInfo{GoVersion: "go1.26.8", Main: *lib("v1.0.0+dirty", nil)}, config, Layout{}},
		"module twice":             {deps(lib("v1.0.0", nil), lib("v1.2.0", nil)), config, Layout{}},
		"no module":                {deps(nil, &debug.Module{}), config, Layout{}},
		"claims net/http":          {deps(&debug.Module{Path: "net", Version: "go1.26.8"}), method, Layout{}},
		"claims to be std":         {deps(&debug.Module{Path: "std", Version: "go1.26.8"}), Field{"std", "Request", "Method"}, Layout{}},
		"vendored by Go":           {deps(), hpack, at(hpack, 0)},
		"not vendored by Go":       {deps(&debug.Module{Path: "golang.org/x/net", Version: "v0.1.0"}), hpack, Layout{}},
		"built without modules":    {debug.BuildInfo{GoVersion: "go1.26.8"}, hpack, Layout{}},
		"of the main package":      {deps(), Field{"main", "Request", "Method"}, Layout{}},
		"huge":                     {debug.BuildInfo{GoVersion: strings.Repeat("9", 1<<20), Main: main}, method, Layout{}},
	} {
		t.Run(name, func(t *testing.T) {
			layout, err := databaseFile(t, test.info).Layout([]Field{test.field})
			require.NoError(t, err)
			assert.Equal(t, test.want, layout)
		})
	}
}

// A database that contradicts the executable is wrong about all of it.
func TestDatabaseContradicts(t *testing.T) {
	method, url := Field{"net/http", "Request", "Method"}, Field{"net/http", "Request", "URL"}
	f := databaseFile(t, debug.BuildInfo{GoVersion: "go1.26.8"})
	for name, test := range map[string]struct {
		known Layout
		found Layout
		err   string
	}{
		"nothing known": {Layout{}, Layout{method: {0, SourceOffsetsDB}, url: {16, SourceOffsetsDB}}, ""},
		"agrees":        {Layout{url: {16, SourceTypes}}, Layout{method: {0, SourceOffsetsDB}}, ""},
		"other offset":  {Layout{url: {24, SourceDWARF}}, nil, "net/http.Request.URL is at 24 by dwarf and at 16 by offsetsdb, for std go1.26.8"},
		"no such field": {Layout{url: {NoField, SourceTypes}}, nil, "net/http.Request.URL is nowhere by types and at 16 by offsetsdb, for std go1.26.8"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := f.lookUp([]Field{method, url}, test.known)
			assert.Equal(t, test.found, found)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.err)
			}
		})
	}
}

func TestWithoutDatabase(t *testing.T) {
	f := &File{image: &image{arch: AMD64}, info: &debug.BuildInfo{GoVersion: "go1.26.8"}, sources: []Source{SourceOffsetsDB}}
	layout, err := f.Layout([]Field{{"net/http", "Request", "Method"}})
	require.NoError(t, err)
	assert.Empty(t, layout)
}
