// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sample = `offsetsdb 1
# a comment

module std
versions go1.21.0 go1.21.1
versions go1.22rc1 go1.22.0
broken go1.21.2 go build: exit status 1: something is undefined
struct net/http.Request
	Method 0 ..
	pat - ..go1.21.1 264 go1.22.0..
	ctx 248 go1.21.1..go1.22rc1
	wide amd64 8 ..
	wide arm64 16 go1.21.0 24 go1.22.0
	hidden ? ..

module example.com/old
versions v1.9.0 v2.0.0+incompatible v2.1.1-0.20200102030405-0123456789ab
struct example.com/old/deep.Config
	Host 16 v2.0.0+incompatible..
	Port 8 v1.9.0

module golang.org/x/net
versions v0.62.0
struct golang.org/x/net/http2.Framer
	w 120 ..

module golang.org/x/net before go1.27
versions v0.62.0
struct golang.org/x/net/http2.serverConn
	conn 16 ..

module golang.org/x/net from go1.27
versions v0.62.0
struct golang.org/x/net/http2.serverConn
	conn - ..
`

func parse(t testing.TB, text string) *DB {
	t.Helper()
	db, err := Parse("sample.txt", strings.NewReader(text))
	require.NoError(t, err)
	return db
}

func TestLookup(t *testing.T) {
	db := parse(t, sample)
	request := func(name string) Field { return Field{"net/http", "Request", name} }
	config := Field{"example.com/old/deep", "Config", "Host"}
	serverConn := Field{"golang.org/x/net/http2", "serverConn", "conn"}
	std := func(version string) Build { return Build{Std, version, version, "amd64"} }
	old := func(version string) Build { return Build{"example.com/old", version, "go1.26.8", "amd64"} }
	net := func(goVersion string) Build { return Build{"golang.org/x/net", "v0.62.0", goVersion, "amd64"} }
	for name, test := range map[string]struct {
		build  Build
		field  Field
		offset uint32
		answer Answer
	}{
		"in all versions":               {std("go1.21.1"), request("Method"), 0, Known},
		"in later versions":             {std("go1.22.0"), request("pat"), 264, Known},
		"not in earlier versions":       {std("go1.21.1"), request("pat"), 0, Absent},
		"first version of a range":      {std("go1.21.1"), request("ctx"), 248, Known},
		"last version of a range":       {std("go1.22rc1"), request("ctx"), 248, Known},
		"before a range":                {std("go1.21.0"), request("ctx"), 0, Unknown},
		"behind a range":                {std("go1.22.0"), request("ctx"), 0, Unknown},
		"between two ranges":            {std("go1.22rc1"), request("pat"), 0, Unknown},
		"release candidate":             {std("go1.22rc1"), request("Method"), 0, Known},
		"other release candidate":       {std("go1.22rc2"), request("Method"), 0, Unknown},
		"not proven":                    {std("go1.21.1"), request("hidden"), 0, Unknown},
		"other architecture's":          {Build{Std, "go1.21.0", "", "arm64"}, request("wide"), 16, Known},
		"one architecture's":            {std("go1.21.1"), request("wide"), 8, Known},
		"other architecture, no range":  {Build{Std, "go1.21.1", "", "arm64"}, request("wide"), 0, Unknown},
		"unknown architecture":          {Build{Std, "go1.21.0", "", "riscv64"}, request("Method"), 0, Unknown},
		"broken version":                {std("go1.21.2"), request("Method"), 0, Unknown},
		"version between two":           {std("go1.21.5"), request("Method"), 0, Unknown},
		"newer version":                 {std("go1.23.0"), request("Method"), 0, Unknown},
		"development version":           {std("devel go1.22-0123456789 Mon Jan 1 00:00:00 2024 +0000"), request("Method"), 0, Unknown},
		"experiment":                    {std("go1.22.0 X:boringcrypto"), request("Method"), 0, Unknown},
		"vendor's version":              {std("go1.22.0 (Red Hat 1.22.0-1.el9)"), request("Method"), 0, Unknown},
		"vendor's suffix":               {std("go1.22.0-acme"), request("Method"), 0, Unknown},
		"empty version":                 {std(""), request("Method"), 0, Unknown},
		"huge version":                  {std(strings.Repeat("go1.22.0", 1<<16)), request("Method"), 0, Unknown},
		"unknown field":                 {std("go1.22.0"), request("method"), 0, Unknown},
		"unknown struct":                {std("go1.22.0"), Field{"net/http", "Demand", "Method"}, 0, Unknown},
		"unknown module":                {Build{"example.com/new", "v1.0.0", "", "amd64"}, config, 0, Unknown},
		"incompatible version":          {old("v2.0.0+incompatible"), config, 16, Known},
		"without its suffix":            {old("v2.0.0"), config, 0, Unknown},
		"pseudo-version":                {old("v2.1.1-0.20200102030405-0123456789ab"), config, 16, Known},
		"other pseudo-version":          {old("v2.1.1-0.20200102030405-0123456789ac"), config, 0, Unknown},
		"local build":                   {old("(devel)"), config, 0, Unknown},
		"by any release of Go":          {net("go1.27.1"), Field{"golang.org/x/net/http2", "Framer", "w"}, 120, Known},
		"by any Go":                     {net("devel"), Field{"golang.org/x/net/http2", "Framer", "w"}, 120, Known},
		"by an older release of Go":     {net("go1.26.11"), serverConn, 16, Known},
		"by a newer release of Go":      {net("go1.27.0"), serverConn, 0, Absent},
		"by a release candidate of Go":  {net("go1.27rc1"), serverConn, 0, Absent},
		"by a development version":      {net("devel go1.28-abc"), serverConn, 0, Unknown},
		"by a vendor's version of Go":   {net("go1.26.11 X:boringcrypto"), serverConn, 0, Unknown},
		"by who knows what":             {net(""), serverConn, 0, Unknown},
		"of the right name, other case": {std("go1.22.0"), Field{"net/http", "request", "Method"}, 0, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			offset, answer := db.Lookup(test.build, test.field)
			assert.Equal(t, test.answer, answer)
			assert.Equal(t, test.offset, offset)
		})
	}
}

func TestLookupOfNothing(t *testing.T) {
	for _, db := range []*DB{nil, {}} {
		_, answer := db.Lookup(Build{Std, "go1.22.0", "", "amd64"}, Field{"net/http", "Request", "Method"})
		assert.Equal(t, Unknown, answer)
	}
}

// TestOpen: a file wins over the embedded database, version by version, and adds to it.
func TestOpen(t *testing.T) {
	request := Field{"net/http", "Request", "Method"}
	const version = "go1.26.8"
	at := func(db *DB, version string) (uint32, Answer) {
		return db.Lookup(Build{Std, version, version, "amd64"}, request)
	}
	name := filepath.Join(t.TempDir(), "offsets.txt")
	require.NoError(t, os.WriteFile(name, []byte("offsetsdb 1\nmodule std\nversions go1.26.8 go1.99.0\nstruct net/http.Request\n\tMethod 4000 ..\n"), 0o600))
	db, err := Open(name)
	require.NoError(t, err)
	for version, want := range map[string]uint32{version: 4000, "go1.99.0": 4000, "go1.18.10": 0} {
		offset, answer := at(db, version)
		assert.Equal(t, Known, answer, version)
		assert.Equal(t, want, offset, version)
	}
	_, answer := at(Embedded(), "go1.99.0")
	assert.Equal(t, Unknown, answer)

	require.NoError(t, os.WriteFile(name, []byte("offsetsdb 1\nmodule std\nversion go1.26.8\n"), 0o600))
	_, err = Open(name)
	assert.ErrorContains(t, err, name+`:3: "version" is none of module`)
	_, err = Open(name + "x")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestEmbedded(t *testing.T) {
	assert.Less(t, len(embeddedFile), 200<<10)
	db := parse(t, embeddedFile)
	table := NewTable(db)
	var written strings.Builder
	require.NoError(t, table.Write(&written))
	assert.Equal(t, written.String(), embeddedFile, "it is as the tracker writes it")
}

func TestLookupDoesNotAllocate(t *testing.T) {
	db := parse(t, sample)
	build, field := Build{Std, "go1.22.0", "go1.22.0", "amd64"}, Field{"net/http", "Request", "pat"}
	conditional := Build{"golang.org/x/net", "v0.62.0", "go1.27.0", "arm64"}
	unknown := Build{"example.com/none", "(devel)", "devel", "amd64"}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		db.Lookup(build, field)
		db.Lookup(conditional, Field{"golang.org/x/net/http2", "serverConn", "conn"})
		db.Lookup(unknown, field)
	}))
}

func BenchmarkLookup(b *testing.B) {
	db := Embedded()
	build, field := Build{Std, "go1.26.8", "go1.26.8", "amd64"}, Field{"runtime", "g", "goid"}
	if _, answer := db.Lookup(build, field); answer != Known {
		b.Fatalf("runtime.g.goid: %d", answer)
	}
	b.ReportAllocs()
	for b.Loop() {
		db.Lookup(build, field)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("", strings.NewReader(embeddedFile)); err != nil {
			b.Fatal(err)
		}
	}
}
