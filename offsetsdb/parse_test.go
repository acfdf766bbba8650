// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseErrors(t *testing.T) {
	const head = "offsetsdb 1\nmodule std\nversions go1.21.0 go1.21.1 go1.22.0\nstruct net/http.Request\n"
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                  {"", `f:1: the first line is not "offsetsdb 1"`},
		"other version":            {"offsetsdb 2\n", `f:1: the first line is not "offsetsdb 1"`},
		"other file":               {"\x7fELF", "f:1: the first line"},
		"versions first":           {"offsetsdb 1\nversions go1.21.0", `f:2: "versions" comes before the first module`},
		"field first":              {"offsetsdb 1\n\tMethod 0 ..", `f:2: "Method" comes before the first module`},
		"unknown keyword":          {head + "Method 0 ..", `f:5: "Method" is none of`},
		"module without path":      {"offsetsdb 1\nmodule", "f:2: module takes a path"},
		"module of two words":      {"offsetsdb 1\nmodule a b", "f:2: module takes a path, and perhaps"},
		"condition without Go":     {"offsetsdb 1\nmodule a before now", "f:2: module takes a path, and perhaps"},
		"module twice":             {head + "module std", "f:5: module std is there twice"},
		"condition twice":          {"offsetsdb 1\nmodule a from go1.27\nmodule a from go1.27", "f:3: module a from go1.27 is there twice"},
		"semantic version of Go":   {"offsetsdb 1\nmodule std\nversions v1.21.0", `f:3: "v1.21.0" is not a version of Go`},
		"Go's version of a module": {"offsetsdb 1\nmodule a\nversions go1.21.0", `f:3: "go1.21.0" is not a semantic version`},
		"short version":            {"offsetsdb 1\nmodule a\nversions v1.2", `f:3: "v1.2" is not a semantic version`},
		"long version":             {"offsetsdb 1\nmodule a\nversions v1.2.3-" + strings.Repeat("a", 200), "version is too long"},
		"version twice":            {"offsetsdb 1\nmodule a\nversions v1.2.3 v1.2.3", "f:3: version v1.2.3 comes after v1.2.3"},
		"versions out of order":    {"offsetsdb 1\nmodule a\nversions v1.10.0\nversions v1.9.0", "f:4: version v1.9.0 comes after v1.10.0"},
		"late versions":            {head + "\tMethod 0 ..\nversions go1.23.0", "f:6: versions come before the structs"},
		"broken without reason":    {"offsetsdb 1\nmodule a\nbroken v1.0.0", "f:3: broken takes a version and a reason"},
		"broken, no version":       {"offsetsdb 1\nmodule a\nbroken 1.0.0 because", `f:3: "1.0.0" is not a semantic version`},
		"broken and measured":      {"offsetsdb 1\nmodule a\nversions v1.0.0\nbroken v1.0.0 because", "f:4: version v1.0.0 is there twice"},
		"broken twice":             {"offsetsdb 1\nmodule a\nbroken v1.0.0 a\nbroken v1.0.0 b", "f:4: version v1.0.0 is there twice"},
		"struct without name":      {"offsetsdb 1\nmodule a\nstruct", "f:3: struct takes one name"},
		"struct without package":   {"offsetsdb 1\nmodule a\nstruct Request", `f:3: "Request" is not a struct as in net/http.Request`},
		"struct of a package":      {"offsetsdb 1\nmodule a\nstruct net/http.", `f:3: "net/http." is not a struct`},
		"field of no struct":       {"offsetsdb 1\nmodule a\n\tMethod 0 ..", "f:3: field Method belongs to no struct"},
		"field of another module":  {head + "module a\n\tMethod 0 ..", "f:6: field Method belongs to no struct"},
		"field twice":              {head + "\tMethod 0 ..\n\tMethod 0 ..", "f:6: field Method is there twice for amd64"},
		"field twice for one":      {head + "\tMethod arm64 0 ..\n\tMethod 0 ..", "f:6: field Method is there twice for arm64"},
		"field without offset":     {head + "\tMethod", "f:5: field Method: an offset takes the versions"},
		"field without versions":   {head + "\tMethod 0", "f:5: field Method: an offset takes the versions"},
		"offset without versions":  {head + "\tMethod 0 8 ..", `f:5: field Method: no version has the offset before "8"`},
		"last without versions":    {head + "\tMethod 0 go1.21.0 8", "f:5: field Method: an offset takes the versions"},
		"versions without offset":  {head + "\tMethod ..", `f:5: field Method: ".." is not an offset`},
		"negative offset":          {head + "\tMethod -8 ..", `f:5: field Method: "-8" is not an offset`},
		"large offset":             {head + "\tMethod 99999999 ..", "f:5: field Method: offset 99999999 is larger than"},
		"huge offset":              {head + "\tMethod 99999999999999999999 ..", "f:5: field Method: offset 99999999999999999999 is larger than"},
		"unknown version":          {head + "\tMethod 0 go1.21.2", `f:5: field Method: "go1.21.2" is not one of the versions`},
		"unknown end":              {head + "\tMethod 0 go1.21.0..go1.21.2", `f:5: field Method: "go1.21.2" is not one of the versions`},
		"range upside down":        {head + "\tMethod 0 go1.22.0..go1.21.0", "f:5: field Method: range go1.22.0..go1.21.0 ends before it starts"},
		"ranges overlap":           {head + "\tMethod 0 ..go1.21.1 8 go1.21.1..", "f:5: field Method: version go1.21.1 has two offsets"},
		"no versions":              {"offsetsdb 1\nmodule a\nstruct a.B\n\tc 0 ..", "f:4: field c: the module has no versions"},
		"long line":                {head + "# " + strings.Repeat("a", maxLine), fmt.Sprintf("f:5: line of more than %d bytes", maxLine)},
		"many modules":             {"offsetsdb 1\n" + manyModules(maxModules+1), fmt.Sprintf("more than %d modules", maxModules)},
		"large file":               {head + strings.Repeat(strings.Repeat("# ", 1<<14)+"\n", maxFile>>15), fmt.Sprintf("more than %d bytes", maxFile)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f", strings.NewReader(test.text))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func manyModules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "module m%d\n", i)
	}
	return b.String()
}

func TestTableWritesWhatItWasReadFrom(t *testing.T) {
	var first, second strings.Builder
	require.NoError(t, NewTable(parse(t, sample)).Write(&first))
	require.NoError(t, NewTable(parse(t, first.String())).Write(&second))
	assert.Equal(t, first.String(), second.String())
	for _, line := range []string{
		"versions go1.21.0 go1.21.1",
		"versions go1.22rc1",
		"versions go1.22.0",
		"broken go1.21.2 go build: exit status 1: something is undefined",
		"\tMethod 0 ..",
		"\tctx 248 go1.21.1..go1.22rc1",
		"\tpat - ..go1.21.1 264 go1.22.0",
		"\twide amd64 8 ..",
		"\twide arm64 16 go1.21.0 24 go1.22.0",
		"\thidden ? ..",
		"\tHost 16 v2.0.0+incompatible..",
		"module golang.org/x/net from go1.27",
	} {
		assert.Contains(t, strings.Split(first.String(), "\n"), line)
	}
}

// A version that comes between two others extends their range only with an offset of its own.
func TestTableIsNeverSureOfWhatWasNotMeasured(t *testing.T) {
	table := NewTable(&DB{})
	field, other := Field{"p", "S", "f"}, Field{"p", "S", "g"}
	for _, version := range []string{"v1.0.0", "v1.2.0"} {
		measured := new(Measured)
		for _, arch := range arches {
			measured.Set(arch, field, 8)
			measured.Set(arch, other, NoField)
		}
		table.Put("m", version, measured)
	}
	between := new(Measured)
	between.Set("arm64", other, NoField)
	table.Put("m", "v1.1.0", between)

	var text strings.Builder
	require.NoError(t, table.Write(&text))
	db := parse(t, text.String())
	answers := map[string]Answer{}
	for _, version := range []string{"v1.0.0", "v1.1.0", "v1.2.0"} {
		_, answers["f "+version] = db.Lookup(Build{"m", version, "", "amd64"}, field)
		_, answers["g "+version] = db.Lookup(Build{"m", version, "", "arm64"}, other)
	}
	assert.Equal(t, map[string]Answer{
		"f v1.0.0": Known, "f v1.1.0": Unknown, "f v1.2.0": Known,
		"g v1.0.0": Absent, "g v1.1.0": Absent, "g v1.2.0": Absent,
	}, answers)
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("offsetsdb 1\nmodule a from go1.27\nversions v1.0.0-rc.1 v1.0.0\nstruct a.B\n\tc amd64 ? v1.0.0-rc.1 7 v1.0.0\n")
	f.Add("offsetsdb 1\nmodule a\nversions v0.0.0")
	f.Fuzz(func(t *testing.T, text string) {
		db, err := Parse("f", strings.NewReader(text))
		if err != nil {
			assert.Regexp(t, `^f:\d+: `, err.Error())
			return
		}
		var first, second strings.Builder
		require.NoError(t, NewTable(db).Write(&first))
		again, err := Parse("again", strings.NewReader(first.String()))
		require.NoError(t, err)
		require.NoError(t, NewTable(again).Write(&second))
		assert.Equal(t, first.String(), second.String())
	})
}
